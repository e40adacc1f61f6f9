/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded cursors. A cursor that runs over sets its error flag and stays
 * there: check once, at the end (or before a length that was read is used).
 * No allocation, no I/O.
 */
#ifndef TOUCHVAULT_VAULT_BUF_H
#define TOUCHVAULT_VAULT_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rbuf {
	const uint8_t *p;
	size_t len; /* left */
	bool bad;
};

struct wbuf {
	uint8_t *p;
	size_t len; /* written */
	size_t cap;
	bool bad;
};

struct rbuf rbuf_of(const void *p, size_t len);
/* A pointer to the next len bytes, or NULL and bad. */
const uint8_t *rbuf_take(struct rbuf *, size_t len);
void rbuf_copy(struct rbuf *, void *ret, size_t len);
uint8_t rbuf_u8(struct rbuf *);
uint16_t rbuf_le16(struct rbuf *);
uint32_t rbuf_le32(struct rbuf *);
uint64_t rbuf_le64(struct rbuf *);
/* All read, and nothing went wrong. */
bool rbuf_done(const struct rbuf *);

struct wbuf wbuf_of(void *p, size_t cap);
/* Room for len bytes, to be filled by the caller, or NULL and bad. */
uint8_t *wbuf_room(struct wbuf *, size_t len);
void wbuf_put(struct wbuf *, const void *p, size_t len);
void wbuf_u8(struct wbuf *, uint8_t);
void wbuf_le16(struct wbuf *, uint16_t);
void wbuf_le32(struct wbuf *, uint32_t);
void wbuf_le64(struct wbuf *, uint64_t);

void le64_encode(uint8_t ret[static 8], uint64_t);

#endif
