/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host remembers of the vaults it has seen: the high-water mark,
 * who may sign, which path holds which (SECURITY.md, section 3, "Rollback";
 * FORMAT.md, "Host state"). MACed by the host key. */
#ifndef TOUCHVAULT_VAULT_STATE_H
#define TOUCHVAULT_VAULT_STATE_H

#include "vault/host.h"

#define STATE_MAGIC "TVSTAT1\n"
#define STATE_VAULTS_MAX 256
#define STATE_PATHS_MAX 256
#define STATE_LEFT_MAX 256
#define STATE_FILE_MAX ((size_t)4 * 1024 * 1024)
#define STATE_MAC_LEN 32

struct state_pin {
	uint8_t host_id[HOST_ID_LEN];
	uint8_t hvk[32];
};

struct state_vault {
	uint8_t vault_id[VAULT_ID_LEN];
	uint64_t gen;
	uint8_t tag[TAG_LEN];
	size_t n_pins;
	struct state_pin pins[VAULT_HOST_SLOTS_MAX];
	size_t n_left; /* hosts that were pinned once, and have left; the oldest first */
	uint8_t left[STATE_LEFT_MAX][HOST_ID_LEN];
};

struct state_path {
	char *path;
	uint8_t vault_id[VAULT_ID_LEN];
};

struct state {
	size_t n_vaults, n_paths;
	struct state_vault *vaults;
	struct state_path *paths;
};

/* VAULT_ERR_STATE, NOMEM. Free ret also after an error. */
int state_decode(const uint8_t *p, size_t len, const uint8_t key[static KEY_LEN], struct state *ret)
    __attribute__((warn_unused_result));
/* *ret is malloc'd. */
int state_encode(const struct state *, const uint8_t key[static KEY_LEN], uint8_t **ret,
    size_t *ret_len) __attribute__((warn_unused_result));
void state_free(struct state *);

struct state_vault *state_vault_find(const struct state *, const uint8_t id[static VAULT_ID_LEN]);
/* NULL where the path is not known. */
const uint8_t *state_path_find(const struct state *, const char *path);
void state_forget_path(struct state *, size_t i);
/* Set the mark of a vault, and that path holds it. Who was pinned and isn't any more has
 * left; what the new mark says of that counts for nothing. Where there is no room, the path
 * that has been there for longest gives way, and the oldest mark of a vault that no path
 * is known to hold. NOMEM. */
int state_record(struct state *, const char *path, const struct state_vault *)
    __attribute__((warn_unused_result));

/* Whether the generation that the mark is of listed this host, with this key. */
bool state_host_pinned(const struct state_vault *, const struct index_host *);
/* Whether this host has seen it leave: it was listed once, or says that it was approved
 * when it was not. */
bool state_host_has_left(const struct state_vault *, const struct index_host *);
/* Of a generation newer than the mark: may its signer have signed it, and are all its
 * hosts such that they may be there? A host may that is pinned, or certified after the
 * mark, through hosts of that file, by a pinned one (which need not be in that file: it
 * may have been revoked or have a new key since). A host that has left isn't. named: its
 * signer, if a person vouches for that, which then counts as pinned; but it brings
 * nobody back that has left. Else NULL. */
enum state_verdict {
	STATE_TRUSTED,
	STATE_SIGNER,  /* the signer isn't */
	STATE_REVIVED, /* the signer is, another host isn't */
};
enum state_verdict state_judge(const struct state_vault *, const struct index *, uint64_t gen,
    const uint8_t signer[static HOST_ID_LEN], const struct index_host *named);
/* Whether a newer generation comes from that of the mark, as far back as it tells. */
bool state_descends(const struct state_vault *, const struct index *, uint64_t gen);

#endif
