#!/usr/bin/python3 -B
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
from errno import EBADMSG, EBUSY, EINVAL, EIO, EOPNOTSUPP, ESRCH

from machine import (CGROUP_V1, CGROUP_V2, DROPIN, ENDED, FIT, KNOBS, MEM_TOTAL, OLD_ADJ,
                     OLD_KERNEL, OLD_KNOB, PIDS, TIED, make_machine)

KEPT = ["EACCES", "EINVAL", "EMFILE", "ENFILE", "ENOMEM", "EPERM", "EROFS", "ESRCH"]
MISSING = ["ENOENT", "ENOTDIR"]
OTHERS = ["EINTR", "EIO"]  # outside.c tries more
INTERRUPTIONS = 100  # of one system call, and a call gives up

STAT = "newfstatat" if os.uname().machine == "x86_64" else "fstatat64"
POLL = "poll" if os.uname().machine == "x86_64" else "ppoll"
RETRIED = ["openat", "fsync", "read", "pread64", "write", "pwrite64", "getdents64", POLL]
CALC = [
    "badness", "badness_of_oom_score", "commit_limit", "footprint_of_oom_score", "grant",
    "grant_bound", "grant_max", "oom_score", "oom_score_adj_above", "oom_score_adj_below", "overcommit_ratio",
    "victim",
]
MALLOC_SHOWS = "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=0"  # as an mmap(2) each
OLD_ADJ_AS_LONG, OLD_KNOB_AS_LONG = "0999\n", "10\n"  # as what is written over them
UNTOUCHED = b"?"  # bytes of the output
GIVES_NOTHING = "ctx_free", "gauge_close", "strerror", "version", "why_sentence"
SETS_OWN = "protect_", "adjust_proc", "adjust_pidfd"  # the driver's adjustment

# In the place of a code: what fails is passed over, and the call goes on without it; its output is
# then another.
WITHOUT = "without"  # a file that this machine does not have
GONE = "gone"  # a thread that is missing
LEFT_OUT = "left out"  # a process that is missing, or may not be read
LEFT_OUT_OR_LAST = "left out or last"  # the same; it may be one that did not fit anyway
LOOKED_FOR_AGAIN = "looked for again"  # the same; the walk begins anew, and there it is
TOLD = "told"  # a process that is left as it is
TOLD_AND_SET = "told and set"  # the same, unless the next pass can do it
TOLD_OF_FILE = "told of its file"  # a process whose file is open already
ROOT = "root"  # a process without which there is nothing to do
ANSWER = "answer"  # what fails is what is asked for: any answer, or the code
REFUSALS = ["EACCES", "EPERM", "EROFS"]
PASSED_OVER = {
    ANSWER: [*KEPT, *MISSING, *OTHERS],
    ROOT: REFUSALS,
    TOLD: [*MISSING, "ESRCH", *REFUSALS],
    TOLD_AND_SET: [*MISSING, "ESRCH", *REFUSALS],
    TOLD_OF_FILE: ["ESRCH", *REFUSALS],
    WITHOUT: MISSING,
    GONE: [*MISSING, "ESRCH"],
    LEFT_OUT: [*MISSING, "ESRCH", "EACCES", "EPERM"],
    LOOKED_FOR_AGAIN: [*MISSING, "ESRCH", "EACCES", "EPERM"],
    LEFT_OUT_OR_LAST: [*MISSING, "ESRCH", "EACCES", "EPERM"],
}


class Always:
    """The code that comes of any failure."""

    def __init__(self, code):
        self.code = code


class OfCgroup(int):
    """The code that says that something is missing, of a file that is no process's."""


class Behind:
    """The code that says that something is missing, where the file is set already."""

    def __init__(self, missing):
        self.missing = missing


class Synced(Behind):
    """The same, whatever the reason is."""


class Undone(Behind):
    """The same, where the file is set back."""


def behind(steps):
    return [(access, Behind(missing), *rest) for access, missing, *rest in steps]


def file(access, missing, empty=EBADMSG):
    """The steps that read or write a file, each with the code that says that it is missing, and
    that it is empty."""
    return [("openat", missing), (access, missing, empty), ("close", 0)]


def text(missing, empty=EBADMSG):
    """The same of one of several lines, which is read until nothing follows."""
    return [("openat", missing), ("read", missing, empty), ("read", missing, 0), ("close", 0)]


def of_thread(missing, empty=EBADMSG):
    """The same of a file of the calling thread: without it, that of the process is read."""
    return [("openat", 0), ("read", missing, empty), ("close", 0)]


def figures_of_process(missing):
    """oom_score_adj, stat and status, of which the end is not looked at."""
    return file("read", missing) * 3


def by_directory(missing, steps):
    """Of a process: all its files are opened below its directory."""
    return [("openat", missing), *steps, ("close", 0)]


def ranking(before, visit, then=()):
    """What is read below the open directory of processes before they are listed, of each of them,
    and then."""
    listed = ("getdents64", EOPNOTSUPP)
    each = visit * len(PIDS)
    return [("openat", EOPNOTSUPP), *before, listed, *each, listed, *then, ("close", 0)]


def steps_of_rankings():
    """As steps_of_calls(). The processes are alike, since their order is not known."""
    get = file("read", EOPNOTSUPP)
    both = [*get, *text(EOPNOTSUPP)]  # release and meminfo
    scale = file("read", WITHOUT) + text(WITHOUT)
    score = file("read", LEFT_OUT)
    details = by_directory(LEFT_OUT, figures_of_process(LEFT_OUT))
    first = by_directory(LOOKED_FOR_AGAIN, figures_of_process(LOOKED_FOR_AGAIN))
    own = by_directory(ESRCH, file("read", ESRCH) + figures_of_process(ESRCH))
    again = file("read", LEFT_OUT_OR_LAST) + by_directory(
        LEFT_OUT_OR_LAST, figures_of_process(LEFT_OUT_OR_LAST))
    tied = [("lseek", EOPNOTSUPP), ("getdents64", EOPNOTSUPP), *again * len(PIDS),
            ("getdents64", EOPNOTSUPP)]
    member = by_directory(
        LEFT_OUT, file("read", LEFT_OUT, LEFT_OUT) + score + figures_of_process(LEFT_OUT))
    limits = [*get * 2, *file("read", 0)]  # RAM, swappiness, swap

    return {
        "rank_before": ranking(scale + own, score + details),
        "rank_cgroup" + CGROUP_V1: ranking([*both, ("openat", 0), *limits], member),
        "rank_cgroup" + CGROUP_V2: ranking([*both, *limits], member),
        "rank_process": [*both, *own],
        "rank_scores": ranking([], score, then=file("read", LOOKED_FOR_AGAIN) * FIT),
        "rank_victims": ranking(scale, score, then=first * FIT),
        "rank_victims" + TIED: ranking(scale, score, then=tied),
    }


def steps_of_one(first, get=()):
    """As steps_of_calls(): an adjustment that is set, and read back."""
    return [*first, *get, ("pwrite64", EOPNOTSUPP), ("pread64", Behind(EOPNOTSUPP), EBADMSG)]


def steps_of_many():
    """The same of many processes."""
    def look(missing):
        return [("openat", missing), *file("read", missing) * 2]

    setting = [("openat", TOLD), ("pwrite64", TOLD_OF_FILE),
               ("pread64", Behind(TOLD_OF_FILE), EBADMSG), ("close", 0), ("close", 0)]
    again = behind([*look(TOLD), ("close", 0)])
    end, end_again = (behind([("read", missing, 0), ("close", 0)]) for missing in (EOPNOTSUPP, 0))
    listed, rewound = behind([("getdents64", EOPNOTSUPP), ("lseek", EOPNOTSUPP)])
    once_more = [listed, *behind(file("read", TOLD)), *again, listed, rewound]
    numbers = [("getpid", None), ("openat", 0), *[("read", EOPNOTSUPP, 0)] * 2, ("close", 0)]
    freeze = [*numbers, *file("read", EOPNOTSUPP), *of_thread(EOPNOTSUPP, EBUSY), ("getpid", None),
              *file("read", EBUSY, EBUSY), ("openat", EOPNOTSUPP),
              ("pwrite64", OfCgroup(EOPNOTSUPP)), *text(EOPNOTSUPP)]
    return {
        "adjust_cgroup": [
            *freeze, ("openat", EOPNOTSUPP), ("read", EOPNOTSUPP, TOLD), *look(TOLD_AND_SET),
            *setting, *end, *behind([("openat", 0), ("read", 0, 0)]), *again, *end_again,
            *behind(text(0)), ("pwrite64", Behind(OfCgroup(0))), ("close", 0)],
        "adjust_tree": [
            ("openat", EOPNOTSUPP), *look(ROOT), *setting, *once_more, (POLL, None), *once_more,
            ("close", 0)],
    }


def steps_of_policies():
    """The same of the machine's knobs together, and of files of sysctl.d."""
    def knobs(missing, ratio, panic_timeout):
        return [*file("read", missing), *file("read", 0), *file("read", ratio),
                *file("read", missing) * 5, *file("read", panic_timeout)]

    commit = [*text(EOPNOTSUPP), *file("read", 0), *file("read", EOPNOTSUPP)]
    checked = [*knobs(0, WITHOUT, 0), *commit]
    looked = [(access, None) for access, *_ in checked]  # by the same code as in tune_check
    setting = [("openat", Undone(EOPNOTSUPP)), ("write", EOPNOTSUPP), ("close", 0),
               ("openat", Undone(EOPNOTSUPP)), ("read", Undone(EOPNOTSUPP), EBADMSG), ("close", 0)]

    def lines(missing):
        return [("openat", missing), ("read", missing, missing), ("read", missing, 0), ("close", 0)]

    def walk(etc, usr):
        """The directories of sysctl.d, of which there are two here."""
        def names(missing):
            return [("openat", missing), *[("getdents64", EOPNOTSUPP)] * 2, ("close", 0)]
        return [*names(etc), ("openat", 0), ("openat", 0), *names(usr), ("openat", 0)]

    return {
        "dropin_find": [*walk(0, 0), *lines(0), *walk(WITHOUT, 0), *lines(WITHOUT), *walk(0, 0)],
        "dropin_parse": [],
        "dropin_read": [("openat", EOPNOTSUPP), ("read", EOPNOTSUPP, WITHOUT),
                        ("read", EOPNOTSUPP, 0), ("close", 0)],
        "dropin_render": [],
        "dropin_write": [("openat", EOPNOTSUPP), ("openat", EOPNOTSUPP), ("write", EOPNOTSUPP),
                         ("fchmod", EOPNOTSUPP), ("fsync", EOPNOTSUPP), ("close", 0),
                         ("renameat", EOPNOTSUPP), ("fsync", Synced(EIO)), ("close", 0)],
        "tune_apply": [*looked, *setting],
        "tune_check": checked,
        "tune_read": knobs(WITHOUT, WITHOUT, WITHOUT),
    }


def steps_of_answers(find):
    """The same of what tells why something fails."""
    def answers(*names):
        return [(name, ANSWER, ANSWER) if name == "read" else (name, ANSWER) for name in names]

    opened = answers("openat", "close")
    get, lines = (answers("openat", *["read"] * n, "close") for n in (1, 2))
    own = [*get, ("readlinkat", ANSWER), ("prctl", ANSWER), *get]
    return {
        "probe_read": [*answers("openat", "fstatfs", "close", STAT, STAT), *own, *opened, *get,
                       ("process_mrelease", ANSWER), *lines, *get * 2, *lines,
                       *answers("openat", "openat")],
        "why_pidfd": [*lines, *lines, ("openat", ANSWER), (POLL, ANSWER), *opened, *get,
                      ("close", 0)],
        "why_proc": [("openat", ANSWER), *opened, *get, ("close", 0)],
        "why_sentence": [],
        "why_vm": opened,
    }


def steps_of_calls():
    """The system calls that each call makes when all goes well, and no others: a name, and what
    the call returns when that finds nothing there. None: is not made to fail."""
    get, put = file("read", EOPNOTSUPP), file("write", EOPNOTSUPP)
    meminfo = text(EOPNOTSUPP)
    scale = [*get, *meminfo]  # of the kernel's release
    kbytes = file("read", 0)
    sizes = [("openat", 0), ("getdents64", EOPNOTSUPP), *get, *get, ("getdents64", EOPNOTSUPP),
             ("close", 0)]

    find = [*text(ESRCH, EINVAL), ("openat", ESRCH), (POLL, EOPNOTSUPP)]
    commit = [*meminfo, *kbytes, *get]
    mine = of_thread(EOPNOTSUPP)
    grant = [*get * 4, *mine, ("readlinkat", 0), *get, *mine, *commit]
    process = [*file("read", ESRCH), *figures_of_process(ESRCH)]
    thread = [("openat", ESRCH), ("getdents64", ESRCH), *file("read", GONE) * 2, ("close", 0)]

    def by_pidfd(access):
        return [*find, *file(access, ESRCH), ("close", 0)]

    opened = [("openat", ESRCH)]
    look = [("pread64", EOPNOTSUPP, EBADMSG)]
    held = [*look, ("pwrite64", EOPNOTSUPP), ("pread64", Undone(EOPNOTSUPP), EBADMSG)]
    own = [("getpid", None), (STAT, Always(ESRCH))]
    return {
        "adjust_find_floor": [*of_thread(ESRCH), *opened, *look, ("pwrite64", EOPNOTSUPP),
                              ("close", 0)],
        "adjust_pidfd": [*steps_of_one([*find, *opened]), ("close", 0), ("close", 0)],
        "adjust_pidfd_by": [*steps_of_one([*find, *opened], look), ("close", 0), ("close", 0)],
        "adjust_proc": [*steps_of_one(opened), ("close", 0)],
        "adjust_proc_by": [*steps_of_one(opened, look), ("close", 0)],
        **steps_of_many(),
        **steps_of_policies(),
        **steps_of_answers(find),
        **dict.fromkeys(("calc_" + name for name in CALC), []),
        "ctx_free": [("close", 0), ("close", 0), ("munmap", None)],
        "ctx_new": [("mmap", None), ("openat", EOPNOTSUPP), ("openat", EOPNOTSUPP)],
        "gauge_close": [("close", 0), ("munmap", None)],
        "gauge_open_pidfd": [*find, ("mmap", None), ("openat", ESRCH), ("close", 0)],
        "gauge_open_proc": [("mmap", None), ("openat", ESRCH)],
        "gauge_open_vm": [("mmap", None), ("openat", EOPNOTSUPP)],
        "gauge_read": [("pread64", EOPNOTSUPP, EBADMSG)],
        "meminfo_parse": [],
        "meminfo_read": meminfo,
        "meminfo_read_commit_figures": commit,
        "meminfo_read_commit_figures" + OLD_KERNEL: [*meminfo, *sizes, *kbytes, *get],
        "pidfd_get_oom_score": by_pidfd("read"),
        "pidfd_get_oom_score_adj": by_pidfd("read"),
        "pidfd_set_oom_score_adj": by_pidfd("write"),
        "predict_commit": grant,
        "predict_fork": [("openat", 0), *text(EOPNOTSUPP, EOPNOTSUPP)[1:], *grant],
        "predict_oom_score": [*scale, *by_directory(ESRCH, process)],
        "predict_read_grant_figures": grant,
        "predict_read_score_rule": get,
        "predict_read_task_figures": [*scale, *by_directory(ESRCH, process)],
        "predict_read_task_figures" + ENDED: [*scale, *by_directory(ESRCH, process + thread)],
        "predict_read_total_pages": meminfo,
        "proc_get_oom_score": file("read", ESRCH),
        "proc_get_oom_score_adj": file("read", ESRCH),
        "proc_set_oom_score_adj": file("write", ESRCH),
        "protect_begin": [("getpid", None), *opened, (STAT, EOPNOTSUPP), *held],
        "protect_end": [*steps_of_one(own, look), (STAT, None), ("close", 0)],
        "protect_pause": [*own, *held],
        "protect_reset_child": file("write", ESRCH),
        "protect_resume": steps_of_one(own, look),
        **steps_of_rankings(),
        "strerror": [],
        "version": [],
        **{"vm_get_" + knob: get for knob in KNOBS},
        **{"vm_set_" + knob: put for knob in KNOBS},
    }


def code_of(name, step):
    """What a call returns, without its sign, when a step fails with the errno of that name; or
    how that is passed over."""
    access, missing = step[:2]
    if isinstance(missing, Always):
        return missing.code
    if isinstance(missing, Behind):
        missing = missing.missing
    if (access, name) == ("fsync", "EINVAL"):  # of a file system that knows none
        return 0
    if isinstance(step[1], Synced) and name != "EINTR":
        return EIO
    if (access, name) == ("pwrite64", "EINVAL") and not isinstance(missing, OfCgroup):
        name = "ESRCH"  # a process that has ended, on old kernels
    if access == "close" or (name == "EINTR" and access in RETRIED):
        return 0
    if missing in PASSED_OVER:
        if name in PASSED_OVER[missing]:
            is_set = missing == TOLD_AND_SET and name in REFUSALS
            return missing if is_set or missing != TOLD_AND_SET else TOLD
        missing = ESRCH if missing == ROOT else EOPNOTSUPP
    if name in MISSING:
        return missing
    if (access, name) == ("readlinkat", "EINVAL"):  # no link
        return EBADMSG
    return getattr(errno, name) if name in KEPT else EIO


def piece_of(access, line):
    """What can be read alone, before the whole text is: it must make no difference."""
    if access == "pread64":
        return line.split('"')[1][0]
    if "vm." in line or "kernel." in line:
        return "\n"
    return MEM_TOTAL + "x" if MEM_TOTAL[:8] in line else "0"


def faults_of(step, line, when, endless):
    """What strace is to inject at the step that a line shows, how often, and what comes of it; also
    for ever, where nothing else does the same after it has failed."""
    access, missing, *empty = step
    if missing is None:
        return
    ends = not isinstance(missing, Undone) and missing != ANSWER and endless
    for name in KEPT + MISSING + OTHERS:
        yield f"error={name}:when={when}", 1, code_of(name, step)

    if access in RETRIED:
        last = when + INTERRUPTIONS - 2
        yield f"error=EINTR:when={when}..{last}", INTERRUPTIONS - 1, 0
        if ends:
            yield f"error=EINTR:when={when}+", INTERRUPTIONS, EIO

    if access in ("read", "pread64"):
        yield f"retval=0:when={when}", 1, empty[0]
        if not line.endswith(" = 0"):
            piece = piece_of(access, line).encode()
            is_text = missing == ANSWER and '"6.1.0' in line  # which is given out as it is
            yield (f"retval={len(piece)}:poke_exit=@arg2={piece.hex()}:when={when}", 1,
                   ANSWER if is_text else 0)

    if access in ("write", "pwrite64"):
        for count in range(int(line.split()[-1])):
            yield f"retval={count}:when={when}", 1, EIO


def call_of(name):
    return name.split(", ")[0]


def arguments(name, root):
    """The driver's. Scores that are set or shown by proc.h are those of the driver itself; the rest
    is of the machine at root."""
    call = call_of(name)
    if call.startswith("vm_set_"):
        return [call, root, f"{root}/proc/sys/" + KNOBS[call[7:]], OLD_KNOB]
    if "_set_" in call or call.startswith(SETS_OWN):
        return [call, "", "/proc/self/oom_score_adj", OLD_ADJ]
    if call == "tune_apply":
        return [call, root, f"{root}/proc/sys/kernel/panic", OLD_KNOB_AS_LONG]
    if call == "dropin_write":
        return [call, root, f"{root}/etc/sysctl.d/50-oom.conf", DROPIN]
    if call in steps_of_many():
        return [call, root, f"{root}/proc/{PIDS[0]}/oom_score_adj", OLD_ADJ_AS_LONG]
    own = call.startswith(("proc_", "pidfd_")) or call.endswith("_pidfd")
    return [call, "" if own else root]


def run(driver, given, options=()):
    """Result and output of a call, and strace's lines before it and of it."""
    command = ["strace", "-qq", "-E", MALLOC_SHOWS, *options, driver, *given]
    done = subprocess.run(command, capture_output=True, check=False, timeout=20)
    parts = re.split(r"^getppid\(\).*\n", done.stderr.decode(), flags=re.M)
    assert len(parts) == 3, f"{command} gave {done}"
    prelude, lines = parts[0].splitlines(), parts[1].splitlines()
    return done.returncode, done.stdout.rstrip(UNTOUCHED), prelude, lines


def thaw(given):
    """What a call that was made to fail may have left."""
    if given[0] == "adjust_cgroup":
        pathlib.Path(given[1], "sys/fs/cgroup/a/cgroup.freeze").write_text("0\n")


def names_of(lines):
    return [line.split("(")[0] for line in lines]


def left_behind(lines):
    """Descriptors and pieces of memory."""
    taken = [line for line in lines if re.match(r"(openat|mmap)\(.* = (\d+|0x\w+)$", line)]
    returned = [name for name in names_of(lines) if name in ("close", "munmap")]
    return len(taken) - len(returned)


def compare(what, got, wanted):
    return [] if got == wanted else [f"{what}: got {got}, wanted {wanted}"]


def kind_of(out, old, new):
    """How an output compares with that of before, and with that of when all goes well."""
    return "new" if out == new else "old" if out == old else "another"


def wanted_of(code, step, taken):
    """The results and the kinds of output that a fault may give, and what it may leave behind."""
    is_set = isinstance(step[1], Behind) and not isinstance(step[1], Undone)
    if code in (TOLD, TOLD_OF_FILE, ROOT):
        return [(0, "new" if is_set else "old", taken)]
    if code == TOLD_AND_SET:
        return [(0, "new", taken)]
    if code == ANSWER:
        codes = [(getattr(errno, name), "old", 0) for name in KEPT + ["EIO", "EOPNOTSUPP"]]
        return [(0, "another", taken), (0, "new", taken), *codes]
    if code in (WITHOUT, GONE, LEFT_OUT):
        return [(0, "another", taken)]
    if code == LOOKED_FOR_AGAIN:
        return [(0, "new", taken)]
    if code == LEFT_OUT_OR_LAST:
        codes = [(getattr(errno, name), "old", 0) for name in KEPT + ["EIO", "EOPNOTSUPP"]]
        return [(0, "another", taken), (0, "new", taken), *codes]
    left = min(taken, 0)  # what was open before is closed in any case
    return [(code, "new" if is_set else "old", left) if code else (0, "new", taken)]


def check_faults(driver, name, steps, given, good):
    """The number of faults tried, and what was wrong."""
    count, wrong = 0, []
    _, new, prelude, lines = good
    old = "".join(given[3:]).encode()
    for i, step in enumerate(steps):
        when = names_of(prelude + lines[:i + 1]).count(step[0])
        endless = name != "adjust_cgroup" or step[0] != "pwrite64"  # which thaws then
        for fault, times, code in faults_of(step, lines[i], when, endless):
            thaw(given)
            r, out, _, seen = run(driver, given, ["-e", f"inject={step[0]}:{fault}"])
            what = f"{name}, step {i + 1}, {step[0]}:{fault}"
            got = r, kind_of(out, old, new), left_behind(seen)
            wanted = wanted_of(code, step, left_behind(lines))
            wrong += compare(what, got, got if got in wanted else wanted)
            wrong += compare(what, sum("(INJECTED" in line for line in seen), times)
            count += 1
    return count, wrong


def check_call(driver, name, steps):
    """The same, of a call that goes well and then is made to fail."""
    with tempfile.TemporaryDirectory(prefix="oomctl-test-") as root:
        make_machine(root, name)
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
    wrong = compare("calls", {call_of(n) for n in table}, set(exported))

    table = {n: steps for n, steps in table.items() if n.startswith(tuple(prefix) or "")}
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda item: check_call(driver, *item), table.items())
        counts, lists = zip(*results)
    wrong += sum(lists, [])
    print(*wrong, f"{len(table)} cases, {sum(counts)} faults, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0


sys.exit(main())
