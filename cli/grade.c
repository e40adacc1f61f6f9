/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/grade.h"

char grade_of_token(const struct vault_token_info *t)
{
	if (t->without_touch)
		return 'D';
	if (t->kind == VAULT_SLOT_FIDO2)
		return t->uv ? 'A' : 'B';
	return t->passphrase ? 'B' : 'C';
}

char grade_of_host(const struct vault_host_info *h)
{
	if (h->kind == VAULT_HOST_TPM2)
		return h->virtual_tpm ? 'B' : 'A';
	return h->bound ? 'C' : 'D';
}

const char *grade_host_kind(const struct vault_host_info *h)
{
	return h->kind == VAULT_HOST_TPM2 ? "tpm2" : "keyfile";
}

const char *grade_host_way(const struct vault_host_info *h)
{
	if (h->kind == VAULT_HOST_TPM2)
		return h->virtual_tpm ? "sealed by a virtual TPM" : "sealed by its TPM";
	return h->bound ? "bound to its machine" : "not bound to a machine";
}

char grade_of_tokens(const struct vault_token_info *tokens, size_t n)
{
	char worst = 'A';

	for (size_t i = 0; i < n; i++)
		if (grade_of_token(&tokens[i]) > worst)
			worst = grade_of_token(&tokens[i]);
	return worst;
}

char grade_of_hosts(const struct vault_host_info *hosts, size_t n)
{
	char worst = 'A';

	for (size_t i = 0; i < n; i++)
		if (grade_of_host(&hosts[i]) > worst)
			worst = grade_of_host(&hosts[i]);
	return worst;
}

/* Of tokens that are B or C. */
static const char *raise_token(const struct vault_token_info *tokens, size_t n)
{
	bool slot = false, bare = false;

	for (size_t i = 0; i < n; i++) {
		slot |= tokens[i].kind == VAULT_SLOT_YKOTP;
		bare |= tokens[i].kind == VAULT_SLOT_YKOTP && !tokens[i].passphrase;
	}
	if (bare)
		return "A YubiKey's slot with a passphrase (\"touchvault token refresh NAME\") "
		       "would make it grade B, a FIDO2 token with a PIN instead of it grade A.";
	if (slot)
		return "A FIDO2 token with a PIN or a fingerprint instead of the YubiKey's slot "
		       "would make it grade A: stolen together with this machine, it still opens "
		       "nothing.";
	return "Tokens enrolled with a PIN or a fingerprint (\"touchvault token set-pin\", then "
	       "\"touchvault token refresh NAME\") would make it grade A: stolen together with "
	       "this machine, they still open nothing.";
}

size_t grade_advice(const struct vault_token_info *tokens, size_t n_tokens,
    const struct vault_host_info *hosts, size_t n_hosts, const char *ret[static GRADE_ADVICE_MAX])
{
	char token = grade_of_tokens(tokens, n_tokens), host = grade_of_hosts(hosts, n_hosts);
	size_t n = 0;

	if (n_tokens == 1)
		ret[n++] =
		    "This vault has one token. If it is lost or breaks, nothing opens the vault: "
		    "enrol a second token with \"touchvault token add NAME\", and until then "
		    "keep each broker's own way to issue new keys.";
	if (token == 'D')
		ret[n++] =
		    "A token that answers without a touch protects from nobody who can reach it: a "
		    "token that insists on the touch would make it grade A or B.";
	else if (token > 'A')
		ret[n++] = raise_token(tokens, n_tokens);
	if (host == 'D')
		ret[n++] =
		    "A host key that is bound to its machine would make it grade C: that takes an "
		    "/etc/machine-id when the host key is made.";
	else if (host == 'C')
		ret[n++] = "A host key in a file is grade C: keep host.key out of backups and off "
			   "other machines. One that the machine's TPM seals is grade A.";
	else if (host == 'B')
		ret[n++] = "A host key sealed by a virtual TPM is grade B: whoever runs this "
			   "machine can copy that TPM. One in hardware would make it grade A.";
	return n;
}
