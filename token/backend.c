/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/backend.h"

static const struct backend *const backend_table[] = {
	&backend_fido2,
	&backend_ykotp,
};
#define BACKENDS (sizeof(backend_table) / sizeof(backend_table[0]))

static bool backend_is_named(const struct backend *b, const char *path)
{
	bool ykotp = strncmp(path, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) == 0;

	return *path == '\0' || ykotp == (b->kind == TOKEN_KIND_YKOTP);
}

int backend_enrol(
    struct caller *caller, const struct message_enrol *request, struct message_enrolled *ret)
{
	for (size_t i = 0; i < BACKENDS; i++)
		if (backend_is_named(backend_table[i], request->path))
			return backend_table[i]->enrol(caller, request, ret);
	return TOKEN_ERR_UNSUPPORTED;
}

/* The last first: after FIDO2 no other device can be opened. */
int backend_list(
    struct caller *caller, const struct message_list *request, struct message_listed *ret)
{
	int r = TOKEN_ERR_NONE;

	for (size_t i = BACKENDS; i-- > 0;) {
		if (!backend_is_named(backend_table[i], request->path))
			continue;
		r = backend_table[i]->list(caller, request, ret);
		if (r < 0 && r != TOKEN_ERR_NONE)
			break;
	}
	return ret->n > 0 && r == TOKEN_ERR_NONE ? 0 : r;
}

/* The part of a request that concerns one kind; where[i] is the index of its
 * credential i in the whole. */
static void backend_select(const struct message_derive *request, enum token_kind kind,
    struct message_derive *ret, size_t where[static TOKEN_CREDENTIALS_MAX])
{
	*ret = *request;
	ret->n = 0;
	for (size_t i = 0; i < request->n; i++) {
		if (request->credentials[i].kind != kind)
			continue;
		where[ret->n] = i;
		ret->credentials[ret->n++] = request->credentials[i];
	}
}

/* Whether the next kind may have what this one lacks. */
static bool backend_try_next(int r)
{
	return r == TOKEN_ERR_NONE || r == TOKEN_ERR_NOT_ENROLLED;
}

/* Ask one kind for its part of the request. */
static int backend_derive_part(const struct backend *b, struct caller *caller,
    const struct message_derive *request, struct message_derived *ret)
{
	size_t where[TOKEN_CREDENTIALS_MAX];
	struct message_derive part;
	int r;

	backend_select(request, b->kind, &part, where);
	/* Named, and of a kind that the vault doesn't have. */
	if (part.n == 0)
		return part.path[0] != '\0' ? TOKEN_ERR_NOT_ENROLLED : TOKEN_ERR_NONE;
	r = b->derive(caller, &part, ret);
	if (r == 0)
		ret->credential = (uint8_t)where[ret->credential];
	return r;
}

static bool backend_knows(
    const struct backend *b, struct caller *caller, const struct message_derive *request)
{
	size_t where[TOKEN_CREDENTIALS_MAX];
	struct message_derive part;

	backend_select(request, b->kind, &part, where);
	return part.n > 0 && b->knows != NULL && b->knows(caller, &part);
}

int backend_derive(
    struct caller *caller, const struct message_derive *request, struct message_derived *ret)
{
	int r = TOKEN_ERR_NONE, part;

	for (size_t i = 0; i < BACKENDS && request->path[0] == '\0'; i++)
		if (backend_knows(backend_table[i], caller, request))
			return backend_derive_part(backend_table[i], caller, request, ret);
	for (size_t i = 0; i < BACKENDS && backend_try_next(r); i++) {
		if (!backend_is_named(backend_table[i], request->path))
			continue;
		part = backend_derive_part(backend_table[i], caller, request, ret);
		/* "Not one of this vault" says more than "none". */
		if (part != TOKEN_ERR_NONE || r == TOKEN_ERR_NONE)
			r = part;
	}
	return r;
}

int backend_set_pin(
    struct caller *caller, const struct message_set_pin *request, struct token_device *ret)
{
	if (!backend_is_named(&backend_fido2, request->path))
		return TOKEN_ERR_NO_PIN_SUPPORT;
	return fido2_set_pin(caller, request, ret);
}
