/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Audit log", State. The input ends before the checksum, which the
 * target adds: else nothing would get past it. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <sodium.h>

#include "vault/audit_line.h"

#define CONTENT_LEN (AUDIT_STATE_LEN - 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t file[AUDIT_STATE_LEN], again[AUDIT_STATE_LEN];
	struct audit_chain c;

	if (len != CONTENT_LEN)
		return 0;
	memcpy(file, data, len);
	(void)crypto_generichash_blake2b(file + len, 32, file, len, NULL, 0);
	if (audit_chain_decode(file, &c) != 0)
		return 0;
	audit_chain_encode(&c, again);
	REQUIRE(memcmp(again, file, sizeof(file)) == 0);
	file[len] ^= 1;
	REQUIRE(audit_chain_decode(file, &c) == VAULT_ERR_DAMAGED);
	return 0;
}
