/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/entry_info.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

const char *entry_fields_text(
    const struct vault_entry_info *info, char buf[static ENTRY_FIELDS_TEXT_MAX])
{
	size_t at = 0;

	(void)snprintf(buf, ENTRY_FIELDS_TEXT_MAX, "-");
	for (size_t i = 0; i < info->n_fields && i < VAULT_FIELDS_MAX; i++)
		at += (size_t)snprintf(buf + at, ENTRY_FIELDS_TEXT_MAX - at, "%s%s",
		    i == 0 ? "" : ", ", info->fields[i]);
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
	for (size_t i = 0; i < info->n_fields; i++) {
		if (i > 0)
			out_text(", ", 0);
		out_text(info->fields[i], 0);
	}
}

void entry_labels_print(const struct vault_entry_info *info)
{
	for (size_t i = 0; i < info->n_labels; i++) {
		char value[VAULT_LABEL_VALUE_MAX + 1];

		out("%s%s=%s", i == 0 ? "" : ", ", info->labels[i].key,
		    text_clean(info->labels[i].value, value, sizeof(value)));
	}
}

static json_t *fields_json(const struct vault_entry_info *info)
{
	json_t *a = json_array();

	for (size_t i = 0; a != NULL && i < info->n_fields; i++)
		if (json_array_append_new(a, text_json(info->fields[i])) != 0)
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
