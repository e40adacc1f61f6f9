/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <fnmatch.h>
#include <string.h>

#include "cli/entry_info.h"
#include "cli/output.h"
#include "cli/session.h"

/* A longer one pushes its own line out, not everybody's. */
#define COLUMN_MAX 40

/* "*" crosses slashes, so that "ibkr*" finds ibkr/live. The next entry from
 * *i on that matches; NULL at the end. */
static const struct vault_entry_info *next_match(const struct vault *v, const char *glob, size_t *i)
{
	const struct vault_entry_info *info;

	while ((info = vault_entry_at(v, (*i)++)) != NULL)
		if (glob == NULL || fnmatch(glob, info->name, 0) == 0)
			return info;
	return NULL;
}

static int list_json(const struct app *app, const struct vault *v, const char *glob)
{
	const struct vault_entry_info *info;
	json_t *a = json_array();
	size_t i = 0;

	while (a != NULL && (info = next_match(v, glob, &i)) != NULL) {
		if (json_array_append_new(a, entry_json(info)) != 0) {
			json_decref(a);
			a = NULL;
		}
	}
	return out_json(app, a);
}

static size_t widest(size_t so_far, size_t width)
{
	return width <= COLUMN_MAX && width > so_far ? width : so_far;
}

static void print_line(const struct vault_entry_info *info, size_t name_width, size_t fields_width)
{
	size_t width = entry_fields_width(info);

	out_text(info->name, name_width);
	out_text("  ", 0);
	entry_fields_print(info);
	if (info->n_labels > 0) {
		out_text("", width < fields_width ? fields_width - width : 0);
		out_text("  ", 0);
		entry_labels_print(info);
	}
	if (*info->rotate_reason != '\0')
		out_text("  ROTATE NOW", 0);
	out_text("\n", 0);
}

static int list_text(const struct app *app, const struct vault *v, const char *glob)
{
	const struct vault_entry_info *info;
	size_t name_width = 0, fields_width = 0;

	for (size_t i = 0; (info = next_match(v, glob, &i)) != NULL;) {
		name_width = widest(name_width, strlen(info->name));
		fields_width = widest(fields_width, entry_fields_width(info));
	}
	for (size_t i = 0; (info = next_match(v, glob, &i)) != NULL;)
		print_line(info, name_width, fields_width);
	return out_done(app);
}

int cmd_list(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const char *glob = args->operands[0];
	int r = session_open(app, &v);

	if (r != 0)
		return r;
	if (app->json)
		return list_json(app, v, glob);
	if (glob == NULL && vault_entry_at(v, 0) == NULL)
		note(app, "the vault has no entries; \"touchvault add NAME\" adds one");
	else if (glob != NULL && next_match(v, glob, &(size_t){ 0 }) == NULL)
		note(app, "no entry's name matches; \"NAME*\" matches what begins with NAME");
	return list_text(app, v, glob);
}
