#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Build what is shipped and what finds bugs, and run all tests on both.
# Installs what it lacks with apt, on a fresh Debian 12.
set -eu
cd "$(dirname "$0")/.."
sh tests/packages.sh
for preset in dev release; do
	cmake --preset "$preset" >/dev/null
	cmake --build --preset "$preset"
	ctest --test-dir "build/$preset" --output-on-failure
done
