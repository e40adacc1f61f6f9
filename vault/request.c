/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/request.h"

#include <string.h>

#include "vault/text.h"

#define PREFIX_LEN (sizeof(REQUEST_PREFIX) - 1)
#define VERSION_LEN (sizeof(REQUEST_VERSION) - 1)
#define SIGN_LABEL "touchvault request v1"
#define SIGN_LABEL_LEN (sizeof(SIGN_LABEL) - 1)

_Static_assert(VAULT_REQUEST_TEXT == PREFIX_LEN + VERSION_LEN + BASE32_LEN(REQUEST_LEN_MAX) + 1,
    "the longest line fits");

static void body_encode(struct wbuf *b, const struct vault_host_request *r)
{
	size_t len = strlen(r->name);

	wbuf_put(b, r->hpk, sizeof(r->hpk));
	wbuf_put(b, r->hvk, sizeof(r->hvk));
	wbuf_u8(b, (uint8_t)r->kind);
	wbuf_u8(
	    b, (r->bound ? REQUEST_FLAG_BOUND : 0) | (r->virtual_tpm ? REQUEST_FLAG_VIRTUAL : 0));
	wbuf_le64(b, (uint64_t)r->created);
	wbuf_u8(b, (uint8_t)len);
	wbuf_put(b, r->name, len);
}

static size_t sign_message(
    const struct vault_host_request *r, uint8_t ret[static SIGN_LABEL_LEN + REQUEST_LEN_MAX])
{
	struct wbuf b = wbuf_of(ret, SIGN_LABEL_LEN + REQUEST_LEN_MAX);

	wbuf_put(&b, SIGN_LABEL, SIGN_LABEL_LEN);
	body_encode(&b, r);
	return b.len;
}

void request_sign(const struct host_key *k, struct vault_host_request *r)
{
	uint8_t m[SIGN_LABEL_LEN + REQUEST_LEN_MAX];
	size_t len = sign_message(r, m);

	(void)crypto_sign_detached(r->signature, NULL, m, len, k->sign_sk);
}

void request_encode(const struct vault_host_request *r, char ret[static VAULT_REQUEST_TEXT])
{
	uint8_t bytes[REQUEST_LEN_MAX];
	struct wbuf b = wbuf_of(bytes, sizeof(bytes));

	body_encode(&b, r);
	wbuf_put(&b, r->signature, sizeof(r->signature));
	memcpy(ret, REQUEST_PREFIX REQUEST_VERSION, PREFIX_LEN + VERSION_LEN);
	base32_encode(bytes, b.len, ret + PREFIX_LEN + VERSION_LEN);
}

/* A point that gives the same secret with every key would seal to everybody. */
static bool hpk_valid(const uint8_t hpk[static KEY_LEN])
{
	static const uint8_t any[KEY_LEN] = { 1 };
	uint8_t shared[KEY_LEN];

	return crypto_scalarmult(shared, any, hpk) == 0;
}

static bool signature_valid(const struct vault_host_request *r)
{
	uint8_t m[SIGN_LABEL_LEN + REQUEST_LEN_MAX];
	size_t len = sign_message(r, m);

	return crypto_sign_verify_detached(r->signature, m, len, r->hvk) == 0;
}

static int body_decode(const uint8_t *p, size_t len, struct vault_host_request *ret)
{
	struct rbuf b = rbuf_of(p, len);
	uint8_t kind, flags;
	uint64_t created;
	size_t name_len;

	memset(ret, 0, sizeof(*ret));
	rbuf_copy(&b, ret->hpk, sizeof(ret->hpk));
	rbuf_copy(&b, ret->hvk, sizeof(ret->hvk));
	kind = rbuf_u8(&b);
	flags = rbuf_u8(&b);
	created = rbuf_le64(&b);
	name_len = rbuf_u8(&b);
	if (b.bad || name_len == 0 || name_len > VAULT_HUMAN_NAME_MAX || created > INT64_MAX)
		return VAULT_ERR_REQUEST;
	rbuf_copy(&b, ret->name, name_len);
	rbuf_copy(&b, ret->signature, sizeof(ret->signature));
	if (!rbuf_done(&b) || !text_valid(ret->name, name_len, VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_REQUEST;
	ret->kind = (enum vault_host_kind)kind;
	ret->bound = (flags & REQUEST_FLAG_BOUND) != 0;
	ret->virtual_tpm = (flags & REQUEST_FLAG_VIRTUAL) != 0;
	ret->created = (int64_t)created;
	if ((flags & ~(REQUEST_FLAG_BOUND | REQUEST_FLAG_VIRTUAL)) != 0 || !signature_valid(ret) ||
	    !hpk_valid(ret->hpk))
		return VAULT_ERR_REQUEST;
	if (!host_kind_known(kind))
		return VAULT_ERR_VERSION;
	return ret->virtual_tpm && kind != VAULT_HOST_TPM2 ? VAULT_ERR_REQUEST : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Mail breaks lines, and people copy what stands around: blanks are taken out at
 * both ends and around a line's end. False where there are others, or more text
 * than a request has. */
static bool unwrap(
    const char *text, size_t len, char ret[static VAULT_REQUEST_TEXT], size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		bool newline = n == 0;

		if (!is_blank(text[i])) {
			if (n == VAULT_REQUEST_TEXT - 1)
				return false;
			ret[n++] = text[i++];
			continue;
		}
		for (; i < len && is_blank(text[i]); i++)
			newline |= text[i] == '\n';
		if (!newline && i < len)
			return false;
	}
	ret[n] = '\0';
	*ret_len = n;
	return true;
}

int vault_request_decode(const char *text, size_t len, struct vault_host_request *ret)
{
	char line[VAULT_REQUEST_TEXT];
	uint8_t bytes[REQUEST_LEN_MAX];
	const char *body = line + PREFIX_LEN + VERSION_LEN;
	size_t n;

	if (!unwrap(text, len, line, &n) || strncmp(line, REQUEST_PREFIX, PREFIX_LEN) != 0)
		return VAULT_ERR_REQUEST;
	if (strncmp(line + PREFIX_LEN, REQUEST_VERSION, VERSION_LEN) != 0)
		return strchr(line + PREFIX_LEN, ':') == NULL ? VAULT_ERR_REQUEST
							      : VAULT_ERR_VERSION;
	n -= PREFIX_LEN + VERSION_LEN;
	if (!base32_decode(body, n, bytes, n * 5 / 8))
		return VAULT_ERR_REQUEST;
	return body_decode(bytes, n * 5 / 8, ret);
}

bool vault_request_begins(const char *text, size_t len)
{
	char line[VAULT_REQUEST_TEXT];
	size_t n;

	if (!unwrap(text, len, line, &n))
		return false;
	if (n <= PREFIX_LEN)
		return strncmp(line, REQUEST_PREFIX, n) == 0;
	return strncmp(line, REQUEST_PREFIX, PREFIX_LEN) == 0 &&
	       strspn(line + PREFIX_LEN, ":0123456789ABCDEFGHJKMNPQRSTVWXYZ") == n - PREFIX_LEN;
}

void host_fingerprint(const uint8_t hpk[static KEY_LEN], const uint8_t hvk[static 32],
    uint8_t ret[static VAULT_FINGERPRINT_LEN])
{
	static const uint8_t no_vault[VAULT_ID_LEN];
	uint8_t in[KEY_LEN + 32], hash[16] = { 0 };

	memcpy(in, hpk, KEY_LEN);
	memcpy(in + KEY_LEN, hvk, 32);
	/* Can't fail: all lengths are constants that fit. */
	(void)!kdf(no_vault, "tv1 fingerprint", NULL, 0, in, sizeof(in), hash, sizeof(hash));
	memcpy(ret, hash, VAULT_FINGERPRINT_LEN);
}

void host_fingerprint_text(const uint8_t hpk[static KEY_LEN], const uint8_t hvk[static 32],
    char ret[static VAULT_FINGERPRINT_TEXT])
{
	uint8_t f[VAULT_FINGERPRINT_LEN];
	char plain[BASE32_LEN(VAULT_FINGERPRINT_LEN) + 1];

	host_fingerprint(hpk, hvk, f);
	base32_encode(f, sizeof(f), plain);
	for (size_t i = 0; i < 4; i++) {
		memcpy(ret + 5 * i, plain + 4 * i, 4);
		ret[5 * i + 4] = i == 3 ? '\0' : '-';
	}
}

bool vault_fingerprint_valid(const char *typed)
{
	uint8_t f[VAULT_FINGERPRINT_LEN];

	return base32_decode_typed(typed, f, sizeof(f));
}

int vault_request_confirm(const struct vault_host_request *r, const char *typed)
{
	uint8_t want[VAULT_FINGERPRINT_LEN], got[VAULT_FINGERPRINT_LEN];

	if (!base32_decode_typed(typed, got, sizeof(got)))
		return VAULT_ERR_ARGUMENT;
	host_fingerprint(r->hpk, r->hvk, want);
	return sodium_memcmp(want, got, sizeof(want)) == 0 ? 0 : VAULT_ERR_FINGERPRINT;
}

void vault_request_fingerprint(
    const struct vault_host_request *r, char ret[static VAULT_FINGERPRINT_TEXT])
{
	host_fingerprint_text(r->hpk, r->hvk, ret);
}
