/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/host_kind.h"
#include "cli/host_list.h"
#include "cli/host_request.h"
#include "cli/output.h"
#include "cli/recovery_open.h"
#include "cli/session.h"
#include "token/token.h"
#include "vault/cleanup.h"

const struct option_spec host_options[] = {
	{ "name", "NAME", false, "what the host is called" },
	{ "label", "TEXT", false, "what it is for" },
	{ "fingerprint", "TEXT", false, "what the new host shows (default: it asks)" },
	{ "kind", "auto|tpm2|keyfile", false,
	    "what keeps a new key of this host (default: auto, or as it was)" },
	{ "tpm", "PATH", false, "the TPM's device or socket, for tpm2" },
	{ "drop-old-key", NULL, false, "even if another vault may need it" },
	OPTIONS_END,
};

#define PURPOSE_MAX (VAULT_HUMAN_NAME_MAX + 64)

/* One change of the hosts. */
struct change {
	const struct vault_host_request *request;
	const char *name, *to;
	char host[VAULT_HUMAN_NAME_MAX + 1]; /* of an existing one */
	char fingerprint[VAULT_FINGERPRINT_TEXT];
	int64_t now;
};

/* Whether the name is still that host's, of whom the person was asked: another process
 * may have changed the vault meanwhile. */
static int still_meant(const struct vault *v, const struct change *c)
{
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hosts[i].name, c->host) == 0)
			return vault_host_has_fingerprint(v, i, c->fingerprint) ? 0
										: VAULT_ERR_CHANGED;
	return VAULT_ERR_CHANGED;
}

static int change_approve(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	return vault_host_approve(v, c->request, c->name, c->to, c->now);
}

static int change_revoke(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	int r = still_meant(v, c);

	return r == 0 ? vault_host_revoke(v, c->name, c->now) : r;
}

static int change_rename(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	int r = still_meant(v, c);

	return r == 0 ? vault_host_rename(v, c->name, c->to) : r;
}

static int change_label(struct vault *v, void *ctx)
{
	const struct change *c = ctx;

	int r = still_meant(v, c);

	return r == 0 ? vault_host_label(v, c->name, c->to) : r;
}

static int change_rekey(struct vault *v, void *ctx)
{
	(void)ctx;
	return vault_host_rekey(v);
}

static bool is_there(const struct vault *v, const char *name)
{
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts);

	for (size_t i = 0; i < n; i++)
		if (strcmp(hosts[i].name, name) == 0)
			return true;
	return false;
}

/* The host of that fingerprint, as a name can be such that nobody types it; or of that
 * name. The fingerprint comes first: a host could call itself by another one's, and be
 * taken for it. */
static int require_host(
    const struct app *app, const struct vault *v, const char *name, struct change *ret)
{
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts), i = 0;

	while (i < n && !vault_host_has_fingerprint(v, i, name))
		i++;
	for (size_t k = 0; i == n && k < n; k++)
		if (strcmp(hosts[k].name, name) == 0)
			i = k;
	if (i == n)
		return fail(app, STATUS_NOT_FOUND,
		    "no host %s in the vault; \"touchvault host list\" shows the hosts", name);
	(void)snprintf(ret->host, sizeof(ret->host), "%s", hosts[i].name);
	vault_host_fingerprint(v, i, ret->fingerprint);
	ret->name = ret->host;
	return STATUS_OK;
}

static int require_name(const struct app *app, const char *name)
{
	if (session_human_name_valid(name))
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "not a well-formed host name; use 1 to %d bytes of printable text",
	    VAULT_HUMAN_NAME_MAX);
}

static int require_label(const struct app *app, const char *label)
{
	if (*label == '\0' || session_human_name_valid(label))
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "not a well-formed label; use at most %d bytes of printable text",
	    VAULT_HUMAN_NAME_MAX);
}

static int require_free(
    const struct app *app, const struct vault *v, const char *name, const char *advice)
{
	if (!is_there(v, name))
		return STATUS_OK;
	return fail(app, STATUS_EXISTS, "a host %s is there already; %s", name, advice);
}

/* What is said when it is done: the hosts as they are now. */
static int report(const struct app *app, const struct vault *v, const char *name, const char *done)
{
	if (app->json)
		return host_list_print(app, v);
	note(app, "%s %s", name, done);
	return STATUS_OK;
}

/* A touch, then the change. */
static int change(
    struct app *app, struct vault *v, const char *what, vault_change_fn fn, struct change *c)
{
	char purpose[PURPOSE_MAX];

	(void)snprintf(purpose, sizeof(purpose), "%s %s (%s)", what, c->name, c->fingerprint);
	c->now = app->now;
	return session_change(app, v, purpose, fn, c);
}

static int host_show_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args, (void)v;
	return host_show(app);
}

static int host_request(struct app *app, const struct arguments *args, struct vault *v)
{
	const char *name = option_value(args, "name");
	char own_name[VAULT_HUMAN_NAME_MAX + 1];
	struct vault_new_host new;
	int r = host_kind_option(app, args, &new);

	(void)v;
	if (name == NULL)
		name = session_own_host_name(own_name);
	if (r == 0)
		r = require_name(app, name);
	return r == 0 ? host_request_print(app, &new, name) : r;
}

static int host_list(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)args;
	return host_list_print(app, v);
}

/* All that can be known before anybody types or touches. */
static int check_request(const struct app *app, const struct vault *v, const struct change *c)
{
	const struct vault_host_info *same = vault_host_find(v, c->request);
	int r;

	if (same != NULL)
		return fail(app, STATUS_EXISTS,
		    "that host is approved already, as %s; copy the vault to it", same->name);
	r = require_name(app, c->name);
	if (r == 0)
		r = require_label(app, c->to);
	return r == 0 ? require_free(app, v, c->name, "give it another name with --name") : r;
}

static int host_approve(struct app *app, const struct arguments *args, struct vault *v)
{
	const char *name = option_value(args, "name"), *label = option_value(args, "label");
	struct vault_host_request request;
	struct change c = { .request = &request };
	int r = vault_host_approvable(v);

	if (r != 0)
		return fail_vault(app, r);
	r = host_request_read(app, args->operands[1], &request);
	if (r != 0)
		return session_log_refusal(v, r);
	c.name = name == NULL ? request.name : name;
	c.to = label == NULL ? "" : label;
	r = check_request(app, v, &c);
	if (r == 0)
		r = session_log_refusal(
		    v, host_request_confirm(app, &request, option_value(args, "fingerprint")));
	if (r == 0)
		vault_request_fingerprint(&request, c.fingerprint);
	if (r == 0)
		r = change(app, v, "approve the host", change_approve, &c);
	return r == 0 ? report(app, v, c.name, "is approved; now copy the vault to it") : r;
}

/* This host, by the sheet: as it can't sign that it is no host any more, and so that
 * the sheet is known to be at hand. */
static int revoke_this_host(struct app *app, const struct vault *here, struct change *c)
{
	const struct vault_host_info *hosts;
	const struct vault_new_host same = { VAULT_HOST_ANY, VAULT_TPM_DEVICE };
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	int r = paths_find(app, &p);

	if (r == 0 && vault_hosts(here, &hosts) == 1)
		warn(app, "this is the only host of the vault: after this, nothing but the "
			  "recovery sheet lets anybody in");
	if (r == 0)
		r = recovery_open(app, &p, &same, &v);
	if (r == 0)
		r = change(app, v, "revoke this host,", change_revoke, c);
	if (r != 0 || app->json)
		return r != 0 ? r : host_list_print(app, v);
	note(app, "%s is revoked: this host opens the vault no more", c->name);
	note(app, "every entry is marked to be rotated now, as it may have kept what was opened");
	return STATUS_OK;
}

static int host_revoke(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { 0 };
	struct vault_sheet_info sheet;
	bool by_sheet;
	int r = require_host(app, v, args->operands[1], &c);

	if (r == 0)
		r = vault_host_revocable(v, c.name);
	by_sheet = r == VAULT_ERR_OWN_HOST && vault_recovery_sheet(v, &sheet);
	if (r < 0 && !by_sheet)
		r = fail_vault(app, r);
	if (r > 0)
		return r;
	host_list_warn_of_let_in(app, v, c.name);
	if (by_sheet)
		return revoke_this_host(app, v, &c);
	r = change(app, v, "revoke the host", change_revoke, &c);
	return r == 0 ? report(app, v, c.name,
			    "is revoked; it may have kept what was opened there: every entry is "
			    "marked to be rotated now")
		      : r;
}

static int host_rename(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .to = args->operands[2] };
	int r = require_host(app, v, args->operands[1], &c);

	if (r == 0)
		r = require_name(app, c.to);
	if (r == 0)
		r = require_free(app, v, c.to, "choose another name");
	if (r == 0)
		r = change(app, v, "rename the host", change_rename, &c);
	return r == 0 ? report(app, v, c.to, "is its name now") : r;
}

static int host_label(struct app *app, const struct arguments *args, struct vault *v)
{
	struct change c = { .to = args->operands[2] };
	int r = require_host(app, v, args->operands[1], &c);

	if (r == 0)
		r = require_label(app, c.to);
	if (r == 0)
		r = change(app, v, "label the host", change_label, &c);
	return r == 0 ? report(app, v, c.name,
			    *c.to == '\0' ? "has no label any more" : "has the label")
		      : r;
}

/* What is lost with the old key, before anybody touches for it. */
static int warn_of_lost(
    const struct app *app, const struct arguments *args, struct vault *v, char **ret)
{
	int r = option_is_given(args, "drop-old-key") ? vault_host_rekey_needed(v, ret) : 0;

	if (r == 0 && *ret != NULL)
		warn(app, "the old key is dropped: this host opens %s no more", *ret);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

/* The vault has the new key by now: what is left to do on this host. */
static int finish_rekey(struct app *app, const struct arguments *args, struct vault *v,
    const char *lost, bool was_there)
{
	_cleanup_free_ char *needed = NULL;
	int r = vault_host_rekey_end(v, option_is_given(args, "drop-old-key"), &needed);

	if (r != 0)
		return fail_vault(app, r);
	if (needed != NULL) {
		warn(app,
		    "the old key is kept, because %s may need it: run \"touchvault host rekey\" "
		    "for that vault too, or, if it is gone for good, repeat with --drop-old-key",
		    needed);
		return report(app, v, "this host",
		    was_there ? "has its new key in this vault already"
			      : "has a new key in this vault");
	}
	if (lost != NULL)
		note(app,
		    "it opens %s no more: if that is still there, have this host approved "
		    "for it anew",
		    lost);
	note(app, "names in older lines of its audit logs can't be read any more");
	return report(app, v, "this host", "has a new key; copies of the old one are useless");
}

static int host_rekey(struct app *app, const struct arguments *args, struct vault *v)
{
	bool same = !option_is_given(args, "kind") && !option_is_given(args, "tpm");
	_cleanup_free_ char *lost = NULL;
	struct vault_new_host new;
	int r = host_kind_option(app, args, &new);

	if (r != 0)
		return r;
	r = vault_host_rekey_draft(v, same ? NULL : &new);
	if (r != 0)
		return fail_vault(app, r);
	r = warn_of_lost(app, args, v, &lost);
	if (r != 0)
		return r;
	if (vault_host_rekey_replaced(v))
		return finish_rekey(app, args, v, lost, true);
	host_kind_note(app, vault_without_tpm(v));
	r = session_unlock_by(app, v, "give this host a new key", NULL, NULL);
	if (r != 0)
		return r;
	r = vault_host_rekey_begin(v);
	if (r == 0)
		r = session_commit(app, v, change_rekey, NULL);
	return r == 0 ? finish_rekey(app, args, v, lost, false) : fail_vault(app, r);
}

const struct verb host_verbs[] = {
	{ "show", "", "", host_show_verb, 0, "this host, its fingerprint, and its vaults" },
	{ "request", "", "name kind tpm", host_request, 0,
	    "print the line that asks for approval of this host" },
	{ "approve", "[FILE]", "name label fingerprint", host_approve, VERB_OPENS | VERB_TOUCHES,
	    "let another host in, by request and fingerprint" },
	{ "list", "", "", host_list, VERB_OPENS, "the hosts of the vault" },
	{ "revoke", "NAME", "", host_revoke, VERB_OPENS | VERB_TOUCHES,
	    "leave a host out, and mark all entries ROTATE NOW" },
	{ "rename", "FROM TO", "", host_rename, VERB_OPENS | VERB_TOUCHES,
	    "call a host otherwise" },
	{ "label", "NAME TEXT", "", host_label, VERB_OPENS | VERB_TOUCHES,
	    "say what a host is for" },
	{ "rekey", "", "kind tpm drop-old-key", host_rekey, VERB_OPENS | VERB_TOUCHES,
	    "make a new key for this host" },
	VERBS_END,
};
