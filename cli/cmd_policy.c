/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <string.h>

#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rotation_info.h"
#include "cli/schedule_option.h"
#include "cli/session.h"

const struct option_spec policy_options[] = {
	SCHEDULE_OPTIONS(""),
	{ "max-age", "PERIOD|none", false, "how old a key may become, whatever its schedule says" },
	{ "overdue", "warn|refuse|ignore", false, "what get and run do with an overdue entry" },
	{ "strict", NULL, false, "the same as --overdue refuse" },
	OPTIONS_END,
};

struct change {
	const struct arguments *args;
	struct policy given;
	struct schedule schedule; /* of the vault */
};

static bool sets_overdue(const struct arguments *args)
{
	return option_is_given(args, "overdue") || option_is_given(args, "strict");
}

static bool changes(const struct arguments *args)
{
	return option_is_given(args, "max-age") || sets_overdue(args) ||
	       schedule_option_is_given(args);
}

static struct policy changed(const struct vault *v, const struct change *c)
{
	struct policy p = *vault_policy(v);

	if (option_is_given(c->args, "max-age"))
		p.max_age = c->given.max_age;
	if (sets_overdue(c->args))
		p.overdue = c->given.overdue;
	return p;
}

static int change(struct vault *v, void *ctx)
{
	const struct change *c = ctx;
	struct policy p = changed(v, c);
	struct schedule s = *vault_schedule(v);
	int r = vault_policy_set(v, &p);

	schedule_option_apply(c->args, &c->schedule, &s);
	return r == 0 ? vault_schedule_set(v, &s) : r;
}

static int apply(struct app *app, struct vault *v, struct change *c)
{
	struct policy p = changed(v, c);
	int r = policy_every_check(app, &p, c->schedule.every);

	return r == 0 ? session_change(app, v, "change the policy of the vault", change, c) : r;
}

static int parse(const struct app *app, const struct arguments *args, struct policy *ret)
{
	const char *overdue = option_value(args, "overdue");
	int r = rotation_period_option(app, args, "max-age", "none", &ret->max_age);

	if (r == 0 && period_is_set(ret->max_age) && ret->max_age.n == 0)
		r = fail(app, STATUS_USAGE, "--max-age is a day at least; use 1d or more, or none");
	if (r == 0 && overdue != NULL && !policy_overdue_parse(overdue, &ret->overdue))
		r = fail(app, STATUS_USAGE, "--overdue takes warn, refuse or ignore");
	if (r == 0 && option_is_given(args, "strict")) {
		if (overdue != NULL && ret->overdue != POLICY_REFUSE)
			r = fail(app, STATUS_USAGE,
			    "--strict is --overdue refuse; choose that or another one");
		ret->overdue = POLICY_REFUSE;
	}
	return r;
}

static int show_json(const struct app *app, const struct vault *v)
{
	const struct policy *p = vault_policy(v);
	const struct vault_entry_info *info;
	json_t *longer = json_array();
	char age[PERIOD_TEXT_MAX];

	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (policy_bounds(v, info))
			(void)json_array_append_new(longer, json_string(info->name));
	return out_json(app, json_pack("{s:s?,s:s,s:o,s:o}", "max_age",
				 period_is_set(p->max_age) ? period_print(p->max_age, age) : NULL,
				 "overdue", policy_overdue_name(p->overdue), "longer", longer,
				 "default", schedule_json(vault_schedule(v))));
}

static int show(const struct app *app, const struct vault *v)
{
	const struct policy *p = vault_policy(v);
	const struct vault_entry_info *info;
	char age[PERIOD_TEXT_MAX];
	size_t n = 0;

	if (app->json)
		return show_json(app, v);
	out("default      ");
	schedule_print(vault_schedule(v), NULL, false);
	out("\nmaximum age  %s",
	    period_is_set(p->max_age) ? period_print(p->max_age, age) : "none");
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (policy_bounds(v, info))
			out("%s%s", n++ == 0 ? "; longer by their schedules: " : ", ", info->name);
	out("\noverdue      %s\n", policy_overdue_name(p->overdue));
	return out_done(app);
}

int cmd_policy(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct change c = { .args = args };
	int r = schedule_option_parse(app, args, true, &c.schedule);

	if (r == 0)
		r = parse(app, args, &c.given);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0 && changes(args))
		r = apply(app, v, &c);
	return r == 0 ? show(app, v) : r;
}
