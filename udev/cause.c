/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/udev.h"

#include <errno.h>

static enum udev_cause cause_of_rules(const struct udev_host *host)
{
	switch (host->rules) {
	case UDEV_RULES_ABSENT:
		return UDEV_RULES_MISSING;
	case UDEV_RULES_MASKED:
		return UDEV_RULES_MASK;
	case UDEV_RULES_DIFFER:
		return UDEV_RULES_OLD;
	case UDEV_RULES_SAME:
		return UDEV_NOT_APPLIED;
	}
	return UDEV_NOT_APPLIED;
}

/* Who isn't at the seat gets it by the group or not at all, and only our rules
 * give it to the group. */
static enum udev_cause cause_away(const struct udev_host *host, const struct udev_token *token)
{
	if (!token->applied || host->rules != UDEV_RULES_SAME)
		return cause_of_rules(host);
	if (!host->group)
		return UDEV_NO_GROUP;
	if (!host->member && !host->joined)
		return UDEV_NOT_IN_GROUP;
	return host->joined ? UDEV_NOT_APPLIED : UDEV_NOT_JOINED;
}

static enum udev_cause cause_without_udevd(const struct udev_host *host)
{
	return host->wsl && !host->systemd ? UDEV_WSL_NO_UDEVD : UDEV_NO_UDEVD;
}

/* In a container nothing about udev can be mended, even if it sees the host's. */
static enum udev_cause cause_of_denial(const struct udev_host *host, const struct udev_token *token)
{
	if (host->container)
		return token->by != ACCESS_NONE ? UDEV_CONTAINER : UDEV_CONTAINER_DENIED;
	if (!host->udevd)
		return cause_without_udevd(host);
	if (token->by != ACCESS_NONE)
		return UDEV_POLICY;
	if (token->seat == UDEV_SEAT_NONE)
		return cause_away(host, token);
	if (!token->tagged)
		return cause_of_rules(host);
	return token->seat == UDEV_SEAT_BACKGROUND ? UDEV_BACKGROUND : UDEV_NOT_APPLIED;
}

enum udev_cause udev_cause(const struct udev_host *host, const struct udev_token *token)
{
	if (token == NULL && host->wsl)
		return UDEV_NONE_IN_WSL;
	if (token == NULL)
		return host->container ? UDEV_NONE_IN_CONTAINER : UDEV_NONE;
	switch (token->error) {
	case 0:
		return UDEV_FINE;
	case ENOENT:
	case ENXIO:
	case ENODEV:
		if (host->container)
			return UDEV_CONTAINER;
		return host->udevd ? UDEV_NO_NODE : cause_without_udevd(host);
	case EACCES:
		return cause_of_denial(host, token);
	case EPERM:
		return host->container ? UDEV_CONTAINER : UDEV_POLICY;
	default:
		return UDEV_FAILED;
	}
}
