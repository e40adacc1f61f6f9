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

/* Whether there is anybody who can be asked for a PIN. */
bool touch_can_ask(void);

/* Whether the call is to be made again, as it ended with a wrong PIN (err, and the tries
 * left or -1) and there is somebody on a terminal, who is told so: what was typed before
 * it shall not be lost. No more where the token takes none. Between the two above. */
bool touch_pin_again(int err, int retries) __attribute__((warn_unused_result));

#endif
