/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/tpm_esys.h"

#include <string.h>

#include <sodium.h>

#include "vault/err.h"
#include "vault/tpm_tss.h"

#define SRK_HANDLE 0x81000001 /* TCG, Provisioning Guidance, 7.8 */

/* Of a public area, marshalled (TPM 2.0 part 2, 12.2.4): all but the point of an
 * ECC P-256 storage key as the Provisioning Guidance has it. */
static const uint8_t srk_head[] = { 0x00, 0x23, 0x00, 0x0b, 0x00, 0x03, 0x04, 0x72, 0x00, 0x00,
	0x00, 0x06, 0x00, 0x80, 0x00, 0x43, 0x00, 0x10, 0x00, 0x03, 0x00, 0x10 };
#define SRK_PUBLIC_MAX (sizeof(srk_head) + (size_t)(2 * (2 + 32)))
#define SRK_ATTRIBUTES                                                                      \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
	    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |          \
	    TPMA_OBJECT_DECRYPT)
#define SEALED_ATTRIBUTES                                                            \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_USERWITHAUTH | \
	    TPMA_OBJECT_NODA)

/* The name of a storage key, from the public part that the library holds and will
 * encrypt a session's salt to. The library doesn't check that part of a persistent
 * key against its name, so who sits on the bus could have sent another one. */
static int srk_read(struct tpm *t, ESYS_TR key, uint8_t ret[static TPM_DIGEST_LEN])
{
	uint8_t *p = NULL;
	size_t len, n;
	TSS2_RC rc = tss.TR_Serialize(t->ctx, key, &p, &len);
	int r = VAULT_ERR_TPM_FAILED;

	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(t, rc);
	/* It ends with the public part: two bytes of length, and then that. Some TPMs leave
	 * out zeros before a coordinate. */
	for (n = SRK_PUBLIC_MAX; n > sizeof(srk_head) && r != 0; n--) {
		const uint8_t *public;

		if (len < n + 2)
			continue;
		public = p + len - n;
		if (public[-2] != 0 || public[-1] != n ||
		    memcmp(public, srk_head, sizeof(srk_head)) != 0)
			continue;
		(void)crypto_hash_sha256(ret, public, n);
		r = 0;
	}
	tss.Free(p);
	return r;
}

static TSS2_RC primary_make(struct tpm *t, ESYS_TR hierarchy, ESYS_TR *ret)
{
	static const TPM2B_SENSITIVE_CREATE sensitive;
	static const TPM2B_DATA info;
	static const TPML_PCR_SELECTION pcrs;
	static const TPM2B_PUBLIC template = { .publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = SRK_ATTRIBUTES,
		.parameters.eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
				.keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	} };

	return tss.CreatePrimary(t->ctx, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
	    &sensitive, &template, &info, &pcrs, ret, NULL, NULL, NULL, NULL);
}

/* The seed of the endorsement hierarchy stays when a TPM is cleared, so a key of it
 * tells a TPM that was cleared from another one. Zeros where the TPM's owner
 * keeps it from us. */
static int machine_read(struct tpm *t, uint8_t ret[static TPM_DIGEST_LEN])
{
	ESYS_TR key = ESYS_TR_NONE;
	TSS2_RC rc = primary_make(t, ESYS_TR_RH_ENDORSEMENT, &key);
	int r;

	memset(ret, 0, TPM_DIGEST_LEN);
	if (tpm_is_denied(rc))
		return 0;
	r = tpm_err(t, rc);
	if (r == 0)
		r = srk_read(t, key, ret);
	tpm_flush(t, &key);
	return r;
}

/* The one that the machine's owner has put there, if it is the one that is wanted
 * (NULL: any), else the one that is always made again from the TPM's seed. */
static int srk_open(struct tpm *t, const uint8_t *wanted)
{
	TSS2_RC rc = tss.TR_FromTPMPublic(
	    t->ctx, SRK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &t->srk);
	int r;

	if (rc == TSS2_RC_SUCCESS && srk_read(t, t->srk, t->srk_name) == 0 &&
	    (wanted == NULL || memcmp(t->srk_name, wanted, TPM_DIGEST_LEN) == 0))
		return 0;
	t->srk = ESYS_TR_NONE;
	if (rc != TSS2_RC_SUCCESS && !tpm_is_absent(rc))
		return tpm_err(t, rc);
	rc = primary_make(t, ESYS_TR_RH_OWNER, &t->srk);
	if (tpm_is_denied(rc))
		return VAULT_ERR_TPM_OWNER;
	r = tpm_err(t, rc);
	if (r != 0)
		return r;
	t->srk_transient = true;
	return srk_read(t, t->srk, t->srk_name);
}

/* Salted to the storage key: nobody on the bus can read what goes either way. */
static int session_start(struct tpm *t)
{
	static const TPMT_SYM_DEF cipher = {
		.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB
	};

	return tpm_err(
	    t, tss.StartAuthSession(t->ctx, t->srk, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		   ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &cipher, TPM2_ALG_SHA256, &t->session));
}

static int session_encrypts(struct tpm *t, TPMA_SESSION parameters)
{
	return tpm_err(t, tss.TRSess_SetAttributes(
			      t->ctx, t->session, TPMA_SESSION_CONTINUESESSION | parameters, 0xff));
}

static void sealed_public(const uint8_t *unique, TPM2B_PUBLIC *ret)
{
	*ret = (TPM2B_PUBLIC){ .publicArea = {
				   .type = TPM2_ALG_KEYEDHASH,
				   .nameAlg = TPM2_ALG_SHA256,
				   .objectAttributes = SEALED_ATTRIBUTES,
				   .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
			       } };
	if (unique == NULL)
		return;
	ret->publicArea.unique.keyedHash.size = TPM_DIGEST_LEN;
	memcpy(ret->publicArea.unique.keyedHash.buffer, unique, TPM_DIGEST_LEN);
}

static int object_create(struct tpm *t, const uint8_t auth[static TPM_AUTH_LEN],
    const uint8_t secret[static TPM_SECRET_LEN], struct tpm_sealed *ret)
{
	static const TPM2B_DATA info;
	static const TPML_PCR_SELECTION pcrs;
	TPM2B_SENSITIVE_CREATE sensitive = { .sensitive = { .userAuth.size = TPM_AUTH_LEN,
						 .data.size = TPM_SECRET_LEN } };
	TPM2B_PUBLIC template, *public = NULL;
	TPM2B_PRIVATE *private = NULL;
	int r = session_encrypts(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT);

	if (r != 0)
		return r;
	memcpy(sensitive.sensitive.userAuth.buffer, auth, TPM_AUTH_LEN);
	memcpy(sensitive.sensitive.data.buffer, secret, TPM_SECRET_LEN);
	sealed_public(NULL, &template);
	r = tpm_err(
	    t, tss.Create(t->ctx, t->srk, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
		   &template, &info, &pcrs, &private, &public, NULL, NULL, NULL));
	if (r == 0 && (private->size > TPM_PRIVATE_MAX ||
			  public->publicArea.unique.keyedHash.size != TPM_DIGEST_LEN))
		r = VAULT_ERR_TPM_FAILED;
	if (r == 0) {
		memcpy(ret->unique, public->publicArea.unique.keyedHash.buffer, TPM_DIGEST_LEN);
		memcpy(ret->blob, private->buffer, private->size);
		ret->blob_len = private->size;
	}
	tss.Free(private);
	tss.Free(public);
	return r;
}

static int object_load(struct tpm *t, const struct tpm_sealed *sealed, ESYS_TR *ret)
{
	TPM2B_PRIVATE private = { .size = (UINT16)sealed->blob_len };
	TPM2B_PUBLIC public;
	TSS2_RC rc;
	int r = session_encrypts(t, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT);

	if (r != 0)
		return r;
	memcpy(private.buffer, sealed->blob, sealed->blob_len);
	sealed_public(sealed->unique, &public);
	rc = tss.Load(
	    t->ctx, t->srk, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public, ret);
	/* The storage key is the right one, so the blob isn't. */
	if (tpm_is_refused(rc))
		return VAULT_ERR_DAMAGED_HOST_KEY;
	return tpm_err(t, rc);
}

static int object_unseal(struct tpm *t, ESYS_TR object, const uint8_t auth[static TPM_AUTH_LEN],
    uint8_t ret[static TPM_SECRET_LEN])
{
	TPM2B_AUTH value = { .size = TPM_AUTH_LEN };
	TPM2B_SENSITIVE_DATA *data = NULL;
	TSS2_RC rc;
	int r = session_encrypts(t, TPMA_SESSION_ENCRYPT);

	memcpy(value.buffer, auth, TPM_AUTH_LEN);
	if (r == 0)
		r = tpm_err(t, tss.TR_SetAuth(t->ctx, object, &value));
	if (r != 0)
		return r;
	rc = tss.Unseal(t->ctx, object, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &data);
	if (tpm_is_denied(rc))
		return VAULT_ERR_FOREIGN_HOST_KEY;
	r = tpm_err(t, rc);
	if (r == 0 && data->size != TPM_SECRET_LEN)
		r = VAULT_ERR_TPM_FAILED;
	if (r == 0)
		memcpy(ret, data->buffer, TPM_SECRET_LEN);
	tss.Free(data);
	return r;
}

static int object_open(struct tpm *t, const struct tpm_sealed *sealed,
    const uint8_t auth[static TPM_AUTH_LEN], uint8_t ret[static TPM_SECRET_LEN])
{
	ESYS_TR object = ESYS_TR_NONE;
	int r = object_load(t, sealed, &object);

	if (r == 0)
		r = object_unseal(t, object, auth, ret);
	tpm_flush(t, &object);
	return r;
}

/* Whether the TPM is software that whoever runs this machine also runs: by its
 * manufacturer, as the TCG registers them. */
static int virtual_read(struct tpm *t, bool *ret)
{
	static const char *const makers[] = { "IBM", "MSFT", "GOOG", "AMZN", "VMW" };
	TPMS_CAPABILITY_DATA *data = NULL;
	char maker[5] = "";
	UINT32 value;
	int r = tpm_err(t, tss.GetCapability(t->ctx, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			       TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 1, NULL, &data));

	if (r != 0)
		return r;
	value = data->data.tpmProperties.tpmProperty[0].value;
	for (size_t i = 0; i < 4; i++)
		maker[i] = (char)(value >> (24 - 8 * i));
	*ret = false;
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		*ret |= strncmp(maker, makers[i], strlen(makers[i])) == 0;
	tss.Free(data);
	return 0;
}

int tpm_esys_seal(const uint8_t auth[static TPM_AUTH_LEN],
    const uint8_t secret[static TPM_SECRET_LEN], struct tpm_sealed *ret)
{
	__attribute__((cleanup(tpm_close))) struct tpm t;
	uint8_t back[TPM_SECRET_LEN];
	int r = tpm_open(ret->path, &t);

	if (r == 0)
		r = virtual_read(&t, &ret->virtual);
	if (r == 0)
		r = machine_read(&t, ret->machine);
	if (r == 0)
		r = srk_open(&t, NULL);
	if (r == 0)
		r = session_start(&t);
	if (r == 0)
		r = object_create(&t, auth, secret, ret);
	if (r == 0)
		r = object_open(&t, ret, auth, back);
	if (r == 0 && memcmp(back, secret, sizeof(back)) != 0)
		r = VAULT_ERR_TPM_FAILED;
	if (r == 0)
		memcpy(ret->srk, t.srk_name, sizeof(ret->srk));
	return r;
}

/* Nothing of ours has been sent to it yet. */
static int why_not_ours(struct tpm *t, const struct tpm_sealed *sealed)
{
	uint8_t machine[TPM_DIGEST_LEN];
	int r = machine_read(t, machine);

	if (r != 0)
		return r;
	return !sodium_is_zero(machine, sizeof(machine)) &&
		       memcmp(machine, sealed->machine, sizeof(machine)) == 0
		   ? VAULT_ERR_TPM_CLEARED
		   : VAULT_ERR_TPM_OTHER;
}

int tpm_esys_unseal(const struct tpm_sealed *sealed, const uint8_t auth[static TPM_AUTH_LEN],
    uint8_t ret[static TPM_SECRET_LEN])
{
	__attribute__((cleanup(tpm_close))) struct tpm t;
	int r = tpm_open(sealed->path, &t);

	if (r == 0)
		r = srk_open(&t, sealed->srk);
	if (r == 0 && memcmp(t.srk_name, sealed->srk, sizeof(t.srk_name)) != 0)
		return why_not_ours(&t, sealed);
	if (r == 0)
		r = session_start(&t);
	return r == 0 ? object_open(&t, sealed, auth, ret) : r;
}
