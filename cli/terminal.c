/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/pinentry.h"
#include "vault/cleanup.h"

#define LINE_MAX_LEN 2048
#define QUIET_MS 200 /* what is pasted comes without such a pause in it */

static struct {
	int fd;
	unsigned depth;
	sigset_t before;
} caught = { .fd = -1 };

/* Those that are not ignored: under nohup a hang-up must cancel nothing, but
 * a blocked signal is delivered to a signalfd even if it is ignored. */
static void cancelling_signals(sigset_t *ret)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGVTALRM,
		SIGPROF, SIGUSR1, SIGUSR2, SIGXCPU, SIGIO, SIGPWR, SIGSTKFLT };
	struct sigaction sa;

	(void)sigemptyset(ret);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		if (sigaction(i, NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			(void)sigaddset(ret, i);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			(void)sigaddset(ret, signals[i]);
}

int terminal_catch(void)
{
	sigset_t set;

	if (caught.depth++ > 0)
		return caught.fd;
	cancelling_signals(&set);
	caught.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (caught.fd >= 0)
		(void)sigprocmask(SIG_BLOCK, &set, &caught.before);
	return caught.fd;
}

bool terminal_cancelled(void)
{
	struct pollfd pfd = { .fd = caught.fd, .events = POLLIN };

	return caught.fd >= 0 && poll(&pfd, 1, 0) > 0;
}

void terminal_release(void)
{
	struct signalfd_siginfo info;

	if (--caught.depth > 0 || caught.fd < 0)
		return;
	/* What is left pending would end the program when it is let through. */
	while (read(caught.fd, &info, sizeof(info)) > 0)
		;
	(void)sigprocmask(SIG_SETMASK, &caught.before, NULL);
	(void)close(caught.fd);
	caught.fd = -1;
}

/* Echo off, and back. Ctrl-Z meanwhile would hand a terminal without echo to
 * the shell, so it is ignored. */
struct echo {
	bool off;
	struct termios before;
	struct sigaction stop;
};

/* While several lines are hidden. */
static struct {
	int fd;
	struct echo echo;
} hidden = { .fd = -1 };

static int terminal_open(int mode)
{
	return open("/dev/tty", mode | O_NOCTTY | O_CLOEXEC);
}

bool terminal_available(void)
{
	_cleanup_close_ int tty = terminal_open(O_RDWR);

	return tty >= 0;
}

int terminal_require(const struct app *app, const char *what)
{
	if (terminal_available())
		return STATUS_OK;
	return fail(
	    app, STATUS_USAGE, "there is no terminal to %s on; run touchvault on one", what);
}

void terminal_say(const char *fmt, ...)
{
	_cleanup_close_ int tty = terminal_open(O_WRONLY);
	char raw[LINE_MAX_LEN], clean[LINE_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	(void)text_clean(raw, clean, sizeof(clean));
	if (tty < 0 || dprintf(tty, "%s\n", clean) < 0)
		(void)dprintf(STDERR_FILENO, "%s\n", clean);
}

static int echo_off(int tty, struct echo *ret)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct termios t;

	if (tcgetattr(tty, &ret->before) != 0)
		return TERMINAL_ERR_NONE;
	(void)sigaction(SIGTSTP, &ignore, &ret->stop);
	t = ret->before;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	t.c_lflag |= ICANON | ISIG;
	if (tcsetattr(tty, TCSAFLUSH, &t) != 0) {
		(void)sigaction(SIGTSTP, &ret->stop, NULL);
		return TERMINAL_ERR_NONE;
	}
	ret->off = true;
	return 0;
}

/* The rest of a line that was not taken is thrown away: the shell would read
 * it, and show it. */
static void echo_back(int tty, const struct echo *e, bool taken)
{
	if (!taken)
		(void)tcflush(tty, TCIFLUSH);
	if (!e->off)
		return;
	(void)tcsetattr(tty, TCSADRAIN, &e->before);
	(void)sigaction(SIGTSTP, &e->stop, NULL);
}

void terminal_hide(void)
{
	hidden.fd = terminal_open(O_RDWR);
	(void)terminal_catch();
	/* Where it fails, so does the prompt. */
	if (hidden.fd >= 0)
		(void)echo_off(hidden.fd, &hidden.echo);
}

void terminal_hide_end(void)
{
	if (hidden.fd >= 0) {
		echo_back(hidden.fd, &hidden.echo, false);
		(void)close(hidden.fd);
	}
	hidden.fd = -1;
	hidden.echo.off = false;
	terminal_release();
}

void terminal_drop(void)
{
	_cleanup_close_ int tty = terminal_open(O_RDWR);

	if (tty >= 0)
		(void)tcflush(tty, TCIFLUSH);
}

/* One byte into ret, which is where a secret may be. */
static int read_byte(int tty, int cancel_fd, char *ret)
{
	struct pollfd pfd[] = { { .fd = tty, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN } };
	ssize_t n;

	do {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return TERMINAL_ERR_NONE;
		if (terminal_cancelled())
			return TERMINAL_ERR_CANCELLED;
		n = pfd[0].revents == 0 ? -1 : read(tty, ret, 1);
	} while (n < 0 && (pfd[0].revents == 0 || errno == EINTR || errno == EAGAIN));
	return n == 1 ? 0 : TERMINAL_ERR_CANCELLED;
}

/* All that waits, and all that comes before a pause. */
static int read_away(int tty, int cancel_fd, bool *ret_more)
{
	struct pollfd pfd[] = { { .fd = tty, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN } };
	char c = '\n';
	int r = 0, n;

	while (r == 0 && (n = poll(pfd, 2, QUIET_MS)) != 0) {
		if (n < 0)
			continue;
		r = read_byte(tty, cancel_fd, &c);
		*ret_more |= r == 0 && c != '\n' && c != ' ' && c != '\t';
	}
	explicit_bzero(&c, sizeof(c));
	return r;
}

/* Without regard to lines, as what has no end yet waits, too. */
static int more_waits(int tty, int cancel_fd, bool *ret)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction stop;
	struct termios before, t;
	int r;

	*ret = false;
	if (tcgetattr(tty, &before) != 0)
		return TERMINAL_ERR_NONE;
	(void)sigaction(SIGTSTP, &ignore, &stop);
	t = before;
	t.c_lflag &= ~(tcflag_t)ICANON;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	r = tcsetattr(tty, TCSANOW, &t) == 0 ? read_away(tty, cancel_fd, ret) : TERMINAL_ERR_NONE;
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	(void)sigaction(SIGTSTP, &stop, NULL);
	return r;
}

int terminal_refuse_more(const struct app *app, const char *sentence)
{
	_cleanup_close_ int tty = terminal_open(O_RDWR);
	bool more = false;
	int r;

	/* Then nobody can be asked, which whoever asks will say. */
	if (tty < 0)
		return STATUS_OK;
	r = more_waits(tty, terminal_catch(), &more);
	terminal_release();
	if (r != 0)
		return fail(app, STATUS_CANCELLED, "cancelled; nothing was changed");
	return more ? fail(app, STATUS_USAGE, "%s", sentence) : STATUS_OK;
}

static int read_line(int tty, int cancel_fd, char *ret, size_t size, size_t *ret_len)
{
	for (size_t len = 0; len < size; len++) {
		int r = read_byte(tty, cancel_fd, ret + len);

		if (r != 0)
			return r;
		if (ret[len] == '\n') {
			ret[len] = '\0';
			*ret_len = len;
			return 0;
		}
	}
	return TERMINAL_ERR_TOO_LONG;
}

int terminal_prompt(const char *prompt, bool secret, char *ret, size_t size, size_t *ret_len)
{
	_cleanup_close_ int tty = terminal_open(O_RDWR);
	char clean[LINE_MAX_LEN];
	struct echo echo = { 0 };
	int cancel_fd, r = 0;

	if (tty < 0)
		return secret ? pinentry_ask(prompt, ret, size, ret_len) : TERMINAL_ERR_NONE;
	cancel_fd = terminal_catch();
	if (secret && !hidden.echo.off)
		r = echo_off(tty, &echo);
	if (r == 0) {
		(void)dprintf(tty, "%s", text_clean(prompt, clean, sizeof(clean)));
		r = read_line(tty, cancel_fd, ret, size, ret_len);
		echo_back(tty, &echo, r == 0);
		/* A newline that wasn't shown, or never came. */
		if (secret || r != 0)
			(void)!write(tty, "\n", 1);
	}
	terminal_release();
	if (r != 0)
		explicit_bzero(ret, size);
	return r;
}

int terminal_ask(const struct app *app, const char *prompt, bool secret, const char *hint,
    char *ret, size_t size, size_t *ret_len)
{
	switch ((enum terminal_err)terminal_prompt(prompt, secret, ret, size, ret_len)) {
	case TERMINAL_OK:
		return STATUS_OK;
	case TERMINAL_ERR_NONE:
		return fail(app, STATUS_USAGE, "there is no terminal to ask on; %s", hint);
	case TERMINAL_ERR_CANCELLED:
		return fail(app, STATUS_CANCELLED, "cancelled; nothing was changed");
	case TERMINAL_ERR_TOO_LONG:
		return fail(app, STATUS_USAGE, "longer than %zu bytes; %s", size - 1, hint);
	}
	return STATUS_ERROR;
}
