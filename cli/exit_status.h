/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit statuses, the same in every command. This is the one place where errors
 * of the libraries become statuses. */
#ifndef TOUCHVAULT_CLI_EXIT_STATUS_H
#define TOUCHVAULT_CLI_EXIT_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_ERROR = 1, /* internal or I/O error */
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3,         /* no such vault, entry, field or file */
	STATUS_EXISTS = 4,            /* exists already, or changed meanwhile */
	STATUS_NO_TOKEN = 10,         /* no token plugged in */
	STATUS_WRONG_TOKEN = 11,      /* not a token of this vault */
	STATUS_TOKEN_PERMISSION = 12, /* no permission on the token */
	STATUS_TOUCH_TIMEOUT = 13,
	STATUS_CANCELLED = 14,
	STATUS_PIN = 15, /* PIN required or wrong */
	STATUS_PIN_BLOCKED = 16,
	STATUS_TOKEN_FAILED = 17,     /* token failed or busy */
	STATUS_NOT_APPROVED = 20,     /* host not approved */
	STATUS_FOREIGN_HOST_KEY = 21, /* host key made on another machine */
	STATUS_TPM = 22,              /* TPM missing, busy, not permitted */
	STATUS_BAD_REQUEST = 23,      /* a host's request changed, or another's */
	STATUS_RECOVERY_CODE = 24,    /* of another vault, or of a sheet that is out */
	STATUS_DAMAGED = 30,
	STATUS_TAMPERED = 31,
	STATUS_ROLLED_BACK = 32, /* rolled back or forked */
	STATUS_VERSION = 33,     /* format version not supported */
	STATUS_UNSAFE = 34,      /* unsafe permissions */
	STATUS_AUDIT = 35,       /* audit log not written, or not genuine */
	STATUS_OVERDUE = 40,     /* due --check: something is overdue */
	STATUS_DUE = 41,         /* due --check, rotate: something is due */
	STATUS_POLICY = 42,      /* the vault's policy refuses it */
	STATUS_TO_MEND = 43,     /* doctor found something */
	STATUS_RUN_FAILED = 125, /* run: touchvault itself failed */
	STATUS_RUN_CANNOT_EXECUTE = 126,
	STATUS_RUN_NOT_FOUND = 127,
};

/* One row for each status: its meaning for `help` and the manual, and the
 * stable word for it in JSON ("host-not-approved"). */
struct exit_status_row {
	enum exit_status status;
	const char *code;
	const char *meaning;
};
extern const struct exit_status_row exit_status_table[];
extern const unsigned exit_status_table_len;

/* The word of a status; never NULL. */
const char *exit_status_code(enum exit_status);

/* err: a negative enum vault_err or enum token_err. */
enum exit_status exit_status_of_vault(int err);
enum exit_status exit_status_of_token(int err);

#endif
