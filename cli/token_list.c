/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/token_list.h"

#include <string.h>

#include "cli/grade.h"
#include "cli/output.h"
#include "cli/session_token.h"
#include "cli/terminal.h"

int token_list_read(const struct app *app, const struct vault *v,
    struct token_listed ret[static TOKEN_LIST_MAX], size_t *ret_n)
{
	struct token_credential credentials[TOKEN_CREDENTIALS_MAX];
	const struct vault_token_info *tokens;
	size_t n = vault_tokens(v, &tokens);
	int r;

	for (size_t i = 0; i < n; i++)
		credentials[i] = session_credential(&tokens[i]);
	r = token_list(app->device, credentials, n, terminal_catch(), ret, ret_n);
	terminal_release();
	if (r == TOKEN_ERR_NONE) {
		*ret_n = 0;
		r = 0;
	}
	return r == 0 ? STATUS_OK : fail_token(app, r, -1);
}

static bool is_meant(const char *name, const char *only, const char *except)
{
	return (only == NULL || strcmp(name, only) == 0) &&
	       (except == NULL || strcmp(name, except) != 0);
}

int token_list_check(
    const struct app *app, const struct vault *v, const char *only, const char *except)
{
	struct token_listed plugged[TOKEN_LIST_MAX];
	const struct vault_token_info *tokens;
	size_t n;
	int r = token_list_read(app, v, plugged, &n);

	(void)vault_tokens(v, &tokens);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (plugged[i].err != 0 || plugged[i].credential < 0 ||
		    is_meant(tokens[plugged[i].credential].name, only, except))
			return STATUS_OK;
	if (r != 0 || n == 0)
		return r;
	if (only != NULL)
		return fail(app, STATUS_WRONG_TOKEN,
		    "the token that is plugged in (%s) is \"%s\", not \"%s\"; plug that one in and "
		    "repeat",
		    plugged[0].device.path, tokens[plugged[0].credential].name, only);
	return fail(app, STATUS_WRONG_TOKEN,
	    "the token that is plugged in (%s) is \"%s\" itself; plug in another one of this "
	    "vault, whose touch removes it, and repeat",
	    plugged[0].device.path, except);
}

/* The plugged-in one that knows credential i; NULL if none is known to. */
static const struct token_listed *plugged_as(const struct token_listed *plugged, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (plugged[k].err == 0 && plugged[k].credential == (int)i)
			return &plugged[k];
	return NULL;
}

const char *token_list_way(const struct vault_token_info *t)
{
	if (t->without_touch)
		return "no touch";
	if (t->passphrase)
		return "touch and passphrase";
	return t->uv ? "touch and PIN" : "touch";
}

static void print_enrolled(const struct vault_token_info *t, const struct token_listed *at)
{
	char name[VAULT_HUMAN_NAME_MAX + 1], product[VAULT_PRODUCT_MAX + 1], when[32];

	out("%s", text_clean(t->name, name, sizeof(name)));
	if (*t->product != '\0')
		out(" (%s)", text_clean(t->product, product, sizeof(product)));
	out(": %s, grade %c, enrolled %s", token_list_way(t), grade_of_token(t),
	    text_time(t->created, when));
	if (t->tested != 0)
		out(", tested %s", text_time(t->tested, when));
	else
		out(", never tested");
	if (at != NULL)
		out(", plugged in at %s", at->device.path);
	out("\n");
}

static const char *what_of_other(const struct token_listed *p)
{
	if (p->err != 0)
		return token_strerror(p->err);
	if (p->kind == TOKEN_KIND_YKOTP)
		return p->hides ? "slot 2 may be one of this vault: the serial number doesn't tell"
				: "slot 2 is programmed, but not of this vault";
	return p->hides ? "may be one of this vault: it doesn't tell without its PIN; \"touchvault "
			  "token test NAME\" does"
			: "not of this vault";
}

static int print_text(const struct app *app, const struct vault_token_info *tokens, size_t n_tokens,
    const struct token_listed *plugged, size_t n)
{
	for (size_t i = 0; i < n_tokens; i++)
		print_enrolled(&tokens[i], plugged_as(plugged, n, i));
	for (size_t k = 0; k < n; k++)
		if (plugged[k].err != 0 || plugged[k].credential < 0)
			out("%s%s%s: %s\n", plugged[k].device.path,
			    *plugged[k].device.product == '\0' ? "" : " ",
			    plugged[k].device.product, what_of_other(&plugged[k]));
	if (plugged != NULL && n == 0)
		note(app, "no token is plugged in");
	return out_done(app);
}

static json_t *enrolled_json(const struct vault_token_info *t, const struct token_listed *at)
{
	const char grade[] = { grade_of_token(t), '\0' };
	char created[32], tested[32];

	return json_pack("{s:o,s:o,s:s,s:b,s:b,s:b,s:s,s:s,s:s?,s:s,s:o}", "name",
	    text_json(t->name), "product", text_json(t->product), "kind",
	    t->kind == VAULT_SLOT_YKOTP ? "ykotp" : "fido2", "uv", t->uv, "passphrase",
	    t->passphrase, "without_touch", t->without_touch, "grade", grade, "enrolled",
	    text_time_json(t->created, created), "tested",
	    t->tested != 0 ? text_time_json(t->tested, tested) : NULL, "serial", t->serial,
	    "device", at != NULL ? text_json(at->device.path) : json_null());
}

static json_t *plugged_json(const struct token_listed *p, const struct vault_token_info *tokens)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:b,s:b,s:b,s:b,s:s?}", "kind",
	    p->kind == TOKEN_KIND_YKOTP ? "ykotp" : "fido2", "device", text_json(p->device.path),
	    "product", text_json(p->device.product), "token",
	    p->err == 0 && p->credential >= 0 ? text_json(tokens[p->credential].name) : json_null(),
	    "pin_set", p->pin_set, "uv_builtin", p->uv_builtin, "uv_always", p->uv_always, "hides",
	    p->hides, "error", p->err != 0 ? token_strerror(p->err) : NULL);
}

static int print_json(const struct app *app, const struct vault_token_info *tokens, size_t n_tokens,
    const struct token_listed *plugged, size_t n)
{
	json_t *enrolled = json_array(), *found = plugged != NULL ? json_array() : json_null();

	for (size_t i = 0; i < n_tokens; i++)
		(void)json_array_append_new(
		    enrolled, enrolled_json(&tokens[i], plugged_as(plugged, n, i)));
	for (size_t k = 0; k < n; k++)
		(void)json_array_append_new(found, plugged_json(&plugged[k], tokens));
	return out_json(app, json_pack("{s:o,s:o}", "tokens", enrolled, "plugged_in", found));
}

int token_list_print(
    const struct app *app, const struct vault *v, const struct token_listed *plugged, size_t n)
{
	const struct vault_token_info *tokens;
	size_t n_tokens = vault_tokens(v, &tokens);

	return app->json ? print_json(app, tokens, n_tokens, plugged, n)
			 : print_text(app, tokens, n_tokens, plugged, n);
}
