#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctaphid.h"
#include "log.h"

#define PARTIAL_MS 100

static int slave_raw(int fd)
{
	struct termios tio;

	if (tcgetattr(fd, &tio) < 0)
		return -1;
	cfmakeraw(&tio);
	/* poll() on the slave must not say readable before a whole report. */
	tio.c_cc[VMIN] = FRAME_LEN;
	tio.c_cc[VTIME] = 0;
	return tcsetattr(fd, TCSANOW, &tio);
}

/* symlink() can't replace a link, rename() can. */
static int link_point(const char *link, const char *target)
{
	char *tmp;
	int r;

	if (!link)
		return 0;
	if (asprintf(&tmp, "%s.%ld", link, (long)getpid()) < 0)
		return -1;
	unlink(tmp);
	r = symlink(target, tmp);
	if (r == 0 && (r = rename(tmp, link)) < 0)
		unlink(tmp);
	if (r < 0)
		perror(link);
	free(tmp);
	return r;
}

int pty_plug(struct pty *p)
{
	p->rx_len = 0;
	p->out_head = p->out_count = p->out_sent = 0;
	p->out_last = 0;
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	p->slave = -1;
	if (p->master < 0 || grantpt(p->master) < 0 ||
	    unlockpt(p->master) < 0 ||
	    ptsname_r(p->master, p->name, sizeof(p->name)) != 0)
		goto fail;
	/* Held open: a pair nobody has open on this side hangs up. */
	p->slave = open(p->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (p->slave < 0 || slave_raw(p->slave) < 0)
		goto fail;
	if (link_point(p->link, p->name) < 0)
		goto fail;
	return 0;
fail:
	perror("vtoken: pseudo-terminal");
	pty_unplug(p);
	return -1;
}

static void link_remove(const struct pty *p)
{
	char target[sizeof(p->name)];
	ssize_t n;

	if (!p->link)
		return;
	/* Another token may have taken the name in the meantime. */
	n = readlink(p->link, target, sizeof(target));
	if (n == (ssize_t)strlen(p->name) && !memcmp(target, p->name, (size_t)n))
		unlink(p->link);
}

void pty_unplug(struct pty *p)
{
	if (p->master < 0)
		return;
	link_remove(p);
	if (p->slave >= 0)
		close(p->slave);
	close(p->master);
	p->master = p->slave = -1;
}

void pty_flush(struct pty *p)
{
	uint8_t old[4096];

	p->out_head = p->out_count = p->out_sent = 0;
	p->out_last = 0;
	if (p->slave < 0)
		return;
	/* tcflush() leaves what the line discipline has not yet taken in. */
	tcflush(p->slave, TCIFLUSH);
	while (read(p->slave, old, sizeof(old)) > 0)
		;
}

void pty_send(struct pty *p, const uint8_t frame[static FRAME_LEN],
	      unsigned int delay_ms)
{
	struct out_frame *f;
	uint64_t from = clock_ms();

	if (p->master < 0)
		return;
	if (p->out_count == OUT_FRAMES) {
		log_line("event output-full");
		return;
	}
	if (p->out_last > from)
		from = p->out_last;
	f = &p->out[(p->out_head + p->out_count++) % OUT_FRAMES];
	memcpy(f->data, frame, FRAME_LEN);
	f->not_before = p->out_last = from + delay_ms;
	pty_write(p);
}

void pty_write(struct pty *p)
{
	while (p->master >= 0 && p->out_count) {
		struct out_frame *f = &p->out[p->out_head];
		ssize_t n;

		if (f->not_before > clock_ms())
			return;
		n = write(p->master, f->data + p->out_sent,
			  FRAME_LEN - p->out_sent);
		if (n < 0)
			return;
		p->out_sent += (size_t)n;
		if (p->out_sent < FRAME_LEN)
			return;
		p->out_sent = 0;
		p->out_head = (p->out_head + 1) % OUT_FRAMES;
		p->out_count--;
	}
}

bool pty_wants_write(const struct pty *p)
{
	return p->out_count && p->out[p->out_head].not_before <= clock_ms();
}

void pty_readable(struct token *t)
{
	struct pty *p = &t->pty;
	uint8_t buf[4096];
	ssize_t n;

	n = read(p->master, buf, sizeof(buf));
	if (n <= 0)
		return;
	p->rx_at = clock_ms();
	/* A frame may unplug the token: then the rest has nowhere to go. */
	for (ssize_t i = 0; i < n && p->master >= 0; i++) {
		p->rx[p->rx_len++] = buf[i];
		if (p->rx_len < sizeof(p->rx))
			continue;
		p->rx_len = 0;
		hid_frame(t, p->rx + 1);
	}
}

void pty_tick(struct pty *p)
{
	if (p->rx_len && clock_ms() >= p->rx_at + PARTIAL_MS) {
		log_line("event short-report len=%zu", p->rx_len);
		p->rx_len = 0;
	}
}

uint64_t pty_deadline(const struct pty *p)
{
	uint64_t at = UINT64_MAX;

	if (p->master < 0)
		return at;
	if (p->rx_len)
		at = p->rx_at + PARTIAL_MS;
	if (p->out_count && p->out[p->out_head].not_before < at)
		at = p->out[p->out_head].not_before;
	return at;
}
