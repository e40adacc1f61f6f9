/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/rule.h"

#include <fnmatch.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define PATTERN_MAX 256

static bool take_op(char **p, enum rule_op *ret)
{
	static const struct {
		const char *text;
		enum rule_op op;
	} ops[] = {
		{ "==", RULE_IS },
		{ "!=", RULE_IS_NOT },
		{ "+=", RULE_ADD },
		{ "-=", RULE_DROP },
		{ ":=", RULE_FINAL },
		{ "=", RULE_SET },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t len = strlen(ops[i].text);

		if (strncmp(*p, ops[i].text, len) != 0)
			continue;
		*ret = ops[i].op;
		*p += len;
		return true;
	}
	return false;
}

/* In quotes; e"..." has escapes and i"..." ignores case, which is the same here. */
static bool take_value(char **p, const char **ret)
{
	char *end;

	*p += strspn(*p, BLANKS);
	*p += **p == 'e' || **p == 'i';
	if (**p != '"')
		return false;
	*ret = ++*p;
	for (end = *p; *end != '"'; end++) {
		end += *end == '\\' && end[1] == '"';
		if (*end == '\0')
			return false;
	}
	*end = '\0';
	*p = end + 1;
	return true;
}

bool rule_next(char **line, struct rule_part *ret)
{
	char *p = *line + strspn(*line, "," BLANKS), *end_of_key, *end_of_attribute = NULL;

	ret->key = p;
	ret->attribute = "";
	p += strcspn(p, "{=!+-:" BLANKS);
	end_of_key = p;
	if (*p == '{') {
		ret->attribute = ++p;
		p += strcspn(p, "}");
		end_of_attribute = p;
		p += *p == '}';
	}
	p += strspn(p, BLANKS);
	if (end_of_key == ret->key || !take_op(&p, &ret->op))
		return false;
	*end_of_key = '\0';
	if (end_of_attribute != NULL)
		*end_of_attribute = '\0';
	if (!take_value(&p, &ret->value))
		return false;
	*line = p;
	return true;
}

bool rule_pattern_fits(const char *value, const char *text)
{
	for (;;) {
		char pattern[PATTERN_MAX];
		size_t len = strcspn(value, "|");

		if (len < sizeof(pattern)) {
			memcpy(pattern, value, len);
			pattern[len] = '\0';
			if (fnmatch(pattern, text, 0) == 0)
				return true;
		}
		if (value[len] == '\0')
			return false;
		value += len + 1;
	}
}
