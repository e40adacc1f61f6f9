/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/udev_advice.h"
#include "cli/udev_permission.h"

const struct option_spec udev_options[] = {
	{ "lock-screen", NULL, false,
	    "the second file too, which locks screens at the seat when a token is unplugged" },
	OPTIONS_END,
};

#define LOCK_SCREEN "lock-screen"
#define NOT_RUNNING                                                                    \
	", and not in force: no udev runs here; it takes them in when it starts, and " \
	"in a container the host's rules count"

struct look {
	struct udev_host host;
	struct udev_token tokens[UDEV_TOKENS_MAX];
	size_t n;
};

static const char *const kinds[] = {
	[UDEV_FIDO] = "FIDO",
	[UDEV_YUBIKEY] = "HMAC slots",
};
static const char *const kind_codes[] = {
	[UDEV_FIDO] = "fido2",
	[UDEV_YUBIKEY] = "ykotp",
};

static const struct {
	const char *code, *text;
} states[] = {
	[UDEV_RULES_ABSENT] = { "absent", "not installed" },
	[UDEV_RULES_MASKED] = { "masked", "masked by an empty file" },
	[UDEV_RULES_DIFFER] = { "differ", "of another version, or edited" },
	[UDEV_RULES_SAME] = { "installed", "as they should be" },
};

static const char *given_by(const struct udev_token *t)
{
	if (t->applied)
		return "touchvault's rules were applied";
	return t->tagged ? "other rules give it to who is at the seat"
			 : "no rule gives it to anybody";
}

static void print_token(const struct look *look, const struct udev_token *t)
{
	enum udev_cause cause = udev_cause(&look->host, t);
	struct udev_advice advice;

	out("\n%s  %s (%s)\n", t->node, t->product, kinds[t->kind]);
	if (t->error != ENOENT)
		udev_permission_print(t);
	out("  %s\n", given_by(t));
	if (cause == UDEV_FINE) {
		out("  you can open it, by %s\n", udev_by_text(t));
		return;
	}
	udev_advise(cause, &look->host, t, &advice);
	out("  you can't open it (%s): %s\n  to mend it, %s \"%s\"%s\n", strerror(t->error),
	    advice.why, advice.how, advice.command, advice.then);
}

static void print_look(const struct look *look)
{
	const struct udev_host *h = &look->host;

	out("udev rules  %s%s%s\n", h->rules_path, *h->rules_path == '\0' ? "" : ", ",
	    states[h->rules].text);
	if (h->container)
		out("container   this is one: who may open a token is the host's to say\n");
	if (h->wsl)
		out("WSL         this is one: Windows passes tokens on, by \"usbipd attach\"\n");
	for (size_t i = 0; i < look->n; i++)
		print_token(look, &look->tokens[i]);
}

static json_t *token_json(const struct look *look, const struct udev_token *t)
{
	enum udev_cause cause = udev_cause(&look->host, t);
	struct udev_advice advice = { .why = NULL };

	if (cause != UDEV_FINE)
		udev_advise(cause, &look->host, t, &advice);
	return json_pack("{s:s,s:s,s:s,s:b,s:s?,s:b,s:b,s:o?,s:s,s:s?,s:s?}", "device", t->node,
	    "kind", kind_codes[t->kind], "product", t->product, "opens", cause == UDEV_FINE, "by",
	    udev_by_code(t), "rules_applied", t->applied, "uaccess", t->tagged, "permission",
	    t->error == ENOENT ? NULL : udev_permission_json(t), "cause", udev_cause_code(cause),
	    "why", advice.why, "mend", cause == UDEV_FINE ? NULL : advice.command);
}

static int print_json(const struct app *app, const struct look *look)
{
	const struct udev_host *h = &look->host;
	json_t *tokens = json_array();

	for (size_t i = 0; i < look->n; i++)
		(void)json_array_append_new(tokens, token_json(look, &look->tokens[i]));
	return out_json(
	    app, json_pack("{s:{s:s,s:s?},s:b,s:b,s:o}", "rules", "state", states[h->rules].code,
		     "path", *h->rules_path == '\0' ? NULL : h->rules_path, "container",
		     h->container, "wsl", h->wsl, "tokens", tokens));
}

/* One sentence on standard error for the first that is wrong. */
static int judge(const struct app *app, const struct look *look)
{
	const struct udev_token *t = NULL;
	enum udev_cause cause = UDEV_FINE;
	struct udev_advice advice;

	if (look->n == 0)
		cause = udev_cause(&look->host, NULL);
	for (size_t i = 0; i < look->n && cause == UDEV_FINE; i++) {
		t = &look->tokens[i];
		cause = udev_cause(&look->host, t);
	}
	if (cause == UDEV_FINE)
		return STATUS_OK;
	udev_advise(cause, &look->host, t, &advice);
	return fail(app, t == NULL ? STATUS_NO_TOKEN : STATUS_TOKEN_PERMISSION,
	    "%s%s%s; %s \"%s\"%s", t == NULL ? "" : t->node, t == NULL ? "" : ": ", advice.why,
	    advice.how, advice.command, advice.then);
}

static int udev_check(struct app *app, const struct arguments *args, struct vault *v)
{
	static struct look look;
	int r;

	(void)args, (void)v;
	udev_look(&look.host, look.tokens, &look.n);
	if (app->json) {
		r = print_json(app, &look);
	} else {
		print_look(&look);
		r = out_done(app);
	}
	return r == 0 ? judge(app, &look) : r;
}

static int require_root(const struct app *app, const char *verb)
{
	char command[PATH_MAX + 64];

	if (geteuid() == 0)
		return STATUS_OK;
	return fail(app, STATUS_ERROR, "only root may change udev rules; run \"%s\"",
	    udev_sudo(verb, command, sizeof(command)));
}

static int fail_udev(const struct app *app, int err)
{
	const char *what = udev_strerror(err);

	switch ((enum udev_err)err) {
	case UDEV_ERR_NO_DIRECTORY:
		return fail(app, STATUS_NOT_FOUND,
		    "%s; install udev, or write what \"touchvault udev show\" prints to where this "
		    "system keeps its rules",
		    what);
	case UDEV_ERR_UNSAFE:
		return fail(app, STATUS_UNSAFE,
		    "%s; run \"chown root: " UDEV_RULES_DIR " && chmod go-w " UDEV_RULES_DIR "\"",
		    what);
	case UDEV_ERR_FOREIGN:
		return fail(app, STATUS_EXISTS,
		    UDEV_RULES_DIR "/%s: %s; move it away if you don't want it (an empty one masks "
				   "touchvault's)",
		    udev_where(), what);
	case UDEV_ERR_RELOAD:
		return fail(app, STATUS_ERROR,
		    "%s; run \"udevadm control --reload\" and plug the token in again", what);
	case UDEV_OK:
	case UDEV_ERR_IO:
		break;
	}
	return fail(app, STATUS_ERROR, "%s (%s); check that it can be written", what,
	    strerror(udev_errno()));
}

static int report(const struct app *app, const struct udev_change *c, const char *said)
{
	if (app->json)
		return out_json(app, json_pack("{s:b}", "changed", c->changed));
	note(app, "%s", said);
	return STATUS_OK;
}

static const char *install_said(const struct udev_change *c)
{
	if (!c->running)
		return c->changed ? "the rules are in " UDEV_RULES_DIR NOT_RUNNING
				  : "the rules were there already" NOT_RUNNING;
	return c->changed ? "the rules are in " UDEV_RULES_DIR " and in force"
			  : "the rules were there already; udev has applied them once more";
}

static int udev_install_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	bool lock = option_is_given(args, LOCK_SCREEN);
	struct udev_change change;
	int r = require_root(app, lock ? "install --" LOCK_SCREEN : "install");

	(void)v;
	if (r != 0)
		return r;
	r = udev_install(lock, &change);
	return r == 0 ? report(app, &change, install_said(&change)) : fail_udev(app, r);
}

static const char *remove_said(const struct udev_change *c, bool last)
{
	if (!c->changed)
		return "there were none in " UDEV_RULES_DIR;
	return last && c->running
		   ? "the rules are taken out of " UDEV_RULES_DIR
		     "; plug tokens in anew: until then they stay open to whom they were open"
		   : "the rules are taken out of " UDEV_RULES_DIR;
}

static int udev_remove_verb(struct app *app, const struct arguments *args, struct vault *v)
{
	char path[UDEV_RULES_PATH_MAX];
	struct udev_change change;
	int r = require_root(app, "remove");

	(void)args, (void)v;
	if (r != 0)
		return r;
	r = udev_remove(&change);
	if (r != 0)
		return fail_udev(app, r);
	if (udev_rules_find(UDEV_RULES_NAME, udev_rules_text, path) != UDEV_RULES_ABSENT)
		note(app, "%s is the package's, and stays", path);
	return report(app, &change, remove_said(&change, *path == '\0'));
}

static int udev_show(struct app *app, const struct arguments *args, struct vault *v)
{
	bool lock = option_is_given(args, LOCK_SCREEN);

	(void)v;
	if (app->json)
		return out_json(app, json_pack("{s:s,s:s?}", UDEV_RULES_NAME, udev_rules_text,
					 UDEV_LOCK_NAME, lock ? udev_lock_text : NULL));
	out_text(udev_rules_text, 0);
	if (lock)
		out_text(udev_lock_text, 0);
	return out_done(app);
}

const struct verb udev_verbs[] = {
	{ "check", "", "", udev_check, 0, "who may open the tokens, and what mends it" },
	{ "install", "", LOCK_SCREEN, udev_install_verb, 0, "install the udev rules" },
	{ "remove", "", "", udev_remove_verb, 0, "remove the udev rules" },
	{ "show", "", LOCK_SCREEN, udev_show, 0, "print the udev rules" },
	VERBS_END,
};
