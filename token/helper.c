/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * touchvault-token: the one program that talks to devices. It is started by
 * touchvault with a socket as its standard input, answers one request and
 * exits; whatever libraries leave in their heaps goes with it.
 */
#include <fido.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "token/backend.h"
#include "token/confine.h"

/* The caller decides when it is over; a signal from the terminal, which goes to
 * both, must not end the helper in the middle of a report. */
static void helper_ignore_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

static int helper_harden(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return TOKEN_ERR_INTERNAL;
	umask(077);
	unsetenv("FIDO_DEBUG"); /* would print PIN protocol and secrets */
	helper_ignore_signals();
	return 0;
}

static int helper_confine(void)
{
	int r = confine_memory();

	/* No configuration file, and so no module that one names. */
	if (r == 0 && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		r = TOKEN_ERR_INTERNAL;
	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	return r < 0 ? r : confine();
}

static int helper_serve(struct caller *caller, const struct message *request, struct message *reply)
{
	if (request->type == MESSAGE_ENROL) {
		reply->type = MESSAGE_ENROLLED;
		return backend_enrol(caller, &request->enrol, &reply->enrolled);
	}
	if (request->type == MESSAGE_SET_PIN) {
		reply->type = MESSAGE_PIN_SET;
		return backend_set_pin(caller, &request->set_pin, &reply->pin_set);
	}
	if (request->type == MESSAGE_INFO) {
		reply->type = MESSAGE_INFORMED;
		return fido2_inform(caller, &request->info, &reply->informed);
	}
	if (request->type == MESSAGE_LIST) {
		reply->type = MESSAGE_LISTED;
		return backend_list(caller, &request->list, &reply->listed);
	}
	if (request->type == MESSAGE_PROGRAM) {
		reply->type = MESSAGE_PROGRAMMED;
		return backend_program(caller, &request->program, &reply->programmed);
	}
	reply->type = MESSAGE_DERIVED;
	return backend_derive(caller, &request->derive, &reply->derived);
}

static bool helper_has_socket(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

static int helper_run(void)
{
	struct caller caller = { .fd = STDIN_FILENO, .pin_retries = -1 };
	_cleanup_message_buf_ struct message_buf buf;
	_cleanup_message_ struct message request, reply = { 0 };
	int r = helper_harden();

	if (!helper_has_socket()) {
		fputs("touchvault-token: this is touchvault's helper; run touchvault.\n", stderr);
		return EXIT_FAILURE;
	}
	if (r == 0)
		r = helper_confine();
	if (r == 0)
		r = caller_request(&caller, &buf, &request);
	if (r == 0)
		r = helper_serve(&caller, &request, &reply);
	if (r < 0) {
		explicit_bzero(&reply, sizeof(reply));
		reply.type = MESSAGE_FAILED;
		reply.failed.err = (enum token_err)r;
		reply.failed.retries = caller.pin_retries;
	}
	caller_tell(&caller, &reply);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
	/* No library needs to tidy up: everything goes with the process. */
	_exit(helper_run());
}
