/* SPDX-License-Identifier: BSD-2-Clause */
/* The units of the package are those that "reminders install" writes: there is one
 * text of what confines them. The first argument is the package's directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/remind.h"

#define TEXT_MAX 8192
#define VAULT "&"                              /* stands for the instance's name */
#define PROGRAM "touchvault"                   /* wherever the package was unpacked */
#define CONDITION "ConditionFileIsExecutable=" /* the package's go with the program */

static const char *directory;

/* Without the lines of remarks. */
static void packaged(const char *name, char ret[static TEXT_MAX])
{
	char path[4096], line[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/touchvault-reminders@.%s", directory, name);
	f = fopen(path, "re");
	assert_non_null(f);
	*ret = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (line[0] != '#')
			(void)strncat(ret, line, TEXT_MAX - strlen(ret) - 1);
	(void)fclose(f);
}

/* The same of what is written, with the specifier in place of the name. */
static void written(char *text, char ret[static TEXT_MAX])
{
	char *rest = NULL;
	size_t at = 0;

	assert_non_null(text);
	for (char *line = text; line != NULL; line = rest) {
		rest = strchr(line, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		if (line[0] == '#' || strncmp(line, CONDITION, strlen(CONDITION)) == 0 ||
		    (rest == NULL && *line == '\0'))
			continue;
		for (; *line != '\0'; line++)
			at += (size_t)snprintf(
			    ret + at, TEXT_MAX - at, *line == VAULT[0] ? "%%i" : "%c", *line);
		at += (size_t)snprintf(ret + at, TEXT_MAX - at, "\n");
	}
	free(text);
}

static void same(const char *name, char *text)
{
	char has[TEXT_MAX], should[TEXT_MAX];

	packaged(name, has);
	written(text, should);
	assert_string_equal(has, should);
}

static void units_are_in_step(void **state)
{
	const struct remind_place place = { .id = VAULT, .vault = (char *)(uintptr_t)VAULT };

	(void)state;
	same("service", remind_unit_service(&place, PROGRAM, VAULT, false));
	same("timer", remind_unit_timer(&place));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(units_are_in_step) };

	if (argc != 2)
		return 2;
	directory = argv[1];
	/* What is in these would be, too. */
	(void)unsetenv("XDG_DATA_HOME");
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("XDG_CONFIG_HOME");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
