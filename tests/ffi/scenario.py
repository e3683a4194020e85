# SPDX-License-Identifier: MIT
"""Calls every function of the library through a binding, which consists of

call(name, *args)   where None is NULL; the text of a `const char *` comes as bytes
new(type, count=1)  an array of a C type
view(array)         its bytes, to read and to write
"""

import errno
import os
import re
import subprocess
import tempfile

I32 = (-(2**31), 2**31 - 1)
U64 = (0, 2**64 - 1)
KNOBS = {  # file, type, least and greatest value to set
    "overcommit_memory": ("vm/overcommit_memory", "enum oomctl_overcommit", (0, 2)),
    "overcommit_ratio": ("vm/overcommit_ratio", "int32_t", (0, I32[1])),
    "overcommit_kbytes": ("vm/overcommit_kbytes", "uint64_t", U64),
    "panic_on_oom": ("vm/panic_on_oom", "enum oomctl_panic", (0, 2)),
    "oom_kill_allocating_task": ("vm/oom_kill_allocating_task", "int32_t", I32),
    "oom_dump_tasks": ("vm/oom_dump_tasks", "int32_t", I32),
    "admin_reserve_kbytes": ("vm/admin_reserve_kbytes", "uint64_t", U64),
    "user_reserve_kbytes": ("vm/user_reserve_kbytes", "uint64_t", U64),
    "panic_timeout": ("kernel/panic", "int32_t", I32),
}
MEMINFO = {  # in the order of the bits of `present`
    "mem_total_kb": "MemTotal: %d kB",
    "mem_free_kb": "MemFree: %d kB",
    "mem_available_kb": "MemAvailable: %d kB",
    "swap_total_kb": "SwapTotal: %d kB",
    "swap_free_kb": "SwapFree: %d kB",
    "commit_limit_kb": "CommitLimit: %d kB",
    "committed_as_kb": "Committed_AS: %d kB",
    "hugepages_total": "HugePages_Total: %d",
    "hugepagesize_kb": "Hugepagesize: %d kB",
    "hugetlb_kb": "Hugetlb: %d kB",
}
PAGE_KB = os.sysconf("SC_PAGESIZE") // 1024
RULE_5_9, OOM_SCORE, OOM_SCORE_ADJ, OVERCOMMIT_MEMORY = 5, 1, 2, 1
GRANTED, REFUSED = 0, 1
# A process of 37 MB, as Linux 6.1 shows it on a machine of this many pages.
TOTAL, FOOTPRINT = 250555, 9530
OOM_SCORES = {
    -1000: 0, -999: 28, -500: 360, -1: 691, 0: 692, 1: 692, 500: 1024, 999: 1356, 1000: 1356,
}
ROOM = 4096  # for processes
STEADY = "mem_total_kb", "swap_total_kb", "commit_limit_kb", "hugepages_total"

binding = None
called, failed = set(), set()


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def call(name, *args):
    called.add(name)
    return binding.call(name, *args)


def expect(name, got, want):
    if got != want:
        print(f"FAIL {name}: {got!r}, not {want!r}")
        failed.add(name)


def gives(want, name, *args):
    expect(name, call(name, *args), want)


def value(name, type_name, *args):
    """What a getter gives."""
    out = binding.new(type_name)
    gives(0, name, *args, out)
    return out[0]


def values(name, type_names, *args):
    """What a call with several outputs gives."""
    outs = [binding.new(type_name) for type_name in type_names]
    gives(0, name, *args, *outs)
    return [out[0] for out in outs]


def size_of(type_name):
    return len(binding.view(binding.new(type_name)))


def texts(include):
    parts = re.findall(r"OOMCTL_VERSION_[A-Z]+ (\d+)", read(include + "/base.h"))
    gives(".".join(parts).encode(), "oomctl_version")
    gives(b"Success.", "oomctl_strerror", 0)
    gives(b"Out of memory.", "oomctl_strerror", -errno.ENOMEM)
    gives(b"Not a result of this library.", "oomctl_strerror", 1)


def knobs(ctx, root):
    """The machine's are only read; those below the root start empty, as nothing truncates them."""
    for knob, (path, type_name, values) in KNOBS.items():
        get, set_ = "oomctl_vm_get_" + knob, "oomctl_vm_set_" + knob
        gives(-errno.EINVAL, get, None, None)
        expect(get, value(get, type_name, None), int(read("/proc/sys/" + path)))
        for number in values:
            write(root + path, "")
            gives(0, set_, ctx, number)
            expect(set_, int(read(root + path)), number)
            expect(get, value(get, type_name, ctx), number)


def cgroup(ctx, root):
    name, process = "oomctl_rank_cgroup", root + "/proc/7/"
    write(process + "oom_score", "700\n")
    write(process + "oom_score_adj", "-3\n")
    write(process + "stat", "7 (a b) S" + " 0" * 18 + " 77 0 900\n")
    write(process + "status", "Uid:\t5\t5\t5\t5\nVmRSS:\t1024 kB\nVmPTE:\t128 kB\n")
    write(process + "cgroup", "0::/a/b\n")
    write(root + "/proc/meminfo", "MemTotal: 4029312 kB\n")
    write(root + "/proc/sys/kernel/osrelease", "6.1.0\n")
    write(root + "/proc/sys/vm/swappiness", "60\n")
    write(root + "/sys/fs/cgroup/a/memory.max", "104857600\n")

    entries, count, report = rank(name, ctx, b"/a")
    pages = 100 * 1024 // PAGE_KB
    expect(name, (count, report.total_pages, report.rule), (1, pages, RULE_5_9))
    expect(name, report.flags, 1)  # no pid 1
    got = [getattr(entries[0], member) for member in ("pid", "uid", "oom_score", "start_ticks")]
    expect(name, got, [7, 5, 700, 77])
    expect(name, entries[0].badness_pages, 900 + 128 // PAGE_KB - 3 * (pages // 1000))
    expect(name, bytes(binding.view(entries)[:80])[-16:], b"a b".ljust(16, b"\0"))
    rank(name, ctx, b"/none", code=-errno.EOPNOTSUPP)
    rank(name, ctx, None, code=-errno.EINVAL)


def contexts(root):
    before = os.listdir("/proc/self/fd")
    proc, sys = os.fsencode(root + "/proc"), os.fsencode(root + "/sys")
    gives(-errno.EINVAL, "oomctl_ctx_new", proc, sys, None)
    out = binding.new("struct oomctl_ctx *")
    gives(-errno.EOPNOTSUPP, "oomctl_ctx_new", proc, sys + b"/none", out)

    ctx = value("oomctl_ctx_new", "struct oomctl_ctx *", proc, sys)
    expect("oomctl_ctx_new", len(os.listdir("/proc/self/fd")), len(before) + 2)
    knobs(ctx, root + "/proc/sys/")
    cgroup(ctx, root)
    gives(None, "oomctl_ctx_free", ctx)
    gives(None, "oomctl_ctx_free", None)
    expect("oomctl_ctx_free", os.listdir("/proc/self/fd"), before)


def scores(get, which, pid):
    """A score changes with the process's memory: it has to be that of before or after."""
    path = f"/proc/{pid}/oom_score"
    before, got, after = int(read(path)), value(get, "int32_t", None, which), int(read(path))
    expect(get, got in (before, after), True)
    gives(-errno.EINVAL, get, None, which, None)


def adjustments(get, set_, which, pid, adj):
    path = f"/proc/{pid}/oom_score_adj"
    gives(-errno.EINVAL, set_, None, which, 1001)
    gives(0, set_, None, which, adj)
    expect(set_, int(read(path)), adj)
    expect(get, value(get, "int32_t", None, which), adj)
    gives(-errno.EINVAL, get, None, which, None)


def open_gauges(pid, pidfd):
    """The one that is given back shows the oom_score_adj."""
    name, kind = "oomctl_gauge_open_vm", "struct oomctl_gauge *"
    gives(-errno.EINVAL, name, None, 0, binding.new(kind))
    knob = value(name, kind, None, OVERCOMMIT_MEMORY)
    shown = value("oomctl_gauge_read", "int64_t", knob)
    expect("oomctl_gauge_read", shown, int(read("/proc/sys/vm/overcommit_memory")))
    gives(None, "oomctl_gauge_close", knob)
    gives(None, "oomctl_gauge_close", None)

    name = "oomctl_gauge_open_proc"
    gives(-errno.EINVAL, name, None, 0, OOM_SCORE, binding.new(kind))
    score = value(name, kind, None, pid, OOM_SCORE)
    before, got, after = (int(read(f"/proc/{pid}/oom_score")),
                          value("oomctl_gauge_read", "int64_t", score),
                          int(read(f"/proc/{pid}/oom_score")))
    expect(name, got in (before, after), True)
    gives(None, "oomctl_gauge_close", score)

    name = "oomctl_gauge_open_pidfd"
    gives(-errno.EINVAL, name, None, -1, OOM_SCORE_ADJ, binding.new(kind))
    return value(name, kind, None, pidfd, OOM_SCORE_ADJ)


def release():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def predictions(pid):
    """pid has an oom_score_adj of 1000, and holds still."""
    rule = value("oomctl_predict_read_score_rule", "enum oomctl_score_rule", None)
    expect("oomctl_predict_read_score_rule", rule == RULE_5_9, release() >= (5, 9))
    total = value("oomctl_predict_read_total_pages", "uint64_t", None)
    kernel = filled("oomctl_meminfo_read", "struct oomctl_meminfo", None)[0]
    expect("oomctl_predict_read_total_pages", total * PAGE_KB,
           kernel.mem_total_kb + kernel.swap_total_kb)

    name, kind = "oomctl_predict_read_task_figures", "struct oomctl_task_figures"
    task = filled(name, kind, None, pid)
    expect(name, (task[0].oom_score_adj, task[0].flags & 1), (1000, 0))
    resizes(name, kind, None, pid)

    name = "oomctl_predict_oom_score"
    shown = int(read(f"/proc/{pid}/oom_score"))
    expect(name, value(name, "int32_t", None, pid, 1000), shown)
    expect(name, value(name, "int32_t", None, pid, -1000), 0)
    gives(-errno.EINVAL, name, None, pid, 1001, binding.new("int32_t"))


def rank(name, *args, code=0):
    """Processes, how many, and the report."""
    entries, count = binding.new("struct oomctl_rank_entry", ROOM), binding.new("size_t")
    report = binding.new("struct oomctl_rank_report")
    sizes = size_of("struct oomctl_rank_entry"), size_of("struct oomctl_rank_report")
    gives(code, name, *args, entries, ROOM, sizes[0], count, report, sizes[1])
    return entries, count[0], report[0]


def rankings(pid):
    """pid has an oom_score_adj of 1000, and holds still."""
    task = filled("oomctl_predict_read_task_figures", "struct oomctl_task_figures", None, pid)
    for name in "oomctl_rank_scores", "oomctl_rank_victims":
        detailed = name.endswith("victims")
        entries, count, report = rank(name, None)
        expect(name, 0 < count <= report.processes, True)
        ours = [entries[i] for i in range(count) if entries[i].pid == pid]
        got = [(e.task.oom_score_adj, e.task.rss_pages, e.flags) for e in ours]
        expect(name, got, [(1000, task[0].rss_pages * detailed, int(detailed))])
        order = [entries[i].badness_pages if detailed else entries[i].oom_score
                 for i in range(count)]
        expect(name, order, sorted(order, reverse=True))

    name = "oomctl_rank_before"
    entries, count, report = rank(name, None, pid)
    expect(name, count <= report.ahead < report.processes, True)
    expect(name, [i for i in range(count) if entries[i].oom_score < 1000], [])
    rank(name, None, -1, code=-errno.EINVAL)

    name, kind = "oomctl_rank_process", "struct oomctl_rank_entry"
    entry = filled(name, kind, None, pid)[0]
    got = entry.pid, entry.task.rss_pages, entry.flags
    expect(name, got, (pid, task[0].rss_pages, 1))
    gives(-errno.EINVAL, name, None, -1, binding.new(kind), size_of(kind))


def processes():
    get = "oomctl_proc_get_oom_score_adj"
    expect(get, value(get, "int32_t", None, 0), int(read("/proc/self/oom_score_adj")))

    pipe = subprocess.PIPE
    with subprocess.Popen(["cat"], stdin=pipe, stdout=pipe, bufsize=0) as child:
        child.stdin.write(b"x")
        child.stdout.read(1)  # from here on it holds still
        pidfd = os.pidfd_open(child.pid)
        gauge = open_gauges(child.pid, pidfd)
        for by, which, adj in ("proc", child.pid, 999), ("pidfd", pidfd, 1000):
            scores(f"oomctl_{by}_get_oom_score", which, child.pid)
            adjustments(
                f"oomctl_{by}_get_oom_score_adj",
                f"oomctl_{by}_set_oom_score_adj",
                which,
                child.pid,
                adj,
            )
        predictions(child.pid)
        rankings(child.pid)
        expect("oomctl_gauge_read", value("oomctl_gauge_read", "int64_t", gauge), 1000)
    gives(-errno.ESRCH, "oomctl_gauge_read", gauge, binding.new("int64_t"))
    gives(None, "oomctl_gauge_close", gauge)
    gives(-errno.ESRCH, "oomctl_pidfd_get_oom_score", None, pidfd, binding.new("int32_t"))
    gives(-errno.ESRCH, "oomctl_pidfd_set_oom_score_adj", None, pidfd, 1000)
    os.close(pidfd)


def resizes(name, type_name, *args):
    """A smaller structure receives what it has room for, a larger one zeros behind."""
    size = size_of(type_name)
    out = binding.new(type_name, 2)
    view = binding.view(out)
    gives(-errno.EINVAL, name, *args, None, size)
    gives(-errno.EINVAL, name, *args, out, 0)
    for room, rest in (8, b"\xff" * (2 * size - 8)), (2 * size, bytes(size)):
        view[:] = b"\xff" * len(view)
        gives(0, name, *args, out, room)
        expect(name, view[-len(rest) :], rest)
        expect(name, view[:8] == b"\xff" * 8, False)


def filled(name, type_name, *args):
    out = binding.new(type_name)
    gives(0, name, *args, out, size_of(type_name))
    return out


def members(array):
    return {member: getattr(array[0], member) for member in MEMINFO}


def meminfo():
    kind = "struct oomctl_meminfo"
    numbers = {member: U64[1] - i for i, member in enumerate(MEMINFO)}
    text = "".join(MEMINFO[member] % number + "\n" for member, number in numbers.items())
    args = "oomctl_meminfo_parse", kind, text.encode(), len(text)
    parsed = filled(*args)
    expect("oomctl_meminfo_parse", members(parsed), numbers)
    expect("oomctl_meminfo_parse", parsed[0].present, 2 ** len(MEMINFO) - 1)
    resizes(*args)

    args = "oomctl_meminfo_read", kind, None
    lines = re.sub(" +", " ", read("/proc/meminfo")).splitlines()
    now = members(filled(*args))
    for member in STEADY:
        expect("oomctl_meminfo_read", MEMINFO[member] % now[member] in lines, True)
    resizes(*args)


def commit_limit():
    kind, name = "struct oomctl_commit_figures", "oomctl_meminfo_read_commit_figures"
    figures = filled(name, kind, None)
    expect(name, figures[0].page_size, os.sysconf("SC_PAGESIZE"))
    resizes(name, kind, None)

    kernel = filled("oomctl_meminfo_read", "struct oomctl_meminfo", None)
    name, inverse = "oomctl_calc_commit_limit", "oomctl_calc_overcommit_ratio"
    expect(name, value(name, "uint64_t", figures), kernel[0].commit_limit_kb)
    gives(-errno.EINVAL, name, None, binding.new("uint64_t"))
    gives(-errno.EINVAL, name, figures, None)
    gives(-errno.EINVAL, inverse, figures, 0, None)

    binding.view(figures)[:] = bytes(size_of(kind))
    figures[0].mem_total_kb = 4029312
    figures[0].page_size = 4096
    for ratio, limit in (50, 2014656), (100, 4029312), (I32[1], 86528816286608):
        figures[0].overcommit_ratio = ratio
        expect(name, value(name, "uint64_t", figures), limit)
        expect(inverse, value(inverse, "int32_t", figures, limit), ratio)
    gives(-errno.ERANGE, inverse, figures, limit + 1, binding.new("int32_t"))


def oom_scores():
    task = binding.new("struct oomctl_task_figures", 3)
    name, badness_of = "oomctl_calc_oom_score", "oomctl_calc_badness"
    task[0].rss_pages, task[0].pgtable_pages = FOOTPRINT - 30, 30
    for adj, score in OOM_SCORES.items():
        task[0].oom_score_adj = adj
        expect(name, value(name, "int32_t", RULE_5_9, task, TOTAL), score)
        badness = FOOTPRINT + adj * (TOTAL // 1000) if adj > -1000 else -(2**63)
        expect(badness_of, value(badness_of, "int64_t", RULE_5_9, task, TOTAL), badness)
    gives(-errno.EINVAL, name, RULE_5_9, None, TOTAL, binding.new("int32_t"))
    gives(-errno.EINVAL, badness_of, RULE_5_9 + 1, task, TOTAL, binding.new("int64_t"))

    name, outs = "oomctl_calc_badness_of_oom_score", ("int64_t", "int64_t")
    expect(name, values(name, outs, RULE_5_9, 1024, TOTAL), [134298, 134798])
    gives(-errno.EINVAL, name, RULE_5_9, -1, TOTAL, *map(binding.new, outs))
    name, outs = "oomctl_calc_footprint_of_oom_score", ("uint64_t", "uint64_t")
    expect(name, values(name, outs, RULE_5_9, 1024, 500, 0, TOTAL), [9298, 9798])
    gives(-errno.ERANGE, name, RULE_5_9, 1024, -1000, 0, TOTAL, *map(binding.new, outs))


def choices():
    tasks = binding.new("struct oomctl_task_figures", 3)
    for i, (rss, adj) in enumerate([(90000, -500), (2000, 0), (1000, 300)]):
        tasks[i].rss_pages, tasks[i].oom_score_adj = rss, adj
    name, outs = "oomctl_calc_victim", ("size_t", "int64_t")
    expect(name, values(name, outs, RULE_5_9, tasks, 3, TOTAL), [2, 74000])
    gives(-errno.ESRCH, name, RULE_5_9, tasks, 0, TOTAL, *map(binding.new, outs))

    below, above = "oomctl_calc_oom_score_adj_below", "oomctl_calc_oom_score_adj_above"
    expect(below, value(below, "int32_t", RULE_5_9, tasks, TOTAL, 2000), -353)
    tasks[0].rss_pages = 2000
    expect(above, value(above, "int32_t", RULE_5_9, tasks, TOTAL, 90000), 353)
    for name, badness in (below, -(2**63)), (above, 2**63 - 1):
        gives(-errno.ERANGE, name, RULE_5_9, tasks, TOTAL, badness, binding.new("int32_t"))


def grants():
    kind, outs = "struct oomctl_grant_figures", ("enum oomctl_verdict", "int64_t")
    name = "oomctl_predict_read_grant_figures"
    figures = filled(name, kind, None)
    policy = int(read("/proc/sys/vm/overcommit_memory"))
    expect(name, (figures[0].overcommit_memory, figures[0].commit.page_size),
           (policy, PAGE_KB * 1024))
    resizes(name, kind, None)

    name = "oomctl_predict_commit"
    verdict, margin = values(name, outs, None, 2**50)
    if policy == 1:
        expect(name, (verdict, margin), (GRANTED, 2**63 - 1))
    elif policy == 2 or release() >= (5, 2):
        expect(name, (verdict, margin < 0), (REFUSED, True))
    gives(-errno.EINVAL, name, None, 4, None, None)
    name = "oomctl_predict_fork"
    verdict, margin = values(name, outs, None)
    if policy == 0 and release() >= (5, 2):
        expect(name, (verdict, margin > 0), (GRANTED, True))
    gives(-errno.EINVAL, name, None, None, None)

    binding.view(figures)[:] = bytes(size_of(kind))
    figures[0].commit.mem_total_kb, figures[0].commit.page_size = 4029312, 4096
    figures[0].cpus = 2
    name, most = "oomctl_calc_grant", "oomctl_calc_grant_max"
    expect(name, values(name, outs, figures, 4029312), [GRANTED, 0])
    expect(name, values(name, outs, figures, 4029313), [REFUSED, -4])
    expect(most, value(most, "uint64_t", figures), 4029312)
    bound = "oomctl_calc_grant_bound"
    expect(bound, value(bound, "uint64_t", figures, 4), 0)
    figures[0].overcommit_memory, figures[0].commit.overcommit_ratio = 2, 50
    expect(bound, value(bound, "uint64_t", figures, 4), 2 * (1967 - 1) * 4)
    gives(-errno.EINVAL, bound, figures, 4, None)
    figures[0].overcommit_memory = 1
    expect(most, value(most, "uint64_t", figures), U64[1])
    gives(-errno.EINVAL, name, None, 4, *map(binding.new, outs))
    gives(-errno.EINVAL, most, figures, None)


def run(binding_, include):
    """Prints a line for each function; returns the program's exit status."""
    global binding
    binding = binding_
    texts(include)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(root + "/sys")
        os.mkdir(root + "/proc")
        contexts(root)
    processes()
    meminfo()
    commit_limit()
    oom_scores()
    choices()
    grants()

    declared = set(re.findall(r"\boomctl_\w+(?=\()", read(include + "/oomctl.cdef.h")))
    for name in declared ^ called:
        expect(name, name in called, name in declared)
    print(*(f"PASS {name}" for name in sorted(called - failed)), sep="\n")
    print(f"{len(called - failed)} passed, {len(failed)} failed")
    return len(failed) > 0
