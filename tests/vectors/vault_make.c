/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vault for the second reader, made through the public interface.
 *
 *	vault_make DIR make < SCRIPT    DIR/a.tv, DIR/host.key, DIR/state
 *	vault_make DIR open < SCRIPT    opens, unlocks, opens every entry
 *
 * SCRIPT has a line for each step; values are in hex, "-" for none:
 *
 *	response HEX       what the token answers; first
 *	field NAME HEX     of the entry that is put next
 *	label KEY HEX
 *	put NAME           add or replace; a commit, as are the next two
 *	rename FROM TO
 *	remove NAME
 *	stage NAME | verify | promote | rollback | revoke | retire | abort
 *	                   a step of a rotation; stage takes the fields before it
 *	schedule NAME EVERY    "" of a part: the vault's; NAME "-": the vault's own
 *	policy MAX-AGE 0|1|2
 *
 * On failure it prints vault_strerror and ends with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "vault/vault.h"

#define LINE_MAX_LEN ((size_t)1024 * 1024)

struct change {
	char verb[16], a[VAULT_NAME_MAX + 1], b[VAULT_NAME_MAX + 1];
	size_t n_fields, n_labels;
	struct vault_field fields[VAULT_FIELDS_MAX];
	struct vault_label labels[VAULT_LABELS_MAX];
	int64_t now;
};

static char vault_path[256], host_key_path[256], state_path[256];
static const struct vault_paths paths = { vault_path, host_key_path, state_path };
static struct vault_response *token;
static char line[LINE_MAX_LEN];

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "vault_make: %s: %s\n", what, vault_strerror(r));
	exit(1);
}

static int respond(void *ctx, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	(void)ctx, (void)slots, (void)n, (void)salt;
	*ret = *token;
	return 0;
}

/* malloc'ed, with a NUL behind it. */
static uint8_t *unhex(const char *s, size_t *ret_len)
{
	size_t cap = strlen(s) / 2 + 1;
	uint8_t *p = calloc(1, cap);

	*ret_len = 0;
	if (p == NULL || (strcmp(s, "-") != 0 &&
			     sodium_hex2bin(p, cap - 1, s, strlen(s), NULL, ret_len, NULL) != 0))
		exit(2);
	return p;
}

static char *word(char **rest)
{
	char *w = strsep(rest, " ");

	return w == NULL ? line + strlen(line) : w;
}

static void read_response(const char *hex)
{
	size_t len;
	uint8_t *p = unhex(hex, &len);

	if (len > sizeof(token->response))
		exit(2);
	memcpy(token->response, p, len);
	token->response_len = len;
	free(p);
}

static void make(void)
{
	static const uint8_t id[48] = { 0xc1, 0, 0xff };
	struct vault_new_token t = { .kind = VAULT_SLOT_FIDO2,
		.uv = true,
		.credential_id = id,
		.credential_id_len = sizeof(id),
		.name = "first",
		.product = "Token of Z\xc3\xbcrich",
		.serial = "12345678" };
	static const struct vault_new_host host = { .kind = VAULT_HOST_KEYFILE };
	struct vault *v;

	memset(t.public_key, 0xab, sizeof(t.public_key));
	memset(t.aaguid, 0xcd, sizeof(t.aaguid));
	check(vault_draft(&paths, NULL, &host, &v), "draft");
	check(vault_create(v, &t, token, "here", 1700000000), "create");
	vault_close(v);
}

static int apply_step(struct vault *v, const struct change *c, enum rotation_event event)
{
	const struct vault_entry_info *info = vault_entry_find(v, c->a);
	const struct vault_step step = { .event = event,
		.version = info == NULL ? 0 : info->version,
		.why = "as the script has it",
		.now = c->now,
		.fields = c->fields,
		.n_fields = c->n_fields,
		.expires = c->now + 100 * PERIOD_DAY_SECONDS };

	return vault_entry_step(v, c->a, &step);
}

static int apply_schedule(struct vault *v, const struct change *c)
{
	struct schedule s = SCHEDULE_DEFAULT, own = { .mode = ROTATION_DELAYED };

	if (!period_parse(c->b, &s.every) || !period_parse(c->b, &own.every))
		return VAULT_ERR_ARGUMENT;
	if (strcmp(c->a, "-") == 0)
		return vault_schedule_set(v, &s);
	return vault_entry_schedule_set(v, c->a, &own, c->now + 3600);
}

static int apply_policy(struct vault *v, const struct change *c)
{
	struct policy p = { .overdue = (enum policy_overdue)atoi(c->b) };

	return period_parse(c->a, &p.max_age) ? vault_policy_set(v, &p) : VAULT_ERR_ARGUMENT;
}

static int apply(struct vault *v, void *ctx)
{
	static const char *const events[] = { "stage", "replace", "verify", "promote", "rollback",
		"revoke", "retire", "abort" };
	const struct change *c = ctx;

	for (unsigned i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(c->verb, events[i]) == 0)
			return apply_step(v, c, (enum rotation_event)i);
	if (strcmp(c->verb, "schedule") == 0)
		return apply_schedule(v, c);
	if (strcmp(c->verb, "policy") == 0)
		return apply_policy(v, c);

	if (strcmp(c->verb, "put") == 0)
		return vault_entry_put(v, c->a, vault_entry_find(v, c->a) != NULL, c->fields,
		    c->n_fields, c->labels, c->n_labels, c->now);
	if (strcmp(c->verb, "rename") == 0)
		return vault_entry_rename(v, c->a, c->b, c->now);
	if (strcmp(c->verb, "remove") == 0)
		return vault_entry_remove(v, c->a);
	return VAULT_ERR_ARGUMENT;
}

static void commit(struct change *c)
{
	struct vault *v;

	check(vault_open(&paths, NULL, &v), "open");
	check(vault_unlock(v, respond, NULL), "unlock");
	check(vault_commit(v, apply, c, c->now), c->verb);
	vault_close(v);
	for (size_t i = 0; i < c->n_fields; i++) {
		free((void *)(uintptr_t)c->fields[i].name);
		free((void *)(uintptr_t)c->fields[i].value);
	}
	for (size_t i = 0; i < c->n_labels; i++) {
		free((void *)(uintptr_t)c->labels[i].key);
		free((void *)(uintptr_t)c->labels[i].value);
	}
	c->n_fields = c->n_labels = 0;
	c->now += 100;
}

static void add_field(struct change *c, const char *name, const char *hex)
{
	struct vault_field *f = &c->fields[c->n_fields++];

	if (c->n_fields > VAULT_FIELDS_MAX)
		exit(2);
	f->name = strdup(name);
	f->value = unhex(hex, &f->value_len);
}

static void add_label(struct change *c, const char *key, const char *hex)
{
	struct vault_label *l = &c->labels[c->n_labels++];
	size_t len;

	if (c->n_labels > VAULT_LABELS_MAX)
		exit(2);
	l->key = strdup(key);
	l->value = (char *)unhex(hex, &len);
}

static void run_script(void)
{
	static struct change c = { .now = 1700000100 };

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *rest = line, *verb, *a, *b;

		line[strcspn(line, "\n")] = '\0';
		verb = word(&rest);
		a = word(&rest);
		b = word(&rest);
		if (strcmp(verb, "field") == 0) {
			add_field(&c, a, b);
		} else if (strcmp(verb, "label") == 0) {
			add_label(&c, a, b);
		} else {
			snprintf(c.verb, sizeof(c.verb), "%s", verb);
			snprintf(c.a, sizeof(c.a), "%s", a);
			snprintf(c.b, sizeof(c.b), "%s", b);
			commit(&c);
		}
	}
}

static void open_all(void)
{
	struct vault_summary s;
	struct vault_entry *e;
	struct vault *v;

	check(vault_open(&paths, NULL, &v), "open");
	check(vault_unlock(v, respond, NULL), "unlock");
	vault_summarize(v, &s);
	for (size_t i = 0; i < s.n_entries; i++) {
		check(vault_entry_open(v, vault_entry_at(v, i), &e), "entry");
		vault_entry_free(e);
	}
	vault_close(v);
}

int main(int argc, char **argv)
{
	if (argc != 3 || vault_init() != 0)
		return 2;
	token = secret_alloc(sizeof(*token));
	snprintf(vault_path, sizeof(vault_path), "%s/a.tv", argv[1]);
	snprintf(host_key_path, sizeof(host_key_path), "%s/host.key", argv[1]);
	snprintf(state_path, sizeof(state_path), "%s/state", argv[1]);
	if (token == NULL || fgets(line, sizeof(line), stdin) == NULL ||
	    strncmp(line, "response ", 9) != 0)
		return 2;
	line[strcspn(line, "\n")] = '\0';
	read_response(line + 9);
	if (strcmp(argv[2], "make") == 0) {
		make();
		run_script();
	} else {
		open_all();
	}
	secret_free(token);
	return 0;
}
