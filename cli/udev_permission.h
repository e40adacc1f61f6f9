/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may open a token, and which rules say so: as text and as JSON. */
#ifndef TOUCHVAULT_CLI_UDEV_PERMISSION_H
#define TOUCHVAULT_CLI_UDEV_PERMISSION_H

#include <jansson.h>

#include "udev/udev.h"

/* Owner, group, mode, entries of the ACL, and below that the lines of the rules. */
void udev_permission_print(const struct udev_token *);
/* {"owner", "group", "mode", "acl", "rules"}; NULL: no memory. */
json_t *udev_permission_json(const struct udev_token *) __attribute__((warn_unused_result));

#endif
