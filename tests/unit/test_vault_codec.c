/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, records, index and arena: what they accept, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "vault/cbor_io.h"
#include "vault/entry.h"
#include "vault/slot.h"

static uint8_t vault_id[VAULT_ID_LEN];

static void arena_allocates_and_wipes(void **state)
{
	uint8_t *a = secret_alloc(100), *b = secret_alloc(SECRET_ARENA_LEN / 2);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_null(secret_alloc(SECRET_ARENA_LEN / 2 + 1));
	memset(a, 0xaa, 100);
	a = secret_realloc(a, 5000);
	assert_int_equal(a[99], 0xaa);
	assert_int_equal(a[100], 0);
	secret_free(a);
	a = secret_alloc(100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(a[i], 0);
	secret_free(a);
	secret_free(b);
	b = secret_alloc(SECRET_ARENA_LEN);
	assert_non_null(b);
	secret_free(b);
}

static void names(void **state)
{
	static const char *const good[] = { "a", "ibkr/live", "A.b_c-d/1", "..a", NULL };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "-x",
		"a b", "a\n", "\xc3\xa9", NULL };
	char longest[VAULT_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; good[i] != NULL; i++)
		assert_true(vault_name_valid(good[i]));
	for (size_t i = 0; bad[i] != NULL; i++)
		assert_false(vault_name_valid(bad[i]));
	memset(longest, 'x', sizeof(longest));
	longest[VAULT_NAME_MAX + 1] = '\0';
	assert_false(vault_name_valid(longest));
	longest[VAULT_NAME_MAX] = '\0';
	assert_true(vault_name_valid(longest));
	assert_false(vault_label_valid("k", "\033[2J"));
	assert_false(vault_label_valid("k", "\xc2\x9b"));
	assert_false(vault_label_valid("k", "\xff"));
	assert_true(vault_label_valid("k", "Z\xc3\xbcrich"));
}

static void slot_make(struct token_slot *s, struct vault_response *r, struct slot_secret *secret)
{
	memset(s, 0, sizeof(*s));
	s->kind = VAULT_SLOT_FIDO2;
	s->credential_len = 64;
	randombytes_buf(s->credential, 64);
	memset(r, 0, sizeof(*r));
	r->response_len = 32;
	randombytes_buf(r->response, 32);
	randombytes_buf(secret, sizeof(*secret));
	assert_int_equal(token_slot_wrap(s, vault_id, r, secret), 0);
}

static void slot_opens_with_its_response_only(void **state)
{
	struct slot_secret *secret = secret_alloc(sizeof(*secret)),
			   *back = secret_alloc(sizeof(*back));
	struct vault_response *r = secret_alloc(sizeof(*r));
	struct token_slot s, t;

	(void)state;
	slot_make(&s, r, secret);
	assert_int_equal(token_slot_unwrap(&s, vault_id, r, back), 0);
	assert_memory_equal(secret, back, sizeof(*back));
	r->response[0] ^= 1;
	assert_int_equal(token_slot_unwrap(&s, vault_id, r, back), VAULT_ERR_WRONG_RESPONSE);
	r->response[0] ^= 1;
	t = s;
	t.flags ^= SLOT_FLAG_UV; /* in the associated data */
	assert_int_equal(token_slot_unwrap(&t, vault_id, r, back), VAULT_ERR_TAMPERED);
	t = s;
	t.wrapped[30] ^= 1;
	assert_int_equal(token_slot_unwrap(&t, vault_id, r, back), VAULT_ERR_TAMPERED);
	secret_free(secret);
	secret_free(back);
	secret_free(r);
}

static void slot_bytes(void **state)
{
	struct slot_secret *secret = secret_alloc(sizeof(*secret));
	struct vault_response *r = secret_alloc(sizeof(*r));
	uint8_t bytes[TOKEN_SLOT_MAX], again[TOKEN_SLOT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof(bytes)), w2 = wbuf_of(again, sizeof(again));
	struct token_slot s, t;
	struct rbuf b;

	(void)state;
	slot_make(&s, r, secret);
	token_slot_encode(&w, &s);
	b = rbuf_of(bytes, w.len);
	assert_int_equal(token_slot_decode(&b, &t), 0);
	assert_true(rbuf_done(&b));
	token_slot_encode(&w2, &t);
	assert_int_equal(w.len, w2.len);
	assert_memory_equal(bytes, again, w.len);
	for (size_t len = 0; len < w.len; len++) {
		b = rbuf_of(bytes, len);
		assert_int_not_equal(token_slot_decode(&b, &t), 0);
	}
	bytes[SLOT_ID_LEN] = 9; /* kind */
	b = rbuf_of(bytes, w.len);
	assert_int_equal(token_slot_decode(&b, &t), VAULT_ERR_VERSION);
	secret_free(secret);
	secret_free(r);
}

static void share_is_bound_to_its_place(void **state)
{
	uint8_t pk[KEY_LEN], sk[KEY_LEN], share[KEY_LEN], back[KEY_LEN], sealed[SEALED_SHARE_LEN];
	uint8_t id[16] = { 1 }, other[16] = { 2 };

	(void)state;
	crypto_box_keypair(pk, sk);
	randombytes_buf(share, sizeof(share));
	assert_int_equal(share_seal(vault_id, 7, id, share, pk, sealed), 0);
	assert_int_equal(share_open(vault_id, 7, id, sealed, pk, sk, back), 0);
	assert_memory_equal(share, back, sizeof(back));
	assert_int_equal(share_open(vault_id, 8, id, sealed, pk, sk, back), VAULT_ERR_TAMPERED);
	assert_int_equal(share_open(vault_id, 7, other, sealed, pk, sk, back), VAULT_ERR_TAMPERED);
	assert_int_equal(share_open(other, 7, id, sealed, pk, sk, back), VAULT_ERR_TAMPERED);
}

static void record_is_bound_to_its_place(void **state)
{
	static const uint8_t value[] = { 'a', 0, '\n', 0xff };
	struct vault_field f = { .name = "key", .value = value, .value_len = sizeof(value) };
	uint8_t master[KEY_LEN] = { 3 }, id[ENTRY_ID_LEN] = { 4 }, record[1024], *map, *plain,
		*back;
	struct entry_sets sets = { 0 };
	struct entry_place place = { .vault_id = vault_id, .gen = 5, .entry_id = id, .version = 1 };
	struct vault_entry *e;
	size_t len, back_len;

	(void)state;
	assert_int_equal(entry_encode_fields(&f, 1, &map, &sets.len[VAULT_SET_CURRENT]), 0);
	sets.map[VAULT_SET_CURRENT] = map;
	assert_int_equal(entry_encode_sets(&sets, &plain, &len), 0);
	secret_free(map);
	assert_int_equal(entry_record_seal(&place, master, plain, len, record), 0);
	assert_int_equal(entry_record_len(len), ENTRY_PAD + 40);
	assert_int_equal(
	    entry_record_open(&place, master, record, entry_record_len(len), &back, &back_len), 0);
	assert_int_equal(entry_decode_sets(back, back_len, &sets), 0);
	assert_true(entry_set_is_empty(&sets, VAULT_SET_STAGED));
	assert_int_equal(
	    entry_decode_fields(back, sets.map[VAULT_SET_CURRENT], sets.len[VAULT_SET_CURRENT], &e),
	    0);
	assert_int_equal(vault_entry_field(e, "key")->value_len, sizeof(value));
	assert_memory_equal(vault_entry_field(e, "key")->value, value, sizeof(value));
	assert_null(vault_entry_field(e, "other"));
	vault_entry_free(e);
	place.gen = 6;
	assert_int_equal(
	    entry_record_open(&place, master, record, entry_record_len(len), &back, &back_len),
	    VAULT_ERR_TAMPERED);
	secret_free(plain);
}

static void cbor_refuses_what_is_not_shortest(void **state)
{
	static const uint8_t long_uint[] = { 0x18, 0x05 }, indefinite[] = { 0x9f, 0xff },
			     long_text[] = { 0x78, 0x01, 'a' };
	struct rbuf b = rbuf_of(long_uint, sizeof(long_uint));
	size_t len;

	(void)state;
	(void)cbor_r_uint(&b);
	assert_true(b.bad);
	b = rbuf_of(indefinite, sizeof(indefinite));
	(void)cbor_r_array(&b, 10);
	assert_true(b.bad);
	b = rbuf_of(long_text, sizeof(long_text));
	(void)cbor_r_text(&b, &len);
	assert_true(b.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_allocates_and_wipes),
		cmocka_unit_test(names),
		cmocka_unit_test(slot_opens_with_its_response_only),
		cmocka_unit_test(slot_bytes),
		cmocka_unit_test(share_is_bound_to_its_place),
		cmocka_unit_test(record_is_bound_to_its_place),
		cmocka_unit_test(cbor_refuses_what_is_not_shortest),
	};

	if (sodium_init() < 0 || secret_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
