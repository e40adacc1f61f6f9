/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that keeps a host's secret seed: encrypted in it, or sealed by the
 * machine's TPM (FORMAT.md, "Host key"; SECURITY.md, section 4). */
#ifndef TOUCHVAULT_VAULT_HOST_FILE_H
#define TOUCHVAULT_VAULT_HOST_FILE_H

#include "vault/aead.h"
#include "vault/buf.h"
#include "vault/host.h"
#include "vault/tpm.h"

#define HOST_FILE_MAGIC "TVHOST1\n"
#define HOST_FILE_MAX 795
#define HOST_KEYFILE_LEN 148
#define HOST_TPM2_FIXED_LEN 176
#define HOST_FLAG_BOUND 0x01
#define HOST_FLAG_VIRTUAL 0x02
#define HOST_BINDING_LEN 32
#define HOST_SALT_LEN 32
#define HOST_SUM_LEN 32

struct host_file {
	enum vault_host_kind kind;
	bool bound; /* to a machine id */
	uint8_t salt[HOST_SALT_LEN];
	uint8_t box[HOST_SEED_LEN + AEAD_OVERHEAD]; /* of a key file */
	struct tpm_sealed sealed;                   /* of a TPM */
};

/* DAMAGED_HOST_KEY, VERSION. */
int host_file_decode(const uint8_t *p, size_t len, struct host_file *ret)
    __attribute__((warn_unused_result));
/* The length. */
size_t host_file_encode(const struct host_file *, uint8_t ret[static HOST_FILE_MAX]);

/* The key, into locked memory. binding: of this machine; not used by a key that is
 * bound to none. FOREIGN_HOST_KEY; of a TPM as tpm_unseal. */
int host_file_open(const struct host_file *, const uint8_t binding[static HOST_BINDING_LEN],
    struct host_key *ret) __attribute__((warn_unused_result));
/* A new key, into locked memory, and its file. VAULT_HOST_ANY is a TPM's where that
 * can be had, and else a file's: *ret_why is then why. It is 0 else, as on errors.
 * A busy TPM is an error for both: the key is made for years. As tpm_seal. */
int host_file_create(const struct vault_new_host *, const uint8_t binding[static HOST_BINDING_LEN],
    bool bound, struct host_key *ret_key, struct host_file *ret, int *ret_why)
    __attribute__((warn_unused_result));

#endif
