/*
 * The token's arithmetic: P-256, HMAC-SHA256 and AES-256-CBC, all by libcrypto.
 *
 * Functions that return int give 0 on success and -1 when libcrypto refuses,
 * which for p256_from_point() is how a hostile host looks.
 */
#ifndef VTOKEN_CRYPTO_H
#define VTOKEN_CRYPTO_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define P256_LEN	32
#define SHA256_LEN	32
#define P256_DER_MAX	80	/* an ASN.1 ECDSA signature takes at most 72 */

/* Each returns a key the caller frees with EVP_PKEY_free(), or NULL. */
EVP_PKEY *p256_generate(void);
/* NULL also when @d is 0 or not below the group's order. */
EVP_PKEY *p256_from_scalar(const uint8_t d[static P256_LEN]);
/* NULL also when the point is not on the curve. */
EVP_PKEY *p256_from_point(const uint8_t x[static P256_LEN],
			  const uint8_t y[static P256_LEN]);

int p256_point(const EVP_PKEY *key, uint8_t ret_x[static P256_LEN],
	       uint8_t ret_y[static P256_LEN]);
int p256_ecdh(EVP_PKEY *own, EVP_PKEY *peer, uint8_t ret_z[static P256_LEN]);
/* ECDSA over SHA-256 of @msg; @ret_der holds P256_DER_MAX bytes. */
int p256_sign(EVP_PKEY *key, const uint8_t *msg, size_t len, uint8_t *ret_der,
	      size_t *ret_len);

int random_fill(void *buf, size_t len);
int sha256(const void *msg, size_t len, uint8_t ret[static SHA256_LEN]);
int hmac_sha256(const uint8_t key[static 32], const void *msg, size_t len,
		uint8_t ret[static SHA256_LEN]);
/* Without padding: @len is a multiple of 16. */
int aes256_cbc(bool encrypt, const uint8_t key[static 32],
	       const uint8_t iv[static 16], const uint8_t *in, size_t len,
	       uint8_t *ret_out);

#endif
