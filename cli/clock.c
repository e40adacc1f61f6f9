/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/output.h"
#include "cli/remind.h"
#include "vault/cleanup.h"

/* Clocks of hosts that share a vault differ. */
#define BEHIND_SECONDS 3600

bool clock_hold(struct app *app, struct vault *v, int64_t seen, char ret[static CLOCK_TEXT_MAX])
{
	char clock[32], held[32];
	bool by_host;
	struct vault_summary s;

	app->now = app->clock;
	if (app->accept_clock) {
		(void)!vault_clock_accept(v, app->clock);
		return false;
	}
	vault_summarize(v, &s);
	if (app->now < s.committed)
		app->now = s.committed < PERIOD_TIME_MAX ? s.committed + 1 : PERIOD_TIME_MAX;
	by_host = app->now < seen;
	if (by_host)
		app->now = seen;
	if (app->clock + BEHIND_SECONDS >= app->now)
		return false;
	(void)snprintf(ret, CLOCK_TEXT_MAX,
	    "the clock says %s, but it was %s when %s, so dates are held against that; set the "
	    "clock, or, if it was wrong then, run \"touchvault %s --accept-clock\"%s",
	    text_time(app->clock, clock), text_time(app->now, held),
	    by_host ? "reminders last ran here" : "the vault was last changed",
	    by_host ? "reminders run" : "token test NAME",
	    by_host ? "" : ", or any other change with that");
	return true;
}

void clock_hold_and_tell(struct app *app, const struct paths *p, struct vault *v)
{
	_cleanup_free_ char *path = remind_state_path(app, p);
	char text[CLOCK_TEXT_MAX];

	if (clock_hold(app, v, remind_state_look_seen(path), text) && !app->clock_told) {
		warn(app, "%s", text);
		app->clock_told = true;
	}
}

void clock_accepted(const struct app *app)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	_cleanup_free_ char *path = NULL;
	struct remind_state state;

	if (!app->accept_clock || paths_find(app, &p) != 0)
		return;
	path = remind_state_path(app, &p);
	if (path == NULL || remind_state_look_seen(path) <= app->clock)
		return;
	if (remind_state_open(app, path, &state) == 0) {
		remind_state_note_clock(app, &state);
		if (remind_state_write(&state) != 0)
			warn(app,
			    "%s can't be written, and says a later time; make room on the disk, "
			    "or look at its permissions, and repeat",
			    path);
	}
	remind_state_close(&state);
}
