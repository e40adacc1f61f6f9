/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of an audit log, and what is sealed in its lines: of audit.c. */
#ifndef TOUCHVAULT_VAULT_AUDIT_FILE_H
#define TOUCHVAULT_VAULT_AUDIT_FILE_H

#include "vault/audit.h"

/* VAULT_ERR_AUDIT, with errno as it is: of the log, or of a file beside it. */
int audit_failed(const struct audit_log *) __attribute__((warn_unused_result));
int audit_failed_at(const struct audit_log *, const char *name) __attribute__((warn_unused_result));
void audit_key_name(const struct audit_log *, char ret[static NAME_MAX + 1]);
/* 0 is the current file. */
void audit_old_name(const struct audit_log *, unsigned n, char ret[static NAME_MAX + 1]);
/* A file that is nobody else's, by flags of open; made 0600. -1, errno. */
int audit_open_own(const struct audit_log *, const char *name, int flags);
/* VAULT_ERR_DAMAGED where it isn't one. ret in locked memory. */
int audit_chain_read_fd(const struct audit_log *, int fd, struct audit_chain *ret)
    __attribute__((warn_unused_result));
/* Whether that is no more than is read of a file at once; else errno says so. */
bool audit_can_be_read(uint64_t len);
/* The lines of one file, in p. What fn returned. */
int audit_each_line(const char *p, size_t len, unsigned file, audit_place_fn fn, void *ctx)
    __attribute__((warn_unused_result));
/* The box of a line, whose number is set. */
void audit_names_put(struct audit_line *, const struct audit_record *);
void audit_seal_put(
    struct audit_line *, const struct audit_anchor *, const uint8_t key[static KEY_LEN]);

#endif
