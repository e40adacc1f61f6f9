/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/buf.h"

#include <string.h>

struct rbuf rbuf_of(const void *p, size_t len)
{
	return (struct rbuf){ .p = p, .len = len };
}

const uint8_t *rbuf_take(struct rbuf *b, size_t len)
{
	const uint8_t *p = b->p;

	if (b->bad || len > b->len) {
		b->bad = true;
		return NULL;
	}
	b->p += len;
	b->len -= len;
	return p;
}

void rbuf_copy(struct rbuf *b, void *ret, size_t len)
{
	const uint8_t *p = rbuf_take(b, len);

	if (p != NULL)
		memcpy(ret, p, len);
	else
		memset(ret, 0, len);
}

static uint64_t rbuf_le(struct rbuf *b, size_t n)
{
	const uint8_t *p = rbuf_take(b, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t rbuf_u8(struct rbuf *b)
{
	return (uint8_t)rbuf_le(b, 1);
}

uint16_t rbuf_le16(struct rbuf *b)
{
	return (uint16_t)rbuf_le(b, 2);
}

uint32_t rbuf_le32(struct rbuf *b)
{
	return (uint32_t)rbuf_le(b, 4);
}

uint64_t rbuf_le64(struct rbuf *b)
{
	return rbuf_le(b, 8);
}

bool rbuf_done(const struct rbuf *b)
{
	return !b->bad && b->len == 0;
}

struct wbuf wbuf_of(void *p, size_t cap)
{
	return (struct wbuf){ .p = p, .cap = cap };
}

uint8_t *wbuf_room(struct wbuf *b, size_t len)
{
	uint8_t *p;

	if (b->bad || len > b->cap - b->len) {
		b->bad = true;
		return NULL;
	}
	p = b->p + b->len;
	b->len += len;
	return p;
}

void wbuf_put(struct wbuf *b, const void *src, size_t len)
{
	uint8_t *p = wbuf_room(b, len);

	if (p != NULL && len > 0)
		memcpy(p, src, len);
}

static void wbuf_le(struct wbuf *b, uint64_t v, size_t n)
{
	uint8_t *p = wbuf_room(b, n);

	for (size_t i = 0; p != NULL && i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void wbuf_u8(struct wbuf *b, uint8_t v)
{
	wbuf_le(b, v, 1);
}

void wbuf_le16(struct wbuf *b, uint16_t v)
{
	wbuf_le(b, v, 2);
}

void wbuf_le32(struct wbuf *b, uint32_t v)
{
	wbuf_le(b, v, 4);
}

void wbuf_le64(struct wbuf *b, uint64_t v)
{
	wbuf_le(b, v, 8);
}

void le64_encode(uint8_t ret[static 8], uint64_t v)
{
	struct wbuf b = wbuf_of(ret, 8);

	wbuf_le64(&b, v);
}
