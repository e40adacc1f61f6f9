/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/access.h"

#include <unistd.h>

#define ACL_VERSION 2
#define ACL_HEADER_LEN 4
#define ACL_ENTRY_LEN 8

#define READ_WRITE 6U

enum acl_tag {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

void access_user_self(struct access_user *ret)
{
	int n = getgroups(ACCESS_GROUPS_MAX - 1, ret->groups);

	ret->uid = geteuid();
	ret->n_groups = n < 0 ? 0 : (size_t)n;
	ret->groups[ret->n_groups++] = getegid();
}

static bool is_member(const struct access_user *user, gid_t group)
{
	for (size_t i = 0; i < user->n_groups; i++)
		if (user->groups[i] == group)
			return true;
	return false;
}

static bool both(unsigned perm, unsigned mask)
{
	return (perm & mask & READ_WRITE) == READ_WRITE;
}

static uint32_t le(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

struct acl_entry {
	uint32_t tag, perm, id;
};

static bool acl_at(const uint8_t *acl, size_t len, size_t i, struct acl_entry *ret)
{
	size_t at = ACL_HEADER_LEN + i * ACL_ENTRY_LEN;

	if (len < ACL_HEADER_LEN || le(acl, 4) != ACL_VERSION || at + ACL_ENTRY_LEN > len)
		return false;
	*ret = (struct acl_entry){ le(acl + at, 2), le(acl + at + 2, 2), le(acl + at + 4, 4) };
	return true;
}

/* The group bits of the mode are the mask where there is one. */
static unsigned acl_group_perm(const uint8_t *acl, size_t len, mode_t mode)
{
	struct acl_entry e;

	for (size_t i = 0; acl_at(acl, len, i, &e); i++)
		if (e.tag == ACL_GROUP_OBJ)
			return e.perm;
	return mode >> 3;
}

enum access_by access_check(const struct access_user *user, uid_t owner, gid_t group, mode_t mode,
    const uint8_t *acl, size_t len)
{
	unsigned mask = len == 0 ? READ_WRITE : mode >> 3;
	bool member = is_member(user, group);
	struct acl_entry e;

	if (user->uid == 0)
		return ACCESS_ROOT;
	if (user->uid == owner)
		return both(mode >> 6, READ_WRITE) ? ACCESS_OWNER : ACCESS_NONE;
	for (size_t i = 0; acl_at(acl, len, i, &e); i++)
		if (e.tag == ACL_USER && e.id == user->uid)
			return both(e.perm, mask) ? ACCESS_ACL_USER : ACCESS_NONE;
	if (member && both(acl_group_perm(acl, len, mode), mask))
		return ACCESS_GROUP;
	for (size_t i = 0; acl_at(acl, len, i, &e); i++) {
		if (e.tag != ACL_GROUP || !is_member(user, e.id))
			continue;
		if (both(e.perm, mask))
			return ACCESS_ACL_GROUP;
		member = true;
	}
	return !member && both(mode, READ_WRITE) ? ACCESS_EVERYONE : ACCESS_NONE;
}

size_t access_named(
    mode_t mode, const uint8_t *acl, size_t len, struct access_named ret[static ACCESS_NAMED_MAX])
{
	struct acl_entry e;
	size_t n = 0;

	for (size_t i = 0; acl_at(acl, len, i, &e) && n < ACCESS_NAMED_MAX; i++)
		if (e.tag == ACL_USER || e.tag == ACL_GROUP)
			ret[n++] = (struct access_named){ e.tag == ACL_GROUP, e.id,
				e.perm & mode >> 3 & 7 };
	return n;
}
