/*
 * The wire: a raw pseudo-terminal that behaves as a hidraw node.
 *
 * The host writes reports of 65 bytes (report number 0 first) and reads
 * reports of 64. A terminal keeps no message bounds, so the host's reports
 * are cut by length, and a piece left over for 100 ms is thrown away.
 */
#ifndef VTOKEN_PTY_H
#define VTOKEN_PTY_H

#include "token.h"

/* Opens a pair and points the link at it. -1 after a message on stderr. */
int pty_plug(struct pty *p);
void pty_unplug(struct pty *p);

/* Forgets all replies the host has not read yet. */
void pty_flush(struct pty *p);
/* Queues a frame, which leaves @delay_ms after the one before it. */
void pty_send(struct pty *p, const uint8_t frame[static FRAME_LEN],
	      unsigned int delay_ms);

/* Reads what there is and calls hid_frame() for each whole report. */
void pty_readable(struct token *t);
/* Writes what is due. */
void pty_write(struct pty *p);
bool pty_wants_write(const struct pty *p);
/* Drops an incomplete report that has grown old. */
void pty_tick(struct pty *p);
/* When pty_tick() or pty_write() next has work; UINT64_MAX for never. */
uint64_t pty_deadline(const struct pty *p);

#endif
