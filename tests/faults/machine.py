# SPDX-License-Identifier: MIT
"""Machines of plain files, on which every call goes well."""

import os
import pathlib

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
OLD_MEMINFO = MEM_TOTAL + "SwapTotal: 0 kB\nCommitted_AS: 1000 kB\nHugePages_Total: 3\nHugepagesize: 2048 kB\n"
MEMINFO = OLD_MEMINFO + "Hugetlb: 6144 kB\n"
DROPIN = "vm.oom_dump_tasks = 3\nkernel.panic = 3\n"
PIDS = 8, 9, 10
FIT = 2  # in the array of a ranking
STAT = "%d (a b) S" + " 0" * 18 + " 77 0 %d" + " 0" * 28 + "\n"  # start and pages of RAM
MAPPING = "00400000-00452000 rw-p 00000000 00:00 0\nSize: 328 kB\nVmFlags: rd wr mr mw me ac\n"
STATUS = "Name:\ta b\nUid:\t1000\t1000\t1000\t1000\n"
MEMORY = "VmRSS:\t%d kB\nVmPTE:\t40 kB\nVmSwap:\t0 kB\n"
CAPABILITIES = "CapEff:\t0000000000200000\n"
# Behind a comma a case is named, of the call before it. Each has a machine of its own.
OLD_KERNEL, ENDED, TIED = ", old kernel", ", main thread ended", ", tied"
CGROUP_V1, CGROUP_V2 = ", v1", ", v2"


def make_process(put, where, pid, score, status):
    put(f"{where}/oom_score", f"{score}\n")
    put(f"{where}/oom_score_adj", "0\n")
    put(f"{where}/stat", STAT % (pid, 100 * pid))
    put(f"{where}/status", status)


def make_processes(put, name):
    tied = name.endswith(TIED) or name == "rank_before"
    whole = STATUS + MEMORY % 4000 + CAPABILITIES
    for pid in PIDS[:1] if name == "adjust_tree" else PIDS:
        make_process(put, f"proc/{pid}", pid, 700 if tied else 690 + pid, whole)
        put(f"proc/{pid}/cgroup", "4:memory:/a\n" if name.endswith(CGROUP_V1) else "0::/a/b\n")
    make_process(put, "proc/self", 7, 700, whole)
    for own in "self", "thread-self":
        put(f"proc/{own}/status", whole)
        put(f"proc/{own}/cgroup", "0::/b\n")
    if name == "adjust_find_floor":
        put("proc/self/oom_score_adj", "-1000\n")
    if name.endswith(ENDED):
        put(f"proc/{PIDS[0]}/status", STATUS + CAPABILITIES)
        make_process(put, f"proc/{PIDS[0]}/task/81", 81, 700, whole)


def make_machine(root, name):
    def put(path, text):
        path = pathlib.Path(root, path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    for path in KNOBS.values():
        put("proc/sys/" + path, OLD_KNOB)
    put("proc/meminfo", OLD_MEMINFO if name.endswith(OLD_KERNEL) else MEMINFO)
    put("proc/sys/kernel/osrelease", "6.1.0\n")
    put("proc/sys/vm/swappiness", "60\n")
    for size_kb, count in (2048, 3), (1048576, 0):
        put(f"sys/kernel/mm/hugepages/hugepages-{size_kb}kB/nr_hugepages", f"{count}\n")
    put("sys/devices/system/cpu/present", "0-1\n")

    put("etc/sysctl.d/50-oom.conf", DROPIN)
    put("usr/lib/sysctl.d/10-other.conf", "kernel.panic = 7\n")
    make_processes(put, name)
    for own in "self", "thread-self":
        put(f"proc/{own}/statm", "1000 100 10 1 0 100 0\n")
        put(f"proc/{own}/smaps", MAPPING)
    os.makedirs(f"{root}/proc/self/ns")
    os.symlink("user:[4026531837]", f"{root}/proc/self/ns/user")
    if name.endswith(CGROUP_V1):
        limits = ["memory/a/memory." + n for n in ("limit_in_bytes", "memsw.limit_in_bytes")]
        put("sys/fs/cgroup/memory/a/memory.swappiness", "60\n")
    else:
        limits = ["a/memory.max", "a/memory.swap.max"]
    for limit in limits:
        put("sys/fs/cgroup/" + limit, "104857600\n")
    put("sys/fs/cgroup/a/cgroup.events", "populated 1\nfrozen 1\n")
    put("sys/fs/cgroup/a/cgroup.freeze", "0\n")
    put("sys/fs/cgroup/b/cgroup.procs", "")  # of the driver, which fills it
    put("sys/fs/cgroup/a/cgroup.procs", f"{PIDS[0]}\n")
    put("sys/fs/cgroup/cgroup.controllers", "memory\n")
