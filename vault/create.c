/* SPDX-License-Identifier: BSD-2-Clause */
/* A new vault: generation 1, one token, this host. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/text.h"
#include "vault/vault.h"

/* Neither a vault, nor the last generation of one that is gone, which the first
 * commit would overwrite. */
static int check_is_free(const struct store *s)
{
	char previous[PATH_MAX + sizeof(".prev")];
	const char *const names[] = { s->path, previous };
	struct stat st;

	(void)snprintf(previous, sizeof(previous), "%s.prev", s->path);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (lstat(names[i], &st) == 0)
			return store_fail(VAULT_ERR_EXISTS, names[i]);
		if (errno != ENOENT)
			return store_fail(VAULT_ERR_IO, names[i]);
	}
	return 0;
}

int vault_draft(const struct vault_paths *p, const struct vault_accept *accept,
    const struct vault_new_host *host, struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = vault_alloc();
	int r;

	*ret = NULL;
	if (v == NULL)
		return store_fail(VAULT_ERR_NOMEM, p->vault);
	if (accept != NULL)
		v->accept = *accept;
	r = store_open(p->vault, &v->store);
	if (r == 0)
		r = store_open(p->host_key, &v->host_store);
	if (r == 0)
		r = store_open(p->state, &v->state_store);
	if (r != 0)
		return r;
	randombytes_buf(v->header.vault_id, VAULT_ID_LEN);
	randombytes_buf(v->header.vault_salt, VAULT_SALT_LEN);
	r = check_is_free(&v->store);
	/* The lock would leave a file where there may never be a vault. */
	if (r == 0)
		r = vault_places_check(v);
	if (r == 0)
		r = vault_host_check(v);
	if (r == 0)
		r = own_key_draft(v, OWN_KEY, host);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(v);
	return 0;
}

int vault_without_tpm(const struct vault *v)
{
	return v->without_tpm;
}

static int add_this_host(struct vault *v, const char *name, int64_t now)
{
	const struct host_key *k = &v->keys->host;
	struct index_host *h = &v->index.hosts[0];

	if (*name == '\0' || !text_valid(name, strlen(name), VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_ARGUMENT;
	memcpy(h->hpk, k->box_pk, KEY_LEN);
	memcpy(h->hvk, k->sign_pk, 32);
	if (host_id(v->header.vault_id, h->hpk, h->hvk, h->id) != 0)
		return VAULT_ERR_INTERNAL;
	memcpy(v->own_id, h->id, HOST_ID_LEN);
	h->cert_gen = 1;
	host_certify(v->header.vault_id, k, h->id, h);
	memcpy(h->approver, h->id, sizeof(h->approver));
	h->info.name = index_pool_string(&v->index, name, strlen(name));
	if (h->info.name == NULL)
		return VAULT_ERR_NOMEM;
	h->info.label = "";
	h->info.kind = k->kind;
	h->info.bound = k->bound;
	h->info.virtual_tpm = k->virtual_tpm;
	h->info.created = now;
	v->index.n_hosts = 1;
	v->index.schedule = SCHEDULE_DEFAULT;
	return 0;
}

int vault_create(struct vault *v, const struct vault_new_token *token,
    const struct vault_response *response, const char *host_name, int64_t now)
{
	_cleanup_close_ int lock = -1;
	int r = own_key_make(v, OWN_KEY);

	if (r != 0)
		return r;
	/* To make a vault is to say that this path holds another one now. */
	v->accept.rollback = true;
	randombytes_buf(v->keys->slot.v, sizeof(v->keys->slot.v));
	r = vault_slot_make(v, 0, token, response, &v->keys->slot, now);
	v->index.n_tokens = 1;
	if (r == 0)
		r = add_this_host(v, host_name, now);
	if (r != 0)
		return store_fail(r, v->store.path);
	r = store_lock(&v->store, 10000, &lock);
	if (r == 0)
		r = vault_write_generation(v, true, now);
	if (r == 0)
		r = vault_load(v);
	if (r == 0) {
		v->unlocked_slot = 0;
		r = vault_derive_master(v);
	}
	if (r == 0 && v->state_damaged)
		r = vault_audit_note(v, "rollback", "", true);
	if (r == 0)
		r = vault_state_note(v);
	if (r == 0 && vault_audit_note(v, "create", "", true) != 0)
		r = store_fail(VAULT_ERR_UNRECORDED, vault_where());
	return r;
}
