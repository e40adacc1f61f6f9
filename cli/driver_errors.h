/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_CLI_DRIVER_ERRORS_H
#define TOUCHVAULT_CLI_DRIVER_ERRORS_H

#include "cli/fields.h"
#include "cli/program.h"

/* Show what a driver said on standard error, line by line, with MASK for every secret in
 * it: the values of hide and their lines, and the strings and words of what it was given
 * (input) and of what it printed (out). Exit status, reported. */
int driver_errors_show(const struct app *, const struct program_output *err,
    const struct fields_text *input, const struct program_output *out,
    struct vault_entry *const *hide, size_t n_hide) __attribute__((warn_unused_result));

#endif
