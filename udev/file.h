/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files of the kernel, udev and logind, as text. */
#ifndef TOUCHVAULT_UDEV_FILE_H
#define TOUCHVAULT_UDEV_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* The whole file into ret, NUL-terminated; its length, or -1 (not there, can't
 * be read, longer than size - 1; errno tells). */
long file_read(const char *path, char *ret, size_t size);

/* The line of text that begins with key, without key and newline: into ret, cut
 * off at size. False if there is none. */
bool file_line(const char *text, const char *key, char *ret, size_t size);

#endif
