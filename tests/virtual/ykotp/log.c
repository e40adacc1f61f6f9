/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 256

static int log_fd = -1;

void log_start(int fd)
{
	log_fd = fd;
}

/* One write a line: processes share the file, and lines must stay whole. */
void log_line(const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	size_t len;
	va_list ap;
	int n;

	if (log_fd < 0)
		return;
	n = snprintf(line, sizeof(line), "%d ", (int)getpid());
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	line[len++] = '\n';
	if (write(log_fd, line, len) < 0)
		perror("virtualyk: the log cannot be written");
	explicit_bzero(line, sizeof(line));
}

void log_bytes(const char *word, const uint8_t *bytes, size_t len)
{
	char hex[2 * 32 + 1] = "";

	for (size_t i = 0; i < len && 2 * i + 2 < sizeof(hex); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	log_line("%s %s", word, hex);
	explicit_bzero(hex, sizeof(hex));
}
