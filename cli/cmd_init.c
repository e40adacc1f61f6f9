/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/advice.h"
#include "cli/grade.h"
#include "cli/host_kind.h"
#include "cli/output.h"
#include "cli/session.h"

const struct option_spec init_options[] = {
	{ "pin", "if-set|required|never", false,
	    "whether the token asks for its PIN (default: if-set)" },
	{ "token-name", "NAME", false, "what the token is called (default: first)" },
	{ "host-name", "NAME", false, "what this host is called (default: its hostname)" },
	{ "kind", "auto|tpm2|keyfile", false,
	    "what keeps this host's key: its TPM, or a file (default: auto)" },
	{ "tpm", "PATH", false, "the TPM's device or socket, for tpm2 (default: /dev/tpmrm0)" },
	{ "allow-no-touch", NULL, false, "take a token that answers without a touch, grade D" },
	{ "no-passphrase", NULL, false, "with --device yubikey: touch alone, grade C" },
	OPTIONS_END,
};

static int check(const struct app *app, const struct session_new *new)
{
	int r = session_new_check(app, new);

	if (r == 0 && !session_human_name_valid(new->host_name))
		r = fail(app, STATUS_USAGE,
		    "not a well-formed --host-name; use 1 to %d bytes of printable text",
		    VAULT_HUMAN_NAME_MAX);
	return r;
}

static const char *protection(const struct vault_token_info *t)
{
	if (t->without_touch)
		return "which answers WITHOUT a touch";
	if (t->passphrase)
		return "opened by a touch and its passphrase";
	return t->uv ? "opened by its PIN or fingerprint and a touch" : "opened by a touch";
}

static void print_losses(
    const struct app *app, const struct vault_token_info *t, const struct vault_host_info *h)
{
	const char *advice[GRADE_ADVICE_MAX];
	size_t n = grade_advice(t, 1, h, 1, advice);

	out("\n");
	out_own(app,
	    "Reading a secret takes both halves at once: the token, and this host's key. Neither "
	    "of them alone opens anything, and there is no password that replaces one. If the "
	    "host key is lost, the token alone doesn't open the vault; a second host or a recovery "
	    "sheet (\"touchvault recovery create\") does, with the token.");
	for (size_t i = 0; i < n; i++)
		out_own(app, advice[i]);
}

/* Why the key is in a file although a TPM's would be better. */
static void print_without_tpm(const struct vault *v)
{
	int why = vault_without_tpm(v);
	char text[512];

	if (why == 0)
		return;
	(void)snprintf(
	    text, sizeof(text), "not used: %s; %s", vault_strerror(why), advice_for_vault(why));
	out("TPM       ");
	out_wrapped(10, text);
}

static int report_text(const struct app *app, const struct paths *p, const struct vault *v,
    const struct vault_token_info *t, const struct vault_host_info *h)
{
	char path[4096], name[VAULT_PRODUCT_MAX + 1];

	out("Made a vault with one token and one host.\n\n");
	out("vault     %s\n", text_clean(p->vault, path, sizeof(path)));
	out("host key  %s\n", text_clean(p->host_key, path, sizeof(path)));
	out("state     %s\n", text_clean(p->state, path, sizeof(path)));
	out("token     %s", text_clean(t->name, name, sizeof(name)));
	if (*t->product != '\0')
		out(" (%s)", text_clean(t->product, name, sizeof(name)));
	out(", %s, grade %c\n", protection(t), grade_of_token(t));
	out("host      %s, %s, %s, grade %c\n", text_clean(h->name, name, sizeof(name)),
	    grade_host_kind(h), grade_host_way(h), grade_of_host(h));
	print_without_tpm(v);
	print_losses(app, t, h);
	return out_done(app);
}

static int report_json(const struct app *app, const struct paths *p, const struct vault *v,
    const struct vault_token_info *t, const struct vault_host_info *h)
{
	const char token_grade[] = { grade_of_token(t), '\0' },
		   host_grade[] = { grade_of_host(h), '\0' };
	int why = vault_without_tpm(v);

	return out_json(
	    app, json_pack("{s:o,s:o,s:o,s:{s:o,s:o,s:b,s:b,s:s},s:{s:o,s:s,s:b,s:b,s:s,s:s?}}",
		     "vault", text_json(p->vault), "host_key", text_json(p->host_key), "state",
		     text_json(p->state), "token", "name", text_json(t->name), "product",
		     text_json(t->product), "uv", t->uv, "without_touch", t->without_touch, "grade",
		     token_grade, "host", "name", text_json(h->name), "kind", grade_host_kind(h),
		     "bound", h->bound, "virtual_tpm", h->virtual_tpm, "grade", host_grade,
		     "without_tpm", why == 0 ? NULL : vault_strerror(why)));
}

int cmd_init(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	const char *pin = option_value(args, "pin"), *token = option_value(args, "token-name"),
		   *host = option_value(args, "host-name");
	const struct vault_token_info *tokens;
	const struct vault_host_info *hosts;
	char own_name[VAULT_HUMAN_NAME_MAX + 1];
	struct session_new new = {
		.pin_mode = pin == NULL ? "if-set" : pin,
		.token_name = token == NULL ? "first" : token,
		.host_name = host == NULL ? session_own_host_name(own_name) : host,
		.allow_without_touch = option_is_given(args, "allow-no-touch"),
		.no_passphrase = option_is_given(args, "no-passphrase"),
		.device = app->device,
	};
	int r = check(app, &new);

	if (r == 0)
		r = host_kind_option(app, args, &new.host);
	if (r == 0)
		r = paths_find(app, &p);
	if (r == 0)
		r = out_check(app);
	if (r == 0)
		r = session_create(app, &new, &v);
	if (r != 0)
		return r;
	(void)vault_tokens(v, &tokens);
	(void)vault_hosts(v, &hosts);
	return app->json ? report_json(app, &p, v, tokens, hosts)
			 : report_text(app, &p, v, tokens, hosts);
}
