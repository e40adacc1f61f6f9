/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of the user's that carry reminders elsewhere. */
#include "cli/remind.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/advice.h"
#include "cli/output.h"
#include "cli/program.h"
#include "vault/cleanup.h"
#include "vault/store.h"

#define OUTPUT_MAX 4096
#define DETAIL_MAX 256
#define HOOK_PATH "PATH=/usr/local/bin:/usr/bin:/bin"

/* What a mailer, a chat or a desktop needs, and nothing that a shell had besides. */
static const char *const passed[] = { "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ",
	"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME",
	"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY" };
#define PASSED_LEN (sizeof(passed) / sizeof(passed[0]))

/* As editors and run-parts do: no hidden files, no backups. */
static int is_hook(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && e->d_name[len - 1] != '~';
}

/* A note, or one that was put aside: not what is a link or a directory, or can't be looked
 * at, which was meant to be one. */
static bool is_passed_over(const struct remind_place *place, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", place->hooks, name);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) != 0;
}

/* Those that are executable, or those that aren't. */
static int list(const struct remind_place *place, bool executable, struct dirent ***ret)
{
	int found = scandir(place->hooks, ret, is_hook, alphasort), n = 0;

	for (int i = 0; i < found; i++) {
		struct dirent *e = (*ret)[i];

		if (is_passed_over(place, e->d_name) != executable)
			(*ret)[n++] = e;
		else
			free(e);
	}
	if (found < 0)
		*ret = NULL;
	return n;
}

static void list_free(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

json_t *remind_hooks_list(const struct remind_place *place, bool executable)
{
	struct dirent **names;
	int n = list(place, executable, &names);
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		(void)json_array_append_new(a, text_json(names[i]->d_name));
	list_free(names, n);
	return a;
}

static char **environment(void)
{
	char **env = calloc(PASSED_LEN + 2, sizeof(*env));
	size_t n = 0;

	if (env == NULL)
		return NULL;
	env[n++] = strdup(HOOK_PATH);
	for (size_t i = 0; i < PASSED_LEN; i++) {
		const char *value = getenv(passed[i]);

		if (value != NULL && asprintf(&env[n], "%s=%s", passed[i], value) >= 0)
			n++;
		else
			env[n] = NULL;
	}
	return env;
}

static void environment_free(char ***env)
{
	for (size_t i = 0; *env != NULL && (*env)[i] != NULL; i++)
		free((*env)[i]);
	free(*env);
}

/* The directory that the hooks' own is in, too: that one may be a link. */
static bool check(const char *hooks, const char *path, char detail[static DETAIL_MAX])
{
	struct store s;
	int r = store_open(hooks, &s);

	store_close(&s);
	if (r == 0)
		r = program_check(path);
	if (r != 0)
		(void)snprintf(detail, DETAIL_MAX, "not run: %s",
		    r == VAULT_ERR_UNSAFE_FILE  ? "it isn't yours, or others can write it"
		    : r == VAULT_ERR_UNSAFE_DIR ? "others can write the directory, or one above it"
						: "it can't be read, or is no regular file");
	return *detail == '\0';
}

/* Its status, and the first line that it said. */
static bool judge(enum program_end end, int status, int seconds, const struct program_output *err,
    char detail[static DETAIL_MAX])
{
	size_t len = 0;
	int at;

	if (end == PROGRAM_EXIT && status == 0)
		return true;
	at = end == PROGRAM_TIME
		 ? snprintf(detail, DETAIL_MAX, "not done in %d s, and ended", seconds)
		 : snprintf(detail, DETAIL_MAX, "ended with %d", status);
	while (len < err->len && len < 120 && err->bytes[len] != '\n' && err->bytes[len] != '\0')
		len++;
	if (len > 0)
		(void)snprintf(detail + at, DETAIL_MAX - (size_t)at, ": %.*s", (int)len,
		    (const char *)err->bytes);
	return false;
}

static bool run(const struct app *app, char *path, const char *text, int seconds,
    char detail[static DETAIL_MAX])
{
	__attribute__((cleanup(environment_free))) char **env = environment();
	uint8_t out_bytes[OUTPUT_MAX], err_bytes[OUTPUT_MAX];
	struct program_output out = { out_bytes, 0, sizeof(out_bytes), true };
	struct program_output err = { err_bytes, 0, sizeof(err_bytes), true };
	char *const argv[] = { path, NULL };
	const struct program p = { path, argv, env, seconds, (const uint8_t *)text, strlen(text),
		-1 };
	enum program_end end;
	int status, r;

	if (env == NULL)
		return false;
	r = program_run(app, &p, &out, &err, &end, &status);
	if (r == 0)
		return judge(end, status, seconds, &err, detail);
	(void)snprintf(detail, DETAIL_MAX, "can't be run: %s", strerror(r));
	return false;
}

static void run_one(const struct app *app, const struct remind_place *place, const char *name,
    const char *text, int seconds, json_t *channels)
{
	char path[PATH_MAX], channel[NAME_MAX + 8], detail[DETAIL_MAX] = "";
	int n = snprintf(path, sizeof(path), "%s/%s", place->hooks, name);
	bool arrived = n > 0 && (size_t)n < sizeof(path) && check(place->hooks, path, detail) &&
		       run(app, path, text, seconds, detail);

	(void)snprintf(channel, sizeof(channel), "hook %s", name);
	remind_channel_add(channels, channel, arrived, arrived ? NULL : detail);
}

void remind_hooks_run(const struct app *app, const struct remind_place *place,
    const json_t *message, int seconds, bool confined, json_t *channels)
{
	_cleanup_free_ char *text = json_dumps(message, JSON_COMPACT);
	struct dirent **names;
	int n = list(place, true, &names);

	if (n > 0 && confined)
		remind_channel_add(channels, "hooks", false,
		    "not run, as there were none when the timer was installed; run \"touchvault "
		    "reminders install\" again");
	for (int i = 0; i < n && !confined && text != NULL; i++)
		run_one(app, place, names[i]->d_name, text, seconds, channels);
	list_free(names, n);
}
