#include "ctaphid.h"

#include <stdio.h>
#include <string.h>

#include "crypto.h"
#include "ctap2.h"
#include "log.h"
#include "pty.h"

#define CID_BROADCAST	0xffffffffu

#define CMD_PING	0x01
#define CMD_MSG		0x03
#define CMD_INIT	0x06
#define CMD_WINK	0x08
#define CMD_CBOR	0x10
#define CMD_CANCEL	0x11
#define CMD_KEEPALIVE	0x3b
#define CMD_ERROR	0x3f

#define ERR_INVALID_CMD		0x01
#define ERR_INVALID_LEN		0x03
#define ERR_INVALID_SEQ		0x04
#define ERR_MSG_TIMEOUT		0x05
#define ERR_CHANNEL_BUSY	0x06
#define ERR_INVALID_CHANNEL	0x0b

#define CAP_WINK	0x01
#define CAP_CBOR	0x04
#define CAP_NMSG	0x08

#define STATUS_UPNEEDED	2

#define ASSEMBLY_MS	500
#define KEEPALIVE_MS	100
#define UNPLUG_DURING_MS 150
#define CHANNELS_MAX	4096

static const char *cmd_name(uint8_t cmd)
{
	static const struct {
		uint8_t cmd;
		const char *name;
	} names[] = {
		{ CMD_PING, "PING" }, { CMD_MSG, "MSG" },
		{ CMD_INIT, "INIT" }, { CMD_WINK, "WINK" },
		{ CMD_CBOR, "CBOR" }, { CMD_CANCEL, "CANCEL" },
		{ CMD_KEEPALIVE, "KEEPALIVE" }, { CMD_ERROR, "ERROR" },
	};
	static char other[8];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].cmd == cmd)
			return names[i].name;
	snprintf(other, sizeof(other), "0x%02x", cmd);
	return other;
}

static uint32_t be32_get(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void be32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void frame_log(const char *way, const uint8_t *frame)
{
	if (frame[4] & 0x80)
		log_line("frame %s cid=%08x cmd=%s len=%u", way,
			 be32_get(frame), cmd_name(frame[4] & 0x7f),
			 frame[5] << 8 | frame[6]);
	else
		log_line("frame %s cid=%08x seq=%u", way, be32_get(frame),
			 frame[4]);
}

static bool hid_fault(const struct token *t, enum fault fault)
{
	return fault_hits(t, fault, t->hid.cmd == CMD_CBOR ? t->txn :
			  cmd_name(t->hid.cmd));
}

static void frame_send(struct token *t, const uint8_t *frame)
{
	unsigned int delay = 0;

	if (hid_fault(t, FAULT_SLOW))
		delay = t->cfg.fault_arg;
	frame_log("tx", frame);
	pty_send(&t->pty, frame, delay);
}

/* @skew is added to each sequence number: 0 but for a fault. */
static void msg_send(struct token *t, uint32_t cid, uint8_t cmd,
		     const uint8_t *data, size_t len, uint8_t skew)
{
	uint8_t frame[FRAME_LEN] = { 0 };
	size_t n = len < FRAME_LEN - 7 ? len : FRAME_LEN - 7;
	uint8_t seq = skew;

	be32_put(frame, cid);
	frame[4] = cmd | 0x80;
	frame[5] = (uint8_t)(len >> 8);
	frame[6] = (uint8_t)len;
	if (n)
		memcpy(frame + 7, data, n);
	frame_send(t, frame);

	for (size_t at = n; at < len; at += n) {
		n = len - at < FRAME_LEN - 5 ? len - at : FRAME_LEN - 5;
		memset(frame + 4, 0, sizeof(frame) - 4);
		frame[4] = seq++ & 0x7f;
		memcpy(frame + 5, data + at, n);
		frame_send(t, frame);
	}
}

static void error_send(struct token *t, uint32_t cid, uint8_t code)
{
	msg_send(t, cid, CMD_ERROR, &code, 1, 0);
}

/* An error that belongs to no transaction. */
static void error_stray(struct token *t, uint32_t cid, uint8_t code)
{
	log_line("event error %02x cid=%08x", code, cid);
	error_send(t, cid, code);
}

static void hid_idle(struct token *t)
{
	t->hid.phase = HID_IDLE;
	memset(&t->touch, 0, sizeof(t->touch));
}

void hid_abort(struct token *t)
{
	if (t->hid.phase == HID_WAITING)
		log_line("txn CBOR %s -> aborted", t->txn);
	hid_idle(t);
}

static void token_vanish(struct token *t)
{
	log_line("txn CBOR %s -> unplugged fault=unplug-at", t->txn);
	hid_idle(t);
	token_power_off(t);
}

/* Answers the CBOR transaction under way, unless a fault has other plans. */
static void cbor_reply(struct token *t, uint8_t *reply, size_t len)
{
	uint32_t cid = t->hid.cid;
	enum fault fault = FAULT_NONE;
	uint8_t skew = 0, other[100] = { STATUS_UPNEEDED };

	if (hid_fault(t, FAULT_UNPLUG_AT) &&
	    t->cfg.fault_arg == UNPLUG_AFTER && t->touch.given) {
		token_vanish(t);
		return;
	}
	if (hid_fault(t, FAULT_WRONG_CHANNEL)) {
		fault = FAULT_WRONG_CHANNEL;
		cid ^= 0x01010101;
	} else if (hid_fault(t, FAULT_WRONG_SEQUENCE)) {
		fault = FAULT_WRONG_SEQUENCE;
		skew = 1;
	} else if (hid_fault(t, FAULT_GARBAGE)) {
		fault = FAULT_GARBAGE;
		reply[0] = 0;
		/* 0xff can begin no CBOR item: garbage for certain. */
		if (len < 2)
			len = 32;
		if (random_fill(reply + 1, len - 1) == 0)
			reply[1] = 0xff;
	} else if (hid_fault(t, FAULT_DROP_REPLY)) {
		fault = FAULT_DROP_REPLY;
	}
	log_line("txn CBOR %s -> %02x%s%s", t->txn, reply[0],
		 fault ? " fault=" : "", fault ? fault_name(fault) : "");
	hid_idle(t);
	if (hid_fault(t, FAULT_CHATTER)) {
		/* What another program hears, and whoever reads the node. */
		msg_send(t, cid ^ 0x01010101, CMD_KEEPALIVE, other, 1, 0);
		msg_send(t, cid ^ 0x01010101, CMD_CBOR, other, sizeof(other), 0);
	}
	if (fault != FAULT_DROP_REPLY)
		msg_send(t, cid, CMD_CBOR, reply, len, skew);
}

static void cbor_status(struct token *t, uint8_t status)
{
	uint8_t reply[64] = { status };

	cbor_reply(t, reply, 1);
}

static void wait_begin(struct token *t, bool endless)
{
	uint64_t now = clock_ms();

	t->hid.phase = HID_WAITING;
	t->touch.endless = endless;
	t->touch.started = now;
	t->touch.next_keepalive = now + KEEPALIVE_MS;
	if (hid_fault(t, FAULT_UNPLUG_AT) && t->cfg.fault_arg == UNPLUG_DURING)
		t->touch.unplug_at = now + UNPLUG_DURING_MS;
	log_line("event %s", endless ? "endless-keepalive" : "touch-wait");
}

/* Runs, or runs again after the touch, the CBOR command in hid.req. */
static void cbor_run(struct token *t)
{
	static uint8_t reply[MSG_MAX];
	size_t len = 0;
	uint8_t status;

	status = ctap2_run(t, t->hid.req, t->hid.req_len, reply + 1,
			   sizeof(reply) - 1, &len);
	if (status == CTAP_WAIT) {
		if (hid_fault(t, FAULT_UNPLUG_AT) &&
		    t->cfg.fault_arg == UNPLUG_BEFORE)
			token_vanish(t);
		else
			wait_begin(t, false);
		return;
	}
	reply[0] = status;
	cbor_reply(t, reply, status == CTAP2_OK ? 1 + len : 1);
}

static void cbor_begin(struct token *t)
{
	memset(&t->touch, 0, sizeof(t->touch));
	ctap2_name(t->hid.req, t->hid.req_len, t->txn, sizeof(t->txn));
	if (t->cfg.u2f_only) {
		log_line("txn CBOR %s -> error 01", t->txn);
		error_send(t, t->hid.cid, ERR_INVALID_CMD);
	} else if (hid_fault(t, FAULT_BUSY)) {
		log_line("txn CBOR %s -> error 06 fault=busy", t->txn);
		error_send(t, t->hid.cid, ERR_CHANNEL_BUSY);
	} else if (hid_fault(t, FAULT_ENDLESS_KEEPALIVE)) {
		wait_begin(t, true);
	} else {
		cbor_run(t);
	}
}

/* U2F is only pretended: a version, and no other instruction. */
static void u2f_reply(struct token *t)
{
	static const uint8_t version[] = "U2F_V2\x90";
	static const uint8_t unknown[] = { 0x6d, 0x00 };
	bool asked = t->hid.req_len >= 2 && t->hid.req[1] == 0x03;

	log_line("txn MSG");
	msg_send(t, t->hid.cid, CMD_MSG, asked ? version : unknown,
		 asked ? sizeof(version) : sizeof(unknown), 0);
}

static void hid_dispatch(struct token *t)
{
	struct hid *h = &t->hid;

	h->phase = HID_IDLE;
	if (h->cmd == CMD_CBOR) {
		cbor_begin(t);
	} else if (h->cmd == CMD_PING) {
		log_line("txn PING");
		msg_send(t, h->cid, CMD_PING, h->req, h->req_len, 0);
	} else if (h->cmd == CMD_WINK) {
		log_line("txn WINK");
		msg_send(t, h->cid, CMD_WINK, NULL, 0, 0);
	} else if (h->cmd == CMD_MSG && t->cfg.u2f_only) {
		u2f_reply(t);
	} else {
		log_line("txn %s -> error 01", cmd_name(h->cmd));
		error_send(t, h->cid, ERR_INVALID_CMD);
	}
}

static bool cid_known(const struct hid *h, uint32_t cid)
{
	return cid - h->cid_base < h->cid_count;
}

/*
 * INIT on a channel resets that channel; on the broadcast channel it makes a
 * new one and, as on real keys, leaves another channel's command waiting.
 */
static void hid_init(struct token *t, uint32_t cid, const uint8_t *frame)
{
	struct hid *h = &t->hid;
	uint8_t reply[17], caps = CAP_WINK;
	uint32_t given = cid;

	if (h->phase != HID_IDLE && h->cid == cid)
		hid_abort(t);
	if ((frame[5] << 8 | frame[6]) != 8) {
		error_stray(t, cid, ERR_INVALID_LEN);
		return;
	}
	log_line("txn INIT");
	if (fault_hits(t, FAULT_DROP_REPLY, "INIT"))
		return;
	if (fault_hits(t, FAULT_BUSY, "INIT")) {
		error_send(t, cid, ERR_CHANNEL_BUSY);
		return;
	}
	if (cid == CID_BROADCAST) {
		if (h->cid_count == CHANNELS_MAX) {
			h->cid_base += CHANNELS_MAX;
			h->cid_count = 0;
		}
		given = h->cid_base + h->cid_count++;
	}
	if (!t->cfg.u2f_only)
		caps |= CAP_CBOR | CAP_NMSG;
	memcpy(reply, frame + 7, 8);
	be32_put(reply + 8, given);
	memcpy(reply + 12, (uint8_t[]){ 2, 5, 4, 3, caps }, 5);
	/* Late replies to a host that has gone would be read by the next. */
	pty_flush(&t->pty);
	msg_send(t, cid, CMD_INIT, reply, sizeof(reply), 0);
}

static void hid_cancel(struct token *t, uint32_t cid)
{
	log_line("event cancel");
	if (t->hid.phase == HID_WAITING && t->hid.cid == cid &&
	    !t->touch.endless)
		cbor_status(t, CTAP2_ERR_KEEPALIVE_CANCEL);
}

static void hid_begin(struct token *t, uint32_t cid, const uint8_t *frame)
{
	struct hid *h = &t->hid;
	size_t want = (size_t)(frame[5] << 8 | frame[6]);
	size_t n = want < FRAME_LEN - 7 ? want : FRAME_LEN - 7;

	if (h->phase == HID_ASSEMBLY && h->cid == cid) {
		hid_abort(t);
		error_stray(t, cid, ERR_INVALID_SEQ);
		return;
	}
	if (h->phase != HID_IDLE) {
		error_stray(t, cid, ERR_CHANNEL_BUSY);
		return;
	}
	if (want > MSG_MAX) {
		error_stray(t, cid, ERR_INVALID_LEN);
		return;
	}
	h->cid = cid;
	h->cmd = frame[4] & 0x7f;
	h->seq = 0;
	h->req_want = want;
	h->req_len = n;
	h->last_frame = clock_ms();
	memcpy(h->req, frame + 7, n);
	if (n == want)
		hid_dispatch(t);
	else
		h->phase = HID_ASSEMBLY;
}

static void hid_continue(struct token *t, uint32_t cid, const uint8_t *frame)
{
	struct hid *h = &t->hid;
	size_t left = h->req_want - h->req_len;
	size_t n = left < FRAME_LEN - 5 ? left : FRAME_LEN - 5;

	/* Stray ones are ignored, as the specification wants. */
	if (h->phase != HID_ASSEMBLY || h->cid != cid)
		return;
	if (frame[4] != h->seq) {
		hid_abort(t);
		error_stray(t, cid, ERR_INVALID_SEQ);
		return;
	}
	h->seq++;
	memcpy(h->req + h->req_len, frame + 5, n);
	h->req_len += n;
	h->last_frame = clock_ms();
	if (h->req_len == h->req_want)
		hid_dispatch(t);
}

void hid_frame(struct token *t, const uint8_t frame[static FRAME_LEN])
{
	uint32_t cid = be32_get(frame);
	uint8_t cmd = frame[4] & 0x7f;
	bool first = frame[4] & 0x80;

	frame_log("rx", frame);
	if (first && cmd == CMD_INIT &&
	    (cid == CID_BROADCAST || cid_known(&t->hid, cid)))
		hid_init(t, cid, frame);
	else if (!cid_known(&t->hid, cid)) {
		if (first)
			error_stray(t, cid, ERR_INVALID_CHANNEL);
	} else if (!first)
		hid_continue(t, cid, frame);
	else if (cmd == CMD_CANCEL)
		hid_cancel(t, cid);
	else
		hid_begin(t, cid, frame);
}

bool hid_touch(struct token *t)
{
	if (t->hid.phase != HID_WAITING || t->touch.endless)
		return false;
	log_line("event touched");
	t->hid.phase = HID_IDLE;
	t->touch.given = true;
	cbor_run(t);
	return true;
}

static void wait_tick(struct token *t, uint64_t now)
{
	uint8_t status = STATUS_UPNEEDED;

	if (t->touch.unplug_at && now >= t->touch.unplug_at) {
		token_vanish(t);
		return;
	}
	if (!t->touch.endless && t->cfg.touch == TOUCH_AFTER &&
	    now >= t->touch.started + t->cfg.touch_after_ms) {
		hid_touch(t);
		return;
	}
	/* The policy may have changed while a command waits for its touch. */
	if (!t->touch.endless && !t->touch.unplug_at) {
		if (t->cfg.touch == TOUCH_AT_ONCE) {
			hid_touch(t);
			return;
		}
		if (t->cfg.touch == TOUCH_REFUSED) {
			cbor_status(t, CTAP2_ERR_OPERATION_DENIED);
			return;
		}
	}
	if (!t->touch.endless &&
	    now >= t->touch.started + t->cfg.user_timeout_ms) {
		cbor_status(t, CTAP2_ERR_USER_ACTION_TIMEOUT);
		return;
	}
	if (now >= t->touch.next_keepalive) {
		/* A host that doesn't read gets no more of them. */
		if (t->pty.out_count < OUT_FRAMES / 2)
			msg_send(t, t->hid.cid, CMD_KEEPALIVE, &status, 1, 0);
		t->touch.next_keepalive = now + KEEPALIVE_MS;
	}
}

void hid_tick(struct token *t)
{
	struct hid *h = &t->hid;
	uint64_t now = clock_ms();

	if (h->phase == HID_ASSEMBLY && now >= h->last_frame + ASSEMBLY_MS) {
		hid_abort(t);
		error_stray(t, h->cid, ERR_MSG_TIMEOUT);
	} else if (h->phase == HID_WAITING) {
		wait_tick(t, now);
	}
}

uint64_t hid_deadline(const struct token *t)
{
	uint64_t at = UINT64_MAX, touch;

	if (t->hid.phase == HID_ASSEMBLY)
		return t->hid.last_frame + ASSEMBLY_MS;
	if (t->hid.phase != HID_WAITING)
		return at;
	at = t->touch.next_keepalive;
	touch = t->touch.started + (t->cfg.touch == TOUCH_AFTER ?
				    t->cfg.touch_after_ms :
				    t->cfg.user_timeout_ms);
	return touch < at ? touch : at;
}
