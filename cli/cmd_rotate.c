/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/driver.h"
#include "cli/fields.h"
#include "cli/output.h"
#include "cli/rotate.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

const struct option_spec rotate_options[] = {
	{ "status", NULL, false, "say where it is and what comes next, without a touch" },
	{ "stage", NULL, false, "put a new credential beside the current one" },
	{ "replace", NULL, false, "with --stage: in place of the one that is staged" },
	{ "field", "NAME=-|NAME=@FILE", true, "--stage: a field, as for add" },
	{ "from-json", NULL, false, "--stage: fields from a JSON object on standard input" },
	{ "from-env", "FILE", false, "--stage: fields from a .env file (- is standard input)" },
	{ "expires", "DATE", false, "--stage: when the broker ends the new one" },
	{ "works-from", "DATE", false, "--stage: when the broker begins to take the new one" },
	{ "verify", "COMMAND", false, "run it with the staged one; if it ends with 0, promote" },
	{ "promote", NULL, false, "use the staged one from now on, and keep the old one" },
	{ "rollback", NULL, false, "use the old one again" },
	{ "revoked", NULL, false, "the old one is revoked at the broker" },
	{ "retire", NULL, false, "wipe the old one" },
	{ "abort", NULL, false, "drop the staged one" },
	{ "reason", "TEXT", false, "why, for the history" },
	{ "driver", "PATH", false, "let this program do it, as far as it can go today" },
	{ "due", NULL, false, "instead of NAME: all that are due, by their drivers" },
	{ "driver-dir", "DIR", false, "--due: where the drivers are" },
	{ "timeout", "SECONDS", false, "how long one run of a driver may take (default: 60)" },
	OPTIONS_END,
};

static const struct way {
	const char *option;
	enum rotation_event event;
} verbs[] = {
	{ "stage", ROTATION_STAGE },
	{ "verify", ROTATION_VERIFY },
	{ "promote", ROTATION_PROMOTE },
	{ "rollback", ROTATION_ROLLBACK },
	{ "revoked", ROTATION_REVOKE },
	{ "retire", ROTATION_RETIRE },
	{ "abort", ROTATION_ABORT },
};

/* The one step that the options name; NULL for none. revoked goes with retire. */
static int choose_verb(const struct app *app, const struct arguments *args, const struct way **ret)
{
	bool status = option_is_given(args, "status");

	*ret = NULL;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!option_is_given(args, verbs[i].option))
			continue;
		if (status || (*ret != NULL && ((*ret)->event != ROTATION_REVOKE ||
						   verbs[i].event != ROTATION_RETIRE)))
			return fail(app, STATUS_USAGE,
			    "--%s and --%s are two steps; make one at a time",
			    status ? "status" : (*ret)->option, verbs[i].option);
		*ret = &verbs[i];
	}
	return STATUS_OK;
}

/* What only staging takes. */
static int check_staging(
    const struct app *app, const struct arguments *args, const struct way *verb)
{
	static const char *const only[] = { "replace", "field", "from-json", "from-env", "expires",
		"works-from" };
	const char *reason = option_value(args, "reason");

	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		if (option_is_given(args, only[i]) &&
		    (verb == NULL || verb->event != ROTATION_STAGE) &&
		    (strcmp(only[i], "expires") != 0 || !option_is_given(args, "driver")))
			return fail(app, STATUS_USAGE, "--%s goes with --stage", only[i]);
	if (reason != NULL && verb == NULL)
		return fail(app, STATUS_USAGE, "--reason goes with a step, as --stage");
	return reason == NULL ? STATUS_OK : rotation_reason_check(app, "reason", reason);
}

/* A new credential has the fields of the old one: a name that it doesn't have is a slip. */
static int check_fields(
    const struct app *app, const struct fields *f, const struct vault_entry_info *info)
{
	for (size_t i = 0; i < f->n; i++) {
		size_t k = 0;

		while (k < info->n_fields && strcmp(info->fields[k], f->field[i].name) != 0)
			k++;
		if (k == info->n_fields)
			return fail(app, STATUS_NOT_FOUND,
			    "%s has no field %s; \"touchvault show %s\" shows its fields",
			    info->name, f->field[i].name, info->name);
	}
	return STATUS_OK;
}

static int check_dates(const struct app *app, int64_t expires, int64_t works_from, int64_t now)
{
	const char *wrong = rotate_dates_wrong(expires, works_from, now);

	return wrong == NULL ? STATUS_OK : fail(app, STATUS_USAGE, "%s", wrong);
}

static const char *why_of(const struct app *app, const struct arguments *args,
    const struct vault *v, const struct vault_entry_info *info, enum rotation_event event)
{
	const char *given = option_value(args, "reason");

	if (given != NULL)
		return given;
	if (event != ROTATION_STAGE && event != ROTATION_REPLACE)
		return "";
	if (*info->rotate_reason != '\0')
		return info->rotate_reason;
	return rotation_status_name(vault_entry_outlook(v, info, app->now).status);
}

static int stage(struct app *app, const struct arguments *args, struct vault *v, struct rotate *r)
{
	const struct vault_entry_info *info = vault_entry_find(v, r->name);
	__attribute__((cleanup(fields_clearp))) struct fields f = { .of = info };
	int status = rotation_date_option(app, args, "expires", NULL, &r->step.expires);

	if (option_is_given(args, "replace"))
		r->step.event = ROTATION_REPLACE;
	if (status == 0)
		status = rotation_date_option(app, args, "works-from", NULL, &r->step.works_from);
	if (status == 0)
		status = rotate_check(app, v, r);
	if (status == 0)
		status = check_dates(app, r->step.expires, r->step.works_from, r->step.now);
	if (status == 0)
		status = fields_options(app, args, &f);
	if (status == 0)
		status = fields_collect(app, args, true, &f);
	if (status == 0)
		status = check_fields(app, &f, info);
	r->step.fields = f.field;
	r->step.n_fields = f.n;
	return status == 0 ? rotate_step(app, v, false, r) : status;
}

static int make(struct app *app, const struct arguments *args, struct vault *v,
    const struct way *verb, struct rotate *r)
{
	int status;

	if (verb->event == ROTATION_STAGE)
		status = stage(app, args, v, r);
	else if (verb->event == ROTATION_VERIFY)
		status = rotate_verify(app, v, option_value(args, "verify"), r);
	else if (verb->event == ROTATION_RETIRE && option_is_given(args, "revoked"))
		status = rotate_revoke_and_retire(app, v, r);
	else
		status = rotate_step(app, v, false, r);
	return status == 0 && app->json ? rotate_status(app, v, r->name) : status;
}

static int guide(struct app *app, const char *name)
{
	if (terminal_available())
		return rotate_guide(app, name);
	return fail(app, STATUS_USAGE,
	    "there is no terminal to ask on; \"touchvault rotate %s --status\" says which step "
	    "comes next",
	    name);
}

/* A driver, or all of a directory: what goes with what, and the time limit. */
static int check_driver(
    const struct app *app, const struct arguments *args, const struct way *verb, int *ret_seconds)
{
	const char *timeout = option_value(args, "timeout");
	bool driver = option_is_given(args, "driver"), due = option_is_given(args, "due");
	char *end;
	long n = DRIVER_SECONDS;

	if (driver + due + (verb != NULL) + option_is_given(args, "status") > 1)
		return fail(app, STATUS_USAGE,
		    "--driver and --due make all steps; give neither another one nor --status");
	if (due != (args->n_operands == 0))
		return fail(app, STATUS_USAGE, "name one entry, or use --due --driver-dir DIR");
	if (due != option_is_given(args, "driver-dir"))
		return fail(app, STATUS_USAGE, "--due and --driver-dir go together");
	if (timeout != NULL) {
		n = strtol(timeout, &end, 10);
		if (!driver && !due)
			return fail(app, STATUS_USAGE, "--timeout goes with --driver or --due");
		if (*timeout < '0' || *timeout > '9' || *end != '\0' || n < 1 ||
		    n > DRIVER_SECONDS_MAX)
			return fail(app, STATUS_USAGE, "--timeout takes 1 to %d seconds",
			    DRIVER_SECONDS_MAX);
	}
	*ret_seconds = (int)n;
	return STATUS_OK;
}

static int drive(
    struct app *app, const struct arguments *args, struct vault *v, const char *name, int seconds)
{
	__attribute__((cleanup(driver_clear))) struct driver d = { .seconds = seconds };
	const struct vault_entry_info *info = vault_entry_find(v, name);
	char purpose[VAULT_NAME_MAX + 32];
	int64_t expires = 0, now = rotation_now(app, v);
	bool waits = false;
	int status = rotation_date_option(app, args, "expires", NULL, &expires), err;

	if (status == 0)
		status = check_dates(app, expires, 0, now);
	if (status != 0)
		return status;
	err = vault_commit_check(v);
	if (err != 0)
		return fail_vault(app, err);
	status = driver_find(app, option_value(args, "driver"), &d);
	if (status == 0)
		status = rotate_driver_check(app, v, info, now, &waits);
	(void)snprintf(purpose, sizeof(purpose), "rotate %s by a driver", name);
	if (status == 0 && !waits)
		status = session_unlock(app, v, info, purpose);
	if (status == 0 && !waits)
		status = rotate_by_driver(app, v, name, &d, expires);
	return status == 0 && app->json ? rotate_status(app, v, name) : status;
}

static int check(const struct app *app, const struct arguments *args, const struct way **ret_verb,
    int *ret_seconds)
{
	int status = STATUS_OK;

	if (args->n_operands > 0)
		status = session_name_check(app, args->operands[0]);
	if (status == 0)
		status = choose_verb(app, args, ret_verb);
	if (status == 0)
		status = check_driver(app, args, *ret_verb, ret_seconds);
	return status == 0 ? check_staging(app, args, *ret_verb) : status;
}

int cmd_rotate(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct rotate r = { .name = args->operands[0] };
	const struct vault_entry_info *info;
	const struct way *verb;
	_cleanup_close_ int lock = -1;
	int seconds = DRIVER_SECONDS, status = check(app, args, &verb, &seconds);

	if (status == 0 && (option_is_given(args, "due") || option_is_given(args, "driver")))
		status = driver_lock(app, &lock);
	if (status == 0 && option_is_given(args, "due"))
		return rotate_all_due(app, option_value(args, "driver-dir"), seconds);
	if (status == 0)
		status = session_open(app, &v);
	if (status == 0)
		status = session_find(app, v, r.name, &info);
	if (status != 0)
		return status;
	if (option_is_given(args, "status"))
		return rotate_status(app, v, r.name);
	if (option_is_given(args, "driver"))
		return drive(app, args, v, r.name, seconds);
	if (verb == NULL)
		return guide(app, r.name);
	r.step.event = verb->event;
	(void)snprintf(r.why, sizeof(r.why), "%s", why_of(app, args, v, info, verb->event));
	return make(app, args, v, verb, &r);
}
