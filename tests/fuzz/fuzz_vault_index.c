/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Index": the plaintext without its padding. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/cleanup.h"
#include "vault/index.h"

static void encodes_to(const struct index *x, const uint8_t *data, size_t len)
{
	size_t cap = index_encoded_max(x);
	_cleanup_free_ uint8_t *bytes = malloc(cap);
	struct wbuf out = wbuf_of(bytes, cap);

	REQUIRE(bytes != NULL);
	index_encode(&out, x);
	REQUIRE(!out.bad && out.len == len);
	REQUIRE(memcmp(bytes, data, len) == 0);
}

/* What other code takes for granted. */
static void holds_together(const struct index *x)
{
	uint64_t offset = 0;
	bool found;

	for (size_t i = 0; i < x->n_entries; i++) {
		REQUIRE(index_find(x, x->entries[i].info.name, &found) == i && found);
		REQUIRE(x->entries[i].offset == offset);
		offset += x->entries[i].record_len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct index x;
	int r = index_decode(data, len, &x);

	REQUIRE(r == 0 || r == VAULT_ERR_TAMPERED || r == VAULT_ERR_NOMEM);
	if (r == 0) {
		holds_together(&x);
		encodes_to(&x, data, len);
	}
	index_free(&x);
	return 0;
}
