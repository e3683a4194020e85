#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Usage: by_ctypes.py DIRECTORY-OF-HEADERS"""

import sys
from ctypes import CDLL, POINTER, Structure, sizeof
from ctypes import c_char, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64

import scenario


class Ctx(Structure):
    """Opaque."""


class Gauge(Structure):
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


class GrantFigures(Structure):
    _fields_ = [
        ("commit", CommitFigures),
        ("committed_as_kb", c_uint64),
        ("admin_reserve_kbytes", c_uint64),
        ("user_reserve_kbytes", c_uint64),
        ("total_vm_pages", c_uint64),
        ("overcommit_memory", c_int32),
        ("cpus", c_uint32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class TaskFigures(Structure):
    _fields_ = [
        ("rss_pages", c_uint64),
        ("swap_pages", c_uint64),
        ("pgtable_pages", c_uint64),
        ("oom_score_adj", c_int32),
        ("flags", c_uint32),
    ]


class RankEntry(Structure):
    _fields_ = [
        ("badness_pages", c_int64),
        ("task", TaskFigures),
        ("start_ticks", c_uint64),
        ("pid", c_int32),
        ("oom_score", c_int32),
        ("uid", c_uint32),
        ("flags", c_uint32),
        ("comm", c_char * 16),
    ]


class RankReport(Structure):
    _fields_ = [
        ("total_pages", c_uint64),
        ("processes", c_uint64),
        ("unread", c_uint64),
        ("ahead", c_uint64),
        ("rule", c_int32),
        ("flags", c_uint32),
    ]


class AdjustEntry(Structure):
    _fields_ = [
        ("start_ticks", c_uint64),
        ("pid", c_int32),
        ("code", c_int32),
        ("adj_before", c_int32),
        ("adj", c_int32),
    ]


class AdjustReport(Structure):
    _fields_ = [
        ("unlisted", c_uint64),
        ("foreign", c_uint64),
        ("gone", c_uint64),
        ("passes", c_uint32),
        ("flags", c_uint32),
    ]


class Guard(Structure):
    _fields_ = [
        ("saved_adj", c_int32),
        ("adj", c_int32),
        ("paused_adj", c_int32),
        ("resume_adj", c_int32),
        ("state", c_int32),
        ("fd", c_int32),
        ("pid", c_int32),
        ("reserved", c_uint32),
        ("device", c_uint64),
        ("inode", c_uint64),
    ]


class Why(Structure):
    _fields_ = [
        ("cause", c_int32),
        ("flags", c_uint32),
        ("capability", c_char * 24),
        ("path", c_char * 40),
    ]


class Probe(Structure):
    _fields_ = [
        ("flags", c_uint64),
        ("cgroup_limit_bytes", c_uint64),
        ("computed_limit_kb", c_uint64),
        ("printed_limit_kb", c_uint64),
        ("release", c_uint32),
        ("rule", c_int32),
        ("page_size", c_uint32),
        ("vm_cause", c_int32),
        ("floor", c_int32),
        ("cgroup_version", c_uint32),
        ("release_text", c_char * 72),
    ]


class Policy(Structure):
    _fields_ = [
        ("overcommit_kbytes", c_uint64),
        ("admin_reserve_kbytes", c_uint64),
        ("user_reserve_kbytes", c_uint64),
        ("knobs", c_uint32),
        ("overcommit_memory", c_int32),
        ("overcommit_ratio", c_int32),
        ("panic_on_oom", c_int32),
        ("oom_kill_allocating_task", c_int32),
        ("oom_dump_tasks", c_int32),
        ("panic_timeout", c_int32),
        ("reserved", c_uint32),
    ]


class TuneReport(Structure):
    _fields_ = [
        ("commit_limit_kb", c_uint64),
        ("committed_as_kb", c_uint64),
        ("headroom_kb", c_int64),
        ("largest_kb", c_uint64),
        ("largest_pid", c_int32),
        ("container_pid", c_int32),
        ("drift", c_uint32),
        ("risks", c_uint32),
    ]


class TuneSteps(Structure):
    _fields_ = [
        ("changed", c_uint32),
        ("failed_knob", c_uint32),
        ("failed_rollback", c_uint32),
        ("risks", c_uint32),
    ]


TYPES = {
    "char": c_char,
    "int32_t": c_int32,
    "int64_t": c_int64,
    "size_t": c_size_t,
    "uint64_t": c_uint64,
    "enum oomctl_overcommit": c_int32,
    "enum oomctl_panic": c_int32,
    "enum oomctl_score_rule": c_int32,
    "enum oomctl_verdict": c_int32,
    "struct oomctl_adjust_entry": AdjustEntry,
    "struct oomctl_adjust_report": AdjustReport,
    "struct oomctl_commit_figures": CommitFigures,
    "struct oomctl_ctx *": POINTER(Ctx),
    "struct oomctl_gauge *": POINTER(Gauge),
    "struct oomctl_grant_figures": GrantFigures,
    "struct oomctl_guard": Guard,
    "struct oomctl_meminfo": Meminfo,
    "struct oomctl_policy": Policy,
    "struct oomctl_probe": Probe,
    "struct oomctl_rank_entry": RankEntry,
    "struct oomctl_rank_report": RankReport,
    "struct oomctl_task_figures": TaskFigures,
    "struct oomctl_tune_report": TuneReport,
    "struct oomctl_tune_steps": TuneSteps,
    "struct oomctl_why": Why,
}
CTX, FIGURES, MEMINFO, I32, U64 = map(POINTER, (Ctx, CommitFigures, Meminfo, c_int32, c_uint64))
GAUGE, GRANT, TASK, I64, SIZE = map(POINTER, (Gauge, GrantFigures, TaskFigures, c_int64, c_size_t))
GUARD, POLICY, WHY, TEXT = map(POINTER, (Guard, Policy, Why, c_char))
RANK = POINTER(RankEntry), c_size_t, c_size_t, SIZE, POINTER(RankReport), c_size_t
ADJUST = POINTER(AdjustEntry), c_size_t, c_size_t, SIZE, POINTER(AdjustReport), c_size_t

PROTOTYPES = {
    "oomctl_adjust_cgroup": (c_int, CTX, c_char_p, c_int32, c_int, c_uint32, *ADJUST),
    "oomctl_adjust_find_floor": (c_int, CTX, I32),
    "oomctl_adjust_pidfd": (c_int, CTX, c_int, c_int32, c_int, I32),
    "oomctl_adjust_pidfd_by": (c_int, CTX, c_int, c_int32, c_int, I32),
    "oomctl_adjust_proc": (c_int, CTX, c_int32, c_int32, c_int, I32),
    "oomctl_adjust_proc_by": (c_int, CTX, c_int32, c_int32, c_int, I32),
    "oomctl_adjust_tree": (c_int, CTX, c_int32, c_int32, c_int, *ADJUST),
    "oomctl_calc_badness": (c_int, c_int, TASK, c_uint64, I64),
    "oomctl_calc_badness_of_oom_score": (c_int, c_int, c_int32, c_uint64, I64, I64),
    "oomctl_calc_commit_limit": (c_int, FIGURES, U64),
    "oomctl_calc_footprint_of_oom_score": (
        c_int, c_int, c_int32, c_int32, c_uint32, c_uint64, U64, U64),
    "oomctl_calc_grant": (c_int, GRANT, c_uint64, I32, I64),
    "oomctl_calc_grant_bound": (c_int, GRANT, c_uint64, U64),
    "oomctl_calc_grant_max": (c_int, GRANT, U64),
    "oomctl_calc_oom_score": (c_int, c_int, TASK, c_uint64, I32),
    "oomctl_calc_oom_score_adj_above": (c_int, c_int, TASK, c_uint64, c_int64, I32),
    "oomctl_calc_oom_score_adj_below": (c_int, c_int, TASK, c_uint64, c_int64, I32),
    "oomctl_calc_overcommit_ratio": (c_int, FIGURES, c_uint64, I32),
    "oomctl_calc_victim": (c_int, c_int, TASK, c_size_t, c_uint64, SIZE, I64),
    "oomctl_ctx_free": (None, CTX),
    "oomctl_ctx_new": (c_int, c_char_p, c_char_p, POINTER(CTX)),
    "oomctl_dropin_find": (
        c_int, c_char_p, c_int, c_int, POLICY, c_size_t, TEXT, c_size_t),
    "oomctl_dropin_parse": (c_int, c_char_p, c_size_t, POLICY, c_size_t),
    "oomctl_dropin_read": (c_int, c_char_p, POLICY, c_size_t),
    "oomctl_dropin_render": (c_int, POLICY, TEXT, c_size_t, SIZE),
    "oomctl_dropin_write": (c_int, c_char_p, POLICY),
    "oomctl_gauge_close": (None, GAUGE),
    "oomctl_gauge_open_pidfd": (c_int, CTX, c_int, c_int, POINTER(GAUGE)),
    "oomctl_gauge_open_proc": (c_int, CTX, c_int32, c_int, POINTER(GAUGE)),
    "oomctl_gauge_open_vm": (c_int, CTX, c_int, POINTER(GAUGE)),
    "oomctl_gauge_read": (c_int, GAUGE, I64),
    "oomctl_meminfo_parse": (c_int, c_char_p, c_size_t, MEMINFO, c_size_t),
    "oomctl_meminfo_read": (c_int, CTX, MEMINFO, c_size_t),
    "oomctl_meminfo_read_commit_figures": (c_int, CTX, FIGURES, c_size_t),
    "oomctl_pidfd_get_oom_score": (c_int, CTX, c_int, I32),
    "oomctl_pidfd_get_oom_score_adj": (c_int, CTX, c_int, I32),
    "oomctl_pidfd_set_oom_score_adj": (c_int, CTX, c_int, c_int32),
    "oomctl_predict_commit": (c_int, CTX, c_uint64, I32, I64),
    "oomctl_predict_fork": (c_int, CTX, I32, I64),
    "oomctl_predict_oom_score": (c_int, CTX, c_int32, c_int32, I32),
    "oomctl_predict_read_grant_figures": (c_int, CTX, GRANT, c_size_t),
    "oomctl_predict_read_score_rule": (c_int, CTX, I32),
    "oomctl_predict_read_task_figures": (c_int, CTX, c_int32, TASK, c_size_t),
    "oomctl_predict_read_total_pages": (c_int, CTX, U64),
    "oomctl_probe_read": (c_int, CTX, POINTER(Probe), c_size_t),
    "oomctl_proc_get_oom_score": (c_int, CTX, c_int32, I32),
    "oomctl_proc_get_oom_score_adj": (c_int, CTX, c_int32, I32),
    "oomctl_proc_set_oom_score_adj": (c_int, CTX, c_int32, c_int32),
    "oomctl_protect_begin": (c_int, CTX, c_int32, c_int, GUARD, c_size_t),
    "oomctl_protect_end": (c_int, GUARD, I32),
    "oomctl_protect_pause": (c_int, GUARD, c_int32),
    "oomctl_protect_reset_child": (c_int, CTX, GUARD),
    "oomctl_protect_resume": (c_int, GUARD),
    "oomctl_rank_before": (c_int, CTX, c_int32, *RANK),
    "oomctl_rank_cgroup": (c_int, CTX, c_char_p, *RANK),
    "oomctl_rank_process": (c_int, CTX, c_int32, POINTER(RankEntry), c_size_t),
    "oomctl_rank_scores": (c_int, CTX, *RANK),
    "oomctl_rank_victims": (c_int, CTX, *RANK),
    "oomctl_strerror": (c_char_p, c_int),
    "oomctl_tune_apply": (c_int, CTX, POLICY, c_uint32, POINTER(TuneSteps), c_size_t),
    "oomctl_tune_check": (c_int, CTX, POLICY, POINTER(TuneReport), c_size_t),
    "oomctl_tune_read": (c_int, CTX, POLICY, c_size_t),
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
    "oomctl_why_pidfd": (c_int, CTX, c_int, c_int32, c_int, WHY, c_size_t),
    "oomctl_why_proc": (c_int, CTX, c_int32, c_int32, c_int, WHY, c_size_t),
    "oomctl_why_sentence": (c_char_p, c_int),
    "oomctl_why_vm": (c_int, CTX, c_int, c_int, WHY, c_size_t),
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


def text(member):
    return member


sys.exit(scenario.run(sys.modules[__name__], sys.argv[1]))
