#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sets a machine's policy and undoes it, as a script with nothing but ctypes would.

Usage: policy.py [PROC-ROOT SYS-ROOT]"""

import os
import sys
from ctypes import CDLL, Structure, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32
from ctypes import c_uint64, c_void_p, sizeof
from errno import EACCES, EPERM, EROFS


class Policy(Structure):
    _fields_ = [
        ("overcommit_kbytes", c_uint64), ("admin_reserve_kbytes", c_uint64),
        ("user_reserve_kbytes", c_uint64), ("knobs", c_uint32), ("overcommit_memory", c_int32),
        ("overcommit_ratio", c_int32), ("panic_on_oom", c_int32),
        ("oom_kill_allocating_task", c_int32), ("oom_dump_tasks", c_int32),
        ("panic_timeout", c_int32), ("reserved", c_uint32)]


class Report(Structure):
    _fields_ = [
        ("commit_limit_kb", c_uint64), ("committed_as_kb", c_uint64), ("headroom_kb", c_int64),
        ("largest_kb", c_uint64), ("largest_pid", c_int32), ("container_pid", c_int32),
        ("drift", c_uint32), ("risks", c_uint32)]


class Steps(Structure):
    _fields_ = [("changed", c_uint32), ("failed_knob", c_uint32), ("failed_rollback", c_uint32),
                ("risks", c_uint32)]


OOM_DUMP_TASKS, PANIC_TIMEOUT, ACCEPT_RISKS = 64, 512, 1  # from oomctl.cdef.h
oomctl, ctx = CDLL("liboomctl.so.0"), c_void_p()  # NULL: this machine
oomctl.oomctl_strerror.restype = c_char_p


def done(r):
    """Exits on failure, and skips the test where nobody may set knobs."""
    if r < 0:
        text = oomctl.oomctl_strerror(r).decode()
        skips = -r in (EACCES, EPERM, EROFS) and "OOMCTL_NO_SKIP" not in os.environ
        print("SKIP:" if skips else "FAIL:", text)
        sys.exit(77 if skips else 1)


def get(kind, name, *args):
    out = kind()
    done(getattr(oomctl, name)(ctx, *args, byref(out), c_size_t(sizeof(out))))
    return out


def expect_in_force(policy):
    """As the kernel shows it."""
    for knob, path in ("oom_dump_tasks", "vm/oom_dump_tasks"), ("panic_timeout", "kernel/panic"):
        with open(f"{proc}/sys/{path}", encoding="ascii") as file:
            text = file.read().strip()
        print(f"  {knob}: {text}")
        if int(text) != getattr(policy, knob):
            sys.exit(f"FAIL: not {getattr(policy, knob)}")


proc, sysfs = sys.argv[1:] or ("/proc", "/sys")
if len(sys.argv) > 1:
    done(oomctl.oomctl_ctx_new(os.fsencode(proc), os.fsencode(sysfs), byref(ctx)))
before = get(Policy, "oomctl_tune_read")
print("before")
expect_in_force(before)

wanted = Policy(knobs=OOM_DUMP_TASKS | PANIC_TIMEOUT)
wanted.oom_dump_tasks = int(before.oom_dump_tasks == 0)
wanted.panic_timeout = 20 if before.panic_timeout == 10 else 10
report = get(Report, "oomctl_tune_check", byref(wanted))
print(f"knobs to change: {report.drift:#x}, risks: {report.risks:#x}")
steps = get(Steps, "oomctl_tune_apply", byref(wanted), 0)
print(f"set: {steps.changed:#x}")
expect_in_force(wanted)

back = get(Steps, "oomctl_tune_apply", byref(before), ACCEPT_RISKS)
print(f"undone: {back.changed:#x}")
expect_in_force(before)
if not report.drift == steps.changed == back.changed == wanted.knobs:
    sys.exit(f"FAIL: not {wanted.knobs:#x} each time")
if bytes(get(Policy, "oomctl_tune_read")) != bytes(before):
    sys.exit("FAIL: the policy is not what it was")
oomctl.oomctl_ctx_free(ctx)
