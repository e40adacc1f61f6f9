/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/shell_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._+-:@%,";

	return *text != '\0' && strspn(text, plain) == strlen(text);
}

const char *shell_word(const char *text, char *ret, size_t size)
{
	size_t at = 0;

	if (is_plain(text)) {
		(void)snprintf(ret, size, "%s", text);
		return ret;
	}
	at += (size_t)snprintf(ret, size, "'");
	for (; *text != '\0' && at + sizeof("'\\''") < size; text++)
		at += (size_t)snprintf(ret + at, size - at, *text == '\'' ? "'\\''" : "%c", *text);
	(void)snprintf(ret + at, size - at, "'");
	return ret;
}

const char *shell_operand(const char *text, char *ret, size_t size)
{
	static const char dashes[] = "-- ";
	size_t len = *text == '-' ? strlen(dashes) : 0;

	(void)snprintf(ret, size, "%s", dashes);
	if (len < size)
		(void)shell_word(text, ret + len, size - len);
	return ret;
}
