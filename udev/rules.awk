# SPDX-License-Identifier: BSD-2-Clause
# devices to 70-touchvault.rules:
#   awk -f rules.awk devices >70-touchvault.rules

function add(list, vendor, product) {
	if (!((list, vendor) in products))
		order[list, ++vendors[list]] = vendor
	else
		products[list, vendor] = products[list, vendor] "|"
	products[list, vendor] = products[list, vendor] product
}

function matches(list, attribute, assignment,    i, vendor) {
	for (i = 1; i <= vendors[list]; i++) {
		vendor = order[list, i]
		printf "%s{idVendor}==\"%s\", %s{idProduct}==\"%s\", %s\n", attribute, vendor,
			attribute, products[list, vendor], assignment
	}
}

/^#/ || NF == 0 { next }

# Sorted and unique is what makes a list that people edit readable.
NF < 4 || $1 !~ /^[0-9a-f]+$/ || length($1) != 4 || $2 !~ /^[0-9a-f]+$/ || length($2) != 4 ||
    $3 !~ /^(fido|otp|fido,otp)$/ || $1 $2 "" <= last "" {
	printf "%s:%d: malformed, or not in order: %s\n", FILENAME, FNR, $0 >"/dev/stderr"
	bad = 1
	exit 1
}

{
	last = $1 $2
	if ($3 ~ /fido/)
		add("fido", $1, $2)
	if ($3 ~ /otp/)
		add("otp", $1, $2)
}

END {
	if (bad)
		exit 1
	# By these two lines install.c and postrm know it as touchvault's: they stay.
	print "# SPDX-License-Identifier: BSD-2-Clause"
	print "# Whoever is at the seat may open FIDO tokens and YubiKeys. Made by touchvault's"
	print "# udev/rules.awk from udev/devices: change those."
	print ""
	print "ACTION==\"remove\", GOTO=\"touchvault_end\""
	print "SUBSYSTEM==\"hidraw\", GOTO=\"touchvault_hidraw\""
	print "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", GOTO=\"touchvault_usb\""
	print "GOTO=\"touchvault_end\""
	print ""
	print "# Which usage page it has is what fido_id reads. Where there is no fido_id, the"
	print "# numbers have to do; a token's keyboard has the same ones, and stays closed."
	print "LABEL=\"touchvault_hidraw\""
	print "ENV{ID_FIDO_TOKEN}==\"1\", GOTO=\"touchvault_fido\""
	print "IMPORT{program}==\"fido_id\", GOTO=\"touchvault_told\""
	print "ATTRS{bInterfaceProtocol}==\"01\", GOTO=\"touchvault_end\""
	matches("fido", "ATTRS", "ENV{ID_FIDO_TOKEN}=\"1\"")
	print "LABEL=\"touchvault_told\""
	print "ENV{ID_FIDO_TOKEN}!=\"1\", GOTO=\"touchvault_end\""
	print "LABEL=\"touchvault_fido\""
	print "ENV{ID_TOUCHVAULT}=\"fido\""
	print "IMPORT{builtin}=\"usb_id\""
	print "IMPORT{builtin}=\"path_id\""
	print "GOTO=\"touchvault_grant\""
	print ""
	print "# The HMAC slots of a YubiKey are reached through libusb."
	print "LABEL=\"touchvault_usb\""
	matches("otp", "ATTR", "ENV{ID_TOUCHVAULT}=\"yubikey\"")
	print "ENV{ID_TOUCHVAULT}!=\"yubikey\", GOTO=\"touchvault_end\""
	print ""
	print "# logind gives it to who is at the seat (73-seat-late.rules, which comes later); the"
	print "# group, where there is one, is for who never is: over ssh, or as a service."
	print "LABEL=\"touchvault_grant\""
	print "ENV{ID_SECURITY_TOKEN}=\"1\", TAG+=\"uaccess\", MODE=\"0660\""
	print "ENV{.TOUCHVAULT_GROUP}=\"plugdev\""
	print "PROGRAM==\"/usr/bin/getent group $env{.TOUCHVAULT_GROUP}\", GROUP=\"$env{.TOUCHVAULT_GROUP}\""
	print "ENV{ID_PATH_TAG}==\"?*\", SYMLINK+=\"touchvault/$env{ID_TOUCHVAULT}-$env{ID_PATH_TAG}\""
	print "ENV{ID_PATH_TAG}==\"\", SYMLINK+=\"touchvault/$env{ID_TOUCHVAULT}-%k\""
	print "ENV{ID_USB_SERIAL_SHORT}==\"?*\", SYMLINK+=\"touchvault/$env{ID_TOUCHVAULT}-$env{ID_USB_SERIAL_SHORT}\""
	print ""
	print "LABEL=\"touchvault_end\""
}
