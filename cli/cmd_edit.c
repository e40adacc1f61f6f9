/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "cli/fields.h"
#include "cli/output.h"
#include "cli/session.h"

const struct option_spec edit_options[] = {
	FIELDS_OPTIONS,
	{ "unset", "FIELD", true, "drop a field" },
	{ "unset-label", "KEY", true, "drop a label" },
	OPTIONS_END,
};

struct edit {
	const char *name;
	struct fields fields;
	int64_t now;
	/* Of the credential that was there, if it is another one now. */
	bool renewed;
	char reason[VAULT_REASON_MAX + 1];
	int64_t expires;
};

static bool listed(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool has_label(const struct vault_label *labels, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(labels[i].key, key) == 0)
			return true;
	return false;
}

/* What stays of the entry, and what is new. ret has room for both. */
static size_t merge_fields(const struct fields *new, const struct vault_entry *old,
    struct vault_field ret[static 2 * VAULT_FIELDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < old->n_fields; i++)
		if (fields_find(new, old->fields[i].name) == NULL &&
		    !listed(new->unset, new->n_unset, old->fields[i].name))
			ret[n++] = old->fields[i];
	for (size_t i = 0; i < new->n; i++)
		ret[n++] = new->field[i];
	return n;
}

static size_t merge_labels(const struct fields *new, const struct vault_entry_info *old,
    struct vault_label ret[static 2 * VAULT_LABELS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < old->n_labels; i++)
		if (!has_label(new->label, new->n_labels, old->labels[i].key) &&
		    !listed(new->unset_label, new->n_unset_labels, old->labels[i].key))
			ret[n++] = old->labels[i];
	for (size_t i = 0; i < new->n_labels; i++)
		ret[n++] = new->label[i];
	return n;
}

/* Another value for a field that was there: not a field more, or the same again. */
static bool replaces_a_value(const struct fields *new, const struct vault_entry *old)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct vault_field *n = &new->field[i], *o = vault_entry_field(old, n->name);

		if (o != NULL && (o->value_len != n->value_len ||
				     sodium_memcmp(o->value, n->value, n->value_len) != 0))
			return true;
	}
	return false;
}

static int renew(struct vault *v, struct edit *e, const struct vault_entry_info *info)
{
	e->renewed = true;
	(void)snprintf(e->reason, sizeof(e->reason), "%s", info->rotate_reason);
	e->expires = info->rotation.expires;
	return vault_entry_renewed(v, e->name, e->now);
}

static int change_fields(struct vault *v, struct edit *e, const struct vault_entry_info *info,
    const struct vault_label *labels, size_t n_labels)
{
	__attribute__((cleanup(vault_entry_freep))) struct vault_entry *old = NULL;
	struct vault_field fields[2 * VAULT_FIELDS_MAX];
	size_t n_fields;
	int r = vault_entry_open(v, info, &old);

	if (r != 0)
		return r;
	n_fields = merge_fields(&e->fields, old, fields);
	/* A new value is what the mark was for. */
	e->renewed = false;
	if (replaces_a_value(&e->fields, old))
		r = renew(v, e, info);
	return r == 0
		   ? vault_entry_put(v, e->name, true, fields, n_fields, labels, n_labels, e->now)
		   : r;
}

static bool changes_fields(const struct fields *f)
{
	return f->n > 0 || f->n_unset > 0;
}

static int change(struct vault *v, void *ctx)
{
	struct edit *e = ctx;
	const struct vault_entry_info *info = vault_entry_find(v, e->name);
	struct vault_label labels[2 * VAULT_LABELS_MAX];
	size_t n_labels;

	if (info == NULL)
		return VAULT_ERR_CHANGED; /* it was there before the touch */
	n_labels = merge_labels(&e->fields, info, labels);
	if (changes_fields(&e->fields))
		return change_fields(v, e, info, labels, n_labels);
	return vault_entry_put(v, e->name, true, NULL, 0, labels, n_labels, e->now);
}

/* A rotation has two credentials in its hands; which one would it be? */
static int check_rotation(const struct app *app, const struct vault_entry_info *info)
{
	if (info->rotation.state == ROTATION_ACTIVE)
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "a rotation of %s is under way, so that only its labels can be changed; "
	    "\"touchvault rotate %s --status\" says how it goes on",
	    info->name, info->name);
}

static int check_unset(
    const struct app *app, const struct fields *f, const struct vault_entry_info *info)
{
	for (size_t i = 0; i < f->n_unset; i++)
		if (!listed(info->fields, info->n_fields, f->unset[i]))
			return fail(app, STATUS_NOT_FOUND,
			    "%s has no field of the name that --unset gives; "
			    "\"touchvault show %s\" shows its fields",
			    info->name, info->name);
	for (size_t i = 0; i < f->n_unset_labels; i++)
		if (!has_label(info->labels, info->n_labels, f->unset_label[i]))
			return fail(app, STATUS_NOT_FOUND,
			    "%s has no label of the name that --unset-label gives; "
			    "\"touchvault show %s\" shows its labels",
			    info->name, info->name);
	return STATUS_OK;
}

/* What is left must be an entry, and no option may undo another. */
static int check_result(
    const struct app *app, const struct fields *f, const struct vault_entry_info *info)
{
	size_t n = f->n, n_labels = f->n_labels;

	for (size_t i = 0; i < f->n; i++)
		if (listed(f->unset, f->n_unset, f->field[i].name))
			return fail(app, STATUS_USAGE,
			    "the field %s is both set and unset; choose one", f->field[i].name);
	for (size_t i = 0; i < f->n_labels; i++)
		if (listed(f->unset_label, f->n_unset_labels, f->label[i].key))
			return fail(app, STATUS_USAGE,
			    "the label %s is both set and unset; choose one", f->label[i].key);
	for (size_t i = 0; i < info->n_fields; i++)
		n += fields_find(f, info->fields[i]) == NULL &&
		     !listed(f->unset, f->n_unset, info->fields[i]);
	for (size_t i = 0; i < info->n_labels; i++)
		n_labels += !has_label(f->label, f->n_labels, info->labels[i].key) &&
			    !listed(f->unset_label, f->n_unset_labels, info->labels[i].key);
	if (n == 0)
		return fail(app, STATUS_USAGE,
		    "that would leave %s without a field; \"touchvault remove %s\" "
		    "removes it",
		    info->name, info->name);
	if (n > VAULT_FIELDS_MAX || n_labels > VAULT_LABELS_MAX)
		return fail(app, STATUS_USAGE, "%s would have more than %d fields or %d labels",
		    info->name, VAULT_FIELDS_MAX, VAULT_LABELS_MAX);
	return STATUS_OK;
}

/* What went with the old one, which may have been a slip of one field. */
static void tell_renewed(const struct app *app, const struct edit *e)
{
	char date[32];

	if (*e->reason != '\0')
		warn(app,
		    "%s: no longer marked to be rotated now (it was: %s); if it is to be, use "
		    "\"touchvault schedule %s --now REASON\"",
		    e->name, e->reason, e->name);
	if (e->expires != 0)
		warn(app,
		    "%s: no longer expires on %s; if the new one does, use \"touchvault schedule "
		    "%s "
		    "--expires DATE\"",
		    e->name, text_time(e->expires, date), e->name);
	warn(app, "%s: counts as a new credential from now on", e->name);
}

static int edit(struct app *app, struct vault *v, struct edit *e)
{
	char purpose[VAULT_NAME_MAX + 8];
	int r;

	(void)snprintf(purpose, sizeof(purpose), "edit %s", e->name);
	e->now = app->now;
	r = session_change(app, v, purpose, change, e);
	if (r == 0 && e->renewed)
		tell_renewed(app, e);
	return r == 0 ? fields_report(app, v, e->name) : r;
}

static int collect(const struct app *app, const struct arguments *args,
    const struct vault_entry_info *info, struct fields *f)
{
	bool nothing = f->n_labels == 0 && f->n_unset == 0 && f->n_unset_labels == 0;
	bool sources = option_is_given(args, "field") || option_is_given(args, "from-json") ||
		       option_is_given(args, "from-env");
	int r = check_unset(app, f, info);

	if (r == 0 && (nothing || sources || f->n_unset > 0))
		r = check_rotation(app, info);
	if (r == 0)
		r = fields_collect(app, args, nothing, f);
	return r == 0 ? check_result(app, f, info) : r;
}

int cmd_edit(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct edit e = { .name = args->operands[0] };
	const struct vault_entry_info *info;
	int r = session_name_check(app, e.name);

	if (r == 0)
		r = fields_options(app, args, &e.fields);
	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = session_find(app, v, e.name, &info);
	if (r == 0)
		r = session_commit_check(app, v);
	if (r == 0)
		r = collect(app, args, info, &e.fields);
	if (r == 0)
		r = edit(app, v, &e);
	fields_clear(&e.fields);
	return r;
}
