/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the vault meets the token. All return exit statuses; errors have been reported. */
#ifndef TOUCHVAULT_CLI_SESSION_H
#define TOUCHVAULT_CLI_SESSION_H

#include "cli/app.h"

/* Open the vault without a touch. Says on standard error when this host has no
 * state for it yet ("not verified yet"). A default vault that is missing while
 * others are there names the others. */
int session_open(struct app *, struct vault **ret) __attribute__((warn_unused_result));
/* The same, for who goes on without it: a refusal is logged, but nothing is said. An
 * error of the vault's. */
int session_try(const struct app *, const struct paths *, struct vault **ret)
    __attribute__((warn_unused_result));

/* There is no vault: which others are there. STATUS_NOT_FOUND, reported. */
int session_no_vault(const struct app *, const struct paths *) __attribute__((warn_unused_result));
/* It can't be opened, which the audit log is told if it is a refusal. Reported. */
int session_refused(const struct app *, const struct paths *, int err)
    __attribute__((warn_unused_result));
/* What a command that ends with that status leaves in the log, if it is a refusal: of
 * an open vault, or of one that was still to be opened. Returns the status. */
int session_log_refusal(struct vault *, int status);
int session_log_closed(const struct paths *, int status);
/* That this host has no state for the vault, or that of another generation. */
void session_note_trust(const struct app *, const struct vault *);

/* One touch. purpose completes "Touch the token TO ..." ("get ibkr/live");
 * it is text from outside. entry, if not NULL, is checked for damage before
 * anyone is asked to touch. */
int session_unlock(struct app *, struct vault *, const struct vault_entry_info *entry,
    const char *purpose) __attribute__((warn_unused_result));

/* Whether an operand can be an entry's name at all: before anything else is
 * done. One that can't is not repeated, as it may be a secret. */
int session_name_check(const struct app *, const char *name) __attribute__((warn_unused_result));
/* The entry of that name, or STATUS_NOT_FOUND reported. */
int session_find(struct app *, const struct vault *, const char *name,
    const struct vault_entry_info **ret) __attribute__((warn_unused_result));

/* That a commit could be written at all: before anybody types what it is to store. */
int session_commit_check(const struct app *, struct vault *) __attribute__((warn_unused_result));

/* Touch, then commit change. Before the touch: that a commit could be written
 * at all. */
int session_change(struct app *, struct vault *, const char *purpose, vault_change_fn change,
    void *ctx) __attribute__((warn_unused_result));

/* vault_commit at app->now, of a vault that is unlocked. 0 or enum vault_err, not
 * reported: some have a meaning to the command. */
int session_commit(struct app *, struct vault *, vault_change_fn change, void *ctx)
    __attribute__((warn_unused_result));

/* Touch, for a change of the tokens, by the one called only (NULL: any), and not
 * by the one called except. What could be written is checked before. */
int session_unlock_by(struct app *, struct vault *, const char *purpose, const char *only,
    const char *except) __attribute__((warn_unused_result));

/* How a token is to be enrolled. The names and pin_mode ("if-set", "required",
 * "never") have been checked. */
struct session_new {
	const char *pin_mode;
	bool allow_without_touch;
	bool no_passphrase;                 /* of a YubiKey's slot; FIDO2 has none */
	const char *token_name, *host_name; /* host_name: of a new vault */
	const char *device;                 /* NULL: the one plugged in */
	bool further;                       /* must be none of the vault's */
	struct vault_new_host host;         /* of a new vault */
};
/* Names of tokens and hosts. */
bool session_human_name_valid(const char *name);
/* The hostname, if it is well-formed. Returns buf, or a constant. */
const char *session_own_host_name(char buf[static VAULT_HUMAN_NAME_MAX + 1]);
/* pin_mode and token_name. Exit status, reported. */
int session_new_check(const struct app *, const struct session_new *)
    __attribute__((warn_unused_result));
/* Enrol a token for a new vault and make it (init). */
int session_create(struct app *, const struct session_new *, struct vault **ret)
    __attribute__((warn_unused_result));

#endif
