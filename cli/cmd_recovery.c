/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/host_kind.h"
#include "cli/host_list.h"
#include "cli/output.h"
#include "cli/recovery_open.h"
#include "cli/recovery_sheet.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

const struct option_spec recovery_options[] = {
	{ "output", "FILE", false, "write a page, .pdf or .svg (default: the terminal)" },
	{ "replace", NULL, false, "in the place of the sheet that is there" },
	{ "name", "NAME", false, "what this host is called (default: its hostname)" },
	{ "kind", "auto|tpm2|keyfile", false, "what keeps the key of this host (default: auto)" },
	{ "tpm", "PATH", false, "the TPM's device or socket, for tpm2" },
	OPTIONS_END,
};

#define LINE_LEN 256
#define PURPOSE_MAX (VAULT_HUMAN_NAME_MAX + 64)

/* A code and what is typed of it, in locked memory. */
struct secrets {
	char code[VAULT_RECOVERY_TEXT];
	char typed[VAULT_RECOVERY_TEXT];
	char line[LINE_LEN];
};

struct change {
	const char *code, *name;
	bool replace;
	int64_t now;
};

static int change_add(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_recovery_add(v, c->code, c->replace, c->now);
}

static int change_remove(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_recovery_remove(v, c->now);
}

static int change_admit(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_recovery_admit(v, c->name, c->now);
}

static int report(const struct app *app, const struct vault *v, const char *done)
{
	if (app->json)
		return out_json(app, json_pack("{s:o}", "recovery_sheet", recovery_sheet_json(v)));
	note(app, "%s", done);
	return STATUS_OK;
}

/* One group, typed from the sheet as it was written down or printed. */
static int type_back(const struct app *app, struct secrets *s, size_t group)
{
	const size_t at = group * (VAULT_RECOVERY_GROUP + 1);
	char prompt[64];
	size_t len, n;
	int r;

	(void)snprintf(prompt, sizeof(prompt), "Type group %zu from the sheet: ", group + 1);
	for (;;) {
		r = terminal_ask(
		    app, prompt, true, "type five characters", s->line, sizeof(s->line), &len);
		if (r != 0)
			return r;
		n = group;
		r = vault_recovery_code_type(s->line, s->typed, &n);
		if (r == 0 && n == group + 1 &&
		    sodium_memcmp(s->typed + at, s->code + at, VAULT_RECOVERY_GROUP) == 0)
			return STATUS_OK;
		terminal_say(
		    "That is not group %zu; look at the sheet and type it again", group + 1);
	}
}

/* That there is a sheet that somebody can read, before the vault trusts in it. */
static int confirm(const struct app *app, struct secrets *s)
{
	size_t first = randombytes_uniform(VAULT_RECOVERY_GROUPS),
	       second = (first + 1 + randombytes_uniform(VAULT_RECOVERY_GROUPS - 1)) %
			VAULT_RECOVERY_GROUPS;
	int r = type_back(app, s, first);

	return r == 0 ? type_back(app, s, second) : r;
}

static int check_create(
    const struct app *app, const struct arguments *args, struct vault *v, const char *path)
{
	char since[RECOVERY_SINCE_MAX];
	int r = terminal_require(app, "type two groups of the sheet back");

	if (r != 0)
		return r;
	if (recovery_sheet_since(v, since) && !option_is_given(args, "replace"))
		return fail(app, STATUS_EXISTS,
		    "there is a recovery sheet already, %s; repeat with --replace, or remove it "
		    "first if it is lost",
		    since);
	r = vault_recovery_addable(v, true);
	if (r != 0)
		return fail_vault(app, r);
	if (path == NULL && (app->json || !isatty(STDOUT_FILENO)))
		return fail(app, STATUS_USAGE,
		    "the sheet is printed on a terminal only; name a file with --output, which "
		    "ends in .pdf or .svg");
	r = path == NULL ? STATUS_OK : recovery_sheet_check(app, path);
	if (r != 0)
		return r;
	r = vault_commit_check(v);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

/* From the touch to the commit. *ret_kept: the vault has the sheet, or may have. */
static int commit_sheet(struct app *app, struct vault *v, const struct arguments *args,
    const char *code, bool *ret_kept)
{
	struct change c = {
		.code = code, .replace = option_is_given(args, "replace"), .now = app->now
	};
	int r = session_unlock_by(app, v,
	    c.replace ? "replace the recovery sheet" : "add the recovery sheet", NULL, NULL);

	*ret_kept = false;
	if (r != 0)
		return r;
	r = session_commit(app, v, change_add, &c);
	*ret_kept = r == 0 || r == VAULT_ERR_UNRECORDED;
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

/* From the sheet to the vault that has it; what is not kept is void. */
static int make(struct app *app, struct vault *v, const struct arguments *args,
    const struct recovery_sheet *sheet, struct secrets *s, const char *path)
{
	bool kept = false;
	int r = path == NULL ? recovery_sheet_print(app, sheet)
			     : recovery_sheet_write(app, sheet, path);

	if (r != 0)
		return r;
	if (path == NULL)
		terminal_say(
		    "Write the code down, with its numbers; then type two groups back, which isn't "
		    "shown");
	else
		terminal_say(
		    "The sheet is in %s: print it, then type two groups back, which isn't shown",
		    path);
	r = session_log_refusal(v, confirm(app, s));
	if (r == 0)
		r = commit_sheet(app, v, args, s->code, &kept);
	if (!kept && path != NULL && unlink(path) == 0)
		terminal_say(
		    "The sheet is void: %s is deleted again; destroy what was printed", path);
	else if (!kept)
		terminal_say("The sheet is void: destroy it");
	return r;
}

static int create_at(struct app *app, struct vault *v, const struct arguments *args,
    const char *vault, const char *path)
{
	_cleanup_secret_ struct secrets *s = secret_alloc(sizeof(*s));
	struct recovery_sheet sheet = { .vault = vault, .v = v };
	int r;

	if (s == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	vault_recovery_code_make(s->code);
	sheet.code = s->code;
	/* Ctrl-C between two prompts would leave the file there. */
	(void)terminal_catch();
	r = make(app, v, args, &sheet, s, path);
	terminal_release();
	return r;
}

static int recovery_create(struct app *app, const struct arguments *args, struct vault *v)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	const char *path = option_value(args, "output");
	struct vault_sheet_info before;
	bool replaced = vault_recovery_sheet(v, &before);
	int r = paths_find(app, &p);

	if (r == 0)
		r = check_create(app, args, v, path);
	if (r == 0)
		r = create_at(app, v, args, p.vault, path);
	if (r != 0)
		return r;
	if (replaced)
		note(app, "the sheet from before opens nothing any more: destroy it");
	return report(app, v,
	    path == NULL ? "the vault has the recovery sheet; clear the terminal, which still "
			   "shows it, and keep the sheet away from your tokens"
			 : "the vault has the recovery sheet; delete the file when it is printed, "
			   "and keep the sheet away from your tokens");
}

static int recovery_remove(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .now = app->now };
	char since[RECOVERY_SINCE_MAX];
	int r;

	(void)args;
	if (!recovery_sheet_since(v, since))
		return fail(app, STATUS_NOT_FOUND,
		    "the vault has no recovery sheet; \"touchvault recovery create\" makes one");
	host_list_warn_of_let_in(app, v, NULL);
	r = session_change(app, v, "remove the recovery sheet", change_remove, &c);
	return r == 0 ? report(app, v,
			    "the recovery sheet opens nothing any more; who had it may have used "
			    "it: every entry is marked to be rotated now")
		      : r;
}

/* What can be known before the code is typed. */
static int check_use(const struct app *app, const struct paths *p)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_paths vp = paths_for_vault(p);
	int r =
	    access(p->vault, F_OK) != 0 ? VAULT_ERR_NO_VAULT : vault_open(&vp, &app->accept, &v);

	if (r == 0)
		return fail(app, STATUS_EXISTS,
		    "this host is approved already; there is nothing to recover");
	if (r == VAULT_ERR_NO_VAULT)
		return session_no_vault(app, p);
	if (r == VAULT_ERR_NO_HOST_KEY || r == VAULT_ERR_NOT_APPROVED ||
	    r == VAULT_ERR_NO_LONGER_APPROVED)
		return terminal_require(app, "type the code");
	return session_refused(app, p, r);
}

static bool is_taken(const struct vault *v, const char *name)
{
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hosts[i].name, name) == 0)
			return true;
	return false;
}

/* Nobody is to type the code again for a name. */
static int ask_name(const struct app *app, const struct vault *v, const char *name,
    char ret[static VAULT_HUMAN_NAME_MAX + 1])
{
	size_t len;
	int r;

	(void)snprintf(ret, VAULT_HUMAN_NAME_MAX + 1, "%s", name);
	while (is_taken(v, ret)) {
		terminal_say("A host %s is there already", ret);
		do {
			r = terminal_ask(app, "Another name for this one: ", false,
			    "give this host another name with --name", ret,
			    VAULT_HUMAN_NAME_MAX + 1, &len);
			if (r != 0)
				return r;
		} while (!session_human_name_valid(ret));
	}
	return STATUS_OK;
}

static int admit(struct app *app, struct vault *v, const char *wanted)
{
	char purpose[PURPOSE_MAX], name[VAULT_HUMAN_NAME_MAX + 1];
	struct change c = { .name = name, .now = app->now };
	int r = vault_host_approvable(v);

	if (r != 0)
		return fail_vault(app, r);
	r = ask_name(app, v, wanted, name);
	(void)snprintf(
	    purpose, sizeof(purpose), "approve this host, %s, by the recovery sheet", name);
	if (r == 0)
		r = session_change(app, v, purpose, change_admit, &c);
	if (r != 0 || app->json)
		return r != 0 ? r : host_list_print(app, v);
	note(app, "%s is approved, by the recovery sheet", name);
	note(app, "leave out the hosts that are lost: \"touchvault host revoke NAME\"");
	note(app, "make a new sheet, as this one has been typed: \"touchvault recovery create "
		  "--replace\"");
	return STATUS_OK;
}

static int recovery_use(struct app *app, const struct arguments *args, struct vault *v)
{
	__attribute__((cleanup(vault_closep))) struct vault *opened = NULL;
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	const char *name = option_value(args, "name");
	char own_name[VAULT_HUMAN_NAME_MAX + 1];
	struct vault_new_host new;
	int r = paths_find(app, &p);

	(void)v;
	if (name == NULL)
		name = session_own_host_name(own_name);
	if (r == 0 && !session_human_name_valid(name))
		r = fail(app, STATUS_USAGE,
		    "not a well-formed host name; use 1 to %d bytes of printable text",
		    VAULT_HUMAN_NAME_MAX);
	if (r == 0)
		r = host_kind_option(app, args, &new);
	if (r == 0)
		r = check_use(app, &p);
	if (r == 0)
		r = paths_make_dirs(app, &p);
	if (r == 0)
		r = recovery_open(app, &p, &new, &opened);
	return r == 0 ? admit(app, opened, name) : r;
}

const struct verb recovery_verbs[] = {
	/* Their touch comes after the code: no helper is to wait beside it. */
	{ "create", "", "output replace", recovery_create, VERB_OPENS, "make a recovery sheet" },
	{ "use", "", "name kind tpm", recovery_use, 0, "let this host in by the recovery sheet" },
	{ "remove", "", "", recovery_remove, VERB_OPENS | VERB_TOUCHES,
	    "make the recovery sheet worthless" },
	VERBS_END,
};
