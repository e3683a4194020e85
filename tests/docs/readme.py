#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compiles and runs the programs of README.md. Usage: readme.py SOURCE LIBRARY_DIRECTORY"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run_c(text, source, library, scratch):
    (scratch / "program.c").write_text(text)
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-I", f"{source}/include", "-o", "program",
                    "program.c", "-L", library, "-loomctl"], cwd=scratch, check=True)
    subprocess.run(["./program", "/proc", "/sys"], cwd=scratch, check=True)


def run_python(text, source, library, scratch):
    subprocess.run(["/usr/bin/python3", "-c", text], check=True)


def main():
    source, library = sys.argv[1:]
    os.environ["LD_LIBRARY_PATH"] = library
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", Path(source, "README.md").read_text(), re.M | re.S)
    runners = {"c": run_c, "python": run_python}
    programs = [(kind, text) for kind, text in blocks if kind in runners]
    assert sorted(kind for kind, _ in programs) == ["c", "c", "c", "c", "python"], programs
    for kind, text in programs:
        with tempfile.TemporaryDirectory() as scratch:
            runners[kind](text, source, library, Path(scratch))
        print(f"a program in {kind} runs")


main()
