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


def contexts(root):
    before = os.listdir("/proc/self/fd")
    proc, sys = os.fsencode(root + "/proc"), os.fsencode(root + "/sys")
    gives(-errno.EINVAL, "oomctl_ctx_new", proc, sys, None)
    out = binding.new("struct oomctl_ctx *")
    gives(-errno.EOPNOTSUPP, "oomctl_ctx_new", proc, sys + b"/none", out)

    ctx = value("oomctl_ctx_new", "struct oomctl_ctx *", proc, sys)
    expect("oomctl_ctx_new", len(os.listdir("/proc/self/fd")), len(before) + 2)
    knobs(ctx, root + "/proc/sys/")
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


def processes():
    get = "oomctl_proc_get_oom_score_adj"
    expect(get, value(get, "int32_t", None, 0), int(read("/proc/self/oom_score_adj")))

    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        pidfd = os.pidfd_open(child.pid)
        for by, which, adj in ("proc", child.pid, 999), ("pidfd", pidfd, 1000):
            scores(f"oomctl_{by}_get_oom_score", which, child.pid)
            adjustments(
                f"oomctl_{by}_get_oom_score_adj",
                f"oomctl_{by}_set_oom_score_adj",
                which,
                child.pid,
                adj,
            )
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

    declared = set(re.findall(r"\boomctl_\w+(?=\()", read(include + "/oomctl.cdef.h")))
    for name in declared ^ called:
        expect(name, name in called, name in declared)
    print(*(f"PASS {name}" for name in sorted(called - failed)), sep="\n")
    print(f"{len(called - failed)} passed, {len(failed)} failed")
    return len(failed) > 0
