/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kind of token. To add one: a file that defines a struct backend, and a row
 * in backend_table.
 *
 * Vendor codes become enum token_err inside of a back end, and go no further.
 */
#ifndef TOUCHVAULT_TOKEN_BACKEND_H
#define TOUCHVAULT_TOKEN_BACKEND_H

#include "token/caller.h"

struct backend {
	enum token_kind kind;
	/* As token_enrol, token_derive. In derive, credentials are those of this
	 * kind only; ret->credential is an index into them. */
	int (*enrol)(struct caller *, const struct message_enrol *, struct message_enrolled *ret);
	int (*derive)(struct caller *, const struct message_derive *, struct message_derived *ret);
	int (*list)(struct caller *, const struct message_list *, struct message_listed *ret);
};

extern const struct backend backend_fido2;

/* Carry out a request with the back end that it needs. */
int backend_enrol(struct caller *, const struct message_enrol *, struct message_enrolled *ret)
    __attribute__((warn_unused_result));
int backend_derive(struct caller *, const struct message_derive *, struct message_derived *ret)
    __attribute__((warn_unused_result));

int backend_list(struct caller *, const struct message_list *, struct message_listed *ret)
    __attribute__((warn_unused_result));

#endif
