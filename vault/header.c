/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/header.h"

#include <string.h>

#include "vault/aead.h"
#include "vault/slot.h"

static bool sane(const struct header *h)
{
	return h->gen > 0 && h->gen <= HEADER_GEN_MAX && h->n_token_slots >= 1 &&
	       h->n_token_slots <= VAULT_TOKEN_SLOTS_MAX && h->n_host_slots >= 1 &&
	       h->n_host_slots <= VAULT_HOST_SLOTS_MAX &&
	       h->token_slots_len <= VAULT_TOKEN_SLOTS_MAX * TOKEN_SLOT_MAX &&
	       h->host_slots_len == h->n_host_slots * (size_t)HOST_SLOT_LEN &&
	       h->index_len >= AEAD_OVERHEAD && h->index_len <= INDEX_MAX &&
	       h->entries_len <= ENTRIES_LEN_MAX;
}

int header_decode(struct rbuf *b, struct header *ret)
{
	const uint8_t *magic = rbuf_take(b, HEADER_MAGIC_LEN);
	struct header h;
	uint16_t zero16;
	uint32_t zero32;

	if (magic == NULL || memcmp(magic, HEADER_MAGIC, HEADER_MAGIC_LEN) != 0)
		return VAULT_ERR_NOT_A_VAULT;
	if (rbuf_le16(b) != HEADER_VERSION)
		return b->bad ? VAULT_ERR_DAMAGED : VAULT_ERR_VERSION;
	h.n_token_slots = rbuf_le16(b);
	h.n_host_slots = rbuf_le16(b);
	zero16 = rbuf_le16(b);
	h.gen = rbuf_le64(b);
	rbuf_copy(b, h.vault_id, sizeof(h.vault_id));
	rbuf_copy(b, h.vault_salt, sizeof(h.vault_salt));
	h.token_slots_len = rbuf_le32(b);
	h.host_slots_len = rbuf_le32(b);
	h.index_len = rbuf_le32(b);
	zero32 = rbuf_le32(b);
	h.entries_len = rbuf_le64(b);
	rbuf_copy(b, h.signer, sizeof(h.signer));
	if (b->bad || zero16 != 0 || zero32 != 0 || !sane(&h))
		return VAULT_ERR_DAMAGED;
	*ret = h;
	return 0;
}

void header_encode(struct wbuf *b, const struct header *h)
{
	wbuf_put(b, HEADER_MAGIC, HEADER_MAGIC_LEN);
	wbuf_le16(b, HEADER_VERSION);
	wbuf_le16(b, h->n_token_slots);
	wbuf_le16(b, h->n_host_slots);
	wbuf_le16(b, 0);
	wbuf_le64(b, h->gen);
	wbuf_put(b, h->vault_id, sizeof(h->vault_id));
	wbuf_put(b, h->vault_salt, sizeof(h->vault_salt));
	wbuf_le32(b, h->token_slots_len);
	wbuf_le32(b, h->host_slots_len);
	wbuf_le32(b, h->index_len);
	wbuf_le32(b, 0);
	wbuf_le64(b, h->entries_len);
	wbuf_put(b, h->signer, sizeof(h->signer));
}

size_t header_meta_len(const struct header *h)
{
	return (size_t)HEADER_LEN + h->token_slots_len + h->host_slots_len + h->index_len +
	       TRAILER_LEN;
}
