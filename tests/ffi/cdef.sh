#!/bin/sh
# SPDX-License-Identifier: MIT
# oomctl.cdef.h is what the headers declare, and holds nothing that an FFI parser stops at.
# shellcheck source-path=SCRIPTDIR/../surface
. "$(dirname "$0")/../surface/common.sh"
cd "$(dirname "$0")/../.."
cdef=include/oomctl/oomctl.cdef.h
need cc /usr/bin/python3

tests/ffi/make_cdef.py >"$tmp/cdef"
diff -u "$cdef" "$tmp/cdef" ||
	fail "to update it: tests/ffi/make_cdef.py >$cdef"
! grep -nE '#|"|\.\.\.|__|\b(_Bool|bool|extern|inline|pid_t|static)\b' "$cdef" || fail "$cdef"
