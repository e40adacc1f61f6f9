/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_CLI_RECOVERY_OPEN_H
#define TOUCHVAULT_CLI_RECOVERY_OPEN_H

#include "cli/app.h"
#include "vault/vault.h"

/* A vault by its recovery sheet: asks for the code on the terminal, and makes a key of
 * this host as new says if it has none. Exit status, reported. */
int recovery_open(struct app *, const struct paths *, const struct vault_new_host *new,
    struct vault **ret) __attribute__((warn_unused_result));

#endif
