/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Destructors bound to variables: what is declared with one of these is
 * released, or wiped, on every path out of its block.
 */
#ifndef TOUCHVAULT_TOKEN_CLEANUP_H
#define TOUCHVAULT_TOKEN_CLEANUP_H

#include <string.h>
#include <unistd.h>

static inline void token_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_close_ _cleanup_(token_closep)

/* Defines NAME_wipep, which clears a struct TYPE whatever it holds. */
#define DEFINE_WIPE(type, name)                  \
	static inline void name##_wipep(type *p) \
	{                                        \
		explicit_bzero(p, sizeof(*p));   \
	}

#endif
