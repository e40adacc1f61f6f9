/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which lines of the rules in force set who may open a device. udev doesn't record
 * that, so the rules are gone through once more, as far as it can be told without
 * running anything: with what the kernel and udev's record say of the device as it is
 * now. A condition that can't be told is taken to hold, a jump that hangs on one isn't
 * made: rather a line too many than the one that matters left out.
 */
#include "udev/udev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "udev/file.h"
#include "udev/in_force.h"
#include "udev/node.h"
#include "udev/rule.h"

#define TEXT_MAX 16384
#define VALUE_MAX 512
#define PARTS_MAX 64
#define LABEL_MAX 128

struct device {
	char path[PATH_MAX]; /* in sysfs */
	const char *kernel, *subsystem;
	char record[TEXT_MAX], uevent[TEXT_MAX];
};

struct givers {
	struct udev_giver *at;
	size_t n;
	unsigned final; /* what ":=" has set */
};

enum fit { NO, MAYBE, YES };

static enum fit fit(const struct rule_part *part, const char *text)
{
	return rule_pattern_fits(part->value, text) == (part->op == RULE_IS) ? YES : NO;
}

/* udev's record, then what the kernel says. What has a dot before it is in neither. */
static enum fit fit_property(const struct device *d, const struct rule_part *part)
{
	char key[VALUE_MAX], value[VALUE_MAX] = "";

	if (part->attribute[0] == '.')
		return MAYBE;
	(void)snprintf(key, sizeof(key), "E:%s=", part->attribute);
	if (!file_line(d->record, key, value, sizeof(value)))
		(void)file_line(d->uevent, key + 2, value, sizeof(value));
	return fit(part, value);
}

static enum fit fit_attribute(const char *dir, const struct rule_part *part)
{
	char path[PATH_MAX], value[VALUE_MAX];
	long n;

	if (strpbrk(part->attribute, "[%$") != NULL) /* of another device, or made up by udev */
		return MAYBE;
	(void)snprintf(path, sizeof(path), "%.3000s/%.255s", dir, part->attribute);
	n = file_read(path, value, sizeof(value));
	if (n < 0)
		return NO;
	while (n > 0 && (value[n - 1] == '\n' || value[n - 1] == ' '))
		value[--n] = '\0';
	return fit(part, value);
}

static enum fit fit_subsystem(const char *dir, const struct rule_part *part)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.4000s/subsystem", dir);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NO;
	target[n] = '\0';
	return fit(part, basename(target));
}

static bool is_of_parents(const struct rule_part *part)
{
	return strcmp(part->key, "ATTRS") == 0 || strcmp(part->key, "KERNELS") == 0 ||
	       strcmp(part->key, "SUBSYSTEMS") == 0;
}

static enum fit fit_parent(const char *dir, const struct rule_part *part)
{
	if (strcmp(part->key, "ATTRS") == 0)
		return fit_attribute(dir, part);
	if (strcmp(part->key, "KERNELS") == 0)
		return fit(part, basename(dir));
	return fit_subsystem(dir, part);
}

/* All of a line's have to hold for the device itself, or all for the same parent. */
static enum fit fit_parents(const struct device *d, const struct rule_part *parts, size_t n)
{
	char dir[PATH_MAX];

	for ((void)snprintf(dir, sizeof(dir), "%s", d->path); strlen(dir) > strlen("/sys");
	     *strrchr(dir, '/') = '\0') {
		bool all = true;

		for (size_t i = 0; i < n && all; i++)
			all = !is_of_parents(&parts[i]) || fit_parent(dir, &parts[i]) != NO;
		if (all)
			return YES;
	}
	return NO;
}

static enum fit fit_part(const struct device *d, const struct rule_part *part)
{
	if (part->op != RULE_IS && part->op != RULE_IS_NOT)
		/* Its success is a condition, whatever is written. */
		return strcmp(part->key, "PROGRAM") == 0 || strcmp(part->key, "IMPORT") == 0 ? MAYBE
											     : YES;
	if (strcmp(part->key, "ACTION") == 0)
		return fit(part, "add");
	if (strcmp(part->key, "KERNEL") == 0)
		return fit(part, d->kernel);
	if (strcmp(part->key, "SUBSYSTEM") == 0)
		return fit(part, d->subsystem);
	if (strcmp(part->key, "ENV") == 0)
		return fit_property(d, part);
	if (strcmp(part->key, "ATTR") == 0)
		return fit_attribute(d->path, part);
	return is_of_parents(part) ? YES : MAYBE;
}

static enum fit fit_line(const struct device *d, const struct rule_part *parts, size_t n)
{
	enum fit all = YES;
	bool parents = false;

	for (size_t i = 0; i < n && all != NO; i++) {
		enum fit one = fit_part(d, &parts[i]);

		parents |= is_of_parents(&parts[i]);
		all = one < all ? one : all;
	}
	return all == NO || (parents && fit_parents(d, parts, n) == NO) ? NO : all;
}

static unsigned sets(const struct rule_part *part)
{
	if (part->op == RULE_IS || part->op == RULE_IS_NOT)
		return 0;
	if (strcmp(part->key, "TAG") == 0 && strcmp(part->value, "uaccess") == 0)
		return part->op == RULE_DROP ? UDEV_TAKES_SEAT : UDEV_GIVES_SEAT;
	if (strcmp(part->key, "MODE") == 0)
		return UDEV_SETS_MODE;
	if (strcmp(part->key, "GROUP") == 0)
		return UDEV_SETS_GROUP;
	return strcmp(part->key, "OWNER") == 0 ? UDEV_SETS_OWNER : 0;
}

/* What a later line sets is no longer the earlier one's. */
static void outdo(struct givers *givers, unsigned what)
{
	size_t n = 0;

	if (what & UDEV_TAKES_SEAT)
		what |= UDEV_GIVES_SEAT;
	else
		what &= ~(unsigned)UDEV_GIVES_SEAT; /* of which there may be several */
	for (size_t i = 0; i < givers->n; i++) {
		givers->at[i].sets &= ~what;
		if (givers->at[i].sets != 0)
			givers->at[n++] = givers->at[i];
	}
	givers->n = n;
}

static void give(
    struct givers *givers, const struct udev_giver *giver, const struct rule_part *parts, size_t n)
{
	unsigned what = 0, final = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned one = sets(&parts[i]) & ~givers->final;

		what |= one;
		final |= parts[i].op == RULE_FINAL ? one : 0;
	}
	if (what == 0)
		return;
	if (!giver->perhaps) {
		givers->final |= final;
		outdo(givers, what);
	}
	if (givers->n == UDEV_GIVERS_MAX)
		return;
	givers->at[givers->n] = *giver;
	givers->at[givers->n++].sets = what;
}

static const char *value_of(const struct rule_part *parts, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(parts[i].key, key) == 0)
			return parts[i].value;
	return NULL;
}

/* jump: the label that is looked for, or "". giver: the line's place. */
static void look_at_line(const struct device *d, struct udev_giver *giver, char *text,
    char jump[static LABEL_MAX], struct givers *givers)
{
	struct rule_part parts[PARTS_MAX];
	const char *label, *to;
	size_t n = 0;
	enum fit fits;

	while (n < PARTS_MAX && rule_next(&text, &parts[n]))
		n++;
	label = value_of(parts, n, "LABEL");
	if (*jump != '\0' && (label == NULL || strcmp(label, jump) != 0))
		return;
	*jump = '\0';
	fits = fit_line(d, parts, n);
	if (fits == NO)
		return;
	giver->perhaps = fits == MAYBE;
	give(givers, giver, parts, n);
	to = value_of(parts, n, "GOTO");
	if (fits == YES && to != NULL)
		(void)snprintf(jump, LABEL_MAX, "%s", to);
}

struct reader {
	FILE *f;
	char *part, *line;
	size_t room, len;
	unsigned number, first;
};

static bool append(struct reader *r, const char *text, size_t n)
{
	char *more = realloc(r->line, r->len + n + 1);

	if (more == NULL)
		return false;
	r->line = more;
	memcpy(r->line + r->len, text, n);
	r->len += n;
	r->line[r->len] = '\0';
	return true;
}

/* A backslash at its end joins a line with the next; a comment isn't joined. */
static bool next_line(struct reader *r)
{
	r->len = 0;
	while (getline(&r->part, &r->room, r->f) > 0) {
		size_t n = strcspn(r->part, "\n");
		bool goes_on = n > 0 && r->part[n - 1] == '\\';

		r->number++;
		if (r->part[strspn(r->part, " \t")] == '#')
			continue;
		if (r->len == 0)
			r->first = r->number;
		if (!append(r, r->part, n - goes_on))
			return false;
		if (!goes_on)
			return true;
	}
	return false;
}

static void look_at_file(const struct device *d, const char *path, struct givers *givers)
{
	struct reader r = { .f = fopen(path, "re") };
	struct udev_giver giver = { .line = 0 };
	char jump[LABEL_MAX] = "";

	(void)snprintf(giver.file, sizeof(giver.file), "%s", path);
	while (r.f != NULL && next_line(&r)) {
		giver.line = r.first;
		look_at_line(d, &giver, r.line, jump, givers);
	}
	free(r.part);
	free(r.line);
	if (r.f != NULL)
		(void)fclose(r.f);
}

static bool read_device(const struct udev_token *token, struct device *ret)
{
	char path[PATH_MAX];
	struct stat st;

	if (realpath(token->sys, ret->path) == NULL)
		return false;
	ret->kernel = basename(ret->path);
	ret->subsystem = token->kind == UDEV_FIDO ? "hidraw" : "usb";
	ret->record[0] = ret->uevent[0] = '\0';
	(void)snprintf(path, sizeof(path), "%.4000s/uevent", ret->path);
	if (file_read(path, ret->uevent, sizeof(ret->uevent)) < 0)
		ret->uevent[0] = '\0';
	if (stat(token->node, &st) != 0)
		return false;
	node_record_path(st.st_rdev, path, sizeof(path));
	if (file_read(path, ret->record, sizeof(ret->record)) < 0)
		ret->record[0] = '\0';
	return true;
}

size_t udev_givers(const struct udev_token *token, struct udev_giver ret[static UDEV_GIVERS_MAX])
{
	struct givers givers = { .at = ret };
	static struct device device;
	struct in_force list;

	if (!read_device(token, &device))
		return 0;
	in_force_read(&list);
	for (size_t i = 0; i < list.n; i++)
		look_at_file(&device, list.paths[i], &givers);
	in_force_free(&list);
	return givers.n;
}
