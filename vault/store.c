/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "vault/cleanup.h"
#include "vault/vault.h"

#define MACHINE_ID "/etc/machine-id"

static char where[PATH_MAX];
static int saved_errno;

const char *vault_where(void)
{
	return where;
}

int vault_errno(void)
{
	return saved_errno;
}

int store_fail(int err, const char *path)
{
	saved_errno = errno;
	if (path != where) /* another error at the same place */
		(void)snprintf(where, sizeof(where), "%s", path);
	return err;
}

bool store_others_can_write(const struct stat *st, bool sticky_is_fine)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return true;
	if (sticky_is_fine && (st->st_mode & S_ISVTX))
		return false;
	return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* Who can write a directory above can put another one in our place. */
static int check_directories(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", dir);
	for (;;) {
		char *slash = strrchr(path, '/');

		if (stat(path[0] == '\0' ? "/" : path, &st) != 0)
			return store_fail(VAULT_ERR_IO, path);
		if (store_others_can_write(&st, strcmp(path, dir) != 0))
			return store_fail(VAULT_ERR_UNSAFE_DIR, path[0] == '\0' ? "/" : path);
		if (slash == NULL)
			return 0;
		*slash = '\0';
	}
}

int store_open(const char *path, struct store *ret)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char dir[PATH_MAX];
	int n, r;

	ret->dirfd = -1;
	n = snprintf(dir, sizeof(dir), "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
	    slash == NULL ? "." : path);
	if (n < 0 || (size_t)n >= sizeof(dir) || *name == '\0' || strlen(name) > NAME_MAX - 8)
		return store_fail(VAULT_ERR_ARGUMENT, path);
	if (realpath(dir, ret->dir) == NULL)
		return store_fail(
		    errno == ENOENT || errno == ENOTDIR ? VAULT_ERR_NO_VAULT : VAULT_ERR_IO, path);
	r = check_directories(strcmp(ret->dir, "/") == 0 ? "" : ret->dir);
	if (r != 0)
		return r;
	n = snprintf(ret->path, sizeof(ret->path), "%s/%s",
	    strcmp(ret->dir, "/") == 0 ? "" : ret->dir, name);
	if (n < 0 || (size_t)n >= sizeof(ret->path))
		return store_fail(VAULT_ERR_ARGUMENT, path);
	ret->name = strrchr(ret->path, '/') + 1;
	ret->dirfd = open(ret->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->dirfd < 0 ? store_fail(VAULT_ERR_IO, ret->dir) : 0;
}

void store_close(struct store *s)
{
	if (s->dirfd >= 0)
		(void)close(s->dirfd);
	s->dirfd = -1;
}

int store_open_file(const struct store *s, int *ret_fd, uint64_t *ret_size)
{
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	_cleanup_close_ int fd =
	    openat(s->dirfd, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return store_fail(VAULT_ERR_NO_VAULT, s->path);
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return store_fail(VAULT_ERR_NOT_A_FILE, s->path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	if (!S_ISREG(st.st_mode))
		return store_fail(VAULT_ERR_NOT_A_FILE, s->path);
	if (store_others_can_write(&st, false))
		return store_fail(VAULT_ERR_UNSAFE_FILE, s->path);
	*ret_size = (uint64_t)st.st_size;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int store_read_at(const struct store *s, int fd, void *ret, size_t len, uint64_t offset)
{
	uint8_t *p = ret;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return store_fail(VAULT_ERR_IO, s->path);
		if (n == 0)
			return store_fail(VAULT_ERR_DAMAGED, s->path);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int store_read_private(const struct store *s, size_t max, uint8_t **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ uint8_t *p = NULL;
	struct stat st;
	uint64_t size;
	int r = store_open_file(s, &fd, &size);

	if (r != 0)
		return r;
	if (fstat(fd, &st) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return store_fail(VAULT_ERR_UNSAFE_FILE, s->path);
	if (size > max)
		return store_fail(VAULT_ERR_LIMIT, s->path);
	p = malloc(size + 1);
	if (p == NULL)
		return store_fail(VAULT_ERR_NOMEM, s->path);
	r = store_read_at(s, fd, p, size, 0);
	if (r != 0)
		return r;
	*ret_len = size;
	*ret = TAKE_PTR(p);
	return 0;
}

static int sibling(const struct store *s, const char *suffix, char ret[static NAME_MAX + 1])
{
	int n = snprintf(ret, NAME_MAX + 1, "%s%s", s->name, suffix);

	return n < 0 || n > NAME_MAX ? store_fail(VAULT_ERR_ARGUMENT, s->path) : 0;
}

bool store_is_gone(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

int store_check_writable(const struct store *s)
{
	if (faccessat(s->dirfd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return store_fail(VAULT_ERR_IO, s->dir);
	return 0;
}

int store_lock(const struct store *s, unsigned wait_ms, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_MAX + 1];
	int r = sibling(s, ".lock", name);

	if (r != 0)
		return r;
	fd = openat(s->dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return store_fail(VAULT_ERR_IO, s->dir);
	for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += 50) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return store_fail(VAULT_ERR_IO, s->path);
		if (waited >= wait_ms)
			return store_fail(VAULT_ERR_LOCKED, s->path);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int write_all(const struct store *s, int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return store_fail(VAULT_ERR_IO, s->path);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int compare_back(const struct store *s, const char *name, const uint8_t *p, size_t len)
{
	_cleanup_close_ int fd = openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_free_ uint8_t *back = malloc(len + 1);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	if (back == NULL)
		return store_fail(VAULT_ERR_NOMEM, s->path);
	r = store_read_at(s, fd, back, len, 0);
	if (r != 0)
		return r;
	if ((uint64_t)st.st_size != len || memcmp(back, p, len) != 0)
		return store_fail(VAULT_ERR_DAMAGED, s->path);
	return 0;
}

int store_write_temporary(const struct store *s, const void *p, size_t len)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_MAX + 1];
	int r = sibling(s, ".tmp", name);

	if (r != 0)
		return r;
	/* Under the lock: one that is there was left by a crash. */
	if (unlinkat(s->dirfd, name, 0) != 0 && errno != ENOENT)
		return store_fail(VAULT_ERR_IO, s->path);
	fd = openat(s->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return store_fail(VAULT_ERR_IO, s->path);
	r = write_all(s, fd, p, len);
	if (r == 0 && fsync(fd) != 0)
		r = store_fail(VAULT_ERR_IO, s->path);
	return r != 0 ? r : compare_back(s, name, p, len);
}

void store_drop_temporary(const struct store *s)
{
	char name[NAME_MAX + 1];

	if (sibling(s, ".tmp", name) == 0)
		(void)unlinkat(s->dirfd, name, 0);
}

int store_beside(const struct store *s, const char *suffix, struct store *ret)
{
	int n = snprintf(ret->path, sizeof(ret->path), "%s%s", s->path, suffix);

	if (n < 0 || (size_t)n >= sizeof(ret->path))
		return store_fail(VAULT_ERR_ARGUMENT, s->path);
	ret->dirfd = s->dirfd;
	memcpy(ret->dir, s->dir, sizeof(ret->dir));
	ret->name = strrchr(ret->path, '/') + 1;
	return 0;
}

/* The old generation gets a second name first, so that NAME is always there. */
static int keep(const struct store *s)
{
	char prev[NAME_MAX + 1], fresh[NAME_MAX + 1];
	int r = sibling(s, ".prev", prev);

	if (r == 0)
		r = sibling(s, ".pre~", fresh);
	if (r != 0)
		return r;
	if (unlinkat(s->dirfd, fresh, 0) != 0 && errno != ENOENT)
		return store_fail(VAULT_ERR_IO, s->path);
	if (linkat(s->dirfd, s->name, s->dirfd, fresh, 0) != 0) {
		/* No hard links here: no previous generation, rather than a
		 * moment without the current one. */
		if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
			return 0;
		return store_fail(VAULT_ERR_IO, s->path);
	}
	if (renameat(s->dirfd, fresh, s->dirfd, prev) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	/* After a crash just here, .prev is the current one already, and a
	 * rename of one name of a file to another does nothing. */
	(void)unlinkat(s->dirfd, fresh, 0);
	return 0;
}

/* NAME.prev, and what a crash may have left of it. The directory is synced if there was
 * any, so that no power cut brings it back beside a file that is newer. */
static int drop_previous(const struct store *s)
{
	static const char *const suffixes[] = { ".prev", ".pre~" };
	char name[NAME_MAX + 1];
	bool dropped = false;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		int r = sibling(s, suffixes[i], name);

		if (r != 0)
			return r;
		if (unlinkat(s->dirfd, name, 0) == 0)
			dropped = true;
		else if (errno != ENOENT)
			return store_fail(VAULT_ERR_IO, s->path);
	}
	return !dropped || fsync(s->dirfd) == 0 ? 0 : store_fail(VAULT_ERR_IO, s->dir);
}

int store_replace(const struct store *s, enum store_previous previous, bool create)
{
	char tmp[NAME_MAX + 1];
	struct stat st;
	int r = sibling(s, ".tmp", tmp);

	if (r != 0)
		return r;
	if (create && fstatat(s->dirfd, s->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return store_fail(VAULT_ERR_EXISTS, s->path);
	if (previous == STORE_PREVIOUS_KEEP)
		r = keep(s);
	/* Before, and not after: once the new file is in place, nobody would look for it
	 * any more. What is lost, if this is as far as it comes, is the generation before
	 * alone. */
	if (previous == STORE_PREVIOUS_DROP)
		r = drop_previous(s);
	if (r != 0)
		return r;
	if (renameat(s->dirfd, tmp, s->dirfd, s->name) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	return fsync(s->dirfd) == 0 ? 0 : store_fail(VAULT_ERR_UNRECORDED, s->dir);
}

int store_set_aside(const struct store *s, const char *suffix)
{
	char name[NAME_MAX + 1];
	int r = sibling(s, suffix, name);

	if (r != 0)
		return r;
	return renameat(s->dirfd, s->name, s->dirfd, name) == 0 ? 0
								: store_fail(VAULT_ERR_IO, s->path);
}

int store_promote(const struct store *s, const char *suffix)
{
	char name[NAME_MAX + 1];
	int r = sibling(s, suffix, name);

	if (r != 0)
		return r;
	if (renameat(s->dirfd, name, s->dirfd, s->name) != 0)
		return store_fail(VAULT_ERR_IO, s->path);
	return fsync(s->dirfd) == 0 ? 0 : store_fail(VAULT_ERR_UNRECORDED, s->dir);
}

/* As sd_id128_get_machine_app_specific: the raw id must not be derivable. */
int store_machine_binding(uint8_t ret[static 32], bool *ret_bound)
{
	_cleanup_close_ int fd = open(MACHINE_ID, O_RDONLY | O_CLOEXEC);
	uint8_t id[32];
	ssize_t n;

	memset(ret, 0, 32);
	*ret_bound = false;
	if (fd < 0 && errno == ENOENT)
		return 0;
	n = fd < 0 ? -1 : read(fd, id, sizeof(id));
	if (n < 0)
		return store_fail(VAULT_ERR_IO, MACHINE_ID);
	if (n != sizeof(id))
		return 0;
	for (size_t i = 0; i < sizeof(id); i++)
		if (strchr("0123456789abcdef", id[i]) == NULL || id[i] == '\0')
			return 0;
	*ret_bound = true;
	(void)crypto_generichash_blake2b(
	    ret, 32, (const uint8_t *)"touchvault host", 15, id, sizeof(id));
	return 0;
}

bool store_was_replaced(const struct store *s, int fd)
{
	struct stat here, there;

	return fd >= 0 && fstat(fd, &here) == 0 &&
	       fstatat(s->dirfd, s->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (here.st_ino != there.st_ino || here.st_dev != there.st_dev);
}
