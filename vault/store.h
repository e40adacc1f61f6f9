/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file I/O of vault/, with commit.c (SECURITY.md, section 3). Every
 * failure leaves the path in vault_where() and errno in vault_errno(). */
#ifndef TOUCHVAULT_VAULT_STORE_H
#define TOUCHVAULT_VAULT_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A place for a file: its directory, open and checked, and its name. */
struct store {
	int dirfd;
	char dir[PATH_MAX];  /* resolved: no symbolic links */
	char path[PATH_MAX]; /* dir/name */
	const char *name;    /* into path */
};

/* Others than the user and root: it is theirs, or its mode lets them. In a sticky directory,
 * as /tmp, they can't replace what isn't theirs. */
struct stat;
bool store_others_can_write(const struct stat *, bool sticky_is_fine);

/* Resolve path's directory, refuse it where others can write to it or to one
 * above it. VAULT_ERR_NO_VAULT where the directory is not there. */
int store_open(const char *path, struct store *ret) __attribute__((warn_unused_result));
void store_close(struct store *);

/* Open NAME for reading: regular, ours, written by nobody else. NO_VAULT,
 * NOT_A_FILE, UNSAFE_FILE, IO. */
int store_open_file(const struct store *, int *ret_fd, uint64_t *ret_size)
    __attribute__((warn_unused_result));
/* len bytes from offset, or VAULT_ERR_DAMAGED where the file ends before. */
int store_read_at(const struct store *, int fd, void *ret, size_t len, uint64_t offset)
    __attribute__((warn_unused_result));
/* The whole of a small file that nobody else may even read; *ret is malloc'd. As
 * store_open_file, and LIMIT. */
int store_read_private(const struct store *, size_t max, uint8_t **ret, size_t *ret_len)
    __attribute__((warn_unused_result));

/* Whether nothing has that path, as far as one can look. */
bool store_is_gone(const char *path);
/* Whether files can be made in the directory at all. IO. */
int store_check_writable(const struct store *) __attribute__((warn_unused_result));
/* Take the lock file NAME.lock, wait_ms at most. VAULT_ERR_LOCKED, IO. The
 * lock ends when *ret_fd is closed. */
int store_lock(const struct store *, unsigned wait_ms, int *ret_fd)
    __attribute__((warn_unused_result));

/* Write NAME.tmp (0600, O_EXCL), fsync it and read it back. */
int store_write_temporary(const struct store *, const void *p, size_t len)
    __attribute__((warn_unused_result));
enum store_previous {
	STORE_PREVIOUS_NONE, /* there is never a NAME.prev */
	STORE_PREVIOUS_KEEP, /* the old file stays as NAME.prev */
	STORE_PREVIOUS_DROP, /* NAME.prev, and what a crash left of it, is deleted, and that is
			      * synced, before the new file is in place: it opens for
			      * whoever is shut out */
};
/* NAME.tmp becomes NAME, and the directory is synced. With create,
 * VAULT_ERR_EXISTS where NAME is there; VAULT_ERR_UNRECORDED where only the
 * directory could not be synced. */
int store_replace(const struct store *, enum store_previous, bool create)
    __attribute__((warn_unused_result));
void store_drop_temporary(const struct store *);
/* The place of NAME with a suffix; borrows the directory: don't close it. */
int store_beside(const struct store *, const char *suffix, struct store *ret)
    __attribute__((warn_unused_result));
/* NAME becomes NAME with the suffix, in the place of what has that name. IO. */
int store_set_aside(const struct store *, const char *suffix) __attribute__((warn_unused_result));
/* NAME with the suffix becomes NAME, and the directory is synced. */
int store_promote(const struct store *, const char *suffix) __attribute__((warn_unused_result));

/* 32 bytes from the machine's id, for this program only; zeros and *ret_bound
 * false where the machine has none. IO where it can't be read. */
int store_machine_binding(uint8_t ret[static 32], bool *ret_bound)
    __attribute__((warn_unused_result));
/* Whether NAME is another file by now than the one that fd is. */
bool store_was_replaced(const struct store *, int fd);

/* Remember what failed; returns err. path is copied; errno is taken. */
int store_fail(int err, const char *path) __attribute__((warn_unused_result));

#endif
