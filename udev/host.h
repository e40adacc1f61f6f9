/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine, the user's groups, and who sits where. */
#ifndef TOUCHVAULT_UDEV_HOST_H
#define TOUCHVAULT_UDEV_HOST_H

#include "udev/udev.h"

void host_look(const struct access_user *, struct udev_host *ret);
/* Whether the user has a session at the seat of that name, by logind. */
enum udev_seat host_seat(const char *name, uid_t);

#endif
