/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of hosts: those of a vault, and this one. */
#ifndef TOUCHVAULT_CLI_HOST_LIST_H
#define TOUCHVAULT_CLI_HOST_LIST_H

#include "cli/app.h"

/* The hosts of the vault on standard output. Exit status. */
int host_list_print(const struct app *, const struct vault *) __attribute__((warn_unused_result));

/* Who came in by a host (NULL: by the recovery sheet), and is not out with it: how each
 * is revoked. */
void host_list_warn_of_let_in(const struct app *, const struct vault *, const char *name);

/* This host: key, grade, and the vaults that it has seen, with the one that app
 * names. Exit status, reported. */
int host_show(struct app *) __attribute__((warn_unused_result));

#endif
