# SPDX-License-Identifier: MIT
"""What the tests of the examples share. A test is a function whose name begins with test_."""
import os
import subprocess
import sys


class Skip(Exception):
    """Says why a test cannot run here."""


def run(*command, prefix=()):
    """Runs an example; its own exit status, and what it printed."""
    path = os.path.join(sys.argv[1], command[0])
    return subprocess.run([*prefix, path, *map(str, command[1:])], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60)


def expect(actual, wanted):
    assert actual == wanted, f"got\n{actual}\nwanted\n{wanted}"


def run_tests(module):
    """Runs all tests of a module. 77 when none ran."""
    tests = {name: f for name, f in module.items() if name.startswith("test_")}
    ran = 0
    for name, test in tests.items():
        try:
            test()
            ran += 1
            print(f"ok: {name}")
        except Skip as why:
            print(f"SKIP: {name}: {why}")
    sys.exit(0 if ran else 77)
