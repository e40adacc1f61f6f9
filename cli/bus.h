/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's D-Bus: notifications, and systemd's timers. libsystemd is loaded at run time, by
 * the first call. */
#ifndef TOUCHVAULT_CLI_BUS_H
#define TOUCHVAULT_CLI_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bus_err {
	BUS_OK = 0,
	BUS_ERR_NONE = -1,   /* no library, no bus, or nobody on it who does this */
	BUS_ERR_FAILED = -2, /* who does it said no, or nothing */
};

#define BUS_WHY_MAX 256 /* all functions say why they failed, in a text from outside */

enum bus_urgency { BUS_URGENCY_LOW = 0, BUS_URGENCY_NORMAL = 1, BUS_URGENCY_CRITICAL = 2 };

/* Show it on the desktop (org.freedesktop.Notifications). */
int bus_notify(const char *summary, const char *body, enum bus_urgency,
    char why[static BUS_WHY_MAX]) __attribute__((warn_unused_result));

/* Whether systemd is the manager of the user's services. */
int bus_manager_find(char why[static BUS_WHY_MAX]) __attribute__((warn_unused_result));
/* Read the unit files again; enable and start a timer, or stop and disable it: one that
 * isn't there is no error. */
int bus_timer_start(const char *timer, char why[static BUS_WHY_MAX])
    __attribute__((warn_unused_result));
int bus_timer_stop(const char *timer, char why[static BUS_WHY_MAX])
    __attribute__((warn_unused_result));
int bus_reload(char why[static BUS_WHY_MAX]) __attribute__((warn_unused_result));

struct bus_timer {
	bool active;
	int64_t next; /* Unix seconds; 0 where it isn't known */
};
int bus_timer_look(const char *timer, struct bus_timer *ret, char why[static BUS_WHY_MAX])
    __attribute__((warn_unused_result));

#endif
