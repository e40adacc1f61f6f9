/* SPDX-License-Identifier: BSD-2-Clause */
/* The tokens of a vault beside those that are plugged in: which is which. */
#ifndef TOUCHVAULT_CLI_TOKEN_LIST_H
#define TOUCHVAULT_CLI_TOKEN_LIST_H

#include "cli/app.h"
#include "token/token.h"

/* What is plugged in; none is no error. Exit status, reported. */
int token_list_read(const struct app *, const struct vault *,
    struct token_listed ret[static TOKEN_LIST_MAX], size_t *ret_n)
    __attribute__((warn_unused_result));

/* Both, on standard output. plugged is NULL where nobody looked. */
int token_list_print(const struct app *, const struct vault *, const struct token_listed *plugged,
    size_t n) __attribute__((warn_unused_result));

#endif
