/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Audit log": a line, without its newline. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/audit_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct audit_line line = { 0 };
	char again[AUDIT_LINE_MAX];

	if (audit_line_decode((const char *)data, len, &line) != 0)
		return 0;
	REQUIRE(len < AUDIT_LINE_MAX && line.text_len < len);
	REQUIRE(audit_line_encode(&line, again) == 0);
	REQUIRE(audit_line_finish(&line, again) == len && memcmp(again, data, len) == 0);
	return 0;
}
