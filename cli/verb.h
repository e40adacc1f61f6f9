/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command is to do that has its word for it as the first operand: "host list". */
#ifndef TOUCHVAULT_CLI_VERB_H
#define TOUCHVAULT_CLI_VERB_H

#include "cli/command.h"

/* The row of the verb that the operands begin with, when all that is given is for it.
 * Exit status, reported. */
int verb_choose(const struct app *, const struct command *, const struct arguments *,
    const struct verb **ret) __attribute__((warn_unused_result));
/* Whether it takes that option of its command. */
bool verb_takes(const struct verb *, const char *option);

#endif
