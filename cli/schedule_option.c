/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/schedule_option.h"

#include <string.h>

#include "cli/output.h"
#include "cli/rotation_info.h"

static int parse_every(
    const struct app *app, const struct arguments *args, const char *word, struct period *ret)
{
	const char *text = option_value(args, "every");
	int r;

	if (text != NULL && strcmp(text, "never") == 0) {
		*ret = (struct period){ 0, 'd' };
		return STATUS_OK;
	}
	r = rotation_period_option(app, args, "every", word, ret);
	if (r == 0 && period_is_set(*ret) && ret->n == 0)
		return fail(
		    app, STATUS_USAGE, "--every is a day at least; use never for not at all");
	return r;
}

static int parse_bounded(const struct app *app, const struct arguments *args, const char *name,
    const char *word, struct period most, struct period *ret)
{
	char text[PERIOD_TEXT_MAX];
	int r = rotation_period_option(app, args, name, word, ret);

	if (r == 0 && period_is_longer(*ret, most))
		return fail(
		    app, STATUS_USAGE, "--%s takes at most %s", name, period_print(most, text));
	return r;
}

static int parse_mode(
    const struct app *app, const struct arguments *args, const char *word, enum rotation_mode *ret)
{
	const char *mode = option_value(args, "mode");

	if (mode == NULL || rotation_mode_parse(mode, ret) ||
	    (word != NULL && strcmp(mode, word) == 0))
		return STATUS_OK;
	return fail(app, STATUS_USAGE, "--mode takes overlap, atomic%s",
	    word == NULL ? " or delayed" : ", delayed or default");
}

int schedule_option_parse(
    const struct app *app, const struct arguments *args, bool vault, struct schedule *ret)
{
	const char *word = vault ? NULL : "default";
	int r = parse_every(app, args, word, &ret->every);

	if (r == 0)
		r = parse_bounded(app, args, "lead", word, SCHEDULE_LEAD_MAX, &ret->lead);
	if (r == 0)
		r = parse_bounded(app, args, "grace", word, SCHEDULE_GRACE_MAX, &ret->grace);
	return r == 0 ? parse_mode(app, args, word, &ret->mode) : r;
}

bool schedule_option_is_given(const struct arguments *args)
{
	return option_is_given(args, "every") || option_is_given(args, "lead") ||
	       option_is_given(args, "grace") || option_is_given(args, "mode");
}

void schedule_option_apply(
    const struct arguments *args, const struct schedule *given, struct schedule *s)
{
	if (option_is_given(args, "every"))
		s->every = given->every;
	if (option_is_given(args, "lead"))
		s->lead = given->lead;
	if (option_is_given(args, "grace"))
		s->grace = given->grace;
	if (option_is_given(args, "mode"))
		s->mode = given->mode;
}
