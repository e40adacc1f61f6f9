#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Install the Debian packages that building and testing need, and those that are named;
# nothing when all are there. --libraries: only print what is compiled against; --tools: what
# building and running the program's tests take.
set -eu
libraries="libsodium-dev libcbor-dev libjansson-dev libseccomp-dev libtss2-dev libqrencode-dev
	libsystemd-dev libcmocka-dev libssl-dev libfido2-dev libykpers-1-dev libyubikey-dev libusb-1.0-0-dev"
tools="gcc cmake ninja-build pkg-config python3 fido2-tools yubikey-personalization openssl
	util-linux procps strace udev swtpm tpm2-tools mandoc pinentry-curses zbar-tools
	librsvg2-bin poppler-utils faketime systemd dbus-daemon dbus-bin dbus-user-session
	python3-dbus python3-gi cron python3-icalendar tzdata curl jq"
# For style, packages, and roots and machines of their own.
others="clang clang-format clang-tidy qemu-system-x86 mmdebstrap busybox-static dpkg-dev
	lintian e2fsprogs git"
# shellcheck disable=SC2086
case ${1-} in
--libraries) echo $libraries && exit ;;
--tools) echo $tools && exit ;;
esac
missing=
for p in $libraries $tools $others "$@"; do
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
