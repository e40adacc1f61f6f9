/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to a TPM, for the ESYS library: a character device, or the socket that
 * a TPM in software listens on. The library's own would be loaded by a name that
 * is configured, don't tell why a device can't be opened, and wait for ever.
 */
#ifndef TOUCHVAULT_VAULT_TPM_DEVICE_H
#define TOUCHVAULT_VAULT_TPM_DEVICE_H

#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tpm2_types.h>

struct tpm_device {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first: all that the library knows of */
	int fd;
	int err;          /* of the first call that failed; then all fail */
	int64_t deadline; /* of CLOCK_MONOTONIC, in ms: of the command under way */
	size_t len;
	uint8_t response[TPM2_MAX_RESPONSE_SIZE];
};

/* TPM_NONE, TPM_PERMISSION, TPM_BUSY, TPM_FAILED. */
int tpm_device_open(const char *path, struct tpm_device *ret) __attribute__((warn_unused_result));
void tpm_device_close(struct tpm_device *);

#endif
