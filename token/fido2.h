/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A FIDO2 token that is open, and what touchvault asks of it: CTAP 2.1 through
 * libfido2, with every answer checked (SECURITY.md, section 5).
 */
#ifndef TOUCHVAULT_TOKEN_FIDO2_H
#define TOUCHVAULT_TOKEN_FIDO2_H

#include "token/hid.h"

/* No web site can claim it: not a domain name. */
#define FIDO2_RP_ID "touchvault:"
#define FIDO2_RP_NAME "touchvault"
#define FIDO2_CHALLENGE_LEN 32
#define FIDO2_SECRET_LEN 32

struct fido2 {
	struct caller *caller;
	struct hid hid;
	fido_dev_t *dev;
	struct token_device device;

	/* From getInfo. */
	bool pin_set, pin_supported;
	bool uv_builtin; /* fingerprint or the like, and set up */
	bool uv_always;  /* alwaysUv: nothing works without */
	bool make_cred_uv_not_rqd;
	bool pin_to_make; /* makes no credential without its PIN, whatever it is for */
	bool hmac_secret;
	bool cred_protect;
	uint8_t pin_min; /* characters of a new PIN, TOKEN_PIN_MIN to TOKEN_PIN_MAX */
	size_t list_max; /* credentials in one allow-list, 1 or more */
	uint8_t aaguid[TOKEN_AAGUID_LEN];

	bool chosen; /* by a touch of its own, so that the next is the second */

	/* Asked for once, used for all of a call. */
	bool pin_known;
	char pin[TOKEN_PIN_MAX + 1];
};

/* How one assertion is to be made. */
struct fido2_ask {
	const struct message_touch *touch; /* NULL: none, up=false */
	bool uv;
	const uint8_t *salt; /* TOKEN_SALT_LEN bytes; NULL: no secret */
};

struct fido2_answer {
	size_t credential; /* index */
	uint8_t secret[FIDO2_SECRET_LEN];
	bool secret_given;
};

DEFINE_WIPE(struct fido2_answer, fido2_answer)
#define _cleanup_fido2_answer_ _cleanup_(fido2_answer_wipep)

/* Open the device at path: two transactions. fido2_close in any case.
 * TOKEN_ERR_NO_HMAC_SECRET where all else is known of it. */
int fido2_open(struct fido2 *, const char *path, struct caller *)
    __attribute__((warn_unused_result));

/* The same with the only device that is plugged in, if path is empty. */
int fido2_open_only(struct fido2 *, const char *path, struct caller *)
    __attribute__((warn_unused_result));
void fido2_close(struct fido2 *);

/* Translate a result of libfido2, or the transport's cause if it has one. Ends
 * the call that hid_begin began. After a wrong PIN asks for the tries left. */
int fido2_result(struct fido2 *, int r) __attribute__((warn_unused_result));

/* The tries left for the PIN, -1 if it isn't told: one transaction, and no try. */
int fido2_retries(struct fido2 *);

/* What getInfo said, again, without a transaction. */
int fido2_get_info(struct fido2 *, fido_cbor_info_t *ret) __attribute__((warn_unused_result));

/* Ask for the PIN unless it is known. */
int fido2_ask_pin(struct fido2 *) __attribute__((warn_unused_result));

/* Make sure that user verification can be done: 0 with f->pin set where a PIN
 * does it, or with built-in verification and no PIN. */
int fido2_prepare_uv(struct fido2 *) __attribute__((warn_unused_result));

/* Let the touch choose among devices of which none can be told to be right: two
 * transactions each, and a touch. */
int fido2_choose(struct caller *, const char *const *paths, size_t n, size_t *ret)
    __attribute__((warn_unused_result));

/* One assertion with any of the n credentials (up to list_max). What comes back
 * is checked: flags, signature, secret. */
int fido2_assert(struct fido2 *, const struct token_credential *credentials, size_t n,
    const struct fido2_ask *, struct fido2_answer *ret) __attribute__((warn_unused_result));

/* A credential of its own, not resident, with hmac-secret. Refused by the token
 * where it knows one of the request's: TOKEN_ERR_ENROLLED. */
int fido2_make_credential(struct fido2 *, bool uv, const struct message_enrol *,
    const struct message_touch *touch, struct token_enrolment *ret)
    __attribute__((warn_unused_result));

#endif
