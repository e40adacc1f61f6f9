/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/token_program.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "token/token.h"
#include "vault/vault.h"

#define CONFIRMATION "overwrite slot 2"

static int call(const struct app *app, const char *device, enum token_program mode,
    struct token_device *ret_device, struct token_slots *ret)
{
	int r = token_program(device, mode, terminal_catch(), ret_device, ret);

	terminal_release();
	return r == 0 ? STATUS_OK : fail_token(app, r, -1);
}

static const char *holds(const struct token_slots *s, unsigned slot)
{
	if (!s->programmed[slot])
		return "empty";
	return s->touch[slot] ? "programmed, used with a touch"
			      : "programmed, used without a touch";
}

/* On the terminal, where the question is asked; not on standard output. */
static void show(const struct token_device *d, const struct token_slots *s)
{
	terminal_say("%s (%s), firmware %u.%u.%u: slot 1 %s; slot 2 %s", d->product, d->path,
	    s->firmware[0], s->firmware[1], s->firmware[2], holds(s, 0), holds(s, 1));
}

static int confirm(const struct app *app, enum token_program *ret)
{
	char line[sizeof(CONFIRMATION) + 16];
	size_t len;
	int r;

	if (!terminal_available())
		return fail_token(app, TOKEN_ERR_SLOT_IN_USE, -1);
	terminal_say("What slot 2 holds now is lost for good when it is overwritten, for all "
		     "that uses it.");
	r = terminal_refuse_more(app,
	    "that was typed before it was asked for; nothing was written: repeat, and read what is "
	    "lost first");
	if (r == 0)
		r = terminal_ask(app, "Type \"" CONFIRMATION "\" to go on: ", false,
		    "type it as it is shown", line, sizeof(line), &len);
	if (r == 0 && strcmp(line, CONFIRMATION) != 0)
		r = fail(app, STATUS_CANCELLED, "not confirmed; nothing was written");
	*ret = TOKEN_PROGRAM_OVERWRITE;
	return r;
}

static json_t *slot_json(const struct token_slots *s, unsigned slot)
{
	return json_pack("{s:b,s:b}", "programmed", s->programmed[slot], "touch", s->touch[slot]);
}

static int report(const struct app *app, const struct token_device *d, const struct token_slots *s)
{
	if (app->json)
		return out_json(
		    app, json_pack("{s:o,s:o,s:I,s:[i,i,i],s:[o,o]}", "device", text_json(d->path),
			     "product", text_json(d->product), "serial", (json_int_t)s->serial,
			     "firmware", s->firmware[0], s->firmware[1], s->firmware[2], "slots",
			     slot_json(s, 0), slot_json(s, 1)));
	note(app,
	    "slot 2 has a new key that only the token knows; enrol it with \"touchvault token add "
	    "NAME --new-device %s\", or \"touchvault --device %s init\"",
	    d->path, d->path);
	return STATUS_OK;
}

/* Of the vault that commands open, if it opens: nobody asked for one. */
static void warn_of_vault(struct app *app, const struct token_slots *s)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	const struct vault_token_info *tokens;
	struct vault_paths vp;
	size_t n = 0;

	if (paths_find(app, &p) != 0)
		return;
	vp = paths_for_vault(&p);
	if (vault_open(&vp, NULL, &v) == 0)
		n = vault_tokens(v, &tokens);
	for (size_t i = 0; i < n; i++)
		if (tokens[i].kind == VAULT_SLOT_YKOTP && s->serial != 0 &&
		    strtoul(tokens[i].serial, NULL, 10) == s->serial)
			terminal_say("The vault %s opens with it: it is \"%s\"%s.", p.vault,
			    tokens[i].name,
			    n == 1 ? ", its only token, and nothing will open that vault afterwards"
				   : "");
}

int token_program_verb(struct app *app)
{
	enum token_program mode = TOKEN_PROGRAM_NEW;
	struct token_device device;
	struct token_slots slots;
	int r;

	if (app->device != NULL &&
	    strncmp(app->device, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) != 0)
		return fail(app, STATUS_USAGE,
		    "%s is not the HMAC slot of a YubiKey; name one with --device yubikey or "
		    "yubikey:SERIAL",
		    app->device);
	r = call(app, app->device, TOKEN_PROGRAM_LOOK, &device, &slots);

	if (r == 0)
		show(&device, &slots);
	if (r == 0 && slots.programmed[1])
		warn_of_vault(app, &slots);
	if (r == 0 && slots.programmed[1])
		r = confirm(app, &mode);
	if (r == 0)
		r = call(app, device.path, mode, &device, &slots);
	return r == 0 ? report(app, &device, &slots) : r;
}
