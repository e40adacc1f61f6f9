/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rules files udev takes, of all that there are. */
#ifndef TOUCHVAULT_UDEV_IN_FORCE_H
#define TOUCHVAULT_UDEV_IN_FORCE_H

#include <stddef.h>

#include "udev/udev.h"

/* Paths in the order in which they are read: masks, too, in which nothing is. */
struct in_force {
	char (*paths)[UDEV_RULES_PATH_MAX];
	size_t n;
};
/* What there is no memory for is left out. */
void in_force_read(struct in_force *ret);
void in_force_free(struct in_force *);

#endif
