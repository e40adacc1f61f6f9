/* SPDX-License-Identifier: BSD-2-Clause */
/* A host's request, on both sides: made on the new host, taken and confirmed on
 * an approved one. */
#ifndef TOUCHVAULT_CLI_HOST_REQUEST_H
#define TOUCHVAULT_CLI_HOST_REQUEST_H

#include "cli/app.h"

/* Print this host's request; how its key is kept, fingerprint and what to do next go to
 * standard error. Makes the host key where there is none. Exit status, reported. */
int host_request_print(struct app *, const struct vault_new_host *, const char *name)
    __attribute__((warn_unused_result));

/* A request from a file, from standard input (path "-", or NULL), or, where that is a
 * terminal, pasted. Exit status, reported. */
int host_request_read(const struct app *, const char *path, struct vault_host_request *ret)
    __attribute__((warn_unused_result));

/* That the person means this request: typed is its fingerprint, or NULL to ask
 * for it on the terminal, where one that came with the request is refused. It is
 * never shown here. Exit status, reported. */
int host_request_confirm(const struct app *, const struct vault_host_request *, const char *typed)
    __attribute__((warn_unused_result));

#endif
