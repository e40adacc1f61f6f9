/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/remind.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/snooze.h"

const struct option_spec reminders_options[] = {
	{ "timeout", "SECONDS", false, "how long a hook may take" },
	{ "no-hooks", NULL, false, "don't run hooks, and tell if there are some" },
	OPTIONS_END,
};

struct request {
	const struct remind_place *place;
	int seconds;
	bool confined;
};

#define STATUS_LINE_MAX 512

static const char *timer_name(enum remind_timer kind)
{
	return kind == REMIND_TIMER_SYSTEMD ? "systemd" : kind == REMIND_TIMER_CRON ? "cron" : NULL;
}

/* That reminders are wanted from now on: what ran in a time that was wrong is forgotten with
 * --accept-clock. */
static int note_clock(const struct app *app, const struct remind_place *place)
{
	struct remind_state state;
	int r = remind_state_open(app, place->state, &state);

	if (r == 0) {
		remind_state_note_clock(app, &state);
		r = remind_state_write(&state);
		r = r == 0 ? STATUS_OK : fail_vault(app, r);
	}
	remind_state_close(&state);
	return r;
}

static int verb_install(struct app *app, const struct request *q)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	enum remind_timer kind;
	int r = session_open(app, &v);

	if (r == 0)
		r = note_clock(app, q->place);
	if (r == 0)
		r = remind_timer_install(app, q->place, &kind);
	if (r != 0)
		return r;
	if (app->json)
		return out_json(app, json_pack("{s:s,s:o}", "installed", timer_name(kind), "vault",
					 text_json(q->place->vault)));
	note(app,
	    "%s calls \"touchvault reminders run\" for %s; \"touchvault reminders test\" tries it",
	    kind == REMIND_TIMER_CRON ? "cron" : "a timer of systemd", q->place->vault);
	return STATUS_OK;
}

static int verb_remove(struct app *app, const struct request *q)
{
	bool any;
	int r = remind_timer_remove(app, q->place, &any);

	if (r != 0)
		return r;
	if (app->json)
		return out_json(app, json_pack("{s:b}", "removed", any));
	note(app, "%s", any ? "nobody reminds you any more" : "there was nothing to remove");
	return STATUS_OK;
}

static int verb_run(struct app *app, const struct request *q)
{
	return remind_run(app, q->place, q->seconds, q->confined);
}

static void print_channels(const json_t *channels)
{
	char name[STATUS_LINE_MAX], text[STATUS_LINE_MAX];
	size_t i;
	json_t *c;

	json_array_foreach(channels, i, c)
	{
		const char *detail = json_string_value(json_object_get(c, "detail"));

		out_text(text_clean(
			     json_string_value(json_object_get(c, "channel")), name, sizeof(name)),
		    18);
		out("  %s%s%s\n",
		    json_is_true(json_object_get(c, "arrived")) ? "arrived" : "did not arrive",
		    detail == NULL ? "" : ": ",
		    detail == NULL ? "" : text_clean(detail, text, sizeof(text)));
	}
}

static int verb_test(struct app *app, const struct request *q)
{
	json_t *message = remind_test_message(app, q->place);
	json_t *channels = remind_send(app, q->place, message, q->seconds, false);
	size_t arrived, failed;
	int r;

	json_decref(message);
	if (channels == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	remind_channels_count(channels, &arrived, &failed);
	if (app->json) {
		r = out_json(app, json_pack("{s:o}", "channels", channels));
	} else {
		print_channels(channels);
		r = out_done(app);
		json_decref(channels);
	}
	if (r == 0 && (arrived == 0 || failed > 0))
		r = fail(app, STATUS_ERROR, "%s; see above",
		    arrived == 0 ? "the test arrived nowhere" : "a hook failed");
	return r;
}

/* {name, until}; null where the vault can't be looked at, which is said. */
static json_t *snoozed_json(struct app *app, int *ret_status)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_entry_info *info;
	json_t *a;

	*ret_status = session_open(app, &v);
	if (*ret_status != STATUS_OK)
		return json_null();
	snooze_apply(app, v);
	a = json_array();
	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		if (vault_entry_outlook(v, info, app->now).snoozed)
			(void)json_array_append_new(
			    a, json_pack("{s:s,s:o}", "name", info->name, "until",
				   time_json(info->rotation.snoozed)));
	return a;
}

static json_t *status_json(struct app *app, const struct remind_place *place,
    const struct remind_timer_status *t, int *ret_status)
{
	json_t *state = remind_state_look(place->state), *last = json_object_get(state, "last");
	json_t *j = json_pack("{s:o,s:{s:s?,s:b,s:o},s:O?,s:b,s:O?,s:o,s:o,s:o}", "vault",
	    text_json(place->vault), "timer", "kind", timer_name(t->kind), "active", t->active,
	    "next", time_json(t->next), "last", last, "pending",
	    json_is_true(json_object_get(state, "pending")), "failing",
	    json_object_get(state, "failing"), "hooks", remind_hooks_list(place, true),
	    "not_executable", remind_hooks_list(place, false), "snoozed",
	    snoozed_json(app, ret_status));

	json_decref(state);
	return j;
}

static void print_last(const json_t *last)
{
	static const char *const counts[] = { "overdue", "due", "soon" };

	char at[32];

	out("last run    %s",
	    json_is_object(last)
		? text_clean(json_string_value(json_object_get(last, "at")), at, sizeof(at))
		: "never");
	for (size_t i = 0; json_is_object(last) && i < 3; i++)
		out("%s %lld %s", i == 0 ? ";" : ",",
		    (long long)json_integer_value(json_object_get(last, counts[i])), counts[i]);
	out("\n");
}

static void print_names(const char *title, const json_t *names, const char *what)
{
	size_t i;
	json_t *e;

	json_array_foreach(names, i, e) out("%s%s", i == 0 ? title : ", ", json_string_value(e));
	out("%s%s", i > 0 ? what : "", i > 0 ? "\n" : "");
}

/* Those of the last run are told with it. */
static void print_failing(const json_t *j)
{
	const json_t *last = json_object_get(j, "last");
	char name[STATUS_LINE_MAX], at[32], text[STATUS_LINE_MAX];
	size_t i;
	json_t *e;

	if (json_array_size(json_object_get(last, "channels")) > 0)
		return;
	json_array_foreach(json_object_get(j, "failing"), i, e)
	{
		const char *detail = json_string_value(json_object_get(e, "detail"));

		out("failed      %s, %s%s%s\n",
		    text_clean(
			json_string_value(json_object_get(e, "channel")), name, sizeof(name)),
		    text_clean(json_string_value(json_object_get(e, "at")), at, sizeof(at)),
		    detail == NULL ? "" : ": ",
		    detail == NULL ? "" : text_clean(detail, text, sizeof(text)));
	}
}

static int status_text(const struct app *app, const struct remind_timer_status *t, const json_t *j)
{
	const json_t *last = json_object_get(j, "last");
	char next[32], text[STATUS_LINE_MAX];
	size_t i;
	json_t *e;

	out("timer       %s%s\n", t->kind == REMIND_TIMER_NONE ? "none" : timer_name(t->kind),
	    t->kind != REMIND_TIMER_NONE && !t->active ? ", not active" : "");
	if (t->kind != REMIND_TIMER_NONE)
		out("next run    %s\n", t->next != 0                   ? text_time(t->next, next)
					: t->kind == REMIND_TIMER_CRON ? "within an hour"
								       : "not known");
	print_last(last);
	if (json_is_true(json_object_get(j, "pending")))
		out("            ended in the middle, or goes on\n");
	json_array_foreach(json_object_get(last, "problems"), i, e)
	    out("trouble     %s\n", text_clean(json_string_value(e), text, sizeof(text)));
	print_channels(json_object_get(last, "channels"));
	print_failing(j);
	print_names("hooks       ", json_object_get(j, "hooks"), "");
	print_names("no hooks    ", json_object_get(j, "not_executable"), ": not executable");
	json_array_foreach(json_object_get(j, "snoozed"), i, e)
	    out("snoozed     %s until %s\n", json_string_value(json_object_get(e, "name")),
		json_string_value(json_object_get(e, "until")));
	return out_done(app);
}

static int verb_status(struct app *app, const struct request *q)
{
	struct remind_timer_status t;
	int r = remind_timer_look(app, q->place, &t), opened;
	json_t *j;

	if (r != 0)
		return r;
	j = status_json(app, q->place, &t, &opened);
	if (app->json || j == NULL) {
		r = out_json(app, j);
	} else {
		r = status_text(app, &t, j);
		json_decref(j);
	}
	return r == 0 ? opened : r;
}

static int parse_timeout(const struct app *app, const struct arguments *args, int *ret)
{
	const char *text = option_value(args, "timeout");
	char *end;
	long n;

	if (text == NULL)
		return STATUS_OK;
	n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
	if (n < 1 || n > REMIND_SECONDS_MAX || *end != '\0')
		return fail(
		    app, STATUS_USAGE, "--timeout takes 1 to %d seconds", REMIND_SECONDS_MAX);
	*ret = (int)n;
	return STATUS_OK;
}

static int run(struct app *app, const struct arguments *args,
    int (*verb)(struct app *, const struct request *))
{
	__attribute__((cleanup(paths_freep))) struct paths paths = { 0 };
	struct remind_place place = { 0 };
	struct request q = { .place = &place,
		.seconds = REMIND_SECONDS,
		.confined = option_is_given(args, "no-hooks") };
	int r = parse_timeout(app, args, &q.seconds);

	if (r == 0)
		r = paths_find(app, &paths);
	if (r == 0)
		r = remind_place_find(app, &paths, &place);
	if (r == 0)
		r = verb(app, &q);
	remind_place_free(&place);
	return r;
}

static int reminders_install(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)v;
	return run(app, args, verb_install);
}

static int reminders_status(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)v;
	return run(app, args, verb_status);
}

static int reminders_remove(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)v;
	return run(app, args, verb_remove);
}

static int reminders_run(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)v;
	return run(app, args, verb_run);
}

static int reminders_test(struct app *app, const struct arguments *args, struct vault *v)
{
	(void)v;
	return run(app, args, verb_test);
}

const struct verb reminders_verbs[] = {
	{ "install", "", "", reminders_install, 0, "be reminded of what is due, every day" },
	{ "status", "", "", reminders_status, 0, "who calls it, and what became of the last run" },
	{ "remove", "", "", reminders_remove, 0, "be reminded no more" },
	{ "run", "", "timeout no-hooks", reminders_run, 0, "tell what there is to tell today" },
	{ "test", "", "timeout", reminders_test, 0, "send a reminder through every channel" },
	VERBS_END,
};
