/* SPDX-License-Identifier: BSD-2-Clause */
/* The .env file: what each form of a line means, and where a mistake is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/dotenv.h"

#define BYTES(s) (s), sizeof(s) - 1

/* A copy of exactly its length, so that the sanitizer sees a byte too far. */
static uint8_t *copy(const char *text, size_t len)
{
	uint8_t *p = malloc(len > 0 ? len : 1);

	assert_non_null(p);
	memcpy(p, text, len);
	return p;
}

static void one(const char *text, size_t len, const char *name, const char *value, size_t value_len)
{
	uint8_t *bytes = copy(text, len);
	struct dotenv d = dotenv_of(bytes, len);
	struct dotenv_pair pair;
	const char *wrong;

	assert_int_equal(dotenv_next(&d, &pair, &wrong), 1);
	assert_string_equal(pair.name, name);
	assert_int_equal(pair.value_len, value_len);
	assert_memory_equal(pair.value, value, value_len);
	assert_int_equal(dotenv_next(&d, &pair, &wrong), 0);
	free(bytes);
}

static void plain_values(void **state)
{
	(void)state;
	one(BYTES("A=1"), "A", BYTES("1"));
	one(BYTES("A=1\r\n"), "A", BYTES("1"));
	one(BYTES("\xef\xbb\xbf"
		  "A=1\n"),
	    "A", BYTES("1"));
	one(BYTES("\n# no\n  export A.b-c=1 2\t \n\n"), "A.b-c", BYTES("1 2"));
	one(BYTES("export=1\n"), "export", BYTES("1"));
	one(BYTES("A=\n"), "A", BYTES(""));
	one(BYTES("A=a=b==\n"), "A", BYTES("a=b=="));
	one(BYTES("A=it's \"so\"\n"), "A", BYTES("it's \"so\""));
	one(BYTES("A=$B ${C} \\n\n"), "A", BYTES("$B ${C} \\n"));
	one(BYTES("A=\xff\n"), "A", BYTES("\xff"));
}

/* A comment begins with a blank, so that a secret may hold a "#". */
static void comments(void **state)
{
	(void)state;
	one(BYTES("A=a#b # c\n"), "A", BYTES("a#b"));
	one(BYTES("A=#a\n"), "A", BYTES("#a"));
	one(BYTES("A= #a\n"), "A", BYTES(""));
	one(BYTES("A='#' # c\n"), "A", BYTES("#"));
	one(BYTES("A=\"#\"#c\n"), "A", BYTES("#"));
}

static void quoted_values(void **state)
{
	(void)state;
	one(BYTES("A=' \\n\"$B '\n"), "A", BYTES(" \\n\"$B "));
	one(BYTES("A='1\n2'\r\n"), "A", BYTES("1\n2"));
	one(BYTES("A=\"1\n2\n\"\n"), "A", BYTES("1\n2\n"));
	one(BYTES("A=\"\\n\\r\\t\\\\\\\"\\$\"\n"), "A", BYTES("\n\r\t\\\"$"));
	one(BYTES("A=\"$B ${C} '\"\n"), "A", BYTES("$B ${C} '"));
	one(BYTES("A=\"\"\n"), "A", BYTES(""));
}

static void lines_are_counted(void **state)
{
	uint8_t *bytes = copy(BYTES("# no\nA='1\n2'\n\nB=3"));
	struct dotenv d = dotenv_of(bytes, sizeof("# no\nA='1\n2'\n\nB=3") - 1);
	struct dotenv_pair pair;
	const char *wrong;

	(void)state;
	assert_int_equal(dotenv_next(&d, &pair, &wrong), 1);
	assert_int_equal(pair.line, 2);
	assert_int_equal(dotenv_next(&d, &pair, &wrong), 1);
	assert_int_equal(pair.line, 5);
	assert_string_equal(pair.name, "B");
	assert_int_equal(dotenv_next(&d, &pair, &wrong), 0);
	free(bytes);
}

static void mistake(const char *text, size_t len, size_t line)
{
	uint8_t *bytes = copy(text, len);
	struct dotenv d = dotenv_of(bytes, len);
	struct dotenv_pair pair;
	const char *wrong = NULL;
	int r;

	while ((r = dotenv_next(&d, &pair, &wrong)) > 0)
		;
	assert_int_equal(r, -1);
	assert_int_equal(d.line, line);
	assert_non_null(wrong);
	assert_null(strstr(wrong, "CANARY"));
	free(bytes);
}

static void mistakes(void **state)
{
	(void)state;
	mistake(BYTES("CANARY"), 1);
	mistake(BYTES("A=1\n=CANARY\n"), 2);
	mistake(BYTES("A=1\n\nB CANARY=2\n"), 3);
	mistake(BYTES("1=CANARY\n"), 1);
	mistake(BYTES("export\n"), 1);
	mistake(BYTES("\nA='CANARY\nB=1\n"), 2);
	mistake(BYTES("\nA=\"CANARY\\\""), 2);
	mistake(BYTES("A=\"CANARY\\"), 1);
	mistake(BYTES("A='1\n2' CANARY\n"), 2);
	mistake(BYTES("A=CAN\0ARY\n"), 1);
	mistake(BYTES("A='CAN\0ARY'\n"), 1);
	mistake(BYTES("A\0=CANARY\n"), 1);
}

static void nothing_in_it(void **state)
{
	static const char *const texts[] = { "", "\n", " \t\r", "# x", "\r\n\r\n#\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t *bytes = copy(texts[i], strlen(texts[i]));
		struct dotenv d = dotenv_of(bytes, strlen(texts[i]));
		struct dotenv_pair pair;
		const char *wrong;

		assert_int_equal(dotenv_next(&d, &pair, &wrong), 0);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_values),
		cmocka_unit_test(comments),
		cmocka_unit_test(quoted_values),
		cmocka_unit_test(lines_are_counted),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(nothing_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
