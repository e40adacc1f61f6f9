/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>

#include "cli/fields.h"
#include "cli/output.h"
#include "cli/session.h"

const struct option_spec add_options[] = {
	FIELDS_OPTIONS,
	OPTIONS_END,
};

struct add {
	const char *name;
	struct fields fields;
	int64_t now;
};

static int change(struct vault *v, void *ctx)
{
	const struct add *a = ctx;

	return vault_entry_put(v, a->name, false, a->fields.field, a->fields.n, a->fields.label,
	    a->fields.n_labels, a->now);
}

/* Nobody types a secret, or touches, for a name that is taken. */
static int check_name_is_free(const struct app *app, const struct vault *v, const char *name)
{
	if (vault_entry_find(v, name) == NULL)
		return STATUS_OK;
	return fail(app, STATUS_EXISTS, "%s is there already; \"touchvault edit %s\" changes it",
	    name, name);
}

static int add(struct app *app, struct vault *v, struct add *a)
{
	char purpose[VAULT_NAME_MAX + 8];
	int r;

	(void)snprintf(purpose, sizeof(purpose), "add %s", a->name);
	a->now = app->now;
	r = session_change(app, v, purpose, change, a);
	return r == 0 ? fields_report(app, v, a->name) : r;
}

int cmd_add(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct add a = { .name = args->operands[0] };
	int r = session_name_check(app, a.name);

	if (r == 0)
		r = fields_options(app, args, &a.fields);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = check_name_is_free(app, v, a.name);
	if (r == 0)
		r = session_commit_check(app, v);
	if (r == 0)
		r = fields_collect(app, args, true, &a.fields);
	if (r == 0)
		r = add(app, v, &a);
	fields_clear(&a.fields);
	return r;
}
