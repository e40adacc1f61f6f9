/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/index.h"

#include <stdlib.h>
#include <string.h>

#include "vault/cbor_io.h"
#include "vault/cleanup.h"
#include "vault/text.h"

struct pool {
	struct pool *next;
	size_t used, cap;
	_Alignas(16) uint8_t data[];
};

void *index_pool_alloc(struct index *x, size_t len)
{
	struct pool *p = x->pool;
	size_t cap = 64 * 1024;

	len = (len + 15) & ~(size_t)15;
	if (p == NULL || p->cap - p->used < len) {
		if (len > cap)
			cap = len;
		p = malloc(sizeof(*p) + cap);
		if (p == NULL)
			return NULL;
		*p = (struct pool){ .next = x->pool, .cap = cap };
		x->pool = p;
	}
	p->used += len;
	return p->data + p->used - len;
}

const char *index_pool_string(struct index *x, const char *s, size_t len)
{
	char *copy = index_pool_alloc(x, len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void index_free(struct index *x)
{
	for (size_t i = 0; i < x->n_entries; i++)
		secret_free(x->entries[i].pending);
	free(x->entries);
	for (struct pool *p = x->pool, *next; p != NULL; p = next) {
		next = p->next;
		sodium_memzero(p->data, p->used);
		free(p);
	}
	memset(x, 0, sizeof(*x));
}

/* A text of the index, checked and copied; bad where it is not as it should
 * be, or there is no memory. */
static const char *text(struct index *x, struct rbuf *b, size_t max)
{
	size_t len;
	const char *s = cbor_r_text(b, &len), *copy;

	if (b->bad || !text_valid(s, len, max)) {
		b->bad = true;
		return "";
	}
	copy = index_pool_string(x, s, len);
	if (copy == NULL)
		b->bad = true;
	return copy == NULL ? "" : copy;
}

static int64_t timestamp(struct rbuf *b)
{
	uint64_t v = cbor_r_uint(b);

	if (v > INT64_MAX)
		b->bad = true;
	return b->bad ? 0 : (int64_t)v;
}

static void token_decode(struct index *x, struct rbuf *b, struct index_token *ret)
{
	struct vault_token_info *info = &ret->info;

	if (cbor_r_array(b, 10) != 10)
		b->bad = true;
	cbor_r_fixed(b, ret->slot_id, sizeof(ret->slot_id));
	cbor_r_fixed(b, ret->spk, sizeof(ret->spk));
	info->name = text(x, b, VAULT_HUMAN_NAME_MAX);
	info->product = text(x, b, VAULT_PRODUCT_MAX);
	cbor_r_fixed(b, info->public_key, sizeof(info->public_key));
	cbor_r_fixed(b, info->aaguid, sizeof(info->aaguid));
	info->serial = text(x, b, VAULT_HUMAN_NAME_MAX);
	info->without_touch = cbor_r_bool(b);
	info->created = timestamp(b);
	info->tested = timestamp(b);
}

bool host_kind_known(uint64_t kind)
{
	return kind == VAULT_HOST_KEYFILE || kind == VAULT_HOST_TPM2;
}

static void host_decode(struct index *x, struct rbuf *b, struct index_host *ret)
{
	uint64_t kind;

	if (cbor_r_array(b, 13) != 13)
		b->bad = true;
	cbor_r_fixed(b, ret->id, sizeof(ret->id));
	cbor_r_fixed(b, ret->hpk, sizeof(ret->hpk));
	cbor_r_fixed(b, ret->hvk, sizeof(ret->hvk));
	ret->info.name = text(x, b, VAULT_HUMAN_NAME_MAX);
	ret->info.label = text(x, b, VAULT_HUMAN_NAME_MAX);
	kind = cbor_r_uint(b);
	if (kind != VAULT_HOST_PAPER && !host_kind_known(kind))
		b->bad = true;
	ret->info.kind = b->bad ? VAULT_HOST_KEYFILE : (enum vault_host_kind)kind;
	ret->info.bound = cbor_r_bool(b);
	ret->info.virtual_tpm = cbor_r_bool(b);
	if (ret->info.virtual_tpm && kind != VAULT_HOST_TPM2)
		b->bad = true;
	if (!b->bad && kind != VAULT_HOST_PAPER && *ret->info.name == '\0')
		b->bad = true;
	if (!b->bad && kind == VAULT_HOST_PAPER &&
	    (*ret->info.name != '\0' || *ret->info.label != '\0' || ret->info.bound))
		b->bad = true;
	ret->info.created = timestamp(b);
	cbor_r_fixed(b, ret->certifier, sizeof(ret->certifier));
	ret->cert_gen = cbor_r_uint(b);
	cbor_r_fixed(b, ret->cert, sizeof(ret->cert));
	cbor_r_fixed(b, ret->approver, sizeof(ret->approver));
}

static void fields_decode(struct index *x, struct rbuf *b, struct vault_entry_info *ret)
{
	size_t n = cbor_r_array(b, VAULT_FIELDS_MAX);
	const char **names = index_pool_alloc(x, n * sizeof(*names));

	if (names == NULL || n == 0)
		b->bad = true;
	for (size_t i = 0; !b->bad && i < n; i++) {
		names[i] = text(x, b, VAULT_FIELD_NAME_MAX);
		if (!vault_field_name_valid(names[i]) ||
		    (i > 0 && cbor_key_compare(names[i - 1], names[i]) >= 0))
			b->bad = true;
	}
	ret->fields = names;
	ret->n_fields = n;
}

static void labels_decode(struct index *x, struct rbuf *b, struct vault_entry_info *ret)
{
	size_t n = cbor_r_map(b, VAULT_LABELS_MAX);
	struct vault_label *labels = index_pool_alloc(x, n * sizeof(*labels));

	if (labels == NULL)
		b->bad = true;
	for (size_t i = 0; !b->bad && i < n; i++) {
		labels[i].key = text(x, b, VAULT_LABEL_KEY_MAX);
		labels[i].value = text(x, b, VAULT_LABEL_VALUE_MAX);
		if (!vault_label_valid(labels[i].key, labels[i].value) ||
		    (i > 0 && cbor_key_compare(labels[i - 1].key, labels[i].key) >= 0))
			b->bad = true;
	}
	ret->labels = labels;
	ret->n_labels = n;
}

/* Only what period_print writes; empty where it may be unset. */
static struct period period(struct rbuf *b, bool may_be_unset)
{
	char copy[PERIOD_TEXT_MAX] = "", again[PERIOD_TEXT_MAX];
	struct period p = { 0 };
	size_t len;
	const char *s = cbor_r_text(b, &len);

	if (b->bad || len >= sizeof(copy)) {
		b->bad = true;
		return p;
	}
	memcpy(copy, s, len);
	if (strlen(copy) != len || (len == 0 ? !may_be_unset : !period_parse(copy, &p)) ||
	    strcmp(period_print(p, again), copy) != 0)
		b->bad = true;
	return p;
}

static void schedule_decode(struct rbuf *b, bool may_be_unset, struct schedule *ret)
{
	uint64_t mode;

	if (cbor_r_array(b, 4) != 4)
		b->bad = true;
	ret->every = period(b, may_be_unset);
	ret->lead = period(b, may_be_unset);
	ret->grace = period(b, may_be_unset);
	mode = cbor_r_uint(b);
	if (mode > ROTATION_DELAYED || (mode == ROTATION_MODE_UNSET && !may_be_unset))
		b->bad = true;
	ret->mode = b->bad ? ROTATION_MODE_UNSET : (enum rotation_mode)mode;
}

static void policy_decode(struct rbuf *b, struct policy *ret)
{
	uint64_t overdue;

	if (cbor_r_array(b, 2) != 2)
		b->bad = true;
	ret->max_age = period(b, true);
	overdue = cbor_r_uint(b);
	if (overdue > POLICY_IGNORE || (period_is_set(ret->max_age) && ret->max_age.n == 0))
		b->bad = true;
	ret->overdue = b->bad ? POLICY_WARN : (enum policy_overdue)overdue;
}

#define ROTATION_IDLE_LEN 2 /* what there is when none is under way */
#define ROTATION_LEN 8

static void rotation_decode(struct index *x, struct rbuf *b, struct rotation *ret)
{
	size_t n = cbor_r_array(b, ROTATION_LEN);
	uint64_t state;

	ret->made = timestamp(b);
	ret->expires = timestamp(b);
	ret->host = "";
	if (n == ROTATION_IDLE_LEN)
		return;
	state = cbor_r_uint(b);
	if (n != ROTATION_LEN || state == ROTATION_ACTIVE || state >= ROTATION_STATES)
		b->bad = true;
	ret->state = b->bad ? ROTATION_ACTIVE : (enum rotation_state)state;
	ret->since = timestamp(b);
	ret->host = text(x, b, VAULT_HUMAN_NAME_MAX);
	ret->works_from = timestamp(b);
	ret->other_made = timestamp(b);
	ret->other_expires = timestamp(b);
}

static void history_decode(struct index *x, struct rbuf *b, struct vault_entry_info *ret)
{
	size_t n = cbor_r_array(b, VAULT_HISTORY_MAX);
	struct vault_history_event *events;

	if (n == 0)
		return;
	events = index_pool_alloc(x, n * sizeof(*events));
	if (events == NULL)
		b->bad = true;
	for (size_t i = 0; !b->bad && i < n; i++) {
		uint64_t kind;

		if (cbor_r_array(b, 4) != 4)
			b->bad = true;
		events[i].at = timestamp(b);
		kind = cbor_r_uint(b);
		if (kind < VAULT_EVENT_STAGED || kind > VAULT_EVENT_EDITED)
			b->bad = true;
		events[i].kind = b->bad ? VAULT_EVENT_EDITED : (enum vault_event_kind)kind;
		events[i].host = text(x, b, VAULT_HUMAN_NAME_MAX);
		events[i].why = text(x, b, VAULT_REASON_MAX);
	}
	ret->history = events;
	ret->n_history = n;
}

static void entry_decode(struct index *x, struct rbuf *b, struct index_entry *ret)
{
	uint64_t len;

	if (cbor_r_array(b, 14) != 14)
		b->bad = true;
	cbor_r_fixed(b, ret->id, sizeof(ret->id));
	ret->info.name = text(x, b, VAULT_NAME_MAX);
	ret->info.version = cbor_r_uint(b);
	len = cbor_r_uint(b);
	if (len > UINT32_MAX || ret->info.version == 0 || !vault_name_valid(ret->info.name))
		b->bad = true;
	ret->record_len = (uint32_t)len;
	cbor_r_fixed(b, ret->record_hash, sizeof(ret->record_hash));
	ret->info.created = timestamp(b);
	ret->info.modified = timestamp(b);
	fields_decode(x, b, &ret->info);
	labels_decode(x, b, &ret->info);
	ret->info.rotate_reason = text(x, b, VAULT_REASON_MAX);
	ret->info.rotate_since = timestamp(b);
	if ((*ret->info.rotate_reason == '\0') != (ret->info.rotate_since == 0))
		b->bad = true;
	schedule_decode(b, true, &ret->info.rotation.schedule);
	rotation_decode(x, b, &ret->info.rotation);
	history_decode(x, b, &ret->info);
}

static void entries_decode(struct index *x, struct rbuf *b)
{
	size_t n = cbor_r_array(b, VAULT_ENTRIES_MAX);
	uint64_t offset = 0;

	/* An entry takes over 100 bytes: a length that lies reserves little. */
	if (b->bad || n > b->len) {
		b->bad = true;
		return;
	}
	x->entries = calloc(n + 1, sizeof(*x->entries));
	if (x->entries == NULL) {
		b->bad = true;
		return;
	}
	x->cap_entries = n + 1;
	for (size_t i = 0; !b->bad && i < n; i++) {
		struct index_entry *e = &x->entries[x->n_entries++];

		entry_decode(x, b, e);
		e->offset = offset;
		offset += e->record_len;
		if (i > 0 && strcmp(x->entries[i - 1].info.name, e->info.name) >= 0)
			b->bad = true;
	}
}

int index_decode(const uint8_t *p, size_t len, struct index *ret)
{
	struct rbuf b = rbuf_of(p, len);

	memset(ret, 0, sizeof(*ret));
	if (cbor_r_array(&b, 7) != 7)
		b.bad = true;
	ret->committed = timestamp(&b);
	ret->n_tokens = cbor_r_array(&b, VAULT_TOKEN_SLOTS_MAX);
	for (size_t i = 0; !b.bad && i < ret->n_tokens; i++)
		token_decode(ret, &b, &ret->tokens[i]);
	ret->n_hosts = b.bad ? 0 : cbor_r_array(&b, VAULT_HOST_SLOTS_MAX);
	for (size_t i = 0; !b.bad && i < ret->n_hosts; i++)
		host_decode(ret, &b, &ret->hosts[i]);
	/* One sheet at most, behind the hosts. */
	for (size_t i = 0; !b.bad && i + 1 < ret->n_hosts; i++)
		b.bad = ret->hosts[i].info.kind == VAULT_HOST_PAPER;
	if (!b.bad)
		entries_decode(ret, &b);
	if (!b.bad)
		schedule_decode(&b, false, &ret->schedule);
	if (!b.bad)
		policy_decode(&b, &ret->policy);
	ret->n_ancestors = b.bad ? 0 : cbor_r_array(&b, INDEX_ANCESTORS_MAX);
	for (size_t i = 0; !b.bad && i < ret->n_ancestors; i++)
		cbor_r_fixed(&b, ret->ancestors[i], sizeof(ret->ancestors[i]));
	return rbuf_done(&b) ? 0 : VAULT_ERR_TAMPERED;
}

static void token_encode(struct wbuf *b, const struct index_token *t)
{
	cbor_w_array(b, 10);
	cbor_w_bytes(b, t->slot_id, sizeof(t->slot_id));
	cbor_w_bytes(b, t->spk, sizeof(t->spk));
	cbor_w_text(b, t->info.name);
	cbor_w_text(b, t->info.product);
	cbor_w_bytes(b, t->info.public_key, sizeof(t->info.public_key));
	cbor_w_bytes(b, t->info.aaguid, sizeof(t->info.aaguid));
	cbor_w_text(b, t->info.serial);
	cbor_w_bool(b, t->info.without_touch);
	cbor_w_uint(b, (uint64_t)t->info.created);
	cbor_w_uint(b, (uint64_t)t->info.tested);
}

static void host_encode(struct wbuf *b, const struct index_host *h)
{
	cbor_w_array(b, 13);
	cbor_w_bytes(b, h->id, sizeof(h->id));
	cbor_w_bytes(b, h->hpk, sizeof(h->hpk));
	cbor_w_bytes(b, h->hvk, sizeof(h->hvk));
	cbor_w_text(b, h->info.name);
	cbor_w_text(b, h->info.label);
	cbor_w_uint(b, h->info.kind);
	cbor_w_bool(b, h->info.bound);
	cbor_w_bool(b, h->info.virtual_tpm);
	cbor_w_uint(b, (uint64_t)h->info.created);
	cbor_w_bytes(b, h->certifier, sizeof(h->certifier));
	cbor_w_uint(b, h->cert_gen);
	cbor_w_bytes(b, h->cert, sizeof(h->cert));
	cbor_w_bytes(b, h->approver, sizeof(h->approver));
}

static void schedule_encode(struct wbuf *b, const struct schedule *s)
{
	char text[PERIOD_TEXT_MAX];

	cbor_w_array(b, 4);
	cbor_w_text(b, period_print(s->every, text));
	cbor_w_text(b, period_print(s->lead, text));
	cbor_w_text(b, period_print(s->grace, text));
	cbor_w_uint(b, s->mode);
}

static void policy_encode(struct wbuf *b, const struct policy *p)
{
	char text[PERIOD_TEXT_MAX];

	cbor_w_array(b, 2);
	cbor_w_text(b, period_print(p->max_age, text));
	cbor_w_uint(b, p->overdue);
}

static void rotation_encode(struct wbuf *b, const struct rotation *r)
{
	cbor_w_array(b, r->state == ROTATION_ACTIVE ? ROTATION_IDLE_LEN : ROTATION_LEN);
	cbor_w_uint(b, (uint64_t)r->made);
	cbor_w_uint(b, (uint64_t)r->expires);
	if (r->state == ROTATION_ACTIVE)
		return;
	cbor_w_uint(b, r->state);
	cbor_w_uint(b, (uint64_t)r->since);
	cbor_w_text(b, r->host);
	cbor_w_uint(b, (uint64_t)r->works_from);
	cbor_w_uint(b, (uint64_t)r->other_made);
	cbor_w_uint(b, (uint64_t)r->other_expires);
}

static void history_encode(struct wbuf *b, const struct vault_entry_info *info)
{
	cbor_w_array(b, info->n_history);
	for (size_t i = 0; i < info->n_history; i++) {
		cbor_w_array(b, 4);
		cbor_w_uint(b, (uint64_t)info->history[i].at);
		cbor_w_uint(b, info->history[i].kind);
		cbor_w_text(b, info->history[i].host);
		cbor_w_text(b, info->history[i].why);
	}
}

static void entry_encode(struct wbuf *b, const struct index_entry *e)
{
	cbor_w_array(b, 14);
	cbor_w_bytes(b, e->id, sizeof(e->id));
	cbor_w_text(b, e->info.name);
	cbor_w_uint(b, e->info.version);
	cbor_w_uint(b, e->record_len);
	cbor_w_bytes(b, e->record_hash, sizeof(e->record_hash));
	cbor_w_uint(b, (uint64_t)e->info.created);
	cbor_w_uint(b, (uint64_t)e->info.modified);
	cbor_w_array(b, e->info.n_fields);
	for (size_t i = 0; i < e->info.n_fields; i++)
		cbor_w_text(b, e->info.fields[i]);
	cbor_w_map(b, e->info.n_labels);
	for (size_t i = 0; i < e->info.n_labels; i++) {
		cbor_w_text(b, e->info.labels[i].key);
		cbor_w_text(b, e->info.labels[i].value);
	}
	cbor_w_text(b, e->info.rotate_reason);
	cbor_w_uint(b, (uint64_t)e->info.rotate_since);
	schedule_encode(b, &e->info.rotation.schedule);
	rotation_encode(b, &e->info.rotation);
	history_encode(b, &e->info);
}

void index_encode(struct wbuf *b, const struct index *x)
{
	cbor_w_array(b, 7);
	cbor_w_uint(b, (uint64_t)x->committed);
	cbor_w_array(b, x->n_tokens);
	for (size_t i = 0; i < x->n_tokens; i++)
		token_encode(b, &x->tokens[i]);
	cbor_w_array(b, x->n_hosts);
	for (size_t i = 0; i < x->n_hosts; i++)
		host_encode(b, &x->hosts[i]);
	cbor_w_array(b, x->n_entries);
	for (size_t i = 0; i < x->n_entries; i++)
		entry_encode(b, &x->entries[i]);
	schedule_encode(b, &x->schedule);
	policy_encode(b, &x->policy);
	cbor_w_array(b, x->n_ancestors);
	for (size_t i = 0; i < x->n_ancestors; i++)
		cbor_w_bytes(b, x->ancestors[i], sizeof(x->ancestors[i]));
}

size_t index_encoded_max(const struct index *x)
{
	/* Fixed parts with their heads, then the strings with 9-byte heads. */
	size_t n =
	    128 + x->n_tokens * 640 + x->n_hosts * 512 + sizeof(x->ancestors) + INDEX_ANCESTORS_MAX;

	for (size_t i = 0; i < x->n_entries; i++) {
		const struct vault_entry_info *e = &x->entries[i].info;

		n += 320 + strlen(e->name) + strlen(e->rotate_reason) + strlen(e->rotation.host);
		for (size_t k = 0; k < e->n_history; k++)
			n += 29 + strlen(e->history[k].host) + strlen(e->history[k].why);
		for (size_t k = 0; k < e->n_fields; k++)
			n += 9 + strlen(e->fields[k]);
		for (size_t k = 0; k < e->n_labels; k++)
			n += 18 + strlen(e->labels[k].key) + strlen(e->labels[k].value);
	}
	return n;
}

size_t index_find(const struct index *x, const char *name, bool *ret_found)
{
	size_t lo = 0, hi = x->n_entries;

	*ret_found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(x->entries[mid].info.name, name);

		if (c == 0) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct index_entry *index_insert(struct index *x, size_t i)
{
	if (x->n_entries == x->cap_entries) {
		size_t cap = x->cap_entries * 2 + 16;
		struct index_entry *p = reallocarray(x->entries, cap, sizeof(*p));

		if (p == NULL)
			return NULL;
		x->entries = p;
		x->cap_entries = cap;
	}
	memmove(&x->entries[i + 1], &x->entries[i], (x->n_entries - i) * sizeof(*x->entries));
	memset(&x->entries[i], 0, sizeof(x->entries[i]));
	x->n_entries++;
	return &x->entries[i];
}

void index_remove(struct index *x, size_t i)
{
	secret_free(x->entries[i].pending);
	x->n_entries--;
	memmove(&x->entries[i], &x->entries[i + 1], (x->n_entries - i) * sizeof(*x->entries));
}

void index_ancestor_push(struct index *x, const uint8_t tag[static INDEX_ANCESTOR_LEN])
{
	size_t keep = x->n_ancestors < INDEX_ANCESTORS_MAX ? x->n_ancestors : x->n_ancestors - 1;

	memmove(x->ancestors[1], x->ancestors[0], keep * sizeof(x->ancestors[0]));
	memcpy(x->ancestors[0], tag, sizeof(x->ancestors[0]));
	x->n_ancestors = keep + 1;
}

size_t index_hosts_len(const struct index *x)
{
	size_t n = x->n_hosts;

	return n > 0 && x->hosts[n - 1].info.kind == VAULT_HOST_PAPER ? n - 1 : n;
}

const char *index_host_title(const struct index_host *h)
{
	return h->info.kind == VAULT_HOST_PAPER ? VAULT_RECOVERY_NAME : h->info.name;
}

const struct index_host *index_host_by_id(
    const struct index *x, const uint8_t id[static HOST_ID_LEN])
{
	for (size_t i = 0; i < x->n_hosts; i++)
		if (memcmp(x->hosts[i].id, id, HOST_ID_LEN) == 0)
			return &x->hosts[i];
	return NULL;
}
