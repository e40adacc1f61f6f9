/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Header". */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/header.h"
#include "vault/slot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rbuf in = rbuf_of(data, len);
	uint8_t bytes[HEADER_LEN];
	struct wbuf out = wbuf_of(bytes, sizeof(bytes));
	struct header h;

	if (header_decode(&in, &h) != 0)
		return 0;
	REQUIRE(in.p == data + HEADER_LEN);
	REQUIRE(header_meta_len(&h) <= HEADER_LEN + VAULT_TOKEN_SLOTS_MAX * TOKEN_SLOT_MAX +
					   VAULT_HOST_SLOTS_MAX * HOST_SLOT_LEN + INDEX_MAX +
					   TRAILER_LEN);
	header_encode(&out, &h);
	REQUIRE(!out.bad && out.len == HEADER_LEN);
	REQUIRE(memcmp(bytes, data, HEADER_LEN) == 0);
	return 0;
}
