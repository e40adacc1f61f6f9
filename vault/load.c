/* SPDX-License-Identifier: BSD-2-Clause */
/* From the bytes of a file to a vault that is read and believed. */
#include "vault/commit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/aead.h"
#include "vault/cleanup.h"
#include "vault/request.h"

/* No vault is changed so often while a host is away. */
#define GEN_JUMP_MAX ((uint64_t)1 << 20)
#define LOAD_TRIES 8

/* Header, slots and trailer; sum is checked. *ret_index is where
 * the ciphertext of the index begins. */
static int meta_parse(struct vault *v, const uint8_t *meta, size_t len, size_t *ret_index)
{
	struct rbuf b = rbuf_of(meta, len);
	const uint8_t *end;
	uint8_t sum[SUM_LEN], want[SUM_LEN];
	struct rbuf slots;
	int r;

	(void)rbuf_take(&b, HEADER_LEN);
	slots = rbuf_of(rbuf_take(&b, v->header.token_slots_len), v->header.token_slots_len);
	for (size_t i = 0; i < v->header.n_token_slots; i++) {
		r = token_slot_decode(&slots, &v->token_slots[i]);
		if (r != 0)
			return r;
	}
	for (size_t i = 0; i < v->header.n_host_slots; i++) {
		r = host_slot_decode(&b, &v->host_slots[i]);
		if (r != 0)
			return r;
	}
	*ret_index = (size_t)(b.p - meta);
	(void)rbuf_take(&b, v->header.index_len);
	end = b.p;
	rbuf_copy(&b, v->tag, TAG_LEN);
	rbuf_copy(&b, v->signature, SIGNATURE_LEN);
	rbuf_copy(&b, sum, SUM_LEN);
	if (!rbuf_done(&b) || !rbuf_done(&slots))
		return VAULT_ERR_DAMAGED;
	r = kdf(v->header.vault_id, "tv1 digest", NULL, 0, meta, (size_t)(end - meta), v->digest,
	    DIGEST_LEN);
	if (r != 0)
		return r;
	vault_file_sum(v->digest, v->tag, v->signature, want);
	return memcmp(sum, want, SUM_LEN) == 0 ? 0 : VAULT_ERR_DAMAGED;
}

/* A host that is there twice, or has another's name, would be left there when the other
 * is revoked. */
static bool host_is_listed_before(const struct index *x, size_t i)
{
	const struct index_host *h = &x->hosts[i];

	for (size_t k = 0; k < i; k++) {
		const struct index_host *o = &x->hosts[k];

		if (memcmp(o->hpk, h->hpk, sizeof(h->hpk)) == 0 ||
		    memcmp(o->hvk, h->hvk, sizeof(h->hvk)) == 0 ||
		    strcmp(o->info.name, h->info.name) == 0)
			return true;
	}
	return false;
}

/* So for tokens. */
static bool token_is_listed_before(const struct index *x, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (memcmp(x->tokens[k].slot_id, x->tokens[i].slot_id, SLOT_ID_LEN) == 0 ||
		    strcmp(x->tokens[k].info.name, x->tokens[i].info.name) == 0)
			return true;
	return false;
}

/* The index and the slots must tell of the same tokens and hosts. */
static int cross_check(struct vault *v)
{
	uint8_t id[HOST_ID_LEN];
	uint64_t total = 0;

	if (v->index.n_tokens != v->header.n_token_slots ||
	    v->index.n_hosts != v->header.n_host_slots)
		return VAULT_ERR_TAMPERED;
	for (size_t i = 0; i < v->index.n_tokens; i++) {
		const struct token_slot *s = &v->token_slots[i];
		struct vault_token_info *info = &v->index.tokens[i].info;

		if (memcmp(v->index.tokens[i].slot_id, s->id, SLOT_ID_LEN) != 0 ||
		    token_is_listed_before(&v->index, i))
			return VAULT_ERR_TAMPERED;
		info->kind = s->kind;
		info->uv = (s->flags & SLOT_FLAG_UV) != 0;
		info->passphrase = (s->flags & SLOT_FLAG_PASSPHRASE) != 0;
		info->credential_id = s->credential;
		info->credential_id_len = s->credential_len;
		v->token_infos[i] = *info;
	}
	for (size_t i = 0; i < v->index.n_hosts; i++) {
		struct index_host *h = &v->index.hosts[i];
		const struct index_host *by;

		if (host_id(v->header.vault_id, h->hpk, h->hvk, id) != 0 ||
		    memcmp(id, h->id, sizeof(id)) != 0 ||
		    memcmp(id, v->host_slots[i].id, sizeof(id)) != 0 ||
		    h->cert_gen > v->header.gen || host_is_listed_before(&v->index, i))
			return VAULT_ERR_TAMPERED;
		by = index_host_by_id(&v->index, h->approver);
		h->info.approver = by == NULL ? NULL : index_host_title(by);
		h->info.this_host = memcmp(id, v->own_id, sizeof(id)) == 0;
		v->host_infos[i] = h->info;
	}
	if (v->index.n_ancestors !=
	    (v->header.gen > INDEX_ANCESTORS_MAX ? INDEX_ANCESTORS_MAX : v->header.gen - 1))
		return VAULT_ERR_TAMPERED;
	for (size_t i = 0; i < v->index.n_entries; i++)
		total += v->index.entries[i].record_len;
	return total == v->header.entries_len ? 0 : VAULT_ERR_TAMPERED;
}

static void index_ad(const struct vault *v, uint8_t ret[static VAULT_ID_LEN + 8])
{
	memcpy(ret, v->header.vault_id, VAULT_ID_LEN);
	le64_encode(ret + VAULT_ID_LEN, v->header.gen);
}

/* The slot of the key in v->keys->host; NULL if it has none. */
static const struct host_slot *slot_of_key(struct vault *v)
{
	const struct host_key *k = &v->keys->host;

	if (host_id(v->header.vault_id, k->box_pk, k->sign_pk, v->own_id) != 0)
		return NULL;
	for (size_t i = 0; i < v->header.n_host_slots; i++)
		if (memcmp(v->host_slots[i].id, v->own_id, HOST_ID_LEN) == 0)
			return &v->host_slots[i];
	return NULL;
}

/* The key that is to open the vault. A sheet has no state: its key stands in for the
 * host's, whose state it is. */
static int opening_key_read(struct vault *v)
{
	struct host_key *k = &v->keys->host;
	int r = own_key_use(v, OWN_KEY);

	if (r != 0 || v->sheet == NULL)
		return r;
	memcpy(v->sheet->state_key, k->state_key, sizeof(k->state_key));
	*k = *v->sheet;
	return 0;
}

/* What is found out of a host without a slot: whether it has seen this vault before. */
static int no_slot(struct vault *v)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };

	if (vault_state_read(v, &state) == 0 &&
	    state_vault_find(&state, v->header.vault_id) != NULL)
		return VAULT_ERR_NO_LONGER_APPROVED;
	return VAULT_ERR_NOT_APPROVED;
}

/* By the host's key, or by the one that is to follow it. */
static int own_slot(struct vault *v, const struct host_slot **ret)
{
	int r;

	*ret = slot_of_key(v);
	if (*ret != NULL)
		return 0;
	if (v->sheet != NULL)
		return VAULT_ERR_RECOVERY_CODE;
	r = own_key_use(v, OWN_KEY_NEXT);
	if (r == 0)
		*ret = slot_of_key(v);
	if (r == VAULT_ERR_NO_HOST_KEY || (r == 0 && *ret == NULL))
		return no_slot(v);
	return r;
}

/* It is decrypted where it stands: it may be large. */
static int index_open(struct vault *v, uint8_t *sealed)
{
	uint8_t *plain = sealed + AEAD_NONCE_LEN;
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);
	const struct host_slot *slot = NULL;
	uint8_t ad[VAULT_ID_LEN + 8];
	size_t len = v->header.index_len - AEAD_OVERHEAD;
	const struct host_key *host = &v->keys->host;
	int r = own_slot(v, &slot);

	if (r == 0 && key == NULL)
		r = VAULT_ERR_NOMEM;
	if (r == 0)
		r = share_open(v->header.vault_id, v->header.gen, slot->id, slot->sealed_b,
		    host->box_pk, host->box_sk, v->keys->b);
	if (r == 0)
		r = kdf_index(v->header.vault_id, v->keys->b, v->header.gen, key);
	if (r != 0)
		return r;
	index_ad(v, ad);
	r = aead_open(key, ad, sizeof(ad), sealed, v->header.index_len, plain);
	if (r == 0 && (len % INDEX_PAD != 0 || sodium_unpad(&len, plain, len, INDEX_PAD) != 0))
		r = VAULT_ERR_TAMPERED;
	if (r == 0)
		r = index_decode(plain, len, &v->index);
	sodium_memzero(plain, v->header.index_len - AEAD_OVERHEAD);
	return r;
}

static int state_decode_by(
    struct vault *v, enum own_key_of which, const uint8_t *p, size_t len, struct state *ret)
{
	if (own_key_load(v, which) != 0)
		return VAULT_ERR_STATE;
	return state_decode(p, len, v->keys->own[which].key.state_key, ret);
}

/* While a key is to follow another, either may have written the state; and once it has, the
 * key that the vault was opened with is no more. */
static int state_decode_by_other_key(
    struct vault *v, const uint8_t *p, size_t len, struct state *ret)
{
	int r = state_decode_by(v, v->next_key ? OWN_KEY : OWN_KEY_NEXT, p, len, ret);

	if (r != VAULT_ERR_STATE)
		return r;
	state_free(ret);
	r = state_decode_by(v, OWN_KEY, p, len, ret);
	state_free(ret);
	return r == 0 ? VAULT_ERR_CHANGED : VAULT_ERR_STATE;
}

/* For who says so, a damaged one is as good as none. */
static int state_damaged(struct vault *v, struct state *ret)
{
	if (!v->accept.rollback)
		return store_fail(VAULT_ERR_STATE, v->state_store.path);
	state_free(ret);
	v->state_damaged = true;
	return 0;
}

int vault_state_read(struct vault *v, struct state *ret)
{
	_cleanup_free_ uint8_t *p = NULL;
	size_t len;
	int r = store_read_private(&v->state_store, STATE_FILE_MAX, &p, &len);

	memset(ret, 0, sizeof(*ret));
	v->state_damaged = false;
	if (r == VAULT_ERR_NO_VAULT)
		return 0;
	if (r == 0)
		r = state_decode(p, len, v->keys->host.state_key, ret);
	if (r == VAULT_ERR_STATE) {
		state_free(ret);
		r = state_decode_by_other_key(v, p, len, ret);
	}
	if (r == VAULT_ERR_STATE || r == VAULT_ERR_LIMIT)
		return state_damaged(v, ret);
	return r == 0 ? 0 : store_fail(r, v->state_store.path);
}

int vault_host_check(struct vault *v)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	int r = own_key_use(v, OWN_KEY);

	/* A state without the key that made it is nobody's. */
	if (r == VAULT_ERR_NO_HOST_KEY)
		return faccessat(v->state_store.dirfd, v->state_store.name, F_OK,
			   AT_SYMLINK_NOFOLLOW) == 0
			   ? state_damaged(v, &state)
			   : 0;
	return r == 0 ? vault_state_read(v, &state) : r;
}

/* Of the signer that was refused last. */
static char refused_signer[VAULT_HUMAN_NAME_MAX + 64];

const char *vault_signer(void)
{
	return refused_signer;
}

/* mark: NULL where this host has seen nothing of the vault. */
static int refuse_signer(
    const struct vault *v, const struct state_vault *mark, const struct index_host *signer)
{
	char fingerprint[VAULT_FINGERPRINT_TEXT];

	host_fingerprint_text(signer->hpk, signer->hvk, fingerprint);
	(void)snprintf(refused_signer, sizeof(refused_signer),
	    "which calls itself \"%s\" and has the fingerprint %s", index_host_title(signer),
	    fingerprint);
	if (mark != NULL && state_host_has_left(mark, signer))
		return VAULT_ERR_SIGNER_LEFT;
	return v->accept.signer == NULL ? VAULT_ERR_SIGNER : VAULT_ERR_SIGNER_OTHER;
}

/* Whether a person vouches for it. */
static bool is_named(const struct vault *v, const struct index_host *signer)
{
	uint8_t typed[VAULT_FINGERPRINT_LEN], own[VAULT_FINGERPRINT_LEN];

	if (v->accept.signer == NULL ||
	    !base32_decode_typed(v->accept.signer, typed, sizeof(typed)))
		return false;
	host_fingerprint(signer->hpk, signer->hvk, own);
	return sodium_memcmp(typed, own, sizeof(own)) == 0;
}

static enum state_verdict judge(
    struct vault *v, const struct state_vault *mark, const struct index_host *signer)
{
	enum state_verdict verdict =
	    state_judge(mark, &v->index, v->header.gen, v->header.signer, NULL);

	v->took_signer =
	    verdict == STATE_SIGNER && is_named(v, signer) && !state_host_has_left(mark, signer);
	return v->took_signer
		   ? state_judge(mark, &v->index, v->header.gen, v->header.signer, signer)
		   : verdict;
}

/* Against the generation that this host has seen. */
static int mark_check(
    struct vault *v, const struct state_vault *mark, const struct index_host *signer)
{
	if (v->header.gen == mark->gen && memcmp(v->tag, mark->tag, TAG_LEN) == 0)
		return 0;
	if (v->header.gen <= mark->gen)
		return v->header.gen < mark->gen ? VAULT_ERR_ROLLBACK : VAULT_ERR_FORK;
	/* Who could make it the last one there can be would keep others from revoking. */
	if (v->header.gen - mark->gen > GEN_JUMP_MAX)
		return VAULT_ERR_TAMPERED;
	switch (judge(v, mark, signer)) {
	case STATE_SIGNER:
		return refuse_signer(v, mark, signer);
	case STATE_REVIVED:
		return VAULT_ERR_REVIVED;
	case STATE_TRUSTED:
		break;
	}
	return state_descends(mark, &v->index, v->header.gen) ? 0 : VAULT_ERR_FORK;
}

static bool is_going_back(int err)
{
	return err == VAULT_ERR_ROLLBACK || err == VAULT_ERR_FORK || err == VAULT_ERR_REVIVED;
}

static int mark_compare(
    struct vault *v, const struct state_vault *mark, const struct index_host *signer)
{
	int r = mark_check(v, mark, signer);

	v->trust = v->took_signer ? VAULT_TRUST_SIGNER : VAULT_TRUST_VERIFIED;
	if (!is_going_back(r))
		return r;
	v->trust = VAULT_TRUST_OLDER;
	v->went_back = true;
	if (!v->accept.rollback)
		return r;
	if (v->took_signer)
		return r == VAULT_ERR_REVIVED ? r : 0;
	/* To go back is the user's decision, but not to whose generation: one by
	 * a host that was revoked since is a forgery as likely as a backup. */
	return state_host_pinned(mark, signer) ? 0 : refuse_signer(v, mark, signer);
}

/* Signature, then high-water mark. */
static int trust_check(struct vault *v)
{
	const struct index_host *signer = index_host_by_id(&v->index, v->header.signer);
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	const struct state_vault *mark;
	const uint8_t *pinned;
	int r;

	v->took_signer = false;
	if (signer == NULL ||
	    !host_commit_valid(signer->hvk, v->header.vault_id, v->digest, v->tag, v->signature))
		return VAULT_ERR_TAMPERED;
	r = vault_state_read(v, &state);
	if (r != 0)
		return r;
	pinned = state_path_find(&state, v->store.path);
	v->went_back = pinned != NULL && memcmp(pinned, v->header.vault_id, VAULT_ID_LEN) != 0;
	if (v->went_back && !v->accept.rollback)
		return VAULT_ERR_REPLACED;
	v->went_back |= v->state_damaged;
	mark = state_vault_find(&state, v->header.vault_id);
	if (mark != NULL)
		return mark_compare(v, mark, signer);
	v->trust = v->state_damaged ? VAULT_TRUST_DAMAGED : VAULT_TRUST_UNVERIFIED;
	return v->accept.signer == NULL || is_named(v, signer) ? 0 : refuse_signer(v, NULL, signer);
}

static int load(struct vault *v)
{
	_cleanup_free_ uint8_t *meta = NULL;
	uint8_t head[HEADER_LEN] = { 0 };
	struct rbuf b = rbuf_of(head, sizeof(head));
	size_t len, index = 0;
	int r = store_open_file(&v->store, &v->fd, &v->file_size);

	if (r != 0)
		return r;
	if (v->file_size < HEADER_MAGIC_LEN)
		return VAULT_ERR_NOT_A_VAULT;
	b.len = v->file_size < HEADER_LEN ? v->file_size : HEADER_LEN;
	r = store_read_at(&v->store, v->fd, head, b.len, 0);
	if (r == 0)
		r = header_decode(&b, &v->header);
	if (r != 0)
		return r;
	len = header_meta_len(&v->header);
	if (v->file_size != len + v->header.entries_len)
		return VAULT_ERR_DAMAGED;
	meta = malloc(len);
	if (meta == NULL)
		return VAULT_ERR_NOMEM;
	r = store_read_at(&v->store, v->fd, meta, len, 0);
	if (r == 0)
		r = meta_parse(v, meta, len, &index);
	if (r == 0)
		r = opening_key_read(v);
	if (r == 0)
		r = index_open(v, meta + index);
	if (r == 0)
		r = cross_check(v);
	return r != 0 ? r : trust_check(v);
}

int vault_load(struct vault *v)
{
	int r;

	vault_unload(v);
	r = load(v);
	/* Another process has committed meanwhile, so that the file that was
	 * open is the one before, and no rollback. */
	for (int i = 0; r != 0 && i < LOAD_TRIES && store_was_replaced(&v->store, v->fd); i++) {
		vault_unload(v);
		r = load(v);
	}
	if (r == VAULT_OK)
		return 0;
	vault_unload(v);
	/* Those that concern another file have said so already. */
	if (r == VAULT_ERR_IO || r == VAULT_ERR_STATE || r == VAULT_ERR_DAMAGED_HOST_KEY ||
	    r == VAULT_ERR_FOREIGN_HOST_KEY || r == VAULT_ERR_UNSAFE_FILE ||
	    r == VAULT_ERR_NOT_A_FILE || vault_err_is_tpm(r))
		return r;
	return store_fail(r, v->store.path);
}
