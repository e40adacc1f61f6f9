/* SPDX-License-Identifier: BSD-2-Clause */
/* What the index says of an entry, for people and as JSON: fields and labels by the
 * alphabet. No secrets. */
#ifndef TOUCHVAULT_CLI_ENTRY_INFO_H
#define TOUCHVAULT_CLI_ENTRY_INFO_H

#include <jansson.h>

#include "vault/vault.h"

#define ENTRY_FIELDS_TEXT_MAX (VAULT_FIELDS_MAX * (VAULT_FIELD_NAME_MAX + 2) + 1)

/* The names of the fields, ", " between them; "-" where there is none. */
const char *entry_fields_text(
    const struct vault_entry_info *, char buf[static ENTRY_FIELDS_TEXT_MAX]);
/* How long that is. */
size_t entry_fields_width(const struct vault_entry_info *);
/* Print it. */
void entry_fields_print(const struct vault_entry_info *);
/* Print the labels on one line as "key=value, key=value", no newline. */
void entry_labels_print(const struct vault_entry_info *);
/* {name, fields, labels, created, modified, version, rotate_now}; NULL: no memory. */
json_t *entry_json(const struct vault_entry_info *) __attribute__((warn_unused_result));

#endif
