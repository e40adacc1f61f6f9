/*
 * vtoken - a FIDO2 token in software, on a raw pseudo-terminal.
 *
 * For tests only: it keeps its master key in a file, in the clear.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "control.h"
#include "crypto.h"
#include "ctaphid.h"
#include "log.h"
#include "pin.h"
#include "pty.h"

struct paths {
	const char *state;
	const char *log;
	const char *link;
	const char *control;
	const char *pin;
};

uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int token_power_on(struct token *t)
{
	memset(&t->hid, 0, sizeof(t->hid));
	memset(&t->touch, 0, sizeof(t->touch));
	t->powered_at = clock_ms();
	/* Channel numbers that differ each time catch hosts that guess. */
	if (random_fill(&t->hid.cid_base, sizeof(t->hid.cid_base)) < 0 ||
	    pin_power_on(t) < 0)
		return -1;
	t->hid.cid_base = (t->hid.cid_base & 0x3fffffff) | 0x10000000;
	if (pty_plug(&t->pty) < 0) {
		pin_power_off(t);
		return -1;
	}
	log_line("event plug");
	return 0;
}

void token_power_off(struct token *t)
{
	if (t->pty.master < 0)
		return;
	hid_abort(t);
	pin_power_off(t);
	pty_unplug(&t->pty);
	log_line("event unplug");
}

static int usage(const char *wrong, const char *name)
{
	if (wrong)
		fprintf(stderr, "vtoken: %s: %s\n", name, wrong);
	fputs("usage: vtoken --state FILE --log FILE --link PATH"
	      " [--control PATH] [options]\n"
	      "The options are in tests/virtual/README.md.\n", stderr);
	return -1;
}

static const char **path_option(struct paths *p, const char *name)
{
	if (strcmp(name, "state") == 0)
		return &p->state;
	if (strcmp(name, "log") == 0)
		return &p->log;
	if (strcmp(name, "link") == 0)
		return &p->link;
	if (strcmp(name, "control") == 0)
		return &p->control;
	if (strcmp(name, "pin") == 0)
		return &p->pin;
	return NULL;
}

/* "--name value" and "--name=value" alike. */
static int options_parse(int argc, char **argv, struct config *cfg,
			 struct paths *paths)
{
	for (int i = 1; i < argc; i++) {
		const char *wrong, **path;
		char *name = argv[i] + 2, *value;

		if (strncmp(argv[i], "--", 2) != 0)
			return usage("not an option", argv[i]);
		value = strchr(name, '=');
		if (value)
			*value++ = '\0';
		if (strcmp(name, "with-parent") == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			continue;
		}
		path = path_option(paths, name);
		if (!path && config_is_flag(name) < 0)
			return usage("unknown option", argv[i]);
		if (!value && (path || !config_is_flag(name))) {
			if (++i == argc)
				return usage("wants a value", argv[i - 1]);
			value = argv[i];
		}
		if (path) {
			*path = value;
			continue;
		}
		wrong = config_set(cfg, name, value);
		if (wrong)
			return usage(wrong, name);
	}
	if (!paths->state || !paths->log || !paths->link)
		return usage("--state, --log and --link are needed", "options");
	return 0;
}

static int poll_timeout(const struct token *t)
{
	uint64_t now = clock_ms(), at = hid_deadline(t);
	uint64_t wire = pty_deadline(&t->pty);

	if (wire < at)
		at = wire;
	if (at == UINT64_MAX)
		return -1;
	return at <= now ? 0 : (int)(at - now);
}

/* One turn of the loop. @fds: signals, the wire, the control socket. */
static int token_turn(struct token *t, struct control *control, int signal_fd)
{
	struct pollfd fds[3 + CONTROL_CLIENTS] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = t->pty.master, .events = POLLIN },
	};
	int timeout = poll_timeout(t);

	if (pty_wants_write(&t->pty)) {
		/* Due, but the host doesn't read: wait for room, not for time. */
		fds[1].events |= POLLOUT;
		if (timeout == 0)
			timeout = 50;
	}
	control_poll(control, fds + 2);
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) < 0)
		return errno == EINTR ? 0 : -1;
	if (fds[0].revents)
		t->quit = true;
	if (fds[1].revents & POLLIN)
		pty_readable(t);
	control_serve(control, t, fds + 2);
	pty_tick(&t->pty);
	hid_tick(t);
	pty_write(&t->pty);
	return 0;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* Behind a host that gave its terminal away, a hangup is no order. */
	signal(SIGHUP, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int token_prepare(struct token *t, const struct paths *paths)
{
	if (log_open(paths->log) < 0) {
		perror(paths->log);
		return -1;
	}
	if (state_open(&t->state, paths->state) < 0)
		return -1;
	if (paths->pin && !t->state.pin_set &&
	    state_pin_set(&t->state, paths->pin, strlen(paths->pin)) < 0)
		return -1;
	t->pty.master = t->pty.slave = -1;
	t->pty.link = strdup(paths->link);
	return t->pty.link ? token_power_on(t) : -1;
}

int main(int argc, char **argv)
{
	static struct token token;
	static struct control control;
	struct paths paths = { 0 };
	int signal_fd, r = 0;

	config_default(&token.cfg);
	if (options_parse(argc, argv, &token.cfg, &paths) < 0)
		return 2;
	signal_fd = signals_open();
	if (signal_fd < 0 || control_open(&control, paths.control) < 0)
		return 1;
	if (token_prepare(&token, &paths) < 0) {
		control_close(&control);
		return 1;
	}
	printf("ready %s\n", token.pty.name);
	fflush(stdout);

	while (r == 0 && !token.quit)
		r = token_turn(&token, &control, signal_fd);

	token_power_off(&token);
	control_close(&control);
	free(token.pty.link);
	state_close(&token.state);
	return r < 0;
}
