/*
 * CBOR in and out, on libcbor.
 *
 * Reading works on libcbor's tree and never owns anything: what a getter
 * returns lives as long as the root. Writing appends to a fixed buffer; an
 * overflow is remembered in the encoder and asked for once, at the end.
 */
#ifndef VTOKEN_CBOR_IO_H
#define VTOKEN_CBOR_IO_H

#include <cbor.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data;	/* NULL when absent */
	size_t len;
};

struct enc {
	uint8_t *buf;
	size_t len;
	size_t cap;
	bool overflow;
};

/* The tree of exactly @len bytes, or NULL. Free with cbor_decref(). */
cbor_item_t *cbor_tree(const uint8_t *buf, size_t len);

/* The value under an integer or a text key; NULL if absent or no map. */
const cbor_item_t *map_int(const cbor_item_t *map, int key);
const cbor_item_t *map_text(const cbor_item_t *map, const char *key);

/* Each is false when @item is NULL or of another type. */
bool item_is_map(const cbor_item_t *item);
bool item_is_array(const cbor_item_t *item);
bool item_bytes(const cbor_item_t *item, struct bytes *ret);
bool item_text(const cbor_item_t *item, struct bytes *ret);
bool item_uint(const cbor_item_t *item, uint64_t *ret);
bool item_int(const cbor_item_t *item, int64_t *ret);
bool item_bool(const cbor_item_t *item, bool *ret);

void enc_init(struct enc *e, uint8_t *buf, size_t cap);
void enc_map(struct enc *e, size_t pairs);
void enc_array(struct enc *e, size_t items);
void enc_int(struct enc *e, int64_t value);
void enc_bool(struct enc *e, bool value);
void enc_text(struct enc *e, const char *text);
void enc_bytes(struct enc *e, const void *data, size_t len);
/* Bytes as they are, with no CBOR head. */
void enc_raw(struct enc *e, const void *data, size_t len);

#endif
