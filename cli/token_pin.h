/* SPDX-License-Identifier: BSD-2-Clause */
/* The PIN of a token that is plugged in, whatever vault it is in. */
#ifndef TOUCHVAULT_CLI_TOKEN_PIN_H
#define TOUCHVAULT_CLI_TOKEN_PIN_H

#include "cli/app.h"

/* Give it one, or (replace) another one than it has. Exit status, reported. */
int token_pin_set(const struct app *, bool replace) __attribute__((warn_unused_result));

#endif
