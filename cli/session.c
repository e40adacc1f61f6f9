/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/session_token.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/clock.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/touch.h"
#include "vault/cleanup.h"

#define OTHERS_SHOWN 8
#define PLUG_SECONDS 60
#define PLUG_LOOK_MS 250
/* udev's permission comes after the node, and late where much is going on. */
#define PLUG_DENIED_LOOKS 40

/* One call of the token library, and why it failed. */
struct touch {
	struct app *app;
	struct vault *v;
	const char *purpose;
	const char *only, *except; /* names of tokens; NULL: any, none */
	int err;                   /* negative enum token_err */
	int retries;
	int status; /* of an error that has been reported, else 0 */
	const struct vault_token_info *answered;
	struct vault_response *kept; /* locked: the answer, while its passphrase is wrong */
};

struct token_credential session_credential(const struct vault_token_info *slot)
{
	struct token_credential c = {
		.kind = slot->kind == VAULT_SLOT_YKOTP ? TOKEN_KIND_YKOTP : TOKEN_KIND_FIDO2,
		.uv = slot->uv,
		.id = slot->credential_id,
		.id_len = slot->credential_id_len,
		.serial = (uint32_t)strtoul(slot->serial, NULL, 10),
		.without_touch = slot->without_touch,
	};

	memcpy(c.public_key, slot->public_key, sizeof(c.public_key));
	memcpy(c.aaguid, slot->aaguid, sizeof(c.aaguid));
	return c;
}

void session_take_response(struct vault_response *ret, const struct token_secret *secret)
{
	memcpy(ret->response, secret->response, secret->response_len);
	ret->response_len = secret->response_len;
}

_Static_assert(TOKEN_CREDENTIALS_MAX >= VAULT_TOKEN_SLOTS_MAX, "every slot can be asked for");
_Static_assert(TOKEN_RESPONSE_MAX == VAULT_RESPONSE_MAX && TOKEN_SALT_LEN == VAULT_SALT_LEN &&
		   TOKEN_PUBLIC_KEY_LEN == VAULT_PUBLIC_KEY_LEN &&
		   TOKEN_AAGUID_LEN == VAULT_AAGUID_LEN,
    "vault and token agree");

static bool is_wanted(const struct touch *t, const struct vault_token_info *slot)
{
	return (t->only == NULL || strcmp(slot->name, t->only) == 0) &&
	       (t->except == NULL || strcmp(slot->name, t->except) != 0);
}

bool session_await_plug(int cancel_fd, const char *which, int *looks)
{
	struct pollfd cancel = { .fd = cancel_fd, .events = POLLIN };

	if (!terminal_available() || *looks == PLUG_SECONDS * 1000 / PLUG_LOOK_MS)
		return false;
	if ((*looks)++ == 0)
		terminal_say("No token is plugged in: plug in %s (%d s, Ctrl-C cancels)", which,
		    PLUG_SECONDS);
	return poll(&cancel, 1, PLUG_LOOK_MS) == 0;
}

/* How long has been waited, in looks. */
struct patience {
	int all, denied;
};

/* Whether what the last call lacked is there, or will be, for another one. What has just
 * been plugged in may be denied for a moment. Each wrong PIN is a refusal. */
static bool again(
    const struct touch *t, const struct token_ui *ui, int err, int retries, struct patience *p)
{
	if (err == TOKEN_ERR_NONE ||
	    (err == TOKEN_ERR_PERMISSION && p->all > 0 && p->denied++ < PLUG_DENIED_LOOKS))
		return session_await_plug(ui->cancel_fd, "one of this vault", &p->all);
	if (!touch_pin_again(err, retries))
		return false;
	(void)session_log_refusal(t->v, STATUS_PIN);
	return true;
}

static int derive(struct touch *t, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	_cleanup_secret_ struct token_secret *secret = secret_alloc(sizeof(*secret));
	struct token_credential credentials[TOKEN_CREDENTIALS_MAX];
	const char *names[TOKEN_CREDENTIALS_MAX];
	struct touch_notice notice = { t->app->json, t->purpose, names, 0 };
	size_t where[TOKEN_CREDENTIALS_MAX], wanted = 0, answered = 0;
	struct token_ui ui;
	struct patience patience = { 0, 0 };
	int r;

	if (secret == NULL || n > TOKEN_CREDENTIALS_MAX)
		return TOKEN_ERR_INTERNAL;
	secret->pin_retries = -1;
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(t, &slots[i]))
			continue;
		credentials[wanted] = session_credential(&slots[i]);
		names[wanted] = slots[i].name;
		where[wanted++] = i;
	}
	notice.n_names = wanted;
	touch_begin(&notice, &ui);
	do
		r = token_derive(t->app->device, credentials, wanted, salt, &ui, secret, &answered);
	while (again(t, &ui, r, secret->pin_retries, &patience));
	r = touch_end(r);
	t->retries = secret->pin_retries;
	if (r == 0) {
		ret->slot = where[answered];
		session_take_response(ret, secret);
	}
	return r;
}

static int ask_passphrase(
    struct touch *t, const struct vault_token_info *slot, struct vault_response *ret)
{
	char prompt[VAULT_HUMAN_NAME_MAX + 64];
	int r;

	if (!slot->passphrase)
		return 0;
	(void)snprintf(prompt, sizeof(prompt), "Passphrase of the token \"%s\": ", slot->name);
	r = terminal_ask(t->app, prompt, true, "run touchvault on a terminal", ret->passphrase,
	    sizeof(ret->passphrase), &ret->passphrase_len);
	if (r == 0 && ret->passphrase_len == 0)
		r = fail_token(t->app, TOKEN_ERR_CANCELLED, -1);
	return r;
}

/* The passphrase comes after the touch: whether nobody could type it is known before,
 * where none of the tokens does without. */
static bool lacks_passphrase(const struct touch *t, const struct vault_token_info *slots, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (is_wanted(t, &slots[i]) && !slots[i].passphrase)
			return false;
		any |= is_wanted(t, &slots[i]);
	}
	return any && !touch_can_ask();
}

static int respond(void *ctx, const struct vault_token_info *slots, size_t n,
    const uint8_t salt[static VAULT_SALT_LEN], struct vault_response *ret)
{
	struct touch *t = ctx;

	if (lacks_passphrase(t, slots, n)) {
		t->status = fail(t->app, STATUS_USAGE,
		    "there is no terminal to ask on; run touchvault on a terminal");
		return -1;
	}
	if (t->kept->response_len > 0)
		*ret = *t->kept;
	else
		t->err = derive(t, slots, n, salt, ret);
	if (t->err == 0)
		*t->kept = *ret;
	t->answered = t->err == 0 ? &slots[ret->slot] : NULL;
	/* What is typed next is none of the helper's business. */
	token_end();
	if (t->err == 0)
		t->status = ask_passphrase(t, &slots[ret->slot], ret);
	return t->err != 0 || t->status != 0 ? -1 : 0;
}

#define WRONG_PASSPHRASE \
	"rong passphrase, or slot 2 of the YubiKey was programmed anew since it was enrolled; "

/* As touch_pin_again: the touch is kept. */
static bool passphrase_again(const struct touch *t, int err)
{
	if (err != VAULT_ERR_WRONG_RESPONSE || t->answered == NULL || !t->answered->passphrase ||
	    !terminal_available())
		return false;
	terminal_say("W" WRONG_PASSPHRASE "type it again, or press Enter alone to stop.");
	(void)session_log_refusal(t->v, STATUS_PIN);
	return true;
}

/* What only a YubiKey's slot can be the reason of. */
static int fail_wrong_response(const struct touch *t, enum exit_status *ret_status)
{
	*ret_status = STATUS_WRONG_TOKEN;
	if (t->answered == NULL || t->answered->kind != VAULT_SLOT_YKOTP)
		return fail_vault(t->app, VAULT_ERR_WRONG_RESPONSE);
	if (t->answered->passphrase) {
		*ret_status = STATUS_PIN;
		return fail(t->app, STATUS_PIN,
		    "w" WRONG_PASSPHRASE "repeat, or use another token of this vault");
	}
	return fail(t->app, STATUS_WRONG_TOKEN,
	    "slot 2 of the YubiKey was programmed anew since it was enrolled, or it is another "
	    "YubiKey; use another token of this vault");
}

static int fail_no_response(const struct touch *t, enum exit_status *ret_status)
{
	*ret_status = t->status != 0 ? STATUS_CANCELLED : exit_status_of_token(t->err);
	if (t->status != 0)
		return t->status;
	if (t->err == TOKEN_ERR_NOT_ENROLLED && t->only != NULL)
		return fail(t->app, STATUS_WRONG_TOKEN,
		    "this is not the token \"%s\", or it was reset since; plug that one in and "
		    "repeat",
		    t->only);
	if (t->err == TOKEN_ERR_NOT_ENROLLED && t->except != NULL)
		return fail(t->app, STATUS_WRONG_TOKEN,
		    "the touch that removes \"%s\" must be of another token of this vault; plug "
		    "that one in and repeat",
		    t->except);
	return fail_token(t->app, t->err == 0 ? TOKEN_ERR_INTERNAL : t->err, t->retries);
}

/* What a token or a host lacked, or a file that isn't what it was: no mistakes of
 * the command line, and no faults of the machine. */
static bool is_refusal(enum exit_status status)
{
	return status >= STATUS_NO_TOKEN && status < STATUS_AUDIT;
}

/* The error is reported before it is logged, which may fail in its own way. The
 * status for the log is not always the one to end with: run ends with 125. */
static int unlock(struct touch *t, struct vault *v)
{
	_cleanup_secret_ struct vault_response *kept = secret_alloc(sizeof(*kept));
	enum exit_status status;
	int r, reported;

	if (kept == NULL)
		return fail_vault(t->app, VAULT_ERR_NOMEM);
	/* What is printed afterwards, but for run, whose output is its command's. */
	if (t->app->json && !t->app->status_125) {
		r = out_check(t->app);
		if (r != 0)
			return r;
	}
	t->v = v;
	t->kept = kept;
	do
		r = vault_unlock(v, respond, t);
	while (passphrase_again(t, r));
	status = exit_status_of_vault(r);
	if (r == 0)
		return STATUS_OK;
	if (r == VAULT_ERR_RESPOND)
		reported = fail_no_response(t, &status);
	else if (r == VAULT_ERR_WRONG_RESPONSE)
		reported = fail_wrong_response(t, &status);
	else
		reported = fail_vault(t->app, r);
	(void)session_log_refusal(v, (int)status);
	return reported;
}

int session_unlock(
    struct app *app, struct vault *v, const struct vault_entry_info *entry, const char *purpose)
{
	struct touch t = { .app = app, .purpose = purpose, .retries = -1 };
	int r = entry == NULL ? 0 : vault_entry_check(v, entry);

	return r == 0 ? unlock(&t, v) : fail_vault(app, r);
}

int session_commit_check(const struct app *app, struct vault *v)
{
	int r = vault_commit_check(v);

	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

int session_unlock_by(
    struct app *app, struct vault *v, const char *purpose, const char *only, const char *except)
{
	struct touch t = {
		.app = app, .purpose = purpose, .only = only, .except = except, .retries = -1
	};
	int r = session_commit_check(app, v);

	return r == 0 ? unlock(&t, v) : r;
}

int session_change(
    struct app *app, struct vault *v, const char *purpose, vault_change_fn change, void *ctx)
{
	int r = session_commit_check(app, v);

	if (r == 0)
		r = session_unlock(app, v, NULL, purpose);
	if (r != 0)
		return r;
	r = session_commit(app, v, change, ctx);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

int session_commit(struct app *app, struct vault *v, vault_change_fn change, void *ctx)
{
	int r = vault_commit(v, change, ctx, app->now);

	if (r == 0 || r == VAULT_ERR_UNRECORDED)
		clock_accepted(app);
	return r;
}

static int is_vault(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 3 && e->d_name[0] != '.' && strcmp(e->d_name + len - 3, ".tv") == 0;
}

static void free_names(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int session_no_vault(const struct app *app, const struct paths *p)
{
	char others[OTHERS_SHOWN * (NAME_MAX + 3)] = "";
	struct dirent **names = NULL;
	int n = p->vault_is_name ? scandir(p->vault_dir, &names, is_vault, alphasort) : 0;
	size_t at = 0;

	for (int i = 0; i < n && i < OTHERS_SHOWN; i++)
		at += (size_t)snprintf(others + at, sizeof(others) - at, "%s%.*s",
		    i == 0 ? "" : ", ", (int)strlen(names[i]->d_name) - 3, names[i]->d_name);
	if (n > 0)
		free_names(names, n);
	if (at > 0)
		return fail(app, STATUS_NOT_FOUND,
		    "no vault at %s; name one with --vault, there %s: %s%s, copy it there, or make "
		    "a "
		    "new one with \"touchvault init\"",
		    p->vault, n == 1 ? "is" : "are", others, n > OTHERS_SHOWN ? ", ..." : "");
	return fail(app, STATUS_NOT_FOUND,
	    "no vault at %s; copy the vault there, or make a new one with \"touchvault init\"",
	    p->vault);
}

/* Why the vault isn't known to be the one that this host has seen, or one after it. */
static const char *doubt(enum vault_trust trust)
{
	switch (trust) {
	case VAULT_TRUST_OLDER:
		return "this host has seen another generation of this vault";
	case VAULT_TRUST_SIGNER:
		return "nobody that this host knows vouches for who signed it";
	case VAULT_TRUST_DAMAGED:
		return "this host's state is damaged";
	case VAULT_TRUST_UNVERIFIED:
	case VAULT_TRUST_VERIFIED:
		break;
	}
	return "this host has no state for this vault";
}

void session_note_trust(const struct app *app, const struct vault *v)
{
	struct vault_summary s;
	char when[32];

	vault_summarize(v, &s);
	if (s.trust == VAULT_TRUST_VERIFIED)
		return;
	warn(app, "not verified yet: %s (generation %llu, by %s, %s); the next touch accepts it%s",
	    doubt(s.trust), (unsigned long long)s.generation, s.signer,
	    text_time(s.committed, when),
	    s.trust == VAULT_TRUST_DAMAGED
		? ", and makes a new state; the damaged one is kept as \"state.damaged\""
		: "");
}

int session_log_refusal(struct vault *v, int status)
{
	if (is_refusal((enum exit_status)status))
		vault_unlock_refused(v, exit_status_code((enum exit_status)status));
	return status;
}

static bool is_missing(const struct paths *p)
{
	return access(p->vault, F_OK) != 0 && errno == ENOENT;
}

int session_log_closed(const struct paths *p, int status)
{
	const struct vault_paths vp = paths_for_vault(p);

	if (!is_refusal((enum exit_status)status) || is_missing(p))
		return status;
	/* A host that never had a vault has no place for a log yet. */
	paths_make_state_dir(p);
	vault_open_refused(&vp, exit_status_code((enum exit_status)status));
	return status;
}

int session_refused(const struct app *app, const struct paths *p, int err)
{
	int reported = fail_vault(app, err);

	(void)session_log_closed(p, (int)exit_status_of_vault(err));
	return reported;
}

int session_try(const struct app *app, const struct paths *p, struct vault **ret)
{
	const struct vault_paths vp = paths_for_vault(p);
	int r = vault_open(&vp, &app->accept, ret);

	/* A host that has no key either: the missing vault comes first. */
	if (r == VAULT_ERR_NO_HOST_KEY && is_missing(p))
		return VAULT_ERR_NO_VAULT;
	if (r != 0)
		(void)session_log_closed(p, (int)exit_status_of_vault(r));
	return r;
}

int session_open(struct app *app, struct vault **ret)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	int r = paths_find(app, &p);

	if (r != 0)
		return r;
	r = session_try(app, &p, ret);
	if (r == VAULT_ERR_NO_VAULT)
		return session_no_vault(app, &p);
	if (r != 0)
		return fail_vault(app, r);
	session_note_trust(app, *ret);
	clock_hold_and_tell(app, &p, *ret);
	return STATUS_OK;
}

int session_name_check(const struct app *app, const char *name)
{
	if (vault_name_valid(name))
		return STATUS_OK;
	return fail(app, STATUS_USAGE,
	    "not a well-formed entry name; use at most %d letters, digits and . _ -, in parts "
	    "with / between them, none empty, \".\" or \"..\", and no - first",
	    VAULT_NAME_MAX);
}

int session_find(
    struct app *app, const struct vault *v, const char *name, const struct vault_entry_info **ret)
{
	const struct vault_entry_info *info = vault_entry_find(v, name);

	if (info == NULL)
		return fail(app, STATUS_NOT_FOUND,
		    "no entry %s in the vault; \"touchvault list\" shows the entries",
		    vault_name_valid(name) ? name : "of that name");
	*ret = info;
	return STATUS_OK;
}
