/* SPDX-License-Identifier: BSD-2-Clause */
/* Preloaded under qemu's user emulation, which doesn't know mlock2: without it no
 * arena for secrets, and nothing to be tested. */
#include <sys/mman.h>

int mlock2(const void *p, size_t n, unsigned int flags)
{
	(void)flags;
	return mlock(p, n);
}
