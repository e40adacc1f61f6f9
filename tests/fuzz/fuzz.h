/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzz target is one file with one function: hand the bytes to a decoder,
 * and require of what it accepts that it encodes to the same bytes again.
 * libFuzzer calls it, or fuzz_main.c with the committed seeds.
 */
#ifndef TOUCHVAULT_TESTS_FUZZ_H
#define TOUCHVAULT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Not assert: it must hold in every build. */
#define REQUIRE(condition)                                                                      \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#endif
