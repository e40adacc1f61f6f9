/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/fido2.h"

#include <sys/random.h>

#define FIDO2_USER_ID_LEN 32

static void fido2_credp(fido_cred_t **cred)
{
	fido_cred_free(cred);
}

static int fido2_fill(const struct fido2 *f, fido_cred_t *cred, bool uv)
{
	/* A user handle of its own: the same one would replace a credential
	 * on a token that keeps it although it is asked not to. */
	uint8_t random[FIDO2_CHALLENGE_LEN + FIDO2_USER_ID_LEN];
	int extensions = FIDO_EXT_HMAC_SECRET, r;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return TOKEN_ERR_INTERNAL;
	if (uv && f->cred_protect)
		extensions |= FIDO_EXT_CRED_PROTECT;
	r = fido_cred_set_type(cred, COSE_ES256);
	if (r == FIDO_OK)
		r = fido_cred_set_clientdata_hash(cred, random, FIDO2_CHALLENGE_LEN);
	if (r == FIDO_OK)
		r = fido_cred_set_rp(cred, FIDO2_RP_ID, FIDO2_RP_NAME);
	if (r == FIDO_OK)
		r = fido_cred_set_user(cred, random + FIDO2_CHALLENGE_LEN, FIDO2_USER_ID_LEN,
		    FIDO2_RP_NAME, NULL, NULL);
	if (r == FIDO_OK)
		r = fido_cred_set_extensions(cred, extensions);
	if (r == FIDO_OK && (extensions & FIDO_EXT_CRED_PROTECT))
		r = fido_cred_set_prot(cred, FIDO_CRED_PROT_UV_REQUIRED);
	if (r == FIDO_OK && uv && !f->pin_known)
		r = fido_cred_set_uv(cred, FIDO_OPT_TRUE);
	return r == FIDO_OK ? 0 : TOKEN_ERR_INTERNAL;
}

static int fido2_copy(const fido_cred_t *cred, struct token_enrolment *ret)
{
	size_t id_len = fido_cred_id_len(cred);

	if (id_len == 0 || id_len > sizeof(ret->id) ||
	    fido_cred_pubkey_len(cred) != sizeof(ret->public_key))
		return TOKEN_ERR_FAILED;
	ret->kind = TOKEN_KIND_FIDO2;
	memcpy(ret->id, fido_cred_id_ptr(cred), id_len);
	ret->id_len = id_len;
	memcpy(ret->public_key, fido_cred_pubkey_ptr(cred), sizeof(ret->public_key));
	return 0;
}

/* Whose make the token is, its attestation says, which nobody here needs to
 * know; that it holds the key is shown by the assertions that follow. */
int fido2_make_credential(struct fido2 *f, bool uv, const struct message_enrol *request,
    const struct message_touch *touch, struct token_enrolment *ret)
{
	_cleanup_(fido2_credp) fido_cred_t *cred = fido_cred_new();
	int r;

	if (cred == NULL)
		return TOKEN_ERR_INTERNAL;
	r = fido2_fill(f, cred, uv);
	for (size_t i = 0; i < request->n && r == 0; i++)
		if (request->credentials[i].kind == TOKEN_KIND_FIDO2 &&
		    fido_cred_exclude(cred, request->credentials[i].id,
			request->credentials[i].id_len) != FIDO_OK)
			r = TOKEN_ERR_INTERNAL;
	if (r < 0)
		return r;
	hid_begin(&f->hid, touch, uv && !f->pin_known);
	r = fido2_result(f, fido_dev_make_cred(f->dev, cred, f->pin_known ? f->pin : NULL));
	if (r < 0)
		return r;
	ret->uv = uv;
	ret->device = f->device;
	/* As getInfo says it, which is what a later call can compare. */
	memcpy(ret->aaguid, f->aaguid, sizeof(ret->aaguid));
	return fido2_copy(cred, ret);
}
