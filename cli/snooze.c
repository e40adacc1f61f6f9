/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/snooze.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli/output.h"
#include "vault/cleanup.h"
#include "vault/store.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024)
#define LOCK_MS 10000
#define HEX_MAX (2 * VAULT_ID_LEN + 1)

/* {entry id: {"until": TIME, "made": TIME}}: a credential made since isn't snoozed. */
struct snoozes {
	struct store store;
	json_t *json;
	bool damaged;
};

static void hex(const uint8_t id[static VAULT_ID_LEN], char ret[static HEX_MAX])
{
	(void)sodium_bin2hex(ret, HEX_MAX, id, VAULT_ID_LEN);
}

static void snoozes_close(struct snoozes *s)
{
	json_decref(s->json);
	store_close(&s->store);
}

/* 0 or enum vault_err, of vault_where. */
static int place(const struct app *app, const struct vault *v, struct store *ret)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	_cleanup_free_ char *path = NULL;
	struct vault_summary s;
	char id[HEX_MAX];

	vault_summarize(v, &s);
	hex(s.id, id);
	if (paths_find(app, &p) != 0 ||
	    asprintf(&path, "%.*s/snoozed-%s.json", (int)(strrchr(p.state, '/') - p.state), p.state,
		id) < 0)
		return VAULT_ERR_NOMEM;
	return store_open(path, ret);
}

static bool is_valid(json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach(
	    json, key, value) if (!json_is_integer(json_object_get(value, "until")) ||
				  !json_is_integer(json_object_get(value, "made"))) return false;
	return json_is_object(json);
}

static int load(struct snoozes *s)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len = 0;
	int r = store_read_private(&s->store, FILE_MAX, &bytes, &len);

	if (r == 0)
		s->json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
	s->damaged = (r == 0 && !is_valid(s->json)) || r == VAULT_ERR_LIMIT;
	if (r != 0 || s->damaged) {
		json_decref(s->json);
		s->json = json_object();
	}
	if (s->json == NULL)
		return VAULT_ERR_NOMEM;
	return r == VAULT_ERR_NO_VAULT || s->damaged ? 0 : r;
}

static int64_t number(const json_t *json, const char *id, const char *what)
{
	return json_integer_value(json_object_get(json_object_get(json, id), what));
}

/* One that goes further than it can be asked for was made by a clock that was wrong. */
static void apply(const struct app *app, const json_t *json, struct vault *v)
{
	const struct vault_entry_info *info;
	char id[HEX_MAX];

	if (json_object_size(json) == 0)
		return;
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++) {
		int64_t until;

		hex(vault_entry_id(info), id);
		until = number(json, id, "until");
		if (until > 0 && until <= snooze_latest(app) &&
		    number(json, id, "made") == info->rotation.made)
			(void)!vault_entry_snooze(v, info->name, until);
	}
}

void snooze_apply(const struct app *app, struct vault *v)
{
	__attribute__((cleanup(snoozes_close))) struct snoozes s = { .store.dirfd = -1 };
	int r = place(app, v, &s.store);

	if (r == 0)
		r = load(&s);
	if (r == 0)
		apply(app, s.json, v);
	if (r != 0 || s.damaged)
		warn(app, "%s: what is snoozed can't be read (%s), so nothing is; snooze it again",
		    s.store.path, r == 0 ? "it is damaged" : vault_strerror(r));
}

/* What is snoozed, of the entries as they are now. */
static json_t *collect(const struct app *app, const struct vault *v)
{
	const struct vault_entry_info *info;
	json_t *json = json_object();
	char id[HEX_MAX];

	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++) {
		if (info->rotation.snoozed <= app->now)
			continue;
		hex(vault_entry_id(info), id);
		(void)json_object_set_new(json, id,
		    json_pack("{s:I,s:I}", "until", (json_int_t)info->rotation.snoozed, "made",
			(json_int_t)info->rotation.made));
	}
	return json;
}

static int write_file(struct snoozes *s)
{
	_cleanup_free_ char *text = json_dumps(s->json, JSON_COMPACT | JSON_SORT_KEYS);
	int r =
	    text == NULL ? VAULT_ERR_NOMEM : store_write_temporary(&s->store, text, strlen(text));

	if (r == 0)
		r = store_replace(&s->store, false, false);
	if (r != 0)
		store_drop_temporary(&s->store);
	return r;
}

int snooze_set(
    const struct app *app, struct vault *v, const struct vault_entry_info *info, int64_t until)
{
	__attribute__((cleanup(snoozes_close))) struct snoozes s = { .store.dirfd = -1 };
	_cleanup_close_ int lock = -1;
	int r = place(app, v, &s.store);

	if (r == 0)
		r = store_lock(&s.store, LOCK_MS, &lock);
	if (r == 0)
		r = load(&s);
	if (r == 0)
		apply(app, s.json, v);
	if (r == 0)
		r = vault_entry_snooze(v, info->name, until);
	if (r != 0)
		return fail_vault(app, r);
	json_decref(s.json);
	s.json = collect(app, v);
	r = s.json == NULL ? VAULT_ERR_NOMEM : write_file(&s);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}
