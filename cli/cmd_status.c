/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/grade.h"
#include "cli/output.h"
#include "cli/own_command.h"
#include "cli/policy.h"
#include "cli/recovery_sheet.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "cli/stale.h"

#define ID_TEXT_LEN (2 * VAULT_ID_LEN + 1)

struct status {
	const char *path;
	char id[ID_TEXT_LEN];
	struct vault_summary summary;
	const struct vault_token_info *tokens;
	const struct vault_host_info *hosts;
	char token_grade, host_grade;
	char sheet_since[RECOVERY_SINCE_MAX]; /* empty: there is none */
	size_t in_time, marked;               /* of the entries */
	struct stale stale;
};

static void status_fill(
    const struct app *app, struct vault *v, const char *path, struct status *ret)
{
	ret->path = path;
	stale_tell(app, v, &ret->stale);
	ret->in_time = policy_in_time(v, rotation_now(app, v));
	vault_summarize(v, &ret->summary);
	ret->marked = 0;
	for (size_t i = 0; i < ret->summary.n_entries; i++)
		ret->marked += *vault_entry_at(v, i)->rotate_reason != '\0';
	(void)vault_tokens(v, &ret->tokens);
	(void)vault_hosts(v, &ret->hosts);
	for (size_t i = 0; i < VAULT_ID_LEN; i++)
		(void)snprintf(ret->id + 2 * i, 3, "%02x", ret->summary.id[i]);
	ret->token_grade = grade_of_tokens(ret->tokens, ret->summary.n_tokens);
	ret->host_grade = grade_of_hosts(ret->hosts, ret->summary.n_hosts);
	if (!recovery_sheet_since(v, ret->sheet_since))
		ret->sheet_since[0] = '\0';
}

static void print_count(size_t n, const char *one, const char *many)
{
	out("%zu %s", n, n == 1 ? one : many);
}

static const char *token_kind(const struct vault_token_info *t)
{
	return t->kind == VAULT_SLOT_YKOTP ? "ykotp" : "fido2";
}

static const char *token_way(const struct vault_token_info *t)
{
	if (t->without_touch)
		return "no touch";
	if (t->passphrase)
		return "touch and passphrase";
	return t->uv ? "touch and PIN" : "touch";
}

static void print_token(const struct vault_token_info *t)
{
	char name[VAULT_HUMAN_NAME_MAX + 1], product[VAULT_PRODUCT_MAX + 1];

	out("token       %s: %s%s%s, %s, grade %c\n", text_clean(t->name, name, sizeof(name)),
	    text_clean(t->product, product, sizeof(product)), *t->product == '\0' ? "" : ", ",
	    token_kind(t), token_way(t), grade_of_token(t));
}

static void print_host(const struct vault_host_info *h)
{
	char name[VAULT_HUMAN_NAME_MAX + 1];

	out("host        %s: %s, %s, grade %c%s\n", text_clean(h->name, name, sizeof(name)),
	    grade_host_kind(h), grade_host_way(h), grade_of_host(h),
	    h->this_host ? " (this host)" : "");
}

static void print_summary(const struct status *s)
{
	char path[4096], signer[VAULT_HUMAN_NAME_MAX + 1], when[32];

	out("vault       %s\nid          %s\n", text_clean(s->path, path, sizeof(path)), s->id);
	out("generation  %llu, by %s, %s\n", (unsigned long long)s->summary.generation,
	    text_clean(s->summary.signer, signer, sizeof(signer)),
	    text_time(s->summary.committed, when));
	out("trust       %s\n", s->summary.trust == VAULT_TRUST_VERIFIED
				    ? "verified"
				    : "not verified yet on this host");
	out("holds       ");
	print_count(s->summary.n_entries, "entry", "entries");
	out(", ");
	print_count(s->summary.n_tokens, "token", "tokens");
	out(", ");
	print_count(s->summary.n_hosts, "host", "hosts");
	out(", %llu bytes\n", (unsigned long long)s->summary.file_size);
	if (s->summary.n_entries > 0)
		out("rotation    %zu of %zu keys in time", s->in_time, s->summary.n_entries);
	if (s->marked > 0)
		out(", %zu marked to be rotated now", s->marked);
	if (s->summary.n_entries > 0)
		out("\n");
}

static int status_text(const struct app *app, const struct status *s)
{
	const char *advice[GRADE_ADVICE_MAX];
	size_t n =
	    grade_advice(s->tokens, s->summary.n_tokens, s->hosts, s->summary.n_hosts, advice);

	print_summary(s);
	for (size_t i = 0; i < s->summary.n_tokens; i++)
		print_token(&s->tokens[i]);
	for (size_t i = 0; i < s->summary.n_hosts; i++)
		print_host(&s->hosts[i]);
	out("recovery    %s%s\n", *s->sheet_since == '\0' ? "no sheet" : "sheet ", s->sheet_since);
	out("grade       token %c, host %c (the weakest of each)\n", s->token_grade, s->host_grade);
	out(n > 0 ? "\n" : "");
	for (size_t i = 0; i < n; i++)
		out_own(app, advice[i]);
	return out_done(app);
}

static json_t *token_json(const struct vault_token_info *t)
{
	const char grade[] = { grade_of_token(t), '\0' };
	char when[32];

	return json_pack("{s:o,s:o,s:s,s:b,s:b,s:b,s:s,s:s}", "name", text_json(t->name), "product",
	    text_json(t->product), "kind", token_kind(t), "uv", t->uv, "passphrase", t->passphrase,
	    "without_touch", t->without_touch, "grade", grade, "created",
	    text_time_json(t->created, when));
}

static json_t *host_json(const struct vault_host_info *h)
{
	const char grade[] = { grade_of_host(h), '\0' };
	char when[32];

	return json_pack("{s:o,s:s,s:b,s:b,s:s,s:b,s:s}", "name", text_json(h->name), "kind",
	    grade_host_kind(h), "bound", h->bound, "virtual_tpm", h->virtual_tpm, "grade", grade,
	    "this_host", h->this_host, "created", text_time_json(h->created, when));
}

static json_t *tokens_json(const struct status *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->summary.n_tokens; i++)
		(void)json_array_append_new(a, token_json(&s->tokens[i]));
	return a;
}

static json_t *hosts_json(const struct status *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->summary.n_hosts; i++)
		(void)json_array_append_new(a, host_json(&s->hosts[i]));
	return a;
}

static json_t *advice_json(const struct app *app, const struct status *s)
{
	char own[4096];
	const char *advice[GRADE_ADVICE_MAX];
	size_t n =
	    grade_advice(s->tokens, s->summary.n_tokens, s->hosts, s->summary.n_hosts, advice);
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    a, text_json(own_command(app, advice[i], own, sizeof(own))));
	return a;
}

static int status_json(const struct app *app, const struct vault *v, const struct status *s)
{
	const char token_grade[] = { s->token_grade, '\0' }, host_grade[] = { s->host_grade, '\0' };
	char when[32];

	return out_json(app,
	    json_pack(
		"{s:o,s:s,s:I,s:{s:o,s:s},s:b,s:o,s:b,s:i,s:i,s:i,s:I,s:o,s:o,s:o,s:{s:s,s:s},s:o}",
		"vault", text_json(s->path), "id", s->id, "generation",
		(json_int_t)s->summary.generation, "committed", "by", text_json(s->summary.signer),
		"at", text_time_json(s->summary.committed, when), "verified",
		s->summary.trust == VAULT_TRUST_VERIFIED, "opened", time_json(s->stale.opened),
		"stale", s->stale.is_stale, "entries", (int)s->summary.n_entries,

		"in_time", (int)s->in_time, "marked", (int)s->marked, "file_size",
		(json_int_t)s->summary.file_size, "tokens", tokens_json(s), "hosts", hosts_json(s),
		"recovery_sheet", recovery_sheet_json(v), "grade", "token", token_grade, "host",
		host_grade, "advice", advice_json(app, s)));
}

int cmd_status(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	struct status s;
	int r = paths_find(app, &p);

	(void)args;
	if (r == 0)
		r = session_open(app, &v);
	if (r != 0)
		return r;
	status_fill(app, v, p.vault, &s);
	return app->json ? status_json(app, v, &s) : status_text(app, &s);
}
