/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixed header (FORMAT.md, "Header") and the trailer behind the index. */
#ifndef TOUCHVAULT_VAULT_HEADER_H
#define TOUCHVAULT_VAULT_HEADER_H

#include "vault/buf.h"
#include "vault/vault.h"

#define HEADER_MAGIC "TVAULT1\n"
#define HEADER_MAGIC_LEN 8
#define HEADER_VERSION 1
#define HEADER_LEN 112
#define HOST_ID_LEN 16
#define DIGEST_LEN 64
#define TAG_LEN 32
#define SIGNATURE_LEN 64
#define SUM_LEN 32
#define TRAILER_LEN (TAG_LEN + SIGNATURE_LEN + SUM_LEN)
#define INDEX_MAX ((size_t)64 * 1024 * 1024)
#define ENTRIES_LEN_MAX ((uint64_t)1024 * 1024 * 1024)

/* JSON has no larger ones. */
#define HEADER_GEN_MAX (((uint64_t)1 << 53) - 1)

struct header {
	uint16_t n_token_slots, n_host_slots;
	uint64_t gen; /* 1 at first, HEADER_GEN_MAX at most */
	uint8_t vault_id[VAULT_ID_LEN];
	uint8_t vault_salt[VAULT_SALT_LEN];
	uint32_t token_slots_len, host_slots_len, index_len;
	uint64_t entries_len;
	uint8_t signer[HOST_ID_LEN]; /* the host that committed it */
};

/* VAULT_ERR_NOT_A_VAULT, VERSION, DAMAGED. Lengths are within limits after. */
int header_decode(struct rbuf *, struct header *ret) __attribute__((warn_unused_result));
void header_encode(struct wbuf *, const struct header *);
/* Bytes from the start of the file to the first entry record. */
size_t header_meta_len(const struct header *);

#endif
