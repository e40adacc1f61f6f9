#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Install the Debian packages that building and testing need; nothing when all are there.
set -eu
missing=
for p in gcc cmake ninja-build pkg-config python3 libsodium-dev libcbor-dev libjansson-dev libseccomp-dev libtss2-dev libqrencode-dev libsystemd-dev libcmocka-dev libssl-dev libfido2-dev fido2-tools libykpers-1-dev libyubikey-dev libusb-1.0-0-dev yubikey-personalization openssl util-linux procps strace udev swtpm tpm2-tools clang-format clang-tidy mandoc qemu-system-x86 mmdebstrap busybox-static dpkg-dev lintian pinentry-curses zbar-tools librsvg2-bin poppler-utils faketime systemd dbus-daemon dbus-bin dbus-user-session python3-dbus python3-gi cron python3-icalendar tzdata; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q
# shellcheck disable=SC2086
$sudo apt-get install -y -q --no-install-recommends $missing
