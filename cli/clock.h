/* SPDX-License-Identifier: BSD-2-Clause */
/* The time that dates are held against. It never goes back by itself: a clock that was set
 * back undoes nothing, and what is stored meanwhile keeps its order. */
#ifndef TOUCHVAULT_CLI_CLOCK_H
#define TOUCHVAULT_CLI_CLOCK_H

#include "cli/app.h"

#define CLOCK_TEXT_MAX 512

/* app->now becomes the latest of the clock, the vault's last change (or a second more,
 * where the clock is behind it), and what this host has seen. With --accept-clock it is the
 * clock, and the vault is told so. Where the clock is behind by more than an hour, true,
 * and ret is a sentence that says so. */
bool clock_hold(struct app *, struct vault *, int64_t seen, char ret[static CLOCK_TEXT_MAX]);
/* The same with what this host has seen of the vault at that place, and the sentence is
 * told; once, however often a vault is opened. */
void clock_hold_and_tell(struct app *, const struct paths *, struct vault *);
/* Once a change was made with --accept-clock: this host hasn't seen a later time either. */
void clock_accepted(const struct app *);

#endif
