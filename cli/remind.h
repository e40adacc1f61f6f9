/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reminders: what is to be told today, to whom, and what was told before. A run reads
 * vault and state, makes a plan, notes that it is about to tell, tells, and notes what
 * became of it; so one that was ended in the middle is repeated, and says so.
 */
#ifndef TOUCHVAULT_CLI_REMIND_H
#define TOUCHVAULT_CLI_REMIND_H

#include <jansson.h>

#include "cli/app.h"
#include "vault/store.h"

#define REMIND_ID_MAX (VAULT_NAME_MAX + 1)
#define REMIND_SECONDS 30 /* of one hook */
#define REMIND_SECONDS_MAX 600
#define REMIND_DAY_MAX 16

/* From harmless to bad; what they are called is in remind_level_name. */
enum remind_level { REMIND_NONE = 0, REMIND_SOON = 1, REMIND_DUE = 2, REMIND_OVERDUE = 3 };
const char *remind_level_name(enum remind_level); /* "soon", "due", "overdue" */
enum remind_level remind_level_of(enum rotation_status);

/* Whose reminders: each vault has its own. */
struct remind_place {
	char id[REMIND_ID_MAX]; /* the vault's name, or "path-" and a number made of its path */
	char *vault;            /* absolute path */
	bool by_name;           /* the vault is in the data directory */
	char *state;            /* of the reminders, on this host */
	char *hooks;            /* the directory of the user's programs */
};
int remind_place_find(const struct app *, const struct paths *, struct remind_place *ret)
    __attribute__((warn_unused_result)); /* exit status, reported */
void remind_place_free(struct remind_place *);

/* Where it is, of the vault at that place; malloc'ed, NULL: no memory. */
char *remind_state_path(const struct app *, const struct paths *)
    __attribute__((warn_unused_result));

/* What was told, as in the file: "told" has for each key (an entry's id, or a problem's
 * name) its level and day; "seen" is the latest time at which it ran; "pending" is true
 * while somebody is told; "last" is the last run, or null; "failing" are the channels that
 * failed in the last run that told somebody something, with its time. */
struct remind_state {
	struct store store;
	int lock;
	json_t *json;
	bool damaged;
	int err; /* enum vault_err: why it can't be written; 0 */
};
/* Takes the lock, and makes the directory. A file that is damaged is told by ret, and
 * begun anew. Exit status, reported: where another run has the lock. */
int remind_state_open(const struct app *, const char *path, struct remind_state *ret)
    __attribute__((warn_unused_result));
/* 0 or enum vault_err, also in ret->err. */
int remind_state_write(struct remind_state *);
void remind_state_close(struct remind_state *);
/* The clock was seen; with --accept-clock, and no later time was. */
void remind_state_note_clock(const struct app *, struct remind_state *);
/* The latest time that was seen. */
int64_t remind_state_seen(const struct remind_state *);
/* The same of the one at path, without the lock; 0 where there is none. NULL is fine. */
int64_t remind_state_look_seen(const char *path);
/* Only to be looked at, without the lock; NULL where there is none, or it is damaged. */
json_t *remind_state_look(const char *path);

/* What is to be told. */
struct remind_plan {
	json_t *reminders; /* array of what hooks get */
	json_t *problems;  /* array of texts */
	json_t *told;      /* what takes the place of the state's, once it was told */
	size_t counts[REMIND_OVERDUE + 1];
	enum remind_level level; /* the worst */
	int64_t now;
	char day[REMIND_DAY_MAX]; /* here, "2027-01-31" */
};
void remind_plan_begin(const struct app *, struct remind_plan *ret);
void remind_plan_free(struct remind_plan *);
/* err: of opening it; v: NULL if it is not 0. app->now is held as clock.h has it. */
void remind_plan_vault(
    struct app *, const struct remind_state *, struct vault *v, int err, struct remind_plan *);
/* key: at most once a day; NULL: always. */
void remind_plan_problem(const struct remind_state *, struct remind_plan *, const char *key,
    enum remind_level, const char *text);
bool remind_plan_is_empty(const struct remind_plan *);
/* The message that hooks get, for a plan; NULL: no memory. */
json_t *remind_message(const struct app *, const struct remind_place *, const struct remind_plan *,
    bool repeated) __attribute__((warn_unused_result));
/* The same of a test. */
json_t *remind_test_message(const struct app *, const struct remind_place *)
    __attribute__((warn_unused_result));

/* Through every channel. Array of {"channel": TEXT, "arrived": BOOL, "detail": TEXT or
 * null}; NULL: no memory. confined: hooks are not run, but told of. */
json_t *remind_send(const struct app *, const struct remind_place *, const json_t *message,
    int seconds, bool confined) __attribute__((warn_unused_result));
/* The part of it that is for hooks. */
void remind_hooks_run(const struct app *, const struct remind_place *, const json_t *message,
    int seconds, bool confined, json_t *channels);
/* Names of the hooks that there are, sorted; or of the files beside them that aren't
 * executable, and so no hooks. Array of text; empty where there are none. */
json_t *remind_hooks_list(const struct remind_place *, bool executable)
    __attribute__((warn_unused_result));
void remind_channel_add(json_t *channels, const char *name, bool arrived, const char *detail);
/* How many arrived, and how many failed that should have. */
void remind_channels_count(const json_t *channels, size_t *ret_arrived, size_t *ret_failed);

/* What `reminders run` does. Exit status, reported. */
int remind_run(struct app *, const struct remind_place *, int seconds, bool confined)
    __attribute__((warn_unused_result));

/* Who calls it every day: systemd's timer of the user, or cron. */
enum remind_timer { REMIND_TIMER_NONE, REMIND_TIMER_SYSTEMD, REMIND_TIMER_CRON };
struct remind_timer_status {
	enum remind_timer kind;
	bool active;
	int64_t next;
};
/* Exit statuses, reported. */
int remind_timer_install(const struct app *, const struct remind_place *, enum remind_timer *ret)
    __attribute__((warn_unused_result));
int remind_timer_remove(const struct app *, const struct remind_place *, bool *ret_any)
    __attribute__((warn_unused_result));
int remind_timer_look(const struct app *, const struct remind_place *,
    struct remind_timer_status *ret) __attribute__((warn_unused_result));

/* Which variable of the environment has what no line of a file can hold; NULL: none. */
const char *remind_unit_bad_place(void);
bool remind_unit_has_controls(const char *text);

/* The command that is called: path of this program, vault, and what is in the
 * environment. Quoted for a unit file, or the shell in a crontab. malloc'ed, NULL: no
 * memory. */
char *remind_unit_service(const struct remind_place *, const char *program, const char *vault,
    bool hooks) __attribute__((warn_unused_result));
char *remind_unit_timer(const struct remind_place *) __attribute__((warn_unused_result));
char *remind_cron_line(const struct remind_place *, const char *program, const char *vault)
    __attribute__((warn_unused_result));
/* Put the line in the user's crontab in place of the one of that id (NULL: take that
 * out). *ret_had is whether there was one. Exit status, reported. */
int remind_cron_set(const struct app *, const struct remind_place *, const char *line,
    bool *ret_had) __attribute__((warn_unused_result));
int remind_cron_has(const struct app *, const struct remind_place *, bool *ret)
    __attribute__((warn_unused_result));
bool remind_cron_available(void);

#endif
