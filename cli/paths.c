/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vault is named by a name, which is NAME.tv in the data directory, or by a
 * path, which has a slash in it or ends in ".tv". Directories are those of the
 * XDG base directory specification, which says that relative ones are ignored.
 */
#include "cli/app.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "vault/cleanup.h"

#define SUFFIX ".tv"

void paths_free(struct paths *p)
{
	free(p->vault);
	free(p->host_key);
	free(p->state);
	free(p->vault_dir);
	memset(p, 0, sizeof(*p));
}

static int no_memory(const struct app *app)
{
	return fail(app, STATUS_ERROR, "out of memory; free some and repeat");
}

static const char *home(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *pw;

	if (dir != NULL && dir[0] == '/')
		return dir;
	pw = getpwuid(geteuid());
	return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

/* below: what follows, from "/" on. */
static int base_dir(const struct app *app, const char *variable, const char *fallback,
    const char *below, char **ret)
{
	const char *dir = getenv(variable);
	const char *root;

	if (dir != NULL && dir[0] == '/')
		return asprintf(ret, "%s%s", dir, below) < 0 ? no_memory(app) : 0;
	root = home();
	if (root == NULL)
		return fail(
		    app, STATUS_ERROR, "no home directory is known; set HOME or %s", variable);
	return asprintf(ret, "%s/%s%s", root, fallback, below) < 0 ? no_memory(app) : 0;
}

int paths_config(const struct app *app, const char *below, char **ret)
{
	return base_dir(app, "XDG_CONFIG_HOME", ".config", below, ret);
}

static bool ends_in_suffix(const char *s)
{
	size_t len = strlen(s);

	return len >= strlen(SUFFIX) && strcmp(s + len - strlen(SUFFIX), SUFFIX) == 0;
}

static bool name_valid(const char *s)
{
	return vault_name_valid(s) && s[0] != '.';
}

static int vault_path(const struct app *app, struct paths *p)
{
	size_t len = strlen(app->vault);

	p->vault_is_name = strchr(app->vault, '/') == NULL && !ends_in_suffix(app->vault);
	if (!p->vault_is_name) {
		if (len >= PATH_MAX || app->vault[len - 1] == '/')
			return fail(app, STATUS_USAGE,
			    "the vault's path is too long or names a directory; name a file with "
			    "--vault");
		p->vault = strdup(app->vault);
		return p->vault == NULL ? no_memory(app) : 0;
	}
	if (!name_valid(app->vault))
		return fail(app, STATUS_USAGE,
		    "not a well-formed vault name; use letters, digits and . _ - for a name, at "
		    "most %d, "
		    "or a path with a slash in it",
		    VAULT_NAME_MAX);
	if (asprintf(&p->vault, "%s/%s" SUFFIX, p->vault_dir, app->vault) < 0) {
		p->vault = NULL;
		return no_memory(app);
	}
	return 0;
}

static int state_paths(const struct app *app, struct paths *p)
{
	_cleanup_free_ char *dir = NULL;
	int r = base_dir(app, "XDG_STATE_HOME", ".local/state", "/touchvault", &dir);

	if (r != 0)
		return r;
	if (asprintf(&p->host_key, "%s/host.key", dir) < 0)
		p->host_key = NULL;
	if (asprintf(&p->state, "%s/state", dir) < 0)
		p->state = NULL;
	return p->host_key == NULL || p->state == NULL ? no_memory(app) : 0;
}

int paths_find(const struct app *app, struct paths *ret)
{
	struct paths p = { 0 };
	int r = base_dir(app, "XDG_DATA_HOME", ".local/share", "/touchvault", &p.vault_dir);

	if (r == 0)
		r = vault_path(app, &p);
	if (r == 0)
		r = state_paths(app, &p);
	if (r == 0)
		*ret = p;
	else
		paths_free(&p);
	return r;
}

/* As mkdir -p, with the mode that the specification asks for. 0, or errno, and
 * path then ends where it failed. *ret_made as in struct paths. */
static int make_dir(char *path, size_t *ret_made)
{
	*ret_made = 0;
	for (char *p = path + 1;; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) == 0)
			*ret_made = *ret_made == 0 ? (size_t)(p - path) : *ret_made;
		else if (errno != EEXIST)
			return errno;
		*p = end;
		if (end == '\0')
			return 0;
	}
}

static char *state_dir(const struct paths *p)
{
	return strndup(p->state, (size_t)(strrchr(p->state, '/') - p->state));
}

static int make_or_fail(const struct app *app, char *path, size_t *ret_made)
{
	int error = make_dir(path, ret_made);

	if (error == 0)
		return 0;
	return fail(app, STATUS_ERROR, "%s: the directory can't be made (%s); make it, mode 0700",
	    path, strerror(error));
}

int paths_make_dir(const struct app *app, char *path)
{
	size_t made;

	return make_or_fail(app, path, &made);
}

/* Where the vault library makes it. */
static int audit_dir(const struct paths *p, char **ret)
{
	return asprintf(ret, "%.*s/audit", (int)(strrchr(p->state, '/') - p->state), p->state);
}

int paths_make_dirs(const struct app *app, struct paths *p)
{
	_cleanup_free_ char *dir = state_dir(p), *audit = NULL;
	int r;

	if (dir == NULL || audit_dir(p, &audit) < 0)
		return no_memory(app);
	p->audit_was_there = access(audit, F_OK) == 0;
	r = make_or_fail(app, dir, &p->state_made);
	if (r == 0 && p->vault_is_name)
		r = make_or_fail(app, p->vault_dir, &p->vault_made);
	return r;
}

/* The last one first, up to the first that was made. */
static void drop_dir(char *path, size_t made)
{
	while (made > 0 && strlen(path) >= made && (rmdir(path) == 0 || errno == ENOENT))
		*strrchr(path, '/') = '\0';
}

void paths_drop_dirs(const struct paths *p)
{
	_cleanup_free_ char *dir = state_dir(p), *vault_dir = strdup(p->vault_dir), *audit = NULL;

	if (dir == NULL || vault_dir == NULL || audit_dir(p, &audit) < 0)
		return;
	if (!p->audit_was_there)
		(void)rmdir(audit);
	/* In the other order: the first may have what both are below. */
	drop_dir(vault_dir, p->vault_made);
	drop_dir(dir, p->state_made);
}

void paths_make_state_dir(const struct paths *p)
{
	_cleanup_free_ char *dir = state_dir(p);
	size_t made;

	if (dir != NULL)
		(void)make_dir(dir, &made);
}
