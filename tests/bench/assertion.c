/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/assertion.h"

#include <string.h>

#include <fido.h>

#define RP_ID "touchvault:"
#define TIMEOUT_MS 30000

static int assertion_fill(
    fido_assert_t *assert, const uint8_t *id, size_t id_len, const uint8_t *salt)
{
	/* Nobody verifies the signature, so any challenge will do. */
	static const uint8_t challenge[32] = { 1 };
	int r = fido_assert_set_clientdata_hash(assert, challenge, sizeof(challenge));

	if (r == FIDO_OK)
		r = fido_assert_set_rp(assert, RP_ID);
	if (r == FIDO_OK)
		r = fido_assert_allow_cred(assert, id, id_len);
	if (r == FIDO_OK)
		r = fido_assert_set_extensions(assert, FIDO_EXT_HMAC_SECRET);
	if (r == FIDO_OK)
		r = fido_assert_set_hmac_salt(assert, salt, ASSERTION_SALT_LEN);
	return r;
}

static int assertion_ask(fido_dev_t *dev, fido_assert_t *assert, const char *device, uint8_t *ret)
{
	int r = fido_dev_set_timeout(dev, TIMEOUT_MS);

	if (r == FIDO_OK)
		r = fido_dev_open(dev, device);
	if (r != FIDO_OK)
		return r;
	r = fido_dev_get_assert(dev, assert, NULL);
	(void)fido_dev_close(dev);
	if (r != FIDO_OK)
		return r;
	if (fido_assert_hmac_secret_len(assert, 0) != ASSERTION_SECRET_LEN)
		return FIDO_ERR_INTERNAL;
	memcpy(ret, fido_assert_hmac_secret_ptr(assert, 0), ASSERTION_SECRET_LEN);
	return FIDO_OK;
}

int assertion_secret(const char *device, const uint8_t *id, size_t id_len,
    const uint8_t salt[static ASSERTION_SALT_LEN], uint8_t ret[static ASSERTION_SECRET_LEN])
{
	fido_assert_t *assert;
	fido_dev_t *dev;
	int r = FIDO_ERR_INTERNAL;

	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	assert = fido_assert_new();
	dev = fido_dev_new();
	if (assert != NULL && dev != NULL)
		r = assertion_fill(assert, id, id_len, salt);
	if (r == FIDO_OK)
		r = assertion_ask(dev, assert, device, ret);
	fido_dev_free(&dev);
	fido_assert_free(&assert);
	return r;
}
