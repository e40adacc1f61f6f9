/* SPDX-License-Identifier: BSD-2-Clause */
/* The texts that systemd and cron get. */
#include "cli/remind.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "# Made by \"touchvault reminders install\"; \"... remove\" takes it away.\n"

/* Where the files are that the program looks for; the timer's own environment may say
 * otherwise. */
static const char *const places[] = { "HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
	"XDG_CONFIG_HOME" };
#define PLACES_LEN (sizeof(places) / sizeof(places[0]))

/* systemd.service(5): quotes and backslashes, specifiers, and in a command line
 * variables. */
static void unit_quote(FILE *f, const char *before, const char *text, bool command)
{
	(void)fprintf(f, "\"%s", before);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', f);
		if (*text == '%' || (*text == '$' && command))
			(void)fputc(*text, f);
		(void)fputc(*text, f);
	}
	(void)fputc('"', f);
}

static void unit_text(FILE *f, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fprintf(f, "%s%c", *text == '%' ? "%" : "", *text);
}

/* HOME only where it is another than both set by themselves. */
static const char *place_value(size_t i)
{
	const char *value = getenv(places[i]);
	const struct passwd *pw = i == 0 ? getpwuid(geteuid()) : NULL;

	if (value == NULL || value[0] != '/' || (pw != NULL && strcmp(pw->pw_dir, value) == 0))
		return NULL;
	return value;
}

/* A line of a file can't hold all that a path can. */
bool remind_unit_has_controls(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return true;
	return false;
}

const char *remind_unit_bad_place(void)
{
	for (size_t i = 0; i < PLACES_LEN; i++)
		if (place_value(i) != NULL && remind_unit_has_controls(place_value(i)))
			return places[i];
	return NULL;
}

/* What systemd's instance of a user can enforce without privileges: by seccomp and
 * limits. Its ways that need namespaces of users would show what belongs to root as
 * nobody's, which touchvault refuses as unsafe. */
static const char confinement[] = "NoNewPrivileges=yes\n"
				  "RestrictAddressFamilies=AF_UNIX\n"
				  "SystemCallFilter=@system-service\n"
				  "SystemCallFilter=~@privileged @resources\n"
				  "SystemCallFilter=setrlimit prlimit64 sched_yield\n"
				  "SystemCallErrorNumber=EPERM\n"
				  "SystemCallArchitectures=native\n"
				  "MemoryDenyWriteExecute=yes\n"
				  "RestrictNamespaces=yes\n"
				  "RestrictRealtime=yes\n"
				  "RestrictSUIDSGID=yes\n"
				  "LockPersonality=yes\n";

char *remind_unit_service(
    const struct remind_place *place, const char *program, const char *vault, bool hooks)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	(void)fputs(MARK "[Unit]\nDescription=Reminders of touchvault for ", f);
	unit_text(f, place->vault);
	/* Whoever removes the program doesn't remove this: it isn't a failure every day. */
	(void)fputs("\nDocumentation=man:touchvault(1)\nConditionFileIsExecutable=", f);
	unit_text(f, program);
	(void)fputs("\n\n[Service]\nType=oneshot\nExecStart=", f);
	unit_quote(f, "", program, true);
	(void)fputs(" --vault ", f);
	unit_quote(f, "", vault, true);
	(void)fprintf(f, " reminders run%s\n", hooks ? "" : " --no-hooks");
	for (size_t i = 0; i < PLACES_LEN; i++) {
		char name[32];

		if (place_value(i) == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "%s=", places[i]);
		(void)fputs("Environment=", f);
		unit_quote(f, name, place_value(i), false);
		(void)fputc('\n', f);
	}
	(void)fputs("TimeoutStartSec=1h\nUMask=0077\nLimitCORE=0\nTasksMax=64\nNice=10\n", f);
	(void)fputs(hooks ? "# Hooks are programs of yours: no more is known of what they need.\n"
			  : confinement,
	    f);
	return fclose(f) == 0 ? text : NULL;
}

char *remind_unit_timer(const struct remind_place *place)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	(void)fputs(MARK "[Unit]\nDescription=Daily reminders of touchvault for ", f);
	unit_text(f, place->vault);
	(void)fputs("\nDocumentation=man:touchvault(1)\n\n[Timer]\nOnCalendar=*-*-* 09:00:00\n"
		    "RandomizedDelaySec=30min\nPersistent=true\n\n[Install]\n"
		    "WantedBy=timers.target\n",
	    f);
	return fclose(f) == 0 ? text : NULL;
}

/* For the shell, and before it cron, to which % is the end of the line. */
static void shell_quote(FILE *f, const char *text)
{
	char before = '\0';

	(void)fputc('\'', f);
	for (; *text != '\0'; before = *text++) {
		if (*text == '\'')
			(void)fputs("'\\''", f);
		else if (*text == '%') /* cron counts a backslash before as one of its own */
			(void)fprintf(f, "%s\\%%", before == '\\' ? "''" : "");
		else
			(void)fputc(*text, f);
	}
	(void)fputc('\'', f);
}

char *remind_cron_line(const struct remind_place *place, const char *program, const char *vault)
{
	unsigned minute = 0;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (const char *p = place->vault; *p != '\0'; p++)
		minute = (minute * 31 + (unsigned char)*p) % 60;
	/* cron doesn't make up for what it missed, so it tries each hour; the state sees to
	 * it that nobody is told twice a day. */
	(void)fprintf(f, "%u * * * * ", minute);
	for (size_t i = 0; i < PLACES_LEN; i++) {
		if (place_value(i) == NULL)
			continue;
		(void)fprintf(f, "%s=", places[i]);
		shell_quote(f, place_value(i));
		(void)fputc(' ', f);
	}
	shell_quote(f, program);
	(void)fputs(" --vault ", f);
	shell_quote(f, vault);
	(void)fputs(" reminders run", f);
	return fclose(f) == 0 ? text : NULL;
}
