/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Recovery code". The input is lines that are typed; a code that they
 * complete is the code of its own bytes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/recovery_code.h"

#define LINE_MAX_LEN 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char code[VAULT_RECOVERY_TEXT], back[VAULT_RECOVERY_TEXT], line[LINE_MAX_LEN + 1];
	uint8_t bytes[RECOVERY_CODE_LEN];
	size_t groups = 0, before = 0, n = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && data[i] != '\n' && n < LINE_MAX_LEN) {
			line[n++] = (char)data[i];
			continue;
		}
		line[n] = '\0';
		n = 0;
		before = groups;
		if (vault_recovery_code_type(line, code, &groups) == 0)
			REQUIRE(groups >= before);
		REQUIRE(groups <= VAULT_RECOVERY_GROUPS);
	}
	if (groups < VAULT_RECOVERY_GROUPS)
		return 0;
	/* A group too many is not taken, and changes nothing. */
	recovery_code_decode(code, bytes);
	recovery_code_encode(bytes, back);
	REQUIRE(strcmp(code, back) == 0);
	return 0;
}
