/* SPDX-License-Identifier: BSD-2-Clause */
/* This host by itself, before it has any vault, or whatever vaults it has. */
#include <stdlib.h>
#include <string.h>

#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/request.h"
#include "vault/text.h"

/* A vault without a file: the host's half only. */
static int self_open(const struct vault_paths *p, struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = vault_alloc();
	int r;

	if (v == NULL)
		return store_fail(VAULT_ERR_NOMEM, p->host_key);
	r = store_open(p->host_key, &v->host_store);
	if (r == 0)
		r = store_open(p->state, &v->state_store);
	if (r == VAULT_ERR_NO_VAULT)
		return store_fail(VAULT_ERR_NO_HOST_KEY, p->host_key);
	if (r == 0)
		*ret = TAKE_PTR(v);
	return r;
}

/* The key that a vault is to be opened with from now on. */
static int newest_key(struct vault *v)
{
	int r = own_key_use(v, OWN_KEY_NEXT);

	return r == VAULT_ERR_NO_HOST_KEY ? own_key_use(v, OWN_KEY) : r;
}

static int take_paths(const struct state *state, struct vault_self *ret)
{
	ret->vaults = calloc(state->n_paths + 1, sizeof(*ret->vaults));
	if (ret->vaults == NULL)
		return VAULT_ERR_NOMEM;
	for (; ret->n_vaults < state->n_paths; ret->n_vaults++) {
		ret->vaults[ret->n_vaults] = strdup(state->paths[ret->n_vaults].path);
		if (ret->vaults[ret->n_vaults] == NULL)
			return VAULT_ERR_NOMEM;
	}
	return 0;
}

int vault_self_read(const struct vault_paths *p, struct vault_self *ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	__attribute__((cleanup(state_free))) struct state state = { 0 };
	int r = self_open(p, &v);

	memset(ret, 0, sizeof(*ret));
	if (r == 0)
		r = newest_key(v);
	if (r == 0)
		r = vault_state_read(v, &state);
	if (r == 0)
		r = take_paths(&state, ret);
	if (r == VAULT_ERR_NO_HOST_KEY)
		return store_fail(r, p->host_key);
	if (r != 0)
		return r;
	ret->kind = v->keys->host.kind;
	ret->bound = v->keys->host.bound;
	ret->virtual_tpm = v->keys->host.virtual_tpm;
	ret->rekeying = v->next_key;
	host_fingerprint_text(v->keys->host.box_pk, v->keys->host.sign_pk, ret->fingerprint);
	return 0;
}

void vault_self_free(struct vault_self *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_vaults; i++)
		free(s->vaults[i]);
	free(s->vaults);
	memset(s, 0, sizeof(*s));
}

/* The host's key, made if there is none. */
static int any_key(struct vault *v, const struct vault_new_host *new)
{
	int r = newest_key(v);

	if (r == 0)
		return own_key_draft(v, v->next_key ? OWN_KEY_NEXT : OWN_KEY, new);
	if (r != VAULT_ERR_NO_HOST_KEY)
		return r;
	r = own_key_draft(v, OWN_KEY, new);
	return r == 0 ? own_key_make(v, OWN_KEY) : r;
}

int vault_self_request(const struct vault_paths *p, const struct vault_new_host *new,
    const char *name, int64_t now, char ret[static VAULT_REQUEST_TEXT], int *ret_without_tpm)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct vault_host_request request = { .created = now };
	size_t len = strlen(name);
	int r = self_open(p, &v);

	if (r == 0 && (len == 0 || now < 0 || !text_valid(name, len, VAULT_HUMAN_NAME_MAX)))
		r = store_fail(VAULT_ERR_ARGUMENT, p->host_key);
	if (r == 0)
		r = vault_host_check(v);
	if (r == 0)
		r = any_key(v, new);
	if (r != 0)
		return r;
	memcpy(request.hpk, v->keys->host.box_pk, sizeof(request.hpk));
	memcpy(request.hvk, v->keys->host.sign_pk, sizeof(request.hvk));
	memcpy(request.name, name, len);
	request.kind = v->keys->host.kind;
	request.bound = v->keys->host.bound;
	request.virtual_tpm = v->keys->host.virtual_tpm;
	request_sign(&v->keys->host, &request);
	request_encode(&request, ret);
	*ret_without_tpm = v->without_tpm;
	return 0;
}
