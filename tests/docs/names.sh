#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: names.sh SOURCE
# docs/knobs.md tells of every call, docs/errors.md of every code, each snippet that a header shows exists.
set -eu
cd "$1"
status=0

# missing WHAT FILE: reads names, and says which of them the file lacks.
missing() {
	count=0
	while read -r name; do
		count=$((count + 1))
		grep -qF -e "$name" "$2" && continue
		echo "$2 lacks $1 $name"
		status=1
	done
	[ "$count" -gt 0 ] || status=1
}

names=$(mktemp)
trap 'rm -f "$names"' EXIT
sed -n 's/^\t\(oomctl_[a-z0-9_]*\);$/\1()/p' src/oomctl.map >"$names"
missing call docs/knobs.md <"$names"
# shellcheck disable=SC2016 # code spans, no commands
grep -o '[`]-E[A-Z]*[`]' include/oomctl/base.h | sort -u >"$names"
missing code docs/errors.md <"$names"
cat include/oomctl/*.h | sed -n 's/.*@snippet snippets.c \(.*\)/[\1]/p' | sort -u >"$names"
missing snippet examples/snippets.c <"$names"
exit "$status"
