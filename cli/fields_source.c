/* SPDX-License-Identifier: BSD-2-Clause */
/* Where fields come from: options, files, standard input, the terminal. */
#include "cli/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/dotenv.h"
#include "cli/entry_info.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

#define FROM_MAX 512 /* bytes of a "where from" in messages */
/* One byte less than a line that the kernel's line discipline passes on, as it
 * cuts off a longer one without a word (termios(3)). */
#define LINE_MAX_TYPED 4095
/* An entry of quotes, each with its backslash, and room for the names. */
#define TEXT_MAX ((size_t)2 * VAULT_ENTRY_MAX + 64 * 1024)

/* How a --field is to be read. */
struct source {
	char name[VAULT_FIELD_NAME_MAX + 1];
	const char *path; /* NULL: standard input */
};

/* Nothing of the argument is repeated: it may be the secret itself. */
static int source_parse(const struct app *app, const char *arg, struct source *ret)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals != NULL ? (size_t)(equals - arg) : 0;

	if (equals == NULL || (strcmp(equals + 1, "-") != 0 && equals[1] != '@'))
		return fail(app, STATUS_USAGE,
		    "--field takes NAME=- (standard input) or NAME=@FILE; a secret on the command "
		    "line is seen "
		    "by every user of this host and kept by the shell's history");
	if (len > VAULT_FIELD_NAME_MAX)
		return fail(app, STATUS_USAGE, "the field name of a --field is longer than %d",
		    VAULT_FIELD_NAME_MAX);
	memcpy(ret->name, arg, len);
	ret->name[len] = '\0';
	if (!vault_field_name_valid(ret->name))
		return fail(app, STATUS_USAGE,
		    "the field name of a --field is not well-formed; use letters, digits and . _ "
		    "-");
	ret->path = equals[1] == '@' ? equals + 2 : NULL;
	if (ret->path != NULL && *ret->path == '\0')
		return fail(app, STATUS_USAGE, "--field %s=@ lacks the file's name", ret->name);
	return STATUS_OK;
}

static int take_label(const struct app *app, const char *arg, struct fields *f)
{
	const char *equals = strchr(arg, '=');
	char *key;

	if (equals == NULL)
		return fail(
		    app, STATUS_USAGE, "--label takes KEY=VALUE; put the \"=\" between them");
	if (f->n_labels == VAULT_LABELS_MAX)
		return fail(app, STATUS_USAGE, "more than %d labels; use fewer", VAULT_LABELS_MAX);
	key = strndup(arg, (size_t)(equals - arg));
	if (key == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	f->label[f->n_labels++] = (struct vault_label){ .key = key, .value = equals + 1 };
	if (!vault_label_valid(key, equals + 1))
		return fail(app, STATUS_USAGE,
		    "a --label is not well-formed; its key takes letters, digits and . _ - (at "
		    "most %d), its "
		    "value printable text (at most %d bytes)",
		    VAULT_LABEL_KEY_MAX, VAULT_LABEL_VALUE_MAX);
	for (size_t i = 0; i + 1 < f->n_labels; i++)
		if (strcmp(f->label[i].key, key) == 0)
			return fail(app, STATUS_USAGE, "the label %s is given twice", key);
	return STATUS_OK;
}

static int take_unset(
    const struct app *app, const char *name, const char **list, size_t *n, size_t max)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], name) == 0)
			return STATUS_OK;
	if (*n == max)
		return fail(app, STATUS_USAGE, "too many names to unset; use several edits");
	list[(*n)++] = name;
	return STATUS_OK;
}

static bool may_have(const struct fields *f, const char *name)
{
	size_t i = 0;

	while (f->of != NULL && i < f->of->n_fields && strcmp(f->of->fields[i], name) != 0)
		i++;
	return f->of == NULL || i < f->of->n_fields;
}

static int take_option(
    const struct app *app, const struct option_given *o, struct fields *f, int *stdin_uses)
{
	const char *name = o->spec->name;
	struct source source;
	int r;

	if (strcmp(name, "label") == 0)
		return take_label(app, o->value, f);
	if (strcmp(name, "unset") == 0)
		return take_unset(app, o->value, f->unset, &f->n_unset, VAULT_FIELDS_MAX);
	if (strcmp(name, "unset-label") == 0)
		return take_unset(
		    app, o->value, f->unset_label, &f->n_unset_labels, VAULT_LABELS_MAX);
	if (strcmp(name, "field") == 0) {
		r = source_parse(app, o->value, &source);
		*stdin_uses += r == 0 && source.path == NULL;
		if (r == 0 && !may_have(f, source.name))
			r = fail(app, STATUS_NOT_FOUND,
			    "%s has no field %s; \"touchvault show %s\" shows its fields",
			    f->of->name, source.name, f->of->name);
		return r;
	}
	*stdin_uses += strcmp(name, "from-json") == 0;
	*stdin_uses += strcmp(name, "from-env") == 0 && strcmp(o->value, "-") == 0;
	return STATUS_OK;
}

int fields_options(const struct app *app, const struct arguments *args, struct fields *ret)
{
	int r = STATUS_OK, stdin_uses = 0;

	for (size_t i = 0; r == 0 && i < args->n_options; i++)
		r = take_option(app, &args->options[i], ret, &stdin_uses);
	if (r == 0 && stdin_uses > 1)
		r = fail(app, STATUS_USAGE,
		    "standard input can be read once only; use NAME=@FILE for the others");
	if (r == 0 && stdin_uses > 0 && isatty(STDIN_FILENO))
		r = fail(app, STATUS_USAGE,
		    "standard input is a terminal, which would show the secret; send it from a "
		    "program or a file, or leave the option out to be asked");
	return r;
}

static int fail_read(const struct app *app, const char *from, int err)
{
	return fail(
	    app, STATUS_ERROR, "%s can't be read (%s); name a file that can", from, strerror(err));
}

static ssize_t read_some(int fd, uint8_t *ret, size_t max)
{
	ssize_t n;

	do {
		n = read(fd, ret, max);
		/* Whoever shares a descriptor may have made it non-blocking. */
		if (n < 0 && errno == EAGAIN)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n;
}

/* All of fd, up to max, in locked memory. Values grow, as many of them must
 * fit; a text has its room at once, as the old copy would need it twice. */
static int read_all(
    const struct app *app, int fd, size_t max, const char *from, uint8_t **ret, size_t *ret_len)
{
	size_t len = 0, cap = max == TEXT_MAX ? TEXT_MAX + 1 : 4096;
	_cleanup_secret_ uint8_t *bytes = secret_alloc(cap);
	uint8_t *more;
	ssize_t n;

	while (bytes != NULL) {
		n = read_some(fd, bytes + len, cap - len);
		if (n < 0)
			return fail_read(app, from, errno);
		len += (size_t)n;
		if (n == 0) {
			*ret_len = len;
			*ret = TAKE_PTR(bytes);
			return STATUS_OK;
		}
		if (len > max)
			return fail(app, STATUS_USAGE,
			    "%s is too large: an entry holds at most %d KiB", from,
			    VAULT_ENTRY_MAX / 1024);
		if (len < cap)
			continue;
		cap *= 2;
		more = secret_realloc(bytes, cap);
		if (more == NULL)
			break;
		bytes = more;
	}
	return fail_vault(app, VAULT_ERR_NOMEM);
}

/* The path is not repeated: a secret that begins with "@" would be. */
static int fail_open(const struct app *app, const char *option, int err)
{
	return fail(app, err == ENOENT ? STATUS_NOT_FOUND : STATUS_ERROR,
	    "the file that %s names can't be opened (%s); give its path, and never a secret",
	    option, strerror(err));
}

/* path NULL: standard input. */
static int read_source(const struct app *app, const char *option, const char *path, size_t max,
    char from[static FROM_MAX], uint8_t **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = -1;

	if (path == NULL) {
		(void)snprintf(from, FROM_MAX, "standard input");
		return read_all(app, STDIN_FILENO, max, from, ret, ret_len);
	}
	(void)text_clean(path, from, FROM_MAX);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_open(app, option, errno);
	return read_all(app, fd, max, from, ret, ret_len);
}

static int collect_field(const struct app *app, const char *arg, struct fields *f)
{
	char from[FROM_MAX], option[sizeof("--field ") + VAULT_FIELD_NAME_MAX];
	struct source source;
	uint8_t *value;
	size_t len;
	int r = source_parse(app, arg, &source);

	if (r != 0)
		return r;
	(void)snprintf(option, sizeof(option), "--field %s", source.name);
	r = read_source(app, option, source.path, VAULT_ENTRY_MAX, from, &value, &len);
	if (r != 0)
		return r;
	if (len > 1 && value[len - 1] == '\n' && memchr(value, '\n', len - 1) == NULL)
		note(app, "%s ends with a newline, which is kept; \"tr -d '\\n'\" takes it away",
		    source.name);
	return fields_take(app, f, source.name, value, len, from);
}

/* lines[i] is the line of f->field[i], 0 where that is from elsewhere. */
static int take_pair(const struct app *app, struct fields *f, const struct dotenv_pair *pair,
    const char *from, size_t lines[static VAULT_FIELDS_MAX + 1])
{
	const struct vault_field *same = fields_find(f, pair->name);
	char where[FROM_MAX + 32];
	uint8_t *value;

	if (same != NULL && lines[same - f->field] != 0)
		return fail(app, STATUS_USAGE,
		    "line %zu of %s: the field %s is in line %zu already; name it once", pair->line,
		    from, pair->name, lines[same - f->field]);
	/* A form that wasn't filled in, as many such files have it. */
	if (pair->value_len == 0) {
		note(
		    app, "line %zu of %s: %s is empty, and left out", pair->line, from, pair->name);
		return STATUS_OK;
	}
	value = secret_alloc(pair->value_len + 1);
	if (value == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	lines[f->n] = pair->line;
	memcpy(value, pair->value, pair->value_len);
	(void)snprintf(where, sizeof(where), "line %zu of %s", pair->line, from);
	return fields_take(app, f, pair->name, value, pair->value_len, where);
}

static int collect_env(const struct app *app, const char *path, struct fields *f)
{
	_cleanup_secret_ uint8_t *text = NULL;
	char from[FROM_MAX];
	struct dotenv_pair pair;
	const char *wrong;
	struct dotenv d;
	size_t lines[VAULT_FIELDS_MAX + 1] = { 0 };
	size_t len, before = f->n;
	int more, r;

	r = read_source(
	    app, "--from-env", strcmp(path, "-") == 0 ? NULL : path, TEXT_MAX, from, &text, &len);
	if (r != 0)
		return r;
	d = dotenv_of(text, len);
	while ((more = dotenv_next(&d, &pair, &wrong)) > 0) {
		r = take_pair(app, f, &pair, from, lines);
		if (r != 0)
			return r;
	}
	if (more < 0)
		return fail(app, STATUS_USAGE, "line %zu of %s: %s", d.line, from, wrong);
	if (f->n == before)
		return fail(app, STATUS_USAGE,
		    "%s has no NAME=VALUE line with a value; nothing was stored", from);
	return STATUS_OK;
}

static int collect_json(const struct app *app, struct fields *f)
{
	char from[FROM_MAX];
	uint8_t *text;
	size_t len;
	int r = read_source(app, "--from-json", NULL, TEXT_MAX, from, &text, &len);

	if (r != 0)
		return r;
	if (len == 0) {
		secret_free(text);
		return fail(app, STATUS_USAGE,
		    "standard input is empty; send it a JSON object, {\"FIELD\": \"VALUE\", ...}");
	}
	return fields_parse_json(app, f, NULL, from, text, len);
}

static const char typed_hint[] = "use --field, --from-json or --from-env";

int fields_ask_value(
    const struct app *app, struct fields *f, const char *name, const char *prompt, bool *ret_empty)
{
	_cleanup_secret_ char *value = secret_alloc(LINE_MAX_TYPED);
	char sentence[VAULT_FIELD_NAME_MAX + 96];
	size_t len;
	int r;

	if (value == NULL)
		return fail_vault(app, VAULT_ERR_NOMEM);
	(void)snprintf(sentence, sizeof(sentence),
	    "more than one line was pasted; use --field %s=@FILE, nothing was stored", name);
	/* The second line would be taken for the next field's name, which is shown, and the
	 * rest by the shell. */
	terminal_hide();
	r = terminal_ask(app, prompt, true, typed_hint, value, LINE_MAX_TYPED, &len);
	if (r == 0)
		r = terminal_refuse_more(app, sentence);
	terminal_hide_end();
	if (r != 0)
		return r;
	*ret_empty = len == 0;
	if (len == 0)
		return STATUS_OK;
	return fields_take(app, f, name, (uint8_t *)TAKE_PTR(value), len, "the terminal");
}

/* All that can be wrong with a name is said before its value is typed. */
static bool name_will_do(const struct fields *f, const char *name)
{
	char names[ENTRY_FIELDS_TEXT_MAX];

	if (!vault_field_name_valid(name) || fields_find(f, name) != NULL)
		terminal_say(
		    "That is no field name, or there already; use letters, digits and . _ -");
	else if (!may_have(f, name))
		terminal_say("%s has no field %s; it has %s", f->of->name, name,
		    entry_fields_text(f->of, names));
	else if (f->n == VAULT_FIELDS_MAX)
		terminal_say(
		    "An entry has at most %d fields; use a second one for more", VAULT_FIELDS_MAX);
	else
		return true;
	return false;
}

/* One field by hand; *ret_done where the name is left empty. */
static int ask_field(const struct app *app, struct fields *f, bool *ret_done)
{
	char name[LINE_MAX_TYPED + 2], prompt[VAULT_FIELD_NAME_MAX + 32];
	bool empty = false;
	size_t len;
	int r;

	r = terminal_ask(
	    app, "Field name (empty to finish): ", false, typed_hint, name, sizeof(name), &len);
	*ret_done = r == 0 && len == 0;
	if (r != 0 || *ret_done || !name_will_do(f, name))
		return r;
	(void)snprintf(
	    prompt, sizeof(prompt), "Value of %.*s (not shown): ", VAULT_FIELD_NAME_MAX, name);
	r = fields_ask_value(app, f, name, prompt, &empty);
	if (r == 0 && empty)
		terminal_say("That is empty; give a value, or Ctrl-C.");
	return r;
}

static int collect_typed(const struct app *app, struct fields *f)
{
	bool done = false;
	int r = STATUS_OK;

	if (!terminal_available())
		return fail(app, STATUS_USAGE,
		    "there is no terminal to ask on; use --field NAME=-, --field NAME=@FILE, "
		    "--from-json or "
		    "--from-env FILE");
	while (r == 0 && !done)
		r = ask_field(app, f, &done);
	if (r == 0 && f->n == 0)
		r = fail(app, STATUS_CANCELLED, "no field was given; nothing was stored");
	return r;
}

int fields_collect(
    const struct app *app, const struct arguments *args, bool prompt, struct fields *f)
{
	const char *name;
	bool sources = false;
	int r = STATUS_OK;

	for (size_t i = 0; r == 0 && i < args->n_options; i++) {
		name = args->options[i].spec->name;
		if (strcmp(name, "field") == 0)
			r = collect_field(app, args->options[i].value, f);
		else if (strcmp(name, "from-env") == 0)
			r = collect_env(app, args->options[i].value, f);
		else if (strcmp(name, "from-json") == 0)
			r = collect_json(app, f);
		else
			continue;
		sources = true;
	}
	return r == 0 && !sources && prompt ? collect_typed(app, f) : r;
}
