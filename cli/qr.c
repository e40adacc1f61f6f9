/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/qr.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qrencode.h>

#include "vault/cleanup.h"

#define LIBRARY "libqrencode.so.4"
#define TEXT_MAX 512

static bool read_all(int fd, void *ret, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, (uint8_t *)ret + at, len - at);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* No more than a pipe holds. */
static bool write_all(int fd, const void *p, size_t len)
{
	return write(fd, p, len) == (ssize_t)len;
}

/* The arena is empty here, and the stack and the heap are no longer locked. */
static int work(int in, int out)
{
	__typeof__(&QRcode_encodeString) encode = NULL;
	char text[TEXT_MAX + 1] = "";
	uint8_t width;
	QRcode *code;
	void *lib;

	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		return QR_ERR_MEMORY;
	lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (lib != NULL)
		*(void **)&encode = dlsym(lib, "QRcode_encodeString");
	if (encode == NULL)
		return QR_ERR_LIBRARY;
	if (read(in, text, TEXT_MAX) <= 0)
		return QR_ERR_FAILED;
	code = encode(text, 0, QR_ECLEVEL_H, QR_MODE_8, 1);
	if (code == NULL || code->width > QR_WIDTH_MAX)
		return QR_ERR_FAILED;
	width = (uint8_t)code->width;
	for (size_t i = 0; i < (size_t)width * width; i++)
		code->data[i] &= 1;
	return write_all(out, &width, 1) && write_all(out, code->data, (size_t)width * width)
		   ? QR_OK
		   : QR_ERR_FAILED;
}

static bool receive(int fd, struct qr *ret)
{
	return read_all(fd, &ret->width, 1) && ret->width > 0 && ret->width <= QR_WIDTH_MAX &&
	       read_all(fd, ret->dark, (size_t)ret->width * ret->width);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return QR_ERR_FAILED;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : QR_ERR_FAILED;
}

int qr_encode(const char *text, struct qr *ret)
{
	_cleanup_close_ int in = -1, out = -1;
	size_t len = strlen(text);
	int to[2], from[2], r;
	bool done;
	pid_t pid;

	if (len == 0 || len > TEXT_MAX || pipe2(to, O_CLOEXEC) != 0)
		return QR_ERR_FAILED;
	in = to[0];
	/* It fits; and the child finds its end, whatever becomes of us. */
	done = write_all(to[1], text, len);
	(void)close(to[1]);
	if (!done || pipe2(from, O_CLOEXEC) != 0)
		return QR_ERR_FAILED;
	out = from[0];
	pid = fork();
	if (pid == 0)
		_exit(-work(in, from[1]));
	(void)close(from[1]);
	if (pid < 0)
		return QR_ERR_FAILED;
	done = receive(out, ret);
	r = wait_for(pid);
	return r == 0 && !done ? QR_ERR_FAILED : r;
}
