/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of the user's, run to its end or its time limit, with pipes to and fro. */
#ifndef TOUCHVAULT_CLI_PROGRAM_H
#define TOUCHVAULT_CLI_PROGRAM_H

#include "cli/app.h"

#include <stddef.h>

struct program {
	const char *path;
	char *const *argv, *const *env;
	int seconds;          /* how long it may take */
	const uint8_t *input; /* for its standard input */
	size_t input_len;
	int cancel; /* it is ended when that is readable; or -1 */
};

/* What it writes, into memory of the caller's; what is more than max is dropped, or
 * ends the program. */
struct program_output {
	uint8_t *bytes;
	size_t len, max;
	bool drops;
};

enum program_end { PROGRAM_EXIT, PROGRAM_TIME, PROGRAM_CANCELLED, PROGRAM_TOO_MUCH };

/* Whoever can write it, or put another one in its place, gets what it is given:
 * VAULT_ERR_UNSAFE_FILE, UNSAFE_DIR, or why it can't be read. It is no link. */
int program_check(const char *path) __attribute__((warn_unused_result));
/* Run it, in a session of its own: without a terminal, where it could read what is typed, or
 * stop because it can't. The rest of its process group is killed at the end. *ret_status is
 * as the shell has it. 0, or errno where it couldn't be started. */
int program_run(const struct app *, const struct program *, struct program_output *out,
    struct program_output *err, enum program_end *ret_end, int *ret_status)
    __attribute__((warn_unused_result));

#endif
