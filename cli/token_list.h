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

/* What opens the vault with it: "touch and PIN". */
const char *token_list_way(const struct vault_token_info *);

/* Whether all tokens that are plugged in are known not to be the one called only
 * (NULL: any), or to be the one called except: then that is said before anybody
 * touches one. No touch. Exit status, reported. */
int token_list_check(const struct app *, const struct vault *, const char *only, const char *except)
    __attribute__((warn_unused_result));

#endif
