#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build on Debian 13 and run the tests that need neither plugging in nor a TPM, in a root
# of its own. Takes root.
set -eu
cd "$(dirname "$0")/../.."
sh tests/packages.sh
root=$PWD/build/port/trixie.root
tools="gcc cmake ninja-build pkg-config python3 fido2-tools yubikey-personalization openssl procps strace udev"
if [ ! -e "$root.made" ]; then
	rm -rf "$root"
	mkdir -p build/port
	mmdebstrap --quiet --variant=apt '--aptopt=Acquire::Languages "none"' \
		--include="$(echo $tools $(sh tests/packages.sh --libraries) | tr ' ' ,)" \
		trixie "$root" http://deb.debian.org/debian
	mkdir "$root/source"
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
	touch "$root.made"
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
		exec ctest --output-on-failure -R \"^(unit|fuzz|vectors)/|e2e/(main_job|refusals|bad_input|run|tokens|hosts|pin)\\\$\"
	"' sh "$root"
