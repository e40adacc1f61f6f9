/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

#define PROGRAM "/usr/bin/pinentry"
#define LINE_MAX_LEN 1000 /* without its newline */
#define END_MS 1000       /* from when it is told to end */

/* libgpg-error's codes, without the part that says who found it. */
#define CODE_MASK 0xffff
#define CODE_CANCELED 99
#define CODE_FULLY_CANCELED 198

/* In locked memory: its lines are where the secret comes in. */
struct pinentry {
	pid_t pid;
	int fd;
	char buf[LINE_MAX_LEN + 1];
	size_t len;  /* bytes in buf */
	size_t used; /* of them, those of the line that was looked at */
	char *ret;
	size_t ret_size, ret_len;
};

static bool has_display(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x != NULL && *x != '\0') || (wayland != NULL && *wayland != '\0');
}

bool pinentry_available(void)
{
	return has_display() && access(PROGRAM, X_OK) == 0;
}

/* What a window needs. Variables of others may hold secrets, and some of them
 * make programs load code. */
static bool is_for_windows(const char *assignment)
{
	static const char *const names[] = { "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
		"XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP",
		"DBUS_SESSION_BUS_ADDRESS", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE",
		"LC_MESSAGES" };
	size_t len = strcspn(assignment, "=");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && memcmp(names[i], assignment, len) == 0)
			return true;
	return false;
}

static char **environment(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env != NULL && i < n; i++)
		if (is_for_windows(environ[i]))
			env[kept++] = environ[i];
	return env;
}

static int set_actions(posix_spawn_file_actions_t *actions, int fd)
{
	int r = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
		    actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return r;
}

/* A group of its own, so that what it starts in turn can be ended with it; and
 * the signals that touchvault has blocked or ignores. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, ours;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGPIPE);
	(void)sigaddset(&ours, SIGXFSZ);
	r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &ours);
	if (r == 0)
		r = posix_spawnattr_setpgroup(attributes, 0);
	if (r == 0)
		r = posix_spawnattr_setflags(attributes,
		    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	return r;
}

static int spawn(int fd, pid_t *ret)
{
	char name[] = "pinentry", *argv[] = { name, NULL };
	_cleanup_free_ char **env = environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (env == NULL || posix_spawn_file_actions_init(&actions) != 0)
		return TERMINAL_ERR_NONE;
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return TERMINAL_ERR_NONE;
	}
	r = set_actions(&actions, fd);
	if (r == 0)
		r = set_attributes(&attributes);
	if (r == 0)
		r = posix_spawn(ret, PROGRAM, &actions, &attributes, argv, env);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : TERMINAL_ERR_NONE;
}

static int start(struct pinentry *p)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return TERMINAL_ERR_NONE;
	r = spawn(fds[1], &p->pid);
	(void)close(fds[1]);
	if (r != 0)
		(void)close(fds[0]);
	p->fd = fds[0];
	return r;
}

/* The end of its input ends it when all went well; else it is told to. */
static void stop(struct pinentry *p, bool told)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	(void)close(p->fd);
	if (told)
		(void)kill(-p->pid, SIGTERM);
	if (poll(&pfd, 1, END_MS) <= 0)
		(void)kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int read_some(struct pinentry *p, int cancel_fd)
{
	struct pollfd pfd[] = { { .fd = p->fd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN } };
	ssize_t n;

	do {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return TERMINAL_ERR_NONE;
		if (terminal_cancelled())
			return TERMINAL_ERR_CANCELLED;
		n = pfd[0].revents == 0 ? -1
					: read(p->fd, p->buf + p->len, sizeof(p->buf) - p->len);
	} while (n < 0 && (pfd[0].revents == 0 || errno == EINTR));
	if (n <= 0)
		return TERMINAL_ERR_NONE;
	p->len += (size_t)n;
	return 0;
}

/* The next line in buf, NUL-terminated. */
static int next_line(struct pinentry *p, int cancel_fd)
{
	char *end;
	int r;

	p->len -= p->used;
	memmove(p->buf, p->buf + p->used, p->len);
	p->used = 0;
	while ((end = memchr(p->buf, '\n', p->len)) == NULL) {
		r = p->len < sizeof(p->buf) ? read_some(p, cancel_fd) : TERMINAL_ERR_NONE;
		if (r != 0)
			return r;
	}
	*end = '\0';
	p->used = (size_t)(end - p->buf) + 1;
	return strlen(p->buf) + 1 == p->used ? 0 : TERMINAL_ERR_NONE;
}

static bool begins(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && (line[len] == '\0' || line[len] == ' ');
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Part of the secret: bytes, some of them as % and two digits. */
static int take_data(struct pinentry *p, const char *data)
{
	for (; *data != '\0'; data++) {
		char c = *data;

		if (c == '%') {
			if (hex(data[1]) < 0 || hex(data[2]) < 0)
				return TERMINAL_ERR_NONE;
			c = (char)(hex(data[1]) << 4 | hex(data[2]));
			data += 2;
		}
		if (c == '\0')
			return TERMINAL_ERR_NONE;
		if (p->ret_len + 1 >= p->ret_size)
			return TERMINAL_ERR_TOO_LONG;
		p->ret[p->ret_len++] = c;
	}
	return 0;
}

static int error_of(const char *text)
{
	unsigned long code = strtoul(text, NULL, 10) & CODE_MASK;

	return code == CODE_CANCELED || code == CODE_FULLY_CANCELED ? TERMINAL_ERR_CANCELLED
								    : TERMINAL_ERR_NONE;
}

/* Read on to the end of the answer to one command. Only that to GETPIN has data. */
static int take_answer(struct pinentry *p, int cancel_fd, bool with_data)
{
	for (;;) {
		int r = next_line(p, cancel_fd);

		if (r != 0)
			return r;
		if (begins(p->buf, "OK"))
			return 0;
		if (begins(p->buf, "ERR"))
			return error_of(p->buf + strlen("ERR"));
		if (strncmp(p->buf, "D ", 2) == 0 && with_data)
			r = take_data(p, p->buf + 2);
		else if (p->buf[0] != '#' && !begins(p->buf, "S"))
			r = TERMINAL_ERR_NONE;
		if (r != 0)
			return r;
	}
}

/* text is printable; only % has a meaning of its own in it. */
static int tell(struct pinentry *p, int cancel_fd, const char *command, const char *text)
{
	char line[LINE_MAX_LEN];
	size_t len = strlen(command) + 1;

	(void)snprintf(line, sizeof(line), "%s ", command);
	for (; *text != '\0' && len + sizeof("%25\n") < sizeof(line); text++) {
		line[len++] = *text;
		if (*text == '%') {
			line[len++] = '2';
			line[len++] = '5';
		}
	}
	line[len++] = '\n';
	if (write(p->fd, line, len) != (ssize_t)len)
		return TERMINAL_ERR_NONE;
	return take_answer(p, cancel_fd, strcmp(command, "GETPIN") == 0);
}

static int converse(struct pinentry *p, int cancel_fd, const char *prompt)
{
	char desc[LINE_MAX_LEN / 2];
	int r = take_answer(p, cancel_fd, false); /* its greeting */
	size_t len;

	(void)text_clean(prompt, desc, sizeof(desc));
	len = strlen(desc);
	if (len > 2 && strcmp(desc + len - 2, ": ") == 0)
		desc[len - 2] = '\0';
	if (r == 0)
		r = tell(p, cancel_fd, "SETTITLE", "touchvault");
	if (r == 0)
		r = tell(p, cancel_fd, "SETDESC", desc);
	if (r == 0)
		r = tell(p, cancel_fd, "SETPROMPT", "touchvault:");
	return r == 0 ? tell(p, cancel_fd, "GETPIN", "") : r;
}

int pinentry_ask(const char *prompt, char *ret, size_t size, size_t *ret_len)
{
	_cleanup_secret_ struct pinentry *p = secret_alloc(sizeof(*p));
	int r;

	if (p == NULL || !has_display() || start(p) != 0)
		return TERMINAL_ERR_NONE;
	p->ret = ret;
	p->ret_size = size;
	r = converse(p, terminal_catch(), prompt);
	stop(p, r != 0);
	terminal_release();
	ret[p->ret_len] = '\0';
	*ret_len = p->ret_len;
	if (r != 0)
		explicit_bzero(ret, size);
	return r;
}
