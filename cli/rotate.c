/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/rotate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/child.h"
#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"

/* Where the staged one may be the only one that works, it isn't dropped. */
static const char *or_abort(const struct schedule *s)
{
	return s->mode == ROTATION_ATOMIC ? "" : ", or --abort";
}

static int refuse(const struct app *app, const struct vault_entry_info *info,
    const struct schedule *s, enum rotation_answer answer)
{
	const struct rotation *r = &info->rotation;
	const char *name = info->name;
	char date[32];

	switch (answer) {
	case ROTATION_GO:
		return STATUS_OK;
	case ROTATION_NONE_STAGED:
		return fail(app, STATUS_NOT_FOUND,
		    "%s has no staged credential; \"touchvault rotate %s --stage\" stages one",
		    name, name);
	case ROTATION_IS_STAGED:
		return fail(app, STATUS_EXISTS,
		    "%s has a staged credential already, since %s, by %s; go on with --verify or "
		    "--promote, drop it with --abort, or put another in its place with --stage "
		    "--replace",
		    name, text_time(r->since, date), r->host);
	case ROTATION_HAS_OLD:
		return fail(app, STATUS_EXISTS,
		    "the old credential of %s is still there; revoke it at the broker, then "
		    "\"touchvault rotate %s --revoked --retire\"",
		    name, name);
	case ROTATION_NO_OLD:
		return fail(app, STATUS_NOT_FOUND,
		    "%s has no old credential; it has one from --promote to --retire", name);
	case ROTATION_NOT_REVOKED:
		return fail(app, STATUS_USAGE,
		    "the old credential of %s may still open the account; revoke it at the broker, "
		    "then use --revoked --retire",
		    name);
	case ROTATION_WAS_REVOKED:
		return fail(app, STATUS_USAGE,
		    "the old credential of %s is revoked at the broker; \"touchvault rotate %s "
		    "--retire\" wipes it",
		    name, name);
	case ROTATION_WAS_PROMOTED:
		return fail(app, STATUS_EXISTS,
		    "the new credential of %s is in use since %s; --rollback goes back to the old "
		    "one",
		    name, text_time(r->since, date));
	case ROTATION_ONLY_ONE:
		return fail(app, STATUS_USAGE,
		    "the staged credential of %s may be the only one that works, as its mode is "
		    "atomic; if the broker still takes the old one, use \"touchvault schedule %s "
		    "--mode overlap\" and repeat",
		    name, name);
	case ROTATION_TOO_EARLY:
		return fail(app, STATUS_USAGE,
		    "the staged credential of %s works from %s on; repeat then", name,
		    text_time(r->works_from, date));
	case ROTATION_GRACE_OVER:
		return fail(app, STATUS_USAGE,
		    "the grace of the old credential of %s was over on %s; if the broker still "
		    "takes "
		    "it, use \"touchvault schedule %s --grace PERIOD\" and repeat",
		    name, text_time(period_after(r->since, s->grace), date), name);
	case ROTATION_OTHER_EXPIRED:
		if (r->state == ROTATION_PROMOTED)
			return fail(app, STATUS_USAGE,
			    "the old credential of %s expired on %s; keep the one in use, or, when "
			    "the old one is retired, stage another",
			    name, text_time(r->other_expires, date));
		return fail(app, STATUS_USAGE,
		    "the staged credential of %s expired on %s; put another in its place with "
		    "--stage --replace%s",
		    name, text_time(r->other_expires, date), or_abort(s));
	}
	return fail_vault(app, VAULT_ERR_INTERNAL);
}

int rotate_check(struct app *app, const struct vault *v, struct rotate *r)
{
	const struct vault_entry_info *info;
	enum rotation_state next;
	struct schedule s;
	int status = session_find(app, v, r->name, &info);

	if (status != 0)
		return status;
	if (r->step.now == 0)
		r->step.now = rotation_now(app, v);
	r->step.version = info->version;
	s = vault_entry_schedule(v, info);
	return refuse(
	    app, info, &s, rotation_check(&info->rotation, &s, r->step.event, r->step.now, &next));
}

static int change(struct vault *v, void *ctx)
{
	const struct rotate *r = ctx;

	return vault_entry_step(v, r->name, &r->step);
}

static const char *purpose_of(enum rotation_event event)
{
	switch (event) {
	case ROTATION_STAGE:
	case ROTATION_REPLACE:
		return "stage a new credential of";
	case ROTATION_VERIFY:
		return "try the staged credential of";
	case ROTATION_PROMOTE:
		return "use the new credential of";
	case ROTATION_ROLLBACK:
		return "go back to the old credential of";
	case ROTATION_REVOKE:
		return "note the end of the old credential of";
	case ROTATION_RETIRE:
		return "wipe the old credential of";
	case ROTATION_ABORT:
		return "drop the staged credential of";
	}
	return "rotate";
}

static const char *done_text(enum rotation_event event)
{
	switch (event) {
	case ROTATION_STAGE:
	case ROTATION_REPLACE:
		return "the new credential is staged";
	case ROTATION_VERIFY:
		return "the staged credential is verified";
	case ROTATION_PROMOTE:
		return "the new credential is in use";
	case ROTATION_ROLLBACK:
		return "the old credential is in use again, the new one is staged";
	case ROTATION_REVOKE:
		return "the old credential is noted as revoked";
	case ROTATION_RETIRE:
		return "the old credential is wiped";
	case ROTATION_ABORT:
		return "the staged credential is dropped";
	}
	return "done";
}

static int unlock(struct app *app, struct vault *v, const struct rotate *r)
{
	char purpose[VAULT_NAME_MAX + 64];
	int err = vault_commit_check(v);

	if (err != 0)
		return fail_vault(app, err);
	(void)snprintf(purpose, sizeof(purpose), "%s %s", purpose_of(r->step.event), r->name);
	return session_unlock(app, v, vault_entry_find(v, r->name), purpose);
}

int rotate_step(struct app *app, struct vault *v, bool unlocked, struct rotate *r)
{
	int status = rotate_check(app, v, r), err;

	r->step.why = r->why;
	if (status == 0 && !unlocked)
		status = unlock(app, v, r);
	if (status != 0)
		return status;
	err = session_commit(app, v, change, r);
	if (err == VAULT_ERR_EXISTS)
		return fail(app, STATUS_EXISTS,
		    "these are the values that %s has now; make a new key at the broker and give "
		    "that",
		    r->name);
	if (err != 0)
		return fail_vault(app, err);
	note(app, "%s: %s", r->name, done_text(r->step.event));
	return STATUS_OK;
}

/* The command's own status is *ret. */
static int try_staged(struct app *app, struct vault *v, const char *command, struct rotate *r,
    struct child *c, int *ret)
{
	int status = rotate_check(app, v, r);

	c->set = VAULT_SET_STAGED;
	if (status == 0)
		status = child_take_all(app, vault_entry_find(v, r->name), c);
	if (status == 0)
		status = unlock(app, v, r);
	if (status == 0)
		status = child_fill(app, v, c);
	return status == 0 ? child_shell(app, c, command, ret) : status;
}

int rotate_verify(struct app *app, struct vault *v, const char *command, struct rotate *r)
{
	__attribute__((cleanup(child_freep))) struct child *c = calloc(1, sizeof(*c));
	int status, ended = 0;

	if (c == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (command[strspn(command, " \t\n")] == '\0')
		return fail(app, STATUS_USAGE,
		    "a command is to try it, and this one is empty; \"touchvault rotate %s "
		    "--promote\" promotes without",
		    r->name);
	r->step.event = ROTATION_VERIFY;
	status = try_staged(app, v, command, r, c, &ended);
	if (status == 0 && ended != 0)
		status = fail(app, STATUS_ERROR,
		    "the command ended with %d; nothing was changed, the new credential of %s is "
		    "still staged",
		    ended, r->name);
	if (status == 0)
		status = rotate_step(app, v, true, r);
	r->step.event = ROTATION_PROMOTE;
	return status == 0 ? rotate_step(app, v, true, r) : status;
}

int rotate_revoke_and_retire(struct app *app, struct vault *v, struct rotate *r)
{
	const struct vault_entry_info *info;
	int status = session_find(app, v, r->name, &info);
	bool revoked = status == 0 && info->rotation.state == ROTATION_REVOKED;

	/* A first try may have come as far as that. */
	r->step.event = ROTATION_REVOKE;
	if (status == 0 && !revoked)
		status = rotate_step(app, v, false, r);
	r->step.event = ROTATION_RETIRE;
	return status == 0 ? rotate_step(app, v, !revoked, r) : status;
}

const char *rotate_dates_wrong(int64_t expires, int64_t works_from, int64_t now)
{
	if (expires != 0 && expires <= now)
		return "the date at which the broker ends it is over already; look at the year";
	if (expires != 0 && expires <= works_from)
		return "the broker would end it before it works; look at both dates";
	return NULL;
}

bool rotate_other_expired(const struct vault_entry_info *info, int64_t now)
{
	return info->rotation.other_expires != 0 && now >= info->rotation.other_expires;
}

static void next_of_staged(const struct rotation *r, const struct schedule *s, bool expired,
    int64_t now, char buf[static ROTATE_NEXT_MAX])
{
	char date[32];

	if (expired)
		(void)snprintf(buf, ROTATE_NEXT_MAX,
		    "the new one expired on %s: put another in its place with --stage --replace%s",
		    text_time(r->other_expires, date), or_abort(s));
	else if (now < r->works_from)
		(void)snprintf(buf, ROTATE_NEXT_MAX,
		    "wait until %s, when the new one works; then --verify or --promote it",
		    text_time(r->works_from, date));
	else
		(void)snprintf(buf, ROTATE_NEXT_MAX, "%s%s",
		    r->state == ROTATION_VERIFIED ? "--promote the new one"
						  : "--verify the new one, or --promote it",
		    or_abort(s));
}

const char *rotate_next(const struct vault *v, const struct vault_entry_info *info, int64_t now,
    char buf[static ROTATE_NEXT_MAX])
{
	struct rotation_outlook o = vault_entry_outlook(v, info, now);
	struct schedule s = vault_entry_schedule(v, info);
	bool expired = rotate_other_expired(info, now);
	char date[32];

	switch (info->rotation.state) {
	case ROTATION_ACTIVE:
		(void)snprintf(
		    buf, ROTATE_NEXT_MAX, "make a new key at the broker, then --stage it");
		break;
	case ROTATION_STAGED:
	case ROTATION_VERIFIED:
		next_of_staged(&info->rotation, &s, expired, now, buf);
		break;
	case ROTATION_PROMOTED:
		if (o.status == ROTATION_GRACE)
			(void)snprintf(buf, ROTATE_NEXT_MAX,
			    "restart what uses it, revoke the old one at the broker by %s, then "
			    "--revoked --retire%s",
			    text_time(o.retire_by, date), expired ? "" : "; or --rollback");
		else
			(void)snprintf(buf, ROTATE_NEXT_MAX,
			    "restart what uses it, revoke the old one at the broker now, then "
			    "--revoked --retire");
		break;
	case ROTATION_REVOKED:
		(void)snprintf(buf, ROTATE_NEXT_MAX, "--retire the old one, which wipes it");
		break;
	}
	return buf;
}

static int status_json(const struct app *app, const struct vault *v,
    const struct vault_entry_info *info, const struct rotation_outlook *o, int64_t now)
{
	struct schedule s = vault_entry_schedule(v, info);
	const struct rotation *r = &info->rotation;
	json_t *j = standing_json(info, o, now), *more;
	char next[ROTATE_NEXT_MAX];

	more = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "schedule", schedule_json(&s), "made",
	    time_json(r->made), "since", time_json(r->since), "host",
	    r->state == ROTATION_ACTIVE ? json_null() : text_json(r->host), "works_from",
	    time_json(r->works_from), "other_made", time_json(r->other_made), "other_expires",
	    time_json(r->other_expires), "next", rotate_next(v, info, now, next));
	if (j != NULL && (more == NULL || json_object_update(j, more) != 0)) {
		json_decref(j);
		j = NULL;
	}
	json_decref(more);
	return out_json(app, j);
}

int rotate_status(const struct app *app, const struct vault *v, const char *name)
{
	char next[ROTATE_NEXT_MAX], when[32], host[VAULT_HUMAN_NAME_MAX + 1], days[DAYS_TEXT_MAX];
	const struct vault_entry_info *info = vault_entry_find(v, name);
	int64_t now = rotation_now(app, v);
	struct rotation_outlook o = vault_entry_outlook(v, info, now);
	const struct rotation *r = &info->rotation;

	if (app->json)
		return status_json(app, v, info, &o, now);
	out("state   %s", rotation_state_name(r->state));
	if (r->state != ROTATION_ACTIVE)
		out(", since %s, by %s", text_time(r->since, when),
		    text_clean(r->host, host, sizeof(host)));
	out("\nstands  %s", rotation_status_name(o.status));
	if (o.at != 0)
		out(", %s, %s", text_date(o.at, when), text_days(o.at, now, days));
	out("\nnext    %s\n", rotate_next(v, info, now, next));
	return out_done(app);
}
