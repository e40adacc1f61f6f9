/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the helper gives up before it reads a byte from anyone: new privileges,
 * other programs, the network, and all files but devices (SECURITY.md,
 * section 6).
 */
#ifndef TOUCHVAULT_TOKEN_CONFINE_H
#define TOUCHVAULT_TOKEN_CONFINE_H

#include <stddef.h>

#define CONFINE_DEVICES_MAX 16

/* For good. TOKEN_ERR_INTERNAL if the kernel refuses what it has; a kernel
 * without Landlock (before 5.13) leaves that part out. */
int confine(void) __attribute__((warn_unused_result));

/* Of all files, leave only these devices, before the first byte from one of them
 * is looked at; and confine_settle, unless libusb is yet to start. At most CONFINE_DEVICES_MAX
 * paths; those that aren't there are no error. */
int confine_devices(const char *const *paths, size_t n) __attribute__((warn_unused_result));

/* The USB nodes stay too, and what the kernel says of them: for libusb, which
 * finds them by itself. Before confine_devices; then libusb starts, whose thread is
 * confined as whoever makes it, and then confine_settle. */
void confine_keep_usb(void);
/* No more threads and sockets, for all threads. */
int confine_settle(void) __attribute__((warn_unused_result));

/* Keep the heap and the stack, where libfido2 leaves copies, out of swap. Must
 * come before they have grown. TOKEN_ERR_INTERNAL where the memlock limit
 * doesn't allow it. */
int confine_memory(void) __attribute__((warn_unused_result));

#endif
