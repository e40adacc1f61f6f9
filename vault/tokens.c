/* SPDX-License-Identifier: BSD-2-Clause */
/* Which tokens open the vault: changes of the token slots, before a commit. */
#include <stdio.h>
#include <string.h>

#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/text.h"
#include "vault/vault.h"

static bool new_token_valid(const struct vault_new_token *t)
{
	bool has_id = t->credential_id_len > 0 && t->credential_id_len <= VAULT_CREDENTIAL_ID_MAX;

	return (t->kind == VAULT_SLOT_FIDO2 ? has_id : t->credential_id_len == 0) &&
	       *t->name != '\0' && text_valid(t->name, strlen(t->name), VAULT_HUMAN_NAME_MAX) &&
	       text_valid(t->product, strlen(t->product), VAULT_PRODUCT_MAX) &&
	       text_valid(t->serial, strlen(t->serial), VAULT_HUMAN_NAME_MAX);
}

static void slot_fill(struct token_slot *s, const struct vault_new_token *t)
{
	memset(s, 0, sizeof(*s));
	randombytes_buf(s->id, sizeof(s->id));
	s->kind = (uint8_t)t->kind;
	s->flags =
	    (uint8_t)((t->uv ? SLOT_FLAG_UV : 0) | (t->passphrase ? SLOT_FLAG_PASSPHRASE : 0));
	s->credential_len = (uint16_t)t->credential_id_len;
	memcpy(s->credential, t->credential_id, t->credential_id_len);
	if (!t->passphrase)
		return;
	s->pw_ops = SLOT_PW_OPS;
	s->pw_mem_kib = SLOT_PW_MEM_KIB;
	randombytes_buf(s->pw_salt, sizeof(s->pw_salt));
}

static int index_fill(
    struct vault *v, struct index_token *x, const struct vault_new_token *t, int64_t now)
{
	x->info.name = index_pool_string(&v->index, t->name, strlen(t->name));
	x->info.product = index_pool_string(&v->index, t->product, strlen(t->product));
	x->info.serial = index_pool_string(&v->index, t->serial, strlen(t->serial));
	if (x->info.name == NULL || x->info.product == NULL || x->info.serial == NULL)
		return VAULT_ERR_NOMEM;
	memcpy(x->info.public_key, t->public_key, sizeof(x->info.public_key));
	memcpy(x->info.aaguid, t->aaguid, sizeof(x->info.aaguid));
	x->info.without_touch = t->without_touch;
	x->info.created = now;
	return 0;
}

int vault_slot_make(struct vault *v, size_t i, const struct vault_new_token *t,
    const struct vault_response *response, struct slot_secret *secret, int64_t now)
{
	struct index_token x = { 0 };
	struct token_slot s;
	int r;

	if (!new_token_valid(t))
		return VAULT_ERR_ARGUMENT;
	slot_fill(&s, t);
	randombytes_buf(secret->ssk, sizeof(secret->ssk));
	memcpy(x.slot_id, s.id, sizeof(s.id));
	if (crypto_scalarmult_base(x.spk, secret->ssk) != 0)
		return VAULT_ERR_INTERNAL;
	r = index_fill(v, &x, t, now);
	if (r == 0)
		r = token_slot_wrap(&s, v->header.vault_id, response, secret);
	if (r != 0)
		return r;
	v->token_slots[i] = s;
	v->index.tokens[i] = x;
	return 0;
}

/* Index of the token of that name; n_tokens if there is none. */
static size_t find(const struct vault *v, const char *name)
{
	size_t i = 0;

	while (i < v->index.n_tokens && strcmp(v->index.tokens[i].info.name, name) != 0)
		i++;
	return i;
}

static bool credential_known(const struct vault *v, const struct vault_new_token *t)
{
	for (size_t i = 0; i < v->index.n_tokens; i++)
		if (t->credential_id_len > 0 &&
		    v->token_slots[i].credential_len == t->credential_id_len &&
		    memcmp(v->token_slots[i].credential, t->credential_id, t->credential_id_len) ==
			0)
			return true;
	return false;
}

int vault_token_add(struct vault *v, const struct vault_new_token *t,
    const struct vault_response *response, int64_t now)
{
	_cleanup_secret_ struct slot_secret *secret = secret_alloc(sizeof(*secret));
	size_t i = v->index.n_tokens;
	int r;

	if (secret == NULL)
		return VAULT_ERR_NOMEM;
	if (find(v, t->name) < i || credential_known(v, t))
		return VAULT_ERR_EXISTS;
	if (i == VAULT_TOKEN_SLOTS_MAX)
		return VAULT_ERR_LIMIT;
	memcpy(secret->v, v->keys->slot.v, sizeof(secret->v));
	r = vault_slot_make(v, i, t, response, secret, now);
	if (r != 0)
		return r;
	v->index.n_tokens++;
	vault_change_is(v, VAULT_CHANGE_ENTRY, t->name);
	return 0;
}

int vault_token_replace(struct vault *v, const char *name, const struct vault_new_token *t,
    const struct vault_response *response, int64_t now)
{
	_cleanup_secret_ struct slot_secret *secret = secret_alloc(sizeof(*secret));
	size_t i = find(v, name);
	int r;

	if (secret == NULL)
		return VAULT_ERR_NOMEM;
	if (i == v->index.n_tokens)
		return VAULT_ERR_NO_TOKEN;
	memcpy(secret->v, v->keys->slot.v, sizeof(secret->v));
	r = vault_slot_make(v, i, t, response, secret, now);
	/* What is written is read back with the key of the slot that was
	 * touched, which may be this one. */
	if (r == 0 && i == v->unlocked_slot)
		v->keys->slot = *secret;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return r;
}

int vault_token_remove(struct vault *v, const char *name, int64_t now)
{
	char reason[VAULT_REASON_MAX + 1];
	size_t i = find(v, name), after;
	int r = 0;

	if (i == v->index.n_tokens)
		return VAULT_ERR_NO_TOKEN;
	if (v->index.n_tokens == 1)
		return VAULT_ERR_LAST_TOKEN;
	if (i == v->unlocked_slot)
		return VAULT_ERR_TOKEN_IN_USE;
	/* Whoever has it may have kept the values. */
	(void)snprintf(reason, sizeof(reason), "token removed: %s", name);
	for (size_t k = 0; r == 0 && k < v->index.n_entries; k++)
		r = vault_entry_mark(v, v->index.entries[k].info.name, reason, now);
	if (r != 0)
		return r;
	after = v->index.n_tokens - i - 1;
	memmove(&v->token_slots[i], &v->token_slots[i + 1], after * sizeof(v->token_slots[0]));
	memmove(&v->index.tokens[i], &v->index.tokens[i + 1], after * sizeof(v->index.tokens[0]));
	v->index.n_tokens--;
	v->revokes = true;
	vault_change_is(v, VAULT_CHANGE_REVOCATION, name);
	if (v->unlocked_slot > i)
		v->unlocked_slot--;
	return 0;
}

int vault_token_rename(struct vault *v, const char *from, const char *to)
{
	size_t i = find(v, from);
	const char *copy;

	if (i == v->index.n_tokens)
		return VAULT_ERR_NO_TOKEN;
	if (*to == '\0' || !text_valid(to, strlen(to), VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_ARGUMENT;
	if (find(v, to) < v->index.n_tokens)
		return VAULT_ERR_EXISTS;
	copy = index_pool_string(&v->index, to, strlen(to));
	if (copy == NULL)
		return VAULT_ERR_NOMEM;
	v->index.tokens[i].info.name = copy;
	vault_change_is(v, VAULT_CHANGE_ENTRY, from);
	return 0;
}

int vault_token_tested(struct vault *v, const char *name, int64_t now)
{
	size_t i = find(v, name);

	if (i == v->index.n_tokens)
		return VAULT_ERR_NO_TOKEN;
	if (i != v->unlocked_slot)
		return VAULT_ERR_WRONG_RESPONSE;
	v->index.tokens[i].info.tested = now;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return 0;
}
