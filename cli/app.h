/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for the whole run of the program: the global options. */
#ifndef TOUCHVAULT_CLI_APP_H
#define TOUCHVAULT_CLI_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vault/vault.h"

struct app {
	const char *vault_option; /* --vault as given, or NULL */
	const char *vault;        /* that, else TOUCHVAULT_VAULT, else "default" */
	const char *device;       /* --device, else FIDO2_TOKEN, else NULL */
	bool json;
	struct vault_accept accept;
	bool accept_clock;
	const char *command;  /* its name, for messages; NULL before it is known */
	bool status_125;      /* `run`: every failure of our own ends with 125 */
	mode_t umask;         /* what it was: `run` gives it back to its child */
	bool sigpipe_ignored; /* by whoever started us; likewise */
	bool sigxfsz_ignored;
	int64_t clock; /* Unix seconds, read once at the start */
	int64_t now;   /* what dates are held against: the clock, until a vault is open (clock.h) */
	bool clock_told;
};

/* Where the vault named by app is, and this host's files. Strings are owned by
 * paths. See paths.c for the rules. Returns an exit status; the error has been
 * reported. */
struct paths {
	char *vault, *host_key, *state;
	char *vault_dir;    /* the directory that NAME.tv files are in */
	bool vault_is_name; /* a name, not a path: its directory may be made */
	/* Of paths_make_dirs: how long the path of the first directory is that it made for
	 * each; 0: none. */
	size_t state_made, vault_made;
	bool audit_was_there;
};
int paths_find(const struct app *, struct paths *ret) __attribute__((warn_unused_result));
/* Make the directories that init needs, 0700, parents too. Exit status. */
int paths_make_dirs(const struct app *, struct paths *) __attribute__((warn_unused_result));
/* Remove those of them that are empty, when nothing came of it. */
void paths_drop_dirs(const struct paths *);
/* The state directory only, if it can be made. */
void paths_make_state_dir(const struct paths *);
/* As mkdir -p, with the mode that the specification asks for. Exit status. */
int paths_make_dir(const struct app *, char *path) __attribute__((warn_unused_result));
/* $XDG_CONFIG_HOME, or ~/.config, and what is below it, from "/" on; malloc'ed. Exit
 * status. */
int paths_config(const struct app *, const char *below, char **ret)
    __attribute__((warn_unused_result));
void paths_free(struct paths *);
static inline void paths_freep(struct paths *p)
{
	paths_free(p);
}
static inline struct vault_paths paths_for_vault(const struct paths *p)
{
	return (
	    struct vault_paths){ .vault = p->vault, .host_key = p->host_key, .state = p->state };
}

#endif
