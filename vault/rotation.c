/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/rotation.h"

#include <stddef.h>
#include <string.h>

struct schedule schedule_effective(const struct schedule *own, const struct schedule *vault)
{
	struct schedule s = *own;

	if (!period_is_set(s.every))
		s.every = vault->every;
	if (!period_is_set(s.lead))
		s.lead = vault->lead;
	if (!period_is_set(s.grace))
		s.grace = vault->grace;
	if (s.mode == ROTATION_MODE_UNSET)
		s.mode = vault->mode;
	if (period_is_longer(s.lead, SCHEDULE_LEAD_MAX))
		s.lead = SCHEDULE_LEAD_MAX;
	if (period_is_longer(s.grace, SCHEDULE_GRACE_MAX))
		s.grace = SCHEDULE_GRACE_MAX;
	return s;
}

bool policy_exceeded(const struct policy *p, struct period every)
{
	return period_is_set(p->max_age) && (every.n == 0 || period_is_longer(every, p->max_age));
}

/* Every step in every state: where it leads, or why it may not be made. */
static const struct cell {
	enum rotation_answer answer;
	enum rotation_state next;
} cells[ROTATION_STATES][ROTATION_EVENTS] = {
	[ROTATION_ACTIVE] = {
		[ROTATION_STAGE] = { ROTATION_GO, ROTATION_STAGED },
		[ROTATION_REPLACE] = { ROTATION_NONE_STAGED, 0 },
		[ROTATION_VERIFY] = { ROTATION_NONE_STAGED, 0 },
		[ROTATION_PROMOTE] = { ROTATION_NONE_STAGED, 0 },
		[ROTATION_ROLLBACK] = { ROTATION_NO_OLD, 0 },
		[ROTATION_REVOKE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_RETIRE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_ABORT] = { ROTATION_NONE_STAGED, 0 },
	},
	[ROTATION_STAGED] = {
		[ROTATION_STAGE] = { ROTATION_IS_STAGED, 0 },
		[ROTATION_REPLACE] = { ROTATION_GO, ROTATION_STAGED },
		[ROTATION_VERIFY] = { ROTATION_GO, ROTATION_VERIFIED },
		[ROTATION_PROMOTE] = { ROTATION_GO, ROTATION_PROMOTED },
		[ROTATION_ROLLBACK] = { ROTATION_NO_OLD, 0 },
		[ROTATION_REVOKE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_RETIRE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_ABORT] = { ROTATION_GO, ROTATION_ACTIVE },
	},
	[ROTATION_VERIFIED] = {
		[ROTATION_STAGE] = { ROTATION_IS_STAGED, 0 },
		[ROTATION_REPLACE] = { ROTATION_GO, ROTATION_STAGED },
		[ROTATION_VERIFY] = { ROTATION_GO, ROTATION_VERIFIED },
		[ROTATION_PROMOTE] = { ROTATION_GO, ROTATION_PROMOTED },
		[ROTATION_ROLLBACK] = { ROTATION_NO_OLD, 0 },
		[ROTATION_REVOKE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_RETIRE] = { ROTATION_NO_OLD, 0 },
		[ROTATION_ABORT] = { ROTATION_GO, ROTATION_ACTIVE },
	},
	[ROTATION_PROMOTED] = {
		[ROTATION_STAGE] = { ROTATION_HAS_OLD, 0 },
		[ROTATION_REPLACE] = { ROTATION_HAS_OLD, 0 },
		[ROTATION_VERIFY] = { ROTATION_WAS_PROMOTED, 0 },
		[ROTATION_PROMOTE] = { ROTATION_WAS_PROMOTED, 0 },
		[ROTATION_ROLLBACK] = { ROTATION_GO, ROTATION_STAGED },
		[ROTATION_REVOKE] = { ROTATION_GO, ROTATION_REVOKED },
		[ROTATION_RETIRE] = { ROTATION_NOT_REVOKED, 0 },
		[ROTATION_ABORT] = { ROTATION_WAS_PROMOTED, 0 },
	},
	[ROTATION_REVOKED] = {
		[ROTATION_STAGE] = { ROTATION_HAS_OLD, 0 },
		[ROTATION_REPLACE] = { ROTATION_HAS_OLD, 0 },
		[ROTATION_VERIFY] = { ROTATION_WAS_PROMOTED, 0 },
		[ROTATION_PROMOTE] = { ROTATION_WAS_PROMOTED, 0 },
		[ROTATION_ROLLBACK] = { ROTATION_WAS_REVOKED, 0 },
		[ROTATION_REVOKE] = { ROTATION_WAS_REVOKED, 0 },
		[ROTATION_RETIRE] = { ROTATION_GO, ROTATION_ACTIVE },
		[ROTATION_ABORT] = { ROTATION_WAS_PROMOTED, 0 },
	},
};

static bool past(int64_t t, int64_t now)
{
	return t != 0 && now >= t;
}

/* What time and mode have against a step that the table allows. */
static enum rotation_answer objection(
    const struct rotation *r, const struct schedule *s, enum rotation_event event, int64_t now)
{
	bool uses_other =
	    event == ROTATION_VERIFY || event == ROTATION_PROMOTE || event == ROTATION_ROLLBACK;

	if (uses_other && past(r->other_expires, now))
		return ROTATION_OTHER_EXPIRED;
	if ((event == ROTATION_VERIFY || event == ROTATION_PROMOTE) && now < r->works_from)
		return ROTATION_TOO_EARLY;
	if (event == ROTATION_ROLLBACK && now >= period_after(r->since, s->grace))
		return ROTATION_GRACE_OVER;
	if (event == ROTATION_ABORT && s->mode == ROTATION_ATOMIC)
		return ROTATION_ONLY_ONE;
	return ROTATION_GO;
}

enum rotation_answer rotation_check(const struct rotation *r, const struct schedule *s,
    enum rotation_event event, int64_t now, enum rotation_state *ret_next)
{
	const struct cell *cell = &cells[r->state][event];
	enum rotation_answer answer = cell->answer;

	if (answer == ROTATION_GO)
		answer = objection(r, s, event, now);
	if (answer != ROTATION_GO)
		return answer;
	/* The broker ended the old one when it made the new one. */
	*ret_next =
	    event == ROTATION_PROMOTE && s->mode == ROTATION_ATOMIC ? ROTATION_REVOKED : cell->next;
	return ROTATION_GO;
}

/* The worst so far, and of equals the one with the earlier date. */
static void weigh(struct rotation_outlook *o, enum rotation_status status, int64_t at)
{
	if (status < o->status || (status == o->status && o->at != 0 && o->at <= at))
		return;
	o->status = status;
	o->at = at;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* oldest: the end of the credential's time, whatever its schedule says. */
static void weigh_rotation(
    struct rotation_outlook *o, const struct schedule *s, int64_t by, int64_t oldest, int64_t now)
{
	by = earlier(by, oldest);
	if (o->rotate_by == 0 || by < o->rotate_by)
		o->rotate_by = by;
	if (now >= earlier(period_after(by, s->grace), oldest))
		weigh(o, ROTATION_OVERDUE, by);
	else if (now >= by)
		weigh(o, ROTATION_DUE, by);
	else
		weigh(o, now >= period_before(by, s->lead) ? ROTATION_SOON : ROTATION_FINE, by);
}

static void weigh_expiry(
    struct rotation_outlook *o, const struct schedule *s, int64_t at, int64_t now)
{
	if (now >= at)
		weigh(o, ROTATION_EXPIRED, at);
	else
		weigh(o, now >= period_before(at, s->lead) ? ROTATION_EXPIRING : ROTATION_FINE, at);
}

/* What is staged for longer than the grace was forgotten, if making it didn't end the current
 * one: then that has stopped to work, and there is no time to lose. It may end unused, too. */
static void weigh_staged(
    struct rotation_outlook *o, const struct rotation *r, const struct schedule *s, int64_t now)
{
	int64_t from = r->works_from > r->since ? r->works_from : r->since;
	int64_t left = s->mode == ROTATION_ATOMIC ? r->since : period_after(from, s->grace);
	int64_t ends = r->other_expires;

	o->finish_by = ends != 0 ? earlier(left, ends) : left;
	weigh(o, now >= left ? ROTATION_UNFINISHED : ROTATION_FINE, left);
	if (ends != 0)
		weigh(o, now >= period_before(ends, s->lead) ? ROTATION_UNFINISHED : ROTATION_FINE,
		    ends);
}

/* A reason to rotate that is older than the current credential concerns the old
 * one, which has no grace then. */
static void weigh_old(struct rotation_outlook *o, const struct rotation *r,
    const struct schedule *s, int64_t marked, int64_t now)
{
	bool leaked = marked != 0 && marked <= r->made;

	o->retire_by =
	    r->state == ROTATION_REVOKED || leaked ? r->since : period_after(r->since, s->grace);
	weigh(o, now >= o->retire_by ? ROTATION_TO_RETIRE : ROTATION_GRACE, o->retire_by);
}

struct rotation_outlook rotation_look(const struct rotation *r, const struct schedule *s,
    const struct policy *p, int64_t marked, int64_t now)
{
	struct rotation_outlook o = { .status = ROTATION_FINE };
	int64_t oldest =
	    period_is_set(p->max_age) ? period_after(r->made, p->max_age) : PERIOD_TIME_MAX;
	bool is_staged = r->state == ROTATION_STAGED || r->state == ROTATION_VERIFIED;
	bool has_old = r->state == ROTATION_PROMOTED || r->state == ROTATION_REVOKED;

	if (s->every.n > 0)
		weigh_rotation(&o, s, period_after(r->made, s->every), oldest, now);
	/* A mark is due at once, also by a clock that was set back since. */
	if (marked != 0 && (!has_old || marked > r->made))
		weigh_rotation(&o, s, earlier(marked, now), oldest, now);
	if (r->expires != 0)
		weigh_expiry(&o, s, r->expires, now);
	if (is_staged)
		weigh_staged(&o, r, s, now);
	if (has_old)
		weigh_old(&o, r, s, marked, now);
	o.snoozed = now < r->snoozed && o.status != ROTATION_EXPIRED;
	return o;
}

int64_t rotation_days(int64_t at, int64_t now)
{
	return at / PERIOD_DAY_SECONDS - now / PERIOD_DAY_SECONDS;
}

static const char *const modes[] = { "default", "overlap", "atomic", "delayed" };
static const char *const states[] = { "active", "staged", "verified", "promoted", "revoked" };
static const char *const overdues[] = { "warn", "refuse", "ignore" };
static const char *const statuses[] = { "fine", "in grace", "soon", "to retire", "due",
	"unfinished", "expiring", "overdue", "expired" };

#define NAME_OF(names, i) \
	((size_t)(i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : "unknown")

const char *rotation_mode_name(enum rotation_mode m)
{
	return NAME_OF(modes, m);
}

const char *rotation_state_name(enum rotation_state s)
{
	return NAME_OF(states, s);
}

const char *rotation_status_name(enum rotation_status s)
{
	return NAME_OF(statuses, s);
}

bool rotation_mode_parse(const char *text, enum rotation_mode *ret)
{
	for (int i = ROTATION_OVERLAP; i <= ROTATION_DELAYED; i++) {
		if (strcmp(modes[i], text) != 0)
			continue;
		*ret = (enum rotation_mode)i;
		return true;
	}
	return false;
}

const char *policy_overdue_name(enum policy_overdue o)
{
	return NAME_OF(overdues, o);
}

bool policy_overdue_parse(const char *text, enum policy_overdue *ret)
{
	for (int i = POLICY_WARN; i <= POLICY_IGNORE; i++) {
		if (strcmp(overdues[i], text) != 0)
			continue;
		*ret = (enum policy_overdue)i;
		return true;
	}
	return false;
}
