/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/touch.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/pinentry.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"
#include "vault/text.h"

#define PROMPT_MAX 512

static const char *product_of(const struct token_device *d)
{
	return *d->product == '\0' ? "token" : d->product;
}

/* For a program that started this one and shows it to somebody. */
static void say_json(const struct touch_notice *notice, const struct token_device *d,
    const char *name, unsigned step, unsigned steps, unsigned seconds)
{
	json_t *o = json_pack("{s:{s:o,s:o,s:o,s:o,s:i,s:i,s:i}}", "touch", "token",
	    text_json(name), "product", text_json(d->product), "device", text_json(d->path),
	    "purpose", text_json(notice->purpose), "step", (int)step, "steps", (int)steps,
	    "seconds", (int)seconds);
	char *line = json_dumps(o, JSON_COMPACT);

	if (line != NULL)
		(void)fprintf(stderr, "%s\n", line);
	free(line);
	json_decref(o);
}

static void say_touch(void *ctx, const struct token_device *d, enum token_touch what, unsigned step,
    unsigned steps, unsigned seconds, int credential)
{
	const struct touch_notice *notice = ctx;
	bool known = credential >= 0 && (size_t)credential < notice->n_names;
	bool guess = !known && notice->n_names == 1;
	const char *name = known ? notice->names[credential] : guess ? notice->names[0] : "";
	char of[32] = "";

	(void)what;
	if (notice->json && !terminal_available()) {
		say_json(notice, d, name, step, steps, seconds);
		return;
	}
	if (steps > 1)
		(void)snprintf(of, sizeof(of), ", touch %u of %u", step, steps);
	terminal_say("Touch the %.40s%s%s%s(%s)%s%s%s to %s%s (%u s, Ctrl-C cancels)",
	    product_of(d), known ? " \"" : "", known ? name : "", known ? "\" " : " ", d->path,
	    guess ? ", which should be \"" : "", guess ? name : "", guess ? "\"," : "",
	    notice->purpose, of, seconds);
}

/* A line on a terminal stays: it says what the touch was for. */
static void touch_done(void *ctx)
{
	(void)ctx;
}

/* asked: in this call. hiding: from a wrong PIN to the next, as the token is opened again
 * in between, while somebody may be typing already. */
static struct {
	bool asked, hiding;
} pin;

static void hide_end(void)
{
	if (pin.hiding)
		terminal_hide_end();
	pin.hiding = false;
}

/* One entry of a PIN. As the callback of struct token_ui; too_long is the error if
 * it is. */
static int ask_once(const char *prompt, enum token_err too_long, char ret[static TOKEN_PIN_MAX + 1])
{
	size_t len;

	switch ((enum terminal_err)terminal_prompt(prompt, true, ret, TOKEN_PIN_MAX + 1, &len)) {
	case TERMINAL_OK:
		return (int)len;
	case TERMINAL_ERR_NONE:
		return TOKEN_ERR_PIN_REQUIRED;
	case TERMINAL_ERR_CANCELLED:
		return 0;
	case TERMINAL_ERR_TOO_LONG:
		return too_long;
	}
	return TOKEN_ERR_INTERNAL;
}

/* On a terminal it is seen what runs; a window comes from nowhere. */
static int ask_current(const struct touch_notice *notice, const struct token_pin_request *request,
    char ret[static TOKEN_PIN_MAX + 1])
{
	char prompt[PROMPT_MAX], left[32] = "";
	bool told = terminal_available();

	if (request->retries >= 0)
		(void)snprintf(left, sizeof(left), " (%d %s left)", request->retries,
		    request->retries == 1 ? "try" : "tries");
	(void)snprintf(prompt, sizeof(prompt),
	    "PIN of the %.40s (%s)%s%s%s: ", product_of(&request->device), request->device.path,
	    left, told ? "" : ", to ", told ? "" : notice->purpose);
	return ask_once(prompt, TOKEN_ERR_PIN_INVALID, ret);
}

/* Characters of text; 0 if it is no text. */
static size_t count_characters(const char *text, size_t len)
{
	size_t n = 0;

	if (!text_valid(text, len, TOKEN_PIN_MAX))
		return 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static int ask_new_once(const struct token_pin_request *request, char ret[static TOKEN_PIN_MAX + 1])
{
	_cleanup_secret_ char *again = secret_alloc(TOKEN_PIN_MAX + 1);
	const char *product = product_of(&request->device);
	char prompt[PROMPT_MAX];
	int len, len_again;

	if (again == NULL)
		return TOKEN_ERR_INTERNAL;
	(void)snprintf(prompt, sizeof(prompt),
	    "New PIN of the %.40s (at least %zu characters): ", product, request->pin_min);
	len = ask_once(prompt, TOKEN_ERR_PIN_POLICY, ret);
	if (len > 0 && count_characters(ret, (size_t)len) < request->pin_min)
		return TOKEN_ERR_PIN_POLICY;
	if (len <= 0)
		return len;
	(void)snprintf(prompt, sizeof(prompt), "New PIN of the %.40s again: ", product);
	len_again = ask_once(prompt, TOKEN_ERR_PIN_DIFFERS, again);
	if (len_again > 0 && (len_again != len || sodium_memcmp(ret, again, (size_t)len) != 0))
		return TOKEN_ERR_PIN_DIFFERS;
	return len_again;
}

/* What is typed behind an error that ends the command is shown by the shell: so it is
 * asked again, where there is a terminal to say why. */
static int ask_new(const struct token_pin_request *request, char ret[static TOKEN_PIN_MAX + 1])
{
	for (;;) {
		int r = ask_new_once(request, ret);

		if ((r != TOKEN_ERR_PIN_POLICY && r != TOKEN_ERR_PIN_DIFFERS) ||
		    !terminal_available())
			return r;
		if (r == TOKEN_ERR_PIN_DIFFERS)
			terminal_say("The two differ; type the new PIN again, or press Enter alone "
				     "to stop.");
		else
			terminal_say("A PIN is a text of at least %zu characters and at most %d "
				     "bytes; type one, or press Enter alone to stop.",
			    request->pin_min, TOKEN_PIN_MAX);
	}
}

static int ask_pin(
    void *ctx, const struct token_pin_request *request, char ret_pin[static TOKEN_PIN_MAX + 1])
{
	int r = request->which == TOKEN_PIN_NEW ? ask_new(request, ret_pin)
						: ask_current(ctx, request, ret_pin);

	hide_end();
	pin.asked = true;
	return r;
}

bool touch_can_ask(void)
{
	return terminal_available() || pinentry_available();
}

bool touch_pin_again(int err, int retries)
{
	char left[32] = "";

	/* A helper that calls one wrong that it never had must not go on for ever. */
	if (err != TOKEN_ERR_PIN_INVALID || retries == 0 || !pin.asked || !terminal_available())
		return false;
	pin.asked = false;
	if (retries > 0)
		(void)snprintf(left, sizeof(left), ", %d %s left", retries,
		    retries == 1 ? "try is" : "tries are");
	terminal_hide();
	pin.hiding = true;
	terminal_say("Wrong PIN%s; type it again, or press Enter alone to stop.", left);
	return true;
}

void touch_begin(const struct touch_notice *notice, struct token_ui *ret)
{
	pin.asked = false;
	*ret = (struct token_ui){
		.ctx = (struct touch_notice *)(uintptr_t)notice,
		.touch = say_touch,
		.touch_done = touch_done,
		.pin = ask_pin,
		.cancel_fd = terminal_catch(),
	};
}

int touch_end(int err)
{
	/* Ctrl-C that came too late for the token still means no. */
	bool cancelled = terminal_cancelled();

	hide_end();
	terminal_release();
	return cancelled && (err == 0 || err == TOKEN_ERR_NONE) ? TOKEN_ERR_CANCELLED : err;
}
