/* SPDX-License-Identifier: BSD-2-Clause */
/* What a token tells of itself, whatever vault it is in. */
#ifndef TOUCHVAULT_CLI_TOKEN_INFO_H
#define TOUCHVAULT_CLI_TOKEN_INFO_H

#include "cli/app.h"

/* Print it, of the token that is named or of every one that is plugged in. Exit
 * status, reported. */
int token_info_print(const struct app *) __attribute__((warn_unused_result));

#endif
