#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""oom-report on a /proc that the tests make up, and its command line."""
import functools
import json
import tempfile

from support import PAGE_KB, badness, expect, expect_help, expect_usage
from support import expect_words_for_missing_roots, process, root_of, run, run_tests

MEMINFO = """\
MemTotal:        8192000 kB
MemFree:          700000 kB
MemAvailable:    2048000 kB
SwapTotal:       1024000 kB
SwapFree:         512000 kB
CommitLimit:     {limit} kB
Committed_AS:    {committed} kB
HugePages_Total:     200
Hugepagesize:       2048 kB
Hugetlb:          409600 kB
"""

# (8192000 - 409600) * 80 / 100 + 1024000, a multiple of every page size
LIMIT = 7249920

FILES = {
    "meminfo": MEMINFO.format(limit=LIMIT, committed=5000000),
    "sys/vm/overcommit_memory": "2\n",
    "sys/vm/overcommit_ratio": "80\n",
    "sys/vm/overcommit_kbytes": "0\n",
    "sys/vm/admin_reserve_kbytes": "8192\n",
    "sys/vm/user_reserve_kbytes": "131072\n",
    "sys/vm/panic_on_oom": "1\n",
    "sys/vm/oom_kill_allocating_task": "1\n",
    "sys/vm/oom_dump_tasks": "0\n",
    "sys/kernel/panic": "0\n",
    "self/oom_score": "666\n",
    "self/oom_score_adj": "0\n",
    "77/oom_score": "466\n",
    "77/oom_score_adj": "-300\n",
    "sys/kernel/osrelease": "6.1.0\n",
    "1/oom_score": "0\n",
}

TOTAL = 9216000 // PAGE_KB
FILES |= process(90, TOTAL, b"hog", rss=512000 // PAGE_KB, swap=64 // PAGE_KB)
FILES |= process(91, TOTAL, b"second", rss=409600 // PAGE_KB)

TEXT = """\
Overcommit policy
  overcommit_memory                 2     never: refuse beyond the commit limit
  overcommit_ratio                 80 %   in force: the commit limit is this
                                          share of RAM, plus swap
  overcommit_kbytes                 0 kB  not in force: overcommit_ratio is
  admin_reserve_kbytes           8192 kB  8.0 MiB: kept back for root
  user_reserve_kbytes          131072 kB  128.0 MiB: kept back from a process

RAM and swap
  MemTotal                    8192000 kB  7.8 GiB: RAM
  MemAvailable                2048000 kB  2.0 GiB: RAM that can still be used
  SwapTotal                   1024000 kB  1000.0 MiB: swap
  SwapFree                     512000 kB  500.0 MiB: free swap
  Hugetlb                      409600 kB  400.0 MiB: RAM kept for huge pages

Commit limit
  computed                    7249920 kB  6.9 GiB: from the figures above
  CommitLimit                 7249920 kB  6.9 GiB: the kernel's own
  difference                        0 kB  both are the same
  Committed_AS                5000000 kB  4.8 GiB: promised to programs
  left                        2249920 kB  2.1 GiB: still to be promised

When memory runs out
  panic_on_oom                      1     panic, unless just a cgroup is full
  panic_timeout                     0 s   after a panic, stay down until reset
  oom_kill_allocating_task          1     kill whoever asks for memory
  oom_dump_tasks                    0     log only who is killed

Next victim
  pid                              90     chosen first, if the kernel does not
                                          panic
  comm                            hog     its name
  badness                      512064 kB  500.1 MiB: what it uses, and its
                                          adjustment
  margin                       102464 kB  100.1 MiB: ahead of the second
  unread                            0     all processes were looked at

This program
  oom_score                       666     the highest of all is killed first
  oom_score_adj                     0     no adjustment
"""


def report(*arguments, **changes):
    """Runs oom-report on FILES with changes: "sys__vm__x" names sys/vm/x, None removes it."""
    files = FILES | {name.replace("__", "/"): text for name, text in changes.items()}
    with root_of(files) as root:
        return run("oom-report", "--proc", root, *arguments)


def line_of(result, name):
    """What is said about name, with single blanks."""
    lines = result.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"  {name} "))
    end = at + 1
    while end < len(lines) and lines[end].startswith("     "):
        end += 1
    return " ".join(" ".join(lines[at:end]).split())


def values(section):
    return {name: fact["value"] for name, fact in section.items()}


def test_the_text_is_complete():
    result = report()
    expect(result.stdout, TEXT)
    expect((result.returncode, result.stderr), (0, ""))


def test_the_json_says_the_same():
    result = report("--json", "77")
    expect((result.returncode, result.stderr), (0, ""))
    said = json.loads(result.stdout)
    expect(list(said), ["policy", "memory", "commit", "oom", "victim", "processes"])
    expect(values(said["policy"]), {
        "overcommit_memory": 2, "overcommit_ratio": 80, "overcommit_kbytes": 0,
        "admin_reserve_kbytes": 8192, "user_reserve_kbytes": 131072})
    expect(values(said["memory"]), {
        "MemTotal": 8192000, "MemAvailable": 2048000, "SwapTotal": 1024000,
        "SwapFree": 512000, "Hugetlb": 409600})
    expect(values(said["commit"]), {
        "computed": LIMIT, "CommitLimit": LIMIT, "difference": 0,
        "Committed_AS": 5000000, "left": LIMIT - 5000000})
    expect(values(said["oom"]), {
        "panic_on_oom": 1, "panic_timeout": 0, "oom_kill_allocating_task": 1,
        "oom_dump_tasks": 0})
    expect(values(said["victim"]), {
        "pid": 90, "comm": "hog", "badness": 512064, "margin": 102464, "unread": 0})
    expect(said["processes"], [{
        "pid": 77,
        "oom_score": {"value": 466, "unit": "",
                      "meaning": "the highest of all is killed first"},
        "oom_score_adj": {"value": -300, "unit": "", "meaning": "protected: killed later"}}])


def test_each_process_has_its_section():
    result = report("77", "78")
    before, first, second = result.stdout.partition("Process 77\n")[0::2] + \
        (result.stdout.partition("Process 78\n")[2],)
    assert "This program" not in before
    assert "466" in first and "-300" in first
    assert "No such process" in second
    expect(result.returncode, 1)


def test_only_one_of_ratio_and_kbytes_is_in_force():
    result = report(sys__vm__overcommit_kbytes="4096000\n", sys__vm__overcommit_ratio="0\n")
    expect(line_of(result, "overcommit_ratio"),
           "overcommit_ratio 0 % not in force: overcommit_kbytes is")
    expect(line_of(result, "overcommit_kbytes"), "overcommit_kbytes 4096000 kB 3.9 GiB: "
           "in force: the commit limit is this, plus swap")
    expect(line_of(result, "computed"), "computed 5120000 kB 4.9 GiB: from the figures above")


def test_a_difference_to_the_kernel_is_explained():
    result = report(meminfo=MEMINFO.format(limit=LIMIT + 2048, committed=LIMIT + 2049))
    expect(line_of(result, "difference"), "difference -2048 kB -2.0 MiB: swapoff is at work, "
           "or this is a container that shows other RAM")
    expect(line_of(result, "left"), "left -1 kB nothing: no program can start")
    expect(result.returncode, 0)


def test_the_huge_pages_of_an_old_kernel_are_its_own():
    """Not those below this machine's /sys."""
    old = MEMINFO.format(limit=LIMIT, committed=0).partition("Hugetlb:")[0]
    assert "HugePages_Total:     200" in old
    result = report(meminfo=old)
    expect(line_of(result, "Hugetlb"), "Hugetlb 409600 kB 400.0 MiB: RAM kept for huge pages")
    expect(line_of(result, "difference"), "difference 0 kB both are the same")


def test_a_limit_that_is_not_enforced_says_so():
    result = report(sys__vm__overcommit_memory="0\n")
    expect(line_of(result, "left"),
           "left 2249920 kB 2.1 GiB: enforced only with overcommit_memory 2")


def victim(*pids, **changes):
    """The section on the victim where only these of the processes are."""
    gone = {name.replace("/", "__"): None for name in FILES
            if name.split("/")[0] in {"90", "91"} - {str(pid) for pid in pids}}
    result = report("--json", **gone, **changes)
    return result.returncode, json.loads(result.stdout)["victim"]


def test_an_adjustment_makes_a_small_process_the_victim():
    files = {name.replace("/", "__"): text
             for name, text in process(91, TOTAL, b"second", rss=409600 // PAGE_KB,
                                       adj=100).items()}
    said = values(victim(90, 91, **files)[1])
    pages = badness(TOTAL, 409600 // PAGE_KB, 100)
    expect((said["pid"], said["badness"]), (91, pages * PAGE_KB))
    expect(said["margin"], pages * PAGE_KB - 512064)


def test_a_negative_badness_has_its_sign():
    files = {name.replace("/", "__"): text
             for name, text in process(90, TOTAL, b"hog", rss=1, adj=-500).items()}
    said = values(victim(90, **files)[1])
    expect(said["badness"], badness(TOTAL, 1, -500) * PAGE_KB)
    assert said["badness"] < 0


def test_a_victim_that_is_alone_has_no_margin_and_that_is_no_error():
    status, said = victim(90)
    expect((status, said["pid"]["value"], said["margin"]["value"]), (0, 90, None))
    expect(said["margin"]["meaning"], "no other can be killed")


def test_that_nobody_can_be_killed_is_no_error():
    status, said = victim()
    expect((status, values(said)),
           (0, {"pid": None, "comm": None, "badness": None, "margin": None, "unread": 0}))
    expect(said["pid"]["meaning"], "no process can be killed")


def test_who_is_killed_depends_on_the_knobs():
    def meaning(**changes):
        return victim(90, 91, **changes)[1]["pid"]["meaning"]
    calm = {"sys__vm__panic_on_oom": "0\n", "sys__vm__oom_kill_allocating_task": "0\n"}
    expect(meaning(**calm), "killed first")
    expect(meaning(**calm | {"sys__vm__oom_kill_allocating_task": "1\n"}),
           "chosen first, but for whoever asks for memory")
    expect(meaning(**calm | {"sys__vm__panic_on_oom": "2\n"}),
           "chosen first, if the kernel does not panic")
    expect(meaning(**calm | {"sys__kernel__osrelease": "4.19.0\n"}),
           "killed first; before Linux 5.1 maybe a child of it")


def test_what_may_hide_the_victim_is_said():
    expect(victim(90, 91, **{"1__oom_score": None})[1]["unread"]["meaning"],
           "and /proc hides others: one of them may be first")


def test_without_a_total_the_victim_is_by_score_alone():
    status, said = victim(90, 91, sys__kernel__osrelease=None)
    expect((status, said["pid"]["value"], said["comm"]["value"]), (1, 90, "hog"))
    for name in ("badness", "margin"):
        expect((said[name]["value"], said[name]["error"]),
               (None, "By oom_score alone: /proc does not tell RAM or release."))


def test_the_oldest_kernels_compare_points():
    said = victim(90, 91, sys__kernel__osrelease="2.6.36\n")[1]
    expect(said["badness"]["unit"], "")
    expect(said["badness"]["value"], (512064 // PAGE_KB) * 1000 // TOTAL)


def test_a_hostile_name_reaches_neither_terminal_nor_parser():
    comm = b'\x1b[2J")\n\xff\xc3\xa9'
    files = {name.replace("/", "__"): text
             for name, text in process(90, TOTAL, comm, rss=512000 // PAGE_KB).items()}
    expect(victim(90, 91, **files)[1]["comm"]["value"], '\x1b[2J")\n\ufffd\u00e9')
    expect(line_of(report(**files), "comm"), 'comm ?[2J")???? its name')


def test_the_largest_and_the_smallest_values_are_printed_whole():
    result = report("--json", sys__vm__user_reserve_kbytes=f"{2**64 - 1}\n",
                    sys__kernel__panic=f"{-2**31}\n")
    said = json.loads(result.stdout)
    expect(said["policy"]["user_reserve_kbytes"]["value"], 2**64 - 1)
    expect(said["oom"]["panic_timeout"]["value"], -2**31)


def test_what_cannot_be_read_is_words_and_the_rest_goes_on():
    result = report(sys__vm__oom_dump_tasks="often\n", sys__vm__panic_on_oom=None)
    assert "text of its documented form" in line_of(result, "oom_dump_tasks")
    assert "this kernel has no such knob" in line_of(result, "panic_on_oom")
    expect(line_of(result, "panic_timeout"),
           "panic_timeout 0 s after a panic, stay down until reset")
    expect(result.returncode, 1)


def test_what_cannot_be_read_is_null_in_json():
    result = report("--json", sys__vm__overcommit_ratio=None, meminfo="MemTotal: 4096000 kB\n",
                    self__oom_score=None)
    said = json.loads(result.stdout)
    expect(result.returncode, 1)
    for fact in (said["policy"]["overcommit_ratio"], said["memory"]["SwapFree"],
                 said["commit"]["computed"], said["commit"]["difference"],
                 said["commit"]["left"], said["processes"][0]["oom_score"]):
        assert fact["value"] is None and fact["error"] and "meaning" not in fact, fact
    expect(said["memory"]["MemTotal"]["value"], 4096000)
    expect(said["processes"][0]["oom_score_adj"]["value"], 0)


def test_every_line_fits_a_console():
    with tempfile.TemporaryDirectory() as empty:
        for result in (report("77"), run("oom-report", "--proc", empty)):
            expect([line for line in result.stdout.splitlines()
                    if len(line) > 80 or line != line.rstrip()], [])


def test_wrong_usage_is_2():
    wrong = ["--jsn"], ["--proc"], ["0"], ["-5"], ["12x"], [""], ["4294967297"]
    expect_usage(functools.partial(run, "oom-report"), wrong, 2)


def test_help_is_no_error():
    expect_help("oom-report")


def test_a_root_that_is_missing_is_words():
    expect_words_for_missing_roots("oom-report", status=1)


run_tests(globals())
