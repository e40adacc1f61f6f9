/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "token/cleanup.h"
#include "token/token.h"

#define SPAWN_NAME "touchvault-token"

/* In the build tree the helper is beside the program, when installed in
 * libexec. */
static const char *const spawn_places[] = {
	"/" SPAWN_NAME,
	"/" TOUCHVAULT_LIBEXEC_FROM_BIN "/" SPAWN_NAME,
};

/* Whoever can write the program can read all that it is given. */
static bool spawn_is_safe(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       access(path, X_OK) == 0;
}

static int spawn_find(char ret[static PATH_MAX])
{
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	int len;

	if (n < 0)
		return TOKEN_ERR_HELPER;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return TOKEN_ERR_HELPER;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(spawn_places) / sizeof(spawn_places[0]); i++) {
		len = snprintf(path, sizeof(path), "%s%s", self, spawn_places[i]);
		if (len < 0 || (size_t)len >= sizeof(path) || access(path, F_OK) < 0)
			continue;
		if (!spawn_is_safe(path))
			return TOKEN_ERR_HELPER;
		memcpy(ret, path, (size_t)len + 1);
		return 0;
	}
	return TOKEN_ERR_HELPER;
}

/* Standard input is the socket; the others go nowhere: not even a terminal is
 * left, which who takes the helper over could type on. */
static int spawn_actions(posix_spawn_file_actions_t *actions, int fd)
{
	int r = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);

	if (r == 0)
		r = posix_spawn_file_actions_addopen(
		    actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
		    actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return r;
}

/* Until the helper ignores them by itself, signals wait. In a session of its own
 * /dev/tty is nobody's: it can't read what is typed at a prompt. */
static int spawn_attributes(posix_spawnattr_t *attributes)
{
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGQUIT);
	r = posix_spawnattr_setsigmask(attributes, &mask);
	return r == 0 ? posix_spawnattr_setflags(
			    attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID)
		      : r;
}

/* The dynamic linker's variables are the user's own affair; of the others, which
 * may hold secrets, the helper needs none. */
static char **spawn_environment(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env != NULL && i < n; i++)
		if (strncmp(environ[i], "LD_", 3) == 0)
			env[kept++] = environ[i];
	return env;
}

static int spawn_start(const char *path, int fd, pid_t *ret)
{
	char name[] = SPAWN_NAME, *argv[] = { name, NULL }, **env;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return TOKEN_ERR_INTERNAL;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return TOKEN_ERR_INTERNAL;
	}
	env = spawn_environment();
	r = env != NULL ? spawn_actions(&actions, fd) : ENOMEM;
	if (r == 0)
		r = spawn_attributes(&attributes);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, &attributes, argv, env);
	free(env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r == 0 ? 0 : TOKEN_ERR_HELPER;
}

int spawn_helper(struct spawn *ret)
{
	char path[PATH_MAX];
	int fds[2], r = spawn_find(path);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return TOKEN_ERR_INTERNAL;
	r = spawn_start(path, fds[1], &ret->pid);
	close(fds[1]);
	if (r < 0)
		close(fds[0]);
	else
		ret->fd = fds[0];
	return r;
}

void spawn_wait(struct spawn *helper, int ms)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, helper->pid, 0);
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	int r = 0;

	close(helper->fd);
	helper->fd = -1;
	if (pidfd >= 0) {
		do
			r = poll(&pfd, 1, ms);
		while (r < 0 && errno == EINTR);
	}
	/* It keeps to no deadline of its own: it is not ours any more. */
	if (pidfd >= 0 && r <= 0)
		(void)kill(helper->pid, SIGKILL);
	while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
