# SPDX-License-Identifier: MIT
"""What can be changed in a source in C that is laid out by clang-format."""

import collections
import errno
import re

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/|^\#(?:\\\n|[^\n])*)
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<number>\d\w*|'(?:\\.|[^'\\])+')
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign><<|>>|->|\+\+|--|&&|\|\||[-+*/%&|<>=!]=|.)""", re.X | re.S | re.M)
DECLARATION = re.compile(r"static|inline|const|extern|struct|enum|unsigned|char|int|long|void|bool"
                         r"|\w+_t|OOMCTL_EXPORT|_Static_assert|_Alignas")
SIGNS = {
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "&": ["|"], "|": ["&"],
    "<<": [">>"], ">>": ["<<"], "++": ["--"], "--": ["++"],
    "+=": ["-=", "="], "-=": ["+=", "="], "*=": ["/="], "/=": ["*="],
    "|=": ["&=", "="], "&=": ["|=", "="],
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"], "!": [""], "?": ["== 0 ?"],
}
WORDS = {"true": ["false"], "false": ["true"]}
WORDS |= {code: ["EDOM"] for code in errno.errorcode.values()}

Token = collections.namedtuple("Token", "kind text begin end")
Mutant = collections.namedtuple("Mutant", "file line place old new begin end text")


def statements(source):
    """The tokens of each statement, declaration or row of a table, with what ends it."""
    found, depth = [], 0
    for match in TOKEN.finditer(source):
        token = Token(match.lastgroup, match.group(), *match.span())
        if token.kind == "space":
            continue
        found.append(token)
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text in ";{}":
            yield found
            found = []


def closing(tokens, i):
    """Where the parenthesis that opens at or after i closes."""
    depth = 0
    for i in range(i, len(tokens)):
        depth += (tokens[i].text == "(") - (tokens[i].text == ")")
        if tokens[i].text == ")" and depth == 0:
            return i
    return len(tokens) - 1


def without_control(tokens):
    """What is left behind if (...), else, case X: and their like."""
    i = 0
    while i < len(tokens):
        if tokens[i].text in ("if", "for", "while", "switch"):
            i = closing(tokens, i) + 1
        elif tokens[i].text in ("else", "do"):
            i += 1
        elif tokens[i].text in ("case", "default"):
            while tokens[i].text != ":":
                i += 1
            i += 1
        else:
            break
    return tokens[i:]


def token_changes(before, token):
    """The texts that may stand in the place of a token."""
    is_operand = before and (before.text in (")", "]") or before.kind in ("number", "word")
                             and before.text not in ("return", "case"))
    if token.kind == "number":
        # In a comparison, one of both is another sign; and below 0, -1 is a code like others.
        steps = {"<": [-1], ">=": [-1], ">": [1], "<=": [1]}.get(before and before.text, [1, -1])
        if not token.text.isdecimal():
            return [f"({token.text} {step:+})" for step in steps]
        return [str(int(token.text) + step) for step in steps if token.text != "0" or steps != [-1]]
    if token.kind == "word":
        return WORDS.get(token.text, [])
    if token.text in "+-*&" and not is_operand:
        return []
    return SIGNS.get(token.text, []) if token.kind == "sign" else []


def changes(tokens):
    """(begin, end, text) of each change to a statement."""
    rest = without_control(tokens)
    if DECLARATION.fullmatch(tokens[0].text):
        values = [i for i, token in enumerate(tokens) if token.text == "="]
        tokens = tokens[values[0]:] if values else []
    elif len(rest) > 1 and rest[-1].text == ";":
        if rest[0].text != "return":
            yield rest[0].begin, rest[-1].begin, ""
        elif [token.text for token in rest[1:-1]] != ["0"]:
            yield rest[1].begin, rest[-1].begin, "0"
    for i, token in enumerate(tokens):
        if token.text in ("if", "while"):
            end = closing(tokens, i)
            if not any(t.text in SIGNS for t in tokens[i:end]):
                yield tokens[i + 1].end, tokens[i + 1].end, "!"
        for text in token_changes(tokens[i - 1] if i else None, token):
            yield token.begin, token.end, text


def one_line(text):
    return " ".join(text.split())


def place_of(source, begin):
    """The function, or the table, that a position is in."""
    heads = [line for line in source[:begin].split("\n") if re.match("[A-Za-z_]", line)]
    return re.search(r"(\w+)\s*(?:[\[({]|$)", heads[-1]).group(1)


def mutants_of(file, source):
    """Each change to a source, told by its place and lines: these survive a change elsewhere."""
    seen = collections.Counter()
    for tokens in statements(source):
        for begin, end, text in changes(tokens):
            first, last = source.rfind("\n", 0, begin) + 1, source.find("\n", end)
            entry = (place_of(source, begin), one_line(source[first:last]),
                     one_line(source[first:begin] + text + source[end:last]))
            seen[entry] += 1
            nth = f" #{seen[entry]}" if seen[entry] > 1 else ""
            line = source.count("\n", 0, begin) + 1
            yield Mutant(file, line, entry[0] + nth, *entry[1:], begin, end, text)


def changed(source, mutant):
    return source[:mutant.begin] + mutant.text + source[mutant.end:]


def bodies(source):
    return [match.span() for match in re.finditer(r"^{\n.*?^}\n", source, re.S | re.M)]


def with_all(source, mutants):
    """A source with all bodies that a function may have: the variable `mutant` chooses."""
    for begin, end in reversed(bodies(source)):
        text = "case -1:\n__builtin_trap();\n"
        for n, mutant in mutants.items():
            if begin <= mutant.begin < end:
                body = source[begin:mutant.begin] + mutant.text + source[mutant.end:end]
                text += f'case {n}:\n#line 1 "m{n}"\n{body}break;\n'
        text = f"{{\nswitch (mutant) {{\n{text}default:\n{source[begin:end]}}}\n}}\n"
        source = source[:begin] + text + source[end:]
    return f"extern int mutant;\n{source}"
