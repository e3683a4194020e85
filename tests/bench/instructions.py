#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts the user instructions of calls, and compares them with their budgets.

The difference of n and 2n calls leaves out what the program itself costs.
Usage: instructions.py COST, the path of that program.
"""

import os
import re
import shutil
import subprocess
import sys

N = 200
BUDGETS = [
    # call, how it names the process, most instructions
    ("vm_get_overcommit_memory", "", 200),
    ("vm_get_overcommit_ratio", "", None),  # a further digit takes about 7
    ("vm_get_user_reserve_kbytes", "", None),
    ("proc_get_oom_score", "by pid", 350),
    ("proc_get_oom_score_adj", "by pid", 350),
    ("proc_get_oom_score_adj", "pid 0", 350),
    ("proc_set_oom_score_adj", "by pid", None),  # a digit of the pid takes about 15
    ("proc_set_oom_score_adj", "pid 0", 250),
    ("adjust_proc", "by pid", None),
    ("adjust_proc", "pid 0", None),
    ("protect_begin", "", None),  # and end
    ("protect_reset_child", "", 250),
    ("pidfd_get_oom_score_adj", "", None),
    ("meminfo_read", "", 6000),
    ("meminfo_read_commit_figures", "", None),
    ("calc_commit_limit", "", 100),
    ("calc_overcommit_ratio", "", None),
    ("calc_badness", "", 100),
    ("calc_oom_score", "", 100),
    ("calc_grant", "", 110),
    ("calc_grant_never", "", 170),
    ("calc_grant_max", "", None),
    ("calc_oom_score_adj_below", "", None),
    ("calc_oom_score_adj_above", "", None),
    ("calc_badness_of_oom_score", "", None),
    ("calc_footprint_of_oom_score", "", None),
    ("calc_victim_of_1000", "", None),
    ("gauge_read", "", None),
    ("predict_commit", "", None),
    ("predict_fork", "", None),
    ("predict_oom_score", "by pid", None),
    ("tune_read", "", None),
    ("tune_check", "", None),
    ("why_proc", "pid 0", None),
    ("probe_read", "", None),
    ("dropin_parse", "", None),
    ("dropin_render", "", None),
]


def instructions(cost, call, n, pid, pidfd):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", cost]
    command += [call, str(n), str(pid), str(pidfd)]
    done = subprocess.run(command, pass_fds=[pidfd], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    if not shutil.which("valgrind"):
        no_skip = os.environ.get("OOMCTL_NO_SKIP")
        print("would be skipped: no valgrind" if no_skip else "SKIP: no valgrind")
        return 1 if no_skip else 77

    status = 0
    pidfd = os.pidfd_open(os.getpid())
    for call, how, most in BUDGETS:
        given = sys.argv[1], "oomctl_" + call
        pid = os.getpid() if how == "by pid" else 0
        once, twice = (instructions(*given, n, pid, pidfd) for n in (N, 2 * N))
        each = (twice - once) / N
        if how == "by pid" and most:
            most += 15 * max(0, len(str(pid)) - 5)  # the budgets are for five digits
        missed = most is not None and not 0 < each <= most
        status |= missed
        goal = f"<= {most}" if most else ""
        print(f"{call:28} {how:6} {each:8.1f} {goal:8} {'MISSED' if missed else ''}".rstrip())
    return status


sys.exit(main())
