/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/exit_status.h"

#include "token/token.h"
#include "vault/err.h"

const struct exit_status_row exit_status_table[] = {
	{ STATUS_OK, "ok", "success" },
	{ STATUS_ERROR, "error", "internal error, or input or output failed" },
	{ STATUS_USAGE, "usage", "wrong command line" },
	{ STATUS_NOT_FOUND, "not-found", "no such vault, entry, field or file" },
	{ STATUS_EXISTS, "exists", "exists already, or was changed meanwhile" },
	{ STATUS_NO_TOKEN, "no-token", "no token is plugged in" },
	{ STATUS_WRONG_TOKEN, "wrong-token", "the token is none of this vault's" },
	{ STATUS_TOKEN_PERMISSION, "token-permission", "no permission to use the token" },
	{ STATUS_TOUCH_TIMEOUT, "touch-timeout", "the token was not touched in time" },
	{ STATUS_CANCELLED, "cancelled", "cancelled" },
	{ STATUS_PIN, "pin", "the token's PIN is required, or was wrong" },
	{ STATUS_PIN_BLOCKED, "pin-blocked", "the token's PIN is blocked" },
	{ STATUS_TOKEN_FAILED, "token-failed", "the token failed, or is busy" },
	{ STATUS_NOT_APPROVED, "host-not-approved", "this host is not approved" },
	{ STATUS_FOREIGN_HOST_KEY, "foreign-host-key", "the host key was made on another machine" },
	{ STATUS_TPM, "tpm", "the machine's TPM can't be used" },
	{ STATUS_BAD_REQUEST, "bad-request",
	    "a host's request is damaged, or its fingerprint is another" },
	{ STATUS_RECOVERY_CODE, "recovery-code",
	    "the recovery code is of another vault, or of a sheet that was removed" },
	{ STATUS_DAMAGED, "damaged", "vault, host key or host state is damaged" },
	{ STATUS_TAMPERED, "tampered", "the vault was tampered with" },
	{ STATUS_ROLLED_BACK, "rolled-back", "the vault was rolled back or replaced" },
	{ STATUS_VERSION, "version", "the format version is not supported" },
	{ STATUS_UNSAFE, "unsafe", "a file or directory has unsafe permissions" },
	{ STATUS_AUDIT, "audit", "the audit log can't be written, or is not genuine" },
	{ STATUS_OVERDUE, "overdue", "due --check: something is overdue or has expired" },
	{ STATUS_DUE, "due", "due --check, rotate: something is due" },
	{ STATUS_POLICY, "policy", "the vault's policy refuses it" },
	{ STATUS_TO_MEND, "to-mend", "doctor: something is to be mended" },
	{ STATUS_RUN_FAILED, "run-failed", "run: touchvault itself failed" },
	{ STATUS_RUN_CANNOT_EXECUTE, "run-cannot-execute", "run: the command can't be executed" },
	{ STATUS_RUN_NOT_FOUND, "run-not-found", "run: the command was not found" },
};
const unsigned exit_status_table_len = sizeof(exit_status_table) / sizeof(exit_status_table[0]);

const char *exit_status_code(enum exit_status status)
{
	for (unsigned i = 0; i < exit_status_table_len; i++)
		if (exit_status_table[i].status == status)
			return exit_status_table[i].code;
	return "error";
}

enum exit_status exit_status_of_vault(int err)
{
	switch ((enum vault_err)err) {
	case VAULT_OK:
		return STATUS_OK;
	case VAULT_ERR_INTERNAL:
	case VAULT_ERR_NOMEM:
	case VAULT_ERR_MLOCK:
	case VAULT_ERR_UNRECORDED:
	case VAULT_ERR_IO:
	case VAULT_ERR_LOCKED:
	case VAULT_ERR_RESPOND: /* the token's own error is reported instead */
		return STATUS_ERROR;
	case VAULT_ERR_OWN_HOST:
	case VAULT_ERR_LAST_HOST:
	case VAULT_ERR_LAST_TOKEN:
	case VAULT_ERR_TOKEN_IN_USE:
	case VAULT_ERR_ARGUMENT:
	case VAULT_ERR_LIMIT:
	case VAULT_ERR_HOSTS_FULL:
		return STATUS_USAGE;
	case VAULT_ERR_NO_TOKEN:
	case VAULT_ERR_NO_HOST:
	case VAULT_ERR_NO_VAULT:
	case VAULT_ERR_NO_ENTRY:
	case VAULT_ERR_NO_FIELD:
		return STATUS_NOT_FOUND;
	case VAULT_ERR_EXISTS:
	case VAULT_ERR_HOST_KIND:
	case VAULT_ERR_CHANGED:
		return STATUS_EXISTS;
	case VAULT_ERR_WRONG_RESPONSE:
		return STATUS_WRONG_TOKEN;
	case VAULT_ERR_NO_HOST_KEY:
	case VAULT_ERR_NOT_APPROVED:
	case VAULT_ERR_NO_LONGER_APPROVED:
		return STATUS_NOT_APPROVED;
	case VAULT_ERR_FOREIGN_HOST_KEY:
	case VAULT_ERR_TPM_OTHER:
	case VAULT_ERR_TPM_CLEARED:
		return STATUS_FOREIGN_HOST_KEY;
	case VAULT_ERR_REQUEST:
	case VAULT_ERR_FINGERPRINT:
		return STATUS_BAD_REQUEST;
	case VAULT_ERR_TPM_NONE:
	case VAULT_ERR_TPM_LIBRARY:
	case VAULT_ERR_TPM_PERMISSION:
	case VAULT_ERR_TPM_BUSY:
	case VAULT_ERR_TPM_LOCKED_OUT:
	case VAULT_ERR_TPM_OWNER:
	case VAULT_ERR_TPM_FAILED:
		return STATUS_TPM;
	case VAULT_ERR_RECOVERY_GROUP:
	case VAULT_ERR_RECOVERY_CODE:
		return STATUS_RECOVERY_CODE;
	case VAULT_ERR_NOT_A_FILE:
	case VAULT_ERR_NOT_A_VAULT:
	case VAULT_ERR_DAMAGED:
	case VAULT_ERR_DAMAGED_HOST_KEY:
	case VAULT_ERR_STATE:
		return STATUS_DAMAGED;
	case VAULT_ERR_TAMPERED:
	case VAULT_ERR_SIGNER:
	case VAULT_ERR_SIGNER_LEFT:
	case VAULT_ERR_SIGNER_OTHER:
		return STATUS_TAMPERED;
	case VAULT_ERR_ROLLBACK:
	case VAULT_ERR_FORK:
	case VAULT_ERR_REVIVED:
	case VAULT_ERR_REPLACED:
		return STATUS_ROLLED_BACK;
	case VAULT_ERR_VERSION:
		return STATUS_VERSION;
	case VAULT_ERR_UNSAFE_FILE:
	case VAULT_ERR_UNSAFE_DIR:
		return STATUS_UNSAFE;
	case VAULT_ERR_AUDIT:
		return STATUS_AUDIT;
	}
	return STATUS_ERROR;
}

enum exit_status exit_status_of_token(int err)
{
	switch ((enum token_err)err) {
	case TOKEN_OK:
		return STATUS_OK;
	case TOKEN_ERR_INTERNAL:
		return STATUS_ERROR;
	case TOKEN_ERR_NONE:
	case TOKEN_ERR_NO_DEVICE:
		return STATUS_NO_TOKEN;
	case TOKEN_ERR_ENROLLED:
	case TOKEN_ERR_SLOT_IN_USE:
	case TOKEN_ERR_PIN_SET:
		return STATUS_EXISTS;
	case TOKEN_ERR_NOT_ENROLLED:
	case TOKEN_ERR_PIN_REMOVED:
	case TOKEN_ERR_NOT_A_TOKEN:
	case TOKEN_ERR_SEVERAL:
		return STATUS_WRONG_TOKEN;
	case TOKEN_ERR_PERMISSION:
		return STATUS_TOKEN_PERMISSION;
	case TOKEN_ERR_TIMEOUT:
		return STATUS_TOUCH_TIMEOUT;
	case TOKEN_ERR_CANCELLED:
	case TOKEN_ERR_REFUSED:
		return STATUS_CANCELLED;
	case TOKEN_ERR_PIN_REQUIRED:
	case TOKEN_ERR_PIN_INVALID:
	case TOKEN_ERR_PIN_NOT_SET:
	case TOKEN_ERR_PIN_DEMANDED:
	case TOKEN_ERR_PIN_POLICY:
	case TOKEN_ERR_PIN_DIFFERS:
	case TOKEN_ERR_ALWAYS_UV:
	case TOKEN_ERR_NO_PIN_SUPPORT:
		return STATUS_PIN;
	case TOKEN_ERR_PIN_AUTH_BLOCKED:
	case TOKEN_ERR_PIN_BLOCKED:
		return STATUS_PIN_BLOCKED;
	case TOKEN_ERR_HELPER:
	case TOKEN_ERR_HELPER_ENDED:
	case TOKEN_ERR_BUSY:
	case TOKEN_ERR_UNPLUGGED:
	case TOKEN_ERR_FAILED:
	case TOKEN_ERR_U2F_ONLY:
	case TOKEN_ERR_NO_HMAC_SECRET:
	case TOKEN_ERR_NO_SECRET:
	case TOKEN_ERR_BAD_SIGNATURE:
	case TOKEN_ERR_NO_PRESENCE:
	case TOKEN_ERR_NO_VERIFICATION:
	case TOKEN_ERR_UV_FAILED:
	case TOKEN_ERR_UNSTABLE:
	case TOKEN_ERR_NO_TOUCH:
	case TOKEN_ERR_UNSUPPORTED:
	case TOKEN_ERR_SLOT:
	case TOKEN_ERR_SLOT_LOCKED:
		return STATUS_TOKEN_FAILED;
	}
	return STATUS_ERROR;
}
