/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/err.h"

const char *vault_strerror(int err)
{
	switch ((enum vault_err)err) {
	case VAULT_OK:
		return "success";
	case VAULT_ERR_INTERNAL:
		return "internal error";
	case VAULT_ERR_NOMEM:
		return "out of memory";
	case VAULT_ERR_MLOCK:
		return "memory for secrets can't be locked";
	case VAULT_ERR_IO:
		return "input or output error";
	case VAULT_ERR_ARGUMENT:
		return "name not well-formed";
	case VAULT_ERR_LIMIT:
		return "too large";
	case VAULT_ERR_NO_VAULT:
		return "no such vault";
	case VAULT_ERR_NOT_A_FILE:
		return "not a regular file";
	case VAULT_ERR_NO_ENTRY:
		return "no such entry";
	case VAULT_ERR_NO_FIELD:
		return "no such field";
	case VAULT_ERR_EXISTS:
		return "exists already";
	case VAULT_ERR_LOCKED:
		return "another process is changing the vault";
	case VAULT_ERR_WRONG_RESPONSE:
		return "not a token of this vault, or its PIN setting changed since enrolment";
	case VAULT_ERR_RESPOND:
		return "the token gave no response";
	case VAULT_ERR_NO_HOST_KEY:
		return "this host has no key";
	case VAULT_ERR_NOT_APPROVED:
		return "this host is not approved";
	case VAULT_ERR_NO_LONGER_APPROVED:
		return "this host is no longer approved, or this is a copy from before it was";
	case VAULT_ERR_HOSTS_FULL:
		return "64 hosts at most, or 62 and a recovery sheet";
	case VAULT_ERR_FOREIGN_HOST_KEY:
		return "the host key was made on another machine";
	case VAULT_ERR_DAMAGED_HOST_KEY:
		return "the host key is damaged";
	case VAULT_ERR_NOT_A_VAULT:
		return "not a vault";
	case VAULT_ERR_DAMAGED:
		return "damaged";
	case VAULT_ERR_TAMPERED:
		return "tampered with";
	case VAULT_ERR_SIGNER:
		return "signed by a host that is not known here";
	case VAULT_ERR_SIGNER_LEFT:
		return "signed by a host that has left the vault, as far as this one has seen";
	case VAULT_ERR_SIGNER_OTHER:
		return "signed by another host than the one that --accept-signer names";
	case VAULT_ERR_ROLLBACK:
		return "older than what this host has seen";
	case VAULT_ERR_FORK:
		return "not the generation that this host has seen, nor one that came from it";
	case VAULT_ERR_REVIVED:
		return "a host is listed that this one has seen leave, or that nobody known here "
		       "has "
		       "approved";
	case VAULT_ERR_REPLACED:
		return "another vault than the one this path held";
	case VAULT_ERR_VERSION:
		return "format version not supported";
	case VAULT_ERR_UNSAFE_FILE:
		return "the file belongs to somebody else, or others can write or read it";
	case VAULT_ERR_UNSAFE_DIR:
		return "others can write the directory, or own it";
	case VAULT_ERR_STATE:
		return "host state damaged";
	case VAULT_ERR_CHANGED:
		return "changed meanwhile";
	case VAULT_ERR_NO_TOKEN:
		return "no token of that name";
	case VAULT_ERR_LAST_TOKEN:
		return "the only token of the vault";
	case VAULT_ERR_UNRECORDED:
		return "the change is stored, but not yet recorded on this host, or not yet safe "
		       "from a power cut";
	case VAULT_ERR_AUDIT:
		return "the audit log can't be read or written";
	case VAULT_ERR_TOKEN_IN_USE:
		return "the token that was touched is the one to remove";
	case VAULT_ERR_REQUEST:
		return "not a host's request, or not whole, or changed on its way";
	case VAULT_ERR_FINGERPRINT:
		return "the fingerprint is not this request's";
	case VAULT_ERR_NO_HOST:
		return "no host of that name";
	case VAULT_ERR_OWN_HOST:
		return "a host can't revoke itself";
	case VAULT_ERR_LAST_HOST:
		return "the only host of the vault";
	case VAULT_ERR_HOST_KIND:
		return "this host has a key of another kind already";
	case VAULT_ERR_TPM_NONE:
		return "no TPM there";
	case VAULT_ERR_TPM_LIBRARY:
		return "the libraries for TPMs are not installed";
	case VAULT_ERR_TPM_PERMISSION:
		return "no permission to use the TPM";
	case VAULT_ERR_TPM_BUSY:
		return "the TPM is busy";
	case VAULT_ERR_TPM_LOCKED_OUT:
		return "the TPM is locked out after wrong passwords";
	case VAULT_ERR_TPM_OWNER:
		return "the TPM's owner has set a password or switched its storage off";
	case VAULT_ERR_TPM_OTHER:
		return "not the TPM that sealed this host's key";
	case VAULT_ERR_TPM_CLEARED:
		return "the TPM was cleared since it sealed this host's key";
	case VAULT_ERR_TPM_FAILED:
		return "the TPM failed, or is none";
	case VAULT_ERR_RECOVERY_GROUP:
		return "a group of the recovery code is not right";
	case VAULT_ERR_RECOVERY_CODE:
		return "the recovery code is of another vault, or of a sheet that was removed";
	}
	return "unknown error";
}

bool vault_err_is_tpm(int err)
{
	return err <= VAULT_ERR_TPM_NONE && err >= VAULT_ERR_TPM_FAILED;
}
