/* SPDX-License-Identifier: BSD-2-Clause */
/* The code on a recovery sheet: what people do wrong when they type it is found in the
 * group where they do it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/base32.h"
#include "vault/recovery_code.h"

#define STEP (VAULT_RECOVERY_GROUP + 1)

/* How many groups of the code are taken. */
static size_t taken(const char *typed, char code[static VAULT_RECOVERY_TEXT])
{
	size_t groups = 0;

	(void)!vault_recovery_code_type(typed, code, &groups);
	return groups;
}

static void a_code_comes_back(void **state)
{
	char code[VAULT_RECOVERY_TEXT], typed[VAULT_RECOVERY_TEXT], other[VAULT_RECOVERY_TEXT];
	uint8_t bytes[RECOVERY_CODE_LEN], again[RECOVERY_CODE_LEN];

	(void)state;
	for (int i = 0; i < 100; i++) {
		vault_recovery_code_make(code);
		recovery_code_decode(code, bytes);
		recovery_code_encode(bytes, typed);
		assert_string_equal(typed, code);
		assert_int_equal(taken(code, other), VAULT_RECOVERY_GROUPS);
		assert_string_equal(other, code);
		recovery_code_decode(other, again);
		assert_memory_equal(bytes, again, sizeof(bytes));
	}
	vault_recovery_code_make(other);
	assert_string_not_equal(other, code);
}

/* Worked out by hand from FORMAT.md: all zero has its place alone as check. */
static void the_check_is_of_the_format(void **state)
{
	uint8_t bytes[RECOVERY_CODE_LEN] = { 0 };
	char code[VAULT_RECOVERY_TEXT];

	(void)state;
	recovery_code_encode(bytes, code);
	assert_string_equal(code, "00001-00002-00003-00004-00005-00006-00007-00008");
	bytes[0] = 1 << 3; /* a first digit of 1, which counts 16 */
	recovery_code_encode(bytes, code);
	assert_memory_equal(code, "1000H", 5);
}

static void as_people_type(void **state)
{
	char code[VAULT_RECOVERY_TEXT];
	size_t groups = 0;

	(void)state;
	assert_int_equal(taken("  oOoO-i OOOO2\t00-003 00004", code), 4);
	assert_int_equal(taken("0000l00002", code), 2);
	assert_int_equal(taken("", code), 0);
	assert_int_equal(vault_recovery_code_type("00001", code, &groups), 0);
	assert_int_equal(vault_recovery_code_type(" ", code, &groups), 0);
	assert_int_equal(
	    vault_recovery_code_type("00001", code, &groups), VAULT_ERR_RECOVERY_GROUP);
	assert_int_equal(vault_recovery_code_type("0000", code, &groups), VAULT_ERR_RECOVERY_GROUP);
	assert_int_equal(
	    vault_recovery_code_type("0000U", code, &groups), VAULT_ERR_RECOVERY_GROUP);
	assert_int_equal(groups, 1);
	assert_int_equal(
	    vault_recovery_code_type("00002 00003 00004 00005 00006 00007 00008", code, &groups),
	    0);
	assert_int_equal(groups, VAULT_RECOVERY_GROUPS);
	assert_int_equal(vault_recovery_code_type("0", code, &groups), VAULT_ERR_RECOVERY_GROUP);
	assert_string_equal(code, "00001-00002-00003-00004-00005-00006-00007-00008");
}

static void every_wrong_character_is_found_in_its_group(void **state)
{
	char code[VAULT_RECOVERY_TEXT], typed[VAULT_RECOVERY_TEXT], got[VAULT_RECOVERY_TEXT];

	(void)state;
	vault_recovery_code_make(code);
	for (size_t i = 0; i < VAULT_RECOVERY_TEXT - 1; i++) {
		if (i % STEP == VAULT_RECOVERY_GROUP)
			continue;
		for (unsigned value = 0; value < 32; value++) {
			memcpy(typed, code, sizeof(typed));
			typed[i] = base32_char(value);
			assert_int_equal(taken(typed, got),
			    typed[i] == code[i] ? VAULT_RECOVERY_GROUPS : i / STEP);
		}
	}
}

static void swap(char *a, char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char was = a[i];

		a[i] = b[i];
		b[i] = was;
	}
}

static void characters_that_are_swapped_are_found(void **state)
{
	char code[VAULT_RECOVERY_TEXT], typed[VAULT_RECOVERY_TEXT], got[VAULT_RECOVERY_TEXT];

	(void)state;
	vault_recovery_code_make(code);
	for (size_t g = 0; g < VAULT_RECOVERY_GROUPS; g++)
		for (size_t i = 0; i < VAULT_RECOVERY_GROUP; i++)
			for (size_t k = 0; k < i; k++) {
				memcpy(typed, code, sizeof(typed));
				swap(typed + g * STEP + i, typed + g * STEP + k, 1);
				assert_int_equal(taken(typed, got),
				    strcmp(typed, code) == 0 ? VAULT_RECOVERY_GROUPS : g);
			}
}

static void groups_that_are_swapped_are_found(void **state)
{
	char code[VAULT_RECOVERY_TEXT], typed[VAULT_RECOVERY_TEXT], got[VAULT_RECOVERY_TEXT];

	(void)state;
	vault_recovery_code_make(code);
	for (size_t i = 0; i < VAULT_RECOVERY_GROUPS; i++)
		for (size_t k = 0; k < i; k++) {
			memcpy(typed, code, sizeof(typed));
			swap(typed + i * STEP, typed + k * STEP, VAULT_RECOVERY_GROUP);
			assert_int_equal(taken(typed, got), k);
		}
}

static void the_key_is_of_all_of_the_code(void **state)
{
	struct host_key *a = secret_alloc(sizeof(*a)), *b = secret_alloc(sizeof(*b));
	uint8_t bytes[RECOVERY_CODE_LEN] = { 0 };
	char code[VAULT_RECOVERY_TEXT];

	(void)state;
	recovery_code_encode(bytes, code);
	assert_int_equal(recovery_code_key(code, a), 0);
	for (size_t i = 0; i < sizeof(bytes) * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		recovery_code_encode(bytes, code);
		assert_int_equal(recovery_code_key(code, b), 0);
		assert_memory_not_equal(a->box_pk, b->box_pk, sizeof(a->box_pk));
		assert_memory_not_equal(a->sign_pk, b->sign_pk, sizeof(a->sign_pk));
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	secret_free(a);
	secret_free(b);
}

static bool index_takes(const struct vault_host_info *infos, size_t n)
{
	struct index *x = calloc(1, sizeof(*x)), *back = calloc(1, sizeof(*back));
	uint8_t bytes[8192];
	struct wbuf b = wbuf_of(bytes, sizeof(bytes));
	bool found;

	assert_non_null(x);
	assert_non_null(back);
	x->schedule = SCHEDULE_DEFAULT;
	for (x->n_hosts = 0; x->n_hosts < n; x->n_hosts++)
		x->hosts[x->n_hosts].info = infos[x->n_hosts];
	index_encode(&b, x);
	assert_false(b.bad);
	found = index_decode(bytes, b.len, back) == 0;
	if (found)
		assert_int_equal(
		    index_hosts_len(back), infos[n - 1].kind == VAULT_HOST_PAPER ? n - 1 : n);
	index_free(back);
	free(back);
	free(x);
	return found;
}

static void a_sheet_has_one_place_and_no_name(void **state)
{
	const struct vault_host_info h = { .name = "h", .label = "", .kind = VAULT_HOST_KEYFILE },
				     s = { .name = "", .label = "", .kind = VAULT_HOST_PAPER };
	struct vault_host_info named = s, labelled = s, bound = s, unknown = h;

	(void)state;
	named.name = "sheet";
	labelled.label = "in the safe";
	bound.bound = true;
	unknown.kind = (enum vault_host_kind)9;
	assert_true(index_takes((struct vault_host_info[]){ h, h }, 2));
	assert_true(index_takes((struct vault_host_info[]){ h, s }, 2));
	assert_true(index_takes((struct vault_host_info[]){ h, h, s }, 3));
	assert_true(index_takes((struct vault_host_info[]){ s }, 1));
	assert_false(index_takes((struct vault_host_info[]){ s, h }, 2));
	assert_false(index_takes((struct vault_host_info[]){ h, s, s }, 3));
	assert_false(index_takes((struct vault_host_info[]){ h, s, h }, 3));
	assert_false(index_takes((struct vault_host_info[]){ h, named }, 2));
	assert_false(index_takes((struct vault_host_info[]){ h, labelled }, 2));
	assert_false(index_takes((struct vault_host_info[]){ h, bound }, 2));
	assert_false(index_takes((struct vault_host_info[]){ h, unknown }, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_comes_back),
		cmocka_unit_test(the_check_is_of_the_format),
		cmocka_unit_test(as_people_type),
		cmocka_unit_test(every_wrong_character_is_found_in_its_group),
		cmocka_unit_test(characters_that_are_swapped_are_found),
		cmocka_unit_test(groups_that_are_swapped_are_found),
		cmocka_unit_test(the_key_is_of_all_of_the_code),
		cmocka_unit_test(a_sheet_has_one_place_and_no_name),
	};

	if (sodium_init() < 0 || secret_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
