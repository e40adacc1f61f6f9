/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deterministic CBOR (RFC 8949, section 4.2) over the bounded cursors, by
 * libcbor's streaming decoder and its encoders, so that nothing is allocated.
 * Readers refuse indefinite lengths and heads that are not the shortest.
 */
#ifndef TOUCHVAULT_VAULT_CBOR_IO_H
#define TOUCHVAULT_VAULT_CBOR_IO_H

#include "vault/buf.h"

uint64_t cbor_r_uint(struct rbuf *);
bool cbor_r_bool(struct rbuf *);
/* Number of items (pairs, for a map), at most max. */
size_t cbor_r_array(struct rbuf *, size_t max);
size_t cbor_r_map(struct rbuf *, size_t max);
/* Borrowed from the buffer; NULL and bad on error. */
const uint8_t *cbor_r_bytes(struct rbuf *, size_t *ret_len);
const char *cbor_r_text(struct rbuf *, size_t *ret_len);
/* A byte string of just len bytes. */
void cbor_r_fixed(struct rbuf *, void *ret, size_t len);

void cbor_w_uint(struct wbuf *, uint64_t);
void cbor_w_bool(struct wbuf *, bool);
void cbor_w_array(struct wbuf *, size_t n);
void cbor_w_map(struct wbuf *, size_t n);
void cbor_w_bytes(struct wbuf *, const void *, size_t len);
void cbor_w_text(struct wbuf *, const char *);

/* The order of text keys in a map: shorter first, then bytewise. */
int cbor_key_compare(const char *a, const char *b);

#endif
