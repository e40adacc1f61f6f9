/* SPDX-License-Identifier: BSD-2-Clause */
/* Token slots and host slots: bytes, wrapping, sealing (SECURITY.md, section
 * 2; FORMAT.md, "Token slot" and "Host slot"). */
#ifndef TOUCHVAULT_VAULT_SLOT_H
#define TOUCHVAULT_VAULT_SLOT_H

#include "vault/buf.h"
#include "vault/header.h"
#include "vault/kdf.h"
#include "vault/vault.h"

#define SLOT_ID_LEN 16
#define SLOT_PW_SALT_LEN 16
#define SLOT_COMMITMENT_LEN 32
#define SLOT_WRAPPED_LEN (2 * KEY_LEN + 40)           /* nonce, ssk, V, tag */
#define SEALED_SHARE_LEN (16 + 8 + 16 + KEY_LEN + 48) /* vault_id, gen, id, share, seal */
#define TOKEN_SLOT_FIXED (SLOT_ID_LEN + 1 + 1 + 2 + 4 + 4 + SLOT_PW_SALT_LEN)
#define TOKEN_SLOT_MAX                                                                         \
	(TOKEN_SLOT_FIXED + VAULT_CREDENTIAL_ID_MAX + SLOT_COMMITMENT_LEN + SLOT_WRAPPED_LEN + \
	    SEALED_SHARE_LEN)
#define HOST_SLOT_LEN (HOST_ID_LEN + SEALED_SHARE_LEN)
#define SLOT_FLAG_UV 0x01
#define SLOT_FLAG_PASSPHRASE 0x02
#define SLOT_PW_OPS 3 /* what new slots get: libsodium's MODERATE */
#define SLOT_PW_MEM_KIB (256 * 1024)
#define SLOT_PW_OPS_MAX 16
#define SLOT_PW_MEM_KIB_MAX (1024 * 1024)

struct token_slot {
	uint8_t id[SLOT_ID_LEN];
	uint8_t kind, flags;
	uint16_t credential_len;
	uint32_t pw_ops, pw_mem_kib; /* zero without a passphrase */
	uint8_t pw_salt[SLOT_PW_SALT_LEN];
	uint8_t credential[VAULT_CREDENTIAL_ID_MAX];
	uint8_t commitment[SLOT_COMMITMENT_LEN];
	uint8_t wrapped[SLOT_WRAPPED_LEN];
	uint8_t sealed_a[SEALED_SHARE_LEN];
};

struct host_slot {
	uint8_t id[HOST_ID_LEN];
	uint8_t sealed_b[SEALED_SHARE_LEN];
};

/* What an unwrapped token slot yields; in locked memory only. */
struct slot_secret {
	uint8_t ssk[KEY_LEN]; /* X25519 secret key: opens sealed_A */
	uint8_t v[KEY_LEN];   /* the anchor */
};

int token_slot_decode(struct rbuf *, struct token_slot *ret) __attribute__((warn_unused_result));
void token_slot_encode(struct wbuf *, const struct token_slot *);
int host_slot_decode(struct rbuf *, struct host_slot *ret) __attribute__((warn_unused_result));
void host_slot_encode(struct wbuf *, const struct host_slot *);

/* KEK and commitment from the response; compares the commitment, then
 * unwraps. VAULT_ERR_WRONG_RESPONSE, TAMPERED. secret in locked memory. */
int token_slot_unwrap(const struct token_slot *, const uint8_t vault_id[static VAULT_ID_LEN],
    const struct vault_response *, struct slot_secret *secret) __attribute__((warn_unused_result));
/* Fill commitment and wrapped; all before them must be set. */
int token_slot_wrap(struct token_slot *, const uint8_t vault_id[static VAULT_ID_LEN],
    const struct vault_response *, const struct slot_secret *) __attribute__((warn_unused_result));

/* crypto_box_seal(vault_id || LE64(gen) || id || share, pk). */
int share_seal(const uint8_t vault_id[static VAULT_ID_LEN], uint64_t gen,
    const uint8_t id[static 16], const uint8_t share[static KEY_LEN],
    const uint8_t pk[static KEY_LEN], uint8_t ret[static SEALED_SHARE_LEN])
    __attribute__((warn_unused_result));
/* VAULT_ERR_TAMPERED where it doesn't open or is of another place. */
int share_open(const uint8_t vault_id[static VAULT_ID_LEN], uint64_t gen,
    const uint8_t id[static 16], const uint8_t sealed[static SEALED_SHARE_LEN],
    const uint8_t pk[static KEY_LEN], const uint8_t sk[static KEY_LEN], uint8_t ret[static KEY_LEN])
    __attribute__((warn_unused_result));

#endif
