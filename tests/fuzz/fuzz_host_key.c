/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Host key". A mutated file would seldom get past its checksum and
 * its cipher, so the target renews both: the input is the file's clear part,
 * nonce and seed. It is tried as it is, too. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/aead.h"
#include "vault/cleanup.h"
#include "vault/host.h"

#define CLEAR_LEN 44
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEED_OFFSET (CLEAR_LEN + NONCE_LEN)

static const uint8_t binding[HOST_BINDING_LEN], no_vault[VAULT_ID_LEN];

static void renew(
    const uint8_t data[static SEED_OFFSET + HOST_SEED_LEN], uint8_t file[static HOST_KEY_FILE_LEN])
{
	uint8_t key[AEAD_KEY_LEN];

	memcpy(file, data, SEED_OFFSET);
	REQUIRE(kdf(no_vault, "tv1 host file", file + 12, 32, binding, sizeof(binding), key,
		    sizeof(key)) == 0);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(file + SEED_OFFSET, NULL,
	    data + SEED_OFFSET, HOST_SEED_LEN, file, CLEAR_LEN, NULL, file + CLEAR_LEN, key);
	(void)crypto_generichash_blake2b(
	    file + HOST_KEY_FILE_LEN - 32, 32, file, HOST_KEY_FILE_LEN - 32, NULL, 0);
}

/* Salt and nonce are drawn anew: the key is the same again, the bytes not. */
static void key_keeps(const struct host_key *k)
{
	_cleanup_secret_ struct host_key *again = secret_alloc(sizeof(*again));
	uint8_t file[HOST_KEY_FILE_LEN];

	REQUIRE(again != NULL);
	host_key_encode(k, binding, file);
	REQUIRE(host_key_decode(file, sizeof(file), binding, again) == 0);
	REQUIRE(memcmp(k, again, sizeof(*k)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_secret_ struct host_key *k = secret_alloc(sizeof(*k));
	uint8_t file[HOST_KEY_FILE_LEN];

	REQUIRE(k != NULL);
	if (host_key_decode(data, len, binding, k) == 0)
		key_keeps(k);
	if (len < SEED_OFFSET + HOST_SEED_LEN)
		return 0;
	renew(data, file);
	if (host_key_decode(file, sizeof(file), binding, k) != 0)
		return 0;
	REQUIRE(memcmp(k->seed, data + SEED_OFFSET, HOST_SEED_LEN) == 0);
	REQUIRE(k->bound == (data[9] == 1));
	key_keeps(k);
	return 0;
}
