/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/caller.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* 0 if a message is there within ms (-1: for ever), else negative. */
static int caller_wait(struct caller *caller, int ms)
{
	struct pollfd pfd = { .fd = caller->fd, .events = POLLIN };
	int r;

	do
		r = poll(&pfd, 1, ms);
	while (r < 0 && errno == EINTR);
	return r > 0 ? 0 : TOKEN_ERR_TIMEOUT;
}

/* MSG_TRUNC makes recv return the real length of a message that is too long,
 * which message_decode then refuses. */
static int caller_receive(struct caller *caller, struct message_buf *buf, struct message *ret)
{
	ssize_t n;

	do
		n = recv(caller->fd, buf->bytes, sizeof(buf->bytes), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return TOKEN_ERR_HELPER;
	buf->len = (size_t)n;
	return message_decode(buf, ret);
}

int caller_request(struct caller *caller, struct message_buf *buf, struct message *ret)
{
	int r = caller_receive(caller, buf, ret);

	if (r == 0 && ret->type != MESSAGE_ENROL && ret->type != MESSAGE_DERIVE &&
	    ret->type != MESSAGE_LIST && ret->type != MESSAGE_PROGRAM &&
	    ret->type != MESSAGE_SET_PIN && ret->type != MESSAGE_INFO)
		r = TOKEN_ERR_HELPER;
	return r;
}

bool caller_cancelled(struct caller *caller)
{
	/* Whatever it is: while nothing was asked, only CANCEL can come. */
	if (!caller->cancelled && caller_wait(caller, 0) == 0)
		caller->cancelled = true;
	return caller->cancelled;
}

void caller_pause(struct caller *caller, int ms)
{
	if (!caller->cancelled && caller_wait(caller, ms) == 0)
		caller->cancelled = true;
}

int caller_pin(struct caller *caller, const struct token_pin_request *request,
    char ret_pin[static TOKEN_PIN_MAX + 1])
{
	struct message ask = { .type = MESSAGE_PIN_REQUEST, .pin_request = *request };
	_cleanup_message_buf_ struct message_buf buf;
	_cleanup_message_ struct message answer;

	if (caller_cancelled(caller))
		return TOKEN_ERR_CANCELLED;
	caller_tell(caller, &ask);
	if (caller_receive(caller, &buf, &answer) < 0 || answer.type != MESSAGE_PIN) {
		caller->cancelled = true;
		return TOKEN_ERR_CANCELLED;
	}
	memcpy(ret_pin, answer.pin, sizeof(answer.pin));
	return 0;
}

void caller_tell(struct caller *caller, const struct message *message)
{
	_cleanup_message_buf_ struct message_buf buf;

	if (message_encode(message, &buf) < 0 ||
	    send(caller->fd, buf.bytes, buf.len, MSG_NOSIGNAL) != (ssize_t)buf.len)
		caller->cancelled = true;
}
