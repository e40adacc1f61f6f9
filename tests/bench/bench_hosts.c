/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What approving and revoking a host costs beside the touch, in a vault with as
 * many tokens and hosts as there can be.
 *
 *	bench_hosts DIR ROUNDS
 *
 * DIR is empty. The tokens' answers are made up, so no time is spent on any.
 * Prints medians and minima of wall and CPU time, and checks after each commit that the
 * vault has the hosts that it should have. The floor is what no way of doing it goes
 * without: as many seals, to as many keys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "vault/cleanup.h"
#include "vault/vault.h"

#define ENTRIES 100
#define NOW 1700000000
#define ROUNDS_MAX 1000

static char vault_path[256], host_key_path[256], state_path[256], other_key_path[256],
    other_state_path[256];
static const struct vault_paths paths = { vault_path, host_key_path, state_path };
static const struct vault_paths other = { vault_path, other_key_path, other_state_path };
static struct vault_response *response;

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench_hosts: %s: %s: %s\n", what, vault_where(), vault_strerror(r));
	exit(1);
}

static int respond(void *ctx, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	(void)ctx, (void)slots, (void)n, (void)salt;
	*ret = *response;
	return 0;
}

static void token(
    size_t i, uint8_t id[static 48], char name[static 16], struct vault_new_token *ret)
{
	memset(id, (int)i, 48);
	snprintf(name, 16, "token-%zu", i);
	*ret = (struct vault_new_token){ .kind = VAULT_SLOT_FIDO2,
		.credential_id = id,
		.credential_id_len = 48,
		.name = name,
		.product = "",
		.serial = "" };
}

static const struct vault_new_host keyfile = { .kind = VAULT_HOST_KEYFILE };

/* Each with a key of its own, as of as many machines. */
static void request(size_t i, struct vault_host_request *ret)
{
	char name[16], line[VAULT_REQUEST_TEXT];
	int without_tpm;

	(void)unlink(other_key_path);
	snprintf(name, sizeof(name), "host-%zu", i);
	check(vault_self_request(&other, &keyfile, name, NOW, line, &without_tpm), "request");
	check(vault_request_decode(line, strlen(line), ret), "request");
}

static int fill(struct vault *v, void *ctx)
{
	static const struct vault_field field = { "secret", (const uint8_t *)"0123456789", 10 };
	struct vault_host_request r;
	struct vault_new_token t;
	uint8_t id[48];
	char name[16];
	int err = 0;

	(void)ctx;
	for (size_t i = 1; i < VAULT_TOKEN_SLOTS_MAX && err == 0; i++) {
		token(i, id, name, &t);
		err = vault_token_add(v, &t, response, NOW);
	}
	for (size_t i = 0; i < ENTRIES && err == 0; i++) {
		snprintf(name, sizeof(name), "entry-%zu", i);
		err = vault_entry_put(v, name, false, &field, 1, NULL, 0, NOW);
	}
	/* One less than there can be: the last place is the one that is measured. */
	for (size_t i = 1; i < VAULT_HOST_SLOTS_MAX - 1 && err == 0; i++) {
		request(i, &r);
		err = vault_host_approve(v, &r, r.name, "", NOW);
	}
	return err;
}

static struct vault *make(void)
{
	struct vault_new_token t;
	struct vault *v;
	uint8_t id[48];
	char name[16];

	token(0, id, name, &t);
	check(vault_draft(&paths, NULL, &keyfile, &v), "draft");
	check(vault_create(v, &t, response, "desk", NOW), "create");
	check(vault_commit(v, fill, NULL, NOW), "fill");
	vault_close(v);
	check(vault_open(&paths, NULL, &v), "open");
	check(vault_unlock(v, respond, NULL), "unlock");
	return v;
}

static int put_last(struct vault *v, void *ctx)
{
	const struct vault_host_request *r = ctx;

	return vault_host_approve(v, r, "last", "", NOW);
}

static int take_last(struct vault *v, void *ctx)
{
	(void)ctx;
	return vault_host_revoke(v, "last", NOW);
}

/* Times of one kind of work, in ms. */
struct times {
	size_t n;
	double wall[ROUNDS_MAX], cpu[ROUNDS_MAX];
};

static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void begin(struct times *t)
{
	t->wall[t->n] = now(CLOCK_MONOTONIC);
	t->cpu[t->n] = now(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(struct times *t)
{
	t->cpu[t->n] = now(CLOCK_PROCESS_CPUTIME_ID) - t->cpu[t->n];
	t->wall[t->n] = now(CLOCK_MONOTONIC) - t->wall[t->n];
	t->n++;
}

static void commit(
    struct vault *v, vault_change_fn fn, void *ctx, size_t hosts, struct times *times)
{
	const struct vault_host_info *infos;

	begin(times);
	check(vault_commit(v, fn, ctx, NOW), "commit");
	end(times);
	if (vault_hosts(v, &infos) != hosts)
		check(VAULT_ERR_INTERNAL, "number of hosts");
}

static void floor_of_seals(struct times *times)
{
	uint8_t pk[crypto_box_PUBLICKEYBYTES], sk[crypto_box_SECRETKEYBYTES],
	    share[72] = { 0 }, sealed[sizeof(share) + crypto_box_SEALBYTES];

	(void)crypto_box_keypair(pk, sk);
	begin(times);
	for (size_t i = 0; i < VAULT_TOKEN_SLOTS_MAX + VAULT_HOST_SLOTS_MAX; i++)
		if (crypto_box_seal(sealed, share, sizeof(share), pk) != 0)
			exit(1);
	end(times);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const char *name, struct times *t)
{
	qsort(t->wall, t->n, sizeof(*t->wall), compare);
	qsort(t->cpu, t->n, sizeof(*t->cpu), compare);
	printf("%-8s %7.2f ms, least %7.2f ms; CPU %7.2f ms, least %7.2f ms; %zu rounds\n", name,
	    t->wall[t->n / 2], t->wall[0], t->cpu[t->n / 2], t->cpu[0], t->n);
}

int main(int argc, char **argv)
{
	static struct times approving, revoking, sealing;
	struct vault_host_request r;
	struct vault *v;
	size_t rounds;

	if (argc != 3 || vault_init() != 0)
		return 2;
	rounds = strtoul(argv[2], NULL, 10);
	if (rounds == 0 || rounds > ROUNDS_MAX)
		return 2;
	snprintf(vault_path, sizeof(vault_path), "%s/v.tv", argv[1]);
	snprintf(host_key_path, sizeof(host_key_path), "%s/host.key", argv[1]);
	snprintf(state_path, sizeof(state_path), "%s/state", argv[1]);
	snprintf(other_key_path, sizeof(other_key_path), "%s/other.key", argv[1]);
	snprintf(other_state_path, sizeof(other_state_path), "%s/other.state", argv[1]);
	response = secret_alloc(sizeof(*response));
	if (response == NULL)
		return 2;
	response->response_len = 32;
	v = make();
	for (size_t i = 0; i < rounds; i++) {
		request(VAULT_HOST_SLOTS_MAX, &r);
		commit(v, put_last, &r, VAULT_HOST_SLOTS_MAX, &approving);
		commit(v, take_last, NULL, VAULT_HOST_SLOTS_MAX - 1, &revoking);
		floor_of_seals(&sealing);
	}
	printf("%d tokens, %d hosts, %d entries\n", VAULT_TOKEN_SLOTS_MAX, VAULT_HOST_SLOTS_MAX,
	    ENTRIES);
	report("approve", &approving);
	report("revoke", &revoking);
	report("floor", &sealing);
	vault_close(v);
	secret_free(response);
	return 0;
}
