/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/kdf.h"

#include <string.h>

#include <sodium.h>

#include "vault/buf.h"

_Static_assert(
    KDF_LABEL_MAX == crypto_generichash_blake2b_PERSONALBYTES, "label is the personalization");
_Static_assert(VAULT_ID_LEN == crypto_generichash_blake2b_SALTBYTES, "vault id is the salt");

int kdf(const uint8_t vault_id[static VAULT_ID_LEN], const char *label, const void *key,
    size_t key_len, const void *in, size_t in_len, void *ret, size_t ret_len)
{
	uint8_t personal[KDF_LABEL_MAX] = { 0 };
	size_t len = strlen(label);

	if (len > sizeof(personal))
		return VAULT_ERR_INTERNAL;
	memcpy(personal, label, len);
	if (crypto_generichash_blake2b_salt_personal(
		ret, ret_len, in, in_len, key, key_len, vault_id, personal) != 0)
		return VAULT_ERR_INTERNAL;
	return 0;
}

int kdf_master(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t v[static KEY_LEN],
    const uint8_t a[static KEY_LEN], const uint8_t b[static KEY_LEN], uint64_t gen,
    uint8_t ret[static KEY_LEN])
{
	uint8_t in[2 * KEY_LEN + 8];
	int r;

	memcpy(in, a, KEY_LEN);
	memcpy(in + KEY_LEN, b, KEY_LEN);
	le64_encode(in + 2 * KEY_LEN, gen);
	r = kdf(vault_id, "tv1 master", v, KEY_LEN, in, sizeof(in), ret, KEY_LEN);
	sodium_memzero(in, sizeof(in));
	return r;
}

int kdf_index(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t b[static KEY_LEN],
    uint64_t gen, uint8_t ret[static KEY_LEN])
{
	uint8_t in[8];

	le64_encode(in, gen);
	return kdf(vault_id, "tv1 index", b, KEY_LEN, in, sizeof(in), ret, KEY_LEN);
}

int kdf_entry(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t m[static KEY_LEN],
    const uint8_t entry_id[static 16], uint64_t version, uint8_t ret[static KEY_LEN])
{
	uint8_t in[16 + 8];

	memcpy(in, entry_id, 16);
	le64_encode(in + 16, version);
	return kdf(vault_id, "tv1 entry", m, KEY_LEN, in, sizeof(in), ret, KEY_LEN);
}
