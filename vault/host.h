/* SPDX-License-Identifier: BSD-2-Clause */
/* A host's identity: its secret seed, the key pairs from it, certificates, and who
 * may sign (SECURITY.md, sections 2 and 4). host_file.h keeps it. */
#ifndef TOUCHVAULT_VAULT_HOST_H
#define TOUCHVAULT_VAULT_HOST_H

#include <sodium.h>

#include "vault/index.h"

#define HOST_SEED_LEN 32

/* In locked memory only. */
struct host_key {
	uint8_t seed[HOST_SEED_LEN];
	uint8_t box_sk[KEY_LEN], box_pk[KEY_LEN]; /* X25519 */
	uint8_t sign_sk[crypto_sign_SECRETKEYBYTES];
	uint8_t sign_pk[crypto_sign_PUBLICKEYBYTES]; /* Ed25519 */
	uint8_t state_key[KEY_LEN];                  /* MAC of the host state */
	enum vault_host_kind kind;                   /* how the seed is kept */
	bool bound;                                  /* to a machine id */
	bool virtual_tpm;
};

/* A fresh key, for a key file as yet. */
int host_key_generate(bool bound, struct host_key *ret) __attribute__((warn_unused_result));
/* The pairs and the MAC key, from the seed: the same for every kind. NOMEM. */
int host_key_derive(struct host_key *) __attribute__((warn_unused_result));

/* The id of a host in a vault: from its public keys, so that an id can't be
 * given to another key, and hosts can't be told to be the same across vaults. */
int host_id(const uint8_t vault_id[static VAULT_ID_LEN], const uint8_t hpk[static KEY_LEN],
    const uint8_t hvk[static 32], uint8_t ret[static HOST_ID_LEN])
    __attribute__((warn_unused_result));

/* Sign the approval of h, in generation h->cert_gen, and set its certifier. */
void host_certify(const uint8_t vault_id[static VAULT_ID_LEN], const struct host_key *by,
    const uint8_t by_id[static HOST_ID_LEN], struct index_host *h);
bool host_certificate_valid(const uint8_t vault_id[static VAULT_ID_LEN], const struct index_host *h,
    const uint8_t by_hvk[static 32]);

void host_sign_commit(const struct host_key *, const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    uint8_t ret[static SIGNATURE_LEN]);
bool host_commit_valid(const uint8_t hvk[static 32], const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    const uint8_t signature[static SIGNATURE_LEN]);

#endif
