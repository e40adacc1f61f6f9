/* authenticatorGetAssertion (CTAP 2.1, 6.2) and hmac-secret (12.5). */
#include "ctap2.h"

#include <string.h>

#include "crypto.h"
#include "pin.h"

struct hmac_secret {
	struct pin_secret shared;
	uint8_t salts[64];
	size_t len;		/* 32 or 64; 0: not asked for */
};

static uint8_t request_parse(const cbor_item_t *req, struct auth *a)
{
	const cbor_item_t *hash = map_int(req, 2);
	uint8_t status = auth_rp(map_int(req, 1), a);

	if (status != CTAP2_OK)
		return status;
	if (!hash)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_bytes(hash, &a->client_data_hash))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (a->client_data_hash.len != 32)
		return CTAP1_ERR_INVALID_LENGTH;
	a->options = map_int(req, 5);
	a->param = map_int(req, 6);
	a->protocol = map_int(req, 7);
	return CTAP2_OK;
}

/* The first of the list that is this token's and may be seen. */
static uint8_t credential_find(const struct token *t, const struct auth *a,
			       const cbor_item_t *list, struct cred *ret)
{
	const struct config *c = &t->cfg;
	struct bytes id;
	size_t n;

	if (!list)
		return CTAP2_ERR_NO_CREDENTIALS;
	if (!item_is_array(list))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	n = cbor_array_size(list);
	if (c->max_creds_in_list && n > c->max_creds_in_list)
		return CTAP2_ERR_LIMIT_EXCEEDED;
	for (size_t i = 0; i < n; i++) {
		if (!descriptor_id(cbor_array_handle(list)[i], &id))
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		if (c->max_cred_id_len && id.len > c->max_cred_id_len)
			return CTAP2_ERR_LIMIT_EXCEEDED;
	}
	for (size_t i = 0; i < n; i++) {
		if (!descriptor_id(cbor_array_handle(list)[i], &id) ||
		    !cred_open(&t->state, a->rp_hash, id, ret))
			continue;
		/* Level 2 hides from searches only, and this is a list. */
		if ((ret->flags & CRED_PROTECT_MASK) != 3 || a->uv)
			return CTAP2_OK;
	}
	return CTAP2_ERR_NO_CREDENTIALS;
}

static uint8_t salts_open(const struct token *t, const cbor_item_t *map,
			  struct hmac_secret *ret)
{
	struct bytes enc, mac;
	uint64_t protocol = 1;
	const cbor_item_t *item;

	if (!item_is_map(map))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (!map_int(map, 1) || !map_int(map, 2) || !map_int(map, 3))
		return CTAP2_ERR_MISSING_PARAMETER;
	item = map_int(map, 4);
	if (!item_bytes(map_int(map, 2), &enc) ||
	    !item_bytes(map_int(map, 3), &mac) ||
	    (item && !item_uint(item, &protocol)))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (!pin_protocol_known(t, protocol) ||
	    !pin_agree(t, (unsigned int)protocol, map_int(map, 1),
		       &ret->shared))
		return CTAP1_ERR_INVALID_PARAMETER;
	if (!pin_verify(ret->shared.hmac_key, (unsigned int)protocol, enc.data,
			enc.len, mac))
		return CTAP2_ERR_PIN_AUTH_INVALID;
	if (!pin_decrypt(&ret->shared, enc, ret->salts, sizeof(ret->salts),
			 &ret->len) ||
	    (ret->len != 32 && (ret->len != 64 || t->cfg.one_salt)))
		return CTAP1_ERR_INVALID_LENGTH;
	return CTAP2_OK;
}

static uint8_t extension_check(const struct token *t, const struct auth *a,
			       const cbor_item_t *extensions,
			       const struct cred *cred,
			       struct hmac_secret *ret)
{
	const cbor_item_t *item;
	uint8_t status;

	ret->len = 0;
	if (!extensions)
		return CTAP2_OK;
	if (!item_is_map(extensions))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	item = map_text(extensions, "hmac-secret");
	if (!item || !t->cfg.hmac_secret)
		return CTAP2_OK;
	if (!a->up && !t->cfg.gives_secret_without_up)
		return CTAP2_ERR_UNSUPPORTED_OPTION;
	status = salts_open(t, item, ret);
	/* A credential made without the extension has nothing to say. */
	if (!(cred->flags & CRED_HMAC_SECRET))
		ret->len = 0;
	return status;
}

static uint8_t secret_encode(struct token *t, const struct auth *a,
			     const struct cred *cred,
			     const struct hmac_secret *h, struct enc *e)
{
	uint8_t key[32], secret[64] = { 0 }, out[16 + sizeof(secret)];
	size_t len = h->len;

	if (cred_random(&t->state, cred, a->uv, key) < 0)
		return CTAP1_ERR_OTHER;
	/* The sign counter has moved on by now: never the same twice. */
	if (fault_hits(t, FAULT_UNSTABLE_SECRET, a->command))
		for (int i = 0; i < 4; i++)
			key[i] ^= (uint8_t)(t->state.counter >> (8 * i));
	for (size_t at = 0; at < h->len; at += 32)
		if (hmac_sha256(key, h->salts + at, 32, secret + at) < 0)
			return CTAP1_ERR_OTHER;
	if (fault_hits(t, FAULT_SHORT_SECRET, a->command))
		len = 16;
	if (!pin_encrypt(&h->shared, secret, len, out, &len))
		return CTAP1_ERR_OTHER;
	enc_map(e, 1);
	enc_text(e, "hmac-secret");
	enc_bytes(e, out, len);
	return CTAP2_OK;
}

static uint8_t auth_data_encode(struct token *t, const struct auth *a,
				const struct cred *cred,
				const struct hmac_secret *h, struct enc *e)
{
	bool secret = h->len && !fault_hits(t, FAULT_NO_SECRET, a->command);
	uint8_t flags = auth_flags(t, a), status;

	if (secret)
		flags |= FLAG_ED;
	status = auth_data_begin(t, a, flags, e);
	if (status == CTAP2_OK && secret)
		status = secret_encode(t, a, cred, h, e);
	return status;
}

static void credential_encode(const struct token *t, const struct auth *a,
			      const struct cred *cred, struct enc *e)
{
	uint8_t id[CRED_ID_MAX];

	memcpy(id, cred->id, cred->id_len);
	if (fault_hits(t, FAULT_WRONG_CREDENTIAL, a->command))
		id[cred->id_len - 1] ^= 1;
	enc_map(e, 2);
	enc_text(e, "id");
	enc_bytes(e, id, cred->id_len);
	enc_text(e, "type");
	enc_text(e, "public-key");
}

uint8_t assertion_get(struct token *t, const cbor_item_t *req, struct enc *e)
{
	struct auth a = { .command = "getAssertion", .perm = PERM_GA };
	uint8_t buf[512], der[P256_DER_MAX], status = request_parse(req, &a);
	struct hmac_secret h;
	struct cred cred;
	struct enc data;
	size_t der_len;

	if (status == CTAP2_OK)
		status = auth_check(t, &a);
	if (status == CTAP2_OK)
		status = credential_find(t, &a, map_int(req, 3), &cred);
	if (status == CTAP2_OK)
		status = extension_check(t, &a, map_int(req, 4), &cred, &h);
	if (status == CTAP2_OK)
		status = auth_touch(t, &a);
	if (status != CTAP2_OK)
		return status;

	enc_init(&data, buf, sizeof(buf));
	status = auth_data_encode(t, &a, &cred, &h, &data);
	if (status == CTAP2_OK)
		status = auth_sign(t, &a, &cred, &data, der, &der_len);
	if (status != CTAP2_OK)
		return status;
	enc_map(e, 3);
	enc_int(e, 1);
	credential_encode(t, &a, &cred, e);
	enc_int(e, 2);
	enc_bytes(e, data.buf, data.len);
	enc_int(e, 3);
	enc_bytes(e, der, der_len);
	return CTAP2_OK;
}
