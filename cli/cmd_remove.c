/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>

#include "cli/output.h"
#include "cli/session.h"

static int change(struct vault *v, void *ctx)
{
	const char *const *name = ctx;

	return vault_entry_remove(v, *name);
}

int cmd_remove(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_entry_info *info;
	const char *name = args->operands[0];
	char purpose[VAULT_NAME_MAX + 32];
	int r = session_name_check(app, name);

	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = session_find(app, v, name, &info);
	if (r != 0)
		return r;
	(void)snprintf(purpose, sizeof(purpose), "remove %s", name);
	r = session_change(app, v, purpose, change, &name);
	if (r != 0)
		return r;
	if (app->json)
		return out_json(app, json_pack("{s:s}", "removed", name));
	note(app, "%s is removed; it is still in the generation before, and in backups", name);
	return STATUS_OK;
}
