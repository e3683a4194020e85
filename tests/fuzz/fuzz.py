#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Feeds parsers and arithmetic with what nobody would write. Each .c beside this script is an entry.

fuzz.py replay KIND        every entry with its corpus: under ASan and UBSan (asan), under MSan (msan)
fuzz.py run [--jobs N] [SECONDS [ENTRY]]
                           a search by each entry, a tenth of it under MSan; prints a row each, and
                           how much of the sources all inputs run that are known now
fuzz.py keep [ENTRY]       adds what searches found to the corpus, where it reaches new code
"""
import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
FLAGS = ("-std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror"
         f" -fno-sanitize-recover=all -I{SOURCE}/include -I{SOURCE}/src").split()
KINDS = {
    "asan": ["-fsanitize=address,undefined"],
    "msan": ["-fsanitize=memory", "-fsanitize-memory-track-origins"],
    "cover": ["-fprofile-instr-generate", "-fcoverage-mapping"],
}
LIMITS = "-timeout=10 -rss_limit_mb=1024 -max_len=1000 -print_final_stats=1".split()


def entries():
    return sorted(path.stem for path in HERE.glob("*.c"))


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(1 if os.environ.get("OOMCTL_NO_SKIP") else 77)


def check_clang():
    """Stops where clang cannot make such a program."""
    probe = ["clang", "-fsanitize=fuzzer,memory", "-x", "c", "-", "-o", "/dev/null"]
    source = "int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }"
    try:
        subprocess.run(probe, input=source, text=True, capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        skip("clang or its libFuzzer (libclang-rt-14-dev) is not installed")


def build(out, kind, names):
    """Compiles the library once, then the entries; returns their programs."""
    place = out / kind
    place.mkdir(parents=True, exist_ok=True)

    def clang(*arguments):
        subprocess.run(["clang", *FLAGS, *KINDS[kind], *arguments], cwd=place, check=True)

    sources = sorted((SOURCE / "src").glob("*.c"))
    clang("-fsanitize=fuzzer-no-link", "-c", *sources)
    for name in names:
        clang("-fsanitize=fuzzer", "-o", name, HERE / f"{name}.c", *(f"{s.stem}.o" for s in sources))
    return {name: place / name for name in names}


def call(program, *arguments, profile="/dev/null"):
    """What libFuzzer prints, and whether it found nothing."""
    done = subprocess.run([program, *LIMITS, *arguments], text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, LLVM_PROFILE_FILE=str(profile)))
    return done.stdout, done.returncode == 0


def corpus(name):
    return HERE / "corpus" / name


def replay(out, kind):
    failed = []
    for name, program in build(out, kind, entries()).items():
        inputs = sorted(corpus(name).iterdir())
        text, is_well = call(program, f"-artifact_prefix={out}/", *inputs)
        ran = text.count("\nExecuted ")
        print(f"{name}: {ran} inputs")
        if not is_well or ran != len(inputs) or ran == 0:
            failed.append(name)
            print(text)
    return failed


def last(name, text):
    """The last figure of that name among what libFuzzer printed."""
    found = re.findall(rf"{name}: *(\d+)", text)
    return int(found[-1]) if found else 0


def search(out, kind, name, program, seconds):
    """Searches on from what is known; returns a row, and whether nothing was found."""
    finds = out / "finds" / f"{kind}-{name}-"
    known = out / "corpus" / name
    known.mkdir(parents=True, exist_ok=True)
    finds.parent.mkdir(exist_ok=True)
    text, is_well = call(program, f"-max_total_time={seconds}", f"-artifact_prefix={finds}",
                         known, corpus(name))
    figures = [last(what, text) for what in
               ("number_of_executed_units", "average_exec_per_sec", "cov", "ft", "corp")]
    row = f"{name:9} {kind:5}" + "".join(f"{v:10}" for v in figures)
    row += "  none" if is_well else "  FOUND"
    print(row if is_well else f"{row}\n{text[-6000:]}", flush=True)
    return is_well


def print_lines(out, names):
    """Which share of the pure sources these entries run, with all inputs known."""
    tool = {name: subprocess.run(["clang", f"-print-prog-name=llvm-{name}"], text=True,
                                 stdout=subprocess.PIPE, check=True).stdout.strip()
            for name in ("profdata", "cov")}
    programs = build(out, "cover", names)
    for name, program in programs.items():
        call(program, "-runs=0", out / "corpus" / name, corpus(name),
             profile=out / "cover" / f"{name}.profraw")
    merged = out / "cover" / "all.profdata"
    subprocess.run([tool["profdata"], "merge", "-o", merged,
                    *(out / "cover" / f"{name}.profraw" for name in names)], check=True)
    objects = [word for program in programs.values() for word in ("-object", program)]
    subprocess.run([tool["cov"], "report", *objects[1:], f"-instr-profile={merged}",
                    *(SOURCE / "src" / f"{name}.c"
                      for name in ("parse", "sysctl_conf", "calc_commit", "calc_score"))],
                   check=True)


def run(out, seconds, names, jobs):
    shares = {"msan": max(seconds // 10, 1)}
    shares["asan"] = max(seconds - shares["msan"], 1)
    programs = {kind: build(out, kind, names) for kind in shares}
    print("entry     build executions    exec/s       cov  features    corpus  findings", flush=True)

    def of_entry(name):
        return all([search(out, kind, name, programs[kind][name], shares[kind])
                    for kind in ("asan", "msan")])

    with ThreadPoolExecutor(jobs) as pool:
        failed = [name for name, is_well in zip(names, pool.map(of_entry, names)) if not is_well]
    print_lines(out, names)
    return failed


def keep(out, names):
    for name, program in build(out, "asan", names).items():
        text, is_well = call(program, "-merge=1", "-use_counters=0", corpus(name),
                             out / "corpus" / name)
        print(f"{name}: {len(list(corpus(name).iterdir()))} inputs")
        if not is_well:
            sys.exit(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=SOURCE / "build" / "fuzz", help="where to build")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("replay").add_argument("kind", choices=["asan", "msan"])
    searching = actions.add_parser("run")
    searching.add_argument("seconds", type=int, nargs="?", default=300)
    searching.add_argument("--jobs", type=int, default=2, help="entries at a time")
    for action in searching, actions.add_parser("keep"):
        action.add_argument("entry", nargs="?", choices=entries())
    options = parser.parse_args()
    check_clang()
    if options.action == "replay":
        failed = replay(options.out, options.kind)
    else:
        names = [options.entry] if options.entry else entries()
        failed = (keep(options.out, names) if options.action == "keep" else
                  run(options.out, options.seconds, names, options.jobs))
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")


main()
