/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each group checks itself, and its place: so a wrong one is found when it is
 * typed, not by a vault that doesn't open after the last. Four characters and
 * their check are digits of GF(32); every wrong character, every two that are
 * swapped and every two groups that are swapped give another check.
 */
#include "vault/recovery_code.h"

#include <string.h>

#include "vault/base32.h"
#include "vault/cleanup.h"

#define DATA (VAULT_RECOVERY_GROUP - 1)
#define PLAIN BASE32_LEN(RECOVERY_CODE_LEN)

_Static_assert(PLAIN == VAULT_RECOVERY_GROUPS * DATA, "the groups hold the code");
_Static_assert(VAULT_RECOVERY_TEXT == VAULT_RECOVERY_GROUPS * (VAULT_RECOVERY_GROUP + 1),
    "a hyphen or the NUL behind each group");

/* x times 2, modulo x^5 + x^2 + 1. */
static unsigned twice(unsigned x)
{
	return (x << 1 ^ (x & 16 ? 0x25 : 0)) & 31;
}

/* The check of group i; p: its characters before. */
static char check_of(size_t i, const char p[static DATA])
{
	unsigned sum = 0;

	for (size_t k = 0; k < DATA; k++)
		sum = twice(sum ^ (unsigned)base32_value_typed(p[k]));
	return base32_char(sum ^ (unsigned)(i + 1));
}

void recovery_code_encode(
    const uint8_t p[static RECOVERY_CODE_LEN], char ret[static VAULT_RECOVERY_TEXT])
{
	char plain[PLAIN + 1];

	base32_encode(p, RECOVERY_CODE_LEN, plain);
	for (size_t i = 0; i < VAULT_RECOVERY_GROUPS; i++) {
		memcpy(ret, plain + i * DATA, DATA);
		ret[DATA] = check_of(i, ret);
		ret[VAULT_RECOVERY_GROUP] = i + 1 < VAULT_RECOVERY_GROUPS ? '-' : '\0';
		ret += VAULT_RECOVERY_GROUP + 1;
	}
	sodium_memzero(plain, sizeof(plain));
}

void recovery_code_decode(
    const char code[static VAULT_RECOVERY_TEXT], uint8_t ret[static RECOVERY_CODE_LEN])
{
	char plain[PLAIN];

	for (size_t i = 0; i < VAULT_RECOVERY_GROUPS; i++)
		memcpy(plain + i * DATA, code + i * (VAULT_RECOVERY_GROUP + 1), DATA);
	/* Whole bytes of checked characters: it can't fail. */
	(void)!base32_decode(plain, PLAIN, ret, RECOVERY_CODE_LEN);
	sodium_memzero(plain, sizeof(plain));
}

int recovery_code_key(const char code[static VAULT_RECOVERY_TEXT], struct host_key *ret)
{
	static const uint8_t no_vault[VAULT_ID_LEN];
	uint8_t bytes[RECOVERY_CODE_LEN] = { 0 };
	int r;

	recovery_code_decode(code, bytes);
	r = kdf(no_vault, "tv1 paper", bytes, sizeof(bytes), NULL, 0, ret->seed, HOST_SEED_LEN);
	sodium_memzero(bytes, sizeof(bytes));
	return r == 0 ? host_key_derive(ret) : r;
}

void vault_recovery_code_make(char ret[static VAULT_RECOVERY_TEXT])
{
	uint8_t bytes[RECOVERY_CODE_LEN];

	randombytes_buf(bytes, sizeof(bytes));
	recovery_code_encode(bytes, ret);
	sodium_memzero(bytes, sizeof(bytes));
}

int vault_recovery_code_type(
    const char *typed, char code[static VAULT_RECOVERY_TEXT], size_t *groups)
{
	size_t at = 0;

	for (; *typed != '\0'; typed++) {
		char *group = code + *groups * (VAULT_RECOVERY_GROUP + 1);
		int value = base32_value_typed(*typed);

		if (*typed == ' ' || *typed == '\t' || *typed == '-')
			continue;
		if (value < 0 || *groups == VAULT_RECOVERY_GROUPS)
			return VAULT_ERR_RECOVERY_GROUP;
		group[at++] = base32_char((unsigned)value);
		if (at < VAULT_RECOVERY_GROUP)
			continue;
		if (group[DATA] != check_of(*groups, group))
			return VAULT_ERR_RECOVERY_GROUP;
		at = 0;
		(*groups)++;
		group[VAULT_RECOVERY_GROUP] = *groups < VAULT_RECOVERY_GROUPS ? '-' : '\0';
	}
	return at == 0 ? 0 : VAULT_ERR_RECOVERY_GROUP;
}
