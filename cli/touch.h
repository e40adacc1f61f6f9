/* SPDX-License-Identifier: BSD-2-Clause */
/* A token's callbacks on the terminal: the notice of a waiting touch, the PIN
 * prompt, Ctrl-C. Knows nothing of vaults. */
#ifndef TOUCHVAULT_CLI_TOUCH_H
#define TOUCHVAULT_CLI_TOUCH_H

#include "token/token.h"

/* What the person is told. Everything is borrowed. */
struct touch_notice {
	bool json;                /* and to a program, where there is no terminal */
	const char *purpose;      /* completes "Touch the token to ..." */
	const char *const *names; /* of the credentials that are asked for */
	size_t n_names;
};

/* Signals are taken in from touch_begin to touch_end, which must follow, and
 * which turns a success, and the lack of a token, into
 * TOKEN_ERR_CANCELLED if a signal came. */
void touch_begin(const struct touch_notice *, struct token_ui *ret);
int touch_end(int err);

#endif
