/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/session.h"
#include "vault/period.h"

const struct option_spec log_options[] = {
	{ "since", "TIME", false, "show from then on: 2026-11-24, or 2026-11-24T08:00Z" },
	{ "last", "COUNT", false, "show so many, the newest" },
	OPTIONS_END,
};

/* Seconds by which one command may write its line after another that began later. */
#define CLOCK_SLACK 60

/* What is to be shown, and how far it has got. */
struct show {
	int64_t since, before;        /* before: when the line before was written */
	uint64_t skip, matched, none; /* none: of what stands there */
	json_t *list;                 /* NULL: as text */
	bool no_memory;
};

/* Whoever sets the clock back shall not hide behind it. */
static bool is_wanted(struct show *s, const struct vault_event *e)
{
	bool set_back = s->before - e->time > CLOCK_SLACK;

	if (e->number == 0)
		return false;
	s->before = e->time;
	return e->time >= s->since || set_back;
}

static int count(void *ctx, const struct vault_event *e)
{
	struct show *s = ctx;

	s->matched += is_wanted(s, e);
	return 0;
}

static void print_event(const struct vault_event *e)
{
	char when[32], text[VAULT_NAME_MAX + VAULT_HUMAN_NAME_MAX + 1];

	out("%6llu  %s  %-10s", (unsigned long long)e->number, text_time_json(e->time, when),
	    e->event);
	if (*e->code != '\0')
		out("  %s", e->code);
	if (*e->name != '\0')
		out("  %s", text_clean(e->name, text, sizeof(text)));
	if (*e->token != '\0')
		out("  by %s", text_clean(e->token, text, sizeof(text)));
	if (e->unreadable)
		out("  names not readable with this host's key");
	if (*e->command != '\0' && strcmp(e->command, e->event) != 0)
		out("  (%s)", e->command);
	out("\n");
}

static json_t *event_json(const struct vault_event *e)
{
	char when[32];

	return json_pack("{s:I,s:s,s:s,s:s,s:s,s:I,s:o,s:o,s:b}", "number", (json_int_t)e->number,
	    "time", text_time_json(e->time, when), "event", e->event, "command", e->command, "code",
	    e->code, "generation", (json_int_t)e->generation, "token", text_json(e->token), "name",
	    text_json(e->name), "unreadable", e->unreadable);
}

static int show_event(void *ctx, const struct vault_event *e)
{
	struct show *s = ctx;

	s->none += e->number == 0;
	if (!is_wanted(s, e) || s->matched++ < s->skip)
		return 0;
	if (s->list == NULL)
		print_event(e);
	else if (json_array_append_new(s->list, event_json(e)) != 0)
		s->no_memory = true;
	return s->no_memory;
}

static int show(const struct app *app, const struct paths *p, int64_t since, uint64_t last)
{
	const struct vault_paths vp = paths_for_vault(p);
	struct show s = { .since = since, .list = app->json ? json_array() : NULL };
	int r = last > 0 ? vault_audit_read(&vp, false, count, &s) : 0;

	s.skip = s.matched > last ? s.matched - last : 0;
	s.matched = 0;
	s.before = 0;
	if (r == 0)
		r = vault_audit_read(&vp, true, show_event, &s);
	if (r < 0) {
		json_decref(s.list);
		return r == VAULT_ERR_NO_VAULT ? session_no_vault(app, p) : fail_vault(app, r);
	}
	if (s.none > 0)
		warn(app,
		    "left out what is not a line of a log, %llu times; \"touchvault log verify\" "
		    "says where",
		    (unsigned long long)s.none);
	if (!app->json)
		return out_done(app);
	if (s.no_memory) {
		json_decref(s.list);
		s.list = NULL;
	}
	return out_json(app, s.list);
}

static int parse_since(const struct app *app, const char *text, int64_t *ret)
{
	*ret = INT64_MIN;
	if (text == NULL || date_parse(text, ret))
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "not a time that --since takes; use a date as 2026-11-24, or 2026-11-24T08:00Z");
}

static int parse_last(const struct app *app, const char *text, uint64_t *ret)
{
	*ret = 0;
	if (text == NULL)
		return STATUS_OK;
	if (strlen(text) < 10 && strspn(text, "0123456789") == strlen(text))
		*ret = strtoul(text, NULL, 10);
	if (*ret == 0)
		return fail(app, STATUS_USAGE, "not a count that --last takes; use 1 or more");
	return STATUS_OK;
}

static const char *fault_text(enum vault_audit_fault what)
{
	switch (what) {
	case VAULT_AUDIT_CHANGED:
		return "changed, or made up";
	case VAULT_AUDIT_MISSING:
		return "missing";
	case VAULT_AUDIT_MISPLACED:
		return "there twice, or in the wrong place";
	case VAULT_AUDIT_UNSEALED:
		return "changed, or some are missing, before the first seal";
	case VAULT_AUDIT_BREAK:
		return "a new beginning: lines before it may be missing";
	case VAULT_AUDIT_TORN:
		return "written in part only, by a process that was stopped";
	case VAULT_AUDIT_KEY:
		return "the end of a log that is not the one that this host's key goes on from";
	case VAULT_AUDIT_NO_SEAL:
		return "no seal of this vault is among them, so that nothing proves them";
	case VAULT_AUDIT_ANEW:
		return "a new beginning on a host that had seen the vault before: what was logged "
		       "until then is gone";
	}
	return "";
}

static const char *fault_code(enum vault_audit_fault what)
{
	static const char *const codes[] = {
		[VAULT_AUDIT_CHANGED] = "changed",
		[VAULT_AUDIT_MISSING] = "missing",
		[VAULT_AUDIT_MISPLACED] = "misplaced",
		[VAULT_AUDIT_UNSEALED] = "unsealed",
		[VAULT_AUDIT_BREAK] = "break",
		[VAULT_AUDIT_TORN] = "torn",
		[VAULT_AUDIT_KEY] = "key",
		[VAULT_AUDIT_NO_SEAL] = "no-seal",
		[VAULT_AUDIT_ANEW] = "anew",
	};

	return codes[what];
}

static void print_fault(const struct vault_audit_finding *f)
{
	char file[16] = "";

	if (f->from == f->to && f->from > 0)
		out("number %llu", (unsigned long long)f->from);
	else if (f->from > 0)
		out("numbers %llu to %llu", (unsigned long long)f->from, (unsigned long long)f->to);
	if (f->file > 0)
		(void)snprintf(file, sizeof(file), ".%u", f->file);
	if (f->line > 0)
		out("%s%sline %zu of the log%s", f->from > 0 ? " (" : "",
		    f->what == VAULT_AUDIT_MISSING ? "before " : "", f->line, file);
	out("%s: %s\n", f->from > 0 && f->line > 0 ? ")" : "", fault_text(f->what));
}

static json_t *report_json(const struct vault_audit_report *r)
{
	json_t *faults = json_array(), *proven = json_null();
	char first[32], when[32];

	if (r->n_proven > 0)
		proven = json_string(text_time_json(r->proven_time, when));

	for (size_t i = 0; i < r->n_findings; i++) {
		const struct vault_audit_finding *f = &r->findings[i];

		(void)json_array_append_new(
		    faults, json_pack("{s:s,s:I,s:I,s:i,s:I}", "fault", fault_code(f->what), "from",
				(json_int_t)f->from, "to", (json_int_t)f->to, "file", (int)f->file,
				"line", (json_int_t)f->line));
	}
	return json_pack("{s:I,s:{s:I,s:s},s:I,s:{s:I,s:I,s:o},s:I,s:o}", "lines",
	    (json_int_t)r->n_lines, "first", "number", (json_int_t)r->first, "time",
	    text_time_json(r->first_time, first), "last", (json_int_t)r->last, "proven", "lines",
	    (json_int_t)r->n_proven, "from", (json_int_t)r->proven_from, "time", proven, "faults",
	    (json_int_t)r->n_faults, "found", faults);
}

static void print_report(const struct vault_audit_report *r)
{
	const char *plural = r->n_lines == 1 ? "" : "s";
	char when[32];

	for (size_t i = 0; i < r->n_findings; i++)
		print_fault(&r->findings[i]);
	if (r->n_faults > r->n_findings)
		out("and %zu more\n", r->n_faults - r->n_findings);
	out("The log has %llu line%s, number%s %llu to %llu, the first of %s.\n",
	    (unsigned long long)r->n_lines, plural, plural, (unsigned long long)r->first,
	    (unsigned long long)r->last, text_time_json(r->first_time, when));
	if (r->n_proven == 0)
		out("Proven: none of them.\n");
	else
		out("Proven: %llu of them, from number %llu on, which is of %s.\n",
		    (unsigned long long)r->n_proven, (unsigned long long)r->proven_from,
		    text_time_json(r->proven_time, when));
}

static int verify(struct app *app)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct vault_audit_report report;
	int r = session_open(app, &v);

	if (r == 0)
		r = out_check(app);
	if (r == 0)
		r = session_unlock(app, v, NULL, "verify the audit log");
	if (r != 0)
		return r;
	r = vault_audit_verify(v, &report);
	if (r != 0)
		return fail_vault(app, r);
	if (!app->json)
		print_report(&report);
	r = app->json ? out_json(app, report_json(&report)) : out_done(app);
	if (r != 0 || report.n_faults == 0)
		return r;
	return fail(app, STATUS_AUDIT,
	    "the audit log is not as it was written; find out why, and compare it with the system "
	    "log");
}

int cmd_log(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	const char *since = option_value(args, "since"), *last = option_value(args, "last");
	int64_t from;
	uint64_t n;
	int r = parse_since(app, since, &from);

	if (r == 0)
		r = parse_last(app, last, &n);
	if (r != 0)
		return r;
	if (args->n_operands == 1) {
		if (strcmp(args->operands[0], "verify") != 0 || since != NULL || last != NULL)
			return fail(app, STATUS_USAGE,
			    "the usage is \"touchvault log [--since TIME] [--last COUNT]\" or "
			    "\"touchvault log verify\"");
		return verify(app);
	}
	r = paths_find(app, &p);
	return r == 0 ? show(app, &p, from, n) : r;
}
