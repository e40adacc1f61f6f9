/* SPDX-License-Identifier: BSD-2-Clause */
/* The key's diary, a line for each report and each thing done: "PID text".
 * Reports hold challenges, responses and, when a slot is programmed, its key:
 * what a sniffer on the bus would see. */
#ifndef VIRTUALYK_LOG_H
#define VIRTUALYK_LOG_H

#include <stddef.h>
#include <stdint.h>

/* Goes to fd from now on; nothing is written before. */
void log_start(int fd);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A word and bytes in hex. */
void log_bytes(const char *word, const uint8_t *bytes, size_t len);

#endif
