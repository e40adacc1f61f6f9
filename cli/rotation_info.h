/* SPDX-License-Identifier: BSD-2-Clause */
/* Schedules, and how entries stand: for people, as JSON, and from the command line. */
#ifndef TOUCHVAULT_CLI_ROTATION_INFO_H
#define TOUCHVAULT_CLI_ROTATION_INFO_H

#include <jansson.h>

#include "cli/option.h"

/* The time that dates of the vault are held against (clock.h), also where another host has
 * changed it since it was opened. */
int64_t rotation_now(const struct app *, const struct vault *);

/* An option's period, as far as it is given; word, if not NULL, stands for an unset
 * one. Exit status, reported. */
int rotation_period_option(const struct app *, const struct arguments *, const char *name,
    const char *word, struct period *ret) __attribute__((warn_unused_result));
/* An option's date; word, if not NULL, stands for 0. Exit status, reported. */
int rotation_date_option(const struct app *, const struct arguments *, const char *name,
    const char *word, int64_t *ret) __attribute__((warn_unused_result));

/* Why a step is made, or an entry marked. Exit status, reported. */
int rotation_reason_check(const struct app *, const char *option, const char *reason)
    __attribute__((warn_unused_result));

/* For `get` and `run`: which of an entry's credentials. */
#define ROTATION_SET_OPTIONS                                                                       \
	{ "staged", NULL, false, "the new one that is not yet promoted" },                         \
	{                                                                                          \
		"previous", NULL, false, "the old one that is kept since the new one was promoted" \
	}
/* Exit status, reported. */
int rotation_set_option(const struct app *, const struct arguments *, enum vault_set *ret)
    __attribute__((warn_unused_result));
/* Whether the entry has that one. Exit status, reported. */
int rotation_set_check(const struct app *, const struct vault_entry_info *, enum vault_set)
    __attribute__((warn_unused_result));
/* "", "the staged ", "the previous ": what stands before the entry's name. */
const char *rotation_set_text(enum vault_set);

/* "every 90d (default), told 14d before, ...", on one line, no newline; own: the
 * entry's, or NULL; bounded: the policy's maximum age counts. */
void schedule_print(const struct schedule *effective, const struct schedule *own, bool bounded);
/* {every, lead, grace, mode}; every is null for never. NULL: no memory. */
json_t *schedule_json(const struct schedule *) __attribute__((warn_unused_result));

/* Of rotation_days: "today", "tomorrow", "in 5 days", "12 days ago". */
#define DAYS_TEXT_MAX 32
const char *text_day_count(int64_t days, char buf[static DAYS_TEXT_MAX]);
const char *text_days(int64_t at, int64_t now, char buf[static DAYS_TEXT_MAX]);
/* "2026-11-24"; "-" for 0. */
const char *text_date(int64_t t, char buf[static 32]);
/* The time as JSON has it; null for 0. */
json_t *time_json(int64_t t) __attribute__((warn_unused_result));

/* {name, status, at, days, rotate_by, expires, finish_by, retire_by, state, reason,
 * snoozed_until}; NULL: no memory. */
json_t *standing_json(const struct vault_entry_info *, const struct rotation_outlook *, int64_t now)
    __attribute__((warn_unused_result));

#endif
