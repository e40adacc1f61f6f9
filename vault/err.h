/* SPDX-License-Identifier: BSD-2-Clause */
/* What can go wrong in a vault. Functions return 0 or one of these. */
#ifndef TOUCHVAULT_VAULT_ERR_H
#define TOUCHVAULT_VAULT_ERR_H

#include <stdbool.h>

enum vault_err {
	VAULT_OK = 0,
	VAULT_ERR_INTERNAL = -1,   /* a bug, or a library refused */
	VAULT_ERR_NOMEM = -2,      /* no memory, or the locked arena is full */
	VAULT_ERR_MLOCK = -3,      /* memory can't be locked (RLIMIT_MEMLOCK) */
	VAULT_ERR_IO = -4,         /* a system call failed: errno says why */
	VAULT_ERR_ARGUMENT = -5,   /* name, field or label not well-formed */
	VAULT_ERR_LIMIT = -6,      /* larger than a limit of FORMAT.md */
	VAULT_ERR_NO_VAULT = -7,   /* no such file */
	VAULT_ERR_NOT_A_FILE = -8, /* a directory, FIFO, symbolic link, ... */
	VAULT_ERR_NO_ENTRY = -9,
	VAULT_ERR_NO_FIELD = -10,
	VAULT_ERR_EXISTS = -11,           /* entry or vault of that name */
	VAULT_ERR_LOCKED = -12,           /* another process is committing */
	VAULT_ERR_WRONG_RESPONSE = -13,   /* the slot's commitment doesn't match */
	VAULT_ERR_RESPOND = -14,          /* the caller's respond function failed */
	VAULT_ERR_NO_HOST_KEY = -15,      /* this user has no host key yet */
	VAULT_ERR_NOT_APPROVED = -16,     /* host key has no slot in this file */
	VAULT_ERR_FOREIGN_HOST_KEY = -17, /* made on another machine */
	VAULT_ERR_DAMAGED_HOST_KEY = -18,
	VAULT_ERR_NOT_A_VAULT = -19, /* another kind of file, or an empty one */
	VAULT_ERR_DAMAGED = -20,     /* truncated, or a checksum is wrong */
	VAULT_ERR_TAMPERED = -21,    /* checksums right, a key says otherwise */
	VAULT_ERR_SIGNER = -22,      /* signed by no host known here */
	VAULT_ERR_ROLLBACK = -23,    /* older than what this host has seen */
	VAULT_ERR_FORK = -24,        /* same generation, other content */
	VAULT_ERR_REPLACED = -25,    /* path held another vault before */
	VAULT_ERR_VERSION = -26,     /* format version or kind not known */
	VAULT_ERR_UNSAFE_FILE = -27, /* others can write it, or own it */
	VAULT_ERR_UNSAFE_DIR = -28,
	VAULT_ERR_STATE = -29,        /* host state damaged or not ours */
	VAULT_ERR_CHANGED = -30,      /* changed meanwhile, so that the change no longer fits */
	VAULT_ERR_NO_TOKEN = -31,     /* no token slot of that name */
	VAULT_ERR_LAST_TOKEN = -32,   /* nothing would open the vault any more */
	VAULT_ERR_TOKEN_IN_USE = -33, /* the one that was touched for it */
	VAULT_ERR_UNRECORDED = -34,   /* the change is in place, but not all after it was done */
	VAULT_ERR_REQUEST = -35,      /* no host request, or changed on its way */
	VAULT_ERR_FINGERPRINT = -36,  /* the request is not the one that was meant */
	VAULT_ERR_NO_HOST = -37,      /* no host slot of that name */
	VAULT_ERR_OWN_HOST = -38,     /* can't revoke itself */
	VAULT_ERR_LAST_HOST = -39,    /* no host would open the vault any more */
	VAULT_ERR_HOST_KIND = -40,    /* the host key is there, and not of the kind asked for */
	VAULT_ERR_TPM_NONE = -41,     /* nothing there */
	VAULT_ERR_TPM_LIBRARY = -42,  /* tpm2-tss is not installed */
	VAULT_ERR_TPM_PERMISSION = -43,
	VAULT_ERR_TPM_BUSY = -44,
	VAULT_ERR_TPM_LOCKED_OUT = -45, /* after wrong authorizations, whoever's */
	VAULT_ERR_TPM_OWNER = -46,      /* its owner keeps others from its keys */
	VAULT_ERR_TPM_OTHER = -47,      /* not the one that sealed the host key */
	VAULT_ERR_TPM_CLEARED = -48,    /* that one, but it was cleared */
	VAULT_ERR_TPM_FAILED = -49,     /* or it isn't one */
	VAULT_ERR_AUDIT = -50,          /* the audit log can't be written or read: errno says why */
	VAULT_ERR_RECOVERY_GROUP = -51, /* a group of a recovery code is not right */
	VAULT_ERR_RECOVERY_CODE = -52,  /* of another vault, or of a sheet that was removed */
	VAULT_ERR_REVIVED = -53,        /* lists a host again that this one has seen leave */
	VAULT_ERR_NO_LONGER_APPROVED = -54, /* NOT_APPROVED, on a host that was once */
	VAULT_ERR_HOSTS_FULL = -55,         /* no slot is left for a host, or for a sheet */
	VAULT_ERR_SIGNER_LEFT = -56,        /* SIGNER, and this host has seen it leave */
	VAULT_ERR_SIGNER_OTHER = -57,       /* SIGNER, and not the one that was named */
};

/* English for an error, without a full stop; never NULL. */
const char *vault_strerror(int err);
/* One of VAULT_ERR_TPM_...: it is the TPM that is to blame, and no file. */
bool vault_err_is_tpm(int err);

#endif
