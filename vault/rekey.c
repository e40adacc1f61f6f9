/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A new key for this host. Two files hold the old and the new one until every
 * vault has taken the new one, and whichever of them has a slot opens: so after a crash at
 * any point all vaults open, and the same command goes on where it stopped.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/cleanup.h"
#include "vault/hosts.h"

bool vault_host_rekey_replaced(const struct vault *v)
{
	return v->next_key;
}

int vault_host_rekey_draft(struct vault *v, const struct vault_new_host *new)
{
	const struct own_key *own = &v->keys->own[OWN_KEY];
	const struct vault_new_host same = { own->key.kind, own->tpm };
	int r;

	if (new != NULL)
		return own_key_draft(v, OWN_KEY_NEXT, new);
	/* One that waits is taken, of whatever kind. */
	r = own_key_load(v, OWN_KEY_NEXT);
	return r == VAULT_ERR_NO_HOST_KEY ? own_key_draft(v, OWN_KEY_NEXT, &same) : r;
}

int vault_host_rekey_begin(struct vault *v)
{
	return own_key_make(v, OWN_KEY_NEXT);
}

int vault_host_rekey(struct vault *v)
{
	const struct host_key *old = &v->keys->own[OWN_KEY].key;
	struct index_host *h = NULL;
	uint8_t old_id[HOST_ID_LEN];
	int r;

	/* Another process was quicker. */
	if (v->next_key)
		return VAULT_ERR_CHANGED;
	memcpy(old_id, v->own_id, sizeof(old_id));
	for (size_t i = 0; i < v->index.n_hosts; i++)
		if (memcmp(v->index.hosts[i].id, old_id, HOST_ID_LEN) == 0)
			h = &v->index.hosts[i];
	r = h == NULL ? VAULT_ERR_NOT_APPROVED : own_key_use(v, OWN_KEY_NEXT);
	if (r != 0)
		return r;
	memcpy(h->hpk, v->keys->host.box_pk, KEY_LEN);
	memcpy(h->hvk, v->keys->host.sign_pk, sizeof(h->hvk));
	r = host_id(v->header.vault_id, h->hpk, h->hvk, h->id);
	if (r != 0)
		return r;
	memcpy(v->own_id, h->id, sizeof(h->id));
	h->info.kind = v->keys->host.kind;
	h->info.bound = v->keys->host.bound;
	h->info.virtual_tpm = v->keys->host.virtual_tpm;
	h->cert_gen = v->header.gen + 1;
	host_certify(v->header.vault_id, old, old_id, h);
	/* Another key is no other host: who came in by it did so by this one. */
	for (size_t i = 0; i < v->index.n_hosts; i++)
		if (memcmp(v->index.hosts[i].approver, old_id, sizeof(old_id)) == 0)
			memcpy(v->index.hosts[i].approver, h->id, sizeof(h->id));
	v->revokes = true;
	vault_change_is(v, VAULT_CHANGE_ENTRY, h->info.name);
	return 0;
}

/* Who has slots in a vault. */
struct slots {
	struct header header;
	uint8_t *p;
};

static void slots_free(struct slots *s)
{
	free(s->p);
}

static int slots_read(const char *path, struct slots *ret)
{
	__attribute__((cleanup(store_close))) struct store s = { .dirfd = -1 };
	_cleanup_close_ int fd = -1;
	uint8_t head[HEADER_LEN] = { 0 };
	struct rbuf b = rbuf_of(head, sizeof(head));
	uint64_t size;
	int r = store_open(path, &s);

	if (r == 0)
		r = store_open_file(&s, &fd, &size);
	if (r == 0)
		r = store_read_at(&s, fd, head, sizeof(head), 0);
	if (r == 0)
		r = header_decode(&b, &ret->header);
	if (r != 0)
		return r;
	ret->p = malloc(ret->header.host_slots_len);
	if (ret->p == NULL)
		return VAULT_ERR_NOMEM;
	return store_read_at(&s, fd, ret->p, ret->header.host_slots_len,
	    HEADER_LEN + (uint64_t)ret->header.token_slots_len);
}

static bool has_slot(const struct slots *s, const struct host_key *key)
{
	uint8_t id[HOST_ID_LEN];

	if (host_id(s->header.vault_id, key->box_pk, key->sign_pk, id) != 0)
		return true;
	for (size_t i = 0; i < s->header.n_host_slots; i++)
		if (memcmp(s->p + i * HOST_SLOT_LEN, id, HOST_ID_LEN) == 0)
			return true;
	return false;
}

/* Whether the vault at path, which this host has seen, has a slot for the key. What can't
 * be looked at may. */
static bool may_need(const char *path, const struct host_key *key)
{
	__attribute__((cleanup(slots_free))) struct slots s = { 0 };

	return slots_read(path, &s) != 0 || has_slot(&s, key);
}

static int add_path(char **list, const char *path)
{
	char *longer;

	if (asprintf(
		&longer, "%s%s%s", *list == NULL ? "" : *list, *list == NULL ? "" : ", ", path) < 0)
		return VAULT_ERR_NOMEM;
	free(*list);
	*list = longer;
	return 0;
}

static int is_vault(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 3 && strcmp(e->d_name + len - 3, ".tv") == 0;
}

/* A state that was lost, or had no room, has forgotten vaults, and the key that is dropped
 * may be all that opens them: so those beside this one are looked at, too, but for copies
 * of what it knows. */
static int add_neighbours(struct vault *v, const struct state *state, char **list)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct dirent **names = NULL;
	int n = scandir(v->store.dir, &names, is_vault, alphasort), r = 0;

	for (int i = 0; i < n; i++) {
		__attribute__((cleanup(slots_free))) struct slots s = { 0 };

		(void)snprintf(path, sizeof(path), "%s/%s", v->store.dir, names[i]->d_name);
		free(names[i]);
		if (r == 0 && slots_read(path, &s) == 0 &&
		    memcmp(s.header.vault_id, v->header.vault_id, VAULT_ID_LEN) != 0 &&
		    state_vault_find(state, s.header.vault_id) == NULL &&
		    has_slot(&s, &v->keys->own[OWN_KEY].key))
			r = add_path(list, path);
	}
	free(names);
	return r;
}

int vault_host_rekey_needed(struct vault *v, char **ret)
{
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	_cleanup_free_ char *list = NULL;
	int r = own_key_load(v, OWN_KEY);

	*ret = NULL;
	if (r == 0)
		r = vault_state_read(v, &state);
	for (size_t i = 0; r == 0 && i < state.n_paths; i++)
		if (memcmp(state.paths[i].vault_id, v->header.vault_id, VAULT_ID_LEN) != 0 &&
		    may_need(state.paths[i].path, &v->keys->own[OWN_KEY].key))
			r = add_path(&list, state.paths[i].path);
	if (r == 0)
		r = add_neighbours(v, &state, &list);
	if (r == 0)
		*ret = TAKE_PTR(list);
	return r;
}

int vault_host_rekey_end(struct vault *v, bool drop_old, char **ret_needed)
{
	_cleanup_close_ int lock = -1;
	_cleanup_free_ char *needed = NULL;
	int r;

	*ret_needed = NULL;
	if (!v->next_key)
		return store_fail(VAULT_ERR_INTERNAL, v->host_store.path);
	r = store_lock(&v->host_store, 10000, &lock);
	if (r == 0 && !drop_old)
		r = vault_host_rekey_needed(v, &needed);
	if (r != 0)
		return r;
	if (needed != NULL) {
		*ret_needed = TAKE_PTR(needed);
		return 0;
	}
	/* The state is the old key's no more, before that one is gone. */
	r = vault_state_renew(v);
	return r == 0 ? own_key_promote(v) : r;
}
