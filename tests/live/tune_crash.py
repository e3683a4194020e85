#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Ends a program that applies a policy, by SIGKILL after each of its system calls in turn.

Whatever is left then, the snapshot applied again gives what was before, and the policy applied
again what was wanted. Usage: tune_crash.py DRIVER, below a supervisor that restores the knobs.
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# By enum oomctl_vm_knob.
KNOBS = {
    1: "sys/vm/overcommit_memory", 2: "sys/vm/overcommit_ratio", 3: "sys/vm/overcommit_kbytes",
    4: "sys/vm/panic_on_oom", 5: "sys/vm/oom_kill_allocating_task", 6: "sys/vm/oom_dump_tasks",
    7: "sys/vm/admin_reserve_kbytes", 8: "sys/vm/user_reserve_kbytes", 9: "sys/kernel/panic",
}
MODE, RATIO, KBYTES, PANIC, TIMEOUT = 1, 2, 3, 4, 9

# What each scenario has before, what is wanted then, and what a step that fails leaves behind. The
# strict policy, and a machine that panics, are for plain files only; these neither truncate, so
# that 8 written over 50 is 80, nor zero each other.
SCENARIOS = [
    ("ratio to kbytes, this machine", False,
     {1: 0, 2: 50, 3: 0, 6: 1, 7: 8192, 8: 65536, 9: 1},
     {1: 1, 3: 123456789, 6: 0, 7: 8200, 8: 65000, 9: 5}, {}),
    ("kbytes to ratio, this machine", False,
     {1: 1, 2: 0, 3: 123456789, 6: 0, 7: 8200, 8: 65000, 9: 5},
     {1: 0, 2: 60, 6: 1, 7: 8192, 8: 65536, 9: 1}, {}),
    ("to the strict policy, plain files", True,
     {1: 0, 2: 50, 3: 0, 4: 0, 5: 0, 6: 1, 7: 8192, 8: 65536, 9: 0},
     {1: 2, 2: 60, 4: 1, 5: 1, 6: 0, 7: 9000, 8: 60000, 9: 5}, {}),
    ("from the strict policy, plain files", True,
     {1: 2, 2: 60, 3: 0, 4: 1, 5: 1, 6: 0, 7: 9000, 8: 60000, 9: 5},
     {1: 0, 2: 50, 4: 0, 5: 0, 6: 1, 7: 8192, 8: 65536, 9: 0}, {}),
    ("a step that fails, and back, plain files", True,
     {1: 0, 2: 50, 3: 0, 4: 0, 5: 0, 6: 1, 7: 8192, 8: 65536, 9: 0},
     {2: 8, 5: 1, 6: 0, 7: 9000, 8: 70000, 9: 5}, {2: 80}),
]
MEMINFO = "MemTotal: 8000000 kB\nSwapTotal: 0 kB\nHugetlb: 0 kB\nCommitted_AS: 1000 kB\n"


class Machine:
    """The running one, or a directory of plain files."""

    def __init__(self, driver, root):
        self.driver, self.root = driver, root

    def read(self):
        base = pathlib.Path(self.root or "/proc")
        return {knob: int((base / path).read_text(encoding="ascii"))
                for knob, path in KNOBS.items()}

    def command(self, policy):
        return [self.driver, self.root or "-", *(f"{knob}={v}" for knob, v in policy.items())]

    def apply(self, policy):
        subprocess.run(self.command(policy), check=True)

    def trace(self, policy, *options):
        """The status, and the names of all system calls."""
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as log:
            done = subprocess.run(["strace", "-o", log.name, *options, *self.command(policy)],
                                  capture_output=True, check=False)
            return done.returncode, re.findall(r"^(\w+)\(", log.read(), re.MULTILINE)


def snapshot_of(state):
    """As oomctl_tune_read() gives it: of ratio and kbytes, the one in force."""
    return {knob: v for knob, v in state.items() if knob != (RATIO if state[KBYTES] else KBYTES)}


def goal_of(before, wanted):
    goal = before | wanted
    if RATIO in wanted:
        goal[KBYTES] = 0
    if KBYTES in wanted:
        goal[RATIO] = 0
    return goal


def is_safe(state, goal):
    """The strict policy and a panic are in force only with all that belongs to them."""
    strict = state[MODE] != 2 or all(state[k] == goal[k] for k in (RATIO, 7, 8))
    return strict and not (state[PANIC] and state[TIMEOUT] == 0)


def calls_of_apply(calls):
    """Those between the marks, and the second mark: (name, how many of that name)."""
    first, last = (i for i, name in enumerate(calls) if name == "getppid")
    return [(calls[i], calls[:i + 1].count(calls[i])) for i in range(first + 1, last + 1)]


def names_of_changes(before, left, state):
    return [pathlib.Path(path).name for knob, path in KNOBS.items()
            if left[knob] != before[knob] and state == "between"]


def try_forwards(machine, wanted, goal, snapshot, options):
    """From a state that an end has left, which is then made again."""
    left = machine.read()
    machine.apply(wanted)
    assert machine.read() == goal, (left, machine.read())
    machine.apply(snapshot)
    machine.trace(wanted, "-e", options)
    assert machine.read() == left, (left, machine.read())


def try_scenario(machine, title, before, wanted, spoilt):
    """Yields how each step ended."""
    machine.apply(snapshot_of(before))
    before = machine.read()
    goal, snapshot = goal_of(before, wanted), snapshot_of(before)
    status, calls = machine.trace(wanted)
    assert (status, machine.read()) == ((1, before) if spoilt else (0, goal)), machine.read()
    strict = goal if goal[MODE] == 2 else before
    possible = {k: {before[k], goal[k], spoilt.get(k, goal[k])} for k in KNOBS}

    machine.apply(snapshot)
    print(f"{title}\n  step  next call   state")
    seen = []
    for step, (name, number) in enumerate(calls_of_apply(calls)):
        options = f"inject={name}:signal=KILL:when={number}"
        status, _ = machine.trace(wanted, "-e", options)
        left = machine.read()
        state = "before" if left == before else "done" if left == goal else "between"
        print(f"  {step:4}  {name:10}  {state:8}", *names_of_changes(before, left, state))
        assert status == -9, (step, name, status)
        assert all(left[k] in possible[k] for k in KNOBS), (step, left)
        assert is_safe(left, strict), (step, left)
        if left not in seen and not spoilt:
            try_forwards(machine, wanted, goal, snapshot, options)
        seen.append(left)
        machine.apply(snapshot)
        assert machine.read() == before, (step, left, machine.read())
        yield state


def put_files(root, knobs):
    files = {"meminfo": MEMINFO} | {KNOBS[knob]: f"{v}\n" for knob, v in knobs.items()}
    for name, text in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


def main():
    if not shutil.which("strace"):
        assert "OOMCTL_NO_SKIP" not in os.environ, "strace is missing"
        print("SKIP: tune_crash: no strace")
        return 77
    if not os.access("/proc/sys/vm/overcommit_ratio", os.W_OK):
        print("SKIP: tune_crash: only root can set knobs")
        return 77

    counts = collections.Counter()
    for title, is_plain, before, wanted, spoilt in SCENARIOS:
        with tempfile.TemporaryDirectory() as root:
            machine = Machine(sys.argv[1], root if is_plain else None)
            if is_plain:
                put_files(root, before)
            counts.update(try_scenario(machine, title, before, wanted, spoilt))
    print(f"{counts.total()} ends: {counts['before']} left all as it was, {counts['done']} had "
          f"all done, {counts['between']} in between; all were put right")
    return 0


sys.exit(main())
