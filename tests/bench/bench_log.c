/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Make the audit log of a vault that has been unlocked once as long as it gets.
 *
 *	bench_log STATE VAULT_ID LINES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "vault/audit.h"
#include "vault/cleanup.h"

static int append(const struct audit_log *log, size_t n)
{
	uint8_t key[KEY_LEN] = { 1 }; /* nobody asks for the names */
	const struct audit_record record = {
		.time = (int64_t)time(NULL),
		.event = "get",
		.command = "get",
		.code = "",
		.gen = 2,
		.names_key = key,
		.token = "first",
		.name = "broker-000/key-00000",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = audit_append(log, NULL, &record, false, NULL);
	return r;
}

int main(int argc, char **argv)
{
	uint8_t id[VAULT_ID_LEN];
	struct store state;
	struct audit_log log;
	int r;

	if (argc != 4 || vault_init() != 0 ||
	    sodium_hex2bin(id, sizeof(id), argv[2], strlen(argv[2]), NULL, NULL, NULL) != 0)
		return 2;
	r = store_open(argv[1], &state);
	if (r == 0)
		r = audit_open(&state, id, false, &log);
	if (r == 0)
		r = append(&log, strtoul(argv[3], NULL, 10));
	if (r != 0)
		fprintf(stderr, "bench_log: %s: %s\n", vault_where(), vault_strerror(r));
	return r == 0 ? 0 : 1;
}
