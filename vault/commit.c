/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/commit.h"
#include "vault/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "vault/aead.h"
#include "vault/cleanup.h"

#define LOCK_WAIT_MS 10000

/* What this host is to remember of the generation that v is. */
static void mark_of(const struct vault *v, struct state_vault *ret)
{
	*ret = (struct state_vault){ .gen = v->header.gen, .n_pins = v->index.n_hosts };
	memcpy(ret->vault_id, v->header.vault_id, VAULT_ID_LEN);
	memcpy(ret->tag, v->tag, TAG_LEN);
	for (size_t i = 0; i < v->index.n_hosts; i++) {
		memcpy(ret->pins[i].host_id, v->index.hosts[i].id, HOST_ID_LEN);
		memcpy(ret->pins[i].hvk, v->index.hosts[i].hvk, 32);
	}
}

/* Nothing to write: it is there, or another process has gone further since v
 * was loaded. */
static bool state_is_current(
    const struct vault *v, const struct state *state, const struct state_vault *mark)
{
	const struct state_vault *seen = state_vault_find(state, mark->vault_id);
	const uint8_t *held = state_path_find(state, v->store.path);

	if (seen == NULL)
		return false;
	if (seen->gen > mark->gen && !v->accept.rollback)
		return true;
	return memcmp(seen->tag, mark->tag, TAG_LEN) == 0 && held != NULL &&
	       memcmp(held, mark->vault_id, VAULT_ID_LEN) == 0;
}

static int state_write(struct vault *v, const struct state *state)
{
	_cleanup_free_ uint8_t *p = NULL;
	size_t len;
	int r = state_encode(state, v->keys->host.state_key, &p, &len);

	if (r == 0)
		r = store_write_temporary(&v->state_store, p, len);
	if (r == 0 && v->state_damaged)
		r = store_set_aside(&v->state_store, ".damaged");
	if (r == 0)
		r = store_replace(&v->state_store, STORE_PREVIOUS_NONE, false);
	if (r != 0)
		store_drop_temporary(&v->state_store);
	return r;
}

int vault_state_renew(struct vault *v)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	_cleanup_close_ int lock = -1;
	int r = store_lock(&v->state_store, LOCK_WAIT_MS, &lock);

	if (r == 0)
		r = vault_state_read(v, &state);
	/* One that is lost is made by a touch only. */
	return r == 0 && state.vaults != NULL ? state_write(v, &state) : r;
}

/* Only where there is no room: a disk that isn't there now may come back. */
static void forget_what_is_gone(struct state *state)
{
	for (size_t i = state->n_paths; i-- > 0;)
		if (store_is_gone(state->paths[i].path))
			state_forget_path(state, i);
}

static int state_note_locked(struct vault *v)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	struct state_vault mark;
	int r = vault_state_read(v, &state);

	mark_of(v, &mark);
	if (r != 0 || state_is_current(v, &state, &mark))
		return r;
	if (state.n_paths == STATE_PATHS_MAX)
		forget_what_is_gone(&state);
	r = state_record(&state, v->store.path, &mark);
	return r == 0 ? state_write(v, &state) : r;
}

int vault_state_note(struct vault *v)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	_cleanup_close_ int lock = -1;
	struct state_vault mark;
	int r = vault_state_read(v, &state);

	mark_of(v, &mark);
	/* A read writes nothing, not even a lock: the disk may be read-only. */
	if (r != 0 || state_is_current(v, &state, &mark))
		return r;
	r = store_lock(&v->state_store, LOCK_WAIT_MS, &lock);
	return r == 0 ? state_note_locked(v) : r;
}

/* The record of one entry under the new master key. */
static int reseal(struct vault *v, struct index_entry *e, const struct vault_keys *fresh,
    uint64_t gen, struct wbuf *b)
{
	const struct entry_place old = { v->header.vault_id, v->header.gen, e->id,
		e->info.version };
	const struct entry_place place = { v->header.vault_id, gen, e->id, e->info.version };
	_cleanup_free_ uint8_t *record = NULL;
	_cleanup_secret_ uint8_t *opened = NULL;
	const uint8_t *plain = e->pending;
	size_t len = e->pending_len;
	uint8_t *room;
	int r;

	if (plain == NULL) {
		r = vault_record_load(v, e, &record);
		if (r == 0)
			r = entry_record_open(
			    &old, v->keys->master, record, e->record_len, &opened, &len);
		if (r != 0)
			return r;
		plain = opened;
	}
	e->record_len = (uint32_t)entry_record_len(len);
	room = wbuf_room(b, e->record_len);
	if (room == NULL)
		return VAULT_ERR_INTERNAL;
	r = entry_record_seal(&place, fresh->master, plain, len, room);
	entry_record_hash(room, e->record_len, e->record_hash);
	return r;
}

static int reseal_all(
    struct vault *v, const struct vault_keys *fresh, uint64_t gen, uint8_t **ret, size_t *ret_len)
{
	_cleanup_free_ uint8_t *p = NULL;
	size_t cap = 1;
	struct wbuf b;
	int r = 0;

	for (size_t i = 0; i < v->index.n_entries; i++) {
		const struct index_entry *e = &v->index.entries[i];

		cap += e->pending != NULL ? entry_record_len(e->pending_len) : e->record_len;
	}
	p = malloc(cap);
	if (p == NULL)
		return VAULT_ERR_NOMEM;
	b = wbuf_of(p, cap);
	for (size_t i = 0; r == 0 && i < v->index.n_entries; i++)
		r = reseal(v, &v->index.entries[i], fresh, gen, &b);
	if (r != 0)
		return r;
	*ret_len = b.len;
	*ret = TAKE_PTR(p);
	return 0;
}

static int seal_index(
    struct vault *v, const struct vault_keys *fresh, uint64_t gen, uint8_t **ret, size_t *ret_len)
{
	size_t cap = (index_encoded_max(&v->index) / INDEX_PAD + 2) * INDEX_PAD, len;
	_cleanup_free_ uint8_t *plain = malloc(cap), *sealed = malloc(cap + AEAD_OVERHEAD);
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);
	uint8_t ad[VAULT_ID_LEN + 8];
	struct wbuf b = wbuf_of(plain, cap);
	int r;

	if (plain == NULL || sealed == NULL || key == NULL)
		return VAULT_ERR_NOMEM;
	index_encode(&b, &v->index);
	if (b.bad || sodium_pad(&len, plain, b.len, INDEX_PAD, cap) != 0)
		return VAULT_ERR_INTERNAL;
	if (len + AEAD_OVERHEAD > INDEX_MAX)
		return VAULT_ERR_LIMIT;
	r = kdf_index(v->header.vault_id, fresh->b, gen, key);
	memcpy(ad, v->header.vault_id, VAULT_ID_LEN);
	le64_encode(ad + VAULT_ID_LEN, gen);
	if (r == 0)
		aead_seal(key, ad, sizeof(ad), plain, len, sealed);
	sodium_memzero(plain, cap);
	if (r != 0)
		return r;
	*ret_len = len + AEAD_OVERHEAD;
	*ret = TAKE_PTR(sealed);
	return 0;
}

static int put_slots(struct vault *v, const struct vault_keys *fresh, uint64_t gen, struct wbuf *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->index.n_tokens; i++) {
		struct token_slot *s = &v->token_slots[i];

		r = share_seal(
		    v->header.vault_id, gen, s->id, fresh->a, v->index.tokens[i].spk, s->sealed_a);
		token_slot_encode(b, s);
	}
	for (size_t i = 0; r == 0 && i < v->index.n_hosts; i++) {
		struct host_slot *s = &v->host_slots[i];

		memcpy(s->id, v->index.hosts[i].id, HOST_ID_LEN);
		r = share_seal(
		    v->header.vault_id, gen, s->id, fresh->b, v->index.hosts[i].hpk, s->sealed_b);
		host_slot_encode(b, s);
	}
	return r;
}

/* The trailer: tag, signature, sum, over what b holds by now. */
static int put_trailer(struct vault *v, const struct vault_keys *fresh, struct wbuf *b)
{
	uint8_t digest[DIGEST_LEN], tag[TAG_LEN], signature[SIGNATURE_LEN], sum[SUM_LEN];
	int r =
	    kdf(v->header.vault_id, "tv1 digest", NULL, 0, b->p, b->len, digest, sizeof(digest));

	if (r == 0)
		r = vault_file_tag(v->header.vault_id, fresh->master, digest, tag);
	if (r != 0)
		return r;
	host_sign_commit(&v->keys->host, v->header.vault_id, digest, tag, signature);
	vault_file_sum(digest, tag, signature, sum);
	wbuf_put(b, tag, sizeof(tag));
	wbuf_put(b, signature, sizeof(signature));
	wbuf_put(b, sum, sizeof(sum));
	return 0;
}

static int build(
    struct vault *v, const struct vault_keys *fresh, uint64_t gen, uint8_t **ret, size_t *ret_len)
{
	_cleanup_free_ uint8_t *records = NULL, *index = NULL, *file = NULL;
	struct header h = v->header;
	size_t records_len, index_len, slots = 0, cap;
	struct wbuf b;
	int r = reseal_all(v, fresh, gen, &records, &records_len);

	if (r == 0)
		r = seal_index(v, fresh, gen, &index, &index_len);
	if (r != 0)
		return r;
	for (size_t i = 0; i < v->index.n_tokens; i++)
		slots += TOKEN_SLOT_FIXED + v->token_slots[i].credential_len + SLOT_COMMITMENT_LEN +
			 SLOT_WRAPPED_LEN + SEALED_SHARE_LEN;
	h.n_token_slots = (uint16_t)v->index.n_tokens;
	h.n_host_slots = (uint16_t)v->index.n_hosts;
	h.gen = gen;
	h.token_slots_len = (uint32_t)slots;
	h.host_slots_len = (uint32_t)(v->index.n_hosts * HOST_SLOT_LEN);
	h.index_len = (uint32_t)index_len;
	h.entries_len = records_len;
	memcpy(h.signer, v->own_id, HOST_ID_LEN);
	cap = header_meta_len(&h) + records_len;
	file = malloc(cap);
	if (file == NULL)
		return VAULT_ERR_NOMEM;
	b = wbuf_of(file, cap);
	header_encode(&b, &h);
	r = put_slots(v, fresh, gen, &b);
	wbuf_put(&b, index, index_len);
	if (r == 0)
		r = put_trailer(v, fresh, &b);
	wbuf_put(&b, records, records_len);
	if (r == 0 && (b.bad || b.len != cap))
		r = VAULT_ERR_INTERNAL;
	if (r != 0)
		return r;
	*ret_len = b.len;
	*ret = TAKE_PTR(file);
	return 0;
}

/* The records read back: all whole, and the new ones hold what was meant. */
static int verify_records(struct vault *v, struct vault *back)
{
	for (size_t i = 0; i < v->index.n_entries; i++) {
		const struct index_entry *e = &v->index.entries[i], *b = &back->index.entries[i];
		const struct entry_place place = { back->header.vault_id, back->header.gen, b->id,
			b->info.version };
		_cleanup_free_ uint8_t *record = NULL;
		_cleanup_secret_ uint8_t *plain = NULL;
		size_t len;
		int r = vault_record_load(back, b, &record);

		if (r == 0 && e->pending != NULL)
			r = entry_record_open(
			    &place, back->keys->master, record, b->record_len, &plain, &len);
		if (r != 0)
			return r;
		if (e->pending != NULL &&
		    (len != e->pending_len || sodium_memcmp(plain, e->pending, len) != 0))
			return VAULT_ERR_INTERNAL;
	}
	return 0;
}

/* Open the temporary file as a reader would, with the keys in memory, before
 * it takes the place of a generation that is known to open. Section 3, 4. */
static int verify_temporary(struct vault *v)
{
	_cleanup_free_ struct vault *back = calloc(1, sizeof(*back));
	_cleanup_secret_ struct vault_keys *keys = secret_alloc(sizeof(*keys));
	int r;

	if (back == NULL || keys == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->store.path);
	back->fd = -1;
	back->keys = keys;
	back->host_store = v->host_store;
	back->state_store = v->state_store;
	back->sheet = v->sheet;
	/* Else it is read, and believed, as by any other command. */
	back->accept.rollback = v->state_damaged;
	back->unlocked_slot = v->unlocked_slot;
	memcpy(keys->own, v->keys->own, sizeof(keys->own));
	r = store_beside(&v->store, ".tmp", &back->store);
	if (r == 0)
		r = vault_load(back);
	if (r == 0) {
		keys->slot = v->keys->slot;
		r = vault_derive_master(back);
	}
	if (r == 0 && back->index.n_entries != v->index.n_entries)
		r = VAULT_ERR_INTERNAL;
	if (r == 0)
		r = verify_records(v, back);
	vault_unload(back);
	return r == 0 ? 0 : store_fail(r, v->store.path);
}

int vault_write_generation(struct vault *v, bool create, int64_t now)
{
	_cleanup_secret_ struct vault_keys *fresh = secret_alloc(sizeof(*fresh));
	_cleanup_free_ uint8_t *file = NULL;
	/* init makes sure that none is there. */
	const enum store_previous previous = create       ? STORE_PREVIOUS_NONE
					     : v->revokes ? STORE_PREVIOUS_DROP
							  : STORE_PREVIOUS_KEEP;
	uint64_t gen = v->header.gen + 1;
	size_t len;
	int r;

	if (fresh == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->store.path);
	randombytes_buf(fresh->a, sizeof(fresh->a));
	randombytes_buf(fresh->b, sizeof(fresh->b));
	/* The vault's own time never goes back by itself. */
	if (now > v->index.committed)
		v->index.committed = now;
	if (!create) {
		index_ancestor_push(&v->index, v->tag);
		hosts_vouch(v);
	}
	r = kdf_master(v->header.vault_id, v->keys->slot.v, fresh->a, fresh->b, gen, fresh->master);
	if (r == 0)
		r = build(v, fresh, gen, &file, &len);
	if (r != 0)
		return store_fail(r, v->store.path);
	r = store_write_temporary(&v->store, file, len);
	if (r == 0)
		r = verify_temporary(v);
	if (r == 0)
		r = store_replace(&v->store, previous, create);
	if (r != 0)
		store_drop_temporary(&v->store);
	return r;
}

int vault_places_check(struct vault *v)
{
	int r = store_check_writable(&v->store);

	if (r == 0)
		r = store_check_writable(&v->state_store);
	return r == 0 ? vault_audit_ready(v) : r;
}

int vault_commit_check(struct vault *v)
{
	_cleanup_close_ int lock = -1;
	int r = vault_places_check(v);

	return r == 0 ? store_lock(&v->store, LOCK_WAIT_MS, &lock) : r;
}

/* From the file as it now is, with what the touch gave. */
static int reload_unlocked(struct vault *v)
{
	uint8_t slot_id[SLOT_ID_LEN];
	int r;

	memcpy(slot_id, v->token_slots[v->unlocked_slot].id, sizeof(slot_id));
	r = vault_load(v);
	if (r != 0)
		return r;
	for (size_t i = 0; i < v->header.n_token_slots; i++) {
		if (memcmp(v->token_slots[i].id, slot_id, sizeof(slot_id)) != 0)
			continue;
		v->unlocked_slot = i;
		r = vault_derive_master(v);
		return r == 0 ? 0 : store_fail(r, v->store.path);
	}
	return store_fail(VAULT_ERR_CHANGED, v->store.path);
}

/* The new generation and what this host remembers of it: the state is locked
 * before, so that what was committed is not reported as a failure. */
static int write_and_note(struct vault *v, int64_t now)
{
	_cleanup_close_ int lock = -1;
	int r = store_check_writable(&v->state_store);

	if (r == 0)
		r = store_lock(&v->state_store, LOCK_WAIT_MS, &lock);
	if (r == 0)
		r = vault_audit_sync(v);
	if (r == 0)
		r = vault_write_generation(v, false, now);
	if (r != 0)
		return r;
	r = reload_unlocked(v);
	if (r == 0)
		r = state_note_locked(v);
	if (r == 0)
		r = vault_audit_change(v);
	return r == 0 ? 0 : store_fail(VAULT_ERR_UNRECORDED, vault_where());
}

int vault_commit(struct vault *v, vault_change_fn change, void *ctx, int64_t now)
{
	_cleanup_close_ int lock = -1;
	int r;

	if (!v->unlocked)
		return store_fail(VAULT_ERR_INTERNAL, v->store.path);
	r = store_lock(&v->store, LOCK_WAIT_MS, &lock);
	if (r == 0)
		r = reload_unlocked(v);
	if (r != 0)
		return r;
	v->revokes = false;
	vault_change_is(v, VAULT_CHANGE_ENTRY, "");
	r = vault_clock_apply(v);
	if (r == 0)
		r = change(v, ctx);
	if (r != 0)
		return store_fail(r, v->store.path);
	r = v->took_back ? vault_audit_note(v, "clock", "", true) : 0;
	return r == 0 ? write_and_note(v, now) : r;
}
