/* SPDX-License-Identifier: BSD-2-Clause */
/* The variables and memory files that `run` hands to a program. */
#ifndef TOUCHVAULT_CLI_CHILD_H
#define TOUCHVAULT_CLI_CHILD_H

#include "cli/option.h"

#define CHILD_VARIABLES_MAX 256
#define CHILD_NAME_MAX 128

/* One variable of the program, and the secret that it is to have. */
struct child_variable {
	char name[CHILD_NAME_MAX + 1];
	char entry[VAULT_NAME_MAX + 1];
	char field[VAULT_FIELD_NAME_MAX + 1];
	bool as_file;
	char *assignment; /* "NAME=VALUE" in locked memory, by child_fill */
	int fd;           /* of the memory file, or -1 */
};

struct child {
	enum vault_set set; /* which of the entries' credentials */
	size_t n;
	struct child_variable v[CHILD_VARIABLES_MAX];
};

void child_free(struct child *); /* wipes; NULL is fine */
static inline void child_freep(struct child **c)
{
	child_free(*c);
}

/* What the options --env, --file and --env-all ask for. All that can be wrong
 * with them is told before a touch. ret is zeroed memory of malloc. Exit
 * status, reported. */
int child_parse(const struct app *, const struct arguments *, struct child *ret)
    __attribute__((warn_unused_result));
/* Whether the vault has it all; adds the fields of --env-all. */
int child_look_up(struct app *, const struct arguments *, const struct vault *, struct child *)
    __attribute__((warn_unused_result));
/* A variable for each field of an entry; what a variable's name can't hold is "_" in it,
 * and before what would steer programs. Exit status, reported. */
int child_take_all(const struct app *, const struct vault_entry_info *, struct child *)
    __attribute__((warn_unused_result));
/* Fetch every value from the unlocked vault. */
int child_fill(const struct app *, struct vault *, struct child *)
    __attribute__((warn_unused_result));
/* The environment with them, or nothing besides. Pointers only: the secrets stay where they
 * are until the kernel copies them. malloc'ed; NULL: no memory. */
char **child_environment(const struct child *, bool pristine);
/* Run a command of the shell with them, to its end, with standard output where standard error
 * goes, as a job of its own (child_shell.c): what is left of its process group is killed then, and
 * the terminal is as it was. *ret is its status, as the shell has it. CANCELLED where we were to be
 * ended, which it was passed on. Exit status, reported. */
int child_shell(const struct app *, const struct child *, const char *command, int *ret)
    __attribute__((warn_unused_result));
/* Where the program is, by this process's PATH: before a touch. *ret has a slash
 * and is malloc'ed. 127 where there is none, 126 where it can't be executed;
 * reported. */
int child_find(const struct app *, const char *name, char **ret)
    __attribute__((warn_unused_result));
/* Become the program that is at path. Returns only on failure, which has been
 * reported: 126, or 127 where the program or its interpreter has gone. */
int child_exec(const struct app *, const struct child *, bool pristine, const char *path,
    char **argv) __attribute__((warn_unused_result));

#endif
