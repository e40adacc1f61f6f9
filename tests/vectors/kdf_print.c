/* SPDX-License-Identifier: BSD-2-Clause */
/* kdf_print VAULT_ID LABEL KEY IN LEN: H in hex; KEY and IN are hex or "-". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "vault/kdf.h"

static size_t unhex(const char *s, uint8_t *ret, size_t cap)
{
	size_t n = 0;

	if (strcmp(s, "-") != 0 && sodium_hex2bin(ret, cap, s, strlen(s), NULL, &n, NULL) != 0)
		exit(2);
	return n;
}

int main(int argc, char **argv)
{
	uint8_t id[VAULT_ID_LEN], key[64], in[512], out[64];
	char hex[sizeof(out) * 2 + 1];
	size_t key_len, in_len, len;

	if (argc != 6 || sodium_init() < 0 || unhex(argv[1], id, sizeof(id)) != sizeof(id))
		return 2;
	key_len = unhex(argv[3], key, sizeof(key));
	in_len = unhex(argv[4], in, sizeof(in));
	len = strtoul(argv[5], NULL, 10);
	if (kdf(id, argv[2], key_len ? key : NULL, key_len, in, in_len, out, len) != 0)
		return 1;
	puts(sodium_bin2hex(hex, sizeof(hex), out, len));
	return 0;
}
