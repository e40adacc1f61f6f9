/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock of the audit log, and the system log beside it. */
#ifndef TOUCHVAULT_CLI_WITNESS_H
#define TOUCHVAULT_CLI_WITNESS_H

#include "cli/command.h"

/* From now on, what goes to an audit log goes to the system log, too
 * (LOG_AUTHPRIV), without names. verb: NULL where the command has none. */
void witness_start(const struct app *, const struct verb *);

#endif
