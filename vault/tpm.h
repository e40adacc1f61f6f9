/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secret sealed by a TPM 2.0: 32 bytes that come back only from the TPM that
 * sealed them, and only with an authorization value (SECURITY.md, section 4).
 *
 * The TPM's libraries are loaded when they are needed, in a child that ends
 * with the call: what they leave in their heaps dies with it, and a program
 * that never asks a TPM never loads them. The child starts no other program.
 */
#ifndef TOUCHVAULT_VAULT_TPM_H
#define TOUCHVAULT_VAULT_TPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TPM_PATH_MAX 107 /* what fits into the address of a socket */
#define TPM_AUTH_LEN 32
#define TPM_SECRET_LEN 32
#define TPM_DIGEST_LEN 32
#define TPM_PRIVATE_MAX 512

/* A sealed secret: nothing in it opens without the TPM. */
struct tpm_sealed {
	char path[TPM_PATH_MAX + 1];     /* of the TPM: a device, or a socket */
	uint8_t srk[TPM_DIGEST_LEN];     /* the storage key's name, without its algorithm */
	uint8_t machine[TPM_DIGEST_LEN]; /* of a key that a clear leaves; zero: not known */
	uint8_t unique[TPM_DIGEST_LEN];  /* the object's public part; all else is constant */
	uint8_t blob[TPM_PRIVATE_MAX];   /* its private part, encrypted by the TPM */
	size_t blob_len;
	bool virtual; /* the TPM is software of whoever runs this machine */
};

/* Seal secret in the TPM at path, an absolute one, and try that it opens. auth's last
 * byte must not be zero: TPMs drop zeros there. TPM_NONE, TPM_LIBRARY,
 * TPM_PERMISSION, TPM_BUSY, TPM_LOCKED_OUT, TPM_OWNER, TPM_FAILED, NOMEM, MLOCK,
 * ARGUMENT (the path). */
int tpm_seal(const char *path, const uint8_t auth[static TPM_AUTH_LEN],
    const uint8_t secret[static TPM_SECRET_LEN], struct tpm_sealed *ret)
    __attribute__((warn_unused_result));
/* The secret, into locked memory. The same errors, and TPM_OTHER and TPM_CLEARED,
 * with nothing sent to a TPM that isn't the one; FOREIGN_HOST_KEY where it is, but
 * auth is not right. */
int tpm_unseal(const struct tpm_sealed *, const uint8_t auth[static TPM_AUTH_LEN],
    uint8_t ret[static TPM_SECRET_LEN]) __attribute__((warn_unused_result));

#endif
