#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: tests/abi/update.sh
# Writes the interface of the library anew, for check.sh to compare with.
set -eu
cd "$(dirname "$0")/../.."
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

cmake --preset release -B "$build" -DBUILD_TESTING=OFF -DOOMCTL_EXAMPLES=OFF >/dev/null
cmake --build "$build" --target oomctl >/dev/null
tests/abi/dump.sh "$build/liboomctl.so" >"$build/abi"
mv "$build/abi" tests/abi/oomctl-0.1.abi
