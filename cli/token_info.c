/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/token_info.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/terminal.h"
#include "token/token.h"

#define UUID_MAX 37

static const char *uuid_of(const uint8_t aaguid[static TOKEN_AAGUID_LEN], char buf[static UUID_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < TOKEN_AAGUID_LEN; i++) {
		const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

		at += (size_t)snprintf(buf + at, UUID_MAX - at, "%s%02x", dash, aaguid[i]);
	}
	return buf;
}

#define ROW "%-17s "

static void print_row(const char *name, const char *value)
{
	out(ROW "%s\n", name, *value == '\0' ? "-" : value);
}

static void print_bool(const char *name, bool value)
{
	print_row(name, value ? "yes" : "no");
}

static void print_pin(const struct token_info *t)
{
	if (!t->pin_supported) {
		print_row("PIN", "not supported");
		return;
	}
	out(ROW "%s, at least %u characters", "PIN", t->pin_set ? "set" : "not set", t->pin_min);
	if (t->pin_retries == 0)
		out(", blocked");
	else if (t->pin_retries > 0)
		out(", %d %s left", t->pin_retries, t->pin_retries == 1 ? "try" : "tries");
	out("%s\n", t->pin_outdated ? ", to be changed before its use" : "");
}

static void print_known(const struct token_info *t)
{
	char uuid[UUID_MAX];

	print_row("AAGUID", uuid_of(t->aaguid, uuid));
	if (t->firmware != 0)
		out(ROW "0x%x\n", "firmware", t->firmware);
	else
		print_row("firmware", "");
	print_row("versions", t->versions);
	print_row("extensions", t->extensions);
	print_pin(t);
	out(ROW, "PIN protocols");
	for (size_t i = 0; i < t->n_pin_protocols; i++)
		out("%s%u", i > 0 ? " " : "", t->pin_protocols[i]);
	out(t->n_pin_protocols > 0 ? "\n" : "-\n");
	print_bool("built-in UV", t->uv_builtin);
	print_bool("alwaysUv", t->uv_always);
	print_bool("makeCredUvNotRqd", t->make_cred_uv_not_rqd);
	if (t->list_max > 0)
		out(ROW "%u\n", "max credentials", t->list_max);
	else
		print_row("max credentials", "");
}

static void print_text(const struct token_info *t)
{
	print_row("device", t->device.path);
	print_row("product", t->device.product);
	if (t->known)
		print_known(t);
	if (t->err == 0)
		print_row("vault",
		    t->known
			? "can be one of its tokens"
			: "can be one of its tokens, if slot 2 is for HMAC challenge-response");
	else
		out(ROW "can't be one of its tokens: %s\n", "vault", token_strerror(t->err));
}

static json_t *words_json(const char *words)
{
	json_t *a = json_array();

	for (size_t len; *words != '\0'; words += len + (words[len] != '\0')) {
		len = strcspn(words, " ");
		if (len > 0)
			(void)json_array_append_new(a, json_stringn(words, len));
	}
	return a;
}

static json_t *protocols_json(const struct token_info *t)
{
	json_t *a = json_array();

	for (size_t i = 0; i < t->n_pin_protocols; i++)
		(void)json_array_append_new(a, json_integer(t->pin_protocols[i]));
	return a;
}

/* What 0, or -1, stands for is that it isn't told. */
static json_t *number_json(int n, int untold)
{
	return n == untold ? json_null() : json_integer(n);
}

static json_t *known_json(const struct token_info *t)
{
	char uuid[UUID_MAX];

	return json_pack("{s:s,s:o,s:o,s:o,s:b,s:b,s:i,s:o,s:b,s:o,s:b,s:b,s:b,s:o}", "aaguid",
	    uuid_of(t->aaguid, uuid), "firmware",
	    t->firmware == 0 ? json_null() : json_integer(t->firmware), "versions",
	    words_json(t->versions), "extensions", words_json(t->extensions), "pin_supported",
	    t->pin_supported, "pin_set", t->pin_set, "pin_min", t->pin_min, "pin_tries",
	    number_json(t->pin_retries, -1), "pin_outdated", t->pin_outdated, "pin_protocols",
	    protocols_json(t), "uv_builtin", t->uv_builtin, "uv_always", t->uv_always,
	    "make_cred_uv_not_rqd", t->make_cred_uv_not_rqd, "max_credentials",
	    number_json(t->list_max, 0));
}

static json_t *info_json(const struct token_info *t)
{
	json_t *o = json_pack("{s:o,s:o,s:s?}", "device", text_json(t->device.path), "product",
	    text_json(t->device.product), "error", t->err == 0 ? NULL : token_strerror(t->err));

	if (t->known)
		(void)json_object_update_new(o, known_json(t));
	return o;
}

static int print_all(const struct app *app, const struct token_info *infos, size_t n)
{
	json_t *a = app->json ? json_array() : NULL;

	for (size_t i = 0; i < n; i++) {
		if (app->json) {
			(void)json_array_append_new(a, info_json(&infos[i]));
			continue;
		}
		out("%s", i > 0 ? "\n" : "");
		print_text(&infos[i]);
	}
	return app->json ? out_json(app, a) : out_done(app);
}

/* The HMAC slot of a YubiKey has nothing of what is shown here, and tells whether
 * there is something in it, but not what. */
static int read_slot(const struct token_listed *listed, int cancel_fd, struct token_info *ret)
{
	struct token_slots slots;
	int r =
	    token_program(listed->device.path, TOKEN_PROGRAM_LOOK, cancel_fd, &ret->device, &slots);

	if (r == TOKEN_ERR_CANCELLED)
		return r;
	ret->device = listed->device;
	ret->err = r == 0 && !slots.programmed[1] ? TOKEN_ERR_SLOT : r;
	ret->known = false;
	return 0;
}

/* One question for the list, and one a token: a message has room for one. */
static int read_all(
    const char *device, int cancel_fd, struct token_info ret[static TOKEN_LIST_MAX], size_t *ret_n)
{
	struct token_listed listed[TOKEN_LIST_MAX];
	size_t n = 0;
	int r = token_list(device, NULL, 0, cancel_fd, listed, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = listed[i].kind == TOKEN_KIND_YKOTP
			? read_slot(&listed[i], cancel_fd, &ret[i])
			: token_read_info(listed[i].device.path, cancel_fd, &ret[i]);
	/* One that was named is what the command is about. */
	if (r == 0 && device != NULL && !ret[0].known)
		r = ret[0].err;
	*ret_n = n;
	return r;
}

int token_info_print(const struct app *app)
{
	struct token_info infos[TOKEN_LIST_MAX];
	size_t n;
	int r = read_all(app->device, terminal_catch(), infos, &n);

	terminal_release();
	return r == 0 ? print_all(app, infos, n) : fail_token(app, r, -1);
}
