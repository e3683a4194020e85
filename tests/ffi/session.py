# SPDX-License-Identifier: MIT
"""What every binding does: all calls of the library, on a root of its own and on itself."""

import errno
import os
import re
import subprocess
import tempfile
from pathlib import Path

I32_KNOBS = {
    "overcommit_memory": ("vm/overcommit_memory", 2),
    "overcommit_ratio": ("vm/overcommit_ratio", 2**31 - 1),
    "panic_on_oom": ("vm/panic_on_oom", 1),
    "oom_kill_allocating_task": ("vm/oom_kill_allocating_task", -1),
    "oom_dump_tasks": ("vm/oom_dump_tasks", 7),
    "panic_timeout": ("kernel/panic", -2),
}
U64_KNOBS = {
    "overcommit_kbytes": ("vm/overcommit_kbytes", 2**64 - 1),
    "admin_reserve_kbytes": ("vm/admin_reserve_kbytes", 8192),
    "user_reserve_kbytes": ("vm/user_reserve_kbytes", 2**53 + 1),
}
MEMINFO = "MemTotal: 4029312 kB\nSwapTotal: 0 kB\nCommitLimit: 2014656 kB\nHugetlb: 0 kB\n"


def expect(got, want):
    assert got == want, f"got {got!r}, wanted {want!r}"


def check_knobs(api, ctx, root):
    for kind, knobs in (("i32", I32_KNOBS), ("u64", U64_KNOBS)):
        for name, (path, value) in knobs.items():
            file = root / "proc/sys" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            expect(api.set(f"oomctl_vm_set_{name}", ctx, value), 0)
            expect(file.read_text(), str(value))
            expect(api.get(f"oomctl_vm_get_{name}", kind, ctx), (0, value))
            expect(api.get_null(f"oomctl_vm_get_{name}", ctx), -errno.EINVAL)
            file.write_text("x\n")
            expect(api.get(f"oomctl_vm_get_{name}", kind, ctx)[0], -errno.EBADMSG)


def check_process(api, prefix, who):
    """who is the process's number, or its pidfd; it is a child, which may be raised."""
    pid, handle = who
    for adj in (500, 1000):
        expect(api.set(f"{prefix}_set_oom_score_adj", None, handle, adj), 0)
        expect(api.get(f"{prefix}_get_oom_score_adj", "i32", None, handle), (0, adj))
    score = int(Path(f"/proc/{pid}/oom_score").read_text())
    expect(api.get(f"{prefix}_get_oom_score", "i32", None, handle), (0, score))
    expect(api.set(f"{prefix}_set_oom_score_adj", None, handle, 1001), -errno.EINVAL)
    expect(api.get_null(f"{prefix}_get_oom_score", None, handle), -errno.EINVAL)


def check_processes(api):
    child = subprocess.Popen(["sleep", "60"])
    pidfd = os.pidfd_open(child.pid)
    try:
        check_process(api, "oomctl_proc", (child.pid, child.pid))
        check_process(api, "oomctl_pidfd", (child.pid, pidfd))
    finally:
        child.kill()
        child.wait()
    expect(api.get("oomctl_proc_get_oom_score", "i32", None, child.pid)[0], -errno.ESRCH)
    expect(api.get("oomctl_pidfd_get_oom_score", "i32", None, pidfd)[0], -errno.ESRCH)
    os.close(pidfd)


def check_figures(api, ctx, root):
    (root / "proc/meminfo").write_text(MEMINFO)
    (root / "proc/sys/vm/overcommit_ratio").write_text("50\n")
    (root / "proc/sys/vm/overcommit_kbytes").write_text("0\n")
    r, read = api.fill("oomctl_meminfo_read", "oomctl_meminfo", ctx)
    expect((r, read["mem_total_kb"], read["present"]), (0, 4029312, 1 | 8 | 32 | 512))
    text = MEMINFO.encode()
    expect(api.fill("oomctl_meminfo_parse", "oomctl_meminfo", text, len(text)), (0, read))

    r, prefix = api.fill("oomctl_meminfo_read", "oomctl_meminfo", ctx, size=16)
    expect((r, prefix["mem_total_kb"], prefix["commit_limit_kb"]), (0, 4029312, api.UNTOUCHED))

    r, figures = api.fill("oomctl_meminfo_read_commit_figures", "oomctl_commit_figures", ctx)
    expect((r, figures["mem_total_kb"], figures["overcommit_ratio"]), (0, 4029312, 50))
    figures["page_size"] = 4096
    expect(api.calc("oomctl_calc_commit_limit", "u64", figures), (0, 2014656))
    expect(api.calc("oomctl_calc_overcommit_ratio", "i32", figures, 2014657), (0, 51))
    figures["page_size"] = 4095
    expect(api.calc("oomctl_calc_commit_limit", "u64", figures)[0], -errno.EINVAL)


def check_this_machine(api):
    """As the kernel has it, unless somebody sets the share of RAM meanwhile: then once more."""
    for _ in range(5):
        _, figures = api.fill("oomctl_meminfo_read_commit_figures", "oomctl_commit_figures", None)
        _, meminfo = api.fill("oomctl_meminfo_read", "oomctl_meminfo", None)
        r, limit = api.calc("oomctl_calc_commit_limit", "u64", figures)
        if (r, limit) == (0, meminfo["commit_limit_kb"]):
            return
    expect((r, limit), (0, meminfo["commit_limit_kb"]))


def run(api, cdef):
    assert re.fullmatch(r"\d+\.\d+\.\d+", api.text("oomctl_version"))
    assert "process" in api.text("oomctl_strerror", -errno.ESRCH)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "proc").mkdir()
        (root / "sys").mkdir()
        r, ctx = api.ctx_new(bytes(root / "proc"), bytes(root / "sys"))
        expect(r, 0)
        expect(api.ctx_new(b"/nowhere", None)[0], -errno.EOPNOTSUPP)
        check_knobs(api, ctx, root)
        check_figures(api, ctx, root)
        api.ctx_free(ctx)
    check_this_machine(api)
    check_processes(api)

    declared = set(re.findall(r"(oomctl_\w+)\(", Path(cdef).read_text()))
    expect(sorted(declared - api.called), [])
    print(f"{len(api.called)} functions called")
