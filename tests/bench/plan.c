/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/plan.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *plan_read_fd(int fd, size_t *ret_len)
{
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;
	char *p;

	if (fstat(fd, &st) < 0)
		err(2, "fstat");
	p = malloc((size_t)st.st_size + 1);
	if (p == NULL)
		err(2, "malloc");
	while (len < (size_t)st.st_size && n > 0) {
		n = pread(fd, p + len, (size_t)st.st_size - len, (off_t)len);
		if (n < 0)
			err(2, "pread");
		len += (size_t)n;
	}
	*ret_len = len;
	return p;
}

static char *plan_copy(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		err(2, "strdup");
	return p;
}

static void plan_expect(struct plan_command *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", path);
	c->expected = plan_read_fd(fd, &c->expected_len);
	close(fd);
}

static void plan_env(struct plan_command *c, char *variable)
{
	if (c->n_env == PLAN_ENV_MAX)
		errx(2, "%s: more than %d variables", c->name, PLAN_ENV_MAX);
	c->env[c->n_env++] = variable;
}

static void plan_begin(struct plan *plan, const char *name)
{
	struct plan_command *c = &plan->commands[plan->n];

	if (plan->n == PLAN_COMMANDS_MAX)
		errx(2, "more than %d commands in the plan", PLAN_COMMANDS_MAX);
	plan->n++;
	c->name = plan_copy(name);
	for (char **e = environ; *e != NULL; e++)
		plan_env(c, *e);
}

static void plan_line(struct plan *plan, const char *key, const char *value)
{
	struct plan_command *c = plan->n > 0 ? &plan->commands[plan->n - 1] : NULL;

	if (strcmp(key, "command") == 0) {
		plan_begin(plan, value);
	} else if (c == NULL) {
		errx(2, "the plan must begin with a line \"command NAME\"");
	} else if (strcmp(key, "arg") == 0) {
		if (c->argc == PLAN_ARGS_MAX)
			errx(2, "%s: more than %d arguments", c->name, PLAN_ARGS_MAX);
		c->argv[c->argc++] = plan_copy(value);
	} else if (strcmp(key, "env") == 0) {
		plan_env(c, plan_copy(value));
	} else if (strcmp(key, "stdin") == 0) {
		c->stdin_path = plan_copy(value);
	} else if (strcmp(key, "expect") == 0) {
		plan_expect(c, value);
	} else {
		errx(2, "not a keyword of a plan: %s", key);
	}
}

void plan_read(const char *path, struct plan *ret)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *value;
	size_t size = 0;

	if (f == NULL)
		err(2, "%s", path);
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		value = strchr(line, ' ');
		if (value == NULL)
			errx(2, "%s: a line without a value: %s", path, line);
		*value++ = '\0';
		plan_line(ret, line, value);
	}
	free(line);
	fclose(f);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->commands[i].argc == 0)
			errx(2, "%s: no arguments", ret->commands[i].name);
}
