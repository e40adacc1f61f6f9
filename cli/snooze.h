/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host isn't told of for a while: a matter between one person and one machine,
 * so it is kept here, without a touch, and not in the vault. */
#ifndef TOUCHVAULT_CLI_SNOOZE_H
#define TOUCHVAULT_CLI_SNOOZE_H

#include "cli/app.h"
#include "vault/vault.h"

/* Longer is not put off, but given up. */
#define SNOOZE_DAYS_MAX 90
static inline int64_t snooze_latest(const struct app *app)
{
	return app->now + SNOOZE_DAYS_MAX * (int64_t)PERIOD_DAY_SECONDS;
}

/* From this host's file into rotation.snoozed of the entries, until the vault is loaded
 * again. A file that can't be read, or is damaged, is told of: then nothing is snoozed. */
void snooze_apply(const struct app *, struct vault *);
/* Of one entry; until 0: not any more. What no longer counts leaves the file. Exit
 * status, reported. */
int snooze_set(const struct app *, struct vault *, const struct vault_entry_info *, int64_t until)
    __attribute__((warn_unused_result));

#endif
