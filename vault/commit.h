/* SPDX-License-Identifier: BSD-2-Clause */
/* An opened vault from the inside, and the one path for every change. */
#ifndef TOUCHVAULT_VAULT_COMMIT_H
#define TOUCHVAULT_VAULT_COMMIT_H

#include "vault/audit.h"
#include "vault/entry.h"
#include "vault/host.h"
#include "vault/own_key.h"
#include "vault/state.h"
#include "vault/store.h"

/* In locked memory. */
struct vault_keys {
	struct slot_secret slot; /* after an unlock: ssk and V */
	uint8_t a[KEY_LEN], b[KEY_LEN], master[KEY_LEN];
	struct own_key own[OWN_KEYS]; /* as far as they were read, or drafted */
	struct host_key host;         /* the one of them that the vault is opened with */
};

struct vault {
	struct store store, host_store, state_store;
	struct vault_accept accept;
	int fd;
	struct header header;
	struct token_slot token_slots[VAULT_TOKEN_SLOTS_MAX];
	struct host_slot host_slots[VAULT_HOST_SLOTS_MAX];
	uint8_t digest[DIGEST_LEN], tag[TAG_LEN], signature[SIGNATURE_LEN];
	uint64_t file_size;
	struct index index;
	struct vault_token_info token_infos[VAULT_TOKEN_SLOTS_MAX];
	struct vault_host_info host_infos[VAULT_HOST_SLOTS_MAX];
	struct vault_keys *keys;
	uint8_t own_id[HOST_ID_LEN];
	struct host_key *sheet; /* that the vault is opened by in this host's place; or NULL */
	bool next_key; /* keys->host is the one that waits beside (vault_host_rekey_begin) */
	enum vault_trust trust;
	size_t unlocked_slot;
	bool unlocked;
	bool revokes;           /* the change takes access away: no .prev is kept */
	struct host_file draft; /* of a key that is not written yet; kind 0: of none */
	int without_tpm;        /* why that isn't a TPM's, or 0 */
	bool went_back;         /* accept.rollback made a difference */
	bool took_signer;       /* accept.signer did */
	bool state_damaged;     /* it did: what was to be read is no state of this host */
	int64_t clock;          /* vault_clock_accept; 0: none */
	bool took_back;         /* that made a difference */
	struct vault_change {
		enum vault_change_kind kind;
		char name[VAULT_NAME_MAX + 1];
	} changes[2]; /* what the commit is, and what it is besides */
	size_t n_changes;
	struct audit_log audit; /* store.dirfd -1 until it is needed */
};

/* witness.c: the audit log of a vault. All VAULT_ERR_AUDIT. */
/* That it can be written, as far as that is known before a touch. */
int vault_audit_ready(struct vault *) __attribute__((warn_unused_result));
/* One event. sync: on the disk, when this returns, with all before it. */
int vault_audit_note(struct vault *, const char *event, const char *name, bool sync)
    __attribute__((warn_unused_result));
int vault_audit_sync(struct vault *) __attribute__((warn_unused_result));
/* That an entry is to be opened: synced. */
int vault_audit_entry(struct vault *, const char *name) __attribute__((warn_unused_result));
/* That a generation is in place: synced. */
int vault_audit_change(struct vault *) __attribute__((warn_unused_result));

/* Nothing open, nothing known; vault_close frees it. NULL without memory. */
struct vault *vault_alloc(void);
/* The places of p, with nothing read. */
int vault_at(const struct vault_paths *p, const struct vault_accept *, struct vault **ret)
    __attribute__((warn_unused_result));

/* load.c: read the file at v->store anew: parse, open, check; forgets what was
 * unlocked but for v->keys->slot. */
int vault_load(struct vault *) __attribute__((warn_unused_result));
void vault_unload(struct vault *);
/* From v->keys->slot to the master key; checks the file's tag. */
int vault_derive_master(struct vault *) __attribute__((warn_unused_result));
int vault_file_tag(const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t master[static KEY_LEN], const uint8_t digest[static DIGEST_LEN],
    uint8_t ret[static TAG_LEN]) __attribute__((warn_unused_result));
void vault_file_sum(const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    const uint8_t signature[static SIGNATURE_LEN], uint8_t ret[static SUM_LEN]);
/* That this host's key and state, if they are there, can be used. */
int vault_host_check(struct vault *) __attribute__((warn_unused_result));
/* Fill token slot i, wrapping secret->v and a new secret->ssk, which is in
 * locked memory. ARGUMENT. */
int vault_slot_make(struct vault *, size_t i, const struct vault_new_token *,
    const struct vault_response *, struct slot_secret *secret, int64_t now)
    __attribute__((warn_unused_result));
int vault_record_load(struct vault *, const struct index_entry *, uint8_t **ret)
    __attribute__((warn_unused_result));
/* The credentials of an entry, and the locked memory that they are in. */
int vault_sets_open(struct vault *, const struct vault_entry_info *, uint8_t **ret_plain,
    struct entry_sets *ret) __attribute__((warn_unused_result));
/* This host's state; empty where there is none, or where a damaged one is accepted, and
 * then v->state_damaged. STATE. */
int vault_state_read(struct vault *, struct state *ret) __attribute__((warn_unused_result));
/* Note this generation in the host state. */
int vault_state_note(struct vault *) __attribute__((warn_unused_result));
/* Write the state as it is by the key that v is opened with. */
int vault_state_renew(struct vault *) __attribute__((warn_unused_result));
/* clock.c: what vault_clock_accept promises, of the index as it was just read. */
int vault_clock_apply(struct vault *) __attribute__((warn_unused_result));
/* Whether files can be made where a commit makes them, without one being made. IO, AUDIT. */
int vault_places_check(struct vault *) __attribute__((warn_unused_result));

/* Write v's index and entries as the next generation; the lock is held. */
int vault_write_generation(struct vault *, bool create, int64_t now)
    __attribute__((warn_unused_result));

#endif
