#include "pin.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto.h"
#include "ctap2.h"

#define PIN_PADDED	64
#define FAILURES_MAX	3

int pin_power_on(struct token *t)
{
	memset(&t->pin, 0, sizeof(t->pin));
	t->pin.agree = p256_generate();
	return t->pin.agree ? 0 : -1;
}

void pin_power_off(struct token *t)
{
	EVP_PKEY_free(t->pin.agree);
	memset(&t->pin, 0, sizeof(t->pin));
}

bool pin_protocol_known(const struct token *t, uint64_t protocol)
{
	return protocol && (protocol == t->cfg.pin_protocols[0] ||
			    protocol == t->cfg.pin_protocols[1]);
}

/* HKDF-SHA256 with a salt of zeros and one block of output. */
static int hkdf_one(const uint8_t z[static 32], const char *info,
		    uint8_t ret[static 32])
{
	static const uint8_t salt[32];
	uint8_t prk[32], msg[32];
	size_t len = strlen(info);

	memcpy(msg, info, len);
	msg[len++] = 1;
	if (hmac_sha256(salt, z, 32, prk) < 0)
		return -1;
	return hmac_sha256(prk, msg, len, ret);
}

static EVP_PKEY *cose_key(const cbor_item_t *cose)
{
	struct bytes x, y;
	int64_t kty, crv;

	if (!item_int(map_int(cose, 1), &kty) || kty != 2 ||
	    !item_int(map_int(cose, -1), &crv) || crv != 1 ||
	    !item_bytes(map_int(cose, -2), &x) || x.len != 32 ||
	    !item_bytes(map_int(cose, -3), &y) || y.len != 32)
		return NULL;
	return p256_from_point(x.data, y.data);
}

bool pin_agree(const struct token *t, unsigned int protocol,
	       const cbor_item_t *cose, struct pin_secret *ret)
{
	EVP_PKEY *peer = cose_key(cose);
	uint8_t z[32];
	int r = -1;

	ret->protocol = protocol;
	if (peer)
		r = p256_ecdh(t->pin.agree, peer, z);
	EVP_PKEY_free(peer);
	if (r < 0)
		return false;
	if (protocol == 1) {
		r = sha256(z, sizeof(z), ret->hmac_key);
		memcpy(ret->aes_key, ret->hmac_key, 32);
	} else {
		r = hkdf_one(z, "CTAP2 HMAC key", ret->hmac_key);
		if (r == 0)
			r = hkdf_one(z, "CTAP2 AES key", ret->aes_key);
	}
	return r == 0;
}

bool pin_verify(const uint8_t key[static 32], unsigned int protocol,
		const void *msg, size_t len, struct bytes mac)
{
	uint8_t want[32];

	return mac.len == (protocol == 1 ? 16 : 32) &&
	       hmac_sha256(key, msg, len, want) == 0 &&
	       CRYPTO_memcmp(want, mac.data, mac.len) == 0;
}

bool pin_encrypt(const struct pin_secret *s, const uint8_t *in, size_t len,
		 uint8_t *ret_out, size_t *ret_len)
{
	uint8_t iv[16] = { 0 };
	size_t head = 0;

	if (s->protocol == 2) {
		head = sizeof(iv);
		if (random_fill(iv, sizeof(iv)) < 0)
			return false;
		memcpy(ret_out, iv, sizeof(iv));
	}
	*ret_len = head + len;
	return aes256_cbc(true, s->aes_key, iv, in, len, ret_out + head) == 0;
}

bool pin_decrypt(const struct pin_secret *s, struct bytes in, uint8_t *ret_out,
		 size_t cap, size_t *ret_len)
{
	uint8_t iv[16] = { 0 };

	if (s->protocol == 2) {
		if (in.len < sizeof(iv))
			return false;
		memcpy(iv, in.data, sizeof(iv));
		in.data += sizeof(iv);
		in.len -= sizeof(iv);
	}
	if (in.len == 0 || in.len % 16 || in.len > cap)
		return false;
	*ret_len = in.len;
	return aes256_cbc(false, s->aes_key, iv, in.data, in.len, ret_out) == 0;
}

uint8_t pin_token_check(struct token *t, unsigned int protocol,
			struct bytes mac, const void *msg, size_t len,
			uint8_t perm, const uint8_t rp_hash[static 32])
{
	struct pin_session *p = &t->pin;

	if (!p->in_use || !pin_verify(p->token, protocol, msg, len, mac) ||
	    !(p->perms & perm) ||
	    (p->rp_bound && memcmp(p->rp_hash, rp_hash, 32) != 0))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	/* A token with no relying party is bound by its first use. */
	p->rp_bound = true;
	memcpy(p->rp_hash, rp_hash, 32);
	return CTAP2_OK;
}

/* The parameters of clientPIN, most of them optional. */
#define SUB_GET_RETRIES	1

struct pin_request {
	unsigned int protocol;
	uint64_t sub;
	const cbor_item_t *agree;
	struct bytes param;
	struct bytes new_pin;
	struct bytes pin_hash;
	bool has_perms;
	uint64_t perms;
	struct bytes rp_id;
	struct pin_secret secret;
};

static uint8_t request_parse(const struct token *t, const cbor_item_t *req,
			     struct pin_request *ret)
{
	uint64_t protocol = 0;
	const cbor_item_t *item;

	memset(ret, 0, sizeof(*ret));
	if (!map_int(req, 2))
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_uint(map_int(req, 2), &ret->sub))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	item = map_int(req, 1);
	if (item && !item_uint(item, &protocol))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	/* The retries have no protocol (CTAP 2.1, section 6.5.5.2), though
	 * libfido2 names one. */
	if (item && ret->sub != SUB_GET_RETRIES && !pin_protocol_known(t, protocol))
		return CTAP1_ERR_INVALID_PARAMETER;
	ret->protocol = (unsigned int)protocol;
	ret->agree = map_int(req, 3);
	if (((item = map_int(req, 4)) && !item_bytes(item, &ret->param)) ||
	    ((item = map_int(req, 5)) && !item_bytes(item, &ret->new_pin)) ||
	    ((item = map_int(req, 6)) && !item_bytes(item, &ret->pin_hash)) ||
	    ((item = map_int(req, 10)) && !item_text(item, &ret->rp_id)))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	item = map_int(req, 9);
	if (item && !item_uint(item, &ret->perms))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	ret->has_perms = item;
	return CTAP2_OK;
}

static uint8_t request_agree(const struct token *t, struct pin_request *r)
{
	if (!r->protocol || !r->agree)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!pin_agree(t, r->protocol, r->agree, &r->secret))
		return CTAP1_ERR_INVALID_PARAMETER;
	return CTAP2_OK;
}

/* Takes one try, and gives it back only if the PIN was right. */
static uint8_t pin_try(struct token *t, const struct pin_request *r)
{
	uint8_t hash[64];
	size_t len;

	if (t->state.retries == 0)
		return CTAP2_ERR_PIN_BLOCKED;
	if (t->pin.failures >= FAILURES_MAX)
		return CTAP2_ERR_PIN_AUTH_BLOCKED;
	t->state.retries--;
	/* On paper before the comparison: pulling the plug gains nothing. */
	if (state_save(&t->state) < 0)
		return CTAP1_ERR_OTHER;
	if (pin_decrypt(&r->secret, r->pin_hash, hash, sizeof(hash), &len) &&
	    len == PIN_HASH_LEN &&
	    CRYPTO_memcmp(hash, t->state.pin_hash, PIN_HASH_LEN) == 0) {
		t->pin.failures = 0;
		t->state.retries = PIN_RETRIES_MAX;
		return state_save(&t->state) < 0 ? CTAP1_ERR_OTHER : CTAP2_OK;
	}
	t->pin.failures++;
	EVP_PKEY_free(t->pin.agree);
	t->pin.agree = p256_generate();
	if (!t->pin.agree)
		return CTAP1_ERR_OTHER;
	if (t->state.retries == 0)
		return CTAP2_ERR_PIN_BLOCKED;
	if (t->pin.failures >= FAILURES_MAX)
		return CTAP2_ERR_PIN_AUTH_BLOCKED;
	return CTAP2_ERR_PIN_INVALID;
}

static uint8_t pin_store(struct token *t, const struct pin_request *r)
{
	uint8_t pin[PIN_PADDED];
	size_t len, chars = 0, padded;

	if (!pin_decrypt(&r->secret, r->new_pin, pin, sizeof(pin), &padded) ||
	    padded != PIN_PADDED)
		return CTAP1_ERR_INVALID_PARAMETER;
	len = strnlen((const char *)pin, sizeof(pin));
	for (size_t i = 0; i < len; i++)
		chars += (pin[i] & 0xc0) != 0x80;
	if (chars < t->cfg.min_pin_len || len == PIN_PADDED)
		return CTAP2_ERR_PIN_POLICY_VIOLATION;
	t->pin.in_use = false;
	return state_pin_set(&t->state, pin, len) < 0 ? CTAP1_ERR_OTHER :
	       CTAP2_OK;
}

static uint8_t pin_set(struct token *t, struct pin_request *r)
{
	uint8_t status;

	if (!r->param.data || !r->new_pin.data)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (t->state.pin_set)
		return CTAP2_ERR_PIN_AUTH_INVALID;
	status = request_agree(t, r);
	if (status != CTAP2_OK)
		return status;
	if (!pin_verify(r->secret.hmac_key, r->protocol, r->new_pin.data,
			r->new_pin.len, r->param))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	return pin_store(t, r);
}

static uint8_t pin_change(struct token *t, struct pin_request *r)
{
	uint8_t msg[256], status;

	if (!r->param.data || !r->new_pin.data || !r->pin_hash.data)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!t->state.pin_set)
		return CTAP2_ERR_PIN_NOT_SET;
	if (r->new_pin.len + r->pin_hash.len > sizeof(msg))
		return CTAP1_ERR_INVALID_LENGTH;
	status = request_agree(t, r);
	if (status != CTAP2_OK)
		return status;
	memcpy(msg, r->new_pin.data, r->new_pin.len);
	memcpy(msg + r->new_pin.len, r->pin_hash.data, r->pin_hash.len);
	if (!pin_verify(r->secret.hmac_key, r->protocol, msg,
			r->new_pin.len + r->pin_hash.len, r->param))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	status = pin_try(t, r);
	return status == CTAP2_OK ? pin_store(t, r) : status;
}

static uint8_t token_issue(struct token *t, const struct pin_request *r,
			   bool up, struct enc *e)
{
	struct pin_session *p = &t->pin;
	uint8_t out[16 + sizeof(p->token)];
	size_t len;

	if (random_fill(p->token, sizeof(p->token)) < 0 ||
	    !pin_encrypt(&r->secret, p->token, sizeof(p->token), out, &len))
		return CTAP1_ERR_OTHER;
	p->in_use = true;
	p->uv = true;
	p->up = up;
	/* getPinToken knows no permissions and gives both. */
	p->perms = r->has_perms ? (uint8_t)r->perms : PERM_MC | PERM_GA;
	p->rp_bound = r->rp_id.data;
	if (p->rp_bound && sha256(r->rp_id.data, r->rp_id.len, p->rp_hash) < 0)
		return CTAP1_ERR_OTHER;
	enc_map(e, 1);
	enc_int(e, 2);
	enc_bytes(e, out, len);
	return CTAP2_OK;
}

static uint8_t perms_check(const struct pin_request *r, bool wanted)
{
	if (!wanted)
		return r->has_perms || r->rp_id.data ?
		       CTAP1_ERR_INVALID_PARAMETER : CTAP2_OK;
	if (!r->has_perms)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (r->perms == 0)
		return CTAP1_ERR_INVALID_PARAMETER;
	if (r->perms & ~(uint64_t)(PERM_MC | PERM_GA))
		return CTAP2_ERR_UNAUTHORIZED_PERM;
	return r->rp_id.data ? CTAP2_OK : CTAP2_ERR_MISSING_PARAMETER;
}

static uint8_t token_by_pin(struct token *t, struct pin_request *r,
			    bool permissions, struct enc *e)
{
	uint8_t status;

	if (!r->pin_hash.data)
		return CTAP2_ERR_MISSING_PARAMETER;
	status = perms_check(r, permissions);
	if (status == CTAP2_OK && !t->state.pin_set)
		status = CTAP2_ERR_PIN_NOT_SET;
	if (status == CTAP2_OK)
		status = request_agree(t, r);
	if (status == CTAP2_OK)
		status = pin_try(t, r);
	return status == CTAP2_OK ? token_issue(t, r, false, e) : status;
}

static uint8_t token_by_uv(struct token *t, struct pin_request *r,
			   struct enc *e)
{
	uint8_t status = perms_check(r, true);
	bool up = false;

	if (status == CTAP2_OK && !t->cfg.builtin_uv)
		status = CTAP2_ERR_INVALID_SUBCOMMAND;
	if (status == CTAP2_OK)
		status = request_agree(t, r);
	if (status == CTAP2_OK)
		status = touch_ask(t, &up);
	return status == CTAP2_OK ? token_issue(t, r, up, e) : status;
}

static uint8_t agreement_get(struct token *t, const struct pin_request *r,
			     struct enc *e)
{
	uint8_t x[32], y[32];

	if (!r->protocol)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (p256_point(t->pin.agree, x, y) < 0)
		return CTAP1_ERR_OTHER;
	enc_map(e, 1);
	enc_int(e, 1);
	enc_cose_key(e, -25, x, y);
	return CTAP2_OK;
}

static uint8_t retries_get(const struct token *t, struct enc *e)
{
	bool cycle = t->pin.failures >= FAILURES_MAX;

	enc_map(e, cycle ? 2 : 1);
	enc_int(e, 3);
	enc_int(e, t->state.retries);
	if (cycle) {
		enc_int(e, 4);
		enc_bool(e, true);
	}
	return CTAP2_OK;
}

uint8_t pin_run(struct token *t, const cbor_item_t *req, struct enc *e)
{
	struct pin_request r;
	uint8_t status = request_parse(t, req, &r);

	if (status != CTAP2_OK)
		return status;
	/* hmac-secret needs a key agreement even where there is no PIN. */
	if (r.sub == 2)
		return agreement_get(t, &r, e);
	if (r.sub == 6)
		return token_by_uv(t, &r, e);
	if (r.sub == 7 && t->cfg.builtin_uv) {
		enc_map(e, 1);
		enc_int(e, 5);
		enc_int(e, 3);
		return CTAP2_OK;
	}
	if (!t->cfg.pin_support)
		return CTAP2_ERR_INVALID_SUBCOMMAND;
	switch (r.sub) {
	case SUB_GET_RETRIES:
		return retries_get(t, e);
	case 3:
		return pin_set(t, &r);
	case 4:
		return pin_change(t, &r);
	case 5:
		return token_by_pin(t, &r, false, e);
	case 9:
		return token_by_pin(t, &r, true, e);
	}
	return CTAP2_ERR_INVALID_SUBCOMMAND;
}
