/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/aead.h"

#include <sodium.h>

#include "vault/err.h"

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
_Static_assert(NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES == AEAD_OVERHEAD, "");
_Static_assert(AEAD_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "");

void aead_seal(const uint8_t key[static AEAD_KEY_LEN], const void *ad, size_t ad_len,
    const void *in, size_t len, uint8_t *ret)
{
	randombytes_buf(ret, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
	    ret + NONCE_LEN, NULL, in, len, ad, ad_len, NULL, ret, key);
}

int aead_open(const uint8_t key[static AEAD_KEY_LEN], const void *ad, size_t ad_len,
    const uint8_t *in, size_t len, void *ret)
{
	if (len < AEAD_OVERHEAD)
		return VAULT_ERR_TAMPERED;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		ret, NULL, NULL, in + NONCE_LEN, len - NONCE_LEN, ad, ad_len, in, key) != 0)
		return VAULT_ERR_TAMPERED;
	return 0;
}
