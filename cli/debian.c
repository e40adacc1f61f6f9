/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/debian.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_FILE "/var/lib/dpkg/status"

static void closep(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

static void freep(char **p)
{
	free(*p);
}

/* The value of a field, if line is of that field. */
static const char *field(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0 ? line + len + 2
										  : NULL;
}

bool debian_version(const char *package, char *ret, size_t size)
{
	__attribute__((cleanup(closep))) FILE *f = fopen(STATUS_FILE, "re");
	__attribute__((cleanup(freep))) char *line = NULL;
	bool here = false, installed = false;
	size_t room = 0;
	const char *value;

	while (f != NULL && getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if ((value = field(line, "Package")) != NULL)
			here = strcmp(value, package) == 0;
		else if (here && (value = field(line, "Status")) != NULL)
			installed = strstr(value, " installed") != NULL;
		else if (here && installed && (value = field(line, "Version")) != NULL)
			return snprintf(ret, size, "%s", value) < (int)size;
	}
	return false;
}

/* A tilde sorts before the end, letters before all that is neither. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

/* Parts that aren't digits and parts that are take turns. */
static int compare_part(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		size_t x, y;
		int r;

		while ((*a != '\0' && !isdigit((unsigned char)*a)) ||
		       (*b != '\0' && !isdigit((unsigned char)*b))) {
			r = weight(*a) - weight(*b);
			if (r != 0)
				return r;
			a++;
			b++;
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		x = strspn(a, "0123456789");
		y = strspn(b, "0123456789");
		r = x != y ? (x < y ? -1 : 1) : strncmp(a, b, x);
		if (r != 0)
			return r;
		a += x;
		b += y;
	}
	return 0;
}

struct version {
	unsigned long epoch;
	char upstream[128];
	const char *revision;
};

static void split(const char *text, struct version *ret)
{
	const char *colon = strchr(text, ':');
	char *dash;

	ret->epoch = colon == NULL ? 0 : strtoul(text, NULL, 10);
	(void)snprintf(
	    ret->upstream, sizeof(ret->upstream), "%s", colon == NULL ? text : colon + 1);
	dash = strrchr(ret->upstream, '-');
	ret->revision = dash == NULL ? "" : dash + 1;
	if (dash != NULL)
		*dash = '\0';
}

int debian_compare(const char *a, const char *b)
{
	struct version x, y;
	int r;

	split(a, &x);
	split(b, &y);
	if (x.epoch != y.epoch)
		return x.epoch < y.epoch ? -1 : 1;
	r = compare_part(x.upstream, y.upstream);
	return r != 0 ? r : compare_part(x.revision, y.revision);
}
