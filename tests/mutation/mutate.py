#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Changes the library in one place at a time, and demands that a unit test fails.

A change that does not compile, or compiles to the same code, is none. Others that no test can
see are listed in equivalent.txt, with the reason. A program that hangs has seen its change.

Usage: mutate.py [--jobs N] [--sample N] BUILD [FILE...]; BUILD was made by CMake and Ninja,
FILE is such as parse.c, --sample takes N changes of all, by chance that the sources decide.
"""

import argparse
import collections
import functools
import hashlib
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from changes import bodies, changed, mutants_of, with_all

HERE = pathlib.Path(__file__).resolve().parent
SRC = HERE.parent.parent / "src"

FLAGS = f"-I{SRC} -w -g0"
CHECKED = (f"{FLAGS} -O0 -ftrivial-auto-var-init=pattern"
           " -fsanitize=address,undefined -fsanitize-undefined-trap-on-error")
OPTIMISED = f"{FLAGS} -O2"

# A changed library may write anywhere. The limits are bytes, and seconds of one CPU.
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
APART += [] if os.geteuid() == 0 else ["--map-root-user"]
SCRIPT = """mount -t tmpfs -o size=64m none /tmp &&
mount -o bind,ro /proc/sys /proc/sys && mount -o bind,ro /sys /sys || exit
ulimit -c 0; ulimit -f 65536; ulimit -t "$1"
exec "$0" """
# It is measured without a file, whose descriptor a test would find left open.
ENVIRONMENT = os.environ | {"ASAN_OPTIONS": "hard_rss_limit_mb=1024:max_allocation_size_mb=1024"
                                            ":can_use_proc_maps_statm=0"}
SILENT = {"check": False} | dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.DEVNULL)

# Cases by chance, which are named so, take most of the time, and must not be needed.
CHOOSER = """#include <stdlib.h>
void cmocka_set_skip_filter(const char *pattern);
int mutant;
__attribute__((constructor)) static void choose(void)
{
	mutant = atoi(getenv("MUTANT"));
	cmocka_set_skip_filter("any_*");
}
"""


def listed(path):
    """What equivalent.txt has a reason for, by file, place, old and new line."""
    entries = set()
    for entry in re.split(r"\n{2,}", re.sub("^#.*\n", "", path.read_text(), flags=re.M).strip()):
        (file, place), old, *rest = entry.split("\n")[0].split(" ", 1), *entry.split("\n")[1:]
        entries |= {(file, place, old[2:], new[2:]) for new in rest if new.startswith("+ ")}
        if not old.startswith("- ") or rest[-1].startswith("+ "):
            sys.exit(f"mutate: {path.name}: not of its form:\n{entry}")
    return entries


def sh(command, cwd):
    """None, or what the command complains of."""
    done = subprocess.run(command, shell=True, cwd=cwd, text=True,
                          **SILENT | {"stderr": subprocess.PIPE})
    return None if done.returncode == 0 else done.stderr or command


class Tests:
    """The unit tests, built in a directory of their own by the commands of a build tree."""

    def __init__(self, build, work):
        self.work = work
        names = ["tests/unit/unit_" + path.stem[5:] for path in HERE.glob("../unit/test_*.c")]
        lines = subprocess.run(["ninja", "-C", build, "-t", "commands", *names], text=True, check=True,
                               stdout=subprocess.PIPE).stdout.split("\n")
        (work / "chooser.c").write_text(CHOOSER)
        self.must(f"{lines[0].split()[0]} -c chooser.c -o chooser.o")
        self.compile, self.link = {}, {}
        for line in filter(None, lines):
            output = re.search(r" -o (\S+)|(\S+\.a) ", line)
            output = output.group(1) or output.group(2)
            (work / output).parent.mkdir(parents=True, exist_ok=True)
            source = re.search(r" -c (\S+)$", line)
            if source:
                self.compile[pathlib.Path(source.group(1)).name] = (line, source.group(1), output)
            line = line.replace(" -o ", f" {CHECKED} -o ")
            if output in names:
                line = self.link[output] = line.replace(" -o ", " chooser.o -o ")
            self.must(line)
        self.seconds = dict.fromkeys(names, 10.0)
        self.seconds = {name: self.time(name) for name in names}

    def must(self, command):
        complaint = sh(command, self.work)
        if complaint:
            sys.exit(f"mutate: {complaint}")

    def time(self, name):
        """The seconds of CPU that a program takes."""
        begin = sum(os.times()[2:4])
        if not any(self.passes(name, self.work / name) for _ in range(2)):  # a busy machine fails, too
            sys.exit(f"mutate: {name} fails without any change")
        return sum(os.times()[2:4]) - begin

    def passes(self, name, program, n=0):
        """Runs a program where it can change nothing: not the machine, nor what it leaves."""
        seconds = self.seconds[name]
        with open(program, "rb") as file:  # whose name the new /tmp may hide
            command = ["sh", "-c", SCRIPT, f"/proc/self/fd/{file.fileno()}", str(int(2 + 3 * seconds))]
            try:
                return subprocess.run(APART + command, pass_fds=[file.fileno()], cwd="/",
                                      env=ENVIRONMENT | {"MUTANT": str(n)},
                                      timeout=60 + 60 * seconds, **SILENT).returncode == 0
            except subprocess.TimeoutExpired:
                return False


class Changed:
    """The unit tests with one source changed. What the compiler complains of, if it does."""

    def __init__(self, tests, file, text, flags=CHECKED):
        self.tests, self.file, self.lock = tests, file, threading.Lock()
        self.directory = tempfile.TemporaryDirectory(dir=tests.work)
        self.path = pathlib.Path(self.directory.name)
        (self.path / file).write_text(text)
        line, origin, output = tests.compile[file]
        line = line.replace(f" -o {output}", f" {flags} -o {self.path}/object.o")
        self.complaint = sh(line.replace(f" -c {origin}", f" -c {self.path}/{file}"), tests.work)

    def program(self, name):
        program = self.path / pathlib.Path(name).name
        with self.lock:
            if not program.exists():
                line = self.tests.link[name].replace(f" -o {name}", f" -o {program}")
                self.tests.must(line.replace(self.tests.compile[self.file][2], f"{self.path}/object.o"))
        return program

    def passes(self, name, n=0):
        return self.tests.passes(name, self.program(name), n)


class Source:
    """A source of the library, with all changes to its functions compiled at once."""

    def __init__(self, tests, file, mutants):
        self.tests, self.file, self.text = tests, file, (SRC / file).read_text()
        self.together = {n: mutant for n, mutant in enumerate(mutants, 1)
                         if any(begin <= mutant.begin < end for begin, end in bodies(self.text))}
        self.build_together()
        # Its own program, the fastest, and soon what has helped before.
        own = f"tests/unit/unit_{file[:-2]}"
        self.order = sorted(tests.link, key=lambda name: (name != own, tests.seconds[name]))
        self.comes_here = {}

    def build_together(self):
        """Leaves out what the compiler refuses: it is looked at alone."""
        self.all = Changed(self.tests, self.file, with_all(self.text, self.together))
        while self.all.complaint:
            refused = set(map(int, re.findall(r"^m(\d+):.*error: ", self.all.complaint, re.M)))
            if not refused:
                sys.exit(f"mutate: {self.all.complaint}")
            self.together = {n: mutant for n, mutant in self.together.items() if n not in refused}
            self.all = Changed(self.tests, self.file, with_all(self.text, self.together))

    def is_used_by(self, name):
        """Whether a program comes here at all; to a table without functions each may."""
        if name not in self.comes_here:
            self.comes_here[name] = not bodies(self.text) or not self.all.passes(name, -1)
        return self.comes_here[name]

    @functools.cached_property
    def optimised(self):
        return self.object_of(self.text)

    def object_of(self, text):
        built = Changed(self.tests, self.file, text, OPTIMISED)
        return (built.path / "object.o").read_bytes()

    def verdict(self, n, mutant):
        """"killed", "survives", or None for what is no change."""
        text = changed(self.text, mutant)
        one = self.all if n in self.together else Changed(self.tests, self.file, text)
        if one.complaint:
            return None
        for name in self.order:
            if self.is_used_by(name) and not one.passes(name, n):
                self.order = [name] + [other for other in self.order if other != name]
                return "killed"
        return "survives" if self.object_of(text) != self.optimised else None


def key(mutant):
    return mutant[0], *mutant[2:5]


def run(source, mutants, reasons, jobs):
    """The number of changes by verdict; tells of each that no test saw and no reason excuses."""
    counts = collections.Counter()
    with ThreadPoolExecutor(jobs) as pool:
        verdicts = pool.map(source.verdict, range(1, len(mutants) + 1), mutants)
        for mutant, verdict in zip(mutants, verdicts):
            is_listed = key(mutant) in reasons
            if verdict == "survives" and is_listed:
                verdict = "equivalent"
            elif verdict == "survives" or verdict == "killed" and is_listed:
                print(f"src/{mutant.file}:{mutant.line}: {verdict}{' but listed' * is_listed}\n"
                      f"{mutant.file} {mutant.place}\n- {mutant.old}\n+ {mutant.new}\n", flush=True)
                counts["mistakes"] += 1
            counts[verdict] += 1
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--sample", type=int)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()

    if subprocess.run(APART + ["sh", "-c", SCRIPT, "/bin/true", "1"], **SILENT).returncode != 0:
        print("SKIP: no namespaces: a changed library must not run where it can do harm")
        return 77
    files = [pathlib.Path(file).name for file in args.files or sorted(SRC.glob("*.c"))]
    mutants = [mutant for file in files for mutant in mutants_of(file, (SRC / file).read_text())]
    reasons = {entry for entry in listed(HERE / "equivalent.txt") if entry[0] in files}
    stale = reasons - set(map(key, mutants))
    for entry in sorted(stale):
        print("equivalent.txt: no such change:", *entry, sep="\n")
    if args.sample:
        seed = hashlib.sha256(b"".join((SRC / file).read_bytes() for file in files)).digest()
        drawn = random.Random(seed).sample(mutants, args.sample)
        mutants = [mutant for mutant in drawn if key(mutant) not in reasons]

    with tempfile.TemporaryDirectory() as work:
        tests = Tests(args.build, pathlib.Path(work))
        total = collections.Counter()
        for file in files:
            begin = time.monotonic()
            here = [mutant for mutant in mutants if mutant.file == file]
            if not here:
                continue
            counts = run(Source(tests, file, here), here, reasons, args.jobs)
            total += counts
            print(f"{file}: {dict(counts)} {time.monotonic() - begin:.0f} s", flush=True)
        for name in tests.link:  # the machine did not fail either
            tests.time(name)
    visible = total["killed"] + total["survives"]
    print(f"killed {total['killed']} of {visible} ({100 * total['killed'] / visible:.1f} %),"
          f" {total['equivalent']} equivalent, {total['survives']} survivors")
    return 1 if stale or total["mistakes"] else 0


if __name__ == "__main__":
    sys.exit(main())
