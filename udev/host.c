/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/host.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "udev/file.h"
#include "udev/reload.h"

#define SEATS "/run/systemd/seats"
#define SESSIONS "/run/systemd/sessions"

#define SYSTEMD "/run/systemd/system" /* sd_booted(3) */
#define SYSTEMD_CONTAINER "/run/systemd/container"

/* podman, docker, who keeps to systemd's "container interface", and pods. The
 * environment of the first process would tell more, and is root's. */
static const char *const container_marks[] = {
	"/run/.containerenv",
	"/.dockerenv",
	"/run/host/container-manager",
	"/run/secrets/kubernetes.io",
};

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool in_wsl(void)
{
	char release[256];

	return file_read("/proc/sys/kernel/osrelease", release, sizeof(release)) > 0 &&
	       strcasestr(release, "microsoft") != NULL;
}

/* systemd counts WSL among the containers. */
static bool in_container(void)
{
	char text[64];
	bool found =
	    file_read(SYSTEMD_CONTAINER, text, sizeof(text)) >= 0 && strncmp(text, "wsl", 3) != 0;

	for (size_t i = 0; i < sizeof(container_marks) / sizeof(container_marks[0]); i++)
		found |= is_there(container_marks[i]);
	return found;
}

static bool named_in(const struct group *g, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw == NULL)
		return false;
	for (char **name = g->gr_mem; *name != NULL; name++)
		if (strcmp(*name, pw->pw_name) == 0)
			return true;
	return pw->pw_gid == g->gr_gid;
}

static void look_at_group(struct udev_host *host, const struct access_user *user)
{
	const struct group *g = getgrnam(UDEV_GROUP);

	if (g == NULL)
		return;
	host->group = true;
	for (size_t i = 0; i < user->n_groups; i++)
		host->joined |= user->groups[i] == g->gr_gid;
	host->member = named_in(g, user->uid);
}

void host_look(const struct access_user *user, struct udev_host *ret)
{
	*ret = (struct udev_host){ .wsl = in_wsl(),
		.container = in_container(),
		.systemd = is_there(SYSTEMD),
		.udevd = udev_runs() };
	ret->rules = udev_rules_find(UDEV_RULES_NAME, udev_rules_text, ret->rules_path);
	look_at_group(ret, user);
}

static bool is_user(const char *text, const char *key, uid_t uid)
{
	char value[32], wanted[32];

	(void)snprintf(wanted, sizeof(wanted), "%u", uid);
	return file_line(text, key, value, sizeof(value)) && strcmp(value, wanted) == 0;
}

/* One that is closing has left its seat. */
static bool is_open_session(const char *id, uid_t uid)
{
	char path[256], text[4096], state[32];

	(void)snprintf(path, sizeof(path), SESSIONS "/%.64s", id);
	return strchr(id, '/') == NULL && file_read(path, text, sizeof(text)) > 0 &&
	       is_user(text, "UID=", uid) && file_line(text, "STATE=", state, sizeof(state)) &&
	       strcmp(state, "closing") != 0;
}

/* sd_seat_get_active and sd_session_get_uid read the same files. The seat's list
 * still has sessions that are over. */
enum udev_seat host_seat(const char *name, uid_t uid)
{
	char path[256], text[4096], sessions[1024], *rest = NULL;

	(void)snprintf(path, sizeof(path), SEATS "/%s", name);
	if (strchr(name, '/') != NULL || file_read(path, text, sizeof(text)) < 0)
		return UDEV_SEAT_NONE;
	if (is_user(text, "ACTIVE_UID=", uid))
		return UDEV_SEAT_ACTIVE;
	if (!file_line(text, "SESSIONS=", sessions, sizeof(sessions)))
		return UDEV_SEAT_NONE;
	for (char *id = strtok_r(sessions, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest))
		if (is_open_session(id, uid))
			return UDEV_SEAT_BACKGROUND;
	return UDEV_SEAT_NONE;
}
