/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/remind.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/advice.h"
#include "cli/clock.h"
#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/snooze.h"
#include "cli/stale.h"

const char *remind_level_name(enum remind_level level)
{
	static const char *const names[] = { "none", "soon", "due", "overdue" };

	return names[level];
}

enum remind_level remind_level_of(enum rotation_status status)
{
	switch (status) {
	case ROTATION_FINE:
	case ROTATION_GRACE:
		return REMIND_NONE;
	case ROTATION_SOON:
		return REMIND_SOON;
	case ROTATION_TO_RETIRE:
	case ROTATION_DUE:
	case ROTATION_UNFINISHED:
	case ROTATION_EXPIRING:
		return REMIND_DUE;
	case ROTATION_OVERDUE:
	case ROTATION_EXPIRED:
		return REMIND_OVERDUE;
	}
	return REMIND_OVERDUE;
}

void remind_plan_begin(const struct app *app, struct remind_plan *ret)
{
	time_t now = (time_t)app->clock;
	struct tm tm;

	*ret = (struct remind_plan){ .reminders = json_array(),
		.problems = json_array(),
		.told = json_object(),
		.now = app->now };
	/* A person's day: a timer that calls each morning doesn't miss one of them. */
	if (localtime_r(&now, &tm) == NULL ||
	    strftime(ret->day, sizeof(ret->day), "%Y-%m-%d", &tm) == 0)
		(void)snprintf(ret->day, sizeof(ret->day), "unknown");
}

void remind_plan_free(struct remind_plan *p)
{
	json_decref(p->reminders);
	json_decref(p->problems);
	json_decref(p->told);
}

bool remind_plan_is_empty(const struct remind_plan *p)
{
	return json_array_size(p->reminders) == 0 && json_array_size(p->problems) == 0;
}

/* Once in the time that is called day, but at once when it got worse. Notes it as told, with
 * the worst level of that time. */
static bool is_news(const struct remind_state *state, struct remind_plan *p, const char *key,
    enum remind_level level, const char *day)
{
	json_t *before = json_object_get(json_object_get(state->json, "told"), key);
	const char *last = json_string_value(json_object_get(before, "day"));
	json_int_t told = json_integer_value(json_object_get(before, "level"));
	bool again = last != NULL && strcmp(last, day) == 0;

	(void)json_object_set_new(p->told, key,
	    json_pack("{s:I,s:s}", "level", again && told > level ? told : (json_int_t)level, "day",
		day));
	return !again || told < level;
}

static void count(struct remind_plan *p, enum remind_level level)
{
	p->counts[level]++;
	if (level > p->level)
		p->level = level;
}

void remind_plan_problem(const struct remind_state *state, struct remind_plan *p, const char *key,
    enum remind_level level, const char *text)
{
	if (key != NULL && !is_news(state, p, key, level, p->day))
		return;
	(void)json_array_append_new(p->problems, text_json(text));
	if (level > p->level)
		p->level = level;
}

static void plan_entry(const struct remind_state *state, struct remind_plan *p,
    const struct vault *v, const struct vault_entry_info *info)
{
	struct rotation_outlook o = vault_entry_outlook(v, info, p->now);
	enum remind_level level = remind_level_of(o.status);
	char key[2 * VAULT_ID_LEN + 1];
	json_t *standing;

	if (level == REMIND_NONE || o.snoozed)
		return;
	(void)sodium_bin2hex(key, sizeof(key), vault_entry_id(info), VAULT_ID_LEN);
	if (!is_news(state, p, key, level, p->day))
		return;
	standing = standing_json(info, &o, p->now);
	(void)json_object_set_new(standing, "level", json_string(remind_level_name(level)));
	(void)json_array_append_new(p->reminders, standing);
	count(p, level);
}

static void hold_clock(
    struct app *app, const struct remind_state *state, struct vault *v, struct remind_plan *p)
{
	char text[CLOCK_TEXT_MAX];

	if (clock_hold(app, v, remind_state_seen(state), text))
		remind_plan_problem(state, p, "clock", REMIND_DUE, text);
	p->now = app->now;
}

/* Not every day: where there is no token, nothing can be done about it. */
static void plan_stale(
    const struct app *app, const struct remind_state *state, struct vault *v, struct remind_plan *p)
{
	char text[STALE_TEXT_MAX], month[32];
	struct stale s;

	stale_look(app, v, &s);
	(void)snprintf(month, sizeof(month), "%lld", (long long)(s.days / STALE_DAYS));
	if (s.is_stale && is_news(state, p, "opened", REMIND_SOON, month))
		remind_plan_problem(state, p, NULL, REMIND_SOON, stale_text(&s, text));
}

static void plan_unread(const struct remind_state *state, struct remind_plan *p, int err)
{
	const char *where = vault_where(), *key;
	char text[1024];
	json_t *told;

	(void)snprintf(text, sizeof(text), "%s: %s; %s", where,
	    err == VAULT_ERR_IO ? strerror(vault_errno()) : vault_strerror(err),
	    advice_for_vault(err));
	/* What was told of entries stays so, until they can be seen again. */
	json_object_foreach(json_object_get(state->json, "told"), key, told)(void)
	    json_object_set(p->told, key, told);
	(void)json_object_del(p->told, "vault");
	remind_plan_problem(state, p, "vault", REMIND_OVERDUE, text);
}

void remind_plan_vault(struct app *app, const struct remind_state *state, struct vault *v, int err,
    struct remind_plan *p)
{
	const struct vault_entry_info *info;
	struct vault_summary s;

	if (err != 0) {
		plan_unread(state, p, err);
		return;
	}
	hold_clock(app, state, v, p);
	snooze_apply(app, v);
	vault_summarize(v, &s);
	if (s.trust != VAULT_TRUST_VERIFIED)
		remind_plan_problem(state, p, "trust", REMIND_DUE,
		    "the vault is not verified on this host, so what it says of dates may be old; "
		    "the next touch accepts it");
	plan_stale(app, state, v, p);
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		plan_entry(state, p, v, info);
}

static json_t *message(const struct app *app, const struct remind_place *place, bool test,
    bool repeated, enum remind_level level, json_t *reminders, json_t *problems)
{
	char host[256] = "", when[32];

	(void)gethostname(host, sizeof(host) - 1);
	return json_pack("{s:b,s:b,s:s,s:o,s:o,s:s,s:o,s:o}", "test", test, "repeated", repeated,
	    "level", remind_level_name(level), "vault", text_json(place->vault), "host",
	    text_json(host), "at", text_time_json(app->clock, when), "reminders", reminders,
	    "problems", problems);
}

json_t *remind_message(const struct app *app, const struct remind_place *place,
    const struct remind_plan *p, bool repeated)
{
	return message(app, place, false, repeated, p->level, json_incref(p->reminders),
	    json_incref(p->problems));
}

json_t *remind_test_message(const struct app *app, const struct remind_place *place)
{
	const struct vault_entry_info info = { .name = "test/entry", .rotate_reason = "a test" };
	const int64_t tomorrow = app->now + PERIOD_DAY_SECONDS;
	const struct rotation_outlook o = {
		.status = ROTATION_SOON, .at = tomorrow, .rotate_by = tomorrow
	};
	json_t *standing = standing_json(&info, &o, app->now);

	(void)json_object_set_new(standing, "level", json_string(remind_level_name(REMIND_SOON)));
	return message(
	    app, place, true, false, REMIND_SOON, json_pack("[o]", standing), json_array());
}
