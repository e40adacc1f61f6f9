#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Layout by clang-format, defects by clang-tidy (.clang-format, .clang-tidy).
# Usage: tidy.sh SOURCE-DIRECTORY
set -eu
cd "$1"
clang-format --dry-run -Werror $(ls vault/*.[ch] token/*.[ch] cli/*.[ch] udev/*.[ch] tests/unit/*.c tests/fuzz/*.[ch])
# Flags of its own: gcc's are not all clang's.
flags=$(pkg-config --cflags libsodium libfido2 libcbor jansson libqrencode libseccomp libsystemd libcrypto ykpers-1)
# What awk makes of the rules and the list is there for the compiler only.
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
awk -f udev/table.awk udev/devices >"$made/devices.inc"
awk -f udev/text.awk udev/70-touchvault.rules >"$made/rules.inc"
awk -f udev/text.awk udev/71-touchvault-lock.rules >"$made/lock.inc"
export made
ls vault/*.c token/*.c cli/*.c udev/*.c | xargs -P 2 -n 6 sh -c '
	flags=$1
	shift
	clang-tidy --quiet "$@" -- -std=gnu17 -I. -I"$made" -D_GNU_SOURCE -DTOUCHVAULT_VERSION=\"lint\" \
		-DTOUCHVAULT_LIBEXEC_FROM_BIN=\"lint\" -Wall -Wextra $flags 2>&1 |
		{ ! grep -v -e "warnings\? generated" -e "^Suppressed" -e "^Use -header-filter"; }
' sh "$flags"
