#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""can-commit on a /proc that the tests make up, and on this machine."""
import mmap

from support import PAGE_KB, expect, expect_help, expect_usage
from support import expect_words_for_missing_roots, root_of, run, run_tests

GRANTED, REFUSED, WRONG, UNCERTAIN = range(4)

RAM = 8388608
SWAP = 1048576
PROMISED = 4194304
LIMIT = RAM // 2 + SWAP
LEFT = LIMIT - PROMISED  # with overcommit_memory 2, but for one page

FILES = {
    "meminfo": f"MemTotal: {RAM} kB\nSwapTotal: {SWAP} kB\nCommitLimit: {LIMIT} kB\n"
               f"Committed_AS: {PROMISED} kB\nHugetlb: 0 kB\n",
    "sys/vm/overcommit_memory": "2\n",
    "sys/vm/overcommit_ratio": "50\n",
    "sys/vm/overcommit_kbytes": "0\n",
    "sys/vm/admin_reserve_kbytes": "0\n",
    "sys/vm/user_reserve_kbytes": "0\n",
    "sys/kernel/osrelease": "6.1.0\n",
    "self/statm": "1000 100 50 1 0 100 0\n",
    "self/status": "Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t 400 kB\nCapEff:\t0000000000000000\n",
    "self/smaps": "",
    "devices/system/cpu/present": "0\n",
}

# What the only CPU may owe to the kernel's count: a batch of RAM / 256, less a page.
OWED = RAM // 256 - PAGE_KB


def can_commit(*arguments, **changes):
    """Runs can-commit on FILES with changes: "sys__vm__x" names sys/vm/x, None removes it."""
    files = FILES | {name.replace("__", "/"): text for name, text in changes.items()}
    with root_of(files) as root:
        return run("can-commit", "--proc", root, *arguments)


def verdict(*arguments, **changes):
    """The exit status and the line of can_commit(), with nothing said besides."""
    result = can_commit(*arguments, **changes)
    expect(result.stderr, "")
    return result.returncode, result.stdout


def test_what_is_left_of_the_limit_is_granted_to_the_last_page():
    page = PAGE_KB / 1024
    expect(verdict(f"{LEFT - PAGE_KB}K"), (GRANTED, "granted, margin 0.0 MiB\n"))
    expect(verdict(f"{LEFT}K"), (REFUSED, f"refused, margin -{page:.1f} MiB\n"))
    expect(verdict("512M"), (GRANTED, f"granted, margin {512 - page:.1f} MiB\n"))
    expect(verdict("2G"), (REFUSED, f"refused, margin -{1024 + page:.1f} MiB\n"))


def test_close_to_the_limit_a_small_request_is_uncertain():
    def near(kb):
        full = FILES["meminfo"].replace(str(PROMISED), str(LIMIT - PAGE_KB - kb))
        return verdict(f"{PAGE_KB}K", meminfo=full)
    expect(near(PAGE_KB), (UNCERTAIN, "uncertain, margin 0.0 MiB, give or take "
                                      f"{OWED / 1024:.1f} MiB\n"))
    expect(near(PAGE_KB + OWED)[0], GRANTED)
    expect(near(OWED)[0], UNCERTAIN)
    expect(near(PAGE_KB - OWED)[0], UNCERTAIN)
    expect(near(-OWED)[0], REFUSED)


def test_all_ram_and_swap_are_granted_by_guess_and_not_a_page_more():
    guess = {"sys__vm__overcommit_memory": "0\n"}
    expect(verdict(f"{RAM + SWAP}K", **guess), (GRANTED, "granted, margin 0.0 MiB\n"))
    expect(verdict(f"{RAM + SWAP + 1}K", **guess)[0], REFUSED)
    expect(verdict("1G", **guess, sys__kernel__osrelease="5.1.0\n"),
           (UNCERTAIN, "uncertain, by what is free at that moment\n"))


def test_always_means_any_size():
    expect(verdict("17179869183G", sys__vm__overcommit_memory="1\n"),
           (GRANTED, "granted, whatever the size\n"))


def test_sizes_are_bytes_or_have_a_unit():
    for same in (("1073741824", "1048576K", "1024M", "1G"), ("1", "1K", "1024")):
        expect(len({verdict(size) for size in same}), 1)
    edge = 1024 * (LEFT - PAGE_KB)
    expect((verdict(edge)[0], verdict(edge + 1)[0]), (GRANTED, REFUSED))
    expect(verdict(0)[0], GRANTED)
    expect(verdict("18446744073709551615")[0], REFUSED)


def mapping(kb, flags):
    return f"1000-2000 rw-p 00000000 00:00 0 \nSize: {kb:15} kB\nVmFlags: {flags}\n"


def test_fork_asks_for_all_private_writable_memory():
    fits = mapping(LEFT // 2, "rd wr mr ac") + mapping(LEFT // 4, "rd wr ac")
    expect(verdict("--fork", self__smaps=fits + mapping(LEFT, "rd ex mr"))[0], GRANTED)
    full = fits + mapping(LEFT // 2, "rd wr ac")
    expect(verdict("--fork", self__smaps=full)[0], REFUSED)
    edge = mapping(LEFT - PAGE_KB, "rd wr ac")
    owed = 2 * (RAM // 2 // 256 - PAGE_KB)
    expect(verdict("--fork", self__smaps=edge, devices__system__cpu__present="0-1\n"),
           (UNCERTAIN, f"uncertain, margin 0.0 MiB, give or take {owed / 1024:.1f} MiB\n"))
    expect(verdict("--fork", self__smaps=full, sys__vm__overcommit_memory="0\n")[0], GRANTED)
    expect(verdict("--fork", self__smaps=mapping(RAM + SWAP + PAGE_KB, "rd wr ac"),
                   sys__vm__overcommit_memory="0\n")[0], REFUSED)


def test_what_cannot_be_told_is_2():
    for arguments, missing in ((["1M"], "sys/vm/overcommit_memory"), (["1M"], "meminfo"),
                               (["--fork"], "self/smaps")):
        result = can_commit(*arguments, **{missing.replace("/", "__"): None})
        expect((missing, result.returncode, result.stdout), (missing, WRONG, ""))
        assert result.stderr.startswith("can-commit: No such file"), result.stderr


def test_wrong_usage_is_2():
    wrong = (
        [], ["--fork", "1M"], ["1M", "1M"], [""], ["M"], ["-1"], ["+1"], [" 1"], ["1T"], ["1Mi"],
        ["1MM"], ["1.5G"], ["0x10"], ["99999999999999999999"], ["17592186044416G"],
        ["18446744073709551615M"], ["--size"], ["--proc"],
    )
    expect_usage(can_commit, wrong, WRONG)


def test_help_is_no_error():
    expect_help("can-commit")


def test_a_root_that_is_missing_is_words():
    expect_words_for_missing_roots("can-commit", "1M", status=WRONG)


# This machine


def kernel_grants(kb):
    """Memory that is promised, and never used."""
    try:
        mmap.mmap(-1, kb * 1024, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def total_kb():
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = dict(line.split(":") for line in file)
    return sum(int(lines[name].split()[0]) for name in ("MemTotal", "SwapTotal"))


def test_the_kernel_says_the_same():
    for kb in (4096, total_kb() // 2, total_kb() - 65536, total_kb() + 65536, 4 * total_kb()):
        said = run("can-commit", f"{kb}K")
        expect((said.stderr, said.returncode in (GRANTED, REFUSED, UNCERTAIN)), ("", True))
        if said.returncode != UNCERTAIN:
            expect((kb, said.returncode == GRANTED), (kb, kernel_grants(kb)))


def test_a_small_process_can_fork():
    expect(run("can-commit", "--fork").returncode, GRANTED)


run_tests(globals())
