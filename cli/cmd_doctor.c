/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/doctor.h"
#include "cli/output.h"
#include "cli/own_command.h"

#define MEND_MAX (DOCTOR_TEXT_MAX + 4096)

static const char *const states[] = {
	[DOCTOR_FINE] = "fine",
	[DOCTOR_WRONG] = "wrong",
	[DOCTOR_UNKNOWN] = "unknown",
};

struct doctor_finding *doctor_add(
    struct doctor_report *report, const char *check, enum doctor_state state, const char *fmt, ...)
{
	static struct doctor_finding left_out;
	struct doctor_finding *f =
	    report->n < DOCTOR_FINDINGS_MAX ? &report->findings[report->n++] : &left_out;
	va_list ap;

	*f = (struct doctor_finding){ .check = check, .state = state };
	va_start(ap, fmt);
	(void)vsnprintf(f->what, sizeof(f->what), fmt, ap);
	va_end(ap);
	return f;
}

struct doctor_finding *doctor_mend(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->mend, sizeof(f->mend), fmt, ap);
	va_end(ap);
	return f;
}

void doctor_advise(struct doctor_finding *f, const char *advice)
{
	doctor_mend(f, "%s", advice);
	f->is_advice = true;
}

static void print_finding(const struct app *app, const struct doctor_finding *f)
{
	char what[DOCTOR_TEXT_MAX], own[MEND_MAX], mend[MEND_MAX];

	out("%-12s %-8s %s\n", f->check, states[f->state], text_clean(f->what, what, sizeof(what)));
	if (f->mend[0] == '\0')
		return;
	(void)own_command(app, f->mend, own, sizeof(own));
	(void)text_clean(own, mend, sizeof(mend));
	if (f->is_advice)
		out("%-21s to mend it: %s\n", "", mend);
	else
		out("%-21s to mend it, run \"%s\"%s\n", "", mend, f->then == NULL ? "" : f->then);
}

static int print_json(const struct app *app, const struct doctor_report *report)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *f = &report->findings[i];
		char own[MEND_MAX];

		(void)json_array_append_new(findings,
		    json_pack("{s:s,s:s,s:o,s:o,s:s?}", "check", f->check, "state",
			states[f->state], "what", text_json(f->what), "mend",
			f->mend[0] == '\0' ? json_null()
					   : text_json(own_command(app, f->mend, own, sizeof(own))),
			"then", f->then));
	}
	return out_json(app, json_pack("{s:o}", "findings", findings));
}

static int judge(const struct app *app, const struct doctor_report *report)
{
	size_t wrong = 0;

	for (size_t i = 0; i < report->n; i++)
		wrong += report->findings[i].state == DOCTOR_WRONG;
	if (wrong == 0)
		return STATUS_OK;
	return fail(app, STATUS_TO_MEND, "%zu %s wrong; beside each is what mends it", wrong,
	    wrong == 1 ? "thing is" : "things are");
}

int cmd_doctor(struct app *app, const struct arguments *args)
{
	static struct doctor_report report;
	int r;

	(void)args;
	doctor_look_at_vault(app, &report);
	doctor_look_at_system(&report);
	if (app->json) {
		r = print_json(app, &report);
	} else {
		for (size_t i = 0; i < report.n; i++)
			print_finding(app, &report.findings[i]);
		r = out_done(app);
	}
	return r == 0 ? judge(app, &report) : r;
}
