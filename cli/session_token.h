/* SPDX-License-Identifier: BSD-2-Clause */
/* What session.c and session_token.c share, and what the token commands need of
 * them: here vault and token meet, and nowhere else. */
#ifndef TOUCHVAULT_CLI_SESSION_TOKEN_H
#define TOUCHVAULT_CLI_SESSION_TOKEN_H

#include "cli/session.h"
#include "token/token.h"

/* A token that was enrolled, for vault_create, vault_token_add and _replace. The
 * token borrows from the enrolment and from struct session_new. */
struct session_enrolled {
	struct token_enrolment enrolment;
	struct vault_new_token token;
	struct vault_response *response; /* the caller's locked memory */
	char serial[12];                 /* decimal, or empty */
};

/* Before any touch: what can be known of the token that is to be enrolled, if it is named
 * or has to be there already, and of whoever is to be asked for it. Exit status,
 * reported. */
int session_new_look(const struct app *, const struct vault *v, const struct session_new *)
    __attribute__((warn_unused_result));

/* Three touches, or two of a YubiKey's slot, after its passphrase has been asked
 * for. v: its salt, and with new->further the credentials that the
 * token must not know; then one that isn't named is asked for on the terminal, until one is
 * there that will do. Exit status, reported. */
int session_enrol(const struct app *, const struct vault *v, const struct session_new *,
    struct session_enrolled *ret) __attribute__((warn_unused_result));

/* Nothing is plugged in: where there is somebody to plug in which ("the new one"), say so,
 * and let some time go by. *looks begins with 0. False when a minute is over, or it is
 * cancelled. */
bool session_await_plug(int cancel_fd, const char *which, int *looks);

/* A slot as the token library wants it; borrows. */
struct token_credential session_credential(const struct vault_token_info *);
void session_take_response(struct vault_response *ret, const struct token_secret *);

#endif
