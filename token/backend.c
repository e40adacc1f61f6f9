/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/backend.h"

static const struct backend *const backend_table[] = {
	&backend_fido2,
};
#define BACKENDS (sizeof(backend_table) / sizeof(backend_table[0]))

int backend_enrol(
    struct caller *caller, const struct message_enrol *request, struct message_enrolled *ret)
{
	return backend_table[0]->enrol(caller, request, ret);
}

int backend_list(
    struct caller *caller, const struct message_list *request, struct message_listed *ret)
{
	return backend_table[0]->list(caller, request, ret);
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
	return r == TOKEN_ERR_NONE || r == TOKEN_ERR_NOT_ENROLLED || r == TOKEN_ERR_UNSUPPORTED;
}

int backend_derive(
    struct caller *caller, const struct message_derive *request, struct message_derived *ret)
{
	size_t where[TOKEN_CREDENTIALS_MAX];
	struct message_derive part;
	int r = TOKEN_ERR_UNSUPPORTED;

	for (size_t i = 0; i < BACKENDS && backend_try_next(r); i++) {
		backend_select(request, backend_table[i]->kind, &part, where);
		if (part.n == 0)
			continue;
		r = backend_table[i]->derive(caller, &part, ret);
		if (r == 0)
			ret->credential = (uint8_t)where[ret->credential];
	}
	return r;
}
