/* authenticatorClientPIN and PIN/UV auth protocols one and two (6.5). */
#ifndef VTOKEN_PIN_H
#define VTOKEN_PIN_H

#include "cbor_io.h"
#include "token.h"

struct pin_secret {
	unsigned int protocol;
	uint8_t hmac_key[32];
	uint8_t aes_key[32];
};

/* What a power cycle gives: a new key agreement key, a new token. */
int pin_power_on(struct token *t);
void pin_power_off(struct token *t);

bool pin_protocol_known(const struct token *t, uint64_t protocol);
/* The secret shared with the host that sent @cose. False if it is no key. */
bool pin_agree(const struct token *t, unsigned int protocol,
	       const cbor_item_t *cose, struct pin_secret *ret);
bool pin_verify(const uint8_t key[static 32], unsigned int protocol,
		const void *msg, size_t len, struct bytes mac);
/* @ret_out holds @len, and 16 more for protocol two. */
bool pin_encrypt(const struct pin_secret *s, const uint8_t *in, size_t len,
		 uint8_t *ret_out, size_t *ret_len);
/* False unless the plain text has a whole number of blocks and fits. */
bool pin_decrypt(const struct pin_secret *s, struct bytes in, uint8_t *ret_out,
		 size_t cap, size_t *ret_len);

/* Does the token in use, with permission @perm, allow this? A status. */
uint8_t pin_token_check(struct token *t, unsigned int protocol,
			struct bytes mac, const void *msg, size_t len,
			uint8_t perm, const uint8_t rp_hash[static 32]);

uint8_t pin_run(struct token *t, const cbor_item_t *req, struct enc *e);

#endif
