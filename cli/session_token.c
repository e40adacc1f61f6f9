/* SPDX-License-Identifier: BSD-2-Clause */
/* A token that becomes one of a vault's: of a new vault, or of one that is
 * unlocked. */
#include "cli/session_token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/advice.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/touch.h"
#include "vault/cleanup.h"

bool session_human_name_valid(const char *name)
{
	return *name != '\0' && strlen(name) <= VAULT_HUMAN_NAME_MAX &&
	       vault_label_valid("name", name);
}

const char *session_own_host_name(char buf[static VAULT_HUMAN_NAME_MAX + 1])
{
	/* Cut off without a NUL, if it is longer. */
	buf[VAULT_HUMAN_NAME_MAX] = '\0';
	if (gethostname(buf, VAULT_HUMAN_NAME_MAX) != 0 || !session_human_name_valid(buf))
		return "this-host";
	return buf;
}

int session_new_check(const struct app *app, const struct session_new *new)
{
	if (strcmp(new->pin_mode, "if-set") != 0 && strcmp(new->pin_mode, "required") != 0 &&
	    strcmp(new->pin_mode, "never") != 0)
		return fail(
		    app, STATUS_USAGE, "not a value of --pin; use if-set, required or never");
	if (!session_human_name_valid(new->token_name))
		return fail(app, STATUS_USAGE,
		    "not a well-formed token name; use 1 to %d bytes of printable text",
		    VAULT_HUMAN_NAME_MAX);
	return STATUS_OK;
}

static enum token_pin_mode pin_mode_of(const char *word)
{
	if (strcmp(word, "required") == 0)
		return TOKEN_PIN_REQUIRED;
	return strcmp(word, "never") == 0 ? TOKEN_PIN_NEVER : TOKEN_PIN_IF_SET;
}

/* Those that a further token must not know; none for a new vault. */
static size_t exclude(
    const struct vault *v, bool all, struct token_credential ret[static TOKEN_CREDENTIALS_MAX])
{
	const struct vault_token_info *tokens;
	size_t n = all ? vault_tokens(v, &tokens) : 0;

	for (size_t i = 0; i < n; i++)
		ret[i] = session_credential(&tokens[i]);
	return n;
}

static void fill(const struct session_new *new, struct session_enrolled *e)
{
	e->token = (struct vault_new_token){
		.kind = e->enrolment.kind == TOKEN_KIND_YKOTP ? VAULT_SLOT_YKOTP : VAULT_SLOT_FIDO2,
		.uv = e->enrolment.uv,
		.passphrase = e->response->passphrase_len > 0,
		.without_touch = e->enrolment.without_touch,
		.credential_id = e->enrolment.id,
		.credential_id_len = e->enrolment.id_len,
		.name = new->token_name,
		.product = e->enrolment.device.product,
		.serial = e->serial,
	};
	if (e->enrolment.serial != 0)
		(void)snprintf(e->serial, sizeof(e->serial), "%u", (unsigned)e->enrolment.serial);
	memcpy(e->token.public_key, e->enrolment.public_key, sizeof(e->token.public_key));
	memcpy(e->token.aaguid, e->enrolment.aaguid, sizeof(e->token.aaguid));
}

#define PASSPHRASE_HINT "run touchvault on a terminal, or go without it with --no-passphrase"

/* Twice the same, or *ret_differ. */
static int ask_twice(const struct app *app, struct vault_response *ret,
    struct vault_response *again, bool *ret_differ)
{
	int r = terminal_ask(app, "New passphrase for the token, asked for with each touch: ", true,
	    PASSPHRASE_HINT, ret->passphrase, sizeof(ret->passphrase), &ret->passphrase_len);

	if (r == 0 && ret->passphrase_len == 0)
		return fail(app, STATUS_USAGE,
		    "an empty passphrase is none; leave it out with --no-passphrase");
	if (r == 0)
		r = terminal_ask(app, "The same passphrase again: ", true, PASSPHRASE_HINT,
		    again->passphrase, sizeof(again->passphrase), &again->passphrase_len);
	*ret_differ = r == 0 && (again->passphrase_len != ret->passphrase_len ||
				    sodium_memcmp(again->passphrase, ret->passphrase,
					ret->passphrase_len) != 0);
	return r;
}

/* Of a YubiKey's slot, which gives its response to whoever can touch it. The old token's
 * touch isn't lost by a slip of the finger. */
static int ask_new_passphrase(
    const struct app *app, const struct session_new *new, struct vault_response *ret)
{
	_cleanup_secret_ struct vault_response *again = secret_alloc(sizeof(*again));
	bool differ;
	int r;

	if (again == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (new->no_passphrase)
		return STATUS_OK;
	while ((r = ask_twice(app, ret, again, &differ)) == 0 && differ) {
		if (!terminal_available())
			return fail(
			    app, STATUS_USAGE, "the two passphrases differ; nothing was changed");
		terminal_say("The two differ; type the passphrase again, or Ctrl-C to stop.");
	}
	return r;
}

static bool is_slot(const struct session_new *new)
{
	return new->device !=
	       NULL &&strncmp(new->device, TOKEN_PATH_YKOTP, strlen(TOKEN_PATH_YKOTP)) == 0;
}

/* Before a passphrase is typed for nothing. */
static int check_slot(const struct app *app, const struct session_new *new)
{
	struct token_device device;
	struct token_slots slots;
	int r = strcmp(new->pin_mode, "required") == 0 ? TOKEN_ERR_NO_PIN_SUPPORT : 0;

	if (r == 0)
		r = token_program(
		    new->device, TOKEN_PROGRAM_LOOK, terminal_catch(), &device, &slots);
	terminal_release();
	if (r == 0 && !slots.programmed[1])
		r = TOKEN_ERR_SLOT;
	return r == 0 ? STATUS_OK : fail_token(app, r, -1);
}

/* A YubiKey may be there that shows no FIDO2. */
static int fail_none(const struct app *app)
{
	struct token_device device;
	struct token_slots slots;
	int r = token_program(NULL, TOKEN_PROGRAM_LOOK, terminal_catch(), &device, &slots);

	terminal_release();
	if (r != 0)
		return fail_token(app, TOKEN_ERR_NONE, -1);
	return fail(app, STATUS_NO_TOKEN,
	    "no FIDO2 token is plugged in; for the HMAC slot of the YubiKey (%s) name that as the "
	    "device%s",
	    device.path,
	    slots.programmed[1] ? "" : ", after \"touchvault token program\", as it is empty");
}

/* With one socket for both, the old token has to make room for the new one. */
static bool is_asked_for(const struct session_new *new)
{
	return new->further &&new->device == NULL;
}

/* What the helper would find out before the first touch of the token: 0 or an enum
 * token_err. */
static int check_listed(const struct token_listed *t, const struct session_new *new, int cancel_fd)
{
	enum token_pin_mode mode = pin_mode_of(new->pin_mode);
	bool uv = mode == TOKEN_PIN_REQUIRED ||
		  (mode == TOKEN_PIN_IF_SET && (t->pin_set || t->uv_builtin || t->uv_always));
	struct token_info info;
	int r;

	if (t->err != 0)
		return t->err;
	if (new->further && t->credential >= 0)
		return TOKEN_ERR_ENROLLED;
	if (mode == TOKEN_PIN_NEVER && t->uv_always)
		return TOKEN_ERR_ALWAYS_UV;
	if (uv && !t->uv_builtin && !t->pin_set)
		return t->pin_supported ? TOKEN_ERR_PIN_NOT_SET : TOKEN_ERR_NO_PIN_SUPPORT;
	if (t->uv_builtin || !t->pin_set || touch_can_ask())
		return 0;
	if (uv)
		return TOKEN_ERR_PIN_REQUIRED;
	/* Some want it to make a credential that is to be used without. */
	r = token_read_info(t->device.path, cancel_fd, &info);
	return r != 0 || info.make_cred_uv_not_rqd ? r : TOKEN_ERR_PIN_REQUIRED;
}

/* The token at new->device, or the only one that is plugged in. */
static int look(const struct vault *v, const struct session_new *new, int cancel_fd)
{
	struct token_credential known[TOKEN_CREDENTIALS_MAX];
	struct token_listed listed[TOKEN_LIST_MAX];
	const struct token_listed *found = NULL;
	size_t n;
	int r =
	    token_list(new->device, known, exclude(v, new->further, known), cancel_fd, listed, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (listed[i].kind != TOKEN_KIND_FIDO2)
			continue;
		if (found != NULL)
			return TOKEN_ERR_SEVERAL;
		found = &listed[i];
	}
	if (r != 0)
		return r;
	return found == NULL ? TOKEN_ERR_NONE : check_listed(found, new, cancel_fd);
}

/* That of its device is told with the path. */
static int fail_look(const struct app *app, const char *device, int err)
{
	if (device == NULL || (err != TOKEN_ERR_NO_DEVICE && err != TOKEN_ERR_NOT_A_TOKEN &&
				  err != TOKEN_ERR_PERMISSION))
		return fail_token(app, err, -1);
	return fail(app, exit_status_of_token(err), "%s: %s; %s", device, token_strerror(err),
	    err == TOKEN_ERR_PERMISSION
		? advice_for_token(err)
		: "name the new token (\"touchvault token info\" shows those that are plugged in)");
}

int session_new_look(const struct app *app, const struct vault *v, const struct session_new *new)
{
	int r;

	if (is_asked_for(new) && !terminal_available())
		return fail(app, STATUS_USAGE,
		    "there is no terminal to ask for the new token on; name it with --new-device");
	if (is_asked_for(new))
		return STATUS_OK;
	if (is_slot(new)) {
		r = check_slot(app, new);
		if (r == 0 && !new->no_passphrase && !touch_can_ask())
			r = fail(
			    app, STATUS_USAGE, "there is no terminal to ask on; " PASSPHRASE_HINT);
		return r;
	}
	r = look(v, new, terminal_catch());
	terminal_release();
	/* One of the vault's that isn't there yet is waited for when it is to be touched. */
	if (r == 0 || (r == TOKEN_ERR_NONE && !new->further))
		return STATUS_OK;
	return fail_look(app, new->device, r);
}

/* Once: 0 when one is there that will do, an enum token_err, or an exit status, reported. */
static int await_once(const struct app *app, const struct vault *v, const struct session_new *new)
{
	char line[64];
	size_t len;
	int r, looks = 0, cancel_fd;

	terminal_drop();
	r = terminal_ask(app, "Unplug this token, plug in the new one, and press Enter: ", false,
	    "name the new one with --new-device", line, sizeof(line), &len);
	if (r != 0)
		return r;
	cancel_fd = terminal_catch();
	do
		r = look(v, new, cancel_fd);
	while (r == TOKEN_ERR_NONE && session_await_plug(cancel_fd, "the new one", &looks));
	if (terminal_cancelled())
		r = TOKEN_ERR_CANCELLED;
	terminal_release();
	return r;
}

static bool say_no(int err)
{
	terminal_say("That won't do: %s; %s.", token_strerror(err), advice_for_token(err));
	return true;
}

/* The touch of the old token is not to be lost by what is plugged in. Exit status,
 * reported. */
static int await_new(const struct app *app, const struct vault *v, const struct session_new *new)
{
	for (;;) {
		int r = await_once(app, v, new);

		if (r >= 0)
			return r;
		if (r == TOKEN_ERR_NONE)
			return fail_none(app);
		if (r == TOKEN_ERR_CANCELLED || r == TOKEN_ERR_INTERNAL || r == TOKEN_ERR_HELPER ||
		    r == TOKEN_ERR_HELPER_ENDED)
			return fail_token(app, r, -1);
		(void)say_no(r);
	}
}

static int enrol(const struct app *app, const struct vault *v, const struct session_new *new,
    struct token_secret *secret, struct token_enrolment *ret)
{
	const struct touch_notice notice = { app->json, "enrol it", NULL, 0 };
	struct token_credential known[TOKEN_CREDENTIALS_MAX];
	size_t n = exclude(v, new->further, known);
	uint8_t salt[VAULT_SALT_LEN];
	struct token_ui ui;
	int r;

	vault_token_salt(v, salt);
	touch_begin(&notice, &ui);
	do
		r = token_enrol(new->device, pin_mode_of(new->pin_mode), new->allow_without_touch,
		    known, n, salt, &ui, secret, ret);
	while (touch_pin_again(r, secret->pin_retries));
	return touch_end(r);
}

int session_enrol(const struct app *app, const struct vault *v, const struct session_new *new,
    struct session_enrolled *ret)
{
	_cleanup_secret_ struct token_secret *secret = secret_alloc(sizeof(*secret));
	bool asked = is_asked_for(new);
	int r;

	if (secret == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	secret->pin_retries = -1;
	r = is_slot(new) ? check_slot(app, new) : 0;
	if (r == 0 && is_slot(new))
		r = ask_new_passphrase(app, new, ret->response);
	if (r != 0)
		return r;
	do {
		r = asked ? await_new(app, v, new) : STATUS_OK;
		if (r != 0)
			return r;
		r = enrol(app, v, new, secret, &ret->enrolment);
		/* A token with a PIN hides that it is the old one. */
	} while (r == TOKEN_ERR_ENROLLED && asked && say_no(r));
	if (r == TOKEN_ERR_NONE && new->device == NULL)
		return fail_none(app);
	if (r != 0)
		return fail_token(app, r, secret->pin_retries);
	fill(new, ret);
	session_take_response(ret->response, secret);
	return STATUS_OK;
}

/* Places first, so that nobody touches for nothing. */
static int draft(
    struct app *app, const struct paths *p, const struct vault_new_host *host, struct vault **ret)
{
	const struct vault_paths vp = paths_for_vault(p);
	int r = vault_draft(&vp, &app->accept, host, ret);

	if (r == VAULT_ERR_EXISTS)
		return fail(app, STATUS_EXISTS,
		    "%s is there already; name another vault with --vault, or move it away",
		    vault_where());
	if (r == VAULT_ERR_NO_VAULT)
		return fail(app, STATUS_NOT_FOUND,
		    "the directory of %s is not there; make it, mode 0700", p->vault);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

static int create(
    struct app *app, const struct paths *p, const struct session_new *new, struct vault **ret)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	_cleanup_secret_ struct vault_response *response = secret_alloc(sizeof(*response));
	struct session_enrolled enrolled = { .response = response };
	int r;

	if (response == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = draft(app, p, &new->host, &v);
	if (r == 0)
		r = session_enrol(app, v, new, &enrolled);
	if (r != 0)
		return r;
	r = vault_create(v, &enrolled.token, response, new->host_name, app->now);
	if (r != 0)
		return fail_vault(app, r);
	*ret = TAKE_PTR(v);
	return STATUS_OK;
}

int session_create(struct app *app, const struct session_new *new, struct vault **ret)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	int r = paths_find(app, &p);

	if (r != 0)
		return r;
	r = paths_make_dirs(app, &p);
	if (r == 0)
		r = create(app, &p, new, ret);
	if (r != 0)
		paths_drop_dirs(&p);
	return r;
}
