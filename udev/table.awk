# SPDX-License-Identifier: BSD-2-Clause
# devices to the rows of a C table, which is in their order.
/^#/ || NF == 0 { next }
{
	kinds = $3
	sub(/fido/, "1U << UDEV_FIDO", kinds)
	sub(/otp/, "1U << UDEV_YUBIKEY", kinds)
	sub(/,/, " | ", kinds)
	name = $0
	sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", name)
	printf "{ 0x%s, 0x%s, %s, \"%s\" },\n", $1, $2, kinds, name
}
