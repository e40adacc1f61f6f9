/* A stream socket on which a test changes the token while it runs. */
#ifndef VTOKEN_CONTROL_H
#define VTOKEN_CONTROL_H

#include <poll.h>

#include "token.h"

#define CONTROL_CLIENTS	8

struct control {
	char *path;
	int listen_fd;		/* -1: no control socket */
	struct control_client {
		int fd;		/* -1: free */
		char line[512];
		size_t len;
	} clients[CONTROL_CLIENTS];
};

/* @path may be NULL. -1 after a message on stderr. */
int control_open(struct control *c, const char *path);
void control_close(struct control *c);
/* Fills in 1 + CONTROL_CLIENTS entries; negative descriptors are ignored. */
void control_poll(const struct control *c, struct pollfd *fds);
/* Serves what @fds, as filled in by control_poll(), found ready. */
void control_serve(struct control *c, struct token *t,
		   const struct pollfd *fds);

#endif
