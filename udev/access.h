/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may read and write a node, and by what: POSIX.1e ACLs, as the kernel has
 * them in an extended attribute (acl(5), "Access Check Algorithm"). */
#ifndef TOUCHVAULT_UDEV_ACCESS_H
#define TOUCHVAULT_UDEV_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ACCESS_ACL_MAX 4096
#define ACCESS_GROUPS_MAX 256
#define ACCESS_NAMED_MAX 8

/* What gives somebody the right to read and write. */
enum access_by {
	ACCESS_NONE,
	ACCESS_ROOT,
	ACCESS_OWNER,
	ACCESS_ACL_USER, /* logind's uaccess makes this one */
	ACCESS_GROUP,
	ACCESS_ACL_GROUP,
	ACCESS_EVERYONE,
};

struct access_user {
	uid_t uid;
	gid_t groups[ACCESS_GROUPS_MAX]; /* the effective one, too */
	size_t n_groups;
};

/* Who this process is. */
void access_user_self(struct access_user *ret);

/* acl: the attribute system.posix_acl_access, len 0 where the node has none.
 * One that is malformed counts as none. */
enum access_by access_check(const struct access_user *, uid_t owner, gid_t group, mode_t mode,
    const uint8_t *acl, size_t len);

/* An entry for a user or group by name, and what it comes to: "rwx" bits. */
struct access_named {
	bool group;
	uint32_t id;
	unsigned perm;
};
/* Up to ACCESS_NAMED_MAX of them; how many. */
size_t access_named(
    mode_t mode, const uint8_t *acl, size_t len, struct access_named ret[static ACCESS_NAMED_MAX]);

#endif
