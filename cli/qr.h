/* SPDX-License-Identifier: BSD-2-Clause */
/* A text as a QR code. The only user of libqrencode, which leaves copies of the text in
 * its heap: so it is loaded and works in a process of its own, whose memory is locked
 * and gone with it, and no other command pays for it. */
#ifndef TOUCHVAULT_CLI_QR_H
#define TOUCHVAULT_CLI_QR_H

#include <stddef.h>
#include <stdint.h>

#define QR_WIDTH_MAX 57 /* version 10 */

struct qr {
	uint8_t width;
	uint8_t dark[QR_WIDTH_MAX * QR_WIDTH_MAX]; /* row by row, 0 or 1 */
};

enum qr_err {
	QR_OK = 0,
	QR_ERR_FAILED = -1,  /* too long, or no process can be started */
	QR_ERR_MEMORY = -2,  /* can't be locked (RLIMIT_MEMLOCK) */
	QR_ERR_LIBRARY = -3, /* is not there */
};

/* text: at most 512 bytes. ret is in locked memory: it is as secret as the text. 0 or
 * an enum qr_err. */
int qr_encode(const char *text, struct qr *ret) __attribute__((warn_unused_result));

#endif
