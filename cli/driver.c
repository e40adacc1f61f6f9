/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

#define ERRORS_MAX ((size_t)16 * 1024)
#define WORD_MIN 4 /* shorter ones would mask ordinary text */
#define MASK "***"

/* What comes from the driver: locked memory of a fixed size. */
struct intake {
	int fd;
	uint8_t *bytes;
	size_t len, max;
	bool too_much;
};

struct run {
	pid_t pid;
	int pidfd, in, cancel;
	size_t written;
	struct intake out, err;
	int64_t deadline; /* of CLOCK_MONOTONIC, in ms */
};

static int64_t monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void intake_read(struct intake *i)
{
	uint8_t over[512];
	size_t room = i->max - i->len;
	ssize_t n =
	    read(i->fd, room > 0 ? i->bytes + i->len : over, room > 0 ? room : sizeof(over));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(&i->fd);
		return;
	}
	if (room == 0)
		i->too_much = true;
	else
		i->len += (size_t)n;
	sodium_memzero(over, sizeof(over));
}

static void input_write(struct run *r, const struct fields_text *input)
{
	ssize_t n = write(r->in, input->bytes + r->written, input->len - r->written);

	if (n > 0)
		r->written += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		close_fd(&r->in); /* it doesn't want to know */
	if (r->written == input->len)
		close_fd(&r->in);
}

enum end { END_EXIT, END_TIME, END_CANCELLED, END_TOO_MUCH };

/* Until it has ended, and what it wrote has been read. */
static enum end converse(struct run *r, const struct fields_text *input)
{
	for (;;) {
		struct pollfd p[] = { { r->pidfd, POLLIN, 0 }, { r->out.fd, POLLIN, 0 },
			{ r->err.fd, POLLIN, 0 }, { r->in, POLLOUT, 0 }, { r->cancel, POLLIN, 0 } };
		int64_t left = r->deadline - monotonic_ms();

		if (left <= 0)
			return END_TIME;
		if (poll(p, sizeof(p) / sizeof(p[0]), (int)left) < 0)
			continue;
		if (p[4].revents != 0)
			return END_CANCELLED;
		if (p[1].revents != 0)
			intake_read(&r->out);
		if (p[2].revents != 0)
			intake_read(&r->err);
		if (p[3].revents != 0)
			input_write(r, input);
		if (r->out.too_much)
			return END_TOO_MUCH;
		/* What it started may hold the pipes open for ever. */
		if (p[0].revents != 0 && p[1].revents == 0 && p[2].revents == 0)
			return END_EXIT;
	}
}

static int spawn(const struct app *app, const char *path, char *const argv[], char *const env[],
    const int ends[static 3], pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attr);
	for (int i = 0; r == 0 && i < 3; i++)
		r = posix_spawn_file_actions_adddup2(&actions, ends[i], i);
	(void)sigfillset(&all);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &all);
	(void)sigemptyset(&all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(
		    &attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	(void)umask(app->umask);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, &attr, argv, env);
	(void)umask(077);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Three pipes; ours don't block. */
static int run_start(const struct app *app, const struct driver *d, char *const argv[],
    char *const env[], struct run *r)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } }, err = 0;

	for (int i = 0; i < 3 && err == 0; i++)
		err = pipe2(pipes[i], O_CLOEXEC) == 0 ? 0 : errno;
	if (err == 0) {
		const int ends[3] = { pipes[0][0], pipes[1][1], pipes[2][1] };

		err = spawn(app, d->path, argv, env, ends, &r->pid);
	}
	close_fd(&pipes[0][0]);
	close_fd(&pipes[1][1]);
	close_fd(&pipes[2][1]);
	r->in = pipes[0][1];
	r->out.fd = pipes[1][0];
	r->err.fd = pipes[2][0];
	if (err != 0)
		return err;
	(void)fcntl(r->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->out.fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->err.fd, F_SETFL, O_NONBLOCK);
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	r->deadline = monotonic_ms() + (int64_t)d->seconds * 1000;
	return r->pidfd < 0 ? errno : 0;
}

/* With all that it started. Its status as the shell has it. */
static int run_end(struct run *r)
{
	int status = 0;

	(void)kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	close_fd(&r->in);
	close_fd(&r->out.fd);
	close_fd(&r->err.fd);
	close_fd(&r->pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Blank out every place where a secret is. */
static void mask(uint8_t *text, size_t len, const uint8_t *secret, size_t secret_len)
{
	uint8_t *p = text, *end = text + len;

	while (secret_len > 0 && (p = memmem(p, (size_t)(end - p), secret, secret_len)) != NULL) {
		memset(p, '\a', secret_len);
		p += secret_len;
	}
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("+/=_-.", c == '\0' ? ' ' : c) != NULL;
}

static bool is_quoted(uint8_t c)
{
	return c != '"';
}

/* The new credential may be in what it printed, whether that can be read or not: its
 * words, and its strings. */
static void mask_parts_of(struct intake *err, const struct intake *out, bool (*is_part)(uint8_t))
{
	for (size_t i = 0, n = 0; i <= out->len; i++) {
		if (i < out->len && is_part(out->bytes[i])) {
			n++;
			continue;
		}
		if (n >= WORD_MIN)
			mask(err->bytes, err->len, out->bytes + i - n, n);
		n = 0;
	}
}

/* Line by line, as text from outside; a run of what was blanked is one MASK. */
static void show_errors(const struct app *app, struct intake *err)
{
	char line[512];
	size_t n = 0;

	for (size_t i = 0; i <= err->len; i++) {
		int c = i < err->len ? err->bytes[i] : '\n';

		if (c == '\a' && i > 0 && err->bytes[i - 1] == '\a')
			continue;
		if (c == '\n' || n + sizeof(MASK) >= sizeof(line)) {
			line[n] = '\0';
			if (n > 0)
				warn(app, "driver: %s", line);
			n = 0;
		}
		if (c == '\a')
			n += (size_t)snprintf(line + n, sizeof(line) - n, MASK);
		else if (c != '\n' && c != '\0')
			line[n++] = (char)c;
	}
	sodium_memzero(line, sizeof(line));
}

static void tell_errors(
    const struct app *app, struct run *r, struct vault_entry *const *hide, size_t n_hide)
{
	for (size_t i = 0; i < r->err.len; i++)
		if (r->err.bytes[i] == '\a')
			r->err.bytes[i] = '?';
	for (size_t i = 0; i < n_hide; i++)
		for (size_t k = 0; k < hide[i]->n_fields; k++)
			mask(r->err.bytes, r->err.len, hide[i]->fields[k].value,
			    hide[i]->fields[k].value_len);
	mask_parts_of(&r->err, &r->out, is_quoted);
	mask_parts_of(&r->err, &r->out, is_word);
	show_errors(app, &r->err);
}

static int judge(
    const struct app *app, const struct driver *d, const char *operation, enum end end, int status)
{
	switch (end) {
	case END_TIME:
		return fail(app, STATUS_ERROR,
		    "%s: the driver was not done with %s in %d s, and was ended; see what it did "
		    "at "
		    "the broker, then repeat",
		    d->path, operation, d->seconds);
	case END_CANCELLED:
		return fail(
		    app, STATUS_CANCELLED, "cancelled; the driver was ended during %s", operation);
	case END_TOO_MUCH:
		return fail(app, STATUS_ERROR,
		    "%s: the driver printed more than %zu KiB for %s, and was ended", d->path,
		    DRIVER_OUTPUT_MAX / 1024, operation);
	case END_EXIT:
		break;
	}
	if (status == 0)
		return STATUS_OK;
	return fail(app, STATUS_ERROR, "%s: the driver ended %s with %d; see above, then repeat",
	    d->path, operation, status);
}

static char **environment(char *attempt)
{
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (env == NULL)
		return NULL;
	env[0] = attempt;
	memcpy(env + 1, environ, n * sizeof(*env));
	return env;
}

int driver_run(const struct app *app, const struct driver *d, const char *operation,
    const char *entry, const char *attempt, const struct fields_text *input,
    struct vault_entry *const *hide, size_t n_hide, struct fields_text *ret)
{
	_cleanup_secret_ uint8_t *out = secret_alloc(DRIVER_OUTPUT_MAX + 1);
	_cleanup_secret_ uint8_t *err = secret_alloc(ERRORS_MAX);
	_cleanup_free_ char *variable = NULL, *path = strdup(d->path), *verb = strdup(operation);
	_cleanup_free_ char *name = strdup(entry);
	char *argv[] = { path, verb, name, NULL };
	_cleanup_free_ char **env = NULL;
	struct run r = { .pidfd = -1,
		.in = -1,
		.out = { -1, out, 0, DRIVER_OUTPUT_MAX, false },
		.err = { -1, err, 0, ERRORS_MAX, false } };
	enum end end;
	int status;

	if (asprintf(&variable, "TOUCHVAULT_ATTEMPT=%s", attempt) < 0)
		variable = NULL;
	env = variable == NULL ? NULL : environment(variable);
	if (out == NULL || err == NULL || env == NULL || path == NULL || verb == NULL ||
	    name == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	/* Before it runs, so that none is left behind. */
	r.cancel = terminal_catch();
	status = run_start(app, d, argv, env, &r);
	if (status != 0) {
		terminal_release();
		close_fd(&r.in);
		close_fd(&r.out.fd);
		close_fd(&r.err.fd);
		return fail(app, STATUS_ERROR, "%s: the driver can't be run (%s); check its path",
		    d->path, strerror(status));
	}
	end = converse(&r, input);
	terminal_release();
	status = run_end(&r);
	tell_errors(app, &r, hide, n_hide);
	status = judge(app, d, operation, end, status);
	if (status == 0)
		*ret = (struct fields_text){ TAKE_PTR(out), r.out.len };
	return status;
}
