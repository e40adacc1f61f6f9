/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/token.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "token/message.h"
#include "token/spawn.h"

#define CLIENT_LINGER_MS 2000  /* from a cancel to the helper's end */
#define CLIENT_COMMIT_MS 10000 /* from a new PIN to the token's answer */
#define CLIENT_TOUCHES_MAX 16  /* in a call; an honest helper needs 4 */

struct client {
	struct spawn helper;
	const struct token_ui *ui;
	struct token_secret *secret;
	bool touching;    /* the person is being told to touch */
	bool cancelled;   /* CANCEL has been sent */
	int64_t deadline; /* of the last word; 0: none yet */
	unsigned touches; /* asked for */
	unsigned pins[2]; /* that may still be asked for, by enum token_pin */
	bool committed;   /* there is no way back: the token is changing its PIN */
};

/* Of token_start. */
static struct spawn client_started = { .fd = -1 };

void token_start(void)
{
	if (client_started.fd < 0 && spawn_helper(&client_started) < 0)
		client_started.fd = -1;
}

/* Has said its last word, and tidies up. */
static struct spawn client_ended = { .fd = -1 };

void token_end(void)
{
	if (client_ended.fd >= 0)
		spawn_wait(&client_ended, CLIENT_LINGER_MS);
}

static int client_take_helper(struct spawn *ret)
{
	if (client_started.fd < 0)
		return spawn_helper(ret);
	*ret = client_started;
	client_started.fd = -1;
	return 0;
}

static int client_send(struct client *client, const struct message *message)
{
	_cleanup_message_buf_ struct message_buf buf;
	int r = message_encode(message, &buf);

	if (r < 0)
		return r;
	if (send(client->helper.fd, buf.bytes, buf.len, MSG_NOSIGNAL) != (ssize_t)buf.len)
		return TOKEN_ERR_HELPER_ENDED;
	return 0;
}

static int64_t client_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void client_cancel(struct client *client)
{
	const struct message cancel = { .type = MESSAGE_CANCEL };

	if (client->cancelled)
		return;
	(void)client_send(client, &cancel);
	client->cancelled = true;
	client->deadline = client_now() + CLIENT_LINGER_MS;
}

/* How long to wait for the helper: for ever, while a person may be needed. */
static int client_left(const struct client *client)
{
	int64_t left = client->deadline - client_now();

	if (client->deadline == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

/* Wait for the helper to say something. A cancel by the person is passed on,
 * and then the helper's last word awaited for a while, so that it can calm the
 * token down. */
static int client_wait(struct client *client)
{
	struct pollfd pfds[2] = {
		{ .fd = client->helper.fd, .events = POLLIN },
		{ .fd = client->ui->cancel_fd, .events = POLLIN },
	};
	int r;

	for (;;) {
		if (client->cancelled || client->committed)
			pfds[1].fd = -1;
		r = poll(pfds, 2, client_left(client));
		if (r < 0 && errno != EINTR)
			return TOKEN_ERR_INTERNAL;
		if (r == 0 || (client->deadline != 0 && client_left(client) == 0))
			return client->cancelled ? TOKEN_ERR_CANCELLED : TOKEN_ERR_HELPER_ENDED;
		if (r > 0 && pfds[0].revents != 0)
			return 0;
		if (r > 0 && pfds[1].revents != 0)
			client_cancel(client);
	}
}

static int client_receive(struct client *client, struct message_buf *buf, struct message *ret)
{
	ssize_t n;
	int r = client_wait(client);

	if (r < 0)
		return r;
	do
		n = recv(client->helper.fd, buf->bytes, sizeof(buf->bytes), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return client->cancelled ? TOKEN_ERR_CANCELLED : TOKEN_ERR_HELPER_ENDED;
	buf->len = (size_t)n;
	return message_decode(buf, ret) == 0 ? 0 : TOKEN_ERR_HELPER_ENDED;
}

static void client_touch_done(struct client *client)
{
	if (client->touching)
		client->ui->touch_done(client->ui->ctx);
	client->touching = false;
}

static void client_touch(struct client *client, const struct message_touch *touch)
{
	client_touch_done(client);
	client->touching = true;
	client->ui->touch(client->ui->ctx, &touch->device, touch->touch, touch->step, touch->steps,
	    touch->seconds, touch->credential);
}

/* How often a PIN may be asked for: what takes the helper over must not ask for
 * more than belongs to the request. */
static void client_count_pins(struct client *client, const struct message *request)
{
	unsigned *pins = client->pins;

	if (request->type == MESSAGE_ENROL)
		pins[TOKEN_PIN_CURRENT] =
		    strncmp(request->enrol.path, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) != 0;
	for (size_t i = 0; request->type == MESSAGE_DERIVE && i < request->derive.n; i++)
		if (request->derive.credentials[i].uv)
			pins[TOKEN_PIN_CURRENT] = 1;
	if (request->type == MESSAGE_SET_PIN) {
		pins[TOKEN_PIN_CURRENT] = request->set_pin.replace;
		pins[TOKEN_PIN_NEW] = 1;
	}
}

static int client_pin(struct client *client, const struct token_pin_request *ask)
{
	_cleanup_message_ struct message answer = { .type = MESSAGE_PIN };
	int len;

	if (client->pins[ask->which] == 0)
		return TOKEN_ERR_HELPER_ENDED;
	client->pins[ask->which]--;
	len = client->ui->pin(client->ui->ctx, ask, client->secret->pin);
	if (len <= 0) {
		client_cancel(client);
		return len < 0 ? len : TOKEN_ERR_CANCELLED;
	}
	/* CTAP 2.1, section 6.5.1: such a PIN can't be right, and must not
	 * cost a try. */
	if (len < TOKEN_PIN_MIN || len > TOKEN_PIN_MAX) {
		client_cancel(client);
		return ask->which == TOKEN_PIN_NEW ? TOKEN_ERR_PIN_POLICY : TOKEN_ERR_PIN_INVALID;
	}
	client->committed = ask->which == TOKEN_PIN_NEW;
	if (client->committed)
		client->deadline = client_now() + CLIENT_COMMIT_MS;
	memcpy(answer.pin, client->secret->pin, (size_t)len);
	explicit_bzero(client->secret->pin, sizeof(client->secret->pin));
	return client_send(client, &answer);
}

/* Go on with the helper until its last word, which must be of the type
 * expected. */
static int client_converse(struct client *client, enum message_type expected, struct message *ret)
{
	_cleanup_message_buf_ struct message_buf buf;
	int r;

	for (;;) {
		r = client_receive(client, &buf, ret);
		if (r < 0)
			return r;
		if (client->ui->touch == NULL && ret->type != expected &&
		    ret->type != MESSAGE_FAILED)
			return TOKEN_ERR_HELPER_ENDED;
		if (ret->type == MESSAGE_TOUCH) {
			if (client->touches++ == CLIENT_TOUCHES_MAX)
				return TOKEN_ERR_HELPER_ENDED;
			client_touch(client, &ret->touch);
		} else if (ret->type == MESSAGE_TOUCH_DONE) {
			client_touch_done(client);
		} else if (ret->type == MESSAGE_PIN_REQUEST) {
			r = client_pin(client, &ret->pin_request);
			if (r < 0)
				return r;
		} else if (ret->type == MESSAGE_FAILED) {
			client->secret->pin_retries = ret->failed.retries;
			return ret->failed.err;
		} else {
			return ret->type == expected ? 0 : TOKEN_ERR_HELPER_ENDED;
		}
	}
}

static int client_call(const struct message *request, enum message_type expected,
    const struct token_ui *ui, struct token_secret *secret, struct message *ret)
{
	struct client client = { .ui = ui, .secret = secret };
	int r;

	token_end();
	explicit_bzero(secret, sizeof(*secret));
	secret->pin_retries = -1;
	r = client_take_helper(&client.helper);
	if (r < 0)
		return r;
	client_count_pins(&client, request);
	r = client_send(&client, request);
	if (r == 0)
		r = client_converse(&client, expected, ret);
	client_touch_done(&client);
	explicit_bzero(secret->pin, sizeof(secret->pin));
	client_ended = client.helper;
	if (r != 0)
		token_end();
	return r;
}

static int client_path(const char *device, char path[static TOKEN_PATH_MAX])
{
	size_t len = device != NULL ? strlen(device) : 0;

	if (len >= TOKEN_PATH_MAX)
		return TOKEN_ERR_NO_DEVICE;
	message_copy_text(path, TOKEN_PATH_MAX, device);
	/* Nothing that is a device node has such a name. */
	return strlen(path) == len ? 0 : TOKEN_ERR_NO_DEVICE;
}

int token_list(const char *device, const struct token_credential *credentials, size_t n,
    int cancel_fd, struct token_listed ret[static TOKEN_LIST_MAX], size_t *ret_n)
{
	struct message request = { .type = MESSAGE_LIST };
	const struct token_ui ui = { .cancel_fd = cancel_fd };
	struct token_secret none; /* no PIN and no response in this */
	_cleanup_message_ struct message reply;
	int r;

	if (n > TOKEN_CREDENTIALS_MAX)
		return TOKEN_ERR_INTERNAL;
	if (n > 0)
		memcpy(request.list.credentials, credentials, n * sizeof(*credentials));
	request.list.n = n;
	r = client_path(device, request.list.path);
	if (r == 0)
		r = client_call(&request, MESSAGE_LISTED, &ui, &none, &reply);
	if (r < 0)
		return r;
	for (size_t i = 0; i < reply.listed.n; i++)
		if (reply.listed.tokens[i].credential >= (int)n)
			return TOKEN_ERR_HELPER_ENDED;
	memcpy(ret, reply.listed.tokens, reply.listed.n * sizeof(*ret));
	*ret_n = reply.listed.n;
	return 0;
}

int token_program(const char *device, enum token_program mode, int cancel_fd,
    struct token_device *ret_device, struct token_slots *ret)
{
	struct message request = { .type = MESSAGE_PROGRAM, .program.mode = mode };
	const struct token_ui ui = { .cancel_fd = cancel_fd };
	struct token_secret none; /* no PIN and no response in this */
	_cleanup_message_ struct message reply;
	int r = client_path(device != NULL ? device : TOKEN_PATH_YKOTP, request.program.path);

	if (r == 0)
		r = client_call(&request, MESSAGE_PROGRAMMED, &ui, &none, &reply);
	if (r < 0)
		return r;
	*ret_device = reply.programmed.device;
	*ret = reply.programmed.slots;
	return 0;
}

static void client_take_response(struct token_secret *secret, const struct message_response *from)
{
	memcpy(secret->response, from->bytes, from->len);
	secret->response_len = from->len;
}

#define CLIENT_FIDO2_LEN 32 /* of a response */
#define CLIENT_YKOTP_LEN 20

static bool client_fits(enum token_kind kind, const struct message_response *response)
{
	return response->len == (kind == TOKEN_KIND_YKOTP ? CLIENT_YKOTP_LEN : CLIENT_FIDO2_LEN);
}

/* That it is what was asked for, and not less. */
static bool client_is_enrolled(
    const struct message_enrol *asked, const struct message_enrolled *got)
{
	const struct token_enrolment *e = &got->enrolment;
	bool slot = strncmp(asked->path, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) == 0;

	return slot == (e->kind == TOKEN_KIND_YKOTP) && client_fits(e->kind, &got->response) &&
	       (e->uv || asked->mode != TOKEN_PIN_REQUIRED) &&
	       (!e->without_touch || asked->allow_without_touch);
}

int token_enrol(const char *device, enum token_pin_mode mode, bool allow_without_touch,
    const struct token_credential *exclude, size_t n_exclude,
    const uint8_t salt[static TOKEN_SALT_LEN], const struct token_ui *ui,
    struct token_secret *secret, struct token_enrolment *ret)
{
	struct message request = { .type = MESSAGE_ENROL };
	_cleanup_message_ struct message reply;
	int r;

	if (n_exclude > TOKEN_CREDENTIALS_MAX)
		return TOKEN_ERR_INTERNAL;
	if (n_exclude > 0)
		memcpy(request.enrol.credentials, exclude, n_exclude * sizeof(*exclude));
	request.enrol.n = n_exclude;
	request.enrol.mode = mode;
	request.enrol.allow_without_touch = allow_without_touch;
	memcpy(request.enrol.salt, salt, TOKEN_SALT_LEN);
	r = client_path(device, request.enrol.path);
	if (r == 0)
		r = client_call(&request, MESSAGE_ENROLLED, ui, secret, &reply);
	if (r == 0 && !client_is_enrolled(&request.enrol, &reply.enrolled))
		r = TOKEN_ERR_HELPER_ENDED;
	if (r < 0)
		return r;
	client_take_response(secret, &reply.enrolled.response);
	*ret = reply.enrolled.enrolment;
	return 0;
}

int token_derive(const char *device, const struct token_credential *credentials, size_t n,
    const uint8_t salt[static TOKEN_SALT_LEN], const struct token_ui *ui,
    struct token_secret *secret, size_t *ret_credential)
{
	struct message request = { .type = MESSAGE_DERIVE };
	_cleanup_message_ struct message reply;
	int r;

	if (n == 0 || n > TOKEN_CREDENTIALS_MAX)
		return TOKEN_ERR_INTERNAL;
	memcpy(request.derive.salt, salt, TOKEN_SALT_LEN);
	memcpy(request.derive.credentials, credentials, n * sizeof(*credentials));
	request.derive.n = n;
	r = client_path(device, request.derive.path);
	if (r == 0)
		r = client_call(&request, MESSAGE_DERIVED, ui, secret, &reply);
	if (r == 0 &&
	    (reply.derived.credential >= n ||
		!client_fits(credentials[reply.derived.credential].kind, &reply.derived.response)))
		r = TOKEN_ERR_HELPER_ENDED;
	if (r < 0)
		return r;
	client_take_response(secret, &reply.derived.response);
	*ret_credential = reply.derived.credential;
	return 0;
}

int token_set_pin(const char *device, bool replace, const struct token_ui *ui,
    struct token_secret *secret, struct token_device *ret)
{
	struct message request = { .type = MESSAGE_SET_PIN, .set_pin.replace = replace };
	struct message reply;
	int r = client_path(device, request.set_pin.path);

	if (r == 0)
		r = client_call(&request, MESSAGE_PIN_SET, ui, secret, &reply);
	if (r == 0)
		*ret = reply.pin_set;
	return r;
}

int token_read_info(const char *device, int cancel_fd, struct token_info *ret)
{
	struct message request = { .type = MESSAGE_INFO };
	const struct token_ui ui = { .cancel_fd = cancel_fd };
	struct token_secret none; /* no PIN and no response in this */
	struct message reply;
	int r = client_path(device, request.info.path);

	if (r == 0)
		r = client_call(&request, MESSAGE_INFORMED, &ui, &none, &reply);
	if (r == 0)
		*ret = reply.informed;
	return r;
}
