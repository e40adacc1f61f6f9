/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_VAULT_HOSTS_H
#define TOUCHVAULT_VAULT_HOSTS_H

#include "vault/commit.h"

/* Certify those whose certifier is no longer listed: this host knows them, and others,
 * which have seen neither, can follow. But for those that its own certificate came
 * through: they would vouch for each other in a circle, and a host that knows the one
 * that left can still check them. */
void hosts_vouch(struct vault *);
/* A new one, zeroed, behind the others and before the sheet; there is room for it. */
struct index_host *hosts_insert(struct vault *);
/* Leave a host or the sheet out, and see to it that no generation before is kept. */
void hosts_remove(struct vault *, size_t i);
/* Every entry is to be rotated now. */
int hosts_mark_entries(struct vault *, const char *reason, int64_t now)
    __attribute__((warn_unused_result));

#endif
