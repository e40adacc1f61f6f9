/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/vault.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/aead.h"
#include "vault/cleanup.h"
#include "vault/commit.h"

int vault_init(void)
{
	int r = sodium_init() < 0 ? VAULT_ERR_INTERNAL : secret_init();

	return r == 0 ? secret_lock_stack() : r;
}

void vault_unload(struct vault *v)
{
	if (v->fd >= 0)
		(void)close(v->fd);
	v->fd = -1;
	index_free(&v->index);
	v->unlocked = false;
}

struct vault *vault_alloc(void)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->fd = v->store.dirfd = v->host_store.dirfd = v->state_store.dirfd = -1;
	v->audit.store.dirfd = -1;
	v->keys = secret_alloc(sizeof(*v->keys));
	if (v->keys == NULL)
		free(TAKE_PTR(v));
	return v;
}

void vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	vault_unload(v);
	store_close(&v->store);
	store_close(&v->host_store);
	store_close(&v->state_store);
	audit_close(&v->audit);
	secret_free(v->keys);
	secret_free(v->sheet);
	free(v);
}

int vault_file_tag(const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t master[static KEY_LEN], const uint8_t digest[static DIGEST_LEN],
    uint8_t ret[static TAG_LEN])
{
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);

	if (key == NULL)
		return VAULT_ERR_NOMEM;
	if (kdf(vault_id, "tv1 file tag", master, KEY_LEN, NULL, 0, key, KEY_LEN) != 0)
		return VAULT_ERR_INTERNAL;
	return kdf(vault_id, "tv1 tag", key, KEY_LEN, digest, DIGEST_LEN, ret, TAG_LEN);
}

void vault_file_sum(const uint8_t digest[static DIGEST_LEN], const uint8_t tag[static TAG_LEN],
    const uint8_t signature[static SIGNATURE_LEN], uint8_t ret[static SUM_LEN])
{
	crypto_generichash_blake2b_state st;

	(void)crypto_generichash_blake2b_init(&st, NULL, 0, SUM_LEN);
	(void)crypto_generichash_blake2b_update(&st, digest, DIGEST_LEN);
	(void)crypto_generichash_blake2b_update(&st, tag, TAG_LEN);
	(void)crypto_generichash_blake2b_update(&st, signature, SIGNATURE_LEN);
	(void)crypto_generichash_blake2b_final(&st, ret, SUM_LEN);
}

int vault_at(const struct vault_paths *p, const struct vault_accept *accept, struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = vault_alloc();
	int r;

	if (v == NULL)
		return store_fail(VAULT_ERR_NOMEM, p->vault);
	if (accept != NULL)
		v->accept = *accept;
	r = store_open(p->vault, &v->store);
	if (r != 0)
		return r;
	r = store_open(p->host_key, &v->host_store);
	if (r == 0)
		r = store_open(p->state, &v->state_store);
	if (r == VAULT_ERR_NO_VAULT) /* no state directory: no key in it either */
		return store_fail(VAULT_ERR_NO_HOST_KEY, v->store.path);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(v);
	return 0;
}

int vault_open(const struct vault_paths *p, const struct vault_accept *accept, struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int r;

	*ret = NULL;
	r = vault_at(p, accept, &v);
	if (r == 0)
		r = vault_load(v);
	if (r == 0)
		*ret = TAKE_PTR(v);
	return r;
}

void vault_token_salt(const struct vault *v, uint8_t ret[static VAULT_SALT_LEN])
{
	(void)!kdf(v->header.vault_id, "tv1 hmac salt", NULL, 0, v->header.vault_salt,
	    VAULT_SALT_LEN, ret, VAULT_SALT_LEN);
}

int vault_derive_master(struct vault *v)
{
	const struct token_slot *s = &v->token_slots[v->unlocked_slot];
	uint8_t spk[KEY_LEN], tag[TAG_LEN];
	int r;

	if (crypto_scalarmult_base(spk, v->keys->slot.ssk) != 0 ||
	    memcmp(spk, v->index.tokens[v->unlocked_slot].spk, sizeof(spk)) != 0)
		return VAULT_ERR_TAMPERED;
	r = share_open(v->header.vault_id, v->header.gen, s->id, s->sealed_a, spk,
	    v->keys->slot.ssk, v->keys->a);
	if (r == 0)
		r = kdf_master(v->header.vault_id, v->keys->slot.v, v->keys->a, v->keys->b,
		    v->header.gen, v->keys->master);
	if (r == 0)
		r = vault_file_tag(v->header.vault_id, v->keys->master, v->digest, tag);
	if (r == 0 && sodium_memcmp(tag, v->tag, TAG_LEN) != 0)
		r = VAULT_ERR_TAMPERED;
	if (r != 0)
		return r;
	v->unlocked = true;
	return 0;
}

int vault_unlock(struct vault *v, vault_respond_fn respond, void *ctx)
{
	_cleanup_secret_ struct vault_response *response = secret_alloc(sizeof(*response));
	uint8_t salt[VAULT_SALT_LEN];
	int r;

	if (response == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->store.path);
	/* Nobody is to touch for what can't be logged. */
	r = vault_audit_ready(v);
	if (r != 0)
		return r;
	vault_token_salt(v, salt);
	if (respond(ctx, v->token_infos, v->header.n_token_slots, salt, response) != 0 ||
	    response->slot >= v->header.n_token_slots)
		return VAULT_ERR_RESPOND;
	v->unlocked_slot = response->slot;
	r = token_slot_unwrap(
	    &v->token_slots[response->slot], v->header.vault_id, response, &v->keys->slot);
	if (r == 0)
		r = vault_derive_master(v);
	if (r != 0)
		return store_fail(r, v->store.path);
	r = vault_audit_note(v, "unlock", "", false);
	/* What the host remembers changes with it, so a rollback is synced. */
	if (r == 0 && v->went_back)
		r = vault_audit_note(v, "rollback", "", true);
	if (r == 0 && v->took_signer)
		r = vault_audit_note(v, "signer",
		    index_host_title(index_host_by_id(&v->index, v->header.signer)), true);
	if (r == 0)
		r = vault_state_note(v);
	v->unlocked = r == 0;
	return r;
}

void vault_summarize(const struct vault *v, struct vault_summary *ret)
{
	const struct index_host *signer = index_host_by_id(&v->index, v->header.signer);

	*ret = (struct vault_summary){
		.generation = v->header.gen,
		.trust = v->trust,
		.signer = signer == NULL ? "" : index_host_title(signer),
		.committed = v->index.committed,
		.n_entries = v->index.n_entries,
		.n_tokens = v->index.n_tokens,
		.n_hosts = index_hosts_len(&v->index),
		.file_size = v->file_size,
	};
	memcpy(ret->id, v->header.vault_id, VAULT_ID_LEN);
}

size_t vault_tokens(const struct vault *v, const struct vault_token_info **ret)
{
	*ret = v->token_infos;
	return v->index.n_tokens;
}

size_t vault_hosts(const struct vault *v, const struct vault_host_info **ret)
{
	*ret = v->host_infos;
	return index_hosts_len(&v->index);
}

const struct vault_entry_info *vault_entry_at(const struct vault *v, size_t i)
{
	return i < v->index.n_entries ? &v->index.entries[i].info : NULL;
}

const struct vault_entry_info *vault_entry_find(const struct vault *v, const char *name)
{
	bool found;
	size_t i = index_find(&v->index, name, &found);

	return found ? &v->index.entries[i].info : NULL;
}

static const struct index_entry *entry_of(const struct vault_entry_info *info)
{
	return (
	    const struct index_entry *)((const char *)info - offsetof(struct index_entry, info));
}

int vault_record_load(struct vault *v, const struct index_entry *e, uint8_t **ret)
{
	_cleanup_free_ uint8_t *record = malloc((size_t)e->record_len + 1);
	uint8_t hash[ENTRY_HASH_LEN];
	int r;

	if (record == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->store.path);
	r = store_read_at(
	    &v->store, v->fd, record, e->record_len, header_meta_len(&v->header) + e->offset);
	if (r != 0)
		return r;
	entry_record_hash(record, e->record_len, hash);
	if (memcmp(hash, e->record_hash, sizeof(hash)) != 0)
		return store_fail(VAULT_ERR_DAMAGED, v->store.path);
	*ret = TAKE_PTR(record);
	return 0;
}

int vault_entry_check(struct vault *v, const struct vault_entry_info *info)
{
	_cleanup_free_ uint8_t *record = NULL;

	return vault_record_load(v, entry_of(info), &record);
}

bool vault_entry_has(const struct vault_entry_info *info, enum vault_set which)
{
	enum rotation_state state = info->rotation.state;

	switch (which) {
	case VAULT_SET_CURRENT:
		return true;
	case VAULT_SET_STAGED:
		return state == ROTATION_STAGED || state == ROTATION_VERIFIED;
	case VAULT_SET_PREVIOUS:
		return state == ROTATION_PROMOTED || state == ROTATION_REVOKED;
	}
	return false;
}

/* Index and record were made together, so that names shown without a touch are
 * those that a touch brings. */
static bool names_agree(const struct vault_entry_info *info, const struct vault_entry *entry)
{
	if (info->n_fields != entry->n_fields)
		return false;
	for (size_t i = 0; i < info->n_fields; i++)
		if (strcmp(info->fields[i], entry->fields[i].name) != 0)
			return false;
	return true;
}

static bool sets_agree(const struct vault_entry_info *info, const struct entry_sets *sets)
{
	for (int i = 0; i < VAULT_SETS; i++)
		if (vault_entry_has(info, (enum vault_set)i) ==
		    entry_set_is_empty(sets, (enum vault_set)i))
			return false;
	return true;
}

int vault_sets_open(struct vault *v, const struct vault_entry_info *info, uint8_t **ret_plain,
    struct entry_sets *ret)
{
	const struct index_entry *e = entry_of(info);
	const struct entry_place place = { v->header.vault_id, v->header.gen, e->id,
		info->version };
	_cleanup_secret_ uint8_t *plain = NULL;
	_cleanup_free_ uint8_t *record = NULL;
	size_t len;
	int r;

	if (!v->unlocked || e->pending != NULL)
		return store_fail(VAULT_ERR_INTERNAL, v->store.path);
	r = vault_audit_entry(v, info->name);
	if (r != 0)
		return r;
	r = vault_record_load(v, e, &record);
	if (r == 0)
		r = entry_record_open(&place, v->keys->master, record, e->record_len, &plain, &len);
	if (r == 0)
		r = entry_decode_sets(plain, len, ret);
	if (r == 0 && !sets_agree(info, ret))
		r = VAULT_ERR_TAMPERED;
	if (r != 0)
		return store_fail(r, v->store.path);
	*ret_plain = TAKE_PTR(plain);
	return 0;
}

int vault_entry_open_set(struct vault *v, const struct vault_entry_info *info, enum vault_set which,
    struct vault_entry **ret)
{
	__attribute__((cleanup(vault_entry_freep))) struct vault_entry *entry = NULL;
	struct entry_sets sets;
	uint8_t *plain;
	int r = vault_sets_open(v, info, &plain, &sets);

	if (r != 0)
		return r;
	r = entry_decode_fields(plain, sets.map[which], sets.len[which], &entry);
	if (r == 0 && !names_agree(info, entry))
		r = VAULT_ERR_TAMPERED;
	if (r != 0)
		return store_fail(r, v->store.path);
	*ret = TAKE_PTR(entry);
	return 0;
}

int vault_entry_open(struct vault *v, const struct vault_entry_info *info, struct vault_entry **ret)
{
	return vault_entry_open_set(v, info, VAULT_SET_CURRENT, ret);
}

const uint8_t *vault_entry_id(const struct vault_entry_info *info)
{
	return entry_of(info)->id;
}
