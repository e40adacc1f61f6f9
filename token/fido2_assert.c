/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/fido2.h"

#include <fido/es256.h>
#include <sys/random.h>

#define FIDO2_FLAG_UP 0x01 /* WebAuthn, section 6.1 */
#define FIDO2_FLAG_UV 0x04

static void fido2_assertp(fido_assert_t **assert)
{
	fido_assert_free(assert);
}

static void fido2_es256p(es256_pk_t **pk)
{
	es256_pk_free(pk);
}

static int fido2_fill(fido_assert_t *assert, const struct token_credential *credentials, size_t n,
    const struct fido2_ask *ask)
{
	uint8_t challenge[FIDO2_CHALLENGE_LEN];
	int r;

	if (getrandom(challenge, sizeof(challenge), 0) != (ssize_t)sizeof(challenge))
		return TOKEN_ERR_INTERNAL;
	r = fido_assert_set_clientdata_hash(assert, challenge, sizeof(challenge));
	if (r == FIDO_OK)
		r = fido_assert_set_rp(assert, FIDO2_RP_ID);
	for (size_t i = 0; i < n && r == FIDO_OK; i++)
		r = fido_assert_allow_cred(assert, credentials[i].id, credentials[i].id_len);
	if (r == FIDO_OK && ask->touch == NULL)
		r = fido_assert_set_up(assert, FIDO_OPT_FALSE);
	if (r == FIDO_OK && ask->uv)
		r = fido_assert_set_uv(assert, FIDO_OPT_TRUE);
	if (r == FIDO_OK && ask->salt != NULL)
		r = fido_assert_set_extensions(assert, FIDO_EXT_HMAC_SECRET);
	if (r == FIDO_OK && ask->salt != NULL)
		r = fido_assert_set_hmac_salt(assert, ask->salt, TOKEN_SALT_LEN);
	return r == FIDO_OK ? 0 : TOKEN_ERR_INTERNAL;
}

/* Which credential answered. A token may leave that out if it was given one
 * only (CTAP 2.1, section 6.2.2). */
static int fido2_who(
    const fido_assert_t *assert, const struct token_credential *credentials, size_t n, size_t *ret)
{
	const uint8_t *id = fido_assert_id_ptr(assert, 0);
	size_t len = fido_assert_id_len(assert, 0);

	if (fido_assert_count(assert) != 1)
		return TOKEN_ERR_FAILED;
	if (n == 1 && len == 0) {
		*ret = 0;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (len == credentials[i].id_len && memcmp(id, credentials[i].id, len) == 0) {
			*ret = i;
			return 0;
		}
	}
	return TOKEN_ERR_FAILED;
}

/* What libfido2 returns is not proof, so all that the answer claims is looked
 * at here, by the key of the enrolment. */
static int fido2_check(fido_assert_t *assert, const struct token_credential *credential, bool uv)
{
	_cleanup_(fido2_es256p) es256_pk_t *pk = es256_pk_new();
	uint8_t flags = fido_assert_flags(assert, 0);

	if (!(flags & FIDO2_FLAG_UP))
		return TOKEN_ERR_NO_PRESENCE;
	if (uv && !(flags & FIDO2_FLAG_UV))
		return TOKEN_ERR_NO_VERIFICATION;
	if (pk == NULL || fido_assert_set_up(assert, FIDO_OPT_TRUE) != FIDO_OK)
		return TOKEN_ERR_INTERNAL;
	if (es256_pk_from_ptr(pk, credential->public_key, sizeof(credential->public_key)) !=
		FIDO_OK ||
	    fido_assert_verify(assert, 0, COSE_ES256, pk) != FIDO_OK)
		return TOKEN_ERR_BAD_SIGNATURE;
	return 0;
}

static int fido2_read_answer(fido_assert_t *assert, const struct token_credential *credentials,
    size_t n, const struct fido2_ask *ask, struct fido2_answer *answer)
{
	int r;

	r = fido2_who(assert, credentials, n, &answer->credential);
	if (r < 0)
		return r;
	answer->secret_given = fido_assert_hmac_secret_len(assert, 0) == FIDO2_SECRET_LEN;
	if (answer->secret_given)
		memcpy(answer->secret, fido_assert_hmac_secret_ptr(assert, 0), FIDO2_SECRET_LEN);
	if (ask->touch == NULL)
		return 0; /* a probe: a hint, never proof */
	if (ask->salt != NULL && !answer->secret_given)
		return TOKEN_ERR_NO_SECRET;
	return fido2_check(assert, &credentials[answer->credential], ask->uv);
}

int fido2_assert(struct fido2 *f, const struct token_credential *credentials, size_t n,
    const struct fido2_ask *ask, struct fido2_answer *ret)
{
	_cleanup_(fido2_assertp) fido_assert_t *assert = fido_assert_new();
	_cleanup_fido2_answer_ struct fido2_answer answer = { 0 };
	bool with_pin = ask->uv && f->pin_known;
	int r;

	if (assert == NULL)
		return TOKEN_ERR_INTERNAL;
	r = fido2_fill(assert, credentials, n, ask);
	if (r < 0)
		return r;
	hid_begin(&f->hid, ask->touch, ask->uv && !with_pin);
	r = fido2_result(f, fido_dev_get_assert(f->dev, assert, with_pin ? f->pin : NULL));
	if (r == 0)
		r = fido2_read_answer(assert, credentials, n, ask, &answer);
	if (r == 0)
		*ret = answer;
	return r;
}
