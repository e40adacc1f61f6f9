/* SPDX-License-Identifier: BSD-2-Clause */
/* A vault that nobody has opened on this host for long: what is read without a touch is
 * what the copy here says, and nothing tells that another host has gone on since. */
#ifndef TOUCHVAULT_CLI_STALE_H
#define TOUCHVAULT_CLI_STALE_H

#include "cli/app.h"

#define STALE_DAYS 30
#define STALE_TEXT_MAX 384

struct stale {
	int64_t opened; /* with a touch, by the log of this host; 0: not known */
	bool is_stale;  /* that is longer ago than STALE_DAYS */
	int64_t days;   /* how long */
};
/* Of one that isn't verified at all, which is told anyhow, it is not said. */
void stale_look(const struct app *, struct vault *, struct stale *ret);
/* The sentence. */
const char *stale_text(const struct stale *, char buf[static STALE_TEXT_MAX]);
/* Both: say so, if it is. */
void stale_tell(const struct app *, struct vault *, struct stale *ret);

#endif
