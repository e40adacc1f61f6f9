/* SPDX-License-Identifier: BSD-2-Clause */
/* confined: confine as the helper does, then read a challenge of 64 bytes from
 * standard input and print slot 2's response in hex. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ykcore.h>
#include <ykdef.h>

#include "token/confine.h"

static int ask(YK_KEY *key, const unsigned char challenge[static SHA1_MAX_BLOCK_SIZE])
{
	unsigned char response[SHA1_MAX_BLOCK_SIZE];

	if (!yk_challenge_response(key, SLOT_CHAL_HMAC2, 1, SHA1_MAX_BLOCK_SIZE, challenge,
		sizeof(response), response))
		return EXIT_FAILURE;
	for (int i = 0; i < SHA1_DIGEST_SIZE; i++)
		printf("%02x", response[i]);
	printf("\n");
	return EXIT_SUCCESS;
}

int main(void)
{
	unsigned char challenge[SHA1_MAX_BLOCK_SIZE];
	YK_KEY *key;
	int r;

	if (read(STDIN_FILENO, challenge, sizeof(challenge)) != sizeof(challenge))
		return EXIT_FAILURE;
	if (confine_memory() < 0 || confine() < 0) {
		fputs("confined: cannot confine itself\n", stderr);
		return EXIT_FAILURE;
	}
	if (!yk_init() || (key = yk_open_first_key()) == NULL) {
		fprintf(stderr, "confined: %s\n", yk_strerror(yk_errno));
		return EXIT_FAILURE;
	}
	r = ask(key, challenge);
	if (r != EXIT_SUCCESS)
		fprintf(stderr, "confined: %s\n", yk_strerror(yk_errno));
	yk_close_key(key);
	return r;
}
