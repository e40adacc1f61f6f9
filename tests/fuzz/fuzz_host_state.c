/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Host state". The input ends before the MAC, which the target
 * adds: else nothing would get past it. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/cleanup.h"
#include "vault/state.h"

static const uint8_t key[KEY_LEN] = { 1 };

static void encodes_to(const struct state *s, const uint8_t *file, size_t len)
{
	_cleanup_free_ uint8_t *again = NULL;
	size_t again_len;

	REQUIRE(state_encode(s, key, &again, &again_len) == 0);
	REQUIRE(again_len == len && memcmp(again, file, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_free_ uint8_t *file = malloc(len + STATE_MAC_LEN);
	struct state s;
	int r;

	REQUIRE(file != NULL);
	if (len > 0)
		memcpy(file, data, len);
	(void)crypto_generichash_blake2b(file + len, STATE_MAC_LEN, file, len, key, sizeof(key));
	r = state_decode(file, len + STATE_MAC_LEN, key, &s);
	REQUIRE(r == 0 || r == VAULT_ERR_STATE);
	if (r == 0)
		encodes_to(&s, file, len + STATE_MAC_LEN);
	state_free(&s);
	r = state_decode(file, len, key, &s);
	REQUIRE(r == VAULT_ERR_STATE); /* no MAC, and none to guess */
	state_free(&s);
	return 0;
}
