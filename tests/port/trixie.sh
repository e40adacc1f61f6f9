#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build on Debian 13 and run the tests of the program, in a root of its own. Takes root.
# Left out are lint, pack and vm, which look at the source and at a Debian 12; bench, which
# finds no fault; and fault/kill*, which are about the file system's calls.
set -eu
cd "$(dirname "$0")/../.."
sh tests/packages.sh
root=$PWD/build/port/trixie.root
packages=$(echo $(sh tests/packages.sh --libraries) $(sh tests/packages.sh --tools) | tr ' ' ,)
if [ "$packages" != "$(cat "$root.made" 2>/dev/null)" ]; then
	rm -rf "$root"
	mkdir -p build/port
	mmdebstrap --quiet --variant=apt '--aptopt=Acquire::Languages "none"' --include="$packages" \
		trixie "$root" http://deb.debian.org/debian
	mkdir "$root/source"
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
	echo "$packages" >"$root.made"
fi
exec unshare --mount --pid --fork sh -euc '
	# A root, and no chroot, in which tests can have name spaces of their own.
	mount --make-rprivate /
	mount --rbind "$1" "$1"
	mount --bind . "$1/source"
	mount --rbind /dev "$1/dev"
	mount --rbind /sys "$1/sys"
	mount -t proc none "$1/proc"
	cd "$1"
	pivot_root . mnt
	umount -l /mnt
	exec sh -euc "
		cd /source
		cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-Werror \
			\"-DCMAKE_C_FLAGS_RELEASE=-O2 -g\" >/dev/null
		cmake --build /build -- -k 0
		cd /build
		exec ctest --output-on-failure -E \"^(lint|pack|vm|bench)/|^fault/kill\"
	"' sh "$root"
