/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor under `get`: one assertion by libfido2 and one AEAD record opened
 * by libsodium, and nothing that makes a vault of it.
 *
 *	floor DEVICE DIR    prints what DIR/record holds
 *
 * bench_fill makes DIR: the credential id, the salt, and the record, which is
 * sealed under the token's response.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <fido.h>
#include <sodium.h>

#include "tests/bench/assertion.h"

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES

static ssize_t read_part(const char *dir, const char *name, uint8_t *buf, size_t size)
{
	char path[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size);
	close(fd);
	return n;
}

static int print_record(const char *dir, const uint8_t key[static ASSERTION_SECRET_LEN])
{
	uint8_t record[4096], plain[sizeof(record)];
	ssize_t n = read_part(dir, "record", record, sizeof(record));
	unsigned long long len;

	if (n < (ssize_t)(NONCE_LEN + TAG_LEN) ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &len, NULL, record + NONCE_LEN,
		(unsigned long long)n - NONCE_LEN, NULL, 0, record, key) != 0) {
		fprintf(stderr, "floor: %s/record can't be opened\n", dir);
		return 1;
	}
	return write(STDOUT_FILENO, plain, len) == (ssize_t)len ? 0 : 1;
}

int main(int argc, char **argv)
{
	uint8_t id[1024], salt[ASSERTION_SALT_LEN], secret[ASSERTION_SECRET_LEN];
	ssize_t id_len;
	int r;

	if (argc != 3 || sodium_init() < 0)
		return 2;
	id_len = read_part(argv[2], "credential", id, sizeof(id));
	if (id_len <= 0 || read_part(argv[2], "salt", salt, sizeof(salt)) != sizeof(salt)) {
		fprintf(stderr, "floor: %s lacks a credential or a salt\n", argv[2]);
		return 1;
	}
	r = assertion_secret(argv[1], id, (size_t)id_len, salt, secret);
	if (r != FIDO_OK) {
		fprintf(stderr, "floor: %s: %s\n", argv[1], fido_strerr(r));
		return 1;
	}
	return print_record(argv[2], secret);
}
