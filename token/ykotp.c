/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/ykotp.h"

#include <openssl/crypto.h>

#include "token/backend.h"

#define YKOTP_ENROL_TOUCHES 2

_Static_assert(YKOTP_RESPONSE_LEN <= TOKEN_RESPONSE_MAX, "a response holds a digest");

/* Which of the credentials may be this token's: known by the serial number, or
 * not to be told because one of both lacks it. */
enum match {
	MATCH_NO,
	MATCH_PERHAPS,
	MATCH_YES,
};

static enum match ykotp_match(const struct ykotp *y, const struct token_credential *c)
{
	if (c->kind != TOKEN_KIND_YKOTP)
		return MATCH_NO;
	if (y->slots.serial == 0 || c->serial == 0)
		return MATCH_PERHAPS;
	return y->slots.serial == c->serial ? MATCH_YES : MATCH_NO;
}

/* A pair of a token that is plugged in and a credential. */
struct pair {
	int index;
	size_t credential;
	enum match match;
};

/* Of one token: the best of the credentials, counting those that are possible. */
static void ykotp_weigh(const struct ykotp *y, int index, const struct token_credential *c,
    size_t n, struct pair *best, size_t *possible)
{
	enum match match;

	for (size_t i = 0; i < n; i++) {
		match = ykotp_match(y, &c[i]);
		if (match == MATCH_PERHAPS)
			(*possible)++;
		if (match > best->match)
			*best = (struct pair){ index, i, match };
	}
}

/* Find the token to ask, and open it: no touch. TOKEN_ERR_NONE,
 * TOKEN_ERR_NOT_ENROLLED, TOKEN_ERR_SEVERAL where serial numbers don't tell; or why
 * one that is there can't be opened. */
static int ykotp_find(struct ykotp *y, struct caller *caller, const struct token_credential *c,
    size_t n, struct pair *ret)
{
	size_t possible = 0;
	int r = 0, wrong = TOKEN_ERR_NONE;

	*ret = (struct pair){ .match = MATCH_NO };
	for (int i = 0; i < YKOTP_KEYS_MAX; i++) {
		r = ykotp_open(y, i, caller);
		if (r == 0)
			ykotp_weigh(y, i, c, n, ret, &possible);
		if (r == TOKEN_ERR_CANCELLED || ret->match == MATCH_YES)
			return r;
		ykotp_close(y);
		if (r == TOKEN_ERR_NONE)
			break;
		if (r < 0)
			wrong = r;
		else if (wrong == TOKEN_ERR_NONE)
			wrong = TOKEN_ERR_NOT_ENROLLED;
	}
	if (ret->match == MATCH_NO)
		return wrong;
	return possible > 1 ? TOKEN_ERR_SEVERAL : ykotp_open(y, ret->index, caller);
}

static bool ykotp_knows(struct caller *caller, const struct message_derive *request)
{
	_cleanup_(ykotp_close) struct ykotp y = { .caller = caller };
	struct pair pair;

	return ykotp_start(caller) == 0 &&
	       ykotp_find(&y, caller, request->credentials, request->n, &pair) == 0 &&
	       pair.match == MATCH_YES;
}

/* The token that path names must be one of the credentials'. */
static int ykotp_find_path(
    struct ykotp *y, struct caller *caller, const struct message_derive *request, struct pair *ret)
{
	size_t possible = 0;
	int r = ykotp_open_path(y, request->path, caller);

	*ret = (struct pair){ .match = MATCH_NO };
	if (r < 0)
		return r;
	ykotp_weigh(y, 0, request->credentials, request->n, ret, &possible);
	if (ret->match == MATCH_NO)
		return TOKEN_ERR_NOT_ENROLLED;
	return ret->match == MATCH_PERHAPS && possible > 1 ? TOKEN_ERR_SEVERAL : 0;
}

static int ykotp_derive(
    struct caller *caller, const struct message_derive *request, struct message_derived *ret)
{
	_cleanup_(ykotp_close) struct ykotp y = { .caller = caller };
	struct message_touch touch = { .touch = TOKEN_TOUCH_DERIVE, .step = 1, .steps = 1 };
	struct pair pair = { 0 };
	bool touched;
	int r = ykotp_start(caller);

	if (r == 0 && request->path[0] != '\0')
		r = ykotp_find_path(&y, caller, request, &pair);
	else if (r == 0)
		r = ykotp_find(&y, caller, request->credentials, request->n, &pair);
	if (r < 0)
		return r;
	touch.device = y.device;
	touch.credential = (int)pair.credential;
	r = ykotp_challenge(&y, request->salt, &touch, &touched, ret->response.bytes);
	if (r < 0)
		return r;
	ret->response.len = YKOTP_RESPONSE_LEN;
	ret->credential = (uint8_t)pair.credential;
	return touched || request->credentials[pair.credential].without_touch
		   ? 0
		   : TOKEN_ERR_NO_PRESENCE;
}

/* Two answers must agree, and each must take a touch. */
static int ykotp_enrol_test(
    struct ykotp *y, const struct message_enrol *request, struct message_enrolled *ret)
{
	struct message_touch touch = {
		.device = y->device,
		.touch = TOKEN_TOUCH_TEST,
		.steps = YKOTP_ENROL_TOUCHES,
		.credential = -1,
	};
	uint8_t answers[YKOTP_ENROL_TOUCHES][YKOTP_RESPONSE_LEN];
	bool touched;
	int r = 0;

	for (uint8_t i = 0; r == 0 && i < YKOTP_ENROL_TOUCHES; i++) {
		touch.step = (uint8_t)(i + 1);
		r = ykotp_challenge(y, request->salt, &touch, &touched, answers[i]);
		if (r == 0 && !touched && !request->allow_without_touch)
			r = TOKEN_ERR_NO_TOUCH;
		if (r == 0 && !touched)
			ret->enrolment.without_touch = true;
	}
	if (r == 0 && CRYPTO_memcmp(answers[0], answers[1], sizeof(answers[0])) != 0)
		r = TOKEN_ERR_UNSTABLE;
	if (r == 0)
		memcpy(ret->response.bytes, answers[0], sizeof(answers[0]));
	ret->response.len = sizeof(answers[0]);
	explicit_bzero(answers, sizeof(answers));
	return r;
}

static int ykotp_enrol(
    struct caller *caller, const struct message_enrol *request, struct message_enrolled *ret)
{
	_cleanup_(ykotp_close) struct ykotp y = { .caller = caller };
	int r = ykotp_start(caller);

	if (r == 0)
		r = ykotp_open_path(&y, request->path, caller);
	if (r == 0 && request->mode == TOKEN_PIN_REQUIRED)
		r = TOKEN_ERR_NO_PIN_SUPPORT;
	for (size_t i = 0; r == 0 && i < request->n; i++)
		if (ykotp_match(&y, &request->credentials[i]) == MATCH_YES)
			r = TOKEN_ERR_ENROLLED;
	if (r < 0)
		return r;
	ret->enrolment.kind = TOKEN_KIND_YKOTP;
	ret->enrolment.device = y.device;
	ret->enrolment.serial = y.slots.serial;
	return ykotp_enrol_test(&y, request, ret);
}

static void ykotp_list_one(
    const struct ykotp *y, int err, const struct message_list *request, struct token_listed *ret)
{
	struct pair best = { .match = MATCH_NO };
	size_t possible = 0;

	ykotp_weigh(y, 0, request->credentials, request->n, &best, &possible);
	*ret = (struct token_listed){
		.kind = TOKEN_KIND_YKOTP,
		.device = y->device,
		.err = err,
		.hides = best.match == MATCH_PERHAPS,
		.credential = best.match == MATCH_YES ? (int)best.credential : -1,
	};
}

/* Whether it concerns the vault, or could: a token that has nothing in the slot
 * is none, and one that may not be opened matters to those who use such. */
static bool ykotp_is_token(const struct ykotp *y, int err, const struct message_list *request)
{
	bool used = request->path[0] != '\0';

	for (size_t i = 0; i < request->n; i++)
		used = used || request->credentials[i].kind == TOKEN_KIND_YKOTP;
	return used || (err == 0 && y->slots.programmed[YKOTP_SLOT - 1]);
}

static int ykotp_list(
    struct caller *caller, const struct message_list *request, struct message_listed *ret)
{
	int r = ykotp_start(caller);

	for (int i = 0; r == 0 && i < YKOTP_KEYS_MAX && ret->n < TOKEN_LIST_MAX; i++) {
		_cleanup_(ykotp_close) struct ykotp y;

		r = ykotp_open(&y, i, caller);
		if (r == TOKEN_ERR_NONE || r == TOKEN_ERR_CANCELLED)
			break;
		if (ykotp_is_token(&y, r, request))
			ykotp_list_one(&y, r, request, &ret->tokens[ret->n++]);
		r = 0;
	}
	if (r == TOKEN_ERR_CANCELLED)
		return r;
	return ret->n == 0 ? TOKEN_ERR_NONE : 0;
}

int backend_program(
    struct caller *caller, const struct message_program *request, struct message_programmed *ret)
{
	_cleanup_(ykotp_close) struct ykotp y = { .caller = caller };
	int r = ykotp_start(caller);

	if (r == 0)
		r = ykotp_open_path(&y, request->path, caller);
	if (r == 0 && request->mode != TOKEN_PROGRAM_LOOK)
		r = ykotp_program(&y, request->mode == TOKEN_PROGRAM_OVERWRITE);
	ret->device = y.device;
	ret->slots = y.slots;
	return r;
}

const struct backend backend_ykotp = {
	.kind = TOKEN_KIND_YKOTP,
	.enrol = ykotp_enrol,
	.derive = ykotp_derive,
	.list = ykotp_list,
	.knows = ykotp_knows,
};
