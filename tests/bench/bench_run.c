/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run the commands of a plan in turn, many times, and write down what each run
 * took.
 *
 *	bench_run PLAN ROUNDS WARM_UP SAMPLES
 *
 * In every round each command runs once, so that a round gives one pair for
 * every two of them. The order is rotated from round to round, so that none
 * suffers from always running after the same, which leaves cold caches.
 * SAMPLES gets a line for each run after the WARM_UP rounds, separated by tabs:
 *
 *	round  command  wall_ns  user_us  system_us  max_rss_kib
 *
 * CPU time is that of the process and of the children it waited for. A status
 * other than 0 or another output than expected ends everything with 1.
 *
 * Static and small, so that vfork has little to share and nothing to copy.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/plan.h"

#define ARG_MAX_LEN 4096

struct sample {
	int64_t wall_ns;
	struct rusage usage;
	int status;
};

static struct plan plan;
static int out_fd, err_fd; /* what the command prints, in memory */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t microseconds(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

/* arg with the round's number for "{n}", in buf where that is needed. */
static char *number_arg(char *arg, unsigned round, char buf[static ARG_MAX_LEN])
{
	char *mark = strstr(arg, "{n}");

	if (mark == NULL)
		return arg;
	snprintf(buf, ARG_MAX_LEN, "%.*s%u%s", (int)(mark - arg), arg, round, mark + 3);
	return buf;
}

static void memory_rewind(int fd)
{
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		err(2, "memfd");
}

static void actions_set(posix_spawn_file_actions_t *actions, int in_fd)
{
	if (posix_spawn_file_actions_init(actions) != 0 ||
	    posix_spawn_file_actions_adddup2(actions, in_fd, STDIN_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(actions, out_fd, STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(actions, err_fd, STDERR_FILENO) != 0)
		errx(2, "out of memory");
}

/* From before the vfork until it has been waited for. glibc's posix_spawn
 * shares the memory as vfork does. */
static void run_timed(
    const posix_spawn_file_actions_t *actions, char **argv, char *const *env, struct sample *ret)
{
	int64_t start = now_ns();
	pid_t pid;
	int r = posix_spawn(&pid, argv[0], actions, NULL, argv, env);

	if (r != 0)
		errx(2, "%s: %s", argv[0], strerror(r));
	while (wait4(pid, &ret->status, 0, &ret->usage) < 0)
		if (errno != EINTR)
			err(2, "wait4");
	ret->wall_ns = now_ns() - start;
}

static void run_command(const struct plan_command *c, unsigned round, struct sample *ret)
{
	static char texts[PLAN_ARGS_MAX][ARG_MAX_LEN];
	char *argv[PLAN_ARGS_MAX + 1] = { NULL };
	posix_spawn_file_actions_t actions;
	int in_fd;

	for (size_t i = 0; i < c->argc; i++)
		argv[i] = number_arg(c->argv[i], round, texts[i]);
	in_fd = open(c->stdin_path != NULL ? c->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
	if (in_fd < 0)
		err(2, "%s", c->stdin_path);
	memory_rewind(out_fd);
	memory_rewind(err_fd);
	actions_set(&actions, in_fd);
	run_timed(&actions, argv, c->env, ret);
	posix_spawn_file_actions_destroy(&actions);
	close(in_fd);
}

static void tell_errors(const struct plan_command *c)
{
	size_t len;
	char *text = plan_read_fd(err_fd, &len);

	fprintf(stderr, "%s said on standard error:\n%.*s\n", c->name, (int)len, text);
	free(text);
}

/* Ends the program where the run was none that may be counted. */
static void check_run(struct plan_command *c, unsigned round, const struct sample *sample)
{
	size_t len;
	char *out;

	if (!WIFEXITED(sample->status) || WEXITSTATUS(sample->status) != 0) {
		tell_errors(c);
		errx(1, "%s: round %u: %s %d", c->name, round,
		    WIFEXITED(sample->status) ? "exit status" : "killed by signal",
		    WIFEXITED(sample->status) ? WEXITSTATUS(sample->status)
					      : WTERMSIG(sample->status));
	}
	out = plan_read_fd(out_fd, &len);
	if (c->expected == NULL) {
		c->expected = out;
		c->expected_len = len;
		return;
	}
	if (len != c->expected_len || memcmp(out, c->expected, len) != 0) {
		tell_errors(c);
		errx(1, "%s: round %u: printed %zu bytes that are not the %zu expected", c->name,
		    round, len, c->expected_len);
	}
	free(out);
}

static void write_sample(
    FILE *f, unsigned round, const struct plan_command *c, const struct sample *s)
{
	fprintf(f, "%u\t%s\t%lld\t%lld\t%lld\t%ld\n", round, c->name, (long long)s->wall_ns,
	    (long long)microseconds(s->usage.ru_utime), (long long)microseconds(s->usage.ru_stime),
	    s->usage.ru_maxrss);
}

/* The command whose turn it is as number i of a round. Numbered 0, 1, n-1, 2,
 * n-2, ... and rotated, each follows each of the others equally often (Williams,
 * 1949); where n is odd, that takes the reversed order too. */
static struct plan_command *turn(unsigned round, size_t i)
{
	size_t n = plan.n, place = n % 2 == 1 && round / n % 2 == 1 ? n - 1 - i : i;
	size_t base = place % 2 == 1 ? (place + 1) / 2 : n - place / 2;

	return &plan.commands[(base + round) % n];
}

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		err(2, "memfd_create");
	return fd;
}

static unsigned number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n > 1000000)
		errx(2, "not a number of rounds: %s", s);
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	unsigned rounds, warm_up;
	struct sample sample;
	FILE *f;

	if (argc != 5)
		errx(2, "usage: bench_run PLAN ROUNDS WARM_UP SAMPLES");
	plan_read(argv[1], &plan);
	rounds = number(argv[2]);
	warm_up = number(argv[3]);
	f = fopen(argv[4], "we");
	if (f == NULL)
		err(2, "%s", argv[4]);
	out_fd = memory_file("out");
	err_fd = memory_file("err");
	for (unsigned round = 0; round < warm_up + rounds; round++) {
		for (size_t i = 0; i < plan.n; i++) {
			struct plan_command *c = turn(round, i);

			run_command(c, round, &sample);
			check_run(c, round, &sample);
			if (round >= warm_up)
				write_sample(f, round - warm_up, c, &sample);
		}
	}
	return fclose(f) == 0 ? 0 : 2;
}
