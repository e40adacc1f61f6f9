/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "vault/cbor_io.h"
#include "vault/cleanup.h"
#include "vault/text.h"

void state_free(struct state *s)
{
	for (size_t i = 0; i < s->n_paths; i++)
		free(s->paths[i].path);
	free(s->paths);
	free(s->vaults);
	memset(s, 0, sizeof(*s));
}

static void vault_decode(struct rbuf *b, struct state_vault *ret)
{
	if (cbor_r_array(b, 5) != 5)
		b->bad = true;
	cbor_r_fixed(b, ret->vault_id, sizeof(ret->vault_id));
	ret->gen = cbor_r_uint(b);
	cbor_r_fixed(b, ret->tag, sizeof(ret->tag));
	ret->n_pins = cbor_r_array(b, VAULT_HOST_SLOTS_MAX);
	for (size_t i = 0; !b->bad && i < ret->n_pins; i++) {
		if (cbor_r_array(b, 2) != 2)
			b->bad = true;
		cbor_r_fixed(b, ret->pins[i].host_id, HOST_ID_LEN);
		cbor_r_fixed(b, ret->pins[i].hvk, 32);
	}
	ret->n_left = b->bad ? 0 : cbor_r_array(b, STATE_LEFT_MAX);
	for (size_t i = 0; !b->bad && i < ret->n_left; i++)
		cbor_r_fixed(b, ret->left[i], sizeof(ret->left[i]));
}

static void path_decode(struct rbuf *b, struct state_path *ret)
{
	size_t len;
	const uint8_t *p;

	if (cbor_r_array(b, 2) != 2)
		b->bad = true;
	p = cbor_r_bytes(b, &len); /* bytes: a path need not be UTF-8 */
	if (!b->bad && len < PATH_MAX && memchr(p, '\0', len) == NULL)
		ret->path = strndup((const char *)p, len);
	if (ret->path == NULL)
		b->bad = true;
	cbor_r_fixed(b, ret->vault_id, sizeof(ret->vault_id));
}

int state_decode(const uint8_t *p, size_t len, const uint8_t key[static KEY_LEN], struct state *ret)
{
	uint8_t mac[STATE_MAC_LEN];
	struct rbuf b;

	memset(ret, 0, sizeof(*ret));
	if (len < 8 + STATE_MAC_LEN || memcmp(p, STATE_MAGIC, 8) != 0)
		return VAULT_ERR_STATE;
	(void)crypto_generichash_blake2b(mac, sizeof(mac), p, len - sizeof(mac), key, KEY_LEN);
	if (sodium_memcmp(mac, p + len - sizeof(mac), sizeof(mac)) != 0)
		return VAULT_ERR_STATE;
	ret->vaults = calloc(STATE_VAULTS_MAX, sizeof(*ret->vaults));
	ret->paths = calloc(STATE_PATHS_MAX, sizeof(*ret->paths));
	if (ret->vaults == NULL || ret->paths == NULL)
		return VAULT_ERR_NOMEM;
	b = rbuf_of(p + 8, len - 8 - sizeof(mac));
	if (cbor_r_array(&b, 2) != 2)
		b.bad = true;
	ret->n_vaults = cbor_r_array(&b, STATE_VAULTS_MAX);
	for (size_t i = 0; !b.bad && i < ret->n_vaults; i++)
		vault_decode(&b, &ret->vaults[i]);
	/* The first of its name is found, so a second would be without effect. */
	for (size_t i = 0; !b.bad && i < ret->n_vaults; i++)
		b.bad = state_vault_find(ret, ret->vaults[i].vault_id) != &ret->vaults[i];
	ret->n_paths = b.bad ? 0 : cbor_r_array(&b, STATE_PATHS_MAX);
	for (size_t i = 0; !b.bad && i < ret->n_paths; i++)
		path_decode(&b, &ret->paths[i]);
	for (size_t i = 0; !b.bad && i < ret->n_paths; i++)
		b.bad = state_path_find(ret, ret->paths[i].path) != ret->paths[i].vault_id;
	return rbuf_done(&b) ? 0 : VAULT_ERR_STATE;
}

static void encode(struct wbuf *b, const struct state *s)
{
	wbuf_put(b, STATE_MAGIC, 8);
	cbor_w_array(b, 2);
	cbor_w_array(b, s->n_vaults);
	for (size_t i = 0; i < s->n_vaults; i++) {
		const struct state_vault *v = &s->vaults[i];

		cbor_w_array(b, 5);
		cbor_w_bytes(b, v->vault_id, sizeof(v->vault_id));
		cbor_w_uint(b, v->gen);
		cbor_w_bytes(b, v->tag, sizeof(v->tag));
		cbor_w_array(b, v->n_pins);
		for (size_t k = 0; k < v->n_pins; k++) {
			cbor_w_array(b, 2);
			cbor_w_bytes(b, v->pins[k].host_id, HOST_ID_LEN);
			cbor_w_bytes(b, v->pins[k].hvk, 32);
		}
		cbor_w_array(b, v->n_left);
		for (size_t k = 0; k < v->n_left; k++)
			cbor_w_bytes(b, v->left[k], sizeof(v->left[k]));
	}
	cbor_w_array(b, s->n_paths);
	for (size_t i = 0; i < s->n_paths; i++) {
		cbor_w_array(b, 2);
		cbor_w_bytes(b, s->paths[i].path, strlen(s->paths[i].path));
		cbor_w_bytes(b, s->paths[i].vault_id, VAULT_ID_LEN);
	}
}

int state_encode(
    const struct state *s, const uint8_t key[static KEY_LEN], uint8_t **ret, size_t *ret_len)
{
	size_t cap = 64 + s->n_vaults * (128 + VAULT_HOST_SLOTS_MAX * 64 + STATE_LEFT_MAX * 18) +
		     s->n_paths * (PATH_MAX + 64);
	_cleanup_free_ uint8_t *p = malloc(cap);
	struct wbuf b = wbuf_of(p, cap);
	uint8_t mac[STATE_MAC_LEN];

	if (p == NULL)
		return VAULT_ERR_NOMEM;
	encode(&b, s);
	(void)crypto_generichash_blake2b(mac, sizeof(mac), p, b.len, key, KEY_LEN);
	wbuf_put(&b, mac, sizeof(mac));
	if (b.bad)
		return VAULT_ERR_INTERNAL;
	*ret_len = b.len;
	*ret = TAKE_PTR(p);
	return 0;
}

struct state_vault *state_vault_find(const struct state *s, const uint8_t id[static VAULT_ID_LEN])
{
	for (size_t i = 0; i < s->n_vaults; i++)
		if (memcmp(s->vaults[i].vault_id, id, VAULT_ID_LEN) == 0)
			return &s->vaults[i];
	return NULL;
}

const uint8_t *state_path_find(const struct state *s, const char *path)
{
	for (size_t i = 0; i < s->n_paths; i++)
		if (strcmp(s->paths[i].path, path) == 0)
			return s->paths[i].vault_id;
	return NULL;
}

void state_forget_path(struct state *s, size_t i)
{
	free(s->paths[i].path);
	s->n_paths--;
	memmove(&s->paths[i], &s->paths[i + 1], (s->n_paths - i) * sizeof(*s->paths));
}

/* The oldest vault that no path is known to hold; else the oldest one. */
static size_t least_needed(const struct state *s)
{
	for (size_t i = 0; i < s->n_vaults; i++) {
		size_t k = 0;

		while (k < s->n_paths &&
		       memcmp(s->paths[k].vault_id, s->vaults[i].vault_id, VAULT_ID_LEN) != 0)
			k++;
		if (k == s->n_paths)
			return i;
	}
	return 0;
}

static struct state_vault *new_vault(struct state *s)
{
	size_t i;

	if (s->n_vaults == STATE_VAULTS_MAX) {
		i = least_needed(s);
		s->n_vaults--;
		memmove(&s->vaults[i], &s->vaults[i + 1], (s->n_vaults - i) * sizeof(*s->vaults));
	}
	return &s->vaults[s->n_vaults++];
}

static int record_path(struct state *s, const char *path, const uint8_t id[static VAULT_ID_LEN])
{
	size_t i = 0;
	char *copy;

	while (i < s->n_paths && strcmp(s->paths[i].path, path) != 0)
		i++;
	if (i == s->n_paths) {
		copy = strdup(path);
		if (copy == NULL)
			return VAULT_ERR_NOMEM;
		if (s->n_paths == STATE_PATHS_MAX)
			state_forget_path(s, 0);
		i = s->n_paths++;
		s->paths[i].path = copy;
	}
	memcpy(s->paths[i].vault_id, id, VAULT_ID_LEN);
	return 0;
}

static bool is_pinned(const struct state_vault *v, const uint8_t id[static HOST_ID_LEN])
{
	for (size_t i = 0; i < v->n_pins; i++)
		if (memcmp(v->pins[i].host_id, id, HOST_ID_LEN) == 0)
			return true;
	return false;
}

static void push_left(struct state_vault *v, const uint8_t id[static HOST_ID_LEN])
{
	if (v->n_left == STATE_LEFT_MAX)
		memmove(v->left[0], v->left[1], --v->n_left * sizeof(v->left[0]));
	memcpy(v->left[v->n_left++], id, HOST_ID_LEN);
}

/* Who had left before, or leaves now, and isn't back. */
static void note_left(const struct state_vault *before, struct state_vault *now)
{
	now->n_left = 0;
	for (size_t i = 0; i < before->n_left; i++)
		if (!is_pinned(now, before->left[i]))
			push_left(now, before->left[i]);
	for (size_t i = 0; i < before->n_pins; i++)
		if (!is_pinned(now, before->pins[i].host_id))
			push_left(now, before->pins[i].host_id);
}

int state_record(struct state *s, const char *path, const struct state_vault *mark)
{
	struct state_vault *v, before = { 0 };
	int r;

	if (s->vaults == NULL)
		s->vaults = calloc(STATE_VAULTS_MAX, sizeof(*s->vaults));
	if (s->paths == NULL)
		s->paths = calloc(STATE_PATHS_MAX, sizeof(*s->paths));
	if (s->vaults == NULL || s->paths == NULL)
		return VAULT_ERR_NOMEM;
	r = record_path(s, path, mark->vault_id);
	if (r != 0)
		return r;
	v = state_vault_find(s, mark->vault_id);
	if (v == NULL)
		v = new_vault(s);
	else
		before = *v;
	*v = *mark;
	note_left(&before, v);
	return 0;
}

bool state_host_pinned(const struct state_vault *v, const struct index_host *h)
{
	for (size_t i = 0; i < v->n_pins; i++)
		if (memcmp(v->pins[i].host_id, h->id, HOST_ID_LEN) == 0 &&
		    memcmp(v->pins[i].hvk, h->hvk, 32) == 0)
			return true;
	return false;
}

/* The key of a certifier that counts; NULL if it doesn't. */
static const uint8_t *trusted_key(const struct state_vault *v, const struct index *x,
    const bool trusted[static VAULT_HOST_SLOTS_MAX], const uint8_t id[static HOST_ID_LEN])
{
	for (size_t i = 0; i < v->n_pins; i++)
		if (memcmp(v->pins[i].host_id, id, HOST_ID_LEN) == 0)
			return v->pins[i].hvk;
	for (size_t i = 0; i < x->n_hosts; i++)
		if (trusted[i] && memcmp(x->hosts[i].id, id, HOST_ID_LEN) == 0)
			return x->hosts[i].hvk;
	return NULL;
}

static bool is_in_left(const struct state_vault *v, const uint8_t id[static HOST_ID_LEN])
{
	for (size_t i = 0; i < v->n_left; i++)
		if (memcmp(v->left[i], id, HOST_ID_LEN) == 0)
			return true;
	return false;
}

bool state_host_has_left(const struct state_vault *v, const struct index_host *h)
{
	/* A certificate not newer than the mark is of a host that has been revoked: else
	 * it would be pinned. */
	return !state_host_pinned(v, h) && (h->cert_gen <= v->gen || is_in_left(v, h->id));
}

/* Those that others certify which may be there; one that was out, only if may_return. */
static void grow(const struct state_vault *v, const struct index *x, uint64_t gen, bool may_return,
    bool ret[static VAULT_HOST_SLOTS_MAX])
{
	bool grown = true;

	while (grown) {
		grown = false;
		for (size_t i = 0; i < x->n_hosts; i++) {
			const struct index_host *h = &x->hosts[i];
			const uint8_t *hvk;

			if (ret[i] || h->cert_gen <= v->gen || h->cert_gen > gen ||
			    (!may_return && is_in_left(v, h->id)))
				continue;
			hvk = trusted_key(v, x, ret, h->certifier);
			ret[i] = hvk != NULL && host_certificate_valid(v->vault_id, h, hvk);
			grown |= ret[i];
		}
	}
}

/* Which of the hosts a generation newer than the mark may list. */
static void hosts_trusted(const struct state_vault *v, const struct index *x, uint64_t gen,
    const struct index_host *named, bool ret[static VAULT_HOST_SLOTS_MAX])
{
	for (size_t i = 0; i < x->n_hosts; i++)
		ret[i] = state_host_pinned(v, &x->hosts[i]);
	grow(v, x, gen, true, ret);
	if (named == NULL || state_host_has_left(v, named))
		return;
	ret[named - x->hosts] = true;
	grow(v, x, gen, false, ret);
}

enum state_verdict state_judge(const struct state_vault *v, const struct index *x, uint64_t gen,
    const uint8_t signer[static HOST_ID_LEN], const struct index_host *named)
{
	bool trusted[VAULT_HOST_SLOTS_MAX] = { false };
	enum state_verdict all = STATE_TRUSTED, ret = STATE_SIGNER;

	hosts_trusted(v, x, gen, named, trusted);
	for (size_t i = 0; i < x->n_hosts; i++) {
		if (!trusted[i])
			all = STATE_REVIVED;
		else if (memcmp(x->hosts[i].id, signer, HOST_ID_LEN) == 0)
			ret = STATE_TRUSTED;
	}
	return ret == STATE_TRUSTED ? all : ret;
}

bool state_descends(const struct state_vault *v, const struct index *x, uint64_t gen)
{
	uint64_t back = gen - v->gen;

	return back > x->n_ancestors ||
	       memcmp(x->ancestors[back - 1], v->tag, INDEX_ANCESTOR_LEN) == 0;
}
