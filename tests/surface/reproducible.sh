#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: reproducible.sh SOURCE
# The same sources give the same bytes, wherever they lie and wherever they are built.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
need cmake ninja tar
source=$1

# build SOURCE BUILD
build() {
	quietly cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DBUILD_TESTING=OFF -DOOMCTL_EXAMPLES=OFF
	quietly cmake --build "$2" --target oomctl oomctl_static
}

mkdir "$tmp/a copy"
tar -C "$source" --exclude=./build --exclude=./.git -c . | tar -C "$tmp/a copy" -x
cp -r "$tmp/a copy" "$tmp/other"
build "$tmp/other" "$tmp/one"
build "$tmp/other" "$tmp/another, of a longer name"
build "$tmp/a copy" "$tmp/a copy/build/inside"

for library in liboomctl.so liboomctl.a; do
	cmp "$tmp/one/$library" "$tmp/another, of a longer name/$library"
	cmp "$tmp/one/$library" "$tmp/a copy/build/inside/$library"
	sha256sum "$tmp/one/$library" | sed "s|$tmp/one/||"
done
