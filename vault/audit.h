/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of one vault's audit log on this host (FORMAT.md, "Audit log"). All
 * failures are VAULT_ERR_AUDIT, with vault_where() and vault_errno(). */
#ifndef TOUCHVAULT_VAULT_AUDIT_H
#define TOUCHVAULT_VAULT_AUDIT_H

#include "vault/audit_line.h"
#include "vault/store.h"

#define AUDIT_DIR "audit"
#define AUDIT_ROTATE_LEN ((size_t)4194304)
#define AUDIT_OLD_FILES 7
#define AUDIT_FILE_MAX ((size_t)64 * 1024 * 1024) /* what is read of one */
#define AUDIT_NAMES_PAD 64
#define AUDIT_SEEN "seen" /* the code of a seal of such an anchor */

struct audit_log {
	struct store store; /* dirfd -1: not open */
	uint8_t vault_id[VAULT_ID_LEN];
};

/* What an unlocked vault brings: it opens seals, and makes them. */
struct audit_anchor {
	uint8_t key[KEY_LEN];
	uint8_t id[AUDIT_ANCHOR_LEN];
	bool seen; /* by this host before, so that its log doesn't begin now */
};
/* ret in locked memory; seen is the caller's. VAULT_ERR_INTERNAL. */
int audit_anchor_derive(const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t v[static KEY_LEN], struct audit_anchor *ret) __attribute__((warn_unused_result));

/* The log of a vault beside the host's state. make: make the directory. */
int audit_open(const struct store *state, const uint8_t vault_id[static VAULT_ID_LEN], bool make,
    struct audit_log *ret) __attribute__((warn_unused_result));
void audit_close(struct audit_log *);

struct audit_record {
	int64_t time;
	const char *event, *command, *code; /* words; "" for none */
	uint64_t gen;
	const uint8_t *names_key; /* KEY_LEN; NULL: names are left out */
	const char *token, *name; /* "" for none */
};

/* Append a line; before it a begin or, with an anchor, a seal, where one is due.
 * With sync, it is on the disk when this returns. ret may be NULL. */
int audit_append(const struct audit_log *, const struct audit_anchor *, const struct audit_record *,
    bool sync, struct audit_line *ret) __attribute__((warn_unused_result));
/* What was appended without sync is on the disk when this returns. */
int audit_sync(const struct audit_log *) __attribute__((warn_unused_result));
/* Token and name of a line's box, at most AUDIT_BOX_MAX bytes; false where there
 * are none or the key is another. */
bool audit_names_open(const uint8_t names_key[static KEY_LEN], const struct audit_line *,
    char ret[static AUDIT_BOX_MAX], const char **ret_name);

/* One line of the files, oldest first. */
struct audit_place {
	unsigned file; /* 0 the current one, 1 the newest of the old ones */
	size_t number; /* from 1 */
	const char *text;
	size_t len;    /* without newline */
	bool complete; /* a newline ends it */
};
typedef int (*audit_place_fn)(void *ctx, const struct audit_place *);
/* Until fn returns non-zero, which is then returned. A file that isn't there is
 * empty. Not locked. */
int audit_each(const struct audit_log *, audit_place_fn, void *ctx)
    __attribute__((warn_unused_result));

/* Of the newest line with that event; 0 where there is none, or it can't be read. The end
 * of the current file is looked at first, and mostly alone. Not locked. */
int64_t audit_last_time(const struct audit_log *, const char *event);

/* audit_verify.c */
int audit_verify(const struct audit_log *, const struct audit_anchor *,
    struct vault_audit_report *ret) __attribute__((warn_unused_result));
/* The key of a seal, out of its box; false where it isn't sealed to this anchor. */
bool audit_seal_open(
    const struct audit_anchor *, const struct audit_line *, uint8_t ret[static KEY_LEN]);
/* The lock, and the chain's state as it is stored. VAULT_ERR_DAMAGED where there
 * is none that can be used. */
int audit_lock(const struct audit_log *, int *ret_fd) __attribute__((warn_unused_result));
/* Whether all old files are there, each as long as rotation makes it: the next one takes
 * the place of the oldest. */
bool audit_is_full(const struct audit_log *);
int audit_chain_read(const struct audit_log *, struct audit_chain *ret)
    __attribute__((warn_unused_result));

#endif
