/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vault: the public interface. FORMAT.md describes the bytes, and the
 * security design what they promise.
 *
 * A vault is opened without a touch (vault_open: index, names, slots), then
 * unlocked with one (vault_unlock), then entries are opened or changes made
 * in memory and committed (vault_commit). Reads never write the vault file.
 *
 * Nothing here waits for a finger: the caller hands vault_unlock a function
 * that brings a slot's response.
 */
#ifndef TOUCHVAULT_VAULT_H
#define TOUCHVAULT_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/err.h"
#include "vault/rotation.h"
#include "vault/secret.h"

/* Limits of FORMAT.md, section "Limits". */
#define VAULT_ID_LEN 16
#define VAULT_SALT_LEN 32
#define VAULT_NAME_MAX 128 /* entry names, bytes */
#define VAULT_FIELD_NAME_MAX 64
#define VAULT_LABEL_KEY_MAX 64
#define VAULT_LABEL_VALUE_MAX 1024
#define VAULT_FIELDS_MAX 64 /* per entry */
#define VAULT_LABELS_MAX 64
#define VAULT_ENTRY_MAX (256 * 1024) /* plaintext bytes of one entry */
#define VAULT_ENTRIES_MAX 65535
#define VAULT_TOKEN_SLOTS_MAX 16
#define VAULT_HOST_SLOTS_MAX 64
#define VAULT_CREDENTIAL_ID_MAX 1023
#define VAULT_RESPONSE_MAX 64
#define VAULT_PASSPHRASE_MAX 1024
#define VAULT_PUBLIC_KEY_LEN 64
#define VAULT_AAGUID_LEN 16
#define VAULT_HUMAN_NAME_MAX 64 /* token and host names, UTF-8 */
#define VAULT_PRODUCT_MAX 128
#define VAULT_REASON_MAX 128
#define VAULT_HISTORY_MAX 16 /* events kept of an entry */
#define VAULT_FINGERPRINT_LEN 10
#define VAULT_FINGERPRINT_TEXT 20            /* XXXX-XXXX-XXXX-XXXX and NUL */
#define VAULT_REQUEST_TEXT 352               /* of the longest request, with NUL */
#define VAULT_RECOVERY_GROUPS 8              /* of a recovery code */
#define VAULT_RECOVERY_GROUP 5               /* characters: four, and their check */
#define VAULT_RECOVERY_TEXT 48               /* groups with hyphens between them, and NUL */
#define VAULT_RECOVERY_NAME "recovery sheet" /* as vault_host_info.approver */

/* Where things are. All absolute, or relative to the working directory. */
struct vault_paths {
	const char *vault;    /* the vault file */
	const char *host_key; /* this host's secret key */
	const char *state;    /* this host's state: high-water marks, pins */
};

/* A string of the index; s is NUL-terminated and holds no other NUL. */
struct vault_label {
	const char *key;
	const char *value;
};

enum vault_event_kind {
	VAULT_EVENT_STAGED = 1,
	VAULT_EVENT_VERIFIED = 2,
	VAULT_EVENT_PROMOTED = 3,
	VAULT_EVENT_ROLLED_BACK = 4,
	VAULT_EVENT_REVOKED = 5,
	VAULT_EVENT_RETIRED = 6,
	VAULT_EVENT_ABORTED = 7,
	VAULT_EVENT_EDITED = 8, /* other values, with no rotation */
};

/* What became of an entry's credential: when, on which host, and why. */
struct vault_history_event {
	int64_t at;
	enum vault_event_kind kind;
	const char *host;
	const char *why; /* may be "" */
};

/* One entry as the index has it: all but the secrets. Borrowed from the
 * vault; valid until the next change or vault_close. */
struct vault_entry_info {
	const char *name;
	uint64_t version;          /* 1 at first, one more at every change of a field */
	int64_t created, modified; /* Unix seconds */
	size_t n_fields;
	const char *const *fields; /* names only, in canonical order */
	size_t n_labels;
	const struct vault_label *labels;
	const char *rotate_reason; /* why it is to be rotated now; "" if it isn't */
	int64_t rotate_since;
	struct rotation rotation;
	size_t n_history; /* oldest first; the oldest give way to new ones */
	const struct vault_history_event *history;
};

enum vault_slot_kind {
	VAULT_SLOT_FIDO2 = 1,
	VAULT_SLOT_YKOTP = 2,
};

/* A token slot: its clear part, and what the index says of it. */
struct vault_token_info {
	enum vault_slot_kind kind;
	bool uv, passphrase;
	const uint8_t *credential_id;
	size_t credential_id_len;
	const char *name;    /* "first", ... */
	const char *product; /* may be "" */
	uint8_t public_key[VAULT_PUBLIC_KEY_LEN];
	uint8_t aaguid[VAULT_AAGUID_LEN];
	bool without_touch; /* forced in: grade D */
	const char *serial; /* as printed on it; may be "" */
	int64_t created;
	int64_t tested; /* when it last opened the vault for a test; 0: never */
};

enum vault_host_kind {
	VAULT_HOST_ANY = 0, /* of a new key: a TPM's where it can be had */
	VAULT_HOST_KEYFILE = 1,
	VAULT_HOST_TPM2 = 2,
	VAULT_HOST_PAPER = 3, /* the recovery sheet: never one of vault_hosts */
};

struct vault_host_info {
	const char *name;
	const char *label; /* what it is for; may be "" */
	enum vault_host_kind kind;
	bool bound;       /* key bound to a machine id */
	bool virtual_tpm; /* the TPM is software of whoever runs the machine */
	bool this_host;
	int64_t created;      /* when it was approved */
	const char *approver; /* name of the host that let it in; NULL: no longer one */
};

/* The recovery sheet: what opens the vault in a host's place, with a touch. */
struct vault_sheet_info {
	int64_t created;
	const char *approver; /* name of the host that made it; NULL: no longer one */
};

/* What a host asks to be approved with: keys, and what it says of itself. */
struct vault_host_request {
	uint8_t hpk[32], hvk[32];
	enum vault_host_kind kind;
	bool bound, virtual_tpm;
	int64_t created;
	char name[VAULT_HUMAN_NAME_MAX + 1];
	uint8_t signature[64]; /* by hvk, of all before it */
};

/* This host by itself, whatever vaults there are. */
struct vault_self {
	enum vault_host_kind kind;
	bool bound, virtual_tpm;
	char fingerprint[VAULT_FINGERPRINT_TEXT];
	bool rekeying; /* a new key waits beside the old one */
	size_t n_vaults;
	char **vaults; /* paths of the vaults that it has seen */
};

/* How far the file's signature could be checked without a touch. */
enum vault_trust {
	VAULT_TRUST_VERIFIED,   /* signer pinned, or certified by one who is */
	VAULT_TRUST_UNVERIFIED, /* this host has no state for this vault yet */
	VAULT_TRUST_OLDER,      /* not what it has seen last; vault_accept.rollback */
	VAULT_TRUST_SIGNER,     /* nobody known vouches for its signer; vault_accept.signer */
	VAULT_TRUST_DAMAGED,    /* what it has seen can't be read; vault_accept.rollback */
};

struct vault_summary {
	uint64_t generation;
	uint8_t id[VAULT_ID_LEN];
	enum vault_trust trust;
	const char *signer; /* name of the host that made the generation */
	int64_t committed;  /* when, by that host's clock; never before the one before it */
	size_t n_entries, n_tokens, n_hosts;
	uint64_t file_size;
};

/* One secret field. Values are bytes. */
struct vault_field {
	const char *name;
	const uint8_t *value;
	size_t value_len;
};

/* The secret fields of one entry, in locked memory; free with entry_free. */
struct vault_entry {
	size_t n_fields;
	struct vault_field fields[VAULT_FIELDS_MAX];
};

/* What a token slot is asked, and what it answers. */
struct vault_response {
	size_t slot; /* which of the slots answered */
	uint8_t response[VAULT_RESPONSE_MAX];
	size_t response_len; /* FIDO2: 32; YubiKey: 20 */
	char passphrase[VAULT_PASSPHRASE_MAX];
	size_t passphrase_len; /* 0 where the slot has none */
};

/* "Here are the slots' public parts and the salt, bring me the response of
 * one." ret is in locked memory and is wiped after use. Non-zero: the caller
 * keeps the reason, vault_unlock returns VAULT_ERR_RESPOND. */
typedef int (*vault_respond_fn)(void *ctx, const struct vault_token_info *slots, size_t n_slots,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret);

struct vault;

/* A token that has just been enrolled, for vault_create. */
struct vault_new_token {
	enum vault_slot_kind kind;
	bool uv, passphrase, without_touch;
	const uint8_t *credential_id;
	size_t credential_id_len;
	uint8_t public_key[VAULT_PUBLIC_KEY_LEN];
	uint8_t aaguid[VAULT_AAGUID_LEN];
	const char *name, *product, *serial;
};

/* How this host's key is to be kept, where it has none yet. A key that is there
 * must be of that kind. */
struct vault_new_host {
	enum vault_host_kind kind;
	const char *tpm; /* absolute path of the TPM's device, or socket */
};
#define VAULT_TPM_DEVICE "/dev/tpmrm0"
#define VAULT_TPM_PATH_MAX 107

/* Set up the locked arena and libsodium; once, before anything else.
 * VAULT_ERR_MLOCK where memory can't be locked. Section 6. */
int vault_init(void) __attribute__((warn_unused_result));

/* What would be refused, and is taken after a touch because a person says so. NULL
 * stands for nothing. */
struct vault_accept {
	bool rollback; /* an older generation, or another one; a damaged state of this host */
	/* Who signed, by the fingerprint as a person types it, though nobody vouches for it.
	 * Borrowed until vault_close. NULL: nobody. */
	const char *signer;
};

/* Begin a new vault in two steps, because the token must answer a salt that
 * is the vault's: vault_draft makes ids and salt and checks that a vault can
 * be made there (EXISTS, UNSAFE_DIR, IO); after enrolment vault_create makes
 * generation 1 with one token slot and this host approved. The host key is
 * made in the first step where there is none, and written in the second; HOST_KIND where
 * it is there and of another kind. now: Unix seconds. */
int vault_draft(const struct vault_paths *, const struct vault_accept *,
    const struct vault_new_host *, struct vault **ret) __attribute__((warn_unused_result));
/* Why a new host key is not a TPM's although VAULT_HOST_ANY was asked for: a
 * VAULT_ERR_TPM_...; 0 if that isn't so. */
int vault_without_tpm(const struct vault *);
/* The salt that tokens answer, from the header's vault_salt (section 2). */
void vault_token_salt(const struct vault *, uint8_t ret[static VAULT_SALT_LEN]);
int vault_create(struct vault *, const struct vault_new_token *, const struct vault_response *,
    const char *host_name, int64_t now) __attribute__((warn_unused_result));

/* Open without a touch: checks the file, finds this host's slot, decrypts
 * the index, checks signature and high-water mark. On every error *ret is
 * NULL; vault_where (below) names the path that is to blame. */
int vault_open(const struct vault_paths *, const struct vault_accept *, struct vault **ret)
    __attribute__((warn_unused_result));
void vault_close(struct vault *); /* wipes; NULL is fine */
static inline void vault_closep(struct vault **v)
{
	vault_close(*v);
}

/* The path that the last failing call of vault_open, vault_draft,
 * vault_create or vault_commit was about; never NULL. With
 * VAULT_ERR_UNSAFE_DIR it is the directory others can write. */
const char *vault_where(void);
/* Who signed, in words, of the last VAULT_ERR_SIGNER and those like it: what it calls itself,
 * and its fingerprint. */
const char *vault_signer(void);
/* errno of the last VAULT_ERR_IO. */
int vault_errno(void);

void vault_summarize(const struct vault *, struct vault_summary *ret);
size_t vault_tokens(const struct vault *, const struct vault_token_info **ret);
size_t vault_hosts(const struct vault *, const struct vault_host_info **ret);
/* Entry i of vault_summary.n_entries, sorted by name (bytewise). */
const struct vault_entry_info *vault_entry_at(const struct vault *, size_t i);
/* NULL if there is none of that name. */
const struct vault_entry_info *vault_entry_find(const struct vault *, const char *name);

/* One touch: respond is called once. Checks commitment, both shares and the
 * file's tag; records the generation in the host state, which is made anew, and the
 * damaged one kept beside it, where that is accepted. Before that, checks
 * the stored checksum of the entry named, if not NULL, so that nobody is
 * asked to touch for nothing. Section 2. */
int vault_unlock(struct vault *, vault_respond_fn, void *ctx) __attribute__((warn_unused_result));
/* Read the entry's record and compare its checksum: no touch. */
int vault_entry_check(struct vault *, const struct vault_entry_info *)
    __attribute__((warn_unused_result));

/* Decrypt one entry of an unlocked vault: its current credential. */
int vault_entry_open(struct vault *, const struct vault_entry_info *, struct vault_entry **ret)
    __attribute__((warn_unused_result));
/* Which of an entry's credentials. The staged one is there in the states staged and
 * verified, the previous one in promoted and revoked. */
enum vault_set {
	VAULT_SET_CURRENT,
	VAULT_SET_STAGED,
	VAULT_SET_PREVIOUS,
};
#define VAULT_SETS 3
bool vault_entry_has(const struct vault_entry_info *, enum vault_set);
/* The same for one of them. NO_FIELD where it isn't there. */
int vault_entry_open_set(struct vault *, const struct vault_entry_info *, enum vault_set,
    struct vault_entry **ret) __attribute__((warn_unused_result));
void vault_entry_free(struct vault_entry *);
static inline void vault_entry_freep(struct vault_entry **e)
{
	vault_entry_free(*e);
}
/* NULL if there is none of that name. */
const struct vault_field *vault_entry_field(const struct vault_entry *, const char *name);

/* Changes. A commit takes the lock, re-reads the file, and calls change on
 * what it then finds (again, if it was changed meanwhile); change calls the
 * functions below, and its error, if any, ends the commit with nothing
 * written. The vault must be unlocked. Section 3. */
typedef int (*vault_change_fn)(struct vault *, void *ctx);
int vault_commit(struct vault *, vault_change_fn, void *ctx, int64_t now)
    __attribute__((warn_unused_result));
/* now is the right time, whatever the vault says: each time of something done that is
 * later becomes now, in memory and with every commit. Dates to come stay. NOMEM. */
int vault_clock_accept(struct vault *, int64_t now) __attribute__((warn_unused_result));
/* Check before asking for a touch that a commit could be written: directory
 * writable, lock file there. */
int vault_commit_check(struct vault *) __attribute__((warn_unused_result));

/* New entry, or (replace) new fields and labels for an existing one; with no
 * fields, its fields stay. Values and strings are copied. EXISTS, NO_ENTRY, ARGUMENT,
 * LIMIT; CHANGED for new fields while a rotation is under way. */
int vault_entry_put(struct vault *, const char *name, bool replace,
    const struct vault_field *fields, size_t n_fields, const struct vault_label *labels,
    size_t n_labels, int64_t now) __attribute__((warn_unused_result));
int vault_entry_rename(struct vault *, const char *from, const char *to, int64_t now)
    __attribute__((warn_unused_result));
int vault_entry_remove(struct vault *, const char *name) __attribute__((warn_unused_result));

/* Say that the entry is to be rotated now, and why; a mark that is there stays.
 * NULL takes it away. NO_ENTRY, ARGUMENT. */
int vault_entry_mark(struct vault *, const char *name, const char *reason, int64_t now)
    __attribute__((warn_unused_result));

/* The vault's own schedule; an entry's says what differs from it. */
const struct schedule *vault_schedule(const struct vault *);
/* No part of it unset. ARGUMENT. */
int vault_schedule_set(struct vault *, const struct schedule *) __attribute__((warn_unused_result));
/* What bounds all schedules, and what becomes of reading an overdue entry. */
const struct policy *vault_policy(const struct vault *);
/* A maximum age is at least a day. ARGUMENT. */
int vault_policy_set(struct vault *, const struct policy *) __attribute__((warn_unused_result));
/* What holds for an entry, within the policy, and how it stands at a time. */
struct schedule vault_entry_schedule(const struct vault *, const struct vault_entry_info *);
struct rotation_outlook vault_entry_outlook(
    const struct vault *, const struct vault_entry_info *, int64_t now);
/* Its random id, of 16 bytes, which stays when it is renamed. */
const uint8_t *vault_entry_id(const struct vault_entry_info *);

/* The entry's own schedule, and when its current credential expires; 0: never.
 * NO_ENTRY, ARGUMENT. */
int vault_entry_schedule_set(struct vault *, const char *name, const struct schedule *,
    int64_t expires) __attribute__((warn_unused_result));
/* Don't tell of it until then; 0: tell again. Not a change: it holds in memory, until
 * the vault is loaded anew. NO_ENTRY, ARGUMENT. */
int vault_entry_snooze(struct vault *, const char *name, int64_t until)
    __attribute__((warn_unused_result));
/* The current credential was replaced by hand: takes the mark away, and begins its
 * time anew. NO_ENTRY. */
int vault_entry_renewed(struct vault *, const char *name, int64_t now)
    __attribute__((warn_unused_result));

/* One step of a rotation (rotation.h). version is what the entry had when the step was
 * decided on. */
struct vault_step {
	enum rotation_event event;
	uint64_t version;
	const char *why; /* may be "" */
	int64_t now;
	/* STAGE and REPLACE: values for fields that the entry has; the others are as
	 * they are now. */
	const struct vault_field *fields;
	size_t n_fields;
	int64_t expires, works_from; /* of the staged one; 0 */
};
/* For a vault_change_fn. NO_ENTRY; CHANGED where the version is another one, or the step
 * is not allowed; EXISTS where no value is another than the current one's; NO_FIELD,
 * ARGUMENT, LIMIT. */
int vault_entry_step(struct vault *, const char *name, const struct vault_step *)
    __attribute__((warn_unused_result));

/* Changes of who can open the vault, for a vault_change_fn too. A further token,
 * with the response that it gave at enrolment: EXISTS (name or credential),
 * LIMIT, ARGUMENT. */
int vault_token_add(struct vault *, const struct vault_new_token *, const struct vault_response *,
    int64_t now) __attribute__((warn_unused_result));
/* The same token with a new credential. NO_TOKEN, ARGUMENT. */
int vault_token_replace(struct vault *, const char *name, const struct vault_new_token *,
    const struct vault_response *, int64_t now) __attribute__((warn_unused_result));
/* Leave a token out, and mark every entry. NO_TOKEN; LAST_TOKEN; TOKEN_IN_USE
 * where it is the one that was touched for this: so that one that opens is
 * left, and at hand. */
int vault_token_remove(struct vault *, const char *name, int64_t now)
    __attribute__((warn_unused_result));
int vault_token_rename(struct vault *, const char *from, const char *to)
    __attribute__((warn_unused_result));
/* Note that this one opened the vault. WRONG_RESPONSE if it was another. */
int vault_token_tested(struct vault *, const char *name, int64_t now)
    __attribute__((warn_unused_result));

/* A host whose request was confirmed; its name and label may be other ones. EXISTS
 * (name, or approved already), HOSTS_FULL, ARGUMENT. Section 4. */
int vault_host_approve(struct vault *, const struct vault_host_request *, const char *name,
    const char *label, int64_t now) __attribute__((warn_unused_result));
/* Whether there is room for another host: 0 or HOSTS_FULL. A sheet keeps a slot free
 * beside its own, for the host that comes in by it. */
int vault_host_approvable(const struct vault *) __attribute__((warn_unused_result));
/* Leave a host out, mark every entry, and vouch for those that it had approved, which
 * stay in.
 * NO_HOST, OWN_HOST, LAST_HOST. */
int vault_host_revoke(struct vault *, const char *name, int64_t now)
    __attribute__((warn_unused_result));
int vault_host_rename(struct vault *, const char *from, const char *to)
    __attribute__((warn_unused_result));
int vault_host_label(struct vault *, const char *name, const char *label)
    __attribute__((warn_unused_result));
/* Why the host can't be revoked from here: 0 or vault_host_revoke's errors. */
int vault_host_revocable(const struct vault *, const char *name)
    __attribute__((warn_unused_result));
/* Which hosts, and at their end the sheet, came in by that host (NULL: by the sheet):
 * by its approval, or by that of one which did. But not this host, nor who came in by
 * it alone. */
void vault_hosts_let_in(
    const struct vault *, const char *name, bool ret[static VAULT_HOST_SLOTS_MAX]);
/* Host i of vault_hosts. */
void vault_host_fingerprint(
    const struct vault *, size_t i, char ret[static VAULT_FINGERPRINT_TEXT]);
/* Whether what a person typed is that one's: any case, hyphens and blanks. */
bool vault_host_has_fingerprint(const struct vault *, size_t i, const char *typed);
/* NULL where its keys are of no host of the vault. */
const struct vault_host_info *vault_host_find(
    const struct vault *, const struct vault_host_request *);

/* A new key for this host, in steps of which each may be repeated after a
 * crash: _draft makes it in memory, of the kind of the old one (NULL) or the one asked for,
 * before anybody is asked for a touch (HOST_KIND where one waits that is of another kind;
 * vault_without_tpm tells as for vault_draft); _begin writes it beside the old one; the change puts
 * it in the old one's place in this vault, where _replaced doesn't say that this was done before;
 * _end lets it take the old one's place on this host. As long as another vault
 * that this host has seen, or that lies beside this one, may need the old key, _end keeps
 * both, which work side by side, and *ret_needed is as _needed tells; drop_old doesn't ask.
 * _needed: the paths of those vaults, ", " between them, malloc'ed; NULL for none. */
bool vault_host_rekey_replaced(const struct vault *);
int vault_host_rekey_draft(struct vault *, const struct vault_new_host *)
    __attribute__((warn_unused_result));
int vault_host_rekey_begin(struct vault *) __attribute__((warn_unused_result));
int vault_host_rekey(struct vault *) __attribute__((warn_unused_result));
int vault_host_rekey_needed(struct vault *, char **ret) __attribute__((warn_unused_result));
int vault_host_rekey_end(struct vault *, bool drop_old, char **ret_needed)
    __attribute__((warn_unused_result));

/* A new code, as it is printed. In locked memory, as all that follow. */
void vault_recovery_code_make(char ret[static VAULT_RECOVERY_TEXT]);
/* Take what a person typed: one or more groups, in any case, with blanks and hyphens
 * anywhere, to follow the *groups that code has by now; *groups counts those
 * that are right. RECOVERY_GROUP: the group with the number *groups (from 0) isn't,
 * or all are there and more was typed. */
int vault_recovery_code_type(const char *typed, char code[static VAULT_RECOVERY_TEXT],
    size_t *groups) __attribute__((warn_unused_result));
/* False where there is no sheet. */
bool vault_recovery_sheet(const struct vault *, struct vault_sheet_info *ret);
/* Whether a sheet can be made, in the place of the one that is there if replace says
 * so: 0, EXISTS, HOSTS_FULL. */
int vault_recovery_addable(const struct vault *, bool replace) __attribute__((warn_unused_result));
/* Changes: a sheet with that code (as _addable); no sheet, and every entry marked
 * (NO_HOST). */
int vault_recovery_add(struct vault *, const char code[static VAULT_RECOVERY_TEXT], bool replace,
    int64_t now) __attribute__((warn_unused_result));
int vault_recovery_remove(struct vault *, int64_t now) __attribute__((warn_unused_result));
/* As vault_open, on a host that is not approved, by the sheet with that code; the
 * host key is made where there is none. RECOVERY_CODE. */
int vault_recovery_open(const struct vault_paths *, const struct vault_accept *,
    const struct vault_new_host *, const char code[static VAULT_RECOVERY_TEXT], struct vault **ret)
    __attribute__((warn_unused_result));
/* The change for which such a vault was opened: this host is approved, by the sheet,
 * and makes the generation. As vault_host_approve. */
int vault_recovery_admit(struct vault *, const char *name, int64_t now)
    __attribute__((warn_unused_result));

/* This host's key and state, without any vault. NO_HOST_KEY and the errors of
 * both. vault_self_free it also after an error. */
int vault_self_read(const struct vault_paths *, struct vault_self *ret)
    __attribute__((warn_unused_result));
void vault_self_free(struct vault_self *);
static inline void vault_self_freep(struct vault_self *s)
{
	vault_self_free(s);
}
/* This host's request, as a line without a newline. The host key is made where
 * there is none, and *ret_without_tpm is then as vault_without_tpm. HOST_KIND as
 * vault_draft; ARGUMENT where the name is not well-formed. */
int vault_self_request(const struct vault_paths *, const struct vault_new_host *, const char *name,
    int64_t now, char ret[static VAULT_REQUEST_TEXT], int *ret_without_tpm)
    __attribute__((warn_unused_result));

/* A request from text, blanks around it and broken lines allowed; its signature is
 * checked. REQUEST, VERSION. */
int vault_request_decode(const char *text, size_t len, struct vault_host_request *ret)
    __attribute__((warn_unused_result));
/* Whether more text may make a request of it: so far it is the beginning of one. */
bool vault_request_begins(const char *text, size_t len);
/* Whether that can be a fingerprint, as people type them: any case, hyphens and blanks. */
bool vault_fingerprint_valid(const char *typed);
/* Whether what a person typed is the request's fingerprint: any case, hyphens and
 * blanks. FINGERPRINT; ARGUMENT where it is none at all. */
int vault_request_confirm(const struct vault_host_request *, const char *typed)
    __attribute__((warn_unused_result));
void vault_request_fingerprint(
    const struct vault_host_request *, char ret[static VAULT_FINGERPRINT_TEXT]);

/* What a vault_change_fn does, and to what: the audit log calls the commit that. The
 * changes of entries, tokens and hosts above say so themselves. */
enum vault_change_kind {
	VAULT_CHANGE_ENTRY, /* of entries, names, a key: what is not said to be another */
	VAULT_CHANGE_APPROVAL,
	VAULT_CHANGE_REVOCATION,
};
void vault_change_is(struct vault *, enum vault_change_kind, const char *name);
/* What it is besides: a line of its own. */
void vault_change_too(struct vault *, enum vault_change_kind, const char *name);

/* The audit log: vault_unlock, vault_entry_open and vault_commit write it, and
 * fail with VAULT_ERR_AUDIT where that can't be done. FORMAT.md, "Audit log". */

/* One event, as it stands there. Strings are borrowed for the call. */
struct vault_event {
	uint64_t number; /* from 1; 0: what stands there is no line of a log */
	int64_t time;
	const char *event, *command, *code; /* code: of a refusal, else "" */
	uint64_t generation;
	const char *token, *name; /* "" where there is none, or unreadable */
	bool unreadable;          /* they are under another key than this host has */
	uint8_t id[VAULT_ID_LEN];
	uint8_t mac[32];
};

/* Who is asked for the time, and told of each event that was written, or that
 * was to be and could not. For the whole process; none: time 0. */
struct vault_witness {
	const char *command; /* the word for it in the log */
	int64_t (*now)(void);
	void (*tell)(const struct vault_event *, bool written);
};
void vault_witness_set(const struct vault_witness *);

/* A command was refused, code says why (a word as "host-not-approved"): by
 * vault_open, or when v was to be unlocked. The log is written if it can be; what
 * vault_open failed with stays in vault_where() and vault_errno(). */
void vault_open_refused(const struct vault_paths *, const char *code);
void vault_unlock_refused(struct vault *, const char *code);

/* The log of the vault that the path holds, oldest event first, without a touch,
 * until fn returns non-zero, which is then returned. The host key is used for
 * names only, and left alone where none are asked for. NO_VAULT, AUDIT, and what a
 * header that is none gives. */
typedef int (*vault_event_fn)(void *ctx, const struct vault_event *);
int vault_audit_read(const struct vault_paths *, bool names, vault_event_fn, void *ctx)
    __attribute__((warn_unused_result));

/* When a touch last opened the vault on this host, by its log; 0 where that doesn't say.
 * Not proven, and without a touch. */
int64_t vault_last_unlock(const struct vault *);

#define VAULT_AUDIT_FINDINGS_MAX 16

enum vault_audit_fault {
	VAULT_AUDIT_CHANGED = 1, /* this line; from 0: not a line of a log */
	VAULT_AUDIT_MISSING,     /* lines from, to */
	VAULT_AUDIT_MISPLACED,   /* twice, or after a later one */
	VAULT_AUDIT_UNSEALED,    /* lines from, to: not what they were at the seal */
	VAULT_AUDIT_BREAK,       /* a new chain: lines before may be missing */
	VAULT_AUDIT_TORN,        /* the last line is not whole */
	VAULT_AUDIT_KEY,         /* the stored key is not the one that follows */
	VAULT_AUDIT_NO_SEAL,     /* lines from, to: nothing proves any of them */
	VAULT_AUDIT_ANEW,        /* it begins on a host that had seen the vault before */
};

struct vault_audit_finding {
	enum vault_audit_fault what;
	uint64_t from, to; /* numbers of lines, inclusive */
	unsigned file;     /* 0: the newest, 1: .1 ... */
	size_t line;       /* in that file, from 1; 0: nowhere, as at the end */
};

struct vault_audit_report {
	uint64_t n_lines, first, last; /* numbers of the first and the last line */
	int64_t first_time;
	uint64_t n_proven, proven_from; /* how many lines, and from which on; 0: none */
	int64_t proven_time;
	size_t n_faults, n_findings; /* n_findings: those of the faults that are told */
	struct vault_audit_finding findings[VAULT_AUDIT_FINDINGS_MAX];
};

/* Prove the log of an unlocked vault: 0 also where there are faults. AUDIT. */
int vault_audit_verify(struct vault *, struct vault_audit_report *ret)
    __attribute__((warn_unused_result));

/* Well-formed names: entries [A-Za-z0-9._/-], components neither empty nor
 * "." nor "..", no leading "-"; fields and label keys [A-Za-z0-9._-], no
 * leading "-". */
bool vault_name_valid(const char *name);
bool vault_field_name_valid(const char *name);
bool vault_label_valid(const char *key, const char *value); /* value: printable UTF-8 */

#endif
