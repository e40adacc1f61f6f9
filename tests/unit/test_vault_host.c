/* SPDX-License-Identifier: BSD-2-Clause */
/* Host keys, and who may sign: a revoked host must not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/host_file.h"
#include "vault/state.h"

static const uint8_t vault_id[VAULT_ID_LEN] = { 1 };

static void key_file_is_bound_to_the_machine(void **state)
{
	static const struct vault_new_host new = { .kind = VAULT_HOST_KEYFILE };
	struct host_key *k = secret_alloc(sizeof(*k)), *back = secret_alloc(sizeof(*back));
	uint8_t here[HOST_BINDING_LEN] = { 1 }, there[HOST_BINDING_LEN] = { 2 },
		file[HOST_FILE_MAX];
	struct host_file f;
	size_t len;
	int why = -1;

	(void)state;
	assert_int_equal(host_file_create(&new, here, true, k, &f, &why), 0);
	assert_int_equal(why, 0);
	len = host_file_encode(&f, file);
	assert_int_equal(len, HOST_KEYFILE_LEN);
	assert_int_equal(host_file_decode(file, len, &f), 0);
	assert_int_equal(host_file_open(&f, here, back), 0);
	assert_memory_equal(k, back, sizeof(*k));
	assert_int_equal(host_file_open(&f, there, back), VAULT_ERR_FOREIGN_HOST_KEY);
	assert_int_equal(host_file_decode(file, len - 1, &f), VAULT_ERR_DAMAGED_HOST_KEY);
	file[60] ^= 1;
	assert_int_equal(host_file_decode(file, len, &f), VAULT_ERR_DAMAGED_HOST_KEY);
	secret_free(k);
	secret_free(back);
}

/* For what is in no file that a TPM has sealed. */
static void tpm_file_is_decoded_or_refused(void **state)
{
	struct host_file f = { .kind = VAULT_HOST_TPM2, .bound = true }, back;
	uint8_t file[HOST_FILE_MAX];
	size_t len;

	(void)state;
	strcpy(f.sealed.path, "/dev/tpmrm0");
	f.sealed.virtual = true;
	f.sealed.blob_len = TPM_PRIVATE_MAX;
	memset(f.sealed.blob, 7, sizeof(f.sealed.blob));
	len = host_file_encode(&f, file);
	assert_int_equal(host_file_decode(file, len, &back), 0);
	assert_memory_equal(&f, &back, sizeof(f));
	f.sealed.path[0] = '\0';
	len = host_file_encode(&f, file);
	assert_int_equal(host_file_decode(file, len, &back), VAULT_ERR_DAMAGED_HOST_KEY);
	strcpy(f.sealed.path, "tpmrm0");
	len = host_file_encode(&f, file);
	assert_int_equal(host_file_decode(file, len, &back), VAULT_ERR_DAMAGED_HOST_KEY);
	memset(f.sealed.path, '/', TPM_PATH_MAX);
	len = host_file_encode(&f, file);
	assert_int_equal(len, HOST_FILE_MAX);
	assert_int_equal(host_file_decode(file, len, &back), 0);
	f.kind = 3;
	f.sealed.blob_len = 0;
	len = host_file_encode(&f, file);
	assert_int_equal(host_file_decode(file, len, &back), VAULT_ERR_VERSION);
}

static void add(struct index *x, const struct host_key *k, uint64_t gen, const struct host_key *by)
{
	struct index_host *h = &x->hosts[x->n_hosts++];
	uint8_t by_id[HOST_ID_LEN];

	memcpy(h->hpk, k->box_pk, KEY_LEN);
	memcpy(h->hvk, k->sign_pk, 32);
	h->cert_gen = gen;
	assert_int_equal(host_id(vault_id, h->hpk, h->hvk, h->id), 0);
	assert_int_equal(host_id(vault_id, by->box_pk, by->sign_pk, by_id), 0);
	host_certify(vault_id, by, by_id, h);
}

static void pin(struct state_vault *v, const struct index_host *h)
{
	memcpy(v->pins[v->n_pins].host_id, h->id, HOST_ID_LEN);
	memcpy(v->pins[v->n_pins++].hvk, h->hvk, 32);
}

static void signer_is_pinned_or_newly_certified(void **state)
{
	struct host_key *a = secret_alloc(sizeof(*a)), *r = secret_alloc(sizeof(*r)),
			*n = secret_alloc(sizeof(*n));
	static struct index x;
	struct state_vault mark = { .gen = 10 };

	(void)state;
	memcpy(mark.vault_id, vault_id, sizeof(vault_id));
	assert_int_equal(host_key_generate(true, a), 0);
	assert_int_equal(host_key_generate(true, r), 0);
	assert_int_equal(host_key_generate(true, n), 0);
	add(&x, a, 1, a);
	add(&x, r, 5, a);  /* approved once, and not pinned any more: revoked */
	add(&x, n, 11, a); /* approved since */
	pin(&mark, &x.hosts[0]);
	/* Listed again, it is seen, whoever signs. */
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[0].id, NULL), STATE_REVIVED);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[2].id, NULL), STATE_REVIVED);
	x.hosts[1].cert_gen = 11;
	host_certify(vault_id, a, x.hosts[0].id, &x.hosts[1]);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[0].id, NULL), STATE_TRUSTED);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[1].id, NULL), STATE_TRUSTED);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[2].id, NULL), STATE_TRUSTED);
	x.hosts[1].cert_gen = 5;
	host_certify(vault_id, a, x.hosts[0].id, &x.hosts[1]);
	/* Its old certificate is genuine; it must not count. */
	assert_true(host_certificate_valid(vault_id, &x.hosts[1], a->sign_pk));
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[1].id, NULL), STATE_SIGNER);
	/* Nor one that it makes itself, or for a later generation than the file's. */
	x.n_hosts = 1;
	add(&x, r, 11, r);
	add(&x, n, 12, a);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[1].id, NULL), STATE_SIGNER);
	assert_int_equal(state_judge(&mark, &x, 11, x.hosts[2].id, NULL), STATE_SIGNER);
	secret_free(a);
	secret_free(r);
	secret_free(n);
}

static void a_certifier_need_not_be_listed_any_more(void **state)
{
	struct host_key *a = secret_alloc(sizeof(*a)), *b = secret_alloc(sizeof(*b)),
			*r = secret_alloc(sizeof(*r));
	static struct index x;
	struct state_vault mark = { .gen = 10 };

	(void)state;
	memcpy(mark.vault_id, vault_id, sizeof(vault_id));
	assert_int_equal(host_key_generate(true, a), 0);
	assert_int_equal(host_key_generate(true, b), 0);
	assert_int_equal(host_key_generate(true, r), 0);
	/* a was known, approved b, and left; r was never known. */
	add(&x, a, 1, a);
	pin(&mark, &x.hosts[0]);
	x.n_hosts = 0;
	add(&x, b, 11, a);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[0].id, NULL), STATE_TRUSTED);
	x.hosts[0].cert[0] ^= 1;
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[0].id, NULL), STATE_SIGNER);
	x.n_hosts = 0;
	add(&x, b, 10, a);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[0].id, NULL), STATE_SIGNER);
	x.n_hosts = 0;
	add(&x, b, 11, r);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[0].id, NULL), STATE_SIGNER);
	secret_free(a);
	secret_free(b);
	secret_free(r);
}

static void who_has_left_is_remembered(void **state)
{
	struct state s = { 0 }, back;
	struct state_vault mark = { .gen = 1 };
	static struct index x;
	uint8_t key[KEY_LEN] = { 1 }, *p;
	struct host_key *one = secret_alloc(sizeof(*one));
	size_t len;

	(void)state;
	x.n_hosts = 0;
	assert_int_equal(host_key_generate(true, one), 0);
	add(&x, one, 20, one);
	pin(&mark, &x.hosts[0]);
	assert_int_equal(state_record(&s, "/a", &mark), 0);
	assert_false(state_host_has_left(&s.vaults[0], &x.hosts[0]));
	mark.n_pins = 0;
	mark.gen = 2;
	/* What a new mark brings itself counts for nothing. */
	mark.n_left = 7;
	assert_int_equal(state_record(&s, "/a", &mark), 0);
	assert_int_equal(s.vaults[0].n_left, 1);
	assert_true(state_host_has_left(&s.vaults[0], &x.hosts[0]));
	assert_int_equal(state_encode(&s, key, &p, &len), 0);
	assert_int_equal(state_decode(p, len, key, &back), 0);
	assert_true(state_host_has_left(&back.vaults[0], &x.hosts[0]));
	state_free(&back);
	free(p);
	/* It stays so, until it is back; of many, the oldest are forgotten. */
	for (unsigned i = 0; i < STATE_LEFT_MAX; i++) {
		mark.n_pins = 1;
		memset(&mark.pins[0], 0, sizeof(mark.pins[0]));
		mark.pins[0].host_id[0] = (uint8_t)i;
		mark.pins[0].host_id[1] = 1;
		mark.gen++;
		assert_true(state_host_has_left(&s.vaults[0], &x.hosts[0]));
		assert_int_equal(state_record(&s, "/a", &mark), 0);
	}
	assert_int_equal(s.vaults[0].n_left, STATE_LEFT_MAX);
	mark.n_pins = 0;
	x.hosts[0].cert_gen = mark.gen + 1;
	assert_int_equal(state_record(&s, "/a", &mark), 0);
	assert_int_equal(s.vaults[0].n_left, STATE_LEFT_MAX);
	assert_false(state_host_has_left(&s.vaults[0], &x.hosts[0]));
	/* But for what it says of itself. */
	x.hosts[0].cert_gen = mark.gen;
	assert_true(state_host_has_left(&s.vaults[0], &x.hosts[0]));
	state_free(&s);
	secret_free(one);
}

/* It counts as pinned, and those whom it certifies; but for who has left. */
static void who_is_named_may_sign(void **state)
{
	struct host_key *a = secret_alloc(sizeof(*a)), *b = secret_alloc(sizeof(*b)),
			*c = secret_alloc(sizeof(*c));
	static struct index x;
	struct state_vault mark = { .gen = 10 };

	(void)state;
	memcpy(mark.vault_id, vault_id, sizeof(vault_id));
	assert_int_equal(host_key_generate(true, a), 0);
	assert_int_equal(host_key_generate(true, b), 0);
	assert_int_equal(host_key_generate(true, c), 0);
	x.n_hosts = 0;
	add(&x, a, 1, a);
	add(&x, b, 11, b);
	add(&x, c, 12, b);
	pin(&mark, &x.hosts[0]);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, NULL), STATE_SIGNER);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, &x.hosts[1]), STATE_TRUSTED);
	/* Another one that is named vouches for nobody but its own. */
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, &x.hosts[2]), STATE_SIGNER);
	mark.n_left = 1;
	memcpy(mark.left[0], x.hosts[2].id, HOST_ID_LEN);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, &x.hosts[1]), STATE_REVIVED);
	memcpy(mark.left[0], x.hosts[1].id, HOST_ID_LEN);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, &x.hosts[1]), STATE_SIGNER);
	/* By one that is pinned, it may come back. */
	x.n_hosts = 1;
	add(&x, b, 11, a);
	assert_int_equal(state_judge(&mark, &x, 12, x.hosts[1].id, NULL), STATE_TRUSTED);
	secret_free(a);
	secret_free(b);
	secret_free(c);
}

static void state_is_authenticated(void **state)
{
	uint8_t key[KEY_LEN] = { 1 }, other[KEY_LEN] = { 2 }, *p;
	struct state s = { 0 }, back;
	struct state_vault mark = { .gen = 3 };
	size_t len;

	(void)state;
	assert_int_equal(state_record(&s, "/a/b.tv", &mark), 0);
	assert_int_equal(state_encode(&s, key, &p, &len), 0);
	assert_int_equal(state_decode(p, len, key, &back), 0);
	assert_int_equal(back.vaults[0].gen, 3);
	assert_non_null(state_path_find(&back, "/a/b.tv"));
	assert_null(state_path_find(&back, "/a/c.tv"));
	state_free(&back);
	assert_int_equal(state_decode(p, len, other, &back), VAULT_ERR_STATE);
	state_free(&back);
	assert_int_equal(state_decode(p, len - 1, key, &back), VAULT_ERR_STATE);
	state_free(&back);
	free(p);
	state_free(&s);
}

/* The 257th is as welcome as the first. */
static void the_oldest_gives_way(void **state)
{
	struct state s = { 0 };
	struct state_vault mark = { .gen = 3 };
	char path[32];

	(void)state;
	for (unsigned i = 0; i < STATE_PATHS_MAX + 3; i++) {
		snprintf(path, sizeof(path), "/%u", i);
		/* Two paths hold a vault: so not more vaults than there is room for. */
		mark.vault_id[0] = (uint8_t)(i / 2);
		assert_int_equal(state_record(&s, path, &mark), 0);
	}
	assert_int_equal(s.n_paths, STATE_PATHS_MAX);
	assert_null(state_path_find(&s, "/2"));
	assert_int_equal(state_path_find(&s, "/3")[0], 1);
	assert_string_equal(s.paths[STATE_PATHS_MAX - 1].path, "/258");
	/* Marks stay as long as there is room. */
	assert_int_equal(s.n_vaults, 130);
	mark.gen = 4;
	mark.vault_id[1] = 1;
	for (unsigned i = 0; s.n_vaults < STATE_VAULTS_MAX; i++) {
		mark.vault_id[0] = (uint8_t)i;
		assert_int_equal(state_record(&s, "/3", &mark), 0);
	}
	/* Those that a path holds outlast those that none does, as none holds 1 by now. */
	mark = (struct state_vault){ .gen = 5 };
	assert_int_equal(state_record(&s, "/5", &mark), 0);
	memset(mark.vault_id, 9, sizeof(mark.vault_id));
	assert_int_equal(state_record(&s, "/3", &mark), 0);
	assert_int_equal(s.n_vaults, STATE_VAULTS_MAX);
	assert_int_equal(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 0 })->gen, 5);
	assert_null(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 1 }));
	assert_int_equal(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 2 })->gen, 3);
	mark.vault_id[0] = 10;
	assert_int_equal(state_record(&s, "/4", &mark), 0);
	assert_null(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 2 }));
	assert_int_equal(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 3 })->gen, 3);
	state_free(&s);
}

/* Where each is held by a path. */
static void of_vaults_that_are_in_use_the_oldest_gives_way(void **state)
{
	struct state s = { 0 };
	struct state_vault mark = { .gen = 3 };
	char path[32];

	(void)state;
	for (unsigned i = 0; i < STATE_VAULTS_MAX; i++) {
		snprintf(path, sizeof(path), "/%u", i);
		mark.vault_id[0] = (uint8_t)i;
		assert_int_equal(state_record(&s, path, &mark), 0);
	}
	mark.vault_id[1] = 1;
	assert_int_equal(state_record(&s, "/256", &mark), 0);
	assert_int_equal(s.n_vaults, STATE_VAULTS_MAX);
	assert_int_equal(s.n_paths, STATE_PATHS_MAX);
	assert_null(state_vault_find(&s, (uint8_t[VAULT_ID_LEN]){ 0 }));
	assert_null(state_path_find(&s, "/0"));
	assert_non_null(state_vault_find(&s, mark.vault_id));
	state_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_file_is_bound_to_the_machine),
		cmocka_unit_test(tpm_file_is_decoded_or_refused),
		cmocka_unit_test(signer_is_pinned_or_newly_certified),
		cmocka_unit_test(a_certifier_need_not_be_listed_any_more),
		cmocka_unit_test(who_has_left_is_remembered),
		cmocka_unit_test(who_is_named_may_sign),
		cmocka_unit_test(state_is_authenticated),
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(of_vaults_that_are_in_use_the_oldest_gives_way),
	};

	if (sodium_init() < 0 || secret_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
