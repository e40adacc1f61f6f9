/* SPDX-License-Identifier: BSD-2-Clause */
#include "state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATE_FIRST_SERIAL 12345678
#define STATE_TIMEOUT 15     /* DEFAULT_CHAL_TIMEOUT */
#define STATE_TIMEOUT_MAX 31 /* RESP_TIMEOUT_WAIT_MASK */

static int state_fd = -1;

static off_t state_offset(unsigned index)
{
	return (off_t)index * STATE_RECORD_LEN;
}

static int state_lock_as(unsigned index, short type, int command)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = state_offset(index),
		.l_len = STATE_RECORD_LEN,
	};

	return fcntl(state_fd, command, &lock);
}

int state_lock(unsigned index)
{
	return state_lock_as(index, F_WRLCK, F_OFD_SETLK);
}

void state_unlock(unsigned index)
{
	(void)state_lock_as(index, F_UNLCK, F_OFD_SETLK);
}

static void hex_print(const uint8_t *bytes, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static int hex_parse(const char *hex, uint8_t *ret, size_t len)
{
	if (strlen(hex) != 2 * len || strspn(hex, "0123456789abcdef") != 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2" SCNx8, &ret[i]) != 1)
			return -1;
	return 0;
}

static int slot_parse(const char *line, unsigned number, struct slot *ret)
{
	char ready[6], key[2 * HMAC_KEY_LEN + 1], access[2 * SLOT_ACCESS_LEN + 1];
	unsigned n;

	if (sscanf(line,
		"slot %u %5s key %40s access %12s ext %2" SCNx8 " tkt %2" SCNx8 " cfg %2" SCNx8, &n,
		ready, key, access, &ret->ext, &ret->tkt, &ret->cfg) != 7 ||
	    n != number || hex_parse(key, ret->key, sizeof(ret->key)) < 0 ||
	    hex_parse(access, ret->access, sizeof(ret->access)) < 0)
		return -1;
	ret->ready = strcmp(ready, "ready") == 0;
	explicit_bzero(key, sizeof(key));
	return ret->ready || strcmp(ready, "empty") == 0 ? 0 : -1;
}

static int key_parse(const char *line, unsigned index, struct key *ret)
{
	struct key key = { 0 };
	unsigned n;

	if (sscanf(line, "key %u serial %" SCNu32 " seq %" SCNu8 " timeout %u", &n, &key.serial,
		&key.seq, &key.timeout) != 4 ||
	    n != index + 1 || key.timeout > STATE_TIMEOUT_MAX)
		return -1;
	for (unsigned i = 0; i < STATE_SLOTS; i++) {
		line = strchr(line, '\n');
		if (line == NULL || slot_parse(++line, i + 1, &key.slot[i]) < 0)
			return -1;
	}
	*ret = key;
	explicit_bzero(&key, sizeof(key));
	return 0;
}

static size_t slot_print(const struct slot *s, unsigned number, char *ret, size_t cap)
{
	char key[2 * HMAC_KEY_LEN + 1], access[2 * SLOT_ACCESS_LEN + 1];
	int n;

	hex_print(s->key, sizeof(s->key), key);
	hex_print(s->access, sizeof(s->access), access);
	n = snprintf(ret, cap, "slot %u %s key %s access %s ext %02x tkt %02x cfg %02x\n", number,
	    s->ready ? "ready" : "empty", key, access, s->ext, s->tkt, s->cfg);
	explicit_bzero(key, sizeof(key));
	return (size_t)n;
}

static void key_print(const struct key *key, unsigned index, char ret[static STATE_RECORD_LEN + 1])
{
	size_t len = (size_t)snprintf(ret, STATE_RECORD_LEN,
	    "key %u serial %010" PRIu32 " seq %03u timeout %02u\n", index + 1, key->serial,
	    key->seq, key->timeout);

	for (unsigned i = 0; i < STATE_SLOTS; i++)
		len += slot_print(&key->slot[i], i + 1, ret + len, STATE_RECORD_LEN - len);
	memset(ret + len, ' ', STATE_RECORD_LEN - len);
	ret[STATE_RECORD_LEN - 1] = '\n';
	ret[STATE_RECORD_LEN] = '\0';
}

int state_load(unsigned index, struct key *ret)
{
	char record[STATE_RECORD_LEN + 1] = "";
	int r = -1;

	if (lseek(state_fd, state_offset(index), SEEK_SET) >= 0 &&
	    read(state_fd, record, STATE_RECORD_LEN) == STATE_RECORD_LEN)
		r = key_parse(record, index, ret);
	explicit_bzero(record, sizeof(record));
	return r;
}

int state_save(unsigned index, const struct key *key)
{
	char record[STATE_RECORD_LEN + 1];
	int r = -1;

	key_print(key, index, record);
	if (lseek(state_fd, state_offset(index), SEEK_SET) >= 0 &&
	    write(state_fd, record, STATE_RECORD_LEN) == STATE_RECORD_LEN)
		r = 0;
	explicit_bzero(record, sizeof(record));
	return r;
}

static int state_add(unsigned index)
{
	const struct key fresh = {
		.serial = STATE_FIRST_SERIAL + index,
		.timeout = STATE_TIMEOUT,
	};
	off_t end = lseek(state_fd, 0, SEEK_END);

	if (end < 0 || end > state_offset(index))
		return end < 0 ? -1 : 0;
	return state_save(index, &fresh);
}

int state_start(int fd, unsigned n)
{
	struct key key;
	int r = 0;

	state_fd = fd;
	for (unsigned i = 0; i < n && r == 0; i++) {
		if (state_lock_as(i, F_WRLCK, F_OFD_SETLKW) < 0)
			return -1;
		r = state_add(i);
		if (r == 0)
			r = state_load(i, &key);
		state_unlock(i);
	}
	explicit_bzero(&key, sizeof(key));
	return r;
}
