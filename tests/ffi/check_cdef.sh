#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check_cdef.sh SOURCE_DIRECTORY
# The declarations for FFI are those of the headers.
set -eu
cd "$1"
tests/ffi/make_cdef.py | diff -u include/oomctl/oomctl.cdef.h - || {
	echo 'to update: tests/ffi/make_cdef.py >include/oomctl/oomctl.cdef.h'
	exit 1
}
