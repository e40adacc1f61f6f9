/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a credential is to be rotated, and what may be done next. Pure: time is a
 * parameter, nothing is stored here (FORMAT.md, "Rotation").
 *
 *	active -> staged -> verified -> promoted -> revoked -> active
 *
 * From promoted on the entry gives the new credential, and the old one is kept:
 * its grace. Revoked means that the broker doesn't take it any more; retiring it
 * wipes it.
 */
#ifndef TOUCHVAULT_VAULT_ROTATION_H
#define TOUCHVAULT_VAULT_ROTATION_H

#include "vault/period.h"

enum rotation_mode {
	ROTATION_MODE_UNSET = 0, /* an entry's: the vault's counts */
	ROTATION_OVERLAP = 1,    /* old and new work side by side for a while */
	ROTATION_ATOMIC = 2,     /* making the new one ends the old one */
	ROTATION_DELAYED = 3,    /* the new one works later */
};

/* Of an entry, where a part may be unset, or of the vault, where none is. */
struct schedule {
	struct period every; /* "0d": never, but for an expiry */
	struct period lead;  /* how long before it is told */
	/* How long a date may pass before it is overdue, and how long the old one is
	 * kept when the new one was promoted. */
	struct period grace;
	enum rotation_mode mode;
};

#define SCHEDULE_DEFAULT \
	((struct schedule){ { 90, 'd' }, { 14, 'd' }, { 2, 'd' }, ROTATION_OVERLAP })
/* More would leave nothing that is ever overdue, or that is ever not told. */
#define SCHEDULE_LEAD_MAX ((struct period){ 1, 'y' })
#define SCHEDULE_GRACE_MAX ((struct period){ 90, 'd' })

enum rotation_state {
	ROTATION_ACTIVE = 0,
	ROTATION_STAGED = 1,
	ROTATION_VERIFIED = 2,
	ROTATION_PROMOTED = 3,
	ROTATION_REVOKED = 4,
};
#define ROTATION_STATES 5

enum rotation_event {
	ROTATION_STAGE,   /* put the new one beside the current one */
	ROTATION_REPLACE, /* the same, over one that is staged */
	ROTATION_VERIFY,  /* it was tried, and works */
	ROTATION_PROMOTE, /* make it the current one */
	ROTATION_ROLLBACK,
	ROTATION_REVOKE, /* the broker doesn't take the old one any more */
	ROTATION_RETIRE, /* wipe the old one */
	ROTATION_ABORT,  /* drop the staged one */
};
#define ROTATION_EVENTS 8

/* Times are Unix seconds; 0 where there is none. */
struct rotation {
	struct schedule schedule;
	int64_t made, expires; /* of the current credential */
	int64_t snoozed;       /* until then it isn't told; not kept in the vault */
	enum rotation_state state;
	int64_t since;                     /* of the state; 0 if active, as all that follows */
	const char *host;                  /* which made the last step */
	int64_t works_from;                /* of the staged one */
	int64_t other_made, other_expires; /* of the staged one, or the old one */
};

/* The entry's schedule with the vault's where it says nothing, within the bounds above. */
struct schedule schedule_effective(const struct schedule *own, const struct schedule *vault);

/* What becomes of reading a credential that is overdue or has expired. */
enum policy_overdue {
	POLICY_WARN = 0,
	POLICY_REFUSE = 1,
	POLICY_IGNORE = 2,
};

/* Bounds for all entries of a vault, whatever their schedules say. */
struct policy {
	struct period max_age; /* no credential is to be older; not set: no bound */
	enum policy_overdue overdue;
};

/* Whether it lets a credential become older than the policy does. */
bool policy_exceeded(const struct policy *, struct period every);

/* What becomes of a step. All but the first say why it may not be made. */
enum rotation_answer {
	ROTATION_GO = 0,
	ROTATION_NONE_STAGED,
	ROTATION_IS_STAGED,     /* one is there already: REPLACE is for that */
	ROTATION_HAS_OLD,       /* the old one must be retired before */
	ROTATION_NO_OLD,        /* nothing to go back to, to revoke or to retire */
	ROTATION_NOT_REVOKED,   /* the old one may still open the account */
	ROTATION_WAS_REVOKED,   /* the broker doesn't take the old one */
	ROTATION_WAS_PROMOTED,  /* there is nothing staged any more: roll back instead */
	ROTATION_ONLY_ONE,      /* atomic: the staged one is the only one that works */
	ROTATION_TOO_EARLY,     /* the staged one doesn't work yet */
	ROTATION_GRACE_OVER,    /* the old one was kept for its grace, not longer */
	ROTATION_OTHER_EXPIRED, /* the one that is tried, or would become the current one */
};

/* May this step be made now, and if so, to which state does it lead? schedule is
 * the effective one. *ret_next is written only on ROTATION_GO. */
enum rotation_answer rotation_check(const struct rotation *, const struct schedule *,
    enum rotation_event, int64_t now, enum rotation_state *ret_next);

/* From harmless to bad. */
enum rotation_status {
	ROTATION_FINE,
	ROTATION_GRACE,      /* promoted, the old one is kept until at */
	ROTATION_SOON,       /* to be rotated at, which is less than the lead away */
	ROTATION_TO_RETIRE,  /* the old one is to be revoked and wiped, since at */
	ROTATION_DUE,        /* to be rotated since at */
	ROTATION_UNFINISHED, /* staged, and left so: since at, or the staged one ends at */
	ROTATION_EXPIRING,   /* ends at, which is less than the lead away */
	ROTATION_OVERDUE,    /* due for longer than the grace, or older than it may become */
	ROTATION_EXPIRED,    /* ended at */
};

struct rotation_outlook {
	enum rotation_status status; /* the worst of all that holds */
	int64_t at;                  /* its date; of FINE the next one, 0 if there is none */
	int64_t rotate_by;           /* by schedule or mark; 0 if never */
	int64_t finish_by;           /* of what is staged; 0 if nothing is */
	int64_t retire_by;           /* of the old one; 0 if there is none */
	bool snoozed;                /* and not yet expired */
};

/* schedule is the effective one; policy counts as the bound of a key's age, grace and all.
 * marked: since when it is to be rotated at once, for a reason of its own; or 0. */
struct rotation_outlook rotation_look(const struct rotation *, const struct schedule *,
    const struct policy *, int64_t marked, int64_t now);

/* From the day of now to that of at, as the calendar counts in UTC: 1 is tomorrow, however
 * few hours that are; negative if it has been. Neither is before 1970. */
int64_t rotation_days(int64_t at, int64_t now);

/* Words for people and JSON: "overlap", "staged", "overdue"; "unknown" for a
 * number that isn't of the enumeration. */
const char *rotation_mode_name(enum rotation_mode);
const char *rotation_state_name(enum rotation_state);
const char *rotation_status_name(enum rotation_status);
bool rotation_mode_parse(const char *, enum rotation_mode *ret);
const char *policy_overdue_name(enum policy_overdue);
bool policy_overdue_parse(const char *, enum policy_overdue *ret);

#endif
