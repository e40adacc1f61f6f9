/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a vault goes to the audit log, and who else is told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vault/cleanup.h"
#include "vault/commit.h"

static const struct vault_witness *witness;

void vault_witness_set(const struct vault_witness *w)
{
	witness = w;
}

static const char *command(void)
{
	return witness != NULL && witness->command != NULL ? witness->command : "";
}

static struct audit_record record_of(const char *event, const char *code, uint64_t gen)
{
	return (struct audit_record){
		.time = witness != NULL && witness->now != NULL ? witness->now() : 0,
		.event = event,
		.command = command(),
		.code = code,
		.gen = gen,
		.token = "",
		.name = "",
	};
}

static void event_of(
    const struct audit_line *line, const uint8_t id[static VAULT_ID_LEN], struct vault_event *ret)
{
	*ret = (struct vault_event){
		.number = line->seq,
		.time = (int64_t)line->time,
		.event = line->event,
		.command = line->command,
		.code = line->code,
		.generation = line->gen,
		.token = "",
		.name = "",
	};
	memcpy(ret->id, id, VAULT_ID_LEN);
	memcpy(ret->mac, line->mac, sizeof(ret->mac));
}

static void tell(const struct audit_record *record, const struct audit_line *line,
    const uint8_t id[static VAULT_ID_LEN], bool written)
{
	struct vault_event e;

	if (witness == NULL || witness->tell == NULL)
		return;
	event_of(line, id, &e);
	e.event = record->event;
	e.command = record->command;
	e.code = record->code;
	witness->tell(&e, written);
}

static int append(const struct audit_log *log, const struct audit_anchor *anchor,
    const struct audit_record *record, bool sync)
{
	struct audit_line line = { .gen = record->gen };
	int r = audit_append(log, anchor, record, sync, &line);

	tell(record, &line, log->vault_id, r == 0);
	return r;
}

/* What was to be logged and can't be is told, too. */
static int ready(struct vault *v, const struct audit_record *record)
{
	const struct audit_line none = { .gen = record->gen };
	int r = vault_audit_ready(v);

	if (r != 0)
		tell(record, &none, v->header.vault_id, false);
	return r;
}

int vault_audit_ready(struct vault *v)
{
	if (v->audit.store.dirfd >= 0)
		return 0;
	return audit_open(&v->state_store, v->header.vault_id, true, &v->audit);
}

/* The host's own, also while a sheet stands in for it. */
static const struct host_key *own_key(const struct vault *v)
{
	return v->sheet == NULL ? &v->keys->host : &v->keys->own[OWN_KEY].key;
}

static int names_key(const struct vault *v, const struct host_key *host, uint8_t *ret)
{
	return kdf(v->header.vault_id, "tv1 audit names", host->seed, HOST_SEED_LEN, NULL, 0, ret,
	    KEY_LEN);
}

/* Whether a log that begins now should be there already: this host knows the vault, or
 * made this generation of it. Who makes a vault, or accepts a rollback, says that what
 * the host knows is not to count, of the log, too. The first generation doesn't, either:
 * what made it may have been killed before its log, and there is nothing in it to be read. */
static bool was_seen(const struct vault *v)
{
	if (v->accept.rollback || v->header.gen == 1)
		return false;
	return v->trust != VAULT_TRUST_UNVERIFIED ||
	       (v->sheet == NULL && memcmp(v->header.signer, v->own_id, HOST_ID_LEN) == 0);
}

int vault_audit_note(struct vault *v, const char *event, const char *name, bool sync)
{
	_cleanup_secret_ struct audit_anchor *anchor = secret_alloc(sizeof(*anchor));
	_cleanup_secret_ uint8_t *key = secret_alloc(KEY_LEN);
	struct audit_record record = record_of(event, "", v->header.gen);
	int r = ready(v, &record);

	if (r != 0)
		return r;
	if (anchor == NULL || key == NULL)
		return store_fail(VAULT_ERR_NOMEM, v->audit.store.path);
	if (names_key(v, own_key(v), key) != 0 ||
	    audit_anchor_derive(v->header.vault_id, v->keys->slot.v, anchor) != 0)
		return store_fail(VAULT_ERR_INTERNAL, v->audit.store.path);
	anchor->seen = was_seen(v);
	record.names_key = key;
	record.token = v->index.tokens[v->unlocked_slot].info.name;
	record.name = name;
	return append(&v->audit, anchor, &record, sync);
}

int vault_audit_entry(struct vault *v, const char *name)
{
	bool known = strcmp(command(), "get") == 0 || strcmp(command(), "run") == 0;

	return vault_audit_note(v, known ? command() : "read", name, true);
}

int vault_audit_change(struct vault *v)
{
	static const char *const events[] = {
		[VAULT_CHANGE_ENTRY] = "change",
		[VAULT_CHANGE_APPROVAL] = "approval",
		[VAULT_CHANGE_REVOCATION] = "revocation",
	};

	int r = 0;

	for (size_t i = 0; r == 0 && i < v->n_changes; i++)
		r = vault_audit_note(v, events[v->changes[i].kind], v->changes[i].name, true);
	return r;
}

int vault_audit_sync(struct vault *v)
{
	int r = vault_audit_ready(v);

	return r == 0 ? audit_sync(&v->audit) : r;
}

void vault_change_is(struct vault *v, enum vault_change_kind kind, const char *name)
{
	v->n_changes = 0;
	vault_change_too(v, kind, name);
}

void vault_change_too(struct vault *v, enum vault_change_kind kind, const char *name)
{
	struct vault_change *c = &v->changes[v->n_changes];

	if (v->n_changes == sizeof(v->changes) / sizeof(v->changes[0]))
		return;
	c->kind = kind;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	v->n_changes++;
}

void vault_unlock_refused(struct vault *v, const char *code)
{
	struct audit_record record = record_of("refusal", code, v->header.gen);

	if (ready(v, &record) == 0)
		(void)!append(&v->audit, NULL, &record, true);
}

/* The vault's id, which its header tells to everybody. */
static int header_read(const char *path, struct header *ret)
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
		r = header_decode(&b, ret);
	return r == 0 ? 0 : store_fail(r, path);
}

static void open_refused(const struct vault_paths *p, const char *code)
{
	__attribute__((cleanup(store_close))) struct store state = { .dirfd = -1 };
	__attribute__((cleanup(audit_close))) struct audit_log log = { .store.dirfd = -1 };
	struct audit_line none = { 0 };
	struct audit_record record;
	struct header h = { 0 };
	bool known = header_read(p->vault, &h) == 0;

	none.gen = h.gen;
	record = record_of("refusal", code, h.gen);
	/* Without an id there is no log that it belongs to. */
	if (known && store_open(p->state, &state) == 0 &&
	    audit_open(&state, h.vault_id, true, &log) == 0)
		(void)!append(&log, NULL, &record, true);
	else
		tell(&record, &none, h.vault_id, false);
}

/* What it failed with is still to be said, whatever the log fails with. */
void vault_open_refused(const struct vault_paths *p, const char *code)
{
	char where[PATH_MAX];
	int error = vault_errno();

	(void)snprintf(where, sizeof(where), "%s", vault_where());
	open_refused(p, code);
	errno = error;
	(void)!store_fail(VAULT_OK, where);
}

/* In locked memory. */
struct reading {
	const struct audit_log *log;
	uint8_t names_keys[OWN_KEYS][KEY_LEN];
	size_t n_names_keys; /* 0: this host has none that can be used, or none is asked for */
	vault_event_fn fn;
	void *ctx;
};

static int read_line(void *ctx, const struct audit_place *at)
{
	const struct reading *reading = ctx;
	char names[AUDIT_BOX_MAX];
	bool opened = false;
	struct audit_line line;
	struct vault_event e;

	/* One that isn't whole is being written. */
	if (!at->complete)
		return 0;
	if (audit_line_decode(at->text, at->len, &line) != 0)
		line = (struct audit_line){ 0 };
	event_of(&line, reading->log->vault_id, &e);
	for (size_t i = 0; i < reading->n_names_keys && !opened; i++)
		opened = audit_names_open(reading->names_keys[i], &line, names, &e.name);
	if (opened)
		e.token = names;
	e.unreadable = !opened && *line.box != '\0' && strcmp(line.event, "seal") != 0;
	return reading->fn(reading->ctx, &e);
}

/* While a key is to follow another, either may have written a line. What can't be
 * had now, as from a TPM that is gone, leaves names out and not the log. */
static void names_keys(struct vault *v, struct reading *ret)
{
	static const enum own_key_of keys[OWN_KEYS] = { OWN_KEY, OWN_KEY_NEXT };

	for (size_t i = 0; i < OWN_KEYS; i++)
		if (own_key_load(v, keys[i]) == 0 && names_key(v, &v->keys->own[keys[i]].key,
							 ret->names_keys[ret->n_names_keys]) == 0)
			ret->n_names_keys++;
}

int vault_audit_read(const struct vault_paths *p, bool names, vault_event_fn fn, void *ctx)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	_cleanup_secret_ struct reading *reading = secret_alloc(sizeof(*reading));
	struct header h;
	int r = header_read(p->vault, &h);

	if (reading == NULL)
		return store_fail(VAULT_ERR_NOMEM, p->vault);
	if (r == 0)
		r = vault_at(p, NULL, &v);
	/* No directory of this host: nothing has been logged. */
	if (r != 0)
		return r == VAULT_ERR_NO_HOST_KEY ? 0 : r;
	v->header = h;
	if (names)
		names_keys(v, reading);
	r = audit_open(&v->state_store, v->header.vault_id, false, &v->audit);
	if (r != 0)
		return vault_errno() == ENOENT ? 0 : r;
	reading->log = &v->audit;
	reading->fn = fn;
	reading->ctx = ctx;
	return audit_each(&v->audit, read_line, reading);
}

int64_t vault_last_unlock(const struct vault *v)
{
	__attribute__((cleanup(audit_close))) struct audit_log log = { .store.dirfd = -1 };

	if (audit_open(&v->state_store, v->header.vault_id, false, &log) != 0)
		return 0;
	return audit_last_time(&log, "unlock");
}

int vault_audit_verify(struct vault *v, struct vault_audit_report *ret)
{
	_cleanup_secret_ struct audit_anchor *anchor = secret_alloc(sizeof(*anchor));
	int r = vault_audit_ready(v);

	if (r != 0)
		return r;
	if (!v->unlocked || anchor == NULL ||
	    audit_anchor_derive(v->header.vault_id, v->keys->slot.v, anchor) != 0)
		return store_fail(VAULT_ERR_INTERNAL, v->audit.store.path);
	return audit_verify(&v->audit, anchor, ret);
}
