/* SPDX-License-Identifier: BSD-2-Clause */
/* One line in the user's crontab, known by the comment at its end. */
#include "cli/remind.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/program.h"
#include "vault/cleanup.h"

/* Not by PATH: what it names is run every hour. */
#define CRONTAB "/usr/bin/crontab"
#define CRONTAB_MAX ((size_t)256 * 1024)
#define CRONTAB_SECONDS 20
#define MARK_MAX (REMIND_ID_MAX + 32)

bool remind_cron_available(void)
{
	return access(CRONTAB, X_OK) == 0;
}

static int crontab(const struct app *app, const char *operand, const char *input,
    struct program_output *out, struct program_output *err)
{
	char program[] = CRONTAB, *argument = strdup(operand);
	char *const argv[] = { program, argument, NULL };
	const struct program p = { CRONTAB, argv, environ, CRONTAB_SECONDS, (const uint8_t *)input,
		strlen(input), -1 };
	enum program_end end;
	int status = 0;
	int r = argument == NULL ? -1 : program_run(app, &p, out, err, &end, &status);

	free(argument);
	err->bytes[err->len] = '\0';
	err->bytes[strcspn((char *)err->bytes, "\n")] = '\0';
	return r != 0 || end != PROGRAM_EXIT ? -1 : status;
}

static int fail_crontab(const struct app *app, const struct program_output *err)
{
	return fail(app, STATUS_ERROR, CRONTAB " failed (%s); nothing was changed there",
	    err->len == 0 ? "it didn't say why" : (const char *)err->bytes);
}

/* That there is none yet, or never was one, as cron.allow and cron.deny don't let this user
 * have one: which writing it would say, too. */
static bool says_none(const char *errors)
{
	return strncmp(errors, "no crontab for", 14) == 0 ||
	       strstr(errors, " not allowed to use this program") != NULL;
}

/* *ret: NUL-terminated, malloc'ed. */
static int crontab_read(const struct app *app, char **ret)
{
	_cleanup_free_ char *text = malloc(CRONTAB_MAX + 1);
	uint8_t errors[512];
	struct program_output out = { (uint8_t *)text, 0, CRONTAB_MAX, false };
	struct program_output err = { errors, 0, sizeof(errors) - 1, true };
	int r;

	if (text == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = crontab(app, "-l", "", &out, &err);
	/* The only failures after which it may be written. */
	if (r != 0 && (r < 0 || !says_none((char *)errors)))
		return fail_crontab(app, &err);
	text[r == 0 ? out.len : 0] = '\0';
	*ret = TAKE_PTR(text);
	return STATUS_OK;
}

static void mark_print(const struct remind_place *place, char ret[static MARK_MAX])
{
	(void)snprintf(ret, MARK_MAX, " # touchvault-reminders %s", place->id);
}

static bool is_own(const char *line, size_t len, const char *mark)
{
	size_t n = strlen(mark);

	return len > n && memcmp(line + len - n, mark, n) == 0;
}

/* All lines but ours, then line, if there is one. */
static char *replace(const char *text, const char *mark, const char *line, bool *ret_had)
{
	char *result = NULL;
	size_t size;
	FILE *f = open_memstream(&result, &size);

	*ret_had = false;
	if (f == NULL)
		return NULL;
	for (const char *next; *text != '\0'; text = next) {
		size_t len = strcspn(text, "\n");

		next = text + len + (text[len] == '\n');
		if (is_own(text, len, mark))
			*ret_had = true;
		else
			(void)fprintf(f, "%.*s\n", (int)len, text);
	}
	if (line != NULL)
		(void)fprintf(f, "%s%s\n", line, mark);
	return fclose(f) == 0 ? result : NULL;
}

int remind_cron_has(const struct app *app, const struct remind_place *place, bool *ret)
{
	_cleanup_free_ char *text = NULL, *without = NULL;
	char mark[MARK_MAX];
	int r = crontab_read(app, &text);

	if (r != 0)
		return r;
	mark_print(place, mark);
	without = replace(text, mark, NULL, ret);
	return without == NULL ? fail_vault(app, VAULT_ERR_NOMEM) : STATUS_OK;
}

int remind_cron_set(
    const struct app *app, const struct remind_place *place, const char *line, bool *ret_had)
{
	_cleanup_free_ char *text = NULL, *changed = NULL;
	char mark[MARK_MAX];
	uint8_t said[512], errors[512];
	struct program_output out = { said, 0, sizeof(said), true };
	struct program_output err = { errors, 0, sizeof(errors) - 1, true };
	int r = crontab_read(app, &text);

	if (r != 0)
		return r;
	mark_print(place, mark);
	changed = replace(text, mark, line, ret_had);
	if (changed == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (strcmp(text, changed) == 0)
		return STATUS_OK;
	return crontab(app, "-", changed, &out, &err) == 0 ? STATUS_OK : fail_crontab(app, &err);
}
