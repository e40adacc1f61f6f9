/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"

const struct option_spec global_options[] = {
	{ "vault", "NAME|FILE", false, "the vault (default: TOUCHVAULT_VAULT, else \"default\")" },
	{ "device", "PATH", false,
	    "the token's device (default: FIDO2_TOKEN, else the one there)" },
	{ "json", NULL, false, "print JSON, errors too" },
	{ "accept-rollback", NULL, false,
	    "take a vault that is older than the last one seen, or replaced, or a damaged state" },
	{ "accept-clock", NULL, false,
	    "the clock is right, though the vault or this host has seen a later time" },
	{ "accept-signer", "FINGERPRINT", false,
	    "take a vault that was signed by this host, which nobody here vouches for" },
	{ "help", NULL, false, "say how a command is used (also -h)" },
	{ "version", NULL, false, "print the version" },
	OPTIONS_END,
};

struct parser {
	struct app *app;
	char **argv;
	int argc;
	int at; /* the next argument */
	bool options_ended;
	const struct command *command;
	struct arguments *args;
};

const char *option_value(const struct arguments *args, const char *name)
{
	for (size_t i = 0; i < args->n_options; i++)
		if (strcmp(args->options[i].spec->name, name) == 0)
			return args->options[i].value;
	return NULL;
}

bool option_is_given(const struct arguments *args, const char *name)
{
	for (size_t i = 0; i < args->n_options; i++)
		if (strcmp(args->options[i].spec->name, name) == 0)
			return true;
	return false;
}

void arguments_free(struct arguments *args)
{
	free(args->options);
	memset(args, 0, sizeof(*args));
}

/* What was typed may be a secret that went astray: it is only repeated if it
 * looks like a word of ours. */
static bool is_word(const char *s, size_t len)
{
	return len > 0 && len <= 20 && strspn(s, "abcdefghijklmnopqrstuvwxyz-") >= len;
}

/* --json may come after the mistake. */
static void look_for_json(struct parser *p)
{
	for (int i = p->at; i < p->argc && strcmp(p->argv[i], "--") != 0; i++)
		if (strcmp(p->argv[i], "--json") == 0)
			p->app->json = true;
	if (option_is_given(p->args, "json"))
		p->app->json = true;
}

static int usage(struct parser *p, const char *what, const char *name, size_t len)
{
	const char *command = p->command == NULL ? "" : p->command->name;

	look_for_json(p);
	return fail(p->app, STATUS_USAGE, "%s%.*s; see \"touchvault help%s%s\"", what, (int)len,
	    name, p->command == NULL ? "" : " ", command);
}

static const struct option_spec *find(const struct option_spec *specs, const char *name, size_t len)
{
	for (; specs != NULL && specs->name != NULL; specs++)
		if (strlen(specs->name) == len && memcmp(specs->name, name, len) == 0)
			return specs;
	return NULL;
}

static int record(struct parser *p, const struct option_spec *spec, const char *value)
{
	if (!spec->repeats && option_is_given(p->args, spec->name))
		return usage(p, "given twice: --", spec->name, strlen(spec->name));
	p->args->options[p->args->n_options++] = (struct option_given){ spec, value };
	return 0;
}

static int long_option(struct parser *p, const char *arg)
{
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] == '=' ? arg + len + 1 : NULL;
	const struct option_spec *spec = NULL;

	if (p->command != NULL)
		spec = find(p->command->options, arg, len);
	if (spec == NULL)
		spec = find(global_options, arg, len);
	if (spec == NULL && is_word(arg, len))
		return usage(p, "unknown option --", arg, len);
	if (spec == NULL)
		return usage(p, "unknown option", "", 0);
	if (spec->value == NULL && value != NULL)
		return usage(p, "no value may follow --", arg, len);
	if (spec->value != NULL && value == NULL) {
		if (p->at == p->argc)
			return usage(p, "a value must follow --", arg, len);
		value = p->argv[p->at++];
	}
	return record(p, spec, value);
}

const char *operand_hint(
    const struct command *c, const struct arguments *args, char buf[static OPERAND_HINT_MAX])
{
	if (option_is_given(args, "from-json")) {
		(void)snprintf(buf, OPERAND_HINT_MAX,
		    "--from-json reads standard input: \"touchvault %s NAME%s --from-json <FILE\"",
		    c->name, c->min_operands > 0 ? "" : " --stage");
		return buf;
	}
	if (find(c->options, "field", strlen("field")) == NULL ||
	    strchr(args->operands[c->max_operands], '=') == NULL)
		return NULL;
	return "a field takes --field before it, as --field NAME=@FILE or NAME=-, and its value is "
	       "never on the command line";
}

static int operand(struct parser *p, char *arg)
{
	if (p->command == NULL) {
		p->command = command_find(arg);
		if (p->command == NULL && is_word(arg, strlen(arg)))
			return usage(p, "unknown command ", arg, strlen(arg));
		if (p->command == NULL)
			return usage(p, "unknown command", "", 0);
		p->app->command = p->command->name;
		/* Its child's statuses must be told from ours. */
		p->app->status_125 = (p->command->flags & COMMAND_RUNS) != 0;
		return 0;
	}
	/* There is always room: no more operands than arguments looked at. */
	p->args->operands[p->args->n_operands++] = arg;
	p->options_ended |= (p->command->flags & COMMAND_RUNS) != 0;
	return 0;
}

static int argument(struct parser *p, char *arg)
{
	if (p->options_ended || arg[0] != '-' || arg[1] == '\0')
		return operand(p, arg);
	if (strcmp(arg, "--") == 0) {
		p->options_ended = true;
		return 0;
	}
	if (strcmp(arg, "-h") == 0)
		return long_option(p, "help");
	if (arg[1] == '-')
		return long_option(p, arg + 2);
	return usage(p, "options begin with two dashes, all but -h", "", 0);
}

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static int apply_globals(struct parser *p)
{
	struct app *app = p->app;
	const char *vault = option_value(p->args, "vault"),
		   *device = option_value(p->args, "device");

	app->json = option_is_given(p->args, "json");
	app->accept.signer = option_value(p->args, "accept-signer");
	app->accept.rollback = option_is_given(p->args, "accept-rollback");
	app->accept_clock = option_is_given(p->args, "accept-clock");
	if (vault != NULL && *vault == '\0')
		return usage(p, "empty value of --vault", "", 0);
	if (device != NULL && *device == '\0')
		return usage(p, "empty value of --device", "", 0);
	app->vault_option = vault;
	if (app->accept.signer != NULL && !vault_fingerprint_valid(app->accept.signer))
		return usage(p,
		    "the value of --accept-signer is no fingerprint, which is the four groups of "
		    "four letters and digits that \"touchvault host show\" shows",
		    "", 0);
	app->vault = vault != NULL ? vault : from_environment("TOUCHVAULT_VAULT");
	if (app->vault == NULL)
		app->vault = "default";
	app->device = device != NULL ? device : from_environment("FIDO2_TOKEN");
	return 0;
}

int arguments_parse(struct app *app, int argc, char **argv, const struct command **ret_command,
    struct arguments *ret)
{
	struct parser p = { .app = app, .argv = argv, .argc = argc, .at = 1, .args = ret };
	int r = 0;

	*ret_command = NULL;
	/* Operands are gathered at the front of argv. */
	*ret = (struct arguments){ .operands = argv,
		.options = calloc((size_t)argc + 1, sizeof(*ret->options)) };
	if (ret->options == NULL)
		return fail(app, STATUS_ERROR, "out of memory; free some and repeat");
	while (r == 0 && p.at < argc) {
		p.at++;
		r = argument(&p, argv[p.at - 1]);
	}
	if (r == 0)
		r = apply_globals(&p);
	if (r != 0)
		return r;
	argv[ret->n_operands] = NULL;
	*ret_command = p.command;
	return 0;
}
