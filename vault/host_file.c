/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/host_file.h"

#include <string.h>

#include "vault/cleanup.h"

#define HEAD_LEN 12

/* A host key is no vault's: no vault id salts it. */
static const uint8_t no_vault[VAULT_ID_LEN];

_Static_assert(
    HOST_KEYFILE_LEN == HEAD_LEN + HOST_SALT_LEN + HOST_SEED_LEN + AEAD_OVERHEAD + HOST_SUM_LEN,
    "all parts of a key file");
_Static_assert(
    HOST_TPM2_FIXED_LEN == HEAD_LEN + HOST_SALT_LEN + 3 * TPM_DIGEST_LEN + 4 + HOST_SUM_LEN,
    "all parts that a TPM's file always has");
_Static_assert(TPM_PATH_MAX == VAULT_TPM_PATH_MAX, "what is promised fits");
_Static_assert(HOST_FILE_MAX == HOST_TPM2_FIXED_LEN + TPM_PATH_MAX + TPM_PRIVATE_MAX,
    "and those that it has room for");

static void head_encode(struct wbuf *b, const struct host_file *f)
{
	bool virtual = f->kind == VAULT_HOST_TPM2 && f->sealed.virtual;

	wbuf_put(b, HOST_FILE_MAGIC, 8);
	wbuf_u8(b, (uint8_t)f->kind);
	wbuf_u8(b, (f->bound ? HOST_FLAG_BOUND : 0) | (virtual ? HOST_FLAG_VIRTUAL : 0));
	wbuf_le16(b, 0);
	wbuf_put(b, f->salt, sizeof(f->salt));
}

static void sealed_encode(struct wbuf *b, const struct tpm_sealed *s)
{
	size_t path_len = strlen(s->path);

	wbuf_put(b, s->srk, sizeof(s->srk));
	wbuf_put(b, s->machine, sizeof(s->machine));
	wbuf_put(b, s->unique, sizeof(s->unique));
	wbuf_le16(b, (uint16_t)path_len);
	wbuf_put(b, s->path, path_len);
	wbuf_le16(b, (uint16_t)s->blob_len);
	wbuf_put(b, s->blob, s->blob_len);
}

size_t host_file_encode(const struct host_file *f, uint8_t ret[static HOST_FILE_MAX])
{
	struct wbuf b = wbuf_of(ret, HOST_FILE_MAX);
	size_t len;

	head_encode(&b, f);
	if (f->kind == VAULT_HOST_TPM2)
		sealed_encode(&b, &f->sealed);
	else
		wbuf_put(&b, f->box, sizeof(f->box));
	len = b.len;
	(void)crypto_generichash_blake2b(
	    wbuf_room(&b, HOST_SUM_LEN), HOST_SUM_LEN, ret, len, NULL, 0);
	return b.len;
}

static bool path_valid(const char *path, size_t len)
{
	return len > 0 && path[0] == '/' && strlen(path) == len;
}

static void sealed_decode(struct rbuf *b, struct tpm_sealed *ret)
{
	size_t len;

	rbuf_copy(b, ret->srk, sizeof(ret->srk));
	rbuf_copy(b, ret->machine, sizeof(ret->machine));
	rbuf_copy(b, ret->unique, sizeof(ret->unique));
	len = rbuf_le16(b);
	if (len > TPM_PATH_MAX)
		b->bad = true;
	if (!b->bad)
		rbuf_copy(b, ret->path, len);
	if (!path_valid(ret->path, len))
		b->bad = true;
	ret->blob_len = rbuf_le16(b);
	if (ret->blob_len == 0 || ret->blob_len > TPM_PRIVATE_MAX)
		b->bad = true;
	if (!b->bad)
		rbuf_copy(b, ret->blob, ret->blob_len);
}

static bool sum_valid(const uint8_t *p, size_t len)
{
	uint8_t sum[HOST_SUM_LEN];

	(void)crypto_generichash_blake2b(sum, sizeof(sum), p, len - sizeof(sum), NULL, 0);
	return memcmp(sum, p + len - sizeof(sum), sizeof(sum)) == 0;
}

int host_file_decode(const uint8_t *p, size_t len, struct host_file *ret)
{
	struct rbuf b = rbuf_of(p, len);
	uint8_t kind, flags, allowed;

	memset(ret, 0, sizeof(*ret));
	if (len < HOST_KEYFILE_LEN || memcmp(rbuf_take(&b, 8), HOST_FILE_MAGIC, 8) != 0 ||
	    !sum_valid(p, len))
		return VAULT_ERR_DAMAGED_HOST_KEY;
	b.len -= HOST_SUM_LEN;
	kind = rbuf_u8(&b);
	flags = rbuf_u8(&b);
	allowed = HOST_FLAG_BOUND | (kind == VAULT_HOST_TPM2 ? HOST_FLAG_VIRTUAL : 0);
	if ((kind != VAULT_HOST_KEYFILE && kind != VAULT_HOST_TPM2) || (flags & ~allowed) != 0 ||
	    rbuf_le16(&b) != 0)
		return VAULT_ERR_VERSION;
	ret->kind = kind;
	ret->bound = (flags & HOST_FLAG_BOUND) != 0;
	ret->sealed.virtual = (flags & HOST_FLAG_VIRTUAL) != 0;
	rbuf_copy(&b, ret->salt, sizeof(ret->salt));
	if (kind == VAULT_HOST_TPM2)
		sealed_decode(&b, &ret->sealed);
	else
		rbuf_copy(&b, ret->box, sizeof(ret->box));
	return rbuf_done(&b) ? 0 : VAULT_ERR_DAMAGED_HOST_KEY;
}

/* What opens the seed: in the file, or by the TPM. Can't fail: all lengths are
 * constants that fit. */
static void opener(const char *label, const struct host_file *f,
    const uint8_t binding[static HOST_BINDING_LEN], uint8_t ret[static AEAD_KEY_LEN])
{
	static const uint8_t none[HOST_BINDING_LEN];

	(void)!kdf(no_vault, label, f->salt, sizeof(f->salt), f->bound ? binding : none,
	    HOST_BINDING_LEN, ret, AEAD_KEY_LEN);
}

static void file_opener(const struct host_file *f, const uint8_t binding[static HOST_BINDING_LEN],
    uint8_t ret[static AEAD_KEY_LEN])
{
	opener("tv1 host file", f, binding, ret);
}

static void tpm_opener(const struct host_file *f, const uint8_t binding[static HOST_BINDING_LEN],
    uint8_t ret[static TPM_AUTH_LEN])
{
	opener("tv1 host tpm", f, binding, ret);
	ret[TPM_AUTH_LEN - 1] |= 1; /* TPMs drop zeros at the end */
}

int host_file_open(
    const struct host_file *f, const uint8_t binding[static HOST_BINDING_LEN], struct host_key *ret)
{
	_cleanup_secret_ uint8_t *key = secret_alloc(AEAD_KEY_LEN);
	uint8_t head[HEAD_LEN + HOST_SALT_LEN];
	struct wbuf b = wbuf_of(head, sizeof(head));
	int r;

	if (key == NULL)
		return VAULT_ERR_NOMEM;
	if (f->kind == VAULT_HOST_TPM2) {
		tpm_opener(f, binding, key);
		r = tpm_unseal(&f->sealed, key, ret->seed);
	} else {
		file_opener(f, binding, key);
		head_encode(&b, f);
		r = aead_open(key, head, sizeof(head), f->box, sizeof(f->box), ret->seed) == 0
			? 0
			: VAULT_ERR_FOREIGN_HOST_KEY;
	}
	if (r != 0)
		return r;
	ret->kind = f->kind;
	ret->bound = f->bound;
	ret->virtual_tpm = f->sealed.virtual;
	return host_key_derive(ret);
}

static int keyfile_create(const uint8_t binding[static HOST_BINDING_LEN],
    const uint8_t seed[static HOST_SEED_LEN], struct host_file *f)
{
	_cleanup_secret_ uint8_t *key = secret_alloc(AEAD_KEY_LEN);
	uint8_t head[HEAD_LEN + HOST_SALT_LEN];
	struct wbuf b = wbuf_of(head, sizeof(head));

	if (key == NULL)
		return VAULT_ERR_NOMEM;
	f->kind = VAULT_HOST_KEYFILE;
	memset(&f->sealed, 0, sizeof(f->sealed));
	file_opener(f, binding, key);
	head_encode(&b, f);
	aead_seal(key, head, sizeof(head), seed, HOST_SEED_LEN, f->box);
	return 0;
}

static int tpm2_create(const char *tpm, const uint8_t binding[static HOST_BINDING_LEN],
    const uint8_t seed[static HOST_SEED_LEN], struct host_file *f)
{
	_cleanup_secret_ uint8_t *auth = secret_alloc(TPM_AUTH_LEN);

	if (auth == NULL)
		return VAULT_ERR_NOMEM;
	f->kind = VAULT_HOST_TPM2;
	tpm_opener(f, binding, auth);
	return tpm_seal(tpm, auth, seed, &f->sealed);
}

static bool is_without_tpm(int err)
{
	return err == VAULT_ERR_TPM_NONE || err == VAULT_ERR_TPM_LIBRARY ||
	       err == VAULT_ERR_TPM_PERMISSION || err == VAULT_ERR_TPM_OWNER ||
	       err == VAULT_ERR_TPM_LOCKED_OUT || err == VAULT_ERR_TPM_FAILED;
}

int host_file_create(const struct vault_new_host *new,
    const uint8_t binding[static HOST_BINDING_LEN], bool bound, struct host_key *ret_key,
    struct host_file *ret, int *ret_why)
{
	int r = host_key_generate(bound, ret_key);

	*ret_why = 0;
	*ret = (struct host_file){ .bound = bound };
	randombytes_buf(ret->salt, sizeof(ret->salt));
	if (r == 0 && new->kind != VAULT_HOST_KEYFILE)
		r = tpm2_create(new->tpm, binding, ret_key->seed, ret);
	if (new->kind == VAULT_HOST_ANY && is_without_tpm(r))
		*ret_why = r;
	if (*ret_why != 0 || (r == 0 && new->kind == VAULT_HOST_KEYFILE))
		r = keyfile_create(binding, ret_key->seed, ret);
	ret_key->kind = ret->kind;
	ret_key->virtual_tpm = ret->sealed.virtual;
	return r;
}
