/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of touchvault in what it says, for the vault that it was said of. */
#ifndef TOUCHVAULT_CLI_OWN_COMMAND_H
#define TOUCHVAULT_CLI_OWN_COMMAND_H

#include <stddef.h>

#include "cli/app.h"

/* A text with commands as "touchvault list", in quotes or at its beginning: those that
 * are about a vault get the --vault that was given, so that they can be run as they
 * stand. Cut off at size. */
const char *own_command(const struct app *, const char *text, char *ret, size_t size);

#endif
