/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper's end of the socket: the program that asked for something, and
 * the person behind it.
 */
#ifndef TOUCHVAULT_TOKEN_CALLER_H
#define TOUCHVAULT_TOKEN_CALLER_H

#include "token/message.h"

struct caller {
	int fd;
	bool cancelled;  /* it said so, hung up, or doesn't keep to the protocol */
	int pin_retries; /* goes with a failure; -1: not known */
};

/* Wait for the one request. ret borrows from buf. TOKEN_ERR_HELPER if what
 * comes is something else, or nothing. */
int caller_request(struct caller *, struct message_buf *buf, struct message *ret)
    __attribute__((warn_unused_result));

/* Whether the caller no longer wants an answer. Never blocks. */
bool caller_cancelled(struct caller *);

/* Let ms go by, or less if the caller cancels. */
void caller_pause(struct caller *, int ms);

/* Ask for a PIN. TOKEN_ERR_CANCELLED if none is given. */
int caller_pin(struct caller *, const struct token_pin_request *request,
    char ret_pin[static TOKEN_PIN_MAX + 1]) __attribute__((warn_unused_result));

/* Tell it something. A caller that is gone is noticed by caller_cancelled. */
void caller_tell(struct caller *, const struct message *);

#endif
