/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said, and where: data to standard output, everything else to
 * standard error, one sentence an error. Text from outside is stripped of
 * control characters here, so callers pass it as it is. */
#ifndef TOUCHVAULT_CLI_OUTPUT_H
#define TOUCHVAULT_CLI_OUTPUT_H

#include <stddef.h>

#include <jansson.h>

#include "cli/app.h"
#include "cli/exit_status.h"

/* Report an error and return the exit status to end with (125 under `run`).
 * One line on standard error: "touchvault: SENTENCE.", or with --json
 * {"error":{"status":N,"code":"…","message":"SENTENCE"}}. The sentence says
 * what, where, and what to do next; no secret may be in it. Its full stop is
 * added where it is missing. Statuses 126 and 127 stay as they are. */
int fail(const struct app *, enum exit_status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));
/* The same for an error of a library: sentence and status from err. err is
 * negative; vault_where() and vault_errno() are looked at. */
int fail_vault(const struct app *, int err) __attribute__((warn_unused_result));
/* retries: tries left for the PIN, or -1. */
int fail_token(const struct app *, int err, int retries) __attribute__((warn_unused_result));

/* In these and the errors, commands as "touchvault list" get the --vault that was
 * given (own_command.h). A remark on standard error, which no script needs. Silent with --json. */
void note(const struct app *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A remark that no script may miss: with --json {"warning":{"message":"..."}}. */
void warn(const struct app *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print to standard output. Control characters (but "\n" of fmt itself) can't
 * come from arguments: pass text from outside through text_clean first. */
void out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same for one text, with blanks up to width: quicker, for long lists. */
void out_text(const char *text, size_t width);
/* A paragraph, from a column that has been reached, with a newline. On a terminal it goes
 * on in the same column where a line would be longer than the terminal is wide; it breaks
 * at blanks. */
void out_wrapped(size_t column, const char *text);
/* The same of a text of our own; its commands get the --vault that was given. */
void out_own(const struct app *, const char *text);
/* Whether standard output can be written at all: before a touch. */
int out_check(const struct app *) __attribute__((warn_unused_result));
/* value is printed on one line, with a newline, and released; then out_done.
 * NULL is reported as no memory. Not for secrets. */
int out_json(const struct app *, json_t *value) __attribute__((warn_unused_result));
/* All of bytes to standard output, unbuffered: for secrets. Exit status. */
int out_bytes(const struct app *, const void *bytes, size_t len)
    __attribute__((warn_unused_result));
/* Flush standard output; exit status (1 if it could not all be written). Every
 * command that printed ends with it. */
int out_done(const struct app *) __attribute__((warn_unused_result));

/* Copy text, "?" for invalid UTF-8 and for characters that control, turn the direction of
 * writing or can't be seen; cut off at size. */
const char *text_clean(const char *text, char *buf, size_t size);
/* text_clean as a JSON string. */
json_t *text_json(const char *text) __attribute__((warn_unused_result));
/* Unix seconds as "2026-11-24 08:00 UTC" and as RFC 3339 for JSON. */
const char *text_time(int64_t t, char buf[static 32]);
const char *text_time_json(int64_t t, char buf[static 32]);

#endif
