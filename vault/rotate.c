/* SPDX-License-Identifier: BSD-2-Clause */
/* Schedules, and the steps of a rotation: changes in memory, before a commit. */
#include <string.h>

#include "vault/cbor_io.h"
#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/text.h"
#include "vault/vault.h"

static struct index_entry *find(struct vault *v, const char *name)
{
	bool found;
	size_t at = index_find(&v->index, name, &found);

	return found ? &v->index.entries[at] : NULL;
}

const struct schedule *vault_schedule(const struct vault *v)
{
	return &v->index.schedule;
}

static bool schedule_valid(const struct schedule *s)
{
	return s->mode <= ROTATION_DELAYED;
}

int vault_schedule_set(struct vault *v, const struct schedule *s)
{
	if (!schedule_valid(s) || !period_is_set(s->every) || !period_is_set(s->lead) ||
	    !period_is_set(s->grace) || s->mode == ROTATION_MODE_UNSET)
		return VAULT_ERR_ARGUMENT;
	v->index.schedule = *s;
	vault_change_is(v, VAULT_CHANGE_ENTRY, "");
	return 0;
}

const struct policy *vault_policy(const struct vault *v)
{
	return &v->index.policy;
}

int vault_policy_set(struct vault *v, const struct policy *p)
{
	if (p->overdue > POLICY_IGNORE || (period_is_set(p->max_age) && p->max_age.n == 0))
		return VAULT_ERR_ARGUMENT;
	v->index.policy = *p;
	vault_change_is(v, VAULT_CHANGE_ENTRY, "");
	return 0;
}

struct schedule vault_entry_schedule(const struct vault *v, const struct vault_entry_info *info)
{
	struct schedule s = schedule_effective(&info->rotation.schedule, &v->index.schedule);

	if (policy_exceeded(&v->index.policy, s.every))
		s.every = v->index.policy.max_age;
	return s;
}

struct rotation_outlook vault_entry_outlook(
    const struct vault *v, const struct vault_entry_info *info, int64_t now)
{
	struct schedule s = vault_entry_schedule(v, info);

	return rotation_look(&info->rotation, &s, &v->index.policy, info->rotate_since, now);
}

int vault_entry_schedule_set(
    struct vault *v, const char *name, const struct schedule *s, int64_t expires)
{
	struct index_entry *e = find(v, name);

	if (e == NULL)
		return VAULT_ERR_NO_ENTRY;
	if (!schedule_valid(s) || expires < 0)
		return VAULT_ERR_ARGUMENT;
	e->info.rotation.schedule = *s;
	e->info.rotation.expires = expires;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return 0;
}

int vault_entry_snooze(struct vault *v, const char *name, int64_t until)
{
	struct index_entry *e = find(v, name);

	if (e == NULL)
		return VAULT_ERR_NO_ENTRY;
	if (until < 0)
		return VAULT_ERR_ARGUMENT;
	e->info.rotation.snoozed = until;
	return 0;
}

static const char *own_name(const struct vault *v)
{
	const struct index_host *h = index_host_by_id(&v->index, v->own_id);

	return h == NULL ? "" : h->info.name;
}

/* The oldest gives way. */
static int record(struct vault *v, struct vault_entry_info *info, enum vault_event_kind kind,
    const char *why, int64_t now)
{
	size_t keep = info->n_history < VAULT_HISTORY_MAX ? info->n_history : VAULT_HISTORY_MAX - 1;
	struct vault_history_event *events =
	    index_pool_alloc(&v->index, (keep + 1) * sizeof(*events));
	const char *host = own_name(v);

	if (events == NULL)
		return VAULT_ERR_NOMEM;
	if (keep > 0)
		memcpy(events, info->history + info->n_history - keep, keep * sizeof(*events));
	events[keep] = (struct vault_history_event){ .at = now,
		.kind = kind,
		.host = index_pool_string(&v->index, host, strlen(host)),
		.why = index_pool_string(&v->index, why, strlen(why)) };
	if (events[keep].host == NULL || events[keep].why == NULL)
		return VAULT_ERR_NOMEM;
	info->history = events;
	info->n_history = keep + 1;
	return 0;
}

static void unmark(struct vault_entry_info *info)
{
	info->rotate_reason = "";
	info->rotate_since = 0;
}

int vault_entry_renewed(struct vault *v, const char *name, int64_t now)
{
	struct index_entry *e = find(v, name);
	int r;

	if (e == NULL)
		return VAULT_ERR_NO_ENTRY;
	r = record(v, &e->info, VAULT_EVENT_EDITED, e->info.rotate_reason, now);
	if (r != 0)
		return r;
	unmark(&e->info);
	e->info.rotation.made = now;
	/* That was of the one before. */
	e->info.rotation.expires = 0;
	e->info.rotation.snoozed = 0;
	return 0;
}

static const struct vault_field *field_named(const struct vault_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_fields; i++)
		if (strcmp(step->fields[i].name, name) == 0)
			return &step->fields[i];
	return NULL;
}

/* The current credential with the new values in it, encoded. */
static int merge(
    const struct vault_step *step, struct vault_entry *current, uint8_t **ret, size_t *ret_len)
{
	size_t used = 0;
	bool differs = false;

	for (size_t i = 0; i < current->n_fields; i++) {
		struct vault_field *f = &current->fields[i];
		const struct vault_field *new = field_named(step, f->name);

		if (new == NULL)
			continue;
		if (new->value_len != f->value_len ||
		    sodium_memcmp(new->value, f->value, f->value_len) != 0)
			differs = true;
		f->value = new->value;
		f->value_len = new->value_len;
		used++;
	}
	if (used == 0 || used != step->n_fields)
		return VAULT_ERR_NO_FIELD;
	if (!differs)
		return VAULT_ERR_EXISTS;
	return entry_encode_fields(current->fields, current->n_fields, ret, ret_len);
}

/* The new map, in locked memory, of a step that stages one. */
static int staged_map(struct vault *v, const struct vault_entry_info *info,
    const struct vault_step *step, uint8_t **ret, size_t *ret_len)
{
	__attribute__((cleanup(vault_entry_freep))) struct vault_entry *current = NULL;
	int r = vault_entry_open(v, info, &current);

	return r == 0 ? merge(step, current, ret, ret_len) : r;
}

static void move(struct entry_sets *sets, enum vault_set from, enum vault_set to)
{
	sets->map[to] = sets->map[from];
	sets->len[to] = sets->len[from];
	sets->map[from] = NULL;
}

/* Where the credentials go. new is the one to stage, if the step brings one. */
static void move_sets(
    struct entry_sets *sets, enum rotation_event event, const uint8_t *new, size_t new_len)
{
	switch (event) {
	case ROTATION_STAGE:
	case ROTATION_REPLACE:
		sets->map[VAULT_SET_STAGED] = new;
		sets->len[VAULT_SET_STAGED] = new_len;
		return;
	case ROTATION_PROMOTE:
		move(sets, VAULT_SET_CURRENT, VAULT_SET_PREVIOUS);
		move(sets, VAULT_SET_STAGED, VAULT_SET_CURRENT);
		return;
	case ROTATION_ROLLBACK:
		move(sets, VAULT_SET_CURRENT, VAULT_SET_STAGED);
		move(sets, VAULT_SET_PREVIOUS, VAULT_SET_CURRENT);
		return;
	case ROTATION_RETIRE:
		sets->map[VAULT_SET_PREVIOUS] = NULL;
		return;
	case ROTATION_ABORT:
		sets->map[VAULT_SET_STAGED] = NULL;
		return;
	case ROTATION_VERIFY:
	case ROTATION_REVOKE:
		return;
	}
}

/* The record as it is to be after the step. */
static int step_record(struct vault *v, struct index_entry *e, const struct vault_step *step)
{
	_cleanup_secret_ uint8_t *plain = NULL, *new = NULL;
	struct entry_sets sets;
	size_t new_len = 0;
	int r = 0;

	if (step->event == ROTATION_STAGE || step->event == ROTATION_REPLACE)
		r = staged_map(v, &e->info, step, &new, &new_len);
	if (r == 0)
		r = vault_sets_open(v, &e->info, &plain, &sets);
	if (r != 0)
		return r;
	move_sets(&sets, step->event, new, new_len);
	r = entry_encode_sets(&sets, &e->pending, &e->pending_len);
	if (r == 0)
		e->info.version++;
	return r;
}

static void swap(int64_t *a, int64_t *b)
{
	int64_t t = *a;

	*a = *b;
	*b = t;
}

/* The dates that go with the credentials. */
static int step_dates(struct vault *v, struct vault_entry_info *info, const struct vault_step *step,
    enum rotation_state next)
{
	struct rotation *r = &info->rotation;
	const char *host = own_name(v);

	if (step->event == ROTATION_STAGE || step->event == ROTATION_REPLACE) {
		r->other_made = step->now;
		r->other_expires = step->expires;
		r->works_from = step->works_from;
	}
	if (step->event == ROTATION_PROMOTE || step->event == ROTATION_ROLLBACK) {
		swap(&r->made, &r->other_made);
		swap(&r->expires, &r->other_expires);
		r->works_from = 0;
		r->snoozed = 0;
		info->modified = step->now;
	}
	/* What was the reason is over when the old one can't be used any more. */
	if (next == ROTATION_REVOKED && info->rotate_since <= r->made)
		unmark(info);
	r->state = next;
	r->since = step->now;
	r->host = index_pool_string(&v->index, host, strlen(host));
	if (r->host == NULL)
		return VAULT_ERR_NOMEM;
	if (next == ROTATION_ACTIVE) {
		r->host = "";
		r->since = r->works_from = r->other_made = r->other_expires = 0;
	}
	return 0;
}

static enum vault_event_kind kind_of(enum rotation_event event)
{
	switch (event) {
	case ROTATION_STAGE:
	case ROTATION_REPLACE:
		return VAULT_EVENT_STAGED;
	case ROTATION_VERIFY:
		return VAULT_EVENT_VERIFIED;
	case ROTATION_PROMOTE:
		return VAULT_EVENT_PROMOTED;
	case ROTATION_ROLLBACK:
		return VAULT_EVENT_ROLLED_BACK;
	case ROTATION_REVOKE:
		return VAULT_EVENT_REVOKED;
	case ROTATION_RETIRE:
		return VAULT_EVENT_RETIRED;
	case ROTATION_ABORT:
		return VAULT_EVENT_ABORTED;
	}
	return VAULT_EVENT_EDITED;
}

int vault_entry_step(struct vault *v, const char *name, const struct vault_step *step)
{
	struct index_entry *e = find(v, name);
	enum rotation_state next;
	struct schedule s;
	int r;

	if (e == NULL)
		return VAULT_ERR_NO_ENTRY;
	if (!text_valid(step->why, strlen(step->why), VAULT_REASON_MAX))
		return VAULT_ERR_ARGUMENT;
	s = vault_entry_schedule(v, &e->info);
	if (e->info.version != step->version ||
	    rotation_check(&e->info.rotation, &s, step->event, step->now, &next) != ROTATION_GO)
		return VAULT_ERR_CHANGED;
	r = step_record(v, e, step);
	if (r == 0)
		r = record(v, &e->info, kind_of(step->event), step->why, step->now);
	if (r == 0)
		r = step_dates(v, &e->info, step, next);
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return r;
}
