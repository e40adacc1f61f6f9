/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of the audit log, and the key that moves on from line to line: pure
 * (FORMAT.md, "Audit log"). */
#ifndef TOUCHVAULT_VAULT_AUDIT_LINE_H
#define TOUCHVAULT_VAULT_AUDIT_LINE_H

#include "vault/kdf.h"

#define AUDIT_LINE_MAX 1024 /* with its newline */
#define AUDIT_NUMBER_BITS 53
#define AUDIT_WORD_MAX 32
#define AUDIT_BOX_MAX 400 /* base64 */
#define AUDIT_MAC_LEN 32
#define AUDIT_ANCHOR_LEN 16
#define AUDIT_STATE_LEN 144
#define AUDIT_STATE_MAGIC "TVAUDK1\n"

struct audit_line {
	uint64_t seq, time, gen; /* below 2^53 */
	char event[AUDIT_WORD_MAX + 1], command[AUDIT_WORD_MAX + 1], code[AUDIT_WORD_MAX + 1];
	char box[AUDIT_BOX_MAX + 1];
	uint8_t mac[AUDIT_MAC_LEN];
	size_t text_len; /* of what the mac is about: the line before ,"mac" */
};

/* The line without its newline. VAULT_ERR_DAMAGED. */
int audit_line_decode(const char *p, size_t len, struct audit_line *ret)
    __attribute__((warn_unused_result));
/* All but the mac, whose length is line->text_len after it. VAULT_ERR_INTERNAL
 * where a part is not well-formed. */
int audit_line_encode(struct audit_line *line, char ret[static AUDIT_LINE_MAX])
    __attribute__((warn_unused_result));
/* line->mac after the text: the whole line, without newline. Its length. */
size_t audit_line_finish(const struct audit_line *line, char p[static AUDIT_LINE_MAX]);

/* Where the chain is; in locked memory, because of key. */
struct audit_chain {
	uint64_t seq; /* of the next line */
	uint64_t end; /* bytes of the file that are accounted for */
	uint8_t key[KEY_LEN];
	uint8_t prev[AUDIT_MAC_LEN];
	uint8_t
	    anchor[AUDIT_ANCHOR_LEN]; /* which V the newest seal of this file is of; zeros: none */
	bool open;                    /* no seal since the chain began */
	bool due;                     /* nor the line that says that it begins */
};

void audit_chain_encode(const struct audit_chain *, uint8_t ret[static AUDIT_STATE_LEN]);
/* VAULT_ERR_DAMAGED. */
int audit_chain_decode(const uint8_t p[static AUDIT_STATE_LEN], struct audit_chain *ret)
    __attribute__((warn_unused_result));

/* The mac of the next line, whose text that is. */
void audit_chain_mac(const struct audit_chain *, const uint8_t vault_id[static VAULT_ID_LEN],
    const char *text, size_t len, uint8_t ret[static AUDIT_MAC_LEN]);
/* Go past one line: its number, the key, what comes before the next. The line
 * is whole, without newline. */
void audit_chain_step(struct audit_chain *, const uint8_t vault_id[static VAULT_ID_LEN],
    const char *line, size_t len, const char *event);
/* The next key only, for a line that isn't there. */
void audit_chain_skip(struct audit_chain *, const uint8_t vault_id[static VAULT_ID_LEN]);

#endif
