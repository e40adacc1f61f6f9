/* SPDX-License-Identifier: BSD-2-Clause */
/* What a token tells of itself (CTAP 2.1, section 6.4), for people. */
#include "token/fido2.h"

#include "token/backend.h"

static void fido2_infop(fido_cbor_info_t **info)
{
	fido_cbor_info_free(info);
}

/* As many of the words as fit, whatever the token put in them. */
static void fido2_join(char *dst, size_t size, char *const *words, size_t n)
{
	char word[TOKEN_INFO_TEXT_MAX];
	size_t at = 0, len;

	for (size_t i = 0; i < n; i++) {
		message_copy_text(word, sizeof(word), words[i]);
		len = strlen(word);
		if (at + 1 + len >= size)
			return;
		if (at > 0)
			dst[at++] = ' ';
		memcpy(dst + at, word, len + 1);
		at += len;
	}
}

static uint64_t fido2_at_most(uint64_t value, uint64_t max)
{
	return value < max ? value : max;
}

static void fido2_describe(struct fido2 *f, const fido_cbor_info_t *info, struct token_info *ret)
{
	memcpy(ret->aaguid, f->aaguid, sizeof(ret->aaguid));
	ret->firmware = (uint32_t)fido2_at_most(fido_cbor_info_fwversion(info), UINT32_MAX);
	fido2_join(ret->versions, sizeof(ret->versions), fido_cbor_info_versions_ptr(info),
	    fido_cbor_info_versions_len(info));
	fido2_join(ret->extensions, sizeof(ret->extensions), fido_cbor_info_extensions_ptr(info),
	    fido_cbor_info_extensions_len(info));
	ret->pin_set = f->pin_set;
	ret->pin_supported = f->pin_supported;
	ret->pin_outdated = fido_cbor_info_new_pin_required(info);
	ret->pin_min = f->pin_min;
	ret->pin_retries = f->pin_set ? fido2_retries(f) : -1;
	ret->uv_builtin = f->uv_builtin;
	ret->uv_always = f->uv_always;
	ret->make_cred_uv_not_rqd = f->make_cred_uv_not_rqd;
	ret->n_pin_protocols =
	    fido2_at_most(fido_cbor_info_protocols_len(info), sizeof(ret->pin_protocols));
	if (ret->n_pin_protocols > 0)
		memcpy(
		    ret->pin_protocols, fido_cbor_info_protocols_ptr(info), ret->n_pin_protocols);
	ret->list_max = (uint16_t)fido2_at_most(fido_cbor_info_maxcredcntlst(info), UINT16_MAX);
}

/* One that insists on user verification, and has none yet, can be enrolled in no
 * way. */
static int fido2_check_use(const struct fido2 *f)
{
	if (!f->hmac_secret)
		return TOKEN_ERR_NO_HMAC_SECRET;
	if (!f->uv_always || f->uv_builtin || f->pin_set)
		return 0;
	return f->pin_supported ? TOKEN_ERR_PIN_NOT_SET : TOKEN_ERR_NO_PIN_SUPPORT;
}

int fido2_inform(struct caller *caller, const struct message_info *request, struct token_info *ret)
{
	_cleanup_(fido2_close) struct fido2 f = { .hid.fd = -1 };
	_cleanup_(fido2_infop) fido_cbor_info_t *info = fido_cbor_info_new();
	int r = fido2_open_only(&f, request->path, caller);

	if (info == NULL)
		return TOKEN_ERR_INTERNAL;
	ret->device = f.device;
	if (*ret->device.path == '\0')
		message_copy_text(ret->device.path, sizeof(ret->device.path), request->path);
	if (r == 0 || r == TOKEN_ERR_NO_HMAC_SECRET)
		r = fido2_get_info(&f, info);
	if (r == 0)
		fido2_describe(&f, info, ret);
	if (caller_cancelled(caller))
		return TOKEN_ERR_CANCELLED;
	ret->known = r == 0;
	ret->err = r == 0 ? fido2_check_use(&f) : r;
	return 0;
}
