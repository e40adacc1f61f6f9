/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that libfido2 must do for one hmac-secret: what floor is made of. */
#ifndef TOUCHVAULT_TESTS_BENCH_ASSERTION_H
#define TOUCHVAULT_TESTS_BENCH_ASSERTION_H

#include <stddef.h>
#include <stdint.h>

#define ASSERTION_SALT_LEN 32
#define ASSERTION_SECRET_LEN 32

/* One assertion with one credential, nothing of it verified. 0, or an error of
 * libfido2 for fido_strerr. */
int assertion_secret(const char *device, const uint8_t *id, size_t id_len,
    const uint8_t salt[static ASSERTION_SALT_LEN], uint8_t ret[static ASSERTION_SECRET_LEN])
    __attribute__((warn_unused_result));

#endif
