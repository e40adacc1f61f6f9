/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/base32.h"

#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void base32_encode(const uint8_t *p, size_t len, char *ret)
{
	unsigned bits = 0, held = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (held += 8; held >= 5; held -= 5)
			*ret++ = alphabet[bits >> (held - 5) & 31];
	}
	if (held > 0)
		*ret++ = alphabet[bits << (5 - held) & 31];
	*ret = '\0';
}

bool base32_decode(const char *s, size_t len, uint8_t *ret, size_t ret_len)
{
	unsigned bits = 0, held = 0;

	if (len != BASE32_LEN(ret_len))
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] == '\0' ? NULL : strchr(alphabet, s[i]);

		if (at == NULL)
			return false;
		bits = bits << 5 | (unsigned)(at - alphabet);
		held += 5;
		if (held >= 8) {
			held -= 8;
			*ret++ = (uint8_t)(bits >> held);
		}
	}
	return (bits & ((1U << held) - 1)) == 0;
}

static char typed_char(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		return '0';
	return (char)(c == 'I' || c == 'L' ? '1' : c);
}

int base32_value_typed(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, typed_char(c));

	return at == NULL ? -1 : (int)(at - alphabet);
}

char base32_char(unsigned value)
{
	return alphabet[value & 31];
}

bool base32_decode_typed(const char *s, uint8_t *ret, size_t ret_len)
{
	char plain[64];
	size_t len = 0;

	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '-')
			continue;
		if (len == sizeof(plain))
			return false;
		plain[len++] = typed_char(*s);
	}
	return base32_decode(plain, len, ret, ret_len);
}
