/* SPDX-License-Identifier: BSD-2-Clause */
/* Destructors bound to variables. */
#ifndef TOUCHVAULT_UDEV_CLEANUP_H
#define TOUCHVAULT_UDEV_CLEANUP_H

#include <dirent.h>
#include <unistd.h>

static inline void udev_closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void udev_closedirp(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_close_ _cleanup_(udev_closep)
#define _cleanup_closedir_ _cleanup_(udev_closedirp)

#endif
