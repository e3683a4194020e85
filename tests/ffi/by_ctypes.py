#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Usage: by_ctypes.py DIRECTORY-OF-HEADERS"""

import sys
from ctypes import CDLL, POINTER, Structure, sizeof
from ctypes import c_char, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64

import scenario


class Ctx(Structure):
    """Opaque."""


class CommitFigures(Structure):
    _fields_ = [
        ("mem_total_kb", c_uint64),
        ("hugetlb_kb", c_uint64),
        ("swap_total_kb", c_uint64),
        ("overcommit_kbytes", c_uint64),
        ("overcommit_ratio", c_int32),
        ("page_size", c_uint32),
    ]


class Meminfo(Structure):
    _fields_ = [
        ("present", c_uint64),
        ("mem_total_kb", c_uint64),
        ("mem_free_kb", c_uint64),
        ("mem_available_kb", c_uint64),
        ("swap_total_kb", c_uint64),
        ("swap_free_kb", c_uint64),
        ("commit_limit_kb", c_uint64),
        ("committed_as_kb", c_uint64),
        ("hugepages_total", c_uint64),
        ("hugepagesize_kb", c_uint64),
        ("hugetlb_kb", c_uint64),
    ]


TYPES = {
    "int32_t": c_int32,
    "uint64_t": c_uint64,
    "enum oomctl_overcommit": c_int32,
    "enum oomctl_panic": c_int32,
    "struct oomctl_commit_figures": CommitFigures,
    "struct oomctl_ctx *": POINTER(Ctx),
    "struct oomctl_meminfo": Meminfo,
}
CTX, FIGURES, MEMINFO, I32, U64 = map(POINTER, (Ctx, CommitFigures, Meminfo, c_int32, c_uint64))

PROTOTYPES = {
    "oomctl_calc_commit_limit": (c_int, FIGURES, U64),
    "oomctl_calc_overcommit_ratio": (c_int, FIGURES, c_uint64, I32),
    "oomctl_ctx_free": (None, CTX),
    "oomctl_ctx_new": (c_int, c_char_p, c_char_p, POINTER(CTX)),
    "oomctl_meminfo_parse": (c_int, c_char_p, c_size_t, MEMINFO, c_size_t),
    "oomctl_meminfo_read": (c_int, CTX, MEMINFO, c_size_t),
    "oomctl_meminfo_read_commit_figures": (c_int, CTX, FIGURES, c_size_t),
    "oomctl_pidfd_get_oom_score": (c_int, CTX, c_int, I32),
    "oomctl_pidfd_get_oom_score_adj": (c_int, CTX, c_int, I32),
    "oomctl_pidfd_set_oom_score_adj": (c_int, CTX, c_int, c_int32),
    "oomctl_proc_get_oom_score": (c_int, CTX, c_int32, I32),
    "oomctl_proc_get_oom_score_adj": (c_int, CTX, c_int32, I32),
    "oomctl_proc_set_oom_score_adj": (c_int, CTX, c_int32, c_int32),
    "oomctl_strerror": (c_char_p, c_int),
    "oomctl_version": (c_char_p,),
    "oomctl_vm_get_admin_reserve_kbytes": (c_int, CTX, U64),
    "oomctl_vm_get_oom_dump_tasks": (c_int, CTX, I32),
    "oomctl_vm_get_oom_kill_allocating_task": (c_int, CTX, I32),
    "oomctl_vm_get_overcommit_kbytes": (c_int, CTX, U64),
    "oomctl_vm_get_overcommit_memory": (c_int, CTX, I32),
    "oomctl_vm_get_overcommit_ratio": (c_int, CTX, I32),
    "oomctl_vm_get_panic_on_oom": (c_int, CTX, I32),
    "oomctl_vm_get_panic_timeout": (c_int, CTX, I32),
    "oomctl_vm_get_user_reserve_kbytes": (c_int, CTX, U64),
    "oomctl_vm_set_admin_reserve_kbytes": (c_int, CTX, c_uint64),
    "oomctl_vm_set_oom_dump_tasks": (c_int, CTX, c_int32),
    "oomctl_vm_set_oom_kill_allocating_task": (c_int, CTX, c_int32),
    "oomctl_vm_set_overcommit_kbytes": (c_int, CTX, c_uint64),
    "oomctl_vm_set_overcommit_memory": (c_int, CTX, c_int32),
    "oomctl_vm_set_overcommit_ratio": (c_int, CTX, c_int32),
    "oomctl_vm_set_panic_on_oom": (c_int, CTX, c_int32),
    "oomctl_vm_set_panic_timeout": (c_int, CTX, c_int32),
    "oomctl_vm_set_user_reserve_kbytes": (c_int, CTX, c_uint64),
}

library = CDLL("liboomctl.so.0")
for function, (result, *parameters) in PROTOTYPES.items():
    getattr(library, function).restype = result
    getattr(library, function).argtypes = parameters


def call(name, *args):
    return getattr(library, name)(*args)


def new(type_name, count=1):
    return (TYPES[type_name] * count)()


def view(array):
    return (c_char * sizeof(array)).from_buffer(array)


sys.exit(scenario.run(sys.modules[__name__], sys.argv[1]))
