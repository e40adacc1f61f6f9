#include "ctap2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "log.h"
#include "pin.h"

#define CMD_MAKE_CREDENTIAL	0x01
#define CMD_GET_ASSERTION	0x02
#define CMD_GET_INFO		0x04
#define CMD_CLIENT_PIN		0x06
#define CMD_RESET		0x07
#define CMD_SELECTION		0x0b

static const char *pin_subcommand_name(uint64_t sub)
{
	static const char *const names[] = {
		NULL, "getRetries", "getKeyAgreement", "setPIN", "changePIN",
		"getPinToken", "getPinUvAuthTokenUsingUvWithPermissions",
		"getUVRetries", NULL,
		"getPinUvAuthTokenUsingPinWithPermissions",
	};

	return sub < sizeof(names) / sizeof(names[0]) ? names[sub] : NULL;
}

static void pin_name(const uint8_t *req, size_t len, char *ret, size_t cap)
{
	cbor_item_t *tree = cbor_tree(req, len);
	const char *name = NULL;
	uint64_t sub;

	if (item_uint(map_int(tree, 2), &sub))
		name = pin_subcommand_name(sub);
	snprintf(ret, cap, "clientPIN.%s", name ? name : "unknown");
	if (tree)
		cbor_decref(&tree);
}

void ctap2_name(const uint8_t *req, size_t len, char *ret, size_t cap)
{
	const char *name = NULL;

	if (len == 0) {
		snprintf(ret, cap, "empty");
		return;
	}
	switch (req[0]) {
	case CMD_MAKE_CREDENTIAL:
		name = "makeCredential";
		break;
	case CMD_GET_ASSERTION:
		name = "getAssertion";
		break;
	case CMD_GET_INFO:
		name = "getInfo";
		break;
	case CMD_CLIENT_PIN:
		pin_name(req + 1, len - 1, ret, cap);
		return;
	case CMD_RESET:
		name = "reset";
		break;
	case CMD_SELECTION:
		name = "selection";
		break;
	}
	if (name)
		snprintf(ret, cap, "%s", name);
	else
		snprintf(ret, cap, "0x%02x", req[0]);
}

uint8_t touch_ask(struct token *t, bool *ret_up)
{
	*ret_up = true;
	if (t->touch.given)
		return CTAP2_OK;
	/* To be pulled out before or during a touch, there has to be a wait. */
	if (fault_hits(t, FAULT_UNPLUG_AT, t->txn) &&
	    t->cfg.fault_arg != UNPLUG_AFTER)
		return CTAP_WAIT;
	switch (t->cfg.touch) {
	case TOUCH_AT_ONCE:
		log_line("event touched");
		t->touch.given = true;
		return CTAP2_OK;
	case TOUCH_NONE:
		*ret_up = false;
		return CTAP2_OK;
	case TOUCH_REFUSED:
		return CTAP2_ERR_OPERATION_DENIED;
	case TOUCH_AFTER:
	case TOUCH_NEVER:
		break;
	}
	return CTAP_WAIT;
}

void enc_cose_key(struct enc *e, int alg, const uint8_t x[static 32],
		  const uint8_t y[static 32])
{
	enc_map(e, 5);
	enc_int(e, 1);
	enc_int(e, 2);		/* kty: EC2 */
	enc_int(e, 3);
	enc_int(e, alg);
	enc_int(e, -1);
	enc_int(e, 1);		/* crv: P-256 */
	enc_int(e, -2);
	enc_bytes(e, x, 32);
	enc_int(e, -3);
	enc_bytes(e, y, 32);
}

static void info_versions(const struct config *c, struct enc *e)
{
	char list[sizeof(c->versions)], *save, *v;
	size_t n = 0;

	memcpy(list, c->versions, sizeof(list));
	for (v = strtok_r(list, ",", &save); v; v = strtok_r(NULL, ",", &save))
		n++;
	enc_array(e, n);
	memcpy(list, c->versions, sizeof(list));
	for (v = strtok_r(list, ",", &save); v; v = strtok_r(NULL, ",", &save))
		enc_text(e, v);
}

static void info_extensions(const struct config *c, struct enc *e)
{
	enc_array(e, (size_t)c->cred_protect + c->hmac_secret);
	if (c->cred_protect)
		enc_text(e, "credProtect");
	if (c->hmac_secret)
		enc_text(e, "hmac-secret");
}

static bool version_listed(const struct config *c, const char *version)
{
	size_t len = strlen(version);

	for (const char *p = c->versions; (p = strstr(p, version)); p += len)
		if ((p == c->versions || p[-1] == ',') &&
		    (p[len] == '\0' || p[len] == ','))
			return true;
	return false;
}

static void info_options(const struct token *t, struct enc *e)
{
	const struct config *c = &t->cfg;
	/* A token of CTAP 2.0 knows getPinToken only. */
	bool permissions = version_listed(c, "FIDO_2_1") &&
			   (c->pin_support || c->builtin_uv);
	/* Canonical order: shorter names first. */
	const struct {
		const char *name;
		bool present;
		bool value;
	} options[] = {
		{ "rk", true, false },
		{ "up", true, true },
		{ "uv", c->builtin_uv, true },
		{ "plat", true, false },
		{ "alwaysUv", c->always_uv, true },
		{ "clientPin", c->pin_support, t->state.pin_set },
		{ "pinUvAuthToken", permissions, true },
		{ "makeCredUvNotRqd", c->make_cred_uv_not_rqd, true },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		n += options[i].present;
	enc_map(e, n);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i].present)
			continue;
		enc_text(e, options[i].name);
		enc_bool(e, options[i].value);
	}
}

static void info_algorithms(struct enc *e)
{
	enc_array(e, 1);
	enc_map(e, 2);
	enc_text(e, "alg");
	enc_int(e, -7);
	enc_text(e, "type");
	enc_text(e, "public-key");
}

static uint8_t info_get(struct token *t, struct enc *e)
{
	const struct config *c = &t->cfg;
	bool protocols = c->pin_protocols[0] && (c->pin_support ||
						 c->hmac_secret ||
						 c->builtin_uv);
	bool extensions = c->cred_protect || c->hmac_secret;

	enc_map(e, (size_t)(7 + extensions + protocols +
			    (c->max_creds_in_list > 0) +
			    (c->max_cred_id_len > 0) + c->pin_support));
	enc_int(e, 1);
	info_versions(c, e);
	if (extensions) {
		enc_int(e, 2);
		info_extensions(c, e);
	}
	enc_int(e, 3);
	enc_bytes(e, c->aaguid, sizeof(c->aaguid));
	enc_int(e, 4);
	info_options(t, e);
	enc_int(e, 5);
	enc_int(e, c->max_msg);
	if (protocols) {
		enc_int(e, 6);
		enc_array(e, c->pin_protocols[1] ? 2 : 1);
		for (int i = 0; i < 2 && c->pin_protocols[i]; i++)
			enc_int(e, c->pin_protocols[i]);
	}
	if (c->max_creds_in_list) {
		enc_int(e, 7);
		enc_int(e, c->max_creds_in_list);
	}
	if (c->max_cred_id_len) {
		enc_int(e, 8);
		enc_int(e, c->max_cred_id_len);
	}
	enc_int(e, 9);
	enc_array(e, 1);
	enc_text(e, "usb");
	enc_int(e, 10);
	info_algorithms(e);
	if (c->pin_support) {
		enc_int(e, 13);
		enc_int(e, c->min_pin_len);
	}
	enc_int(e, 14);
	enc_int(e, 0x50403);
	return CTAP2_OK;
}

static uint8_t token_reset(struct token *t)
{
	uint8_t status;
	bool up;

	if (clock_ms() > t->powered_at + t->cfg.reset_window_ms)
		return CTAP2_ERR_NOT_ALLOWED;
	status = touch_ask(t, &up);
	if (status != CTAP2_OK)
		return status;
	if (state_reset(&t->state) < 0 || state_save(&t->state) < 0)
		return CTAP1_ERR_OTHER;
	pin_power_off(t);
	return pin_power_on(t) < 0 ? CTAP1_ERR_OTHER : CTAP2_OK;
}

static uint8_t token_select(struct token *t)
{
	bool up;

	return touch_ask(t, &up);
}

static uint8_t command_run(struct token *t, uint8_t cmd,
			   const cbor_item_t *tree, struct enc *e)
{
	switch (cmd) {
	case CMD_MAKE_CREDENTIAL:
		return credential_make(t, tree, e);
	case CMD_GET_ASSERTION:
		return assertion_get(t, tree, e);
	case CMD_CLIENT_PIN:
		return pin_run(t, tree, e);
	case CMD_GET_INFO:
		return info_get(t, e);
	case CMD_RESET:
		return token_reset(t);
	case CMD_SELECTION:
		return token_select(t);
	}
	return CTAP1_ERR_INVALID_COMMAND;
}

uint8_t ctap2_run(struct token *t, const uint8_t *req, size_t len,
		  uint8_t *out, size_t cap, size_t *ret_len)
{
	cbor_item_t *tree = NULL;
	struct enc e;
	uint8_t status;
	bool body;

	if (len == 0)
		return CTAP1_ERR_INVALID_LENGTH;
	if (fault_hits(t, FAULT_ERROR, t->txn))
		return (uint8_t)t->cfg.fault_arg;
	if (len > t->cfg.max_msg)
		return CTAP2_ERR_REQUEST_TOO_LARGE;

	body = req[0] == CMD_MAKE_CREDENTIAL || req[0] == CMD_GET_ASSERTION ||
	       req[0] == CMD_CLIENT_PIN;
	if (body) {
		tree = cbor_tree(req + 1, len - 1);
		if (!tree)
			return CTAP2_ERR_INVALID_CBOR;
	}
	enc_init(&e, out, cap);
	if (body && !item_is_map(tree))
		status = CTAP2_ERR_CBOR_UNEXPECTED_TYPE;
	else
		status = command_run(t, req[0], tree, &e);
	if (tree)
		cbor_decref(&tree);
	if (e.overflow)
		return CTAP1_ERR_OTHER;
	*ret_len = e.len;
	return status;
}
