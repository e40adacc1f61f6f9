/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_VAULT_HOSTS_H
#define TOUCHVAULT_VAULT_HOSTS_H

#include "vault/commit.h"

/* What a host that is no longer listed had certified is certified by another one,
 * so that hosts which have seen neither can follow. Those that its own certificate
 * came through keep theirs: they would vouch for each other in a circle, and a host
 * that knows the one that left can still check them. */
void hosts_certify_anew(
    struct vault *, const uint8_t certifier[static HOST_ID_LEN], const struct host_key *by);

#endif
