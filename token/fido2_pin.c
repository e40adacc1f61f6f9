/* SPDX-License-Identifier: BSD-2-Clause */
/* The client PIN of a token: set and changed (CTAP 2.1, section 6.5.5). */
#include "token/fido2.h"

#include "token/backend.h"

struct fido2_new_pin {
	char text[TOKEN_PIN_MAX + 1];
};
DEFINE_WIPE(struct fido2_new_pin, fido2_new_pin)

/* Known from getInfo, so that nobody types a PIN for nothing. */
static int fido2_check_pin(const struct fido2 *f, bool replace)
{
	if (!f->pin_supported)
		return TOKEN_ERR_NO_PIN_SUPPORT;
	if (replace)
		return f->pin_set ? 0 : TOKEN_ERR_PIN_NOT_SET;
	return f->pin_set ? TOKEN_ERR_PIN_SET : 0;
}

static int fido2_ask_current(struct fido2 *f)
{
	const struct token_pin_request request = {
		.device = f->device,
		.which = TOKEN_PIN_CURRENT,
		.retries = fido2_retries(f),
		.pin_min = TOKEN_PIN_MIN,
	};
	int r = request.retries == 0 ? TOKEN_ERR_PIN_BLOCKED : 0;

	if (r == 0)
		r = caller_pin(f->caller, &request, f->pin);
	f->pin_known = r == 0;
	return r;
}

static int fido2_ask_new(struct fido2 *f, struct fido2_new_pin *ret)
{
	const struct token_pin_request request = {
		.device = f->device,
		.which = TOKEN_PIN_NEW,
		.retries = -1,
		.pin_min = f->pin_min,
	};

	return caller_pin(f->caller, &request, ret->text);
}

int fido2_set_pin(
    struct caller *caller, const struct message_set_pin *request, struct token_device *ret)
{
	_cleanup_(fido2_close) struct fido2 f = { .hid.fd = -1 };
	_cleanup_(fido2_new_pin_wipep) struct fido2_new_pin new;
	int r = fido2_open_only(&f, request->path, caller);

	if (r == TOKEN_ERR_NO_HMAC_SECRET)
		r = 0; /* a PIN needs none */
	if (r == 0)
		r = fido2_check_pin(&f, request->replace);
	if (r == 0 && request->replace)
		r = fido2_ask_current(&f);
	if (r == 0)
		r = fido2_ask_new(&f, &new);
	if (r < 0)
		return r;
	hid_begin(&f.hid, NULL, false);
	r = fido2_result(&f, fido_dev_set_pin(f.dev, new.text, request->replace ? f.pin : NULL));
	if (r == 0)
		*ret = f.device;
	return r;
}
