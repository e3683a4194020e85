# SPDX-License-Identifier: MIT
"""What the tests of the examples share. A test is a function whose name begins with test_."""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


class Skip(Exception):
    """Says why a test cannot run here."""


def run(*command, prefix=()):
    """Runs an example; its own exit status, and what it printed."""
    path = os.path.join(sys.argv[1], command[0])
    return subprocess.run([*prefix, path, *map(str, command[1:])], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60)


@contextlib.contextmanager
def root_of(files):
    """A directory with these files, where None is no file; bytes are written as they are."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            if text is not None:
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        yield root


def badness(total, rss, adj, swap=0, tables=0):
    """As Linux 5.9 and later weighs a process. All in pages."""
    points = abs(adj) * (total // 1000)
    return rss + swap + tables + (points if adj >= 0 else -points)


def score(total, pages):
    """The oom_score of a badness. C truncates towards 0."""
    thousandths = abs(pages) * 1000 // total
    return (1000 + (thousandths if pages >= 0 else -thousandths)) * 2 // 3


def process(pid, total, comm=b"task", rss=100, adj=0, swap=0, tables=0, uid=0, start=None,
            flags=0):
    """The files of a process that uses so many pages, of a total."""
    pages = badness(total, rss, adj, swap, tables)
    exempt = adj == -1000
    return {
        f"{pid}/oom_score": f"{0 if exempt else score(total, pages)}\n",
        f"{pid}/oom_score_adj": f"{adj}\n",
        f"{pid}/comm": comm + b"\n",
        f"{pid}/stat": b"%d (%s) S 1 1 1 0 -1 %d 0 0 0 0 0 0 0 0 20 0 1 0 %d 1048576 %d 0\n"
                       % (pid, comm, flags, start if start is not None else pid, rss),
        f"{pid}/status": f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
                         f"VmRSS:\t{rss * PAGE_KB:8} kB\nVmPTE:\t{tables * PAGE_KB:8} kB\n"
                         f"VmSwap:\t{swap * PAGE_KB:8} kB\nCapEff:\t0000000000000000\n",
    }


def expect(actual, wanted):
    assert actual == wanted, f"got\n{actual}\nwanted\n{wanted}"


def expect_usage(run_with, wrong_usages, status):
    """Each of these lists of arguments is refused, with a word on how the example is used."""
    for arguments in wrong_usages:
        result = run_with(*arguments)
        expect((arguments, result.returncode, result.stdout), (arguments, status, ""))
        assert "usage:" in result.stderr


def expect_help(command):
    result = run(command, "--help")
    expect((result.returncode, result.stderr), (0, ""))
    assert result.stdout.startswith("usage:")


def expect_words_for_missing_roots(command, *arguments, status):
    for option in ("--proc", "--sys"):
        result = run(command, option, os.devnull, *arguments)
        expect((result.returncode, result.stdout), (status, ""))
        assert "No such file" in result.stderr


def run_tests(module):
    """Runs all tests of a module. 77 when none ran."""
    tests = {name: f for name, f in module.items() if name.startswith("test_")}
    ran = 0
    for name, test in tests.items():
        try:
            test()
            ran += 1
            print(f"ok: {name}")
        except Skip as why:
            print(f"SKIP: {name}: {why}")
    sys.exit(0 if ran else 77)
