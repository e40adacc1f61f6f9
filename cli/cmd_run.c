/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/child.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "token/token.h"
#include "vault/cleanup.h"

#define PURPOSE_MAX 512
#define ENTRIES_SHOWN 3

const struct option_spec run_options[] = {
	{ "env", "VAR=NAME:FIELD", true, "a field in a variable" },
	{ "env-all", "NAME", true, "all fields of an entry, each in the variable of its name" },
	{ "file", "VAR=NAME:FIELD", true, "a field in a file in memory, whose path is in VAR" },
	{ "pristine", NULL, false, "give the command these variables and no other" },
	POLICY_OPTION,
	ROTATION_SET_OPTIONS,
	OPTIONS_END,
};

static bool is_first(const struct child *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(c->v[k].entry, c->v[i].entry) == 0)
			return false;
	return true;
}

/* "run bot with ibkr/live, kraken": what the person at the token reads. */
static void purpose_print(const struct child *c, const char *program, char ret[static PURPOSE_MAX])
{
	const char *slash = strrchr(program, '/');
	size_t shown = 0, at;

	at = (size_t)snprintf(
	    ret, PURPOSE_MAX, "run %.64s with", slash != NULL ? slash + 1 : program);
	for (size_t i = 0; i < c->n; i++) {
		if (!is_first(c, i))
			continue;
		if (shown == ENTRIES_SHOWN) {
			(void)snprintf(ret + at, PURPOSE_MAX - at, " and more");
			return;
		}
		at += (size_t)snprintf(ret + at, PURPOSE_MAX - at, "%s %s%s",
		    shown++ > 0 ? "," : "", rotation_set_text(c->set), c->v[i].entry);
	}
}

static int check_policy(
    const struct app *app, const struct arguments *args, struct vault *v, const struct child *c)
{
	bool allowed = option_is_given(args, "overdue");
	int64_t now = rotation_now(app, v);
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (is_first(c, i))
			r = policy_read_check(
			    app, v, vault_entry_find(v, c->v[i].entry), allowed, now);
	return r;
}

/* Everything of the vault is gone from memory when this returns, but what the
 * program is to have. */
static int fetch(struct app *app, const struct arguments *args, struct child *c, char **ret_program)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	char purpose[PURPOSE_MAX];
	int r = session_open(app, &v);

	if (r == 0)
		r = child_look_up(app, args, v, c);
	if (r == 0)
		r = child_find(app, args->operands[0], ret_program);
	if (r == 0 && c->set == VAULT_SET_CURRENT)
		r = check_policy(app, args, v, c);
	if (r != 0)
		return r;
	purpose_print(c, args->operands[0], purpose);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		if (is_first(c, i))
			r = vault_entry_check(v, vault_entry_find(v, c->v[i].entry));
	if (r != 0)
		return fail_vault(app, r);
	r = session_unlock(app, v, NULL, purpose);
	return r == 0 ? child_fill(app, v, c) : r;
}

int cmd_run(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(child_freep))) struct child *c = calloc(1, sizeof(*c));
	_cleanup_free_ char *program = NULL;
	int r;

	if (c == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (args->n_operands == 0)
		return fail(app, STATUS_USAGE, "no command is named; it comes after \"--\"");
	r = rotation_set_option(app, args, &c->set);
	if (r == 0)
		r = child_parse(app, args, c);
	if (r == 0)
		r = fetch(app, args, c, &program);
	token_end(); /* it would be the command's child */
	if (r == 0)
		r = child_exec(app, c, option_is_given(args, "pristine"), program, args->operands);
	return r;
}
