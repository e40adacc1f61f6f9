/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The person: prompts, the notice of a waiting touch, and Ctrl-C. All of it
 * goes to /dev/tty, or, where there is none, notices go to standard error,
 * prompts for a secret to a window (pinentry.h), and all others fail.
 *
 * While one of these functions waits, SIGINT, SIGTERM, SIGHUP and SIGQUIT are
 * taken in by a signalfd; the terminal's settings are restored on every path.
 */
#ifndef TOUCHVAULT_CLI_TERMINAL_H
#define TOUCHVAULT_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/app.h"

/* Whether there is a /dev/tty to ask on. */
bool terminal_available(void);
/* STATUS_USAGE where there is none, reported: it is for what ("type the code"). */
int terminal_require(const struct app *, const char *what) __attribute__((warn_unused_result));

enum terminal_err {
	TERMINAL_OK = 0,
	TERMINAL_ERR_NONE = -1,      /* no terminal or window, or echo can't be switched off */
	TERMINAL_ERR_CANCELLED = -2, /* Ctrl-C and the like, the window, or end of input */
	TERMINAL_ERR_TOO_LONG = -3,
};

/* As terminal_ask, but nothing is reported: 0 or an enum terminal_err. ret is
 * wiped on failure. */
int terminal_prompt(const char *prompt, bool secret, char *ret, size_t size, size_t *ret_len)
    __attribute__((warn_unused_result));

/* Ask for one line, shown as typed, or not shown. ret gets it without the
 * newline, NUL-terminated; *ret_len its length. secret lines: ret must be
 * locked memory. Exit status: STATUS_CANCELLED (Ctrl-C, end of input),
 * STATUS_USAGE where there is no terminal (hint says which option to use
 * instead), longer than size - 1. Errors have been reported. */
int terminal_ask(const struct app *, const char *prompt, bool secret, const char *hint, char *ret,
    size_t size, size_t *ret_len) __attribute__((warn_unused_result));

/* Several secret lines that belong together, from now until terminal_hide_end: what is
 * typed or pasted ahead counts for the next of them, and isn't shown between them.
 * Signals are taken in as by terminal_catch. */
void terminal_hide(void);
void terminal_hide_end(void);
/* What was typed ahead counts for nothing. */
void terminal_drop(void);

/* Before a question that only a person who has read it may answer, and after a line that
 * is to be the only one: what has been typed or pasted by now is thrown away, and
 * refused with the sentence unless it is empty lines. Exit status, reported. */
int terminal_refuse_more(const struct app *, const char *sentence)
    __attribute__((warn_unused_result));

/* Say a line, without its newline, on the terminal (or standard error). */
void terminal_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Take in the signals that cancel, from now until terminal_release. Returns a
 * descriptor that becomes readable with the first of them, -1 if there can be
 * none. Nests. A signal that came and that nobody looked at is forgotten at
 * the last release: ask terminal_cancelled before. */
int terminal_catch(void);
bool terminal_cancelled(void);
void terminal_release(void);

#endif
