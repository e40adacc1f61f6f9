/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor under commands without a token: start with libsodium, say a line. */
#include <stdio.h>

#include <sodium.h>

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	return puts("trivial") < 0;
}
