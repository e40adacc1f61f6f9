/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/tpm_device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vault/err.h"
#include "vault/tpm.h"

#define MAGIC 0x7476617544455631ULL
#define COMMAND_MS 10000 /* to its response; making a key takes a slow TPM two seconds */
#define HEAD_LEN 10      /* tag, length, code */

_Static_assert(
    TPM_PATH_MAX + 1 == sizeof(((struct sockaddr_un *)NULL)->sun_path), "a path is an address");

static int err_of_open(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return VAULT_ERR_TPM_PERMISSION;
	case EBUSY:
	case EAGAIN: /* a socket at which too many wait */
		return VAULT_ERR_TPM_BUSY;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
	case ECONNREFUSED:
		return VAULT_ERR_TPM_NONE;
	default:
		return VAULT_ERR_TPM_FAILED;
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int64_t monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Up to the command's deadline: a response may come in pieces, but not for ever. */
static bool await(struct tpm_device *d, short events)
{
	struct pollfd p = { .fd = d->fd, .events = events };
	int64_t left;
	int n;

	do {
		left = d->deadline - monotonic_ms();
		n = left <= 0 ? 0 : poll(&p, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		d->err = VAULT_ERR_TPM_BUSY;
	else if (n < 0)
		d->err = VAULT_ERR_TPM_FAILED;
	return n > 0;
}

/* One step of reading or writing: the bytes moved, or 0 to try again. */
static size_t step(struct tpm_device *d, ssize_t n)
{
	if (n > 0)
		return (size_t)n;
	if (n == 0 || (errno != EINTR && errno != EAGAIN))
		d->err = n < 0 && errno == EBUSY ? VAULT_ERR_TPM_BUSY : VAULT_ERR_TPM_FAILED;
	return 0;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
	struct tpm_device *d = (struct tpm_device *)tcti;

	d->len = 0;
	d->deadline = monotonic_ms() + COMMAND_MS;
	while (size > 0 && d->err == 0 && await(d, POLLOUT)) {
		size_t n = step(d, write(d->fd, command, size));

		command += n;
		size -= n;
	}
	return d->err == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

/* How long the response is, as far as it says so yet. */
static size_t response_len(const struct tpm_device *d)
{
	size_t len;

	if (d->len < HEAD_LEN)
		return HEAD_LEN;
	len = (size_t)d->response[2] << 24 | (size_t)d->response[3] << 16 |
	      (size_t)d->response[4] << 8 | d->response[5];
	return len < HEAD_LEN || len > sizeof(d->response) ? 0 : len;
}

static void response_read(struct tpm_device *d)
{
	while (d->err == 0 && d->len < response_len(d))
		/* All there is: a device gives a response at once or not at all. */
		if (await(d, POLLIN))
			d->len += step(
			    d, read(d->fd, d->response + d->len, sizeof(d->response) - d->len));
	if (d->err == 0 && d->len != response_len(d))
		d->err = VAULT_ERR_TPM_FAILED;
}

/* Called without room first, to learn the size. */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *response, int32_t timeout)
{
	struct tpm_device *d = (struct tpm_device *)tcti;

	(void)timeout;
	response_read(d);
	if (d->err != 0)
		return TSS2_TCTI_RC_IO_ERROR;
	if (response != NULL && *size < d->len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	if (response != NULL)
		memcpy(response, d->response, d->len);
	*size = d->len;
	return TSS2_RC_SUCCESS;
}

int tpm_device_open(const char *path, struct tpm_device *ret)
{
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	ret->tcti = (TSS2_TCTI_CONTEXT_COMMON_V1){
		.magic = MAGIC, .version = 1, .transmit = transmit, .receive = receive
	};
	ret->fd = -1;
	if (stat(path, &st) != 0)
		return err_of_open();
	if (S_ISSOCK(st.st_mode))
		ret->fd = connect_to(path);
	else if (S_ISCHR(st.st_mode))
		ret->fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	else
		return VAULT_ERR_TPM_NONE;
	return ret->fd < 0 ? err_of_open() : 0;
}

void tpm_device_close(struct tpm_device *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
}
