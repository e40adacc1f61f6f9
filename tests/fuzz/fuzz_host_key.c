/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Host key". A mutated file would seldom get past its checksum and
 * its cipher, so the target renews both: the input is the file without its
 * checksum, a key file's with the seed in the clear. It is tried as it is, too. No TPM
 * is asked. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/cleanup.h"
#include "vault/host_file.h"

#define CLEAR_LEN 44
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

static const uint8_t binding[HOST_BINDING_LEN], no_vault[VAULT_ID_LEN];

static bool decodes(const uint8_t *p, size_t len, struct host_file *ret)
{
	uint8_t again[HOST_FILE_MAX];

	if (host_file_decode(p, len, ret) != 0)
		return false;
	REQUIRE(host_file_encode(ret, again) == len && memcmp(again, p, len) == 0);
	REQUIRE(ret->kind == p[8] && ret->bound == ((p[9] & HOST_FLAG_BOUND) != 0));
	if (ret->kind == VAULT_HOST_TPM2) {
		REQUIRE(strlen(ret->sealed.path) <= TPM_PATH_MAX && ret->sealed.path[0] == '/');
		REQUIRE(ret->sealed.blob_len > 0 && ret->sealed.blob_len <= TPM_PRIVATE_MAX);
	}
	return true;
}

/* A key file whose seed is in the clear behind the nonce. */
static void seed_opens(const uint8_t *p, struct host_file *f)
{
	_cleanup_secret_ struct host_key *k = secret_alloc(sizeof(*k));
	uint8_t key[AEAD_KEY_LEN], seed[HOST_SEED_LEN];

	REQUIRE(k != NULL);
	memcpy(seed, f->box + NONCE_LEN, sizeof(seed));
	REQUIRE(kdf(no_vault, "tv1 host file", f->salt, sizeof(f->salt), binding, sizeof(binding),
		    key, sizeof(key)) == 0);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
	    f->box + NONCE_LEN, NULL, seed, sizeof(seed), p, CLEAR_LEN, NULL, f->box, key);
	REQUIRE(host_file_open(f, binding, k) == 0);
	REQUIRE(memcmp(k->seed, seed, sizeof(seed)) == 0 && k->bound == f->bound);
	f->box[0] ^= 1;
	REQUIRE(host_file_open(f, binding, k) == VAULT_ERR_FOREIGN_HOST_KEY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t file[HOST_FILE_MAX];
	struct host_file f;

	(void)decodes(data, len, &f);
	if (len > sizeof(file) - HOST_SUM_LEN)
		return 0;
	memcpy(file, data, len);
	(void)crypto_generichash_blake2b(file + len, HOST_SUM_LEN, file, len, NULL, 0);
	if (decodes(file, len + HOST_SUM_LEN, &f) && f.kind == VAULT_HOST_KEYFILE)
		seed_opens(file, &f);
	return 0;
}
