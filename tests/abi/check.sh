#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: check.sh LIBRARY
# The library still has the interface of oomctl-0.1.abi. New calls may be there, too.
# shellcheck source-path=SCRIPTDIR/../surface
. "$(dirname "$0")/../surface/common.sh"
here=$(dirname "$0")
library=$1
need abidiff abidw readelf

readelf -hSW "$library" >"$tmp/sections"
if ! grep -q 'X86-64' "$tmp/sections"; then
	echo 'SKIP: the interface is kept for x86-64'
	exit 77
fi
grep -q 'debug_info' "$tmp/sections" || fail 'built without debugging information'

"$here/dump.sh" "$library" >"$tmp/now.abi"
abidiff --no-added-syms "$here/oomctl-0.1.abi" "$tmp/now.abi"
