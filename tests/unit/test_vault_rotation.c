/* SPDX-License-Identifier: BSD-2-Clause */
/* Periods, dates, the table of steps, and how an entry stands: every cell, and every
 * second at which something changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vault/rotation.h"

#define DAY PERIOD_DAY_SECONDS

static int64_t at(const char *text)
{
	int64_t t = -1;

	assert_true(date_parse(text, &t));
	return t;
}

static struct period of(const char *text)
{
	struct period p;

	assert_true(period_parse(text, &p));
	return p;
}

static void periods_are_what_they_print(void **state)
{
	static const char *const good[] = { "0d", "1d", "90d", "36500d", "1w", "5200w", "3mo",
		"1200mo", "1y", "100y", NULL };
	static const char *const bad[] = { "", "d", "90", "90 d", " 90d", "90d ", "-1d", "+1d",
		"090d", "00d", "36501d", "5201w", "1201mo", "101y", "99999d",
		"999999999999999999999d", "1m", "1h", "1D", "1.5d", "1d1w", "1moo",
		"\xd9\xa1"
		"d",
		NULL };
	char text[PERIOD_TEXT_MAX];
	struct period p;

	(void)state;
	for (size_t i = 0; good[i] != NULL; i++)
		assert_string_equal(period_print(of(good[i]), text), good[i]);
	for (size_t i = 0; bad[i] != NULL; i++)
		if (period_parse(bad[i], &p))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_string_equal(period_print(of("0y"), text), "0d");
	assert_string_equal(period_print((struct period){ 0 }, text), "");
	assert_false(period_is_set((struct period){ 0 }));
	assert_true(period_is_set(of("0d")));
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2000-02-29", 951782400 },
		{ "2026-11-24T08:57:16Z", 1795510636 },
		{ "2026-11-24T10:57:16+02:00", 1795510636 },
		{ "2026-11-23T22:57-10:00", 1795510620 },
		{ "1970-01-02T00:00+14:00", 10 * 3600 },
		{ "1970-01-01T00:59-00:59", 118 * 60 },
		{ "2038-01-19T03:14:08Z", INT64_C(2147483648) },
		{ "9999-12-31T23:59:59Z", PERIOD_TIME_MAX },
	};
	static const char *const bad[] = { "", "2026", "2026-02-29", "2100-02-29", "2026-13-01",
		"2026-00-01", "2026-01-00", "2026-04-31", "1969-12-31", "10000-01-01", "26-01-01",
		"2026-1-1", "2026-01-01T", "2026-01-01T24:00Z", "2026-01-01T10:60Z",
		"2026-01-01T10:00:60Z", "2026-01-01T10:00", "2026-01-01 10:00Z",
		"2026-01-01T10:00z", "2026-01-01T10:00Zx", "2026-01-01T10:00+15:00",
		"2026-01-01T10:00+0200", "1970-01-01T00:00+01:00", "9999-12-31T23:59:59-01:00",
		" 2026-01-01", "202a-01-01", "2026-01-01T10:00+02:60", "2026-01-01T10:00+0a:00",
		"2026-01-01T10:00+02:000", "tomorrow", NULL };
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(at(good[i].text), good[i].t);
	for (size_t i = 0; bad[i] != NULL; i++)
		if (date_parse(bad[i], &t))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void the_calendar(void **state)
{
	static const struct {
		const char *from, *period, *to;
	} after[] = {
		{ "2026-11-24T08:00Z", "90d", "2027-02-22T08:00Z" },
		{ "2026-11-24", "2w", "2026-12-08" },
		{ "2027-01-31", "1mo", "2027-02-28" },
		{ "2028-01-31", "1mo", "2028-02-29" },
		{ "2028-02-29", "1y", "2029-02-28" },
		{ "2028-02-29", "4y", "2032-02-29" },
		{ "2096-02-29", "4y", "2100-02-28" },
		{ "2026-10-31T12:34:56Z", "1200mo", "2126-10-31T12:34:56Z" },
		{ "2026-03-28T01:30Z", "1d", "2026-03-29T01:30Z" },
		{ "2038-01-18", "2d", "2038-01-20" },
		{ "9999-12-31", "1d", "9999-12-31T23:59:59Z" },
		{ "9950-06-01", "100y", "9999-12-31T23:59:59Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++)
		assert_int_equal(
		    period_after(at(after[i].from), of(after[i].period)), at(after[i].to));
	assert_int_equal(period_before(at("2027-03-31"), of("1mo")), at("2027-02-28"));
	assert_int_equal(period_before(at("2027-01-15"), of("13mo")), at("2025-12-15"));
	assert_int_equal(period_before(at("1970-01-15"), of("1mo")), 0);
	assert_int_equal(period_before(at("1970-01-15"), of("100y")), 0);
	assert_int_equal(period_after(INT64_MAX, of("100y")), PERIOD_TIME_MAX);
	assert_int_equal(period_after(INT64_MIN, of("1d")), DAY);
}

static void every_day_of_four_centuries(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t expected = 0, t;
	char text[32];

	(void)state;
	for (int y = 1970; y < 2370; y++) {
		bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);

		for (int m = 1; m <= 12; m++) {
			int last = days[m - 1] + (m == 2 && leap);

			for (int d = 1; d <= last; d++, expected += DAY) {
				(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
				assert_int_equal(at(text), expected);
			}
			(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, last + 1);
			assert_false(date_parse(text, &t));
		}
	}
}

/* ---- The table of steps. */

#define GO(state)                             \
	{                                     \
		ROTATION_GO, ROTATION_##state \
	}
#define NO(why)                    \
	{                          \
		ROTATION_##why, -1 \
	}

struct outcome {
	int answer, next;
};

/* As the manual has it. Columns in the order of enum rotation_event: stage, replace,
 * verify, promote, rollback, revoke, retire, abort. */
static const struct outcome overlap[ROTATION_STATES][ROTATION_EVENTS] = {
	{ GO(STAGED), NO(NONE_STAGED), NO(NONE_STAGED), NO(NONE_STAGED), NO(NO_OLD), NO(NO_OLD),
	    NO(NO_OLD), NO(NONE_STAGED) },
	{ NO(IS_STAGED), GO(STAGED), GO(VERIFIED), GO(PROMOTED), NO(NO_OLD), NO(NO_OLD), NO(NO_OLD),
	    GO(ACTIVE) },
	{ NO(IS_STAGED), GO(STAGED), GO(VERIFIED), GO(PROMOTED), NO(NO_OLD), NO(NO_OLD), NO(NO_OLD),
	    GO(ACTIVE) },
	{ NO(HAS_OLD), NO(HAS_OLD), NO(WAS_PROMOTED), NO(WAS_PROMOTED), GO(STAGED), GO(REVOKED),
	    NO(NOT_REVOKED), NO(WAS_PROMOTED) },
	{ NO(HAS_OLD), NO(HAS_OLD), NO(WAS_PROMOTED), NO(WAS_PROMOTED), NO(WAS_REVOKED),
	    NO(WAS_REVOKED), GO(ACTIVE), NO(WAS_PROMOTED) },
};

#define SINCE (INT64_C(1000) * DAY)
#define SCHEDULE_END (SINCE + 10 * DAY) /* 100 days after it was made */

static struct rotation in_state(int state)
{
	return (struct rotation){ .made = SINCE - 90 * DAY,
		.state = (enum rotation_state)state,
		.since = state == ROTATION_ACTIVE ? 0 : SINCE,
		.host = "",
		.other_made = state == ROTATION_ACTIVE ? 0 : SINCE };
}

static struct outcome outcome_of(const struct rotation *r, int mode, int event, int64_t now)
{
	struct schedule s = SCHEDULE_DEFAULT;
	enum rotation_state next = (enum rotation_state) - 1;
	struct outcome o;

	s.mode = (enum rotation_mode)mode;
	o.answer = rotation_check(r, &s, (enum rotation_event)event, now, &next);
	o.next = (int)next;
	return o;
}

static void check_cell(
    struct outcome got, struct outcome wanted, int state, int event, int mode, const char *when)
{
	if (got.answer != wanted.answer || got.next != wanted.next)
		fail_msg("state %d, event %d, mode %d, %s: answer %d to %d, not %d to %d", state,
		    event, mode, when, got.answer, got.next, wanted.answer, wanted.next);
}

static void every_step_in_every_state(void **unused)
{
	static const struct {
		const char *name;
		int64_t from_since;
		bool over;
	} times[] = { { "before", -DAY, false }, { "at once", 0, false },
		{ "last second of grace", 2 * DAY - 1, false }, { "end of grace", 2 * DAY, true },
		{ "a year on", 365 * DAY, true } };

	(void)unused;
	for (int state = 0; state < ROTATION_STATES; state++)
		for (int event = 0; event < ROTATION_EVENTS; event++)
			for (int mode = ROTATION_OVERLAP; mode <= ROTATION_DELAYED; mode++)
				for (size_t t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
					struct rotation r = in_state(state);
					struct outcome wanted = overlap[state][event];

					if (state == ROTATION_PROMOTED &&
					    event == ROTATION_ROLLBACK && times[t].over)
						wanted = (struct outcome)NO(GRACE_OVER);
					if (mode == ROTATION_ATOMIC && event == ROTATION_ABORT &&
					    wanted.answer == ROTATION_GO)
						wanted = (struct outcome)NO(ONLY_ONE);
					if (mode == ROTATION_ATOMIC && event == ROTATION_PROMOTE &&
					    wanted.answer == ROTATION_GO)
						wanted = (struct outcome)GO(REVOKED);
					check_cell(outcome_of(&r, mode, event,
						       SINCE + times[t].from_since),
					    wanted, state, event, mode, times[t].name);
				}
}

/* A staged one that doesn't work yet, in each state and for each step. */
static void what_works_later_waits(void **unused)
{
	(void)unused;
	for (int state = 0; state < ROTATION_STATES; state++)
		for (int event = 0; event < ROTATION_EVENTS; event++) {
			struct rotation r = in_state(state);
			struct outcome wanted = overlap[state][event];
			bool waits = (event == ROTATION_VERIFY || event == ROTATION_PROMOTE) &&
				     wanted.answer == ROTATION_GO;

			r.works_from = SINCE + DAY;
			check_cell(outcome_of(&r, ROTATION_DELAYED, event, SINCE + DAY - 1),
			    waits ? (struct outcome)NO(TOO_EARLY) : wanted, state, event,
			    ROTATION_DELAYED, "a second before it works");
			check_cell(outcome_of(&r, ROTATION_DELAYED, event, SINCE + DAY), wanted,
			    state, event, ROTATION_DELAYED, "when it works");
		}
}

/* One that has expired is not tried, and never becomes the current one. */
static void what_has_expired_is_not_taken(void **unused)
{
	(void)unused;
	for (int state = 0; state < ROTATION_STATES; state++)
		for (int event = 0; event < ROTATION_EVENTS; event++) {
			struct rotation r = in_state(state);
			struct outcome wanted = overlap[state][event];
			bool takes = (event == ROTATION_VERIFY || event == ROTATION_PROMOTE ||
					 event == ROTATION_ROLLBACK) &&
				     wanted.answer == ROTATION_GO;

			r.other_expires = SINCE + DAY;
			check_cell(outcome_of(&r, ROTATION_OVERLAP, event, SINCE + DAY - 1), wanted,
			    state, event, ROTATION_OVERLAP, "a second before it expires");
			check_cell(outcome_of(&r, ROTATION_OVERLAP, event, SINCE + DAY),
			    takes ? (struct outcome)NO(OTHER_EXPIRED) : wanted, state, event,
			    ROTATION_OVERLAP, "when it expires");
		}
}

/* ---- How an entry stands. */

static const struct policy no_policy;

static struct rotation_outlook look(const struct rotation *r, int64_t marked, int64_t now)
{
	return rotation_look(r, &SCHEDULE_DEFAULT, &no_policy, marked, now);
}

static void stands(struct rotation_outlook o, int status, int64_t date)
{
	assert_string_equal(
	    rotation_status_name(o.status), rotation_status_name((enum rotation_status)status));
	assert_int_equal(o.at, date);
}

static void from_fine_to_overdue(void **state)
{
	struct rotation r = in_state(ROTATION_ACTIVE);

	(void)state;
	stands(look(&r, 0, 0), ROTATION_FINE, SINCE);
	stands(look(&r, 0, SINCE - 14 * DAY - 1), ROTATION_FINE, SINCE);
	stands(look(&r, 0, SINCE - 14 * DAY), ROTATION_SOON, SINCE);
	stands(look(&r, 0, SINCE - 1), ROTATION_SOON, SINCE);
	stands(look(&r, 0, SINCE), ROTATION_DUE, SINCE);
	stands(look(&r, 0, SINCE + 2 * DAY - 1), ROTATION_DUE, SINCE);
	stands(look(&r, 0, SINCE + 2 * DAY), ROTATION_OVERDUE, SINCE);
	stands(look(&r, 0, PERIOD_TIME_MAX), ROTATION_OVERDUE, SINCE);
	assert_int_equal(look(&r, 0, 0).rotate_by, SINCE);
	assert_int_equal(look(&r, 0, 0).retire_by, 0);
}

static void never_rotated_but_for_an_expiry(void **state)
{
	struct schedule s = SCHEDULE_DEFAULT;
	struct rotation r = in_state(ROTATION_ACTIVE);

	(void)state;
	s.every = of("0d");
	stands(rotation_look(&r, &s, &no_policy, 0, PERIOD_TIME_MAX), ROTATION_FINE, 0);
	r.expires = SINCE;
	stands(rotation_look(&r, &s, &no_policy, 0, SINCE - 14 * DAY - 1), ROTATION_FINE, SINCE);
	stands(rotation_look(&r, &s, &no_policy, 0, SINCE - 14 * DAY), ROTATION_EXPIRING, SINCE);
	stands(rotation_look(&r, &s, &no_policy, 0, SINCE - 1), ROTATION_EXPIRING, SINCE);
	stands(rotation_look(&r, &s, &no_policy, 0, SINCE), ROTATION_EXPIRED, SINCE);
	assert_int_equal(rotation_look(&r, &s, &no_policy, 0, 0).rotate_by, 0);
}

static void a_mark_is_due_from_its_date(void **state)
{
	struct rotation r = in_state(ROTATION_ACTIVE);
	int64_t marked = SINCE - 50 * DAY;

	(void)state;
	stands(look(&r, marked, marked), ROTATION_DUE, marked);
	stands(look(&r, marked, marked + 2 * DAY), ROTATION_OVERDUE, marked);
	/* One that comes after the date has passed changes nothing. */
	stands(look(&r, SINCE + DAY, SINCE + DAY), ROTATION_DUE, SINCE);
	assert_int_equal(look(&r, marked, marked).rotate_by, marked);
}

static void the_old_one_is_told_of(void **state)
{
	struct rotation r = in_state(ROTATION_PROMOTED);

	(void)state;
	r.made = SINCE;
	stands(look(&r, 0, SINCE), ROTATION_GRACE, SINCE + 2 * DAY);
	stands(look(&r, 0, SINCE + 2 * DAY - 1), ROTATION_GRACE, SINCE + 2 * DAY);
	stands(look(&r, 0, SINCE + 2 * DAY), ROTATION_TO_RETIRE, SINCE + 2 * DAY);
	/* It leaked: there is no grace for it. */
	stands(look(&r, SINCE - DAY, SINCE), ROTATION_TO_RETIRE, SINCE);
	stands(look(&r, SINCE, SINCE), ROTATION_TO_RETIRE, SINCE);
	/* Both did. */
	stands(look(&r, SINCE + DAY, SINCE + DAY), ROTATION_DUE, SINCE + DAY);
	r.state = ROTATION_REVOKED;
	stands(look(&r, 0, SINCE), ROTATION_TO_RETIRE, SINCE);
	assert_int_equal(look(&r, 0, SINCE).finish_by, 0);
}

/* What was staged and left so: in every state and mode, at every second that matters. */
static void what_was_left_half_way_is_told_of(void **unused)
{
	static const struct {
		int64_t works_from, expires;        /* from SINCE, as all; 0: none */
		int64_t told_from, date, finish_by; /* where it isn't atomic */
	} cases[] = {
		{ 0, 0, 2 * DAY, 2 * DAY, 2 * DAY }, { -DAY, 0, 2 * DAY, 2 * DAY, 2 * DAY },
		{ 5 * DAY, 0, 7 * DAY, 7 * DAY, 7 * DAY },
		{ 0, 60 * DAY, 2 * DAY, 2 * DAY, 2 * DAY },
		{ 50 * DAY, 60 * DAY, 46 * DAY, 60 * DAY, 52 * DAY },
		{ 0, DAY, -13 * DAY, DAY, DAY },
		{ 0, -DAY, -15 * DAY, -DAY, -DAY }, /* it was over when it was staged */
	};

	(void)unused;
	for (int state = 0; state < ROTATION_STATES; state++)
		for (int mode = ROTATION_OVERLAP; mode <= ROTATION_DELAYED; mode++)
			for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				struct schedule s = SCHEDULE_DEFAULT;
				struct rotation r = in_state(state);
				bool staged =
				    state == ROTATION_STAGED || state == ROTATION_VERIFIED;
				int64_t from = SINCE + cases[i].told_from;
				int64_t date = SINCE + cases[i].date;
				int64_t finish_by = SINCE + cases[i].finish_by;
				struct rotation_outlook o;

				s.every = of("0d");
				s.mode = (enum rotation_mode)mode;
				r.works_from =
				    cases[i].works_from == 0 ? 0 : SINCE + cases[i].works_from;
				r.other_expires =
				    cases[i].expires == 0 ? 0 : SINCE + cases[i].expires;
				if (mode == ROTATION_ATOMIC) {
					from = from < SINCE ? from : SINCE;
					date = date < SINCE || from < SINCE ? date : SINCE;
					finish_by = finish_by < SINCE ? finish_by : SINCE;
				}
				o = rotation_look(&r, &s, &no_policy, 0, from - 1);
				assert_int_equal(o.status == ROTATION_UNFINISHED, false);
				o = rotation_look(&r, &s, &no_policy, 0, from);
				assert_int_equal(o.status == ROTATION_UNFINISHED, staged);
				assert_int_equal(o.finish_by, staged ? finish_by : 0);
				if (staged)
					assert_int_equal(o.at, date);
				o = rotation_look(&r, &s, &no_policy, 0, PERIOD_TIME_MAX);
				assert_int_equal(o.status == ROTATION_UNFINISHED, staged);
			}
}

static void what_was_left_half_way_among_others(void **state)
{
	struct rotation r = in_state(ROTATION_STAGED);

	(void)state;
	/* It was staged on the day that it was due. */
	stands(look(&r, 0, SINCE + 2 * DAY - 1), ROTATION_DUE, SINCE);
	stands(look(&r, 0, SINCE + 2 * DAY), ROTATION_OVERDUE, SINCE);
	r.made = SINCE - 80 * DAY;
	stands(look(&r, 0, SINCE), ROTATION_SOON, SINCE + 10 * DAY);
	stands(look(&r, 0, SINCE + 2 * DAY), ROTATION_UNFINISHED, SINCE + 2 * DAY);
	stands(look(&r, 0, SINCE + 10 * DAY), ROTATION_UNFINISHED, SINCE + 2 * DAY);
	stands(look(&r, 0, SINCE + 12 * DAY), ROTATION_OVERDUE, SINCE + 10 * DAY);
	r.made = SINCE - 10 * DAY;
	stands(look(&r, 0, SINCE), ROTATION_FINE, SINCE + 2 * DAY);
	r.expires = SINCE + 10 * DAY;
	stands(look(&r, 0, SINCE + 2 * DAY), ROTATION_EXPIRING, SINCE + 10 * DAY);
	r.snoozed = SINCE + 3 * DAY;
	assert_true(look(&r, 0, SINCE + 2 * DAY).snoozed);
}

static void the_worst_is_told(void **state)
{
	struct rotation r = in_state(ROTATION_PROMOTED);

	(void)state;
	r.made = SINCE - 90 * DAY;
	r.expires = SINCE + 10 * DAY;
	stands(look(&r, 0, SINCE), ROTATION_EXPIRING, SINCE + 10 * DAY);
	stands(look(&r, 0, SINCE + 3 * DAY), ROTATION_OVERDUE, SINCE);
	stands(look(&r, 0, SINCE + 10 * DAY), ROTATION_EXPIRED, SINCE + 10 * DAY);
	r.expires = SINCE - 100 * DAY; /* before it was made */
	stands(look(&r, 0, SINCE - 90 * DAY), ROTATION_EXPIRED, SINCE - 100 * DAY);
}

static void what_is_snoozed_still_stands_where_it_stands(void **state)
{
	struct rotation r = in_state(ROTATION_ACTIVE);

	(void)state;
	r.snoozed = SINCE + DAY;
	assert_true(look(&r, 0, SINCE).snoozed);
	stands(look(&r, 0, SINCE), ROTATION_DUE, SINCE);
	assert_false(look(&r, 0, SINCE + DAY).snoozed);
	r.expires = SINCE;
	assert_false(look(&r, 0, SINCE).snoozed);
}

static void what_is_unset_is_the_vaults(void **state)
{
	const struct schedule vault = { { 1, 'y' }, { 1, 'w' }, { 1, 'd' }, ROTATION_ATOMIC };
	struct schedule own = { 0 }, s = schedule_effective(&own, &vault);
	char text[PERIOD_TEXT_MAX];

	(void)state;
	assert_string_equal(period_print(s.every, text), "1y");
	assert_string_equal(period_print(s.lead, text), "1w");
	assert_string_equal(period_print(s.grace, text), "1d");
	assert_int_equal(s.mode, ROTATION_ATOMIC);
	own = (struct schedule){ { 0, 'd' }, { 3, 'd' }, { 4, 'w' }, ROTATION_DELAYED };
	s = schedule_effective(&own, &vault);
	assert_string_equal(period_print(s.every, text), "0d");
	assert_string_equal(period_print(s.lead, text), "3d");
	assert_string_equal(period_print(s.grace, text), "4w");
	assert_int_equal(s.mode, ROTATION_DELAYED);
}

static void no_key_becomes_older_than_it_may(void **state)
{
	struct schedule s = SCHEDULE_DEFAULT;
	struct rotation r = in_state(ROTATION_ACTIVE);
	struct policy p = { .max_age = { 100, 'd' } };

	(void)state;
	s.grace = of("60d");
	stands(rotation_look(&r, &s, &p, 0, SCHEDULE_END - 1), ROTATION_DUE, SINCE);
	stands(rotation_look(&r, &s, &p, 0, SCHEDULE_END), ROTATION_OVERDUE, SINCE);
	/* A grace that is over before counts. */
	s.grace = of("9d");
	stands(rotation_look(&r, &s, &p, 0, SINCE + 9 * DAY - 1), ROTATION_DUE, SINCE);
	stands(rotation_look(&r, &s, &p, 0, SINCE + 9 * DAY), ROTATION_OVERDUE, SINCE);
	/* A mark has no more time than the age has. */
	s.grace = of("60d");
	stands(rotation_look(&r, &s, &p, SINCE - DAY, SCHEDULE_END), ROTATION_OVERDUE, SINCE - DAY);
	/* A month that is shorter than the one they are compared by. */
	p.max_age = of("1mo");
	s.every = of("31d");
	assert_false(policy_exceeded(&p, s.every));
	r.made = at("2027-02-01");
	stands(rotation_look(&r, &s, &p, 0, at("2027-02-28")), ROTATION_SOON, at("2027-03-01"));
	stands(rotation_look(&r, &s, &p, 0, at("2027-03-01")), ROTATION_OVERDUE, at("2027-03-01"));
}

static void lead_and_grace_have_bounds(void **state)
{
	const struct schedule own = { .lead = { 53, 'w' }, .grace = { 4, 'm' } };
	struct schedule s = schedule_effective(&own, &SCHEDULE_DEFAULT);
	char text[PERIOD_TEXT_MAX];

	(void)state;
	assert_string_equal(period_print(s.lead, text), "1y");
	assert_string_equal(period_print(s.grace, text), "90d");
}

static void days_and_words(void **state)
{
	enum rotation_mode mode = ROTATION_MODE_UNSET;

	(void)state;
	assert_int_equal(rotation_days(SINCE, SINCE), 0);
	assert_int_equal(rotation_days(SINCE + DAY - 1, SINCE), 0);
	assert_int_equal(rotation_days(SINCE, SINCE + DAY - 1), 0);
	assert_int_equal(rotation_days(SINCE + DAY, SINCE), 1);
	assert_int_equal(rotation_days(SINCE + DAY, SINCE + 1), 1);
	assert_int_equal(rotation_days(SINCE + DAY, SINCE + DAY - 1), 1);
	assert_int_equal(rotation_days(SINCE - 1, SINCE), -1);
	assert_int_equal(rotation_days(SINCE - DAY, SINCE + DAY - 1), -1);
	assert_int_equal(rotation_days(SINCE - DAY - 1, SINCE), -2);
	assert_int_equal(rotation_days(at("2028-03-01"), at("2028-02-28T23:59Z")), 2);
	assert_string_equal(rotation_state_name(ROTATION_VERIFIED), "verified");
	assert_string_equal(rotation_state_name((enum rotation_state)99), "unknown");
	assert_true(rotation_mode_parse("delayed", &mode));
	assert_int_equal(mode, ROTATION_DELAYED);
	assert_false(rotation_mode_parse("default", &mode));
	assert_false(rotation_mode_parse("", &mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(periods_are_what_they_print),
		cmocka_unit_test(dates),
		cmocka_unit_test(the_calendar),
		cmocka_unit_test(every_day_of_four_centuries),
		cmocka_unit_test(every_step_in_every_state),
		cmocka_unit_test(what_works_later_waits),
		cmocka_unit_test(what_has_expired_is_not_taken),
		cmocka_unit_test(from_fine_to_overdue),
		cmocka_unit_test(never_rotated_but_for_an_expiry),
		cmocka_unit_test(a_mark_is_due_from_its_date),
		cmocka_unit_test(the_old_one_is_told_of),
		cmocka_unit_test(what_was_left_half_way_is_told_of),
		cmocka_unit_test(what_was_left_half_way_among_others),
		cmocka_unit_test(the_worst_is_told),
		cmocka_unit_test(what_is_snoozed_still_stands_where_it_stands),
		cmocka_unit_test(what_is_unset_is_the_vaults),
		cmocka_unit_test(no_key_becomes_older_than_it_may),
		cmocka_unit_test(lead_and_grace_have_bounds),
		cmocka_unit_test(days_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
