#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kills a program that replaces a file before each of its system calls, which is after the one
before it: there is always the old file or the new one, whole. Usage: dropin_crash.py DRIVER"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

OLD = "vm.overcommit_ratio = 50\n" * 40  # longer than the new text
RENAME = "renameat"


def run(driver, path):
    """How the driver ended, and the names of its system calls: before the call, and of it with
    the getppid() that ends it."""
    done = subprocess.run(["strace", "-qq", "-e", "signal=none", driver, "write", path, "77"],
                          capture_output=True, text=True, check=False, timeout=60)
    names = re.findall(r"^(\w+)\(", done.stderr, flags=re.M)
    begin = names.index("getppid") + 1
    return done.returncode, names[:begin], names[begin:names.index("getppid", begin) + 1]


def state_of(path, new):
    if not path.exists():
        return "none"
    return {OLD: "old", new: "new"}.get(path.read_text(), "BROKEN")


def put_old(path, old):
    path.unlink(missing_ok=True)
    if old is not None:
        path.write_text(old)


def kill_before(driver, path, before, names, i):
    """Whether the driver was killed there, and the files that it leaves beside its own."""
    nth = (before + names[:i + 1]).count(names[i])
    kill = f"inject={names[i]}:signal=KILL:when={nth}"
    done = subprocess.run(["strace", "-qq", "-o", os.devnull, "-e", kill, driver, "write", path,
                           "77"], check=False, timeout=60)
    beside = [p for p in path.parent.iterdir() if p != path]
    is_hidden = all(re.fullmatch(r"\.oomctl-\d+", p.name) for p in beside)
    for p in beside:
        p.unlink()
    return done.returncode == -signal.SIGKILL and is_hidden, len(beside)


def check(driver, path, old):
    """The number of kills, and how many of them left something wrong."""
    subprocess.run([driver, "write", path, "77"], check=True)
    new = path.read_text()
    put_old(path, old)
    code, before, names = run(driver, path)
    assert code == 0 and names.count(RENAME) == 1 and names.count("fsync") == 2, (code, names)

    wrong = 0
    for i, name in enumerate(names):
        put_old(path, old)
        is_well, left = kill_before(driver, path, before, names, i)
        state = state_of(path, new)
        wanted = "new" if names.index(RENAME) < i else "old" if old else "none"
        is_well &= state == wanted
        print(f"{i + 1:3} killed before {name:10} {state:6} {left} beside it"
              f"{'' if is_well else ', WRONG: wanted ' + wanted}")
        wrong += not is_well
    return len(names), wrong


def skip(why):
    print("SKIP:", why)
    sys.exit(1 if os.environ.get("OOMCTL_NO_SKIP") else 77)


def main():
    if not shutil.which("strace"):
        skip("no strace")
    if subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False).returncode:
        skip("no right to trace")

    kills = wrong = 0
    for what, old in ("an older file", OLD), ("no file", None):
        print(f"in the place of {what}:")
        with tempfile.TemporaryDirectory(prefix="oomctl-test-") as directory:
            counts = check(sys.argv[1], Path(directory, "a.conf"), old)
        kills, wrong = kills + counts[0], wrong + counts[1]
    print(f"{kills} kills, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
