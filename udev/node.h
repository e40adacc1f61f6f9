/* SPDX-License-Identifier: BSD-2-Clause */
/* One device node: who may open it, and what udev has recorded of it. */
#ifndef TOUCHVAULT_UDEV_NODE_H
#define TOUCHVAULT_UDEV_NODE_H

#include "udev/udev.h"

/* Fill in all but kind, node and product, which are set. */
void node_look(const struct access_user *, struct udev_token *);

#endif
