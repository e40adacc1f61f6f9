/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be wrong around a vault, beside the token's permissions. */
#ifndef TOUCHVAULT_CLI_DOCTOR_H
#define TOUCHVAULT_CLI_DOCTOR_H

#include "cli/app.h"

#include <stddef.h>

enum doctor_state {
	DOCTOR_FINE,
	DOCTOR_WRONG,
	DOCTOR_UNKNOWN, /* it can't be told here: not held against the machine */
};

#define DOCTOR_TEXT_MAX 512
#define DOCTOR_FINDINGS_MAX 64

struct doctor_finding {
	const char *check; /* a word: "swap" */
	enum doctor_state state;
	char what[DOCTOR_TEXT_MAX]; /* a sentence without its full stop; text from outside */
	char mend[DOCTOR_TEXT_MAX]; /* the command; "" unless DOCTOR_WRONG */
	const char *then;           /* what is to follow the command, or NULL */
	bool is_advice;             /* mend is words, where one command doesn't do */
};

struct doctor_report {
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t n;
};

/* Add a finding; fmt is its sentence. Beyond DOCTOR_FINDINGS_MAX they are left
 * out. The finding is returned, for its command. */
struct doctor_finding *doctor_add(struct doctor_report *, const char *check, enum doctor_state,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* It is returned again, for what is to follow. */
struct doctor_finding *doctor_mend(struct doctor_finding *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What to do in words, as the other commands say it. */
void doctor_advise(struct doctor_finding *, const char *advice);

void doctor_look_at_swap(struct doctor_report *);
/* Swap, cores, clock, TPM, libraries. */
void doctor_look_at_system(struct doctor_report *);
/* Locked memory, permissions, tokens: as far as there is a vault. Sets the vault
 * library up. */
void doctor_look_at_vault(const struct app *, struct doctor_report *);

#endif
