/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire under libfido2: CTAPHID reports to and from one device node, with
 * everything that libfido2's own wire lacks. The cause of a failure is kept;
 * every wait ends, by a deadline, a cancel or an unplug; and what is given up
 * is cancelled on the token, which otherwise keeps blinking and sends its late
 * reply to whoever asks next.
 *
 * CTAP 2.1, section 11.2.
 */
#ifndef TOUCHVAULT_TOKEN_HID_H
#define TOUCHVAULT_TOKEN_HID_H

#include "token/caller.h"

#include <fido.h>

#define HID_REPORT_LEN 64
#define HID_RECORD_MAX 36  /* reports; libfido2 takes messages of 2048 bytes */
#define HID_QUIET_MS 5000  /* for an answer that needs nobody */
#define HID_CANCEL_MS 1000 /* for the answer to a cancel */

struct hid {
	int fd;
	struct caller *caller;

	/* The call in progress, see hid_begin. */
	enum token_err cause;
	const struct message_touch *touch;
	bool touch_to_verify;
	bool touch_told;

	/* The transaction in progress. */
	uint8_t channel[4];
	uint8_t nonce[8];
	uint8_t command; /* CTAPHID, as in the report */
	uint8_t ctap;    /* CTAP2, if it is one of those */
	bool touch_wanted;
	int64_t deadline; /* ms, CLOCK_MONOTONIC */
	/* A token that waits for a finger says so every 100 ms (CTAP 2.1, section
	 * 11.2.9.1.5). Once it has begun to, silence means that it hangs, and not
	 * that nobody touches it. */
	int64_t quiet_deadline;
	bool answering;     /* the reply has begun */
	size_t answer_left; /* bytes still to come of it */

	/* The reply to getInfo. libfido2 asks for it to open a device and shows
	 * only some of it; what it asks again is answered from here. */
	uint8_t record[HID_RECORD_MAX][HID_REPORT_LEN];
	size_t recorded;
	bool record_whole;
	size_t replayed;
	bool replaying;
};

/* Open and lock the device node. TOKEN_ERR_PERMISSION, TOKEN_ERR_NO_DEVICE,
 * TOKEN_ERR_NOT_A_TOKEN, TOKEN_ERR_BUSY (held by another program for over a
 * second), TOKEN_ERR_CANCELLED, TOKEN_ERR_FAILED. */
int hid_open(const char *path, struct caller *, struct hid *ret)
    __attribute__((warn_unused_result));
void hid_close(struct hid *);

/* Make dev speak through hid, and shake hands: fido_dev_open. The result is
 * libfido2's. */
int hid_connect(struct hid *, fido_dev_t *dev) __attribute__((warn_unused_result));

/* Around each call of libfido2 on this device. touch, if not NULL, says that
 * the call waits for a person, who is told so when the request has gone out;
 * verify, that the token's own user verification (a fingerprint) comes first.
 * hid_end returns the cause of a failure below libfido2, or 0. */
void hid_begin(struct hid *, const struct message_touch *touch, bool verify);
int hid_end(struct hid *);

/* Give up what the token still waits for: it stops blinking, and its reply is
 * read. */
void hid_abandon(struct hid *);

/* Whether a HID report descriptor has the FIDO usage page. */
bool hid_is_fido(const uint8_t *descriptor, size_t len);

#endif
