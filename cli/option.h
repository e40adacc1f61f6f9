/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line as a plain struct; commands look at that, never at argv. */
#ifndef TOUCHVAULT_CLI_OPTION_H
#define TOUCHVAULT_CLI_OPTION_H

#include "cli/app.h"

#include <stddef.h>

struct option_spec {
	const char *name;  /* without "--" */
	const char *value; /* its value as usage shows it ("NAME=-"); NULL: takes none */
	bool repeats;      /* may be given more than once */
	const char *help;  /* one line for `help COMMAND` */
};

struct option_given {
	const struct option_spec *spec;
	const char *value;
};

struct arguments {
	struct option_given *options;
	size_t n_options;
	char **operands; /* into argv, NULL-terminated */
	int n_operands;
};

#define OPTIONS_END          \
	{                    \
		.name = NULL \
	}

/* What may be given before or after every command; ends with OPTIONS_END. */
extern const struct option_spec global_options[];

struct command;

/* Take argv apart: the command, its options and the global ones, which are
 * applied to app, and the operands, whose number is not looked at yet. No
 * command given: *ret_command is NULL. Exit status, reported; arguments_free
 * in every case. */
int arguments_parse(struct app *, int argc, char **argv, const struct command **ret_command,
    struct arguments *ret) __attribute__((warn_unused_result));
void arguments_free(struct arguments *);
static inline void arguments_freep(struct arguments *a)
{
	arguments_free(a);
}

/* What the operand behind the first max may have been meant as, in a sentence; NULL if
 * that is not known. It is not repeated, as it may be a secret. */
#define OPERAND_HINT_MAX 256
const char *operand_hint(
    const struct command *, const struct arguments *, char buf[static OPERAND_HINT_MAX]);

/* The first value of the option, or NULL. */
const char *option_value(const struct arguments *, const char *name);
bool option_is_given(const struct arguments *, const char *name);

#endif
