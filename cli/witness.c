/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/witness.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define MAC_SHOWN 8
#define COMMAND_MAX 33 /* a word of the log, and NUL */

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

static void hex(const uint8_t *p, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", p[i]);
}

/* All words of it are touchvault's own; the vault's id is in the file's header.
 * Number and mac tell later whether the log is an older copy. */
static void tell(const struct vault_event *e, bool written)
{
	bool odd = strcmp(e->event, "refusal") == 0 || strcmp(e->event, "rollback") == 0;
	char id[2 * VAULT_ID_LEN + 1], mac[2 * MAC_SHOWN + 1], line[64] = "NOT LOGGED";

	hex(e->id, sizeof(e->id), id);
	hex(e->mac, MAC_SHOWN, mac);
	if (written)
		(void)snprintf(
		    line, sizeof(line), "line %llu, mac %s", (unsigned long long)e->number, mac);
	openlog("touchvault", LOG_PID, LOG_AUTHPRIV);
	syslog(odd || !written ? LOG_WARNING : LOG_NOTICE,
	    "%s%s%s: command %s, vault %s, generation %llu, %s", e->event,
	    *e->code == '\0' ? "" : " ", e->code, e->command, id, (unsigned long long)e->generation,
	    line);
	/* run puts another program in this one's place. */
	closelog();
}

void witness_start(const struct app *app, const struct verb *verb)
{
	static struct vault_witness witness = { .now = now, .tell = tell };
	static char command[COMMAND_MAX];

	(void)snprintf(command, sizeof(command), "%s%s%s", app->command, verb == NULL ? "" : "-",
	    verb == NULL ? "" : verb->name);
	witness.command = command;
	vault_witness_set(&witness);
}
