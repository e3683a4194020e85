#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""oom-rank on a /proc that the tests make up, on this machine, and on a terminal."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from support import PAGE_KB, badness, expect, expect_help, expect_usage
from support import expect_words_for_missing_roots, process, root_of, run, run_tests, score

MIB = 1024 // PAGE_KB
TOTAL = 1000000
MEMINFO = f"MemTotal: {TOTAL * PAGE_KB} kB\nSwapTotal: 0 kB\n"

KERNEL_THREAD = 0x200000

FILES = {
    "meminfo": MEMINFO,
    "sys/kernel/osrelease": "6.1.0\n",
    "sys/vm/panic_on_oom": "0\n",
    "sys/vm/oom_kill_allocating_task": "0\n",
    "sys/vm/swappiness": "60\n",
    "1/oom_score": "0\n",
}
FILES |= process(2, TOTAL, b"kthreadd", rss=0, flags=KERNEL_THREAD) | {"2/oom_score": "0\n"}
FILES |= process(10, TOTAL, b"browser", rss=300 * MIB, swap=20 * MIB, tables=MIB, uid=1000)
FILES |= process(11, TOTAL, b"editor", rss=200 * MIB)
FILES |= process(12, TOTAL, b"shell", rss=4 * MIB)
FILES |= process(13, TOTAL, b"guarded", rss=300 * MIB, adj=-900)
FILES |= process(14, TOTAL, b"exempt", rss=500 * MIB, adj=-1000)

GIB_13 = f"{badness(TOTAL, 300 * MIB, -900) * PAGE_KB / 1024 / 1024:.1f}G"
MARGIN_12 = f"{(4 * MIB - badness(TOTAL, 300 * MIB, -900)) * PAGE_KB / 1024 / 1024:.1f}G"

TABLE = f"""\
Next: 10 (browser), 121M ahead of 11 (editor)
 #     PID USER     SCORE   ADJ BADNESS   RSS  SWAP PGTAB MARGIN COMMAND
 1      10 1000     {score(TOTAL, 321 * MIB):5}     0    321M  300M 20.0M  1.0M   121M browser
 2      11 0        {score(TOTAL, 200 * MIB):5}     0    200M  200M    0K    0K   196M editor
 3      12 0        {score(TOTAL, 4 * MIB):5}     0    4.0M  4.0M    0K    0K {MARGIN_12:>6} shell
 4      13 0        {score(TOTAL, badness(TOTAL, 300 * MIB, -900)):5}  -900 {GIB_13:>7}  300M\
    0K    0K      - guarded
"""


def rank(*arguments, prefix=(), **changes):
    """Runs oom-rank on FILES with changes: "sys__vm__x" names sys/vm/x, None removes it."""
    files = FILES | {name.replace("__", "/"): text for name, text in changes.items()}
    with root_of(files) as root:
        return run("oom-rank", "--proc", root, *arguments, prefix=prefix)


def changed(pid, **figures):
    """The changes that make rank() see another process."""
    return {name.replace("/", "__"): text
            for name, text in process(pid, TOTAL, **figures).items()}


def ranked(*arguments, **changes):
    """The exit status and the JSON of rank()."""
    result = rank("--json", *arguments, **changes)
    return result.returncode, json.loads(result.stdout)


def pids(said):
    return [e["pid"] for e in said["ranking"]]


def entry(said, pid):
    return next(e for e in said["ranking"] if e["pid"] == pid)


def test_the_table_is_complete():
    result = rank()
    expect(result.stdout, TABLE)
    expect((result.returncode, result.stderr), (0, ""))


def test_every_line_of_the_table_fits_a_console():
    result = rank(**changed(4194304, comm=b"fifteen letters", rss=300 * MIB, adj=1000))
    assert "fifteen letters" in result.stdout
    expect([line for line in result.stdout.splitlines() if len(line) > 80], [])


def test_the_json_says_the_same():
    status, said = ranked()
    expect((status, said["total_pages"], said["page_size"]), (0, TOTAL, PAGE_KB * 1024))
    expect((said["unread"], said["hidden"], said["notes"]), (0, False, []))
    expect(pids(said), [10, 11, 12, 13])
    expect(said["ranking"][0], {
        "pid": 10, "uid": 1000, "oom_score": score(TOTAL, 321 * MIB), "oom_score_adj": 0,
        "what_if": False, "badness_pages": 321 * MIB, "margin_pages": 121 * MIB,
        "rss_pages": 300 * MIB, "swap_pages": 20 * MIB, "pgtable_pages": MIB,
        "comm": "browser"})
    expect((said["ranking"][3]["badness_pages"], said["ranking"][3]["margin_pages"]),
           (badness(TOTAL, 300 * MIB, -900), None))


def test_the_last_that_is_shown_has_its_margin():
    said = ranked("-n", "1")[1]
    expect((pids(said), said["ranking"][0]["margin_pages"]), ([10], 121 * MIB))


def test_one_process_and_none_are_said():
    gone = {f"{pid}__oom_score": None for pid in (11, 12, 13)}
    expect(rank(**gone).stdout.splitlines()[0], "Next: 10 (browser)")
    expect(rank(**gone, **{"10__oom_score": None}).stdout.splitlines()[0],
           "Next: nobody: none can be killed")


def test_what_if_moves_a_process_as_its_badness_says():
    status, said = ranked("--adj", "12=500")
    expect((status, pids(said)), (0, [12, 10, 11, 13]))
    pages = badness(TOTAL, 4 * MIB, 500)
    expect(said["ranking"][0] | {"comm": ""}, {
        "pid": 12, "uid": 0, "oom_score": score(TOTAL, pages), "oom_score_adj": 500,
        "what_if": True, "badness_pages": pages, "margin_pages": pages - 321 * MIB,
        "rss_pages": 4 * MIB, "swap_pages": 0, "pgtable_pages": 0, "comm": ""})
    expect([e["what_if"] for e in said["ranking"]], [True, False, False, False])


def test_what_if_moves_a_process_down():
    expect(pids(ranked("--adj", "10=-999")[1]), [11, 12, 13, 10])


def test_what_if_takes_in_a_process_from_behind_all_that_are_shown():
    many = {}
    for pid in range(1000, 1600):
        many |= changed(pid, rss=10 * MIB + pid)
    said = ranked("-n", "2", "--adj", "13=1000", **many)[1]
    expect(pids(said), [13, 10])
    expect(pids(ranked("-n", "3", "--adj", "10=-1000", **many)[1]), [11, 1599, 1598])


def test_what_if_several_leave_the_top_the_next_are_shown_with_their_margin():
    said = ranked("-n", "1", "--adj", "10=-1000", "--adj", "11=-999")[1]
    expect(pids(said), [12])
    expect(said["ranking"][0]["margin_pages"], 4 * MIB - badness(TOTAL, 300 * MIB, -900))


def test_what_if_a_process_is_exempt_or_no_longer():
    expect(pids(ranked("--adj", "10=-1000")[1]), [11, 12, 13])
    status, said = ranked("--adj", "14=0")
    expect((status, pids(said)), (0, [14, 10, 11, 12, 13]))
    expect((said["ranking"][0]["comm"], said["ranking"][0]["badness_pages"]),
           ("exempt", 500 * MIB))


def test_what_ifs_add_up_and_the_last_of_a_process_counts():
    expect(pids(ranked("--adj", "12=500", "--adj", "11=600")[1]), [11, 12, 10, 13])
    expect(pids(ranked("--adj", "12=500", "--adj", "12=0")[1]), [10, 11, 12, 13])
    expect(pids(ranked("--adj", "12=-1000", "--adj", "12=500")[1]), [12, 10, 11, 13])


def test_what_if_of_nobody_is_said_and_the_rest_is_ranked():
    for pid, words in ((2, "never chosen"), (99, "No such process")):
        status, said = ranked("--adj", f"{pid}=500", "--adj", "12=500")
        expect((status, pids(said)), (1, [12, 10, 11, 13]))
        assert said["notes"][0].startswith(f"Process {pid}: ") and words in said["notes"][0]


def test_what_if_is_marked_in_the_table():
    lines = rank("--adj", "12=500").stdout.splitlines()
    assert lines[0].startswith("Next: 12 (shell), "), lines
    assert lines[2].startswith(" 1*     12 "), lines
    assert lines[3].startswith(" 2      10 "), lines


def test_of_equals_the_youngest_dies_first_and_before_5_9_the_oldest():
    twins = changed(20, rss=400 * MIB, start=5000) | changed(21, rss=400 * MIB, start=4000)
    apart = changed(20, rss=400 * MIB, start=5000, adj=100) | \
        changed(21, rss=400 * MIB, start=4000, adj=-100)
    equal = ["--adj", "20=0", "--adj", "21=0"]
    expect(pids(ranked(**twins)[1])[:2], [20, 21])
    expect(pids(ranked(*equal, **apart)[1])[:2], [20, 21])
    old = {"sys__kernel__osrelease": "5.8.0\n"}
    expect(pids(ranked(**twins, **old)[1])[:2], [21, 20])
    expect(pids(ranked(*equal, **apart, **old)[1])[:2], [21, 20])


def cgroup_files(**changes):
    """10 and 13 are below /box, whose limit is less than they use."""
    return {f"{pid}__cgroup": "0::/\n" for pid in (11, 12, 14)} | {
        "10__cgroup": "0::/box\n", "13__cgroup": "0::/box/inner\n",
        "fs__cgroup__box__memory.max": f"{100 * MIB * PAGE_KB * 1024}\n",
        "fs__cgroup__box__memory.swap.max": "0\n"} | changes


def test_a_cgroup_ranks_its_own_by_its_limit():
    status, said = ranked("--cgroup", "/box", **cgroup_files())
    expect((status, said["total_pages"]), (0, 100 * MIB))
    expect(pids(said), [10, 13])
    expect(entry(said, 13)["badness_pages"], badness(100 * MIB, 300 * MIB, -900))
    expect(entry(said, 13)["oom_score"], score(TOTAL, badness(TOTAL, 300 * MIB, -900)))
    result = rank("--cgroup", "/box", **cgroup_files())
    assert result.stdout.startswith("Next in /box: 10 (browser), "), result.stdout


def test_what_if_in_a_cgroup_counts_in_its_limit_and_the_score_does_not():
    said = ranked("--cgroup", "/box", "--adj", "13=1000", **cgroup_files())[1]
    expect(pids(said), [13, 10])
    expect(entry(said, 13)["badness_pages"], badness(100 * MIB, 300 * MIB, 1000))
    expect(entry(said, 13)["oom_score"], score(TOTAL, badness(TOTAL, 300 * MIB, 1000)))


def test_what_if_takes_in_a_process_from_the_end_of_a_cgroup():
    many = {}
    for pid in range(1000, 1100):
        many |= changed(pid, rss=MIB + pid) | {f"{pid}__cgroup": "0::/box\n"}
    status, said = ranked("-n", "3", "--cgroup", "/box", "--adj", "1000=1000",
                          **cgroup_files(), **many)
    expect((status, pids(said)), (0, [10, 13, 1000]))


def test_what_if_of_a_process_outside_of_the_cgroup_changes_nothing():
    status, said = ranked("--cgroup", "/box", "--adj", "12=1000", **cgroup_files())
    expect((status, pids(said)), (1, [10, 13]))
    assert "not in this cgroup" in said["notes"][0]


def test_a_cgroup_that_cannot_be_ranked_is_refused_in_words():
    unlimited = cgroup_files(**{"fs__cgroup__box__memory.max": "max\n"})
    for path, files, words in (("/none", cgroup_files(), "no such knob or cgroup"),
                               ("/box", unlimited, "no limit of its own"),
                               ("box", cgroup_files(), "out of its documented range")):
        for form in ("--once", "--json"):
            result = rank("--cgroup", path, form, **files)
            expect((result.returncode, result.stdout), (1, ""))
            assert result.stderr.startswith("oom-rank: ") and words in result.stderr


HOSTILE = (b"\x1b[31mred", b"\x9b2J\x07\r", b"a) R 1 (b\n", b'"\\}', b"\xc3\xa9\xe2\x82\xac",
           b"\xc2\x9b2J", b"\xf0\x9f\x98\x80", b"fourteen bytes\xc3", b"\xed\xa0\x80\xc0\x80",
           b"\xf4\x90\x80\x80\xff", b" ", b"\x7f\x01")


def hostile_files():
    files = {}
    for i, comm in enumerate(HOSTILE):
        files |= changed(100 + i, comm=comm, rss=400 * MIB + i)
    return files


def test_a_hostile_name_never_reaches_the_terminal():
    for arguments in ([], ["--json"]):
        result = rank("-n", "20", *arguments, **hostile_files())
        expect(result.returncode, 0)
        expect(re.findall("[^ -~\n]", result.stdout), [])
    expect(len(rank("-n", "20", **hostile_files()).stdout.splitlines()), 2 + len(HOSTILE) + 4)


def test_a_hostile_name_is_whole_in_json():
    said = ranked("-n", "20", **hostile_files())[1]
    for i, comm in enumerate(HOSTILE):
        replaced = comm.decode(errors="replace").replace("\ufffd", "?")
        got = entry(said, 100 + i)["comm"].replace("\ufffd", "?")
        expect(re.sub(r"\?+", "?", got), re.sub(r"\?+", "?", replaced))


def test_a_hostile_name_of_an_exempt_process_neither():
    files = changed(14, comm=b"\x1b]0;x\x07\xff", rss=500 * MIB, adj=-1000)
    said = ranked("--adj", "14=0", **files)[1]
    expect(said["ranking"][0]["comm"], "\x1b]0;x\x07\ufffd")
    expect(re.findall("[^ -~\n]", rank("--adj", "14=0", **files).stdout), [])


def test_what_limits_the_answer_is_said():
    for changes, words, arguments in (
            ({"1__oom_score": None}, "/proc hides processes", []),
            ({"sys__vm__panic_on_oom": "1\n"}, "the kernel panics", []),
            ({"sys__vm__oom_kill_allocating_task": "1\n"}, "who asks for memory", []),
            ({"sys__kernel__osrelease": "4.19\n"}, "a child of the first", []),
            ({"sys__kernel__osrelease": None}, "By score alone", []),
            ({"sys__vm__panic_on_oom": "2\n"}, "the kernel panics", ["--cgroup", "/box"])):
        files = cgroup_files() | changes
        status, said = ranked(*arguments, **files)
        expect((status, len(said["notes"]), pids(said)[0]), (0, 1, 10))
        assert words in said["notes"][0], said
        assert f"Note: {said['notes'][0]}\n" in rank(*arguments, **files).stdout


def test_a_full_cgroup_neither_panics_nor_kills_who_asks():
    files = cgroup_files(sys__vm__panic_on_oom="1\n", sys__vm__oom_kill_allocating_task="1\n")
    expect(ranked("--cgroup", "/box", **files)[1]["notes"], [])


def test_processes_that_may_not_be_read_are_counted():
    prefix = ()
    if os.geteuid() == 0:
        prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search",
                  "--inh-caps", "-dac_override,-dac_read_search")
    with root_of(FILES) as root:
        os.chmod(f"{root}/11", 0)
        try:
            result = run("oom-rank", "--proc", root, "--json", prefix=prefix)
        finally:
            os.chmod(f"{root}/11", 0o755)
    said = json.loads(result.stdout)
    expect((result.returncode, said["unread"], pids(said)), (0, 1, [10, 12, 13]))
    expect((len(said["notes"]), said["notes"][0].partition(":")[0]),
           (1, "/proc hides processes of others"))


def test_without_a_total_the_order_is_that_of_the_scores():
    status, said = ranked(meminfo=None)
    expect((status, pids(said), said["total_pages"]), (0, [10, 11, 12, 13], None))
    expect((said["ranking"][0]["badness_pages"], said["ranking"][0]["margin_pages"]),
           (None, None))
    assert " - " in rank(meminfo=None).stdout.splitlines()[-1]
    status, said = ranked("--adj", "12=500", meminfo=None)
    expect((status, pids(said)), (1, [10, 11, 12, 13]))
    assert said["notes"][1].startswith("Process 12: ") and "subset=pid" in said["notes"][1]
    expect(entry(said, 12)["what_if"], False)


def test_the_oldest_kernels_compare_points():
    points = (200 * MIB) * 1000 // TOTAL
    line = next(line for line in rank(sys__kernel__osrelease="2.6.36\n").stdout.splitlines()
                if line.endswith("editor"))
    expect(line.split()[5], str(points))


def test_a_file_that_is_none_of_proc_is_refused():
    result = rank(meminfo="no such thing\n")
    expect((result.returncode, result.stdout), (1, ""))
    assert "is this root really /proc" in result.stderr


def test_wrong_usage_is_2():
    wrong = (
        ["--adj", "0=5"], ["--adj", "-1=5"], ["--adj", "x=5"], ["--adj", "12"], ["--adj", "12="],
        ["--adj", "12=1001"], ["--adj", "12=-1001"], ["--adj", "12=5x"],
        ["--adj", "4294967297=5"], ["--adj"], ["-n", "0"], ["-n", "-1"], ["-n", "x"],
        ["-n", "100001"], ["--jsn"], ["extra"],
    )
    expect_usage(rank, wrong, 2)


def test_help_is_no_error():
    expect_help("oom-rank")


def test_a_root_that_is_missing_is_words():
    expect_words_for_missing_roots("oom-rank", status=1)


# This machine, where others may have adjustments, too

ALL = ("-n", "100000")


def read_score(pid):
    with open(f"/proc/{pid}/oom_score", encoding="ascii") as file:
        return int(file.read())


def all_scores():
    scores = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                scores[int(name)] = read_score(name)
    return scores


@contextlib.contextmanager
def sleepers(*adjustments):
    """Processes that do nothing, with these adjustments."""
    children = [subprocess.Popen(["sleep", "100"]) for _ in adjustments]
    try:
        for child, adj in zip(children, adjustments):
            set_adj(child.pid, adj)
        yield [child.pid for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()


def set_adj(pid, adj):
    with open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(adj))


def rows_of(text):
    """(pid, score) of each row of a table."""
    return [(int(line.split()[1]), int(line.split()[3])) for line in text.splitlines()
            if re.match(" *[0-9]+ +[0-9]+ ", line)]


def agree(shown, before, after):
    """Whether nothing that stayed as it was is shown otherwise, or left out."""
    expect([s for _, s in shown], sorted((s for _, s in shown), reverse=True))
    steady = {pid: s for pid, s in before.items() if after.get(pid) == s}
    for pid, shown_score in shown:
        if pid in steady:
            expect((pid, shown_score), (pid, steady[pid]))
    left_out = set(steady) - {pid for pid, _ in shown}
    expect([pid for pid in left_out if steady[pid] > shown[-1][1]], [])


def test_the_order_is_that_of_the_scores_of_this_machine():
    with sleepers(900, 1000, 950) as (third, first, second):
        before = all_scores()
        tables = [run("oom-rank", "--once", *count) for count in ([], ALL)]
        said = run("oom-rank", "--json", *ALL)
        after = all_scores()
        for table in tables:
            expect((table.returncode, table.stderr), (0, ""))
            agree(rows_of(table.stdout), before, after)
        entries = json.loads(said.stdout)["ranking"]
        agree([(e["pid"], e["oom_score"]) for e in entries], before, after)
        expect(len(rows_of(tables[0].stdout)), min(10, len(entries)))
        mine = [pid for pid, _ in rows_of(tables[1].stdout) if pid in (first, second, third)]
        expect(mine, [first, second, third])
        expect([e["pid"] for e in entries if e["pid"] in mine], mine)


def test_what_if_comes_true_on_this_machine():
    with sleepers(900, 0) as (other, pid):
        said = json.loads(run("oom-rank", "--json", *ALL, "--adj", f"{pid}=950").stdout)
        predicted = entry(said, pid)
        assert pids(said).index(pid) < pids(said).index(other), said
        expect(predicted["what_if"], True)
        assert read_score(pid) < predicted["oom_score"]
        set_adj(pid, 950)
        expect(predicted["oom_score"], read_score(pid))
        real = entry(json.loads(run("oom-rank", "--json", *ALL).stdout), pid)
        expect(predicted | {"what_if": False, "margin_pages": None},
               real | {"margin_pages": None})


# A terminal


class Terminal:
    """oom-rank as the leader of a session on a terminal of its own."""

    def __init__(self, *arguments, environment=None, rows=24, columns=80):
        self.master, self.slave = pty.openpty()
        self.seen = b""
        self.resize(rows, columns)
        self.modes = termios.tcgetattr(self.slave)
        path = os.path.join(sys.argv[1], "oom-rank")
        self.process = subprocess.Popen(
            [path, *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env={k: v for k, v in os.environ.items() if k != "NO_COLOR"} | (environment or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def read(self, seconds=0.0):
        if select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65536)
            return True
        return False

    def frames(self):
        """What was drawn each time, without colours, the last one only when it is whole."""
        plain = re.sub(rb"\x1b\[[0-9]*m", b"", self.seen)
        return [f.partition(b"\x1b[J")[0].decode() for f in plain.split(b"\x1b[H")[1:]
                if b"\x1b[J" in f]

    def wait_for(self, is_there):
        end = time.monotonic() + 30
        while not is_there():
            assert time.monotonic() < end, self.seen
            self.read(0.1)

    def wait_for_frames(self, count):
        self.wait_for(lambda: len(self.frames()) >= count)

    def end(self):
        """The exit status; all that was written is read, the terminal is as it was."""
        self.wait_for(lambda: self.process.poll() is not None)
        while self.read():
            pass
        expect(termios.tcgetattr(self.slave), self.modes)
        assert self.seen.endswith(b"\x1b[?25h\x1b[?1049l"), self.seen
        return self.process.returncode


def lines_of(frame):
    return [line.removesuffix("\x1b[K") for line in frame.split("\r\n")[:-1]]


def test_a_terminal_is_drawn_each_second_and_left_as_it_was():
    with sleepers(1000) as (pid,), Terminal(*ALL, rows=60000) as terminal:
        terminal.wait_for_frames(3)
        assert terminal.seen.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H")
        modes = termios.tcgetattr(terminal.slave)
        expect(modes[3] & (termios.ECHO | termios.ICANON), 0)
        expect(modes[6][termios.VSUSP], b"\0")  # a stopped one would leave it like this
        for frame in terminal.frames():
            assert lines_of(frame)[0].startswith("Next: "), frame
            assert pid in [row for row, _ in rows_of("\n".join(lines_of(frame)))], frame
        terminal.press(b"q")
        expect(terminal.end(), 0)


def test_signals_and_keys_end_it():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with Terminal() as terminal:
            terminal.wait_for_frames(1)
            terminal.process.send_signal(number)
            expect((number, terminal.end()), (number, 0))
    with Terminal() as terminal:
        terminal.wait_for_frames(1)
        terminal.press(b"\x03")
        expect(terminal.end(), 0)


def test_another_key_draws_again():
    with Terminal() as terminal:
        terminal.wait_for_frames(1)
        begin = time.monotonic()
        for count in range(2, 12):
            terminal.press(b"x")
            terminal.wait_for_frames(count)
        assert time.monotonic() - begin < 8
        terminal.press(b"q")
        expect(terminal.end(), 0)


def test_a_terminal_that_stands_still_does_not_keep_it():
    with Terminal() as terminal:
        terminal.wait_for_frames(1)
        for _ in range(200):
            terminal.press(b"x")
        time.sleep(0.5)
        terminal.process.send_signal(signal.SIGTERM)
        expect(terminal.process.wait(30), 0)
        expect(termios.tcgetattr(terminal.slave), terminal.modes)


def test_the_table_follows_the_size_of_the_terminal():
    with Terminal(rows=6, columns=30) as terminal:
        for rows, columns in ((6, 30), (4, 20), (1, 1), (24, 200)):
            terminal.resize(rows, columns)
            start = len(terminal.frames())
            terminal.wait_for_frames(start + 2)
            lines = lines_of(terminal.frames()[-1])
            assert len(lines) <= rows - 1, (rows, lines)
            expect([line for line in lines if len(line) > columns], [])
        assert len(lines) > 5, lines
        terminal.press(b"q")
        expect(terminal.end(), 0)


def test_another_size_is_drawn_at_once():
    with Terminal() as terminal:
        terminal.wait_for_frames(1)
        begin = time.monotonic()
        for count in range(10):
            frames = len(terminal.frames())
            terminal.resize(20 + count, 80)
            terminal.wait_for_frames(frames + 1)
        assert time.monotonic() - begin < 8
        terminal.press(b"q")
        expect(terminal.end(), 0)


def test_a_terminal_without_a_size_is_taken_for_a_console():
    for rows, columns in ((0, 80), (24, 0)):
        with Terminal(rows=rows, columns=columns) as terminal:
            terminal.wait_for_frames(1)
            terminal.press(b"q")
            expect(terminal.end(), 0)
            lines = lines_of(terminal.frames()[0])
            assert len(lines) > 2 and lines[0].startswith("Next: "), lines


def test_an_error_on_a_terminal_comes_after_it_is_as_before():
    with Terminal("--cgroup", "/no/such/cgroup") as terminal:
        terminal.wait_for(lambda: terminal.process.poll() is not None)
        while terminal.read():
            pass
        expect((terminal.process.returncode, termios.tcgetattr(terminal.slave)),
               (1, terminal.modes))
        text = terminal.seen.partition(b"\x1b[?1049l")[2]
        assert text.startswith(b"oom-rank: "), terminal.seen


def printed(*arguments, **environment):
    """What is printed on a terminal without drawing."""
    with Terminal(*arguments, environment=environment) as terminal:
        terminal.wait_for(lambda: terminal.process.poll() is not None)
        while terminal.read():
            pass
        expect(termios.tcgetattr(terminal.slave), terminal.modes)
        return terminal.seen


def test_colours_are_for_terminals_that_want_them():
    assert b"\x1b[7m" in printed("--once")
    expect(re.findall(rb"\x1b\[[^0-9m]|\x1b[^\[]", printed("--once")), [])
    assert b"\x1b" not in printed("--once", NO_COLOR="1")
    assert b"\x1b[7m" in printed("--once", NO_COLOR="")
    assert b"\x1b" not in printed("--json")
    assert "\x1b" not in run("oom-rank", "--once").stdout
    assert "\x1b" not in run("oom-rank").stdout


run_tests(globals())
