/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recovery sheet: a host slot whose key is on paper. It is listed, pinned and
 * certified as a host is, so what it certifies and signs all hosts accept. Where it
 * opens the vault, it approves the host it is typed on, and that one signs; or it
 * leaves that host out, and signs itself.
 */
#include <string.h>

#include "vault/cleanup.h"
#include "vault/hosts.h"
#include "vault/recovery_code.h"

bool vault_recovery_sheet(const struct vault *v, struct vault_sheet_info *ret)
{
	size_t i = index_hosts_len(&v->index);
	const struct index_host *h = &v->index.hosts[i];

	if (i == v->index.n_hosts)
		return false;
	*ret = (struct vault_sheet_info){ h->info.created, h->info.approver };
	return true;
}

static int append(struct vault *v, const struct host_key *key, int64_t now)
{
	struct index_host *h = &v->index.hosts[v->index.n_hosts];

	memset(h, 0, sizeof(*h));
	memcpy(h->hpk, key->box_pk, KEY_LEN);
	memcpy(h->hvk, key->sign_pk, sizeof(h->hvk));
	if (host_id(v->header.vault_id, h->hpk, h->hvk, h->id) != 0)
		return VAULT_ERR_INTERNAL;
	h->cert_gen = v->header.gen + 1;
	host_certify(v->header.vault_id, &v->keys->host, v->own_id, h);
	memcpy(h->approver, v->own_id, sizeof(h->approver));
	h->info.name = h->info.label = "";
	h->info.kind = VAULT_HOST_PAPER;
	h->info.created = now;
	v->index.n_hosts++;
	return 0;
}

int vault_recovery_addable(const struct vault *v, bool replace)
{
	size_t n = index_hosts_len(&v->index);

	if (n < v->index.n_hosts && !replace)
		return store_fail(VAULT_ERR_EXISTS, v->store.path);
	/* Its own slot, and the one of the host that comes in by it. */
	return n + 2 <= VAULT_HOST_SLOTS_MAX ? 0 : store_fail(VAULT_ERR_HOSTS_FULL, v->store.path);
}

int vault_recovery_add(
    struct vault *v, const char code[static VAULT_RECOVERY_TEXT], bool replace, int64_t now)
{
	_cleanup_secret_ struct host_key *key = secret_alloc(sizeof(*key));
	size_t i = index_hosts_len(&v->index);
	bool is_there = i < v->index.n_hosts;
	int r = vault_recovery_addable(v, replace);

	if (key == NULL)
		return VAULT_ERR_NOMEM;
	if (r == 0)
		r = recovery_code_key(code, key);
	if (r == 0 && is_there)
		hosts_remove(v, i);
	if (r == 0)
		r = append(v, key, now);
	if (r != 0)
		return r;
	vault_change_is(v, VAULT_CHANGE_APPROVAL, VAULT_RECOVERY_NAME);
	if (is_there)
		vault_change_too(v, VAULT_CHANGE_REVOCATION, VAULT_RECOVERY_NAME);
	return 0;
}

int vault_recovery_remove(struct vault *v, int64_t now)
{
	size_t i = index_hosts_len(&v->index);
	int r;

	if (i == v->index.n_hosts)
		return VAULT_ERR_NO_HOST;
	r = hosts_mark_entries(v, "recovery sheet removed", now);
	if (r != 0)
		return r;
	vault_change_is(v, VAULT_CHANGE_REVOCATION, VAULT_RECOVERY_NAME);
	hosts_remove(v, i);
	return 0;
}

int vault_recovery_open(const struct vault_paths *p, const struct vault_accept *accept,
    const struct vault_new_host *new, const char code[static VAULT_RECOVERY_TEXT],
    struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int r = vault_at(p, accept, &v);

	if (r == 0)
		r = vault_host_check(v);
	if (r == 0)
		r = own_key_draft(v, OWN_KEY, new);
	if (r == 0)
		r = own_key_make(v, OWN_KEY);
	if (r != 0)
		return r;
	v->sheet = secret_alloc(sizeof(*v->sheet));
	if (v->sheet == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->store.path);
	r = recovery_code_key(code, v->sheet);
	if (r == 0)
		r = vault_load(v);
	if (r == 0)
		*ret = TAKE_PTR(v);
	return r;
}

int vault_recovery_admit(struct vault *v, const char *name, int64_t now)
{
	const struct host_key *own = &v->keys->own[OWN_KEY].key;
	struct vault_host_request request = { .kind = own->kind };
	int r;

	if (v->sheet == NULL)
		return VAULT_ERR_INTERNAL;
	memcpy(request.hpk, own->box_pk, sizeof(request.hpk));
	memcpy(request.hvk, own->sign_pk, sizeof(request.hvk));
	request.bound = own->bound;
	request.virtual_tpm = own->virtual_tpm;
	r = vault_host_approve(v, &request, name, "", now);
	if (r != 0)
		return r;
	/* From here on this host opens the vault by itself. */
	v->keys->host = *own;
	secret_free(TAKE_PTR(v->sheet));
	return host_id(v->header.vault_id, own->box_pk, own->sign_pk, v->own_id);
}
