/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOUCHVAULT_CLI_DRIVER_FORMS_H
#define TOUCHVAULT_CLI_DRIVER_FORMS_H

#include <stdint.h>

#include "cli/program.h"

#define DRIVER_PART_MIN 4 /* shorter values and parts would mask ordinary text */

/* What a driver said, and which of its bytes are a secret's. Those are marked on the text as
 * it came: of two secrets one may be in the other. The last two are room for base64. */
struct driver_said {
	const struct program_output *text;
	uint8_t *marks, *shifted;
	char *encoded;
};
#define DRIVER_SHIFTED_LEN(text_max) ((text_max) + 2)
#define DRIVER_ENCODED_LEN(text_max) (2 * (text_max) + 8)

/* Mark what stands for the value as JSON or other languages escape it, as part of a URL, in
 * hexadecimal, or in base64, alone or with something before or behind. */
void driver_forms_mark(struct driver_said *, const uint8_t *value, size_t len);

#endif
