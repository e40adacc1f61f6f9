/* SPDX-License-Identifier: BSD-2-Clause */
/* Each form is taken apart where it stands in the text, so that it doesn't matter which of
 * its characters were escaped; base64 alone is made of the value and looked for. */
#include "cli/driver_forms.h"

#include <string.h>

#include <sodium.h>

/* What stands at one place of the text for up to four bytes: how long it is, 0 where the text
 * ends in it. */
typedef size_t (*unit_fn)(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len);

static size_t unit_plain(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len)
{
	(void)left;
	ret[0] = p[0];
	*ret_len = 1;
	return 1;
}

/* So many digits; -1 where there are others. */
static int32_t hex_value(const uint8_t *p, size_t digits)
{
	static const char known[] = "0123456789abcdef0123456789ABCDEF";
	int32_t n = 0;

	for (size_t i = 0; i < digits; i++) {
		const char *at = p[i] == '\0' ? NULL : strchr(known, p[i]);

		if (at == NULL)
			return -1;
		n = n * 16 + (int32_t)(at - known) % 16;
	}
	return n;
}

static size_t utf8(int32_t c, uint8_t ret[static 4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; --i > 0; c >>= 6)
		ret[i] = (uint8_t)(0x80 | (c & 0x3f));
	ret[0] = (uint8_t)(n == 1 ? c : (0xf00 >> n & 0xff) | c);
	return n;
}

/* "\n" and "\u00e9", which may be two for one character, as in JSON and in most languages. */
static size_t unit_json(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len)
{
	static const char escapes[] = "\"\\/'bfnrt", stands_for[] = "\"\\/'\b\f\n\r\t";
	const char *at;
	int32_t c, low;

	if (p[0] != '\\')
		return unit_plain(p, left, ret, ret_len);
	if (left < 2 || (p[1] == 'u' && left < 6))
		return 0;
	at = p[1] == '\0' ? NULL : strchr(escapes, p[1]);
	*ret_len = 1;
	ret[0] = at == NULL ? p[0] : (uint8_t)stands_for[at - escapes];
	c = p[1] == 'u' ? hex_value(p + 2, 4) : -1;
	if (c < 0)
		return at == NULL ? 1 : 2;
	if (c >> 10 != 0xd800 >> 10) {
		*ret_len = utf8(c, ret);
		return 6;
	}
	if (left < 12)
		return 0;
	low = hex_value(p + 8, 4);
	*ret_len = utf8(0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff), ret);
	return 12;
}

/* "%2B", and "+" for a blank. */
static size_t unit_url(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len)
{
	int32_t c = p[0] == '+' ? ' ' : -1;

	if (p[0] == '%' && left < 3)
		return 0;
	if (p[0] == '%')
		c = hex_value(p + 1, 2);
	*ret_len = 1;
	ret[0] = c < 0 ? p[0] : (uint8_t)c;
	return p[0] == '%' && c >= 0 ? 3 : 1;
}

static size_t unit_hex(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len)
{
	int32_t c = left < 2 ? -1 : hex_value(p, 2);

	if (c < 0)
		return left < 2 ? 0 : unit_plain(p, left, ret, ret_len);
	*ret_len = 1;
	ret[0] = (uint8_t)c;
	return 2;
}

/* base64 is broken into lines. */
static size_t unit_wrapped(const uint8_t *p, size_t left, uint8_t ret[static 4], size_t *ret_len)
{
	(void)unit_plain(p, left, ret, ret_len);
	*ret_len = p[0] != '\n' && p[0] != '\r';
	return 1;
}

/* How much of the text from there on stands for the secret, or for the beginning of it where
 * the text was cut off. */
static size_t spelled(
    const struct driver_said *m, size_t from, unit_fn unit, const uint8_t *secret, size_t len)
{
	const struct program_output *text = m->text;
	size_t at = from, n = 0, used;
	uint8_t bytes[4];

	for (size_t i = 0; i < len; i += n, at += used) {
		used = at < text->len ? unit(text->bytes + at, text->len - at, bytes, &n) : 0;
		if (used == 0)
			return at > from && text->len == text->max ? text->len - from : 0;
		if (n > len - i || (n == 0 && i == 0) || memcmp(secret + i, bytes, n) != 0)
			return 0;
	}
	return at - from;
}

static void mark(struct driver_said *m, unit_fn unit, const uint8_t *secret, size_t len)
{
	for (size_t at = 0; at < m->text->len; at++)
		memset(m->marks + at, 1, spelled(m, at, unit, secret, len));
}

/* Wherever it begins in what was encoded, as behind a name and a colon: without the
 * characters that it shares with what is before or behind, and with the last one, if nothing is. */
static void mark_base64(struct driver_said *m, const uint8_t *value, size_t len, int variant)
{
	size_t all = len < m->text->max ? len : m->text->max;

	for (size_t shift = 0; shift < 3; shift++) {
		size_t first = (shift * 8 + 5) / 6, end = (shift + all) * 8 / 6;
		const uint8_t *text = (const uint8_t *)m->encoded + first;

		memset(m->shifted, 0, shift);
		memcpy(m->shifted + shift, value, all);
		(void)sodium_bin2base64(
		    m->encoded, DRIVER_ENCODED_LEN(m->text->max), m->shifted, shift + all, variant);
		mark(m, unit_wrapped, text, end - first);
		mark(m, unit_wrapped, text, strlen(m->encoded) - first);
	}
}

void driver_forms_mark(struct driver_said *m, const uint8_t *value, size_t len)
{
	mark(m, unit_json, value, len);
	mark(m, unit_url, value, len);
	mark(m, unit_hex, value, len);
	mark_base64(m, value, len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	mark_base64(m, value, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
