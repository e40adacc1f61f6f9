/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/audit_line.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "vault/buf.h"

#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define BOX_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
#define MAC_KEY ",\"mac\":\""
#define STATE_SUM_OFFSET (AUDIT_STATE_LEN - 32)
#define FLAG_OPEN 0x01
#define FLAG_DUE 0x02

static void literal(struct rbuf *b, const char *s)
{
	const uint8_t *p = rbuf_take(b, strlen(s));

	if (p == NULL || memcmp(p, s, strlen(s)) != 0)
		b->bad = true;
}

static uint64_t number(struct rbuf *b)
{
	uint64_t n = 0;
	size_t digits = 0;

	while (!b->bad && b->len > 0 && *b->p >= '0' && *b->p <= '9') {
		if (digits++ > 0 && n == 0)
			b->bad = true; /* a leading zero */
		n = n * 10 + (uint64_t)(rbuf_u8(b) - '0');
		if (n >> AUDIT_NUMBER_BITS != 0)
			b->bad = true;
	}
	if (digits == 0)
		b->bad = true;
	return n;
}

/* What stands between quotes; ret has max + 1 bytes. */
static void quoted(struct rbuf *b, const char *allowed, char *ret, size_t max)
{
	const uint8_t *end;
	size_t n = 0;

	literal(b, "\"");
	end = b->bad ? NULL : memchr(b->p, '"', b->len);
	if (end == NULL || (size_t)(end - b->p) > max)
		b->bad = true;
	else
		n = (size_t)(end - b->p);
	rbuf_copy(b, ret, n);
	ret[n] = '\0';
	if (strspn(ret, allowed) != n)
		b->bad = true;
	literal(b, "\"");
}

static void mac_decode(struct rbuf *b, uint8_t ret[static AUDIT_MAC_LEN])
{
	const char *hex = (const char *)rbuf_take(b, 2 * AUDIT_MAC_LEN);
	char again[2 * AUDIT_MAC_LEN + 1];

	if (hex == NULL ||
	    sodium_hex2bin(ret, AUDIT_MAC_LEN, hex, 2 * AUDIT_MAC_LEN, NULL, NULL, NULL) != 0) {
		b->bad = true;
		return;
	}
	/* It takes capitals, too. */
	(void)sodium_bin2hex(again, sizeof(again), ret, AUDIT_MAC_LEN);
	if (memcmp(again, hex, 2 * AUDIT_MAC_LEN) != 0)
		b->bad = true;
}

int audit_line_decode(const char *p, size_t len, struct audit_line *ret)
{
	struct rbuf b = rbuf_of(p, len);

	literal(&b, "{\"seq\":");
	ret->seq = number(&b);
	literal(&b, ",\"time\":");
	ret->time = number(&b);
	literal(&b, ",\"event\":");
	quoted(&b, WORD_CHARACTERS, ret->event, AUDIT_WORD_MAX);
	literal(&b, ",\"command\":");
	quoted(&b, WORD_CHARACTERS, ret->command, AUDIT_WORD_MAX);
	literal(&b, ",\"code\":");
	quoted(&b, WORD_CHARACTERS, ret->code, AUDIT_WORD_MAX);
	literal(&b, ",\"gen\":");
	ret->gen = number(&b);
	literal(&b, ",\"box\":");
	quoted(&b, BOX_CHARACTERS, ret->box, AUDIT_BOX_MAX);
	ret->text_len = len - b.len;
	literal(&b, MAC_KEY);
	mac_decode(&b, ret->mac);
	literal(&b, "\"}");
	return rbuf_done(&b) && ret->seq > 0 ? 0 : VAULT_ERR_DAMAGED;
}

int audit_line_encode(struct audit_line *line, char ret[static AUDIT_LINE_MAX])
{
	struct audit_line back;
	int n = snprintf(ret, AUDIT_LINE_MAX,
	    "{\"seq\":%llu,\"time\":%llu,\"event\":\"%s\",\"command\":\"%s\",\"code\":\"%s\","
	    "\"gen\":%llu,\"box\":\"%s\"",
	    (unsigned long long)line->seq, (unsigned long long)line->time, line->event,
	    line->command, line->code, (unsigned long long)line->gen, line->box);

	if (n < 0 || (size_t)n >= AUDIT_LINE_MAX - sizeof(MAC_KEY) - 2 * AUDIT_MAC_LEN - 3)
		return VAULT_ERR_INTERNAL;
	line->text_len = (size_t)n;
	/* Only what will be read again is written. */
	return audit_line_decode(ret, audit_line_finish(line, ret), &back) == 0
		   ? 0
		   : VAULT_ERR_INTERNAL;
}

size_t audit_line_finish(const struct audit_line *line, char p[static AUDIT_LINE_MAX])
{
	char hex[2 * AUDIT_MAC_LEN + 1];

	(void)sodium_bin2hex(hex, sizeof(hex), line->mac, sizeof(line->mac));
	return line->text_len + (size_t)snprintf(p + line->text_len,
				    AUDIT_LINE_MAX - line->text_len, MAC_KEY "%s\"}", hex);
}

void audit_chain_encode(const struct audit_chain *c, uint8_t ret[static AUDIT_STATE_LEN])
{
	static const uint8_t zero[7];
	struct wbuf b = wbuf_of(ret, AUDIT_STATE_LEN);

	wbuf_put(&b, AUDIT_STATE_MAGIC, 8);
	wbuf_le64(&b, c->seq);
	wbuf_le64(&b, c->end);
	wbuf_put(&b, c->key, sizeof(c->key));
	wbuf_put(&b, c->prev, sizeof(c->prev));
	wbuf_put(&b, c->anchor, sizeof(c->anchor));
	wbuf_u8(&b, (uint8_t)((c->open ? FLAG_OPEN : 0) | (c->due ? FLAG_DUE : 0)));
	wbuf_put(&b, zero, sizeof(zero));
	(void)crypto_generichash_blake2b(wbuf_room(&b, 32), 32, ret, STATE_SUM_OFFSET, NULL, 0);
}

int audit_chain_decode(const uint8_t p[static AUDIT_STATE_LEN], struct audit_chain *ret)
{
	static const uint8_t zero[7];
	struct rbuf b = rbuf_of(p, AUDIT_STATE_LEN);
	uint8_t sum[32], flags;

	(void)crypto_generichash_blake2b(sum, sizeof(sum), p, STATE_SUM_OFFSET, NULL, 0);
	if (memcmp(rbuf_take(&b, 8), AUDIT_STATE_MAGIC, 8) != 0 ||
	    memcmp(sum, p + STATE_SUM_OFFSET, sizeof(sum)) != 0)
		return VAULT_ERR_DAMAGED;
	ret->seq = rbuf_le64(&b);
	ret->end = rbuf_le64(&b);
	rbuf_copy(&b, ret->key, sizeof(ret->key));
	rbuf_copy(&b, ret->prev, sizeof(ret->prev));
	rbuf_copy(&b, ret->anchor, sizeof(ret->anchor));
	flags = rbuf_u8(&b);
	ret->open = (flags & FLAG_OPEN) != 0;
	ret->due = (flags & FLAG_DUE) != 0;
	if ((flags & ~(FLAG_OPEN | FLAG_DUE)) != 0 || memcmp(rbuf_take(&b, 7), zero, 7) != 0 ||
	    ret->seq == 0 || ret->seq >> AUDIT_NUMBER_BITS != 0)
		return VAULT_ERR_DAMAGED;
	return 0;
}

/* Can't fail: all lengths are within limits. */
static void derive(const uint8_t vault_id[static VAULT_ID_LEN], const char *label,
    const uint8_t *key, const uint8_t prev[static AUDIT_MAC_LEN], const char *text, size_t len,
    uint8_t ret[static AUDIT_MAC_LEN])
{
	uint8_t in[AUDIT_MAC_LEN + AUDIT_LINE_MAX];

	if (len > AUDIT_LINE_MAX)
		len = AUDIT_LINE_MAX;
	memcpy(in, prev, AUDIT_MAC_LEN);
	memcpy(in + AUDIT_MAC_LEN, text, len);
	(void)!kdf(vault_id, label, key, key == NULL ? 0 : KEY_LEN, in, AUDIT_MAC_LEN + len, ret,
	    AUDIT_MAC_LEN);
}

void audit_chain_mac(const struct audit_chain *c, const uint8_t vault_id[static VAULT_ID_LEN],
    const char *text, size_t len, uint8_t ret[static AUDIT_MAC_LEN])
{
	derive(vault_id, "tv1 audit mac", c->key, c->prev, text, len, ret);
}

void audit_chain_skip(struct audit_chain *c, const uint8_t vault_id[static VAULT_ID_LEN])
{
	(void)!kdf(vault_id, "tv1 audit next", c->key, KEY_LEN, NULL, 0, c->key, KEY_LEN);
	c->seq++;
}

void audit_chain_step(struct audit_chain *c, const uint8_t vault_id[static VAULT_ID_LEN],
    const char *line, size_t len, const char *event)
{
	audit_chain_skip(c, vault_id);
	if (strcmp(event, "seal") == 0)
		c->open = false;
	if (strcmp(event, "begin") == 0)
		c->due = false;
	if (c->open)
		derive(vault_id, "tv1 audit line", NULL, c->prev, line, len, c->prev);
	else
		memset(c->prev, 0, sizeof(c->prev));
}
