# SPDX-License-Identifier: MIT
"""Calls every function of the library through a binding, which brings

new(type, count=1)  an array of a C type, which has indices, and members where it is of structures
call(name, *args)   calls a function; None is NULL
text(pointer)       the bytes of a `const char *`
"""

import errno
import os
import re
import subprocess
import tempfile

KNOBS = {  # file, type, range of the setter
    "overcommit_memory": ("vm/overcommit_memory", "enum oomctl_overcommit", (0, 2)),
    "overcommit_ratio": ("vm/overcommit_ratio", "int32_t", (0, 2**31 - 1)),
    "overcommit_kbytes": ("vm/overcommit_kbytes", "uint64_t", (0, 2**64 - 1)),
    "panic_on_oom": ("vm/panic_on_oom", "enum oomctl_panic", (0, 2)),
    "oom_kill_allocating_task": ("vm/oom_kill_allocating_task", "int32_t", (-(2**31), 2**31 - 1)),
    "oom_dump_tasks": ("vm/oom_dump_tasks", "int32_t", (-(2**31), 2**31 - 1)),
    "admin_reserve_kbytes": ("vm/admin_reserve_kbytes", "uint64_t", (0, 2**64 - 1)),
    "user_reserve_kbytes": ("vm/user_reserve_kbytes", "uint64_t", (0, 2**64 - 1)),
    "panic_timeout": ("kernel/panic", "int32_t", (-(2**31), 2**31 - 1)),
}
MEMINFO = {  # in the order of the structure, and of the bits of `present`
    "mem_total_kb": "MemTotal",
    "mem_free_kb": "MemFree",
    "mem_available_kb": "MemAvailable",
    "swap_total_kb": "SwapTotal",
    "swap_free_kb": "SwapFree",
    "commit_limit_kb": "CommitLimit",
    "committed_as_kb": "Committed_AS",
    "hugepages_total": "HugePages_Total",
    "hugepagesize_kb": "Hugepagesize",
    "hugetlb_kb": "Hugetlb",
}
STEADY = ["mem_total_kb", "swap_total_kb", "commit_limit_kb", "hugepages_total", "hugepagesize_kb"]
U64_MAX = 2**64 - 1


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def run(include, new, call_by_name, text):
    """Prints a line for each function. The result is the program's exit status."""
    called, failed = set(), set()

    def call(name, *args):
        called.add(name)
        return call_by_name(name, *args)

    def expect(name, got, want):
        if got != want:
            print(f"FAIL {name}: {got!r}, not {want!r}")
            failed.add(name)

    with tempfile.TemporaryDirectory() as root:
        for check in base, knobs, processes, meminfo, commit_limit:
            check(call, expect, new, text, root, include)

    declared = set(re.findall(r"\boomctl_\w+(?=\()", read(include + "/oomctl.cdef.h")))
    for name in declared ^ called:
        print(f"FAIL {name}:", "not called" if name in declared else "not declared")
    failed |= declared ^ called
    print(*(f"PASS {name}" for name in sorted(called - failed)), sep="\n")
    print(f"{len(called - failed)} passed, {len(failed)} failed")
    return 1 if failed else 0
