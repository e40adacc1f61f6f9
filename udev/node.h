/* SPDX-License-Identifier: BSD-2-Clause */
/* One device node: who may open it, and what udev has recorded of it. */
#ifndef TOUCHVAULT_UDEV_NODE_H
#define TOUCHVAULT_UDEV_NODE_H

#include "udev/udev.h"

/* Where udev has its record of a device. */
void node_record_path(dev_t, char *ret, size_t size);
/* Fill in all but kind, node, sys and product, which are set. */
void node_look(const struct access_user *, struct udev_token *);

#endif
