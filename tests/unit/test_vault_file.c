/* SPDX-License-Identifier: BSD-2-Clause */
/* A vault on disk through its public interface: the main job, and what must
 * be refused, with a response brought by the test instead of a token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vault/commit.h"
#include "vault/vault.h"

static char dir[64], file[128], key[128], host_state[128], other_key[128], other_state[128];
static struct vault_paths paths = { file, key, host_state };
static uint8_t response_byte = 7;
static unsigned asked;

static int respond(void *ctx, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	(void)ctx, (void)slots, (void)n;
	asked++;
	ret->slot = 0;
	ret->response_len = 32;
	memset(ret->response, response_byte, 32);
	ret->response[0] ^= salt[0];
	return 0;
}

static const struct vault_accept older = { .rollback = true };
static const struct vault_new_host in_a_file = { .kind = VAULT_HOST_KEYFILE };

static int setup(void **state)
{
	struct vault_response *r = secret_alloc(sizeof(*r));
	static const uint8_t id[64] = { 1 };
	struct vault_new_token t = { .kind = VAULT_SLOT_FIDO2,
		.credential_id = id,
		.credential_id_len = sizeof(id),
		.name = "first",
		.product = "test",
		.serial = "" };
	uint8_t salt[VAULT_SALT_LEN];
	struct vault *v;

	(void)state;
	strcpy(dir, "/tmp/test_vault.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/a.tv", dir);
	snprintf(key, sizeof(key), "%s/host.key", dir);
	snprintf(host_state, sizeof(host_state), "%s/state", dir);
	snprintf(other_key, sizeof(other_key), "%s/other.key", dir);
	snprintf(other_state, sizeof(other_state), "%s/other.state", dir);
	if (vault_draft(&paths, NULL, &in_a_file, &v) != 0)
		return -1;
	vault_token_salt(v, salt);
	asked = 0;
	respond(NULL, NULL, 0, salt, r);
	if (vault_create(v, &t, r, "here", 1000) != 0)
		return -1;
	vault_close(v);
	secret_free(r);
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static int put(struct vault *v, void *ctx)
{
	static const uint8_t value[] = "a\0b\n";
	struct vault_field f[] = { { "secret", value, sizeof(value) },
		{ "id", (const uint8_t *)"x", 1 } };
	struct vault_label l = { "surface", "api" };

	return vault_entry_put(v, ctx, false, f, 2, &l, 1, 2000);
}

static void add(const char *name)
{
	struct vault *v;
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", name);
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	assert_int_equal(vault_commit(v, put, copy, 2000), 0);
	vault_close(v);
}

static size_t slurp(const char *path, uint8_t *p, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(p, 1, cap, f);
	fclose(f);
	return n;
}

static void spill(const char *path, const uint8_t *p, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, len, f), len);
	fclose(f);
	chmod(path, 0600);
}

static uint8_t old[1 << 20], now[1 << 20];

static void stores_and_gives_back(void **state)
{
	const struct vault_entry_info *info;
	struct vault_entry *e;
	struct vault *v;

	(void)state;
	add("ibkr/live");
	add("alpaca");
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_string_equal(vault_entry_at(v, 0)->name, "alpaca");
	info = vault_entry_find(v, "ibkr/live");
	assert_non_null(info);
	assert_int_equal(info->n_fields, 2);
	assert_string_equal(info->fields[0], "id");
	assert_string_equal(info->labels[0].value, "api");
	assert_int_equal(vault_entry_open(v, info, &e), VAULT_ERR_INTERNAL); /* locked */
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	assert_int_equal(vault_entry_open(v, info, &e), 0);
	assert_memory_equal(vault_entry_field(e, "secret")->value, "a\0b\n", 5);
	vault_entry_free(e);
	assert_int_equal(vault_commit(v, put, (char[]){ "alpaca" }, 1), VAULT_ERR_EXISTS);
	vault_close(v);
}

static void wrong_token_is_refused(void **state)
{
	struct vault *v;

	(void)state;
	response_byte = 8;
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), VAULT_ERR_WRONG_RESPONSE);
	vault_close(v);
	response_byte = 7;
}

static void unapproved_host_gets_nothing(void **state)
{
	struct vault_paths p = { file, other_key, other_state };
	struct host_key *k = secret_alloc(sizeof(*k));
	uint8_t binding[HOST_BINDING_LEN], bytes[HOST_FILE_MAX];
	struct host_file f;
	struct vault *v;
	bool bound;
	int why;

	(void)state;
	assert_int_equal(vault_open(&p, NULL, &v), VAULT_ERR_NO_HOST_KEY);
	assert_null(v);
	assert_int_equal(store_machine_binding(binding, &bound), 0);
	assert_int_equal(host_file_create(&in_a_file, binding, bound, k, &f, &why), 0);
	spill(other_key, bytes, host_file_encode(&f, bytes));
	asked = 0;
	assert_int_equal(vault_open(&p, NULL, &v), VAULT_ERR_NOT_APPROVED);
	assert_null(v);
	assert_int_equal(asked, 0);
	secret_free(k);
}

static void every_damaged_byte_is_seen(void **state)
{
	struct vault *v = NULL;
	size_t len, meta;

	(void)state;
	add("one");
	len = slurp(file, old, sizeof(old));
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	meta = header_meta_len(&v->header);
	vault_close(v);
	for (size_t i = 0; i < meta; i += 7) {
		memcpy(now, old, len);
		now[i] ^= 1;
		spill(file, now, len);
		assert_int_not_equal(vault_open(&paths, NULL, &v), 0);
		assert_null(v);
	}
	memcpy(now, old, len);
	now[len - 1] ^= 1; /* in the entry's record */
	spill(file, now, len);
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_entry_check(v, vault_entry_find(v, "one")), VAULT_ERR_DAMAGED);
	vault_close(v);
	for (size_t cut = 0; cut < len; cut += 97) {
		spill(file, old, cut);
		assert_int_not_equal(vault_open(&paths, NULL, &v), 0);
	}
}

static void rollback_and_fork_are_refused(void **state)
{
	struct vault *v;
	size_t len, old_len;

	(void)state;
	old_len = slurp(file, old, sizeof(old));
	add("one");
	spill(file, old, old_len);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_ROLLBACK);
	assert_int_equal(vault_open(&paths, &older, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	vault_close(v);
	add("two"); /* generation 2 again, with other content */
	len = slurp(file, now, sizeof(now));
	spill(file, old, old_len);
	assert_int_equal(vault_open(&paths, &older, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	vault_close(v);
	add("three");
	spill(file, now, len);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_FORK);
}

/* Someone with every public key, a signing key that is accepted, and the host
 * share, who can write the file: all but V. */
static void forgery_without_the_anchor_fails(void **state)
{
	struct vault *v;

	(void)state;
	add("one");
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	while (v->index.n_entries > 0) /* what it can't decrypt it leaves out */
		index_remove(&v->index, 0);
	randombytes_buf(v->keys->slot.v, KEY_LEN); /* V is what it has to guess */
	assert_int_equal(vault_write_generation(v, false, 3000), 0);
	vault_close(v);
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), VAULT_ERR_TAMPERED);
	vault_close(v);
}

/* A host that was revoked, with V and every public key, and a new key of its
 * own to sign with, makes an old generation: it looks like a backup. */
static void rollback_to_a_strangers_generation_is_refused(void **state)
{
	struct vault *v;
	struct host_key *own = secret_alloc(sizeof(*own));
	struct index_host *h;
	size_t state_len;

	(void)state;
	add("one");
	add("two");
	state_len = slurp(host_state, old, sizeof(old));
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	while (v->index.n_entries > 0)
		index_remove(&v->index, 0);
	assert_int_equal(host_key_generate(false, own), 0);
	h = &v->index.hosts[v->index.n_hosts++];
	memcpy(h->hpk, own->box_pk, KEY_LEN);
	memcpy(h->hvk, own->sign_pk, 32);
	assert_int_equal(host_id(v->header.vault_id, h->hpk, h->hvk, h->id), 0);
	h->info.name = "backup-box";
	h->info.label = "";
	h->info.kind = VAULT_HOST_KEYFILE;
	h->cert_gen = 1;
	host_certify(v->header.vault_id, own, h->id, h);
	memcpy(v->own_id, h->id, HOST_ID_LEN);
	v->keys->host = *own;
	v->header.gen = 1;
	v->index.n_ancestors = 0;
	unlink(host_state); /* for the writer's own check */
	assert_int_equal(vault_write_generation(v, false, 3000), 0);
	vault_close(v);
	spill(host_state, old, state_len);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_ROLLBACK);
	assert_int_equal(vault_open(&paths, &older, &v), VAULT_ERR_SIGNER_LEFT);
	secret_free(own);
}

static void unsafe_places_are_refused(void **state)
{
	struct vault *v;

	(void)state;
	chmod(file, 0622);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_UNSAFE_FILE);
	chmod(file, 0600);
	chmod(dir, 0777);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_UNSAFE_DIR);
	assert_string_equal(vault_where(), dir);
	chmod(dir, 0700);
	unlink(file);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_NOT_A_FILE);
	unlink(file);
	assert_int_equal(symlink(key, file), 0);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_NOT_A_FILE);
	unlink(file);
	assert_int_equal(vault_open(&paths, NULL, &v), VAULT_ERR_NO_VAULT);
}

static void shares_are_fresh_at_every_commit(void **state)
{
	uint8_t a[KEY_LEN], b[KEY_LEN];
	struct vault *v;

	(void)state;
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	memcpy(a, v->keys->a, KEY_LEN);
	memcpy(b, v->keys->b, KEY_LEN);
	assert_int_equal(vault_commit(v, put, (char[]){ "one" }, 1), 0);
	assert_memory_not_equal(a, v->keys->a, KEY_LEN);
	assert_memory_not_equal(b, v->keys->b, KEY_LEN);
	vault_close(v);
}

/* A touch on the vault at NAME.tv in dir, which is a copy. */
static int opened_at(unsigned name)
{
	char path[128];
	struct vault_paths p = { path, key, host_state };
	size_t len = slurp(file, old, sizeof(old));
	struct vault *v;
	int r;

	snprintf(path, sizeof(path), "%s/%u.tv", dir, name);
	spill(path, old, len);
	r = vault_open(&p, NULL, &v);
	if (r == 0)
		r = vault_unlock(v, respond, NULL);
	vault_close(v);
	return r;
}

static bool is_known(const char *path)
{
	struct vault_self self;
	bool found = false;

	assert_int_equal(vault_self_read(&paths, &self), 0);
	for (size_t i = 0; i < self.n_vaults; i++)
		found |= strcmp(self.vaults[i], path) == 0;
	vault_self_free(&self);
	return found;
}

/* As many copies as there are, the next one opens; what is gone is forgotten first. */
static void paths_that_are_gone_make_room(void **state)
{
	char path[128];

	(void)state;
	for (unsigned i = 1; i < STATE_PATHS_MAX; i++)
		assert_int_equal(opened_at(i), 0);
	assert_true(is_known(file));
	snprintf(path, sizeof(path), "%s/%u.tv", dir, 7U);
	assert_int_equal(unlink(path), 0);
	assert_true(is_known(path));
	assert_int_equal(opened_at(STATE_PATHS_MAX), 0);
	assert_false(is_known(path));
	assert_true(is_known(file));
	assert_int_equal(opened_at(STATE_PATHS_MAX + 1), 0);
	assert_false(is_known(file));
	snprintf(path, sizeof(path), "%s/%u.tv", dir, STATE_PATHS_MAX + 1U);
	assert_true(is_known(path));
}

static int64_t committed(const struct vault *v)
{
	struct vault_summary s;

	vault_summarize(v, &s);
	return s.committed;
}

static int mark(struct vault *v, void *ctx)
{
	return vault_entry_mark(v, ctx, "a test", 9001);
}

static int nothing(struct vault *v, void *ctx)
{
	(void)v, (void)ctx;
	return 0;
}

static void time_goes_back_only_if_it_is_told_to(void **state)
{
	const struct vault_entry_info *info;
	struct vault *v;

	(void)state;
	add("one");
	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	assert_int_equal(vault_commit(v, nothing, NULL, 9000), 0);
	assert_int_equal(vault_commit(v, nothing, NULL, 1500), 0);
	assert_int_equal(committed(v), 9000);
	assert_int_equal(vault_commit(v, mark, (char[]){ "one" }, 9001), 0);
	vault_close(v);

	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	assert_int_equal(committed(v), 9001);
	assert_int_equal(vault_clock_accept(v, 1500), 0);
	assert_int_equal(committed(v), 1500);
	assert_int_equal(vault_unlock(v, respond, NULL), 0);
	assert_int_equal(vault_commit(v, nothing, NULL, 1500), 0);
	assert_int_equal(vault_commit(v, nothing, NULL, 1501), 0);
	vault_close(v);

	assert_int_equal(vault_open(&paths, NULL, &v), 0);
	info = vault_entry_find(v, "one");
	assert_int_equal(committed(v), 1501);
	assert_int_equal(info->created, 1500);
	assert_int_equal(info->modified, 1500);
	/* It came after the credential, which it is to be told from one before it by. */
	assert_int_equal(info->rotate_since, 1500);
	assert_int_equal(info->rotation.made, 1499);
	vault_close(v);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stores_and_gives_back),
		T(wrong_token_is_refused),
		T(unapproved_host_gets_nothing),
		T(every_damaged_byte_is_seen),
		T(rollback_and_fork_are_refused),
		T(forgery_without_the_anchor_fails),
		T(rollback_to_a_strangers_generation_is_refused),
		T(unsafe_places_are_refused),
		T(shares_are_fresh_at_every_commit),
		T(paths_that_are_gone_make_room),
		T(time_goes_back_only_if_it_is_told_to),
	};

	if (vault_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
