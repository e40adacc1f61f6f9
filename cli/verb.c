/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

#define USAGE_MAX 256

/* How many words it has; at least: those that aren't in brackets. */
static int words(const char *text, bool at_least)
{
	int n = 0;

	for (const char *p = text; *p != '\0'; p++)
		n += (p == text || p[-1] == ' ') && !(at_least && *p == '[');
	return n;
}

bool verb_takes(const struct verb *verb, const char *option)
{
	size_t len = strlen(option);

	for (const char *p = verb->options; *p != '\0'; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		if (word == len && memcmp(p, option, len) == 0)
			return true;
		p += word;
	}
	return false;
}

static int fail_verb(const struct app *app, const struct command *c)
{
	char all[USAGE_MAX] = "";
	size_t at = 0;

	for (const struct verb *v = c->verbs; v->name != NULL && at < sizeof(all); v++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
		    v == c->verbs       ? ""
		    : v[1].name == NULL ? " or "
					: ", ",
		    v->name);
	return fail(app, STATUS_USAGE,
	    "no such verb: the usage is \"touchvault %s VERB\", which is %s; see \"touchvault help "
	    "%s\"",
	    c->name, all, c->name);
}

/* What is given belongs to this verb: nothing is dropped without a word. */
static int check(const struct app *app, const struct command *c, const struct arguments *args,
    const struct verb *verb)
{
	int n = args->n_operands - 1;

	if (n < words(verb->operands, true) || n > words(verb->operands, false))
		return fail(app, STATUS_USAGE,
		    "the usage is \"touchvault %s %s%s%s\"; see "
		    "\"touchvault help %s\"",
		    c->name, verb->name, *verb->operands == '\0' ? "" : " ", verb->operands,
		    c->name);
	for (size_t i = 0; i < args->n_options; i++) {
		const struct option_spec *spec = args->options[i].spec;

		for (const struct option_spec *o = c->options; o != NULL && o->name != NULL; o++)
			if (o == spec && !verb_takes(verb, spec->name))
				return fail(app, STATUS_USAGE,
				    "--%s is not for \"%s %s\"; see \"touchvault help %s\"",
				    spec->name, c->name, verb->name, c->name);
	}
	return STATUS_OK;
}

int verb_choose(const struct app *app, const struct command *c, const struct arguments *args,
    const struct verb **ret)
{
	const struct verb *verb = c->verbs;

	while (verb->name != NULL && strcmp(verb->name, args->operands[0]) != 0)
		verb++;
	*ret = verb;
	return verb->name == NULL ? fail_verb(app, c) : check(app, c, args, verb);
}
