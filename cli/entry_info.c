/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/entry_info.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

/* By the alphabet: the vault has them by their length first. */
static size_t sort_fields(
    const struct vault_entry_info *info, const char *ret[static VAULT_FIELDS_MAX])
{
	size_t n = info->n_fields < VAULT_FIELDS_MAX ? info->n_fields : VAULT_FIELDS_MAX, k;

	for (size_t i = 0; i < n; i++) {
		for (k = i; k > 0 && strcmp(ret[k - 1], info->fields[i]) > 0; k--)
			ret[k] = ret[k - 1];
		ret[k] = info->fields[i];
	}
	return n;
}

static size_t sort_labels(
    const struct vault_entry_info *info, const struct vault_label *ret[static VAULT_LABELS_MAX])
{
	size_t n = info->n_labels < VAULT_LABELS_MAX ? info->n_labels : VAULT_LABELS_MAX, k;

	for (size_t i = 0; i < n; i++) {
		for (k = i; k > 0 && strcmp(ret[k - 1]->key, info->labels[i].key) > 0; k--)
			ret[k] = ret[k - 1];
		ret[k] = &info->labels[i];
	}
	return n;
}

const char *entry_fields_text(
    const struct vault_entry_info *info, char buf[static ENTRY_FIELDS_TEXT_MAX])
{
	const char *fields[VAULT_FIELDS_MAX];
	size_t at = 0, n = sort_fields(info, fields);

	(void)snprintf(buf, ENTRY_FIELDS_TEXT_MAX, "-");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(
		    buf + at, ENTRY_FIELDS_TEXT_MAX - at, "%s%s", i == 0 ? "" : ", ", fields[i]);
	return buf;
}

size_t entry_fields_width(const struct vault_entry_info *info)
{
	size_t width = info->n_fields > 0 ? 2 * (info->n_fields - 1) : 0;

	for (size_t i = 0; i < info->n_fields; i++)
		width += strlen(info->fields[i]);
	return width;
}

void entry_fields_print(const struct vault_entry_info *info)
{
	const char *fields[VAULT_FIELDS_MAX];
	size_t n = sort_fields(info, fields);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			out_text(", ", 0);
		out_text(fields[i], 0);
	}
}

void entry_labels_print(const struct vault_entry_info *info)
{
	const struct vault_label *labels[VAULT_LABELS_MAX];
	size_t n = sort_labels(info, labels);

	for (size_t i = 0; i < n; i++) {
		char value[VAULT_LABEL_VALUE_MAX + 1];

		out("%s%s=%s", i == 0 ? "" : ", ", labels[i]->key,
		    text_clean(labels[i]->value, value, sizeof(value)));
	}
}

static json_t *fields_json(const struct vault_entry_info *info)
{
	const char *fields[VAULT_FIELDS_MAX];
	size_t n = sort_fields(info, fields);
	json_t *a = json_array();

	for (size_t i = 0; a != NULL && i < n; i++)
		if (json_array_append_new(a, text_json(fields[i])) != 0)
			return json_decref(a), NULL;
	return a;
}

static json_t *labels_json(const struct vault_entry_info *info)
{
	json_t *o = json_object();

	for (size_t i = 0; o != NULL && i < info->n_labels; i++)
		if (json_object_set_new(o, info->labels[i].key, text_json(info->labels[i].value)) !=
		    0)
			return json_decref(o), NULL;
	return o;
}

static json_t *rotate_json(const struct vault_entry_info *info)
{
	char since[32];

	if (*info->rotate_reason == '\0')
		return json_null();
	return json_pack("{s:o,s:s}", "reason", text_json(info->rotate_reason), "since",
	    text_time_json(info->rotate_since, since));
}

json_t *entry_json(const struct vault_entry_info *info)
{
	char created[32], modified[32];

	return json_pack("{s:s,s:o,s:o,s:s,s:s,s:I,s:o}", "name", info->name, "fields",
	    fields_json(info), "labels", labels_json(info), "created",
	    text_time_json(info->created, created), "modified",
	    text_time_json(info->modified, modified), "version", (json_int_t)info->version,
	    "rotate_now", rotate_json(info));
}
