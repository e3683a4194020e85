#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: install.sh SOURCE relative|absolute|staged
# What is installed is complete, serves pkg-config and CMake, and can be removed again.
# Staged: DESTDIR stands before the prefix, as when a package is made.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/common.sh"
need cc cmake ninja pkg-config readelf
source=$1
here=$(cd "$(dirname "$0")" && pwd)
prefix=$tmp/prefix
libdir=$prefix/lib
stage=
case $2 in
relative) set -- -DCMAKE_INSTALL_LIBDIR=lib ;;
absolute) # then the prefix cannot be changed later
	libdir=$tmp/elsewhere
	set -- -DCMAKE_INSTALL_LIBDIR="$libdir" -DCMAKE_INSTALL_PREFIX="$prefix" ;;
staged) stage=$tmp/stage && set -- -DCMAKE_INSTALL_LIBDIR=lib ;;
esac

quietly cmake -S "$source" -B "$tmp/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	-DBUILD_TESTING=OFF -DOOMCTL_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX=/nowhere "$@"
quietly cmake --build "$tmp/build"
export DESTDIR="$stage"
quietly cmake --install "$tmp/build" --prefix "$prefix"
lib=$stage$libdir

find "$stage$prefix" "$lib" ! -type d | sort -u | sed "s|$tmp/||" >"$tmp/installed"
cat "$tmp/installed"
(cd "$source/include" && find oomctl -name '*.h' | sort) >"$tmp/want"
(cd "$stage$prefix/include" && find . -type f | sort | sed 's|./||') >"$tmp/got"
diff -u "$tmp/want" "$tmp/got" || fail 'headers'
grep -qx 'oomctl/oomctl.cdef.h' "$tmp/got" || fail 'no oomctl.cdef.h'

file=$(basename "$(readlink -f "$lib/liboomctl.so")")
[ "$(readlink "$lib/liboomctl.so")" = liboomctl.so.0 ] || fail 'liboomctl.so'
[ "$(readlink "$lib/liboomctl.so.0")" = "$file" ] || fail 'liboomctl.so.0'
echo "$file" | grep -qx 'liboomctl\.so\.0\.[0-9]*\.[0-9]*' || fail "$file"

# program_says PROGRAM [NEEDED]
program_says() {
	[ "$(LD_LIBRARY_PATH=$lib "$1")" = "$version" ] || fail "$1 says another version"
	needed=$(readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(liboomctl.*\)\]/\1/p')
	[ "$needed" = "${2-}" ] || fail "$1 needs '$needed'"
}

export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$stage"
version=$(pkg-config --modversion oomctl)
# shellcheck disable=SC2046 # lists of flags
{
	cc "$here/consumer/main.c" -o "$tmp/shared" $(pkg-config --cflags --libs oomctl)
	cc "$here/consumer/main.c" -o "$tmp/static" -static \
		$(pkg-config --static --cflags --libs oomctl)
}
program_says "$tmp/shared" liboomctl.so.0
program_says "$tmp/static"

quietly cmake -S "$here/consumer" -B "$tmp/consumer" -G Ninja \
	-DCMAKE_PREFIX_PATH="$lib/cmake"
quietly cmake --build "$tmp/consumer"
program_says "$tmp/consumer/shared" liboomctl.so.0
program_says "$tmp/consumer/static"

quietly cmake --build "$tmp/build" --target uninstall
left=$(find "$stage$prefix" "$lib" ! -type d)
[ -z "$left" ] || fail "left behind: $left"
