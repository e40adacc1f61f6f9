/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench_run is to run: a text file with a keyword and its value on a line.
 *
 *	command NAME    begins one; in the report and in messages
 *	arg TEXT        its argv, a line each; argv[0] is the program's path, and
 *	                "{n}" in the others becomes the number of the round
 *	env NAME=VALUE  of its environment, besides what all have
 *	stdin PATH      standard input; none: /dev/null
 *	expect PATH     what it must print; none: what it printed first
 */
#ifndef TOUCHVAULT_TESTS_BENCH_PLAN_H
#define TOUCHVAULT_TESTS_BENCH_PLAN_H

#include <stddef.h>

#define PLAN_COMMANDS_MAX 16
#define PLAN_ARGS_MAX 32
#define PLAN_ENV_MAX 128

struct plan_command {
	char *name;
	size_t argc;
	char *argv[PLAN_ARGS_MAX + 1];
	size_t n_env;
	char *env[PLAN_ENV_MAX + 1]; /* all of it */
	char *stdin_path;
	char *expected; /* NULL until the first output, where none was named */
	size_t expected_len;
};

struct plan {
	size_t n;
	struct plan_command commands[PLAN_COMMANDS_MAX];
};

/* Ends the program with 2 and a message where the file is not as above. What
 * it fills lives until the program ends. */
void plan_read(const char *path, struct plan *ret);

/* All of fd from its beginning, malloc'ed; ends the program on failure. */
char *plan_read_fd(int fd, size_t *ret_len);

#endif
