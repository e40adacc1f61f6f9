/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages between touchvault (the client) and touchvault-token (the
 * helper). One message is one packet of a SOCK_SEQPACKET socketpair:
 *
 *	version:u8  type:u8  body
 *
 * Integers are little-endian; a text or a byte string is preceded by its
 * length (u8, or u16 where it may exceed 255). A client sends one request
 * (ENROL, DERIVE, LIST, PROGRAM, SET_PIN or INFO), and a PIN each time that it is
 * asked for one; CANCEL at any time. The helper sends any number of TOUCH,
 * TOUCH_DONE, at most one PIN_REQUEST for either PIN, and ends with one of FAILED,
 * ENROLLED, DERIVED, LISTED, PROGRAMMED, PIN_SET, INFORMED.
 *
 * Encoding and decoding are pure. What is not canonical is refused, so that
 * encode(decode(b)) == b for every b that decodes.
 */
#ifndef TOUCHVAULT_TOKEN_MESSAGE_H
#define TOUCHVAULT_TOKEN_MESSAGE_H

#include "token/cleanup.h"
#include "token/token.h"

#define MESSAGE_VERSION 1
/* The longest: an ENROL with TOKEN_CREDENTIALS_MAX credentials. */
#define MESSAGE_MAX                                                                           \
	(2 + 1 + TOKEN_PATH_MAX + 2 + TOKEN_SALT_LEN + 1 +                                    \
	    TOKEN_CREDENTIALS_MAX * (2 + 2 + TOKEN_CREDENTIAL_ID_MAX + TOKEN_PUBLIC_KEY_LEN + \
					TOKEN_AAGUID_LEN + 4 + 1))
#define MESSAGE_STEPS_MAX 3

enum message_type {
	MESSAGE_ENROL = 0x01,
	MESSAGE_DERIVE = 0x02,
	MESSAGE_PIN = 0x03,
	MESSAGE_CANCEL = 0x04,
	MESSAGE_LIST = 0x05,
	MESSAGE_PROGRAM = 0x06,
	MESSAGE_SET_PIN = 0x07,
	MESSAGE_INFO = 0x08,
	MESSAGE_TOUCH = 0x81,
	MESSAGE_TOUCH_DONE = 0x82,
	MESSAGE_PIN_REQUEST = 0x83,
	MESSAGE_FAILED = 0x84,
	MESSAGE_ENROLLED = 0x85,
	MESSAGE_DERIVED = 0x86,
	MESSAGE_LISTED = 0x87,
	MESSAGE_PROGRAMMED = 0x88,
	MESSAGE_PIN_SET = 0x89,
	MESSAGE_INFORMED = 0x8a,
};

struct message_enrol {
	char path[TOKEN_PATH_MAX]; /* empty: the one plugged in */
	enum token_pin_mode mode;
	bool allow_without_touch;
	uint8_t salt[TOKEN_SALT_LEN];
	size_t n; /* credentials that the token must not know; may be 0 */
	struct token_credential credentials[TOKEN_CREDENTIALS_MAX];
};

struct message_list {
	char path[TOKEN_PATH_MAX];
	size_t n; /* may be 0 */
	struct token_credential credentials[TOKEN_CREDENTIALS_MAX];
};

struct message_derive {
	char path[TOKEN_PATH_MAX];
	uint8_t salt[TOKEN_SALT_LEN];
	size_t n;
	/* Decoded ones point into the buffer they were decoded from. */
	struct token_credential credentials[TOKEN_CREDENTIALS_MAX];
};

struct message_program {
	char path[TOKEN_PATH_MAX];
	enum token_program mode;
};

struct message_set_pin {
	char path[TOKEN_PATH_MAX];
	bool replace;
};

struct message_info {
	char path[TOKEN_PATH_MAX];
};

struct message_touch {
	struct token_device device;
	enum token_touch touch;
	uint8_t step, steps;
	uint8_t seconds; /* how long the token waits */
	int credential;  /* -1: not known yet */
};

struct message_failed {
	enum token_err err;
	int retries;
};

struct message_response {
	uint8_t bytes[TOKEN_RESPONSE_MAX];
	size_t len; /* 1 to TOKEN_RESPONSE_MAX */
};

struct message_enrolled {
	struct token_enrolment enrolment;
	struct message_response response;
};

struct message_derived {
	uint8_t credential; /* below TOKEN_CREDENTIALS_MAX */
	struct message_response response;
};

struct message_listed {
	size_t n; /* 1 to TOKEN_LIST_MAX */
	struct token_listed tokens[TOKEN_LIST_MAX];
};

struct message_programmed {
	struct token_device device;
	struct token_slots slots;
};

struct message {
	enum message_type type;
	union {
		struct message_enrol enrol;
		struct message_derive derive;
		struct message_list list;
		struct message_program program;
		struct message_set_pin set_pin;
		struct message_info info;
		char pin[TOKEN_PIN_MAX + 1];
		struct message_touch touch;
		struct token_pin_request pin_request;
		struct message_failed failed;
		struct message_enrolled enrolled;
		struct message_derived derived;
		struct message_listed listed;
		struct message_programmed programmed;
		struct token_device pin_set;
		struct token_info informed;
	};
};

struct message_buf {
	size_t len;
	uint8_t bytes[MESSAGE_MAX];
};

DEFINE_WIPE(struct message, message)
DEFINE_WIPE(struct message_buf, message_buf)
#define _cleanup_message_ _cleanup_(message_wipep)
#define _cleanup_message_buf_ _cleanup_(message_buf_wipep)

/* TOKEN_ERR_INTERNAL if a member is out of its range. */
int message_encode(const struct message *message, struct message_buf *ret)
    __attribute__((warn_unused_result));

/* TOKEN_ERR_HELPER if buf isn't exactly one message in canonical form: of an
 * unknown version or type, truncated, with bytes left over, with a length, an
 * enumerator or a truth value out of range, or text that isn't printable
 * ASCII. ret borrows from buf, see message_derive. */
int message_decode(const struct message_buf *buf, struct message *ret)
    __attribute__((warn_unused_result));

/* Copy text from a device, whatever it is, as printable ASCII: other bytes are
 * left out, and what doesn't fit is cut off. text may be NULL. */
void message_copy_text(char *dst, size_t size, const char *text);

#endif
