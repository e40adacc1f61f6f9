/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/tpm_tss.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vault/err.h"

#define LIBRARY "libtss2-esys.so.0"

struct tss tss;

static int library_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return VAULT_ERR_TPM_LIBRARY;
#define X(name)                                                                    \
	tss.name = (__typeof__(tss.name))(uintptr_t)dlsym(library, "Esys_" #name); \
	if (tss.name == NULL)                                                      \
		return VAULT_ERR_TPM_LIBRARY;
	TSS_FUNCTIONS(X)
#undef X
	return 0;
}

/* line: as in /proc/self/maps. */
static int lock(const char *line)
{
	uintptr_t from, to;
	char *end;

	if (strstr(line, " [heap]\n") == NULL && strstr(line, " [stack]\n") == NULL)
		return 0;
	from = strtoul(line, &end, 16);
	if (*end != '-')
		return -1;
	to = strtoul(end + 1, NULL, 16);
	return mlock2((void *)from, to - from, MLOCK_ONFAULT);
}

/* The fork has let go of all locks. Heap and stack are where the libraries keep what goes
 * through them; and whatever they map from now on. Not all that there is: with their code
 * it is more than a user may lock. */
static int memory_lock(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];
	int r = maps == NULL ? -1 : mlockall(MCL_FUTURE | MCL_ONFAULT);

	while (r == 0 && fgets(line, sizeof(line), maps) != NULL)
		r = lock(line);
	if (maps != NULL)
		(void)fclose(maps);
	return r == 0 ? 0 : VAULT_ERR_MLOCK;
}

static bool is_from_tpm(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

/* The TPM's own error, without what it says of handles and parameters. */
static TSS2_RC rc_base(TSS2_RC rc)
{
	if (!is_from_tpm(rc))
		return rc;
	rc &= 0xffff;
	return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

int tpm_err(const struct tpm *t, TSS2_RC rc)
{
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	if (t->device.err != 0)
		return t->device.err;
	switch (rc_base(rc)) {
	case TPM2_RC_LOCKOUT:
		return VAULT_ERR_TPM_LOCKED_OUT;
	case TPM2_RC_RETRY:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
	case TPM2_RC_MEMORY:
	case TPM2_RC_OBJECT_MEMORY:
	case TPM2_RC_SESSION_MEMORY:
	case TPM2_RC_OBJECT_HANDLES:
	case TPM2_RC_SESSION_HANDLES:
		return VAULT_ERR_TPM_BUSY;
	default:
		return VAULT_ERR_TPM_FAILED;
	}
}

bool tpm_is_denied(TSS2_RC rc)
{
	rc = rc_base(rc);
	return rc == TPM2_RC_BAD_AUTH || rc == TPM2_RC_AUTH_FAIL || rc == TPM2_RC_HIERARCHY;
}

bool tpm_is_refused(TSS2_RC rc)
{
	return is_from_tpm(rc) && (rc & TPM2_RC_FMT1) != 0;
}

bool tpm_is_absent(TSS2_RC rc)
{
	return rc_base(rc) == TPM2_RC_HANDLE;
}

void tpm_flush(struct tpm *t, ESYS_TR *object)
{
	if (*object != ESYS_TR_NONE)
		(void)tss.FlushContext(t->ctx, *object);
	*object = ESYS_TR_NONE;
}

void tpm_close(struct tpm *t)
{
	if (t->ctx != NULL) {
		tpm_flush(t, &t->session);
		if (t->srk_transient)
			tpm_flush(t, &t->srk);
		tss.Finalize(&t->ctx);
	}
	tpm_device_close(&t->device);
}

int tpm_open(const char *path, struct tpm *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->srk = ret->session = ESYS_TR_NONE;
	/* First whether there is one: then what is needed to use it. */
	r = tpm_device_open(path, &ret->device);
	if (r == 0)
		r = library_load();
	if (r == 0)
		r = memory_lock();
	if (r != 0)
		return r;
	return tpm_err(ret, tss.Initialize(&ret->ctx, (TSS2_TCTI_CONTEXT *)&ret->device, NULL));
}
