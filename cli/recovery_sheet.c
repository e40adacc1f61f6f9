/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/recovery_sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/page.h"
#include "cli/qr.h"
#include "vault/cleanup.h"

#define SHEET_MAX ((size_t)128 * 1024)
#define FACT_MAX 96
#define MODULE 5 /* points */
#define LEFT 56

/* The facts of one sheet, as they are printed. */
struct facts {
	char vault[FACT_MAX], id[2 * VAULT_ID_LEN + 1], made[32];
};

static const char *const about[] = {
	"With this code and one touch of a token of the vault, touchvault lets a new computer in",
	"when all approved ones are lost. It stands for a computer, not for the token: without a",
	"touch it opens no secret, and nothing replaces the touch.",
	"",
	"Keep it where you keep papers of value, in another place than your computers, and never",
	"together with a token: whoever has both, and the vault file, has everything.",
	"Don't photograph it. Delete the file that it was printed from.",
	"",
};

static const char *const how[] = {
	"1.  Install touchvault on a new computer, and copy the vault file from a backup to it.",
	"2.  Plug in a token of the vault, and run:  touchvault recovery use",
	"3.  Type the code group by group (0 and 1 are digits); each is checked. Touch the token.",
	"4.  Leave the lost computers out:  touchvault host revoke NAME",
	"5.  Make a new sheet, as this one was used:  touchvault recovery create --replace",
	"",
	"If it is lost or somebody has seen it:  touchvault recovery remove",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void facts_fill(const struct recovery_sheet *sheet, int64_t now, struct facts *ret)
{
	const char *slash = strrchr(sheet->vault, '/');
	struct vault_summary s;

	vault_summarize(sheet->v, &s);
	(void)text_clean(slash == NULL ? sheet->vault : slash + 1, ret->vault, sizeof(ret->vault));
	for (size_t i = 0; i < VAULT_ID_LEN; i++)
		(void)snprintf(ret->id + 2 * i, 3, "%02x", s.id[i]);
	(void)text_time(now, ret->made);
}

static const char *group_of(
    const struct recovery_sheet *sheet, size_t i, char ret[static VAULT_RECOVERY_GROUP + 1])
{
	memcpy(ret, sheet->code + i * (VAULT_RECOVERY_GROUP + 1), VAULT_RECOVERY_GROUP);
	ret[VAULT_RECOVERY_GROUP] = '\0';
	return ret;
}

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + *len, SHEET_MAX - *len, fmt, ap);
	va_end(ap);
	*len += n > 0 ? (size_t)n : 0;
}

/* Not by stdio: its buffer is not locked. */
int recovery_sheet_print(const struct app *app, const struct recovery_sheet *sheet)
{
	_cleanup_secret_ char *text = secret_alloc(SHEET_MAX);
	char group[VAULT_RECOVERY_GROUP + 1];
	struct facts f;
	size_t len = 0;

	if (text == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	facts_fill(sheet, app->now, &f);
	add(text, &len, "\nRECOVERY SHEET OF A TOUCHVAULT\n\nvault  %s\nid     %s\nmade   %s\n\n",
	    f.vault, f.id, f.made);
	for (size_t i = 0; i < VAULT_RECOVERY_GROUPS; i++)
		add(text, &len, "  %zu %s%s", i + 1, group_of(sheet, i, group),
		    i % 4 == 3 ? "\n" : "");
	add(text, &len, "\n");
	for (size_t i = 0; i < COUNT(about); i++)
		add(text, &len, "%s\n", about[i]);
	for (size_t i = 0; i < COUNT(how); i++)
		add(text, &len, "%s\n", how[i]);
	add(text, &len, "\n");
	sodium_memzero(group, sizeof(group));
	return out_bytes(app, text, len);
}

static void draw_code(struct page *page, const struct recovery_sheet *sheet, unsigned y)
{
	char group[VAULT_RECOVERY_GROUP + 1], number[4];

	for (unsigned i = 0; i < VAULT_RECOVERY_GROUPS; i++) {
		unsigned x = LEFT + i % 2 * 130, at = y + i / 2 * 40;

		(void)snprintf(number, sizeof(number), "%u", i + 1);
		page_text(page, PAGE_PLAIN, 11, x, at, number);
		page_text(page, PAGE_MONO, 26, x + 18, at, group_of(sheet, i, group));
	}
	sodium_memzero(group, sizeof(group));
}

/* A box for each run of dark modules in a row. */
static void draw_qr(struct page *page, const struct qr *qr, unsigned x, unsigned y)
{
	for (unsigned row = 0; row < qr->width; row++) {
		const uint8_t *dark = qr->dark + (size_t)row * qr->width;
		unsigned end;

		for (unsigned i = 0; i < qr->width; i = end + 1) {
			for (end = i; end < qr->width && dark[end]; end++)
				;
			if (end > i)
				page_box(page, x + i * MODULE, y + row * MODULE, (end - i) * MODULE,
				    MODULE);
		}
	}
}

static unsigned draw_lines(struct page *page, const char *const *lines, size_t n, unsigned y)
{
	for (size_t i = 0; i < n; i++, y += 17)
		if (*lines[i] != '\0')
			page_text(page, PAGE_PLAIN, 11, LEFT, y, lines[i]);
	return y;
}

static void draw(
    struct page *page, const struct recovery_sheet *sheet, const struct qr *qr, int64_t now)
{
	struct facts f;
	const struct {
		const char *name, *value;
	} rows[] = { { "Vault", f.vault }, { "Id", f.id }, { "Made", f.made } };
	unsigned y = 80;

	facts_fill(sheet, now, &f);
	page_text(page, PAGE_BOLD, 24, LEFT, y, "Recovery sheet of a touchvault");
	y += 40;
	for (size_t i = 0; i < COUNT(rows); i++, y += 18) {
		page_text(page, PAGE_BOLD, 11, LEFT, y, rows[i].name);
		page_text(page, PAGE_PLAIN, 11, LEFT + 60, y, rows[i].value);
	}
	y += 40;
	draw_code(page, sheet, y + 25);
	draw_qr(page, qr, LEFT + 300, y);
	y = draw_lines(page, about, COUNT(about), y + 215);
	page_text(page, PAGE_BOLD, 11, LEFT, y, "When all computers are lost");
	(void)draw_lines(page, how, COUNT(how), y + 20);
}

static bool suffix_is(const char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);

	return len > n && strcmp(path + len - n, suffix) == 0;
}

static int fail_exists(const struct app *app, const char *path)
{
	return fail(app, STATUS_EXISTS, "%s is there already; name another file", path);
}

int recovery_sheet_check(const struct app *app, const char *path)
{
	struct stat st;

	if (!suffix_is(path, ".svg") && !suffix_is(path, ".pdf"))
		return fail(app, STATUS_USAGE,
		    "the sheet can be written as PDF or SVG; name a file that ends in .pdf or "
		    ".svg");
	return lstat(path, &st) == 0 ? fail_exists(app, path) : STATUS_OK;
}

/* So that the name is there after a power cut, too. */
static bool sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int fd = -1;
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
	    slash == NULL ? "." : path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

static bool write_file(int fd, const char *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, p + at, len - at);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) == 0;
}

static int save(const struct app *app, const char *path, const char *p, size_t len)
{
	_cleanup_close_ int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0 && errno == EEXIST)
		return fail_exists(app, path);
	if (fd >= 0 && write_file(fd, p, len) && sync_directory(path))
		return STATUS_OK;
	r = fail(app, STATUS_ERROR,
	    "%s: the sheet can't be written (%s); name a file that can be made", path,
	    strerror(errno));
	if (fd >= 0)
		(void)unlink(path);
	return r;
}

static int fail_qr(const struct app *app, int err)
{
	const char *why = "this is a defect of touchvault: please report it";

	if (err == QR_ERR_MEMORY)
		why = "raise the limit of locked memory (\"ulimit -l\") to 8192 KiB";
	else if (err == QR_ERR_LIBRARY)
		why = "install libqrencode (Debian: libqrencode4)";
	return fail(app, STATUS_ERROR,
	    "the QR code can't be made; %s, or print the sheet on the terminal, without --output",
	    why);
}

int recovery_sheet_write(
    const struct app *app, const struct recovery_sheet *sheet, const char *path)
{
	_cleanup_secret_ char *bytes = secret_alloc(SHEET_MAX);
	_cleanup_secret_ struct qr *qr = secret_alloc(sizeof(*qr));
	struct page page;
	size_t len;
	int r;

	if (bytes == NULL || qr == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = qr_encode(sheet->code, qr);
	if (r != 0)
		return fail_qr(app, r);
	page_begin(&page, suffix_is(path, ".pdf") ? PAGE_PDF : PAGE_SVG, bytes, SHEET_MAX);
	draw(&page, sheet, qr, app->now);
	len = page_end(&page);
	return len > 0 ? save(app, path, bytes, len) : fail_vault(app, VAULT_ERR_INTERNAL);
}

bool recovery_sheet_since(const struct vault *v, char ret[static RECOVERY_SINCE_MAX])
{
	char when[32], by[VAULT_HUMAN_NAME_MAX + 1];
	struct vault_sheet_info info;

	if (!vault_recovery_sheet(v, &info))
		return false;
	(void)snprintf(ret, RECOVERY_SINCE_MAX, "since %s, by %s", text_time(info.created, when),
	    info.approver == NULL ? "one that has left"
				  : text_clean(info.approver, by, sizeof(by)));
	return true;
}

json_t *recovery_sheet_json(const struct vault *v)
{
	struct vault_sheet_info info;
	char when[32];

	if (!vault_recovery_sheet(v, &info))
		return json_null();
	return json_pack("{s:s,s:o}", "created", text_time_json(info.created, when), "by",
	    info.approver == NULL ? json_null() : text_json(info.approver));
}
