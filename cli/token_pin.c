/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/token_pin.h"

#include <string.h>

#include "cli/output.h"
#include "cli/touch.h"
#include "vault/cleanup.h"

static int report(const struct app *app, const struct token_device *d, bool replace)
{
	const char *product = *d->product == '\0' ? "token" : d->product;

	if (app->json)
		return out_json(
		    app, json_pack("{s:o,s:o,s:s}", "device", text_json(d->path), "product",
			     text_json(d->product), "pin", replace ? "changed" : "set"));
	if (replace)
		note(app, "the %s (%s) has a new PIN; what it opens, it opens with that", product,
		    d->path);
	else
		note(app,
		    "the %s (%s) has a PIN now; a vault that it is enrolled in asks for it after "
		    "\"touchvault token refresh NAME --pin required\"",
		    product, d->path);
	return STATUS_OK;
}

int token_pin_set(const struct app *app, bool replace)
{
	_cleanup_secret_ struct token_secret *secret = secret_alloc(sizeof(*secret));
	const struct touch_notice notice = { app->json, replace ? "change its PIN" : "set its PIN",
		NULL, 0 };
	struct token_device device;
	struct token_ui ui;
	int r;

	if (app->device != NULL &&
	    strncmp(app->device, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) == 0)
		return fail(app, STATUS_PIN,
		    "the HMAC slot of a YubiKey has no PIN; its passphrase is changed by "
		    "\"touchvault "
		    "token refresh NAME\"");
	if (secret == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	secret->pin_retries = -1;
	touch_begin(&notice, &ui);
	do
		r = token_set_pin(app->device, replace, &ui, secret, &device);
	while (touch_pin_again(r, secret->pin_retries));
	/* Ctrl-C that came when the token had its new PIN changes nothing. */
	if (r == 0)
		(void)touch_end(0);
	else
		r = touch_end(r);
	if (r == TOKEN_ERR_PIN_POLICY)
		return fail(app, exit_status_of_token(r),
		    "%s; choose one of as many characters as it asks for, and of at most %d bytes",
		    token_strerror(r), TOKEN_PIN_MAX);
	return r == 0 ? report(app, &device, replace) : fail_token(app, r, secret->pin_retries);
}
