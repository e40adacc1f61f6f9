/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/fields.h"

#include <string.h>

#include <sodium.h>

#include "cli/output.h"
#include "vault/cleanup.h"

/* While these are jansson's, every copy that it makes is in locked memory and
 * wiped when freed. Nothing may be reported meanwhile: fail() makes JSON too,
 * and frees it as ordinary memory. */
struct allocators {
	json_malloc_t allocate;
	json_free_t release;
};

/* jansson's parser calls a string that it has no room for an invalid token. */
static bool arena_was_full;

static void *allocate(size_t len)
{
	void *p = secret_alloc(len);

	arena_was_full |= p == NULL;
	return p;
}

static struct allocators allocators_lock(void)
{
	struct allocators before;

	json_get_alloc_funcs(&before.allocate, &before.release);
	json_set_alloc_funcs(allocate, secret_free);
	return before;
}

static void allocators_unlock(struct allocators before)
{
	json_set_alloc_funcs(before.allocate, before.release);
}

#define PARSER_STACK 16384
#define SINK_LEN 16384

#define FROM "the JSON object"
#define ONLY_STRINGS "must be a string or {\"base64\": \"...\"}"

static int take_text(const struct app *app, struct fields *f, const char *name, const json_t *text)
{
	size_t len = json_string_length(text);
	uint8_t *value = secret_alloc(len + 1);

	if (value == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	memcpy(value, json_string_value(text), len);
	return fields_take(app, f, name, value, len, FROM);
}

static int take_base64(
    const struct app *app, struct fields *f, const char *name, const json_t *text)
{
	size_t len = json_string_length(text);
	_cleanup_secret_ uint8_t *value = secret_alloc(len / 4 * 3 + 3);

	if (value == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (sodium_base642bin(value, len / 4 * 3 + 3, json_string_value(text), len, NULL, &len,
		NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return fail(
		    app, STATUS_USAGE, FROM ": the base64 of the field %s is not valid", name);
	return fields_take(app, f, name, TAKE_PTR(value), len, FROM);
}

static int take_value(
    const struct app *app, struct fields *f, const char *name, const json_t *value)
{
	const json_t *bytes = json_object_get(value, "base64");

	if (!vault_field_name_valid(name))
		return fail(app, STATUS_USAGE,
		    FROM
		    ": a field name is not well-formed; use letters, digits and . _ -, at most %d",
		    VAULT_FIELD_NAME_MAX);
	if (json_is_string(value))
		return take_text(app, f, name, value);
	if (json_object_size(value) == 1 && json_is_string(bytes))
		return take_base64(app, f, name, bytes);
	return fail(app, STATUS_USAGE, FROM ": the field %s " ONLY_STRINGS, name);
}

static int64_t *date_called(struct fields_dates *dates, const char *name)
{
	if (dates != NULL && strcmp(name, "--expires") == 0)
		return &dates->expires;
	return dates != NULL && strcmp(name, "--works-from") == 0 ? &dates->works_from : NULL;
}

static int take_date(const struct app *app, const char *name, const json_t *value, int64_t *ret)
{
	const char *text = json_string_value(value);

	if (text != NULL && strlen(text) == json_string_length(value) && date_parse(text, ret) &&
	    *ret > 0)
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    FROM ": %s is no date that there is; use \"2027-01-31\" or \"2027-01-31T09:30Z\"",
	    name);
}

static int take_object(const struct app *app, struct fields *f, struct fields_dates *dates,
    const char *from, json_t *object)
{
	size_t before = f->n;
	const char *name;
	json_t *value;
	int64_t *date;
	int r = STATUS_OK;

	if (!json_is_object(object))
		return fail(app, STATUS_USAGE,
		    "%s is not a JSON object; give {\"FIELD\": \"VALUE\", ...}", from);
	json_object_foreach(object, name, value)
	{
		date = date_called(dates, name);
		r = date != NULL ? take_date(app, name, value, date)
				 : take_value(app, f, name, value);
		if (r != 0)
			return r;
	}
	return f->n > before ? STATUS_OK : fail(app, STATUS_USAGE, FROM " has no field");
}

/* jansson's own message may quote the text, so only the place is told. */
static int fail_parse(const struct app *app, const char *from, const json_error_t *error)
{
	if (arena_was_full)
		return fail(app, STATUS_USAGE, FROM " is too large");
	if (json_error_code(error) == json_error_duplicate_key)
		return fail(app, STATUS_USAGE, "%s, line %d, column %d: a name is there twice",
		    from, error->line, error->column);
	return fail(app, STATUS_USAGE, "%s, line %d, column %d: this is not JSON", from,
	    error->line, error->column);
}

static json_t *parse(const uint8_t *text, size_t len, json_error_t *ret_error)
{
	struct allocators before = allocators_lock();
	json_t *object;

	arena_was_full = false;
	object = json_loadb((const char *)text, len,
	    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, ret_error);
	allocators_unlock(before);
	/* A message of jansson's that quotes the text was made on the stack. */
	sodium_stackzero(PARSER_STACK);
	return object;
}

static void release(json_t *object)
{
	struct allocators before = allocators_lock();

	json_decref(object);
	allocators_unlock(before);
}

int fields_parse_json(const struct app *app, struct fields *f, struct fields_dates *dates,
    const char *from, uint8_t *text, size_t len)
{
	json_error_t error;
	json_t *object = parse(text, len, &error);
	int r;

	secret_free(text);
	r = object != NULL ? take_object(app, f, dates, from, object)
			   : fail_parse(app, from, &error);
	/* It has room for a fragment of the text. */
	sodium_memzero(&error, sizeof(error));
	release(object);
	return r;
}

static void each_string(
    json_t *j, void (*fn)(void *ctx, const uint8_t *text, size_t len), void *ctx)
{
	const char *name;
	json_t *value;

	if (json_is_string(j))
		fn(ctx, (const uint8_t *)json_string_value(j), json_string_length(j));
	json_object_foreach(j, name, value) each_string(value, fn, ctx);
	for (size_t i = 0; i < json_array_size(j); i++)
		each_string(json_array_get(j, i), fn, ctx);
}

void fields_each_string(const uint8_t *text, size_t len,
    void (*fn)(void *ctx, const uint8_t *text, size_t len), void *ctx)
{
	json_error_t error;
	json_t *j = parse(text, len, &error);

	sodium_memzero(&error, sizeof(error));
	each_string(j, fn, ctx);
	release(j);
}

static json_t *base64_json(const struct vault_field *f)
{
	size_t cap = sodium_base64_encoded_len(f->value_len, sodium_base64_VARIANT_ORIGINAL);
	_cleanup_secret_ char *text = secret_alloc(cap);

	if (text == NULL)
		return NULL;
	(void)sodium_bin2base64(text, cap, f->value, f->value_len, sodium_base64_VARIANT_ORIGINAL);
	return json_pack("{s:o}", "base64", json_string(text));
}

static json_t *value_json(const struct vault_field *f)
{
	json_t *text = NULL;

	if (memchr(f->value, '\0', f->value_len) == NULL)
		text = json_stringn((const char *)f->value, f->value_len); /* NULL if not UTF-8 */
	return text != NULL ? text : base64_json(f);
}

static json_t *entry_json(const struct vault_entry *entry)
{
	json_t *object = json_object();

	for (size_t i = 0; object != NULL && i < entry->n_fields; i++) {
		if (json_object_set_new(
			object, entry->fields[i].name, value_json(&entry->fields[i])) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* The text goes out in pieces: escapes can make it six times as long as the
 * entry, which locked memory has no room for. */
struct sink {
	const struct app *app;
	struct allocators ordinary;
	char *bytes;
	size_t len;
	int status;
};

static int sink_flush(struct sink *s)
{
	allocators_unlock(s->ordinary);
	s->status = out_bytes(s->app, s->bytes, s->len);
	(void)allocators_lock();
	s->len = 0;
	return s->status == STATUS_OK ? 0 : -1;
}

static int sink_write(const char *text, size_t len, void *ctx)
{
	struct sink *s = ctx;

	while (len > 0) {
		size_t n = len < SINK_LEN - s->len ? len : SINK_LEN - s->len;

		memcpy(s->bytes + s->len, text, n);
		s->len += n;
		text += n;
		len -= n;
		if (s->len == SINK_LEN && sink_flush(s) != 0)
			return -1;
	}
	return 0;
}

/* False with s->status 0: there was no memory. */
static bool entry_dump(const struct vault_entry *entry, struct sink *s)
{
	json_t *object = entry_json(entry);
	bool whole = object != NULL && json_dump_callback(object, sink_write, s, 0) == 0 &&
		     sink_write("\n", 1, s) == 0 && (s->len == 0 || sink_flush(s) == 0);

	json_decref(object);
	return whole;
}

int fields_print_json(const struct app *app, const struct vault_entry *entry)
{
	_cleanup_secret_ char *bytes = secret_alloc(SINK_LEN);
	struct sink s = { .app = app, .bytes = bytes };
	bool whole;

	if (bytes == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	s.ordinary = allocators_lock();
	whole = entry_dump(entry, &s);
	allocators_unlock(s.ordinary);
	if (whole || s.status != STATUS_OK)
		return s.status;
	return fail_vault(app, VAULT_ERR_NOMEM);
}

/* All at once, for a program that is written to while it is read from. */
static int grow_write(const char *text, size_t len, void *ctx)
{
	struct fields_text *t = ctx;
	uint8_t *p = secret_realloc(t->bytes, t->len + len + 1);

	if (p == NULL)
		return -1;
	memcpy(p + t->len, text, len);
	t->bytes = p;
	t->len += len;
	return 0;
}

static bool sets_dump(
    const char *const *names, struct vault_entry *const *entries, size_t n, struct fields_text *ret)
{
	json_t *object = json_object();
	bool whole = object != NULL;

	for (size_t i = 0; whole && i < n; i++)
		whole = json_object_set_new(object, names[i], entry_json(entries[i])) == 0;
	whole = whole && json_dump_callback(object, grow_write, ret, 0) == 0 &&
		grow_write("\n", 1, ret) == 0;
	json_decref(object);
	return whole;
}

int fields_format_json(const struct app *app, const char *const *names,
    struct vault_entry *const *entries, size_t n, struct fields_text *ret)
{
	struct allocators before = allocators_lock();
	bool whole = sets_dump(names, entries, n, ret);

	allocators_unlock(before);
	return whole ? STATUS_OK : fail_vault(app, VAULT_ERR_NOMEM);
}
