/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may open a node, and why one can't be opened: as tables. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "udev/access.h"
#include "udev/file.h"
#include "udev/rule.h"
#include "udev/udev.h"

#define ACL(...)                                      \
	(const uint8_t[]){ 2, 0, 0, 0, __VA_ARGS__ }, \
	    sizeof((const uint8_t[]){ 2, 0, 0, 0, __VA_ARGS__ })
#define ENTRY(tag, perm, id) (tag), 0, (perm), 0, (id)&0xff, (id) >> 8, 0, 0
#define BASE ENTRY(1, 6, 0), ENTRY(4, 0, 0), ENTRY(0x20, 0, 0)
#define MASK(perm) ENTRY(0x10, perm, 0)

static void access_is_as_the_kernel_has_it(void **state)
{
	static const struct access_user user = { 1000, { 1000, 46 }, 2 };
	static const struct access_user root = { 0, { 0 }, 1 };
	const struct {
		const struct access_user *user;
		uid_t owner;
		gid_t group;
		mode_t mode;
		const uint8_t *acl;
		size_t len;
		enum access_by by;
	} cases[] = {
		{ &root, 1, 1, 0, NULL, 0, ACCESS_ROOT },
		{ &user, 0, 0, 0600, NULL, 0, ACCESS_NONE },
		{ &user, 1000, 0, 0600, NULL, 0, ACCESS_OWNER },
		{ &user, 1000, 46, 0460, NULL, 0, ACCESS_NONE },
		{ &user, 0, 46, 0660, NULL, 0, ACCESS_GROUP },
		{ &user, 0, 46, 0646, NULL, 0, ACCESS_NONE },
		{ &user, 0, 45, 0660, NULL, 0, ACCESS_NONE },
		{ &user, 0, 45, 0666, NULL, 0, ACCESS_EVERYONE },
		{ &user, 0, 0, 0660, ACL(BASE, ENTRY(2, 6, 1000), MASK(6)), ACCESS_ACL_USER },
		{ &user, 0, 0, 0660, ACL(BASE, ENTRY(2, 6, 1001), MASK(6)), ACCESS_NONE },
		{ &user, 0, 0, 0640, ACL(BASE, ENTRY(2, 6, 1000), MASK(4)), ACCESS_NONE },
		{ &user, 0, 46, 0660, ACL(BASE, ENTRY(2, 4, 1000), MASK(6)), ACCESS_NONE },
		{ &user, 0, 0, 0660, ACL(BASE, ENTRY(8, 6, 46), MASK(6)), ACCESS_ACL_GROUP },
		{ &user, 0, 0, 0666, ACL(BASE, ENTRY(8, 4, 46), MASK(6)), ACCESS_NONE },
		/* The group's own bits are the entry's, not the mask's. */
		{ &user, 0, 46, 0660, ACL(BASE, ENTRY(2, 6, 1001), MASK(6)), ACCESS_NONE },
		/* Cut off, and of another version: as if it had none. */
		{ &user, 0, 0, 0660, ACL(2, 0, 6, 0, 0xe8), ACCESS_NONE },
		{ &user, 0, 46, 0660, (const uint8_t[]){ 3, 0, 0, 0 }, 4, ACCESS_GROUP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (access_check(cases[i].user, cases[i].owner, cases[i].group, cases[i].mode,
			cases[i].acl, cases[i].len) != cases[i].by)
			fail_msg("case %zu", i);
}

enum { CONTAINER = 1, WSL = 2, UDEVD = 4, GROUP = 8, MEMBER = 16, JOINED = 32, SYSTEMD = 64 };
enum { APPLIED = 1, TAGGED = 2, BY_BITS = 4 };

static void every_cause(void **state)
{
	static const struct {
		unsigned host;
		enum udev_rules_state rules;
		int error; /* -1: nothing is plugged in */
		unsigned token;
		enum udev_seat seat;
		enum udev_cause cause;
	} cases[] = {
		{ 0, UDEV_RULES_ABSENT, -1, 0, UDEV_SEAT_NONE, UDEV_NONE },
		{ CONTAINER, UDEV_RULES_ABSENT, -1, 0, UDEV_SEAT_NONE, UDEV_NONE_IN_CONTAINER },
		{ WSL | CONTAINER, UDEV_RULES_ABSENT, -1, 0, UDEV_SEAT_NONE, UDEV_NONE_IN_WSL },
		{ 0, UDEV_RULES_ABSENT, 0, 0, UDEV_SEAT_NONE, UDEV_FINE },
		{ CONTAINER, UDEV_RULES_SAME, ENOENT, 0, UDEV_SEAT_NONE, UDEV_CONTAINER },
		{ CONTAINER, UDEV_RULES_SAME, EPERM, BY_BITS, UDEV_SEAT_NONE, UDEV_CONTAINER },
		{ CONTAINER, UDEV_RULES_ABSENT, EACCES, 0, UDEV_SEAT_NONE, UDEV_CONTAINER_DENIED },
		/* It may see the host's udev. */
		{ CONTAINER | UDEVD | SYSTEMD, UDEV_RULES_ABSENT, EACCES, 0, UDEV_SEAT_NONE,
		    UDEV_CONTAINER_DENIED },
		{ CONTAINER | UDEVD, UDEV_RULES_ABSENT, EACCES, BY_BITS, UDEV_SEAT_NONE,
		    UDEV_CONTAINER },
		{ WSL, UDEV_RULES_SAME, EACCES, 0, UDEV_SEAT_NONE, UDEV_WSL_NO_UDEVD },
		{ WSL, UDEV_RULES_SAME, ENOENT, 0, UDEV_SEAT_NONE, UDEV_WSL_NO_UDEVD },
		{ WSL | SYSTEMD, UDEV_RULES_SAME, EACCES, 0, UDEV_SEAT_NONE, UDEV_NO_UDEVD },
		{ 0, UDEV_RULES_SAME, ENOENT, 0, UDEV_SEAT_NONE, UDEV_NO_UDEVD },
		{ 0, UDEV_RULES_SAME, EACCES, 0, UDEV_SEAT_NONE, UDEV_NO_UDEVD },
		{ UDEVD, UDEV_RULES_SAME, ENOENT, 0, UDEV_SEAT_NONE, UDEV_NO_NODE },
		{ UDEVD, UDEV_RULES_SAME, EACCES, BY_BITS, UDEV_SEAT_ACTIVE, UDEV_POLICY },
		{ UDEVD, UDEV_RULES_SAME, EPERM, 0, UDEV_SEAT_ACTIVE, UDEV_POLICY },
		{ UDEVD, UDEV_RULES_SAME, EIO, 0, UDEV_SEAT_ACTIVE, UDEV_FAILED },
		{ UDEVD, UDEV_RULES_ABSENT, EACCES, 0, UDEV_SEAT_ACTIVE, UDEV_RULES_MISSING },
		{ UDEVD, UDEV_RULES_MASKED, EACCES, 0, UDEV_SEAT_ACTIVE, UDEV_RULES_MASK },
		{ UDEVD, UDEV_RULES_DIFFER, EACCES, 0, UDEV_SEAT_NONE, UDEV_RULES_OLD },
		{ UDEVD, UDEV_RULES_SAME, EACCES, 0, UDEV_SEAT_ACTIVE, UDEV_NOT_APPLIED },
		{ UDEVD, UDEV_RULES_SAME, EACCES, APPLIED | TAGGED, UDEV_SEAT_ACTIVE,
		    UDEV_NOT_APPLIED },
		/* Other rules tag it: what is missing is the session in front. */
		{ UDEVD, UDEV_RULES_ABSENT, EACCES, TAGGED, UDEV_SEAT_BACKGROUND, UDEV_BACKGROUND },
		/* They don't help who isn't at the seat. */
		{ UDEVD, UDEV_RULES_ABSENT, EACCES, TAGGED, UDEV_SEAT_NONE, UDEV_RULES_MISSING },
		{ UDEVD, UDEV_RULES_SAME, EACCES, TAGGED, UDEV_SEAT_NONE, UDEV_NOT_APPLIED },
		{ UDEVD, UDEV_RULES_SAME, EACCES, APPLIED | TAGGED, UDEV_SEAT_NONE, UDEV_NO_GROUP },
		{ UDEVD | GROUP, UDEV_RULES_SAME, EACCES, APPLIED | TAGGED, UDEV_SEAT_NONE,
		    UDEV_NOT_IN_GROUP },
		{ UDEVD | GROUP | MEMBER, UDEV_RULES_SAME, EACCES, APPLIED | TAGGED, UDEV_SEAT_NONE,
		    UDEV_NOT_JOINED },
		/* The group was made after the rules were applied. */
		{ UDEVD | GROUP | MEMBER | JOINED, UDEV_RULES_SAME, EACCES, APPLIED | TAGGED,
		    UDEV_SEAT_NONE, UDEV_NOT_APPLIED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udev_host host = { .container = cases[i].host & CONTAINER,
			.wsl = cases[i].host & WSL,
			.systemd = cases[i].host & SYSTEMD,
			.udevd = cases[i].host & UDEVD,
			.rules = cases[i].rules,
			.group = cases[i].host & GROUP,
			.member = cases[i].host & MEMBER,
			.joined = cases[i].host & JOINED };
		struct udev_token token = { .error = cases[i].error,
			.applied = cases[i].token & APPLIED,
			.tagged = cases[i].token & TAGGED,
			.by = cases[i].token & BY_BITS ? ACCESS_ACL_USER : ACCESS_NONE,
			.seat = cases[i].seat };

		if (udev_cause(&host, cases[i].error < 0 ? NULL : &token) != cases[i].cause)
			fail_msg("case %zu", i);
	}
}

static void lines(void **state)
{
	static const char text[] = "ACTIVE=3\nACTIVE_UID=1000\nlast=x";
	char value[5];

	(void)state;
	assert_true(file_line(text, "ACTIVE_UID=", value, sizeof(value)));
	assert_string_equal(value, "1000");
	assert_true(file_line(text, "ACTIVE=", value, 2));
	assert_string_equal(value, "3");
	assert_true(file_line(text, "last=", value, sizeof(value)));
	assert_string_equal(value, "x");
	assert_true(file_line(text, "ACTIVE_", value, sizeof(value)));
	assert_string_equal(value, "UID=");
	assert_false(file_line(text, "UID=", value, sizeof(value)));
	assert_false(file_line("", "a", value, sizeof(value)));
}

static void named_entries(void **state)
{
	struct access_named named[ACCESS_NAMED_MAX];

	(void)state;
	assert_int_equal(access_named(0660, NULL, 0, named), 0);
	assert_int_equal(
	    access_named(0640, ACL(BASE, ENTRY(2, 6, 1000), ENTRY(8, 7, 46), MASK(4)), named), 2);
	assert_false(named[0].group);
	assert_int_equal(named[0].id, 1000);
	assert_int_equal(named[0].perm, 4); /* the mask is the group bits of the mode */
	assert_true(named[1].group);
	assert_int_equal(named[1].id, 46);
	assert_int_equal(named[1].perm, 4);
}

static void rule_parts(void **state)
{
	char line[] = "  SUBSYSTEM==\"usb\", ATTRS{idVendor} != \"10|2?\",ENV{A}=e\"a \\\"b\\\"\" "
		      "TAG-=\"uaccess\", MODE:=\"0660\" GOTO=\"x\"";
	static const struct rule_part wanted[] = {
		{ "SUBSYSTEM", "", "usb", RULE_IS },
		{ "ATTRS", "idVendor", "10|2?", RULE_IS_NOT },
		{ "ENV", "A", "a \\\"b\\\"", RULE_SET },
		{ "TAG", "", "uaccess", RULE_DROP },
		{ "MODE", "", "0660", RULE_FINAL },
		{ "GOTO", "", "x", RULE_SET },
	};
	char *p = line;
	struct rule_part part;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_true(rule_next(&p, &part));
		assert_string_equal(part.key, wanted[i].key);
		assert_string_equal(part.attribute, wanted[i].attribute);
		assert_string_equal(part.value, wanted[i].value);
		assert_int_equal(part.op, wanted[i].op);
	}
	assert_false(rule_next(&p, &part));
}

static void rules_that_are_none(void **state)
{
	static const char *const lines[] = { "", " ,", "=\"x\"", "MODE", "MODE=", "MODE=0660",
		"MODE=\"", "MODE=\"x\\\"", "ENV{A", "ENV{A}", "ENV{A=\"x\"", "MODE<\"x\"", "\\",
		"MODE=e" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[32], *p = line;
		struct rule_part part;

		(void)strcpy(line, lines[i]);
		if (rule_next(&p, &part))
			fail_msg("%s", lines[i]);
	}
}

static void rule_patterns(void **state)
{
	static const struct {
		const char *value, *text;
		bool fits;
	} cases[] = {
		{ "usb", "usb", true },
		{ "usb", "us", false },
		{ "usb", "", false },
		{ "", "", true },
		{ "", "x", false },
		{ "?*", "", false },
		{ "?*", "x", true },
		{ "a|b*|[cd]", "d", true },
		{ "a|b*|[cd]", "bx", true },
		{ "a|b*|[cd]", "ax", false },
		{ "a|", "", true },
		{ "hidraw*", "hidraw10", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rule_pattern_fits(cases[i].value, cases[i].text) != cases[i].fits)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_is_as_the_kernel_has_it),
		cmocka_unit_test(every_cause),
		cmocka_unit_test(lines),
		cmocka_unit_test(named_entries),
		cmocka_unit_test(rule_parts),
		cmocka_unit_test(rules_that_are_none),
		cmocka_unit_test(rule_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
