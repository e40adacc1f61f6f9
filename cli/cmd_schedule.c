/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rotation_info.h"
#include "cli/schedule_option.h"
#include "cli/session.h"

const struct option_spec schedule_options[] = {
	SCHEDULE_OPTIONS("|default"),
	{ "expires", "DATE|never", false, "when the broker ends the key that is stored now" },
	{ "now", "REASON", false, "rotate it now, for this reason; \"\" takes that back" },
	{ "all", NULL, false, "of every entry" },
	{ "default", NULL, false, "of the vault, for what entries leave open" },
	OPTIONS_END,
};

struct change {
	const struct arguments *args;
	const char *name; /* NULL: all, or the vault's */
	struct schedule given;
	int64_t expires;
	const char *reason;
	int64_t now;
};

static int change_entry(
    struct vault *v, const struct change *c, const struct vault_entry_info *info)
{
	struct schedule s = info->rotation.schedule;
	int64_t expires = option_is_given(c->args, "expires") ? c->expires : info->rotation.expires;
	int r;

	schedule_option_apply(c->args, &c->given, &s);
	r = vault_entry_schedule_set(v, info->name, &s, expires);
	if (r == 0 && c->reason != NULL)
		r = vault_entry_mark(v, info->name, *c->reason == '\0' ? NULL : c->reason, c->now);
	return r;
}

static int change(struct vault *v, void *ctx)
{
	const struct change *c = ctx;
	const struct vault_entry_info *info;
	struct schedule s = *vault_schedule(v);
	int r = 0;

	if (option_is_given(c->args, "default")) {
		schedule_option_apply(c->args, &c->given, &s);
		return vault_schedule_set(v, &s);
	}
	if (c->name != NULL) {
		info = vault_entry_find(v, c->name);
		return info == NULL ? VAULT_ERR_CHANGED : change_entry(v, c, info);
	}
	for (size_t i = 0; r == 0 && (info = vault_entry_at(v, i)) != NULL; i++)
		r = change_entry(v, c, info);
	return r;
}

static int parse(const struct app *app, const struct arguments *args, struct change *ret)
{
	int r = schedule_option_parse(app, args, option_is_given(args, "default"), &ret->given);

	if (r == 0)
		r = rotation_date_option(app, args, "expires", "never", &ret->expires);
	ret->reason = option_value(args, "now");
	if (r == 0 && ret->reason != NULL)
		r = rotation_reason_check(app, "now", ret->reason);
	return r;
}

static bool changes(const struct arguments *args)
{
	return schedule_option_is_given(args) || option_is_given(args, "expires") ||
	       option_is_given(args, "now");
}

/* Whose schedule: an entry's, everybody's or the vault's, and one of them only. */
static int check_whose(const struct app *app, const struct arguments *args, const struct change *c)
{
	bool all = option_is_given(args, "all"), vault = option_is_given(args, "default");

	if ((c->name != NULL) + all + vault > 1)
		return fail(
		    app, STATUS_USAGE, "name an entry, or use --all or --default; one of them");
	if (changes(args) && c->name == NULL && !all && !vault)
		return fail(
		    app, STATUS_USAGE, "whose schedule? name an entry, or use --all or --default");
	if (vault && (option_is_given(args, "expires") || c->reason != NULL))
		return fail(
		    app, STATUS_USAGE, "--expires and --now are an entry's, not the vault's");
	return c->name == NULL ? STATUS_OK : session_name_check(app, c->name);
}

/* A key that ended before it was there: a wrong year, most likely. */
static int check_expiry(const struct app *app, const struct vault *v, const struct change *c)
{
	const struct vault_entry_info *info;
	char expires[32], made[32];

	if (c->expires == 0)
		return STATUS_OK;
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if ((c->name == NULL || strcmp(c->name, info->name) == 0) &&
		    c->expires <= info->rotation.made)
			return fail(app, STATUS_USAGE,
			    "%s can't have expired on %s: it was stored on %s; look at the year",
			    info->name, text_date(c->expires, expires),
			    text_date(info->rotation.made, made));
	return STATUS_OK;
}

static json_t *entry_schedule_json(const struct vault *v, const struct vault_entry_info *info)
{
	struct schedule s = vault_entry_schedule(v, info);
	struct rotation_outlook o = vault_entry_outlook(v, info, 0);

	return json_pack("{s:s,s:o,s:o,s:o,s:o}", "name", info->name, "schedule", schedule_json(&s),
	    "made", time_json(info->rotation.made), "rotate_by", time_json(o.rotate_by), "expires",
	    time_json(info->rotation.expires));
}

static void print_entry(const struct vault *v, const struct vault_entry_info *info, size_t width)
{
	struct schedule s = vault_entry_schedule(v, info);
	char expires[32];

	out_text(info->name, width);
	out("  ");
	schedule_print(&s, &info->rotation.schedule, policy_bounds(v, info));
	if (info->rotation.expires != 0)
		out(", expires %s", text_date(info->rotation.expires, expires));
	out("\n");
}

static int show_json(const struct app *app, const struct vault *v, const char *name)
{
	const struct vault_entry_info *info;
	json_t *entries = json_array();

	for (size_t i = 0; entries != NULL && (info = vault_entry_at(v, i)) != NULL; i++) {
		if (name != NULL && strcmp(name, info->name) != 0)
			continue;
		if (json_array_append_new(entries, entry_schedule_json(v, info)) != 0) {
			json_decref(entries);
			entries = NULL;
		}
	}
	return out_json(app, entries == NULL
				 ? NULL
				 : json_pack("{s:o,s:o}", "default",
				       schedule_json(vault_schedule(v)), "entries", entries));
}

static int show(const struct app *app, const struct vault *v, const char *name)
{
	const struct vault_entry_info *info;
	size_t width = strlen("(default)");

	if (app->json)
		return show_json(app, v, name);
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (strlen(info->name) > width && strlen(info->name) <= 40)
			width = strlen(info->name);
	if (name == NULL) {
		out_text("(default)", width);
		out("  ");
		schedule_print(vault_schedule(v), NULL, false);
		out("\n");
	}
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (name == NULL || strcmp(name, info->name) == 0)
			print_entry(v, info, width);
	return out_done(app);
}

static int apply(struct app *app, struct vault *v, struct change *c)
{
	char purpose[VAULT_NAME_MAX + 64];
	int r = check_expiry(app, v, c);

	if (r == 0 && option_is_given(c->args, "every"))
		r = policy_every_check(app, vault_policy(v), c->given.every);
	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "change the schedule of %s",
	    c->name != NULL                       ? c->name
	    : option_is_given(c->args, "default") ? "the vault"
						  : "all entries");
	c->now = app->now;
	r = session_change(app, v, purpose, change, c);
	if (r == 0 && app->json)
		return show_json(app, v, c->name);
	if (r == 0)
		note(app, "stored; \"touchvault schedule%s%s\" shows it",
		    c->name == NULL ? "" : " ", c->name == NULL ? "" : c->name);
	return r;
}

int cmd_schedule(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct change c = { .args = args, .name = args->operands[0] };
	const struct vault_entry_info *info;
	int r = parse(app, args, &c);

	if (r == 0)
		r = check_whose(app, args, &c);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0 && c.name != NULL)
		r = session_find(app, v, c.name, &info);
	if (r != 0)
		return r;
	return changes(args) ? apply(app, v, &c) : show(app, v, c.name);
}
