/* SPDX-License-Identifier: BSD-2-Clause */
#include "sha1.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void schedule(const uint8_t block[static SHA1_BLOCK_LEN], uint32_t ret[static 80])
{
	for (size_t i = 0; i < 16; i++)
		ret[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			 (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 80; i++)
		ret[i] = rotate(ret[i - 3] ^ ret[i - 8] ^ ret[i - 14] ^ ret[i - 16], 1);
}

static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
	if (round == 0)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (round == 1)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (round == 2)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void compress(uint32_t h[static 5], const uint8_t block[static SHA1_BLOCK_LEN])
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], next;

	schedule(block, w);
	for (unsigned i = 0; i < 80; i++) {
		next = rotate(a, 5) + mix(i / 20, b, c, d) + e + w[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
	explicit_bzero(w, sizeof(w));
}

/* SHA-1 of one whole block, then message: all that HMAC asks for. */
static void sha1_prefixed(const uint8_t prefix[static SHA1_BLOCK_LEN], const uint8_t *message,
    size_t len, uint8_t ret[static SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t tail[2 * SHA1_BLOCK_LEN] = { 0 };
	size_t end = len + 9 <= SHA1_BLOCK_LEN ? SHA1_BLOCK_LEN : sizeof(tail);
	size_t bits = (SHA1_BLOCK_LEN + len) * 8;

	compress(h, prefix);
	memcpy(tail, message, len);
	tail[len] = 0x80;
	tail[end - 2] = (uint8_t)(bits >> 8);
	tail[end - 1] = (uint8_t)bits;
	for (size_t at = 0; at < end; at += SHA1_BLOCK_LEN)
		compress(h, tail + at);
	for (size_t i = 0; i < SHA1_LEN; i++)
		ret[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
	explicit_bzero(tail, sizeof(tail));
}

static void hmac_pad(
    const uint8_t key[static HMAC_KEY_LEN], uint8_t with, uint8_t ret[static SHA1_BLOCK_LEN])
{
	memset(ret, with, SHA1_BLOCK_LEN);
	for (size_t i = 0; i < HMAC_KEY_LEN; i++)
		ret[i] ^= key[i];
}

void hmac_sha1(const uint8_t key[static HMAC_KEY_LEN], const uint8_t *message, size_t len,
    uint8_t ret[static SHA1_LEN])
{
	uint8_t pad[SHA1_BLOCK_LEN], inner[SHA1_LEN];

	hmac_pad(key, 0x36, pad);
	sha1_prefixed(pad, message, len, inner);
	hmac_pad(key, 0x5c, pad);
	sha1_prefixed(pad, inner, sizeof(inner), ret);
	explicit_bzero(pad, sizeof(pad));
	explicit_bzero(inner, sizeof(inner));
}
