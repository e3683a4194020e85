#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: use_luajit.sh CDEF
set -eu
command -v luajit >/dev/null || {
	echo 'SKIP: luajit is not installed'
	[ -n "${OOMCTL_NO_SKIP-}" ] && exit 1
	exit 77
}
root=$(mktemp -d)
sleep 60 &
child=$!
trap 'kill $child; rm -rf "$root"' EXIT
mkdir -p "$root/proc/sys/vm" "$root/proc/sys/kernel" "$root/sys"
luajit "$(dirname "$0")/use_luajit.lua" "$1" "$root" "$child"
