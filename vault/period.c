/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/period.h"

#include <stdio.h>
#include <string.h>

struct civil {
	int64_t year;
	int month, day; /* from 1 */
};

/* Both by Howard Hinnant, chrono-compatible low-level date algorithms: years
 * begin in March, so that a leap day is the last of its year. Not before 0000. */
static int64_t days_of(struct civil c)
{
	int64_t y = c.month <= 2 ? c.year - 1 : c.year, era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(int64_t days)
{
	int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), mp = (5 * of_year + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct civil){ .year = y + era * 400 + (month <= 2),
		.month = month,
		.day = (int)(of_year - (153 * mp + 2) / 5 + 1) };
}

static int month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Exactly width digits at *text, which goes on behind them. -1 if they aren't. */
static int digits(const char **text, int width)
{
	int n = 0;

	for (int i = 0; i < width; i++) {
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return -1;
		n = n * 10 + (*text)[i] - '0';
	}
	*text += width;
	return n;
}

static const struct {
	const char *name;
	char unit;
	int per_century;
} units[] = { { "d", 'd', 365 }, { "w", 'w', 52 }, { "mo", 'm', 12 }, { "y", 'y', 1 } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

bool period_parse(const char *text, struct period *ret)
{
	const char *end = text;
	int n = 0;

	while (end - text < 5 && *end >= '0' && *end <= '9')
		n = n * 10 + *end++ - '0';
	if (end == text || (*text == '0' && end - text > 1))
		return false;
	for (unsigned i = 0; i < N_UNITS; i++) {
		if (strcmp(end, units[i].name) != 0 || n > PERIOD_YEARS_MAX * units[i].per_century)
			continue;
		*ret = (struct period){ .n = (uint16_t)n, .unit = n == 0 ? 'd' : units[i].unit };
		return true;
	}
	return false;
}

const char *period_print(struct period p, char buf[static PERIOD_TEXT_MAX])
{
	buf[0] = '\0';
	for (unsigned i = 0; i < N_UNITS; i++)
		if (units[i].unit == p.unit)
			(void)snprintf(buf, PERIOD_TEXT_MAX, "%u%s", p.n, units[i].name);
	return buf;
}

static int64_t within_limits(int64_t t)
{
	return t < 0 ? 0 : t > PERIOD_TIME_MAX ? PERIOD_TIME_MAX : t;
}

static int64_t add_months(int64_t t, int64_t months)
{
	struct civil c = civil_of(t / PERIOD_DAY_SECONDS);
	int64_t month = c.year * 12 + c.month - 1 + months;

	if (month < 12 * INT64_C(1970))
		return 0;
	c.year = month / 12;
	c.month = (int)(month % 12) + 1;
	if (c.day > month_days(c.year, c.month))
		c.day = month_days(c.year, c.month);
	return days_of(c) * PERIOD_DAY_SECONDS + t % PERIOD_DAY_SECONDS;
}

static int64_t shift(int64_t t, struct period p, int sign)
{
	int64_t n = sign * (int64_t)p.n;

	t = within_limits(t);
	switch (p.unit) {
	case 'd':
		return within_limits(t + n * PERIOD_DAY_SECONDS);
	case 'w':
		return within_limits(t + n * 7 * PERIOD_DAY_SECONDS);
	case 'm':
		return within_limits(add_months(t, n));
	case 'y':
		return within_limits(add_months(t, 12 * n));
	default:
		return t;
	}
}

int64_t period_after(int64_t t, struct period p)
{
	return shift(t, p, 1);
}

int64_t period_before(int64_t t, struct period p)
{
	return shift(t, p, -1);
}

/* "Z" or "+02:00", to its end: seconds to the east. False if it is neither. */
static bool offset_parse(const char *text, int *ret)
{
	int sign = *text == '-' ? -1 : 1, hours, minutes;

	*ret = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	hours = digits(&text, 2);
	if (hours < 0 || hours > 14 || *text++ != ':')
		return false;
	minutes = digits(&text, 2);
	if (minutes < 0 || minutes > 59 || *text != '\0')
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* "T09:30Z", "T09:30:00+02:00", or nothing. */
static bool time_parse(const char *text, int64_t *ret)
{
	int hour, minute, second = 0, offset;

	*ret = 0;
	if (*text == '\0')
		return true;
	if (*text++ != 'T')
		return false;
	hour = digits(&text, 2);
	if (hour < 0 || hour > 23 || *text++ != ':')
		return false;
	minute = digits(&text, 2);
	if (minute < 0 || minute > 59)
		return false;
	if (*text == ':') {
		text++;
		second = digits(&text, 2);
	}
	if (second < 0 || second > 59 || !offset_parse(text, &offset))
		return false;
	*ret = hour * 3600 + minute * 60 + second - offset;
	return true;
}

bool date_parse(const char *text, int64_t *ret)
{
	struct civil c = { 0 };
	int64_t t;

	c.year = digits(&text, 4);
	if (c.year < 1970 || *text++ != '-')
		return false;
	c.month = digits(&text, 2);
	if (c.month < 1 || c.month > 12 || *text++ != '-')
		return false;
	c.day = digits(&text, 2);
	if (c.day < 1 || c.day > month_days(c.year, c.month) || !time_parse(text, &t))
		return false;
	t += days_of(c) * PERIOD_DAY_SECONDS;
	if (t != within_limits(t))
		return false;
	*ret = t;
	return true;
}
