/* SPDX-License-Identifier: BSD-2-Clause */
/* FORMAT.md, "Host request". A mutated line would never get past its signature, so
 * the target signs: the input is what follows the keys. It is tried as it is, too. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "vault/base32.h"
#include "vault/cleanup.h"
#include "vault/request.h"

#define LABEL "touchvault request v1"
#define KEYS_LEN (KEY_LEN + 32)

static void line_keeps(const struct vault_host_request *r)
{
	struct vault_host_request again;
	char line[VAULT_REQUEST_TEXT];

	request_encode(r, line);
	REQUIRE(vault_request_decode(line, strlen(line), &again) == 0);
	REQUIRE(memcmp(r, &again, sizeof(again)) == 0);
}

/* What is accepted is accepted because of its text alone, without blanks. */
static void try_as_it_is(const uint8_t *data, size_t len)
{
	struct vault_host_request r;
	char line[VAULT_REQUEST_TEXT];
	size_t n = 0;

	if (vault_request_decode((const char *)data, len, &r) != 0)
		return;
	line_keeps(&r);
	request_encode(&r, line);
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", data[i]) == NULL)
			REQUIRE(line[n++] == (char)data[i]);
	REQUIRE(line[n] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = { 7 };
	uint8_t m[sizeof(LABEL) - 1 + REQUEST_LEN_MAX + 8], hvk[32], sk[64],
	    *bytes = m + sizeof(LABEL) - 1;
	char line[sizeof(REQUEST_PREFIX REQUEST_VERSION) + BASE32_LEN(sizeof(m))] =
	    REQUEST_PREFIX REQUEST_VERSION;
	char back[VAULT_REQUEST_TEXT];
	struct vault_host_request r;
	size_t n = KEYS_LEN + len;

	try_as_it_is(data, len);
	if (n + SIGNATURE_LEN > REQUEST_LEN_MAX + 8)
		return 0;
	(void)crypto_sign_seed_keypair(hvk, sk, seed);
	memcpy(m, LABEL, sizeof(LABEL) - 1);
	(void)crypto_scalarmult_base(bytes, seed);
	memcpy(bytes + KEY_LEN, hvk, sizeof(hvk));
	if (len > 0)
		memcpy(bytes + KEYS_LEN, data, len);
	(void)crypto_sign_detached(bytes + n, NULL, m, sizeof(LABEL) - 1 + n, sk);
	base32_encode(bytes, n + SIGNATURE_LEN, line + strlen(line));
	if (vault_request_decode(line, strlen(line), &r) != 0)
		return 0;
	request_encode(&r, back);
	REQUIRE(strcmp(line, back) == 0);
	line_keeps(&r);
	return 0;
}
