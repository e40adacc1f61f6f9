/* SPDX-License-Identifier: BSD-2-Clause */
/* HMAC-SHA1 of our own: what is preloaded must not pull libcrypto into programs
 * that are not meant to have it. FIPS 180-4, RFC 2104. */
#ifndef VIRTUALYK_SHA1_H
#define VIRTUALYK_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_LEN 20
#define SHA1_BLOCK_LEN 64
#define HMAC_KEY_LEN 20
#define HMAC_MESSAGE_MAX 64

void hmac_sha1(const uint8_t key[static HMAC_KEY_LEN], const uint8_t *message,
    size_t len /* at most HMAC_MESSAGE_MAX */, uint8_t ret[static SHA1_LEN]);

#endif
