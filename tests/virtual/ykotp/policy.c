/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define POLICY_NEVER UINT64_MAX
#define POLICY_CONTROL_MAX 256

static uint64_t policy_touch_ms;
static enum fault policy_now = FAULT_NONE;
static int policy_fd = -1;

static const char *const policy_faults[] = {
	[FAULT_NONE] = "none",
	[FAULT_ABSENT] = "absent",
	[FAULT_PERMISSION] = "permission",
	[FAULT_BUSY] = "busy",
	[FAULT_IO] = "io",
	[FAULT_UNPLUG_WAITING] = "unplug-waiting",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_SHORT] = "short",
	[FAULT_UNSTABLE] = "unstable",
};

bool policy_set_touch(const char *name)
{
	static const char after[] = "after:";
	char *end;

	if (strcmp(name, "at-once") == 0) {
		policy_touch_ms = 0;
	} else if (strcmp(name, "never") == 0) {
		policy_touch_ms = POLICY_NEVER;
	} else if (strncmp(name, after, strlen(after)) == 0) {
		name += strlen(after);
		if (*name < '0' || *name > '9')
			return false;
		policy_touch_ms = strtoul(name, &end, 10);
		return *end == '\0';
	} else {
		return false;
	}
	return true;
}

bool policy_set_fault(const char *name)
{
	for (size_t i = 0; i < sizeof(policy_faults) / sizeof(policy_faults[0]); i++) {
		if (strcmp(name, policy_faults[i]) != 0)
			continue;
		policy_now = (enum fault)i;
		return true;
	}
	return false;
}

static void policy_line(const char *line)
{
	bool ok = false;

	if (strncmp(line, "touch ", 6) == 0)
		ok = policy_set_touch(line + 6);
	else if (strncmp(line, "fault ", 6) == 0)
		ok = policy_set_fault(line + 6);
	if (!ok)
		log_line("error: the control file says \"%s\"", line);
}

void policy_start(int control_fd)
{
	policy_fd = control_fd;
}

/* Whoever writes it may be between truncating and writing: only whole lines
 * count, and none is no news. */
void policy_refresh(void)
{
	char text[POLICY_CONTROL_MAX], *line = text, *end;
	ssize_t n;

	if (policy_fd < 0 || lseek(policy_fd, 0, SEEK_SET) < 0)
		return;
	n = read(policy_fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		policy_line(line);
		line = end + 1;
	}
}

enum fault policy_fault(void)
{
	return policy_now;
}

bool policy_touched(uint64_t waited_ms)
{
	return policy_touch_ms != POLICY_NEVER && waited_ms >= policy_touch_ms;
}
