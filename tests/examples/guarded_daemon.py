#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""guarded-daemon on this machine, with an adjustment that needs no right."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys

from support import Skip, expect, expect_help, expect_usage, run, run_tests

ENDED, FAILED, WRONG = range(3)
HIGHER = 2  # than this test's own adjustment


def adj_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii"))


def own_adj():
    """The tests' own, which is what the daemon begins with, and what its children are to have."""
    value = adj_of("self")
    if value > 1000 - HIGHER:
        raise Skip("this process has the highest adjustment")
    return value


class Daemon:
    """A daemon that runs, and what it says, line by line."""

    def __init__(self, *arguments, adj=None):
        self.adj = own_adj() + HIGHER if adj is None else adj
        command = [os.path.join(sys.argv[1], "guarded-daemon"), "--adj", str(self.adj), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.process.pid

    def says(self, word):
        """What follows the word in the line that comes next."""
        line = self.process.stdout.readline()
        key, _, text = line.partition(": ")
        expect((key, line[-1:]), (word, "\n"))
        return text.strip()

    def has_started(self, workers=2):
        """Its children."""
        expect(self.says("protected"), f"{self.adj}, was {own_adj()}")
        self.workers = [int(self.says("worker")) for _ in range(workers)]
        self.helper = int(self.says("helper"))
        return [*self.workers, self.helper]

    def ends(self, status, by=None):
        if by:
            self.process.send_signal(by)
        expect(self.process.wait(timeout=30), status)
        return self.process.stdout.read(), self.process.stderr.read()


@contextlib.contextmanager
def daemon(*arguments, **more):
    started = Daemon(*arguments, **more)
    try:
        yield started
    finally:
        if started.process.poll() is None:  # a helper that is left would hold the pipe open
            left = children_of(started.pid)
            started.process.kill()
            for child in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        started.process.communicate()


def children_of(pid):
    return {int(child) for child in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()}


def expect_no_process(pids):
    expect([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [])


def wait_for_command(pid, name):
    """Until it is another program; its adjustment is inherited and survives that."""
    path = pathlib.Path(f"/proc/{pid}/comm")
    while path.read_text(encoding="ascii") != f"{name}\n":
        pass


def test_only_the_daemon_has_the_value():
    with daemon("--workers", "3") as d:
        children = d.has_started(3)
        wait_for_command(d.helper, "sleep")
        expect(adj_of(d.pid), d.adj)
        expect(adj_of(d.helper), own_adj())
        expect(children_of(d.pid), set(children))
        d.ends(ENDED, by=signal.SIGTERM)


def test_a_worker_resets_itself_before_anything_else():
    with daemon("--workers", "1", "--once") as d:
        d.has_started(1)
        while adj_of(d.workers[0]) != own_adj():
            expect(adj_of(d.workers[0]) in (d.adj, own_adj()), True)
        d.ends(ENDED, by=signal.SIGINT)


def test_a_worker_that_is_killed_is_replaced():
    with daemon() as d:
        d.has_started()
        for number in (signal.SIGKILL, signal.SIGSEGV):
            victim = d.workers.pop(0)
            os.kill(victim, number)
            expect(d.says("killed"), f"{victim}, by signal {int(number)}")
            d.workers.append(int(d.says("worker")))
            expect(children_of(d.pid), {*d.workers, d.helper})
        while adj_of(d.workers[-1]) != own_adj():
            pass
        expect(adj_of(d.pid), d.adj)
        d.ends(ENDED, by=signal.SIGTERM)


def test_once_is_until_the_first_was_replaced():
    with daemon("--once", "--hog", "1") as d:
        children = d.has_started()
        os.kill(d.workers[1], signal.SIGKILL)
        expect(d.says("killed"), f"{d.workers[1]}, by signal 9")
        children.append(int(d.says("worker")))
        expect(d.ends(ENDED), (f"restored: {own_adj()}\n", ""))
        expect_no_process(children)


def test_a_signal_restores_and_leaves_no_child():
    for number in (signal.SIGTERM, signal.SIGINT):
        with daemon("--workers", "64") as d:
            children = d.has_started(64)
            expect(d.ends(ENDED, by=number), (f"restored: {own_adj()}\n", ""))
            expect_no_process(children)


def test_what_somebody_else_sets_stays():
    with daemon() as d:
        d.has_started()
        pathlib.Path(f"/proc/{d.pid}/oom_score_adj").write_text("1000", encoding="ascii")
        expect(d.ends(ENDED, by=signal.SIGTERM), ("restored: 1000\n", ""))


def test_a_worker_that_gives_up_ends_it():
    limit = ("sh", "-c", 'ulimit -v 65536; exec "$@"', "sh")
    result = run("guarded-daemon", "--hog", "1024", "--adj", own_adj(), prefix=limit)
    expect(result.returncode, FAILED)
    assert "Cannot allocate memory" in result.stderr, result.stderr
    assert "a worker gave up" in result.stderr, result.stderr
    expect(result.stdout.splitlines()[-1], f"restored: {own_adj()}")


def test_the_helper_is_the_command_that_is_given():
    with daemon("sh", "-c", "exec sleep 1000 --workers") as d:
        d.has_started()
        d.ends(ENDED, by=signal.SIGTERM)
    result = run("guarded-daemon", "--adj", own_adj(), "/nonexistent")
    expect(result.returncode, FAILED)
    expect(result.stderr, "guarded-daemon: /nonexistent: No such file or directory\n")
    expect(result.stdout.splitlines()[-1], f"restored: {own_adj()}")


def test_below_the_floor_it_settles_for_the_floor():
    prefix = ("setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource")
    result = run("guarded-daemon", "/nonexistent", prefix=prefix)
    lines = result.stdout.splitlines()
    if lines[0] == f"protected: -999, was {own_adj()}":
        raise Skip("the floor is below all")
    floor = lines[0].split()[1].rstrip(",")
    expect(lines[:2], [f"protected: {floor}, was {own_adj()}",
                       f"the floor: {floor}; less takes CAP_SYS_RESOURCE"])


def test_what_is_refused_is_told_and_nothing_is_started():
    for adj in ("1001", "-1001", "2147483647"):
        result = run("guarded-daemon", "--adj", adj)
        expect((result.returncode, result.stdout), (FAILED, ""))
        assert "not protected: " in result.stderr and "range" in result.stderr, result.stderr


def test_wrong_usage_is_2():
    wrong = (
        ["--workers"], ["--workers", "0"], ["--workers", "65"], ["--workers", "x"],
        ["--workers", ""], ["--adj", "much"], ["--adj", "9999999999"], ["--hog", "-1"],
        ["--hog", "1M"], ["--once=1"], ["--ever"], ["-x"],
    )
    expect_usage(lambda *arguments: run("guarded-daemon", *arguments), wrong, WRONG)


def test_help_is_no_error():
    expect_help("guarded-daemon")


run_tests(globals())
