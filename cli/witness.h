/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock of the audit log, and the system log beside it. */
#ifndef TOUCHVAULT_CLI_WITNESS_H
#define TOUCHVAULT_CLI_WITNESS_H

#include "cli/app.h"

/* From now on, what goes to an audit log goes to the system log, too
 * (LOG_AUTHPRIV), without names. Borrows app->command. */
void witness_start(const struct app *);

#endif
