/* SPDX-License-Identifier: BSD-2-Clause */
/* One of a key's two slots: what is programmed into it, and what it answers.
 * Layouts and flags are those of ykdef.h (yubikey-personalization). */
#ifndef VIRTUALYK_SLOT_H
#define VIRTUALYK_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha1.h"

#define SLOT_PAYLOAD_LEN 64
#define SLOT_ACCESS_LEN 6

struct slot {
	bool ready; /* programmed */
	uint8_t key[HMAC_KEY_LEN];
	uint8_t access[SLOT_ACCESS_LEN]; /* zeros: none */
	uint8_t ext, tkt, cfg;           /* EXTFLAG_, TKTFLAG_, CFGFLAG_ */
};

/* The checksum of reports, frames and configurations (ISO 13239). */
uint16_t crc16(const uint8_t *bytes, size_t len);
/* What crc16 gives over data and its complemented checksum. */
#define CRC16_RESIDUAL 0xf0b8

/* A configuration and the current access code, as in the frame that writes a
 * slot; zeros erase it. False: refused, nothing changed. */
bool slot_program(struct slot *, const uint8_t payload[static SLOT_PAYLOAD_LEN]);

bool slot_is_hmac(const struct slot *);
bool slot_wants_touch(const struct slot *);
bool slot_shows_serial(const struct slot *);

/* How much of a challenge the firmware takes for the message. */
size_t slot_message_len(const struct slot *, const uint8_t challenge[static SLOT_PAYLOAD_LEN]);

#endif
