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

/* do_command.c of Debian's cron: a backslash takes the meaning from the % behind it, and
 * stays before all else. NULL where a % ends the line. */
static char *by_cron(const char *line, char *ret)
{
	bool escaped = false;
	size_t n = 0;

	for (; *line != '\0'; line++) {
		if (*line == '%' && !escaped)
			return NULL;
		if (*line == '%')
			n--;
		escaped = *line == '\\' && !escaped;
		ret[n++] = *line;
	}
	ret[n] = '\0';
	return ret;
}

static void cron_hands_paths_on(void **state)
{
	static const char *const paths[] = { "/a b/v.tv", "/a%b", "/a\\%b", "/a\\\\%b%",
		"/a'%b\\'c", "/$HOME/`x`/\"y\"\\" };
	const struct remind_place place = { .id = VAULT, .vault = (char *)(uintptr_t)VAULT };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char *line = remind_cron_line(&place, "/bin/echo", paths[i]), text[TEXT_MAX];
		char command[TEXT_MAX + 64], said[TEXT_MAX] = "", want[TEXT_MAX];
		FILE *f;

		assert_non_null(line);
		assert_non_null(by_cron(strchr(line, '\''), text));
		(void)snprintf(command, sizeof(command), "%s", text);
		f = popen(command, "r");
		assert_non_null(f);
		assert_non_null(fgets(said, sizeof(said), f));
		assert_int_equal(pclose(f), 0);
		(void)snprintf(want, sizeof(want), "--vault %s reminders run\n", paths[i]);
		assert_string_equal(said, want);
		free(line);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(units_are_in_step),
		cmocka_unit_test(cron_hands_paths_on) };

	if (argc != 2)
		return 2;
	directory = argv[1];
	/* What is in these would be, too. */
	(void)unsetenv("HOME");
	(void)unsetenv("XDG_DATA_HOME");
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("XDG_CONFIG_HOME");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
