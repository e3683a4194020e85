# SPDX-License-Identifier: MIT
"""Usage: use_ctypes.py CDEF. Every declaration is written by hand, as in a binding."""

import ctypes as c
import sys

import session

OUT = {"i32": c.c_int32, "u64": c.c_uint64}
NARROW = {"overcommit_ratio": c.c_int32, "page_size": c.c_uint32}
MEMBERS = {
    "oomctl_meminfo": "present mem_total_kb mem_free_kb mem_available_kb swap_total_kb "
                      "swap_free_kb commit_limit_kb committed_as_kb hugepages_total "
                      "hugepagesize_kb hugetlb_kb",
    "oomctl_commit_figures": "mem_total_kb hugetlb_kb swap_total_kb overcommit_kbytes "
                             "overcommit_ratio page_size",
}


def structure(members):
    fields = [(name, NARROW.get(name, c.c_uint64)) for name in members.split()]
    return type("Structure", (c.Structure,), {"_fields_": fields})


STRUCTURES = {name: structure(members) for name, members in MEMBERS.items()}
CTX = c.c_void_p
ARGUMENTS = {
    "oomctl_ctx_new": [c.c_char_p, c.c_char_p, c.POINTER(CTX)],
    "oomctl_ctx_free": [CTX],
    "oomctl_strerror": [c.c_int],
    "oomctl_version": [],
    "oomctl_calc_commit_limit": [c.c_void_p, c.c_void_p],
    "oomctl_calc_overcommit_ratio": [c.c_void_p, c.c_uint64, c.c_void_p],
    "oomctl_meminfo_read": [CTX, c.c_void_p, c.c_size_t],
    "oomctl_meminfo_parse": [c.c_char_p, c.c_size_t, c.c_void_p, c.c_size_t],
    "oomctl_meminfo_read_commit_figures": [CTX, c.c_void_p, c.c_size_t],
}
for who in "proc", "pidfd":
    ARGUMENTS[f"oomctl_{who}_get_oom_score"] = [CTX, c.c_int, c.c_void_p]
    ARGUMENTS[f"oomctl_{who}_get_oom_score_adj"] = [CTX, c.c_int, c.c_void_p]
    ARGUMENTS[f"oomctl_{who}_set_oom_score_adj"] = [CTX, c.c_int, c.c_int32]
for knobs, out in (session.I32_KNOBS, c.c_int32), (session.U64_KNOBS, c.c_uint64):
    for knob in knobs:
        ARGUMENTS[f"oomctl_vm_get_{knob}"] = [CTX, c.c_void_p]
        ARGUMENTS[f"oomctl_vm_set_{knob}"] = [CTX, out]


class Api:
    UNTOUCHED = 0x7777777777777777

    def __init__(self):
        self.library = c.CDLL("liboomctl.so.0")
        self.called = set()

    def call(self, name, *args, restype=c.c_int):
        self.called.add(name)
        function = getattr(self.library, name)
        function.argtypes = ARGUMENTS[name]
        function.restype = restype
        return function(*args)

    def text(self, name, *args):
        return self.call(name, *args, restype=c.c_char_p).decode()

    def ctx_new(self, proc, sys_root):
        ctx = CTX()
        return self.call("oomctl_ctx_new", proc, sys_root, c.byref(ctx)), ctx

    def ctx_free(self, ctx):
        self.call("oomctl_ctx_free", ctx, restype=None)

    def set(self, name, *args):
        return self.call(name, *args)

    def get(self, name, kind, *args):
        out = OUT[kind]()
        return self.call(name, *args, c.byref(out)), out.value

    def get_null(self, name, *args):
        return self.call(name, *args, None)

    def fill(self, name, struct, *args, size=None):
        out = STRUCTURES[struct]()
        c.memset(c.byref(out), 0x77, c.sizeof(out))
        r = self.call(name, *args, c.byref(out), size or c.sizeof(out))
        return r, {field: getattr(out, field) for field, _ in out._fields_}

    def calc(self, name, kind, figures, *args):
        given = STRUCTURES["oomctl_commit_figures"](**figures)
        return self.get(name, kind, c.byref(given), *args)


session.run(Api(), sys.argv[1])
