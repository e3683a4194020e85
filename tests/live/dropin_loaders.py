#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Asks systemd-sysctl and sysctl which lines of random files they would write in which order, and
compares what the kernel would hold then with oomctl_dropin_find(). They run in a mount namespace
of their own, where the files take the place of the machine's, and /proc/sys is a directory of
plain files. Usage: dropin_loaders.py DRIVER [TREES [SEED]]"""

import errno
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DIRECTORIES = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d")
MOUNTS = ("etc/sysctl.d", "run", "usr/local/lib", "usr/lib/sysctl.d")
SYSTEMD, PROCPS = 1, 2
SYSTEMD_SYSCTL = "/usr/lib/systemd/systemd-sysctl"
KNOBS = {"overcommit_memory": 1, "overcommit_ratio": 2, "overcommit_kbytes": 3}
BOOTED = {"overcommit_memory": 0, "overcommit_ratio": 50, "overcommit_kbytes": 0}
OTHER = {"overcommit_ratio": "overcommit_kbytes", "overcommit_kbytes": "overcommit_ratio"}
NAMES = ("10-a.conf", "9-b.conf", "99-z.conf", ".c.conf", "B.conf", "d.conf.old", "~e.conf",
         "README")
# None with a separator too many inside: for procps it is another name, which patterns do not spare.
KEYS = ("vm.overcommit_{}", "vm/overcommit_{}", "-vm.overcommit_{}", " vm.overcommit_{} ",
        "- vm.overcommit_{}", "vm.overcommit_{:.1}*", "*/*_{}", "vm?overcommit_{}",
        "vm.overcommit_{}", "--vm.overcommit_{}", "vm/overcommit_{}/", "vm.overcommit_{:.2}*")
NOISE = ("# vm.overcommit_ratio = 1", "; x", "", "  ", "vm.overcommit_ratio", "vm.swappiness=60",
         "=", "net.ipv4.*.x=1", "-vm.overcommit_ratio", "-vm.overcommit_kbytes", "-",
         "- vm/overcommit_ratio", "--vm.overcommit_ratio", "-vm/overcommit_ratio/",
         "vm.overcommit_r*=8", "vm.overcommit_ra*=9", "vm/overcommit_k*=8")
# What hardly any file has, with the loaders for which the library refuses it.
CASES = (
    ("vm.overcommit_r*=8\nvm.overcommit_ra*=9\nvm.overcommit_r*=8\n", ()),
    ("vm.overcommit_r*=8\n-vm.overcommit_r*\n", (SYSTEMD,)),
    ("--vm.overcommit_ratio=33\n", ()),
    ("---vm.overcommit_ratio=33\n", ()),
    ("-- vm.overcommit_ratio=33\n", ()),
    ("vm/overcommit_ratio/=33\n", ()),
    ("vm.overcommit_ratio.=33\n", ()),
    ("vm/overcommit_r*/=33\n", ()),
    ("/proc/sys/vm/overcommit_ratio=33\n", ()),
    ("\rvm.overcommit_ratio=33\r\r\n", ()),
    ("vm.swappiness=60\n\0\0\nvm.overcommit_ratio\0\n\f\n", ()),
    (" " * 2000 + "vm.overcommit_ratio=33\n", ()),
    (" " * 3000 + "vm.overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("vm/./overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("vm/../vm/overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("\0vm.overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("\fvm.overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("vm.swappiness=1\rvm.overcommit_ratio=33\n", (SYSTEMD, PROCPS)),
    ("vm.overcommit_ratio=-0\n", (SYSTEMD, PROCPS)),
    ("vm.overcommit_{ratio,x}*=33\n", (SYSTEMD, PROCPS)),
    ("vm.overcommit_ratio*{,x}=33\n", (SYSTEMD, PROCPS)),
)


def random_line(chance, values):
    """A line, mostly with a value that no other line has: it tells which file it is of."""
    if chance.random() < 0.3:
        return chance.choice(NOISE)
    knob = chance.choice(("ratio", "kbytes", "ratio", "kbytes", "memory"))
    is_small = knob == "memory" or chance.random() < 0.15
    value = chance.choice("012") if is_small else str(next(values))
    blank, end = chance.choice(("", " ", "\t")), chance.choice(("", " ", "\r"))
    return chance.choice(KEYS).format(knob) + blank + "=" + blank + value + end


def make_tree(root, chance):
    """Files below the root, which is empty before."""
    values = iter(range(100, 10000))
    for directory in DIRECTORIES:
        for name in chance.sample(NAMES, chance.choice((0, 0, 1, 2, 3))):
            path = root / directory / name
            if chance.random() < 0.1:
                path.symlink_to(chance.choice(("/dev/null", "nothing")))
            else:
                lines = [random_line(chance, values) for _ in range(chance.randrange(4))]
                path.write_text("\n".join(lines) + chance.choice(("", "\n")))
    if chance.random() < 0.4:
        (root / "etc/sysctl.conf").write_text(random_line(chance, values) + "\n")
    else:
        (root / "etc/sysctl.conf").write_text("")


def clear_tree(root):
    for directory in DIRECTORIES:
        for path in (root / directory).iterdir():
            path.unlink()


def writes_of(loader):
    """What it writes to the knobs, in its order."""
    if loader == SYSTEMD:
        done = subprocess.run([SYSTEMD_SYSCTL], capture_output=True, text=True, check=False,
                              env={"SYSTEMD_LOG_LEVEL": "debug", "SYSTEMD_LOG_TARGET": "console"})
        return re.findall(r"Setting '/proc/sys/vm/(overcommit_\w+)' to '(.*)'", done.stderr)
    done = subprocess.run(["sysctl", "--dry-run", "--system"], capture_output=True, text=True,
                          check=False)
    return re.findall(r"^\W*vm\W+(overcommit_\w+) = (.*)$", done.stdout, flags=re.M)


def held_after(loader, writes):
    """What each knob holds, and the write that made it so; systemd does not write what is there."""
    held, by = dict(BOOTED), {}
    for i, (knob, text) in enumerate(writes):
        value = int(text)
        if loader == SYSTEMD and held[knob] == value:
            by.setdefault(knob, i)
            continue
        held[knob], by[knob] = value, i
        if knob in OTHER:
            held[OTHER[knob]], by[OTHER[knob]] = 0, i
    return held, by


def found(driver, root, loader, knob):
    out = subprocess.run([driver, "find", root, str(loader), str(KNOBS[knob])],
                         capture_output=True, text=True, check=True).stdout
    code, value, path = out.rstrip("\n").split(" ", 2)
    return int(code), int(value), path


def compare(driver, root, loader):
    """What is wrong with the library's answers of a tree, and how many files they named."""
    writes = writes_of(loader)
    held, by = held_after(loader, writes)
    wrong, named = [], 0
    for knob in KNOBS:
        code, value, path = found(driver, root, loader, knob)
        if knob not in by:
            if code != -95:
                wrong.append((loader, knob, "nobody", code, value, path))
            continue
        named += 1
        text = Path(path).read_text() if code == 0 else ""
        if code != 0 or value != held[knob] or not re.search(rf"=\s*{writes[by[knob]][1]}\b", text):
            wrong.append((loader, knob, held[knob], writes[by[knob]], code, value, path))
    return wrong, named


def compare_cases(driver, root, loader):
    """What is wrong with the answers of CASES."""
    wrong = []
    for text, refused_for in CASES:
        set_booted(root)
        (root / "etc/sysctl.d/case.conf").write_bytes(text.encode())
        if loader not in refused_for:
            wrong += [(text, *bad) for bad in compare(driver, root, loader)[0]]
        elif found(driver, root, loader, "overcommit_ratio")[0] != -errno.EBADMSG:
            wrong.append((text, loader, "is not refused"))
    return wrong


def set_booted(root):
    for name, value in BOOTED.items():
        (root / "knobs/vm" / name).write_text(f"{value}\n")


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enter(root):
    """Puts the files in the place of the machine's, in this mount namespace alone."""
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True)
    (root / "etc/sysctl.conf").write_text("")
    (root / "knobs/vm").mkdir(parents=True)
    set_booted(root)
    mount("--bind", root / "knobs", "/proc/sys")
    assert os.path.samefile("/proc/sys", root / "knobs"), "these are the machine's knobs"
    for place in MOUNTS:
        mount("--bind", root / place, f"/{place}")
    mount("--bind", root / "etc/sysctl.conf", "/etc/sysctl.conf")


def explain(root):
    for path in sorted(path for path in root.glob("*/**/*") if "sysctl" in str(path)):
        if path.is_symlink() or path.is_file():
            print("   ", path.relative_to(root), repr(path.read_text()) if path.exists() else "->")


def inside(root, driver, trees, seed):
    """Whether all answers are right."""
    loaders = [PROCPS] + [SYSTEMD] * os.path.exists(SYSTEMD_SYSCTL)
    wrong = named = 0
    if len(loaders) == 1:
        print(f"SKIP: half of it: no {SYSTEMD_SYSCTL}")
    enter(root)
    for loader in loaders:
        bad = compare_cases(driver, root, loader)
        wrong += len(bad)
        for line in bad:
            print(line)
    for number in range(seed, seed + trees):
        clear_tree(root)
        make_tree(root, random.Random(number))
        for loader in loaders:
            set_booted(root)
            bad, count = compare(driver, root, loader)
            wrong, named = wrong + len(bad), named + count
            if bad:
                print(f"tree {number}:", *bad, sep="\n  ")
                explain(root)
    print(f"{len(CASES)} cases, {trees} trees, {len(loaders)} loaders, {named} files found, "
          f"{wrong} wrong answers")
    return wrong == 0 and named > 0


def skip(why):
    print("SKIP:", why)
    sys.exit(1 if os.environ.get("OOMCTL_NO_SKIP") and "no right" not in why else 77)


def main():
    inner = os.environ.pop("OOMCTL_TEST_ROOT", None)
    driver, trees, seed = (sys.argv[1:] + ["60", "1"][len(sys.argv) - 2:])[:3]
    if inner:
        return 0 if inside(Path(inner), driver, int(trees), int(seed)) else 1
    for tool in ("unshare", "sysctl"):
        if not shutil.which(tool):
            skip(f"no {tool}")
    if "--dry-run" not in subprocess.run(["sysctl", "--help"], capture_output=True, text=True,
                                         check=False).stdout:
        skip("this sysctl has no --dry-run")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        skip("no right to make a mount namespace")
    with tempfile.TemporaryDirectory(prefix="oomctl-test-") as root:
        return subprocess.run(
            ["unshare", "--mount", sys.executable, "-B", __file__, driver, trees, seed],
            check=False, env=dict(os.environ, OOMCTL_TEST_ROOT=root)).returncode


sys.exit(main())
