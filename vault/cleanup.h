/* SPDX-License-Identifier: BSD-2-Clause */
/* Destructors bound to the type, so that wiping can't be forgotten. */
#ifndef TOUCHVAULT_VAULT_CLEANUP_H
#define TOUCHVAULT_VAULT_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "vault/secret.h"

static inline void vault_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void vault_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void vault_cleanup_secret(void *p)
{
	secret_free(*(void **)p);
}

#define _cleanup_free_ __attribute__((cleanup(vault_cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(vault_cleanup_close)))
#define _cleanup_secret_ __attribute__((cleanup(vault_cleanup_secret)))

#define TAKE_PTR(p)                         \
	__extension__({                     \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#endif
