/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/program.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

#define ERRORS_MAX ((size_t)16 * 1024)
#define WORD_MIN 4 /* shorter ones would mask ordinary text */
#define MASK "***"

/* Blank out every place where a secret is. */
static void mask(uint8_t *text, size_t len, const uint8_t *secret, size_t secret_len)
{
	uint8_t *p = text, *end = text + len;

	while (secret_len > 0 && (p = memmem(p, (size_t)(end - p), secret, secret_len)) != NULL) {
		memset(p, '\a', secret_len);
		p += secret_len;
	}
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("+/=_-.", c == '\0' ? ' ' : c) != NULL;
}

static bool is_quoted(uint8_t c)
{
	return c != '"';
}

/* The new credential may be in what it printed, whether that can be read or not: its
 * words, and its strings. */
static void mask_parts_of(
    struct program_output *err, const struct program_output *out, bool (*is_part)(uint8_t))
{
	for (size_t i = 0, n = 0; i <= out->len; i++) {
		if (i < out->len && is_part(out->bytes[i])) {
			n++;
			continue;
		}
		if (n >= WORD_MIN)
			mask(err->bytes, err->len, out->bytes + i - n, n);
		n = 0;
	}
}

/* Line by line, as text from outside; a run of what was blanked is one MASK. */
static void show_errors(const struct app *app, struct program_output *err)
{
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i <= err->len; i++) {
		int c = i < err->len ? err->bytes[i] : '\n';

		if (c == '\a' && i > 0 && err->bytes[i - 1] == '\a')
			continue;
		if (c == '\n' || n + sizeof(MASK) >= sizeof(line)) {
			line[n] = '\0';
			if (n > 0)
				warn(app, "driver: %s", line);
			n = 0;
		}
		if (c == '\a')
			n += (size_t)snprintf(line + n, sizeof(line) - n, MASK);
		else if (c != '\n' && c != '\0')
			line[n++] = (char)c;
	}
	sodium_memzero(line, sizeof(line));
}

static void tell_errors(const struct app *app, const struct program_output *out,
    struct program_output *err, struct vault_entry *const *hide, size_t n_hide)
{
	for (size_t i = 0; i < err->len; i++)
		if (err->bytes[i] == '\a')
			err->bytes[i] = '?';
	for (size_t i = 0; i < n_hide; i++)
		for (size_t k = 0; k < hide[i]->n_fields; k++)
			mask(err->bytes, err->len, hide[i]->fields[k].value,
			    hide[i]->fields[k].value_len);
	mask_parts_of(err, out, is_quoted);
	mask_parts_of(err, out, is_word);
	show_errors(app, err);
}

static int judge(const struct app *app, const struct driver *d, const char *operation,
    enum program_end end, int status)
{
	switch (end) {
	case PROGRAM_TIME:
		return fail(app, STATUS_ERROR,
		    "%s: the driver was not done with %s in %d s, and was ended; see what it did "
		    "at "
		    "the broker, then repeat",
		    d->path, operation, d->seconds);
	case PROGRAM_CANCELLED:
		return fail(
		    app, STATUS_CANCELLED, "cancelled; the driver was ended during %s", operation);
	case PROGRAM_TOO_MUCH:
		return fail(app, STATUS_ERROR,
		    "%s: the driver printed more than %zu KiB for %s, and was ended", d->path,
		    DRIVER_OUTPUT_MAX / 1024, operation);
	case PROGRAM_EXIT:
		break;
	}
	if (status == 0)
		return STATUS_OK;
	return fail(app, STATUS_ERROR, "%s: the driver ended %s with %d; see above, then repeat",
	    d->path, operation, status);
}

static char **environment(char *attempt)
{
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (env == NULL)
		return NULL;
	env[0] = attempt;
	memcpy(env + 1, environ, n * sizeof(*env));
	return env;
}

int driver_run(const struct app *app, const struct driver *d, const char *operation,
    const char *entry, const char *attempt, const struct fields_text *input,
    struct vault_entry *const *hide, size_t n_hide, struct fields_text *ret)
{
	_cleanup_secret_ uint8_t *out = secret_alloc(DRIVER_OUTPUT_MAX + 1);
	_cleanup_secret_ uint8_t *err = secret_alloc(ERRORS_MAX);
	_cleanup_free_ char *variable = NULL, *path = strdup(d->path), *verb = strdup(operation);
	_cleanup_free_ char *name = strdup(entry);
	char *argv[] = { path, verb, name, NULL };
	_cleanup_free_ char **env = NULL;
	struct program_output o = { out, 0, DRIVER_OUTPUT_MAX, false };
	struct program_output e = { err, 0, ERRORS_MAX, true };
	struct program p = { d->path, argv, NULL, d->seconds, input->bytes, input->len, -1 };
	enum program_end end;
	int status, r;

	if (asprintf(&variable, "TOUCHVAULT_ATTEMPT=%s", attempt) < 0)
		variable = NULL;
	env = variable == NULL ? NULL : environment(variable);
	if (out == NULL || err == NULL || env == NULL || path == NULL || verb == NULL ||
	    name == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	/* Before it runs, so that none is left behind. */
	p.env = env;
	p.cancel = terminal_catch();
	r = program_run(app, &p, &o, &e, &end, &status);
	terminal_release();
	if (r != 0)
		return fail(app, STATUS_ERROR, "%s: the driver can't be run (%s); check its path",
		    d->path, strerror(r));
	tell_errors(app, &o, &e, hide, n_hide);
	status = judge(app, d, operation, end, status);
	if (status == 0)
		*ret = (struct fields_text){ TAKE_PTR(out), o.len };
	return status;
}
