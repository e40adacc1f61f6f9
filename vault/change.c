/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes to the index in memory, before a commit. */
#include <stdlib.h>
#include <string.h>

#include "vault/cbor_io.h"
#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/text.h"
#include "vault/vault.h"

static int field_compare(const void *a, const void *b)
{
	return cbor_key_compare(
	    ((const struct vault_field *)a)->name, ((const struct vault_field *)b)->name);
}

static int label_compare(const void *a, const void *b)
{
	return cbor_key_compare(
	    ((const struct vault_label *)a)->key, ((const struct vault_label *)b)->key);
}

static int set_fields(
    struct index *x, struct vault_entry_info *info, const struct vault_field *sorted, size_t n)
{
	const char **names = index_pool_alloc(x, n * sizeof(*names));

	if (names == NULL)
		return VAULT_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!vault_field_name_valid(sorted[i].name) ||
		    (i > 0 && strcmp(sorted[i - 1].name, sorted[i].name) == 0))
			return VAULT_ERR_ARGUMENT;
		names[i] = index_pool_string(x, sorted[i].name, strlen(sorted[i].name));
		if (names[i] == NULL)
			return VAULT_ERR_NOMEM;
	}
	info->fields = names;
	info->n_fields = n;
	return 0;
}

static int set_labels(
    struct index *x, struct vault_entry_info *info, const struct vault_label *labels, size_t n)
{
	struct vault_label *copy;

	if (n > VAULT_LABELS_MAX)
		return VAULT_ERR_LIMIT;
	copy = index_pool_alloc(x, n * sizeof(*copy));
	if (copy == NULL)
		return VAULT_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!vault_label_valid(labels[i].key, labels[i].value))
			return VAULT_ERR_ARGUMENT;
		copy[i].key = index_pool_string(x, labels[i].key, strlen(labels[i].key));
		copy[i].value = index_pool_string(x, labels[i].value, strlen(labels[i].value));
		if (copy[i].key == NULL || copy[i].value == NULL)
			return VAULT_ERR_NOMEM;
	}
	if (n > 1)
		qsort(copy, n, sizeof(*copy), label_compare);
	for (size_t i = 1; i < n; i++)
		if (strcmp(copy[i - 1].key, copy[i].key) == 0)
			return VAULT_ERR_ARGUMENT;
	info->labels = copy;
	info->n_labels = n;
	return 0;
}

static struct index_entry *entry_new(struct index *x, size_t at, const char *name, int64_t now)
{
	const char *copy = index_pool_string(x, name, strlen(name));
	struct index_entry *e = copy == NULL ? NULL : index_insert(x, at);

	if (e == NULL)
		return NULL;
	randombytes_buf(e->id, sizeof(e->id));
	e->info.name = copy;
	e->info.created = now;
	e->info.rotate_reason = "";
	return e;
}

int vault_entry_put(struct vault *v, const char *name, bool replace,
    const struct vault_field *fields, size_t n_fields, const struct vault_label *labels,
    size_t n_labels, int64_t now)
{
	struct vault_entry_info info = { 0 };
	struct vault_field sorted[VAULT_FIELDS_MAX];
	struct index_entry *e;
	uint8_t *plain;
	size_t at, len;
	bool found;
	int r;

	if (!vault_name_valid(name))
		return VAULT_ERR_ARGUMENT;
	if (n_fields == 0 || n_fields > VAULT_FIELDS_MAX)
		return VAULT_ERR_LIMIT;
	at = index_find(&v->index, name, &found);
	if (found != replace)
		return found ? VAULT_ERR_EXISTS : VAULT_ERR_NO_ENTRY;
	if (!found && v->index.n_entries >= VAULT_ENTRIES_MAX)
		return VAULT_ERR_LIMIT;
	memcpy(sorted, fields, n_fields * sizeof(*fields));
	qsort(sorted, n_fields, sizeof(*sorted), field_compare);
	r = set_fields(&v->index, &info, sorted, n_fields);
	if (r == 0)
		r = set_labels(&v->index, &info, labels, n_labels);
	if (r == 0)
		r = entry_encode_fields(sorted, n_fields, &plain, &len);
	if (r != 0)
		return r;
	e = found ? &v->index.entries[at] : entry_new(&v->index, at, name, now);
	if (e == NULL) {
		secret_free(plain);
		return VAULT_ERR_NOMEM;
	}
	secret_free(e->pending);
	e->pending = plain;
	e->pending_len = len;
	e->info.version++;
	e->info.modified = now;
	e->info.fields = info.fields;
	e->info.n_fields = info.n_fields;
	e->info.labels = info.labels;
	e->info.n_labels = info.n_labels;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return 0;
}

int vault_entry_rename(struct vault *v, const char *from, const char *to, int64_t now)
{
	struct index_entry moved, *e;
	const char *name;
	bool found, taken;
	size_t at, target;

	if (!vault_name_valid(to))
		return VAULT_ERR_ARGUMENT;
	at = index_find(&v->index, from, &found);
	(void)index_find(&v->index, to, &taken);
	if (!found || taken)
		return found ? VAULT_ERR_EXISTS : VAULT_ERR_NO_ENTRY;
	name = index_pool_string(&v->index, to, strlen(to));
	if (name == NULL)
		return VAULT_ERR_NOMEM;
	moved = v->index.entries[at];
	v->index.entries[at].pending = NULL; /* now moved's */
	index_remove(&v->index, at);
	target = index_find(&v->index, to, &taken);
	e = index_insert(&v->index, target); /* room was just made */
	*e = moved;
	e->info.name = name;
	e->info.modified = now;
	vault_change_is(v, VAULT_CHANGE_ENTRY, from);
	return 0;
}

int vault_entry_remove(struct vault *v, const char *name)
{
	bool found;
	size_t at = index_find(&v->index, name, &found);

	if (!found)
		return VAULT_ERR_NO_ENTRY;
	index_remove(&v->index, at);
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return 0;
}

int vault_entry_mark(struct vault *v, const char *name, const char *reason, int64_t now)
{
	bool found;
	size_t at = index_find(&v->index, name, &found);
	struct vault_entry_info *info = &v->index.entries[at].info;
	const char *copy = "";

	if (!found)
		return VAULT_ERR_NO_ENTRY;
	if (reason != NULL && *info->rotate_reason != '\0')
		return 0;
	if (reason != NULL) {
		if (*reason == '\0' || now <= 0 ||
		    !text_valid(reason, strlen(reason), VAULT_REASON_MAX))
			return VAULT_ERR_ARGUMENT;
		copy = index_pool_string(&v->index, reason, strlen(reason));
	}
	if (copy == NULL)
		return VAULT_ERR_NOMEM;
	info->rotate_reason = copy;
	info->rotate_since = reason != NULL ? now : 0;
	return 0;
}
