/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <string.h>

#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/snooze.h"

/* Longer is not put off, but given up. */
#define SNOOZE_DAYS_MAX 90

/* "3d", "2027-01-31", or "off". */
static int parse(const struct app *app, const char *text, int64_t now, int64_t *ret)
{
	struct period p;

	*ret = 0;
	if (strcmp(text, "off") == 0)
		return STATUS_OK;
	if (period_parse(text, &p))
		*ret = period_after(now, p);
	else if (!date_parse(text, ret))
		return fail(app, STATUS_USAGE,
		    "neither a period nor a date; use 3d, 2w, 2027-01-31, or off");
	if (*ret <= now || *ret > now + SNOOZE_DAYS_MAX * (int64_t)PERIOD_DAY_SECONDS)
		return fail(app, STATUS_USAGE,
		    "it can be snoozed for 1 to %d days; \"touchvault schedule\" is for longer",
		    SNOOZE_DAYS_MAX);
	return STATUS_OK;
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
		r = parse(app, args->operands[1], app->now, &until);
	if (r == 0)
		r = session_open(app, &v);
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
