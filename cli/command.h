/* SPDX-License-Identifier: BSD-2-Clause */
/* A command is one file, one row of the table in main.c, and one prototype. */
#ifndef TOUCHVAULT_CLI_COMMAND_H
#define TOUCHVAULT_CLI_COMMAND_H

#include "cli/option.h"

enum command_flags {
	COMMAND_PLAIN = 1 << 0,   /* needs neither libsodium nor locked memory */
	COMMAND_TOUCHES = 1 << 1, /* will ask a token */
	COMMAND_RUNS = 1 << 2,    /* options end at the first operand; own errors are 125 */
};

enum verb_flags {
	VERB_OPENS = 1 << 0,   /* works on the open vault */
	VERB_TOUCHES = 1 << 1, /* will ask a token */
};

struct verb {
	const char *name;
	const char *operands; /* what follows it: "FROM TO", "[FILE]" */
	const char *options;  /* those of the command's that are for it: "kind tpm" */
	int (*run)(struct app *, const struct arguments *, struct vault *); /* NULL: not open */
	unsigned flags;
	const char *summary; /* a few words; the completions have them, too */
};

#define VERBS_END            \
	{                    \
		.name = NULL \
	}

struct command {
	const char *name;
	const char *synopsis; /* what follows the name: "NAME [FIELD] [--show]" */
	const char *summary;  /* one line */
	int (*run)(struct app *, const struct arguments *); /* returns the exit status */
	const struct option_spec *options;                  /* ends with OPTIONS_END; may be NULL */
	int min_operands, max_operands;                     /* max -1: any number */
	unsigned flags;                                     /* enum command_flags */
	const struct verb *verbs; /* instead of run; ends with VERBS_END */
};

extern const struct command commands[];
extern const size_t commands_len;
/* NULL if there is none of that name. */
const struct command *command_find(const char *name);

extern const struct option_spec add_options[], due_options[], edit_options[], get_options[],
    host_options[], init_options[], log_options[], policy_options[], recovery_options[],
    reminders_options[], rotate_options[], run_options[], schedule_options[], token_options[],
    udev_options[];
extern const struct verb host_verbs[], recovery_verbs[], reminders_verbs[], token_verbs[],
    udev_verbs[];

int cmd_add(struct app *, const struct arguments *);
int cmd_doctor(struct app *, const struct arguments *);
int cmd_due(struct app *, const struct arguments *);
int cmd_edit(struct app *, const struct arguments *);
int cmd_get(struct app *, const struct arguments *);
int cmd_help(struct app *, const struct arguments *);
int cmd_history(struct app *, const struct arguments *);
int cmd_init(struct app *, const struct arguments *);
int cmd_list(struct app *, const struct arguments *);
int cmd_log(struct app *, const struct arguments *);
int cmd_policy(struct app *, const struct arguments *);
int cmd_remove(struct app *, const struct arguments *);
int cmd_rename(struct app *, const struct arguments *);
int cmd_rotate(struct app *, const struct arguments *);
int cmd_run(struct app *, const struct arguments *);
int cmd_schedule(struct app *, const struct arguments *);
int cmd_show(struct app *, const struct arguments *);
int cmd_snooze(struct app *, const struct arguments *);
int cmd_status(struct app *, const struct arguments *);
int cmd_version(struct app *, const struct arguments *);

/* What `help COMMAND` prints; NULL: what `help` prints. Exit status. */
int help_for(const struct app *, const struct command *);

#endif
