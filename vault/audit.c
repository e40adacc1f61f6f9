/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/audit_file.h"
#include "vault/cleanup.h"

#define LINES_MAX 3 /* begin, seal, and the record */

/* An append at work; in locked memory, because of chain. */
struct writer {
	const struct audit_log *log;
	int fd, key_fd, lock;
	uint64_t size;
	struct audit_chain chain;
	char lines[LINES_MAX * AUDIT_LINE_MAX];
	size_t len;
};

static void writer_free(struct writer **p)
{
	struct writer *w = *p;

	if (w == NULL)
		return;
	vault_cleanup_close(&w->fd);
	vault_cleanup_close(&w->key_fd);
	vault_cleanup_close(&w->lock);
	secret_free(w);
}

/* In place: the key before is not kept by some other block. It fits a sector. */
static int chain_store(struct writer *w)
{
	_cleanup_secret_ uint8_t *p = secret_alloc(AUDIT_STATE_LEN);

	if (p == NULL)
		return audit_failed(w->log);
	audit_chain_encode(&w->chain, p);
	return pwrite(w->key_fd, p, AUDIT_STATE_LEN, 0) == AUDIT_STATE_LEN ? 0
									   : audit_failed(w->log);
}

static int highest(void *ctx, const struct audit_place *at)
{
	uint64_t *seq = ctx;
	struct audit_line line;

	if (audit_line_decode(at->text, at->len, &line) == 0 && line.seq > *seq)
		*seq = line.seq;
	return 0;
}

/* A chain with a key that nobody had before. Nothing tells any more how the one
 * before it ended, which the begin line confesses. The key is on the disk before
 * its first line, as nobody could go on with that otherwise. */
static int chain_begin(struct writer *w)
{
	uint64_t seq = 0;
	int r = audit_each(w->log, highest, &seq);

	w->chain =
	    (struct audit_chain){ .seq = seq + 1, .end = w->size, .open = true, .due = true };
	randombytes_buf(w->chain.key, sizeof(w->chain.key));
	if (r == 0)
		r = chain_store(w);
	if (r == 0 && (fsync(w->key_fd) != 0 || fsync(w->log->store.dirfd) != 0))
		r = audit_failed(w->log);
	return r;
}

static int take_up(void *ctx, const struct audit_place *at)
{
	struct writer *w = ctx;
	struct audit_line line;
	uint8_t mac[AUDIT_MAC_LEN];

	if (!at->complete || audit_line_decode(at->text, at->len, &line) != 0 ||
	    line.seq != w->chain.seq)
		return 0;
	audit_chain_mac(&w->chain, w->log->vault_id, at->text, line.text_len, mac);
	if (sodium_memcmp(mac, line.mac, sizeof(mac)) != 0)
		return 0;
	audit_chain_step(&w->chain, w->log->vault_id, at->text, at->len, line.event);
	return 0;
}

/* What was written after the state: lines of a process that was killed, or of
 * before a power cut; of the last, maybe only a part. */
static int catch_up(struct writer *w)
{
	bool is_cut = w->chain.end > w->size;
	uint64_t from = is_cut ? 0 : w->chain.end;
	size_t len = (size_t)(w->size - from);
	_cleanup_free_ char *p = NULL;

	/* Its seal may be gone: with a new one, what comes now can be proven. */
	if (is_cut)
		memset(w->chain.anchor, 0, sizeof(w->chain.anchor));
	w->chain.end = w->size;
	if (len == 0)
		return 0;
	if (!audit_can_be_read(len))
		return audit_failed(w->log);
	p = malloc(len);
	if (p == NULL || store_read_at(&w->log->store, w->fd, p, len, from) != 0)
		return audit_failed(w->log);
	(void)!audit_each_line(p, len, 0, take_up, w); /* take_up never stops it */
	while (len > 0 && p[len - 1] != '\n')
		len--;
	if (from + len != w->size && ftruncate(w->fd, (off_t)(from + len)) != 0)
		return audit_failed(w->log);
	w->chain.end = w->size = from + len;
	return 0;
}

static int open_current(struct writer *w)
{
	struct stat st;

	w->fd = audit_open_own(w->log, w->log->store.name, O_RDWR | O_CREAT);
	if (w->fd < 0 || fstat(w->fd, &st) != 0)
		return audit_failed(w->log);
	w->size = (uint64_t)st.st_size;
	/* A file that has lines, but no name after a power cut, proves nothing. */
	return w->size > 0 || fsync(w->log->store.dirfd) == 0 ? 0 : audit_failed(w->log);
}

static int writer_open(const struct audit_log *log, struct writer *w)
{
	char name[NAME_MAX + 1];
	int r;

	w->log = log;
	w->fd = w->key_fd = w->lock = -1;
	r = audit_lock(log, &w->lock);
	if (r == 0)
		r = open_current(w);
	if (r != 0)
		return r;
	audit_key_name(log, name);
	w->key_fd = audit_open_own(log, name, O_RDWR | O_CREAT);
	if (w->key_fd < 0)
		return audit_failed_at(log, name);
	r = audit_chain_read_fd(log, w->key_fd, &w->chain);
	/* One that can't be read now may be whole. */
	if (r == VAULT_ERR_DAMAGED)
		r = chain_begin(w);
	return r == 0 ? catch_up(w) : r;
}

/* Every step leaves a row of files that the next try goes on from. */
static int rotate(struct writer *w)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];
	int dir = w->log->store.dirfd;
	unsigned n = 1;

	w->chain.end = 0;
	memset(w->chain.anchor, 0, sizeof(w->chain.anchor));
	if (chain_store(w) != 0 || fdatasync(w->fd) != 0 || fsync(w->key_fd) != 0)
		return audit_failed(w->log);
	for (; n < AUDIT_OLD_FILES; n++) {
		audit_old_name(w->log, n, to);
		if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			break;
	}
	for (; n > 0; n--) {
		audit_old_name(w->log, n - 1, from);
		audit_old_name(w->log, n, to);
		if (renameat(dir, from, dir, to) != 0)
			return audit_failed(w->log);
	}
	(void)close(w->fd);
	return open_current(w);
}

static void word_copy(char ret[static AUDIT_WORD_MAX + 1], const char *word)
{
	(void)snprintf(ret, AUDIT_WORD_MAX + 1, "%s", word);
}

static int put_line(struct writer *w, struct audit_line *line)
{
	char text[AUDIT_LINE_MAX];
	size_t len;

	/* A number that somebody has put there may leave no room for the next. */
	if (audit_line_encode(line, text) != 0) {
		errno = EOVERFLOW;
		return audit_failed(w->log);
	}
	audit_chain_mac(&w->chain, w->log->vault_id, text, line->text_len, line->mac);
	len = audit_line_finish(line, text);
	audit_chain_step(&w->chain, w->log->vault_id, text, len, line->event);
	memcpy(w->lines + w->len, text, len);
	w->len += len;
	w->lines[w->len++] = '\n';
	return 0;
}

static void line_of(
    const struct writer *w, const struct audit_record *r, const char *event, struct audit_line *ret)
{
	*ret = (struct audit_line){ .seq = w->chain.seq,
		.time = r->time > 0 ? (uint64_t)r->time : 0,
		.gen = r->gen >> AUDIT_NUMBER_BITS == 0 ? r->gen : 0 };
	word_copy(ret->event, event);
	word_copy(ret->command, r->command);
}

static int put_seal(
    struct writer *w, const struct audit_anchor *anchor, const struct audit_record *record)
{
	struct audit_line line;

	line_of(w, record, "seal", &line);
	word_copy(line.code, anchor->seen ? AUDIT_SEEN : "");
	audit_seal_put(&line, anchor, w->chain.key);
	memcpy(w->chain.anchor, anchor->id, sizeof(w->chain.anchor));
	return put_line(w, &line);
}

static int compose(struct writer *w, const struct audit_anchor *anchor,
    const struct audit_record *record, struct audit_line *ret)
{
	int r = 0;

	if (w->chain.due) {
		line_of(w, record, "begin", ret);
		r = put_line(w, ret);
	}
	if (r == 0 && anchor != NULL &&
	    memcmp(anchor->id, w->chain.anchor, sizeof(anchor->id)) != 0)
		r = put_seal(w, anchor, record);
	if (r != 0)
		return r;
	line_of(w, record, record->event, ret);
	word_copy(ret->code, record->code);
	audit_names_put(ret, record);
	return put_line(w, ret);
}

static int flush(struct writer *w, bool sync)
{
	ssize_t n = pwrite(w->fd, w->lines, w->len, (off_t)w->size);

	if (n < 0 || (size_t)n != w->len) {
		int error = n < 0 ? errno : ENOSPC;

		(void)!ftruncate(w->fd, (off_t)w->size);
		errno = error;
		return audit_failed(w->log);
	}
	if (sync && fdatasync(w->fd) != 0)
		return audit_failed(w->log);
	/* The lines come first: they can be taken up again, a key can't go back. */
	w->chain.end = w->size + w->len;
	return chain_store(w);
}

int audit_append(const struct audit_log *log, const struct audit_anchor *anchor,
    const struct audit_record *record, bool sync, struct audit_line *ret)
{
	__attribute__((cleanup(writer_free))) struct writer *w = secret_alloc(sizeof(*w));
	struct audit_line line;
	int r;

	if (w == NULL)
		return store_fail(VAULT_ERR_NOMEM, log->store.path);
	r = writer_open(log, w);
	if (r == 0 && w->size >= AUDIT_ROTATE_LEN)
		r = rotate(w);
	if (r == 0)
		r = compose(w, anchor, record, &line);
	if (r == 0)
		r = flush(w, sync);
	if (r == 0 && ret != NULL)
		*ret = line;
	return r;
}
