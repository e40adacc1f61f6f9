#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build for another architecture by Debian's cross compiler, and run the unit tests and
# the fuzz targets' seeds: i386 by this machine, s390x, whose bytes are in the other
# order, by qemu's user emulation.
# Usage: cross.sh i386|s390x
set -eu
case $1 in
i386) triplet=i386-linux-gnu compiler=i686-linux-gnu ;;
s390x) triplet=s390x-linux-gnu compiler=s390x-linux-gnu ;;
*)
	echo "usage: cross.sh i386|s390x" >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/../.."
sh tests/packages.sh "gcc-$compiler" qemu-user-static
root=$PWD/build/port/$1.root build=$PWD/build/port/$1
# What is left out confines the helper: qemu has no seccomp, and i386 has one system call
# for all of a socket's, which the filter doesn't tell apart. Tokens need another one there.
without=token_confine
case $1 in
i386) emulator="$root/lib/ld-linux.so.2;--library-path;$root/usr/lib/$triplet:$root/lib/$triplet" ;;
*) emulator="qemu-$1-static;-L;$root;-E;LD_PRELOAD=$build/emulated.so" ;;
esac
if [ ! -e "$root.made" ]; then
	rm -rf "$root"
	mkdir -p build/port
	# Unpacked and no more, so nothing in it need run. The release alone: what is
	# compiled against is the same in its updates.
	mmdebstrap --quiet --variant=extract --architectures="$1" --skip=check/qemu \
		--include="$(sh tests/packages.sh --libraries | tr ' ' ,),libc6-dev" bookworm "$root" http://deb.debian.org/debian
	touch "$root.made"
fi
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_FLAGS_RELEASE=-O2 -g" \
	-DCMAKE_C_FLAGS=-Werror -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$1" \
	-DCMAKE_C_COMPILER="$compiler-gcc" -DCMAKE_SYSROOT="$root" \
	-DCMAKE_LIBRARY_ARCHITECTURE="$triplet" -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER \
	"-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator" >/dev/null
cmake --build "$build"
"$compiler-gcc" --sysroot="$root" -shared -fPIC -o "$build/emulated.so" tests/port/emulated.c
ctest --test-dir "$build" -R '^(unit|fuzz)/' -E "$without" --output-on-failure
