/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/policy.h"

#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/snooze.h"

int policy_read_check(const struct app *app, struct vault *v, const struct vault_entry_info *info,
    bool allowed, int64_t now)
{
	struct rotation_outlook o = vault_entry_outlook(v, info, now);
	enum policy_overdue overdue = vault_policy(v)->overdue;
	const char *what =
	    o.status == ROTATION_EXPIRED ? "expired on" : "is overdue: it was to be rotated by";
	char date[32];

	if (o.status < ROTATION_OVERDUE || overdue == POLICY_IGNORE)
		return STATUS_OK;
	if (overdue == POLICY_REFUSE && !allowed)
		return fail(app, STATUS_POLICY,
		    "%s %s %s, and the vault's policy refuses it now; \"touchvault rotate %s\" "
		    "replaces it",
		    info->name, what, text_date(o.at, date), info->name);
	/* Who snoozed it knows; a refusal isn't put off. */
	snooze_apply(app, v);
	if (!vault_entry_outlook(v, info, now).snoozed || overdue == POLICY_REFUSE)
		warn(app, "%s %s %s; \"touchvault rotate %s\" replaces it", info->name, what,
		    text_date(o.at, date), info->name);
	return STATUS_OK;
}

int policy_every_check(const struct app *app, const struct policy *p, struct period every)
{
	char most[PERIOD_TEXT_MAX];

	if (!period_is_set(every) || !policy_exceeded(p, every))
		return STATUS_OK;
	return fail(app, STATUS_POLICY,
	    "the vault's policy wants every key rotated within %s; use a shorter --every, or "
	    "change \"touchvault policy --max-age\"",
	    period_print(p->max_age, most));
}

bool policy_bounds(const struct vault *v, const struct vault_entry_info *info)
{
	struct schedule s = schedule_effective(&info->rotation.schedule, vault_schedule(v));

	return policy_exceeded(vault_policy(v), s.every);
}

size_t policy_in_time(const struct vault *v, int64_t now)
{
	const struct vault_entry_info *info;
	size_t n = 0;

	for (size_t i = 0; (info = vault_entry_at(v, i)) != NULL; i++)
		n += vault_entry_outlook(v, info, now).status < ROTATION_OVERDUE;
	return n;
}
