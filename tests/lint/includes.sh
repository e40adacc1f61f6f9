#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rooms stay apart: vault/ knows no token, token/ no vault, udev/ nobody, cli/ no
# vendor.
set -eu
cd "$1"
bad=0
refuse() { # folder, pattern, why
	if grep -rnE "#[[:space:]]*include[[:space:]]*[<\"]$2" --include='*.[ch]' "$1"; then
		echo "lint: $1/ must not include $3" >&2
		bad=1
	fi
}
refuse vault '(\.\./)?(token|udev|cli|tests)/' 'token/, udev/, cli/ or tests/'
refuse vault '(fido|ykpers|ykcore|libusb|openssl|jansson|qrencode)' 'device, JSON or QR libraries'
refuse token '(\.\./)?(vault|udev|cli|tests)/' 'vault/, udev/, cli/ or tests/'
refuse udev '(\.\./)?(vault|token|cli|tests)/' 'vault/, token/, cli/ or tests/'
refuse udev '(fido|ykpers|ykcore|libusb|libudev|openssl|jansson|sodium)' 'libraries'
if [ -d cli ]; then
	refuse cli '(fido|ykpers|ykcore|libusb|openssl)' 'device libraries'
	refuse cli '(\.\./)?tests/' 'tests/'
fi
exit $bad
