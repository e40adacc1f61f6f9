/* SPDX-License-Identifier: BSD-2-Clause */
/* udevadm, started by its path, with an environment of its own. */
#ifndef TOUCHVAULT_UDEV_RELOAD_H
#define TOUCHVAULT_UDEV_RELOAD_H

#include <stdbool.h>

/* Whether udev runs here. */
bool udev_runs(void);
/* Have udev read its rules again and, if so asked, apply them to tokens that are
 * plugged in; waits until it has. UDEV_ERR_RELOAD. Where udev doesn't run, there
 * is nothing to do: it reads them when it starts. */
int reload(bool apply) __attribute__((warn_unused_result));

#endif
