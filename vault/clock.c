/* SPDX-License-Identifier: BSD-2-Clause */
/* The way out of a change that was made while a clock was wrong: what it stored lies in a
 * future that may not come for decades. */
#include <string.h>

#include "vault/commit.h"

static void take_back(struct vault *v, int64_t *t)
{
	if (*t <= v->clock)
		return;
	*t = v->clock;
	v->took_back = true;
}

static int take_back_history(struct vault *v, struct vault_entry_info *info)
{
	struct vault_history_event *events;
	size_t late = 0;

	for (size_t i = 0; i < info->n_history; i++)
		late += info->history[i].at > v->clock;
	if (late == 0)
		return 0;
	events = index_pool_alloc(&v->index, info->n_history * sizeof(*events));
	if (events == NULL)
		return VAULT_ERR_NOMEM;
	memcpy(events, info->history, info->n_history * sizeof(*events));
	for (size_t i = 0; i < info->n_history; i++)
		take_back(v, &events[i].at);
	info->history = events;
	return 0;
}

static int take_back_entry(struct vault *v, struct vault_entry_info *info)
{
	bool marked_since = info->rotate_since > info->rotation.made;

	take_back(v, &info->created);
	take_back(v, &info->modified);
	take_back(v, &info->rotate_since);
	take_back(v, &info->rotation.made);
	/* The mark is still of this credential, and not of the one before. */
	if (marked_since && info->rotate_since == info->rotation.made)
		info->rotation.made--;
	take_back(v, &info->rotation.since);
	take_back(v, &info->rotation.other_made);
	return take_back_history(v, info);
}

int vault_clock_apply(struct vault *v)
{
	int r = 0;

	v->took_back = false;
	if (v->clock == 0)
		return 0;
	take_back(v, &v->index.committed);
	for (size_t i = 0; i < v->index.n_tokens; i++) {
		struct vault_token_info *info = &v->index.tokens[i].info;

		take_back(v, &info->created);
		take_back(v, &info->tested);
		v->token_infos[i].created = info->created;
		v->token_infos[i].tested = info->tested;
	}
	for (size_t i = 0; i < v->index.n_hosts; i++) {
		take_back(v, &v->index.hosts[i].info.created);
		v->host_infos[i].created = v->index.hosts[i].info.created;
	}
	for (size_t i = 0; r == 0 && i < v->index.n_entries; i++)
		r = take_back_entry(v, &v->index.entries[i].info);
	return r;
}

int vault_clock_accept(struct vault *v, int64_t now)
{
	v->clock = now;
	return vault_clock_apply(v);
}
