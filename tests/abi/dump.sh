#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: dump.sh LIBRARY
# Prints the interface of the library, without anything of the place it was built at.
exec abidw --headers-dir "$(dirname "$0")/../../include" --drop-private-types \
	--exported-interfaces-only --no-show-locs --no-corpus-path --no-comp-dir-path "$1"
