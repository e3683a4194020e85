#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: exports.sh SOURCE LIBRARY
# The map, the library, the headers and the declarations for FFI name the same functions.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
library=$2
need cc nm
cd "$1"

# functions_of FILE... prints the names that are declared, as the compiler sees them.
functions_of() {
	for file; do
		cc -E -P -I include -x c "$file"
	done | grep -o '\boomctl_[a-z0-9_]* *(' | tr -d ' (' | sort -u
}

awk '$2 == "{" { node = $1 } /^\toomctl_/ { sub(";", ""); print $1 "@@" node }' \
	src/oomctl.map | sort >"$tmp/map"
nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sort >"$tmp/library"
diff -u "$tmp/map" "$tmp/library" || fail 'the map and the library differ'

sed 's/@.*//' "$tmp/map" >"$tmp/names"
[ -s "$tmp/names" ] || fail 'the map is empty'
# shellcheck disable=SC2046 # a list of names
functions_of $(headers) >"$tmp/declared"
diff -u "$tmp/names" "$tmp/declared" || fail 'the map and the headers differ'

functions_of include/oomctl/oomctl.cdef.h >"$tmp/cdef"
diff -u "$tmp/names" "$tmp/cdef" || fail 'the map and oomctl.cdef.h differ'
echo "$(wc -l <"$tmp/names") functions, the same everywhere"
