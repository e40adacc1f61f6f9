/* SPDX-License-Identifier: BSD-2-Clause */
/* The slots of a YubiKey: what they hold, and a new HMAC key in slot 2. */
#ifndef TOUCHVAULT_CLI_TOKEN_PROGRAM_H
#define TOUCHVAULT_CLI_TOKEN_PROGRAM_H

#include "cli/app.h"

/* Shows what the slots hold, and asks for a typed confirmation where something
 * would be overwritten. Exit status, reported. */
int token_program_verb(struct app *) __attribute__((warn_unused_result));

#endif
