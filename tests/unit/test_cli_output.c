/* SPDX-License-Identifier: BSD-2-Clause */
/* Text from outside, as it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#undef fail /* cmocka has a macro of that name */
#include "cli/output.h"
#include "cli/shell_word.h"

static void shows(const char *text, const char *want)
{
	char buf[128];

	assert_string_equal(text_clean(text, buf, sizeof(buf)), want);
}

static void what_people_write_is_left_alone(void **state)
{
	static const char *const texts[] = { "ibkr/live", "B\xc3\xb6rse",
		"\xd0\xb1\xd0\xb8\xd1\x80\xd0\xb6\xd0\xb0", "\xe5\x8f\x96\xe5\xbc\x95",
		"\xf0\x9f\x94\x91", "\xc2\xa0", "\xc2\xae", "\xe2\x80\x90", "\xe2\x80\xa7",
		"\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\x81\xb0", "\xef\xbb\xbe",
		"\xf3\xa1\x80\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		shows(texts[i], texts[i]);
}

/* First and last of each range. */
static void what_acts_or_is_not_seen_is_shown(void **state)
{
	static const char *const marks[] = { "\x01", "\x1b", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f",
		"\xc2\xad", "\xcd\x8f", "\xd8\x9c", "\xe1\x85\x9f", "\xe1\x85\xa0", "\xe1\x9e\xb4",
		"\xe1\xa0\x8b", "\xe1\xa0\x8f", "\xe2\x80\x8b", "\xe2\x80\x8f", "\xe2\x80\xa8",
		"\xe2\x80\xae", "\xe2\x81\xa0", "\xe2\x81\xaf", "\xe3\x85\xa4", "\xef\xb8\x80",
		"\xef\xb8\x8f", "\xef\xbb\xbf", "\xef\xbe\xa0", "\xef\xbf\xb0", "\xef\xbf\xbb",
		"\xf0\x9b\xb2\xa0", "\xf0\x9d\x85\xb3", "\xf3\xa0\x80\x80", "\xf3\xa0\x81\x81",
		"\xf3\xa0\xbf\xbf" };
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		strcat(strcat(strcpy(text, "lap"), marks[i]), "top");
		shows(text, "lap?top");
	}
}

static void what_is_no_utf8_is_shown(void **state)
{
	(void)state;
	shows("a\xff", "a?");
	shows("a\xc3", "a?");
	shows("\xc0\xaf", "??");
	shows("\xed\xa0\x80", "???");
	shows("\xf4\x90\x80\x80", "????");
}

static void what_a_shell_takes_apart_is_quoted(void **state)
{
	static const char *const pairs[][2] = { { "spare", "spare" },
		{ "a/b.c:d@e%+,_-1", "a/b.c:d@e%+,_-1" }, { "", "''" },
		{ "blue key", "'blue key'" }, { "$(id)`id`;&|<>*?~", "'$(id)`id`;&|<>*?~'" },
		{ "a=b", "'a=b'" }, { "it's", "'it'\\''s'" }, { "'", "''\\'''" }, { "\\", "'\\'" },
		{ "B\xc3\xb6rse", "'B\xc3\xb6rse'" }, { "-x", "-- -x" },
		{ "--a b", "-- '--a b'" } };
	char buf[64], quotes[65], most[SHELL_OPERAND_SIZE(64)];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_string_equal(shell_operand(pairs[i][0], buf, sizeof(buf)), pairs[i][1]);
	memset(quotes, '\'', 64);
	quotes[0] = '-';
	quotes[64] = '\0';
	assert_int_equal(strlen(shell_operand(quotes, most, sizeof(most))), 3 + 1 + 1 + 63 * 4 + 1);
	for (size_t size = 1; size < sizeof(buf); size++)
		assert_true(strlen(shell_operand(quotes, buf, size)) < size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_is_left_alone),
		cmocka_unit_test(what_acts_or_is_not_seen_is_shown),
		cmocka_unit_test(what_is_no_utf8_is_shown),
		cmocka_unit_test(what_a_shell_takes_apart_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
