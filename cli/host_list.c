/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/host_list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/grade.h"
#include "cli/output.h"
#include "cli/recovery_sheet.h"
#include "cli/session.h"
#include "vault/cleanup.h"

static void print_name(const char *host_name, const char *host_label)
{
	char name[VAULT_HUMAN_NAME_MAX + 1], label[VAULT_HUMAN_NAME_MAX + 1];

	out("%s", text_clean(host_name, name, sizeof(name)));
	if (*host_label != '\0')
		out(" (%s)", text_clean(host_label, label, sizeof(label)));
}

static void print_host(const struct vault *v, const struct vault_host_info *h, size_t i)
{
	char by[VAULT_HUMAN_NAME_MAX + 1], when[32], fingerprint[VAULT_FINGERPRINT_TEXT];

	print_name(h->name, h->label);
	out(": %s, %s, grade %c, ", grade_host_kind(h), grade_host_way(h), grade_of_host(h));
	if (h->approver != NULL && strcmp(h->approver, h->name) == 0)
		out("there since init, %s", text_time(h->created, when));
	else
		out("approved %s by %s", text_time(h->created, when),
		    h->approver == NULL ? "one that has left"
					: text_clean(h->approver, by, sizeof(by)));
	vault_host_fingerprint(v, i, fingerprint);
	out(", fingerprint %s%s\n", fingerprint, h->this_host ? " (this host)" : "");
}

static json_t *host_json(const struct vault *v, const struct vault_host_info *h, size_t i)
{
	const char grade[] = { grade_of_host(h), '\0' };
	char when[32], fingerprint[VAULT_FINGERPRINT_TEXT];

	vault_host_fingerprint(v, i, fingerprint);
	return json_pack("{s:o,s:o,s:s,s:b,s:b,s:s,s:b,s:s,s:o,s:s}", "name", text_json(h->name),
	    "label", text_json(h->label), "kind", grade_host_kind(h), "bound", h->bound,
	    "virtual_tpm", h->virtual_tpm, "grade", grade, "this_host", h->this_host, "approved",
	    text_time_json(h->created, when), "approved_by",
	    h->approver == NULL ? json_null() : text_json(h->approver), "fingerprint", fingerprint);
}

int host_list_print(const struct app *app, const struct vault *v)
{
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts);
	char since[RECOVERY_SINCE_MAX];
	json_t *a;

	if (app->json) {
		a = json_array();
		for (size_t i = 0; i < n; i++)
			(void)json_array_append_new(a, host_json(v, &hosts[i], i));
		return out_json(app,
		    json_pack("{s:o,s:o}", "hosts", a, "recovery_sheet", recovery_sheet_json(v)));
	}
	for (size_t i = 0; i < n; i++)
		print_host(v, &hosts[i], i);
	if (recovery_sheet_since(v, since))
		out("recovery sheet: %s\n", since);
	return out_done(app);
}

static void warn_of_sheet(const struct app *app, const struct vault *v)
{
	struct vault_sheet_info sheet;

	if (vault_recovery_sheet(v, &sheet))
		warn(app,
		    "the recovery sheet was made by %s and stays; to shut it out, too: "
		    "\"touchvault recovery create --replace\", or \"touchvault recovery remove\"",
		    sheet.approver);
}

void host_list_warn_of_let_in(const struct app *app, const struct vault *v, const char *name)
{
	bool let_in[VAULT_HOST_SLOTS_MAX];
	char fingerprint[VAULT_FINGERPRINT_TEXT];
	const struct vault_host_info *hosts;
	size_t n = vault_hosts(v, &hosts);

	vault_hosts_let_in(v, name, let_in);
	for (size_t i = 0; i < n; i++) {
		if (!let_in[i])
			continue;
		/* Not by its name, which need not be one that can be typed. */
		vault_host_fingerprint(v, i, fingerprint);
		warn(app,
		    "%s was approved by %s and stays in; to revoke it, too: \"touchvault host "
		    "revoke %s\"",
		    hosts[i].name, hosts[i].approver, fingerprint);
	}
	if (n < VAULT_HOST_SLOTS_MAX && let_in[n])
		warn_of_sheet(app, v);
}

/* What this host is in one vault: listed, or why not. */
struct membership {
	const char *path;
	struct vault *v;
	const struct vault_host_info *own;
	const char *why;
};

static void look_into(const struct paths *p, const char *path, struct membership *ret)
{
	const struct vault_paths vp = { .vault = path, .host_key = p->host_key, .state = p->state };
	const struct vault_host_info *hosts;
	size_t n = 0;
	int r;

	*ret = (struct membership){ .path = path };
	r = vault_open(&vp, NULL, &ret->v);
	if (r == 0)
		n = vault_hosts(ret->v, &hosts);
	else
		ret->why = r == VAULT_ERR_IO ? strerror(vault_errno()) : vault_strerror(r);
	for (size_t i = 0; i < n; i++)
		if (hosts[i].this_host)
			ret->own = &hosts[i];
}

static void print_membership(const struct membership *m)
{
	char path[PATH_MAX];

	out("vault        %s: ", text_clean(m->path, path, sizeof(path)));
	if (m->own == NULL) {
		out("%s\n", m->why);
		return;
	}
	out("approved as ");
	print_name(m->own->name, m->own->label);
	out("\n");
}

static json_t *membership_json(const struct membership *m)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "vault", text_json(m->path), "name",
	    m->own == NULL ? json_null() : text_json(m->own->name), "label",
	    m->own == NULL ? json_null() : text_json(m->own->label), "error",
	    m->why == NULL ? json_null() : text_json(m->why));
}

/* Each vault that was seen, and the named one if it is there and was not. */
static void each_vault(const struct paths *p, const struct vault_self *self, json_t *ret_array)
{
	char real[PATH_MAX];
	bool named = realpath(p->vault, real) != NULL;
	struct membership m;

	for (size_t i = 0; i <= self->n_vaults; i++) {
		if (i < self->n_vaults)
			named = named && strcmp(self->vaults[i], real) != 0;
		else if (!named)
			break;
		look_into(p, i < self->n_vaults ? self->vaults[i] : real, &m);
		if (ret_array != NULL)
			(void)json_array_append_new(ret_array, membership_json(&m));
		else
			print_membership(&m);
		vault_close(m.v);
	}
}

int host_show(struct app *app)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	__attribute__((cleanup(vault_self_freep))) struct vault_self self = { 0 };
	struct vault_host_info info = { 0 };
	struct vault_paths vp;
	char grade[2] = "";
	json_t *vaults;
	int r = paths_find(app, &p);

	if (r != 0)
		return r;
	vp = paths_for_vault(&p);
	r = vault_self_read(&vp, &self);
	if (r == VAULT_ERR_NO_HOST_KEY && access(p.vault, F_OK) != 0)
		return fail(app, exit_status_of_vault(r),
		    "this host has no key yet, and no vault; make a vault with \"touchvault "
		    "init\", "
		    "or, if there is one elsewhere, run \"touchvault host request\" here");
	if (r != 0)
		return session_refused(app, &p, r);
	info.kind = self.kind;
	info.bound = self.bound;
	info.virtual_tpm = self.virtual_tpm;
	grade[0] = grade_of_host(&info);
	if (app->json) {
		vaults = json_array();
		each_vault(&p, &self, vaults);
		return out_json(app, json_pack("{s:s,s:s,s:b,s:b,s:s,s:b,s:o}", "fingerprint",
					 self.fingerprint, "kind", grade_host_kind(&info), "bound",
					 self.bound, "virtual_tpm", self.virtual_tpm, "grade",
					 grade, "rekeying", self.rekeying, "vaults", vaults));
	}
	out("fingerprint  %s\nkind         %s, %s, grade %s\n", self.fingerprint,
	    grade_host_kind(&info), grade_host_way(&info), grade);
	if (self.rekeying)
		out("new key      waits for \"touchvault host rekey\" to finish\n");
	each_vault(&p, &self, NULL);
	return out_done(app);
}
