/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The .env file: lines of [export] NAME=VALUE, blank lines, and comments that
 * begin with #. A value is plain (up to " #" or the end of the line, trailing
 * blanks cut off), 'literal', or "with \n \r \t \\ \" \$", which may span
 * lines. Nothing is expanded.
 *
 * Pure: bytes in, pairs out. No text of the file is in any error.
 */
#ifndef TOUCHVAULT_CLI_DOTENV_H
#define TOUCHVAULT_CLI_DOTENV_H

#include <stddef.h>
#include <stdint.h>

struct dotenv {
	char *at, *end;
	size_t line; /* of at, from 1 */
};

struct dotenv_pair {
	const char *name; /* NUL-terminated, [A-Za-z_][A-Za-z0-9_.-]* */
	uint8_t *value;   /* not NUL-terminated, holds no NUL */
	size_t value_len;
	size_t line; /* where it begins */
};

/* text is changed in place, and the pairs point into it. */
struct dotenv dotenv_of(uint8_t *text, size_t len);

/* 1: *ret is the next pair; 0: no more; -1: a mistake in line d->line, and
 * *ret_wrong says which. */
int dotenv_next(struct dotenv *d, struct dotenv_pair *ret, const char **ret_wrong)
    __attribute__((warn_unused_result));

#endif
