/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/aead.h"
#include "vault/buf.h"
#include "vault/cleanup.h"

#define LOCK_WAIT_MS 10000
#define NAMES_MAX 256 /* padded */
#define BOX_AD_MAX (8 + AUDIT_WORD_MAX)
#define TAIL_LEN ((size_t)16384)

_Static_assert(sodium_base64_ENCODED_LEN(
		   AEAD_OVERHEAD + NAMES_MAX, sodium_base64_VARIANT_ORIGINAL) <= AUDIT_BOX_MAX + 1,
    "names fit a box");
_Static_assert(VAULT_NAME_MAX + VAULT_HUMAN_NAME_MAX + 2 < NAMES_MAX, "names fit their padding");

int audit_failed(const struct audit_log *log)
{
	return store_fail(VAULT_ERR_AUDIT, log->store.path);
}

int audit_failed_at(const struct audit_log *log, const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s/%s", log->store.dir, name);
	return store_fail(VAULT_ERR_AUDIT, path);
}

int audit_anchor_derive(const uint8_t vault_id[static VAULT_ID_LEN],
    const uint8_t v[static KEY_LEN], struct audit_anchor *ret)
{
	if (kdf(vault_id, "tv1 audit seal", v, KEY_LEN, NULL, 0, ret->key, KEY_LEN) != 0 ||
	    kdf(vault_id, "tv1 audit anchor", v, KEY_LEN, NULL, 0, ret->id, AUDIT_ANCHOR_LEN) != 0)
		return VAULT_ERR_INTERNAL;
	return 0;
}

static int make_dir(const struct store *state)
{
	if (mkdirat(state->dirfd, AUDIT_DIR, 0700) == 0)
		return fsync(state->dirfd);
	return errno == EEXIST ? 0 : -1;
}

int audit_open(const struct store *state, const uint8_t vault_id[static VAULT_ID_LEN], bool make,
    struct audit_log *ret)
{
	char path[PATH_MAX], id[2 * VAULT_ID_LEN + 1];
	int n = snprintf(path, sizeof(path), "%s/" AUDIT_DIR "/%s.log", state->dir,
	    sodium_bin2hex(id, sizeof(id), vault_id, VAULT_ID_LEN));
	int r;

	ret->store.dirfd = -1;
	if (n < 0 || (size_t)n >= sizeof(path))
		return store_fail(VAULT_ERR_AUDIT, state->path);
	if (make && make_dir(state) != 0)
		return store_fail(VAULT_ERR_AUDIT, path);
	memcpy(ret->vault_id, vault_id, VAULT_ID_LEN);
	r = store_open(path, &ret->store);
	if (r == 0 && make)
		r = store_check_writable(&ret->store);
	if (r == 0)
		return 0;
	store_close(&ret->store);
	errno = r == VAULT_ERR_UNSAFE_DIR ? EPERM : vault_errno();
	return store_fail(VAULT_ERR_AUDIT, r == VAULT_ERR_UNSAFE_DIR ? vault_where() : path);
}

void audit_close(struct audit_log *log)
{
	store_close(&log->store);
}

int audit_lock(const struct audit_log *log, int *ret_fd)
{
	char name[NAME_MAX + 1];

	if (store_lock(&log->store, LOCK_WAIT_MS, ret_fd) == 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s.lock", NAME_MAX - 5, log->store.name);
	return audit_failed_at(log, name);
}

void audit_key_name(const struct audit_log *log, char ret[static NAME_MAX + 1])
{
	(void)snprintf(ret, NAME_MAX + 1, "%.*s.key", 2 * VAULT_ID_LEN, log->store.name);
}

void audit_old_name(const struct audit_log *log, unsigned n, char ret[static NAME_MAX + 1])
{
	(void)snprintf(ret, NAME_MAX + 1, n == 0 ? "%s" : "%s.%u", log->store.name, n);
}

int audit_open_own(const struct audit_log *log, const char *name, int flags)
{
	int fd = openat(log->store.dirfd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return fd;
	(void)close(fd);
	errno = EPERM;
	return -1;
}

int audit_chain_read_fd(const struct audit_log *log, int fd, struct audit_chain *ret)
{
	_cleanup_secret_ uint8_t *p = secret_alloc(AUDIT_STATE_LEN + 1);
	ssize_t n = p == NULL ? -1 : pread(fd, p, AUDIT_STATE_LEN + 1, 0);

	if (n < 0)
		return audit_failed(log);
	return n == AUDIT_STATE_LEN ? audit_chain_decode(p, ret) : VAULT_ERR_DAMAGED;
}

int audit_chain_read(const struct audit_log *log, struct audit_chain *ret)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = -1;

	audit_key_name(log, name);
	fd = audit_open_own(log, name, O_RDONLY);
	if (fd < 0)
		return errno == ENOENT ? VAULT_ERR_DAMAGED : audit_failed_at(log, name);
	return audit_chain_read_fd(log, fd, ret);
}

bool audit_is_full(const struct audit_log *log)
{
	char name[NAME_MAX + 1];
	struct stat st;

	for (unsigned n = 1; n <= AUDIT_OLD_FILES; n++) {
		audit_old_name(log, n, name);
		if (fstatat(log->store.dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    (uint64_t)st.st_size < AUDIT_ROTATE_LEN)
			return false;
	}
	return true;
}

bool audit_can_be_read(uint64_t len)
{
	if (len > AUDIT_FILE_MAX)
		errno = EFBIG;
	return len <= AUDIT_FILE_MAX;
}

static int read_file(const struct audit_log *log, unsigned n, char **ret, size_t *ret_len)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *p = NULL;
	struct stat st;

	*ret = NULL;
	*ret_len = 0;
	audit_old_name(log, n, name);
	fd = audit_open_own(log, name, O_RDONLY);
	if (fd < 0)
		return errno == ENOENT ? 0 : audit_failed_at(log, name);
	if (fstat(fd, &st) != 0 || !audit_can_be_read((uint64_t)st.st_size))
		return audit_failed_at(log, name);
	p = malloc((size_t)st.st_size + 1);
	if (p == NULL || store_read_at(&log->store, fd, p, (size_t)st.st_size, 0) != 0)
		return audit_failed_at(log, name);
	*ret_len = (size_t)st.st_size;
	*ret = TAKE_PTR(p);
	return 0;
}

int audit_each_line(const char *p, size_t len, unsigned file, audit_place_fn fn, void *ctx)
{
	struct audit_place at = { .file = file };
	int r = 0;

	while (r == 0 && len > 0) {
		const char *end = memchr(p, '\n', len);

		at.number++;
		at.text = p;
		at.complete = end != NULL;
		at.len = at.complete ? (size_t)(end - p) : len;
		r = fn(ctx, &at);
		p += at.len + at.complete;
		len -= at.len + at.complete;
	}
	return r;
}

int audit_each(const struct audit_log *log, audit_place_fn fn, void *ctx)
{
	int r = 0;

	for (unsigned n = AUDIT_OLD_FILES + 1; r == 0 && n-- > 0;) {
		_cleanup_free_ char *p = NULL;
		size_t len;

		r = read_file(log, n, &p, &len);
		if (r == 0)
			r = audit_each_line(p, len, n, fn, ctx);
	}
	return r;
}

struct last {
	const char *event;
	bool found;
	int64_t time;
};

static int look_at_event(void *ctx, const struct audit_place *at)
{
	struct last *last = ctx;
	struct audit_line line;

	if (audit_line_decode(at->text, at->len, &line) != 0 ||
	    strcmp(line.event, last->event) != 0)
		return 0;
	last->found = true;
	last->time = (int64_t)line.time;
	return 0;
}

/* A line that begins before isn't one. */
static void look_at_tail(const struct audit_log *log, struct last *last)
{
	_cleanup_close_ int fd = audit_open_own(log, log->store.name, O_RDONLY);
	char tail[TAIL_LEN];
	struct stat st;
	size_t len;

	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	len = (uint64_t)st.st_size < sizeof(tail) ? (size_t)st.st_size : sizeof(tail);
	if (store_read_at(&log->store, fd, tail, len, (uint64_t)st.st_size - len) == 0)
		(void)!audit_each_line(tail, len, 0, look_at_event, last);
}

int64_t audit_last_time(const struct audit_log *log, const char *event)
{
	struct last last = { .event = event };

	look_at_tail(log, &last);
	if (!last.found)
		(void)!audit_each(log, look_at_event, &last);
	return last.time;
}

/* A box belongs to its line: to the number, and to what a seal says beside. */
static size_t box_ad(const struct audit_line *line, uint8_t ret[static BOX_AD_MAX])
{
	size_t len = strlen(line->code);

	le64_encode(ret, line->seq);
	memcpy(ret + 8, line->code, len);
	return 8 + len;
}

static void box_put(struct audit_line *line, const uint8_t key[static KEY_LEN], const void *plain,
    size_t len, uint8_t *sealed)
{
	uint8_t ad[BOX_AD_MAX];

	aead_seal(key, ad, box_ad(line, ad), plain, len, sealed);
	(void)sodium_bin2base64(line->box, sizeof(line->box), sealed, len + AEAD_OVERHEAD,
	    sodium_base64_VARIANT_ORIGINAL);
}

void audit_names_put(struct audit_line *line, const struct audit_record *record)
{
	uint8_t plain[NAMES_MAX] = { 0 }, sealed[AEAD_OVERHEAD + NAMES_MAX];
	size_t token = strlen(record->token) + 1, name = strlen(record->name) + 1, len;

	if (record->names_key == NULL || token + name >= NAMES_MAX || token + name == 2)
		return;
	memcpy(plain, record->token, token);
	memcpy(plain + token, record->name, name);
	if (sodium_pad(&len, plain, token + name, AUDIT_NAMES_PAD, sizeof(plain)) == 0)
		box_put(line, record->names_key, plain, len, sealed);
}

void audit_seal_put(
    struct audit_line *line, const struct audit_anchor *anchor, const uint8_t key[static KEY_LEN])
{
	uint8_t sealed[AEAD_OVERHEAD + KEY_LEN];

	box_put(line, anchor->key, key, KEY_LEN, sealed);
}

int audit_sync(const struct audit_log *log)
{
	_cleanup_close_ int fd = audit_open_own(log, log->store.name, O_RDWR);

	return fd >= 0 && fdatasync(fd) == 0 ? 0 : audit_failed(log);
}

static size_t box_get(const struct audit_line *line, const uint8_t key[static KEY_LEN],
    uint8_t ret[static AUDIT_BOX_MAX])
{
	uint8_t sealed[AUDIT_BOX_MAX], ad[BOX_AD_MAX];
	size_t len;

	if (sodium_base642bin(sealed, sizeof(sealed), line->box, strlen(line->box), NULL, &len,
		NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len < AEAD_OVERHEAD || aead_open(key, ad, box_ad(line, ad), sealed, len, ret) != 0)
		return 0;
	return len - AEAD_OVERHEAD;
}

bool audit_names_open(const uint8_t names_key[static KEY_LEN], const struct audit_line *line,
    char ret[static AUDIT_BOX_MAX], const char **ret_name)
{
	size_t len = box_get(line, names_key, (uint8_t *)ret);
	const char *end;

	if (len == 0 || len % AUDIT_NAMES_PAD != 0 ||
	    sodium_unpad(&len, (const uint8_t *)ret, len, AUDIT_NAMES_PAD) != 0 || len < 2 ||
	    ret[len - 1] != '\0')
		return false;
	end = memchr(ret, '\0', len - 1);
	if (end == NULL)
		return false;
	*ret_name = end + 1;
	return true;
}

bool audit_seal_open(
    const struct audit_anchor *anchor, const struct audit_line *line, uint8_t ret[static KEY_LEN])
{
	_cleanup_secret_ uint8_t *plain = secret_alloc(AUDIT_BOX_MAX);

	if (plain == NULL || strcmp(line->event, "seal") != 0 ||
	    box_get(line, anchor->key, plain) != KEY_LEN)
		return false;
	memcpy(ret, plain, KEY_LEN);
	return true;
}
