/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/recovery_open.h"

#include <stdio.h>

#include "cli/clock.h"
#include "cli/host_kind.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

/* In locked memory. */
struct typed {
	char code[VAULT_RECOVERY_TEXT];
	char line[256];
};

/* Group by group, or several at once, as a reader of QR codes types them. */
static int ask_groups(const struct app *app, struct typed *s)
{
	char prompt[32];
	size_t n = 0, len;
	int r;

	terminal_say("Type the code of the recovery sheet, a group a line; it is not shown");
	while (n < VAULT_RECOVERY_GROUPS) {
		(void)snprintf(
		    prompt, sizeof(prompt), "Group %zu of %d: ", n + 1, VAULT_RECOVERY_GROUPS);
		r = terminal_ask(app, prompt, true, "type the groups one by one", s->line,
		    sizeof(s->line), &len);
		if (r != 0)
			return r;
		if (vault_recovery_code_type(s->line, s->code, &n) == 0)
			continue;
		/* What was pasted behind it would be taken for this one. */
		terminal_drop();
		if (n < VAULT_RECOVERY_GROUPS)
			terminal_say("Group %zu is not right; compare it with the sheet and type "
				     "it again",
			    n + 1);
		else
			terminal_say("The code has %d groups; what was typed behind them counts "
				     "for nothing",
			    VAULT_RECOVERY_GROUPS);
	}
	return STATUS_OK;
}

static int ask_code(const struct app *app, struct typed *s)
{
	int r;

	terminal_hide();
	r = ask_groups(app, s);
	terminal_hide_end();
	return r;
}

int recovery_open(
    struct app *app, const struct paths *p, const struct vault_new_host *new, struct vault **ret)
{
	_cleanup_secret_ struct typed *s = secret_alloc(sizeof(*s));
	const struct vault_paths vp = paths_for_vault(p);
	int r = terminal_require(app, "type the code");

	if (r != 0)
		return r;
	if (s == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = ask_code(app, s);
	if (r != 0)
		return session_log_closed(p, r);
	r = vault_recovery_open(&vp, &app->accept, new, s->code, ret);
	if (r != 0)
		return session_refused(app, p, r);
	host_kind_note(app, vault_without_tpm(*ret));
	session_note_trust(app, *ret);
	clock_hold_and_tell(app, p, *ret);
	return STATUS_OK;
}
