/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM's part of vault/tpm.h, in the child: everything that needs tpm2-tss. */
#ifndef TOUCHVAULT_VAULT_TPM_ESYS_H
#define TOUCHVAULT_VAULT_TPM_ESYS_H

#include "vault/tpm.h"

/* As tpm_seal, with the path in ret, and tpm_unseal. */
int tpm_esys_seal(const uint8_t auth[static TPM_AUTH_LEN],
    const uint8_t secret[static TPM_SECRET_LEN], struct tpm_sealed *ret)
    __attribute__((warn_unused_result));
int tpm_esys_unseal(const struct tpm_sealed *, const uint8_t auth[static TPM_AUTH_LEN],
    uint8_t ret[static TPM_SECRET_LEN]) __attribute__((warn_unused_result));

#endif
