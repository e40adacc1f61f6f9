/* SPDX-License-Identifier: BSD-2-Clause */
/* XChaCha20-Poly1305, single shot: nonce || ciphertext || tag. */
#ifndef TOUCHVAULT_VAULT_AEAD_H
#define TOUCHVAULT_VAULT_AEAD_H

#include <stddef.h>
#include <stdint.h>

#define AEAD_KEY_LEN 32
#define AEAD_NONCE_LEN 24
#define AEAD_OVERHEAD (AEAD_NONCE_LEN + 16)

/* ret has len + AEAD_OVERHEAD bytes; the nonce is fresh and random. */
void aead_seal(const uint8_t key[static AEAD_KEY_LEN], const void *ad, size_t ad_len,
    const void *in, size_t len, uint8_t *ret);
/* ret has len - AEAD_OVERHEAD bytes, and may be in + AEAD_NONCE_LEN.
 * VAULT_ERR_TAMPERED, ret wiped. */
int aead_open(const uint8_t key[static AEAD_KEY_LEN], const void *ad, size_t ad_len,
    const uint8_t *in, size_t len, void *ret) __attribute__((warn_unused_result));

#endif
