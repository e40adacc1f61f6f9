/* SPDX-License-Identifier: BSD-2-Clause */
/* A command of the shell's, as a job of its own: it has the terminal while it runs, gets the
 * signals that are for us, and leaves nothing running that has the secrets. */
#include "cli/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"
#include "vault/cleanup.h"

struct job {
	pid_t pid;
	int tty; /* if it is ours to give; else -1 */
	struct termios before;
	sigset_t awaited, mask; /* signals that are waited for; the mask before */
	bool cancelled;
};

/* Those that end us, but not what is ignored, as under nohup; and that of a child. */
static void signals_block(struct job *j)
{
	static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	struct sigaction sa;

	(void)sigemptyset(&j->awaited);
	(void)sigaddset(&j->awaited, SIGCHLD);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigaction(ending[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			(void)sigaddset(&j->awaited, ending[i]);
	(void)sigprocmask(SIG_BLOCK, &j->awaited, &j->mask);
}

static void signals_unblock(const struct job *j)
{
	const struct timespec none = { 0 };

	/* What is left pending would end us: it was passed on. */
	while (sigtimedwait(&j->awaited, NULL, &none) > 0)
		;
	(void)sigprocmask(SIG_SETMASK, &j->mask, NULL);
}

/* The terminal, where we are in front of it. */
static void tty_find(struct job *j)
{
	j->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (j->tty >= 0 && (tcgetpgrp(j->tty) != getpgrp() || tcgetattr(j->tty, &j->before) != 0)) {
		(void)close(j->tty);
		j->tty = -1;
	}
}

/* From behind it, which would stop us otherwise. */
static void tty_give(const struct job *j, pid_t group)
{
	sigset_t stop, before;

	if (j->tty < 0)
		return;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &stop, &before);
	(void)tcsetpgrp(j->tty, group);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/* As it was, whatever the command has made of it. */
static void tty_take(const struct job *j)
{
	tty_give(j, getpgrp());
	if (j->tty < 0)
		return;
	(void)tcsetattr(j->tty, TCSADRAIN, &j->before);
	(void)close(j->tty);
}

/* 0 or errno. */
static int set_up(const struct app *app, const struct job *j, posix_spawnattr_t *attr,
    posix_spawn_file_actions_t *actions)
{
	sigset_t ours;
	int r;

	(void)sigemptyset(&ours);
	if (!app->sigpipe_ignored)
		(void)sigaddset(&ours, SIGPIPE);
	if (!app->sigxfsz_ignored)
		(void)sigaddset(&ours, SIGXFSZ);
	r = posix_spawnattr_setsigdefault(attr, &ours);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attr, &j->mask);
	if (r == 0)
		r = posix_spawnattr_setflags(
		    attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (r == 0 && j->tty >= 0)
		r = posix_spawn_file_actions_addtcsetpgrp_np(actions, j->tty);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	return r;
}

/* 0 or errno. */
static int start(const struct app *app, struct job *j, char **argv, char **env)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		r = set_up(app, j, &attr, &actions);
		(void)umask(app->umask);
		/* Not fork: the secrets are wiped in a copy of this process. */
		if (r == 0)
			r = posix_spawn(&j->pid, "/bin/sh", &actions, &attr, argv, env);
		(void)umask(077);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* It was stopped, as by Ctrl-Z: so are we, for the shell that started us. */
static void stop_with_it(struct job *j)
{
	tty_give(j, getpgrp());
	(void)raise(SIGSTOP);
	if (j->tty < 0)
		tty_find(j);
	if (j->tty >= 0 && tcgetpgrp(j->tty) == getpgrp())
		tty_give(j, j->pid);
	(void)kill(-j->pid, SIGCONT);
}

/* To its end; the rest of it is ended while its number is still its own. */
static int await(struct job *j)
{
	siginfo_t info = { 0 };
	int signo, status = 0;

	while (info.si_pid == 0) {
		signo = sigwaitinfo(&j->awaited, NULL);
		if (signo > 0 && signo != SIGCHLD) {
			j->cancelled = true;
			(void)kill(-j->pid, signo);
			(void)kill(-j->pid, SIGCONT);
		}
		if (waitid(P_PID, (id_t)j->pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid != 0)
			stop_with_it(j);
		info.si_pid = 0;
		(void)waitid(P_PID, (id_t)j->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	(void)kill(-j->pid, SIGKILL);
	(void)waitpid(j->pid, &status, 0);
	j->cancelled |= WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_shell(const struct app *app, const struct child *c, const char *command, int *ret)
{
	_cleanup_free_ char **env = child_environment(c, false);
	_cleanup_free_ char *copy = strdup(command);
	char shell[] = "sh", option[] = "-c";
	char *argv[] = { shell, option, copy, NULL };
	struct job j = { 0 };
	int r;

	if (env == NULL || copy == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	signals_block(&j);
	tty_find(&j);
	r = start(app, &j, argv, env);
	if (r == 0)
		*ret = await(&j);
	tty_take(&j);
	signals_unblock(&j);
	if (r != 0)
		return fail(
		    app, STATUS_ERROR, "the command can't be run (%s); repeat", strerror(r));
	if (j.cancelled)
		return fail(app, STATUS_CANCELLED,
		    "cancelled; the command was ended, and nothing was changed");
	return STATUS_OK;
}
