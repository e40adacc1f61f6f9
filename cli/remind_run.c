/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/remind.h"

#include "cli/output.h"
#include "cli/session.h"

/* Who reads the journal needn't know the names. */
static void say_counts(const struct app *app, const struct remind_plan *p, const json_t *channels)
{
	size_t arrived, failed;

	remind_channels_count(channels, &arrived, &failed);
	note(app,
	    "reminded of %zu overdue, %zu due, %zu soon, and %zu in trouble; %zu of %zu channels "
	    "took it",
	    p->counts[REMIND_OVERDUE], p->counts[REMIND_DUE], p->counts[REMIND_SOON],
	    json_array_size(p->problems), arrived, json_array_size(channels));
}

static json_t *run_json(const struct app *app, const struct remind_plan *p, json_t *channels)
{
	char when[32];

	return json_pack("{s:s,s:i,s:i,s:i,s:O,s:O}", "at", text_time_json(app->clock, when),
	    "overdue", (int)p->counts[REMIND_OVERDUE], "due", (int)p->counts[REMIND_DUE], "soon",
	    (int)p->counts[REMIND_SOON], "problems", p->problems, "channels", channels);
}

/* Note that somebody is about to be told: a run that is ended before it says
 * otherwise is repeated. */
static bool begin(struct remind_state *state, struct remind_plan *p)
{
	bool repeated = json_is_true(json_object_get(state->json, "pending"));

	(void)json_object_set_new(state->json, "pending", json_true());
	if (state->err == 0 && remind_state_write(state) == 0)
		return repeated;
	remind_plan_problem(state, p, NULL, REMIND_OVERDUE,
	    "what you are reminded of can't be noted on this host, so it may come again: make "
	    "room on the disk, or look at the permissions of touchvault's state directory");
	return repeated;
}

/* A run that has nothing to tell doesn't say that a channel works again. */
static void note_failures(const struct app *app, struct remind_state *state, const json_t *channels)
{
	json_t *failing = json_array(), *c;
	char when[32];
	size_t i;

	json_array_foreach(channels, i, c) if (!json_is_true(json_object_get(c, "arrived")))(void)
	    json_array_append_new(failing,
		json_pack("{s:O,s:s,s:O}", "channel", json_object_get(c, "channel"), "at",
		    text_time_json(app->clock, when), "detail", json_object_get(c, "detail")));
	(void)json_object_set_new(state->json, "failing", failing);
}

/* What nobody took is told again by the next run. */
static void end(const struct app *app, struct remind_state *state, const struct remind_plan *p,
    json_t *channels)
{
	size_t arrived = 0, failed = 0;

	remind_channels_count(channels, &arrived, &failed);
	if (arrived > 0 || remind_plan_is_empty(p))
		(void)json_object_set(state->json, "told", p->told);
	if (json_array_size(channels) > 0)
		note_failures(app, state, channels);
	remind_state_note_clock(app, state);
	(void)json_object_set_new(state->json, "pending", json_false());
	(void)json_object_set_new(state->json, "last", run_json(app, p, channels));
	(void)remind_state_write(state);
}

static json_t *tell(const struct app *app, const struct remind_place *place,
    struct remind_state *state, struct remind_plan *p, int seconds, bool confined)
{
	bool repeated = begin(state, p);
	json_t *message = remind_message(app, place, p, repeated);
	json_t *channels = remind_send(app, place, message, seconds, confined);

	json_decref(message);
	return channels;
}

static int verdict(
    const struct app *app, const struct remind_state *state, const json_t *channels, int vault_err)
{
	size_t arrived, failed, n = json_array_size(channels);

	remind_channels_count(channels, &arrived, &failed);
	if (vault_err != 0)
		return fail_vault(app, vault_err);
	if (n > 0 && arrived == 0)
		return fail(app, STATUS_ERROR,
		    "nobody could be reminded; \"touchvault reminders status\" says why");
	if (failed > 0)
		return fail(app, STATUS_ERROR,
		    "a hook failed; \"touchvault reminders status\" says which, and why");
	return state->err == 0 ? STATUS_OK : fail_vault(app, state->err);
}

static int run(struct app *app, const struct remind_place *place, struct remind_state *state,
    struct remind_plan *p, const struct paths *paths, int seconds, bool confined)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int err = session_try(app, paths, &v), r;
	json_t *channels;

	remind_plan_vault(app, state, v, err, p);
	if (state->damaged)
		remind_plan_problem(state, p, NULL, REMIND_DUE,
		    "the note of what you were reminded of was damaged: it begins anew, so some of "
		    "this may come again");
	channels =
	    remind_plan_is_empty(p) ? json_array() : tell(app, place, state, p, seconds, confined);
	if (channels == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	end(app, state, p, channels);
	if (!remind_plan_is_empty(p))
		say_counts(app, p, channels);
	r = verdict(app, state, channels, err);
	if (app->json && out_json(app, run_json(app, p, channels)) != 0)
		r = STATUS_ERROR;
	json_decref(channels);
	return r;
}

int remind_run(struct app *app, const struct remind_place *place, int seconds, bool confined)
{
	__attribute__((cleanup(paths_freep))) struct paths paths = { 0 };
	struct remind_state state;
	struct remind_plan plan;
	int r = paths_find(app, &paths);

	if (r != 0)
		return r;
	r = remind_state_open(app, place->state, &state);
	if (r == 0) {
		remind_plan_begin(app, &plan);
		r = run(app, place, &state, &plan, &paths, seconds, confined);
		remind_plan_free(&plan);
	}
	remind_state_close(&state);
	return r;
}
