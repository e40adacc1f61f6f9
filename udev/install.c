/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/udev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "udev/cleanup.h"
#include "udev/host.h"
#include "udev/reload.h"

/* Every file of ours has it in its comment, of whatever version. */
#define MARK "touchvault"
/* udev takes what ends in ".rules" only. */
#define TEMPORARY ".touchvault.tmp"

static int last_errno;

int udev_errno(void)
{
	return last_errno;
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
		return "a rules file of touchvault's name is in " UDEV_RULES_DIR
		       ", and isn't touchvault's";
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

/* What is there under our name: nothing (ENOENT), a file of ours, or one that
 * the administrator put there, such as a mask. */
static int check_ours(int dir, const char *name, bool *ret_there)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char text[UDEV_RULES_FILE_MAX];
	ssize_t n;

	*ret_there = fd >= 0 || errno != ENOENT;
	if (!*ret_there)
		return 0;
	if (fd < 0)
		return errno == ELOOP ? UDEV_ERR_FOREIGN : io_error();
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return errno == EISDIR ? UDEV_ERR_FOREIGN : io_error();
	text[n] = '\0';
	return strstr(text, MARK) != NULL ? 0 : UDEV_ERR_FOREIGN;
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

static int put(int dir, const char *name, const char *text, bool *changed)
{
	char path[PATH_MAX];
	bool there;
	int r;

	if (udev_rules_find(name, text, path) == UDEV_RULES_SAME)
		return 0;
	r = check_ours(dir, name, &there);
	if (r == 0)
		r = write_file(dir, name, text);
	*changed |= r == 0;
	return r;
}

int udev_install(bool lock, bool *ret_changed)
{
	_cleanup_close_ int dir = -1;
	int r = open_directory(&dir);

	*ret_changed = false;
	if (r == 0)
		r = put(dir, UDEV_RULES_NAME, udev_rules_text, ret_changed);
	if (r == 0 && lock)
		r = put(dir, UDEV_LOCK_NAME, udev_lock_text, ret_changed);
	return r == 0 ? reload() : r;
}

static int take(int dir, const char *name, bool *changed)
{
	bool there;
	int r = check_ours(dir, name, &there);

	if (r != 0 || !there)
		return r;
	if (unlinkat(dir, name, 0) != 0)
		return io_error();
	*changed = true;
	return 0;
}

int udev_remove(bool *ret_changed)
{
	_cleanup_close_ int dir = -1;
	int r = open_directory(&dir);

	*ret_changed = false;
	if (r == 0)
		r = take(dir, UDEV_LOCK_NAME, ret_changed);
	if (r == 0)
		r = take(dir, UDEV_RULES_NAME, ret_changed);
	if (r == 0 && *ret_changed && fsync(dir) != 0)
		r = io_error();
	return r == 0 && *ret_changed ? reload() : r;
}
