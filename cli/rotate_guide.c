/* SPDX-License-Identifier: BSD-2-Clause */
/* A rotation by hand, from wherever it is: each step asks, touches and is stored. */
#include <stdio.h>
#include <string.h>

#include "cli/child.h"
#include "cli/output.h"
#include "cli/own_command.h"
#include "cli/rotate.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

#define ANSWER_MAX 4096

static const char hint[] = "use --stage, --verify, --promote, --revoked and --retire";

struct guide {
	struct app *app;
	const char *name;
	bool done; /* all, or as much as is to be done today */
};

static int stop_here(struct guide *g)
{
	char said[512], own[4096];

	g->done = true;
	(void)snprintf(said, sizeof(said), "\"touchvault rotate %s\" goes on from here.", g->name);
	terminal_say("%s", own_command(g->app, said, own, sizeof(own)));
	return STATUS_OK;
}

static int ask(const struct guide *g, const char *prompt, char answer[static ANSWER_MAX])
{
	int r = terminal_refuse_more(
	    g->app, "that was typed before it was asked for; nothing was done with it: repeat");
	size_t len;

	return r == 0 ? terminal_ask(g->app, prompt, false, hint, answer, ANSWER_MAX, &len) : r;
}

/* A date, or nothing. */
static int ask_date(const struct guide *g, const char *prompt, int64_t *ret)
{
	char answer[ANSWER_MAX];
	int r;

	*ret = 0;
	while ((r = ask(g, prompt, answer)) == 0 && *answer != '\0') {
		if (date_parse(answer, ret) && *ret > 0)
			return STATUS_OK;
		*ret = 0;
		terminal_say("That is no date that there is; type it as 2027-01-31, or nothing.");
	}
	return r;
}

/* Dates of the new key, again until they can be meant. */
static int ask_dates(const struct guide *g, bool delayed, struct vault_step *step)
{
	const char *wrong;
	int r;

	do {
		r = ask_date(
		    g, "When does the broker end it (a date; Enter: never)? ", &step->expires);
		wrong = rotate_dates_wrong(step->expires, 0, step->now);
		if (r == 0 && wrong == NULL && delayed) {
			r = ask_date(
			    g, "From when does it work (a date; Enter: now)? ", &step->works_from);
			wrong = rotate_dates_wrong(step->expires, step->works_from, step->now);
		}
		if (r == 0 && wrong != NULL)
			terminal_say("That can't be: %s.", wrong);
	} while (r == 0 && wrong != NULL);
	return r;
}

static int ask_values(const struct guide *g, const struct vault_entry_info *info, struct fields *f)
{
	char prompt[VAULT_FIELD_NAME_MAX + 64];
	bool empty = false;
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < info->n_fields; i++) {
		(void)snprintf(prompt, sizeof(prompt),
		    "New value of %s (not shown; Enter: as it is): ", info->fields[i]);
		r = fields_ask_value(g->app, f, info->fields[i], prompt, &empty);
	}
	if (r == 0 && f->n == 0)
		r = fail(g->app, STATUS_CANCELLED, "no new value was given; nothing was changed");
	return r;
}

static const char *mode_advice(enum rotation_mode mode)
{
	switch (mode) {
	case ROTATION_ATOMIC:
		return "The broker ends the old one with it: what uses it stops until you are "
		       "done.";
	case ROTATION_DELAYED:
		return "It will work later; the old one does until then.";
	case ROTATION_MODE_UNSET:
	case ROTATION_OVERLAP:
		break;
	}
	return "Leave the old one as it is for now.";
}

static int stage(struct guide *g, struct vault *v, const struct vault_entry_info *info,
    enum rotation_event event)
{
	__attribute__((cleanup(fields_clearp))) struct fields f = { 0 };
	struct schedule s = vault_entry_schedule(v, info);
	struct rotation_outlook o = vault_entry_outlook(v, info, g->app->now);
	struct rotate r = { .name = g->name, .step.event = event };
	int status;

	terminal_say("1. Make a new key for %s at the broker. %s", g->name, mode_advice(s.mode));
	status = ask_values(g, info, &f);
	if (status == 0)
		status = rotate_check(g->app, v, &r);
	if (status == 0)
		status = ask_dates(g, s.mode == ROTATION_DELAYED, &r.step);
	r.step.why =
	    *info->rotate_reason != '\0' ? info->rotate_reason : rotation_status_name(o.status);
	r.step.fields = f.field;
	r.step.n_fields = f.n;
	return status == 0 ? rotate_step(g->app, v, false, &r) : status;
}

/* As the prompts say it, or by Enter alone. */
static bool is_nothing(const char *answer)
{
	return answer[strspn(answer, " \t")] == '\0' || strcmp(answer, "nothing") == 0;
}

/* A word that is no program, as one that belongs to another step, is a slip of the tongue:
 * before the touch. What is more than a word is the shell's. */
static int check_command(const struct guide *g, const char *answer)
{
	_cleanup_free_ char *path = NULL;

	if (answer[strcspn(answer, " \t;&|<>(){}[]$`\\\"'*?#~=%!")] != '\0')
		return STATUS_OK;
	return child_find(g->app, answer, &path) == 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

static int replace(struct guide *g, struct vault *v, const struct vault_entry_info *info)
{
	struct rotate r = { .name = g->name, .step.event = ROTATION_ABORT };
	char answer[ANSWER_MAX], date[32];
	int status;

	terminal_say(
	    "2. The new key expired on %s.", text_time(info->rotation.other_expires, date));
	status = ask(g,
	    "Type replace to give another one, abort to drop it, nothing to stop here: ", answer);
	if (status == 0 && strcmp(answer, "replace") == 0)
		return stage(g, v, info, ROTATION_REPLACE);
	g->done = true;
	if (status == 0 && strcmp(answer, "abort") == 0)
		return rotate_step(g->app, v, false, &r);
	return status == 0 ? stop_here(g) : status;
}

static int promote(struct guide *g, struct vault *v, const struct vault_entry_info *info)
{
	struct rotate r = { .name = g->name, .step.event = ROTATION_PROMOTE };
	char answer[ANSWER_MAX], date[32];
	int status;

	if (rotate_other_expired(info, g->app->now))
		return replace(g, v, info);
	if (g->app->now < info->rotation.works_from) {
		terminal_say(
		    "2. The new key works from %s on.", text_time(info->rotation.works_from, date));
		return stop_here(g);
	}
	terminal_say(
	    "2. Try the new key with a command, which has its fields as variables; or type "
	    "promote, to use it untried; abort, to drop it; nothing, to stop here.");
	status = ask(g, "Command, promote, abort or nothing: ", answer);
	if (status != 0 || is_nothing(answer))
		return status != 0 ? status : stop_here(g);
	g->done = strcmp(answer, "abort") == 0;
	if (g->done)
		r.step.event = ROTATION_ABORT;
	if (g->done || strcmp(answer, "promote") == 0)
		return rotate_step(g->app, v, false, &r);
	status = check_command(g, answer);
	return status == 0 ? rotate_verify(g->app, v, answer, &r) : status;
}

static int retire(struct guide *g, struct vault *v, const struct vault_entry_info *info)
{
	struct rotate r = { .name = g->name, .step.event = ROTATION_ROLLBACK };
	struct rotation_outlook o = vault_entry_outlook(v, info, g->app->now);
	char answer[ANSWER_MAX], date[32];
	int status;

	g->done = true;
	if (info->rotation.state == ROTATION_REVOKED)
		return rotate_revoke_and_retire(g->app, v, &r);
	terminal_say(
	    "3. The new key of %s is in use. Restart what uses it, see that it works, then "
	    "revoke the old one at the broker, by %s.",
	    g->name, text_time(o.retire_by, date));
	status = ask(g,
	    rotate_other_expired(info, g->app->now)
		? "Type revoked when that is done, nothing to stop here: "
		: "Type revoked when that is done, rollback to use the old one again, nothing to "
		  "stop here: ",
	    answer);
	if (status != 0 || is_nothing(answer))
		return status != 0 ? status : stop_here(g);
	if (strcmp(answer, "revoked") == 0)
		return rotate_revoke_and_retire(g->app, v, &r);
	if (strcmp(answer, "rollback") == 0)
		return rotate_step(g->app, v, false, &r);
	terminal_say("That was neither; nothing was changed.");
	return stop_here(g);
}

/* With the vault opened anew, so that no key of it waits for the next answer. */
static int step(struct guide *g)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_entry_info *info;
	int r = session_open(g->app, &v);

	if (r == 0)
		r = session_find(g->app, v, g->name, &info);
	if (r != 0)
		return r;
	switch (info->rotation.state) {
	case ROTATION_ACTIVE:
		return stage(g, v, info, ROTATION_STAGE);
	case ROTATION_STAGED:
	case ROTATION_VERIFIED:
		return promote(g, v, info);
	case ROTATION_PROMOTED:
	case ROTATION_REVOKED:
		return retire(g, v, info);
	}
	return fail_vault(g->app, VAULT_ERR_INTERNAL);
}

int rotate_guide(struct app *app, const char *name)
{
	struct guide g = { .app = app, .name = name };
	int r = STATUS_OK;

	while (r == 0 && !g.done)
		r = step(&g);
	return r;
}
