/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of two versions is earlier: in the order that dpkg --compare-versions has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/debian.h"

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void order(void **state)
{
	/* Ascending. */
	static const char *const versions[] = { "0~~", "0~", "0", "1.0~rc1-1", "1.0",
		"1.0-1~bpo12+1", "1.0-1", "1.0-1+b2", "1.0-1+deb12u1", "1.0-1+deb12u2",
		"1.0-1+deb12u10", "1.0-1+deb13u1", "1.0-1.1", "1.0-2", "1.0a-1", "1.0+git1-1",
		"1.0-a.1-1", "1.0.18-1", "1.0.20-1", "1.10-1", "1:0.1-1" };
	static const size_t n = sizeof(versions) / sizeof(versions[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (sign(debian_compare(versions[i], versions[k])) != (i > k) - (i < k))
				fail_msg("%s and %s", versions[i], versions[k]);
}

static void the_same(void **state)
{
	(void)state;
	assert_int_equal(debian_compare("1.0-1", "1.00-01"), 0);
	assert_int_equal(debian_compare("0:1.0-0", "1.0"), 0);
	assert_int_equal(debian_compare("1.0-0", "1.0"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
