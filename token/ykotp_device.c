/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/ykotp.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <ykdef.h>
#include <ykstatus.h>
#include <yubikey.h>

#include "token/confine.h"
#include "token/device.h"

#define YKOTP_PRODUCT "YubiKey"
#define YKOTP_USB "/dev/bus/usb"
#define YKOTP_LOCK_TRIES 20
#define YKOTP_LOCK_PAUSE_MS 50

#define YKOTP_CHALLENGE_LEN 63
#define YKOTP_REPORT_LEN 8
#define YKOTP_CHUNK_LEN (YKOTP_REPORT_LEN - 1)
#define YKOTP_REPLY_MAX (4 * YKOTP_CHUNK_LEN)
#define YKOTP_CRC_LEN 2
#define YKOTP_ITEM_MASK 0x1f
#define YKOTP_POLL_MS 10                                     /* in the end; sooner at first */
#define YKOTP_QUIET_MS 500                                   /* for an answer that needs nobody */
#define YKOTP_TOUCH_MS ((RESP_TIMEOUT_WAIT_MASK + 2) * 1000) /* it can't tell more */
#define YKOTP_SERIAL_LEN 4

/* Whom libykpers and libusb keep out for a report only, between two of them: a
 * lock of our own. Any directory will do that all have in common. */
static int ykotp_lock(struct caller *caller)
{
	static int fd = -1; /* held until the process ends */

	if (fd < 0)
		fd = open(YKOTP_USB, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* without it there is no USB */
	for (int i = 0; i < YKOTP_LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return TOKEN_ERR_FAILED;
		caller_pause(caller, YKOTP_LOCK_PAUSE_MS);
		if (caller_cancelled(caller))
			return TOKEN_ERR_CANCELLED;
	}
	return TOKEN_ERR_BUSY;
}

/* FIDO2 devices stay, for whoever may be asked after this. */
static int ykotp_confine(void)
{
	const char *paths[DEVICE_LIST_MAX];
	struct device_list list;
	int r = device_list(&list);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		paths[i] = list.devices[i].path;
	confine_keep_usb();
	return confine_devices(paths, r == 0 ? list.n : 0);
}

int ykotp_start(struct caller *caller)
{
	static bool started;
	bool usb = access(YKOTP_USB, F_OK) == 0;
	int r;

	if (started)
		return 0;
	r = ykotp_lock(caller);
	if (r == 0)
		r = ykotp_confine();
	if (r < 0)
		return r;
	if (!yk_init())
		r = usb ? TOKEN_ERR_FAILED : TOKEN_ERR_NONE;
	started = r == 0;
	return confine_settle() < 0 ? TOKEN_ERR_INTERNAL : r;
}

/* libykpers gives what libusb says as text, and as nothing else. */
static int ykotp_usb_error(void)
{
	static const struct {
		const char *text;
		int err;
	} errors[] = {
		{ "Access denied", TOKEN_ERR_PERMISSION },
		{ "No such device", TOKEN_ERR_UNPLUGGED },
		{ "Resource busy", TOKEN_ERR_BUSY },
	};
	const char *text = yk_usb_strerror();

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strncmp(text, errors[i].text, strlen(errors[i].text)) == 0)
			return errors[i].err;
	return TOKEN_ERR_FAILED;
}

int ykotp_error(void)
{
	switch (yk_errno) {
	case YK_EUSBERR:
		return ykotp_usb_error();
	case YK_ENOKEY:
		return TOKEN_ERR_NONE;
	case YK_ENOMEM:
		return TOKEN_ERR_INTERNAL;
	default:
		return TOKEN_ERR_FAILED;
	}
}

static int64_t ykotp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One report: a wait for no bit at all to be cleared, which is over at once. */
static int ykotp_report(struct ykotp *y, uint8_t ret[static YKOTP_REPORT_LEN])
{
	return yk_wait_for_key_status(y->key, 0, 0, 1, false, 0, ret) ? 0 : ykotp_error();
}

/* The token waits for nobody after this. */
static int ykotp_calm(struct ykotp *y, int r)
{
	return yk_force_key_update(y->key) || r < 0 ? r : ykotp_error();
}

static void ykotp_tell_touch(struct ykotp *y, const struct message_touch *touch, uint8_t seconds)
{
	struct message message = { .type = MESSAGE_TOUCH, .touch = *touch };

	message.touch.seconds = seconds > 0 ? seconds : 1;
	caller_tell(y->caller, &message);
}

/* Wait for the first report of a reply. touch is NULL where none is due. */
static int ykotp_await(struct ykotp *y, const struct message_touch *touch, bool *ret_touched,
    uint8_t report[static YKOTP_REPORT_LEN])
{
	int64_t now = ykotp_now(), deadline = now + YKOTP_QUIET_MS;
	const struct message done = { .type = MESSAGE_TOUCH_DONE };
	uint8_t flags;
	int r, pause = 1;

	*ret_touched = false;
	for (;;) {
		r = ykotp_report(y, report);
		flags = report[YKOTP_CHUNK_LEN];
		now = ykotp_now();
		if (r < 0 || (flags & RESP_PENDING_FLAG))
			break;
		if ((flags & RESP_TIMEOUT_WAIT_FLAG) && touch != NULL && !*ret_touched) {
			ykotp_tell_touch(y, touch, flags & RESP_TIMEOUT_WAIT_MASK);
			*ret_touched = true;
			deadline = now + YKOTP_TOUCH_MS;
		} else if (now > deadline || (*ret_touched && !(flags & RESP_TIMEOUT_WAIT_FLAG))) {
			r = *ret_touched ? TOKEN_ERR_TIMEOUT : TOKEN_ERR_SLOT;
		}
		if (r == 0)
			caller_pause(y->caller, pause < YKOTP_POLL_MS ? pause++ : YKOTP_POLL_MS);
		if (r == 0 && caller_cancelled(y->caller))
			r = TOKEN_ERR_CANCELLED;
		if (r < 0)
			break;
	}
	if (*ret_touched)
		caller_tell(y->caller, &done);
	return r;
}

/* The reply whose first report is given: reports are numbered from 0, and one
 * that is numbered 0 again ends it. */
static int ykotp_collect(
    struct ykotp *y, uint8_t report[static YKOTP_REPORT_LEN], size_t len, uint8_t *ret)
{
	uint8_t reply[YKOTP_REPLY_MAX];
	size_t n = 0, whole = (len + YKOTP_CRC_LEN + YKOTP_CHUNK_LEN - 1) / YKOTP_CHUNK_LEN;
	int r = 0;

	while (r == 0 && n < whole) {
		if (report[YKOTP_CHUNK_LEN] != (RESP_PENDING_FLAG | n)) {
			r = TOKEN_ERR_FAILED;
			break;
		}
		memcpy(reply + n++ * YKOTP_CHUNK_LEN, report, YKOTP_CHUNK_LEN);
		r = ykotp_report(y, report);
	}
	if (r == 0 && (report[YKOTP_CHUNK_LEN] != RESP_PENDING_FLAG ||
			  yubikey_crc16(reply, len + YKOTP_CRC_LEN) != YUBIKEY_CRC_OK_RESIDUE))
		r = TOKEN_ERR_FAILED;
	if (r == 0)
		memcpy(ret, reply, len);
	explicit_bzero(reply, sizeof(reply));
	return r;
}

static int ykotp_ask(struct ykotp *y, uint8_t command, const uint8_t *data, size_t data_len,
    const struct message_touch *touch, bool *ret_touched, uint8_t *ret, size_t len)
{
	uint8_t report[YKOTP_REPORT_LEN] = { 0 };
	int r;

	if (caller_cancelled(y->caller))
		return TOKEN_ERR_CANCELLED;
	if (!yk_write_to_key(y->key, command, data, (int)data_len))
		return ykotp_error();
	r = ykotp_await(y, touch, ret_touched, report);
	if (r == 0)
		r = ykotp_collect(y, report, len, ret);
	explicit_bzero(report, sizeof(report));
	return r == TOKEN_ERR_UNPLUGGED ? r : ykotp_calm(y, r);
}

int ykotp_read_status(struct ykotp *y)
{
	YK_STATUS *status = ykds_alloc();
	struct token_slots *s = &y->slots;
	int r = 0, level;

	if (status == NULL)
		return TOKEN_ERR_INTERNAL;
	if (!yk_get_status(y->key, status))
		r = ykotp_error();
	level = ykds_touch_level(status);
	s->firmware[0] = (uint8_t)ykds_version_major(status);
	s->firmware[1] = (uint8_t)ykds_version_minor(status);
	s->firmware[2] = (uint8_t)ykds_version_build(status);
	s->programmed[0] = level & CONFIG1_VALID;
	s->programmed[1] = level & CONFIG2_VALID;
	s->touch[0] = level & CONFIG1_TOUCH;
	s->touch[1] = level & CONFIG2_TOUCH;
	ykds_free(status);
	return r;
}

/* A token whose slots are all set to keep it to themselves doesn't answer. */
static int ykotp_read_serial(struct ykotp *y)
{
	uint8_t bytes[YKOTP_SERIAL_LEN] = { 0 };
	bool touched;
	int r = ykotp_ask(y, SLOT_DEVICE_SERIAL, bytes, 0, NULL, &touched, bytes, sizeof(bytes));

	if (r == TOKEN_ERR_SLOT)
		return 0;
	if (r == 0)
		y->slots.serial = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				  (uint32_t)bytes[2] << 8 | bytes[3];
	return r;
}

static void ykotp_name(struct ykotp *y)
{
	snprintf(y->device.product, sizeof(y->device.product), YKOTP_PRODUCT);
	if (y->slots.serial == 0)
		snprintf(y->device.path, sizeof(y->device.path), TOKEN_PATH_YKOTP);
	else
		snprintf(y->device.path, sizeof(y->device.path), TOKEN_PATH_YKOTP ":%u",
		    (unsigned)y->slots.serial);
}

int ykotp_open(struct ykotp *y, int index, struct caller *caller)
{
	int r = 0;

	*y = (struct ykotp){ .caller = caller };
	ykotp_name(y);
	y->key = yk_open_key(index);
	if (y->key == NULL)
		return ykotp_error();
	r = ykotp_read_status(y);
	if (r == 0)
		r = ykotp_read_serial(y);
	ykotp_name(y);
	return r;
}

void ykotp_close(struct ykotp *y)
{
	if (y->key != NULL)
		(void)yk_close_key(y->key);
	explicit_bzero(y, sizeof(*y));
}

/* Whether there is one more than the first; it isn't asked anything. */
static bool ykotp_is_alone(void)
{
	YK_KEY *second = yk_open_key(1);

	if (second != NULL)
		(void)yk_close_key(second);
	return second == NULL && yk_errno == YK_ENOKEY;
}

int ykotp_open_path(struct ykotp *y, const char *path, struct caller *caller)
{
	bool any = strcmp(path, TOKEN_PATH_YKOTP) == 0 || *path == '\0';
	int wrong = TOKEN_ERR_NO_DEVICE, r;

	if (any) {
		r = ykotp_open(y, 0, caller);
		return r == TOKEN_ERR_NONE || ykotp_is_alone() ? r : TOKEN_ERR_SEVERAL;
	}
	for (int i = 0; i < YKOTP_KEYS_MAX; i++) {
		r = ykotp_open(y, i, caller);
		if (r == TOKEN_ERR_NONE)
			break;
		if (r == TOKEN_ERR_CANCELLED || (r == 0 && strcmp(y->device.path, path) == 0))
			return r;
		if (r < 0)
			wrong = r;
		ykotp_close(y);
	}
	return wrong;
}

/* FORMAT.md, "Token slot". With a last byte of zero a token in variable-length
 * mode would take it for padding. */
static void ykotp_make_challenge(
    const uint8_t salt[static TOKEN_SALT_LEN], uint8_t ret[static SHA512_DIGEST_LENGTH])
{
	SHA512(salt, TOKEN_SALT_LEN, ret);
	if (ret[YKOTP_CHALLENGE_LEN - 1] == 0)
		ret[YKOTP_CHALLENGE_LEN - 1] = 1;
	ret[YKOTP_CHALLENGE_LEN] = 0;
}

int ykotp_challenge(struct ykotp *y, const uint8_t salt[static TOKEN_SALT_LEN],
    const struct message_touch *touch, bool *ret_touched, uint8_t ret[static YKOTP_RESPONSE_LEN])
{
	uint8_t challenge[SHA512_DIGEST_LENGTH];

	if (!y->slots.programmed[YKOTP_SLOT - 1])
		return TOKEN_ERR_SLOT;
	ykotp_make_challenge(salt, challenge);
	return ykotp_ask(y, SLOT_CHAL_HMAC2, challenge, YKOTP_CHALLENGE_LEN, touch, ret_touched,
	    ret, YKOTP_RESPONSE_LEN);
}
