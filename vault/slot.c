/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/slot.h"

#include <string.h>

#include <sodium.h>

#include "vault/aead.h"
#include "vault/cleanup.h"

_Static_assert(SLOT_WRAPPED_LEN == sizeof(struct slot_secret) + AEAD_OVERHEAD, "");
_Static_assert(SEALED_SHARE_LEN == 72 + crypto_box_SEALBYTES, "");

static bool clear_part_valid(const struct token_slot *s)
{
	static const uint8_t zero[SLOT_PW_SALT_LEN];

	if (s->kind != VAULT_SLOT_FIDO2 && s->kind != VAULT_SLOT_YKOTP)
		return false;
	if ((s->flags & ~(SLOT_FLAG_UV | SLOT_FLAG_PASSPHRASE)) != 0)
		return false;
	if (s->kind == VAULT_SLOT_FIDO2 ? s->credential_len == 0 : s->credential_len != 0)
		return false;
	if (s->flags & SLOT_FLAG_PASSPHRASE)
		return s->pw_ops >= 1 && s->pw_ops <= SLOT_PW_OPS_MAX && s->pw_mem_kib >= 8 &&
		       s->pw_mem_kib <= SLOT_PW_MEM_KIB_MAX;
	return s->pw_ops == 0 && s->pw_mem_kib == 0 && memcmp(s->pw_salt, zero, sizeof(zero)) == 0;
}

int token_slot_decode(struct rbuf *b, struct token_slot *ret)
{
	memset(ret, 0, sizeof(*ret));
	rbuf_copy(b, ret->id, sizeof(ret->id));
	ret->kind = rbuf_u8(b);
	ret->flags = rbuf_u8(b);
	ret->credential_len = rbuf_le16(b);
	ret->pw_ops = rbuf_le32(b);
	ret->pw_mem_kib = rbuf_le32(b);
	rbuf_copy(b, ret->pw_salt, sizeof(ret->pw_salt));
	if (b->bad || ret->credential_len > sizeof(ret->credential))
		return VAULT_ERR_DAMAGED;
	rbuf_copy(b, ret->credential, ret->credential_len);
	rbuf_copy(b, ret->commitment, sizeof(ret->commitment));
	rbuf_copy(b, ret->wrapped, sizeof(ret->wrapped));
	rbuf_copy(b, ret->sealed_a, sizeof(ret->sealed_a));
	if (b->bad)
		return VAULT_ERR_DAMAGED;
	return clear_part_valid(ret) ? 0 : VAULT_ERR_VERSION;
}

static void encode_clear(struct wbuf *b, const struct token_slot *s)
{
	wbuf_put(b, s->id, sizeof(s->id));
	wbuf_u8(b, s->kind);
	wbuf_u8(b, s->flags);
	wbuf_le16(b, s->credential_len);
	wbuf_le32(b, s->pw_ops);
	wbuf_le32(b, s->pw_mem_kib);
	wbuf_put(b, s->pw_salt, sizeof(s->pw_salt));
	wbuf_put(b, s->credential, s->credential_len);
}

void token_slot_encode(struct wbuf *b, const struct token_slot *s)
{
	encode_clear(b, s);
	wbuf_put(b, s->commitment, sizeof(s->commitment));
	wbuf_put(b, s->wrapped, sizeof(s->wrapped));
	wbuf_put(b, s->sealed_a, sizeof(s->sealed_a));
}

int host_slot_decode(struct rbuf *b, struct host_slot *ret)
{
	rbuf_copy(b, ret->id, sizeof(ret->id));
	rbuf_copy(b, ret->sealed_b, sizeof(ret->sealed_b));
	return b->bad ? VAULT_ERR_DAMAGED : 0;
}

void host_slot_encode(struct wbuf *b, const struct host_slot *s)
{
	wbuf_put(b, s->id, sizeof(s->id));
	wbuf_put(b, s->sealed_b, sizeof(s->sealed_b));
}

/* o = H("tv1 slot kek", response, pw): KEK, then commitment. */
static int slot_kek(const struct token_slot *s, const uint8_t vault_id[static VAULT_ID_LEN],
    const struct vault_response *r, uint8_t ret_o[static 64])
{
	_cleanup_secret_ uint8_t *pw = secret_alloc(KEY_LEN);
	size_t pw_len = 0;

	if (pw == NULL)
		return VAULT_ERR_NOMEM;
	if (r->response_len < 16 || r->response_len > sizeof(r->response) ||
	    r->passphrase_len > sizeof(r->passphrase))
		return VAULT_ERR_INTERNAL;
	if (s->flags & SLOT_FLAG_PASSPHRASE) {
		pw_len = KEY_LEN;
		if (crypto_pwhash(pw, pw_len, r->passphrase, r->passphrase_len, s->pw_salt,
			s->pw_ops, (size_t)s->pw_mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
			return VAULT_ERR_NOMEM;
	}
	return kdf(vault_id, "tv1 slot kek", r->response, r->response_len, pw, pw_len, ret_o, 64);
}

int token_slot_unwrap(const struct token_slot *s, const uint8_t vault_id[static VAULT_ID_LEN],
    const struct vault_response *r, struct slot_secret *secret)
{
	_cleanup_secret_ uint8_t *o = secret_alloc(64);
	uint8_t ad[TOKEN_SLOT_FIXED + VAULT_CREDENTIAL_ID_MAX];
	struct wbuf b = wbuf_of(ad, sizeof(ad));
	int err;

	if (o == NULL)
		return VAULT_ERR_NOMEM;
	err = slot_kek(s, vault_id, r, o);
	if (err != 0)
		return err;
	if (sodium_memcmp(o + KEY_LEN, s->commitment, SLOT_COMMITMENT_LEN) != 0)
		return VAULT_ERR_WRONG_RESPONSE;
	encode_clear(&b, s);
	return aead_open(o, ad, b.len, s->wrapped, sizeof(s->wrapped), secret);
}

int token_slot_wrap(struct token_slot *s, const uint8_t vault_id[static VAULT_ID_LEN],
    const struct vault_response *r, const struct slot_secret *secret)
{
	_cleanup_secret_ uint8_t *o = secret_alloc(64);
	uint8_t ad[TOKEN_SLOT_FIXED + VAULT_CREDENTIAL_ID_MAX];
	struct wbuf b = wbuf_of(ad, sizeof(ad));
	int err;

	if (o == NULL)
		return VAULT_ERR_NOMEM;
	err = slot_kek(s, vault_id, r, o);
	if (err != 0)
		return err;
	memcpy(s->commitment, o + KEY_LEN, SLOT_COMMITMENT_LEN);
	encode_clear(&b, s);
	aead_seal(o, ad, b.len, secret, sizeof(*secret), s->wrapped);
	return 0;
}

int share_seal(const uint8_t vault_id[static VAULT_ID_LEN], uint64_t gen,
    const uint8_t id[static 16], const uint8_t share[static KEY_LEN],
    const uint8_t pk[static KEY_LEN], uint8_t ret[static SEALED_SHARE_LEN])
{
	_cleanup_secret_ uint8_t *plain = secret_alloc(SEALED_SHARE_LEN);
	struct wbuf b;

	if (plain == NULL)
		return VAULT_ERR_NOMEM;
	b = wbuf_of(plain, SEALED_SHARE_LEN);
	wbuf_put(&b, vault_id, VAULT_ID_LEN);
	wbuf_le64(&b, gen);
	wbuf_put(&b, id, 16);
	wbuf_put(&b, share, KEY_LEN);
	return crypto_box_seal(ret, plain, b.len, pk) == 0 ? 0 : VAULT_ERR_TAMPERED;
}

int share_open(const uint8_t vault_id[static VAULT_ID_LEN], uint64_t gen,
    const uint8_t id[static 16], const uint8_t sealed[static SEALED_SHARE_LEN],
    const uint8_t pk[static KEY_LEN], const uint8_t sk[static KEY_LEN], uint8_t ret[static KEY_LEN])
{
	_cleanup_secret_ uint8_t *plain = secret_alloc(SEALED_SHARE_LEN);
	struct rbuf b;
	const uint8_t *p;

	if (plain == NULL)
		return VAULT_ERR_NOMEM;
	if (crypto_box_seal_open(plain, sealed, SEALED_SHARE_LEN, pk, sk) != 0)
		return VAULT_ERR_TAMPERED;
	b = rbuf_of(plain, SEALED_SHARE_LEN - crypto_box_SEALBYTES);
	p = rbuf_take(&b, VAULT_ID_LEN);
	if (memcmp(p, vault_id, VAULT_ID_LEN) != 0 || rbuf_le64(&b) != gen)
		return VAULT_ERR_TAMPERED;
	p = rbuf_take(&b, 16);
	if (memcmp(p, id, 16) != 0)
		return VAULT_ERR_TAMPERED;
	rbuf_copy(&b, ret, KEY_LEN);
	return rbuf_done(&b) ? 0 : VAULT_ERR_TAMPERED;
}
