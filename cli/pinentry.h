/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secret asked for in a window, by the desktop's own pinentry(1), for who has a
 * display and no terminal. It is /usr/bin/pinentry and no other: what a variable
 * could name would get to know the secret.
 *
 * The protocol is Assuan's, in lines of at most 1000 bytes.
 */
#ifndef TOUCHVAULT_CLI_PINENTRY_H
#define TOUCHVAULT_CLI_PINENTRY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is a display, and a pinentry to start. */
bool pinentry_available(void);

/* Ask. ret is locked memory of size bytes, and gets the secret, NUL-terminated;
 * *ret_len its length. 0 or an enum terminal_err: TERMINAL_ERR_NONE where there
 * is no display (DISPLAY, WAYLAND_DISPLAY), or no pinentry that keeps to the
 * protocol; TERMINAL_ERR_CANCELLED by the window or by a signal, which ends
 * pinentry. */
int pinentry_ask(const char *prompt, char *ret, size_t size, size_t *ret_len)
    __attribute__((warn_unused_result));

#endif
