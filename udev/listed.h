/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of devices, as a table. */
#ifndef TOUCHVAULT_UDEV_LISTED_H
#define TOUCHVAULT_UDEV_LISTED_H

#include <stdint.h>

struct listed {
	uint16_t vendor, product;
	unsigned kinds; /* bits of 1U << enum udev_kind */
	const char *name;
};

/* NULL if it isn't listed. */
const struct listed *listed_find(uint16_t vendor, uint16_t product);

#endif
