#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes each system call of each library call fail, in each way, one at a time.

What has to come of it is told here, as the headers tell it: the code; an output, or a file, that
is as it was before; no descriptor and no memory left behind.
Usage: errnos.py DRIVER MAP [PREFIX], a prefix of the calls to look at.
"""

import errno
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from errno import EBADMSG, EINVAL, EIO, EOPNOTSUPP, ESRCH

KEPT = ["EACCES", "EINVAL", "EMFILE", "ENFILE", "ENOMEM", "EPERM", "EROFS", "ESRCH"]
MISSING = ["ENOENT", "ENOTDIR"]
OTHERS = ["EAGAIN", "EINTR", "EIO", "ENODEV"]
INTERRUPTIONS = 100  # of one system call, and a call gives up

POLL = "poll" if os.uname().machine == "x86_64" else "ppoll"
RETRIED = ["openat", "read", "write", "getdents64", POLL]
KNOBS = {
    "admin_reserve_kbytes": "vm/admin_reserve_kbytes",
    "oom_dump_tasks": "vm/oom_dump_tasks",
    "oom_kill_allocating_task": "vm/oom_kill_allocating_task",
    "overcommit_kbytes": "vm/overcommit_kbytes",
    "overcommit_memory": "vm/overcommit_memory",
    "overcommit_ratio": "vm/overcommit_ratio",
    "panic_on_oom": "vm/panic_on_oom",
    "panic_timeout": "kernel/panic",
    "user_reserve_kbytes": "vm/user_reserve_kbytes",
}
OLD_KNOB, OLD_ADJ = "1\n", "999\n"
MEM_TOTAL = "MemTotal: 4029312 kB\n"
OLD_MEMINFO = MEM_TOTAL + "SwapTotal: 0 kB\nHugePages_Total: 3\nHugepagesize: 2048 kB\n"
MEMINFO = OLD_MEMINFO + "Hugetlb: 6144 kB\n"
OLD_KERNEL = ", old kernel"
MALLOC_SHOWS = "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=0"  # as an mmap(2) each
UNTOUCHED = b"?"  # bytes of the output
GIVES_NOTHING = "ctx_free", "strerror", "version"


def file(access, missing, empty=EBADMSG):
    """The steps that read or write a file, each with the code that says that it is missing, and
    that it is empty."""
    return [("openat", missing), (access, missing, empty), ("close", 0)]


def steps_of_calls():
    """The system calls that each call makes when all goes well, and no others: a name, and what
    the call returns when that finds nothing there. None: is not made to fail."""
    get, put = file("read", EOPNOTSUPP), file("write", EOPNOTSUPP)
    kbytes = file("read", 0)
    sizes = [("openat", 0), ("getdents64", EOPNOTSUPP), *get, *get, ("getdents64", EOPNOTSUPP),
             ("close", 0)]

    def by_pidfd(access):
        find = [*file("read", ESRCH, EINVAL), ("openat", ESRCH), (POLL, EOPNOTSUPP)]
        return [*find, *file(access, ESRCH), ("close", 0)]

    return {
        "calc_commit_limit": [],
        "calc_overcommit_ratio": [],
        "ctx_free": [("close", 0), ("close", 0), ("munmap", None)],
        "ctx_new": [("mmap", None), ("openat", EOPNOTSUPP), ("openat", EOPNOTSUPP)],
        "meminfo_parse": [],
        "meminfo_read": get,
        "meminfo_read_commit_figures": [*get, *kbytes, *get],
        "meminfo_read_commit_figures" + OLD_KERNEL: [*get, *sizes, *kbytes, *get],
        "pidfd_get_oom_score": by_pidfd("read"),
        "pidfd_get_oom_score_adj": by_pidfd("read"),
        "pidfd_set_oom_score_adj": by_pidfd("write"),
        "proc_get_oom_score": file("read", ESRCH),
        "proc_get_oom_score_adj": file("read", ESRCH),
        "proc_set_oom_score_adj": file("write", ESRCH),
        "strerror": [],
        "version": [],
        **{"vm_get_" + knob: get for knob in KNOBS},
        **{"vm_set_" + knob: put for knob in KNOBS},
    }


def code_of(name, step):
    """What a call returns, without its sign, when a step fails with the errno of that name."""
    access, missing = step[:2]
    if access == "close" or (name == "EINTR" and access in RETRIED):
        return 0
    if name in MISSING:
        return missing
    return getattr(errno, name) if name in KEPT else EIO


def faults_of(step, line, when):
    """What strace is to inject at the step that a line shows, how often, and what comes of it."""
    access, missing, *empty = step
    if missing is None:
        return
    for name in KEPT + MISSING + OTHERS:
        yield f"error={name}:when={when}", 1, code_of(name, step)

    if access in RETRIED:
        last = when + INTERRUPTIONS - 2
        yield f"error=EINTR:when={when}..{last}", INTERRUPTIONS - 1, 0
        yield f"error=EINTR:when={when}+", INTERRUPTIONS, EIO

    if access == "read":
        yield f"retval=0:when={when}", 1, empty[0]
        # Read alone, before the whole text is: it must make no difference.
        piece = (MEM_TOTAL + "x" if MEM_TOTAL[:8] in line else "0").encode()
        yield f"retval={len(piece)}:poke_exit=@arg2={piece.hex()}:when={when}", 1, 0

    if access == "write":
        for count in range(int(line.split()[-1])):
            yield f"retval={count}:when={when}", 1, EIO


def make_machine(root, meminfo):
    def put(path, text):
        path = pathlib.Path(root, path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    for path in KNOBS.values():
        put("proc/sys/" + path, OLD_KNOB)
    put("proc/meminfo", meminfo)
    for size_kb, count in (2048, 3), (1048576, 0):
        put(f"sys/kernel/mm/hugepages/hugepages-{size_kb}kB/nr_hugepages", f"{count}\n")


def arguments(name, root):
    """The driver's. Scores are those of the driver itself; the rest is of the machine at root."""
    call = name.removesuffix(OLD_KERNEL)
    if call.startswith("vm_set_"):
        return [call, root, f"{root}/proc/sys/" + KNOBS[call[7:]], OLD_KNOB]
    if "_set_" in call:
        return [call, "", "/proc/self/oom_score_adj", OLD_ADJ]
    return [call, "" if "oom_score" in call else root]


def run(driver, given, options=()):
    """Result and output of a call, and strace's lines before it and of it."""
    command = ["strace", "-qq", "-E", MALLOC_SHOWS, *options, driver, *given]
    done = subprocess.run(command, capture_output=True, check=False, timeout=20)
    parts = re.split(r"^getppid\(\).*\n", done.stderr.decode(), flags=re.M)
    assert len(parts) == 3, f"{command} gave {done}"
    prelude, lines = parts[0].splitlines(), parts[1].splitlines()
    return done.returncode, done.stdout.rstrip(UNTOUCHED), prelude, lines


def names_of(lines):
    return [line.split("(")[0] for line in lines]


def left_behind(lines):
    """Descriptors and pieces of memory."""
    taken = [line for line in lines if re.match(r"(openat|mmap)\(.* = (\d+|0x\w+)$", line)]
    returned = [name for name in names_of(lines) if name in ("close", "munmap")]
    return len(taken) - len(returned)


def compare(what, got, wanted):
    return [] if got == wanted else [f"{what}: got {got}, wanted {wanted}"]


def check_faults(driver, name, steps, given, good):
    """The number of faults tried, and what was wrong."""
    count, wrong = 0, []
    _, new, prelude, lines = good
    old = "".join(given[3:]).encode()
    for i, step in enumerate(steps):
        when = names_of(prelude + lines[:i + 1]).count(step[0])
        for fault, times, code in faults_of(step, lines[i], when):
            r, out, _, seen = run(driver, given, ["-e", f"inject={step[0]}:{fault}"])
            got = r, out, left_behind(seen), sum("(INJECTED" in line for line in seen)
            wanted = (code, old, 0, times) if code else (0, new, left_behind(lines), times)
            wrong += compare(f"{name}, step {i + 1}, {step[0]}:{fault}", got, wanted)
            count += 1
    return count, wrong


def check_call(driver, name, steps):
    """The same, of a call that goes well and then is made to fail."""
    with tempfile.TemporaryDirectory(prefix="oomctl-test-") as root:
        make_machine(root, OLD_MEMINFO if name.endswith(OLD_KERNEL) else MEMINFO)
        given = arguments(name, root)
        good = run(driver, given)
        got = good[0], good[1] == "".join(given[3:]).encode(), names_of(good[3])
        wrong = compare(name, got, (0, name in GIVES_NOTHING, [step[0] for step in steps]))
        return (0, wrong) if wrong else check_faults(driver, name, steps, given, good)


def skip_reason():
    if not shutil.which("strace"):
        if os.environ.get("OOMCTL_NO_SKIP"):
            sys.exit("would be skipped: no strace")
        return "no strace"
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True,
                          text=True, check=False)
    return " ".join(done.stderr.split()) if done.returncode else None


def main():
    driver, symbols, *prefix = sys.argv[1:]
    reason = skip_reason()
    if reason:
        print("SKIP:", reason)
        return 77

    table = steps_of_calls()
    exported = re.findall(r"\toomctl_(\w+);", pathlib.Path(symbols).read_text())
    wrong = compare("calls", {n.removesuffix(OLD_KERNEL) for n in table}, set(exported))

    table = {n: steps for n, steps in table.items() if n.startswith(tuple(prefix) or "")}
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda item: check_call(driver, *item), table.items())
        counts, lists = zip(*results)
    wrong += sum(lists, [])
    print(*wrong, f"{len(table)} cases, {sum(counts)} faults, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


sys.exit(main())
