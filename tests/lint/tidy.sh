#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Layout by clang-format, defects by clang-tidy (.clang-format, .clang-tidy).
# Usage: tidy.sh SOURCE-DIRECTORY
set -eu
cd "$1"
clang-format --dry-run -Werror $(ls vault/*.[ch] token/*.[ch] cli/*.[ch] tests/unit/*.c tests/fuzz/*.[ch])
# Flags of its own: gcc's are not all clang's.
flags=$(pkg-config --cflags libsodium libfido2 libcbor jansson libqrencode libseccomp libcrypto ykpers-1)
ls vault/*.c token/*.c cli/*.c | xargs -P 2 -n 6 sh -c '
	flags=$1
	shift
	clang-tidy --quiet "$@" -- -std=gnu17 -I. -D_GNU_SOURCE -DTOUCHVAULT_VERSION=\"lint\" \
		-DTOUCHVAULT_LIBEXEC_FROM_BIN=\"lint\" -Wall -Wextra $flags 2>&1 |
		{ ! grep -v -e "warnings\? generated" -e "^Suppressed" -e "^Use -header-filter"; }
' sh "$flags"
