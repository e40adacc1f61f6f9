/* SPDX-License-Identifier: BSD-2-Clause */
/* The channels: the desktop here, hooks in remind_hook.c. */
#include "cli/remind.h"

#include <stdio.h>
#include <string.h>

#include "cli/bus.h"
#include "cli/output.h"
#include "cli/rotation_info.h"

#define DESKTOP "desktop"
#define NAMES_SHOWN 5
#define BODY_MAX 2048

void remind_channel_add(json_t *channels, const char *name, bool arrived, const char *detail)
{
	(void)json_array_append_new(
	    channels, json_pack("{s:o,s:b,s:o}", "channel", text_json(name), "arrived", arrived,
			  "detail", detail == NULL ? json_null() : text_json(detail)));
}

/* No desktop is no failure: a server has none, and hooks for that. */
void remind_channels_count(const json_t *channels, size_t *ret_arrived, size_t *ret_failed)
{
	size_t i;
	json_t *c;

	*ret_arrived = *ret_failed = 0;
	json_array_foreach(channels, i, c)
	{
		bool arrived = json_is_true(json_object_get(c, "arrived"));
		const char *name = json_string_value(json_object_get(c, "channel"));

		*ret_arrived += arrived;
		*ret_failed += !arrived && name != NULL && strcmp(name, DESKTOP) != 0;
	}
}

/* "ibkr/live (3 days ago), kraken (today)": names have no markup in them. */
static size_t body_print(const json_t *message, const char *level, char ret[static BODY_MAX])
{
	size_t i, n = 0, at = 0;
	json_t *e;

	json_array_foreach(json_object_get(message, "reminders"), i, e)
	{
		const char *name = json_string_value(json_object_get(e, "name"));
		json_int_t days = json_integer_value(json_object_get(e, "days"));
		char words[DAYS_TEXT_MAX];

		if (strcmp(json_string_value(json_object_get(e, "level")), level) != 0)
			continue;
		if (n++ >= NAMES_SHOWN)
			continue;
		at += (size_t)snprintf(ret + at, BODY_MAX - at, "%s%s (%s)", n > 1 ? ", " : "",
		    name, text_day_count(days, words));
	}
	if (n > NAMES_SHOWN)
		(void)snprintf(ret + at, BODY_MAX - at, " and %zu more", n - NAMES_SHOWN);
	return n;
}

static int notify_level(const json_t *message, const char *mark, const char *level,
    const char *words, enum bus_urgency urgency, char why[static BUS_WHY_MAX])
{
	char summary[128], body[BODY_MAX];
	size_t n = body_print(message, level, body);

	if (n == 0)
		return 0;
	(void)snprintf(summary, sizeof(summary), "%stouchvault: %zu key%s %s %s", mark, n,
	    n == 1 ? "" : "s", n == 1 ? "is" : "are", words);
	return bus_notify(summary, body, urgency, why);
}

static int notify_problems(const json_t *message, const char *mark, char why[static BUS_WHY_MAX])
{
	bool critical =
	    strcmp(json_string_value(json_object_get(message, "level")), "overdue") == 0;
	char summary[128];
	size_t i;
	json_t *p;
	int r = 0;

	(void)snprintf(summary, sizeof(summary), "%stouchvault: reminders are in trouble", mark);
	json_array_foreach(json_object_get(message, "problems"), i, p) if (r == 0) r =
	    bus_notify(summary, json_string_value(p),
		critical ? BUS_URGENCY_CRITICAL : BUS_URGENCY_NORMAL, why);
	return r;
}

static void notify(const json_t *message, json_t *channels)
{
	const char *mark = json_is_true(json_object_get(message, "test"))       ? "TEST: "
			   : json_is_true(json_object_get(message, "repeated")) ? "Again: "
										: "";
	char why[BUS_WHY_MAX] = "";
	int r =
	    notify_level(message, mark, "overdue", "overdue or expired", BUS_URGENCY_CRITICAL, why);

	if (r == 0)
		r = notify_problems(message, mark, why);
	if (r == 0)
		r = notify_level(message, mark, "due", "due for rotation", BUS_URGENCY_NORMAL, why);
	if (r == 0)
		r = notify_level(
		    message, mark, "soon", "soon due for rotation", BUS_URGENCY_LOW, why);
	remind_channel_add(channels, DESKTOP, r == 0, r == 0 ? NULL : why);
}

json_t *remind_send(const struct app *app, const struct remind_place *place, const json_t *message,
    int seconds, bool confined)
{
	json_t *channels = json_array();

	if (channels == NULL || message == NULL)
		return NULL;
	notify(message, channels);
	remind_hooks_run(app, place, message, seconds, confined, channels);
	return channels;
}
