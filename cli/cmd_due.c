/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/due.h"
#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/snooze.h"

const struct option_spec due_options[] = {
	{ "within", "PERIOD", false,
	    "all with a date that is not further away, instead of what is due" },
	{ "check", NULL, false,
	    "end with 40 if something is overdue, with 41 if something is due" },
	{ "ics", NULL, false, "print a calendar file of all dates to come" },
	OPTIONS_END,
};

static int item_compare(const void *a, const void *b)
{
	const struct due_item *x = a, *y = b;

	if (x->outlook.status != y->outlook.status)
		return x->outlook.status > y->outlook.status ? -1 : 1;
	if (x->outlook.at != y->outlook.at)
		return x->outlook.at < y->outlook.at ? -1 : 1;
	return strcmp(x->info->name, y->info->name);
}

static void free_items(struct due_list *l)
{
	free(l->items);
}

static bool within(int64_t date, int64_t limit)
{
	return date != 0 && date <= limit;
}

/* limit: how far away one of its dates may be, if not the one that is told; 0: what is not
 * fine. */
static bool is_wanted(const struct due_item *item, int64_t limit)
{
	const struct rotation_outlook *o = &item->outlook;

	if (limit == 0)
		return o->status != ROTATION_FINE;
	return within(o->rotate_by, limit) || within(o->finish_by, limit) ||
	       within(o->retire_by, limit) || within(item->info->rotation.expires, limit);
}

static int collect(
    const struct app *app, const struct vault *v, int64_t limit, struct due_list *ret)
{
	const struct vault_entry_info *info;
	struct vault_summary s;

	vault_summarize(v, &s);
	ret->items = calloc(s.n_entries + 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++) {
		struct due_item item = { info, vault_entry_outlook(v, info, ret->now) };

		if (is_wanted(&item, limit))
			ret->items[ret->n++] = item;
	}
	qsort(ret->items, ret->n, sizeof(*ret->items), item_compare);
	return STATUS_OK;
}

/* Of what isn't snoozed. */
static int verdict(const struct due_list *l)
{
	int r = STATUS_OK;

	for (size_t i = 0; i < l->n; i++) {
		const struct rotation_outlook *o = &l->items[i].outlook;

		if (o->snoozed)
			continue;
		if (o->status >= ROTATION_OVERDUE)
			return STATUS_OVERDUE;
		if (o->status >= ROTATION_TO_RETIRE)
			r = STATUS_DUE;
	}
	return r;
}

static int print(const struct app *app, const struct arguments *args, const struct vault *v,
    const struct due_list *l)
{
	if (option_is_given(args, "ics"))
		return due_print_ics(app, v, l);
	return app->json ? due_print_json(app, v, l) : due_print(app, l);
}

int cmd_due(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(free_items))) struct due_list l = { 0 };
	struct period period = { 0 };
	bool ics = option_is_given(args, "ics");
	int64_t limit = 0;
	int r = rotation_period_option(app, args, "within", NULL, &period);

	if (r == 0 && ics && app->json)
		r = fail(app, STATUS_USAGE, "--ics and --json are two forms of it; choose one");
	if (r == 0)
		r = session_open(app, &v);
	if (r != 0)
		return r;
	stale_tell(app, v, &l.stale);
	snooze_apply(app, v);
	l.now = rotation_now(app, v);
	if (period_is_set(period) || ics)
		limit = period_is_set(period) ? period_after(l.now, period) : PERIOD_TIME_MAX;
	r = collect(app, v, limit, &l);
	if (r == 0)
		r = print(app, args, v, &l);
	return r == 0 && option_is_given(args, "check") ? verdict(&l) : r;
}
