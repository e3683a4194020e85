#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves, by Frama-C's WP, that each function of the pure sources does what its contract says
and runs into no undefined behaviour, whatever it is given; then that a broken one is noticed.
Usage: proof.py [SOURCE...], such as parse.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TIMEOUT = 60  # seconds for a goal; the slowest takes 3 on a machine with nothing else to do
NO_LOSS = ["-warn-signed-downcast"]  # a value that changes when it becomes a smaller integer

# What is asked of a source beyond the run-time errors; inline functions of headers are not of it.
SOURCES = {
    "calc_commit": ["-wp-skip-fct", "fill,is_size"],  # wraps on purpose, as the kernel does
    "calc_score": ["-wp-skip-fct", "fill,is_size", *NO_LOSS],
    "parse": ["-wp-skip-fct", "prepend_text", "-wp-literals", "-wp-split", *NO_LOSS],
}

# Errors, each of which has to be noticed.
BROKEN = [
    # source        function             what stands there              what is wrong
    ("calc_commit", "commit_limit_pages", "* (uint64_t)in->overcommit_ratio / 100", "/ 100 * (uint64_t)in->overcommit_ratio"),
    ("calc_commit", "ratio_for", "pages == 0 || ", ""),
    ("calc_score", "footprint_of", " ||\n\t    sum > (uint64_t)PAGES_MAX", ""),
    ("calc_score", "badness_of", "adj -= 30", "adj -= 3"),
    ("parse", "skip_prefix", "t->len < len || (len > 0", "(len > 0"),
    ("parse", "copy_comm", "< 15 ? from.len : 15", "< 17 ? from.len : 17"),
]


def functions_of(text):
    """Those that a source defines, by the way clang-format writes them."""
    return set(re.findall(r"^\w[\w *\n]*?\b(\w+)\([^;{}]*?\)\n\{", text, re.M))


def wp(source, sources, scratch, *options):
    """What Frama-C prints about a source of this folder."""
    command = ["frama-c", "-c11", "-machdep", "gcc_x86_64", f"-cpp-extra-args=-I{sources} -I{ROOT}/src -I{ROOT}/include",
               "-wp", "-wp-rte", "-wp-model", "Typed", "-wp-prover", "z3,cvc4", "-wp-par", "2", "-wp-cache", "none",
               "-wp-session", scratch / "session", "-wp-definitions-terminate", "-wp-frama-c-stdlib-terminate", *SOURCES[source], *options,
               HERE / f"{source}_spec.c"]
    environment = {**os.environ, "WHY3CONFIG": str(scratch / "why3.conf")}
    if not (scratch / "why3.conf").exists():
        subprocess.run(["why3", "config", "detect"], env=environment, capture_output=True, check=True)
    run = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    return run.stdout


def goals(output):
    """How many are proved, of how many."""
    return tuple(map(int, re.search(r"Proved goals: +(\d+) / (\d+)", output).groups()))


def prove(source, scratch):
    """Whether all of a source is proved."""
    text = (ROOT / "src" / f"{source}.c").read_text()
    output = wp(source, ROOT / "src", scratch, "-wp-timeout", str(TIMEOUT))
    proved, total = goals(output)
    found = [f"not proved: {goal}" for goal in re.findall(r"\[Failed\] Goal (\S+)", output)]
    found += [f"has no contract: {name}" for name in re.findall(r"No 'assigns' specification for function '(\w+)'", output)]
    found += [f"is not looked at: {name}" for name in sorted(
        functions_of(text) - set(re.findall(r"annotating function (\w+)", output)))]
    print(f"{source}: {proved} of {total} goals proved, of {len(functions_of(text))} functions")
    print("".join(f"  {line}\n" for line in found), end="", flush=True)
    return proved == total > 0 and not found


def notice(source, function, there, wrong, scratch):
    """Whether a source with an error in it is no longer proved."""
    text = (ROOT / "src" / f"{source}.c").read_text()
    if text.count(there) != 1:
        sys.exit(f"{source}: {there!r} does not stand there once")
    (scratch / f"{source}.c").write_text(text.replace(there, wrong))
    proved, total = goals(wp(source, scratch, scratch, "-wp-timeout", "2", "-wp-fct", function))
    if proved == total:
        print(f"{source}: {wrong!r} for {there!r} is not noticed")
    return proved < total


def main():
    missing = [tool for tool in ("frama-c", "why3", "z3", "cvc4") if not shutil.which(tool)]
    if missing:
        print(f"SKIP: {' '.join(missing)} not installed")
        return 1 if os.environ.get("OOMCTL_NO_SKIP") else 77

    chosen = sys.argv[1:] or list(SOURCES)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        results = [prove(source, scratch) for source in chosen]
        noticed = [notice(*error, scratch) for error in BROKEN if error[0] in chosen]
    print(f"{sum(noticed)} of {len(noticed)} errors noticed")
    return 0 if all(results + noticed) else 1


sys.exit(main())
