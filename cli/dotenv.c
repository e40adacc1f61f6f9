/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/dotenv.h"

#include <stdbool.h>
#include <string.h>

struct dotenv dotenv_of(uint8_t *text, size_t len)
{
	struct dotenv d = { .at = (char *)text, .end = (char *)text + len, .line = 1 };
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	if (len >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		d.at += 3;
	return d;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name(char c, bool first)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '.' || c == '-');
}

static void skip_blanks(struct dotenv *d)
{
	while (d->at < d->end && is_blank(*d->at))
		d->at++;
}

static char *line_end(const struct dotenv *d)
{
	char *end = memchr(d->at, '\n', (size_t)(d->end - d->at));

	return end != NULL ? end : d->end;
}

static void next_line(struct dotenv *d)
{
	d->at = line_end(d);
	if (d->at < d->end) {
		d->at++;
		d->line++;
	}
}

/* Go to the first character of the next pair; false at the end. */
static bool find_pair(struct dotenv *d)
{
	while (d->at < d->end) {
		skip_blanks(d);
		if (d->at < d->end && *d->at != '\n' && *d->at != '#')
			return true;
		next_line(d);
	}
	return false;
}

static const char *read_name(struct dotenv *d, struct dotenv_pair *ret)
{
	static const char export[] = "export";
	size_t len = sizeof(export) - 1;
	char *begin, *end;

	if ((size_t)(d->end - d->at) > len && memcmp(d->at, export, len) == 0 &&
	    is_blank(d->at[len])) {
		d->at += len;
		skip_blanks(d);
	}
	begin = d->at;
	while (d->at < d->end && is_name(*d->at, d->at == begin))
		d->at++;
	end = d->at;
	skip_blanks(d);
	if (end == begin)
		return "a name of letters, digits and _ must come first";
	if (d->at == d->end || *d->at != '=')
		return "a \"=\" must follow the name";
	d->at++;
	*end = '\0';
	ret->name = begin;
	return NULL;
}

static void read_plain(struct dotenv *d, struct dotenv_pair *ret)
{
	char *begin = d->at, *end = line_end(d), *p;

	for (p = begin; p < end; p++)
		if (*p == '#' && is_blank(p[-1])) /* before the first is at least the "=" */
			break;
	d->at = end;
	while (p > begin && is_blank(p[-1]))
		p--;
	ret->value = (uint8_t *)begin;
	ret->value_len = (size_t)(p - begin);
}

/* The character that a backslash and c stand for; 0 if none: both stay. */
static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case '\\':
	case '"':
	case '$':
		return c;
	default:
		return 0;
	}
}

/* What is unescaped is never longer, so it is written over itself. */
static const char *read_quoted(struct dotenv *d, struct dotenv_pair *ret)
{
	char quote = *d->at++, *write = d->at, c;
	size_t begun = d->line;

	ret->value = (uint8_t *)write;
	for (;; *write++ = c) {
		if (d->at == d->end) {
			d->line = begun;
			return "the quote that begins here has no end";
		}
		c = *d->at++;
		if (c == quote)
			break;
		if (c == '\n')
			d->line++;
		if (quote == '"' && c == '\\' && d->at < d->end && unescape(*d->at) != 0)
			c = unescape(*d->at++);
	}
	ret->value_len = (size_t)(write - (char *)ret->value);
	return NULL;
}

static const char *read_value(struct dotenv *d, struct dotenv_pair *ret)
{
	const char *wrong = NULL;
	bool quoted;

	skip_blanks(d);
	quoted = d->at < d->end && (*d->at == '"' || *d->at == '\'');
	if (!quoted) {
		read_plain(d, ret);
	} else {
		wrong = read_quoted(d, ret);
		if (wrong == NULL)
			skip_blanks(d);
		if (wrong == NULL && d->at < d->end && *d->at != '\n' && *d->at != '#')
			wrong = "after a closing quote only a comment may follow";
	}
	if (wrong == NULL && memchr(ret->value, '\0', ret->value_len) != NULL)
		wrong = "there is a NUL byte in the value";
	return wrong;
}

int dotenv_next(struct dotenv *d, struct dotenv_pair *ret, const char **ret_wrong)
{
	if (!find_pair(d))
		return 0;
	ret->line = d->line;
	*ret_wrong = read_name(d, ret);
	if (*ret_wrong == NULL)
		*ret_wrong = read_value(d, ret);
	if (*ret_wrong != NULL)
		return -1;
	next_line(d);
	return 1;
}
