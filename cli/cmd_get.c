/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/entry_info.h"
#include "cli/fields.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rotation_info.h"
#include "cli/session.h"

const struct option_spec get_options[] = {
	{ "show", NULL, false, "print it even if standard output is a terminal" },
	POLICY_OPTION,
	ROTATION_SET_OPTIONS,
	OPTIONS_END,
};

/* The name of the field asked for; NULL stands for all, which only JSON can
 * tell apart. Borrowed from info. */
static int choose_field(const struct app *app, const struct vault_entry_info *info,
    const char *wanted, const char **ret)
{
	char names[ENTRY_FIELDS_TEXT_MAX];

	for (size_t i = 0; wanted != NULL && i < info->n_fields; i++) {
		if (strcmp(info->fields[i], wanted) == 0) {
			*ret = info->fields[i];
			return STATUS_OK;
		}
	}
	(void)entry_fields_text(info, names);
	if (wanted != NULL)
		return fail(app, STATUS_NOT_FOUND, "no field %s in %s; it has: %s", wanted,
		    info->name, names);
	if (!app->json && info->n_fields != 1)
		return fail(app, STATUS_USAGE, "%s has %zu fields; name one of: %s", info->name,
		    info->n_fields, names);
	*ret = app->json ? NULL : info->fields[0];
	return STATUS_OK;
}

static int print_value(const struct app *app, const struct vault_field *f)
{
	int r = out_bytes(app, f->value, f->value_len);

	/* A pipe gets the exact bytes; on a terminal the prompt would follow. */
	if (r == 0 && isatty(STDOUT_FILENO) &&
	    (f->value_len == 0 || f->value[f->value_len - 1] != '\n'))
		r = out_bytes(app, "\n", 1);
	return r;
}

static int print_entry(const struct app *app, const struct vault_entry *entry, const char *field)
{
	struct vault_entry one = { .n_fields = 1 };
	const struct vault_field *f;

	if (field == NULL)
		return fields_print_json(app, entry);
	f = vault_entry_field(entry, field);
	if (f == NULL)
		return fail_vault(app, VAULT_ERR_NO_FIELD);
	if (!app->json)
		return print_value(app, f);
	one.fields[0] = *f;
	return fields_print_json(app, &one);
}

static int unlock_and_print(struct app *app, struct vault *v, const struct vault_entry_info *info,
    const char *field, enum vault_set set)
{
	__attribute__((cleanup(vault_entry_freep))) struct vault_entry *entry = NULL;
	char purpose[VAULT_NAME_MAX + 32];
	int r;

	(void)snprintf(purpose, sizeof(purpose), "get %s%s", rotation_set_text(set), info->name);
	r = session_unlock(app, v, info, purpose);
	if (r != 0)
		return r;
	r = vault_entry_open_set(v, info, set, &entry);
	return r == 0 ? print_entry(app, entry, field) : fail_vault(app, r);
}

static int check_operands(const struct app *app, const struct arguments *args)
{
	const char *field = args->operands[1];

	if (field != NULL && !vault_field_name_valid(field))
		return fail(app, STATUS_USAGE,
		    "not a well-formed field name; \"touchvault show NAME\" shows the fields");
	return session_name_check(app, args->operands[0]);
}

/* That there is somebody to give it to. */
static int check_output(const struct app *app, const struct arguments *args)
{
	if (isatty(STDOUT_FILENO) && !option_is_given(args, "show"))
		return fail(app, STATUS_USAGE,
		    "standard output is a terminal, which keeps what it shows; send it to a "
		    "program or a "
		    "file, or use --show");
	return out_check(app);
}

int cmd_get(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_entry_info *info;
	enum vault_set set = VAULT_SET_CURRENT;
	const char *field;
	int r = check_operands(app, args);

	if (r == 0)
		r = rotation_set_option(app, args, &set);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = session_find(app, v, args->operands[0], &info);
	if (r == 0)
		r = rotation_set_check(app, info, set);
	if (r == 0)
		r = choose_field(app, info, args->operands[1], &field);
	if (r == 0)
		r = check_output(app, args);
	if (r == 0 && set == VAULT_SET_CURRENT)
		r = policy_read_check(
		    app, v, info, option_is_given(args, "overdue"), rotation_now(app, v));
	return r == 0 ? unlock_and_print(app, v, info, field, set) : r;
}
