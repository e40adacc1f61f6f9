/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The udev rules that let a user open a token, and why one can't be opened.
 *
 * Nothing here prints, knows of vaults, or talks to a token: what is looked at
 * is sysfs, the nodes, udev's and logind's records.
 */
#ifndef TOUCHVAULT_UDEV_UDEV_H
#define TOUCHVAULT_UDEV_UDEV_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "udev/access.h"

enum udev_err {
	UDEV_OK = 0,
	UDEV_ERR_NO_DIRECTORY = -1, /* the rules directory isn't there */
	UDEV_ERR_UNSAFE = -2,       /* others than root can write the directory */
	UDEV_ERR_FOREIGN = -3,      /* a file of that name isn't touchvault's: udev_where */
	UDEV_ERR_IO = -4,           /* see udev_errno */
	UDEV_ERR_RELOAD = -5,       /* the files are in place; udev didn't take them in */
};

/* ---- The rules. */

#define UDEV_RULES_DIR "/etc/udev/rules.d"
#define UDEV_RULES_NAME "70-touchvault.rules"
#define UDEV_LOCK_NAME "71-touchvault-lock.rules"
#define UDEV_GROUP "plugdev"
#define UDEV_RULES_PATH_MAX 320 /* of a directory of rules and a file in it */

/* The files' text, as they are installed. */
extern const char udev_rules_text[], udev_lock_text[];

struct udev_change {
	bool changed; /* a file was written or taken away */
	bool running; /* udev runs here: it knows of it */
};

/* Put the rules in force: write them to UDEV_RULES_DIR unless the same are in
 * force already, atomically, then have udev read them and apply them to what is
 * plugged in. lock: the one that locks screens, too. Takes root. NO_DIRECTORY,
 * UNSAFE, FOREIGN, IO, RELOAD. */
int udev_install(bool lock, struct udev_change *ret) __attribute__((warn_unused_result));
/* Take both files away from UDEV_RULES_DIR, and from nowhere else. What is plugged
 * in keeps its permissions until it is plugged in anew. Errors as above.
 * Neither writes or takes away anything if a file of these names doesn't begin as
 * touchvault's do. */
int udev_remove(struct udev_change *ret) __attribute__((warn_unused_result));
/* errno of the last UDEV_ERR_IO. */
int udev_errno(void);
/* The name of the file that the last UDEV_ERR_FOREIGN is about. */
const char *udev_where(void);
/* English, without a full stop; never NULL. */
const char *udev_strerror(int err);

/* ---- What is plugged in, and who may open it. */

enum udev_kind {
	UDEV_FIDO,    /* a hidraw node that speaks CTAPHID */
	UDEV_YUBIKEY, /* the USB node of a YubiKey that has HMAC slots */
};

enum udev_rules_state {
	UDEV_RULES_ABSENT,
	UDEV_RULES_MASKED, /* an empty file, or a link to /dev/null */
	UDEV_RULES_DIFFER, /* of another version, or edited */
	UDEV_RULES_SAME,
};

enum udev_seat {
	UDEV_SEAT_NONE,       /* this user has no session at the token's seat */
	UDEV_SEAT_BACKGROUND, /* has one, and it isn't the one in front */
	UDEV_SEAT_ACTIVE,
};

#define UDEV_TEXT_MAX 128
#define UDEV_NODE_MAX 64
#define UDEV_SYS_MAX 300
#define UDEV_TOKENS_MAX 32

struct udev_token {
	enum udev_kind kind;
	char node[UDEV_NODE_MAX];    /* /dev/hidraw3, /dev/bus/usb/001/004 */
	char sys[UDEV_SYS_MAX];      /* the device in sysfs */
	char product[UDEV_TEXT_MAX]; /* as the device calls itself, unprintable as "?" */
	int error;                   /* errno of opening it; 0: this user can */
	enum access_by by;           /* what the permission bits and the ACL say */
	uid_t owner;
	gid_t group;
	mode_t mode;
	struct access_named acl[ACCESS_NAMED_MAX];
	size_t n_acl;
	bool applied; /* udev's record has touchvault's mark */
	bool tagged;  /* some rule gives it to who is at the seat */
	char seat_name[32];
	enum udev_seat seat;
};

/* The machine and the user. */
struct udev_host {
	bool container, wsl;
	bool systemd; /* it runs as the first process */
	bool udevd;   /* udev runs */
	enum udev_rules_state rules;
	char rules_path[UDEV_RULES_PATH_MAX]; /* the file in force; empty: none */
	bool group;                           /* UDEV_GROUP exists */
	bool member;                          /* this user is in it, by the user database */
	bool joined;                          /* this process is in it */
};

/* What this user's tokens are opened with, sorted by node: up to
 * UDEV_TOKENS_MAX. Opens each node for a moment. */
void udev_look(
    struct udev_host *ret_host, struct udev_token ret[static UDEV_TOKENS_MAX], size_t *ret_n);
/* The file of our rules that udev takes. */
enum udev_rules_state udev_rules_find(
    const char *name, const char *text, char ret_path[static UDEV_RULES_PATH_MAX]);

/* A line of the rules in force, and what it sets of who may open a device. */
enum udev_sets {
	UDEV_GIVES_SEAT = 1 << 0, /* to who is at the seat, by TAG+="uaccess" */
	UDEV_TAKES_SEAT = 1 << 1,
	UDEV_SETS_OWNER = 1 << 2,
	UDEV_SETS_GROUP = 1 << 3,
	UDEV_SETS_MODE = 1 << 4,
};

struct udev_giver {
	char file[UDEV_RULES_PATH_MAX];
	unsigned line;
	unsigned sets; /* of enum udev_sets */
	bool perhaps;  /* it has conditions that only udev can try */
};
#define UDEV_GIVERS_MAX 16

/* Those that set it for this token, as udev would find it now. In their order; of
 * several that set the same, the last one. How many. */
size_t udev_givers(const struct udev_token *, struct udev_giver ret[static UDEV_GIVERS_MAX]);

/* ---- Why. */

enum udev_cause {
	UDEV_FINE,
	UDEV_NONE,              /* nothing is plugged in */
	UDEV_NONE_IN_CONTAINER, /* that this container sees */
	UDEV_NONE_IN_WSL,       /* that Windows has passed on */
	UDEV_CONTAINER,         /* the container wasn't given the node */
	UDEV_CONTAINER_DENIED,  /* was given it, with the host's permissions */
	UDEV_WSL_NO_UDEVD,      /* and no systemd that would start it */
	UDEV_NO_UDEVD,
	UDEV_NO_NODE, /* the kernel has the device, /dev lacks it */
	UDEV_RULES_MISSING,
	UDEV_RULES_OLD,
	UDEV_RULES_MASK,
	UDEV_NOT_APPLIED,  /* the rules are there, and this device hasn't had them */
	UDEV_BACKGROUND,   /* another session is in front */
	UDEV_NOT_IN_GROUP, /* not at the seat, and not in the group */
	UDEV_NO_GROUP,     /* not at the seat, and there is no such group */
	UDEV_NOT_JOINED,   /* in the group since after logging in */
	UDEV_POLICY,       /* the bits would allow it: cgroup or security module */
	UDEV_FAILED,       /* another error: udev_token.error */
};

/* Pure. token NULL: nothing is plugged in. */
enum udev_cause udev_cause(const struct udev_host *, const struct udev_token *);

#endif
