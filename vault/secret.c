/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "vault/err.h"

/* First fit in units of 64 bytes. A unit's owner is the length, in units, of
 * the allocation that begins there; the table is outside the arena, so that
 * an overrun can't forge it. */
#define UNIT 64
#define UNITS (SECRET_ARENA_LEN / UNIT)

static uint8_t *arena;
static uint16_t owner[UNITS + 1];
static bool used[UNITS];
_Static_assert(UNITS <= UINT16_MAX, "an allocation's length fits its owner");

int secret_init(void)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map;

	if (arena != NULL)
		return 0;
	map =
	    mmap(NULL, SECRET_ARENA_LEN + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return VAULT_ERR_NOMEM;
	if (mprotect(map + guard, SECRET_ARENA_LEN, PROT_READ | PROT_WRITE) != 0)
		return VAULT_ERR_NOMEM;
	/* ONFAULT: pages are locked as they are touched, so that a short
	 * command doesn't pay for all of them; the limit is charged at once. */
	if (mlock2(map + guard, SECRET_ARENA_LEN, MLOCK_ONFAULT) != 0) {
		(void)munmap(map, SECRET_ARENA_LEN + 2 * guard);
		return VAULT_ERR_MLOCK;
	}
	(void)madvise(map + guard, SECRET_ARENA_LEN, MADV_DONTDUMP);
	(void)madvise(map + guard, SECRET_ARENA_LEN, MADV_WIPEONFORK);
	arena = map + guard;
	return 0;
}

/* glibc: where the stack begins, above main's frame. */
extern void *__libc_stack_end;

/* The kernel grows a stack when it is used, and locks no part that isn't there
 * yet. */
__attribute__((noinline)) int secret_lock_stack(void)
{
	char room[SECRET_STACK_LEN];
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)room;

	sodium_memzero(room, sizeof(room));
	from -= from % page;
	if (mlock2((void *)from, (uintptr_t)__libc_stack_end - from, MLOCK_ONFAULT) != 0)
		return VAULT_ERR_MLOCK;
	return 0;
}

__attribute__((noinline)) void secret_wipe_stack(void)
{
	char room[SECRET_STACK_LEN / 2];

	sodium_memzero(room, sizeof(room));
}

static size_t unit_of(const void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)arena;

	if (arena == NULL || off >= SECRET_ARENA_LEN || off % UNIT != 0 || owner[off / UNIT] == 0)
		abort();
	return off / UNIT;
}

void *secret_alloc(size_t len)
{
	size_t need = len == 0 ? 1 : (len + UNIT - 1) / UNIT;
	size_t at = 0, run = 0;

	if (arena == NULL || len > SECRET_ARENA_LEN)
		return NULL;
	while (at + run < UNITS && run < need) {
		if (used[at + run]) {
			at += run;
			at += owner[at];
			run = 0;
		} else {
			run++;
		}
	}
	if (run < need)
		return NULL;
	owner[at] = (uint16_t)need;
	memset(&used[at], true, need);
	/* Free memory was wiped when it was freed, or never touched. */
	return arena + at * UNIT;
}

void secret_free(void *p)
{
	size_t at, len;

	if (p == NULL)
		return;
	at = unit_of(p);
	len = owner[at];
	sodium_memzero(p, len * UNIT);
	memset(&used[at], false, len);
	owner[at] = 0;
}

void *secret_realloc(void *p, size_t len)
{
	size_t old = p == NULL ? 0 : (size_t)owner[unit_of(p)] * UNIT;
	void *q;

	if (p != NULL && len <= old)
		return p;
	q = secret_alloc(len);
	if (q == NULL)
		return NULL;
	if (p != NULL) {
		memcpy(q, p, old);
		secret_free(p);
	}
	return q;
}
