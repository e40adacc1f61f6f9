/* SPDX-License-Identifier: BSD-2-Clause */
/* Crockford's base32: digits and capitals without I, L, O and U, so that it
 * survives mail, chat and being read aloud. */
#ifndef TOUCHVAULT_VAULT_BASE32_H
#define TOUCHVAULT_VAULT_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters for n bytes: the last one is filled up with zero bits. */
#define BASE32_LEN(n) (((n)*8 + 4) / 5)

/* BASE32_LEN(len) characters and a NUL. */
void base32_encode(const uint8_t *p, size_t len, char *ret);
/* ret_len bytes from exactly BASE32_LEN(ret_len) characters, as base32_encode
 * writes them. */
bool base32_decode(const char *s, size_t len, uint8_t *ret, size_t ret_len);
/* The value of a character as a person types it, of any case, O for 0, I and L for
 * 1; -1 if it has none. And back. */
int base32_value_typed(char c);
char base32_char(unsigned value);
/* As a person types it: any case, blanks and hyphens anywhere, O for 0, I and L
 * for 1. */
bool base32_decode_typed(const char *s, uint8_t *ret, size_t ret_len);

#endif
