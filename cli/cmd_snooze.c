/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <string.h>

#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/snooze.h"

/* "3d", "2027-01-31", or "off": what is none of these is told before the vault is opened. */
static int check(const struct app *app, const char *text)
{
	struct period p;
	int64_t t;

	if (strcmp(text, "off") == 0 || period_parse(text, &p) || date_parse(text, &t))
		return STATUS_OK;
	return fail(
	    app, STATUS_USAGE, "neither a period nor a date; use 3d, 2w, 2027-01-31, or off");
}

static int until_of(const struct app *app, const char *text, int64_t *ret)
{
	struct period p;

	*ret = 0;
	if (strcmp(text, "off") == 0)
		return STATUS_OK;
	if (period_parse(text, &p))
		*ret = period_after(app->now, p);
	else
		(void)date_parse(text, ret);
	if (*ret > app->now && *ret <= snooze_latest(app))
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "it can be snoozed for 1 to %d days; \"touchvault schedule\" is for longer",
	    SNOOZE_DAYS_MAX);
}

int cmd_snooze(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const char *name = args->operands[0];
	const struct vault_entry_info *info;
	int64_t until = 0;
	char date[32];
	int r = session_name_check(app, name);

	if (r == 0)
		r = check(app, args->operands[1]);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = until_of(app, args->operands[1], &until);
	if (r == 0)
		r = session_find(app, v, name, &info);
	if (r == 0)
		r = snooze_set(app, v, info, until);
	if (r != 0)
		return r;
	if (app->json)
		return out_json(
		    app, json_pack("{s:s,s:o}", "name", name, "snoozed_until", time_json(until)));
	note(app, "%s is %s%s", name, until == 0 ? "told of again" : "snoozed on this host until ",
	    until == 0 ? "" : text_date(until, date));
	return STATUS_OK;
}
