/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a rotation, as commands make them. All return exit statuses; errors have
 * been reported. */
#ifndef TOUCHVAULT_CLI_ROTATE_H
#define TOUCHVAULT_CLI_ROTATE_H

#include "cli/fields.h"

struct rotate {
	const char *name;
	struct vault_step step; /* the event, and what is staged; the rest is filled in */
	char why[VAULT_REASON_MAX + 1];
};

/* Whether the step may be made now, as the vault is on disk: before a touch. */
int rotate_check(struct app *, const struct vault *, struct rotate *)
    __attribute__((warn_unused_result));
/* rotate_check, a touch if the vault isn't unlocked yet, and one commit. */
int rotate_step(struct app *, struct vault *, bool unlocked, struct rotate *)
    __attribute__((warn_unused_result));
/* One touch; the command with the staged credential; if that ends with 0, one commit that
 * says so and one that promotes. */
int rotate_verify(struct app *, struct vault *, const char *command, struct rotate *)
    __attribute__((warn_unused_result));
/* The broker has revoked the old one: a commit that says so, one that wipes it. */
int rotate_revoke_and_retire(struct app *, struct vault *, struct rotate *)
    __attribute__((warn_unused_result));
/* Lead a person through all that is left. */
int rotate_guide(struct app *, const char *name) __attribute__((warn_unused_result));

/* The staged one, or the old one: it is of no use any more. */
bool rotate_other_expired(const struct vault_entry_info *, int64_t now);
/* What is wrong with the dates of a new credential, or NULL. */
const char *rotate_dates_wrong(int64_t expires, int64_t works_from, int64_t now);

/* What is to be done next, in a sentence. */
#define ROTATE_NEXT_MAX 512
const char *rotate_next(const struct vault *, const struct vault_entry_info *, int64_t now,
    char buf[static ROTATE_NEXT_MAX]);
/* Say where the entry's rotation is. */
int rotate_status(const struct app *, const struct vault *, const char *name)
    __attribute__((warn_unused_result));

#endif
