/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

#include "cli/entry_info.h"
#include "cli/output.h"

void fields_clear(struct fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free((void *)(uintptr_t)f->field[i].name);
		secret_free((void *)(uintptr_t)f->field[i].value);
	}
	for (size_t i = 0; i < f->n_labels; i++)
		free((void *)(uintptr_t)f->label[i].key);
	memset(f, 0, sizeof(*f));
}

const struct vault_field *fields_find(const struct fields *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->field[i].name, name) == 0)
			return &f->field[i];
	return NULL;
}

/* What the encoding may add to an entry, and to each of its fields: the vault
 * counts it in. */
#define ENTRY_OVERHEAD 9
#define FIELD_OVERHEAD 18

/* All that the vault would refuse after a touch is refused before. */
static int check_field(
    const struct app *app, const struct fields *f, const char *name, size_t len, const char *from)
{
	size_t total = ENTRY_OVERHEAD + FIELD_OVERHEAD + strlen(name) + len;

	if (!vault_field_name_valid(name))
		return fail(app, STATUS_USAGE,
		    "%s: not a well-formed field name; use letters, digits and . _ -, at most %d",
		    from, VAULT_FIELD_NAME_MAX);
	if (fields_find(f, name) != NULL)
		return fail(
		    app, STATUS_USAGE, "%s: the field %s is given twice; name it once", from, name);
	if (len == 0)
		return fail(
		    app, STATUS_USAGE, "%s: the field %s is empty; nothing was stored", from, name);
	if (f->n == VAULT_FIELDS_MAX)
		return fail(app, STATUS_USAGE, "%s: more than %d fields; use a second entry", from,
		    VAULT_FIELDS_MAX);
	for (size_t i = 0; i < f->n; i++)
		total += FIELD_OVERHEAD + strlen(f->field[i].name) + f->field[i].value_len;
	if (total > VAULT_ENTRY_MAX)
		return fail(app, STATUS_USAGE,
		    "%s: an entry holds at most %d KiB; use a second one", from,
		    VAULT_ENTRY_MAX / 1024);
	return STATUS_OK;
}

int fields_take(const struct app *app, struct fields *f, const char *name, uint8_t *value,
    size_t len, const char *from)
{
	struct vault_field field = { .value = value, .value_len = len };
	int r = check_field(app, f, name, len, from);

	if (r == 0) {
		field.name = strdup(name);
		if (field.name == NULL)
			r = fail_vault(app, VAULT_ERR_NOMEM);
	}
	if (r != 0) {
		secret_free(value);
		return r;
	}
	f->field[f->n++] = field;
	return STATUS_OK;
}

int fields_report(const struct app *app, const struct vault *v, const char *name)
{
	const struct vault_entry_info *info = vault_entry_find(v, name);
	char names[ENTRY_FIELDS_TEXT_MAX];

	if (info == NULL)
		return fail_vault(app, VAULT_ERR_INTERNAL);
	if (app->json)
		return out_json(app, entry_json(info));
	note(app, "%s is stored, with %s", name, entry_fields_text(info, names));
	return STATUS_OK;
}
