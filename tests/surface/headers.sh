#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: headers.sh SOURCE LIBRARY
# Each header compiles alone in every C and C++, and a program in C++ calls what they declare.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
library=$2
here=$(cd "$(dirname "$0")" && pwd)
need gcc g++ clang clang++ musl-gcc
cd "$1"

# check COMPILER LANGUAGE STANDARD... compiles each header as a source file.
check() {
	compiler=$1 language=$2
	shift 2
	for standard; do
		# shellcheck disable=SC2046 # a list of names
		"$compiler" -fsyntax-only -x "$language" "-std=$standard" -pedantic -Wall \
			-Wextra -Wundef -Wshadow -Werror -I include $(headers) ||
			fail "$compiler -std=$standard"
	done
}

for compiler in gcc clang musl-gcc; do
	check "$compiler" c c99 c11 c17 c2x
done
for compiler in g++ clang++; do
	check "$compiler" c++ c++98 c++11 c++14 c++17 c++20
done

for compiler in g++ clang++; do
	for standard in c++98 c++20; do
		"$compiler" "-std=$standard" -Wall -Wextra -Werror -I include \
			"$here/every_header.cpp" "$library" -o "$tmp/every_header"
		LD_LIBRARY_PATH=$(dirname "$library") "$tmp/every_header" ||
			fail "$compiler -std=$standard: the program"
	done
done
