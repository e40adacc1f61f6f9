/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of a rules file, taken apart (udev(7), "Rules Files"). */
#ifndef TOUCHVAULT_UDEV_RULE_H
#define TOUCHVAULT_UDEV_RULE_H

#include <stdbool.h>

enum rule_op {
	RULE_IS,     /* == */
	RULE_IS_NOT, /* != */
	RULE_SET,    /* = */
	RULE_ADD,    /* += */
	RULE_DROP,   /* -= */
	RULE_FINAL,  /* := */
};

/* Key, what is in braces behind it or "", and the value without its quotes. */
struct rule_part {
	const char *key, *attribute, *value;
	enum rule_op op;
};

/* The next part of the line at *line, which is cut up. False at its end, or where it
 * isn't well-formed: udev reads no further, either. */
bool rule_next(char **line, struct rule_part *ret);
/* Whether the text is one of the value's patterns, which are separated by "|". */
bool rule_pattern_fits(const char *value, const char *text);

#endif
