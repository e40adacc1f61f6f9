/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/fido2.h"

#include "token/confine.h"
#include "token/device.h"

#define FIDO2_BUSY_TRIES 20
#define FIDO2_BUSY_PAUSE_MS 50

static void fido2_cbor_infop(fido_cbor_info_t **info)
{
	fido_cbor_info_free(info);
}

static bool fido2_has_extension(const fido_cbor_info_t *info, const char *name)
{
	char **extensions = fido_cbor_info_extensions_ptr(info);

	for (size_t i = 0; i < fido_cbor_info_extensions_len(info); i++)
		if (strcmp(extensions[i], name) == 0)
			return true;
	return false;
}

static bool fido2_has_option(const fido_cbor_info_t *info, const char *name)
{
	char **names = fido_cbor_info_options_name_ptr(info);
	const bool *values = fido_cbor_info_options_value_ptr(info);

	for (size_t i = 0; i < fido_cbor_info_options_len(info); i++)
		if (strcmp(names[i], name) == 0)
			return values[i];
	return false;
}

/* Not told: the least that CTAP 2.1 has, section 6.4. */
static uint8_t fido2_pin_min(uint64_t told)
{
	if (told < TOKEN_PIN_MIN)
		return TOKEN_PIN_MIN;
	return told < TOKEN_PIN_MAX ? (uint8_t)told : TOKEN_PIN_MAX;
}

/* libfido2 asked for it already when it opened the device; the transport
 * answers from its record, so this costs no transaction. */
int fido2_get_info(struct fido2 *f, fido_cbor_info_t *ret)
{
	hid_begin(&f->hid, NULL, false);
	return fido2_result(f, fido_dev_get_cbor_info(f->dev, ret));
}

static int fido2_read_info(struct fido2 *f)
{
	_cleanup_(fido2_cbor_infop) fido_cbor_info_t *info = fido_cbor_info_new();
	int r;

	if (info == NULL)
		return TOKEN_ERR_INTERNAL;
	r = fido2_get_info(f, info);
	if (r < 0)
		return r;
	f->pin_set = fido_dev_has_pin(f->dev);
	f->pin_supported = fido_dev_supports_pin(f->dev);
	f->uv_builtin = fido_dev_has_uv(f->dev);
	f->uv_always = fido2_has_option(info, "alwaysUv");
	f->make_cred_uv_not_rqd = fido2_has_option(info, "makeCredUvNotRqd");
	f->pin_to_make = f->pin_set && !f->make_cred_uv_not_rqd;
	f->pin_min = fido2_pin_min(fido_cbor_info_minpinlen(info));
	f->hmac_secret = fido2_has_extension(info, "hmac-secret");
	f->cred_protect = fido2_has_extension(info, "credProtect");
	/* Not told: CTAP 2.1, section 6.4, lets the platform assume one. */
	f->list_max = fido_cbor_info_maxcredcntlst(info);
	if (f->list_max == 0)
		f->list_max = TOKEN_CREDENTIALS_MAX;
	if (fido_cbor_info_aaguid_len(info) == sizeof(f->aaguid))
		memcpy(f->aaguid, fido_cbor_info_aaguid_ptr(info), sizeof(f->aaguid));
	return 0;
}

/* Another program may be in the middle of something on it, or have been killed
 * there: as with the lock of hid_open, give it a second. */
static int fido2_connect(struct fido2 *f)
{
	int r = TOKEN_ERR_BUSY;

	for (int i = 0; i < FIDO2_BUSY_TRIES && r == TOKEN_ERR_BUSY; i++) {
		if (i > 0)
			caller_pause(f->caller, FIDO2_BUSY_PAUSE_MS);
		/* A new one each time: libfido2 opens none again that got as far
		 * as its channel. */
		fido_dev_free(&f->dev);
		f->dev = fido_dev_new();
		if (f->dev == NULL)
			return TOKEN_ERR_INTERNAL;
		hid_begin(&f->hid, NULL, false);
		r = fido2_result(f, hid_connect(&f->hid, f->dev));
	}
	return r;
}

int fido2_open(struct fido2 *f, const char *path, struct caller *caller)
{
	int r;

	*f = (struct fido2){ .caller = caller, .hid.fd = -1 };
	r = hid_open(path, caller, &f->hid);
	if (r < 0)
		return r;
	message_copy_text(f->device.path, sizeof(f->device.path), path);
	device_product(f->hid.fd, f->device.product);
	r = fido2_connect(f);
	if (r < 0)
		return r;
	if (!fido_dev_is_fido2(f->dev))
		return TOKEN_ERR_U2F_ONLY;
	r = fido2_read_info(f);
	if (r < 0)
		return r;
	return f->hmac_secret ? 0 : TOKEN_ERR_NO_HMAC_SECRET;
}

int fido2_open_only(struct fido2 *f, const char *path, struct caller *caller)
{
	struct device_list list = { .n = 1 };
	int r = path[0] != '\0' ? 0 : device_list(&list);

	if (r == 0 && list.n > 1)
		r = TOKEN_ERR_SEVERAL;
	if (path[0] == '\0')
		path = list.devices[0].path;
	if (r == 0)
		r = confine_devices(&path, 1);
	return r < 0 ? r : fido2_open(f, path, caller);
}

void fido2_close(struct fido2 *f)
{
	if (f->dev != NULL) {
		(void)fido_dev_close(f->dev);
		fido_dev_free(&f->dev);
	}
	hid_close(&f->hid);
	explicit_bzero(f, sizeof(*f));
	f->hid.fd = -1;
}

static int fido2_error(int r)
{
	switch (r) {
	case FIDO_OK:
		return 0;
	case FIDO_ERR_CREDENTIAL_EXCLUDED:
		return TOKEN_ERR_ENROLLED;
	case FIDO_ERR_NO_CREDENTIALS:
	case FIDO_ERR_INVALID_CREDENTIAL:
		return TOKEN_ERR_NOT_ENROLLED;
	case FIDO_ERR_ACTION_TIMEOUT:
	case FIDO_ERR_USER_ACTION_TIMEOUT:
		return TOKEN_ERR_TIMEOUT;
	case FIDO_ERR_OPERATION_DENIED:
	case FIDO_ERR_NOT_ALLOWED:
		return TOKEN_ERR_REFUSED;
	case FIDO_ERR_KEEPALIVE_CANCEL:
		return TOKEN_ERR_CANCELLED;
	case FIDO_ERR_PIN_REQUIRED:
		return TOKEN_ERR_PIN_REQUIRED;
	case FIDO_ERR_PIN_INVALID:
		return TOKEN_ERR_PIN_INVALID;
	case FIDO_ERR_PIN_AUTH_BLOCKED:
		return TOKEN_ERR_PIN_AUTH_BLOCKED;
	case FIDO_ERR_PIN_BLOCKED:
		return TOKEN_ERR_PIN_BLOCKED;
	case FIDO_ERR_PIN_NOT_SET:
		return TOKEN_ERR_PIN_NOT_SET;
	case FIDO_ERR_PIN_POLICY_VIOLATION:
		return TOKEN_ERR_PIN_POLICY;
	case FIDO_ERR_UV_BLOCKED:
	case FIDO_ERR_UV_INVALID:
		return TOKEN_ERR_UV_FAILED;
	case FIDO_ERR_UNSUPPORTED_EXTENSION:
		return TOKEN_ERR_NO_HMAC_SECRET;
	case FIDO_ERR_CHANNEL_BUSY:
		return TOKEN_ERR_BUSY;
	case FIDO_ERR_INVALID_SIG:
		return TOKEN_ERR_BAD_SIGNATURE;
	case FIDO_ERR_INTERNAL:
		return TOKEN_ERR_INTERNAL;
	default:
		return TOKEN_ERR_FAILED;
	}
}

int fido2_retries(struct fido2 *f)
{
	int r, retries = -1;

	hid_begin(&f->hid, NULL, false);
	r = fido_dev_get_retry_count(f->dev, &retries);
	(void)hid_end(&f->hid);
	return r == FIDO_OK && retries >= 0 && retries < UINT8_MAX ? retries : -1;
}

int fido2_result(struct fido2 *f, int r)
{
	int cause = hid_end(&f->hid), err = fido2_error(r);

	if (err == 0)
		return 0;
	if (cause != TOKEN_OK)
		return cause;
	if (err == TOKEN_ERR_PIN_INVALID || err == TOKEN_ERR_PIN_AUTH_BLOCKED)
		f->caller->pin_retries = fido2_retries(f);
	return err;
}

int fido2_ask_pin(struct fido2 *f)
{
	const struct token_pin_request request = {
		.device = f->device,
		.which = TOKEN_PIN_CURRENT,
		.retries = -1,
		.pin_min = TOKEN_PIN_MIN,
	};
	int r = 0;

	if (!f->pin_known)
		r = caller_pin(f->caller, &request, f->pin);
	f->pin_known = r == 0;
	return r;
}

int fido2_prepare_uv(struct fido2 *f)
{
	if (f->uv_builtin)
		return 0;
	if (f->pin_set)
		return fido2_ask_pin(f);
	return f->pin_supported ? TOKEN_ERR_PIN_NOT_SET : TOKEN_ERR_NO_PIN_SUPPORT;
}
