/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/udev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "udev/cleanup.h"
#include "udev/reload.h"

#define HEADER_LINES 2
#define HEADER_MAX 256
/* udev takes what ends in ".rules" only. */
#define TEMPORARY ".touchvault.tmp"

static const struct ours {
	const char *name, *text;
} ours[] = {
	{ UDEV_RULES_NAME, udev_rules_text },
	{ UDEV_LOCK_NAME, udev_lock_text },
};
#define OURS_LEN (sizeof(ours) / sizeof(ours[0]))

static int last_errno;
static const char *last_where = "";

int udev_errno(void)
{
	return last_errno;
}

const char *udev_where(void)
{
	return last_where;
}

static int io_error(void)
{
	last_errno = errno;
	return UDEV_ERR_IO;
}

const char *udev_strerror(int err)
{
	switch ((enum udev_err)err) {
	case UDEV_OK:
		return "success";
	case UDEV_ERR_NO_DIRECTORY:
		return "there is no directory " UDEV_RULES_DIR;
	case UDEV_ERR_UNSAFE:
		return "others than root can write " UDEV_RULES_DIR;
	case UDEV_ERR_FOREIGN:
		return "it isn't touchvault's, in spite of its name";
	case UDEV_ERR_IO:
		return "the rules couldn't be written to " UDEV_RULES_DIR;
	case UDEV_ERR_RELOAD:
		return "the rules are in place, and udev didn't take them in";
	}
	return "unknown error";
}

static int open_directory(int *ret)
{
	_cleanup_close_ int fd = open(UDEV_RULES_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return UDEV_ERR_NO_DIRECTORY;
	if (fd < 0 || fstat(fd, &st) != 0)
		return io_error();
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return UDEV_ERR_UNSAFE;
	*ret = fd;
	fd = -1;
	return 0;
}

/* By which a file is known as ours, of whatever version: how it begins. */
static size_t header_len(const char *text)
{
	size_t len = 0;

	for (size_t line = 0; line < HEADER_LINES; line++)
		len += strcspn(text + len, "\n") + 1;
	return len < HEADER_MAX ? len : HEADER_MAX;
}

static int fail_foreign(const char *name)
{
	last_where = name;
	return UDEV_ERR_FOREIGN;
}

/* What is there under our name: nothing, a file of ours, or one that the
 * administrator put there, such as a mask. */
static int check_ours(int dir, const struct ours *o, bool *ret_there)
{
	_cleanup_close_ int fd =
	    openat(dir, o->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char text[HEADER_MAX];
	size_t len = header_len(o->text);
	ssize_t n;

	*ret_there = fd >= 0 || errno != ENOENT;
	if (!*ret_there)
		return 0;
	if (fd < 0)
		return errno == ELOOP ? fail_foreign(o->name) : io_error();
	n = read(fd, text, len);
	if (n < 0)
		return errno == EISDIR ? fail_foreign(o->name) : io_error();
	return (size_t)n == len && memcmp(text, o->text, len) == 0 ? 0 : fail_foreign(o->name);
}

static bool write_whole(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	/* The umask would keep others from reading what isn't secret. */
	return fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

static int write_file(int dir, const char *name, const char *text)
{
	_cleanup_close_ int fd = -1;

	if (unlinkat(dir, TEMPORARY, 0) != 0 && errno != ENOENT)
		return io_error();
	fd = openat(dir, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return io_error();
	if (!write_whole(fd, text) || renameat(dir, TEMPORARY, dir, name) != 0 || fsync(dir) != 0) {
		int r = io_error();

		(void)unlinkat(dir, TEMPORARY, 0);
		return r;
	}
	return 0;
}

/* All is looked at before anything is changed. */
int udev_install(bool lock, struct udev_change *ret)
{
	_cleanup_close_ int dir = -1;
	size_t n = lock ? OURS_LEN : 1;
	bool in_force[OURS_LEN], there;
	int r = open_directory(&dir);

	*ret = (struct udev_change){ .running = udev_runs() };
	for (size_t i = 0; i < n && r == 0; i++) {
		char path[UDEV_RULES_PATH_MAX];

		in_force[i] = udev_rules_find(ours[i].name, ours[i].text, path) == UDEV_RULES_SAME;
		r = in_force[i] ? 0 : check_ours(dir, &ours[i], &there);
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		r = in_force[i] ? 0 : write_file(dir, ours[i].name, ours[i].text);
		ret->changed |= !in_force[i] && r == 0;
	}
	return r == 0 ? reload(true) : r;
}

int udev_remove(struct udev_change *ret)
{
	_cleanup_close_ int dir = -1;
	bool there[OURS_LEN];
	int r = open_directory(&dir);

	*ret = (struct udev_change){ .running = udev_runs() };
	for (size_t i = 0; i < OURS_LEN && r == 0; i++)
		r = check_ours(dir, &ours[i], &there[i]);
	for (size_t i = 0; i < OURS_LEN && r == 0; i++) {
		if (there[i] && unlinkat(dir, ours[i].name, 0) != 0)
			r = io_error();
		ret->changed |= there[i] && r == 0;
	}
	if (r == 0 && ret->changed && fsync(dir) != 0)
		r = io_error();
	/* Nothing takes away what a token that is plugged in was given: not to be had by
	 * applying the rules that are left. */
	return r == 0 && ret->changed ? reload(false) : r;
}
