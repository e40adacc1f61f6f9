/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields as JSON: in, out, and in again; nothing stays in locked memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/exit_status.h"
#include "cli/fields.h"
#include "vault/cleanup.h"

static struct app text_app, json_app = { .json = true };

static int parse(const struct app *app, const void *text, size_t len, struct fields *f)
{
	uint8_t *copy = secret_alloc(len);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return fields_parse_json(app, f, NULL, "standard input", copy, len);
}

/* Standard error goes to ret, as what is said there must hold no secret. */
static int parse_and_listen(const struct app *app, const char *text, char ret[static 512])
{
	int file = memfd_create("stderr", MFD_CLOEXEC), before = dup(STDERR_FILENO), r;
	struct fields f = { 0 };
	ssize_t n;

	assert_true(file >= 0 && before >= 0);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	r = parse(app, text, strlen(text), &f);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	n = pread(file, ret, 511, 0);
	assert_true(n >= 0);
	ret[n] = '\0';
	(void)close(before);
	(void)close(file);
	fields_clear(&f);
	return r;
}

/* An allocation of nearly the whole arena fits only if nothing was left. */
static void assert_nothing_left(void)
{
	void *all = secret_alloc(SECRET_ARENA_LEN);

	assert_non_null(all);
	secret_free(all);
}

static void values(void **state)
{
	static const char text[] = "{\"a\":\"x\\u0000\\u00e9\\n\",\"b\":{\"base64\":\"AP8=\"}}";
	struct fields f = { 0 };
	const struct vault_field *a, *b;

	(void)state;
	assert_int_equal(parse(&text_app, text, strlen(text), &f), STATUS_OK);
	a = fields_find(&f, "a");
	b = fields_find(&f, "b");
	assert_int_equal(f.n, 2);
	assert_int_equal(a->value_len, 5);
	assert_memory_equal(a->value, "x\0\xc3\xa9\n", 5);
	assert_int_equal(b->value_len, 2);
	assert_memory_equal(b->value, "\0\xff", 2);
	fields_clear(&f);
	assert_nothing_left();
}

static const char *const refused[] = { "", "[]", "3", "\"CANARY\"", "null", "{}", "{\"a\":1}",
	"{\"a\":null}", "{\"a\":[\"CANARY\"]}", "{\"a\":{\"CANARY\":\"x\"}}",
	"{\"a\":{\"base64\":\"CANARY!\"}}", "{\"a\":{\"base64\":\"YQ\"}}",
	"{\"a\":{\"base64\":\"YQ==\",\"x\":\"CANARY\"}}", "{\"a\":{\"base64\":3}}",
	"{\"a\":\"CANARY", "{\"a\":CANARY}", "{\"a\":\"b\"} CANARY", "{\"a\":\"CANARY\xff\"}",
	"{\"CANARY\":\"b\",\"CANARY\":\"c\"}", "{\"a\":\"\"}", "{\"a\":{\"base64\":\"\"}}",
	"{\"CANARY x\":\"b\"}", "{\"\":\"CANARY\"}", "{\"a\\u0000\":\"CANARY\"}" };

/* In words and as JSON, which is made by the same library as it reads with. */
static void refusals(void **state)
{
	char said[512];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(parse_and_listen(&text_app, refused[i], said), STATUS_USAGE);
		assert_null(strstr(said, "CANARY"));
		assert_non_null(strchr(said, '\n'));
		assert_int_equal(parse_and_listen(&json_app, refused[i], said), STATUS_USAGE);
		assert_null(strstr(said, "CANARY"));
		assert_memory_equal(said, "{\"error\":", 9);
		assert_nothing_left();
	}
}

/* What f prints as, in memory of malloc; *ret_len its length. */
static char *printed(const struct vault_field *f, size_t *ret_len)
{
	struct vault_entry entry = { .n_fields = 1, .fields = { *f } };
	int file = memfd_create("stdout", MFD_CLOEXEC), before = dup(STDOUT_FILENO), r;
	char *text;

	assert_true(file >= 0 && before >= 0);
	assert_int_equal(dup2(file, STDOUT_FILENO), STDOUT_FILENO);
	r = fields_print_json(&json_app, &entry);
	assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(r, STATUS_OK);
	*ret_len = (size_t)lseek(file, 0, SEEK_END);
	text = malloc(*ret_len + 1);
	assert_non_null(text);
	assert_int_equal(pread(file, text, *ret_len, 0), *ret_len);
	text[*ret_len] = '\0';
	(void)close(before);
	(void)close(file);
	return text;
}

static void round_trip(uint8_t *value, size_t len)
{
	struct vault_field in = { .name = "a", .value = value, .value_len = len };
	struct fields f = { 0 };
	size_t text_len;
	char *text = printed(&in, &text_len);

	assert_int_equal(text[text_len - 1], '\n');
	assert_int_equal(parse(&text_app, text, text_len, &f), STATUS_OK);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.field[0].value_len, len);
	assert_memory_equal(f.field[0].value, value, len);
	fields_clear(&f);
	free(text);
}

static void round_trips(void **state)
{
	static uint8_t value[VAULT_ENTRY_MAX - 64];
	static const uint8_t fill[] = { 'x', '"', '\n', 0xff, 0 };

	(void)state;
	for (size_t len = 1; len < 300; len++) {
		for (size_t i = 0; i < len; i++)
			value[i] = (uint8_t)(i * 7 + len);
		round_trip(value, len);
	}
	/* The largest; half of that where each byte takes two. */
	for (size_t i = 0; i < sizeof(fill); i++) {
		size_t len = fill[i] == '"' || fill[i] == '\n' ? sizeof(value) / 2 : sizeof(value);

		memset(value, fill[i], len);
		round_trip(value, len);
	}
	assert_nothing_left();
}

/* Six bytes for one: more than locked memory could hold at once. */
static void the_longest_output(void **state)
{
	static uint8_t value[VAULT_ENTRY_MAX - 64];
	struct vault_field f = { .name = "a", .value = value, .value_len = sizeof(value) };
	size_t len;
	char *text;

	(void)state;
	memset(value, 1, sizeof(value));
	text = printed(&f, &len);
	assert_int_equal(len, 6 * sizeof(value) + strlen("{\"a\": \"\"}\n"));
	free(text);
	assert_nothing_left();
}

static int set_up(void **state)
{
	(void)state;
	return vault_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(refusals),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(the_longest_output),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
