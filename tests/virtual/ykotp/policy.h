/* SPDX-License-Identifier: BSD-2-Clause */
/* What the finger does and what goes wrong: set at the start, and changed by
 * the control file while a program runs. */
#ifndef VIRTUALYK_POLICY_H
#define VIRTUALYK_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum fault {
	FAULT_NONE,
	FAULT_ABSENT,         /* nothing is plugged in */
	FAULT_PERMISSION,     /* the device may not be opened */
	FAULT_BUSY,           /* the interface is claimed by another */
	FAULT_IO,             /* every report fails */
	FAULT_UNPLUG_WAITING, /* gone while it waits for a touch, or answers */
	FAULT_GARBAGE,        /* an answer that isn't its checksum's */
	FAULT_SHORT,          /* an answer that ends too early */
	FAULT_UNSTABLE,       /* another answer each time, well formed */
};

/* "at-once", "after:MS" or "never"; false: none of them. */
bool policy_set_touch(const char *);
/* A name from the table in policy.c, or "none". */
bool policy_set_fault(const char *);

/* The control file: lines "touch POLICY" and "fault NAME". */
void policy_start(int control_fd);
/* Read it again. What it doesn't say stays as it is. */
void policy_refresh(void);

enum fault policy_fault(void);
/* Has a key that has waited so long been touched? */
bool policy_touched(uint64_t waited_ms);

#endif
