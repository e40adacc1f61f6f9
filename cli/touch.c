/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/touch.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/terminal.h"

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
	const char *name = known ? notice->names[credential] : "";
	char of[32] = "";

	(void)what;
	if (notice->json && !terminal_available()) {
		say_json(notice, d, name, step, steps, seconds);
		return;
	}
	if (steps > 1)
		(void)snprintf(of, sizeof(of), ", touch %u of %u", step, steps);
	terminal_say("Touch the %s%s%s%s(%s) to %s%s (%u s, Ctrl-C cancels)", product_of(d),
	    known ? " \"" : "", name, known ? "\" " : " ", d->path, notice->purpose, of, seconds);
}

/* A line on a terminal stays: it says what the touch was for. */
static void touch_done(void *ctx)
{
	(void)ctx;
}

static int ask_pin(
    void *ctx, const struct token_device *d, int retries, char ret_pin[static TOKEN_PIN_MAX + 1])
{
	char prompt[TOKEN_PRODUCT_MAX + 64], left[32] = "";
	size_t len;
	int r;

	(void)ctx;
	if (retries >= 0)
		(void)snprintf(
		    left, sizeof(left), " (%d %s left)", retries, retries == 1 ? "try" : "tries");
	(void)snprintf(prompt, sizeof(prompt), "PIN of the %s%s: ", product_of(d), left);
	r = terminal_prompt(prompt, true, ret_pin, TOKEN_PIN_MAX + 1, &len);
	if (r == TERMINAL_ERR_NONE)
		return -1;
	if (r == TERMINAL_ERR_TOO_LONG)
		terminal_say("A PIN has at most %d bytes.", TOKEN_PIN_MAX);
	return r == 0 ? (int)len : 0;
}

void touch_begin(const struct touch_notice *notice, struct token_ui *ret)
{
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

	terminal_release();
	return cancelled && (err == 0 || err == TOKEN_ERR_NONE) ? TOKEN_ERR_CANCELLED : err;
}
