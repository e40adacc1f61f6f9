/* SPDX-License-Identifier: BSD-2-Clause */
/* Hardening first, then the command line, then one command of the table. */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/session.h"
#include "cli/verb.h"
#include "cli/witness.h"
#include "token/token.h"

#define OUTPUT_BUFFER 65536 /* for lists; secrets are not buffered */

const struct command commands[] = {
	{ "init", "[OPTION...]", "make a vault, with the first token and this host", cmd_init,
	    init_options, 0, 0, COMMAND_TOUCHES, NULL },
	{ "add", "NAME [OPTION...]", "add an entry", cmd_add, add_options, 1, 1, COMMAND_TOUCHES,
	    NULL },
	{ "edit", "NAME [OPTION...]", "change fields and labels of an entry", cmd_edit,
	    edit_options, 1, 1, COMMAND_TOUCHES, NULL },
	{ "get", "NAME [FIELD] [OPTION...]", "print a secret", cmd_get, get_options, 1, 2,
	    COMMAND_TOUCHES, NULL },
	{ "run", "[OPTION...] -- COMMAND [ARGUMENT...]",
	    "run a command with secrets in its environment", cmd_run, run_options, 0, -1,
	    COMMAND_TOUCHES | COMMAND_RUNS, NULL },
	{ "list", "[GLOB]", "list entries, without a touch", cmd_list, NULL, 0, 1, 0, NULL },
	{ "show", "NAME", "show all of an entry but its secrets, without a touch", cmd_show, NULL,
	    1, 1, 0, NULL },
	{ "rename", "FROM TO", "rename an entry", cmd_rename, NULL, 2, 2, COMMAND_TOUCHES, NULL },
	{ "remove", "NAME", "remove an entry", cmd_remove, NULL, 1, 1, COMMAND_TOUCHES, NULL },
	{ "due", "[OPTION...]", "what is to be rotated, without a touch", cmd_due, due_options, 0,
	    0, 0, NULL },
	{ "schedule", "[NAME] [OPTION...]", "show or change when entries are to be rotated",
	    cmd_schedule, schedule_options, 0, 1, 0, NULL },
	{ "policy", "[OPTION...]", "show or change defaults and bounds of all schedules",
	    cmd_policy, policy_options, 0, 0, 0, NULL },
	{ "rotate", "[NAME] [OPTION...]",
	    "replace a credential step by step, and go back if need be", cmd_rotate, rotate_options,
	    0, 1, 0, NULL },
	{ "reminders", "VERB [OPTION...]",
	    "install, remove, run, test and show the reminders of what is due, without a touch",
	    NULL, reminders_options, 1, 1, 0, reminders_verbs },
	{ "snooze", "NAME PERIOD|DATE|off", "don't tell of an entry for a while", cmd_snooze, NULL,
	    2, 2, COMMAND_TOUCHES, NULL },
	{ "history", "NAME", "show the rotations of an entry, without a touch", cmd_history, NULL,
	    1, 1, 0, NULL },
	{ "token", "VERB [NAME...] [OPTION...]",
	    "list, add, remove, rename, test and refresh the tokens, and set their PINs", NULL,
	    token_options, 1, 3, 0, token_verbs },
	{ "host", "VERB [NAME...] [OPTION...]",
	    "show, request, approve, list, revoke, rename, label and rekey the hosts", NULL,
	    host_options, 1, 3, 0, host_verbs },
	{ "recovery", "VERB [OPTION...]",
	    "create, use and remove the recovery sheet, which stands in for a lost host", NULL,
	    recovery_options, 1, 1, 0, recovery_verbs },
	{ "status", "", "show the vault, its tokens, hosts and grades, without a touch", cmd_status,
	    NULL, 0, 0, 0, NULL },
	{ "log", "[verify] [OPTION...]",
	    "show the audit log of the vault on this host, without a touch, or prove it", cmd_log,
	    log_options, 0, 1, 0, NULL },
	{ "doctor", "", "look for what else can be wrong, and say what mends it", cmd_doctor, NULL,
	    0, 0, COMMAND_PLAIN, NULL },
	{ "udev", "VERB [OPTION...]",
	    "check who may open the tokens; install, remove and show the udev rules", NULL,
	    udev_options, 1, 1, COMMAND_PLAIN, udev_verbs },
	{ "help", "[COMMAND]", "say how a command is used", cmd_help, NULL, 0, 1, COMMAND_PLAIN,
	    NULL },
	{ "version", "", "print versions", cmd_version, NULL, 0, 0, COMMAND_PLAIN, NULL },
};
const size_t commands_len = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < commands_len; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* A file of ours must never get the number of a standard descriptor. A closed
 * standard output stays one that can't be written, so that data which nobody
 * gets is reported. */
static bool standard_descriptors(void)
{
	static const int mode[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode[fd] | O_NOCTTY) != fd)
			return false;
	return true;
}

/* SECURITY.md, section 6. */
static bool harden(struct app *app)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	app->umask = umask(077);
	(void)unsetenv("FIDO_DEBUG");
	/* A reader that goes away, or a limit that is reached, is an error of write,
	 * which is reported. */
	app->sigpipe_ignored = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
	app->sigxfsz_ignored = signal(SIGXFSZ, SIG_IGN) == SIG_IGN;
	/* Ignored, it would leave no child's status to wait for. */
	(void)signal(SIGCHLD, SIG_DFL);
	return standard_descriptors();
}

static int check_operands(
    const struct app *app, const struct command *c, const struct arguments *args)
{
	bool few = args->n_operands < c->min_operands,
	     many = c->max_operands >= 0 && args->n_operands > c->max_operands;
	char buf[OPERAND_HINT_MAX];
	const char *hint = many ? operand_hint(c, args, buf) : NULL;

	if (!few && !many)
		return 0;
	if (hint != NULL)
		return fail(app, STATUS_USAGE, "%s; see \"touchvault help %s\"", hint, c->name);
	return fail(app, STATUS_USAGE,
	    "too %s operands: the usage is \"touchvault %s%s%s\"; see \"touchvault help %s\"",
	    few ? "few" : "many", c->name, *c->synopsis == '\0' ? "" : " ", c->synopsis, c->name);
}

static int run(
    struct app *app, const struct command *c, const struct verb *verb, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int r = STATUS_OK;

	if (verb == NULL)
		return c->run(app, args);
	if (verb->flags & VERB_OPENS)
		r = session_open(app, &v);
	return r == 0 ? verb->run(app, args, v) : r;
}

static int dispatch(struct app *app, const struct command *c, const struct arguments *args)
{
	const struct verb *verb = NULL;
	int r;

	if (option_is_given(args, "help"))
		return help_for(app, c);
	if (option_is_given(args, "version"))
		return cmd_version(app, args);
	if (c == NULL)
		return fail(app, STATUS_USAGE,
		    "no command given: the usage is \"touchvault COMMAND ...\"; \"touchvault "
		    "help\" lists "
		    "the commands");
	r = check_operands(app, c, args);
	if (r == 0 && c->verbs != NULL)
		r = verb_choose(app, c, args, &verb);
	if (r != 0)
		return r;
	witness_start(app, verb);
	if (c->flags & COMMAND_PLAIN)
		return run(app, c, verb, args);
	if ((c->flags & COMMAND_TOUCHES) || (verb != NULL && (verb->flags & VERB_TOUCHES)))
		token_start();
	r = vault_init();
	r = r != 0 ? fail_vault(app, r) : run(app, c, verb, args);
	token_end();
	secret_wipe_stack();
	return r;
}

int main(int argc, char **argv)
{
	static char buffer[OUTPUT_BUFFER];
	__attribute__((cleanup(arguments_freep))) struct arguments args = { 0 };
	struct app app = { .clock = (int64_t)time(NULL) };
	const struct command *command;
	int r;

	app.now = app.clock;
	if (!harden(&app))
		return fail(
		    &app, STATUS_ERROR, "the process could not be hardened (%s)", strerror(errno));
	(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	r = arguments_parse(&app, argc, argv, &command, &args);
	return r != 0 ? r : dispatch(&app, command, &args);
}
