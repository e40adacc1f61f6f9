/* SPDX-License-Identifier: BSD-2-Clause */
/* By the linker's --wrap, secrets come from the heap in fuzz targets: there
 * ASan sees every byte too many, which in the arena it can't, and every leak. */
#include <stdlib.h>

#include "vault/secret.h"

void *__wrap_secret_alloc(size_t len);
void *__wrap_secret_realloc(void *p, size_t len);
void __wrap_secret_free(void *p);

void *__wrap_secret_alloc(size_t len)
{
	return calloc(1, len);
}

void *__wrap_secret_realloc(void *p, size_t len)
{
	return realloc(p, len);
}

void __wrap_secret_free(void *p)
{
	free(p);
}
