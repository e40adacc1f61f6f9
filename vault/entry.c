/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/entry.h"

#include <string.h>

#include <sodium.h>

#include "vault/aead.h"
#include "vault/cbor_io.h"
#include "vault/cleanup.h"

/* The public struct first: its fields point into plain, or a copy of names. */
struct entry_memory {
	struct vault_entry entry;
	uint8_t *plain;
	char names[VAULT_FIELDS_MAX][VAULT_FIELD_NAME_MAX + 1];
};

int entry_encode_fields(const struct vault_field *fields, size_t n, uint8_t **ret, size_t *ret_len)
{
	_cleanup_secret_ uint8_t *plain = NULL;
	size_t cap = 9; /* an upper bound: 18 are the longest heads of a field */
	struct wbuf b;

	if (n == 0 || n > VAULT_FIELDS_MAX)
		return VAULT_ERR_LIMIT;
	for (size_t i = 0; i < n; i++) {
		if (fields[i].value_len > VAULT_ENTRY_MAX)
			return VAULT_ERR_LIMIT;
		cap += 18 + strlen(fields[i].name) + fields[i].value_len;
	}
	if (cap > VAULT_ENTRY_MAX + (size_t)9 + 18 * VAULT_FIELDS_MAX)
		return VAULT_ERR_LIMIT;
	plain = secret_alloc(cap);
	if (plain == NULL)
		return VAULT_ERR_NOMEM;
	b = wbuf_of(plain, cap);
	cbor_w_map(&b, n);
	for (size_t i = 0; i < n; i++) {
		cbor_w_text(&b, fields[i].name);
		cbor_w_bytes(&b, fields[i].value, fields[i].value_len);
	}
	if (b.bad)
		return VAULT_ERR_INTERNAL;
	if (b.len > VAULT_ENTRY_MAX)
		return VAULT_ERR_LIMIT;
	*ret_len = b.len;
	*ret = TAKE_PTR(plain);
	return 0;
}

/* One field of a map. Name and value are borrowed; the order is the caller's to check. */
static bool field_decode(struct rbuf *b, struct vault_field *ret_value, char *ret_name)
{
	size_t len;
	const char *name = cbor_r_text(b, &len);

	ret_value->value = cbor_r_bytes(b, &ret_value->value_len);
	if (b->bad || len > VAULT_FIELD_NAME_MAX)
		return false;
	memcpy(ret_name, name, len);
	ret_name[len] = '\0';
	return strlen(ret_name) == len && vault_field_name_valid(ret_name);
}

int entry_decode_fields(
    uint8_t *plain, const uint8_t *map, size_t map_len, struct vault_entry **ret)
{
	struct rbuf b = rbuf_of(map, map_len);
	struct entry_memory *m = secret_alloc(sizeof(*m));
	size_t n;

	if (m == NULL) {
		secret_free(plain);
		return VAULT_ERR_NOMEM;
	}
	m->plain = plain;
	n = cbor_r_map(&b, VAULT_FIELDS_MAX);
	for (size_t i = 0; !b.bad && i < n; i++) {
		struct vault_field *f = &m->entry.fields[i];

		f->name = m->names[i];
		if (!field_decode(&b, f, m->names[i]) ||
		    (i > 0 && cbor_key_compare(m->names[i - 1], f->name) >= 0))
			b.bad = true;
	}
	m->entry.n_fields = n;
	if (!rbuf_done(&b) || n == 0) {
		vault_entry_free(&m->entry);
		return b.bad || n > 0 ? VAULT_ERR_TAMPERED : VAULT_ERR_NO_FIELD;
	}
	*ret = &m->entry;
	return 0;
}

#define EMPTY_MAP ((const uint8_t *)"\xa0")

int entry_encode_sets(const struct entry_sets *sets, uint8_t **ret, size_t *ret_len)
{
	_cleanup_secret_ uint8_t *plain = NULL;
	size_t cap = 1;
	struct wbuf b;

	for (size_t i = 0; i < VAULT_SETS; i++)
		cap += sets->map[i] == NULL ? 1 : sets->len[i];
	if (cap > VAULT_ENTRY_MAX)
		return VAULT_ERR_LIMIT;
	plain = secret_alloc(cap);
	if (plain == NULL)
		return VAULT_ERR_NOMEM;
	b = wbuf_of(plain, cap);
	cbor_w_array(&b, VAULT_SETS);
	for (size_t i = 0; i < VAULT_SETS; i++) {
		bool none = sets->map[i] == NULL;

		wbuf_put(&b, none ? EMPTY_MAP : sets->map[i], none ? 1 : sets->len[i]);
	}
	if (b.bad)
		return VAULT_ERR_INTERNAL;
	*ret_len = b.len;
	*ret = TAKE_PTR(plain);
	return 0;
}

static void map_skip(struct rbuf *b)
{
	char names[2][VAULT_FIELD_NAME_MAX + 1];
	size_t n = cbor_r_map(b, VAULT_FIELDS_MAX);
	struct vault_field f;

	for (size_t i = 0; !b->bad && i < n; i++)
		if (!field_decode(b, &f, names[i % 2]) ||
		    (i > 0 && cbor_key_compare(names[(i + 1) % 2], names[i % 2]) >= 0))
			b->bad = true;
}

int entry_decode_sets(const uint8_t *plain, size_t len, struct entry_sets *ret)
{
	struct rbuf b = rbuf_of(plain, len);

	if (cbor_r_array(&b, VAULT_SETS) != VAULT_SETS)
		b.bad = true;
	for (size_t i = 0; !b.bad && i < VAULT_SETS; i++) {
		ret->map[i] = b.p;
		map_skip(&b);
		ret->len[i] = (size_t)(b.p - ret->map[i]);
	}
	return rbuf_done(&b) && !entry_set_is_empty(ret, VAULT_SET_CURRENT) ? 0
									    : VAULT_ERR_TAMPERED;
}

bool entry_set_is_empty(const struct entry_sets *sets, enum vault_set which)
{
	return sets->map[which] == NULL || sets->len[which] == 1;
}

void vault_entry_free(struct vault_entry *e)
{
	struct entry_memory *m = (struct entry_memory *)e;

	if (m == NULL)
		return;
	secret_free(m->plain);
	secret_free(m);
}

const struct vault_field *vault_entry_field(const struct vault_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (strcmp(e->fields[i].name, name) == 0)
			return &e->fields[i];
	return NULL;
}

static size_t padded_len(size_t len)
{
	return (len / ENTRY_PAD + 1) * ENTRY_PAD; /* sodium_pad always adds */
}

size_t entry_record_len(size_t len)
{
	return padded_len(len) + AEAD_OVERHEAD;
}

#define PLACE_LEN (VAULT_ID_LEN + 8 + ENTRY_ID_LEN + 8)

static void place_encode(const struct entry_place *p, uint8_t ret[static PLACE_LEN])
{
	struct wbuf b = wbuf_of(ret, PLACE_LEN);

	wbuf_put(&b, p->vault_id, VAULT_ID_LEN);
	wbuf_le64(&b, p->gen);
	wbuf_put(&b, p->entry_id, ENTRY_ID_LEN);
	wbuf_le64(&b, p->version);
}

int entry_record_seal(const struct entry_place *p, const uint8_t master[static KEY_LEN],
    const uint8_t *plain, size_t len, uint8_t *ret_record)
{
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);
	_cleanup_secret_ uint8_t *padded = secret_alloc(padded_len(len));
	uint8_t ad[PLACE_LEN];
	size_t total;
	int r;

	if (key == NULL || padded == NULL)
		return VAULT_ERR_NOMEM;
	r = kdf_entry(p->vault_id, master, p->entry_id, p->version, key);
	if (r != 0)
		return r;
	memcpy(padded, plain, len);
	if (sodium_pad(&total, padded, len, ENTRY_PAD, padded_len(len)) != 0)
		return VAULT_ERR_INTERNAL;
	place_encode(p, ad);
	aead_seal(key, ad, sizeof(ad), padded, total, ret_record);
	return 0;
}

int entry_record_open(const struct entry_place *p, const uint8_t master[static KEY_LEN],
    const uint8_t *record, size_t record_len, uint8_t **ret, size_t *ret_len)
{
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);
	_cleanup_secret_ uint8_t *plain = NULL;
	uint8_t ad[PLACE_LEN];
	int r;

	if (record_len < AEAD_OVERHEAD + ENTRY_PAD ||
	    record_len > AEAD_OVERHEAD + ENTRY_PADDED_MAX ||
	    (record_len - AEAD_OVERHEAD) % ENTRY_PAD != 0)
		return VAULT_ERR_TAMPERED;
	plain = secret_alloc(record_len - AEAD_OVERHEAD);
	if (key == NULL || plain == NULL)
		return VAULT_ERR_NOMEM;
	r = kdf_entry(p->vault_id, master, p->entry_id, p->version, key);
	if (r != 0)
		return r;
	place_encode(p, ad);
	r = aead_open(key, ad, sizeof(ad), record, record_len, plain);
	if (r != 0)
		return r;
	if (sodium_unpad(ret_len, plain, record_len - AEAD_OVERHEAD, ENTRY_PAD) != 0 ||
	    *ret_len > VAULT_ENTRY_MAX)
		return VAULT_ERR_TAMPERED;
	*ret = TAKE_PTR(plain);
	return 0;
}

void entry_record_hash(const uint8_t *record, size_t len, uint8_t ret[static ENTRY_HASH_LEN])
{
	(void)crypto_generichash_blake2b(ret, ENTRY_HASH_LEN, record, len, NULL, 0);
}
