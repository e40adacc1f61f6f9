#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "ctaphid.h"
#include "log.h"
#include "pty.h"

int control_open(struct control *c, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	c->path = NULL;
	c->listen_fd = -1;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	if (!path)
		return 0;
	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "vtoken: %s: too long for a socket\n", path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	unlink(path);
	c->listen_fd = socket(AF_UNIX,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listen_fd < 0 ||
	    bind(c->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(c->listen_fd, CONTROL_CLIENTS) < 0) {
		perror(path);
		return -1;
	}
	c->path = strdup(path);
	return c->path ? 0 : -1;
}

static void client_close(struct control_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->len = 0;
}

void control_close(struct control *c)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		client_close(&c->clients[i]);
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	if (c->path)
		unlink(c->path);
	free(c->path);
}

static const char *run_touch(struct token *t, const char *arg)
{
	if (!arg || strcmp(arg, "now") != 0)
		return "it is 'touch now'";
	return hid_touch(t) ? NULL : "nothing waits for a touch";
}

static const char *run_set(struct token *t, char *arg)
{
	char *value;

	if (!arg)
		return "set what?";
	value = strchr(arg, ' ');
	if (value)
		*value++ = '\0';
	return config_set(&t->cfg, arg, value);
}

static const char *run_pin_set(struct token *t, const char *arg)
{
	if (!arg || strlen(arg) < 4 || strlen(arg) > 63)
		return "a PIN has 4 to 63 bytes";
	t->pin.in_use = false;
	t->pin.failures = 0;
	return state_pin_set(&t->state, arg, strlen(arg)) < 0 ?
	       "the state can't be saved" : NULL;
}

static const char *run_unplug(struct token *t)
{
	if (t->pty.master < 0)
		return "not plugged in";
	token_power_off(t);
	return NULL;
}

static const char *run_replug(struct token *t)
{
	token_power_off(t);
	return token_power_on(t) < 0 ? "can't plug in" : NULL;
}

static void status_print(const struct token *t, char *ret, size_t cap)
{
	const struct config *c = &t->cfg;

	snprintf(ret, cap,
		 " plugged=%d pts=%s waiting=%d touch=%s fault=%s pin=%d"
		 " retries=%u failures=%u counter=%u product=%s",
		 t->pty.master >= 0, t->pty.name,
		 t->hid.phase == HID_WAITING, touch_name(c->touch),
		 fault_name(c->fault), t->state.pin_set, t->state.retries,
		 t->pin.failures, t->state.counter, c->product);
}

/* Runs one line and writes the answer, without its newline. */
static void line_run(struct token *t, char *line, char *ret, size_t cap)
{
	char more[384] = "", *arg = strchr(line, ' ');
	const char *wrong = NULL;

	if (arg)
		*arg++ = '\0';
	if (strcmp(line, "touch") == 0)
		wrong = run_touch(t, arg);
	else if (strcmp(line, "touch-policy") == 0)
		wrong = touch_parse(&t->cfg, arg ? arg : "");
	else if (strcmp(line, "fault") == 0)
		wrong = fault_parse(&t->cfg, arg ? arg : "");
	else if (strcmp(line, "set") == 0)
		wrong = run_set(t, arg);
	else if (strcmp(line, "pin-set") == 0)
		wrong = run_pin_set(t, arg);
	else if (strcmp(line, "unplug") == 0)
		wrong = run_unplug(t);
	else if (strcmp(line, "replug") == 0)
		wrong = run_replug(t);
	else if (strcmp(line, "retries") == 0)
		snprintf(more, sizeof(more), " %u", t->state.retries);
	else if (strcmp(line, "status") == 0)
		status_print(t, more, sizeof(more));
	else if (strcmp(line, "quit") == 0)
		t->quit = true;
	else
		wrong = "no such command";

	if (wrong)
		snprintf(ret, cap, "error %s", wrong);
	else
		snprintf(ret, cap, "ok%s", more);
}

static void client_lines(struct control_client *client, struct token *t)
{
	char *end;

	while ((end = memchr(client->line, '\n', client->len))) {
		size_t used = (size_t)(end - client->line) + 1;
		char answer[512];
		size_t len;

		*end = '\0';
		line_run(t, client->line, answer, sizeof(answer) - 1);
		len = strlen(answer);
		answer[len++] = '\n';
		client->len -= used;
		memmove(client->line, client->line + used, client->len);
		if (send(client->fd, answer, len, MSG_NOSIGNAL) < 0) {
			client_close(client);
			return;
		}
	}
	/* A line that never ends. */
	if (client->len == sizeof(client->line))
		client_close(client);
}

static void client_read(struct control_client *client, struct token *t)
{
	ssize_t n = recv(client->fd, client->line + client->len,
			 sizeof(client->line) - client->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(client);
		return;
	}
	client->len += (size_t)n;
	client_lines(client, t);
}

static void client_accept(struct control *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd < 0) {
			c->clients[i].fd = fd;
			c->clients[i].len = 0;
			return;
		}
	close(fd);
}

void control_poll(const struct control *c, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = c->listen_fd, .events = POLLIN };
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		fds[1 + i] = (struct pollfd){
			.fd = c->clients[i].fd, .events = POLLIN
		};
}

void control_serve(struct control *c, struct token *t,
		   const struct pollfd *fds)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (fds[1 + i].revents && c->clients[i].fd >= 0)
			client_read(&c->clients[i], t);
	if (fds[0].revents)
		client_accept(c);
}
