/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/stale.h"

#include <stdio.h>

#include "cli/output.h"
#include "cli/rotation_info.h"

void stale_look(const struct app *app, struct vault *v, struct stale *ret)
{
	struct vault_summary s;

	vault_summarize(v, &s);
	*ret = (struct stale){ .opened = vault_last_unlock(v) };
	ret->days = rotation_days(app->now, ret->opened);
	ret->is_stale = s.trust == VAULT_TRUST_VERIFIED && ret->days > STALE_DAYS;
}

const char *stale_text(const struct stale *s, char buf[static STALE_TEXT_MAX])
{
	char since[64], date[32];

	(void)snprintf(since, sizeof(since), "was last opened with a touch here %lld days ago, %s",
	    (long long)s->days, text_date(s->opened, date));
	(void)snprintf(buf, STALE_TEXT_MAX,
	    "the vault %s, so changes of other hosts may be missing; see that this copy is the "
	    "newest, and open it with a touch, as \"touchvault log verify\" does",
	    s->opened == 0 ? "was not opened with a touch here, by this host's log" : since);
	return buf;
}

void stale_tell(const struct app *app, struct vault *v, struct stale *ret)
{
	char text[STALE_TEXT_MAX];

	stale_look(app, v, ret);
	if (ret->is_stale)
		warn(app, "%s", stale_text(ret, text));
}
