/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/command.h"

#include "cli/output.h"
#include "cli/rotation_info.h"
#include "cli/session.h"

static const char *event_name(enum vault_event_kind kind)
{
	switch (kind) {
	case VAULT_EVENT_STAGED:
		return "staged";
	case VAULT_EVENT_VERIFIED:
		return "verified";
	case VAULT_EVENT_PROMOTED:
		return "promoted";
	case VAULT_EVENT_ROLLED_BACK:
		return "rolled back";
	case VAULT_EVENT_REVOKED:
		return "revoked";
	case VAULT_EVENT_RETIRED:
		return "retired";
	case VAULT_EVENT_ABORTED:
		return "aborted";
	case VAULT_EVENT_EDITED:
		return "edited";
	}
	return "unknown";
}

static void print_event(const struct vault_history_event *e)
{
	char when[32], host[VAULT_HUMAN_NAME_MAX + 1], why[VAULT_REASON_MAX + 1];

	out_text(text_time(e->at, when), 22);
	out_text(event_name(e->kind), 13);
	out("on %s%s%s\n", text_clean(e->host, host, sizeof(host)), *e->why == '\0' ? "" : ": ",
	    text_clean(e->why, why, sizeof(why)));
}

static json_t *event_json(const struct vault_history_event *e)
{
	return json_pack("{s:o,s:s,s:o,s:o}", "at", time_json(e->at), "event", event_name(e->kind),
	    "host", text_json(e->host), "why", *e->why == '\0' ? json_null() : text_json(e->why));
}

static int history_json(const struct app *app, const struct vault_entry_info *info)
{
	json_t *events = json_array();

	for (size_t i = 0; events != NULL && i < info->n_history; i++)
		if (json_array_append_new(events, event_json(&info->history[i])) != 0) {
			json_decref(events);
			events = NULL;
		}
	return out_json(app, events == NULL
				 ? NULL
				 : json_pack("{s:s,s:o,s:o}", "name", info->name, "created",
				       time_json(info->created), "events", events));
}

static int history_text(const struct app *app, const struct vault_entry_info *info)
{
	char when[32];

	/* The first ones give way, so that it needn't be the whole story. */
	out_text(text_time(info->created, when), 22);
	out(info->n_history == VAULT_HISTORY_MAX ? "created; then, of late:\n" : "created\n");
	for (size_t i = 0; i < info->n_history; i++)
		print_event(&info->history[i]);
	return out_done(app);
}

int cmd_history(struct app *app, const struct arguments *args)
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
	return app->json ? history_json(app, info) : history_text(app, info);
}
