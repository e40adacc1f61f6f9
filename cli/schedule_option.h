/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that make a schedule: an entry's, or the vault's own, which `schedule` and
 * `policy` set. */
#ifndef TOUCHVAULT_CLI_SCHEDULE_OPTION_H
#define TOUCHVAULT_CLI_SCHEDULE_OPTION_H

#include "cli/option.h"
#include "vault/rotation.h"

/* or_default: "|default", or "" where there is nothing that it could stand for. */
#define SCHEDULE_OPTIONS(or_default)                                                         \
	{ "every", "PERIOD|never" or_default, false, "how often to rotate a key" },          \
	    { "lead", "PERIOD" or_default, false, "how long before that it is told" },       \
	    { "grace", "PERIOD" or_default, false,                                           \
		    "how long it may be due, and how long the old one is kept" },            \
	{                                                                                    \
		"mode", "overlap|atomic|delayed" or_default, false,                          \
		    "whether old and new work side by side, the new ends the old, or works " \
		    "later"                                                                  \
	}

/* What is given; the rest of *ret is unset. vault: it is the vault's own, which leaves
 * nothing to a default. Exit status, reported. */
int schedule_option_parse(const struct app *, const struct arguments *, bool vault,
    struct schedule *ret) __attribute__((warn_unused_result));
bool schedule_option_is_given(const struct arguments *);
/* Put what is given in the place of what was. */
void schedule_option_apply(
    const struct arguments *, const struct schedule *given, struct schedule *);

#endif
