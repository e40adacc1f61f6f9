/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/message.h"

/*
 * One cursor serves both directions: a field is described once, and the
 * function of each message reads like its table in message.h. So what is
 * written and what is read can't drift apart, and a value out of range is
 * refused on either side.
 */
struct cursor {
	uint8_t *out;      /* NULL when decoding */
	const uint8_t *in; /* NULL when encoding */
	size_t left;       /* bytes of room, or of input */
	bool failed;       /* sticky */
};

static void field_bytes(struct cursor *c, uint8_t *bytes, size_t len)
{
	if (c->failed || len > c->left) {
		c->failed = true;
		return;
	}
	if (len == 0)
		return;
	c->left -= len;
	if (c->out != NULL) {
		memcpy(c->out, bytes, len);
		c->out += len;
	} else {
		memcpy(bytes, c->in, len);
		c->in += len;
	}
}

static void field_u32(struct cursor *c, uint32_t *value)
{
	uint8_t bytes[4] = { (uint8_t)*value, (uint8_t)(*value >> 8), (uint8_t)(*value >> 16),
		(uint8_t)(*value >> 24) };

	field_bytes(c, bytes, sizeof(bytes));
	*value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		 (uint32_t)bytes[3] << 24;
}

/* An unsigned of one or two bytes, from min to max inclusive. */
static uint16_t field_uint(
    struct cursor *c, size_t width, uint16_t value, uint16_t min, uint16_t max)
{
	uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

	if (c->out != NULL && (value < min || value > max))
		c->failed = true;
	field_bytes(c, bytes, width);
	value = (uint16_t)(bytes[0] | (width == 2 ? bytes[1] << 8 : 0));
	if (value < min || value > max)
		c->failed = true;
	return c->failed ? min : value;
}

static void field_u8(struct cursor *c, uint8_t *value, uint8_t min, uint8_t max)
{
	*value = (uint8_t)field_uint(c, 1, *value, min, max);
}

static void field_bool(struct cursor *c, bool *value)
{
	*value = field_uint(c, 1, *value, 0, 1) != 0;
}

/* A number from -1 to 254; one higher in the message. */
static void field_maybe(struct cursor *c, int *value, int max)
{
	*value = (int)field_uint(c, 1, (uint16_t)(*value + 1), 0, (uint16_t)(max + 1)) - 1;
}

static void field_err(struct cursor *c, int *err, enum token_err min)
{
	*err = -field_uint(c, 1, (uint16_t) - *err, (uint16_t)-min, -TOKEN_ERR_LAST);
}

static void field_len(struct cursor *c, size_t width, size_t *len, size_t min, size_t max)
{
	if (*len > UINT16_MAX)
		c->failed = true;
	*len = field_uint(c, width, (uint16_t)*len, (uint16_t)min, (uint16_t)max);
}

static void field_kind(struct cursor *c, enum token_kind *kind)
{
	*kind =
	    (enum token_kind)field_uint(c, 1, (uint16_t)*kind, TOKEN_KIND_FIDO2, TOKEN_KIND_YKOTP);
}

static void field_text(struct cursor *c, char *text, size_t size)
{
	size_t len = c->out != NULL ? strnlen(text, size) : 0;

	field_len(c, 1, &len, 0, size - 1);
	field_bytes(c, (uint8_t *)text, len);
	if (c->failed)
		return;
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			c->failed = true;
	text[len] = '\0';
}

static void field_device(struct cursor *c, struct token_device *device)
{
	field_text(c, device->path, sizeof(device->path));
	field_text(c, device->product, sizeof(device->product));
}

static void field_response(struct cursor *c, struct message_response *response)
{
	field_len(c, 1, &response->len, 1, sizeof(response->bytes));
	field_bytes(c, response->bytes, response->len);
}

/* A FIDO2 credential has one, a YubiKey's slot has none. */
static void field_id_len(struct cursor *c, enum token_kind kind, size_t *len)
{
	bool fido2 = kind == TOKEN_KIND_FIDO2;

	field_len(c, 2, len, fido2 ? 1 : 0, fido2 ? TOKEN_CREDENTIAL_ID_MAX : 0);
}

/* The credential ID is borrowed: written from where it is, read in place. */
static void field_credential_id(struct cursor *c, struct token_credential *credential)
{
	field_id_len(c, credential->kind, &credential->id_len);
	if (c->failed || credential->id_len > c->left) {
		c->failed = true;
		return;
	}
	c->left -= credential->id_len;
	if (credential->id_len == 0)
		return;
	if (c->out != NULL) {
		memcpy(c->out, credential->id, credential->id_len);
		c->out += credential->id_len;
	} else {
		credential->id = c->in;
		c->in += credential->id_len;
	}
}

static void field_credentials(struct cursor *c, size_t *n,
    struct token_credential credentials[static TOKEN_CREDENTIALS_MAX], size_t min)
{
	field_len(c, 1, n, min, TOKEN_CREDENTIALS_MAX);
	for (size_t i = 0; i < *n && !c->failed; i++) {
		field_kind(c, &credentials[i].kind);
		field_bool(c, &credentials[i].uv);
		field_credential_id(c, &credentials[i]);
		field_bytes(c, credentials[i].public_key, sizeof(credentials[i].public_key));
		field_bytes(c, credentials[i].aaguid, sizeof(credentials[i].aaguid));
		field_u32(c, &credentials[i].serial);
		field_bool(c, &credentials[i].without_touch);
	}
}

static void body_enrol(struct cursor *c, struct message_enrol *m)
{
	field_text(c, m->path, sizeof(m->path));
	m->mode = (enum token_pin_mode)field_uint(
	    c, 1, (uint16_t)m->mode, TOKEN_PIN_IF_SET, TOKEN_PIN_NEVER);
	field_bool(c, &m->allow_without_touch);
	field_bytes(c, m->salt, sizeof(m->salt));
	field_credentials(c, &m->n, m->credentials, 0);
}

static void body_derive(struct cursor *c, struct message_derive *m)
{
	field_text(c, m->path, sizeof(m->path));
	field_bytes(c, m->salt, sizeof(m->salt));
	field_credentials(c, &m->n, m->credentials, 1);
}

static void body_list(struct cursor *c, struct message_list *m)
{
	field_text(c, m->path, sizeof(m->path));
	field_credentials(c, &m->n, m->credentials, 0);
}

static void body_program(struct cursor *c, struct message_program *m)
{
	field_text(c, m->path, sizeof(m->path));
	m->mode = (enum token_program)field_uint(
	    c, 1, (uint16_t)m->mode, TOKEN_PROGRAM_LOOK, TOKEN_PROGRAM_OVERWRITE);
}

static void body_programmed(struct cursor *c, struct message_programmed *m)
{
	field_device(c, &m->device);
	field_u32(c, &m->slots.serial);
	field_bytes(c, m->slots.firmware, sizeof(m->slots.firmware));
	for (size_t i = 0; i < 2; i++) {
		field_bool(c, &m->slots.programmed[i]);
		field_bool(c, &m->slots.touch[i]);
	}
}

static void field_listed(struct cursor *c, struct token_listed *t)
{
	field_kind(c, &t->kind);
	field_device(c, &t->device);
	field_err(c, &t->err, TOKEN_OK);
	field_bytes(c, t->aaguid, sizeof(t->aaguid));
	field_bool(c, &t->pin_set);
	field_bool(c, &t->pin_supported);
	field_bool(c, &t->uv_builtin);
	field_bool(c, &t->uv_always);
	field_bool(c, &t->hides);
	field_maybe(c, &t->credential, TOKEN_CREDENTIALS_MAX - 1);
}

static void body_listed(struct cursor *c, struct message_listed *m)
{
	field_len(c, 1, &m->n, 1, TOKEN_LIST_MAX);
	for (size_t i = 0; i < m->n && !c->failed; i++)
		field_listed(c, &m->tokens[i]);
}

static void body_pin(struct cursor *c, char pin[static TOKEN_PIN_MAX + 1])
{
	size_t len = c->out != NULL ? strnlen(pin, TOKEN_PIN_MAX + 1) : 0;

	field_len(c, 1, &len, TOKEN_PIN_MIN, TOKEN_PIN_MAX);
	field_bytes(c, (uint8_t *)pin, len);
	if (c->failed)
		return;
	pin[len] = '\0';
	if (strlen(pin) != len)
		c->failed = true;
}

static void body_touch(struct cursor *c, struct message_touch *m)
{
	field_device(c, &m->device);
	m->touch = (enum token_touch)field_uint(
	    c, 1, (uint16_t)m->touch, TOKEN_TOUCH_ENROL, TOKEN_TOUCH_DERIVE);
	field_u8(c, &m->steps, 1, MESSAGE_STEPS_MAX);
	field_u8(c, &m->step, 1, m->steps);
	field_u8(c, &m->seconds, 1, UINT8_MAX);
	field_maybe(c, &m->credential, TOKEN_CREDENTIALS_MAX - 1);
}

static void body_pin_request(struct cursor *c, struct token_pin_request *m)
{
	field_device(c, &m->device);
	m->which =
	    (enum token_pin)field_uint(c, 1, (uint16_t)m->which, TOKEN_PIN_CURRENT, TOKEN_PIN_NEW);
	field_maybe(c, &m->retries, UINT8_MAX - 1);
	field_len(c, 1, &m->pin_min, TOKEN_PIN_MIN, TOKEN_PIN_MAX);
}

static void body_informed(struct cursor *c, struct token_info *m)
{
	field_device(c, &m->device);
	field_err(c, &m->err, TOKEN_OK);
	field_bool(c, &m->known);
	if (!m->known)
		return;
	field_bytes(c, m->aaguid, sizeof(m->aaguid));
	field_u32(c, &m->firmware);
	field_text(c, m->versions, sizeof(m->versions));
	field_text(c, m->extensions, sizeof(m->extensions));
	field_bool(c, &m->pin_set);
	field_bool(c, &m->pin_supported);
	field_bool(c, &m->pin_outdated);
	field_u8(c, &m->pin_min, TOKEN_PIN_MIN, TOKEN_PIN_MAX);
	field_maybe(c, &m->pin_retries, UINT8_MAX - 1);
	field_bool(c, &m->uv_builtin);
	field_bool(c, &m->uv_always);
	field_bool(c, &m->make_cred_uv_not_rqd);
	field_len(c, 1, &m->n_pin_protocols, 0, sizeof(m->pin_protocols));
	field_bytes(c, m->pin_protocols, m->n_pin_protocols);
	m->list_max = field_uint(c, 2, m->list_max, 0, UINT16_MAX);
}

static void body_failed(struct cursor *c, struct message_failed *m)
{
	int err = m->err;

	field_err(c, &err, TOKEN_ERR_INTERNAL);
	m->err = (enum token_err)err;
	field_maybe(c, &m->retries, UINT8_MAX - 1);
}

static void body_enrolled(struct cursor *c, struct message_enrolled *m)
{
	struct token_enrolment *e = &m->enrolment;

	field_kind(c, &e->kind);
	field_bool(c, &e->uv);
	field_id_len(c, e->kind, &e->id_len);
	field_bytes(c, e->id, e->id_len);
	field_bytes(c, e->public_key, sizeof(e->public_key));
	field_bytes(c, e->aaguid, sizeof(e->aaguid));
	field_u32(c, &e->serial);
	field_bool(c, &e->without_touch);
	field_device(c, &e->device);
	field_response(c, &m->response);
}

/* The body of a message whose type is set. */
static void body(struct cursor *c, struct message *m)
{
	switch (m->type) {
	case MESSAGE_ENROL:
		body_enrol(c, &m->enrol);
		return;
	case MESSAGE_DERIVE:
		body_derive(c, &m->derive);
		return;
	case MESSAGE_LIST:
		body_list(c, &m->list);
		return;
	case MESSAGE_PROGRAM:
		body_program(c, &m->program);
		return;
	case MESSAGE_PROGRAMMED:
		body_programmed(c, &m->programmed);
		return;
	case MESSAGE_LISTED:
		body_listed(c, &m->listed);
		return;
	case MESSAGE_PIN:
		body_pin(c, m->pin);
		return;
	case MESSAGE_CANCEL:
	case MESSAGE_TOUCH_DONE:
		return;
	case MESSAGE_TOUCH:
		body_touch(c, &m->touch);
		return;
	case MESSAGE_PIN_REQUEST:
		body_pin_request(c, &m->pin_request);
		return;
	case MESSAGE_SET_PIN:
		field_text(c, m->set_pin.path, sizeof(m->set_pin.path));
		field_bool(c, &m->set_pin.replace);
		return;
	case MESSAGE_PIN_SET:
		field_device(c, &m->pin_set);
		return;
	case MESSAGE_INFO:
		field_text(c, m->info.path, sizeof(m->info.path));
		return;
	case MESSAGE_INFORMED:
		body_informed(c, &m->informed);
		return;
	case MESSAGE_FAILED:
		body_failed(c, &m->failed);
		return;
	case MESSAGE_ENROLLED:
		body_enrolled(c, &m->enrolled);
		return;
	case MESSAGE_DERIVED:
		field_u8(c, &m->derived.credential, 0, TOKEN_CREDENTIALS_MAX - 1);
		field_response(c, &m->derived.response);
		return;
	}
	c->failed = true; /* no such type */
}

static void whole(struct cursor *c, struct message *m)
{
	uint8_t version = MESSAGE_VERSION;

	field_u8(c, &version, MESSAGE_VERSION, MESSAGE_VERSION);
	m->type = (enum message_type)field_uint(c, 1, (uint16_t)m->type, 0, UINT8_MAX);
	if (!c->failed)
		body(c, m);
}

int message_encode(const struct message *message, struct message_buf *ret)
{
	_cleanup_message_ struct message copy = *message;
	struct cursor c = { .out = ret->bytes, .left = sizeof(ret->bytes) };

	whole(&c, &copy);
	if (c.failed) {
		explicit_bzero(ret, sizeof(*ret));
		return TOKEN_ERR_INTERNAL;
	}
	ret->len = sizeof(ret->bytes) - c.left;
	return 0;
}

int message_decode(const struct message_buf *buf, struct message *ret)
{
	struct cursor c = { .in = buf->bytes, .left = buf->len };

	if (buf->len > sizeof(buf->bytes))
		return TOKEN_ERR_HELPER;
	explicit_bzero(ret, sizeof(*ret));
	whole(&c, ret);
	if (c.failed || c.left != 0) {
		explicit_bzero(ret, sizeof(*ret));
		return TOKEN_ERR_HELPER;
	}
	return 0;
}

void message_copy_text(char *dst, size_t size, const char *text)
{
	size_t n = 0;

	for (; text != NULL && *text != '\0' && n + 1 < size; text++)
		if (*text >= 0x20 && *text <= 0x7e)
			dst[n++] = *text;
	dst[n] = '\0';
}
