/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/host.h"

#include <string.h>

#include "vault/cleanup.h"

/* The pairs are not a vault's: no vault id salts them. */
static const uint8_t no_vault[VAULT_ID_LEN];

int host_key_derive(struct host_key *k)
{
	_cleanup_secret_ uint8_t *s = secret_alloc(32);

	if (s == NULL)
		return VAULT_ERR_NOMEM;
	if (kdf(no_vault, "tv1 host box", k->seed, HOST_SEED_LEN, NULL, 0, s, 32) != 0 ||
	    crypto_box_seed_keypair(k->box_pk, k->box_sk, s) != 0 ||
	    kdf(no_vault, "tv1 host sign", k->seed, HOST_SEED_LEN, NULL, 0, s, 32) != 0 ||
	    crypto_sign_seed_keypair(k->sign_pk, k->sign_sk, s) != 0 ||
	    kdf(no_vault, "tv1 host state", k->seed, HOST_SEED_LEN, NULL, 0, k->state_key,
		KEY_LEN) != 0)
		return VAULT_ERR_INTERNAL;
	return 0;
}

int host_key_generate(bool bound, struct host_key *ret)
{
	randombytes_buf(ret->seed, sizeof(ret->seed));
	ret->kind = VAULT_HOST_KEYFILE;
	ret->bound = bound;
	ret->virtual_tpm = false;
	return host_key_derive(ret);
}

int host_id(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t hpk[static KEY_LEN],
    const uint8_t hvk[static 32], uint8_t ret[static HOST_ID_LEN])
{
	uint8_t in[KEY_LEN + 32];

	memcpy(in, hpk, KEY_LEN);
	memcpy(in + KEY_LEN, hvk, 32);
	return kdf(vault_id, "tv1 host id", NULL, 0, in, sizeof(in), ret, HOST_ID_LEN);
}

#define CERT_LABEL "touchvault host v1"
#define CERT_LEN (sizeof(CERT_LABEL) - 1 + VAULT_ID_LEN + HOST_ID_LEN + 8 + KEY_LEN + 32)

static void cert_message(const uint8_t vault_id[static VAULT_ID_LEN], const struct index_host *h,
    uint8_t ret[static CERT_LEN])
{
	struct wbuf b = wbuf_of(ret, CERT_LEN);

	wbuf_put(&b, CERT_LABEL, sizeof(CERT_LABEL) - 1);
	wbuf_put(&b, vault_id, VAULT_ID_LEN);
	wbuf_put(&b, h->id, HOST_ID_LEN);
	wbuf_le64(&b, h->cert_gen);
	wbuf_put(&b, h->hpk, KEY_LEN);
	wbuf_put(&b, h->hvk, 32);
}

void host_certify(const uint8_t vault_id[static VAULT_ID_LEN], const struct host_key *by,
    const uint8_t by_id[static HOST_ID_LEN], struct index_host *h)
{
	uint8_t m[CERT_LEN];

	memcpy(h->certifier, by_id, HOST_ID_LEN);
	cert_message(vault_id, h, m);
	(void)crypto_sign_detached(h->cert, NULL, m, sizeof(m), by->sign_sk);
}

bool host_certificate_valid(const uint8_t vault_id[static VAULT_ID_LEN], const struct index_host *h,
    const uint8_t by_hvk[static 32])
{
	uint8_t m[CERT_LEN];

	cert_message(vault_id, h, m);
	return crypto_sign_verify_detached(h->cert, m, sizeof(m), by_hvk) == 0;
}

#define COMMIT_LABEL "touchvault commit v1"
#define COMMIT_LEN (sizeof(COMMIT_LABEL) - 1 + VAULT_ID_LEN + DIGEST_LEN + TAG_LEN)

static void commit_message(const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    uint8_t ret[static COMMIT_LEN])
{
	struct wbuf b = wbuf_of(ret, COMMIT_LEN);

	wbuf_put(&b, COMMIT_LABEL, sizeof(COMMIT_LABEL) - 1);
	wbuf_put(&b, vault_id, VAULT_ID_LEN);
	wbuf_put(&b, digest, DIGEST_LEN);
	wbuf_put(&b, tag, TAG_LEN);
}

void host_sign_commit(const struct host_key *k, const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    uint8_t ret[static SIGNATURE_LEN])
{
	uint8_t m[COMMIT_LEN];

	commit_message(vault_id, digest, tag, m);
	(void)crypto_sign_detached(ret, NULL, m, sizeof(m), k->sign_sk);
}

bool host_commit_valid(const uint8_t hvk[static 32], const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    const uint8_t signature[static SIGNATURE_LEN])
{
	uint8_t m[COMMIT_LEN];

	commit_message(vault_id, digest, tag, m);
	return crypto_sign_verify_detached(signature, m, sizeof(m), hvk) == 0;
}
