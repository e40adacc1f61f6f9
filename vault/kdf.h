/* SPDX-License-Identifier: BSD-2-Clause */
/* H(label, key, in), the one derivation (SECURITY.md, section 2). */
#ifndef TOUCHVAULT_VAULT_KDF_H
#define TOUCHVAULT_VAULT_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "vault/vault.h"

#define KDF_LABEL_MAX 16
#define KEY_LEN 32

/* BLAKE2b with salt = vault_id and personalization = label (at most 16
 * bytes, zero-padded). key may be NULL with key_len 0; else 16 to 64 bytes.
 * ret_len 16 to 64. 0, or VAULT_ERR_INTERNAL. */
int kdf(const uint8_t vault_id[static VAULT_ID_LEN], const char *label, const void *key,
    size_t key_len, const void *in, size_t in_len, void *ret, size_t ret_len)
    __attribute__((warn_unused_result));

/* M = H("tv1 master", V, A || B || LE64(gen)). */
int kdf_master(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t v[static KEY_LEN],
    const uint8_t a[static KEY_LEN], const uint8_t b[static KEY_LEN], uint64_t gen,
    uint8_t ret[static KEY_LEN]) __attribute__((warn_unused_result));
/* H("tv1 index", B, LE64(gen)). */
int kdf_index(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t b[static KEY_LEN],
    uint64_t gen, uint8_t ret[static KEY_LEN]) __attribute__((warn_unused_result));
/* H("tv1 entry", M, entry_id || LE64(version)). */
int kdf_entry(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t m[static KEY_LEN],
    const uint8_t entry_id[static 16], uint64_t version, uint8_t ret[static KEY_LEN])
    __attribute__((warn_unused_result));

#endif
