/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/advice.h"
#include "cli/own_command.h"
#include "token/token.h"
#include "vault/cleanup.h"

#define SENTENCE_MAX 8192
#define WHAT_MAX 512

static bool write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EAGAIN)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		else if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Length of the UTF-8 sequence at p (RFC 3629), 0 if it is not well-formed. */
static size_t sequence_len(const unsigned char *p)
{
	static const unsigned char least[] = { 0, 0, 0, 0xa0, 0x90 };
	size_t n = p[0] < 0x80                   ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 || p[0] == 0xf0) && p[1] < least[n])
		return 0;
	if ((p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

static uint32_t code_point(const unsigned char *p, size_t n)
{
	static const unsigned char bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = p[0] & bits[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fU);
	return c;
}

/* Controls act on a terminal, marks that turn the direction of writing make a line read
 * as another one, and what can't be seen makes two names look alike: Cc, Zl, Zp, and
 * Default_Ignorable_Code_Point of Unicode 15 (UAX #44), with its annotations. */
static bool is_harmful(uint32_t c)
{
	static const uint32_t ranges[][2] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff } };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

const char *text_clean(const char *text, char *buf, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t at = 0;

	while (*p != '\0') {
		size_t n = sequence_len(p);
		bool bad = n == 0 || is_harmful(code_point(p, n));

		if (at + (bad ? 1 : n) >= size)
			break;
		if (bad)
			buf[at++] = '?';
		else
			memcpy(buf + at, p, n);
		at += bad ? 0 : n;
		p += n == 0 ? 1 : n;
	}
	buf[at] = '\0';
	return buf;
}

static const char *time_format(int64_t t, bool json, char buf[static 32])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(buf, 32, json ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(buf, 32, "unknown");
	return buf;
}

const char *text_time(int64_t t, char buf[static 32])
{
	return time_format(t, false, buf);
}

const char *text_time_json(int64_t t, char buf[static 32])
{
	return time_format(t, true, buf);
}

json_t *text_json(const char *text)
{
	char clean[SENTENCE_MAX];

	return json_string(text_clean(text, clean, sizeof(clean)));
}

static void say_error(const struct app *app, int status, const char *code, const char *sentence)
{
	_cleanup_free_ char *line = NULL;
	json_t *j;

	if (!app->json) {
		(void)dprintf(STDERR_FILENO, "touchvault: %s\n", sentence);
		return;
	}
	j = json_pack(
	    "{s:{s:i,s:s,s:s}}", "error", "status", status, "code", code, "message", sentence);
	if (j != NULL)
		line = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	if (line != NULL)
		(void)dprintf(STDERR_FILENO, "%s\n", line);
}

int fail(const struct app *app, enum exit_status status, const char *fmt, ...)
{
	char raw[SENTENCE_MAX], own[SENTENCE_MAX], sentence[SENTENCE_MAX];
	int end = app->status_125 && status < STATUS_RUN_FAILED ? STATUS_RUN_FAILED : (int)status;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	(void)own_command(app, raw, own, sizeof(own));
	(void)text_clean(own, sentence, sizeof(sentence) - 1);
	len = strlen(sentence);
	if (len == 0 || sentence[len - 1] != '.')
		(void)memcpy(sentence + len, ".", 2);
	say_error(app, end, exit_status_code(status), sentence);
	return end;
}

/* What happened, with what is known beside it. */
static const char *what_of_vault(int err, char buf[static WHAT_MAX])
{
	const char *what = vault_strerror(err);

	if (err == VAULT_ERR_IO)
		return strerror(vault_errno());
	if (err == VAULT_ERR_AUDIT)
		(void)snprintf(buf, WHAT_MAX, "%s (%s)", what, strerror(vault_errno()));
	else if (err == VAULT_ERR_SIGNER || err == VAULT_ERR_SIGNER_LEFT ||
		 err == VAULT_ERR_SIGNER_OTHER)
		(void)snprintf(buf, WHAT_MAX, "%s, %s", what, vault_signer());
	else
		return what;
	return buf;
}

int fail_vault(const struct app *app, int err)
{
	const char *where = vault_where();
	char what[WHAT_MAX];

	/* What these say has no place: no call about a path has failed. */
	if (err == VAULT_ERR_MLOCK || err == VAULT_ERR_LIMIT)
		where = "";
	return fail(app, exit_status_of_vault(err), "%s%s%s; %s", where, *where == '\0' ? "" : ": ",
	    what_of_vault(err, what), advice_for_vault(err));
}

int fail_token(const struct app *app, int err, int retries)
{
	enum exit_status status = exit_status_of_token(err);
	const char *what = token_strerror(err), *next = advice_for_token(err);
	bool of_device =
	    app->device != NULL && (err == TOKEN_ERR_NO_DEVICE || err == TOKEN_ERR_NOT_A_TOKEN ||
				       err == TOKEN_ERR_PERMISSION);

	if (retries >= 0 && (err == TOKEN_ERR_PIN_INVALID || err == TOKEN_ERR_PIN_AUTH_BLOCKED))
		return fail(app, status, "%s, %d %s left; %s", what, retries,
		    retries == 1 ? "try is" : "tries are", next);
	return fail(app, status, "%s%s%s; %s", of_device ? app->device : "", of_device ? ": " : "",
	    what, next);
}

__attribute__((format(printf, 2, 0))) static void remark(
    const struct app *app, const char *fmt, va_list ap)
{
	char raw[SENTENCE_MAX], own[SENTENCE_MAX], clean[SENTENCE_MAX];
	_cleanup_free_ char *line = NULL;
	json_t *o;

	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	(void)own_command(app, raw, own, sizeof(own));
	if (!app->json) {
		(void)dprintf(
		    STDERR_FILENO, "touchvault: %s\n", text_clean(own, clean, sizeof(clean)));
		return;
	}
	o = json_pack("{s:{s:o}}", "warning", "message", text_json(own));
	line = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (line != NULL)
		(void)dprintf(STDERR_FILENO, "%s\n", line);
}

void note(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!app->json)
		remark(app, fmt, ap);
	va_end(ap);
}

void warn(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	remark(app, fmt, ap);
	va_end(ap);
}

/* The first reason why standard output is not complete. */
static int output_errno;

void out(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vprintf(fmt, ap) < 0 && output_errno == 0)
		output_errno = errno;
	va_end(ap);
}

void out_text(const char *text, size_t width)
{
	size_t len = strlen(text);

	if (fwrite_unlocked(text, 1, len, stdout) != len && output_errno == 0)
		output_errno = errno;
	for (; len < width; len++)
		(void)putc_unlocked(' ', stdout);
}

#define COLUMNS_UNKNOWN 80

/* As many as there may be where nobody looks at lines. */
static size_t columns(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
		return SIZE_MAX;
	return w.ws_col == 0 ? COLUMNS_UNKNOWN : w.ws_col;
}

/* Characters of UTF-8. */
static size_t width_of(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

void out_wrapped(size_t column, const char *text)
{
	size_t end = columns(), at = column, len;

	for (; *text != '\0'; text += len, text += strspn(text, " ")) {
		len = strcspn(text, " ");
		if (at > column && at + 1 + width_of(text, len) > end) {
			out("\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			out_text(" ", 0);
			at++;
		}
		out("%.*s", (int)len, text);
		at += width_of(text, len);
	}
	out_text("\n", 0);
}

void out_own(const struct app *app, const char *text)
{
	char own[SENTENCE_MAX];

	out_wrapped(0, own_command(app, text, own, sizeof(own)));
}

static int output_failed(const struct app *app)
{
	return fail(app, STATUS_ERROR,
	    "standard output could not be written (%s); check where it goes and repeat",
	    strerror(output_errno));
}

int out_check(const struct app *app)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
		return STATUS_OK;
	output_errno = EBADF;
	return output_failed(app);
}

int out_done(const struct app *app)
{
	if (fflush(stdout) != 0 && output_errno == 0)
		output_errno = errno;
	return output_errno == 0 ? STATUS_OK : output_failed(app);
}

int out_json(const struct app *app, json_t *value)
{
	_cleanup_free_ char *line = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);

	json_decref(value);
	if (line == NULL)
		return fail(app, STATUS_ERROR, "out of memory; free some and repeat");
	out("%s\n", line);
	return out_done(app);
}

int out_bytes(const struct app *app, const void *bytes, size_t len)
{
	int r = out_done(app);

	if (r != 0 || write_all(STDOUT_FILENO, bytes, len))
		return r;
	output_errno = errno;
	return output_failed(app);
}
