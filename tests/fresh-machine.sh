#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: tests/fresh-machine.sh [COMMAND]
#
# Makes a minimal Debian in a temporary directory, copies the files of the working tree
# into it and runs COMMAND there without a terminal, by default "./dev run && ./dev test".
# A test that is skipped for want of a tool fails. Needs root, git, debootstrap and a
# Debian machine, whose own apt sources and network settings it uses.
set -eu
cd "$(dirname "$0")/.."
suite=bookworm
command=${1:-./dev run && ./dev test}

root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
child=
trap '[ -z "$child" ] || { kill -- "-$child"; wait "$child"; }; exit 1' HUP INT TERM
chmod 755 "$root"

say() {
	echo "fresh-machine: $*, after $(($(date +%s) - start)) s"
}
start=$(date +%s)

# Lines as in sources.list, from sources of every form.
# shellcheck disable=SC2016 # apt expands
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
	'Created-By: Packages' | awk -v suite="$suite" '$3 ~ "^" suite "(-|$)"')
mirror=$(echo "$sources" | awk -v suite="$suite" '$3 == suite { print $2; exit }')
[ -n "$mirror" ] || { echo "this machine has no apt source for $suite" >&2; exit 1; }

# All mounts are in namespaces of their own and end with them, whatever ends those.
unshare --mount debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root/log" || {
	tail "$root/log" >&2
	exit 1
}
echo "$sources" >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|Check)' >"$root/etc/apt/apt.conf.d/99machine" || true
cp -L /etc/resolv.conf /etc/hosts "$root/etc"
mkdir "$root/root/oomctl"
git ls-files -z --cached --others --exclude-standard |
	tar -c --null -T - | tar -x --no-same-owner -C "$root/root/oomctl"
say 'made the machine'

# shellcheck disable=SC2016 # the inner shell expands
env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin OOMCTL_NO_SKIP=1 \
	${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
	unshare --mount setsid --wait sh -euc '
		mount --bind "$1" "$1" # the root of a machine is a mount point
		mount -t proc proc "$1/proc"
		mount -t sysfs -o ro sysfs "$1/sys"
		mount -t devpts devpts "$1/dev/pts"
		exec chroot "$1" sh -euc "cd /root/oomctl; $2"' sh "$root" "$command" </dev/null &
child=$!
wait "$child"
say 'done'
