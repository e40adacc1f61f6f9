/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/advice.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "token/token.h"
#include "vault/err.h"
#include "vault/vault.h"

#define REPORT "this is a defect of touchvault: please report it"

/* A commit that takes access away deletes it. */
static bool previous_is_there(void)
{
	char path[PATH_MAX + sizeof(".prev")];

	(void)snprintf(path, sizeof(path), "%s.prev", vault_where());
	return access(path, F_OK) == 0;
}

/* The vault opens, or fails to, because of its bytes or its place. */
static const char *advice_for_file(enum vault_err err)
{
	if (err == VAULT_ERR_NOT_A_FILE)
		return "name a regular file with --vault, not a link, a directory or a device";
	if (err == VAULT_ERR_NOT_A_VAULT)
		return "check what --vault names, or restore a backup";
	if (err == VAULT_ERR_VERSION)
		return "use a newer touchvault";
	if (err == VAULT_ERR_UNSAFE_FILE)
		return "make it yours with chown, and run \"chmod go=\" on it";
	if (err == VAULT_ERR_UNSAFE_DIR)
		return "run \"chmod go-w\" on it, or keep the vault elsewhere";
	if (!previous_is_there())
		return "copy a backup over it, and repeat with --accept-rollback";
	return "copy the file ending in .prev, or a backup, over it, and repeat with "
	       "--accept-rollback";
}

/* This machine's TPM, and the host key that it is to make or open. */
static const char *advice_for_tpm(enum vault_err err)
{
	if (err == VAULT_ERR_TPM_NONE)
		return "switch it on in the firmware's setup; for a new host key, name it "
		       "with --tpm PATH, or use none with \"--kind keyfile\"";
	if (err == VAULT_ERR_TPM_LIBRARY)
		return "install tpm2-tss (Debian: \"apt install libtss2-esys-3.0.2-0\")";
	if (err == VAULT_ERR_TPM_PERMISSION)
		return "join the group of the device, which is tss on Debian (\"usermod -aG tss "
		       "USER\"), and log in again";
	if (err == VAULT_ERR_TPM_BUSY)
		return "repeat when no other program uses it, or use /dev/tpmrm0, which is shared";
	if (err == VAULT_ERR_TPM_LOCKED_OUT)
		return "wait until it lets go, some hours, or have its owner reset the lockout "
		       "(\"tpm2_dictionarylockout -c\")";
	if (err == VAULT_ERR_TPM_OWNER)
		return "have its owner keep a storage key at 0x81000001; for a new host key, "
		       "\"--kind keyfile\" does without";
	if (err == VAULT_ERR_TPM_OTHER)
		return "use it on the machine of that TPM; if that is gone, or to make this a host "
		       "of its own, move it and the file \"state\" beside it away, and run "
		       "\"touchvault host request\", or \"touchvault recovery use\" if no other "
		       "host "
		       "is left";
	if (err == VAULT_ERR_TPM_CLEARED)
		return "the key is gone for good: move it and the file \"state\" beside it away, "
		       "run \"touchvault host request\" here, on another approved host "
		       "\"touchvault "
		       "host approve\", and there \"touchvault host revoke\" the old one; if there "
		       "is "
		       "no other, \"touchvault recovery use\" here";
	return "check the path and the kernel's log, and restart the machine";
}

const char *advice_for_vault(int err)
{
	switch ((enum vault_err)err) {
	case VAULT_OK:
	case VAULT_ERR_INTERNAL:
		return REPORT;
	case VAULT_ERR_NOMEM:
		return "free some memory and repeat";
	case VAULT_ERR_MLOCK:
		return "raise the limit of locked memory (\"ulimit -l\") to 4096 KiB";
	case VAULT_ERR_IO:
		return "check that it is there, its permissions, and the free space";
	case VAULT_ERR_ARGUMENT:
		return "see \"touchvault help\" for what names may look like";
	case VAULT_ERR_LIMIT:
		return "the vault or the entry is full: store less, or make another vault";
	case VAULT_ERR_NO_VAULT:
		return "copy the vault there, or make a new one with \"touchvault init\"";
	case VAULT_ERR_NO_ENTRY:
		return "\"touchvault list\" shows the entries";
	case VAULT_ERR_NO_FIELD:
		return "\"touchvault show NAME\" shows an entry's fields";
	case VAULT_ERR_EXISTS:
		return "choose another name";
	case VAULT_ERR_LOCKED:
		return "repeat when it is done";
	case VAULT_ERR_WRONG_RESPONSE:
		return "use the token that was enrolled, with its PIN set as it was then";
	case VAULT_ERR_RESPOND:
	case VAULT_ERR_CHANGED:
		return "look at the vault, then repeat";
	case VAULT_ERR_NO_HOST_KEY:
	case VAULT_ERR_NOT_APPROVED:
		return "run \"touchvault host request\" here, and \"touchvault host approve\" "
		       "on a host that is approved, or copy a newer vault file here, if that was "
		       "done already; if none is left, \"touchvault recovery use\"";
	case VAULT_ERR_NO_LONGER_APPROVED:
		return "copy the newest vault file here; if this host was revoked, run "
		       "\"touchvault host request\" here and \"touchvault host approve\" on one "
		       "that is approved, or \"touchvault recovery use\" if none is left";
	case VAULT_ERR_FOREIGN_HOST_KEY:
		return "use it there, or restore this machine's /etc/machine-id; on a copy of "
		       "that machine delete the key and the file \"state\" beside it, then run "
		       "\"touchvault host request\"";
	case VAULT_ERR_DAMAGED_HOST_KEY:
		return "restore it from a backup of this machine; if there is none, move it and "
		       "the file \"state\" beside it away, and run \"touchvault host request\", or "
		       "\"touchvault recovery use\" if no other host is left";
	case VAULT_ERR_SIGNER:
		return "if \"touchvault host show\" on that host shows the same, repeat with "
		       "--accept-signer and it; else find out who wrote it, and restore a copy "
		       "that you trust";
	case VAULT_ERR_SIGNER_LEFT:
		return "find out who wrote it, and copy the vault file of a host here that you "
		       "trust";
	case VAULT_ERR_TAMPERED:
	case VAULT_ERR_SIGNER_OTHER:
		return "find out who wrote it, and restore a copy that you trust";
	case VAULT_ERR_ROLLBACK:
		return "if you restored a backup on purpose, repeat with --accept-rollback";
	case VAULT_ERR_FORK:
		return "copies were changed apart: to go on with this one, repeat with "
		       "--accept-rollback";
	case VAULT_ERR_REVIVED:
		return "somebody changed a copy from before a host was revoked: copy this host's "
		       "vault file there; or repeat with --accept-rollback, and revoke the host "
		       "again";
	case VAULT_ERR_REPLACED:
		return "if you replaced it on purpose, repeat with --accept-rollback";
	case VAULT_ERR_STATE:
		return "find out why; then \"touchvault get\" anything with --accept-rollback: the "
		       "touch makes a new one, which knows nothing of older rollbacks, and keeps "
		       "this one as \"state.damaged\"; where no vault opens, move it away";
	case VAULT_ERR_NO_TOKEN:
		return "\"touchvault status\" shows the tokens";
	case VAULT_ERR_LAST_TOKEN:
		return "enrol another one first";
	case VAULT_ERR_REQUEST:
	case VAULT_ERR_FINGERPRINT:
		return "run \"touchvault host request\" there again, and pass on all of its line";
	case VAULT_ERR_NO_HOST:
		return "\"touchvault host list\" shows the hosts";
	case VAULT_ERR_OWN_HOST:
		return "revoke it from another host, or make a recovery sheet first, by which a "
		       "host can leave";
	case VAULT_ERR_LAST_HOST:
		return "approve another one first, or make a recovery sheet, by which the last "
		       "host can leave";
	case VAULT_ERR_HOSTS_FULL:
		return "revoke one that is in use no more; \"touchvault host list\" shows them";
	case VAULT_ERR_RECOVERY_GROUP:
		return "compare it with the sheet";
	case VAULT_ERR_RECOVERY_CODE:
		return "look for a newer sheet, or for the vault that this one names";
	case VAULT_ERR_UNRECORDED:
		return "check permissions and free space of this host's state, then \"touchvault "
		       "get\" anything";
	case VAULT_ERR_AUDIT:
		return "the vault gives out and changes nothing that isn't logged: check "
		       "permissions and free space there";
	case VAULT_ERR_TOKEN_IN_USE:
		return "repeat, and touch another one, which is to stay";
	case VAULT_ERR_HOST_KIND:
		return "leave out --kind and --tpm, as a host has one key for all vaults; "
		       "\"touchvault host rekey\" with them changes it";
	case VAULT_ERR_TPM_NONE:
	case VAULT_ERR_TPM_LIBRARY:
	case VAULT_ERR_TPM_PERMISSION:
	case VAULT_ERR_TPM_BUSY:
	case VAULT_ERR_TPM_LOCKED_OUT:
	case VAULT_ERR_TPM_OWNER:
	case VAULT_ERR_TPM_OTHER:
	case VAULT_ERR_TPM_CLEARED:
	case VAULT_ERR_TPM_FAILED:
		return advice_for_tpm((enum vault_err)err);
	case VAULT_ERR_NOT_A_FILE:
	case VAULT_ERR_NOT_A_VAULT:
	case VAULT_ERR_DAMAGED:
	case VAULT_ERR_VERSION:
	case VAULT_ERR_UNSAFE_FILE:
	case VAULT_ERR_UNSAFE_DIR:
		return advice_for_file((enum vault_err)err);
	}
	return REPORT;
}

/* The PIN and all that the token says of it. */
static const char *advice_for_pin(enum token_err err)
{
	if (err == TOKEN_ERR_PIN_REQUIRED)
		return "run touchvault on a terminal, or with a display and pinentry, where it can "
		       "ask for the PIN";
	if (err == TOKEN_ERR_PIN_INVALID)
		return "repeat with the right one";
	if (err == TOKEN_ERR_PIN_AUTH_BLOCKED)
		return "unplug it, plug it in again, and repeat with the right PIN";
	if (err == TOKEN_ERR_PIN_BLOCKED)
		return "only a reset frees it, which destroys its credentials: use another token "
		       "of this vault; if there is none, get new keys at the brokers";
	if (err == TOKEN_ERR_PIN_NOT_SET)
		return "set one with \"touchvault token set-pin\"";
	if (err == TOKEN_ERR_PIN_SET)
		return "change it with \"touchvault token change-pin\"";
	if (err == TOKEN_ERR_PIN_POLICY)
		return "give it another one with \"touchvault token change-pin\"";
	if (err == TOKEN_ERR_PIN_DIFFERS)
		return "nothing was changed: repeat";
	if (err == TOKEN_ERR_PIN_REMOVED)
		return "plug in a token of this vault and repeat";
	if (err == TOKEN_ERR_ALWAYS_UV)
		return "repeat without \"--pin never\"";
	if (err == TOKEN_ERR_PIN_DEMANDED)
		return "switch its alwaysUv off with \"fido2-token -D -u DEVICE\", or use another "
		       "token of this vault";
	if (err == TOKEN_ERR_UV_FAILED)
		return "repeat, with a finger that it knows";
	return "use another token, or \"--pin if-set\"";
}

const char *advice_for_token(int err)
{
	switch ((enum token_err)err) {
	case TOKEN_OK:
	case TOKEN_ERR_INTERNAL:
		return REPORT;
	case TOKEN_ERR_HELPER:
		return "check that touchvault-token is installed as touchvault is";
	case TOKEN_ERR_NONE:
		return "plug one in and repeat";
	case TOKEN_ERR_SEVERAL:
		return "unplug the others, or name one with --device (for a new one: --new-device)";
	case TOKEN_ERR_NO_DEVICE:
	case TOKEN_ERR_NOT_A_TOKEN:
		return "correct or drop --device and FIDO2_TOKEN (\"touchvault token info\" shows "
		       "the tokens)";
	case TOKEN_ERR_PERMISSION:
		return "\"touchvault udev check\" tells why, and what mends it";
	case TOKEN_ERR_BUSY:
		return "finish or close what uses it, a browser perhaps, and repeat";
	case TOKEN_ERR_NOT_ENROLLED:
		return "use another one (\"touchvault status\" shows which there are)";
	case TOKEN_ERR_TIMEOUT:
		return "repeat, and touch it while it blinks";
	case TOKEN_ERR_CANCELLED:
		return "nothing was changed or shown";
	case TOKEN_ERR_REFUSED:
		return "repeat, and confirm it on the token";
	case TOKEN_ERR_UNPLUGGED:
		return "plug it in again and repeat";
	case TOKEN_ERR_FAILED:
		return "unplug it, plug it in again, and repeat";
	case TOKEN_ERR_U2F_ONLY:
		return "use a FIDO2 token that has hmac-secret; a YubiKey that has none can be "
		       "enrolled by its HMAC slot, with --device yubikey";
	case TOKEN_ERR_SLOT:
		return "\"touchvault token program\" writes one; if the slot had one when it was "
		       "enrolled, that is lost: use another token of this vault";
	case TOKEN_ERR_SLOT_IN_USE:
		return "run \"touchvault token program\" on a terminal, where it can ask whether "
		       "to "
		       "overwrite it";
	case TOKEN_ERR_SLOT_LOCKED:
		return "take the code off with \"ykpersonalize\", or use another token";
	case TOKEN_ERR_NO_HMAC_SECRET:
		return "use a FIDO2 token that has hmac-secret";
	case TOKEN_ERR_UNSTABLE:
		return "use another token";
	case TOKEN_ERR_HELPER_ENDED:
		return "repeat; if it stays so, report it as a defect of touchvault";
	case TOKEN_ERR_NO_SECRET:
	case TOKEN_ERR_BAD_SIGNATURE:
	case TOKEN_ERR_NO_PRESENCE:
	case TOKEN_ERR_NO_VERIFICATION:
		return "do not trust it: repeat, and if it stays so use another token";
	case TOKEN_ERR_NO_TOUCH:
		return "use another token; it is taken all the same with --allow-no-touch, "
		       "graded D";
	case TOKEN_ERR_ENROLLED:
		return "plug in another one, or name it with --new-device";
	case TOKEN_ERR_UNSUPPORTED:
		return "use a FIDO2 token of this vault, or a newer touchvault";
	case TOKEN_ERR_PIN_REQUIRED:
	case TOKEN_ERR_PIN_INVALID:
	case TOKEN_ERR_PIN_AUTH_BLOCKED:
	case TOKEN_ERR_PIN_BLOCKED:
	case TOKEN_ERR_PIN_NOT_SET:
	case TOKEN_ERR_PIN_REMOVED:
	case TOKEN_ERR_PIN_DEMANDED:
	case TOKEN_ERR_UV_FAILED:
	case TOKEN_ERR_PIN_SET:
	case TOKEN_ERR_PIN_POLICY:
	case TOKEN_ERR_PIN_DIFFERS:
	case TOKEN_ERR_ALWAYS_UV:
	case TOKEN_ERR_NO_PIN_SUPPORT:
		return advice_for_pin((enum token_err)err);
	}
	return REPORT;
}
