/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/verb.h"

#define ROW_MAX 512
#define COLUMN 29 /* of what is said of a verb or an option */

/* What is too long for its column has a line of its own. */
static void print_row(const char *usage, const char *verbs, const char *text)
{
	char paragraph[ROW_MAX];

	if (strlen(usage) > COLUMN - 3)
		out("  %s\n%*s", usage, COLUMN, "");
	else
		out("  %-*s ", COLUMN - 3, usage);
	(void)snprintf(paragraph, sizeof(paragraph), "%s%s", verbs, text);
	out_wrapped(COLUMN, paragraph);
}

/* For which verbs it is, where it isn't for all: "request, approve: ". */
static const char *verbs_of(const struct verb *verbs, const char *option, char buf[static ROW_MAX])
{
	size_t at = 0;

	*buf = '\0';
	for (const struct verb *v = verbs; v != NULL && v->name != NULL; v++)
		if (verb_takes(v, option))
			at += (size_t)snprintf(
			    buf + at, ROW_MAX - at, "%s%s", at == 0 ? "" : ", ", v->name);
	if (at > 0)
		(void)snprintf(buf + at, ROW_MAX - at, ": ");
	return buf;
}

static void print_verbs(const struct command *c)
{
	if (c->verbs != NULL)
		out("\nverbs:\n");
	for (const struct verb *v = c->verbs; v != NULL && v->name != NULL; v++) {
		char usage[64];

		(void)snprintf(usage, sizeof(usage), "%s%s%s", v->name,
		    *v->operands == '\0' ? "" : " ", v->operands);
		print_row(usage, "", v->summary);
	}
}

static void print_options(const char *title, const struct option_spec *o, const struct verb *verbs)
{
	if (o == NULL || o->name == NULL)
		return;
	out("\n%s:\n", title);
	for (; o->name != NULL; o++) {
		char usage[64], text[ROW_MAX], of[ROW_MAX];

		(void)snprintf(usage, sizeof(usage), "--%s%s%s", o->name,
		    o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
		(void)snprintf(
		    text, sizeof(text), "%s%s", o->help, o->repeats ? " (may be repeated)" : "");
		print_row(usage, verbs_of(verbs, o->name, of), text);
	}
}

static void print_command(const struct command *c)
{
	out("usage: touchvault %s%s%s\n\n", c->name, *c->synopsis == '\0' ? "" : " ", c->synopsis);
	out_wrapped(0, c->summary);
	print_verbs(c);
	print_options("options", c->options, c->verbs);
	print_options("global options", global_options, NULL);
}

static void print_overview(void)
{
	out("usage: touchvault [OPTION...] COMMAND [ARGUMENT...]\n\n");
	out_wrapped(0, "Keeps broker API keys; a touch on an enrolled token, on an approved host, "
		       "gives one out.");
	out("\ncommands:\n");
	for (size_t i = 0; i < commands_len; i++) {
		out("  %-10s ", commands[i].name);
		out_wrapped(13, commands[i].summary);
	}
	print_options("global options", global_options, NULL);
	out("\nexit statuses:\n");
	for (unsigned i = 0; i < exit_status_table_len; i++) {
		out("  %3d  ", (int)exit_status_table[i].status);
		out_wrapped(7, exit_status_table[i].meaning);
	}
	out("\n\"touchvault help COMMAND\" shows the options of a command.\n");
}

static json_t *options_json(const struct option_spec *o)
{
	json_t *a = json_array();

	for (; a != NULL && o != NULL && o->name != NULL; o++)
		if (json_array_append_new(
			a, json_pack("{s:s,s:s?,s:b,s:s}", "name", o->name, "value", o->value,
			       "repeats", o->repeats, "help", o->help)) != 0)
			return json_decref(a), NULL;
	return a;
}

static json_t *verbs_json(const struct verb *v)
{
	json_t *a = json_array();

	for (; v != NULL && v->name != NULL; v++)
		(void)json_array_append_new(
		    a, json_pack("{s:s,s:s,s:s,s:s}", "name", v->name, "operands", v->operands,
			   "options", v->options, "summary", v->summary));
	return a;
}

static json_t *command_json(const struct command *c)
{
	return json_pack("{s:s,s:s,s:s,s:o,s:o}", "name", c->name, "synopsis", c->synopsis,
	    "summary", c->summary, "verbs", verbs_json(c->verbs), "options",
	    options_json(c->options));
}

static json_t *overview_json(void)
{
	json_t *list = json_array(), *statuses = json_array();

	for (size_t i = 0; i < commands_len; i++)
		(void)json_array_append_new(list, command_json(&commands[i]));
	for (unsigned i = 0; i < exit_status_table_len; i++)
		(void)json_array_append_new(statuses,
		    json_pack("{s:i,s:s,s:s}", "status", (int)exit_status_table[i].status, "code",
			exit_status_table[i].code, "meaning", exit_status_table[i].meaning));
	return json_pack("{s:o,s:o,s:o}", "commands", list, "options", options_json(global_options),
	    "statuses", statuses);
}

int help_for(const struct app *app, const struct command *command)
{
	if (app->json)
		return out_json(app, command == NULL ? overview_json() : command_json(command));
	if (command == NULL)
		print_overview();
	else
		print_command(command);
	return out_done(app);
}

int cmd_help(struct app *app, const struct arguments *args)
{
	const struct command *command = NULL;

	if (args->n_operands > 0) {
		command = command_find(args->operands[0]);
		if (command == NULL)
			return fail(app, STATUS_USAGE,
			    "unknown command; \"touchvault help\" lists the commands");
	}
	return help_for(app, command);
}
