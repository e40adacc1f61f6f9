/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/in_force.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "udev/cleanup.h"
#include "udev/file.h"

#define SUFFIX ".rules"
#define FILE_MAX 65536 /* of ours, and of what stands in for it */

/* udev(7): where rules are, the first directory's file of a name hides others. */
static const char *const dirs[] = {
	UDEV_RULES_DIR,
	"/run/udev/rules.d",
	"/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d",
	"/lib/udev/rules.d",
};
#define DIRS_LEN (sizeof(dirs) / sizeof(dirs[0]))

/* The first directory that has it; DIRS_LEN if none has. */
static size_t find(const char *name, char ret_path[static UDEV_RULES_PATH_MAX])
{
	struct stat st;
	size_t i = 0;

	for (; i < DIRS_LEN; i++) {
		(void)snprintf(ret_path, UDEV_RULES_PATH_MAX, "%s/%s", dirs[i], name);
		if (stat(ret_path, &st) == 0)
			break;
	}
	return i;
}

static enum udev_rules_state compare(const char *path, const char *text)
{
	char buf[FILE_MAX];
	long n = file_read(path, buf, sizeof(buf));

	if (n == 0)
		return UDEV_RULES_MASKED;
	return n > 0 && strcmp(buf, text) == 0 ? UDEV_RULES_SAME : UDEV_RULES_DIFFER;
}

enum udev_rules_state udev_rules_find(
    const char *name, const char *text, char ret_path[static UDEV_RULES_PATH_MAX])
{
	if (find(name, ret_path) < DIRS_LEN)
		return compare(ret_path, text);
	ret_path[0] = '\0';
	return UDEV_RULES_ABSENT;
}

static bool is_rules(const char *name)
{
	size_t len = strlen(name), end = strlen(SUFFIX);

	return len > end && strcmp(name + len - end, SUFFIX) == 0;
}

static void add(struct in_force *list, const char *name, size_t dir)
{
	char path[UDEV_RULES_PATH_MAX];
	void *more;

	if (!is_rules(name) || find(name, path) != dir)
		return;
	more = reallocarray(list->paths, list->n + 1, sizeof(list->paths[0]));
	if (more == NULL)
		return;
	list->paths = more;
	memcpy(list->paths[list->n++], path, sizeof(path));
}

/* By their names, whatever the directory. */
static int by_name(const void *a, const void *b)
{
	return strcmp(strrchr(a, '/'), strrchr(b, '/'));
}

void in_force_read(struct in_force *ret)
{
	*ret = (struct in_force){ .n = 0 };
	for (size_t i = 0; i < DIRS_LEN; i++) {
		_cleanup_closedir_ DIR *d = opendir(dirs[i]);
		const struct dirent *entry;

		while (d != NULL && (entry = readdir(d)) != NULL)
			add(ret, entry->d_name, i);
	}
	if (ret->n > 0)
		qsort(ret->paths, ret->n, sizeof(ret->paths[0]), by_name);
}

void in_force_free(struct in_force *list)
{
	free(list->paths);
	*list = (struct in_force){ .n = 0 };
}
