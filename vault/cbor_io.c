/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/cbor_io.h"

#include <string.h>

#include <cbor.h>

enum item_type { ITEM_NONE, ITEM_UINT, ITEM_BYTES, ITEM_TEXT, ITEM_ARRAY, ITEM_MAP, ITEM_BOOL };

struct item {
	enum item_type type;
	uint64_t value; /* or length, or number of items */
	const uint8_t *data;
};

static void on_u8(void *ctx, uint8_t v)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_UINT, .value = v };
}

static void on_u16(void *ctx, uint16_t v)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_UINT, .value = v };
}

static void on_u32(void *ctx, uint32_t v)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_UINT, .value = v };
}

static void on_u64(void *ctx, uint64_t v)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_UINT, .value = v };
}

static void on_bytes(void *ctx, cbor_data data, size_t len)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_BYTES, .value = len, .data = data };
}

static void on_text(void *ctx, cbor_data data, size_t len)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_TEXT, .value = len, .data = data };
}

static void on_array(void *ctx, size_t n)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_ARRAY, .value = n };
}

static void on_map(void *ctx, size_t n)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_MAP, .value = n };
}

static void on_bool(void *ctx, bool v)
{
	*(struct item *)ctx = (struct item){ .type = ITEM_BOOL, .value = v };
}

/* What the format doesn't use leaves the item at ITEM_NONE. */
static const struct cbor_callbacks callbacks = {
	.uint8 = on_u8,
	.uint16 = on_u16,
	.uint32 = on_u32,
	.uint64 = on_u64,
	.negint8 = cbor_null_negint8_callback,
	.negint16 = cbor_null_negint16_callback,
	.negint32 = cbor_null_negint32_callback,
	.negint64 = cbor_null_negint64_callback,
	.byte_string_start = cbor_null_byte_string_start_callback,
	.byte_string = on_bytes,
	.string = on_text,
	.string_start = cbor_null_string_start_callback,
	.indef_array_start = cbor_null_indef_array_start_callback,
	.array_start = on_array,
	.indef_map_start = cbor_null_indef_map_start_callback,
	.map_start = on_map,
	.tag = cbor_null_tag_callback,
	.float2 = cbor_null_float2_callback,
	.float4 = cbor_null_float4_callback,
	.float8 = cbor_null_float8_callback,
	.undefined = cbor_null_undefined_callback,
	.null = cbor_null_null_callback,
	.boolean = on_bool,
	.indef_break = cbor_null_indef_break_callback,
};

static size_t head_len(uint64_t v)
{
	if (v < 24)
		return 1;
	if (v <= UINT8_MAX)
		return 2;
	if (v <= UINT16_MAX)
		return 3;
	return v <= UINT32_MAX ? 5 : 9;
}

static struct item next(struct rbuf *b, enum item_type type)
{
	struct item item = { .type = ITEM_NONE };
	struct cbor_decoder_result res;
	size_t want = 1;

	if (b->bad || b->len == 0) {
		b->bad = true;
		return (struct item){ .type = ITEM_NONE };
	}
	res = cbor_stream_decode(b->p, b->len, &callbacks, &item);
	if (res.status != CBOR_DECODER_FINISHED || item.type != type) {
		b->bad = true;
		return (struct item){ .type = ITEM_NONE };
	}
	if (type != ITEM_BOOL)
		want = head_len(item.value);
	if (type == ITEM_BYTES || type == ITEM_TEXT)
		want += item.value;
	if (res.read != want || rbuf_take(b, want) == NULL) {
		b->bad = true;
		return (struct item){ .type = ITEM_NONE };
	}
	return item;
}

uint64_t cbor_r_uint(struct rbuf *b)
{
	return next(b, ITEM_UINT).value;
}

bool cbor_r_bool(struct rbuf *b)
{
	return next(b, ITEM_BOOL).value != 0;
}

static size_t collection(struct rbuf *b, enum item_type type, size_t max)
{
	uint64_t n = next(b, type).value;

	if (n > max) {
		b->bad = true;
		return 0;
	}
	return n;
}

size_t cbor_r_array(struct rbuf *b, size_t max)
{
	return collection(b, ITEM_ARRAY, max);
}

size_t cbor_r_map(struct rbuf *b, size_t max)
{
	return collection(b, ITEM_MAP, max);
}

const uint8_t *cbor_r_bytes(struct rbuf *b, size_t *ret_len)
{
	struct item item = next(b, ITEM_BYTES);

	*ret_len = item.value;
	return item.data;
}

const char *cbor_r_text(struct rbuf *b, size_t *ret_len)
{
	struct item item = next(b, ITEM_TEXT);

	*ret_len = item.value;
	return (const char *)item.data;
}

void cbor_r_fixed(struct rbuf *b, void *ret, size_t len)
{
	struct item item = next(b, ITEM_BYTES);

	if (b->bad || item.value != len) {
		b->bad = true;
		memset(ret, 0, len);
		return;
	}
	memcpy(ret, item.data, len);
}

typedef size_t (*head_fn)(size_t, unsigned char *, size_t);

static void put_head(struct wbuf *b, head_fn encode, size_t n)
{
	uint8_t head[9];

	wbuf_put(b, head, encode(n, head, sizeof(head)));
}

void cbor_w_uint(struct wbuf *b, uint64_t v)
{
	uint8_t head[9];

	wbuf_put(b, head, cbor_encode_uint(v, head, sizeof(head)));
}

void cbor_w_bool(struct wbuf *b, bool v)
{
	uint8_t head[1];

	wbuf_put(b, head, cbor_encode_bool(v, head, sizeof(head)));
}

void cbor_w_array(struct wbuf *b, size_t n)
{
	put_head(b, cbor_encode_array_start, n);
}

void cbor_w_map(struct wbuf *b, size_t n)
{
	put_head(b, cbor_encode_map_start, n);
}

void cbor_w_bytes(struct wbuf *b, const void *p, size_t len)
{
	put_head(b, cbor_encode_bytestring_start, len);
	wbuf_put(b, p, len);
}

void cbor_w_text(struct wbuf *b, const char *s)
{
	put_head(b, cbor_encode_string_start, strlen(s));
	wbuf_put(b, s, strlen(s));
}

int cbor_key_compare(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	if (n != m)
		return n < m ? -1 : 1;
	return memcmp(a, b, n);
}
