/* SPDX-License-Identifier: BSD-2-Clause */
#include "otp.h"

#include <string.h>
#include <time.h>

#include "log.h"
#include "policy.h"

/* ykdef.h */
#define SLOT_CONFIG 0x01
#define SLOT_CONFIG2 0x03
#define SLOT_DEVICE_SERIAL 0x10
#define SLOT_CHAL_HMAC1 0x30
#define SLOT_CHAL_HMAC2 0x38
#define SLOT_WRITE_FLAG 0x80
#define RESP_PENDING_FLAG 0x40
#define RESP_TIMEOUT_WAIT_FLAG 0x20
#define CONFIG1_VALID 0x01
#define CONFIG1_TOUCH 0x04

#define OTP_CHUNK_LEN (OTP_REPORT_LEN - 1)
#define OTP_LAST_CHUNK (OTP_FRAME_LEN / OTP_CHUNK_LEN - 1)
#define OTP_COMMAND SLOT_PAYLOAD_LEN
#define OTP_CRC (SLOT_PAYLOAD_LEN + 1)
#define OTP_SHORTER_BY 2 /* reports */

static const uint8_t otp_firmware[] = { 5, 4, 3 };

static uint64_t otp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void otp_idle(struct otp *o)
{
	o->phase = OTP_IDLE;
	o->reports = o->next = 0;
	explicit_bzero(o->frame, sizeof(o->frame));
	explicit_bzero(o->reply, sizeof(o->reply));
}

/* The data and its checksum, in whole reports. */
static void otp_reply(struct otp *o, const uint8_t *data, size_t len)
{
	uint16_t crc = (uint16_t)~crc16(data, len);

	otp_idle(o);
	memcpy(o->reply, data, len);
	o->reply[len] = (uint8_t)crc;
	o->reply[len + 1] = (uint8_t)(crc >> 8);
	o->reports = (unsigned)(len + 2 + OTP_CHUNK_LEN - 1) / OTP_CHUNK_LEN;
	o->phase = OTP_REPLYING;
}

static void otp_answer_serial(struct otp *o)
{
	uint32_t serial = o->key.serial;
	const uint8_t data[] = { (uint8_t)(serial >> 24), (uint8_t)(serial >> 16),
		(uint8_t)(serial >> 8), (uint8_t)serial };
	const struct slot *slot = o->key.slot;
	bool empty = !slot[0].ready && !slot[1].ready;

	if (!empty && !slot_shows_serial(&slot[0]) && !slot_shows_serial(&slot[1])) {
		log_line("ignored serial: no slot makes it visible");
		return;
	}
	log_line("answer serial");
	otp_reply(o, data, sizeof(data));
}

static void otp_answer_challenge(struct otp *o)
{
	static uint8_t answers;
	const struct slot *slot = &o->key.slot[o->slot];
	size_t len = slot_message_len(slot, o->frame);
	uint8_t response[SHA1_LEN];

	hmac_sha1(slot->key, o->frame, len, response);
	if (policy_fault() == FAULT_UNSTABLE)
		response[0] ^= ++answers;
	log_line("answer slot %u message %zu", o->slot + 1, len);
	otp_reply(o, response, sizeof(response));
	explicit_bzero(response, sizeof(response));
	if (policy_fault() == FAULT_SHORT)
		o->reports -= OTP_SHORTER_BY;
}

static void otp_challenge(struct otp *o, unsigned number)
{
	o->slot = number;
	if (!slot_is_hmac(&o->key.slot[number])) {
		log_line("ignored challenge: slot %u has no HMAC key", number + 1);
		return;
	}
	if (!slot_wants_touch(&o->key.slot[number])) {
		otp_answer_challenge(o);
		return;
	}
	log_line("wait slot %u", number + 1);
	o->phase = OTP_WAITING;
	o->since = otp_now();
	o->told = false;
}

/* Wraps round to 1: 0 says that nothing is programmed. */
static void otp_count(struct key *key)
{
	if (!key->slot[0].ready && !key->slot[1].ready)
		key->seq = 0;
	else
		key->seq = (uint8_t)(key->seq % UINT8_MAX + 1);
}

static int otp_program(struct otp *o, unsigned number)
{
	struct slot *slot = &o->key.slot[number];

	if (!slot_program(slot, o->frame)) {
		log_line("refused program slot %u", number + 1);
		return 0;
	}
	otp_count(&o->key);
	log_line("%s slot %u seq %u", slot->ready ? "program" : "erase", number + 1, o->key.seq);
	return state_save(o->index, &o->key) < 0 ? OTP_ERR_IO : 0;
}

static int otp_run(struct otp *o)
{
	uint16_t crc = (uint16_t)(o->frame[OTP_CRC] | o->frame[OTP_CRC + 1] << 8);
	uint8_t command = o->frame[OTP_COMMAND];
	int r = 0;

	if (crc != crc16(o->frame, SLOT_PAYLOAD_LEN)) {
		log_line("error: frame with a wrong checksum");
		return 0;
	}
	if (command == SLOT_DEVICE_SERIAL)
		otp_answer_serial(o);
	else if (command == SLOT_CHAL_HMAC1 || command == SLOT_CHAL_HMAC2)
		otp_challenge(o, command == SLOT_CHAL_HMAC2);
	else if (command == SLOT_CONFIG || command == SLOT_CONFIG2)
		r = otp_program(o, command == SLOT_CONFIG2);
	else
		log_line("ignored command %02x", command);
	/* The challenge is needed again when the touch comes. */
	if (o->phase != OTP_WAITING)
		explicit_bzero(o->frame, sizeof(o->frame));
	return r;
}

static void otp_interrupt(struct otp *o)
{
	if (o->phase == OTP_WAITING)
		log_line("cancel slot %u", o->slot + 1);
	otp_idle(o);
}

int otp_set_report(struct otp *o, const uint8_t report[static OTP_REPORT_LEN])
{
	unsigned chunk = report[OTP_CHUNK_LEN] & ~SLOT_WRITE_FLAG;

	log_bytes("set", report, OTP_REPORT_LEN);
	if (!(report[OTP_CHUNK_LEN] & SLOT_WRITE_FLAG))
		return 0;
	/* What is no part of a frame ends whatever goes on. */
	if (o->phase != OTP_IDLE || chunk > OTP_LAST_CHUNK)
		otp_interrupt(o);
	if (chunk > OTP_LAST_CHUNK)
		return 0;
	/* Parts of zeros are not sent, but the first and the last always. */
	if (chunk == 0)
		explicit_bzero(o->frame, sizeof(o->frame));
	memcpy(o->frame + (size_t)chunk * OTP_CHUNK_LEN, report, OTP_CHUNK_LEN);
	return chunk == OTP_LAST_CHUNK ? otp_run(o) : 0;
}

/* Finger or timeout, but not before the host has been told of the wait: no
 * finger is that fast. */
static void otp_wait(struct otp *o)
{
	uint64_t waited = otp_now() - o->since;

	if (!o->told)
		return;
	if (policy_touched(waited)) {
		log_line("touch slot %u", o->slot + 1);
		otp_answer_challenge(o);
	} else if (waited >= (uint64_t)o->key.timeout * 1000) {
		log_line("timeout slot %u", o->slot + 1);
		otp_idle(o);
	}
}

static uint8_t otp_wait_flags(struct otp *o)
{
	uint64_t waited = otp_now() - o->since, limit = (uint64_t)o->key.timeout * 1000;
	uint64_t left = waited < limit ? (limit - waited + 999) / 1000 : 0;

	o->told = true;
	return (uint8_t)(RESP_TIMEOUT_WAIT_FLAG | left);
}

static uint8_t otp_touch_level(const struct key *key)
{
	uint8_t level = 0;

	for (unsigned i = 0; i < STATE_SLOTS; i++) {
		if (key->slot[i].ready)
			level |= (uint8_t)(CONFIG1_VALID << i);
		if (slot_wants_touch(&key->slot[i]))
			level |= (uint8_t)(CONFIG1_TOUCH << i);
	}
	return level;
}

static void otp_status(struct otp *o, uint8_t ret[static OTP_REPORT_LEN])
{
	memcpy(ret + 1, otp_firmware, sizeof(otp_firmware));
	ret[4] = o->key.seq;
	ret[5] = otp_touch_level(&o->key);
	if (o->phase == OTP_WAITING)
		ret[OTP_CHUNK_LEN] = otp_wait_flags(o);
}

/* After the last one, a report whose number is zero again says so. */
static void otp_next(struct otp *o, uint8_t ret[static OTP_REPORT_LEN])
{
	ret[OTP_CHUNK_LEN] = RESP_PENDING_FLAG;
	if (o->next == o->reports)
		return;
	memcpy(ret, o->reply + (size_t)o->next * OTP_CHUNK_LEN, OTP_CHUNK_LEN);
	if (policy_fault() == FAULT_GARBAGE)
		ret[0] ^= 0xa5;
	ret[OTP_CHUNK_LEN] |= (uint8_t)o->next++;
}

int otp_get_report(struct otp *o, uint8_t ret[static OTP_REPORT_LEN])
{
	if (policy_fault() == FAULT_UNPLUG_WAITING &&
	    (o->phase == OTP_REPLYING || (o->phase == OTP_WAITING && o->told))) {
		log_line("unplug");
		otp_idle(o);
		o->gone = true;
		return OTP_ERR_GONE;
	}
	if (o->phase == OTP_WAITING)
		otp_wait(o);
	memset(ret, 0, OTP_REPORT_LEN);
	if (o->phase == OTP_REPLYING)
		otp_next(o, ret);
	else
		otp_status(o, ret);
	log_bytes("get", ret, OTP_REPORT_LEN);
	return 0;
}
