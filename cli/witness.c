/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/witness.h"

#include <paths.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "vault/cleanup.h"

#define MAC_SHOWN 8
#define TEXT_MAX 384
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

/* As syslog(3), which waits for a daemon that doesn't read, and a secret with it: such
 * a daemon misses the line. */
static void system_log(int priority, const char *text)
{
	const struct sockaddr_un log = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char line[TEXT_MAX + 64], when[32] = "";
	time_t t = time(NULL);
	struct tm tm;
	int n;

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%b %e %T", &tm);
	n = snprintf(line, sizeof(line), "<%d>%s touchvault[%d]: %s", LOG_AUTHPRIV | priority, when,
	    (int)getpid(), text);
	if (fd >= 0 && n > 0 && (size_t)n < sizeof(line))
		(void)!sendto(
		    fd, line, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&log, sizeof(log));
}

/* All words of it are touchvault's own; the vault's id is in the file's header.
 * Number and mac tell later whether the log is an older copy. */
static void tell(const struct vault_event *e, bool written)
{
	bool odd = strcmp(e->event, "refusal") == 0 || strcmp(e->event, "rollback") == 0 ||
		   strcmp(e->event, "signer") == 0;
	char id[2 * VAULT_ID_LEN + 1], mac[2 * MAC_SHOWN + 1], line[64] = "NOT LOGGED";
	char text[TEXT_MAX];

	hex(e->id, sizeof(e->id), id);
	hex(e->mac, MAC_SHOWN, mac);
	if (written)
		(void)snprintf(
		    line, sizeof(line), "line %llu, mac %s", (unsigned long long)e->number, mac);
	(void)snprintf(text, sizeof(text), "%s%s%s: command %s, vault %s, generation %llu, %s",
	    e->event, *e->code == '\0' ? "" : " ", e->code, e->command, id,
	    (unsigned long long)e->generation, line);
	system_log(odd || !written ? LOG_WARNING : LOG_NOTICE, text);
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
