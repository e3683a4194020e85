#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts what each process adds to the cost of a walk, and compares it with its budget.

The difference of N and 2N processes leaves out what a call costs once, the difference of one
call and two what the program costs.
Usage: walk_costs.py COST PAUSED, the paths of those programs.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

N = 1000
VICTIMS, DETAIL_FILES = 10, 3
OF_A_FILE, OF_A_DIRECTORY = 3, 2  # open, read, close
BUDGETS = [
    # call, most instructions and system calls of a process; a number of 7 digits takes 14 more
    # instructions than one of 6
    ("rank_victims", 500, 3.05),
    ("rank_scores_of_all", None, 6.05),
]
DETAILS = {"rank_victims": VICTIMS * (OF_A_DIRECTORY + DETAIL_FILES * OF_A_FILE)}  # system calls


def run_cost(tool, cost, call, times):
    command = [*tool, cost, "oomctl_" + call, str(times), "0", "-1"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stderr


def instructions(*given):
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    return int(re.search(r"Collected : (\d+)", run_cost(tool, *given))[1])


def system_calls(*given):
    with tempfile.NamedTemporaryFile("r") as trace:
        run_cost(["strace", "-o", trace.name], *given)
        return len(trace.readlines())


def of_one_call(count, cost, call):
    return count(cost, call, 2) - count(cost, call, 1)


def processes():
    return sum(name.isdigit() for name in os.listdir("/proc"))


def measure(cost, paused, n):
    """How many processes there are, and for each call its instructions and system calls."""
    with subprocess.Popen([paused, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as held:
        if not held.stdout.readline():
            sys.exit("no processes")
        figures = {call: [of_one_call(count, cost, call) for count in (instructions, system_calls)]
                   for call, *_ in BUDGETS}
        return processes(), figures


def compare(cost, paused):
    """1 when a budget is missed."""
    few, of_few = measure(cost, paused, N)
    many, of_many = measure(cost, paused, 2 * N)
    status = 0
    print(f"{'':28} {'instructions':>12} {'system calls':>21}, of each process")
    for call, most, most_calls in BUDGETS:
        each, calls = ((b - a) / (many - few) for a, b in zip(of_few[call], of_many[call]))
        total = of_few[call][1]
        missed = most is not None and not 0 < each <= most
        missed |= not 3 <= total / few or total > most_calls * few + DETAILS.get(call, 0)
        status |= missed
        goal = f"<= {most}" if most else ""
        print(f"{call:28} {each:8.1f} {goal:8} {calls:8.3f} <= {most_calls:.2f}"
              f" {'MISSED' if missed else ''}".rstrip())
        print(f"{f'  in all, {few} processes':28} {of_few[call][0]:8} {'':8} {total:8}")
    return status


def main():
    for tool in "strace", "valgrind":
        if not shutil.which(tool):
            no_skip = os.environ.get("OOMCTL_NO_SKIP")
            print(f"would be skipped: no {tool}" if no_skip else f"SKIP: no {tool}")
            return 1 if no_skip else 77

    # Other processes of the machine may pass by, and be victims.
    return int(all(compare(*sys.argv[1:]) for _ in range(3)))


sys.exit(main())
