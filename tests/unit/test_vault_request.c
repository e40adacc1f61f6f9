/* SPDX-License-Identifier: BSD-2-Clause */
/* A host's request and its fingerprint, and base32 below them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/request.h"

static void base32_is_crockfords(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54 };
	uint8_t back[sizeof(bytes)];
	char text[BASE32_LEN(sizeof(bytes)) + 1];

	(void)state;
	base32_encode(bytes, 5, text);
	assert_string_equal(text, "ZW048CGM");
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		base32_encode(bytes, n, text);
		assert_int_equal(strlen(text), BASE32_LEN(n));
		assert_true(base32_decode(text, strlen(text), back, n));
		assert_memory_equal(back, bytes, n);
	}
	/* One byte has two spare bits in its second character. */
	assert_true(base32_decode("ZW", 2, back, 1));
	assert_false(base32_decode("ZX", 2, back, 1));
	assert_false(base32_decode("zw", 2, back, 1));
	assert_false(base32_decode("ZU", 2, back, 1));
	assert_false(base32_decode("ZWW", 3, back, 1));
	assert_true(base32_decode_typed(" z-W ", back, 1));
	assert_true(base32_decode_typed("Oo", back, 1));
	assert_int_equal(back[0], 0);
	assert_true(base32_decode_typed("iL-lO", back, 2));
	assert_memory_equal(back, ((uint8_t[]){ 0x08, 0x42 }), 2);
	assert_false(base32_decode_typed("iL-lL", back, 2));
}

static void make(struct host_key *k, const char *name, char ret[static VAULT_REQUEST_TEXT])
{
	struct vault_host_request r = {
		.kind = k->kind, .bound = k->bound, .virtual_tpm = k->virtual_tpm, .created = 5
	};

	memcpy(r.hpk, k->box_pk, sizeof(r.hpk));
	memcpy(r.hvk, k->sign_pk, sizeof(r.hvk));
	memcpy(r.name, name, strlen(name));
	request_sign(k, &r);
	request_encode(&r, ret);
}

static void a_request_comes_back(void **state)
{
	struct host_key *k = secret_alloc(sizeof(*k));
	char name[VAULT_HUMAN_NAME_MAX + 1] = "", line[VAULT_REQUEST_TEXT],
					 f[VAULT_FINGERPRINT_TEXT];
	struct vault_host_request r;

	(void)state;
	assert_int_equal(host_key_generate(true, k), 0);
	for (size_t n = 1; n <= VAULT_HUMAN_NAME_MAX; n++) {
		name[n - 1] = 'n';
		make(k, name, line);
		assert_int_equal(vault_request_decode(line, strlen(line), &r), 0);
		assert_string_equal(r.name, name);
		assert_true(r.bound);
	}
	assert_int_equal(strlen(line), VAULT_REQUEST_TEXT - 1);
	host_fingerprint_text(k->box_pk, k->sign_pk, f);
	assert_int_equal(vault_request_confirm(&r, f), 0);
	f[0] = f[0] == 'A' ? 'B' : 'A';
	assert_int_equal(vault_request_confirm(&r, f), VAULT_ERR_FINGERPRINT);
	assert_int_equal(vault_request_confirm(&r, "AAAA-AAAA-AAAA"), VAULT_ERR_ARGUMENT);
	secret_free(k);
}

static void the_kind_of_key_comes_along(void **state)
{
	struct host_key *k = secret_alloc(sizeof(*k));
	char line[VAULT_REQUEST_TEXT];
	struct vault_host_request r;

	(void)state;
	assert_int_equal(host_key_generate(false, k), 0);
	k->kind = VAULT_HOST_TPM2;
	k->virtual_tpm = true;
	make(k, "laptop", line);
	assert_int_equal(vault_request_decode(line, strlen(line), &r), 0);
	assert_int_equal(r.kind, VAULT_HOST_TPM2);
	assert_true(r.virtual_tpm);
	assert_false(r.bound);
	k->kind = VAULT_HOST_KEYFILE;
	make(k, "laptop", line);
	assert_int_equal(vault_request_decode(line, strlen(line), &r), VAULT_ERR_REQUEST);
	k->kind = 9;
	make(k, "laptop", line);
	assert_int_equal(vault_request_decode(line, strlen(line), &r), VAULT_ERR_VERSION);
	secret_free(k);
}

static void every_changed_character_is_seen(void **state)
{
	struct host_key *k = secret_alloc(sizeof(*k));
	char line[VAULT_REQUEST_TEXT];
	struct vault_host_request r;
	size_t len;

	(void)state;
	assert_int_equal(host_key_generate(true, k), 0);
	make(k, "laptop", line);
	len = strlen(line);
	for (size_t i = 0; i < len; i++) {
		char was = line[i];

		line[i] = was == '7' ? '8' : '7';
		assert_int_not_equal(vault_request_decode(line, len, &r), 0);
		line[i] = was;
		assert_int_not_equal(vault_request_decode(line, i, &r), 0);
	}
	assert_int_equal(vault_request_decode(line, len, &r), 0);
	secret_free(k);
}

static void keys_that_seal_to_everybody_are_refused(void **state)
{
	struct host_key *k = secret_alloc(sizeof(*k));
	char line[VAULT_REQUEST_TEXT];
	struct vault_host_request r;

	(void)state;
	assert_int_equal(host_key_generate(true, k), 0);
	memset(k->box_pk, 0, sizeof(k->box_pk));
	make(k, "laptop", line);
	assert_int_equal(vault_request_decode(line, strlen(line), &r), VAULT_ERR_REQUEST);
	secret_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base32_is_crockfords),
		cmocka_unit_test(a_request_comes_back),
		cmocka_unit_test(the_kind_of_key_comes_along),
		cmocka_unit_test(every_changed_character_is_seen),
		cmocka_unit_test(keys_that_seal_to_everybody_are_refused),
	};

	if (sodium_init() < 0 || secret_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
