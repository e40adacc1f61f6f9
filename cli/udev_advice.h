/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a token can't be opened, and the one command that mends it, in words. */
#ifndef TOUCHVAULT_CLI_UDEV_ADVICE_H
#define TOUCHVAULT_CLI_UDEV_ADVICE_H

#include <limits.h>

#include "udev/udev.h"

struct udev_advice {
	const char *why;
	char command[PATH_MAX + 256];
	const char *how;  /* what to do with command: "run", ... */
	const char *then; /* what is to follow, or "" */
};

/* Not for UDEV_FINE. token: NULL if nothing is plugged in. */
void udev_advise(
    enum udev_cause, const struct udev_host *, const struct udev_token *, struct udev_advice *ret);
/* "sudo /usr/bin/touchvault udev VERB", with the program's own path, as sudo may
 * not find it by name. */
const char *udev_sudo(const char *verb, char *ret, size_t size);
/* By what this user can open a token, or "" */
const char *udev_by_text(const struct udev_token *);
const char *udev_by_code(const struct udev_token *);
const char *udev_cause_code(enum udev_cause);

#endif
