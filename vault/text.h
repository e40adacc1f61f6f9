/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_VAULT_TEXT_H
#define TOUCHVAULT_VAULT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 of at most max bytes, without control characters. */
bool text_valid(const char *s, size_t len, size_t max);

#endif
