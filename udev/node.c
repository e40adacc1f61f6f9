/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "udev/cleanup.h"
#include "udev/file.h"
#include "udev/host.h"

#define ACL_ATTRIBUTE "system.posix_acl_access"
#define RECORD_MAX 16384

/* Only opening it tells what a device cgroup or a security module says. */
static int try_to_open(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

/* "G:" has a tag that it ever had, "Q:" one that it has now; systemd before 247 and
 * eudev have no second kind, and write no version, "V:". */
static bool has_tag(const char *record, const char *tag)
{
	char key[32], value[32];

	(void)snprintf(key, sizeof(key), "%s%s",
	    file_line(record, "V:", value, sizeof(value)) ? "Q:" : "G:", tag);
	return file_line(record, key, value, sizeof(value)) && *value == '\0';
}

void node_record_path(dev_t device, char *ret, size_t size)
{
	(void)snprintf(ret, size, "/run/udev/data/c%u:%u", major(device), minor(device));
}

/* systemd's format, which libudev reads: "E:" has a property. Where there is no
 * record, udev has never seen the device. */
static void read_record(dev_t device, struct udev_token *token)
{
	char path[64], text[RECORD_MAX], value[64];

	node_record_path(device, path, sizeof(path));
	(void)snprintf(token->seat_name, sizeof(token->seat_name), "seat0");
	if (file_read(path, text, sizeof(text)) < 0)
		return;
	token->tagged = has_tag(text, "uaccess");
	token->applied = file_line(text, "E:ID_TOUCHVAULT=", value, sizeof(value));
	if (file_line(text, "E:ID_SEAT=", value, sizeof(value)))
		(void)snprintf(token->seat_name, sizeof(token->seat_name), "%.31s", value);
}

void node_look(const struct access_user *user, struct udev_token *token)
{
	uint8_t acl[ACCESS_ACL_MAX];
	struct stat st;
	ssize_t len;

	if (stat(token->node, &st) != 0 || !S_ISCHR(st.st_mode)) {
		token->error = ENOENT;
		return;
	}
	token->owner = st.st_uid;
	token->group = st.st_gid;
	token->mode = st.st_mode & 07777;
	len = getxattr(token->node, ACL_ATTRIBUTE, acl, sizeof(acl));
	len = len < 0 ? 0 : len;
	token->by = access_check(user, st.st_uid, st.st_gid, token->mode, acl, (size_t)len);
	token->n_acl = access_named(token->mode, acl, (size_t)len, token->acl);
	token->error = try_to_open(token->node);
	read_record(st.st_rdev, token);
	token->seat = host_seat(token->seat_name, user->uid);
}
