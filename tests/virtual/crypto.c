#include "crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#define POINT_LEN (1 + 2 * P256_LEN)

EVP_PKEY *p256_generate(void)
{
	return EVP_EC_gen("P-256");
}

static EVP_PKEY *p256_import(const BIGNUM *d, const uint8_t *point)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (bld && ctx &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    "P-256", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					     point, POINT_LEN) &&
	    (!d || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d)))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key,
			      d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
			      params) != 1)
		key = NULL;

	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

EVP_PKEY *p256_from_scalar(const uint8_t d[static P256_LEN])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *bn = BN_secure_new();
	uint8_t oct[POINT_LEN];
	EVP_PKEY *key = NULL;

	/* BN_secure_new() alone does not make the multiplication constant
	 * time; a token in software for tests needs no more than this. */
	if (point && bn && BN_bin2bn(d, P256_LEN, bn) && !BN_is_zero(bn) &&
	    BN_cmp(bn, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_mul(group, point, bn, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
			       oct, sizeof(oct), NULL) == sizeof(oct))
		key = p256_import(bn, oct);

	BN_clear_free(bn);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return key;
}

EVP_PKEY *p256_from_point(const uint8_t x[static P256_LEN],
			  const uint8_t y[static P256_LEN])
{
	uint8_t oct[POINT_LEN] = { POINT_CONVERSION_UNCOMPRESSED };

	for (size_t i = 0; i < P256_LEN; i++) {
		oct[1 + i] = x[i];
		oct[1 + P256_LEN + i] = y[i];
	}
	return p256_import(NULL, oct);
}

int p256_point(const EVP_PKEY *key, uint8_t ret_x[static P256_LEN],
	       uint8_t ret_y[static P256_LEN])
{
	BIGNUM *x = NULL, *y = NULL;
	int r = -1;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	    BN_bn2binpad(x, ret_x, P256_LEN) == P256_LEN &&
	    BN_bn2binpad(y, ret_y, P256_LEN) == P256_LEN)
		r = 0;
	BN_free(x);
	BN_free(y);
	return r;
}

int p256_ecdh(EVP_PKEY *own, EVP_PKEY *peer, uint8_t ret_z[static P256_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t len = P256_LEN;
	int r = -1;

	if (ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, ret_z, &len) == 1 && len == P256_LEN)
		r = 0;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

int p256_sign(EVP_PKEY *key, const uint8_t *msg, size_t len, uint8_t *ret_der,
	      size_t *ret_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t der_len = P256_DER_MAX;
	int r = -1;

	if (ctx &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, ret_der, &der_len, msg, len) == 1) {
		*ret_len = der_len;
		r = 0;
	}
	EVP_MD_CTX_free(ctx);
	return r;
}

int random_fill(void *buf, size_t len)
{
	return RAND_bytes(buf, (int)len) == 1 ? 0 : -1;
}

int sha256(const void *msg, size_t len, uint8_t ret[static SHA256_LEN])
{
	return SHA256(msg, len, ret) ? 0 : -1;
}

int hmac_sha256(const uint8_t key[static 32], const void *msg, size_t len,
		uint8_t ret[static SHA256_LEN])
{
	return HMAC(EVP_sha256(), key, 32, msg, len, ret, NULL) ? 0 : -1;
}

int aes256_cbc(bool encrypt, const uint8_t key[static 32],
	       const uint8_t iv[static 16], const uint8_t *in, size_t len,
	       uint8_t *ret_out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, tail = 0, r = -1;

	if (ctx && len % 16 == 0 &&
	    EVP_CipherInit_ex2(ctx, EVP_aes_256_cbc(), key, iv, encrypt,
			       NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	    EVP_CipherUpdate(ctx, ret_out, &n, in, (int)len) == 1 &&
	    EVP_CipherFinal_ex(ctx, ret_out + n, &tail) == 1 &&
	    (size_t)(n + tail) == len)
		r = 0;
	EVP_CIPHER_CTX_free(ctx);
	return r;
}
