/*
 * Everything about a token that a test may choose, by name.
 *
 * The same names serve as options on the command line (`--touch never`) and
 * as lines on the control socket (`set touch never`).
 */
#ifndef VTOKEN_CONFIG_H
#define VTOKEN_CONFIG_H

#include "token.h"

void config_default(struct config *c);
/* Does this setting go without a value? -1 if there is no such setting. */
int config_is_flag(const char *name);
/* NULL when done, else what is wrong. @value is NULL for flags. */
const char *config_set(struct config *c, const char *name, const char *value);

/* "at-once", "after:300", "after 300", "never", "refused", "none" */
const char *touch_parse(struct config *c, const char *text);
/* "none", "drop-reply", "error:27", "error:27,makeCredential", ... */
const char *fault_parse(struct config *c, const char *text);
const char *touch_name(enum touch_policy policy);

#endif
