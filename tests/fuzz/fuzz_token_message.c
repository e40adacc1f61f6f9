/* SPDX-License-Identifier: BSD-2-Clause */
/* What either end of the socketpair takes from the other. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <sanitizer/asan_interface.h>

#include "token/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct message_buf in, out;
	static struct message message;
	int r;

	if (len > sizeof(in.bytes))
		return 0;
	in.len = len;
	memcpy(in.bytes, data, len);
	ASAN_POISON_MEMORY_REGION(in.bytes + len, sizeof(in.bytes) - len);
	r = message_decode(&in, &message);
	REQUIRE(r == 0 || r == TOKEN_ERR_HELPER);
	if (r == 0) {
		REQUIRE(message_encode(&message, &out) == 0);
		REQUIRE(out.len == len);
		REQUIRE(memcmp(out.bytes, in.bytes, len) == 0);
	}
	ASAN_UNPOISON_MEMORY_REGION(in.bytes, sizeof(in.bytes));
	return 0;
}
