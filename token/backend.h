/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kind of token. To add one: a file that defines a struct backend, and a row
 * in backend_table.
 *
 * A request that names a device is for the kind that has devices of such names:
 * FIDO2 has paths of nodes, the YubiKey's slot TOKEN_PATH_YKOTP. One that names
 * none goes to whoever knows a token that is plugged in, in the table's order
 * otherwise.
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
	/* Adds to ret. TOKEN_ERR_NONE where ret stays empty. */
	int (*list)(struct caller *, const struct message_list *, struct message_listed *ret);
	/* Whether a token is plugged in that is one of the credentials' for sure:
	 * no touch. NULL: only a request tells. */
	bool (*knows)(struct caller *, const struct message_derive *);
};

extern const struct backend backend_fido2, backend_ykotp;

/* The YubiKey's alone: what its slots hold, after slot 2 has been written. */
int backend_program(struct caller *, const struct message_program *, struct message_programmed *ret)
    __attribute__((warn_unused_result));

/* Carry out a request with the back end that it needs. */
int backend_enrol(struct caller *, const struct message_enrol *, struct message_enrolled *ret)
    __attribute__((warn_unused_result));
int backend_derive(struct caller *, const struct message_derive *, struct message_derived *ret)
    __attribute__((warn_unused_result));

int backend_list(struct caller *, const struct message_list *, struct message_listed *ret)
    __attribute__((warn_unused_result));

int backend_set_pin(struct caller *, const struct message_set_pin *, struct token_device *ret)
    __attribute__((warn_unused_result));

/* What FIDO2 alone has: token_set_pin, token_read_info. */
int fido2_set_pin(struct caller *, const struct message_set_pin *, struct token_device *ret)
    __attribute__((warn_unused_result));
int fido2_inform(struct caller *, const struct message_info *, struct token_info *ret)
    __attribute__((warn_unused_result));

#endif
