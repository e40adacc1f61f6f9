/* SPDX-License-Identifier: BSD-2-Clause */
/* A token's callbacks on the terminal: the notice of a waiting touch, the PIN
 * prompt, Ctrl-C. Knows nothing of vaults. */
#ifndef TOUCHVAULT_CLI_TOUCH_H
#define TOUCHVAULT_CLI_TOUCH_H

#include "token/token.h"

/* Signals are taken in from touch_begin to touch_end, which must follow, and
 * which turns a success into TOKEN_ERR_CANCELLED if a signal came. purpose
 * completes "Touch the token to ..." and must outlive ret. */
void touch_begin(const char *purpose, struct token_ui *ret);
int touch_end(int err);

#endif
