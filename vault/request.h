/* SPDX-License-Identifier: BSD-2-Clause */
/* A host's request to be approved: one line of text (FORMAT.md, "Host
 * request"; SECURITY.md, section 4). Reading it is vault_request_decode. */
#ifndef TOUCHVAULT_VAULT_REQUEST_H
#define TOUCHVAULT_VAULT_REQUEST_H

#include "vault/base32.h"
#include "vault/host.h"

#define REQUEST_PREFIX "touchvault-host-request:"
#define REQUEST_VERSION "1:"
/* hpk, hvk, kind, flags, created, length of the name; then name and signature. */
#define REQUEST_FIXED (KEY_LEN + 32 + 1 + 1 + 8 + 1)
#define REQUEST_LEN_MAX (REQUEST_FIXED + VAULT_HUMAN_NAME_MAX + SIGNATURE_LEN)
#define REQUEST_FLAG_BOUND 0x01
#define REQUEST_FLAG_VIRTUAL 0x02

/* Set the signature; all before it is set. */
void request_sign(const struct host_key *, struct vault_host_request *);
/* The line, without a newline. */
void request_encode(const struct vault_host_request *, char ret[static VAULT_REQUEST_TEXT]);
/* The 80 bits that people compare. Only of the keys, which are what is trusted. */
void host_fingerprint(const uint8_t hpk[static KEY_LEN], const uint8_t hvk[static 32],
    uint8_t ret[static VAULT_FINGERPRINT_LEN]);
void host_fingerprint_text(const uint8_t hpk[static KEY_LEN], const uint8_t hvk[static 32],
    char ret[static VAULT_FINGERPRINT_TEXT]);

#endif
