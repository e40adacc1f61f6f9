/*
 * What a token remembers without power, in one small text file.
 *
 *	vtoken-state 1
 *	master HEX		32 bytes; every credential derives from them
 *	pin HEX			LEFT(SHA-256(PIN), 16); absent without a PIN
 *	retries N
 *	counter N
 *	cred ID RPHASH FLAGS	one per credential too short to hold its own tag
 *
 * Each change is written to a second file and renamed over the first.
 */
#ifndef VTOKEN_STATE_H
#define VTOKEN_STATE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cbor_io.h"

#define PIN_RETRIES_MAX	8
#define PIN_HASH_LEN	16
#define CRED_ID_MIN	16
#define CRED_ID_MAX	1023
#define CRED_SELF_MIN	48	/* from here on an id carries its own tag */

/* The low two bits hold the credProtect level, 1 to 3. */
#define CRED_PROTECT_MASK	0x03
#define CRED_HMAC_SECRET	0x04

struct cred {
	uint8_t id[CRED_ID_MAX];
	size_t id_len;
	uint8_t rp_hash[32];
	uint8_t flags;
};

struct state {
	char *path;
	uint8_t master[32];
	bool pin_set;
	uint8_t pin_hash[PIN_HASH_LEN];
	unsigned int retries;
	uint32_t counter;
	struct cred *short_creds;
	size_t n_short;
};

/* Loads @path or makes a new identity there. -1 after a message on stderr. */
int state_open(struct state *s, const char *path);
int state_save(const struct state *s);
/* A new identity, as authenticatorReset leaves it; not yet saved. */
int state_reset(struct state *s);
int state_pin_set(struct state *s, const void *pin, size_t len);
void state_close(struct state *s);

/* A new credential of @id_len bytes; saves the state if it must. */
int cred_create(struct state *s, const uint8_t rp_hash[static 32],
		uint8_t flags, size_t id_len, struct cred *ret);
/* Is @id a credential of this token for this relying party? */
bool cred_open(const struct state *s, const uint8_t rp_hash[static 32],
	       struct bytes id, struct cred *ret);
/* The private key; freed by the caller. NULL on failure. */
EVP_PKEY *cred_key(const struct state *s, const struct cred *cred);
int cred_random(const struct state *s, const struct cred *cred, bool uv,
		uint8_t ret[static 32]);

#endif
