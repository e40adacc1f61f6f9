/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/grade.h"
#include "cli/output.h"
#include "cli/session_token.h"
#include "cli/shell_word.h"
#include "cli/terminal.h"
#include "cli/token_info.h"
#include "cli/token_list.h"
#include "cli/token_pin.h"
#include "cli/token_program.h"
#include "vault/cleanup.h"

const struct option_spec token_options[] = {
	{ "new-device", "PATH", false, "the device of the new token (default: it asks)" },
	{ "pin", "if-set|required|never", false, "whether it asks for its PIN (default: if-set)" },
	{ "allow-no-touch", NULL, false, "take a token that answers without a touch, grade D" },
	{ "no-passphrase", NULL, false, "of a YubiKey's slot, touch alone, grade C" },
	OPTIONS_END,
};

#define PURPOSE_MAX (2 * VAULT_HUMAN_NAME_MAX + 64)

/* One change of the tokens: names from the command line, and what was enrolled. */
struct change {
	const char *name, *to;
	struct session_enrolled *enrolled;
	int64_t now;
};

static int change_add(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_token_add(v, &c->enrolled->token, c->enrolled->response, c->now);
}

static int change_refresh(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_token_replace(v, c->name, &c->enrolled->token, c->enrolled->response, c->now);
}

static int change_remove(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_token_remove(v, c->name, c->now);
}

static int change_rename(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_token_rename(v, c->name, c->to);
}

static int change_tested(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_token_tested(v, c->name, c->now);
}

static int commit(struct app *app, struct vault *v, vault_change_fn fn, struct change *c)
{
	int r = session_commit(app, v, fn, c);

	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

static bool is_there(const struct vault *v, const char *name)
{
	const struct vault_token_info *tokens;
	size_t n = vault_tokens(v, &tokens);

	for (size_t i = 0; i < n; i++)
		if (strcmp(tokens[i].name, name) == 0)
			return true;
	return false;
}

static int require_token(const struct app *app, const struct vault *v, const char *name)
{
	if (is_there(v, name))
		return STATUS_OK;
	return fail(app, STATUS_NOT_FOUND,
	    "no token \"%s\" in the vault; \"touchvault token list\" shows the tokens", name);
}

static int require_room(const struct app *app, const struct vault *v)
{
	const struct vault_token_info *tokens;

	if (vault_tokens(v, &tokens) < VAULT_TOKEN_SLOTS_MAX)
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "the vault has %d tokens, and no room for more; remove one first",
	    VAULT_TOKEN_SLOTS_MAX);
}

static int require_free(const struct app *app, const struct vault *v, const char *name)
{
	if (!is_there(v, name))
		return STATUS_OK;
	return fail(
	    app, STATUS_EXISTS, "a token \"%s\" is there already; choose another name", name);
}

/* What is said when it is done: the tokens as they are now. */
static int report(const struct app *app, const struct vault *v, const char *done, const char *name)
{
	if (app->json)
		return token_list_print(app, v, NULL, 0);
	note(app, "the token \"%s\" %s", name, done);
	return STATUS_OK;
}

static struct session_new new_of(
    const struct app *app, const struct arguments *args, const char *name)
{
	const char *pin = option_value(args, "pin");

	return (struct session_new){
		.pin_mode = pin == NULL ? "if-set" : pin,
		.allow_without_touch = option_is_given(args, "allow-no-touch"),
		.no_passphrase = option_is_given(args, "no-passphrase"),
		.token_name = name,
		.device = app->device,
	};
}

static int token_add(struct app *app, const struct arguments *args, struct vault *v)
{
	_cleanup_secret_ struct vault_response *response = secret_alloc(sizeof(*response));
	struct session_enrolled enrolled = { .response = response };
	struct change c = { .enrolled = &enrolled, .now = app->now };
	struct session_new new = new_of(app, args, args->operands[1]);
	char name[SHELL_OPERAND_SIZE(VAULT_HUMAN_NAME_MAX)], done[sizeof(name) + 64];
	int r;

	if (response == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	new.further = true;
	new.device = option_value(args, "new-device");
	r = session_new_check(app, &new);
	if (r == 0)
		r = require_free(app, v, new.token_name);
	if (r == 0)
		r = require_room(app, v);
	if (r == 0 && app->device != NULL && new.device != NULL &&
	    strcmp(app->device, new.device) == 0)
		r = fail_token(app, TOKEN_ERR_ENROLLED, -1);
	if (r == 0)
		r = session_new_look(app, v, &new);
	if (r == 0)
		r = session_unlock_by(app, v, "add another token", NULL, NULL);
	if (r == 0)
		r = session_enrol(app, v, &new, &enrolled);
	if (r == 0)
		r = commit(app, v, change_add, &c);
	(void)snprintf(done, sizeof(done), "is enrolled; test it with \"touchvault token test %s\"",
	    shell_operand(new.token_name, name, sizeof(name)));
	return r == 0 ? report(app, v, done, new.token_name) : r;
}

static int report_refreshed(const struct app *app, const struct vault *v, const char *name)
{
	const struct vault_token_info *tokens;
	size_t n = vault_tokens(v, &tokens);
	char done[64] = "";

	for (size_t i = 0; i < n; i++)
		if (strcmp(tokens[i].name, name) == 0)
			(void)snprintf(done, sizeof(done), "opens by %s now, grade %c",
			    token_list_way(&tokens[i]), grade_of_token(&tokens[i]));
	return report(app, v, done, name);
}

/* Where a token of the vault is enrolled again: a YubiKey's slot must be named. */
static const char *device_of(
    const struct app *app, const struct vault *v, const char *name, char buf[static TOKEN_PATH_MAX])
{
	const struct vault_token_info *tokens;
	size_t n = vault_tokens(v, &tokens);

	for (size_t i = 0; i < n && app->device == NULL; i++) {
		if (strcmp(tokens[i].name, name) != 0 || tokens[i].kind != VAULT_SLOT_YKOTP)
			continue;
		(void)snprintf(buf, TOKEN_PATH_MAX, "%s%s%s", TOKEN_PATH_YKOTP,
		    *tokens[i].serial == '\0' ? "" : ":", tokens[i].serial);
		return buf;
	}
	return app->device;
}

static int token_refresh(struct app *app, const struct arguments *args, struct vault *v)
{
	_cleanup_secret_ struct vault_response *response = secret_alloc(sizeof(*response));
	struct session_enrolled enrolled = { .response = response };
	struct session_new new = new_of(app, args, args->operands[1]);
	struct change c = { .name = new.token_name, .enrolled = &enrolled, .now = app->now };
	char purpose[PURPOSE_MAX], device[TOKEN_PATH_MAX];
	int r;

	if (response == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	new.device = device_of(app, v, new.token_name, device);
	(void)snprintf(purpose, sizeof(purpose), "refresh \"%s\"", new.token_name);
	r = session_new_check(app, &new);
	if (r == 0)
		r = require_token(app, v, new.token_name);
	if (r == 0)
		r = token_list_check(app, v, new.token_name, NULL);
	if (r == 0)
		r = session_new_look(app, v, &new);
	if (r == 0)
		r = session_unlock_by(app, v, purpose, new.token_name, NULL);
	if (r == 0)
		r = session_enrol(app, v, &new, &enrolled);
	if (r == 0)
		r = commit(app, v, change_refresh, &c);
	return r == 0 ? report_refreshed(app, v, new.token_name) : r;
}

static int token_remove(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .name = args->operands[1], .now = app->now };
	const struct vault_token_info *tokens;
	char purpose[PURPOSE_MAX];
	int r = require_token(app, v, c.name);

	if (r == 0 && vault_tokens(v, &tokens) == 1)
		r = fail_vault(app, VAULT_ERR_LAST_TOKEN);
	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "remove the token \"%s\"", c.name);
	r = token_list_check(app, v, NULL, c.name);
	if (r == 0)
		r = session_unlock_by(app, v, purpose, NULL, c.name);
	if (r == 0)
		r = commit(app, v, change_remove, &c);
	return r == 0 ? report(app, v,
			    "is removed; whoever has it may have kept what it opened: every entry "
			    "is marked to be rotated now",
			    c.name)
		      : r;
}

static int token_rename(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .name = args->operands[1], .to = args->operands[2] };
	char purpose[PURPOSE_MAX];
	int r = require_token(app, v, c.name);

	if (r == 0 && !session_human_name_valid(c.to))
		r = fail(app, STATUS_USAGE,
		    "not a well-formed token name; use 1 to %d bytes of printable text",
		    VAULT_HUMAN_NAME_MAX);
	if (r == 0)
		r = require_free(app, v, c.to);
	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "rename the token \"%s\"", c.name);
	r = session_unlock_by(app, v, purpose, NULL, NULL);
	if (r == 0)
		r = commit(app, v, change_rename, &c);
	return r == 0 ? report(app, v, "is its name now", c.to) : r;
}

static int token_test(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .name = args->operands[1], .now = app->now };
	char purpose[PURPOSE_MAX];
	int r = require_token(app, v, c.name);

	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "test \"%s\"", c.name);
	r = token_list_check(app, v, c.name, NULL);
	if (r == 0)
		r = session_unlock_by(app, v, purpose, c.name, NULL);
	if (r == 0)
		r = commit(app, v, change_tested, &c);
	return r == 0 ? report(app, v, "opens the vault", c.name) : r;
}

static int token_list_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	struct token_listed plugged[TOKEN_LIST_MAX];
	size_t n;
	int r = token_list_read(app, v, plugged, &n);

	(void)args;
	return r == 0 ? token_list_print(app, v, plugged, n) : r;
}

static int token_set_pin_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args, (void)v;
	return token_pin_set(app, false);
}

static int token_change_pin_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args, (void)v;
	return token_pin_set(app, true);
}

static int token_info_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args, (void)v;
	return token_info_print(app);
}

static int token_program_run(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args, (void)v;
	return token_program_verb(app);
}

const struct verb token_verbs[] = {
	{ "list", "", "", token_list_verb, VERB_OPENS | VERB_TOUCHES,
	    "the tokens of the vault, and what is plugged in" },
	{ "add", "NAME", "new-device pin allow-no-touch no-passphrase", token_add,
	    VERB_OPENS | VERB_TOUCHES, "enrol another token" },
	{ "remove", "NAME", "", token_remove, VERB_OPENS | VERB_TOUCHES,
	    "leave a token out, and mark all entries ROTATE NOW" },
	{ "rename", "FROM TO", "", token_rename, VERB_OPENS | VERB_TOUCHES,
	    "call a token otherwise" },
	{ "test", "NAME", "", token_test, VERB_OPENS | VERB_TOUCHES,
	    "open the vault with that token, and keep the date" },
	{ "refresh", "NAME", "pin allow-no-touch no-passphrase", token_refresh,
	    VERB_OPENS | VERB_TOUCHES, "enrol a token again, with its PIN or without" },
	{ "info", "", "", token_info_verb, VERB_TOUCHES,
	    "what a token tells of itself; needs no vault" },
	{ "set-pin", "", "", token_set_pin_verb, VERB_TOUCHES,
	    "give a token its first PIN; needs no vault" },
	{ "change-pin", "", "", token_change_pin_verb, VERB_TOUCHES,
	    "give a token another PIN; needs no vault" },
	{ "program", "", "", token_program_run, VERB_TOUCHES,
	    "write a new HMAC key into slot 2 of a YubiKey; needs no vault" },
	VERBS_END,
};
