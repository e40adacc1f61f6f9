/* SPDX-License-Identifier: BSD-2-Clause */
#include "setup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "policy.h"
#include "state.h"

/* Out of the way of programs that expect the lowest numbers. */
#define SETUP_FD_MIN 200

static unsigned setup_n;

/* touchvault hands its helper no variable but those of the dynamic linker,
 * so each setting goes by a name of that kind as well. */
static const char *setup_get(const char *name)
{
	char inherited[64];
	const char *value = getenv(name);

	snprintf(inherited, sizeof(inherited), "LD_%s", name);
	if (value == NULL)
		return getenv(inherited);
	setenv(inherited, value, 1);
	return value;
}

static bool setup_fail(const char *name, const char *value)
{
	fprintf(stderr, "virtualyk: %s=%s cannot be used: no key is plugged in\n", name, value);
	log_line("error: %s=%s cannot be used", name, value);
	return false;
}

/* Now, and for good: no file can be opened once a program has confined
 * itself. */
static int setup_open(const char *path, int flags)
{
	int low = open(path, flags | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600), fd;

	if (low < 0)
		return -1;
	fd = fcntl(low, F_DUPFD_CLOEXEC, SETUP_FD_MIN);
	close(low);
	return fd;
}

static bool setup_log(void)
{
	const char *path = setup_get("VIRTUALYK_LOG");
	int fd;

	if (path == NULL)
		return true;
	fd = setup_open(path, O_WRONLY | O_APPEND);
	if (fd < 0)
		return setup_fail("VIRTUALYK_LOG", path);
	log_start(fd);
	return true;
}

static bool setup_policy(void)
{
	const char *touch = setup_get("VIRTUALYK_TOUCH"), *fault = setup_get("VIRTUALYK_FAULT");
	const char *control = setup_get("VIRTUALYK_CONTROL");
	int fd;

	if (touch != NULL && !policy_set_touch(touch))
		return setup_fail("VIRTUALYK_TOUCH", touch);
	if (fault != NULL && !policy_set_fault(fault))
		return setup_fail("VIRTUALYK_FAULT", fault);
	if (control == NULL)
		return true;
	fd = setup_open(control, O_RDONLY);
	if (fd < 0)
		return setup_fail("VIRTUALYK_CONTROL", control);
	policy_start(fd);
	return true;
}

static bool setup_state(void)
{
	const char *path = setup_get("VIRTUALYK_STATE"), *keys = setup_get("VIRTUALYK_KEYS");
	unsigned n = keys == NULL ? 1 : (unsigned)strtoul(keys, NULL, 10);
	int fd;

	if (path == NULL)
		return true;
	if (n == 0 || n > STATE_KEYS_MAX)
		return setup_fail("VIRTUALYK_KEYS", keys);
	fd = setup_open(path, O_RDWR);
	if (fd < 0 || state_start(fd, n) < 0)
		return setup_fail("VIRTUALYK_STATE", path);
	setup_n = n;
	return true;
}

__attribute__((constructor)) static void setup(void)
{
	if (setup_log() && setup_policy())
		(void)setup_state();
}

unsigned setup_keys(void)
{
	return setup_n;
}
