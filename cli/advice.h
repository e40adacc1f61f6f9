/* SPDX-License-Identifier: BSD-2-Clause */
/* What to do next, for each error of the libraries: the second half of the
 * sentence whose first half is vault_strerror or token_strerror. */
#ifndef TOUCHVAULT_CLI_ADVICE_H
#define TOUCHVAULT_CLI_ADVICE_H

/* Without a full stop; never NULL. */
const char *advice_for_vault(int err);
const char *advice_for_token(int err);

#endif
