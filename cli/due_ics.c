/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/due.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/rotation_info.h"

#define LINE_MAX_OCTETS 75 /* RFC 5545, section 3.1 */
#define CONTENT_MAX 1024
#define ESCAPED_MAX (2 * (VAULT_REASON_MAX + VAULT_NAME_MAX) + 1)
#define ENTRY_ID_BYTES 16

/* One content line, folded: no sequence of UTF-8 is torn apart. */
static __attribute__((format(printf, 1, 2))) void line(const char *fmt, ...)
{
	char text[CONTENT_MAX];
	size_t room = LINE_MAX_OCTETS;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (const char *p = text; *p != '\0';) {
		size_t len = strnlen(p, room);

		while (p[len] != '\0' && ((unsigned char)p[len] & 0xc0) == 0x80)
			len--;
		out("%s%.*s\r\n", p == text ? "" : " ", (int)len, p);
		p += len;
		room = LINE_MAX_OCTETS - 1; /* the blank counts */
	}
}

/* TEXT of section 3.3.11; there are no newlines in what the index holds. */
static const char *escape(const char *text, char buf[static ESCAPED_MAX])
{
	size_t at = 0;

	for (; *text != '\0' && at + 3 < ESCAPED_MAX; text++) {
		if (strchr("\\;,", *text) != NULL)
			buf[at++] = '\\';
		buf[at++] = *text;
	}
	buf[at] = '\0';
	return buf;
}

static const char *hex(const uint8_t *p, size_t len, char *buf)
{
	for (size_t i = 0; i < len; i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", p[i]);
	return buf;
}

static const char *stamp(int64_t t, bool date_only, char buf[static 32])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, 32, date_only ? "%Y%m%d" : "%Y%m%dT%H%M%SZ", &tm) == 0)
		(void)snprintf(buf, 32, "19700101");
	return buf;
}

static void alarm_print(const char *trigger, const char *summary)
{
	line("BEGIN:VALARM");
	line("ACTION:DISPLAY");
	line("TRIGGER;RELATED=START:%s", trigger);
	line("DESCRIPTION:%s", summary);
	line("END:VALARM");
}

struct event {
	const char *kind; /* a part of its UID */
	const char *verb;
	int64_t at;
	const char *what; /* what else there is to say before the command */
};

static void event_print(const struct vault *v, const struct vault_summary *s,
    const struct vault_entry_info *info, const struct event *e)
{
	struct schedule schedule = vault_entry_schedule(v, info);
	int64_t lead = rotation_days(e->at, period_before(e->at, schedule.lead));
	char vault[2 * VAULT_ID_LEN + 1], id[2 * ENTRY_ID_BYTES + 1], text[32], trigger[32];
	char summary[VAULT_NAME_MAX + 64], reason[ESCAPED_MAX];

	(void)snprintf(summary, sizeof(summary), "%s %s", e->verb, info->name);
	(void)snprintf(trigger, sizeof(trigger), "-P%lldD", (long long)lead);
	line("BEGIN:VEVENT");
	line("UID:%s-%s@%s.touchvault", e->kind, hex(vault_entry_id(info), ENTRY_ID_BYTES, id),
	    hex(s->id, VAULT_ID_LEN, vault));
	line("DTSTAMP:%s", stamp(s->committed, false, text));
	line("SEQUENCE:%llu", (unsigned long long)(s->generation & 0x7fffffff));
	line("DTSTART;VALUE=DATE:%s", stamp(e->at, true, text));
	line("SUMMARY:%s", summary);
	line("DESCRIPTION:%stouchvault rotate %s%s%s", e->what, info->name,
	    *info->rotate_reason == '\0' ? "" : ": ", escape(info->rotate_reason, reason));
	line("TRANSP:TRANSPARENT");
	if (lead > 0)
		alarm_print(trigger, summary);
	alarm_print("PT9H", summary);
	line("END:VEVENT");
}

static void item_print(
    const struct vault *v, const struct vault_summary *s, const struct due_item *item)
{
	const struct event events[] = {
		{ "rotate", "Rotate", item->outlook.rotate_by, "" },
		{ "expires", "Expires:", item->info->rotation.expires,
		    "The broker ends this key on that day: before, " },
		{ "finish", "Finish the rotation of", item->outlook.finish_by,
		    "A new one is staged: " },
		{ "retire", "Revoke the old key of", item->outlook.retire_by,
		    "Revoke the old one at the broker\\, then " },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].at != 0)
			event_print(v, s, item->info, &events[i]);
}

int due_print_ics(const struct app *app, const struct vault *v, const struct due_list *l)
{
	struct vault_summary s;

	vault_summarize(v, &s);
	line("BEGIN:VCALENDAR");
	line("VERSION:2.0");
	line("PRODID:-//touchvault//touchvault %s//EN", TOUCHVAULT_VERSION);
	line("CALSCALE:GREGORIAN");
	line("METHOD:PUBLISH");
	for (size_t i = 0; i < l->n; i++)
		item_print(v, &s, &l->items[i]);
	line("END:VCALENDAR");
	return out_done(app);
}
