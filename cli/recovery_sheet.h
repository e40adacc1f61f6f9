/* SPDX-License-Identifier: BSD-2-Clause */
/* What is on a recovery sheet, and where it is put; and what is said of the one that a
 * vault has. */
#ifndef TOUCHVAULT_CLI_RECOVERY_SHEET_H
#define TOUCHVAULT_CLI_RECOVERY_SHEET_H

#include <jansson.h>

#include "cli/app.h"

#define RECOVERY_SINCE_MAX (VAULT_HUMAN_NAME_MAX + 64)

struct recovery_sheet {
	const char *vault; /* its file */
	const struct vault *v;
	const char *code; /* in locked memory */
};

/* Whether a file of that name can be made, before anything else is done: its suffix
 * says the format. Exit status, reported. */
int recovery_sheet_check(const struct app *, const char *path) __attribute__((warn_unused_result));
/* Print the sheet on standard output, which is a terminal; or make the file, 0600, which
 * must not be there, and have it on disk. Exit status, reported. */
int recovery_sheet_print(const struct app *, const struct recovery_sheet *)
    __attribute__((warn_unused_result));
int recovery_sheet_write(const struct app *, const struct recovery_sheet *, const char *path)
    __attribute__((warn_unused_result));

/* "since 2026-11-24 08:00 UTC, by box"; false where the vault has no sheet. */
bool recovery_sheet_since(const struct vault *, char ret[static RECOVERY_SINCE_MAX]);
/* {"created": TIME, "by": TEXT or null}, or null. */
json_t *recovery_sheet_json(const struct vault *) __attribute__((warn_unused_result));

#endif
