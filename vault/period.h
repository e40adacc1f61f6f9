/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans of the calendar and dates, as people write them. Pure. Everything is
 * UTC, so that a vault reads the same in every time zone; and nothing is before
 * 1970 or after the year 9999.
 */
#ifndef TOUCHVAULT_VAULT_PERIOD_H
#define TOUCHVAULT_VAULT_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#define PERIOD_TEXT_MAX 9 /* "36500d", and what an int could have more, with its NUL */
#define PERIOD_YEARS_MAX 100
#define PERIOD_DAY_SECONDS 86400
#define PERIOD_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* "90d": n of a unit, 'd', 'w', 'm' (a month is "mo") or 'y'. All zero: not set. */
struct period {
	uint16_t n;
	char unit;
};

static inline bool period_is_set(struct period p)
{
	return p.unit != '\0';
}

/* "90d", "2w", "3mo", "1y"; up to 100 years. False for anything else. Nothing at
 * all is "0d", whatever its unit was. */
bool period_parse(const char *text, struct period *ret);
/* What period_parse takes; "" for one that isn't set. */
const char *period_print(struct period, char buf[static PERIOD_TEXT_MAX]);

/* t and a period later, or before. Months and years go by the calendar: a day that the
 * month doesn't have becomes its last. Stays within 1970 and 9999. */
int64_t period_after(int64_t t, struct period);
int64_t period_before(int64_t t, struct period);

/* Periods are compared as they run from the 1st of January. */
static inline bool period_is_longer(struct period a, struct period b)
{
	return period_after(0, a) > period_after(0, b);
}

/* "2027-01-31", which is its first second, "2027-01-31T09:30Z" or with seconds; an
 * offset, as "+02:00", may stand for the Z. Unix seconds. False for anything else,
 * and for days that there aren't. */
bool date_parse(const char *text, int64_t *ret);

#endif
