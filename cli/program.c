/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "vault/cleanup.h"
#include "vault/store.h"

struct intake {
	int fd;
	struct program_output *to;
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
	size_t room = i->to->max - i->to->len;
	uint8_t *at = room > 0 ? i->to->bytes + i->to->len : over;
	ssize_t n = read(i->fd, at, room > 0 ? room : sizeof(over));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_fd(&i->fd);
		return;
	}
	if (room == 0)
		i->too_much = !i->to->drops;
	else
		i->to->len += (size_t)n;
	sodium_memzero(over, sizeof(over));
}

static void input_write(struct run *r, const struct program *p)
{
	ssize_t n = write(r->in, p->input + r->written, p->input_len - r->written);

	if (n > 0)
		r->written += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		close_fd(&r->in); /* it doesn't want to know */
	if (r->written == p->input_len)
		close_fd(&r->in);
}

/* Until it has ended, and what it wrote has been read. */
static enum program_end converse(struct run *r, const struct program *program)
{
	for (;;) {
		struct pollfd p[] = { { r->pidfd, POLLIN, 0 }, { r->out.fd, POLLIN, 0 },
			{ r->err.fd, POLLIN, 0 }, { r->in, POLLOUT, 0 }, { r->cancel, POLLIN, 0 } };
		int64_t left = r->deadline - monotonic_ms();

		if (left <= 0)
			return PROGRAM_TIME;
		if (poll(p, sizeof(p) / sizeof(p[0]), (int)left) < 0)
			continue;
		if (p[4].revents != 0)
			return PROGRAM_CANCELLED;
		if (p[1].revents != 0)
			intake_read(&r->out);
		if (p[2].revents != 0)
			intake_read(&r->err);
		if (p[3].revents != 0)
			input_write(r, program);
		if (r->out.too_much || r->err.too_much)
			return PROGRAM_TOO_MUCH;
		/* What it started may hold the pipes open for ever. */
		if (p[0].revents != 0 && p[1].revents == 0 && p[2].revents == 0)
			return PROGRAM_EXIT;
	}
}

static int spawn(
    const struct app *app, const struct program *p, const int ends[static 3], pid_t *ret)
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
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	(void)sigfillset(&all);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &all);
	(void)sigemptyset(&all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(
		    &attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	(void)umask(app->umask);
	if (r == 0)
		r = posix_spawn(ret, p->path, &actions, &attr, p->argv, p->env);
	(void)umask(077);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Three pipes; ours don't block. */
static int run_start(const struct app *app, const struct program *p, struct run *r)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } }, err = 0;

	for (int i = 0; i < 3 && err == 0; i++)
		err = pipe2(pipes[i], O_CLOEXEC) == 0 ? 0 : errno;
	if (err == 0) {
		const int ends[3] = { pipes[0][0], pipes[1][1], pipes[2][1] };

		err = spawn(app, p, ends, &r->pid);
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
	r->deadline = monotonic_ms() + (int64_t)p->seconds * 1000;
	return r->pidfd < 0 ? errno : 0;
}

/* With all that it started. Its status as the shell has it; what isn't known is none to
 * trust. */
static int run_end(struct run *r)
{
	int status = 0, waited = 0;

	if (r->pid > 0) {
		(void)kill(-r->pid, SIGKILL);
		do
			waited = waitpid(r->pid, &status, 0);
		while (waited < 0 && errno == EINTR);
	}
	close_fd(&r->in);
	close_fd(&r->out.fd);
	close_fd(&r->err.fd);
	close_fd(&r->pidfd);
	if (waited < 0)
		return 128;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_check(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct store s;
	uint64_t size;
	int r = store_open(path, &s);

	if (r == 0)
		r = store_open_file(&s, &fd, &size);
	store_close(&s);
	return r;
}

int program_run(const struct app *app, const struct program *p, struct program_output *out,
    struct program_output *err, enum program_end *ret_end, int *ret_status)
{
	struct run run = { .pidfd = -1,
		.in = -1,
		.cancel = p->cancel,
		.out = { -1, out, false },
		.err = { -1, err, false } };
	int r = run_start(app, p, &run);

	if (r == 0)
		*ret_end = converse(&run, p);
	*ret_status = run_end(&run);
	return r;
}
