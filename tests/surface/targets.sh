#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: targets.sh SOURCE COMPILER BUILD-TYPE [EMULATOR]
# The library is strict C11, builds with another libc, word size, byte order or level of
# optimization, keeps to its layers there, and passes its unit tests.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
source=$1 compiler=$2 type=$3 emulator=${4-}
need cmake ctest ninja python3 "$compiler" ${emulator:+"$emulator"}
if [ -n "$emulator" ] && runs_what "$compiler"; then
	emulator=
fi

# Static programs need no loader of that libc on this machine.
quietly cmake -S "$source" -B "$tmp/build" -G Ninja -DCMAKE_C_COMPILER="$compiler" \
	-DCMAKE_BUILD_TYPE="$type" -DCMAKE_C_FLAGS=-std=c11 \
	-DCMAKE_EXE_LINKER_FLAGS=-static -Dcmocka_DIR="$here/cmocka" \
	-DOOMCTL_EXAMPLES=OFF -DOOMCTL_WERROR=ON \
	${emulator:+-DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator"}
cd "$tmp/build"
units=$(ctest -N -L '^unit$' | sed -n 's/.*Test *#[0-9]*: //p')
# shellcheck disable=SC2086 # a list of names
quietly cmake --build . --target oomctl oomctl_static $units
quietly ctest -L '^unit$' --output-on-failure
sed -n 's/^100% tests passed.*/&/p' "$tmp/quietly.log"
"$here/layers.py" "$tmp"/build/CMakeFiles/oomctl_objects.dir/src/*.o
