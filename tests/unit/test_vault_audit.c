/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log: what is done to its files, and what log verify says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "vault/audit.h"
#include "vault/secret.h"

#define LINES 20 /* written by setup: begin, seal, and records 3 to 20 */
#define FILE_CAP (1 << 20)

static const uint8_t vault_id[VAULT_ID_LEN] = { 7 };
static char dir[64], log_path[160], key_path[160];
static struct store state_store;
static struct audit_log logs;
static struct audit_anchor *anchor, *stranger;
static uint8_t *names_key;
static struct vault_audit_report report;

/* What is noted without a touch is a refusal, and tells no names. */
static void note(const struct audit_anchor *a, const char *name)
{
	const struct audit_record r = { .time = 1000,
		.event = a == NULL ? "refusal" : "get",
		.command = "get",
		.code = a == NULL ? "no-token" : "",
		.gen = 3,
		.names_key = a == NULL ? NULL : names_key,
		.token = "first",
		.name = name };

	assert_int_equal(audit_append(&logs, a, &r, false, NULL), 0);
}

static int setup(void **state)
{
	char path[96];
	const uint8_t v[KEY_LEN] = { 1 }, other[KEY_LEN] = { 2 };

	(void)state;
	strcpy(dir, "/tmp/test_audit.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/state", dir);
	snprintf(log_path, sizeof(log_path), "%s/audit/07%030d.log", dir, 0);
	snprintf(key_path, sizeof(key_path), "%s/audit/07%030d.key", dir, 0);
	anchor = secret_alloc(sizeof(*anchor));
	stranger = secret_alloc(sizeof(*stranger));
	names_key = secret_alloc(KEY_LEN);
	if (store_open(path, &state_store) != 0 || audit_anchor_derive(vault_id, v, anchor) != 0 ||
	    audit_anchor_derive(vault_id, other, stranger) != 0 ||
	    audit_open(&state_store, vault_id, true, &logs) != 0)
		return -1;
	anchor->seen = false;
	stranger->seen = false;
	for (int i = 3; i <= LINES; i++)
		note(anchor, "ibkr/live");
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	audit_close(&logs);
	store_close(&state_store);
	secret_free(anchor);
	secret_free(stranger);
	secret_free(names_key);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static char text[FILE_CAP], spare[FILE_CAP], spare_key[AUDIT_STATE_LEN + 1];

static size_t slurp(const char *path, char *p, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(p, 1, cap - 1, f);
	fclose(f);
	p[n] = '\0';
	return n;
}

static void spill(const char *path, const char *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), len);
	close(fd);
}

static size_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* Where the line begins; from 1. */
static char *line_at(size_t n)
{
	char *p = text;

	while (--n > 0)
		p = strchr(p, '\n') + 1;
	return p;
}

static void remove_lines(size_t from, size_t to)
{
	char *p = line_at(from), *end = line_at(to + 1);

	memmove(p, end, strlen(end) + 1);
}

static void verify(void)
{
	assert_int_equal(audit_verify(&logs, anchor, &report), 0);
}

static void edited(void)
{
	spill(log_path, text, strlen(text));
	verify();
}

static void one_fault_at(int line, enum vault_audit_fault what, uint64_t from, uint64_t to)
{
	const struct vault_audit_finding *f = report.findings;

	if (report.n_faults != 1 || f->what != what || f->from != from || f->to != to)
		fail_msg("line %d: %zu faults, the first %d of %llu to %llu", line, report.n_faults,
		    f->what, (unsigned long long)f->from, (unsigned long long)f->to);
}

#define one_fault(...) one_fault_at(__LINE__, __VA_ARGS__)

static void an_untouched_log_is_proven(void **state)
{
	(void)state;
	verify();
	assert_int_equal(report.n_faults, 0);
	assert_int_equal(report.n_lines, LINES);
	assert_int_equal(report.n_proven, LINES - 1);
	assert_int_equal(report.proven_from, 2); /* the seal */
}

static void a_line_taken_out_is_missing(void **state)
{
	(void)state;
	slurp(log_path, text, sizeof(text));
	remove_lines(9, 9);
	edited();
	one_fault(VAULT_AUDIT_MISSING, 9, 9);
	assert_int_equal(report.findings[0].line, 9);
	assert_int_equal(report.n_proven, LINES - 2);
	slurp(log_path, text, sizeof(text));
	remove_lines(12, 15); /* of what is left */
	edited();
	assert_int_equal(report.n_faults, 2);
	assert_int_equal(report.findings[1].from, 13);
	assert_int_equal(report.findings[1].to, 16);
}

static void every_changed_byte_is_seen(void **state)
{
	size_t len;

	(void)state;
	len = slurp(log_path, text, sizeof(text));
	for (size_t i = (size_t)(line_at(5) - text); i < (size_t)(line_at(6) - text); i++) {
		char before = text[i];

		text[i] ^= 1;
		spill(log_path, text, len);
		verify();
		assert_true(report.n_faults > 0);
		text[i] = before;
	}
	line_at(8)[strlen("{\"seq\":8,\"time\":")] = '2';
	edited();
	one_fault(VAULT_AUDIT_CHANGED, 8, 8);
	assert_int_equal(report.n_proven, LINES - 2);
	line_at(9)[strlen("{\"seq\":9,\"time\":")] = '2';
	line_at(20)[strlen("{\"seq\":20,\"time\":")] = '2'; /* the last */
	edited();
	assert_int_equal(report.n_faults, 3);
	assert_int_equal(report.findings[1].from, 9);
	assert_int_equal(report.findings[2].from, 20);
}

static void lines_in_another_order_are_seen(void **state)
{
	char one[AUDIT_LINE_MAX] = "", *p, *q;
	size_t len, next;

	(void)state;
	slurp(log_path, text, sizeof(text));
	p = line_at(6);
	q = line_at(7);
	len = (size_t)(q - p);
	next = (size_t)(line_at(8) - q);
	memcpy(one, p, len);
	memmove(p, q, next);
	memcpy(p + next, one, len);
	edited();
	assert_int_equal(report.n_faults, 2);
	assert_int_equal(report.findings[0].what, VAULT_AUDIT_MISSING);
	assert_int_equal(report.findings[0].from, 6);
	assert_int_equal(report.findings[1].what, VAULT_AUDIT_MISPLACED);
	assert_int_equal(report.findings[1].from, 6);
	assert_int_equal(report.findings[1].line, 7);
}

static void a_tail_that_is_cut_off_is_missing(void **state)
{
	(void)state;
	slurp(log_path, text, sizeof(text));
	*line_at(18) = '\0';
	edited();
	one_fault(VAULT_AUDIT_MISSING, 18, LINES);
	/* Nor does it heal when lines follow. */
	note(NULL, "");
	verify();
	one_fault(VAULT_AUDIT_MISSING, 18, LINES);
	assert_int_equal(report.last, LINES + 1);
}

static void a_line_that_was_made_up_is_seen(void **state)
{
	char forged[AUDIT_LINE_MAX], *seq;

	(void)state;
	slurp(log_path, text, sizeof(text));
	/* A copy of the last one, with the number that comes next. */
	strcpy(forged, line_at(LINES));
	seq = strstr(forged, "20");
	memcpy(seq, "21", 2);
	strcat(text, forged);
	edited();
	one_fault(VAULT_AUDIT_CHANGED, LINES + 1, LINES + 1);
	/* And what is written next has that number, and is genuine. */
	note(NULL, "");
	verify();
	one_fault(VAULT_AUDIT_CHANGED, LINES + 1, LINES + 1);
	slurp(log_path, text, sizeof(text));
	memcpy(strstr(line_at(10), "10"), "99", 2);
	edited();
	assert_true(report.n_faults >= 2);
	assert_int_equal(report.findings[0].from, 99);
	assert_int_equal(report.findings[1].what, VAULT_AUDIT_MISSING);
	assert_int_equal(report.findings[1].from, 10);
}

static void an_older_copy_is_seen(void **state)
{
	size_t len;

	(void)state;
	len = slurp(log_path, spare, sizeof(spare));
	note(NULL, "");
	note(NULL, "");
	spill(log_path, spare, len);
	verify();
	one_fault(VAULT_AUDIT_MISSING, LINES + 1, LINES + 2);
}

static void an_older_state_is_caught_up_with(void **state)
{
	(void)state;
	slurp(key_path, spare_key, sizeof(spare_key));
	for (int i = 0; i < 5; i++)
		note(anchor, "x");
	spill(key_path, spare_key, AUDIT_STATE_LEN);
	verify(); /* a power cut, before anything is written again */
	assert_int_equal(report.n_faults, 0);
	note(anchor, "y");
	verify();
	assert_int_equal(report.n_faults, 0);
	assert_int_equal(report.last, LINES + 6);
}

static void half_a_line_is_cut_off_by_the_next(void **state)
{
	size_t len;

	(void)state;
	slurp(key_path, spare_key, sizeof(spare_key));
	len = slurp(log_path, text, sizeof(text));
	note(anchor, "torn");
	spill(key_path, spare_key, AUDIT_STATE_LEN);
	slurp(log_path, text, sizeof(text));
	for (size_t cut = len + 1; cut < strlen(text); cut += 50) {
		spill(key_path, spare_key, AUDIT_STATE_LEN);
		spill(log_path, text, cut);
		verify();
		one_fault(VAULT_AUDIT_TORN, LINES + 1, LINES + 1);
		note(anchor, "whole");
		verify();
		assert_int_equal(report.n_faults, 0);
		assert_int_equal(report.last, LINES + 1);
	}
}

static void a_lost_state_is_confessed(void **state)
{
	(void)state;
	slurp(log_path, text, sizeof(text));
	*line_at(18) = '\0';
	spill(log_path, text, strlen(text));
	unlink(key_path);
	note(NULL, "");
	note(anchor, "x");
	verify();
	assert_int_equal(report.findings[0].what, VAULT_AUDIT_BREAK);
	assert_int_equal(report.findings[0].from, 18);
	assert_int_equal(report.n_faults, 1);
	spill(key_path, "nonsense", 8);
	note(anchor, "x");
	verify();
	assert_int_equal(report.n_faults, 2);
}

/* Whoever has the host's files, but no touch: only refusals can stand before a seal. */
static void a_history_made_up_from_nothing_is_not_proven(void **state)
{
	(void)state;
	unlink(log_path);
	unlink(key_path);
	for (int i = 0; i < 5; i++)
		note(stranger, "innocent");
	verify();
	assert_int_equal(report.n_proven, 0);
	note(anchor, "the owner again");
	verify();
	assert_int_equal(report.proven_from, 8);
	assert_int_equal(report.n_proven, 2);
	assert_int_equal(report.n_faults, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(report.findings[i].what, VAULT_AUDIT_CHANGED);
		assert_int_equal(report.findings[i].from, i + 2);
	}
}

static void lines_before_the_first_seal_are_vouched_for(void **state)
{
	(void)state;
	unlink(log_path);
	unlink(key_path);
	for (int i = 0; i < 5; i++)
		note(NULL, "");
	verify();
	assert_int_equal(report.n_proven, 0);
	note(anchor, "x");
	verify();
	assert_int_equal(report.n_faults, 0);
	assert_int_equal(report.n_proven, 2);
	slurp(log_path, text, sizeof(text));
	line_at(4)[strlen("{\"seq\":4,\"time\":")] = '2';
	edited();
	one_fault(VAULT_AUDIT_UNSEALED, 1, 7);
	assert_int_equal(report.n_proven, 1);
}

/* Lines 1 to 5 are missing, and what is left nothing proves. */
static void beheaded_at(int line)
{
	const struct vault_audit_finding *f = report.findings;

	if (report.n_faults != 2 || f[0].what != VAULT_AUDIT_MISSING || f[0].from != 1 ||
	    f[0].to != 5 || f[1].what != VAULT_AUDIT_NO_SEAL || f[1].from != 6 || f[1].to != LINES)
		fail_msg("line %d: %zu faults", line, report.n_faults);
}

#define beheaded() beheaded_at(__LINE__)

/* Only who brings V says whether there was a log before; nobody else can take it back. */
static void a_log_that_begins_anew_is_seen(void **state)
{
	(void)state;
	for (int refusals = 0; refusals < 2; refusals++) {
		unlink(log_path);
		unlink(key_path);
		for (int i = 0; i < refusals; i++)
			note(NULL, "");
		anchor->seen = true;
		note(anchor, "the owner again");
		verify();
		one_fault(VAULT_AUDIT_ANEW, 1, 1);
		assert_int_equal(report.n_proven, 2);
	}
	slurp(log_path, text, sizeof(text));
	memmove(strstr(text, "seen"), strstr(text, "seen") + 4, strlen(strstr(text, "seen")) - 3);
	edited();
	assert_int_equal(report.findings[0].what, VAULT_AUDIT_CHANGED);
	assert_int_equal(report.findings[0].from, 3);
	assert_int_equal(report.findings[report.n_faults - 1].what, VAULT_AUDIT_NO_SEAL);
}

/* What goes on begins nothing anew; where a chain was broken off, that is told. */
static void later_seals_are_of_hosts_that_have_seen_it(void **state)
{
	(void)state;
	anchor->seen = true;
	spill(log_path, "", 0);
	note(anchor, "x");
	verify();
	one_fault(VAULT_AUDIT_MISSING, 1, LINES);
	unlink(key_path);
	note(anchor, "x");
	verify();
	assert_int_equal(report.n_faults, 2);
	assert_int_equal(report.findings[1].what, VAULT_AUDIT_BREAK);
}

/* With their seal; the next one that is written proves what comes after. */
static void the_first_lines_are_missing(void **state)
{
	(void)state;
	slurp(log_path, text, sizeof(text));
	remove_lines(1, 5);
	edited();
	beheaded();
	assert_int_equal(report.n_proven, 0);
	note(anchor, "the owner again");
	verify();
	beheaded();
	assert_int_equal(report.proven_from, LINES + 1);
	assert_int_equal(report.n_proven, 2);
}

/* As if rotation had dropped the beginning: but it keeps seven files, all long. */
static void the_oldest_file_alone_excuses_nothing(void **state)
{
	char old[176];

	(void)state;
	slurp(log_path, text, sizeof(text));
	remove_lines(1, 5);
	for (char *p = text; (p = strstr(p, "\"get\"")) != NULL;)
		memcpy(p, "\"run\"", 5);
	for (int i = 1; i < AUDIT_OLD_FILES; i++) {
		snprintf(old, sizeof(old), "%s.%d", log_path, i);
		spill(old, "", 0);
	}
	snprintf(old, sizeof(old), "%s.%d", log_path, AUDIT_OLD_FILES);
	spill(old, text, strlen(text));
	spill(log_path, "", 0);
	note(anchor, "the owner again");
	verify();
	beheaded();
	assert_int_equal(report.n_proven, 2);
}

/* A state that somebody wrote: a log begins with its begin line. */
static void a_seal_out_of_nowhere_is_seen(void **state)
{
	struct audit_chain *c = secret_alloc(sizeof(*c));
	uint8_t file[AUDIT_STATE_LEN];

	(void)state;
	*c = (struct audit_chain){ .seq = 1 };
	audit_chain_encode(c, file);
	for (int refusals = 0; refusals < 3; refusals++) {
		unlink(log_path);
		spill(key_path, (const char *)file, sizeof(file));
		for (int i = 0; i < refusals; i++)
			note(NULL, "");
		note(anchor, "the owner again");
		verify();
		if (refusals == 0)
			one_fault(VAULT_AUDIT_BREAK, 1, 1);
		else
			one_fault(VAULT_AUDIT_NO_SEAL, 1, (uint64_t)refusals);
		assert_int_equal(report.n_proven, 2);
	}
	secret_free(c);
}

static void all_lines_are_missing(void **state)
{
	(void)state;
	unlink(log_path);
	note(anchor, "the owner again");
	verify();
	one_fault(VAULT_AUDIT_MISSING, 1, LINES);
	assert_int_equal(report.proven_from, LINES + 1);
	assert_int_equal(report.n_proven, 2);
}

/* The state has the key of the next line, and none before. */
static void the_key_of_a_line_is_forgotten(void **state)
{
	struct audit_chain *now = secret_alloc(sizeof(*now)), *then = secret_alloc(sizeof(*then));

	(void)state;
	assert_int_equal(audit_chain_read(&logs, then), 0);
	note(NULL, "");
	assert_int_equal(audit_chain_read(&logs, now), 0);
	assert_memory_not_equal(now->key, then->key, KEY_LEN);
	slurp(key_path, text, sizeof(text));
	assert_null(memmem(text, AUDIT_STATE_LEN, then->key, KEY_LEN));
	audit_chain_skip(then, vault_id);
	assert_memory_equal(now->key, then->key, KEY_LEN);
	secret_free(now);
	secret_free(then);
}

static void a_state_with_another_key_is_seen(void **state)
{
	struct audit_chain *c = secret_alloc(sizeof(*c));
	uint8_t file[AUDIT_STATE_LEN];

	(void)state;
	assert_int_equal(audit_chain_read(&logs, c), 0);
	c->key[0] ^= 1;
	audit_chain_encode(c, file);
	spill(key_path, (const char *)file, sizeof(file));
	verify();
	one_fault(VAULT_AUDIT_KEY, LINES + 1, LINES + 1);
	secret_free(c);
}

static void grow(size_t size)
{
	char name[VAULT_NAME_MAX + 1] = "";

	memset(name, 'x', VAULT_NAME_MAX); /* the longer the fewer */
	while (size_of(log_path) < size)
		note(anchor, name);
}

static void rotation_keeps_the_chain(void **state)
{
	char old[176], last[176];
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		grow(AUDIT_ROTATE_LEN);
		note(anchor, "in a new file");
	}
	verify();
	assert_int_equal(report.n_faults, 0);
	assert_int_equal(report.n_proven, report.n_lines - 1);
	snprintf(old, sizeof(old), "%s.2", log_path);
	assert_int_equal(stat(old, &st), 0);
	/* The oldest is gone before there were too many: what is left is proven from its own
	 * seal on. */
	unlink(old);
	verify();
	assert_true(report.first > LINES);
	assert_int_equal(report.proven_from, report.first);
	one_fault(VAULT_AUDIT_MISSING, 1, report.first - 1);
	/* Another name doesn't make it the last of many. */
	snprintf(old, sizeof(old), "%s.1", log_path);
	snprintf(last, sizeof(last), "%s.7", log_path);
	assert_int_equal(rename(old, last), 0);
	verify();
	one_fault(VAULT_AUDIT_MISSING, 1, report.first - 1);
	/* One in the middle can't be either. */
	spill(log_path, "", 0);
	verify();
	assert_int_equal(report.findings[0].what, VAULT_AUDIT_MISSING);
	assert_true(report.n_faults > 1);
}

/* More files than there may be; the oldest that is left begins with refusals. */
static void fill(void)
{
	for (int i = 0; i <= AUDIT_OLD_FILES; i++) {
		grow(AUDIT_ROTATE_LEN);
		for (int k = 0; i == 0 && k < 3; k++)
			note(NULL, "");
		note(anchor, "in a new file");
	}
}

static void rotation_may_take_the_beginning(void **state)
{
	static char oldest[2 * AUDIT_ROTATE_LEN];
	char path[176], away[192], *cut;
	uint64_t first;
	size_t len;

	(void)state;
	fill();
	verify();
	first = report.first;
	assert_true(first > LINES);
	assert_int_equal(report.n_faults, 0);
	assert_int_equal(report.proven_from, first + 3); /* the seal */
	assert_int_equal(report.n_proven, report.n_lines - 3);
	/* Nobody else may: neither a file of the row, nor a part of the oldest. */
	for (int i = 1; i <= AUDIT_OLD_FILES; i += 3) {
		snprintf(path, sizeof(path), "%s.%d", log_path, i);
		snprintf(away, sizeof(away), "%s.away", path);
		assert_int_equal(rename(path, away), 0);
		verify();
		assert_int_equal(report.findings[0].what, VAULT_AUDIT_MISSING);
		assert_int_equal(report.findings[0].from, 1);
		assert_int_equal(rename(away, path), 0);
	}
	len = slurp(path, oldest, sizeof(oldest));
	cut = oldest;
	for (int i = 0; i < 5; i++) /* the seal, too */
		cut = strchr(cut, '\n') + 1;
	spill(path, cut, len - (size_t)(cut - oldest));
	verify();
	assert_true(size_of(path) < AUDIT_ROTATE_LEN);
	assert_int_equal(report.findings[0].what, VAULT_AUDIT_MISSING);
	/* Before the seal only refusals may stand. */
	memcpy(strstr(oldest, "\"refusal\""), "\"unlocks\"", 9);
	spill(path, oldest, len);
	verify();
	one_fault(VAULT_AUDIT_NO_SEAL, first, first + 2);
}

static void old_files_move_up_to_the_first_gap(void **state)
{
	char path[176], content[2] = "0";

	(void)state;
	for (int i = 1; i <= AUDIT_OLD_FILES; i++) {
		snprintf(path, sizeof(path), "%s.%d", log_path, i);
		content[0] = (char)('0' + i);
		if (i != 4)
			spill(path, content, 1);
	}
	grow(AUDIT_ROTATE_LEN);
	note(anchor, "x");
	for (int i = 2; i <= AUDIT_OLD_FILES; i++) {
		snprintf(path, sizeof(path), "%s.%d", log_path, i);
		slurp(path, text, sizeof(text));
		assert_int_equal(text[0], '0' + (i <= 4 ? i - 1 : i));
	}
	grow(AUDIT_ROTATE_LEN);
	note(anchor, "x");
	slurp(path, text, sizeof(text));
	assert_int_equal(text[0], '6'); /* 7 is lost */
}

static void names_are_for_this_host_only(void **state)
{
	char names[AUDIT_BOX_MAX], *end;
	uint8_t other[KEY_LEN] = { 9 };
	struct audit_line line;
	const char *name;

	(void)state;
	slurp(log_path, text, sizeof(text));
	assert_null(strstr(text, "ibkr"));
	assert_null(strstr(text, "first"));
	end = strchr(line_at(5), '\n');
	assert_int_equal(audit_line_decode(line_at(5), (size_t)(end - line_at(5)), &line), 0);
	assert_false(audit_names_open(other, &line, names, &name));
	assert_true(audit_names_open(names_key, &line, names, &name));
	assert_string_equal(names, "first");
	assert_string_equal(name, "ibkr/live");
	line.seq++; /* a box belongs to its line */
	assert_false(audit_names_open(names_key, &line, names, &name));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_untouched_log_is_proven),
		T(a_line_taken_out_is_missing),
		T(every_changed_byte_is_seen),
		T(lines_in_another_order_are_seen),
		T(a_tail_that_is_cut_off_is_missing),
		T(a_line_that_was_made_up_is_seen),
		T(an_older_copy_is_seen),
		T(an_older_state_is_caught_up_with),
		T(half_a_line_is_cut_off_by_the_next),
		T(a_lost_state_is_confessed),
		T(a_history_made_up_from_nothing_is_not_proven),
		T(the_first_lines_are_missing),
		T(the_oldest_file_alone_excuses_nothing),
		T(a_seal_out_of_nowhere_is_seen),
		T(a_log_that_begins_anew_is_seen),
		T(later_seals_are_of_hosts_that_have_seen_it),
		T(all_lines_are_missing),
		T(lines_before_the_first_seal_are_vouched_for),
		T(the_key_of_a_line_is_forgotten),
		T(a_state_with_another_key_is_seen),
		T(rotation_keeps_the_chain),
		T(rotation_may_take_the_beginning),
		T(old_files_move_up_to_the_first_gap),
		T(names_are_for_this_host_only),
	};

	if (vault_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
