/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fill a vault that `touchvault init` has made, and make what floor opens.
 *
 *	bench_fill VAULT HOST_KEY STATE DEVICE FLOOR_DIR < ENTRIES
 *
 * ENTRIES has a line for each entry: its name, a tab, the value of its field
 * "secret". The one in the middle goes into FLOOR_DIR/record too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "tests/bench/assertion.h"
#include "vault/cleanup.h"
#include "vault/vault.h"

#define ENTRIES_MAX 65535
#define LINE_MAX_LEN 512
/* What a change adds waits in locked memory, which doesn't hold all of them. */
#define BATCH 2000
#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES

struct fill {
	const char *device, *floor_dir;
	size_t n, from;
	char *names[ENTRIES_MAX], *values[ENTRIES_MAX];
	int64_t now;
	uint8_t id[VAULT_CREDENTIAL_ID_MAX], salt[VAULT_SALT_LEN], secret[ASSERTION_SECRET_LEN];
	size_t id_len;
};

static int read_entries(struct fill *fill)
{
	char line[LINE_MAX_LEN], *tab;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		tab = strchr(line, '\t');
		if (tab == NULL || fill->n == ENTRIES_MAX)
			return -1;
		*tab = '\0';
		tab[1 + strcspn(tab + 1, "\n")] = '\0';
		fill->names[fill->n] = strdup(line);
		fill->values[fill->n] = strdup(tab + 1);
		if (fill->names[fill->n] == NULL || fill->values[fill->n] == NULL)
			return -1;
		fill->n++;
	}
	return fill->n > 0 ? 0 : -1;
}

static int respond(void *ctx, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	struct fill *fill = ctx;

	if (n != 1 || slots[0].kind != VAULT_SLOT_FIDO2)
		return -1;
	memcpy(fill->id, slots[0].credential_id, slots[0].credential_id_len);
	fill->id_len = slots[0].credential_id_len;
	memcpy(fill->salt, salt, sizeof(fill->salt));
	if (assertion_secret(fill->device, fill->id, fill->id_len, salt, fill->secret) != 0)
		return -1;
	ret->slot = 0;
	memcpy(ret->response, fill->secret, sizeof(fill->secret));
	ret->response_len = sizeof(fill->secret);
	return 0;
}

static int put_batch(struct vault *v, void *ctx)
{
	static const struct vault_label label = { "environment", "live" };
	const struct fill *fill = ctx;
	size_t to = fill->n - fill->from < BATCH ? fill->n : fill->from + BATCH;
	int r = 0;

	for (size_t i = fill->from; i < to && r == 0; i++) {
		const struct vault_field field = { "secret", (const uint8_t *)fill->values[i],
			strlen(fill->values[i]) };

		r = vault_entry_put(v, fill->names[i], false, &field, 1, &label, 1, fill->now);
	}
	return r;
}

static int fill_vault(const struct vault_paths *paths, struct fill *fill)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int r = vault_open(paths, NULL, &v);

	if (r == 0)
		r = vault_unlock(v, respond, fill);
	for (; r == 0 && fill->from < fill->n; fill->from += BATCH)
		r = vault_commit(v, put_batch, fill, fill->now);
	return r;
}

static int write_part(const struct fill *fill, const char *name, const uint8_t *bytes, size_t len)
{
	_cleanup_close_ int fd = -1;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", fill->floor_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, bytes, len) == (ssize_t)len ? 0 : -1;
}

static int write_floor(const struct fill *fill)
{
	const char *value = fill->values[fill->n / 2];
	uint8_t record[NONCE_LEN + LINE_MAX_LEN + TAG_LEN];
	unsigned long long len;

	randombytes_buf(record, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(record + NONCE_LEN, &len,
	    (const uint8_t *)value, strlen(value), NULL, 0, NULL, record, fill->secret);
	if (write_part(fill, "credential", fill->id, fill->id_len) != 0 ||
	    write_part(fill, "salt", fill->salt, sizeof(fill->salt)) != 0)
		return -1;
	return write_part(fill, "record", record, NONCE_LEN + len);
}

int main(int argc, char **argv)
{
	static struct fill fill;
	struct vault_paths paths;
	int r;

	if (argc != 6)
		return 2;
	paths = (struct vault_paths){ .vault = argv[1], .host_key = argv[2], .state = argv[3] };
	fill.device = argv[4];
	fill.floor_dir = argv[5];
	fill.now = (int64_t)time(NULL);
	r = vault_init();
	if (r == 0 && read_entries(&fill) != 0) {
		fprintf(stderr, "bench_fill: a line is not NAME, tab, VALUE\n");
		return 2;
	}
	if (r == 0)
		r = fill_vault(&paths, &fill);
	if (r != 0)
		fprintf(stderr, "bench_fill: %s: %s\n", vault_where(), vault_strerror(r));
	if (r == 0 && write_floor(&fill) != 0) {
		fprintf(stderr, "bench_fill: %s can't be written\n", fill.floor_dir);
		r = -1;
	}
	return r != 0;
}
