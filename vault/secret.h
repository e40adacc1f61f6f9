/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for secrets: one arena, locked, guarded at both ends, kept out of
 * core files, wiped when freed (SECURITY.md, section 6). sodium_malloc would
 * not do: it ignores a failed mlock.
 */
#ifndef TOUCHVAULT_VAULT_SECRET_H
#define TOUCHVAULT_VAULT_SECRET_H

#include <stddef.h>

#define SECRET_ARENA_LEN ((size_t)2 * 1024 * 1024)
#define SECRET_STACK_LEN ((size_t)128 * 1024)

/* Map and lock the arena; once. VAULT_ERR_MLOCK where it can't be locked. */
int secret_init(void) __attribute__((warn_unused_result));

/* Lock the stack, as far as it will grow, and what is on it by now: libraries,
 * and the dynamic linker, leave copies of secrets there. VAULT_ERR_MLOCK. */
int secret_lock_stack(void) __attribute__((warn_unused_result));
/* Wipe what is on the stack below the caller. */
void secret_wipe_stack(void);

/* Zeroed memory, aligned to 64; NULL when the arena is full or not set up. */
void *secret_alloc(size_t len) __attribute__((warn_unused_result));
/* As realloc; the old memory is wiped. NULL leaves p as it was. */
void *secret_realloc(void *p, size_t len) __attribute__((warn_unused_result));
/* Wipes and frees; NULL is fine. Aborts on a pointer that is not from here. */
void secret_free(void *p);

#endif
