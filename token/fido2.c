/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/fido2.h"

#include <openssl/crypto.h>

#include "token/backend.h"
#include "token/confine.h"
#include "token/device.h"

_Static_assert(FIDO2_SECRET_LEN <= TOKEN_RESPONSE_MAX, "a response holds a secret");

/* Some of a request's credentials; where[i] is the index of c[i] in it. */
struct fido2_set {
	size_t n;
	bool sure; /* the token said that it knows it */
	struct token_credential c[TOKEN_CREDENTIALS_MAX];
	size_t where[TOKEN_CREDENTIALS_MAX];
};

static void fido2_select(const struct message_derive *request, bool uv, struct fido2_set *ret)
{
	ret->n = 0;
	ret->sure = false;
	for (size_t i = 0; i < request->n; i++) {
		if (request->credentials[i].uv != uv)
			continue;
		ret->c[ret->n] = request->credentials[i];
		ret->where[ret->n++] = i;
	}
}

/* A credential that wants verification hides from a probe, and its PIN must not
 * be asked on a token that can't have it: one of another model. */
static void fido2_drop_other_models(const struct fido2 *f, struct fido2_set *set)
{
	static const uint8_t unknown[TOKEN_AAGUID_LEN];
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (memcmp(f->aaguid, unknown, sizeof(unknown)) != 0 &&
		    memcmp(set->c[i].aaguid, unknown, sizeof(unknown)) != 0 &&
		    memcmp(set->c[i].aaguid, f->aaguid, sizeof(f->aaguid)) != 0)
			continue;
		set->c[n] = set->c[i];
		set->where[n++] = set->where[i];
	}
	set->n = n;
}

static size_t fido2_chunk(const struct fido2 *f, const struct fido2_set *set, size_t from)
{
	return set->n - from < f->list_max ? set->n - from : f->list_max;
}

/* Ask without a touch which credential the token knows, and leave only that
 * one in set. Finds nothing where a token hides its credentials (credProtect,
 * alwaysUv), so "no" means "perhaps". */
static int fido2_probe(struct fido2 *f, struct fido2_set *set)
{
	const struct fido2_ask ask = { .touch = NULL };
	_cleanup_fido2_answer_ struct fido2_answer answer;
	size_t hit;
	int r = TOKEN_ERR_NOT_ENROLLED;

	for (size_t i = 0; i < set->n; i += f->list_max) {
		r = fido2_assert(f, set->c + i, fido2_chunk(f, set, i), &ask, &answer);
		if (r == 0) {
			hit = i + answer.credential;
			set->c[0] = set->c[hit];
			set->where[0] = set->where[hit];
			set->n = 1;
			set->sure = true;
			return 0;
		}
		if (r == TOKEN_ERR_CANCELLED || r == TOKEN_ERR_UNPLUGGED)
			break;
	}
	return r;
}

/* The fingerprint that isn't recognised: the PIN will do. */
static int fido2_assert_verified(struct fido2 *f, const struct token_credential *credentials,
    size_t n, const struct fido2_ask *ask, struct fido2_answer *ret)
{
	int r = fido2_assert(f, credentials, n, ask, ret);

	if (r != TOKEN_ERR_UV_FAILED || !ask->uv || f->pin_known || !f->pin_set)
		return r;
	r = fido2_ask_pin(f);
	return r < 0 ? r : fido2_assert(f, credentials, n, ask, ret);
}

/* A token that was enrolled did as its credential wants: it was changed. */
static int fido2_since_enrolment(int r, bool uv)
{
	if (r == TOKEN_ERR_PIN_NOT_SET)
		return TOKEN_ERR_PIN_REMOVED;
	return r == TOKEN_ERR_PIN_REQUIRED && !uv ? TOKEN_ERR_PIN_DEMANDED : r;
}

static int fido2_derive_set(struct fido2 *f, const struct fido2_set *set, bool uv,
    const uint8_t salt[static TOKEN_SALT_LEN], struct message_derived *ret)
{
	struct message_touch touch = {
		.device = f->device,
		.touch = TOKEN_TOUCH_DERIVE,
		.step = f->chosen ? 2 : 1,
		.steps = f->chosen ? 2 : 1,
		.credential = set->sure ? (int)set->where[0] : -1,
	};
	const struct fido2_ask ask = { .touch = &touch, .uv = uv, .salt = salt };
	_cleanup_fido2_answer_ struct fido2_answer answer;
	int r = uv ? fido2_prepare_uv(f) : 0;

	if (!uv && f->uv_always)
		return TOKEN_ERR_PIN_DEMANDED;
	if (r < 0)
		return fido2_since_enrolment(r, uv);
	for (size_t i = 0; i < set->n; i += f->list_max) {
		r = fido2_assert_verified(f, set->c + i, fido2_chunk(f, set, i), &ask, &answer);
		if (r == TOKEN_ERR_NOT_ENROLLED)
			continue;
		if (r < 0)
			break;
		ret->credential = (uint8_t)set->where[i + answer.credential];
		memcpy(ret->response.bytes, answer.secret, sizeof(answer.secret));
		ret->response.len = sizeof(answer.secret);
		return 0;
	}
	return fido2_since_enrolment(r, uv);
}

/* One assertion with all the credentials, unless some are with user
 * verification and some without, or they are more than the token takes. */
static int fido2_derive_here(
    struct fido2 *f, const struct message_derive *request, struct message_derived *ret)
{
	struct fido2_set plain, verified;
	int r;

	fido2_select(request, false, &plain);
	fido2_select(request, true, &verified);
	fido2_drop_other_models(f, &verified);
	if (plain.n > 0 && (verified.n > 0 || plain.n > f->list_max)) {
		r = fido2_probe(f, &plain);
		if (r == TOKEN_ERR_CANCELLED || r == TOKEN_ERR_UNPLUGGED)
			return r;
		if (r < 0 && verified.n > 0)
			plain.n = 0;
	}
	if (plain.n > 0)
		return fido2_derive_set(f, &plain, false, request->salt, ret);
	if (verified.n == 0)
		return TOKEN_ERR_NOT_ENROLLED;
	return fido2_derive_set(f, &verified, true, request->salt, ret);
}

/* Whether a token that was probed in vain may be the right one all the same. */
static bool fido2_may_hide(const struct fido2 *f, const struct message_derive *request)
{
	struct fido2_set verified;

	fido2_select(request, true, &verified);
	fido2_drop_other_models(f, &verified);
	return f->uv_always || verified.n > 0;
}

/* Several are plugged in: open the one that knows a credential. If none says so,
 * and only one may be hiding it, that one; of several the touched one. */
static int fido2_open_enrolled(struct fido2 *f, struct caller *caller,
    const struct device_list *list, const struct message_derive *request)
{
	const char *hiding[DEVICE_LIST_MAX];
	struct fido2_set plain;
	size_t n = 0, chosen = 0;
	int r;

	for (size_t i = 0; i < list->n; i++) {
		fido2_select(request, false, &plain);
		r = fido2_open(f, list->devices[i].path, caller);
		if (r == 0 && fido2_may_hide(f, request))
			hiding[n++] = list->devices[i].path;
		if (r == 0)
			r = plain.n > 0 ? fido2_probe(f, &plain) : TOKEN_ERR_NOT_ENROLLED;
		if (r == 0 || r == TOKEN_ERR_CANCELLED)
			return r;
		fido2_close(f);
	}
	if (n == 0)
		return list->denied ? TOKEN_ERR_PERMISSION : TOKEN_ERR_NOT_ENROLLED;
	r = n > 1 ? fido2_choose(caller, hiding, n, &chosen) : 0;
	if (r == 0)
		r = fido2_open(f, hiding[chosen], caller);
	f->chosen = n > 1;
	return r;
}

_Static_assert(DEVICE_LIST_MAX <= CONFINE_DEVICES_MAX, "all that is found can be opened");
_Static_assert(DEVICE_LIST_MAX <= TOKEN_LIST_MAX, "all that is found can be told");

/* request is NULL at enrolment: then nothing tells several apart. */
static int fido2_open_one(
    struct fido2 *f, struct caller *caller, const char *path, const struct message_derive *request)
{
	const char *paths[DEVICE_LIST_MAX] = { path };
	struct device_list list = { .n = 1 };
	int r = path[0] != '\0' ? 0 : device_list(&list);

	for (size_t i = 0; r == 0 && path[0] == '\0' && i < list.n; i++)
		paths[i] = list.devices[i].path;
	if (r == 0)
		r = confine_devices(paths, list.n);
	if (r < 0)
		return r;
	if (path[0] != '\0')
		return fido2_open(f, path, caller);
	if (list.n == 1)
		return fido2_open(f, list.devices[0].path, caller);
	return request != NULL ? fido2_open_enrolled(f, caller, &list, request) : TOKEN_ERR_SEVERAL;
}

static int fido2_derive(
    struct caller *caller, const struct message_derive *request, struct message_derived *ret)
{
	_cleanup_(fido2_close) struct fido2 f = { .hid.fd = -1 };
	int r = fido2_open_one(&f, caller, request->path, request);

	return r < 0 ? r : fido2_derive_here(&f, request, ret);
}

/* Whether the credential is to be made with user verification. */
static int fido2_choose_uv(struct fido2 *f, enum token_pin_mode mode, bool *ret)
{
	switch (mode) {
	case TOKEN_PIN_NEVER:
		*ret = false;
		return f->uv_always ? TOKEN_ERR_ALWAYS_UV : 0;
	case TOKEN_PIN_IF_SET:
		*ret = f->pin_set || f->uv_builtin || f->uv_always;
		return *ret ? fido2_prepare_uv(f) : 0;
	case TOKEN_PIN_REQUIRED:
		*ret = true;
		return fido2_prepare_uv(f);
	}
	return TOKEN_ERR_INTERNAL;
}

static int fido2_enrol_make(
    struct fido2 *f, bool uv, const struct message_enrol *request, struct token_enrolment *ret)
{
	const struct message_touch touch = {
		.device = f->device,
		.touch = TOKEN_TOUCH_ENROL,
		.step = 1,
		.steps = 3,
		.credential = -1,
	};
	int r = f->pin_to_make && !f->uv_builtin ? fido2_ask_pin(f) : 0;

	if (r < 0)
		return r;
	r = fido2_make_credential(f, uv, request, &touch, ret);
	/* With built-in verification that fails, the PIN will do. */
	if ((r == TOKEN_ERR_UV_FAILED || r == TOKEN_ERR_PIN_REQUIRED) && f->pin_set &&
	    !f->pin_known) {
		r = fido2_ask_pin(f);
		if (r == 0)
			r = fido2_make_credential(f, uv, request, &touch, ret);
	}
	return r;
}

/* Two assertions must agree; the answer is the second's. */
static int fido2_enrol_test(struct fido2 *f, const struct token_credential *credential,
    const uint8_t salt[static TOKEN_SALT_LEN], struct message_response *ret)
{
	_cleanup_fido2_answer_ struct fido2_answer first, again;
	struct message_touch touch = {
		.device = f->device,
		.touch = TOKEN_TOUCH_TEST,
		.step = 2,
		.steps = 3,
		.credential = -1,
	};
	const struct fido2_ask ask = { .touch = &touch, .uv = credential->uv, .salt = salt };
	int r = fido2_assert_verified(f, credential, 1, &ask, &first);

	touch.step = 3;
	if (r == 0)
		r = fido2_assert_verified(f, credential, 1, &ask, &again);
	if (r < 0)
		return r == TOKEN_ERR_NOT_ENROLLED ? TOKEN_ERR_UNSTABLE : r;
	if (CRYPTO_memcmp(first.secret, again.secret, sizeof(again.secret)) != 0)
		return TOKEN_ERR_UNSTABLE;
	memcpy(ret->bytes, again.secret, sizeof(again.secret));
	ret->len = sizeof(again.secret);
	return 0;
}

/* Does the token give the secret to whoever asks without a touch? Seen on an
 * open-source firmware. Any failure is the right answer. */
static int fido2_enrol_probe(struct fido2 *f, const struct token_credential *credential,
    const uint8_t salt[static TOKEN_SALT_LEN], bool *ret_without_touch)
{
	const struct fido2_ask ask = { .touch = NULL, .uv = credential->uv, .salt = salt };
	_cleanup_fido2_answer_ struct fido2_answer answer = { 0 };
	int r = fido2_assert(f, credential, 1, &ask, &answer);

	*ret_without_touch = r == 0 && answer.secret_given;
	return r == TOKEN_ERR_CANCELLED || r == TOKEN_ERR_UNPLUGGED ? r : 0;
}

static int fido2_enrol_here(
    struct fido2 *f, const struct message_enrol *request, struct message_enrolled *ret)
{
	struct token_enrolment *enrolment = &ret->enrolment;
	struct token_credential credential = { .kind = TOKEN_KIND_FIDO2 };
	int r;

	r = fido2_choose_uv(f, request->mode, &credential.uv);
	if (r == 0)
		r = fido2_enrol_make(f, credential.uv, request, enrolment);
	if (r < 0)
		return r;
	credential.id = enrolment->id;
	credential.id_len = enrolment->id_len;
	memcpy(credential.public_key, enrolment->public_key, sizeof(credential.public_key));
	r = fido2_enrol_test(f, &credential, request->salt, &ret->response);
	if (r == 0)
		r = fido2_enrol_probe(f, &credential, request->salt, &enrolment->without_touch);
	if (r == 0 && enrolment->without_touch && !request->allow_without_touch)
		r = TOKEN_ERR_NO_TOUCH;
	return r;
}

static int fido2_enrol(
    struct caller *caller, const struct message_enrol *request, struct message_enrolled *ret)
{
	_cleanup_(fido2_close) struct fido2 f = { .hid.fd = -1 };
	int r = fido2_open_one(&f, caller, request->path, NULL);

	return r < 0 ? r : fido2_enrol_here(&f, request, ret);
}

static void fido2_list_one(struct fido2 *f, struct caller *caller, const char *path,
    const struct message_list *request, struct token_listed *ret)
{
	struct message_derive all = { .n = request->n };
	struct fido2_set plain;

	ret->kind = TOKEN_KIND_FIDO2;
	message_copy_text(ret->device.path, sizeof(ret->device.path), path);
	ret->credential = -1;
	ret->err = fido2_open(f, path, caller);
	if (ret->err != 0)
		return;
	ret->device = f->device;
	memcpy(ret->aaguid, f->aaguid, sizeof(ret->aaguid));
	ret->pin_set = f->pin_set;
	ret->pin_supported = f->pin_supported;
	ret->uv_builtin = f->uv_builtin;
	ret->uv_always = f->uv_always;
	memcpy(all.credentials, request->credentials, sizeof(all.credentials));
	fido2_select(&all, true, &plain);
	fido2_drop_other_models(f, &plain);
	ret->hides = f->uv_always || plain.n > 0;
	fido2_select(&all, false, &plain);
	if (plain.n > 0 && fido2_probe(f, &plain) == 0)
		ret->credential = (int)plain.where[0];
}

static int fido2_list(
    struct caller *caller, const struct message_list *request, struct message_listed *ret)
{
	const char *paths[DEVICE_LIST_MAX] = { request->path };
	struct device_list list = { .n = 1 };
	int r = request->path[0] != '\0' ? 0 : device_list(&list);

	for (size_t i = 0; r == 0 && request->path[0] == '\0' && i < list.n; i++)
		paths[i] = list.devices[i].path;
	if (r == 0)
		r = confine_devices(paths, list.n);
	for (size_t i = 0; r == 0 && i < list.n && ret->n < TOKEN_LIST_MAX; i++) {
		struct fido2 f = { .hid.fd = -1 };

		fido2_list_one(&f, caller, paths[i], request, &ret->tokens[ret->n++]);
		fido2_close(&f);
		if (caller_cancelled(caller))
			r = TOKEN_ERR_CANCELLED;
	}
	return r;
}

const struct backend backend_fido2 = {
	.kind = TOKEN_KIND_FIDO2,
	.enrol = fido2_enrol,
	.derive = fido2_derive,
	.list = fido2_list,
};
