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

#define MARK "ROTATE NOW"

/* Of the columns; 0: there is none. */
struct widths {
	size_t name, mark, fields;
};

static void print_line(const struct vault_entry_info *info, const struct widths *w)
{
	size_t width = entry_fields_width(info);

	out_text(info->name, w->name);
	out_text("  ", 0);
	if (w->mark > 0) {
		out_text(*info->rotate_reason != '\0' ? MARK : "", w->mark);
		out_text("  ", 0);
	}
	entry_fields_print(info);
	if (info->n_labels > 0) {
		out_text("", width < w->fields ? w->fields - width : 0);
		out_text("  ", 0);
		entry_labels_print(info);
	}
	out_text("\n", 0);
}

static int list_text(const struct app *app, const struct vault *v, const char *glob)
{
	const struct vault_entry_info *info;
	struct widths w = { 0 };

	for (size_t i = 0; (info = next_match(v, glob, &i)) != NULL;) {
		w.name = widest(w.name, strlen(info->name));
		w.fields = widest(w.fields, entry_fields_width(info));
		if (*info->rotate_reason != '\0')
			w.mark = strlen(MARK);
	}
	for (size_t i = 0; (info = next_match(v, glob, &i)) != NULL;)
		print_line(info, &w);
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
