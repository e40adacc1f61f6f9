/* SPDX-License-Identifier: BSD-2-Clause */
/* How strong a vault's tokens and hosts are: SECURITY.md, section 5. 'A' is
 * the best, 'D' the worst; several are as good as the weakest of them. */
#ifndef TOUCHVAULT_CLI_GRADE_H
#define TOUCHVAULT_CLI_GRADE_H

#include "vault/vault.h"

#define GRADE_ADVICE_MAX 4

char grade_of_token(const struct vault_token_info *);
char grade_of_host(const struct vault_host_info *);
/* The word for its kind, and how its key is kept. */
const char *grade_host_kind(const struct vault_host_info *);
const char *grade_host_way(const struct vault_host_info *);
char grade_of_tokens(const struct vault_token_info *, size_t n);
char grade_of_hosts(const struct vault_host_info *, size_t n);

/* What would raise the grade, or keep the vault from being lost: sentences.
 * Returns how many there are. */
size_t grade_advice(const struct vault_token_info *, size_t n_tokens,
    const struct vault_host_info *, size_t n_hosts, const char *ret[static GRADE_ADVICE_MAX]);

#endif
