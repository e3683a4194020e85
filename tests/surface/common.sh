# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the scripts beside this one: stops at the first failure, with a directory of its own.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# need TOOL... skips the test when one is missing.
need() {
	for tool; do
		command -v "$tool" >/dev/null && continue
		echo "SKIP: $tool is not installed"
		[ -z "${OOMCTL_NO_SKIP-}" ] || exit 1
		exit 77
	done
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# headers prints the names of the C headers, below the source directory.
headers() {
	find include/oomctl -name '*.h' ! -name '*.cdef.h' | sort
}

# quietly COMMAND... shows what it prints only when it fails.
quietly() {
	"$@" >"$tmp/quietly.log" 2>&1 || {
		cat "$tmp/quietly.log" >&2
		fail "$*"
	}
}

# runs_what COMPILER makes: whether this machine needs no emulator for it.
runs_what() {
	echo 'int main(void) { return 0; }' >"$tmp/runs.c"
	quietly "$1" -static -o "$tmp/runs" "$tmp/runs.c"
	"$tmp/runs" 2>/dev/null
}
