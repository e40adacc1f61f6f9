/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/udev_permission.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "cli/output.h"

#define NAME_MAX_LEN 64
#define PERM_LEN 4

static const struct {
	enum udev_sets bit;
	const char *code, *text;
} all_sets[] = {
	{ UDEV_GIVES_SEAT, "seat", "gives it to who is at the seat" },
	{ UDEV_TAKES_SEAT, "not-seat", "takes it from who is at the seat" },
	{ UDEV_SETS_OWNER, "owner", "sets its owner" },
	{ UDEV_SETS_GROUP, "group", "sets its group" },
	{ UDEV_SETS_MODE, "mode", "sets its mode" },
};
#define ALL_SETS_LEN (sizeof(all_sets) / sizeof(all_sets[0]))

static const char *user_text(uid_t uid, char ret[static NAME_MAX_LEN])
{
	const struct passwd *pw = getpwuid(uid);

	(void)snprintf(ret, NAME_MAX_LEN, "%u", uid);
	return pw == NULL ? ret : text_clean(pw->pw_name, ret, NAME_MAX_LEN);
}

static const char *group_text(gid_t gid, char ret[static NAME_MAX_LEN])
{
	const struct group *g = getgrgid(gid);

	(void)snprintf(ret, NAME_MAX_LEN, "%u", gid);
	return g == NULL ? ret : text_clean(g->gr_name, ret, NAME_MAX_LEN);
}

static const char *perm_text(unsigned perm, char ret[static PERM_LEN])
{
	(void)snprintf(ret, PERM_LEN, "%c%c%c", perm & 4 ? 'r' : '-', perm & 2 ? 'w' : '-',
	    perm & 1 ? 'x' : '-');
	return ret;
}

static const char *named_text(const struct access_named *e, char ret[static NAME_MAX_LEN])
{
	return e->group ? group_text(e->id, ret) : user_text(e->id, ret);
}

static void print_giver(const struct udev_giver *g)
{
	const char *before = g->perhaps ? " perhaps " : " ";

	out("  %s:%u", g->file, g->line);
	for (size_t i = 0; i < ALL_SETS_LEN; i++) {
		if (!(g->sets & (unsigned)all_sets[i].bit))
			continue;
		out("%s%s", before, all_sets[i].text);
		before = ", ";
	}
	out("\n");
}

void udev_permission_print(const struct udev_token *t)
{
	static struct udev_giver givers[UDEV_GIVERS_MAX];
	char owner[NAME_MAX_LEN], group[NAME_MAX_LEN], perm[PERM_LEN];
	size_t n = udev_givers(t, givers);

	out("  owner %s, group %s, mode %04o", user_text(t->owner, owner),
	    group_text(t->group, group), t->mode);
	for (size_t i = 0; i < t->n_acl; i++)
		out("%s%s %s %s", i == 0 ? "; ACL: " : ", ", t->acl[i].group ? "group" : "user",
		    named_text(&t->acl[i], owner), perm_text(t->acl[i].perm, perm));
	out("\n");
	for (size_t i = 0; i < n; i++)
		print_giver(&givers[i]);
}

static json_t *acl_json(const struct udev_token *t)
{
	char name[NAME_MAX_LEN], perm[PERM_LEN];
	json_t *a = json_array();

	for (size_t i = 0; i < t->n_acl; i++)
		(void)json_array_append_new(
		    a, json_pack("{s:s,s:s}", t->acl[i].group ? "group" : "user",
			   named_text(&t->acl[i], name), "perm", perm_text(t->acl[i].perm, perm)));
	return a;
}

static json_t *givers_json(const struct udev_token *t)
{
	static struct udev_giver givers[UDEV_GIVERS_MAX];
	size_t n = udev_givers(t, givers);
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *sets = json_array();

		for (size_t j = 0; j < ALL_SETS_LEN; j++)
			if (givers[i].sets & (unsigned)all_sets[j].bit)
				(void)json_array_append_new(sets, json_string(all_sets[j].code));
		(void)json_array_append_new(
		    a, json_pack("{s:o,s:i,s:o,s:b}", "file", text_json(givers[i].file), "line",
			   (int)givers[i].line, "sets", sets, "perhaps", givers[i].perhaps));
	}
	return a;
}

json_t *udev_permission_json(const struct udev_token *t)
{
	char owner[NAME_MAX_LEN], group[NAME_MAX_LEN], mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", t->mode);
	return json_pack("{s:s,s:s,s:s,s:o,s:o}", "owner", user_text(t->owner, owner), "group",
	    group_text(t->group, group), "mode", mode, "acl", acl_json(t), "rules", givers_json(t));
}
