/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"
#include "vault/cleanup.h"

void child_free(struct child *c)
{
	for (size_t i = 0; c != NULL && i < c->n; i++) {
		secret_free(c->v[i].assignment);
		if (c->v[i].fd >= 0)
			close(c->v[i].fd);
	}
	free(c);
}

static bool is_variable_name(const char *s)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strlen(s);

	return len > 0 && len <= CHILD_NAME_MAX && strspn(s, letters) == len &&
	       (s[0] < '0' || s[0] > '9');
}

/* What the dynamic linker, glibc and the shell do by. An entry is shared by all hosts of
 * the vault: its names alone must not say which program runs on one of them. */
static bool steers_programs(const char *name)
{
	static const char *const names[] = { "PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS",
		"BASHOPTS", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "LD_", 3) == 0;
}

static int add(const struct app *app, struct child *c, const struct child_variable *v)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].name, v->name) == 0)
			return fail(app, STATUS_USAGE, "the variable %s is set twice; set it once",
			    v->name);
	if (c->n == CHILD_VARIABLES_MAX)
		return fail(app, STATUS_USAGE, "more than %d variables", CHILD_VARIABLES_MAX);
	c->v[c->n++] = *v;
	return STATUS_OK;
}

/* The part of text up to stop, if it fits; NULL if not, else what follows. */
static const char *take_part(const char *text, char stop, char *ret, size_t size)
{
	const char *end = stop != '\0' ? strchr(text, stop) : text + strlen(text);
	size_t len = end != NULL ? (size_t)(end - text) : size;

	if (len >= size)
		return NULL;
	memcpy(ret, text, len);
	ret[len] = '\0';
	return stop != '\0' ? end + 1 : end;
}

/* VAR=NAME:FIELD. Not repeated when it is wrong: it may be VAR=SECRET. */
static int parse_one(const struct app *app, struct child *c, const struct option_given *o)
{
	struct child_variable v = { .as_file = strcmp(o->spec->name, "file") == 0, .fd = -1 };
	const char *rest = take_part(o->value, '=', v.name, sizeof(v.name));

	if (rest != NULL)
		rest = take_part(rest, ':', v.entry, sizeof(v.entry));
	if (rest != NULL)
		rest = take_part(rest, '\0', v.field, sizeof(v.field));
	if (rest == NULL || !is_variable_name(v.name) || !vault_name_valid(v.entry) ||
	    !vault_field_name_valid(v.field))
		return fail(app, STATUS_USAGE,
		    "--%s takes VAR=NAME:FIELD: a variable, an entry and a field of it",
		    o->spec->name);
	return add(app, c, &v);
}

int child_parse(const struct app *app, const struct arguments *args, struct child *ret)
{
	bool any = false;
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < args->n_options; i++) {
		const struct option_given *o = &args->options[i];
		bool all = strcmp(o->spec->name, "env-all") == 0;

		if (all)
			r = session_name_check(app, o->value);
		else if (strcmp(o->spec->name, "env") == 0 || strcmp(o->spec->name, "file") == 0)
			r = parse_one(app, ret, o);
		else
			continue;
		any = true;
	}
	if (r == 0 && !any)
		r = fail(app, STATUS_USAGE,
		    "no secret is named; use --env VAR=NAME:FIELD, --env-all NAME or "
		    "--file VAR=NAME:FIELD");
	return r;
}

static bool has_field(const struct vault_entry_info *info, const char *field)
{
	for (size_t i = 0; i < info->n_fields; i++)
		if (strcmp(info->fields[i], field) == 0)
			return true;
	return false;
}

static int look_up_all(struct app *app, const struct vault *v, const char *name, struct child *c)
{
	const struct vault_entry_info *info;
	int r = session_find(app, v, name, &info);

	if (r == 0)
		r = rotation_set_check(app, info, c->set);
	for (size_t i = 0; r == 0 && i < info->n_fields; i++) {
		struct child_variable one = { .fd = -1 };

		if (!is_variable_name(info->fields[i]))
			return fail(app, STATUS_USAGE,
			    "the field %s of %s can't be a variable's name; use --env VAR=%s:%s",
			    info->fields[i], name, name, info->fields[i]);
		if (steers_programs(info->fields[i]))
			return fail(app, STATUS_USAGE,
			    "the field %s of %s would change which programs run; if it is to, use "
			    "--env %s=%s:%s",
			    info->fields[i], name, info->fields[i], name, info->fields[i]);
		(void)snprintf(one.name, sizeof(one.name), "%s", info->fields[i]);
		(void)snprintf(one.field, sizeof(one.field), "%s", info->fields[i]);
		(void)snprintf(one.entry, sizeof(one.entry), "%s", name);
		r = add(app, c, &one);
	}
	return r;
}

int child_look_up(
    struct app *app, const struct arguments *args, const struct vault *v, struct child *c)
{
	const struct vault_entry_info *info;
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		r = session_find(app, v, c->v[i].entry, &info);
		if (r == 0)
			r = rotation_set_check(app, info, c->set);
		if (r == 0 && !has_field(info, c->v[i].field))
			r = fail(app, STATUS_NOT_FOUND,
			    "%s has no field %s; \"touchvault show %s\" shows its fields",
			    c->v[i].entry, c->v[i].field, c->v[i].entry);
	}
	for (size_t i = 0; r == 0 && i < args->n_options; i++)
		if (strcmp(args->options[i].spec->name, "env-all") == 0)
			r = look_up_all(app, v, args->options[i].value, c);
	return r;
}

/* The kernel's limit for one of execve(2)'s strings, NUL included. */
#define ASSIGNMENT_MAX 131072

static int assign(const struct app *app, struct child_variable *v, const void *value, size_t len)
{
	size_t name_len = strlen(v->name);

	if (name_len + 1 + len + 1 > ASSIGNMENT_MAX)
		return fail(app, STATUS_USAGE,
		    "%s of %s is longer than a variable can be (%d KiB); use --file of "
		    "\"touchvault run\"",
		    v->field, v->entry, ASSIGNMENT_MAX / 1024);
	v->assignment = secret_alloc(name_len + 1 + len + 1);
	if (v->assignment == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	memcpy(v->assignment, v->name, name_len);
	v->assignment[name_len] = '=';
	memcpy(v->assignment + name_len + 1, value, len);
	return STATUS_OK;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3; where vm.memfd_noexec is 2, a must */
#endif

static int memory_file(void)
{
	unsigned flags = MFD_ALLOW_SEALING | MFD_CLOEXEC;
	int fd = memfd_create("touchvault", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("touchvault", flags) : fd;
}

/* Sealed, so that the program finds what was put in; and left open at exec,
 * because its path is that of the descriptor. */
static int make_file(const struct app *app, struct child_variable *v, const struct vault_field *f)
{
	char path[64];

	v->fd = memory_file();
	if (v->fd < 0 || fchmod(v->fd, 0400) != 0 ||
	    write_all(v->fd, f->value, f->value_len) != 0 || lseek(v->fd, 0, SEEK_SET) != 0 ||
	    fcntl(v->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
		0)
		return fail(app, STATUS_ERROR,
		    "the memory file for %s can't be made (%s); check memory and limits", v->name,
		    strerror(errno));
	/* Of this process, which becomes the program: what it starts in turn may
	 * have closed the descriptor, and can read the path all the same. */
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), v->fd);
	return assign(app, v, path, strlen(path));
}

static int fill_one(
    const struct app *app, const struct vault_entry *entry, struct child_variable *v)
{
	const struct vault_field *f = vault_entry_field(entry, v->field);

	if (f == NULL)
		return fail_vault(app, VAULT_ERR_NO_FIELD);
	if (v->as_file)
		return make_file(app, v, f);
	if (memchr(f->value, '\0', f->value_len) != NULL)
		return fail(app, STATUS_USAGE,
		    "%s of %s has a NUL byte, which no variable can hold; use --file of "
		    "\"touchvault run\"",
		    v->field, v->entry);
	return assign(app, v, f->value, f->value_len);
}

int child_fill(const struct app *app, struct vault *v, struct child *c)
{
	const struct vault_entry_info *info;
	struct vault_entry *entry;
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		if (c->v[i].assignment != NULL)
			continue;
		info = vault_entry_find(v, c->v[i].entry);
		r = vault_entry_open_set(v, info, c->set, &entry);
		if (r != 0)
			return fail_vault(app, r);
		for (size_t k = i; r == 0 && k < c->n; k++)
			if (strcmp(c->v[k].entry, c->v[i].entry) == 0)
				r = fill_one(app, entry, &c->v[k]);
		vault_entry_free(entry);
	}
	return r;
}

int child_take_all(const struct app *app, const struct vault_entry_info *info, struct child *c)
{
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < info->n_fields; i++) {
		struct child_variable one = { .fd = -1 };

		(void)snprintf(one.name, sizeof(one.name), "%s", info->fields[i]);
		(void)snprintf(one.field, sizeof(one.field), "%s", info->fields[i]);
		(void)snprintf(one.entry, sizeof(one.entry), "%s", info->name);
		for (char *p = one.name; *p != '\0'; p++)
			if (strchr(".-", *p) != NULL || (p == one.name && *p >= '0' && *p <= '9'))
				*p = '_';
		if (steers_programs(one.name)) {
			memmove(one.name + 1, one.name, strlen(one.name) + 1);
			one.name[0] = '_';
		}
		r = add(app, c, &one);
	}
	return r;
}

static bool is_replaced(const struct child *c, const char *assignment)
{
	size_t len;

	for (size_t i = 0; i < c->n; i++) {
		len = strlen(c->v[i].name);
		if (strncmp(assignment, c->v[i].name, len) == 0 && assignment[len] == '=')
			return true;
	}
	return false;
}

char **child_environment(const struct child *c, bool pristine)
{
	size_t n = 0, inherited = 0;
	char **env;

	while (!pristine && environ[inherited] != NULL)
		inherited++;
	env = calloc(inherited + c->n + 1, sizeof(*env));
	if (env == NULL)
		return NULL;
	for (size_t i = 0; i < inherited; i++)
		if (!is_replaced(c, environ[i]))
			env[n++] = environ[i];
	for (size_t i = 0; i < c->n; i++)
		env[n++] = c->v[i].assignment;
	return env;
}

static int fail_exec(const struct app *app, const char *name, int err)
{
	return fail(app, err == ENOENT ? STATUS_RUN_NOT_FOUND : STATUS_RUN_CANNOT_EXECUTE,
	    "the command %s can't be executed (%s); check its name and permissions", name,
	    strerror(err));
}

/* 0, or the errno that execve would end with. */
static int check_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return EACCES;
	return 0;
}

/* As execvp(3): one that may not be executed is passed over, but remembered. */
static int search(const char *name, const char *dirs, char **ret)
{
	int found = ENOENT;

	for (;; dirs++) {
		int len = (int)strcspn(dirs, ":");
		char *path;
		int err;

		if (asprintf(&path, "%.*s/%s", len > 0 ? len : 1, len > 0 ? dirs : ".", name) < 0)
			return ENOMEM;
		err = check_program(path);
		if (err == 0) {
			*ret = path;
			return 0;
		}
		free(path);
		if (err == EACCES)
			found = EACCES;
		dirs += len;
		if (*dirs == '\0')
			return found;
	}
}

int child_find(const struct app *app, const char *name, char **ret)
{
	const char *dirs = getenv("PATH");
	int err;

	if (*name == '\0') {
		err = ENOENT;
	} else if (strchr(name, '/') == NULL) {
		err = search(name, dirs != NULL ? dirs : "/bin:/usr/bin", ret);
	} else {
		err = check_program(name);
		if (err == 0 && (*ret = strdup(name)) == NULL)
			err = ENOMEM;
	}
	if (err == ENOMEM)
		return fail_vault(app, VAULT_ERR_NOMEM);
	return err == 0 ? STATUS_OK : fail_exec(app, name, err);
}

int child_exec(
    const struct app *app, const struct child *c, bool pristine, const char *path, char **argv)
{
	_cleanup_free_ char **env = child_environment(c, pristine);

	if (env == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].fd >= 0)
			(void)fcntl(c->v[i].fd, F_SETFD, 0);
	(void)signal(SIGPIPE, app->sigpipe_ignored ? SIG_IGN : SIG_DFL);
	(void)signal(SIGXFSZ, app->sigxfsz_ignored ? SIG_IGN : SIG_DFL);
	(void)umask(app->umask);
	/* Not execve: a script without "#!" is the shell's, as env(1) has it. */
	(void)execvpe(path, argv, env);
	return fail_exec(app, argv[0], errno);
}
