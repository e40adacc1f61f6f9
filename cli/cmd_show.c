/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include "cli/entry_info.h"
#include "cli/output.h"
#include "cli/session.h"

static int show_text(const struct app *app, const struct vault_entry_info *info)
{
	char fields[ENTRY_FIELDS_TEXT_MAX], created[32], modified[32], reason[VAULT_REASON_MAX + 1];

	out("name      %s\nfields    %s\nlabels    ", info->name, entry_fields_text(info, fields));
	if (info->n_labels == 0)
		out("-");
	entry_labels_print(info);
	out("\ncreated   %s\nmodified  %s\nversion   %llu\n", text_time(info->created, created),
	    text_time(info->modified, modified), (unsigned long long)info->version);
	if (*info->rotate_reason != '\0')
		out("rotate    NOW, since %s: %s\n", text_time(info->rotate_since, created),
		    text_clean(info->rotate_reason, reason, sizeof(reason)));
	return out_done(app);
}

int cmd_show(struct app *app, const struct arguments *args)
{
	__attribute__((cleanup(vault_closep))) struct vault *v = NULL;
	const struct vault_entry_info *info;
	int r = session_name_check(app, args->operands[0]);

	if (r == 0)
		r = session_open(app, &v);
	if (r == 0)
		r = session_find(app, v, args->operands[0], &info);
	if (r != 0)
		return r;
	return app->json ? out_json(app, entry_json(info)) : show_text(app, info);
}
