/* SPDX-License-Identifier: BSD-2-Clause */
/* The code on a recovery sheet, and the key that comes from it (FORMAT.md, "Recovery
 * code"; SECURITY.md, section 4). Typing one is vault_recovery_code_type. */
#ifndef TOUCHVAULT_VAULT_RECOVERY_CODE_H
#define TOUCHVAULT_VAULT_RECOVERY_CODE_H

#include "vault/host.h"

#define RECOVERY_CODE_LEN 20

/* In locked memory, both. */
void recovery_code_encode(
    const uint8_t p[static RECOVERY_CODE_LEN], char ret[static VAULT_RECOVERY_TEXT]);
/* Of a code that vault_recovery_code_type has completed, or recovery_code_encode
 * made. */
void recovery_code_decode(
    const char code[static VAULT_RECOVERY_TEXT], uint8_t ret[static RECOVERY_CODE_LEN]);
/* The sheet's key, which has no host's state. NOMEM. */
int recovery_code_key(const char code[static VAULT_RECOVERY_TEXT], struct host_key *ret)
    __attribute__((warn_unused_result));

#endif
