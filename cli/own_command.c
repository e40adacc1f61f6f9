/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/own_command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/shell_word.h"

#define PROGRAM "touchvault "

/* They are about no vault, or run on another host, which may have it elsewhere. */
static const char *const of_no_vault[] = {
	"help",
	"version",
	"udev",
	"host request",
	"host approve",
	"token info",
	"token set-pin",
	"token change-pin",
	"token program",
};

static bool is_of_a_vault(const char *command)
{
	for (size_t i = 0; i < sizeof(of_no_vault) / sizeof(of_no_vault[0]); i++) {
		size_t len = strlen(of_no_vault[i]);

		if (strncmp(command, of_no_vault[i], len) == 0 &&
		    strchr(" \"", command[len]) != NULL)
			return false;
	}
	return *command >= 'a' && *command <= 'z';
}

const char *own_command(const struct app *app, const char *text, char *ret, size_t size)
{
	char vault[SHELL_WORD_MAX];
	const char *from = text;
	size_t at = 0;

	*ret = '\0';
	for (const char *p = text; app->vault_option != NULL && (p = strstr(p, PROGRAM)) != NULL;) {
		bool begins = p == text || p[-1] == '"';

		p += strlen(PROGRAM);
		if (!begins || !is_of_a_vault(p) || at >= size)
			continue;
		at += (size_t)snprintf(ret + at, size - at, "%.*s--vault %s ", (int)(p - from),
		    from, shell_word(app->vault_option, vault, sizeof(vault)));
		from = p;
	}
	if (at < size)
		(void)snprintf(ret + at, size - at, "%s", from);
	return ret;
}
