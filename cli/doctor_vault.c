/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/doctor.h"

#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/advice.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/shell_word.h"
#include "vault/cleanup.h"

#define MEMLOCK_KIB 4096

static void closedirp(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

/* Who may raise the limit depends on the hard one. */
static void look_at_memory(struct doctor_report *report, int r)
{
	const struct passwd *pw = getpwuid(geteuid());
	struct rlimit limit;
	struct doctor_finding *f;

	if (r == 0) {
		(void)doctor_add(
		    report, "memlock", DOCTOR_FINE, "memory for secrets can be locked");
		return;
	}
	f = doctor_add(report, "memlock", DOCTOR_WRONG, "%s", vault_strerror(r));
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max >= MEMLOCK_KIB * 1024UL)
		doctor_mend(f, "ulimit -l %d", MEMLOCK_KIB)->then =
		    " in this shell; for good, in what it reads at its start, as ~/.profile";
	else
		doctor_mend(f,
		    "echo '%s - memlock %d' | sudo tee /etc/security/limits.d/touchvault.conf",
		    pw == NULL ? "*" : pw->pw_name, MEMLOCK_KIB)
		    ->then = " and log in again";
}

/* Not what is refused anyway, but what others may read. */
static bool is_private(struct doctor_report *report, const char *path)
{
	char word[SHELL_WORD_MAX];
	struct stat st;

	if (stat(path, &st) != 0 || (st.st_mode & 077) == 0)
		return true;
	doctor_mend(doctor_add(report, "permissions", DOCTOR_WRONG,
			"%s can be read by others than its owner", path),
	    "chmod go= %s", shell_word(path, word, sizeof(word)));
	return false;
}

/* Whoever writes it can put another file in a file's place. */
static bool is_own_directory(struct doctor_report *report, const char *path)
{
	char word[SHELL_WORD_MAX];
	struct stat st;

	if (stat(path, &st) != 0 || (st.st_mode & 022) == 0)
		return true;
	doctor_mend(doctor_add(report, "permissions", DOCTOR_WRONG,
			"others than its owner can put files into %s", path),
	    "chmod go-w %s", shell_word(path, word, sizeof(word)));
	return false;
}

/* What lies in a directory of the state: host key, audit logs and their keys, what was
 * reminded of. */
static bool are_private(struct doctor_report *report, const char *dir)
{
	__attribute__((cleanup(closedirp))) DIR *d = opendir(dir);
	const struct dirent *entry;
	bool all = is_own_directory(report, dir);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char path[PATH_MAX];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%.3800s/%.255s", dir, entry->d_name);
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
			all &= is_private(report, path);
	}
	return all;
}

static void look_at_permissions(struct doctor_report *report, const struct paths *p)
{
	char path[PATH_MAX];
	const char *slash = strrchr(p->vault, '/');
	bool all = is_private(report, p->vault);

	(void)snprintf(path, sizeof(path), "%.4000s.prev", p->vault);
	all &= is_private(report, path);
	(void)snprintf(path, sizeof(path), "%.*s",
	    slash == NULL || slash == p->vault ? 1 : (int)(slash - p->vault),
	    slash == NULL ? "." : p->vault);
	all &= is_own_directory(report, path);
	(void)snprintf(
	    path, sizeof(path), "%.*s", (int)(strrchr(p->state, '/') - p->state), p->state);
	all &= are_private(report, path);
	(void)strncat(path, "/audit", sizeof(path) - strlen(path) - 1);
	all &= are_private(report, path);
	if (all)
		(void)doctor_add(report, "permissions", DOCTOR_FINE,
		    "files are the user's own, and nobody else can put any in their place");
}

/* The one that was enrolled first is in daily use; a spare may be in a drawer. */
static const struct vault_token_info *first_of(const struct vault_token_info *tokens, size_t n)
{
	const struct vault_token_info *first = tokens;

	for (size_t i = 1; i < n; i++)
		if (tokens[i].created < first->created)
			first = &tokens[i];
	return first;
}

static void look_at_tokens(struct doctor_report *report, const struct vault *v)
{
	const struct vault_token_info *tokens, *first;
	char word[SHELL_WORD_MAX];
	size_t n = vault_tokens(v, &tokens), untested = 0;

	if (n == 1) {
		doctor_mend(
		    doctor_add(report, "tokens", DOCTOR_WRONG,
			"the vault has one token: if it is lost or breaks, nothing opens it"),
		    "touchvault token add spare");
		return;
	}
	first = first_of(tokens, n);
	for (size_t i = 0; i < n; i++) {
		if (&tokens[i] == first || tokens[i].tested != 0)
			continue;
		untested++;
		doctor_mend(
		    doctor_add(report, "tokens", DOCTOR_WRONG,
			"the token %s never proved that it opens the vault", tokens[i].name),
		    "touchvault token test %s", shell_operand(tokens[i].name, word, sizeof(word)));
	}
	if (untested == 0)
		(void)doctor_add(report, "tokens", DOCTOR_FINE, "the spare ones were tested");
}

/* A record is only looked at when its entry is opened: maybe when all backups have it. */
static void look_at_records(struct doctor_report *report, struct vault *v)
{
	const struct vault_entry_info *info;
	int r = 0;

	for (size_t i = 0; r == 0 && (info = vault_entry_at(v, i)) != NULL; i++) {
		r = vault_entry_check(v, info);
		if (r != 0)
			doctor_advise(doctor_add(report, "vault", DOCTOR_WRONG,
					  "%s: the entry %s can't be opened: %s", vault_where(),
					  info->name, vault_strerror(r)),
			    advice_for_vault(r));
	}
	if (r == 0)
		(void)doctor_add(report, "vault", DOCTOR_FINE,
		    "it opens on this host, and all its entries are whole");
}

static void look_inside(const struct app *app, const struct paths *p, struct doctor_report *report)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	int r = session_try(app, p, &v);

	if (r == VAULT_ERR_NO_VAULT) {
		(void)doctor_add(report, "vault", DOCTOR_UNKNOWN, "there is none yet");
		return;
	}
	look_at_permissions(report, p);
	if (r != 0) {
		doctor_advise(doctor_add(report, "vault", DOCTOR_WRONG, "%s: %s", vault_where(),
				  vault_strerror(r)),
		    advice_for_vault(r));
		return;
	}
	look_at_records(report, v);
	look_at_tokens(report, v);
}

void doctor_look_at_vault(const struct app *app, struct doctor_report *report)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	int r = vault_init();

	look_at_memory(report, r);
	if (r == 0 && paths_find(app, &p) == 0)
		look_inside(app, &p, report);
}
