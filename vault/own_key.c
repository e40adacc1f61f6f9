/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/own_key.h"

#include <string.h>

#include "vault/cleanup.h"
#include "vault/commit.h"

#define NEXT_SUFFIX ".new"

/* Where its file is; borrows the directory. */
static int place(const struct vault *v, enum own_key_of which, struct store *ret)
{
	return store_beside(&v->host_store, which == OWN_KEY ? "" : NEXT_SUFFIX, ret);
}

/* TPM errors are about the TPM, all others about the file: also that it is of no use with
 * the TPM that is there. */
static int fail(int err, const char *tpm, const struct store *s)
{
	bool of_file =
	    !vault_err_is_tpm(err) || err == VAULT_ERR_TPM_OTHER || err == VAULT_ERR_TPM_CLEARED;

	return store_fail(err, of_file ? s->path : tpm);
}

static int open_file(const struct store *s, const uint8_t *p, size_t len, struct own_key *own)
{
	uint8_t binding[HOST_BINDING_LEN];
	const uint8_t *sum = p + len - HOST_SUM_LEN;
	struct host_file f;
	bool bound;
	int r = host_file_decode(p, len, &f);

	if (r != 0)
		return fail(r, "", s);
	if (memcmp(sum, own->sum, HOST_SUM_LEN) == 0)
		return 0;
	r = store_machine_binding(binding, &bound);
	if (r != 0)
		return r;
	memset(own->sum, 0, sizeof(own->sum));
	r = host_file_open(&f, binding, &own->key);
	if (r != 0)
		return fail(r, f.sealed.path, s);
	memcpy(own->tpm, f.sealed.path, sizeof(own->tpm));
	memcpy(own->sum, sum, HOST_SUM_LEN);
	return 0;
}

int own_key_load(struct vault *v, enum own_key_of which)
{
	_cleanup_free_ uint8_t *p = NULL;
	struct store s;
	size_t len;
	int r = place(v, which, &s);

	if (r == 0)
		r = store_read_private(&s, HOST_FILE_MAX, &p, &len);
	if (r == VAULT_ERR_NO_VAULT)
		return VAULT_ERR_NO_HOST_KEY;
	if (r == VAULT_ERR_LIMIT)
		return VAULT_ERR_DAMAGED_HOST_KEY;
	return r == 0 ? open_file(&s, p, len, &v->keys->own[which]) : r;
}

int own_key_use(struct vault *v, enum own_key_of which)
{
	int r = own_key_load(v, which);

	v->next_key = r == 0 && which == OWN_KEY_NEXT;
	if (r == 0)
		v->keys->host = v->keys->own[which].key;
	return r;
}

int own_key_draft(struct vault *v, enum own_key_of which, const struct vault_new_host *new)
{
	struct own_key *own = &v->keys->own[which];
	uint8_t binding[HOST_BINDING_LEN];
	struct store s;
	bool bound;
	int r = own_key_load(v, which);

	if (r == 0)
		r = place(v, which, &s);
	if (r == 0)
		return new->kind == VAULT_HOST_ANY || new->kind == own->key.kind
			   ? 0
			   : store_fail(VAULT_ERR_HOST_KIND, s.path);
	if (r == VAULT_ERR_NO_HOST_KEY)
		r = store_machine_binding(binding, &bound);
	if (r != 0)
		return r;
	memset(own->sum, 0, sizeof(own->sum));
	r = host_file_create(new, binding, bound, &own->key, &v->draft, &v->without_tpm);
	return r == 0 ? 0 : fail(r, new->tpm, &v->host_store);
}

static int draft_write(struct vault *v, const struct store *s, struct own_key *ret)
{
	uint8_t file[HOST_FILE_MAX];
	size_t len = host_file_encode(&v->draft, file);
	int r = store_write_temporary(s, file, len);

	if (r == 0)
		r = store_replace(s, STORE_PREVIOUS_NONE, true);
	if (r != 0) {
		store_drop_temporary(s);
		return r;
	}
	memcpy(ret->tpm, v->draft.sealed.path, sizeof(ret->tpm));
	memcpy(ret->sum, file + len - HOST_SUM_LEN, HOST_SUM_LEN);
	return 0;
}

int own_key_make(struct vault *v, enum own_key_of which)
{
	_cleanup_close_ int lock = -1;
	struct store s;
	int r = place(v, which, &s);

	if (r == 0)
		r = store_lock(&v->host_store, 10000, &lock);
	if (r == 0)
		r = own_key_load(v, which);
	if (r == VAULT_ERR_NO_HOST_KEY) {
		/* One that was there is gone: it was not ours to make. */
		if (v->draft.kind == VAULT_HOST_ANY)
			return store_fail(r, s.path);
		r = draft_write(v, &s, &v->keys->own[which]);
	}
	if (r == 0 && which == OWN_KEY)
		v->keys->host = v->keys->own[which].key;
	return r;
}

int own_key_promote(struct vault *v)
{
	int r = store_promote(&v->host_store, NEXT_SUFFIX);

	v->next_key = r != 0;
	return r;
}
