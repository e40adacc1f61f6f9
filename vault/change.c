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
	e->info.rotation.host = "";
	e->info.rotation.made = now;
	return e;
}

/* The record of an entry with one credential, in locked memory. */
static int encode_current(
    const struct vault_field *sorted, size_t n, uint8_t **ret, size_t *ret_len)
{
	_cleanup_secret_ uint8_t *map = NULL;
	struct entry_sets sets = { 0 };
	int r = entry_encode_fields(sorted, n, &map, &sets.len[VAULT_SET_CURRENT]);

	sets.map[VAULT_SET_CURRENT] = map;
	return r == 0 ? entry_encode_sets(&sets, ret, ret_len) : r;
}

/* What an entry's fields are to be: names into info, values into pending. */
static int put_fields(struct vault *v, const struct vault_field *fields, size_t n,
    struct vault_entry_info *info, uint8_t **ret, size_t *ret_len)
{
	struct vault_field sorted[VAULT_FIELDS_MAX];
	int r;

	if (n > VAULT_FIELDS_MAX)
		return VAULT_ERR_LIMIT;
	memcpy(sorted, fields, n * sizeof(*fields));
	qsort(sorted, n, sizeof(*sorted), field_compare);
	r = set_fields(&v->index, info, sorted, n);
	return r == 0 ? encode_current(sorted, n, ret, ret_len) : r;
}

static int put_new(
    struct vault *v, const char *name, size_t at, const struct vault_entry_info *info, int64_t now)
{
	struct index_entry *e;

	if (v->index.n_entries >= VAULT_ENTRIES_MAX)
		return VAULT_ERR_LIMIT;
	if (info->n_fields == 0)
		return VAULT_ERR_LIMIT;
	e = entry_new(&v->index, at, name, now);
	return e == NULL ? VAULT_ERR_NOMEM : 0;
}

int vault_entry_put(struct vault *v, const char *name, bool replace,
    const struct vault_field *fields, size_t n_fields, const struct vault_label *labels,
    size_t n_labels, int64_t now)
{
	struct vault_entry_info info = { 0 };
	_cleanup_secret_ uint8_t *plain = NULL;
	struct index_entry *e;
	size_t at, len = 0;
	bool found;
	int r;

	if (!vault_name_valid(name))
		return VAULT_ERR_ARGUMENT;
	at = index_find(&v->index, name, &found);
	if (found != replace)
		return found ? VAULT_ERR_EXISTS : VAULT_ERR_NO_ENTRY;
	if (n_fields > 0 && found && v->index.entries[at].info.rotation.state != ROTATION_ACTIVE)
		return VAULT_ERR_CHANGED;
	r = set_labels(&v->index, &info, labels, n_labels);
	if (r == 0 && n_fields > 0)
		r = put_fields(v, fields, n_fields, &info, &plain, &len);
	if (r == 0 && !found)
		r = put_new(v, name, at, &info, now);
	if (r != 0)
		return r;
	e = &v->index.entries[at];
	e->info.modified = now;
	e->info.labels = info.labels;
	e->info.n_labels = info.n_labels;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	if (n_fields == 0)
		return 0;
	secret_free(e->pending);
	e->pending = TAKE_PTR(plain);
	e->pending_len = len;
	e->info.version++;
	e->info.fields = info.fields;
	e->info.n_fields = info.n_fields;
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
