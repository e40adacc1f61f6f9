/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/host_kind.h"

#include <string.h>

#include "cli/advice.h"
#include "cli/output.h"

/* A TPM that is named is wanted. */
int host_kind_option(
    const struct app *app, const struct arguments *args, struct vault_new_host *ret)
{
	const char *kind = option_value(args, "kind"), *tpm = option_value(args, "tpm");

	if (kind == NULL)
		kind = tpm == NULL ? "auto" : "tpm2";
	ret->tpm = tpm == NULL ? VAULT_TPM_DEVICE : tpm;
	if (strcmp(kind, "auto") == 0)
		ret->kind = VAULT_HOST_ANY;
	else if (strcmp(kind, "tpm2") == 0)
		ret->kind = VAULT_HOST_TPM2;
	else if (strcmp(kind, "keyfile") == 0)
		ret->kind = VAULT_HOST_KEYFILE;
	else
		return fail(app, STATUS_USAGE, "not a value of --kind; use auto, tpm2 or keyfile");
	if (tpm != NULL && ret->kind == VAULT_HOST_KEYFILE)
		return fail(app, STATUS_USAGE,
		    "--tpm is for a host key that a TPM keeps; leave it out, or use \"--kind "
		    "tpm2\"");
	if (*ret->tpm != '/' || strlen(ret->tpm) > VAULT_TPM_PATH_MAX)
		return fail(app, STATUS_USAGE,
		    "not a path that --tpm takes; use an absolute one of at most %d bytes",
		    VAULT_TPM_PATH_MAX);
	return STATUS_OK;
}

void host_kind_note(const struct app *app, int without_tpm)
{
	if (without_tpm != 0)
		note(app, "the TPM is not used: %s; %s", vault_strerror(without_tpm),
		    advice_for_vault(without_tpm));
}
