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

/* Three touches, or two of a YubiKey's slot, after its passphrase has been asked
 * for. v: its salt, and with new->further the credentials that the
 * token must not know. Exit status, reported. */
int session_enrol(const struct app *, const struct vault *v, const struct session_new *,
    struct session_enrolled *ret) __attribute__((warn_unused_result));

/* A slot as the token library wants it; borrows. */
struct token_credential session_credential(const struct vault_token_info *);
void session_take_response(struct vault_response *ret, const struct token_secret *);

#endif
