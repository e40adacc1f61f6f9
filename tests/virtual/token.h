/*
 * The whole token: what it can do, what it remembers, what it is doing.
 *
 * One thread, one loop. A command that has to wait for the user returns
 * CTAP_WAIT; it is run again from its start, with touch.given set, once the
 * user has touched. Checks before the touch are therefore free of effects.
 */
#ifndef VTOKEN_TOKEN_H
#define VTOKEN_TOKEN_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"

#define FRAME_LEN	64
#define MSG_MAX		7609	/* 64 - 7 + 128 * (64 - 5) */
#define OUT_FRAMES	1024

enum touch_policy {
	TOUCH_AT_ONCE,
	TOUCH_AFTER,
	TOUCH_NEVER,
	TOUCH_REFUSED,
	TOUCH_NONE,
};

enum fault {
	FAULT_NONE,
	FAULT_DROP_REPLY,
	FAULT_GARBAGE,
	FAULT_WRONG_CHANNEL,
	FAULT_WRONG_SEQUENCE,
	FAULT_SHORT_SECRET,
	FAULT_NO_SECRET,
	FAULT_BAD_SIGNATURE,
	FAULT_OTHER_KEY,
	FAULT_NO_UP_FLAG,
	FAULT_NO_UV_FLAG,
	FAULT_ERROR,
	FAULT_BUSY,
	FAULT_ENDLESS_KEEPALIVE,
	FAULT_SLOW,
	FAULT_UNPLUG_AT,
	FAULT_UNSTABLE_SECRET,
	FAULT_WRONG_CREDENTIAL,
	FAULT_CHATTER,
};

enum unplug_at { UNPLUG_BEFORE, UNPLUG_DURING, UNPLUG_AFTER };

struct config {
	bool hmac_secret;
	bool one_salt;
	bool pin_support;
	bool cred_protect;
	bool always_uv;
	bool builtin_uv;
	bool u2f_only;
	bool gives_secret_without_up;
	bool make_cred_uv_not_rqd;
	unsigned int pin_protocols[2];	/* in order of preference, 0 ends */
	unsigned int cred_len;
	unsigned int max_creds_in_list;	/* 0: unlimited, not advertised */
	unsigned int max_cred_id_len;	/* 0: as many as CTAP allows */
	unsigned int max_msg;
	unsigned int user_timeout_ms;
	unsigned int reset_window_ms;
	unsigned int min_pin_len;	/* characters */
	uint8_t aaguid[16];
	char product[64];
	char versions[128];		/* separated by commas */

	enum touch_policy touch;
	unsigned int touch_after_ms;

	enum fault fault;
	unsigned int fault_arg;
	char fault_target[48];		/* a command's name, or "all" */
};

struct out_frame {
	uint8_t data[FRAME_LEN];
	uint64_t not_before;
};

struct pty {
	int master;			/* -1 while unplugged */
	int slave;
	char name[64];
	char *link;
	uint8_t rx[1 + FRAME_LEN];	/* a report number leads each report */
	size_t rx_len;
	uint64_t rx_at;
	struct out_frame out[OUT_FRAMES];
	size_t out_head;
	size_t out_count;
	size_t out_sent;		/* bytes of the head already written */
	uint64_t out_last;		/* when the last one may leave */
};

enum hid_phase { HID_IDLE, HID_ASSEMBLY, HID_WAITING };

struct hid {
	enum hid_phase phase;
	uint32_t cid_base;
	uint32_t cid_count;
	uint32_t cid;			/* of the transaction under way */
	uint8_t cmd;
	uint8_t seq;
	uint8_t req[MSG_MAX];
	size_t req_len;
	size_t req_want;
	uint64_t last_frame;
};

struct touch {
	bool given;			/* the command under way has its touch */
	bool endless;			/* keepalives for ever, deaf to CANCEL */
	uint64_t started;
	uint64_t next_keepalive;
	uint64_t unplug_at;		/* 0: not planned */
};

#define PERM_MC	0x01
#define PERM_GA	0x02

struct pin_session {
	EVP_PKEY *agree;
	uint8_t token[32];
	bool in_use;
	bool uv;
	bool up;			/* built-in UV counts as a touch, once */
	uint8_t perms;
	bool rp_bound;
	uint8_t rp_hash[32];
	unsigned int failures;		/* in a row, since power came on */
};

struct token {
	struct config cfg;
	struct state state;
	struct pty pty;
	struct hid hid;
	struct touch touch;
	struct pin_session pin;
	uint64_t powered_at;
	char txn[48];			/* the command under way, for the log */
	bool quit;
};

/* Milliseconds of a clock that never goes back. */
uint64_t clock_ms(void);

/* Power: forget all that a real token keeps in RAM. */
int token_power_on(struct token *t);
void token_power_off(struct token *t);

/* Is this fault switched on for the command called @command? */
bool fault_hits(const struct token *t, enum fault fault, const char *command);
const char *fault_name(enum fault fault);

#endif
