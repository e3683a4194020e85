# SPDX-License-Identifier: MIT
"""Usage: use_cffi.py CDEF, which is used as it is."""

import os
import sys
from pathlib import Path

import session

try:
    import cffi
except ImportError:
    print("SKIP: python3-cffi is not installed")
    sys.exit(1 if os.environ.get("OOMCTL_NO_SKIP") else 77)

ffi = cffi.FFI()
OUT = {"i32": "int32_t *", "u64": "uint64_t *"}


class Api:
    UNTOUCHED = 0x7777777777777777

    def __init__(self, cdef):
        ffi.cdef(Path(cdef).read_text())
        self.library = ffi.dlopen("liboomctl.so.0")
        self.called = set()

    def call(self, name, *args):
        self.called.add(name)
        return getattr(self.library, name)(*(ffi.NULL if a is None else a for a in args))

    def text(self, name, *args):
        return ffi.string(self.call(name, *args)).decode()

    def ctx_new(self, proc, sys_root):
        out = ffi.new("struct oomctl_ctx **")
        return self.call("oomctl_ctx_new", proc, sys_root, out), out[0]

    def ctx_free(self, ctx):
        self.call("oomctl_ctx_free", ctx)

    def set(self, name, *args):
        return self.call(name, *args)

    def get(self, name, kind, *args):
        """An enumeration has a pointer type of its own, but is an int32_t for all that."""
        out = ffi.new(OUT[kind])
        function = ffi.typeof(getattr(self.library, name))
        r = self.call(name, *args, ffi.cast(function.args[-1], out))
        return r, int(out[0])

    def get_null(self, name, *args):
        return self.call(name, *args, None)

    def fill(self, name, struct, *args, size=None):
        out = ffi.new(f"struct {struct} *")
        ffi.buffer(out)[:] = b"\x77" * ffi.sizeof(out[0])
        r = self.call(name, *args, out, size or ffi.sizeof(out[0]))
        return r, {field: getattr(out, field) for field, _ in ffi.typeof(out[0]).fields}

    def calc(self, name, kind, figures, *args):
        return self.get(name, kind, ffi.new("struct oomctl_commit_figures *", figures), *args)


session.run(Api(sys.argv[1]), sys.argv[1])
