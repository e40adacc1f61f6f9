#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build what is shipped and what finds bugs, and run all tests on both; then what clang
# makes of it. Installs what it lacks with apt, on a fresh Debian 12.
#   --long  on Debian 13, too, and what other processors make of it; brings their roots
# What was not tested is told at the end. With TOUCHVAULT_VM=required (.ci/run) the tests
# on a real kernel fail where they can't run.
set -eu
cd "$(dirname "$0")/.."
case "${1-}" in
'' | --long) ;;
*)
	echo "usage: sh tests/run.sh [--long]" >&2
	exit 2
	;;
esac

# Whatever the end is. Of each test, what it said it left out, and why.
not_tested()
{
	for preset in dev release clang; do
		log=build/$preset/Testing/Temporary/LastTest.log
		[ ! -e "$log" ] || awk -v preset="$preset" '
			/^[0-9]+\/[0-9]+ Testing: / { test = $3 }
			match($0, /(skipped .|SKIPPED|NOT TESTED).*/) {
				said = "  " preset ", " test ": " substr($0, RSTART)
				if (!seen[said]++)
					print said
			}' "$log"
	done >build/not-tested
	[ ! -s build/not-tested ] || { echo "*** NOT TESTED:"; cat build/not-tested; }
}

sh tests/packages.sh
mkdir -p build
rm -f build/*/Testing/Temporary/LastTest.log
trap not_tested EXIT
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
