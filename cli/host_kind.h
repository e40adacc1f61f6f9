/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to keep a new host key: the options --kind and --tpm. */
#ifndef TOUCHVAULT_CLI_HOST_KIND_H
#define TOUCHVAULT_CLI_HOST_KIND_H

#include "cli/app.h"
#include "cli/option.h"

/* What they say. Exit status, reported. */
int host_kind_option(const struct app *, const struct arguments *, struct vault_new_host *ret)
    __attribute__((warn_unused_result));
/* Say on standard error why the key is in a file although a TPM's would be better;
 * without_tpm: as vault_without_tpm. */
void host_kind_note(const struct app *, int without_tpm);

#endif
