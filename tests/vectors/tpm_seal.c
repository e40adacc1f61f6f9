/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seals a secret that is known, so that it can be looked for where it must not be.
 *
 *	tpm_seal PATH AUTH SECRET    both of 32 bytes, in hex; prints SECRET as it came back
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "vault/err.h"
#include "vault/tpm.h"

static int check(int r, const char *what)
{
	if (r != 0)
		fprintf(stderr, "tpm_seal: %s: %s\n", what, vault_strerror(r));
	return r;
}

int main(int argc, char **argv)
{
	uint8_t auth[TPM_AUTH_LEN], secret[TPM_SECRET_LEN], back[TPM_SECRET_LEN] = { 0 };
	char hex[2 * sizeof(back) + 1];
	struct tpm_sealed sealed;

	if (argc != 4 || sodium_init() < 0 ||
	    sodium_hex2bin(auth, sizeof(auth), argv[2], strlen(argv[2]), NULL, NULL, NULL) != 0 ||
	    sodium_hex2bin(secret, sizeof(secret), argv[3], strlen(argv[3]), NULL, NULL, NULL) != 0)
		return 2;
	if (check(tpm_seal(argv[1], auth, secret, &sealed), "seal") != 0 ||
	    check(tpm_unseal(&sealed, auth, back), "unseal") != 0)
		return 1;
	puts(sodium_bin2hex(hex, sizeof(hex), back, sizeof(back)));
	return 0;
}
