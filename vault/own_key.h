/* SPDX-License-Identifier: BSD-2-Clause */
/* This host's own key, in memory and in its file; and, while it gets a new one,
 * the one that waits beside (rekey.c). */
#ifndef TOUCHVAULT_VAULT_OWN_KEY_H
#define TOUCHVAULT_VAULT_OWN_KEY_H

#include "vault/host_file.h"

enum own_key_of {
	OWN_KEY,
	OWN_KEY_NEXT, /* in host.key.new */
};
#define OWN_KEYS 2

/* In locked memory. */
struct own_key {
	struct host_key key;
	uint8_t sum[HOST_SUM_LEN];  /* of the file that it is from; zero: of none */
	char tpm[TPM_PATH_MAX + 1]; /* the path of the one that seals it; "": none does */
};

struct vault;

/* The key from its file into v->keys->own, once for each content of the file: a TPM
 * takes its time. NO_HOST_KEY, DAMAGED_HOST_KEY, FOREIGN_HOST_KEY, VERSION, and as
 * tpm_unseal. */
int own_key_load(struct vault *, enum own_key_of) __attribute__((warn_unused_result));
/* The same, and v->keys->host is it from now on. */
int own_key_use(struct vault *, enum own_key_of) __attribute__((warn_unused_result));
/* Where there is none, a new key in memory, before anybody is asked for a touch:
 * so that a TPM that can't do it is known by then. HOST_KIND where there is
 * one, which isn't of the kind asked for; as own_key_load, and as tpm_seal. */
int own_key_draft(struct vault *, enum own_key_of, const struct vault_new_host *)
    __attribute__((warn_unused_result));
/* Write the draft to its file, unless there is a key by now. v->keys->own has the one
 * that is in the file then; if it is OWN_KEY, it is used. */
int own_key_make(struct vault *, enum own_key_of) __attribute__((warn_unused_result));
/* The key that waits beside takes the place of the other one; the lock is held. */
int own_key_promote(struct vault *) __attribute__((warn_unused_result));

#endif
