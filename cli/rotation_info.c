/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/rotation_info.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

int64_t rotation_now(const struct app *app, const struct vault *v)
{
	struct vault_summary s;

	vault_summarize(v, &s);
	return app->now > s.committed ? app->now : s.committed;
}

int rotation_period_option(const struct app *app, const struct arguments *args, const char *name,
    const char *word, struct period *ret)
{
	const char *text = option_value(args, name);

	if (text == NULL || period_parse(text, ret))
		return STATUS_OK;
	if (word != NULL && strcmp(text, word) == 0) {
		*ret = (struct period){ 0 };
		return STATUS_OK;
	}
	return fail(app, STATUS_USAGE,
	    "--%s is no period; use a number and d, w, mo or y, as 90d or 3mo, up to %d years%s%s",
	    name, PERIOD_YEARS_MAX, word == NULL ? "" : ", or ", word == NULL ? "" : word);
}

int rotation_date_option(const struct app *app, const struct arguments *args, const char *name,
    const char *word, int64_t *ret)
{
	const char *text = option_value(args, name);

	if (text == NULL || (date_parse(text, ret) && *ret > 0))
		return STATUS_OK;
	if (word != NULL && strcmp(text, word) == 0) {
		*ret = 0;
		return STATUS_OK;
	}
	return fail(app, STATUS_USAGE,
	    "--%s is no date that there is; use 2027-01-31 or 2027-01-31T09:30Z%s%s", name,
	    word == NULL ? "" : ", or ", word == NULL ? "" : word);
}

int rotation_reason_check(const struct app *app, const char *option, const char *reason)
{
	if (strlen(reason) <= VAULT_REASON_MAX && vault_label_valid("reason", reason))
		return STATUS_OK;
	return fail(app, STATUS_USAGE, "--%s takes at most %d bytes of printable text", option,
	    VAULT_REASON_MAX);
}

int rotation_set_option(const struct app *app, const struct arguments *args, enum vault_set *ret)
{
	bool staged = option_is_given(args, "staged"), previous = option_is_given(args, "previous");

	if (staged && previous)
		return fail(app, STATUS_USAGE, "--staged and --previous are two; choose one");
	*ret = staged ? VAULT_SET_STAGED : previous ? VAULT_SET_PREVIOUS : VAULT_SET_CURRENT;
	return STATUS_OK;
}

int rotation_set_check(
    const struct app *app, const struct vault_entry_info *info, enum vault_set set)
{
	if (vault_entry_has(info, set))
		return STATUS_OK;
	return fail(app, STATUS_NOT_FOUND,
	    "%s has no %s credential; \"touchvault rotate %s --status\" says what it has",
	    info->name, set == VAULT_SET_STAGED ? "staged" : "previous", info->name);
}

const char *rotation_set_text(enum vault_set set)
{
	return set == VAULT_SET_STAGED     ? "the staged "
	       : set == VAULT_SET_PREVIOUS ? "the previous "
					   : "";
}

static void print_period(const char *before, struct period p, const struct period *own)
{
	char text[PERIOD_TEXT_MAX];

	out("%s%s%s", before, period_print(p, text),
	    own != NULL && !period_is_set(*own) ? " (default)" : "");
}

void schedule_print(const struct schedule *s, const struct schedule *own, bool bounded)
{
	char every[PERIOD_TEXT_MAX];

	if (bounded)
		out("every %s (maximum)", period_print(s->every, every));
	else if (s->every.n == 0)
		out("never%s", own != NULL && !period_is_set(own->every) ? " (default)" : "");
	else
		print_period("every ", s->every, own == NULL ? NULL : &own->every);
	print_period(", lead ", s->lead, own == NULL ? NULL : &own->lead);
	print_period(", grace ", s->grace, own == NULL ? NULL : &own->grace);
	out(", %s%s", rotation_mode_name(s->mode),
	    own != NULL && own->mode == ROTATION_MODE_UNSET ? " (default)" : "");
}

json_t *schedule_json(const struct schedule *s)
{
	char every[PERIOD_TEXT_MAX], lead[PERIOD_TEXT_MAX], grace[PERIOD_TEXT_MAX];

	return json_pack("{s:s?,s:s,s:s,s:s}", "every",
	    s->every.n == 0 ? NULL : period_print(s->every, every), "lead",
	    period_print(s->lead, lead), "grace", period_print(s->grace, grace), "mode",
	    rotation_mode_name(s->mode));
}

const char *text_day_count(int64_t days, char buf[static DAYS_TEXT_MAX])
{
	if (days >= -1 && days <= 1)
		(void)snprintf(buf, DAYS_TEXT_MAX, "%s",
		    days == 0  ? "today"
		    : days > 0 ? "tomorrow"
			       : "yesterday");
	else
		(void)snprintf(buf, DAYS_TEXT_MAX, days > 0 ? "in %lld days" : "%lld days ago",
		    (long long)(days > 0 ? days : -days));
	return buf;
}

const char *text_days(int64_t at, int64_t now, char buf[static DAYS_TEXT_MAX])
{
	return text_day_count(rotation_days(at, now), buf);
}

const char *text_date(int64_t t, char buf[static 32])
{
	if (t == 0)
		return "-";
	(void)text_time(t, buf);
	buf[strcspn(buf, " ")] = '\0';
	return buf;
}

json_t *time_json(int64_t t)
{
	char text[32];

	return t == 0 ? json_null() : json_string(text_time_json(t, text));
}

json_t *standing_json(
    const struct vault_entry_info *info, const struct rotation_outlook *o, int64_t now)
{
	const struct rotation *r = &info->rotation;

	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o}", "name", info->name,
	    "status", rotation_status_name(o->status), "at", time_json(o->at), "days",
	    o->at == 0 ? json_null() : json_integer(rotation_days(o->at, now)), "rotate_by",
	    time_json(o->rotate_by), "expires", time_json(r->expires), "finish_by",
	    time_json(o->finish_by), "retire_by", time_json(o->retire_by), "state",
	    rotation_state_name(r->state), "reason",
	    *info->rotate_reason == '\0' ? json_null() : text_json(info->rotate_reason),
	    "snoozed_until", time_json(o->snoozed ? r->snoozed : 0));
}
