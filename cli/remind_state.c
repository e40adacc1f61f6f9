/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/remind.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "vault/cleanup.h"

#define STATE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define LOCK_MS 10000
#define PATH_HASH_LEN 8

void remind_place_free(struct remind_place *p)
{
	free(p->vault);
	free(p->state);
	free(p->hooks);
}

/* The same for all ways to write a path to it, also when it isn't there. */
static char *absolute(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
	    slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path + 1));
	_cleanup_free_ char *real = dir == NULL ? NULL : realpath(dir, NULL);
	char *ret;

	if (real == NULL)
		return strdup(path);
	return asprintf(&ret, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
		   slash == NULL ? path : slash + 1) < 0
		   ? NULL
		   : ret;
}

static void path_id(const char *path, char ret[static REMIND_ID_MAX])
{
	uint8_t hash[crypto_generichash_BYTES];

	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)path, strlen(path), NULL, 0);
	(void)snprintf(ret, REMIND_ID_MAX, "path-");
	for (size_t i = 0; i < PATH_HASH_LEN; i++)
		(void)snprintf(ret + 5 + 2 * i, 3, "%02x", hash[i]);
}

/* Its absolute path, too. */
static char *place_id(const struct app *app, const struct paths *p, char ret[static REMIND_ID_MAX])
{
	char *vault = absolute(p->vault);

	if (p->vault_is_name)
		(void)snprintf(ret, REMIND_ID_MAX, "%s", app->vault);
	else if (vault != NULL)
		path_id(vault, ret);
	return vault;
}

static char *state_path(const struct paths *p, const char *id)
{
	int dir = (int)(strrchr(p->state, '/') - p->state);
	char *ret;

	return asprintf(&ret, "%.*s/reminders-%s.json", dir, p->state, id) < 0 ? NULL : ret;
}

char *remind_state_path(const struct app *app, const struct paths *p)
{
	char id[REMIND_ID_MAX];
	_cleanup_free_ char *vault = place_id(app, p, id);

	return vault == NULL ? NULL : state_path(p, id);
}

int remind_place_find(const struct app *app, const struct paths *p, struct remind_place *ret)
{
	int r = paths_config(app, "/touchvault/hooks.d", &ret->hooks);

	if (r != 0)
		return r;
	ret->by_name = p->vault_is_name;
	ret->vault = place_id(app, p, ret->id);
	if (ret->vault != NULL)
		ret->state = state_path(p, ret->id);
	return ret->state == NULL ? fail_vault(app, VAULT_ERR_NOMEM) : STATUS_OK;
}

static bool told_is_valid(json_t *told)
{
	const char *key;
	json_t *value;

	json_object_foreach(told, key, value)
	{
		json_int_t level = json_integer_value(json_object_get(value, "level"));

		if (level < REMIND_SOON || level > REMIND_OVERDUE ||
		    !json_is_string(json_object_get(value, "day")))
			return false;
	}
	return json_is_object(told);
}

static bool last_is_valid(json_t *last)
{
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(last, "channels"), i,
	    e) if (!json_is_string(json_object_get(e, "channel"))) return false;
	json_array_foreach(
	    json_object_get(last, "problems"), i, e) if (!json_is_string(e)) return false;
	return json_is_null(last) || json_is_string(json_object_get(last, "at"));
}

/* Notes of before may lack it. */
static bool failing_is_valid(json_t *failing)
{
	json_t *e;
	size_t i;

	json_array_foreach(
	    failing, i, e) if (!json_is_string(json_object_get(e, "channel")) ||
			       !json_is_string(json_object_get(e, "at"))) return false;
	return failing == NULL || json_is_array(failing);
}

static json_t *decode(const uint8_t *bytes, size_t len)
{
	json_t *j = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *last = json_object_get(j, "last"), *seen = json_object_get(j, "seen");

	if (told_is_valid(json_object_get(j, "told")) && json_is_integer(seen) &&
	    json_integer_value(seen) >= 0 && json_is_boolean(json_object_get(j, "pending")) &&
	    last_is_valid(last) && failing_is_valid(json_object_get(j, "failing")))
		return j;
	json_decref(j);
	return NULL;
}

static json_t *begin_anew(void)
{
	return json_pack(
	    "{s:{},s:i,s:b,s:n,s:[]}", "told", "seen", 0, "pending", 0, "last", "failing");
}

/* A place that can't be read is none that can be written. */
static void load(struct remind_state *s)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t len = 0;
	int r = store_read_private(&s->store, STATE_BYTES_MAX, &bytes, &len);

	if (r == 0)
		s->json = decode(bytes, len);
	else if (r != VAULT_ERR_NO_VAULT)
		s->err = r;
	s->damaged = r == 0 && s->json == NULL;
	if (s->json == NULL)
		s->json = begin_anew();
}

int remind_state_open(const struct app *app, const char *path, struct remind_state *ret)
{
	_cleanup_free_ char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));

	*ret = (struct remind_state){ .lock = -1, .store = { .dirfd = -1 } };
	if (dir == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (access(dir, F_OK) != 0 && paths_make_dir(app, dir) != 0)
		ret->err = VAULT_ERR_IO;
	if (ret->err == 0)
		ret->err = store_open(path, &ret->store);
	if (ret->err == 0)
		ret->err = store_lock(&ret->store, LOCK_MS, &ret->lock);
	if (ret->err == VAULT_ERR_LOCKED)
		return fail(app, STATUS_ERROR,
		    "%s: reminders are being sent already; repeat when that is done", path);
	/* On a disk that is read-only, what was told before still counts. */
	if (ret->store.dirfd >= 0)
		load(ret);
	if (ret->json == NULL)
		ret->json = begin_anew();
	return ret->json == NULL ? fail_vault(app, VAULT_ERR_NOMEM) : STATUS_OK;
}

int remind_state_write(struct remind_state *s)
{
	_cleanup_free_ char *text = json_dumps(s->json, JSON_COMPACT | JSON_SORT_KEYS);

	if (s->err != 0)
		return s->err;
	if (text == NULL)
		return VAULT_ERR_NOMEM;
	s->err = store_write_temporary(&s->store, text, strlen(text));
	if (s->err == 0)
		s->err = store_replace(&s->store, false, false);
	else
		store_drop_temporary(&s->store);
	return s->err;
}

void remind_state_close(struct remind_state *s)
{
	json_decref(s->json);
	store_close(&s->store);
	if (s->lock >= 0)
		(void)close(s->lock);
}

int64_t remind_state_seen(const struct remind_state *s)
{
	json_int_t seen = json_integer_value(json_object_get(s->json, "seen"));

	return seen < PERIOD_TIME_MAX ? seen : PERIOD_TIME_MAX;
}

void remind_state_note_clock(const struct app *app, struct remind_state *s)
{
	if (app->accept_clock || remind_state_seen(s) < app->clock)
		(void)json_object_set_new(s->json, "seen", json_integer(app->clock));
}

int64_t remind_state_look_seen(const char *path)
{
	struct remind_state s = { .json = path == NULL ? NULL : remind_state_look(path) };
	int64_t seen = remind_state_seen(&s);

	json_decref(s.json);
	return seen;
}

json_t *remind_state_look(const char *path)
{
	struct remind_state s = { .store = { .dirfd = -1 }, .lock = -1 };
	json_t *ret = NULL;

	if (store_open(path, &s.store) == 0) {
		load(&s);
		ret = s.err == 0 && !s.damaged ? json_incref(s.json) : NULL;
	}
	remind_state_close(&s);
	return ret;
}
