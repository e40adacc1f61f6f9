/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Entry record": the plaintext without its padding, and then as a
 * record, which hides and pads it, and from which it must come back. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/cleanup.h"
#include "vault/entry.h"

static void record_keeps(const uint8_t *plain, size_t len)
{
	static const uint8_t master[KEY_LEN] = { 1 }, vault_id[VAULT_ID_LEN] = { 2 },
			     entry_id[ENTRY_ID_LEN] = { 3 };
	const struct entry_place place = {
		.vault_id = vault_id, .gen = 4, .entry_id = entry_id, .version = 5
	};
	size_t record_len = entry_record_len(len), back_len;
	_cleanup_free_ uint8_t *record = malloc(record_len);
	_cleanup_secret_ uint8_t *back = NULL;

	REQUIRE(record != NULL);
	REQUIRE(entry_record_seal(&place, master, plain, len, record) == 0);
	REQUIRE(entry_record_open(&place, master, record, record_len, &back, &back_len) == 0);
	REQUIRE(back_len == len && memcmp(back, plain, len) == 0);
}

static void fields_come_back(const struct entry_sets *sets, enum vault_set which)
{
	_cleanup_secret_ uint8_t *again = NULL;
	uint8_t *plain = secret_alloc(sets->len[which]);
	struct vault_entry *e;
	size_t again_len;

	REQUIRE(plain != NULL);
	memcpy(plain, sets->map[which], sets->len[which]);
	REQUIRE(entry_decode_fields(plain, plain, sets->len[which], &e) == 0);
	REQUIRE(entry_encode_fields(e->fields, e->n_fields, &again, &again_len) == 0);
	REQUIRE(again_len == sets->len[which] && memcmp(again, plain, again_len) == 0);
	for (size_t i = 0; i < e->n_fields; i++)
		REQUIRE(vault_entry_field(e, e->fields[i].name) == &e->fields[i]);
	vault_entry_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_secret_ uint8_t *again = NULL;
	struct entry_sets sets;
	size_t again_len;

	if (entry_decode_sets(data, len, &sets) != 0)
		return 0;
	REQUIRE(!entry_set_is_empty(&sets, VAULT_SET_CURRENT));
	for (int i = 0; i < VAULT_SETS; i++)
		if (!entry_set_is_empty(&sets, (enum vault_set)i))
			fields_come_back(&sets, (enum vault_set)i);
	REQUIRE(entry_encode_sets(&sets, &again, &again_len) == 0);
	REQUIRE(again_len == len && memcmp(again, data, len) == 0);
	record_keeps(data, len);
	return 0;
}
