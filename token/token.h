/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The token: enrol one, ask one for its response. This is all that the
 * command line sees of a device. Every call starts the helper
 * touchvault-token, which alone talks to hardware (SECURITY.md, section 6),
 * speaks with it over a socketpair, and ends it cleanly.
 *
 * Nothing here knows of vaults, files or terminals: people are reached
 * through struct token_ui.
 */
#ifndef TOUCHVAULT_TOKEN_H
#define TOUCHVAULT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_err {
	TOKEN_OK = 0,
	TOKEN_ERR_INTERNAL = -1,          /* a bug, or no memory */
	TOKEN_ERR_HELPER = -2,            /* helper missing, or not ours */
	TOKEN_ERR_NONE = -3,              /* no token plugged in */
	TOKEN_ERR_SEVERAL = -4,           /* several, and none can be told to be right */
	TOKEN_ERR_NO_DEVICE = -5,         /* the device path named is not there */
	TOKEN_ERR_NOT_A_TOKEN = -6,       /* the device path named is no FIDO token */
	TOKEN_ERR_PERMISSION = -7,        /* may not open the device node */
	TOKEN_ERR_BUSY = -8,              /* held by another program */
	TOKEN_ERR_NOT_ENROLLED = -9,      /* knows none of the credentials */
	TOKEN_ERR_TIMEOUT = -10,          /* not touched in time */
	TOKEN_ERR_CANCELLED = -11,        /* by the caller, or at the PIN prompt */
	TOKEN_ERR_REFUSED = -12,          /* the token says the user declined */
	TOKEN_ERR_PIN_REQUIRED = -13,     /* PIN needed, and none could be asked for */
	TOKEN_ERR_PIN_INVALID = -14,      /* wrong PIN */
	TOKEN_ERR_PIN_AUTH_BLOCKED = -15, /* too many in a row: replug it */
	TOKEN_ERR_PIN_BLOCKED = -16,      /* for good: reset it */
	TOKEN_ERR_PIN_NOT_SET = -17,      /* to be enrolled with a PIN, and has none */
	TOKEN_ERR_UNPLUGGED = -18,        /* gone in the middle of it */
	TOKEN_ERR_FAILED = -19,           /* broken protocol, garbage, vendor error */
	TOKEN_ERR_U2F_ONLY = -20,         /* a key without FIDO2 */
	TOKEN_ERR_NO_HMAC_SECRET = -21,   /* lacks the extension */
	TOKEN_ERR_NO_SECRET = -22,        /* said success, gave no secret of 32 bytes */
	TOKEN_ERR_BAD_SIGNATURE = -23,    /* signed by another key */
	TOKEN_ERR_NO_PRESENCE = -24,      /* answered without the user-presence flag */
	TOKEN_ERR_NO_VERIFICATION = -25,  /* answered without the UV flag */
	TOKEN_ERR_UNSTABLE = -26,         /* self-test: two responses differ */
	TOKEN_ERR_NO_TOUCH = -27,         /* hands out the secret without a touch */
	TOKEN_ERR_ALWAYS_UV = -28,        /* to be enrolled without PIN, insists on it */
	TOKEN_ERR_NO_PIN_SUPPORT = -29,   /* PIN wanted, the token can't have one */
	TOKEN_ERR_ENROLLED = -31,         /* knows one of the credentials already */
	TOKEN_ERR_UNSUPPORTED = -30,      /* kind of slot this build knows no back end for */
	TOKEN_ERR_SLOT = -32,             /* YubiKey: slot 2 answers no challenge */
	TOKEN_ERR_SLOT_IN_USE = -33,      /* YubiKey: slot 2 would be overwritten */
	TOKEN_ERR_SLOT_LOCKED = -34,      /* YubiKey: slot 2 has an access code */
	TOKEN_ERR_PIN_REMOVED = -35,      /* enrolled with a PIN, and has none now */
	TOKEN_ERR_PIN_DEMANDED = -36,     /* enrolled without PIN, insists on it now */
	TOKEN_ERR_UV_FAILED = -37,        /* fingerprint or the like not recognised */
	TOKEN_ERR_HELPER_ENDED = -38,     /* it died before its last word */
	TOKEN_ERR_PIN_SET = -39,          /* to be given a PIN, and has one */
	TOKEN_ERR_PIN_POLICY = -40,       /* the token doesn't take such a PIN */
	TOKEN_ERR_PIN_DIFFERS = -41,      /* new PIN, not the same at the second time */
};
#define TOKEN_ERR_LAST TOKEN_ERR_PIN_DIFFERS

enum token_kind {
	TOKEN_KIND_FIDO2 = 1,
	TOKEN_KIND_YKOTP = 2,
};

#define TOKEN_SALT_LEN 32
#define TOKEN_RESPONSE_MAX 64
#define TOKEN_CREDENTIAL_ID_MAX 1023
#define TOKEN_CREDENTIALS_MAX 16
#define TOKEN_PUBLIC_KEY_LEN 64 /* ES256: x, then y */
#define TOKEN_AAGUID_LEN 16
#define TOKEN_PIN_MAX 63 /* bytes of UTF-8; CTAP2 section 6.5 */
#define TOKEN_PIN_MIN 4
#define TOKEN_PATH_MAX 256
#define TOKEN_PRODUCT_MAX 128
#define TOKEN_TOUCH_SECONDS 30
#define TOKEN_LIST_MAX 16
#define TOKEN_INFO_TEXT_MAX 256
#define TOKEN_INFO_PROTOCOLS_MAX 4
/* How the HMAC slot of a YubiKey is named where a device is: this, or with a
 * colon and its serial number. */
#define TOKEN_PATH_YKOTP "yubikey"

/* A credential as the vault's slot and index keep it. Borrowed pointers. */
struct token_credential {
	enum token_kind kind;
	bool uv; /* enrolled with user verification */
	const uint8_t *id;
	size_t id_len; /* FIDO2: 1 to TOKEN_CREDENTIAL_ID_MAX; YubiKey: 0 */
	uint8_t public_key[TOKEN_PUBLIC_KEY_LEN];
	uint8_t aaguid[TOKEN_AAGUID_LEN]; /* the model; zeros: not known */
	uint32_t serial;                  /* YubiKey; 0: not known */
	bool without_touch;               /* YubiKey: enrolled so */
};

/* What is known of a token that is asked for something. All text is
 * printable ASCII by the time it is here. */
struct token_device {
	char path[TOKEN_PATH_MAX];
	char product[TOKEN_PRODUCT_MAX];
};

enum token_touch {
	TOKEN_TOUCH_ENROL,  /* makes the credential */
	TOKEN_TOUCH_TEST,   /* self-test at enrolment */
	TOKEN_TOUCH_DERIVE, /* the response */
};

enum token_pin {
	TOKEN_PIN_CURRENT, /* the one that the token has */
	TOKEN_PIN_NEW,     /* the one that it is to have */
};

struct token_pin_request {
	struct token_device device;
	enum token_pin which;
	int retries;    /* tries that the token says are left, 0 to 254; or -1 */
	size_t pin_min; /* of a new one: characters, TOKEN_PIN_MIN to TOKEN_PIN_MAX */
};

/* How a call reaches the person. All members but ctx and cancel_fd must be
 * set. Callbacks run on the calling thread. */
struct token_ui {
	void *ctx;
	/* The token now waits for a touch; credential is the index in the array
	 * given to token_derive if it is known, else -1. step counts from 1 to
	 * steps; seconds is how long the token waits. */
	void (*touch)(void *ctx, const struct token_device *, enum token_touch, unsigned step,
	    unsigned steps, unsigned seconds, int credential);
	/* The touch has been given or has failed: the notice can go. */
	void (*touch_done)(void *ctx);
	/* Fill ret_pin (locked memory of the caller's, see token_derive) and
	 * return its length; 0 cancels (TOKEN_ERR_CANCELLED), negative: the call
	 * fails with that enum token_err, which is TOKEN_ERR_PIN_REQUIRED where
	 * nobody can be asked. Either PIN is asked for at most once a call: a
	 * wrong one ends it. */
	int (*pin)(
	    void *ctx, const struct token_pin_request *, char ret_pin[static TOKEN_PIN_MAX + 1]);
	/* Becomes readable when the person cancels (Ctrl-C, SIGTERM); -1 if
	 * never. It is polled, not read. */
	int cancel_fd;
};

struct token_enrolment {
	enum token_kind kind;
	bool uv;
	uint8_t id[TOKEN_CREDENTIAL_ID_MAX];
	size_t id_len;
	uint8_t public_key[TOKEN_PUBLIC_KEY_LEN];
	uint8_t aaguid[TOKEN_AAGUID_LEN];
	uint32_t serial;    /* YubiKey; 0: not known */
	bool without_touch; /* hands out secrets without one: grade D */
	struct token_device device;
};

enum token_pin_mode {
	TOKEN_PIN_IF_SET, /* if the token has one (or built-in UV) */
	TOKEN_PIN_REQUIRED,
	TOKEN_PIN_NEVER,
};

/* A token that is plugged in, as far as can be told without a touch. */
struct token_listed {
	enum token_kind kind;
	struct token_device device;
	int err; /* it can't be used, and this is why; else 0 */
	uint8_t aaguid[TOKEN_AAGUID_LEN];
	bool pin_set, pin_supported, uv_builtin, uv_always;
	bool hides;     /* may know a credential that no probe shows */
	int credential; /* index of the one it knows, or -1 */
};

/* What a YubiKey says of its two slots. */
struct token_slots {
	uint32_t serial; /* 0: it doesn't tell */
	uint8_t firmware[3];
	bool programmed[2];
	bool touch[2]; /* from firmware 3.0: used with a touch only */
};

enum token_program {
	TOKEN_PROGRAM_LOOK, /* write nothing */
	TOKEN_PROGRAM_NEW,  /* where nothing is in the slot */
	TOKEN_PROGRAM_OVERWRITE,
};

/* What a token tells of itself. Lists are words with blanks between them. */
struct token_info {
	struct token_device device;
	int err;    /* why it can't be a token of a vault, or couldn't be asked; else 0 */
	bool known; /* what follows is */
	uint8_t aaguid[TOKEN_AAGUID_LEN];
	uint32_t firmware; /* of the vendor's own form; 0: not told */
	char versions[TOKEN_INFO_TEXT_MAX];
	char extensions[TOKEN_INFO_TEXT_MAX];
	bool pin_set, pin_supported, pin_outdated; /* outdated: to be changed before its use */
	uint8_t pin_min;                           /* characters */
	int pin_retries;                           /* -1: no PIN, or not told */
	bool uv_builtin, uv_always;
	bool make_cred_uv_not_rqd; /* makes credentials without its PIN, too */
	uint8_t pin_protocols[TOKEN_INFO_PROTOCOLS_MAX];
	size_t n_pin_protocols;
	uint16_t list_max; /* credentials in one question; 0: not told */
};

struct token_secret {
	uint8_t response[TOKEN_RESPONSE_MAX];
	size_t response_len;
	char pin[TOKEN_PIN_MAX + 1]; /* scratch of the call; wiped by it */
	/* After TOKEN_ERR_PIN_INVALID and TOKEN_ERR_PIN_AUTH_BLOCKED: the tries
	 * that the token says are left, else -1. Written on every return. */
	int pin_retries;
};

/* Start the helper now, so that it is ready when it is asked: its libraries take
 * longer to load than a vault to open. What is wrong with it is told by the
 * call that needs it. Best before there is any secret in memory. */
void token_start(void);

/* Wait for the helper to end, so that others find the token free and no child is
 * left. A call that fails has done so itself; after one that succeeds there may be
 * something more urgent, since the end of a process takes its time. */
void token_end(void);

/* Make a credential on the token at device (NULL: the one plugged in), and
 * test it: two assertions for salt must agree, and one without user presence
 * must give no secret, unless allow_without_touch. Three touches.
 *
 * A token that knows one of the n_exclude credentials (0 to
 * TOKEN_CREDENTIALS_MAX) is refused: TOKEN_ERR_ENROLLED.
 *
 * secret must point to locked memory of the caller's, and holds the response
 * to salt on success; wiped on failure (all but pin_retries). Section 5. */
int token_enrol(const char *device, enum token_pin_mode mode, bool allow_without_touch,
    const struct token_credential *exclude, size_t n_exclude,
    const uint8_t salt[static TOKEN_SALT_LEN], const struct token_ui *ui,
    struct token_secret *secret, struct token_enrolment *ret) __attribute__((warn_unused_result));

/* Ask for the response to salt with one assertion that allows all n
 * credentials (1 to TOKEN_CREDENTIALS_MAX, all with the same uv; kinds and
 * UV modes mixed are told apart by a silent probe first). The signature is
 * verified with the public key of the credential that answered, and the
 * user-presence (and UV) flag required. *ret_credential is the index of the
 * credential that answered. secret as above. Section 5. */
int token_derive(const char *device, const struct token_credential *credentials, size_t n,
    const uint8_t salt[static TOKEN_SALT_LEN], const struct token_ui *ui,
    struct token_secret *secret, size_t *ret_credential) __attribute__((warn_unused_result));

/* What is plugged in (or just device, if that isn't NULL), and which of the n
 * credentials (0 to TOKEN_CREDENTIALS_MAX) it knows. No touch, no PIN; one
 * probe each. TOKEN_ERR_NONE, TOKEN_ERR_PERMISSION. cancel_fd as in token_ui. */
int token_list(const char *device, const struct token_credential *credentials, size_t n,
    int cancel_fd, struct token_listed ret[static TOKEN_LIST_MAX], size_t *ret_n)
    __attribute__((warn_unused_result));

/* Write a random key for HMAC-SHA1 challenge-response with a touch into slot 2 of
 * the YubiKey at device (NULL: the one plugged in), if mode says so, and tell
 * what its slots hold then. TOKEN_ERR_SLOT_IN_USE, TOKEN_ERR_SLOT_LOCKED. The
 * key is known to the token only. cancel_fd as in token_ui. Section 5. */
int token_program(const char *device, enum token_program mode, int cancel_fd,
    struct token_device *ret_device, struct token_slots *ret) __attribute__((warn_unused_result));

/* Give the token at device (NULL: the one plugged in) a PIN, where replace is
 * false; else another one than it has. No touch; ui asks for the current PIN, and
 * then for the new one. From when that has been given the call can't be
 * cancelled, so that its result says which PIN the token has. TOKEN_ERR_PIN_SET,
 * TOKEN_ERR_PIN_NOT_SET, TOKEN_ERR_NO_PIN_SUPPORT before anything is asked for,
 * and TOKEN_ERR_PIN_BLOCKED if the token says so. secret is scratch, as above.
 * CTAP 2.1, section 6.5. */
int token_set_pin(const char *device, bool replace, const struct token_ui *ui,
    struct token_secret *secret, struct token_device *ret) __attribute__((warn_unused_result));

/* What the token at device, not NULL, tells of itself. No touch, no PIN, no try of one. What
 * is wrong with the token is in ret->err; errors of the call are others. */
int token_read_info(const char *device, int cancel_fd, struct token_info *ret)
    __attribute__((warn_unused_result));

/* English for an error, without a full stop; never NULL. */
const char *token_strerror(int err);

#endif
