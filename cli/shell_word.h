/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts as words of a command line that is shown to be run. */
#ifndef TOUCHVAULT_CLI_SHELL_WORD_H
#define TOUCHVAULT_CLI_SHELL_WORD_H

#include <stddef.h>

/* As it is, or in quotes where the shell would take it for something else; cut off at
 * size, which holds any path with quotes if it is SHELL_WORD_MAX. */
#define SHELL_WORD_MAX (4 * 4096 + 3)
const char *shell_word(const char *text, char *ret, size_t size);
/* The same after "--", where it would be taken for an option. SHELL_OPERAND_SIZE(n) holds
 * n bytes. */
const char *shell_operand(const char *text, char *ret, size_t size);
#define SHELL_OPERAND_SIZE(n) (4 * (n) + sizeof("-- ''"))

#endif
