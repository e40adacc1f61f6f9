/* SPDX-License-Identifier: BSD-2-Clause */
/* The vault's policy, where credentials are read and schedules made. */
#ifndef TOUCHVAULT_CLI_POLICY_H
#define TOUCHVAULT_CLI_POLICY_H

#include "cli/app.h"

/* For `get` and `run`: the way out of a policy that refuses. */
#define POLICY_OPTION                                                                             \
	{                                                                                         \
		"overdue", NULL, false, "even if it is overdue and the vault's policy refuses it" \
	}

/* Whether the entry's current credential may be given out at now; says so where it is
 * overdue. allowed: whether the option is given. Exit status, reported. */
int policy_read_check(const struct app *, struct vault *, const struct vault_entry_info *,
    bool allowed, int64_t now) __attribute__((warn_unused_result));
/* Whether a schedule may have that; an unset one may be had. Exit status, reported. */
int policy_every_check(const struct app *, const struct policy *, struct period every)
    __attribute__((warn_unused_result));
/* Whether an entry's schedule is cut short by the policy. */
bool policy_bounds(const struct vault *, const struct vault_entry_info *);
/* How many entries are neither overdue nor expired. */
size_t policy_in_time(const struct vault *, int64_t now);

#endif
