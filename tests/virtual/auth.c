/* What makeCredential and getAssertion share: see ctap2.h. */
#include "ctap2.h"

#include <string.h>

#include "crypto.h"
#include "pin.h"

uint8_t auth_rp(const cbor_item_t *id, struct auth *a)
{
	struct bytes text;

	if (!id)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_text(id, &text))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	return sha256(text.data, text.len, a->rp_hash) < 0 ? CTAP1_ERR_OTHER :
	       CTAP2_OK;
}

bool descriptor_id(const cbor_item_t *item, struct bytes *ret)
{
	struct bytes type;

	return item_bytes(map_text(item, "id"), ret) &&
	       item_text(map_text(item, "type"), &type) && type.len == 10 &&
	       memcmp(type.data, "public-key", 10) == 0;
}

static uint8_t options_parse(struct auth *a, bool *ret_rk, bool *ret_uv)
{
	const cbor_item_t *item;

	a->up = true;
	*ret_rk = *ret_uv = false;
	if (!a->options)
		return CTAP2_OK;
	if (!item_is_map(a->options))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (((item = map_text(a->options, "up")) && !item_bool(item, &a->up)) ||
	    ((item = map_text(a->options, "rk")) && !item_bool(item, ret_rk)) ||
	    ((item = map_text(a->options, "uv")) && !item_bool(item, ret_uv)))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	return CTAP2_OK;
}

/* A parameter of no bytes asks: is it you the user means? Answer by touch. */
static uint8_t auth_probe(struct token *t)
{
	bool up;
	uint8_t status = touch_ask(t, &up);

	if (status != CTAP2_OK)
		return status;
	return t->state.pin_set ? CTAP2_ERR_PIN_INVALID :
	       CTAP2_ERR_PIN_NOT_SET;
}

static uint8_t auth_token(struct token *t, struct auth *a)
{
	struct bytes param;
	uint64_t protocol;
	uint8_t status;

	if (!item_bytes(a->param, &param))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (param.len == 0 && (t->cfg.pin_support || t->cfg.builtin_uv))
		return auth_probe(t);
	if (!a->protocol)
		return CTAP2_ERR_MISSING_PARAMETER;
	if (!item_uint(a->protocol, &protocol))
		return CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	if (!pin_protocol_known(t, protocol))
		return CTAP1_ERR_INVALID_PARAMETER;
	status = pin_token_check(t, (unsigned int)protocol, param,
				 a->client_data_hash.data,
				 a->client_data_hash.len, a->perm, a->rp_hash);
	if (status != CTAP2_OK)
		return status;
	a->uv = t->pin.uv;
	a->touched = t->pin.up;
	return CTAP2_OK;
}

static uint8_t auth_builtin(struct token *t, struct auth *a)
{
	uint8_t status;
	bool up;

	if (!t->cfg.builtin_uv)
		return CTAP2_ERR_INVALID_OPTION;
	status = touch_ask(t, &up);
	a->uv = a->touched = status == CTAP2_OK;
	return status;
}

/* Registering asks for the PIN as soon as there is one (6.1.2, step 8). */
static bool auth_demanded(const struct token *t, const struct auth *a)
{
	if (t->cfg.always_uv && a->up)
		return true;
	return a->perm == PERM_MC && !t->cfg.make_cred_uv_not_rqd &&
	       (t->state.pin_set || t->cfg.builtin_uv);
}

uint8_t auth_check(struct token *t, struct auth *a)
{
	bool rk, uv;
	uint8_t status = options_parse(a, &rk, &uv);

	if (status != CTAP2_OK)
		return status;
	if (a->param) {
		status = auth_token(t, a);
	} else {
		if (uv || (t->cfg.builtin_uv && auth_demanded(t, a)))
			status = auth_builtin(t, a);
		else if (auth_demanded(t, a))
			status = CTAP2_ERR_PUAT_REQUIRED;
	}
	if (status != CTAP2_OK)
		return status;
	/* Discoverable credentials are none of this token's business. */
	if (rk || (a->perm == PERM_GA && map_text(a->options, "rk")))
		return CTAP2_ERR_UNSUPPORTED_OPTION;
	if (a->perm == PERM_MC && !a->up)
		return CTAP2_ERR_INVALID_OPTION;
	return CTAP2_OK;
}

uint8_t auth_touch(struct token *t, struct auth *a)
{
	uint8_t status;

	if (!a->up)
		return CTAP2_OK;
	if (!a->touched) {
		status = touch_ask(t, &a->up);
		if (status != CTAP2_OK)
			return status;
	}
	/* One touch, one use of the PIN/UV auth token (6.5.5.7). */
	t->pin.perms = 0;
	t->pin.up = false;
	return CTAP2_OK;
}

uint8_t auth_flags(const struct token *t, const struct auth *a)
{
	uint8_t flags = 0;

	if (a->up && !fault_hits(t, FAULT_NO_UP_FLAG, a->command))
		flags |= FLAG_UP;
	if (a->uv && !fault_hits(t, FAULT_NO_UV_FLAG, a->command))
		flags |= FLAG_UV;
	return flags;
}

uint8_t auth_data_begin(struct token *t, const struct auth *a, uint8_t flags,
			struct enc *e)
{
	uint32_t n = ++t->state.counter;
	uint8_t head[5] = {
		flags, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n,
	};

	if (state_save(&t->state) < 0)
		return CTAP1_ERR_OTHER;
	enc_raw(e, a->rp_hash, sizeof(a->rp_hash));
	enc_raw(e, head, sizeof(head));
	return CTAP2_OK;
}

uint8_t auth_sign(struct token *t, const struct auth *a,
		  const struct cred *cred, const struct enc *auth_data,
		  uint8_t *ret_der, size_t *ret_len)
{
	bool other = fault_hits(t, FAULT_OTHER_KEY, a->command);
	EVP_PKEY *key = other ? p256_generate() : cred_key(&t->state, cred);
	uint8_t msg[2048 + 32];
	size_t len = auth_data->len;
	int r = -1;

	if (key && len + a->client_data_hash.len <= sizeof(msg)) {
		memcpy(msg, auth_data->buf, len);
		memcpy(msg + len, a->client_data_hash.data,
		       a->client_data_hash.len);
		/* A signature of something else is well formed and wrong. */
		if (fault_hits(t, FAULT_BAD_SIGNATURE, a->command))
			msg[len] ^= 1;
		r = p256_sign(key, msg, len + a->client_data_hash.len, ret_der,
			      ret_len);
	}
	EVP_PKEY_free(key);
	return r < 0 ? CTAP1_ERR_OTHER : CTAP2_OK;
}
