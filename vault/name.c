/* SPDX-License-Identifier: BSD-2-Clause */
/* What names and labels may look like (FORMAT.md, "Names"). */
#include <string.h>

#include "vault/text.h"
#include "vault/vault.h"

static bool word(const char *s, size_t max, const char *extra)
{
	size_t n = strnlen(s, max + 1);

	if (n == 0 || n > max || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    strchr(extra, c) == NULL)
			return false;
	}
	return true;
}

bool vault_name_valid(const char *name)
{
	if (!word(name, VAULT_NAME_MAX, "._/-"))
		return false;
	for (const char *p = name;; p++) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (*p == '\0')
			return true;
	}
}

bool vault_field_name_valid(const char *name)
{
	return word(name, VAULT_FIELD_NAME_MAX, "._-");
}

bool vault_label_valid(const char *key, const char *value)
{
	return word(key, VAULT_LABEL_KEY_MAX, "._-") &&
	       text_valid(value, strnlen(value, VAULT_LABEL_VALUE_MAX + 1), VAULT_LABEL_VALUE_MAX);
}

/* Length of the well-formed sequence at p (RFC 3629), 0 if there is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

bool text_valid(const char *s, size_t len, size_t max)
{
	const uint8_t *p = (const uint8_t *)s;

	if (len > max)
		return false;
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(p + i, len - i);
		/* Controls, C0 and C1, would act on a terminal that shows them. */
		if (n == 0 || p[i] < 0x20 || p[i] == 0x7f || (p[i] == 0xc2 && p[i + 1] < 0xa0))
			return false;
	}
	return true;
}
