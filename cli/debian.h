/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of packages, as dpkg has them. */
#ifndef TOUCHVAULT_CLI_DEBIAN_H
#define TOUCHVAULT_CLI_DEBIAN_H

#include <stdbool.h>
#include <stddef.h>

/* The version of an installed package into ret. False where there is no dpkg,
 * or no such package. */
bool debian_version(const char *package, char *ret, size_t size);
/* Less than, equal to or greater than 0, as a is earlier than, the same as or
 * later than b (deb-version(7)). */
int debian_compare(const char *a, const char *b);

#endif
