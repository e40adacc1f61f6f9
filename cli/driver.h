/* SPDX-License-Identifier: BSD-2-Clause */
/* A program of the user's that makes, tries and revokes keys at a broker: see
 * touchvault-driver(7). */
#ifndef TOUCHVAULT_CLI_DRIVER_H
#define TOUCHVAULT_CLI_DRIVER_H

#include <stdlib.h>

#include "cli/fields.h"

#define DRIVER_SECONDS 60
#define DRIVER_SECONDS_MAX 3600
#define DRIVER_OUTPUT_MAX ((size_t)256 * 1024)

struct driver {
	const char *path; /* as the user calls it; borrowed */
	char *program;    /* what that leads to */
	int seconds;      /* how long one run may take */
};
static inline void driver_clear(struct driver *d)
{
	free(d->program);
}

/* Follow the path to a file that can be executed; seconds is the caller's. It gets
 * credentials: UNSAFE where others than the user and root can change the file, or put
 * another thing in the place of any link or directory that leads to it. NOT_FOUND. Exit
 * status, reported. */
int driver_find(const struct app *, const char *path, struct driver *ret)
    __attribute__((warn_unused_result));
/* The same of a directory of drivers. */
int driver_dir_check(const struct app *, const char *dir) __attribute__((warn_unused_result));

/* One rotation by drivers at a time, from before the vault is read until *ret_fd is closed:
 * two of one entry would take each other's key for one that was lost. Exit status, reported. */
int driver_lock(const struct app *, int *ret_fd) __attribute__((warn_unused_result));

/* One run of it, to its end or its time limit. input goes to its standard input;
 * *ret (locked memory) is its standard output, a NUL behind it. What it says on
 * standard error is shown masked, as driver_errors.h says. Exit status, reported: also where it
 * ended with another status than 0. */
int driver_run(const struct app *, const struct driver *, const char *operation, const char *entry,
    const char *attempt, const struct fields_text *input, struct vault_entry *const *hide,
    size_t n_hide, struct fields_text *ret) __attribute__((warn_unused_result));

/* Go on with the entry's rotation by the driver, as far as it can go today, in an unlocked
 * vault. expires: of a new one, or 0. DUE where another one is wanted in the end. Exit
 * status, reported. */
int rotate_by_driver(struct app *, struct vault *, const char *name, const struct driver *,
    int64_t expires) __attribute__((warn_unused_result));
/* Before a touch: whether it can go on, and whether there is nothing to do today, which is
 * said. Exit status, reported. */
int rotate_driver_check(struct app *, struct vault *, const struct vault_entry_info *, int64_t now,
    bool *ret_waits) __attribute__((warn_unused_result));
/* One touch for all that is due and has a driver in dir. Exit status of the first that
 * failed, else DUE where one has no driver; the others are done all the same. */
int rotate_all_due(struct app *, const char *dir, int seconds) __attribute__((warn_unused_result));

#endif
