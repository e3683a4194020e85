#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boots kernels under QEMU, with one scenario of the guest each, and tells what came of it.

Usage: lab.py GUEST SOURCE [KERNEL|SCENARIO...], the guest's program for this machine, and the
project's source, from which it is built for others. Without names, all.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import kernels  # pylint: disable=wrong-import-position

GUESTS = 2  # at a time
TIMEOUT = 150  # seconds for each
DOWN = "---[ end Kernel panic"  # what a machine says that does not boot again
QEMU = {
    "amd64": ["qemu-system-x86_64", "-cpu", "qemu64,+pdpe1gb",
              "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
    "arm64": ["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57"],
}
CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
PASSED = {"amd64": 33, "arm64": 0}  # QEMU's status


def entry(name, mode, data=b""):
    """A file of an archive as the kernel unpacks it: cpio's "newc"."""
    name = name.encode() + b"\0"
    numbers = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % n for n in numbers) + name
    return b"".join(part + b"\0" * (-len(part) % 4) for part in (head, data))


def archive(guest, modules):
    """What the kernel finds when it has started: the guest, its modules, and nothing else."""
    folder, program = 0o040755, 0o100755
    parts = [entry("init", program, guest), entry("modules", folder), entry("dev", folder),
             entry("proc", folder), entry("sys", folder), entry("tmp", folder)]
    parts += [entry(f"modules/{i}", program, m.read_bytes()) for i, m in enumerate(modules)]
    return b"".join(parts) + entry("TRAILER!!!", 0)


def disk(folder, number, size_mb):
    path = folder / f"disk{number}"
    with path.open("wb") as file:
        file.truncate(int(size_mb) << 20)
    return ["-drive", f"file={path},format=raw,if=virtio"]


def command(kernel, scenario, folder):
    line = f"console={CONSOLE[kernel.arch]} loglevel=1 panic=-1 lab={scenario['name']}"
    disks = [o for i, mb in enumerate(scenario["disks"].split()) for o in disk(folder, i, mb)]
    return [
        *QEMU[kernel.arch], "-accel", "tcg", "-m", f"{scenario['memory_mb']}M",
        "-smp", str(scenario["cpus"]), "-display", "none", "-monitor", "none", "-nodefaults",
        "-serial", "stdio", "-kernel", kernel.image, "-initrd", folder / "initrd",
        "-append", f"{line} {scenario['options']}".strip(), *disks,
    ]


def boot(arguments):
    """What a machine says, line by line, and QEMU's status; None where it was stopped."""
    lines, stopped = [], threading.Event()

    def stop():
        stopped.set()
        qemu.kill()

    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as qemu:
        timer = threading.Timer(TIMEOUT, stop)
        timer.start()
        for line in qemu.stdout:
            lines.append(line.strip())
            if DOWN in line or ("lab: booted" in line and said(lines, "booted") > 1):
                stop()
        timer.cancel()
    return lines, None if stopped.is_set() else qemu.returncode


def said(lines, what):
    return sum(f"lab: {what}" in line for line in lines)


def told(lines, what):
    return [line.split(f"lab: {what}: ")[1] for line in lines if f"lab: {what}: " in line]


def has_passed(kernel, lines, status):
    """By what the machine says and by how QEMU ends: either alone would not be enough."""
    reason = told(lines, "panic expected")
    if reason:
        panics = [line for line in lines if "Kernel panic" in line and DOWN not in line]
        boots = said(lines, "boot expected")
        return (len(panics) == 1 and panics[0].endswith(reason[0]) and status is None
                and said(lines, "booted") == 1 + boots and any(DOWN in line for line in lines) != boots)
    return said(lines, "passed") == 1 and said(lines, "booted") == 1 and status == PASSED[kernel.arch]


def outline(lines):
    """Without the kernel's own account of where it was."""
    return [line for line in lines if not line.startswith("[") or "Kernel panic" in line]


def try_once(kernel, scenario, guest):
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="oomctl-lab-") as folder:
        folder = pathlib.Path(folder)
        (folder / "initrd").write_bytes(archive(guest, kernel.modules()))
        lines, status = boot(command(kernel, scenario, folder))
    passed = has_passed(kernel, lines, status)
    text = "; ".join(told(lines, "panic expected") + told(lines, "note"))
    print(f"{kernel.name:10} {scenario['name']:22} {'passed' if passed else 'FAILED'} "
          f"{time.monotonic() - start:5.1f} s  {text}", flush=True)
    if not passed:
        print(f"  QEMU's status: {status}", *outline(lines)[-30:], sep="\n  ", flush=True)
    return passed


def build(source, arch, folder):
    """The guest for another machine: all sources at once."""
    if not shutil.which("aarch64-linux-gnu-gcc"):
        raise kernels.Missing(f"no compiler for {arch}")
    lab, program = source / "tests/lab", folder / f"guest-{arch}"
    sources = [*source.glob("src/*.c"), *lab.glob("*.c"), *lab.glob("scenarios/*.c"),
               source / "tests/support/memory.c"]
    kernels.run(["aarch64-linux-gnu-gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-static",
                 f"-I{source}/include", f"-I{source}/tests/support", f"-I{lab}", "-o", program,
                 *sources])
    return program.read_bytes()


def prepare(kernel, guests, source, folder):
    """Whether a kernel can be tried; it says so when it cannot."""
    try:
        kernels.fetch(kernel)
        if not shutil.which(QEMU[kernel.arch][0]):
            raise kernels.Missing(f"no {QEMU[kernel.arch][0]}")
        if kernel.arch not in guests:
            guests[kernel.arch] = build(source, kernel.arch, folder)
        return True
    except (kernels.Missing, OSError, subprocess.SubprocessError) as error:
        print(f"SKIP: kernel {kernel.name}: {error}", flush=True)
        return False


def main():
    guest, source, names = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    done = subprocess.run([guest], capture_output=True, text=True, check=True)
    scenarios = [json.loads(line) for line in done.stdout.splitlines()]
    unknown = set(names) - {k.name for k in kernels.KERNELS} - {s["name"] for s in scenarios}
    if unknown:
        sys.exit(f"neither a kernel nor a scenario: {' '.join(unknown)}")

    def is_wanted(name, group):
        chosen = [g["name"] if isinstance(g, dict) else g.name for g in group]
        return name in names or not set(names) & set(chosen)

    guests = {"amd64": guest.read_bytes()}
    with tempfile.TemporaryDirectory(prefix="oomctl-lab-") as folder:
        wanted = [k for k in kernels.KERNELS if is_wanted(k.name, kernels.KERNELS)]
        there = [k for k in wanted if prepare(k, guests, source, pathlib.Path(folder))]
    jobs = [(k, s, guests[k.arch]) for k in there for s in scenarios
            if is_wanted(s["name"], scenarios) and not (s["only_amd64"] and k.arch != "amd64")]
    start = time.monotonic()
    with ThreadPoolExecutor(GUESTS) as pool:
        results = list(pool.map(lambda job: try_once(*job), jobs))

    missing = [k.name for k in wanted if k not in there]
    print(f"lab: {sum(results)} of {len(results)} passed in {time.monotonic() - start:.0f} s; "
          f"kernels that could not be had: {' '.join(missing) or 'none'}")
    required = [k.name for k in wanted if k not in there and k.required]
    if required and os.environ.get("OOMCTL_NO_SKIP"):
        sys.exit(f"would be skipped: {' '.join(required)}")
    if not all(results):
        sys.exit(1)
    return 0 if results else 77


sys.exit(main())
