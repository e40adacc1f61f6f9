/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>

#include "cli/output.h"
#include "cli/session.h"

struct rename {
	const char *from, *to;
	int64_t now;
};

static int change(struct vault *v, void *ctx)
{
	const struct rename *r = ctx;

	return vault_entry_rename(v, r->from, r->to, r->now);
}

/* All that can be known before the touch. */
static int check(struct app *app, const struct vault *v, const struct rename *rename)
{
	const struct vault_entry_info *info;
	int r = session_find(app, v, rename->from, &info);

	if (r != 0)
		return r;
	if (vault_entry_find(v, rename->to) != NULL)
		return fail(app, STATUS_EXISTS, "an entry %s is there already; choose another name",
		    rename->to);
	return STATUS_OK;
}

int cmd_rename(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct rename rename = { args->operands[0], args->operands[1], 0 };
	char purpose[2 * VAULT_NAME_MAX + 32];
	int r = session_name_check(app, rename.from);

	if (r == 0)
		r = session_name_check(app, rename.to);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = check(app, v, &rename);
	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "rename %s to %s", rename.from, rename.to);
	rename.now = app->now;
	r = session_change(app, v, purpose, change, &rename);
	if (r != 0)
		return r;
	if (app->json)
		return out_json(
		    app, json_pack("{s:s,s:s}", "renamed", rename.from, "to", rename.to));
	note(app, "%s is now %s", rename.from, rename.to);
	return STATUS_OK;
}
