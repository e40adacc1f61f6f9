#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rules are what the generator makes of the list, and udev reads them without a
# complaint. The latter takes root, for a mount namespace: udevadm writes to
# /run/udev.
# Usage: udev.sh SOURCE-DIRECTORY
set -eu
cd "$1/udev"
awk -f rules.awk devices | diff -u 70-touchvault.rules - || {
	echo "lint: run \"awk -f rules.awk devices >70-touchvault.rules\" in udev/" >&2
	exit 1
}
if ! command -v udevadm >/dev/null || [ "$(id -u)" -ne 0 ]; then
	echo "lint: without root and udevadm, udev isn't asked what it makes of the rules"
	exit 0
fi
said=$(unshare --mount sh -euc '
	mount -t tmpfs none /run
	mkdir -p /run/udev/rules.d
	cp "$@" /run/udev/rules.d
	udevadm test /sys/class/mem/null 2>&1' sh 70-touchvault.rules 71-touchvault-lock.rules)
for name in 70-touchvault.rules 71-touchvault-lock.rules; do
	echo "$said" | grep -q "^Reading rules file: .*/$name\$" || {
		echo "lint: udev has not read $name" >&2
		exit 1
	}
done
# What it says of a line begins with the file and the line's number.
if echo "$said" | grep -E '[0-9]+-touchvault[a-z-]*\.rules:[0-9]+'; then
	echo "lint: udev complains of the rules" >&2
	exit 1
fi
