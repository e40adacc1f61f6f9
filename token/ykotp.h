/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A YubiKey's OTP interface: slot 2 as an HMAC-SHA1 challenge-response key,
 * through libykpers (SECURITY.md, section 5).
 *
 * The library claims the USB interface for each report, and can't be cancelled
 * while it waits for a touch: it is used a report at a time here.
 */
#ifndef TOUCHVAULT_TOKEN_YKOTP_H
#define TOUCHVAULT_TOKEN_YKOTP_H

#include <ykcore.h>

#include "token/caller.h"

#define YKOTP_SLOT 2
#define YKOTP_RESPONSE_LEN 20
#define YKOTP_KEYS_MAX 8

struct ykotp {
	struct caller *caller;
	YK_KEY *key;
	struct token_device device; /* path: "yubikey:SERIAL", or "yubikey" */
	struct token_slots slots;
};

/* Once, before anything else: take the lock that keeps other touchvaults out,
 * and start libusb. TOKEN_ERR_BUSY, TOKEN_ERR_CANCELLED, TOKEN_ERR_FAILED;
 * TOKEN_ERR_NONE where there is no USB. */
int ykotp_start(struct caller *) __attribute__((warn_unused_result));

/* Open the key that is number index among those plugged in; 0 is the first.
 * TOKEN_ERR_NONE past the last one. ykotp_close in any case. */
int ykotp_open(struct ykotp *, int index, struct caller *) __attribute__((warn_unused_result));
/* Open the one that path names ("yubikey" or "": the only one). TOKEN_ERR_NONE,
 * TOKEN_ERR_SEVERAL, TOKEN_ERR_NO_DEVICE. */
int ykotp_open_path(struct ykotp *, const char *path, struct caller *)
    __attribute__((warn_unused_result));
/* Gives the keyboard back to the kernel. */
void ykotp_close(struct ykotp *);

/* Translate libykpers's error. */
int ykotp_error(void) __attribute__((warn_unused_result));
/* Bring slots up to date, but the serial number. */
int ykotp_read_status(struct ykotp *) __attribute__((warn_unused_result));

/* The response of slot 2 to the salt's challenge (FORMAT.md, "Token slot").
 * *ret_touched says whether it waited for a touch. TOKEN_ERR_SLOT where the slot
 * doesn't answer. */
int ykotp_challenge(struct ykotp *, const uint8_t salt[static TOKEN_SALT_LEN],
    const struct message_touch *touch, bool *ret_touched, uint8_t ret[static YKOTP_RESPONSE_LEN])
    __attribute__((warn_unused_result));

/* Write a new random key into slot 2, to be used with a touch; it leaves this
 * process only for the token. TOKEN_ERR_SLOT_IN_USE unless overwrite,
 * TOKEN_ERR_SLOT_LOCKED by an access code. slots is brought up to date. */
int ykotp_program(struct ykotp *, bool overwrite) __attribute__((warn_unused_result));

#endif
