#include "cbor_io.h"

#include <string.h>

cbor_item_t *cbor_tree(const uint8_t *buf, size_t len)
{
	struct cbor_load_result res = { 0 };
	cbor_item_t *root;

	if (len == 0)
		return NULL;
	root = cbor_load(buf, len, &res);
	if (root && res.read != len)
		cbor_decref(&root);
	return root;
}

const cbor_item_t *map_int(const cbor_item_t *map, int key)
{
	int64_t k;

	if (!item_is_map(map))
		return NULL;
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		struct cbor_pair *pair = &cbor_map_handle(map)[i];

		if (item_int(pair->key, &k) && k == key)
			return pair->value;
	}
	return NULL;
}

const cbor_item_t *map_text(const cbor_item_t *map, const char *key)
{
	struct bytes k;

	if (!item_is_map(map))
		return NULL;
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		struct cbor_pair *pair = &cbor_map_handle(map)[i];

		if (item_text(pair->key, &k) && k.len == strlen(key) &&
		    memcmp(k.data, key, k.len) == 0)
			return pair->value;
	}
	return NULL;
}

bool item_is_map(const cbor_item_t *item)
{
	return item && cbor_isa_map(item);
}

bool item_is_array(const cbor_item_t *item)
{
	return item && cbor_isa_array(item);
}

bool item_bytes(const cbor_item_t *item, struct bytes *ret)
{
	static const uint8_t nothing;

	if (!item || !cbor_isa_bytestring(item) ||
	    !cbor_bytestring_is_definite(item))
		return false;
	ret->data = cbor_bytestring_handle(item);
	ret->len = cbor_bytestring_length(item);
	if (ret->len == 0)
		ret->data = &nothing;
	return true;
}

bool item_text(const cbor_item_t *item, struct bytes *ret)
{
	static const uint8_t nothing;

	if (!item || !cbor_isa_string(item) || !cbor_string_is_definite(item))
		return false;
	ret->data = cbor_string_handle(item);
	ret->len = cbor_string_length(item);
	if (ret->len == 0)
		ret->data = &nothing;
	return true;
}

bool item_uint(const cbor_item_t *item, uint64_t *ret)
{
	if (!item || !cbor_isa_uint(item))
		return false;
	*ret = cbor_get_int(item);
	return true;
}

bool item_int(const cbor_item_t *item, int64_t *ret)
{
	uint64_t v;

	if (!item || !cbor_is_int(item))
		return false;
	v = cbor_get_int(item);
	if (v > INT64_MAX)
		return false;
	*ret = cbor_isa_negint(item) ? -1 - (int64_t)v : (int64_t)v;
	return true;
}

bool item_bool(const cbor_item_t *item, bool *ret)
{
	if (!item || !cbor_isa_float_ctrl(item) || !cbor_is_bool(item))
		return false;
	*ret = cbor_get_bool(item);
	return true;
}

void enc_init(struct enc *e, uint8_t *buf, size_t cap)
{
	*e = (struct enc){ .buf = buf, .cap = cap };
}

static void enc_took(struct enc *e, size_t n)
{
	if (n == 0)
		e->overflow = true;
	e->len += n;
}

void enc_map(struct enc *e, size_t pairs)
{
	enc_took(e, cbor_encode_map_start(pairs, e->buf + e->len,
					  e->cap - e->len));
}

void enc_array(struct enc *e, size_t items)
{
	enc_took(e, cbor_encode_array_start(items, e->buf + e->len,
					    e->cap - e->len));
}

void enc_int(struct enc *e, int64_t value)
{
	if (value >= 0)
		enc_took(e, cbor_encode_uint((uint64_t)value, e->buf + e->len,
					     e->cap - e->len));
	else
		enc_took(e, cbor_encode_negint((uint64_t)(-1 - value),
					       e->buf + e->len,
					       e->cap - e->len));
}

void enc_bool(struct enc *e, bool value)
{
	enc_took(e, cbor_encode_bool(value, e->buf + e->len,
				     e->cap - e->len));
}

void enc_text(struct enc *e, const char *text)
{
	enc_took(e, cbor_encode_string_start(strlen(text), e->buf + e->len,
					     e->cap - e->len));
	enc_raw(e, text, strlen(text));
}

void enc_bytes(struct enc *e, const void *data, size_t len)
{
	enc_took(e, cbor_encode_bytestring_start(len, e->buf + e->len,
						 e->cap - e->len));
	enc_raw(e, data, len);
}

void enc_raw(struct enc *e, const void *data, size_t len)
{
	if (len > e->cap - e->len) {
		e->overflow = true;
		return;
	}
	if (len)
		memcpy(e->buf + e->len, data, len);
	e->len += len;
}
