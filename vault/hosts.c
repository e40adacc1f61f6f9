/* SPDX-License-Identifier: BSD-2-Clause */
/* Which hosts may open the vault: changes of the host slots, before a commit. */
#include <stdio.h>
#include <string.h>

#include "vault/cleanup.h"
#include "vault/commit.h"
#include "vault/hosts.h"
#include "vault/request.h"
#include "vault/text.h"

/* Index of the host of that name; n_hosts if there is none. */
static size_t find(const struct vault *v, const char *name)
{
	for (size_t i = 0; i < index_hosts_len(&v->index); i++)
		if (strcmp(v->index.hosts[i].info.name, name) == 0)
			return i;
	return v->index.n_hosts;
}

/* The same for an id. */
static size_t find_id(const struct vault *v, const uint8_t id[static HOST_ID_LEN])
{
	size_t i = 0;

	while (i < v->index.n_hosts && memcmp(v->index.hosts[i].id, id, HOST_ID_LEN) != 0)
		i++;
	return i;
}

const struct vault_host_info *vault_host_find(
    const struct vault *v, const struct vault_host_request *r)
{
	uint8_t id[HOST_ID_LEN];
	size_t i;

	if (host_id(v->header.vault_id, r->hpk, r->hvk, id) != 0)
		return NULL;
	i = find_id(v, id);
	return i < index_hosts_len(&v->index) ? &v->host_infos[i] : NULL;
}

/* Whether host i came in by host from, as far as ret knows by now. */
static bool came_in_by(const struct vault *v, size_t i, size_t from, const bool *ret)
{
	size_t by = find_id(v, v->index.hosts[i].approver);

	/* One that approved itself began the vault. */
	if (i == from || by == v->index.n_hosts || v->host_infos[i].this_host)
		return false;
	return by == from || ret[by];
}

void vault_hosts_let_in(
    const struct vault *v, const char *name, bool ret[static VAULT_HOST_SLOTS_MAX])
{
	size_t from = name == NULL ? index_hosts_len(&v->index) : find(v, name);
	bool grown = true;

	memset(ret, 0, VAULT_HOST_SLOTS_MAX * sizeof(*ret));
	while (grown) {
		grown = false;
		for (size_t i = 0; i < v->index.n_hosts; i++)
			if (!ret[i] && came_in_by(v, i, from, ret))
				grown = ret[i] = true;
	}
}

void vault_host_fingerprint(
    const struct vault *v, size_t i, char ret[static VAULT_FINGERPRINT_TEXT])
{
	host_fingerprint_text(v->index.hosts[i].hpk, v->index.hosts[i].hvk, ret);
}

bool vault_host_has_fingerprint(const struct vault *v, size_t i, const char *typed)
{
	uint8_t want[VAULT_FINGERPRINT_LEN], got[VAULT_FINGERPRINT_LEN];

	if (!base32_decode_typed(typed, got, sizeof(got)))
		return false;
	host_fingerprint(v->index.hosts[i].hpk, v->index.hosts[i].hvk, want);
	return memcmp(want, got, sizeof(want)) == 0;
}

struct index_host *hosts_insert(struct vault *v)
{
	size_t at = index_hosts_len(&v->index), n = v->index.n_hosts++;
	struct index_host *h = &v->index.hosts[at];

	memmove(h + 1, h, (n - at) * sizeof(*h));
	memset(h, 0, sizeof(*h));
	return h;
}

/* What the sheet keeps free is for who comes in by it: there may be nobody left then to
 * revoke another one. */
int vault_host_approvable(const struct vault *v)
{
	size_t kept = v->sheet == NULL ? v->index.n_hosts - index_hosts_len(&v->index) : 0;

	return v->index.n_hosts + kept < VAULT_HOST_SLOTS_MAX
		   ? 0
		   : store_fail(VAULT_ERR_HOSTS_FULL, v->store.path);
}

int vault_host_approve(struct vault *v, const struct vault_host_request *request, const char *name,
    const char *label, int64_t now)
{
	struct index_host *h;
	int r = vault_host_approvable(v);

	if (r != 0)
		return r;
	if (*name == '\0' || !text_valid(name, strlen(name), VAULT_HUMAN_NAME_MAX) ||
	    !text_valid(label, strlen(label), VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_ARGUMENT;
	if (find(v, name) < v->index.n_hosts || vault_host_find(v, request) != NULL)
		return VAULT_ERR_EXISTS;
	h = hosts_insert(v);
	memcpy(h->hpk, request->hpk, KEY_LEN);
	memcpy(h->hvk, request->hvk, sizeof(h->hvk));
	if (host_id(v->header.vault_id, h->hpk, h->hvk, h->id) != 0)
		return VAULT_ERR_INTERNAL;
	h->cert_gen = v->header.gen + 1;
	host_certify(v->header.vault_id, &v->keys->host, v->own_id, h);
	memcpy(h->approver, v->own_id, sizeof(h->approver));
	h->info.name = index_pool_string(&v->index, name, strlen(name));
	h->info.label = index_pool_string(&v->index, label, strlen(label));
	if (h->info.name == NULL || h->info.label == NULL)
		return VAULT_ERR_NOMEM;
	h->info.kind = request->kind;
	h->info.bound = request->bound;
	h->info.virtual_tpm = request->virtual_tpm;
	h->info.created = now;
	vault_change_is(v, VAULT_CHANGE_APPROVAL, name);
	return 0;
}

/* Hosts, and the sheet, that would still open the vault, if host i didn't. */
static size_t ways_in_without(const struct vault *v, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < v->index.n_hosts; k++)
		n += k != i;
	return n;
}

static int revocable(const struct vault *v, size_t i)
{
	if (i == v->index.n_hosts)
		return VAULT_ERR_NO_HOST;
	if (ways_in_without(v, i) == 0)
		return VAULT_ERR_LAST_HOST;
	/* Nobody could sign the generation: not so if the sheet has opened the vault. */
	return memcmp(v->index.hosts[i].id, v->own_id, HOST_ID_LEN) == 0 ? VAULT_ERR_OWN_HOST : 0;
}

int vault_host_revocable(const struct vault *v, const char *name)
{
	int r = revocable(v, find(v, name));

	return r == 0 ? 0 : store_fail(r, v->store.path);
}

/* Those that the host's own certificate came through, and itself. */
static void above(const struct vault *v, const uint8_t id[static HOST_ID_LEN],
    bool ret[static VAULT_HOST_SLOTS_MAX])
{
	for (size_t i = find_id(v, id); i < v->index.n_hosts && !ret[i];
	     i = find_id(v, v->index.hosts[i].certifier))
		ret[i] = true;
}

void hosts_vouch(struct vault *v)
{
	bool leave[VAULT_HOST_SLOTS_MAX] = { false };

	above(v, v->own_id, leave);
	for (size_t i = 0; i < v->index.n_hosts; i++)
		if (!leave[i] && find_id(v, v->index.hosts[i].certifier) == v->index.n_hosts)
			host_certify(
			    v->header.vault_id, &v->keys->host, v->own_id, &v->index.hosts[i]);
}

void hosts_remove(struct vault *v, size_t i)
{
	memmove(&v->index.hosts[i], &v->index.hosts[i + 1],
	    (v->index.n_hosts - i - 1) * sizeof(v->index.hosts[0]));
	v->index.n_hosts--;
	v->revokes = true;
}

int hosts_mark_entries(struct vault *v, const char *reason, int64_t now)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->index.n_entries; i++)
		r = vault_entry_mark(v, v->index.entries[i].info.name, reason, now);
	return r;
}

int vault_host_revoke(struct vault *v, const char *name, int64_t now)
{
	char reason[VAULT_REASON_MAX + 1];
	size_t i = find(v, name);
	int r = revocable(v, i);

	/* It may have kept what was opened there. */
	(void)snprintf(reason, sizeof(reason), "host revoked: %s", name);
	if (r == 0)
		r = hosts_mark_entries(v, reason, now);
	if (r != 0)
		return r;
	vault_change_is(v, VAULT_CHANGE_REVOCATION, name);
	hosts_remove(v, i);
	return 0;
}

int vault_host_rename(struct vault *v, const char *from, const char *to)
{
	size_t i = find(v, from);
	const char *copy;

	if (i == v->index.n_hosts)
		return VAULT_ERR_NO_HOST;
	if (*to == '\0' || !text_valid(to, strlen(to), VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_ARGUMENT;
	if (find(v, to) < v->index.n_hosts)
		return VAULT_ERR_EXISTS;
	copy = index_pool_string(&v->index, to, strlen(to));
	if (copy == NULL)
		return VAULT_ERR_NOMEM;
	v->index.hosts[i].info.name = copy;
	vault_change_is(v, VAULT_CHANGE_ENTRY, from);
	return 0;
}

int vault_host_label(struct vault *v, const char *name, const char *label)
{
	size_t i = find(v, name);
	const char *copy;

	if (i == v->index.n_hosts)
		return VAULT_ERR_NO_HOST;
	if (!text_valid(label, strlen(label), VAULT_HUMAN_NAME_MAX))
		return VAULT_ERR_ARGUMENT;
	copy = index_pool_string(&v->index, label, strlen(label));
	if (copy == NULL)
		return VAULT_ERR_NOMEM;
	v->index.hosts[i].info.label = copy;
	vault_change_is(v, VAULT_CHANGE_ENTRY, name);
	return 0;
}
