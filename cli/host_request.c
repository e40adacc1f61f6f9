/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/host_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/grade.h"
#include "cli/host_kind.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "vault/cleanup.h"

/* Of a request, with whatever a mail program has put between its parts. */
#define TEXT_MAX 4096
#define TYPED_MAX 128
#define REQUEST_TEXT_MAX 256

static struct vault_host_info self_info(const struct vault_self *s)
{
	return (struct vault_host_info){
		.kind = s->kind, .bound = s->bound, .virtual_tpm = s->virtual_tpm
	};
}

static int print_json(const struct app *app, const char *name, const char *line,
    const struct vault_self *self, int without_tpm)
{
	const struct vault_host_info h = self_info(self);
	const char grade[] = { grade_of_host(&h), '\0' };

	return out_json(
	    app, json_pack("{s:s,s:s,s:o,s:s,s:b,s:b,s:s,s:s?}", "request", line, "fingerprint",
		     self->fingerprint, "name", text_json(name), "kind", grade_host_kind(&h),
		     "bound", h.bound, "virtual_tpm", h.virtual_tpm, "grade", grade, "without_tpm",
		     without_tpm == 0 ? NULL : vault_strerror(without_tpm)));
}

int host_request_print(struct app *app, const struct vault_new_host *new, const char *name)
{
	__attribute__((cleanup(paths_freep))) struct paths p = { 0 };
	__attribute__((cleanup(vault_self_freep))) struct vault_self self = { 0 };
	char line[VAULT_REQUEST_TEXT];
	struct vault_host_info own;
	struct vault_paths vp;
	int without_tpm = 0, r = paths_find(app, &p);

	if (r == 0)
		r = paths_make_dirs(app, &p);
	if (r != 0)
		return r;
	vp = paths_for_vault(&p);
	r = vault_self_request(&vp, new, name, app->now, line, &without_tpm);
	if (r == 0)
		r = vault_self_read(&vp, &self);
	if (r != 0)
		return session_refused(app, &p, r);
	if (app->json)
		return print_json(app, name, line, &self, without_tpm);
	out("%s\n", line);
	r = out_done(app);
	if (r != 0)
		return r;
	own = self_info(&self);
	note(app, "this host's key: %s, %s, grade %c", grade_host_kind(&own), grade_host_way(&own),
	    grade_of_host(&own));
	host_kind_note(app, without_tpm);
	note(app, "send this line to an approved host, and there run \"touchvault host approve\"");
	note(app, "it asks for this host's fingerprint, which is %s", self.fingerprint);
	note(app, "afterwards copy the vault from there to %s", p.vault);
	return STATUS_OK;
}

static int read_text(
    const struct app *app, int fd, const char *from, char ret[static TEXT_MAX + 1], size_t *ret_len)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, ret + len, TEXT_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len <= TEXT_MAX) || (n < 0 && errno == EINTR));
	if (n < 0)
		return fail(app, STATUS_ERROR, "%s can't be read (%s); name a file that can", from,
		    strerror(errno));
	if (len > TEXT_MAX)
		return fail(app, STATUS_BAD_REQUEST,
		    "%s is longer than any request; pass on the line of \"touchvault host "
		    "request\" alone",
		    from);
	*ret_len = len;
	return STATUS_OK;
}

/* Line after line, as mail may have broken it, until it is whole or an empty one
 * follows. */
static int paste(const struct app *app, char ret[static TEXT_MAX + 1], size_t *ret_len)
{
	static const char hint[] = "name the file that the request is in";
	struct vault_host_request request;
	size_t len = 0, more;
	bool begun = false;
	int r;

	terminal_say("Paste the request, and press Enter (an empty line ends it):");
	do {
		r = terminal_ask(app, "", false, hint, ret + len, TEXT_MAX - len, &more);
		if (r != 0)
			return r;
		len += more;
		ret[len++] = '\n';
		begun |= more > 0;
	} while (len < TEXT_MAX && (!begun || (more > 0 && vault_request_begins(ret, len) &&
						  vault_request_decode(ret, len, &request) != 0)));
	/* Lines behind one that isn't of a request are not for the shell. */
	if (!vault_request_begins(ret, len))
		terminal_drop();
	*ret_len = len;
	return STATUS_OK;
}

int host_request_read(const struct app *app, const char *path, struct vault_host_request *ret)
{
	bool is_file = path != NULL && strcmp(path, "-") != 0;
	_cleanup_close_ int fd = is_file ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
	char text[TEXT_MAX + 1];
	size_t len = 0;
	int r;

	if (is_file && fd < 0)
		return fail(app, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_ERROR,
		    "%s can't be opened (%s); name the file that the request is in", path,
		    strerror(errno));
	if (path == NULL && isatty(STDIN_FILENO))
		r = paste(app, text, &len);
	else
		r = read_text(app, is_file ? fd : STDIN_FILENO, is_file ? path : "standard input",
		    text, &len);
	if (r != 0)
		return r;
	r = vault_request_decode(text, len, ret);
	if (r == VAULT_ERR_VERSION)
		return fail(app, STATUS_VERSION,
		    "the request is of a newer touchvault, or of a kind of host that is not "
		    "known here; use a newer touchvault");
	if (r != 0)
		return fail(app, STATUS_BAD_REQUEST,
		    "that is no host's request, or it isn't whole, or was changed on its way; "
		    "run \"touchvault host request\" there again and pass on all of its line");
	return STATUS_OK;
}

#define ITS_FORM                                                                                  \
	"type the four groups of four letters and digits that \"touchvault host show\" shows on " \
	"the new host"

/* What has its form is judged, and not asked for again. The Enter that ended a pasted
 * request counts for nothing. */
static int ask_fingerprint(
    const struct app *app, const struct vault_host_request *request, char ret[static TYPED_MAX])
{
	size_t len;
	int r = terminal_refuse_more(app,
	    "there was more than a request, or it was typed ahead; nothing was approved: repeat "
	    "with the request alone, and type the fingerprint that the new host shows when it is "
	    "asked for");

	while (r == 0) {
		r = terminal_ask(app, "Type the fingerprint that the new host shows: ", false,
		    "give the fingerprint with --fingerprint", ret, TYPED_MAX, &len);
		if (r != 0 || vault_request_confirm(request, ret) != VAULT_ERR_ARGUMENT)
			break;
		if (len > 0)
			terminal_say("That is no fingerprint; " ITS_FORM);
	}
	return r;
}

int host_request_confirm(
    const struct app *app, const struct vault_host_request *request, const char *typed)
{
	const struct vault_host_info h = {
		.kind = request->kind, .bound = request->bound, .virtual_tpm = request->virtual_tpm
	};
	char line[TYPED_MAX], what[REQUEST_TEXT_MAX], when[32];
	int r = STATUS_OK;

	(void)snprintf(what, sizeof(what), "a request of \"%s\": %s, %s, grade %c, made %s",
	    request->name, grade_host_kind(&h), grade_host_way(&h), grade_of_host(&h),
	    text_time(request->created, when));
	if (typed != NULL)
		note(app, "%s", what);
	else
		terminal_say("This is %s", what);
	if (typed == NULL)
		r = ask_fingerprint(app, request, line);
	if (r != 0)
		return r;
	r = vault_request_confirm(request, typed == NULL ? line : typed);
	if (r == VAULT_ERR_ARGUMENT)
		return fail(app, STATUS_USAGE, "that is no fingerprint; " ITS_FORM);
	if (r != 0)
		return fail(app, STATUS_BAD_REQUEST,
		    "the request has another fingerprint, so it is not the one of the host that "
		    "shows this; nothing was approved, find out where the request comes from");
	return STATUS_OK;
}
