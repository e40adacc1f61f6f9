/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol with the helper: what comes back is what was sent, and
 * nothing but whole, canonical messages is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "token/message.h"

static void check(const struct message *m)
{
	static struct message_buf buf, again, cut;
	static struct message back;

	assert_int_equal(message_encode(m, &buf), 0);
	assert_int_equal(message_decode(&buf, &back), 0);
	assert_int_equal(back.type, m->type);
	assert_int_equal(message_encode(&back, &again), 0);
	assert_int_equal(buf.len, again.len);
	assert_memory_equal(buf.bytes, again.bytes, buf.len);
	for (size_t len = 0; len < buf.len; len++) {
		cut = buf;
		cut.len = len;
		assert_int_equal(message_decode(&cut, &back), TOKEN_ERR_HELPER);
	}
	cut = buf;
	cut.bytes[cut.len++] = 0;
	assert_int_equal(message_decode(&cut, &back), TOKEN_ERR_HELPER);
	cut = buf;
	cut.bytes[0]++; /* version */
	assert_int_equal(message_decode(&cut, &back), TOKEN_ERR_HELPER);
	cut = buf;
	cut.bytes[1] = 0x7f; /* type */
	assert_int_equal(message_decode(&cut, &back), TOKEN_ERR_HELPER);
}

static void derive_round_trip(void **state)
{
	static const uint8_t id[TOKEN_CREDENTIAL_ID_MAX] = { 5 };
	static struct message m;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_DERIVE;
	strcpy(m.derive.path, "/dev/hidraw3");
	m.derive.n = 2;
	m.derive.credentials[0] = (struct token_credential){
		.kind = TOKEN_KIND_FIDO2, .uv = true, .id = id, .id_len = sizeof(id)
	};
	m.derive.credentials[1] =
	    (struct token_credential){ .kind = TOKEN_KIND_FIDO2, .id = id, .id_len = 16 };
	check(&m);
}

static void yubikey_round_trip(void **state)
{
	static const uint8_t id[1] = { 5 };
	static struct message_buf buf;
	static struct message m;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_DERIVE;
	strcpy(m.derive.path, TOKEN_PATH_YKOTP);
	m.derive.n = 1;
	m.derive.credentials[0] = (struct token_credential){
		.kind = TOKEN_KIND_YKOTP, .serial = UINT32_MAX, .without_touch = true
	};
	check(&m);
	/* Its slot has no credential ID, and a FIDO2 credential has one. */
	m.derive.credentials[0].id = id;
	m.derive.credentials[0].id_len = 1;
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	m.derive.credentials[0].kind = TOKEN_KIND_FIDO2;
	check(&m);
	m.derive.credentials[0].id_len = 0;
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PROGRAM;
	m.program.mode = TOKEN_PROGRAM_OVERWRITE;
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PROGRAMMED;
	m.programmed.slots =
	    (struct token_slots){ 12345678, { 5, 4, 3 }, { false, true }, { false, true } };
	check(&m);
}

static void answers_round_trip(void **state)
{
	static struct message m;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_DERIVED;
	m.derived.credential = 1;
	m.derived.response.len = 32;
	memset(m.derived.response.bytes, 9, 32);
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_FAILED;
	m.failed.err = TOKEN_ERR_PIN_INVALID;
	m.failed.retries = 7;
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_CANCEL;
	check(&m);
}

static void pins_round_trip(void **state)
{
	static struct message m;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_SET_PIN;
	m.set_pin.replace = true;
	strcpy(m.set_pin.path, "/dev/hidraw3");
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PIN_REQUEST;
	m.pin_request.which = TOKEN_PIN_NEW;
	m.pin_request.retries = -1;
	m.pin_request.pin_min = TOKEN_PIN_MAX;
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PIN;
	strcpy(m.pin, "271828");
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PIN_SET;
	strcpy(m.pin_set.product, "Security Key");
	check(&m);
}

static void pins_out_of_range(void **state)
{
	static struct message m;
	static struct message_buf buf;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PIN_REQUEST;
	m.pin_request.pin_min = TOKEN_PIN_MIN - 1;
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	m.pin_request.pin_min = TOKEN_PIN_MAX + 1;
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	m.pin_request.pin_min = TOKEN_PIN_MIN;
	m.pin_request.which = (enum token_pin)(TOKEN_PIN_NEW + 1);
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_PIN;
	strcpy(m.pin, "123");
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	memset(m.pin, 'x', sizeof(m.pin));
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
}

static void info_round_trip(void **state)
{
	static struct message m;
	static struct message_buf buf;

	(void)state;
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_INFO;
	strcpy(m.info.path, "/dev/hidraw3");
	check(&m);
	memset(&m, 0, sizeof(m));
	m.type = MESSAGE_INFORMED;
	m.informed.err = TOKEN_ERR_PERMISSION;
	check(&m);
	m.informed = (struct token_info){
		.known = true,
		.firmware = 0xfedcba98,
		.pin_min = 6,
		.pin_retries = -1,
		.pin_protocols = { 2, 1 },
		.n_pin_protocols = 2,
		.list_max = UINT16_MAX,
	};
	memset(m.informed.extensions, 'x', sizeof(m.informed.extensions) - 1);
	check(&m);
	m.informed.n_pin_protocols = TOKEN_INFO_PROTOCOLS_MAX + 1;
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
	m.informed.n_pin_protocols = 0;
	m.informed.versions[0] = '\033';
	assert_int_equal(message_encode(&m, &buf), TOKEN_ERR_INTERNAL);
}

static void device_text_is_made_printable(void **state)
{
	char out[8];

	(void)state;
	message_copy_text(out, sizeof(out),
	    "a\033[2J\nb\xff"
	    "cdefgh");
	for (const char *p = out; *p != '\0'; p++)
		assert_in_range(*p, 0x20, 0x7e);
	assert_true(strlen(out) < sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derive_round_trip),
		cmocka_unit_test(yubikey_round_trip),
		cmocka_unit_test(answers_round_trip),
		cmocka_unit_test(pins_round_trip),
		cmocka_unit_test(pins_out_of_range),
		cmocka_unit_test(info_round_trip),
		cmocka_unit_test(device_text_is_made_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
