/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/fields.h"

#include <string.h>

#include <sodium.h>

#include "cli/output.h"
#include "vault/cleanup.h"

/* While these are jansson's, every copy that it makes is in locked memory and
 * wiped when freed. */
struct allocators {
	json_malloc_t allocate;
	json_free_t release;
};

static struct allocators allocators_lock(void)
{
	struct allocators before;

	json_get_alloc_funcs(&before.allocate, &before.release);
	json_set_alloc_funcs(secret_alloc, secret_free);
	return before;
}

static void allocators_unlock(struct allocators before)
{
	json_set_alloc_funcs(before.allocate, before.release);
}

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

static int take_object(const struct app *app, struct fields *f, json_t *object)
{
	const char *name;
	json_t *value;
	int r = STATUS_OK;

	if (!json_is_object(object))
		return fail(app, STATUS_USAGE, "standard input is not a JSON object");
	if (json_object_size(object) == 0)
		return fail(app, STATUS_USAGE, FROM " has no field");
	json_object_foreach(object, name, value)
	{
		r = take_value(app, f, name, value);
		if (r != 0)
			break;
	}
	return r;
}

/* jansson's own message may quote the text, so only the place is told. */
static int fail_parse(const struct app *app, const json_error_t *error)
{
	if (json_error_code(error) == json_error_out_of_memory)
		return fail(app, STATUS_USAGE, FROM " is too large");
	if (json_error_code(error) == json_error_duplicate_key)
		return fail(app, STATUS_USAGE,
		    "standard input, line %d, column %d: a name is there twice", error->line,
		    error->column);
	return fail(app, STATUS_USAGE, "standard input, line %d, column %d: this is not JSON",
	    error->line, error->column);
}

int fields_parse_json(const struct app *app, struct fields *f, uint8_t *text, size_t len)
{
	struct allocators before = allocators_lock();
	json_error_t error;
	json_t *object;
	int r;

	object = json_loadb(
	    (char *)text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	secret_free(text);
	r = object != NULL ? take_object(app, f, object) : fail_parse(app, &error);
	/* It has room for a fragment of the text. */
	sodium_memzero(&error, sizeof(error));
	json_decref(object);
	allocators_unlock(before);
	return r;
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

static char *entry_json(const struct vault_entry *entry)
{
	json_t *object = json_object();
	char *text = NULL;
	bool whole = object != NULL;

	for (size_t i = 0; whole && i < entry->n_fields; i++)
		whole = json_object_set_new(
			    object, entry->fields[i].name, value_json(&entry->fields[i])) == 0;
	if (whole)
		text = json_dumps(object, 0);
	json_decref(object);
	return text;
}

int fields_print_json(const struct app *app, const struct vault_entry *entry)
{
	struct allocators before = allocators_lock();
	_cleanup_secret_ char *text = entry_json(entry);
	int r;

	allocators_unlock(before);
	if (text == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = out_bytes(app, text, strlen(text));
	return r == 0 ? out_bytes(app, "\n", 1) : r;
}
