/* SPDX-License-Identifier: BSD-2-Clause */
/* The keyboard interface of one key, by its 8-byte feature reports. */
#ifndef VIRTUALYK_OTP_H
#define VIRTUALYK_OTP_H

#include "state.h"

#define OTP_REPORT_LEN 8
#define OTP_FRAME_LEN 70 /* struct frame_st: payload, command, checksum, filler */
#define OTP_REPLY_MAX 28 /* four reports of seven bytes */

enum otp_phase {
	OTP_IDLE,     /* reports its status */
	OTP_WAITING,  /* blinks */
	OTP_REPLYING, /* until told to stop */
};

struct otp {
	unsigned index;
	bool gone; /* unplugged in the middle */
	struct key key;
	enum otp_phase phase;
	uint8_t frame[OTP_FRAME_LEN];
	unsigned slot;  /* 0 or 1: asked last */
	uint64_t since; /* when it began to wait, in ms */
	bool told;      /* that it waits */
	uint8_t reply[OTP_REPLY_MAX];
	unsigned reports; /* in the reply */
	unsigned next;
};

enum otp_err {
	OTP_OK = 0,
	OTP_ERR_GONE = -1,
	OTP_ERR_IO = -2,
};

/* Under the lock of state.h, with the key's state loaded. */
int otp_set_report(struct otp *, const uint8_t report[static OTP_REPORT_LEN]);
int otp_get_report(struct otp *, uint8_t ret[static OTP_REPORT_LEN]);

#endif
