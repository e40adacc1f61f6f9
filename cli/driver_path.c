/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a driver is: followed once, link by link, so that what is run is what was looked at. */
#include "cli/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "vault/cleanup.h"
#include "vault/store.h"

#define LINKS_MAX 40 /* as many as the kernel follows */

/* How far a path was followed, which has no link in it, and what is left of it. */
struct walk {
	char done[PATH_MAX], rest[PATH_MAX];
	int links;
	const char *unsafe; /* what others can change; NULL */
};

/* "" stands for the root. */
static const char *place(const struct walk *w)
{
	return w->done[0] == '\0' ? "/" : w->done;
}

static int append(char path[static PATH_MAX], const char *slash, const char *name)
{
	size_t len = strlen(path);

	if (len + strlen(slash) + strlen(name) >= PATH_MAX)
		return ENAMETOOLONG;
	(void)snprintf(path + len, PATH_MAX - len, "%s%s", slash, name);
	return 0;
}

/* What the link says comes before what is left. */
static int follow_link(struct walk *w)
{
	char target[PATH_MAX];
	ssize_t len = readlink(w->done, target, sizeof(target) - 1);
	int r;

	if (len < 0 || ++w->links > LINKS_MAX)
		return len < 0 ? errno : ELOOP;
	target[len] = '\0';
	*strrchr(w->done, '/') = '\0';
	if (target[0] == '/')
		w->done[0] = '\0';
	r = append(target, "/", w->rest);
	memcpy(w->rest, target, sizeof(target));
	return r;
}

/* Who can write a directory can put another thing in the place of what is there. Where only
 * the owner can, as in /tmp, that goes for directories: these are looked at in turn. */
static int step(struct walk *w, const char *name)
{
	struct stat dir, st;
	int r;

	if (stat(place(w), &dir) != 0)
		return errno;
	r = append(w->done, "/", name);
	if (r != 0 || lstat(w->done, &st) != 0)
		return r != 0 ? r : errno;
	if (store_others_can_write(&dir, S_ISDIR(st.st_mode))) {
		*strrchr(w->done, '/') = '\0';
		w->unsafe = place(w);
		return EPERM;
	}
	return S_ISLNK(st.st_mode) ? follow_link(w) : 0;
}

static int walk(struct walk *w)
{
	char name[NAME_MAX + 1];
	size_t len;
	int r = 0;

	while (r == 0 && w->rest[0] != '\0') {
		len = strcspn(w->rest, "/");
		if (len > NAME_MAX)
			return ENAMETOOLONG;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, w->rest);
		len += strspn(w->rest + len, "/");
		memmove(w->rest, w->rest + len, strlen(w->rest + len) + 1);
		if (strcmp(name, "..") == 0 && w->done[0] != '\0')
			*strrchr(w->done, '/') = '\0';
		else if (*name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = step(w, name);
	}
	return r;
}

/* 0, or errno; EPERM with w->unsafe. */
static int follow(struct walk *w, const char *path, struct stat *ret_st)
{
	int r = 0;

	*w = (struct walk){ 0 };
	if (path[0] != '/' && getcwd(w->rest, sizeof(w->rest)) == NULL)
		return errno;
	r = append(w->rest, "/", path);
	if (r == 0)
		r = walk(w);
	return r == 0 && lstat(place(w), ret_st) != 0 ? errno : r;
}

static int fail_unsafe(const struct app *app, const char *path, const char *unsafe)
{
	return fail(app, STATUS_UNSAFE,
	    "%s: others than you can change a driver there, or put another one in its place; see "
	    "to owner and permissions of %s",
	    path, unsafe);
}

int driver_find(const struct app *app, const char *path, struct driver *ret)
{
	struct stat st;
	struct walk w;
	int r = follow(&w, path, &st);

	if (w.unsafe != NULL)
		return fail_unsafe(app, path, w.unsafe);
	if (r == 0 && !S_ISREG(st.st_mode))
		return fail(app, STATUS_NOT_FOUND, "%s is no file; name the driver itself", path);
	if (r == 0 && store_others_can_write(&st, false))
		return fail_unsafe(app, path, w.done);
	if (r == 0 && faccessat(AT_FDCWD, w.done, X_OK, AT_EACCESS) != 0)
		r = errno;
	if (r != 0)
		return fail(app, STATUS_NOT_FOUND, "%s can't be executed (%s); check its path",
		    path, strerror(r));
	ret->path = path;
	ret->program = strdup(w.done);
	return ret->program == NULL ? fail_vault(app, VAULT_ERR_NOMEM) : STATUS_OK;
}

int driver_dir_check(const struct app *app, const char *dir)
{
	struct stat st;
	struct walk w;
	int r = follow(&w, dir, &st);

	if (w.unsafe != NULL)
		return fail_unsafe(app, dir, w.unsafe);
	if (r != 0 || !S_ISDIR(st.st_mode))
		return fail(app, STATUS_NOT_FOUND,
		    "%s: no such directory; name the one that your drivers are in", dir);
	return store_others_can_write(&st, false) ? fail_unsafe(app, dir, place(&w)) : STATUS_OK;
}
