/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/listed.h"

#include <stddef.h>

#include "udev/udev.h"

static const struct listed list[] = {
#include "devices.inc" /* made by table.awk */
};

const struct listed *listed_find(uint16_t vendor, uint16_t product)
{
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].vendor == vendor && list[i].product == product)
			return &list[i];
	return NULL;
}
