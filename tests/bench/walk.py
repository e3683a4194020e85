#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Walks all processes in the ways of Python, and prints what each takes for a process, in ns."""

import os
import statistics
import time

try:
    import psutil
except ModuleNotFoundError:
    psutil = None

FIRST, ROUNDS = 10, 21


def number(pid, name):
    with open(f"/proc/{pid}/{name}") as file:
        return int(file.read())


def walk_by_open():
    scores = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                scores.append((number(name, "oom_score"), int(name)))
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has ended
    scores.sort(reverse=True)
    return len(scores), [(pid, score, number(pid, "oom_score_adj")) for score, pid in scores[:FIRST]]


def walk_by_psutil():
    sizes = [(p.info["memory_info"].rss, p.pid) for p in psutil.process_iter(["memory_info"])]
    sizes.sort(reverse=True)
    return len(sizes), sizes[:FIRST]


def show(name, walk):
    walk()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        count, _ = walk()
        times.append((time.perf_counter_ns() - start) / count)
    print(f"{name}\t{statistics.median(times):.0f}")


show("python: listdir, open, sort", walk_by_open)
if psutil:
    show("psutil: memory_info, no scores", walk_by_psutil)
