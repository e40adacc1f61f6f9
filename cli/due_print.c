/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/due.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/rotation_info.h"

/* The picture of a terminal's line: from so many days ago to so many from now. */
#define PICTURE_PAST 30
#define PICTURE_FUTURE 60
#define PICTURE_MIN 20
#define PICTURE_MAX 60
#define NAME_COLUMN_MAX 40
#define STATUS_WIDTH 22
#define DAYS_WIDTH 14
#define DATE_WIDTH 10

struct columns {
	size_t name;
	size_t picture; /* 0: none */
};

static size_t terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static struct columns columns_for(const struct due_list *l)
{
	struct columns c = { 0 };
	size_t width = terminal_width(), text;

	for (size_t i = 0; i < l->n; i++) {
		size_t len = strlen(l->items[i].info->name);

		if (len <= NAME_COLUMN_MAX && len > c.name)
			c.name = len;
	}
	text = c.name + STATUS_WIDTH + DAYS_WIDTH + DATE_WIDTH + 6;
	if (width >= text + PICTURE_MIN)
		c.picture = width - text < PICTURE_MAX ? width - text : PICTURE_MAX;
	return c;
}

/* Where in the picture a time is; its edges stand for all beyond. */
static size_t column_of(int64_t t, int64_t now, size_t width)
{
	int64_t from = now - PICTURE_PAST * (int64_t)PERIOD_DAY_SECONDS;
	int64_t span = (PICTURE_PAST + PICTURE_FUTURE) * (int64_t)PERIOD_DAY_SECONDS;
	int64_t at = (t - from) * (int64_t)width / span;

	return at < 0 ? 0 : at >= (int64_t)width ? width - 1 : (size_t)at;
}

/* "----=====|==R-------": "|" is now, and between it and the date is "=". */
static void picture_draw(
    const struct due_item *item, int64_t now, char line[static PICTURE_MAX + 1], size_t width)
{
	const struct rotation_outlook *o = &item->outlook;
	size_t today = column_of(now, now, width), at = column_of(o->at, now, width);

	memset(line, '-', width);
	line[width] = '\0';
	for (size_t i = today < at ? today : at; o->at != 0 && i <= (today < at ? at : today); i++)
		line[i] = '=';
	line[today] = '|';
	if (o->rotate_by != 0)
		line[column_of(o->rotate_by, now, width)] = 'R';
	if (o->finish_by != 0)
		line[column_of(o->finish_by, now, width)] = 'F';
	if (o->retire_by != 0)
		line[column_of(o->retire_by, now, width)] = 'O';
	if (item->info->rotation.expires != 0)
		line[column_of(item->info->rotation.expires, now, width)] = 'X';
}

static void print_scale(const struct columns *c, int64_t now)
{
	size_t today = column_of(now, now, c->picture);
	char past[16], future[16];

	(void)snprintf(past, sizeof(past), "-%dd", PICTURE_PAST);
	(void)snprintf(future, sizeof(future), "+%dd", PICTURE_FUTURE);
	out_text("", c->name + STATUS_WIDTH + DAYS_WIDTH + DATE_WIDTH + 6);
	out_text(past, today);
	out_text("now", c->picture - today - strlen(future));
	out("%s\n", future);
}

static void print_line(const struct due_item *item, const struct columns *c, int64_t now)
{
	char line[PICTURE_MAX + 1], days[DAYS_TEXT_MAX], date[32], status[STATUS_WIDTH + 32];
	const struct rotation *r = &item->info->rotation;
	bool staged = r->state == ROTATION_STAGED || r->state == ROTATION_VERIFIED;

	(void)snprintf(status, sizeof(status), "%s%s%s", rotation_status_name(item->outlook.status),
	    staged ? ", " : "", staged ? rotation_state_name(r->state) : "");
	out_text(item->info->name, c->name);
	out_text("  ", 0);
	out_text(status, STATUS_WIDTH);
	out_text(item->outlook.at == 0 ? "-" : text_days(item->outlook.at, now, days), DAYS_WIDTH);
	out_text("  ", 0);
	out_text(text_date(item->outlook.at, date), DATE_WIDTH);
	if (c->picture > 0) {
		picture_draw(item, now, line, c->picture);
		out_text("  ", 0);
		out_text(line, 0);
	}
	out_text("\n", 0);
}

/* What a line of its own tells: why, and that it is put off. */
static void print_remarks(const struct due_item *item)
{
	char reason[VAULT_REASON_MAX + 1], date[32];

	if (*item->info->rotate_reason != '\0')
		out("    %s\n", text_clean(item->info->rotate_reason, reason, sizeof(reason)));
	if (item->outlook.snoozed)
		out("    snoozed until %s\n", text_date(item->info->rotation.snoozed, date));
}

int due_print(const struct app *app, const struct due_list *l)
{
	struct columns c = columns_for(l);

	if (l->n == 0)
		note(app, "nothing is due");
	if (l->n > 0 && c.picture > 0)
		print_scale(&c, l->now);
	for (size_t i = 0; i < l->n; i++) {
		print_line(&l->items[i], &c, l->now);
		print_remarks(&l->items[i]);
	}
	if (l->n > 0 && c.picture > 0)
		out("R rotate, F finish, X expires, O the old one's end\n");
	return out_done(app);
}

int due_print_json(const struct app *app, const struct vault *v, const struct due_list *l)
{
	json_t *entries = json_array();
	struct vault_summary s;

	vault_summarize(v, &s);
	for (size_t i = 0; entries != NULL && i < l->n; i++) {
		const struct due_item *item = &l->items[i];

		if (json_array_append_new(
			entries, standing_json(item->info, &item->outlook, l->now)) != 0) {
			json_decref(entries);
			entries = NULL;
		}
	}
	if (entries == NULL)
		return out_json(app, NULL);
	return out_json(
	    app, json_pack("{s:o,s:b,s:o,s:b,s:o,s:o}", "now", time_json(l->now), "verified",
		     s.trust == VAULT_TRUST_VERIFIED, "opened", time_json(l->stale.opened), "stale",
		     l->stale.is_stale, "committed", time_json(s.committed), "entries", entries));
}
