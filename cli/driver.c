/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/driver_errors.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"
#include "vault/store.h"

#define ERRORS_MAX ((size_t)16 * 1024)

static int judge(const struct app *app, const struct driver *d, const char *operation,
    enum program_end end, int status)
{
	switch (end) {
	case PROGRAM_TIME:
		return fail(app, STATUS_ERROR,
		    "%s: the driver was not done with %s in %d s, and was ended; see what it did "
		    "at the broker, then repeat",
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

/* Without the attempt of another driver that started us. */
static char **environment(char *attempt)
{
	size_t n = 0, kept = 1, name = strcspn(attempt, "=") + 1;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (env == NULL)
		return NULL;
	env[0] = attempt;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], attempt, name) != 0)
			env[kept++] = environ[i];
	return env;
}

int driver_lock(const struct app *app, int *ret_fd)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	_cleanup_free_ char *path = NULL;
	struct store s = { .dirfd = -1 };
	int r = paths_find(app, &p);

	if (r != 0)
		return r;
	if (asprintf(&path, "%.*s/drivers", (int)(strrchr(p.state, '/') - p.state), p.state) < 0)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = store_open(path, &s);
	if (r == 0)
		r = store_lock(&s, 0, ret_fd);
	store_close(&s);
	if (r == VAULT_ERR_LOCKED)
		return fail(app, STATUS_ERROR,
		    "another rotation by drivers is under way on this host; repeat when it is "
		    "done");
	/* Without that directory there is no vault that opens, which is told then. */
	return r == 0 || r == VAULT_ERR_NO_VAULT ? STATUS_OK : fail_vault(app, r);
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
	struct program p = { d->program, argv, NULL, d->seconds, input->bytes, input->len, -1 };
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
		return fail(app, STATUS_ERROR,
		    "%s: the driver can't be run (%s); check the first line of a script, which "
		    "names its interpreter",
		    d->path, strerror(r));
	r = driver_errors_show(app, &e, input, &o, hide, n_hide);
	if (r != 0)
		return r;
	status = judge(app, d, operation, end, status);
	if (status == 0)
		*ret = (struct fields_text){ TAKE_PTR(out), o.len };
	return status;
}
