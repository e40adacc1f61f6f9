/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the keys remember without power, in one small text file: a record of
 * STATE_RECORD_LEN bytes for each key, padded with spaces.
 *
 *	key 1 serial 0012345678 seq 001 timeout 15
 *	slot 1 empty key 00.. access 000000000000 ext 00 tkt 00 cfg 00
 *	slot 2 ready key 3f.. access 000000000000 ext 04 tkt 40 cfg 2e
 *
 * Records have a fixed length because a confined process can neither truncate
 * a file nor rename one.
 */
#ifndef VIRTUALYK_STATE_H
#define VIRTUALYK_STATE_H

#include "slot.h"

#define STATE_KEYS_MAX 4
#define STATE_RECORD_LEN 256
#define STATE_SLOTS 2

struct key {
	uint32_t serial;
	uint8_t seq;      /* programming sequence; 0 with both slots empty */
	unsigned timeout; /* seconds that it waits for a touch, at most 31 */
	struct slot slot[STATE_SLOTS];
};

/* The file behind fd, with n keys: new ones are added, with empty slots.
 * -1: it can't be read or written, or isn't such a file. */
int state_start(int fd, unsigned n);

/* Keep others from key index until state_unlock; -1 if another process has
 * it. */
int state_lock(unsigned index);
void state_unlock(unsigned index);

/* Under the lock. -1 as above. */
int state_load(unsigned index, struct key *ret);
int state_save(unsigned index, const struct key *);

#endif
