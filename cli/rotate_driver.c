/* SPDX-License-Identifier: BSD-2-Clause */
/* A rotation by a driver, from wherever it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/driver.h"
#include "cli/output.h"
#include "cli/rotate.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/snooze.h"
#include "vault/cleanup.h"

#define ATTEMPT_MAX 64

struct work {
	struct app *app;
	struct vault *v;
	const char *name;
	const struct driver *driver;
	int64_t expires;
	bool begun, created; /* by this run */
};

static void release(struct vault_entry *const *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vault_entry_free(entries[i]);
}

/* The same until the entry is changed, so that a driver knows what it made before, for a
 * try that was lost. What another host made may be in use there, in a copy of the vault. */
static void attempt_of(
    const struct vault *v, const struct vault_entry_info *info, char ret[static ATTEMPT_MAX])
{
	const uint8_t *id = vault_entry_id(info);
	char host[VAULT_FINGERPRINT_TEXT] = "";
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts), at = 0;

	for (size_t i = 0; i < n; i++)
		if (hosts[i].this_host)
			vault_host_fingerprint(v, i, host);
	for (int i = 0; i < 8; i++)
		at += (size_t)snprintf(ret + at, ATTEMPT_MAX - at, "%02x", id[i]);
	(void)snprintf(
	    ret + at, ATTEMPT_MAX - at, "-%llu-%.9s", (unsigned long long)info->version, host);
}

/* Run one operation with the current credential, and the other one, if there is one. */
static int operate(const struct work *w, const char *operation, struct fields_text *ret)
{
	static const char *const sets[] = { "current", "staged", "previous" };
	const struct vault_entry_info *info = vault_entry_find(w->v, w->name);
	struct vault_entry *entries[VAULT_SETS];
	const char *names[VAULT_SETS];
	struct fields_text input = { 0 };
	char attempt[ATTEMPT_MAX];
	size_t n = 0;
	int r = 0;

	for (int i = 0; r == 0 && i < VAULT_SETS; i++) {
		if (!vault_entry_has(info, (enum vault_set)i))
			continue;
		names[n] = sets[i];
		r = vault_entry_open_set(w->v, info, (enum vault_set)i, &entries[n]);
		n += r == 0;
	}
	attempt_of(w->v, info, attempt);
	if (r != 0)
		r = fail_vault(w->app, r);
	else
		r = fields_format_json(w->app, names, entries, n, &input);
	if (r == 0)
		r = driver_run(
		    w->app, w->driver, operation, w->name, attempt, &input, entries, n, ret);
	secret_free(input.bytes);
	release(entries, n);
	return r;
}

/* An operation whose output says nothing. */
static int operate_quietly(const struct work *w, const char *operation)
{
	struct fields_text out = { 0 };
	int r = operate(w, operation, &out);

	secret_free(out.bytes);
	return r;
}

static int step(const struct work *w, enum rotation_event event, const char *why)
{
	struct rotate r = { .name = w->name, .step.event = event };

	(void)snprintf(r.why, sizeof(r.why), "%s", why);
	return rotate_step(w->app, w->v, true, &r);
}

/* A long reason is cut, no character of it in two. */
static void write_why(const char *reason, char ret[static VAULT_REASON_MAX + 1])
{
	char whole[VAULT_REASON_MAX + 32];
	int n = snprintf(whole, sizeof(whole), "%s, by a driver", reason);

	n = n > VAULT_REASON_MAX ? VAULT_REASON_MAX : n;
	while (n > 0 && (whole[n] & 0xc0) == 0x80)
		n--;
	(void)snprintf(ret, VAULT_REASON_MAX + 1, "%.*s", n, whole);
}

/* The dates that the driver has from the broker come before one of the command line. */
static int stage(const struct work *w, const struct fields *f, const struct fields_dates *dates)
{
	const struct vault_entry_info *info = vault_entry_find(w->v, w->name);
	int64_t now = rotation_now(w->app, w->v);
	struct rotation_outlook o = vault_entry_outlook(w->v, info, now);
	struct rotate r = { .name = w->name,
		.step = { .event = ROTATION_STAGE,
		    .fields = f->field,
		    .n_fields = f->n,
		    .expires = dates->expires != 0 ? dates->expires : w->expires,
		    .works_from = dates->works_from } };
	const char *wrong = rotate_dates_wrong(r.step.expires, r.step.works_from, now);

	if (wrong != NULL)
		return fail(w->app, STATUS_ERROR,
		    "%s: the driver gave a date that can't be meant: %s; nothing was stored, see "
		    "what it made at the broker",
		    w->driver->path, wrong);
	write_why(
	    *info->rotate_reason != '\0' ? info->rotate_reason : rotation_status_name(o.status),
	    r.why);
	return rotate_step(w->app, w->v, true, &r);
}

/* What the broker has done stays done, whatever became of the vault. */
static int told(const struct work *w, int status, const char *done)
{
	if (status != STATUS_OK)
		warn(w->app,
		    "%s: at the broker the driver had done its \"%s\" already: where \"touchvault "
		    "rotate %s --status\" knows nothing of that, repeat",
		    w->name, done, w->name);
	return status;
}

static int check_names(const struct work *w, const struct fields *f)
{
	const struct vault_entry_info *info = vault_entry_find(w->v, w->name);

	for (size_t i = 0; i < f->n; i++) {
		size_t k = 0;

		while (k < info->n_fields && strcmp(info->fields[k], f->field[i].name) != 0)
			k++;
		if (k == info->n_fields)
			return fail(w->app, STATUS_ERROR,
			    "%s: the driver gave a field that %s doesn't have; nothing was stored, "
			    "see what it made at the broker",
			    w->driver->path, w->name);
	}
	return STATUS_OK;
}

static int create(const struct work *w)
{
	__attribute__((cleanup(fields_clearp))) struct fields f = { 0 };
	struct fields_dates dates = { 0 };
	struct fields_text out = { 0 };
	int r = operate(w, "create", &out);

	if (r == 0 && out.len == 0) {
		secret_free(out.bytes);
		return fail(w->app, STATUS_ERROR,
		    "%s: the driver ended with 0, but gave no new credential; see what it made at "
		    "the broker",
		    w->driver->path);
	}
	if (r == 0)
		r = fields_parse_json(
		    w->app, &f, &dates, "the driver's output", TAKE_PTR(out.bytes), out.len);
	if (r == STATUS_USAGE)
		r = STATUS_ERROR; /* not of this command line */
	if (r == 0)
		r = check_names(w, &f);
	return r == 0 ? told(w, stage(w, &f, &dates), "create") : r;
}

static int verify(const struct work *w)
{
	int r = operate_quietly(w, "verify");

	if (r == 0)
		r = step(w, ROTATION_VERIFY, "by a driver");
	return r == 0 ? step(w, ROTATION_PROMOTE, "") : r;
}

static int revoke_old(const struct work *w)
{
	int r = operate_quietly(w, "revoke");

	return r == 0 ? told(w, step(w, ROTATION_REVOKE, "by a driver"), "revoke") : r;
}

/* Whether nothing is left to be done today, and until when. */
static bool is_done(const struct work *w, const struct vault_entry_info *info, int64_t now)
{
	struct rotation_outlook o = vault_entry_outlook(w->v, info, now);
	/* Another new one is wanted, unless this run has just made one. */
	bool more = o.status >= ROTATION_DUE && !w->created;
	char date[32];

	switch (info->rotation.state) {
	case ROTATION_ACTIVE:
		return w->begun && !more;
	case ROTATION_STAGED:
	case ROTATION_VERIFIED:
		if (now >= info->rotation.works_from)
			return false;
		note(w->app, "%s: the new one works from %s on; repeat then", w->name,
		    text_time(info->rotation.works_from, date));
		return true;
	case ROTATION_PROMOTED:
		if (now >= o.retire_by || more)
			return false;
		note(w->app, "%s: the old one is kept until %s; repeat then", w->name,
		    text_time(o.retire_by, date));
		return true;
	case ROTATION_REVOKED:
		break;
	}
	return false;
}

/* The next thing to do. */
static int go_on(struct work *w, const struct vault_entry_info *info)
{
	w->begun = true;
	switch (info->rotation.state) {
	case ROTATION_ACTIVE:
		w->created = true;
		return create(w);
	case ROTATION_STAGED:
	case ROTATION_VERIFIED:
		return verify(w);
	case ROTATION_PROMOTED:
		return revoke_old(w);
	case ROTATION_REVOKED:
		return step(w, ROTATION_RETIRE, "");
	}
	return fail_vault(w->app, VAULT_ERR_INTERNAL);
}

/* One that is made anew may be due for another one at once. */
static int check_end(const struct work *w, const struct vault_entry_info *info, int64_t now)
{
	struct rotation_outlook o = vault_entry_outlook(w->v, info, now);
	char date[32];

	if (vault_entry_has(info, VAULT_SET_STAGED) || o.status < ROTATION_TO_RETIRE)
		return STATUS_OK;
	return fail(w->app, STATUS_DUE,
	    "%s: the new one is %s already, %s; have the broker make one that lasts longer, or "
	    "shorten the lead with \"touchvault schedule %s\"",
	    w->name, rotation_status_name(o.status), text_date(o.at, date), w->name);
}

int rotate_by_driver(
    struct app *app, struct vault *v, const char *name, const struct driver *d, int64_t expires)
{
	struct work w = { .app = app, .v = v, .name = name, .driver = d, .expires = expires };
	const struct vault_entry_info *info;
	int64_t now = rotation_now(app, v);
	int r = STATUS_OK;

	while (r == 0) {
		info = vault_entry_find(v, name);
		if (info == NULL)
			return fail_vault(app, VAULT_ERR_CHANGED);
		if (is_done(&w, info, now))
			return check_end(&w, info, now);
		r = go_on(&w, info);
	}
	return r;
}

/* Begun, so that it is to be gone on with, whether it is due or not. */
static bool is_begun(const struct vault_entry_info *info)
{
	return info->rotation.state == ROTATION_STAGED || info->rotation.state == ROTATION_VERIFIED;
}

int rotate_driver_check(struct app *app, struct vault *v, const struct vault_entry_info *info,
    int64_t now, bool *ret_waits)
{
	const struct work w = { .app = app, .v = v, .name = info->name };
	struct rotate r = { .name = info->name, .step = { .event = ROTATION_VERIFY, .now = now } };

	*ret_waits = is_done(&w, info, now);
	return is_begun(info) && !*ret_waits ? rotate_check(app, v, &r) : STATUS_OK;
}

/* DIR/NAME, NAME by the label "driver", or else the first part of the entry's name. A
 * name with a slash would leave the directory. NULL where nothing is there. */
static char *driver_path(const char *dir, const struct vault_entry_info *info)
{
	const char *name = info->name;
	int len = (int)strcspn(name, "/");
	struct stat st;
	char *path;

	for (size_t i = 0; i < info->n_labels; i++)
		if (strcmp(info->labels[i].key, "driver") == 0) {
			name = info->labels[i].value;
			len = (int)strlen(name);
		}
	if (len == 0 || name[0] == '.' || (int)strcspn(name, "/") < len ||
	    asprintf(&path, "%s/%.*s", dir, len, name) < 0)
		return NULL;
	if (lstat(path, &st) == 0)
		return path;
	free(path);
	return NULL;
}

struct todo {
	const char *dir;
	int seconds;
	int64_t now;
	int first; /* exit status of the first that can't be done; 0 */
	size_t n;
	struct {
		char name[VAULT_NAME_MAX + 1];
		char *path;
		struct driver driver;
	} items[];
};

static void free_todo(struct todo **t)
{
	for (size_t i = 0; *t != NULL && i < (*t)->n; i++) {
		free((*t)->items[i].path);
		driver_clear(&(*t)->items[i].driver);
	}
	free(*t);
}

/* One more, if it can go on today and its driver will do. The name is copied: a commit takes
 * those of the vault away. Exit status, reported. */
static int add(
    struct app *app, struct vault *v, struct todo *t, const struct vault_entry_info *info)
{
	bool due = vault_entry_outlook(v, info, t->now).status >= ROTATION_TO_RETIRE, waits;
	_cleanup_free_ char *path = driver_path(t->dir, info);
	int r;

	/* Begun by hand, and not due: that needs none. */
	if (!due && (path == NULL || !is_begun(info)))
		return STATUS_OK;
	r = rotate_driver_check(app, v, info, t->now, &waits);
	if (r != 0 || waits)
		return r;
	if (path == NULL)
		return fail(app, STATUS_DUE,
		    "%s is due, but has no driver in %s; rotate it by hand", info->name, t->dir);
	t->items[t->n].driver.seconds = t->seconds;
	r = driver_find(app, path, &t->items[t->n].driver);
	if (r != 0)
		return r;
	(void)snprintf(t->items[t->n].name, sizeof(t->items[0].name), "%s", info->name);
	t->items[t->n++].path = TAKE_PTR(path);
	return STATUS_OK;
}

/* That something is left to be done counts only where nothing has failed. */
static void keep_first(struct todo *t, int status)
{
	if (t->first == STATUS_OK || (t->first == STATUS_DUE && status != STATUS_OK))
		t->first = status;
}

/* All that are due or begun, and not snoozed. What is wrong with one is told before the touch
 * for the others. */
static struct todo *collect(struct app *app, struct vault *v, const char *dir, int seconds)
{
	const struct vault_entry_info *info;
	struct vault_summary s;
	struct todo *t;

	vault_summarize(v, &s);
	snooze_apply(app, v);
	t = calloc(1, sizeof(*t) + (s.n_entries + 1) * sizeof(t->items[0]));
	if (t == NULL)
		return NULL;
	t->dir = dir;
	t->seconds = seconds;
	t->now = rotation_now(app, v);
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (!vault_entry_outlook(v, info, t->now).snoozed)
			keep_first(t, add(app, v, t, info));
	return t;
}

static int unlock(struct app *app, struct vault *v, size_t n)
{
	int err = vault_commit_check(v);
	char purpose[64];

	if (err != 0)
		return fail_vault(app, err);
	(void)snprintf(
	    purpose, sizeof(purpose), "rotate %zu %s by drivers", n, n == 1 ? "entry" : "entries");
	return session_unlock(app, v, NULL, purpose);
}

int rotate_all_due(struct app *app, const char *dir, int seconds)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(free_todo))) struct todo *t = NULL;
	int r = driver_dir_check(app, dir);

	if (r == 0)
		r = session_open(app, &v);
	if (r != 0)
		return r;
	t = collect(app, v, dir, seconds);
	if (t == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (t->n == 0) {
		if (t->first == STATUS_OK)
			note(app, "nothing is to be done today");
		return t->first;
	}
	r = unlock(app, v, t->n);
	if (r != 0)
		return r;
	for (size_t i = 0; i < t->n && r != STATUS_CANCELLED; i++) {
		r = rotate_by_driver(app, v, t->items[i].name, &t->items[i].driver, 0);
		keep_first(t, r);
	}
	return t->first;
}
