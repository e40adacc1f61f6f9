/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry's credentials, and its record (FORMAT.md, "Entry record"). */
#ifndef TOUCHVAULT_VAULT_ENTRY_H
#define TOUCHVAULT_VAULT_ENTRY_H

#include "vault/index.h"

#define ENTRY_PAD 256
#define ENTRY_PADDED_MAX (VAULT_ENTRY_MAX + ENTRY_PAD)

/* Where a record belongs: its associated data. */
struct entry_place {
	const uint8_t *vault_id;
	uint64_t gen;
	const uint8_t *entry_id;
	uint64_t version;
};

/* The credentials of a record: each the encoded map of its fields, borrowed from the
 * record's plaintext; one that isn't there is an empty map. */
struct entry_sets {
	const uint8_t *map[VAULT_SETS];
	size_t len[VAULT_SETS];
};

/* Encode the map of fields (sorted by cbor_key_compare) into locked memory. LIMIT, NOMEM. */
int entry_encode_fields(const struct vault_field *fields, size_t n, uint8_t **ret, size_t *ret_len)
    __attribute__((warn_unused_result));
/* Takes over plain (locked memory), which the fields of that map then point into,
 * also on failure. VAULT_ERR_TAMPERED, VAULT_ERR_NO_FIELD for an empty map. */
int entry_decode_fields(uint8_t *plain, const uint8_t *map, size_t map_len,
    struct vault_entry **ret) __attribute__((warn_unused_result));

/* The plaintext of a record into locked memory; a map may be NULL. LIMIT, NOMEM. */
int entry_encode_sets(const struct entry_sets *, uint8_t **ret, size_t *ret_len)
    __attribute__((warn_unused_result));
/* Every map is looked at in whole. VAULT_ERR_TAMPERED. */
int entry_decode_sets(const uint8_t *plain, size_t len, struct entry_sets *ret)
    __attribute__((warn_unused_result));
bool entry_set_is_empty(const struct entry_sets *, enum vault_set);

/* Length of the record of a plaintext of len bytes. */
size_t entry_record_len(size_t len);
int entry_record_seal(const struct entry_place *, const uint8_t master[static KEY_LEN],
    const uint8_t *plain, size_t len, uint8_t *ret_record) __attribute__((warn_unused_result));
/* *ret in locked memory, *ret_len without the padding. VAULT_ERR_TAMPERED. */
int entry_record_open(const struct entry_place *, const uint8_t master[static KEY_LEN],
    const uint8_t *record, size_t record_len, uint8_t **ret, size_t *ret_len)
    __attribute__((warn_unused_result));
void entry_record_hash(const uint8_t *record, size_t len, uint8_t ret[static ENTRY_HASH_LEN]);

#endif
