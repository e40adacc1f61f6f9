/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/hid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

/* CTAPHID commands as the first byte of a report that begins a message. */
#define HID_INIT (CTAP_FRAME_INIT | CTAP_CMD_INIT)
#define HID_CBOR (CTAP_FRAME_INIT | CTAP_CMD_CBOR)
#define HID_CANCEL (CTAP_FRAME_INIT | CTAP_CMD_CANCEL)
#define HID_KEEPALIVE (CTAP_FRAME_INIT | CTAP_KEEPALIVE)
#define HID_ERROR (CTAP_FRAME_INIT | 0x3f)
#define HID_ERROR_BUSY 0x06

#define HID_FIRST_DATA (HID_REPORT_LEN - CTAP_INIT_HEADER_LEN)
#define HID_NEXT_DATA (HID_REPORT_LEN - CTAP_CONT_HEADER_LEN)
#define HID_USAGE_PAGE_FIDO 0xf1d0

#define HID_LOCK_TRIES 20
#define HID_LOCK_PAUSE_MS 50

static const uint8_t hid_broadcast[4] = { 0xff, 0xff, 0xff, 0xff };

static int64_t hid_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int hid_left(int64_t deadline)
{
	int64_t left = deadline - hid_now();

	return left > 0 ? (int)left : 0;
}

static int hid_fail(struct hid *hid, enum token_err cause)
{
	if (hid->cause == TOKEN_OK)
		hid->cause = cause;
	return -1;
}

/* Note what a report tells of the reply in progress; false if it doesn't
 * belong to it. */
static bool hid_follow(struct hid *hid, const uint8_t report[static HID_REPORT_LEN])
{
	size_t len, data = HID_NEXT_DATA;

	if (memcmp(report, hid->channel, sizeof(hid->channel)) != 0)
		return false;
	if (!hid->answering) {
		if (report[4] == HID_KEEPALIVE)
			hid->quiet_deadline = hid_now() + HID_QUIET_MS;
		if (!(report[4] & CTAP_FRAME_INIT) || report[4] == HID_KEEPALIVE)
			return false;
		hid->answering = true;
		hid->answer_left = (size_t)(report[5] << 8 | report[6]);
		data = HID_FIRST_DATA;
	}
	len = hid->answer_left < data ? hid->answer_left : data;
	hid->answer_left -= len;
	return true;
}

static int hid_write_report(struct hid *hid, const uint8_t *buf, size_t len, int64_t deadline)
{
	struct pollfd pfd = { .fd = hid->fd, .events = POLLOUT };
	ssize_t n;

	while ((n = write(hid->fd, buf, len)) < 0) {
		if (errno == EAGAIN && poll(&pfd, 1, hid_left(deadline)) > 0)
			continue;
		if (errno != EINTR)
			break;
	}
	if (n < 0 && (errno == EIO || errno == ENODEV || errno == EPIPE))
		return hid_fail(hid, TOKEN_ERR_UNPLUGGED);
	if (n != (ssize_t)len)
		return hid_fail(hid, TOKEN_ERR_FAILED);
	return 0;
}

/* 0 if a report was read, TOKEN_ERR_TIMEOUT if not by the deadline,
 * TOKEN_ERR_CANCELLED, or what is wrong with the device. */
static int hid_read_report(
    struct hid *hid, uint8_t report[static HID_REPORT_LEN], int64_t deadline, bool cancellable)
{
	struct pollfd pfds[2] = {
		{ .fd = hid->fd, .events = POLLIN },
		{ .fd = cancellable ? hid->caller->fd : -1, .events = POLLIN },
	};
	ssize_t n;
	int r;

	for (;;) {
		/* A device that never stops sending must not outlast it either. */
		if (hid_now() > deadline + HID_CANCEL_MS)
			return TOKEN_ERR_TIMEOUT;
		r = poll(pfds, 2, hid_left(deadline));
		if (r == 0)
			return TOKEN_ERR_TIMEOUT;
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return TOKEN_ERR_INTERNAL;
		if (pfds[1].revents != 0 && caller_cancelled(hid->caller))
			return TOKEN_ERR_CANCELLED;
		n = read(hid->fd, report, HID_REPORT_LEN);
		if (n == HID_REPORT_LEN)
			return 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR) &&
		    !(pfds[0].revents & (POLLHUP | POLLERR | POLLNVAL)))
			continue;
		if (n == 0 && hid->command == HID_INIT)
			return TOKEN_ERR_NOT_A_TOKEN; /* say, /dev/null */
		return n > 0 ? TOKEN_ERR_FAILED : TOKEN_ERR_UNPLUGGED;
	}
}

/* Give up the transaction: cancel it on the token, and read its reply. An INIT
 * waits for nobody, and CTAPHID has no cancel for it. */
static int hid_give_up(struct hid *hid, enum token_err cause)
{
	uint8_t buf[1 + HID_REPORT_LEN] = { 0 };
	uint8_t report[HID_REPORT_LEN];
	int64_t deadline = hid_now() + HID_CANCEL_MS;

	hid_fail(hid, cause);
	if (hid->command != HID_CBOR)
		return -1;
	memcpy(buf + 1, hid->channel, sizeof(hid->channel));
	buf[5] = HID_CANCEL;
	if (hid_write_report(hid, buf, sizeof(buf), deadline) == 0)
		while (!(hid->answering && hid->answer_left == 0) &&
		       hid_read_report(hid, report, deadline, false) == 0)
			hid_follow(hid, report);
	explicit_bzero(report, sizeof(report));
	return -1;
}

void hid_abandon(struct hid *hid)
{
	(void)hid_give_up(hid, TOKEN_ERR_CANCELLED);
}

static void hid_tell_touch(struct hid *hid)
{
	struct message message = { .type = MESSAGE_TOUCH, .touch = *hid->touch };

	message.touch.seconds = TOKEN_TOUCH_SECONDS;
	if (!hid->touch_told)
		caller_tell(hid->caller, &message);
	hid->touch_told = true;
}

/* Whether this request makes the token wait for a finger. */
static bool hid_wants_touch(const struct hid *hid)
{
	if (hid->touch == NULL || hid->command != HID_CBOR)
		return false;
	return hid->ctap == CTAP_CBOR_MAKECRED || hid->ctap == CTAP_CBOR_ASSERT ||
	       (hid->ctap == CTAP_CBOR_CLIENT_PIN && hid->touch_to_verify);
}

/* The first report of a request. */
static void hid_start(struct hid *hid, const uint8_t report[static HID_REPORT_LEN])
{
	memcpy(hid->channel, report, sizeof(hid->channel));
	memcpy(hid->nonce, report + CTAP_INIT_HEADER_LEN, sizeof(hid->nonce));
	hid->command = report[4];
	hid->ctap = hid->command == HID_CBOR ? report[CTAP_INIT_HEADER_LEN] : 0;
	hid->answering = false;
	hid->answer_left = 0;
	hid->touch_wanted = hid_wants_touch(hid);
	hid->deadline = hid_now() + (hid->touch_wanted ? TOKEN_TOUCH_SECONDS * 1000 : HID_QUIET_MS);
	hid->quiet_deadline = hid->deadline;
	hid->replayed = 0;
	hid->replaying = hid->ctap == CTAP_CBOR_GETINFO && hid->record_whole;
}

static int hid_io_write(void *handle, const unsigned char *buf, size_t len)
{
	struct hid *hid = handle;

	/* The report number comes first, which is always 0. */
	if (hid->cause != TOKEN_OK || len != 1 + HID_REPORT_LEN)
		return hid_fail(hid, TOKEN_ERR_FAILED);
	if (buf[5] & CTAP_FRAME_INIT) {
		if (caller_cancelled(hid->caller))
			return hid_fail(hid, TOKEN_ERR_CANCELLED);
		hid_start(hid, buf + 1);
	}
	if (hid->replaying)
		return (int)len;
	if (hid_write_report(hid, buf, len, hid->deadline) < 0)
		return -1;
	if (hid->touch_wanted)
		hid_tell_touch(hid);
	return (int)len;
}

static int hid_replay(struct hid *hid, uint8_t report[static HID_REPORT_LEN])
{
	if (hid->replayed >= hid->recorded)
		return hid_fail(hid, TOKEN_ERR_FAILED);
	memcpy(report, hid->record[hid->replayed++], HID_REPORT_LEN);
	return HID_REPORT_LEN;
}

static void hid_record(struct hid *hid, const uint8_t report[static HID_REPORT_LEN])
{
	if (hid->ctap != CTAP_CBOR_GETINFO || hid->record_whole || hid->recorded == HID_RECORD_MAX)
		return;
	memcpy(hid->record[hid->recorded++], report, HID_REPORT_LEN);
	hid->record_whole = hid->answer_left == 0;
}

/* The answer to someone else's INIT, or to one that was given up. CTAP 2.1,
 * section 11.2.9.1.3: to be ignored; libfido2 fails on it. */
static bool hid_is_stale(const struct hid *hid, const uint8_t report[static HID_REPORT_LEN])
{
	return hid->command == HID_INIT && !hid->answering && report[4] == HID_INIT &&
	       memcmp(report, hid_broadcast, sizeof(hid_broadcast)) == 0 &&
	       memcmp(report + CTAP_INIT_HEADER_LEN, hid->nonce, sizeof(hid->nonce)) != 0;
}

static int hid_io_read(void *handle, unsigned char *buf, size_t len, int ms)
{
	struct hid *hid = handle;
	int64_t end, deadline;
	int r;

	if (hid->cause != TOKEN_OK || len != HID_REPORT_LEN)
		return hid_fail(hid, TOKEN_ERR_FAILED);
	if (hid->replaying)
		return hid_replay(hid, buf);
	end = hid->quiet_deadline < hid->deadline ? hid->quiet_deadline : hid->deadline;
	deadline = ms >= 0 && hid_now() + ms < end ? hid_now() + ms : end;
	do {
		r = hid_read_report(hid, buf, deadline, true);
		if (r == TOKEN_ERR_TIMEOUT && deadline < end)
			return -1; /* libfido2's own limit: it asks again */
		if (r == TOKEN_ERR_TIMEOUT)
			return hid_give_up(hid, hid->touch_wanted && end == hid->deadline
						    ? TOKEN_ERR_TIMEOUT
						    : TOKEN_ERR_FAILED);
		if (r == TOKEN_ERR_CANCELLED)
			return hid_give_up(hid, TOKEN_ERR_CANCELLED);
		if (r < 0)
			return hid_fail(hid, (enum token_err)r);
	} while (hid_is_stale(hid, buf));
	if (hid_follow(hid, buf)) {
		if (buf[4] == HID_ERROR && buf[7] == HID_ERROR_BUSY)
			return hid_fail(hid, TOKEN_ERR_BUSY);
		hid_record(hid, buf);
	}
	return HID_REPORT_LEN;
}

/* HID 1.11, section 6.2.2: a usage page is a global item with tag 0 (0x04 with
 * the size in the low two bits). */
bool hid_is_fido(const uint8_t *descriptor, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint8_t item = descriptor[i++];
		size_t size = (item & 0x03) == 3 ? 4 : item & 0x03;

		if (item == 0xfe) /* long item: its size is the next byte */
			size = i < len ? 2 + (size_t)descriptor[i] : len;
		if (size > len - i)
			return false;
		if ((item & 0xfc) == 0x04 && size == 2 &&
		    (descriptor[i] | descriptor[i + 1] << 8) == HID_USAGE_PAGE_FIDO)
			return true;
		i += size;
	}
	return false;
}

static int hid_open_error(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return TOKEN_ERR_PERMISSION;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
	case ELOOP:
		return TOKEN_ERR_NO_DEVICE;
	case EISDIR:
		return TOKEN_ERR_NOT_A_TOKEN;
	case EBUSY:
		return TOKEN_ERR_BUSY;
	default:
		return TOKEN_ERR_FAILED;
	}
}

/* A node that has a report descriptor must be FIDO; one that has none was named
 * by the user, and INIT will tell. */
static int hid_check_node(int fd)
{
	struct hidraw_report_descriptor descriptor = { 0 };
	struct stat st;
	int size = 0;

	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode))
		return TOKEN_ERR_NOT_A_TOKEN;
	if (ioctl(fd, HIDIOCGRDESCSIZE, &size) < 0)
		return 0;
	if (size < 0 || size > HID_MAX_DESCRIPTOR_SIZE)
		return TOKEN_ERR_NOT_A_TOKEN;
	descriptor.size = (uint32_t)size;
	if (ioctl(fd, HIDIOCGRDESC, &descriptor) < 0)
		return TOKEN_ERR_FAILED;
	return hid_is_fido(descriptor.value, (size_t)size) ? 0 : TOKEN_ERR_NOT_A_TOKEN;
}

/* libfido2 and systemd lock the node in the same way, so that their users and
 * ours take turns. */
static int hid_lock(int fd, struct caller *caller)
{
	for (int i = 0; i < HID_LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return TOKEN_ERR_FAILED;
		caller_pause(caller, HID_LOCK_PAUSE_MS);
		if (caller_cancelled(caller))
			return TOKEN_ERR_CANCELLED;
	}
	return TOKEN_ERR_BUSY;
}

int hid_open(const char *path, struct caller *caller, struct hid *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	/* Looked at first: to open a FIFO or a tape has effects. */
	if (stat(path, &st) < 0)
		return hid_open_error();
	if (!S_ISCHR(st.st_mode))
		return TOKEN_ERR_NOT_A_TOKEN;
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return hid_open_error();
	r = hid_check_node(fd);
	if (r == 0)
		r = hid_lock(fd, caller);
	if (r < 0)
		return r;
	*ret = (struct hid){ .fd = fd, .caller = caller };
	fd = -1;
	return 0;
}

void hid_close(struct hid *hid)
{
	if (hid->fd >= 0)
		close(hid->fd);
	explicit_bzero(hid, sizeof(*hid));
	hid->fd = -1;
}

void hid_begin(struct hid *hid, const struct message_touch *touch, bool verify)
{
	hid->cause = TOKEN_OK;
	hid->touch = touch;
	hid->touch_to_verify = verify;
	hid->touch_told = false;
}

int hid_end(struct hid *hid)
{
	struct message message = { .type = MESSAGE_TOUCH_DONE };

	if (hid->touch_told)
		caller_tell(hid->caller, &message);
	hid->touch = NULL;
	hid->touch_told = false;
	return hid->cause;
}

/* fido_dev_io_t's open knows a path only: this is how it learns the rest. */
static struct hid *hid_connecting;

static void *hid_io_open(const char *path)
{
	(void)path;
	return hid_connecting;
}

static void hid_io_close(void *handle)
{
	(void)handle; /* hid_close does it */
}

int hid_connect(struct hid *hid, fido_dev_t *dev)
{
	static const fido_dev_io_t io = {
		.open = hid_io_open,
		.close = hid_io_close,
		.read = hid_io_read,
		.write = hid_io_write,
	};
	int r;

	hid_connecting = hid;
	r = fido_dev_set_io_functions(dev, &io);
	if (r == FIDO_OK)
		/* Not the real path: one that began with libfido2's NFC
		 * prefix would turn our functions off. */
		r = fido_dev_open(dev, "touchvault");
	hid_connecting = NULL;
	return r;
}
