#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: elsewhere.sh SOURCE RECORDS COMPILER [EMULATOR]
# The arithmetic gives the same, to the byte, on a machine of another word size or byte order as
# on this one, whose RECORDS check.py has compared with its model.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../surface/common.sh"
source=$1 here=$2 compiler=$3 emulator=${4-}
need sha256sum "$compiler" ${emulator:+"$emulator"}
if [ -n "$emulator" ] && runs_what "$compiler"; then
	emulator=
fi

quietly "$compiler" -std=c11 -D_GNU_SOURCE -O2 -static -I"$source/include" -I"$source/src" \
	-o "$tmp/records" "$source/tests/model/records.c" \
	"$source/src/calc_commit.c" "$source/src/calc_score.c"

functions=$(sed -n 's/^int oomctl_calc_\([a-z_]*\)(.*/\1/p' "$source/include/oomctl/calc.h")
[ -n "$functions" ] || fail "calc.h has no functions"
for function in $functions; do
	quietly "$here" "$function" 1 # a pipe would hide that it fails
	"$here" "$function" 1000000 | sha256sum >"$tmp/here"
	${emulator:+"$emulator"} "$tmp/records" "$function" 1000000 | sha256sum >"$tmp/there"
	cmp -s "$tmp/here" "$tmp/there" || fail "$function differs"
	echo "$function: the same"
done
