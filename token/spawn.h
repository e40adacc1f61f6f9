/* SPDX-License-Identifier: BSD-2-Clause */
/* Start the helper, and see it end. */
#ifndef TOUCHVAULT_TOKEN_SPAWN_H
#define TOUCHVAULT_TOKEN_SPAWN_H

#include <sys/types.h>

struct spawn {
	pid_t pid;
	int fd; /* our end of the socketpair */
};

/* Start touchvault-token, which is found by where this program is, never by
 * PATH or environment. It gets a socket as its standard input and no other
 * descriptor of ours. TOKEN_ERR_HELPER where it is missing, or not safe. */
int spawn_helper(struct spawn *ret) __attribute__((warn_unused_result));

/* Hang up, and wait for it to end, which it does by itself when nobody listens: not
 * in the middle of a report. One that doesn't within ms is killed. */
void spawn_wait(struct spawn *, int ms);

#endif
