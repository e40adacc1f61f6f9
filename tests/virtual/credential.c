/* authenticatorMakeCredential (CTAP 2.1, 6.1). */
#include "ctap2.h"

#include <string.h>

#include "crypto.h"

struct make {
	struct auth auth;
	uint8_t protect;	/* 0: not asked for */
	bool has_secret;	/* hmac-secret was mentioned ... */
	bool secret;		/* ... and wanted */
};

static uint8_t algorithms_check(const cbor_item_t *list)
{
	if (!list)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_is_array(list))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	for (size_t i = 0; i < cbor_array_size(list); i++) {
		const cbor_item_t *item = cbor_array_handle(list)[i];
		int64_t alg;

		if (!item_is_map(item) ||
		    !item_int(map_text(item, "alg"), &alg))
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		if (alg == -7)
			return CTAP2_OK;
	}
	return CTAP2_ERR_UNSUPPORTED_ALGORITHM;
}

static uint8_t extensions_parse(const struct token *t, const cbor_item_t *map,
				struct make *m)
{
	const cbor_item_t *item;
	uint64_t protect;

	if (!map)
		return CTAP2_OK;
	if (!item_is_map(map))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	item = map_text(map, "credProtect");
	if (item && t->cfg.cred_protect) {
		if (!item_uint(item, &protect))
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		if (protect < 1 || protect > 3)
			return CTAP2_ERR_INVALID_OPTION;
		m->protect = (uint8_t)protect;
	}
	item = map_text(map, "hmac-secret");
	if (item && t->cfg.hmac_secret) {
		if (!item_bool(item, &m->secret))
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		m->has_secret = true;
	}
	return CTAP2_OK;
}

static uint8_t request_parse(const struct token *t, const cbor_item_t *req,
			     struct make *m)
{
	struct auth *a = &m->auth;
	const cbor_item_t *user = map_int(req, 3);
	struct bytes id;
	uint8_t status;

	if (!map_int(req, 1) || !map_int(req, 2) || !user)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_bytes(map_int(req, 1), &a->client_data_hash) ||
	    !item_is_map(map_int(req, 2)) || !item_is_map(user))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (a->client_data_hash.len != 32)
		return CTAP1_ERR_INVALID_LENGTH;
	if (!item_bytes(map_text(user, "id"), &id))
		return CTAP2_ERR_MISSING_PARAMETER;
	status = auth_rp(map_text(map_int(req, 2), "id"), a);
	if (status == CTAP2_OK)
		status = algorithms_check(map_int(req, 4));
	if (status == CTAP2_OK)
		status = extensions_parse(t, map_int(req, 6), m);
	a->options = map_int(req, 7);
	a->param = map_int(req, 8);
	a->protocol = map_int(req, 9);
	return status;
}

static uint8_t exclude_check(struct token *t, const cbor_item_t *list,
			     const struct auth *a)
{
	struct cred cred;
	struct bytes id;
	uint8_t status;
	bool up;

	if (!list)
		return CTAP2_OK;
	if (!item_is_array(list))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	for (size_t i = 0; i < cbor_array_size(list); i++) {
		if (!descriptor_id(cbor_array_handle(list)[i], &id))
			return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
		if (!cred_open(&t->state, a->rp_hash, id, &cred) ||
		    ((cred.flags & CRED_PROTECT_MASK) == 3 && !a->uv))
			continue;
		/* Whoever has not touched may not learn what is enrolled. */
		status = a->touched ? CTAP2_OK : touch_ask(t, &up);
		return status == CTAP2_OK ? CTAP2_ERR_CREDENTIAL_EXCLUDED :
		       status;
	}
	return CTAP2_OK;
}

static void extensions_encode(const struct make *m, bool secret, struct enc *e)
{
	enc_map(e, (size_t)(m->protect > 0) + secret);
	if (m->protect) {
		enc_text(e, "credProtect");
		enc_int(e, m->protect);
	}
	if (secret) {
		enc_text(e, "hmac-secret");
		enc_bool(e, m->secret);
	}
}

static uint8_t auth_data_encode(struct token *t, const struct make *m,
				const struct cred *cred, struct enc *e)
{
	bool secret = m->has_secret &&
		      !fault_hits(t, FAULT_NO_SECRET, m->auth.command);
	uint8_t flags = auth_flags(t, &m->auth) | FLAG_AT;
	uint8_t len[2] = {
		(uint8_t)(cred->id_len >> 8), (uint8_t)cred->id_len
	};
	EVP_PKEY *key = cred_key(&t->state, cred);
	uint8_t x[32], y[32], status;
	int r = key ? p256_point(key, x, y) : -1;

	EVP_PKEY_free(key);
	if (r < 0)
		return CTAP1_ERR_OTHER;
	if (m->protect || secret)
		flags |= FLAG_ED;
	status = auth_data_begin(t, &m->auth, flags, e);
	if (status != CTAP2_OK)
		return status;
	enc_raw(e, t->cfg.aaguid, sizeof(t->cfg.aaguid));
	enc_raw(e, len, sizeof(len));
	enc_raw(e, cred->id, cred->id_len);
	enc_cose_key(e, -7, x, y);
	if (flags & FLAG_ED)
		extensions_encode(m, secret, e);
	return e->overflow ? CTAP1_ERR_OTHER : CTAP2_OK;
}

/* Packed self attestation: signed by the credential itself. */
static uint8_t attestation_encode(struct token *t, const struct make *m,
				  const struct cred *cred, struct enc *e)
{
	uint8_t buf[2048], der[P256_DER_MAX], status;
	size_t der_len;
	struct enc data;

	enc_init(&data, buf, sizeof(buf));
	status = auth_data_encode(t, m, cred, &data);
	if (status == CTAP2_OK)
		status = auth_sign(t, &m->auth, cred, &data, der, &der_len);
	if (status != CTAP2_OK)
		return status;
	enc_map(e, 3);
	enc_int(e, 1);
	enc_text(e, "packed");
	enc_int(e, 2);
	enc_bytes(e, data.buf, data.len);
	enc_int(e, 3);
	enc_map(e, 2);
	enc_text(e, "alg");
	enc_int(e, -7);
	enc_text(e, "sig");
	enc_bytes(e, der, der_len);
	return CTAP2_OK;
}

uint8_t credential_make(struct token *t, const cbor_item_t *req,
			struct enc *e)
{
	struct make m = {
		.auth = { .command = "makeCredential", .perm = PERM_MC }
	};
	struct cred cred;
	uint8_t flags, status = request_parse(t, req, &m);

	if (status == CTAP2_OK)
		status = auth_check(t, &m.auth);
	if (status == CTAP2_OK)
		status = exclude_check(t, map_int(req, 5), &m.auth);
	if (status == CTAP2_OK)
		status = auth_touch(t, &m.auth);
	if (status != CTAP2_OK)
		return status;
	flags = m.protect ? m.protect : 1;
	if (m.secret)
		flags |= CRED_HMAC_SECRET;
	if (cred_create(&t->state, m.auth.rp_hash, flags, t->cfg.cred_len,
			&cred) < 0)
		return CTAP1_ERR_OTHER;
	return attestation_encode(t, &m, &cred, e);
}
