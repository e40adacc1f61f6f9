#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build what is shipped and what finds bugs, and run all tests on both; then what clang
# makes of it. Installs what it lacks with apt, on a fresh Debian 12.
#   --long  on Debian 13, too, and what other processors make of it; brings their roots
set -eu
cd "$(dirname "$0")/.."
case "${1-}" in
'' | --long) ;;
*)
	echo "usage: sh tests/run.sh [--long]" >&2
	exit 2
	;;
esac
sh tests/packages.sh
for preset in dev release; do
	cmake --preset "$preset" >/dev/null
	cmake --build --preset "$preset"
	ctest --test-dir "build/$preset" --output-on-failure
done
cmake --preset clang >/dev/null
cmake --build --preset clang
ctest --test-dir build/clang -R '^(unit|vectors|fuzz)/|e2e/main_job' --output-on-failure
[ -n "${1-}" ] || exit 0
sh tests/port/cross.sh i386
sh tests/port/cross.sh s390x
sh tests/port/trixie.sh
