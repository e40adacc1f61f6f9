/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Token slot" and "Host slot": as many of the first as there are,
 * then as many of the second. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/slot.h"

static size_t token_slot_once(const uint8_t *data, size_t len)
{
	struct rbuf in = rbuf_of(data, len);
	uint8_t bytes[TOKEN_SLOT_MAX];
	struct wbuf out = wbuf_of(bytes, sizeof(bytes));
	struct token_slot s;

	if (token_slot_decode(&in, &s) != 0)
		return 0;
	token_slot_encode(&out, &s);
	REQUIRE(!out.bad && out.len == (size_t)(in.p - data) && out.len + in.len == len);
	REQUIRE(memcmp(bytes, data, out.len) == 0);
	return out.len;
}

static size_t host_slot_once(const uint8_t *data, size_t len)
{
	struct rbuf in = rbuf_of(data, len);
	uint8_t bytes[HOST_SLOT_LEN];
	struct wbuf out = wbuf_of(bytes, sizeof(bytes));
	struct host_slot s;

	if (host_slot_decode(&in, &s) != 0)
		return 0;
	host_slot_encode(&out, &s);
	REQUIRE(!out.bad && out.len == HOST_SLOT_LEN && in.len == len - HOST_SLOT_LEN);
	REQUIRE(memcmp(bytes, data, out.len) == 0);
	return out.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t used;

	while ((used = token_slot_once(data, len)) > 0) {
		data += used;
		len -= used;
	}
	while ((used = host_slot_once(data, len)) > 0) {
		data += used;
		len -= used;
	}
	return 0;
}
