/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver_errors.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "cli/driver_forms.h"
#include "cli/output.h"
#include "vault/cleanup.h"

#define MASK "***"

static void mark(struct driver_said *m, const uint8_t *secret, size_t len)
{
	const uint8_t *text = m->text->bytes, *end = text + m->text->len, *p = text;
	size_t cut = m->text->len < m->text->max ? 0 : len;

	if (len == 0)
		return;
	while ((p = memmem(p, (size_t)(end - p), secret, len)) != NULL)
		memset(m->marks + (p++ - text), 1, len);
	/* At the limit there may be the beginning of one. */
	while (cut > 1 && (--cut > m->text->len || memcmp(end - cut, secret, cut) != 0))
		;
	if (cut > 0 && cut < len && memcmp(end - cut, secret, cut) == 0)
		memset(m->marks + (m->text->len - cut), 1, cut);
}

/* A value, and the lines of it: of a key in PEM each says enough. */
static void mark_value(struct driver_said *m, const uint8_t *value, size_t len)
{
	mark(m, value, len);
	if (len >= DRIVER_PART_MIN)
		driver_forms_mark(m, value, len);
	for (size_t i = 0, n = 0; i <= len; i++) {
		if (i < len && value[i] != '\n' && value[i] != '\r') {
			n++;
			continue;
		}
		if (n >= DRIVER_PART_MIN && n < len)
			mark(m, value + i - n, n);
		n = 0;
	}
}

static void mark_string(void *ctx, const uint8_t *text, size_t len)
{
	if (len >= DRIVER_PART_MIN)
		mark_value(ctx, text, len);
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("+/=_-.", c == '\0' ? ' ' : c) != NULL;
}

static bool is_quoted(uint8_t c)
{
	return c != '"';
}

/* JSON as it was written, escapes and all, whether it can be read or not. The names in
 * it are no secrets. */
static void mark_parts(
    struct driver_said *m, const uint8_t *text, size_t len, bool (*is_part)(uint8_t))
{
	for (size_t i = 0, n = 0; i <= len; i++) {
		bool names = i + 1 < len && text[i] == '"' && text[i + 1] == ':';

		if (i < len && is_part(text[i])) {
			n++;
			continue;
		}
		if (n >= DRIVER_PART_MIN && !names)
			mark(m, text + i - n, n);
		n = 0;
	}
}

/* Without NUL, which isn't shown: what is UTF-16, or has them between, would be looked
 * through and then read all the same. */
static void drop_nuls(struct program_output *text)
{
	bool is_full = text->len == text->max;
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		if (text->bytes[i] != '\0')
			text->bytes[n++] = text->bytes[i];
	sodium_memzero(text->bytes + n, text->len - n);
	text->len = n;
	if (is_full)
		text->max = n;
}

/* As text from outside; a run of what is marked is one MASK. */
static void show(const struct app *app, const struct driver_said *m)
{
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i <= m->text->len; i++) {
		bool ends = i == m->text->len, secret = !ends && m->marks[i] != 0;
		int c = ends ? '\n' : m->text->bytes[i];

		if (secret && i > 0 && m->marks[i - 1] != 0)
			continue;
		if ((c == '\n' && !secret) || n + sizeof(MASK) >= sizeof(line)) {
			line[n] = '\0';
			if (n > 0)
				warn(app, "driver: %s", line);
			n = 0;
		}
		if (secret)
			n += (size_t)snprintf(line + n, sizeof(line) - n, MASK);
		else if (c != '\n')
			line[n++] = (char)c;
	}
	sodium_memzero(line, sizeof(line));
}

int driver_errors_show(const struct app *app, const struct program_output *err,
    const struct fields_text *input, const struct program_output *out,
    struct vault_entry *const *hide, size_t n_hide)
{
	_cleanup_secret_ uint8_t *marks = secret_alloc(err->max);
	_cleanup_secret_ uint8_t *shifted = secret_alloc(DRIVER_SHIFTED_LEN(err->max));
	_cleanup_secret_ char *encoded = secret_alloc(DRIVER_ENCODED_LEN(err->max));
	struct program_output text = *err;
	struct driver_said m = { &text, marks, shifted, encoded };

	drop_nuls(&text);
	if (marks == NULL || shifted == NULL || encoded == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	for (size_t i = 0; i < n_hide; i++)
		for (size_t k = 0; k < hide[i]->n_fields; k++)
			mark_value(&m, hide[i]->fields[k].value, hide[i]->fields[k].value_len);
	mark_parts(&m, input->bytes, input->len, is_quoted);
	mark_parts(&m, input->bytes, input->len, is_word);
	mark_parts(&m, out->bytes, out->len, is_quoted);
	mark_parts(&m, out->bytes, out->len, is_word);
	fields_each_string(out->bytes, out->len, mark_string, &m);
	show(app, &m);
	return STATUS_OK;
}
