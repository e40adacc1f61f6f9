/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "udev/udev.h"

#define UDEV_CONTROL "/run/udev/control"
#define WORDS_MAX 7

static const char *const places[] = { "/usr/bin/udevadm", "/bin/udevadm", "/sbin/udevadm" };

/* The rules concern all hidraw nodes, and the USB nodes of one vendor. */
static const char *const calls[][WORDS_MAX] = {
	{ "control", "--reload" }, /* the rest applies them */
	{ "trigger", "--action=change", "--settle", "--subsystem-match=hidraw" },
	{ "trigger", "--action=change", "--settle", "--subsystem-match=usb",
	    "--attr-match=idVendor=1050" },
};

static int run(const char *path, const char *const words[WORDS_MAX])
{
	char *argv[WORDS_MAX + 2] = { (char *)(uintptr_t)path }, *env[] = { NULL };
	posix_spawn_file_actions_t actions;
	int status = -1, r;
	pid_t pid;

	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	if (posix_spawn_file_actions_init(&actions) != 0)
		return UDEV_ERR_RELOAD;
	r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(
		    &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn(&pid, path, &actions, NULL, argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	while (r == 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return UDEV_ERR_RELOAD;
	return r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : UDEV_ERR_RELOAD;
}

bool udev_runs(void)
{
	return access(UDEV_CONTROL, F_OK) == 0;
}

int reload(bool apply)
{
	size_t n = apply ? sizeof(calls) / sizeof(calls[0]) : 1;
	const char *path = NULL;
	int r = 0;

	if (!udev_runs())
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && path == NULL; i++)
		if (access(places[i], X_OK) == 0)
			path = places[i];
	if (path == NULL)
		return UDEV_ERR_RELOAD;
	for (size_t i = 0; i < n && r == 0; i++)
		r = run(path, calls[i]);
	return r;
}
