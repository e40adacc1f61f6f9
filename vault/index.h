/* SPDX-License-Identifier: BSD-2-Clause */
/* The index: everything that is not secret (FORMAT.md, "Index"). */
#ifndef TOUCHVAULT_VAULT_INDEX_H
#define TOUCHVAULT_VAULT_INDEX_H

#include "vault/buf.h"
#include "vault/header.h"
#include "vault/kdf.h"
#include "vault/slot.h"
#include "vault/vault.h"

#define ENTRY_ID_LEN 16
#define ENTRY_HASH_LEN 32
#define INDEX_PAD 4096
#define INDEX_ANCESTORS_MAX 256
#define INDEX_ANCESTOR_LEN 16 /* the beginning of a tag */

struct index_token {
	uint8_t slot_id[SLOT_ID_LEN];
	uint8_t spk[KEY_LEN];         /* X25519: A is sealed to it */
	struct vault_token_info info; /* clear part filled from the slot */
};

struct index_host {
	uint8_t id[HOST_ID_LEN];
	uint8_t hpk[KEY_LEN]; /* X25519: B is sealed to it */
	uint8_t hvk[32];      /* Ed25519: verifies commits */
	uint8_t certifier[HOST_ID_LEN];
	uint64_t cert_gen; /* generation in which it was approved */
	uint8_t cert[SIGNATURE_LEN];
	uint8_t approver[HOST_ID_LEN]; /* who let it in; stays when another certifies it anew */
	struct vault_host_info info;
};

struct index_entry {
	uint8_t id[ENTRY_ID_LEN];
	uint32_t record_len;
	uint8_t record_hash[ENTRY_HASH_LEN];
	uint64_t offset;  /* of the record, from the first one */
	uint8_t *pending; /* encoded new fields, locked memory, or NULL */
	size_t pending_len;
	struct vault_entry_info info;
};

/* Whether this version knows hosts of that kind. */
bool host_kind_known(uint64_t kind);

struct pool; /* strings and arrays of an index, freed at once */

struct index {
	int64_t committed;
	size_t n_tokens, n_hosts, n_entries, cap_entries;
	struct index_token tokens[VAULT_TOKEN_SLOTS_MAX];
	struct index_host hosts[VAULT_HOST_SLOTS_MAX];
	struct index_entry *entries; /* sorted by name */
	struct schedule schedule;    /* for what entries leave open */
	struct policy policy;
	size_t n_ancestors; /* of the generations before this one, the newest first */
	uint8_t ancestors[INDEX_ANCESTORS_MAX][INDEX_ANCESTOR_LEN];
	struct pool *pool;
};

/* Decode the plaintext (padding removed) of an index. ret is zeroed first;
 * index_free it also after an error. VAULT_ERR_TAMPERED, NOMEM. */
int index_decode(const uint8_t *p, size_t len, struct index *ret)
    __attribute__((warn_unused_result));
void index_encode(struct wbuf *, const struct index *);
/* An upper bound of what index_encode writes. */
size_t index_encoded_max(const struct index *);
void index_free(struct index *);

/* Position of name, or where it would go (*ret_found false). */
size_t index_find(const struct index *, const char *name, bool *ret_found);
/* Insert a zeroed entry at position i; NULL without memory. */
struct index_entry *index_insert(struct index *, size_t i);
void index_remove(struct index *, size_t i);
/* The tag of the generation that another one is to be made from. */
void index_ancestor_push(struct index *, const uint8_t tag[static INDEX_ANCESTOR_LEN]);
/* How many of the hosts are hosts: the recovery sheet, if there is one, stands
 * behind them, and has the number that is returned. */
size_t index_hosts_len(const struct index *);
/* What people call a host, or the sheet. */
const char *index_host_title(const struct index_host *);
const struct index_host *index_host_by_id(
    const struct index *, const uint8_t id[static HOST_ID_LEN]);

/* Copies into the pool; NULL without memory. */
void *index_pool_alloc(struct index *, size_t len);
const char *index_pool_string(struct index *, const char *s, size_t len);

#endif
