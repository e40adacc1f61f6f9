/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include <sodium.h>

#include "cli/output.h"

int cmd_version(struct app *app, const struct arguments *args)
{
	(void)args;
	if (app->json)
		return out_json(app, json_pack("{s:s,s:s}", "touchvault", TOUCHVAULT_VERSION,
					 "libsodium", sodium_version_string()));
	out("touchvault %s\nlibsodium %s\n", TOUCHVAULT_VERSION, sodium_version_string());
	return out_done(app);
}
