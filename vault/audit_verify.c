/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk that proves a log (FORMAT.md, "Audit log"): what it proves, from
 * where, and which lines are missing or changed. */
#include <string.h>

#include "vault/audit.h"
#include "vault/cleanup.h"

/* Steps over missing lines, in all: more than the files together hold can't be
 * missing, and lines that are made up must not keep it busy for ever. */
#define SKIPS_MAX 4000000

/* In locked memory. */
struct walk {
	const struct audit_log *log;
	const struct audit_anchor *anchor;
	struct audit_chain chain, stored;
	enum { KEY_UNKNOWN, KEY_OPEN, KEY_PROVEN } mode;
	bool has_stored, met_stored, started;
	bool rotated;         /* the files are as many as there can be */
	bool excused;         /* so are the lines so far, which no seal proves */
	uint64_t open_from;   /* the begin line */
	uint64_t doubtful_to; /* the lines from chain.seq on that were told as changed */
	size_t skips;
	struct audit_line line;
	uint8_t seal_key[KEY_LEN];
	struct vault_audit_report *report;
};

static void find(struct walk *w, enum vault_audit_fault what, const struct audit_place *at,
    uint64_t from, uint64_t to)
{
	struct vault_audit_finding *f = &w->report->findings[w->report->n_findings];

	w->report->n_faults++;
	if (w->report->n_findings == VAULT_AUDIT_FINDINGS_MAX)
		return;
	w->report->n_findings++;
	*f = (struct vault_audit_finding){ .what = what, .from = from, .to = to };
	if (at != NULL) {
		f->file = at->file;
		f->line = at->number;
	}
}

/* Where the stored state is in the chain, its key must be the chain's. */
static void meet_stored(struct walk *w)
{
	if (!w->has_stored || w->mode != KEY_PROVEN || w->chain.seq != w->stored.seq)
		return;
	w->met_stored = true;
	if (sodium_memcmp(w->chain.key, w->stored.key, KEY_LEN) != 0)
		find(w, VAULT_AUDIT_KEY, NULL, w->chain.seq, w->chain.seq);
}

static void step(struct walk *w, const struct audit_place *at)
{
	audit_chain_step(&w->chain, w->log->vault_id, at->text, at->len, w->line.event);
	meet_stored(w);
}

static bool mac_is_right(const struct walk *w, const struct audit_place *at)
{
	uint8_t mac[AUDIT_MAC_LEN];

	audit_chain_mac(&w->chain, w->log->vault_id, at->text, w->line.text_len, mac);
	return sodium_memcmp(mac, w->line.mac, sizeof(mac)) == 0;
}

static void prove(struct walk *w)
{
	if (w->report->n_proven++ > 0)
		return;
	w->report->proven_from = w->line.seq;
	w->report->proven_time = (int64_t)w->line.time;
}

static void on_begin(struct walk *w, const struct audit_place *at)
{
	if (w->started)
		find(w, VAULT_AUDIT_BREAK, at, w->line.seq, w->line.seq);
	w->mode = KEY_OPEN;
	w->chain.open = true;
	w->chain.seq = w->open_from = w->line.seq;
	memset(w->chain.prev, 0, sizeof(w->chain.prev));
	step(w, at);
}

/* A seal that no begin line leads to goes on from an older one: rotation drops that, and
 * nothing else may. */
static void on_seal_without_begin(struct walk *w, const struct audit_place *at)
{
	uint64_t first = w->report->first;

	w->chain.open = false;
	memset(w->chain.prev, 0, sizeof(w->chain.prev));
	if (w->excused && at->file == AUDIT_OLD_FILES)
		return;
	if (first < w->line.seq)
		find(w, VAULT_AUDIT_NO_SEAL, NULL, first, w->line.seq - 1);
	else if (first == 1)
		find(w, VAULT_AUDIT_BREAK, at, first, first);
}

/* Its key counts, whatever the lines before it were. What it says of the beginning is
 * sealed with it. */
static void on_first_seal(struct walk *w, const struct audit_place *at)
{
	bool was_open = w->mode == KEY_OPEN;

	if (!was_open)
		on_seal_without_begin(w, at);
	else if (w->open_from == 1 && strcmp(w->line.code, AUDIT_SEEN) == 0)
		find(w, VAULT_AUDIT_ANEW, NULL, 1, 1);
	memcpy(w->chain.key, w->seal_key, KEY_LEN);
	w->chain.seq = w->line.seq;
	if (mac_is_right(w, at))
		prove(w);
	else
		find(w, was_open ? VAULT_AUDIT_UNSEALED : VAULT_AUDIT_CHANGED, at,
		    was_open ? w->open_from : w->line.seq, w->line.seq);
	w->mode = KEY_PROVEN;
	step(w, at);
}

/* No key to check it with: the numbers must at least go on, and what takes a touch
 * comes with a seal. */
static void on_unproven(struct walk *w, const struct audit_place *at)
{
	bool refusal = strcmp(w->line.event, "refusal") == 0;

	if (w->line.seq < w->chain.seq) {
		find(w, VAULT_AUDIT_MISPLACED, at, w->line.seq, w->line.seq);
		return;
	}
	if (w->line.seq > w->chain.seq)
		find(w, VAULT_AUDIT_MISSING, at, w->chain.seq, w->line.seq - 1);
	if (!refusal && w->mode == KEY_OPEN)
		find(w, VAULT_AUDIT_CHANGED, at, w->line.seq, w->line.seq);
	w->excused = w->excused && refusal;
	w->chain.seq = w->line.seq;
	step(w, at);
}

/* The numbers up to that one are passed without a line, or with changed ones. */
static bool skip_to(struct walk *w, uint64_t seq)
{
	while (w->chain.seq < seq && w->skips++ < SKIPS_MAX) {
		audit_chain_skip(&w->chain, w->log->vault_id);
		meet_stored(w);
	}
	return w->chain.seq == seq;
}

static void find_missing(struct walk *w, const struct audit_place *at, uint64_t from, uint64_t to)
{
	if (from <= w->doubtful_to)
		from = w->doubtful_to + 1;
	if (from <= to)
		find(w, VAULT_AUDIT_MISSING, at, from, to);
}

/* It may be a line that was changed, or one that was put in: whether its number
 * is taken, the next line that is genuine tells. */
static void on_changed(struct walk *w, const struct audit_place *at)
{
	uint64_t next = w->doubtful_to < w->chain.seq ? w->chain.seq : w->doubtful_to + 1;

	find(w, VAULT_AUDIT_CHANGED, at, w->line.seq, w->line.seq);
	if (w->line.seq == next)
		w->doubtful_to = next;
}

/* A number that is too high is of a line that comes after missing ones if its
 * mac says so; else of one that somebody made up. */
static void on_proven(struct walk *w, const struct audit_place *at)
{
	_cleanup_secret_ struct audit_chain *before = secret_alloc(sizeof(*before));
	bool met = w->met_stored;
	uint64_t expected = w->chain.seq;

	if (before == NULL || w->line.seq < expected) {
		find(w, VAULT_AUDIT_MISPLACED, at, w->line.seq, w->line.seq);
		return;
	}
	*before = w->chain;
	if (skip_to(w, w->line.seq) && mac_is_right(w, at)) {
		find_missing(w, at, expected, w->line.seq - 1);
		prove(w);
		step(w, at);
		return;
	}
	w->chain = *before;
	w->met_stored = met;
	on_changed(w, at);
}

/* Only where all old files are there, the oldest lines may have given way to new ones. */
static void on_first_line(struct walk *w, const struct audit_place *at)
{
	w->excused = w->rotated && at->file == AUDIT_OLD_FILES;
	if (w->line.seq > 1 && !w->excused)
		find(w, VAULT_AUDIT_MISSING, at, 1, w->line.seq - 1);
	w->chain.seq = w->report->first = w->line.seq;
	w->report->first_time = (int64_t)w->line.time;
}

static int on_line(void *ctx, const struct audit_place *at)
{
	struct walk *w = ctx;

	if (!at->complete) {
		find(w, VAULT_AUDIT_TORN, at, w->chain.seq, w->chain.seq);
		return 0;
	}
	w->report->n_lines++;
	if (audit_line_decode(at->text, at->len, &w->line) != 0) {
		find(w, VAULT_AUDIT_CHANGED, at, 0, 0);
		return 0;
	}
	if (!w->started)
		on_first_line(w, at);
	if (strcmp(w->line.event, "begin") == 0)
		on_begin(w, at);
	else if (w->mode != KEY_PROVEN && audit_seal_open(w->anchor, &w->line, w->seal_key))
		on_first_seal(w, at);
	else if (w->mode == KEY_PROVEN)
		on_proven(w, at);
	else
		on_unproven(w, at);
	w->started = true;
	w->report->last = w->line.seq;
	return 0;
}

/* What the state says was written last must be there, and lead to its key. */
static void check_tail(struct walk *w)
{
	uint64_t next = w->chain.seq;

	if (w->mode != KEY_PROVEN)
		find(w, VAULT_AUDIT_NO_SEAL, NULL, w->report->first, w->report->last);
	if (w->has_stored && (w->mode != KEY_PROVEN || w->met_stored))
		return;
	if (w->has_stored && w->stored.seq > next)
		find_missing(w, NULL, next, w->stored.seq - 1);
	if (!w->has_stored || w->stored.seq < next || !skip_to(w, w->stored.seq))
		find(w, VAULT_AUDIT_KEY, NULL, next, next);
}

int audit_verify(
    const struct audit_log *log, const struct audit_anchor *anchor, struct vault_audit_report *ret)
{
	_cleanup_secret_ struct walk *w = secret_alloc(sizeof(*w));
	_cleanup_close_ int lock = -1;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (w == NULL)
		return store_fail(VAULT_ERR_NOMEM, log->store.path);
	w->log = log;
	w->anchor = anchor;
	w->report = ret;
	r = audit_lock(log, &lock);
	if (r != 0)
		return r;
	w->rotated = audit_is_full(log);
	r = audit_chain_read(log, &w->stored);
	w->has_stored = r == 0;
	if (r == 0 || r == VAULT_ERR_DAMAGED)
		r = audit_each(log, on_line, w);
	if (r == 0)
		check_tail(w);
	return r;
}
