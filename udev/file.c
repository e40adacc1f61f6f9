/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "udev/cleanup.h"

long file_read(const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (len < size && (n = read(fd, ret + len, size - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		len += (size_t)n;
	}
	if (len == size) {
		errno = EFBIG;
		return -1;
	}
	ret[len] = '\0';
	return (long)len;
}

bool file_line(const char *text, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);

	while (*text != '\0') {
		size_t end = strcspn(text, "\n");

		if (end >= len && memcmp(text, key, len) == 0) {
			size_t n = end - len < size - 1 ? end - len : size - 1;

			memcpy(ret, text + len, n);
			ret[n] = '\0';
			return true;
		}
		text += end + (text[end] == '\n');
	}
	return false;
}
