#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: binary.sh LIBRARY ARCHIVE
# What is promised of the shared library's file; prints what was measured.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
need readelf strip
library=$1 archive=$2

readelf -dW "$library" >"$tmp/dynamic"
readelf -lW "$library" >"$tmp/segments"
strip -o "$tmp/stripped" "$library"
soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$tmp/dynamic")
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$tmp/dynamic")
relocations=$(readelf -rW "$library" | grep -c ' R_')
bytes=$(wc -c <"$tmp/stripped")
echo "soname $soname, needs $needed, $relocations relocations, $bytes bytes stripped"

[ "$soname" = liboomctl.so.0 ] || fail 'soname'
[ "$needed" = libc.so.6 ] || fail 'needs more than libc'
[ "$relocations" -le 56 ] || fail 'more than 56 relocations'
[ "$bytes" -le 114688 ] || fail 'more than 112 KiB'
grep -q 'GNU_STACK.* RW ' "$tmp/segments" || fail 'executable stack'
grep -q 'GNU_RELRO' "$tmp/segments" || fail 'relocated data stays writable'
grep -q 'BIND_NOW' "$tmp/dynamic" || fail 'bound lazily'
! grep -q 'TEXTREL' "$tmp/dynamic" || fail 'relocations in code'

foreign=$(nm -g --defined-only "$archive" | awk 'NF == 3 && $3 !~ /^oomctl_/ { print $3 }')
[ -z "$foreign" ] || fail "the archive takes names of its users: $foreign"
