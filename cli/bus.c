/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/bus.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#define LIBRARY "libsystemd.so.0"
#define CALL_SECONDS 10 /* a desktop may start its notifier first */

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define MANAGER_CALL(bus, e, reply, method, ...) \
	lib.call_method(                         \
	    bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, method, e, reply, __VA_ARGS__)

#define BUS_FUNCTIONS(X)           \
	X(open_user)               \
	X(flush_close_unref)       \
	X(set_method_call_timeout) \
	X(call_method)             \
	X(message_read)            \
	X(message_unref)           \
	X(error_free)              \
	X(get_property_string)     \
	X(get_property_trivial)

static struct {
#define X(name) __typeof__(sd_bus_##name) *name;
	BUS_FUNCTIONS(X)
#undef X
} lib;

static bool library_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return false;
#define X(name)                                                                      \
	lib.name = (__typeof__(lib.name))(uintptr_t)dlsym(library, "sd_bus_" #name); \
	if (lib.name == NULL)                                                        \
		return false;
	BUS_FUNCTIONS(X)
#undef X
	return true;
}

/* cron tells its programs of no bus. */
static void find_runtime_dir(void)
{
	char dir[64];

	if (getenv("DBUS_SESSION_BUS_ADDRESS") != NULL || getenv("XDG_RUNTIME_DIR") != NULL)
		return;
	(void)snprintf(dir, sizeof(dir), "/run/user/%d", (int)geteuid());
	if (access(dir, X_OK) == 0)
		(void)setenv("XDG_RUNTIME_DIR", dir, 0);
}

static void bus_close(sd_bus **bus)
{
	if (*bus != NULL)
		(void)lib.flush_close_unref(*bus);
}

static void error_clear(sd_bus_error *e)
{
	if (lib.error_free != NULL)
		lib.error_free(e);
}

#define _cleanup_bus_ __attribute__((cleanup(bus_close)))
#define _cleanup_error_ __attribute__((cleanup(error_clear)))

static int explain(int r, const char *what, char why[static BUS_WHY_MAX])
{
	(void)snprintf(why, BUS_WHY_MAX, "%s", what);
	return r;
}

/* The library would start a program for "unixexec:", and speak with other machines for
 * some more. Each part counts, as it tries one after the other. */
static bool is_socket(const char *address)
{
	for (; address != NULL && *address != '\0'; address += strspn(address, ";")) {
		if (strncmp(address, "unix:", strlen("unix:")) != 0)
			return false;
		address += strcspn(address, ";");
	}
	return true;
}

static int bus_open(sd_bus **ret, char why[static BUS_WHY_MAX])
{
	int r;

	if (!is_socket(getenv("DBUS_SESSION_BUS_ADDRESS")))
		return explain(BUS_ERR_NONE,
		    "DBUS_SESSION_BUS_ADDRESS is not used, as it doesn't begin with unix:", why);
	if (!library_load())
		return explain(BUS_ERR_NONE, "there is no " LIBRARY, why);
	find_runtime_dir();
	r = lib.open_user(ret);
	if (r < 0)
		return explain(BUS_ERR_NONE, "there is no session bus", why);
	(void)lib.set_method_call_timeout(*ret, (uint64_t)CALL_SECONDS * 1000000);
	return BUS_OK;
}

/* An error of the bus itself means that there is nobody; a timeout, that there is. */
static int judge(int r, const sd_bus_error *e, char why[static BUS_WHY_MAX])
{
	static const char bus[] = "org.freedesktop.DBus.Error.";
	const char *name = e->name == NULL ? "" : e->name;

	if (r >= 0)
		return BUS_OK;
	(void)explain(0, e->message != NULL ? e->message : strerror(-r), why);
	if (strncmp(name, bus, strlen(bus)) != 0)
		return BUS_ERR_FAILED;
	name += strlen(bus);
	return strcmp(name, "ServiceUnknown") == 0 || strcmp(name, "NameHasNoOwner") == 0 ||
		       strncmp(name, "Spawn.", 6) == 0
		   ? BUS_ERR_NONE
		   : BUS_ERR_FAILED;
}

int bus_notify(
    const char *summary, const char *body, enum bus_urgency urgency, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r = bus_open(&bus, why);

	if (r != 0)
		return r;
	r = lib.call_method(bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
	    "org.freedesktop.Notifications", "Notify", &e, NULL, "susssasa{sv}i", "touchvault",
	    (uint32_t)0, "dialog-password", summary, body, 0, 1, "urgency", "y", (int)urgency,
	    (int32_t)-1);
	return judge(r, &e, why);
}

static int find_manager(sd_bus *bus, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
	char *version = NULL;
	int r = lib.get_property_string(
	    bus, MANAGER, MANAGER_PATH, MANAGER_INTERFACE, "Version", &e, &version);

	free(version);
	return judge(r, &e, why);
}

int bus_manager_find(char why[static BUS_WHY_MAX])
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int r = bus_open(&bus, why);

	return r == 0 ? find_manager(bus, why) : r;
}

static int reload(sd_bus *bus, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL;

	return judge(MANAGER_CALL(bus, &e, NULL, "Reload", ""), &e, why);
}

int bus_reload(char why[static BUS_WHY_MAX])
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int r = bus_open(&bus, why);

	return r == 0 ? reload(bus, why) : r;
}

int bus_timer_start(const char *timer, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r = bus_open(&bus, why);

	if (r == 0)
		r = reload(bus, why);
	if (r != 0)
		return r;
	r = MANAGER_CALL(bus, &e, NULL, "EnableUnitFiles", "asbb", 1, timer, 0, 1);
	if (r >= 0)
		r = MANAGER_CALL(bus, &e, NULL, "RestartUnit", "ss", timer, "replace");
	return judge(r, &e, why);
}

int bus_timer_stop(const char *timer, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL, gone = SD_BUS_ERROR_NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	int r = bus_open(&bus, why);

	if (r != 0)
		return r;
	(void)MANAGER_CALL(bus, &gone, NULL, "StopUnit", "ss", timer, "replace");
	error_clear(&gone);
	r = MANAGER_CALL(bus, &e, NULL, "DisableUnitFiles", "asb", 1, timer, 0);
	return judge(r, &e, why);
}

static int look(sd_bus *bus, const char *path, struct bus_timer *ret, sd_bus_error *e)
{
	char *state = NULL;
	uint64_t next = 0;
	int r = lib.get_property_string(
	    bus, MANAGER, path, "org.freedesktop.systemd1.Unit", "ActiveState", e, &state);

	if (r < 0)
		return r;
	ret->active = strcmp(state, "active") == 0;
	free(state);
	if (!ret->active)
		return r;
	r = lib.get_property_trivial(bus, MANAGER, path, "org.freedesktop.systemd1.Timer",
	    "NextElapseUSecRealtime", e, 't', &next);
	ret->next = next == UINT64_MAX ? 0 : (int64_t)(next / 1000000);
	return r;
}

int bus_timer_look(const char *timer, struct bus_timer *ret, char why[static BUS_WHY_MAX])
{
	_cleanup_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
	_cleanup_bus_ sd_bus *bus = NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	int r = bus_open(&bus, why);

	*ret = (struct bus_timer){ 0 };
	if (r != 0)
		return r;
	r = MANAGER_CALL(bus, &e, &reply, "LoadUnit", "s", timer);
	if (r >= 0)
		r = lib.message_read(reply, "o", &path);
	if (r >= 0)
		r = look(bus, path, ret, &e);
	if (reply != NULL)
		(void)lib.message_unref(reply);
	return judge(r, &e, why);
}
