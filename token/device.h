/* SPDX-License-Identifier: BSD-2-Clause */
/* The FIDO devices that are plugged in, by the kernel's own list, which also
 * shows those that this user may not open. */
#ifndef TOUCHVAULT_TOKEN_DEVICE_H
#define TOUCHVAULT_TOKEN_DEVICE_H

#include "token/token.h"

#define DEVICE_LIST_MAX 16

struct device_list {
	size_t n;
	struct token_device devices[DEVICE_LIST_MAX];
	bool denied; /* one more is there, but may not be opened */
};

/* Those in /sys/class/hidraw with the FIDO usage page whose node this user may
 * read and write. Sorted by name; nothing is sent to any of
 * them. TOKEN_ERR_NONE or
 * TOKEN_ERR_PERMISSION where there is none. */
int device_list(struct device_list *ret) __attribute__((warn_unused_result));

/* What the kernel says the device is called, as ASCII; "" if it doesn't. */
void device_product(int fd, char ret[static TOKEN_PRODUCT_MAX]);

#endif
