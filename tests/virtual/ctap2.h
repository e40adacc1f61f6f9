/* CTAP2 commands: what each byte asks for, and what is answered. */
#ifndef VTOKEN_CTAP2_H
#define VTOKEN_CTAP2_H

#include "cbor_io.h"
#include "token.h"

#define CTAP2_OK			0x00
#define CTAP1_ERR_INVALID_COMMAND	0x01
#define CTAP1_ERR_INVALID_PARAMETER	0x02
#define CTAP1_ERR_INVALID_LENGTH	0x03
#define CTAP2_ERR_CBOR_UNEXPECTED_TYPE	0x11
#define CTAP2_ERR_INVALID_CBOR		0x12
#define CTAP2_ERR_MISSING_PARAMETER	0x14
#define CTAP2_ERR_LIMIT_EXCEEDED	0x15
#define CTAP2_ERR_CREDENTIAL_EXCLUDED	0x19
#define CTAP2_ERR_UNSUPPORTED_ALGORITHM	0x26
#define CTAP2_ERR_OPERATION_DENIED	0x27
#define CTAP2_ERR_UNSUPPORTED_OPTION	0x2b
#define CTAP2_ERR_INVALID_OPTION	0x2c
#define CTAP2_ERR_KEEPALIVE_CANCEL	0x2d
#define CTAP2_ERR_NO_CREDENTIALS	0x2e
#define CTAP2_ERR_USER_ACTION_TIMEOUT	0x2f
#define CTAP2_ERR_NOT_ALLOWED		0x30
#define CTAP2_ERR_PIN_INVALID		0x31
#define CTAP2_ERR_PIN_BLOCKED		0x32
#define CTAP2_ERR_PIN_AUTH_INVALID	0x33
#define CTAP2_ERR_PIN_AUTH_BLOCKED	0x34
#define CTAP2_ERR_PIN_NOT_SET		0x35
#define CTAP2_ERR_PUAT_REQUIRED		0x36
#define CTAP2_ERR_PIN_POLICY_VIOLATION	0x37
#define CTAP2_ERR_REQUEST_TOO_LARGE	0x39
#define CTAP2_ERR_INVALID_SUBCOMMAND	0x3e
#define CTAP2_ERR_UNAUTHORIZED_PERM	0x40
#define CTAP1_ERR_OTHER			0x7f
/* Not a status: the command has to wait for the user, see token.h. */
#define CTAP_WAIT			0xff

#define FLAG_UP	0x01
#define FLAG_UV	0x04
#define FLAG_AT	0x40
#define FLAG_ED	0x80

/* The name the log gives a request: getInfo, clientPIN.getKeyAgreement... */
void ctap2_name(const uint8_t *req, size_t len, char *ret, size_t cap);
/* Runs one request; the body of the answer goes to @out. */
uint8_t ctap2_run(struct token *t, const uint8_t *req, size_t len,
		  uint8_t *out, size_t cap, size_t *ret_len);

/*
 * Asks for the user's touch. CTAP2_OK with *ret_up telling whether one was
 * given, CTAP_WAIT, or an error to answer with.
 */
uint8_t touch_ask(struct token *t, bool *ret_up);

/* What makeCredential and getAssertion settle in the same way. */
struct auth {
	const char *command;
	uint8_t perm;
	const cbor_item_t *options;
	const cbor_item_t *param;	/* pinUvAuthParam */
	const cbor_item_t *protocol;
	struct bytes client_data_hash;
	uint8_t rp_hash[32];
	bool up;	/* in: asked for; after auth_touch(): given */
	bool uv;	/* out: the user was verified */
	bool touched;	/* the verification was itself a touch */
};

/* Parameters, options and the user's verification, before any touch. */
uint8_t auth_check(struct token *t, struct auth *a);
/* The touch, if one is asked for and not yet given. */
uint8_t auth_touch(struct token *t, struct auth *a);
/* SHA-256 of the relying party's id. */
uint8_t auth_rp(const cbor_item_t *id, struct auth *a);
/* The flags byte, faults included. */
uint8_t auth_flags(const struct token *t, const struct auth *a);
/* Signs authData and the client data hash into @ret_der. */
uint8_t auth_sign(struct token *t, const struct auth *a,
		  const struct cred *cred, const struct enc *auth_data,
		  uint8_t *ret_der, size_t *ret_len);
/* authData up to the signature counter. */
uint8_t auth_data_begin(struct token *t, const struct auth *a, uint8_t flags,
			struct enc *e);
/* The id of a credential descriptor; false if it is not one. */
bool descriptor_id(const cbor_item_t *item, struct bytes *ret);

void enc_cose_key(struct enc *e, int alg, const uint8_t x[static 32],
		  const uint8_t y[static 32]);

uint8_t credential_make(struct token *t, const cbor_item_t *req,
			struct enc *e);
uint8_t assertion_get(struct token *t, const cbor_item_t *req, struct enc *e);

#endif
