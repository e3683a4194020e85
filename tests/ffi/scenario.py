# SPDX-License-Identifier: MIT
"""Calls every function of the library through a binding, which consists of

call(name, *args)   where None is NULL; the text of a `const char *` comes as bytes
new(type, count=1)  an array of a C type
view(array)         its bytes, to read and to write
text(member)        the bytes before the NUL, of a member that is an array of char
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
NUMBER = {knob: number for number, knob in enumerate(KNOBS, 1)}
BIT = {knob: 1 << number for knob, number in NUMBER.items()}
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
STRICT, CLAMP, NO_FLOOR, FREEZE = 1, 2, -1001, 1
STABLE, FROZEN = 1, 2
ENDED, BEGUN, PAUSED = 0, 1, 2
NONE, BELOW_FLOOR, USER_NAMESPACE, NO_KNOB, GONE = 0, 1, 2, 9, 10
BAD_VALUE, SECURITY_MODULE, CAUSES, MAYBE = 11, 13, 15, 1
PROCFS, SYS_RESOURCE = 1, 16
ACCEPT_RISKS, NO_HEADROOM, CONTAINERS = 1, 1, 16
SYSTEMD, PROCPS, DROPIN_MAX = 1, 2, 1024
CAP_SYS_RESOURCE = 24
INITIAL_USER_NAMESPACE = "user:[4026531837]"
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


def listed(name, *args, code=0, room=ROOM):
    """Processes, how many, and the report."""
    topic = "struct oomctl_" + name.split("_")[1]
    entries, count = binding.new(topic + "_entry", room), binding.new("size_t")
    report = binding.new(topic + "_report")
    sizes = size_of(topic + "_entry"), size_of(topic + "_report")
    gives(code, name, *args, entries, room, sizes[0], count, report, sizes[1])
    return entries, count[0], report[0]


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

    entries, count, report = listed(name, ctx, b"/a")
    pages = 100 * 1024 // PAGE_KB
    expect(name, (count, report.total_pages, report.rule), (1, pages, RULE_5_9))
    expect(name, report.flags, 1)  # no pid 1
    got = [getattr(entries[0], member) for member in ("pid", "uid", "oom_score", "start_ticks")]
    expect(name, got, [7, 5, 700, 77])
    expect(name, entries[0].badness_pages, 900 + 128 // PAGE_KB - 3 * (pages // 1000))
    expect(name, bytes(binding.view(entries)[:80])[-16:], b"a b".ljust(16, b"\0"))
    listed(name, ctx, b"/none", code=-errno.EOPNOTSUPP)
    listed(name, ctx, None, code=-errno.EINVAL)


def adjust_many(ctx, root):
    """Plain files: each value has as many characters as the one before."""
    name = "oomctl_adjust_cgroup"
    for pid, comm, parent in (7, "a b", 1), (8, "dockerd", 7), (9, "c", 1):
        process = f"{root}/proc/{pid}/"
        write(process + "oom_score_adj", "-3\n")
        behind = " 0" * 17 + f" {70 + pid} {pid * 2**20} 9\n"
        write(process + "stat", f"{pid} ({comm}) S {parent}" + behind)
    write(root + "/proc/self/cgroup", "0::/b\n")
    write(root + "/proc/self/status", f"Tgid:\t{os.getpid()}\n")
    write(root + "/sys/fs/cgroup/b/cgroup.procs", f"{os.getpid()}\n")
    write(root + "/sys/fs/cgroup/b/cgroup.freeze", "0\n")
    write(root + "/sys/fs/cgroup/a/cgroup.procs", "9\n7\n0\n")
    write(root + "/sys/fs/cgroup/cgroup.controllers", "memory\n")
    write(root + "/sys/fs/cgroup/a/cgroup.freeze", "0\n")
    write(root + "/sys/fs/cgroup/a/cgroup.events", "populated 1\nfrozen 1\n")

    def adjs():
        return [int(read(f"{root}/proc/{pid}/oom_score_adj")) for pid in (7, 8, 9)]

    def shown(entries, count):
        members = "pid", "code", "adj_before", "adj", "start_ticks"
        return [[getattr(entries[i], member) for member in members] for i in range(count)]

    for args in (None, 100, STRICT, 0), (b"a", 100, STRICT, 0), (b"/a", 1001, STRICT, 0):
        listed(name, ctx, *args, code=-errno.EINVAL)
    for args in (b"/a", 100, CLAMP + 1, 0), (b"/a", 100, STRICT, FREEZE << 1):
        listed(name, ctx, *args, code=-errno.EINVAL)
    listed(name, ctx, b"/none", 100, STRICT, 0, code=-errno.EOPNOTSUPP)
    listed(name, ctx, b"/b", 100, STRICT, FREEZE, code=-errno.EBUSY)
    expect(name, adjs(), [-3, -3, -3])

    entries, count, report = listed(name, ctx, b"/a", 100, CLAMP, FREEZE)
    expect(name, shown(entries, count), [[9, 0, -3, 100, 79], [7, 0, -3, 100, 77]])
    expect(name, (report.unlisted, report.foreign, report.gone), (0, 1, 0))
    expect(name, (report.passes, report.flags), (2, STABLE | FROZEN))
    expect(name, read(root + "/sys/fs/cgroup/a/cgroup.freeze"), "0\n")
    expect(name, adjs(), [100, -3, 100])

    name = "oomctl_adjust_tree"
    listed(name, ctx, -1, 200, STRICT, code=-errno.EINVAL)
    listed(name, ctx, 6, 200, STRICT, code=-errno.ESRCH)
    expect(name, adjs(), [100, -3, 100])
    entries, count, report = listed(name, ctx, 7, 200, STRICT, room=1)
    expect(name, (shown(entries, count), report.unlisted), ([[7, 0, 100, 200, 77]], 1))
    expect(name, adjs(), [200, -3, 100])
    entries, count, report = listed(name, ctx, 7, 300, STRICT)
    expect(name, shown(entries, count), [[7, 0, 200, 300, 77], [8, 0, -3, 300, 78]])
    expect(name, (report.unlisted, report.flags), (0, STABLE))
    expect(name, adjs(), [300, 300, 100])


def floors(ctx, root):
    """Whether there is one hangs on a capability, in the initial user namespace."""
    name, own = "oomctl_adjust_find_floor", root + "/proc/self/"
    write(own + "oom_score_adj", "-1000\n")
    write(root + "/proc/thread-self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t0000000001000000\n")
    os.mkdir(own + "ns")
    os.symlink(INITIAL_USER_NAMESPACE, own + "ns/user")
    expect(name, value(name, "int32_t", ctx), NO_FLOOR)
    os.unlink(own + "ns/user")
    os.symlink("user:[4026532000]", own + "ns/user")
    expect(name, value(name, "int32_t", ctx), -1000)
    gives(-errno.EINVAL, name, ctx, None)
    expect(name, read(own + "oom_score_adj"), "-1000\n")


def policy(**values):
    out = binding.new("struct oomctl_policy")
    for knob, number in values.items():
        setattr(out[0], knob, number)
        out[0].knobs |= BIT[knob]
    return out


def bytes_of(array):
    return binding.view(array)[:]


def put_machine(root):
    for knob, text in {
        "overcommit_memory": "0\n",
        "overcommit_ratio": "50\n",
        "overcommit_kbytes": "0\n",
        "panic_on_oom": "1\n",
        "oom_kill_allocating_task": "2\n",
        "oom_dump_tasks": "3\n",
        "admin_reserve_kbytes": f"{U64[1]}\n",
        "user_reserve_kbytes": "131072\n",
        "panic_timeout": "-1\n",
    }.items():
        write(root + "/proc/sys/" + KNOBS[knob][0], text)
    write(root + "/proc/meminfo", "MemTotal: 4029312 kB\nSwapTotal: 0 kB\n"
          "CommitLimit: 2000000 kB\nCommitted_AS: 4000000 kB\nHugetlb: 0 kB\n")


def tune(ctx, root):
    """A machine's policy is set, and undone."""
    look, check, apply = "oomctl_tune_read", "oomctl_tune_check", "oomctl_tune_apply"
    kind, kind_of_report = "struct oomctl_policy", "struct oomctl_tune_report"
    kind_of_steps = "struct oomctl_tune_steps"
    put_machine(root)
    before = filled(look, kind, ctx)
    expect(look, bytes_of(before), bytes_of(policy(
        overcommit_memory=0, overcommit_ratio=50, panic_on_oom=1, oom_kill_allocating_task=2,
        oom_dump_tasks=3, admin_reserve_kbytes=U64[1], user_reserve_kbytes=131072,
        panic_timeout=-1)))
    resizes(look, kind, ctx)

    wanted = policy(overcommit_memory=1, overcommit_ratio=60, user_reserve_kbytes=262144)
    drift = wanted[0].knobs
    report = filled(check, kind_of_report, ctx, wanted)[0]
    got = report.commit_limit_kb, report.committed_as_kb, report.headroom_kb
    limit = 4029312 // PAGE_KB * 60 // 100 * PAGE_KB
    expect(check, got, (limit, 4000000, limit - 4000000))
    expect(check, (report.drift, report.risks, report.largest_pid), (drift, 0, 0))
    resizes(check, kind_of_report, ctx, wanted)

    def applies(code, policy, flags):
        out = binding.new(kind_of_steps)
        gives(code, apply, ctx, policy, flags, out, size_of(kind_of_steps))
        return [getattr(out[0], member)
                for member in ("changed", "failed_knob", "failed_rollback", "risks")]

    expect(apply, applies(0, wanted, 0), [drift, 0, 0, 0])
    expect(apply, read(root + "/proc/sys/vm/user_reserve_kbytes"), "262144\n")
    expect(check, filled(check, kind_of_report, ctx, wanted)[0].drift, 0)
    expect(check, filled(check, kind_of_report, ctx, before)[0].drift, drift)
    expect(apply, applies(0, before, ACCEPT_RISKS), [drift, 0, 0, 0])
    expect(look, bytes_of(filled(look, kind, ctx)), bytes_of(before))
    resizes(apply, kind_of_steps, ctx, wanted, 0)
    expect(apply, applies(0, before, ACCEPT_RISKS), [drift, 0, 0, 0])

    # What it says on failure is filled in, too.
    strict = policy(overcommit_memory=2)
    report = filled(check, kind_of_report, ctx, strict)[0]
    got = report.largest_kb, report.largest_pid, report.container_pid, report.risks
    expect(check, got, (9 * 1024, 9, 8, NO_HEADROOM | CONTAINERS))
    expect(apply, applies(-errno.EBUSY, strict, 0), [0, 0, 0, NO_HEADROOM | CONTAINERS])
    strict[0].reserved = 1
    for wrong in None, policy(), strict, policy(overcommit_ratio=1, overcommit_kbytes=1):
        expect(apply, applies(-errno.EINVAL, wrong, 0), [0, 0, 0, 0])
    expect(apply, applies(-errno.EINVAL, wanted, ACCEPT_RISKS << 1), [0, 0, 0, 0])
    gives(-errno.EINVAL, check, ctx, strict, binding.new(kind_of_report), 48)
    expect(look, bytes_of(filled(look, kind, ctx)), bytes_of(before))
    os.unlink(root + "/proc/sys/kernel/panic")
    steps = applies(-errno.EOPNOTSUPP, before, 0)
    expect(apply, steps, [0, NUMBER["panic_timeout"], 0, 0])


def probe_files(ctx, root):
    """A machine without its first knob."""
    name = "oomctl_probe_read"
    os.unlink(root + "/proc/sys/vm/overcommit_memory")
    write(root + "/proc/self/cgroup", "0::/a\n")
    found = filled(name, "struct oomctl_probe", ctx)[0]
    got = binding.text(found.release_text), found.release, found.rule, found.vm_cause
    expect(name, got, (b"6.1.0", 0x60100, RULE_5_9, NO_KNOB))
    got = found.floor, found.cgroup_version, found.cgroup_limit_bytes
    expect(name, got, (-1000, 2, 104857600))
    got = found.computed_limit_kb, found.printed_limit_kb
    expect(name, got, (4029312 // 2, 2000000))


def tune_here():
    """The machine's is left as it is."""
    look, check = "oomctl_tune_read", "oomctl_tune_check"
    now = filled(look, "struct oomctl_policy", None)
    for knob, (path, _, _) in KNOBS.items():
        if now[0].knobs & BIT[knob]:
            expect(look, getattr(now[0], knob), int(read("/proc/sys/" + path)))
        else:
            expect(look, knob in ("overcommit_ratio", "overcommit_kbytes"), True)
    report = filled(check, "struct oomctl_tune_report", None, now)[0]
    kernel = filled("oomctl_meminfo_read", "struct oomctl_meminfo", None)[0]
    got = report.drift, report.risks, report.commit_limit_kb
    expect(check, got, (0, 0, kernel.commit_limit_kb))


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
    adjust_many(ctx, root)
    floors(ctx, root)
    tune(ctx, root)
    probe_files(ctx, root)
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


def floor_refusal():
    """What keeps this process from values below a floor."""
    held = int(re.search(r"CapEff:\s(\w+)", read("/proc/thread-self/status"))[1], 16)
    if not held >> CAP_SYS_RESOURCE & 1:
        return BELOW_FLOOR
    here = os.readlink("/proc/self/ns/user") == INITIAL_USER_NAMESPACE
    return NONE if here else USER_NAMESPACE


def limits(by, which, pid):
    """pid has an oom_score_adj of 1000, and gets it back."""
    path = f"/proc/{pid}/oom_score_adj"
    set_, move = f"oomctl_adjust_{by}", f"oomctl_adjust_{by}_by"
    out = binding.new("int32_t")
    out[0] = 7
    for args in (which, 1001, STRICT, out), (which, 999, 0, out), (which, 999, STRICT, None):
        gives(-errno.EINVAL, set_, None, *args)
    for args in (-1, -1, STRICT, out), (which, -1, CLAMP + 1, out), (which, -1, STRICT, None):
        gives(-errno.EINVAL, move, None, *args)
    expect(set_, (int(read(path)), out[0]), (1000, 7))

    expect(set_, value(set_, "int32_t", None, which, 999, STRICT), 999)
    lowest = value(set_, "int32_t", None, which, -1000, CLAMP)
    expect(set_, (int(read(path)), lowest < 999), (lowest, True))
    if lowest > -1000:
        gives(-errno.EACCES, set_, None, which, lowest - 1, STRICT, out)
        gives(-errno.EACCES, move, None, which, -1, STRICT, out)
        expect(set_, (int(read(path)), out[0]), (lowest, 7))
    expect(move, value(move, "int32_t", None, which, 200, STRICT), min(lowest + 200, 1000))
    expect(move, value(move, "int32_t", None, which, I32[0], CLAMP), lowest)
    expect(move, value(move, "int32_t", None, which, I32[1], STRICT), 1000)
    expect(move, int(read(path)), 1000)
    return lowest


def tree(pid):
    """pid has an oom_score_adj of 1000, and no children."""
    name = "oomctl_adjust_tree"
    entries, count, report = listed(name, None, pid, 1000, STRICT)
    got = [getattr(entries[0], member) for member in ("pid", "code", "adj_before", "adj")]
    expect(name, (count, got), (1, [pid, 0, 1000, 1000]))
    expect(name, (report.passes > 0, report.flags), (True, STABLE))
    entry, report = binding.new("struct oomctl_adjust_entry", 1), 40
    gives(-errno.EINVAL, name, None, pid, 1000, STRICT, entry, 1, 16, binding.new("size_t"),
          binding.new("struct oomctl_adjust_report"), report)


def own_floor():
    name, path = "oomctl_adjust_find_floor", "/proc/self/oom_score_adj"
    before = read(path)
    floor = value(name, "int32_t", None)
    expect(name, (floor <= int(before), floor == NO_FLOOR), (True, floor_refusal() == NONE))
    if floor > -1000:
        gives(-errno.EACCES, "oomctl_adjust_proc", None, 0, floor - 1, STRICT,
              binding.new("int32_t"))
    gives(-errno.EINVAL, name, None, None)
    expect(name, read(path), before)


def own_adj():
    return int(read("/proc/self/oom_score_adj"))


def explained(name, *args):
    why = filled(name, "struct oomctl_why", *args)[0]
    return why.cause, why.flags, binding.text(why.capability), binding.text(why.path)


def causes_of_process(pid, pidfd):
    """pid has an oom_score_adj of 1000."""
    path = f"/proc/{pid}/oom_score_adj".encode()
    for by, which in ("proc", pid), ("pidfd", pidfd):
        name = "oomctl_why_" + by
        expect(name, explained(name, None, which, 1000, 0), (NONE, 0, b"", path))
        for code in 0, -errno.EACCES:
            want = floor_refusal(), MAYBE if code == 0 else 0, b"CAP_SYS_RESOURCE", path
            if floor_refusal() == NONE:
                want = NONE if code == 0 else SECURITY_MODULE, 0, b"", path
            expect(name, explained(name, None, which, -1000, code), want)
        got = explained(name, None, which, 1001, -errno.EINVAL)
        expect(name, got, (BAD_VALUE, 0, b"", path))
        resizes(name, "struct oomctl_why", None, which, -1000, -errno.EACCES)
        gives(-errno.EINVAL, name, None, which, 1000, 1, binding.new("struct oomctl_why"), 72)
        gives(-errno.EINVAL, name, None, -1, 1000, 0, binding.new("struct oomctl_why"), 72)


def causes_of_machine():
    name = "oomctl_why_vm"
    free = os.access("/proc/sys/vm/overcommit_ratio", os.W_OK)
    args = None, NUMBER["overcommit_ratio"]
    path = b"/proc/sys/vm/overcommit_ratio"
    cause, *rest = explained(name, *args, 0)
    expect(name, (cause == NONE, rest), (free, [0, b"", path]))
    cause, *rest = explained(name, *args, -errno.EACCES)
    expect(name, (cause == SECURITY_MODULE, rest), (free, [0, b"", path]))
    expect(name, explained(name, *args, -errno.EINVAL), (BAD_VALUE, 0, b"", path))
    resizes(name, "struct oomctl_why", *args, -errno.EINVAL)
    for knob, code in (0, 0), (NUMBER["panic_timeout"] + 1, 0), (1, 1):
        gives(-errno.EINVAL, name, None, knob, code, binding.new("struct oomctl_why"), 72)

    name = "oomctl_why_sentence"
    gives(b"Nothing stands in the way.", name, NONE)
    gives(b"The process has ended: there is nothing to set.", name, GONE)
    gives(b"Not a cause of this library.", name, CAUSES)
    expect(name, len({call(name, cause) for cause in range(CAUSES + 1)}), CAUSES + 1)


def probe():
    name, kind = "oomctl_probe_read", "struct oomctl_probe"
    found = filled(name, kind, None)[0]
    text = os.uname().release
    expect(name, binding.text(found.release_text), text.encode())
    major, minor, patch = (int(re.match(r"\d*", part)[0] or 0)
                           for part in (text + ".0.0").split(".")[:3])
    expect(name, found.release, major << 16 | minor << 8 | min(patch, 255))
    expect(name, found.rule == RULE_5_9, release() >= (5, 9))
    expect(name, found.page_size, os.sysconf("SC_PAGESIZE"))
    expect(name, found.printed_limit_kb, filled(
        "oomctl_meminfo_read", "struct oomctl_meminfo", None)[0].commit_limit_kb)
    expect(name, found.computed_limit_kb, found.printed_limit_kb)
    expect(name, (found.vm_cause, 0, b""), explained("oomctl_why_vm", None, 1, 0)[:3])
    expect(name, found.floor, NO_FLOOR if floor_refusal() == NONE else own_adj())
    held = SYS_RESOURCE if floor_refusal() != BELOW_FLOOR else 0
    expect(name, found.flags & (PROCFS | SYS_RESOURCE), PROCFS | held)
    resizes(name, kind, None)


def in_child(body):
    """What it gives, in a child of fork()."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sender, repr(body()).encode())
        os._exit(0)
    os.close(sender)
    with open(receiver, encoding="ascii") as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result


def protect():
    begin, pause, resume, end, reset = (
        "oomctl_protect_" + verb for verb in ("begin", "pause", "resume", "end", "reset_child"))
    kind, now = "struct oomctl_guard", binding.new("int32_t")
    before, descriptors = own_adj(), os.listdir("/proc/self/fd")
    guard, size = binding.new(kind), size_of(kind)
    for args in (1001, STRICT, guard, size), (999, 0, guard, size), (999, STRICT, None, size), (
            999, STRICT, guard, size - 1):
        gives(-errno.EINVAL, begin, None, *args)
    for name, args in (pause, [999]), (resume, []), (end, [now]):
        gives(-errno.EINVAL, name, None, *args)
        gives(-errno.EINVAL, name, guard, *args)
    gives(-errno.EINVAL, reset, None, None)
    gives(-errno.EINVAL, reset, None, guard)
    expect(begin, (own_adj(), bytes_of(guard)), (before, bytes(size)))

    gives(0, begin, None, 999, STRICT, guard, size)
    expect(begin, own_adj(), 999)
    got = [getattr(guard[0], member) for member in ("saved_adj", "adj", "state", "pid")]
    expect(begin, got, [before, 999, BEGUN, os.getpid()])
    got = in_child(lambda: (call(reset, None, guard), own_adj(), call(end, guard, now)))
    expect(reset, got, repr((0, before, -errno.ESRCH)))
    expect(reset, own_adj(), 999)

    gives(-errno.EINVAL, pause, guard, 1001)
    gives(0, pause, guard, 1000)
    got = [getattr(guard[0], member) for member in ("paused_adj", "resume_adj", "state")]
    expect(pause, (own_adj(), got), (1000, [1000, 999, PAUSED]))
    expect(pause, in_child(own_adj), "1000")
    gives(-errno.EBUSY, pause, guard, 1000)
    gives(0, resume, guard)
    expect(resume, (own_adj(), guard[0].state), (999, BEGUN))
    gives(-errno.EINVAL, resume, guard)

    gives(-errno.EINVAL, end, guard, None)
    expect(end, (own_adj(), guard[0].state), (999, BEGUN))
    expect(end, value(end, "int32_t", guard), before)
    expect(end, (own_adj(), guard[0].state), (before, ENDED))
    gives(-errno.EINVAL, end, guard, now)
    expect(end, os.listdir("/proc/self/fd"), descriptors)


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


def rankings(pid):
    """pid has an oom_score_adj of 1000, and holds still."""
    task = filled("oomctl_predict_read_task_figures", "struct oomctl_task_figures", None, pid)
    for name in "oomctl_rank_scores", "oomctl_rank_victims":
        detailed = name.endswith("victims")
        entries, count, report = listed(name, None)
        expect(name, 0 < count <= report.processes, True)
        ours = [entries[i] for i in range(count) if entries[i].pid == pid]
        got = [(e.task.oom_score_adj, e.task.rss_pages, e.flags) for e in ours]
        expect(name, got, [(1000, task[0].rss_pages * detailed, int(detailed))])
        order = [entries[i].badness_pages if detailed else entries[i].oom_score
                 for i in range(count)]
        expect(name, order, sorted(order, reverse=True))

    name = "oomctl_rank_before"
    entries, count, report = listed(name, None, pid)
    expect(name, count <= report.ahead < report.processes, True)
    expect(name, [i for i in range(count) if entries[i].oom_score < 1000], [])
    listed(name, None, -1, code=-errno.EINVAL)

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
        lowest = limits("proc", child.pid, child.pid)
        expect("oomctl_adjust_pidfd", limits("pidfd", pidfd, child.pid), lowest)
        tree(child.pid)
        causes_of_process(child.pid, pidfd)
        predictions(child.pid)
        rankings(child.pid)
        expect("oomctl_gauge_read", value("oomctl_gauge_read", "int64_t", gauge), 1000)
    gives(-errno.ESRCH, "oomctl_gauge_read", gauge, binding.new("int64_t"))
    gives(None, "oomctl_gauge_close", gauge)
    gives(-errno.ESRCH, "oomctl_pidfd_get_oom_score", None, pidfd, binding.new("int32_t"))
    gives(-errno.ESRCH, "oomctl_pidfd_set_oom_score_adj", None, pidfd, 1000)
    gives(-errno.ESRCH, "oomctl_adjust_pidfd", None, pidfd, 1000, STRICT, binding.new("int32_t"))
    name = "oomctl_why_pidfd"
    expect(name, explained(name, None, pidfd, 1000, -errno.ESRCH)[:3], (GONE, 0, b""))
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


def dropin(root):
    render, parse = "oomctl_dropin_render", "oomctl_dropin_parse"
    kind, text = "struct oomctl_policy", binding.new("char", DROPIN_MAX)
    kept = policy(overcommit_memory=2, overcommit_ratio=80, admin_reserve_kbytes=U64[1],
                  panic_timeout=-1)
    length = value(render, "size_t", kept, text, DROPIN_MAX)
    rendered = binding.view(text)[:length]
    expect(render, rendered.splitlines()[1:], [
        b"kernel.panic = -1",
        b"vm.admin_reserve_kbytes = 18446744073709551615",
        b"vm.overcommit_ratio = 80",
        b"vm.overcommit_memory = 2",
    ])
    expect(render, binding.view(text)[length:], bytes(DROPIN_MAX - length))
    small, out = binding.new("char", DROPIN_MAX), binding.new("size_t")
    gives(-errno.ERANGE, render, kept, small, length, out)
    both = policy(overcommit_ratio=1, overcommit_kbytes=1)
    for args in (None, small, 9, out), (kept, None, 9, out), (kept, small, 9, None), (
            both, small, DROPIN_MAX, out):
        gives(-errno.EINVAL, render, *args)
    expect(render, (bytes_of(small), out[0]), (bytes(DROPIN_MAX), 0))

    expect(parse, bytes_of(filled(parse, kind, rendered, length)), bytes_of(kept))
    expect(parse, filled(parse, kind, None, 0)[0].knobs, 0)
    resizes(parse, kind, rendered, length)
    got = policy()
    gives(-errno.EINVAL, parse, None, 1, got, size_of(kind))
    for line, code in (b"= 0x10", -errno.EBADMSG), (b"= 2147483648", -errno.ERANGE):
        line = b"vm.overcommit_ratio " + line
        gives(code, parse, line, len(line), got, size_of(kind))
    expect(parse, bytes_of(got), bytes(size_of(kind)))
    dropin_files(root + "/etc/sysctl.d/90-oom.conf", rendered, kept)
    dropin_find(root, root + "/etc/sysctl.d/90-oom.conf")


def dropin_files(path, rendered, kept):
    put, get, kind = "oomctl_dropin_write", "oomctl_dropin_read", "struct oomctl_policy"
    gives(-errno.EOPNOTSUPP, put, path.encode(), kept)
    os.makedirs(os.path.dirname(path))
    gives(-errno.EINVAL, put, None, kept)
    gives(-errno.EINVAL, put, path.encode(), None)
    gives(-errno.EOPNOTSUPP, get, path.encode(), policy(), size_of(kind))
    expect(put, os.listdir(os.path.dirname(path)), [])

    gives(0, put, path.encode(), kept)
    expect(put, (read(path), os.stat(path).st_mode & 0o777), (rendered.decode(), 0o644))
    expect(put, os.listdir(os.path.dirname(path)), [os.path.basename(path)])
    expect(get, bytes_of(filled(get, kind, path.encode())), bytes_of(kept))
    resizes(get, kind, path.encode())
    gives(-errno.EINVAL, get, None, policy(), size_of(kind))


def dropin_find(root, dropin_path):
    """procps reads another file later."""
    name, kind = "oomctl_dropin_find", "struct oomctl_policy"
    room, size = len(root) + 300, size_of(kind)
    write(root + "/etc/sysctl.conf", "vm.overcommit_ratio = 90\n")
    ratio = NUMBER["overcommit_ratio"]
    for loader, number, path in (SYSTEMD, 80, dropin_path), (
            PROCPS, 90, root + "/etc/sysctl.conf"):
        out, found = policy(), binding.new("char", room)
        gives(0, name, root.encode(), loader, ratio, out, size, found, room)
        expect(name, bytes_of(out), bytes_of(policy(overcommit_ratio=number)))
        expect(name, bytes_of(found).split(b"\0")[0], path.encode())

    out, found = policy(), binding.new("char", room)
    unset = NUMBER["oom_dump_tasks"]
    gives(-errno.EOPNOTSUPP, name, root.encode(), SYSTEMD, unset, out, size, found, room)
    gives(-errno.ERANGE, name, root.encode(), SYSTEMD, ratio, out, size, found, 9)
    for args in (0, ratio, out, size, found, room), (SYSTEMD, 0, out, size, found, room), (
            SYSTEMD, ratio, None, size, found, room), (SYSTEMD, ratio, out, 0, found, room), (
            SYSTEMD, ratio, out, size, None, room):
        gives(-errno.EINVAL, name, root.encode(), *args)
    expect(name, (bytes_of(out), bytes_of(found)), (bytes(size), bytes(room)))


def run(binding_, include):
    """Prints a line for each function; returns the program's exit status."""
    global binding
    binding = binding_
    texts(include)
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(root + "/sys")
        os.mkdir(root + "/proc")
        contexts(root)
    with tempfile.TemporaryDirectory() as root:
        dropin(root)
    tune_here()
    own_floor()
    protect()
    probe()
    causes_of_machine()
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
