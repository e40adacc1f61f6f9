/* CTAPHID: frames, channels, one transaction at a time (CTAP 2.1, 11.2). */
#ifndef VTOKEN_CTAPHID_H
#define VTOKEN_CTAPHID_H

#include "token.h"

/* One report from the host, without its report number. */
void hid_frame(struct token *t, const uint8_t frame[static FRAME_LEN]);
/* Keepalives, timeouts, the user's touch if it is due. */
void hid_tick(struct token *t);
uint64_t hid_deadline(const struct token *t);
/* The user touches now. False if nothing waits for it. */
bool hid_touch(struct token *t);
/* Forgets the transaction under way, as an INIT or an unplugging does. */
void hid_abort(struct token *t);

#endif
