/* SPDX-License-Identifier: BSD-2-Clause */
/* A timer of the user's systemd, or, where there is none, a line of cron. */
#include "cli/remind.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bus.h"
#include "cli/output.h"
#include "vault/cleanup.h"

#define UNIT_MAX (REMIND_ID_MAX + 40)
#define CROND_PID "/run/crond.pid"

enum unit { UNIT_SERVICE, UNIT_TIMER };

static void unit_name(const struct remind_place *p, enum unit unit, char ret[static UNIT_MAX])
{
	(void)snprintf(ret, UNIT_MAX, "touchvault-reminders-%s.%s", p->id,
	    unit == UNIT_TIMER ? "timer" : "service");
}

static int unit_path(
    const struct app *app, const struct remind_place *p, enum unit unit, char **ret)
{
	char name[UNIT_MAX], below[UNIT_MAX + 32];

	unit_name(p, unit, name);
	(void)snprintf(below, sizeof(below), "/systemd/user/%s", name);
	return paths_config(app, below, ret);
}

/* Whole, or as it was. */
static int unit_write(
    const struct app *app, const struct remind_place *p, enum unit unit, const char *text)
{
	_cleanup_free_ char *path = NULL, *dir = NULL;
	struct store s = { .dirfd = -1 };
	int r = text == NULL ? fail_vault(app, VAULT_ERR_NOMEM) : unit_path(app, p, unit, &path);

	if (r != 0)
		return r;
	dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	if (dir == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	r = paths_make_dir(app, dir);
	if (r != 0)
		return r;
	r = store_open(path, &s);
	if (r == 0)
		r = store_write_temporary(&s, text, strlen(text));
	if (r == 0)
		r = store_replace(&s, false, false);
	else if (s.dirfd >= 0)
		store_drop_temporary(&s);
	store_close(&s);
	return r == 0 ? STATUS_OK : fail_vault(app, r);
}

static int unit_remove(
    const struct app *app, const struct remind_place *p, enum unit unit, bool *ret_any)
{
	_cleanup_free_ char *path = NULL;
	int r = unit_path(app, p, unit, &path);

	if (r != 0)
		return r;
	if (unlink(path) == 0)
		*ret_any = true;
	else if (errno != ENOENT && errno != ENOTDIR)
		return fail(app, STATUS_ERROR, "%s can't be removed (%s); remove it by hand", path,
		    strerror(errno));
	return STATUS_OK;
}

/* What enabling it made, where systemd isn't there to take it away. */
static int link_remove(const struct app *app, const struct remind_place *p)
{
	_cleanup_free_ char *path = NULL;
	char name[UNIT_MAX], below[UNIT_MAX + 64], to[PATH_MAX];
	int r;

	unit_name(p, UNIT_TIMER, name);
	(void)snprintf(below, sizeof(below), "/systemd/user/timers.target.wants/%s", name);
	r = paths_config(app, below, &path);
	if (r == 0 && readlink(path, to, sizeof(to)) > 0)
		(void)unlink(path);
	return r;
}

static int own_program(const struct app *app, char ret[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (n > 0) {
		ret[n] = '\0';
		if (access(ret, X_OK) == 0)
			return STATUS_OK;
	}
	return fail(app, STATUS_ERROR, "this program's own path isn't known; repeat by its path");
}

static int install_units(
    const struct app *app, const struct remind_place *p, const char *program, const char *vault)
{
	json_t *hooks = remind_hooks_list(p, true);
	_cleanup_free_ char *service =
	    remind_unit_service(p, program, vault, json_array_size(hooks) > 0);
	_cleanup_free_ char *timer = remind_unit_timer(p);
	char why[BUS_WHY_MAX] = "", name[UNIT_MAX];
	int r = unit_write(app, p, UNIT_SERVICE, service);

	json_decref(hooks);
	if (r == 0)
		r = unit_write(app, p, UNIT_TIMER, timer);
	if (r != 0)
		return r;
	unit_name(p, UNIT_TIMER, name);
	if (bus_timer_start(name, why) == 0)
		return STATUS_OK;
	return fail(app, STATUS_ERROR,
	    "systemd didn't start %s (%s); if XDG_CONFIG_HOME is set, it must be for systemd, too",
	    name, why);
}

static int install_cron(const struct app *app, const struct remind_place *p, const char *program,
    const char *vault, const char *why)
{
	_cleanup_free_ char *line = remind_cron_line(p, program, vault);
	bool had;
	int r;

	if (line == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	if (!remind_cron_available())
		return fail(app, STATUS_NOT_FOUND,
		    "there is no systemd of the user's (%s), and no cron; install one of them, or "
		    "have \"touchvault reminders run\" called every day",
		    why);
	r = remind_cron_set(app, p, line, &had);
	if (r == 0 && access(CROND_PID, F_OK) != 0)
		warn(app, "nobody seems to run cron here, as there is no " CROND_PID
			  "; start it, with \"sudo systemctl enable --now cron\" perhaps");
	return r;
}

int remind_timer_install(
    const struct app *app, const struct remind_place *p, enum remind_timer *ret)
{
	char program[PATH_MAX], why[BUS_WHY_MAX] = "";
	const char *vault = p->by_name ? app->vault : p->vault;
	const char *bad = remind_unit_bad_place();
	bool had;
	int r = own_program(app, program), found;

	if (r == 0 && bad != NULL)
		r = fail(app, STATUS_USAGE,
		    "%s has control characters, which can't be handed to a timer; use another "
		    "directory",
		    bad);
	if (r == 0 && (remind_unit_has_controls(program) || remind_unit_has_controls(p->vault)))
		r = fail(app, STATUS_USAGE,
		    "a path with control characters can't be watched; rename it");
	if (r != 0)
		return r;
	found = bus_manager_find(why);
	if (found == BUS_ERR_FAILED)
		return fail(
		    app, STATUS_ERROR, "systemd of the user doesn't answer (%s); repeat", why);
	*ret = found == BUS_OK ? REMIND_TIMER_SYSTEMD : REMIND_TIMER_CRON;
	if (found != BUS_OK)
		return install_cron(app, p, program, vault, why);
	r = install_units(app, p, program, vault);
	/* Not by both. */
	if (r == 0 && remind_cron_available())
		r = remind_cron_set(app, p, NULL, &had);
	return r;
}

int remind_timer_remove(const struct app *app, const struct remind_place *p, bool *ret_any)
{
	_cleanup_free_ char *path = NULL;
	char name[UNIT_MAX], why[BUS_WHY_MAX] = "";
	bool had = false;
	int manager = bus_manager_find(why), r = unit_path(app, p, UNIT_TIMER, &path);

	*ret_any = false;
	if (r != 0)
		return r;
	unit_name(p, UNIT_TIMER, name);
	if (manager == BUS_OK && access(path, F_OK) == 0 && bus_timer_stop(name, why) != 0)
		return fail(app, STATUS_ERROR, "systemd didn't stop %s (%s); repeat", name, why);
	r = link_remove(app, p);
	if (r == 0)
		r = unit_remove(app, p, UNIT_TIMER, ret_any);
	if (r == 0)
		r = unit_remove(app, p, UNIT_SERVICE, ret_any);
	if (r == 0 && manager == BUS_OK && bus_reload(why) != 0)
		r = fail(app, STATUS_ERROR, "systemd didn't read its units again (%s)", why);
	if (r == 0 && remind_cron_available())
		r = remind_cron_set(app, p, NULL, &had);
	*ret_any |= had;
	return r;
}

int remind_timer_look(
    const struct app *app, const struct remind_place *p, struct remind_timer_status *ret)
{
	_cleanup_free_ char *path = NULL;
	char name[UNIT_MAX], why[BUS_WHY_MAX] = "";
	struct bus_timer timer = { 0 };
	bool had = false;
	int r = unit_path(app, p, UNIT_TIMER, &path);

	*ret = (struct remind_timer_status){ 0 };
	if (r != 0)
		return r;
	if (access(path, F_OK) == 0) {
		unit_name(p, UNIT_TIMER, name);
		if (bus_timer_look(name, &timer, why) != 0)
			timer = (struct bus_timer){ 0 };
		*ret =
		    (struct remind_timer_status){ REMIND_TIMER_SYSTEMD, timer.active, timer.next };
		return STATUS_OK;
	}
	if (remind_cron_available())
		r = remind_cron_has(app, p, &had);
	if (had)
		*ret = (struct remind_timer_status){ REMIND_TIMER_CRON, true, 0 };
	return r;
}
