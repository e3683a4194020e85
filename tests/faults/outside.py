#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Makes every call where the kernel fails in each way, where files come in pieces or change
meanwhile, and where anything stands in the place of each file and directory.

Usage: outside.py DRIVER MAP
"""

import contextlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from errno import (EACCES, EBADMSG, EBUSY, EINVAL, EIO, EMFILE, ENFILE, ENOMEM, EOPNOTSUPP, EPERM,
                   ERANGE, EROFS, ESRCH)

from machine import CGROUP_V1, CGROUP_V2, ENDED, KNOBS, OLD_KERNEL, PIDS, TIED, make_machine

CODES = (EACCES, EBADMSG, EBUSY, EINVAL, EIO, EMFILE, ENFILE, ENOMEM, EOPNOTSUPP, EPERM, ERANGE,
         EROFS, ESRCH)
JOBS = "errnos", "pieces", "signals", "timer", "memory"
SET = {"overcommit_memory": 2, "panic_on_oom": 2}  # by the driver, which sets others to 20
SETTABLE = [*("proc/sys/" + path for path in KNOBS.values()),
            *(f"proc/{pid}/oom_score_adj" for pid in ("self", *PIDS)),
            "sys/fs/cgroup/a/cgroup.freeze"]
FDINFO = "proc/thread-self/fdinfo/100"
CHANGED = str.maketrans("126789", "217698")  # digits of another machine

# How many descriptors a call needs at most, as errors.md tells it; others need 1 or none.
DESCRIPTORS = {
    "adjust_pidfd": 2, "adjust_cgroup": 4, "adjust_tree": 3, "dropin_write": 2, "probe_read": 2,
    "tune_apply": 2, "tune_check": 2, "why_pidfd": 2, "why_proc": 2,
    "ctx_new": 2, "gauge_open_pidfd": 2, "pidfd_": 2, "meminfo_read_commit_figures": 2,
    "predict_commit": 2, "predict_fork": 2, "predict_read_grant_figures": 2,
    "predict_oom_score": 3, "predict_read_task_figures": 3, "rank_scores": 2, "rank_cgroup": 4,
    "rank_": 3,  # 4 of a process whose main thread has ended: the cgroup has such a one
}
ANSWERS = "probe_", "why_"  # what fails is what they tell about
PURE = ("calc_", "ctx_free", "dropin_parse", "dropin_render", "gauge_close", "gauge_read",
        "meminfo_parse", "protect_end", "protect_pause", "protect_resume", "strerror", "version",
        "why_sentence")


class Driver:
    """A program that makes all calls on a machine, over and over."""

    def __init__(self, path, root):
        command = [path, root]
        if os.getuid() == 0:  # it reads what it may not, if it may
            command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.tried = 0
        self.wrong = self.do("remember")

    def do(self, job):
        """What it says of a job."""
        print(job, file=self.process.stdin, flush=True)
        lines = iter(self.process.stdout.readline, "")
        said = [line.rstrip() for line in iter(lambda: next(lines, ".\n"), ".\n")]
        if not said or not said[-1].startswith("tried "):
            sys.exit(f"{job}: {said[-1:]}, and ended: {self.process.wait(10)}")
        self.tried += int(said.pop().split()[1])
        return said

    def end(self):
        self.process.stdin.close()
        return self.process.wait(10)


def settle(root):
    """Knobs as the driver sets them, so that all calls give the same each time."""
    def put(path, text):
        pathlib.Path(root, path).write_text(f"{text}\n")

    for knob, path in KNOBS.items():
        put("proc/sys/" + path, SET.get(knob, 20))
    for pid in "self", *PIDS:
        put(f"proc/{pid}/oom_score_adj", 1000)
    put("etc/sysctl.d/50-oom.conf", "kernel.panic = 20")
    os.makedirs(os.path.dirname(f"{root}/{FDINFO}"))
    put(FDINFO, "pos:\t0\nflags:\t02000002\nPid:\t8\nNSpid:\t8")


def descriptors_of(call):
    if call.startswith(PURE):
        return 0
    return next((n for name, n in DESCRIPTORS.items() if call.startswith(name)), 1)


def files_below(root):
    """All but directories, and those of processes."""
    for top in "proc", "sys":
        for path in sorted(pathlib.Path(root, top).rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield path


def chosen(root, which):
    return [path for path in files_below(root) if re.match(which, str(path.relative_to(root)))]


def change_text(path):
    text = path.read_text()
    if path.name == "oom_score_adj":
        return "-7\n"
    if path.name == "stat":  # of the same number
        return text[:2] + text[2:].translate(CHANGED)
    return text.translate(CHANGED)


def try_changes(driver, root, paths):
    """Each file, and the directory of each process, becomes another or vanishes."""
    other = pathlib.Path(root, "other")
    for path in [*paths, *(pathlib.Path(root, f"proc/{pid}") for pid in PIDS)]:
        if path.is_symlink():
            other.symlink_to("user:[1]")
        elif path.is_dir():
            shutil.copytree(path, other)
            for file in other.iterdir():
                if file.is_file():
                    file.write_text(change_text(file))
        else:
            other.write_text(change_text(path))
        for to in other, f"{root}/nothing":
            said = driver.do(f"change {path} {to}")
            driver.wrong += [f"{path} becomes {to}: {line}" for line in said]
        shutil.rmtree(other) if other.is_dir() else other.unlink()


def text(change):
    return lambda path, old: path.write_bytes(change(old))


def link(to):
    return lambda path, old: path.symlink_to(to)


def long(piece):
    """10 MB."""
    return text(lambda old: piece * (10 * 1000 * 1000 // len(piece)))


def before_number(what):
    return text(lambda old: re.sub(rb"\d", what + rb"\g<0>", old, count=1))


def silent_fifo(path, _):
    os.mkfifo(path)
    os.open(path, os.O_RDWR)  # to the end of the tests


def forbidden(path, old):
    path.write_bytes(old)
    path.chmod(0)


# What stands in the place of a file; what a getter of its number returns, what a setter, where
# that is told; and whether another answer may come of it.
SAME, MISSING = 0, EOPNOTSUPP
KINDS = {
    "a FIFO": (lambda path, _: os.mkfifo(path), EBADMSG, EIO, True),
    "a FIFO with a silent writer": (silent_fifo, EIO, 0, False),
    "a directory": (lambda path, _: path.mkdir(), EIO, EIO, False),
    "a dangling link": (link("nothing"), MISSING, MISSING, True),
    "a link to itself": (lambda path, _: path.symlink_to(path), EIO, EIO, False),
    "/dev/zero": (link("/dev/zero"), EBADMSG, 0, False),
    "/dev/full": (link("/dev/full"), EBADMSG, EIO, False),
    "/dev/null": (link("/dev/null"), EBADMSG, 0, True),
    "a socket": (lambda path, _: os.mknod(path, stat.S_IFSOCK | 0o666), EIO, EIO, False),
    "a forbidden file": (forbidden, EACCES, EACCES, True),
    "nothing": (text(lambda old: b""), EBADMSG, 0, True),
    "a long line": (long(b"x"), EBADMSG, 0, False),
    "long lines": (long(b"1" * 100000 + b"\n"), EBADMSG, 0, False),
    "lines": (long(b"x: 1 kB\n"), EBADMSG, 0, False),
    "newlines": (long(b"\n"), EBADMSG, 0, False),
    "more lines": (text(lambda old: old + b"x: 1 kB\n" * 10000), EBADMSG, 0, False),
    "no newline at its end": (text(lambda old: old.rstrip(b"\n")), SAME, 0, False),
    "all bytes": (text(lambda old: bytes(range(256))), EBADMSG, 0, False),
    "bytes of 255": (text(lambda old: b"\xff" * 100), EBADMSG, 0, False),
    "NUL before a number": (before_number(b"\0"), EBADMSG, 0, False),
    "NUL before newlines": (text(lambda old: old.replace(b"\n", b"\0\n")), EBADMSG, 0, True),
    "CRLF": (text(lambda old: old.replace(b"\n", b"\r\n")), EBADMSG, 0, True),
    "a number of 10^6 digits": (before_number(b"9" * 1000000), EBADMSG, 0, False),
    "a number of 20 digits": (before_number(b"9" * 20), ERANGE, 0, False),
    "a digit more": (before_number(b"9"), None, 0, True),
    "leading zeros": (before_number(b"000"), SAME, 0, False),
    "plus": (before_number(b"+"), EBADMSG, 0, False),
    "two minus": (before_number(b"--"), EBADMSG, 0, False),
    "a space before a number": (before_number(b" "), EBADMSG, 0, False),
    "0x": (before_number(b"0x"), EBADMSG, 0, False),
}


def look(driver):
    """Of each call its code, and whether its output is "same", "untouched" or "other"."""
    said = (line.split() for line in driver.do("look"))
    return {call: (int(code), out) for call, code, out in said}


def is_right(call, file, kind, got):
    """Whether a call that reads or writes this file gives what it should."""
    _, get, put, may_pass = KINDS[kind]
    code, out = got
    wanted = put if "_set_" in call else get
    if file == FDINFO or wanted is None or not re.search("_[gs]et_", call):
        may_pass |= file.endswith("/ns/user") or call.startswith(ANSWERS)
        return code in CODES and out == "untouched" or code == 0 and (out == "same" or may_pass)
    if wanted == MISSING and not call.startswith("vm_"):
        wanted = ESRCH
    return got == (wanted, "untouched" if wanted else "same")


def contents(root):
    """Of all files."""
    return {path: os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            for path in files_below(root)}


def remove(path):
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def readers_of(driver, path):
    """The calls that cannot do without, when it cannot be read, or not even opened."""
    readers = set()
    for make in (lambda: path.mkdir()), (lambda: path.symlink_to(path)):
        make()
        readers |= {call for call, got in look(driver).items() if got != (0, "same")}
        remove(path)
    return readers


def try_kinds(driver, path, file, old):
    """In the place of a file stands something else."""
    readers = readers_of(driver, path)
    for kind, (make, *_) in KINDS.items():
        make(path, old)
        is_file = path.is_file() and not path.is_symlink()
        if is_file:
            os.utime(path, ns=(0, 0))
        for call, got in look(driver).items():
            right = is_right(call, file, kind, got) if call in readers else got == (0, "same")
            driver.tried += call in readers
            driver.wrong += [] if right else [f"{file} is {kind}: {call} gave {got}"]
        if is_file and file not in SETTABLE and path.stat().st_mtime_ns != 0:
            driver.wrong.append(f"{file} is {kind}: it was written to")
        remove(path)


@contextlib.contextmanager
def moved_away(driver, root, path):
    """Its content; nothing else may have changed when it is back."""
    aside = pathlib.Path(root, "aside")
    before = contents(root)
    path.rename(aside)
    yield before.get(path)
    aside.rename(path)
    if contents(root) != before:
        driver.wrong.append(f"other files than {path} were written to")


def try_files(driver, root, paths):
    for path in paths:
        with moved_away(driver, root, path) as old:
            try_kinds(driver, path, str(path.relative_to(root)), old)


# What stands in the place of a directory.
PLACES = {
    "missing": lambda path: None,
    "a file": lambda path: path.touch(),
    "a FIFO": os.mkfifo,
    "a dangling link": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o666),
    "empty": lambda path: path.mkdir(),
    "forbidden": lambda path: path.mkdir(0),
}


def try_place(driver, path, place):
    """Each call goes well all the same, or without what is there, or says that it fails."""
    PLACES[place](path)
    for call, (code, out) in look(driver).items():
        failed = code in CODES and out == "untouched"
        driver.tried += failed
        if not failed and (code != 0 or out == "untouched"):
            driver.wrong.append(f"{path} is {place}: {call} gave {code}, {out}")
    if place != "missing":
        remove(path)


def try_directories(driver, root, paths):
    for path in sorted({path.parent for path in paths} | {pathlib.Path(root, "sys")}):
        for place in PLACES:
            with moved_away(driver, root, path):
                try_place(driver, path, place)


def strange_names(number, count):
    """None is as the kernel prints a number."""
    some = [f"0{number}", f"{number} ", f" {number}", f"+{number}", f"-{number}", f"{number}x",
            f"0x{number}", f"{number}.", f"{number}\n", "0", "00", int(number) + (1 << 64)]
    some = [str(name).encode() for name in some] + [b"9" * 200, b"x" * 200]
    return some + [b"\xff\xfe%d" % i for i in range(count)]


def try_names(driver, root, pattern, number, count):
    """Names that are of no process, no thread, no size, though they lead to one: all is the same."""
    target = os.path.basename(pattern % number)
    for name in strange_names(number, count):
        os.symlink(target, f"{root}/{pattern}".encode() % name)
    for call, got in look(driver).items():
        driver.tried += 1
        driver.wrong += [] if got == (0, "same") else [f"{pattern}: {call} gave {got}"]


def try_descriptors(driver):
    """How many each call needs, as it was seen when there were fewer."""
    needed = {}
    for line in driver.do("descriptors"):
        if re.fullmatch(r"\w+ needs \d", line):
            call, _, n = line.split()
            needed[call] = int(n)
        else:
            driver.wrong.append(line)
    return needed


# Machines, what of them changes or is replaced, where strange names are, and how many.
SIZES = "sys/kernel/mm/hugepages/hugepages-%skB"
MACHINES = {
    CGROUP_V2: ("sys|proc(?!/9|/10)", "proc/%s", "8", 10000),
    CGROUP_V1: ("sys/fs|proc/8/cgroup", "proc/%s", "9", 0),
    ENDED: ("proc/8/(status|task)", "proc/8/task/%s", "81", 1000),
    OLD_KERNEL: ("sys/kernel|proc/meminfo", SIZES, "2048", 1000),
    TIED: ("proc/(8|10)/oom_score$", "proc/%s", "10", 0),
}


def try_machine(program, name):
    """How much was tried, what was wrong, and how many descriptors each call needs."""
    which, *names = MACHINES[name]
    with tempfile.TemporaryDirectory(prefix="oomctl-test-") as root:
        make_machine(root, name)
        settle(root)
        driver = Driver(program, root)
        for job in JOBS:
            driver.wrong += driver.do(job)
        needed = try_descriptors(driver)
        paths = chosen(root, which)
        try_changes(driver, root, paths)
        try_files(driver, root, paths)
        try_directories(driver, root, paths)
        try_names(driver, root, *names)
        driver.end()
    return driver.tried, [f"{name[2:]}: {line}" for line in driver.wrong], needed


def main():
    program, symbols = sys.argv[1:]
    with ThreadPoolExecutor(2) as pool:
        tried, wrong, needed = zip(*pool.map(lambda name: try_machine(program, name), MACHINES))
    wrong = sum(wrong, [])
    for call in re.findall(r"\toomctl_(\w+);", pathlib.Path(symbols).read_text()):
        seen = max(n.get(call, -1) for n in needed)
        if seen != descriptors_of(call):
            wrong.append(f"{call} needs {seen} descriptors, not {descriptors_of(call)}")
    print(*wrong, f"{len(MACHINES)} machines, {sum(tried)} faults, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


sys.exit(main())
