/* SPDX-License-Identifier: BSD-2-Clause */
/* What `due` has found, and the forms in which it is told. */
#ifndef TOUCHVAULT_CLI_DUE_H
#define TOUCHVAULT_CLI_DUE_H

#include "cli/stale.h"

struct due_item {
	const struct vault_entry_info *info; /* borrowed from the vault */
	struct rotation_outlook outlook;
};

struct due_list {
	size_t n;
	struct due_item *items; /* the worst first, then by date and name */
	int64_t now;
	struct stale stale;
};

/* All print on standard output. Exit statuses. */
int due_print(const struct app *, const struct due_list *) __attribute__((warn_unused_result));
int due_print_json(const struct app *, const struct vault *, const struct due_list *)
    __attribute__((warn_unused_result));
/* A calendar (RFC 5545): an event for each date of each item, whose UID stays the same. */
int due_print_ics(const struct app *, const struct vault *, const struct due_list *)
    __attribute__((warn_unused_result));

#endif
