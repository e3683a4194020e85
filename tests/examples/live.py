#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""The examples on this machine, which they must leave as it was."""
import contextlib
import json
import os
import shutil
import signal
import subprocess

from support import Skip, expect, run, run_tests

KNOBS = ("vm/overcommit_memory", "vm/overcommit_ratio", "vm/overcommit_kbytes",
         "vm/panic_on_oom", "vm/oom_kill_allocating_task", "vm/oom_dump_tasks",
         "vm/admin_reserve_kbytes", "vm/user_reserve_kbytes", "kernel/panic")

SYS_RESOURCE = 1 << 24


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def knobs():
    return {name: read(f"/proc/sys/{name}") for name in KNOBS}


def need(tool):
    """An avoidable skip: nothing but a package is missing."""
    if not shutil.which(tool):
        assert "OOMCTL_NO_SKIP" not in os.environ, f"{tool} is missing"
        raise Skip(f"no {tool}")


def need_root():
    if not os.access("/proc/sys/vm/overcommit_ratio", os.W_OK):
        raise Skip("only root can set knobs")


def has_sys_resource():
    line = next(l for l in read("/proc/self/status").splitlines() if l.startswith("CapEff:"))
    return int(line.split()[1], 16) & SYS_RESOURCE != 0


def said_by(result):
    """The lines of protect-self, by what is before the colon."""
    return {key: text.strip() for key, _, text in
            (line.partition(":") for line in result.stdout.splitlines())}


def test_oom_report_agrees_with_the_kernel():
    result = run("oom-report", "--json")
    expect((result.returncode, result.stderr), (0, ""))
    said = json.loads(result.stdout)
    expect(said["commit"]["difference"]["value"], 0)
    expect(said["policy"]["overcommit_ratio"]["value"], int(read("/proc/sys/vm/overcommit_ratio")))
    expect(said["oom"]["panic_timeout"]["value"], int(read("/proc/sys/kernel/panic")))


def highest_scores():
    """The pids of those that have the highest oom_score of all."""
    scores = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                scores[int(name)] = int(read(f"/proc/{name}/oom_score"))
    return {pid for pid, score in scores.items() if score == max(scores.values())}


def test_the_victim_of_oom_report_has_the_highest_score():
    with subprocess.Popen(["sleep", "100"]) as child:
        try:
            with open(f"/proc/{child.pid}/oom_score_adj", "w", encoding="ascii") as file:
                file.write("1000")
            for _ in range(20):  # others may come and go meanwhile
                before = highest_scores()
                said = json.loads(run("oom-report", "--json").stdout)["victim"]
                after = highest_scores()
                if before == after:
                    break
        finally:
            child.kill()
    expect(before, after)
    assert said["pid"]["value"] in before, (said, before)
    if before == {child.pid}:
        expect(said["comm"]["value"], "sleep")
    assert said["badness"]["value"] > 0 and said["margin"]["value"] >= 0, said


def test_oom_report_is_readable():
    result = run("oom-report", os.getpid())
    expect((result.returncode, result.stderr), (0, ""))
    assert f"\nProcess {os.getpid()}\n" in result.stdout
    assert "difference                        0 kB  both are the same\n" in result.stdout


def test_seed_session_gives_the_known_figures():
    result = run("seed-session")
    expect((result.returncode, result.stderr), (0, ""))
    expect([line.split()[1] for line in result.stdout.splitlines() if line.startswith("C")],
           ["2014656", "4029312"])
    assert "DIFFERENT" not in result.stdout


def test_seed_session_live_leaves_all_as_it_was():
    need_root()
    before = knobs()
    result = run("seed-session", "--live")
    expect((result.returncode, result.stderr), (0, ""))
    half, whole = (int(line.split()[1]) for line in result.stdout.splitlines()
                   if line.startswith("computed:"))
    assert half < whole, result.stdout
    expect(knobs(), before)


def test_seed_session_live_puts_kbytes_back():
    need_root()
    ratio = read("/proc/sys/vm/overcommit_ratio")
    try:
        with open("/proc/sys/vm/overcommit_kbytes", "w", encoding="ascii") as knob:
            knob.write("12345678")
        before = knobs()
        expect(run("seed-session", "--live").returncode, 0)
        expect(knobs(), before)
    finally:
        with open("/proc/sys/vm/overcommit_ratio", "w", encoding="ascii") as knob:
            knob.write(ratio)


def test_seed_session_live_restores_before_a_signal_ends_it():
    need_root()
    need("strace")
    before = knobs()
    for number in (signal.SIGINT, signal.SIGTERM):
        for write in (2, 3):  # the first asks for the right to write
            inject = f"inject=write:signal={int(number)}:when={write}"
            result = run("seed-session", "--live",
                         prefix=("strace", "-qq", "-o", os.devnull, "-e", inject))
            expect((result.returncode, result.stdout), (-number, ""))
            expect(knobs(), before)


def test_seed_session_live_without_the_right_says_so():
    prefix = ()
    if os.access("/proc/sys/vm/overcommit_ratio", os.W_OK):
        need("unshare")
        script = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
        prefix = ("unshare", "-m", "sh", "-c", f'{script} || exit 99; "$@"', "sh")
    before = knobs()
    result = run("seed-session", "--live", prefix=prefix)
    if result.returncode == 99:
        raise Skip("no right to mount")
    expect((result.returncode, result.stdout), (1, ""))
    assert "mounted read-only" in result.stderr or "No right" in result.stderr, result.stderr
    expect(knobs(), before)


def test_protect_self_shows_what_is_in_force():
    result = run("protect-self", "1000")
    expect(result.returncode, 0)
    said = said_by(result)
    expect((said["asked"], said["now"], "refused" in said), ("1000", "1000", False))


def test_protect_self_shows_why_it_is_refused():
    prefix = ()
    if has_sys_resource():
        need("setpriv")
        prefix = ("setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource")
    result = run("protect-self", "-1000", prefix=prefix)
    said = said_by(result)
    if said["before"] == "-1000":
        raise Skip("this process is exempt already")
    expect((result.returncode, said["asked"]), (1, "-1000"))
    assert "CAP_SYS_RESOURCE" in said["refused"], said
    assert said["cause"].startswith("The value is below the floor"), said
    expect(said["now"], said["before"])


def test_protect_self_refuses_what_is_no_adjustment():
    for text in ("1001", "-2147483648"):
        said = said_by(run("protect-self", text))
        assert "out of its documented range" in said["refused"], said
        assert said["cause"].startswith("The value is out of its documented range"), said
        expect(said["now"], said["before"])
    for text in ("much", "", "9999999999"):
        expect(run("protect-self", text).returncode, 2)


def test_snippets_leave_all_as_it_was():
    before = knobs()
    result = run("snippets")
    expect(result.returncode, 0)
    expect(knobs(), before)


run_tests(globals())
