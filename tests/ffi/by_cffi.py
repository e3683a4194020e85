#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Usage: by_cffi.py DIRECTORY-OF-HEADERS"""

import os
import sys

import scenario

try:
    from cffi import FFI
except ImportError:
    print("SKIP: cffi is not installed for", sys.executable)
    sys.exit(1 if "OOMCTL_NO_SKIP" in os.environ else 77)

ffi = FFI()
ffi.cdef(scenario.read(sys.argv[1] + "/oomctl.cdef.h"))
library = ffi.dlopen("liboomctl.so.0")


def call(name, *args):
    result = getattr(library, name)(*(ffi.NULL if arg is None else arg for arg in args))
    return ffi.string(result) if isinstance(result, ffi.CData) else result


def new(type_name, count=1):
    return ffi.new(f"{type_name}[{count}]")


view, text = ffi.buffer, ffi.string

sys.exit(scenario.run(sys.modules[__name__], sys.argv[1]))
