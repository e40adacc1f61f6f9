/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/udev_advice.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In a command: %N the node, %U the user, %I how to install, %R the rules file in
 * force, %S how to start udev. */
static const struct row {
	const char *code, *why, *command, *how, *then;
} rows[] = {
	[UDEV_FINE] = { "ok", "", "", "", "" },
	[UDEV_NONE] = { "none", "no token is plugged in", "touchvault udev check",
	    "plug one in and run", "" },
	[UDEV_NONE_IN_CONTAINER] = { "none-in-container",
	    "this container sees no token, which has to be plugged in when it is started",
	    "podman run --device=/dev/hidraw0 ...", "start it anew with the token's node, as by",
	    "" },
	[UDEV_NONE_IN_WSL] = { "none-in-wsl", "Windows hasn't passed a token on to WSL",
	    "usbipd attach --wsl --busid BUSID", "in Windows, run",
	    ", with the BUSID that \"usbipd list\" shows" },
	[UDEV_CONTAINER] = { "container", "this container wasn't given the token",
	    "podman run --device=%N ...", "start it anew with the token's node, as by", "" },
	[UDEV_CONTAINER_DENIED] = { "container-denied",
	    "this container was given its node with the host's permissions, and they don't let "
	    "you",
	    "touchvault udev check", "on the host, run", " and start the container anew" },
	[UDEV_WSL_NO_UDEVD] = { "wsl-no-udevd",
	    "this WSL runs without systemd, and so without udev, which sets permissions",
	    "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf", "run",
	    ", in Windows run \"wsl --shutdown\", and pass the token on again" },
	[UDEV_NO_UDEVD] = { "no-udevd", "udev isn't running, which sets permissions", "sudo %S",
	    "run", " and plug the token in again" },
	[UDEV_NO_NODE] = { "no-node", "udev has made no node for it",
	    "sudo udevadm trigger --action=add --settle", "run", "" },
	[UDEV_RULES_MISSING] = { "rules-missing",
	    "no udev rule gives it to you: touchvault's are not installed", "%I", "run", "" },
	[UDEV_RULES_OLD] = { "rules-differ",
	    "touchvault's udev rules are not this version's, or were edited", "%I", "run", "" },
	[UDEV_RULES_MASK] = { "rules-masked", "touchvault's udev rules are masked by an empty file",
	    "sudo rm %R && %I", "run", "" },
	[UDEV_NOT_APPLIED] = { "not-applied",
	    "the udev rules are installed, and weren't applied to it", "%I", "run", "" },
	[UDEV_BACKGROUND] = { "background",
	    "another session is in front at this seat, and the token belongs to who is in front",
	    "loginctl activate", "switch to your session, or run",
	    " with the number that \"loginctl\" shows" },
	[UDEV_NOT_IN_GROUP] = { "not-in-group",
	    "you aren't logged in at this machine's seat (over ssh, or as a service), and aren't "
	    "in the group " UDEV_GROUP,
	    "sudo usermod -aG " UDEV_GROUP " %U", "run", " and log in again" },
	[UDEV_NO_GROUP] = { "no-group",
	    "you aren't logged in at this machine's seat (over ssh, or as a service), and there "
	    "is no group " UDEV_GROUP " to be in",
	    "sudo groupadd --system " UDEV_GROUP " && sudo usermod -aG " UDEV_GROUP " %U && %I",
	    "run", " and log in again" },
	[UDEV_NOT_JOINED] = { "not-joined",
	    "you are in the group " UDEV_GROUP " since after you logged in", "newgrp " UDEV_GROUP,
	    "log in again, or run", "" },
	[UDEV_POLICY] = { "policy",
	    "its permissions allow it, and a device policy of the system doesn't",
	    "sudo journalctl -k -g denied", "see what", " says" },
	[UDEV_FAILED] = { "failed", "it can't be opened at all", "sudo dmesg",
	    "plug it in again; see what", " says" },
};

const char *udev_cause_code(enum udev_cause cause)
{
	return rows[cause].code;
}

static bool is_plain(const char *path)
{
	return strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "/._+-") == strlen(path);
}

const char *udev_sudo(const char *verb, char *ret, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = '\0';
	(void)snprintf(ret, size, "sudo %s udev %s",
	    *self != '\0' && is_plain(self) ? self : "touchvault", verb);
	return ret;
}

static const char *user_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw != NULL && is_plain(pw->pw_name) ? pw->pw_name : "USER";
}

static const char *start_udev(const struct udev_host *host)
{
	return host->systemd ? "systemctl start systemd-udevd" : "service udev start";
}

static void fill(const char *template, const struct udev_host *host, const struct udev_token *token,
    char *ret, size_t size)
{
	char install[PATH_MAX + 64];
	size_t at = 0;

	for (const char *p = template; *p != '\0' && at + 1 < size; p++) {
		const char *part;

		if (*p != '%') {
			ret[at++] = *p;
			continue;
		}
		p++;
		part = *p == 'I'   ? udev_sudo("install", install, sizeof(install))
		       : *p == 'U' ? user_name()
		       : *p == 'R' ? host->rules_path
		       : *p == 'S' ? start_udev(host)
				   : token->node;
		at += (size_t)snprintf(ret + at, size - at, "%s", part);
	}
	ret[at < size ? at : size - 1] = '\0';
}

void udev_advise(enum udev_cause cause, const struct udev_host *host,
    const struct udev_token *token, struct udev_advice *ret)
{
	const struct row *row = &rows[cause];

	ret->why = row->why;
	ret->how = row->how;
	ret->then = row->then;
	fill(row->command, host, token, ret->command, sizeof(ret->command));
}

static const struct {
	const char *code, *text;
} ways[] = {
	[ACCESS_NONE] = { "capability", "a capability of this process" },
	[ACCESS_ROOT] = { "root", "being root" },
	[ACCESS_OWNER] = { "owner", "owning it" },
	[ACCESS_ACL_USER] = { "acl", "an ACL entry for you, as logind makes at the seat" },
	[ACCESS_GROUP] = { "group", "its group" },
	[ACCESS_ACL_GROUP] = { "acl-group", "an ACL entry for a group of yours" },
	[ACCESS_EVERYONE] = { "everyone",
	    "its mode, which lets everyone: some other rule did that" },
};

const char *udev_by_text(const struct udev_token *token)
{
	return token->error == 0 ? ways[token->by].text : "";
}

const char *udev_by_code(const struct udev_token *token)
{
	return token->error == 0 ? ways[token->by].code : NULL;
}
