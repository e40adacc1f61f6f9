/* SPDX-License-Identifier: BSD-2-Clause */
/* tpm2-tss, loaded at run time: its types at build time, its functions in a
 * table; a TPM opened with it, and what its errors mean. */
#ifndef TOUCHVAULT_VAULT_TPM_TSS_H
#define TOUCHVAULT_VAULT_TPM_TSS_H

#include <stdbool.h>
#include <stdint.h>

#include <tss2/tss2_esys.h>

#include "vault/tpm.h"
#include "vault/tpm_device.h"

#define TSS_FUNCTIONS(X)        \
	X(Initialize)           \
	X(Finalize)             \
	X(Free)                 \
	X(GetCapability)        \
	X(TR_FromTPMPublic)     \
	X(TR_Serialize)         \
	X(TR_SetAuth)           \
	X(TRSess_SetAttributes) \
	X(CreatePrimary)        \
	X(StartAuthSession)     \
	X(Create)               \
	X(Load)                 \
	X(Unseal)               \
	X(FlushContext)

struct tss {
#define X(name) __typeof__(Esys_##name) *name;
	TSS_FUNCTIONS(X)
#undef X
};
extern struct tss tss; /* filled by tpm_open */

struct tpm {
	struct tpm_device device;
	ESYS_CONTEXT *ctx;
	ESYS_TR srk, session;
	bool srk_transient;
	uint8_t srk_name[TPM_DIGEST_LEN];
};

/* As tpm_device_open, and TPM_LIBRARY; MLOCK, as all that comes after it is in locked
 * memory. tpm_close in every case, which flushes
 * session and storage key: a TPM without a resource manager keeps what isn't. */
int tpm_open(const char *path, struct tpm *ret) __attribute__((warn_unused_result));
void tpm_close(struct tpm *);
void tpm_flush(struct tpm *, ESYS_TR *object);

/* 0, or TPM_BUSY, TPM_LOCKED_OUT, TPM_PERMISSION, TPM_FAILED. */
int tpm_err(const struct tpm *, TSS2_RC) __attribute__((warn_unused_result));
/* The TPM's own answer, and not a failure on the way: that an authorization isn't
 * right, or what is authorized is switched off. */
bool tpm_is_denied(TSS2_RC);
/* ... that something in the command isn't right. */
bool tpm_is_refused(TSS2_RC);
/* ... that there is nothing at a handle. */
bool tpm_is_absent(TSS2_RC);

#endif
