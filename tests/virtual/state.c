#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

static void hex_print(FILE *f, const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", buf[i]);
}

/* The number of bytes read, or -1. */
static int hex_parse(const char *hex, uint8_t *buf, size_t cap)
{
	size_t n = strlen(hex) / 2;

	if (strlen(hex) % 2 || n > cap ||
	    strspn(hex, "0123456789abcdef") != strlen(hex))
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		buf[i] = (uint8_t)byte;
	}
	return (int)n;
}

static int state_add_short(struct state *s, const struct cred *cred)
{
	struct cred *more = reallocarray(s->short_creds, s->n_short + 1,
					 sizeof(*more));

	if (!more)
		return -1;
	more[s->n_short++] = *cred;
	s->short_creds = more;
	return 0;
}

static int state_read_cred(struct state *s, char *args)
{
	char *save, *id = strtok_r(args, " ", &save);
	char *rp = strtok_r(NULL, " ", &save);
	char *flags = strtok_r(NULL, " ", &save);
	struct cred cred = { 0 };
	int n;

	if (!id || !rp || !flags)
		return -1;
	n = hex_parse(id, cred.id, sizeof(cred.id));
	if (n < CRED_ID_MIN ||
	    hex_parse(rp, cred.rp_hash, sizeof(cred.rp_hash)) != 32 ||
	    hex_parse(flags, &cred.flags, 1) != 1)
		return -1;
	cred.id_len = (size_t)n;
	return state_add_short(s, &cred);
}

static int state_read_line(struct state *s, char *line)
{
	char *arg = strchr(line, ' ');

	if (!arg)
		return -1;
	*arg++ = '\0';
	if (strcmp(line, "vtoken-state") == 0)
		return strcmp(arg, "1") == 0 ? 0 : -1;
	if (strcmp(line, "master") == 0)
		return hex_parse(arg, s->master, 32) == 32 ? 0 : -1;
	if (strcmp(line, "pin") == 0) {
		s->pin_set = true;
		return hex_parse(arg, s->pin_hash, PIN_HASH_LEN) ==
			PIN_HASH_LEN ? 0 : -1;
	}
	if (strcmp(line, "retries") == 0)
		return sscanf(arg, "%u", &s->retries) == 1 ? 0 : -1;
	if (strcmp(line, "counter") == 0)
		return sscanf(arg, "%" SCNu32, &s->counter) == 1 ? 0 : -1;
	if (strcmp(line, "cred") == 0)
		return state_read_cred(s, arg);
	return -1;
}

static int state_read(struct state *s, FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		r = state_read_line(s, line);
	}
	free(line);
	return r;
}

int state_open(struct state *s, const char *path)
{
	FILE *f;
	int r;

	s->path = strdup(path);
	if (!s->path || state_reset(s) < 0)
		return -1;
	f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return state_save(s);
	if (!f) {
		perror(path);
		return -1;
	}
	r = state_read(s, f);
	fclose(f);
	if (r < 0)
		fprintf(stderr, "vtoken: %s: not a token's state\n", path);
	return r;
}

static int state_write(const struct state *s, FILE *f)
{
	fputs("vtoken-state 1\nmaster ", f);
	hex_print(f, s->master, sizeof(s->master));
	if (s->pin_set) {
		fputs("\npin ", f);
		hex_print(f, s->pin_hash, sizeof(s->pin_hash));
	}
	fprintf(f, "\nretries %u\ncounter %" PRIu32 "\n", s->retries,
		s->counter);
	for (size_t i = 0; i < s->n_short; i++) {
		fputs("cred ", f);
		hex_print(f, s->short_creds[i].id, s->short_creds[i].id_len);
		fputc(' ', f);
		hex_print(f, s->short_creds[i].rp_hash, 32);
		fprintf(f, " %02x\n", s->short_creds[i].flags);
	}
	return ferror(f) ? -1 : 0;
}

int state_save(const struct state *s)
{
	char *tmp;
	FILE *f;
	int r = -1;

	if (asprintf(&tmp, "%s.new", s->path) < 0)
		return -1;
	f = fopen(tmp, "we");
	if (f) {
		r = state_write(s, f);
		if (fclose(f) != 0)
			r = -1;
	}
	if (r == 0)
		r = rename(tmp, s->path);
	if (r < 0)
		perror(s->path);
	free(tmp);
	return r;
}

int state_reset(struct state *s)
{
	free(s->short_creds);
	s->short_creds = NULL;
	s->n_short = 0;
	s->pin_set = false;
	s->retries = PIN_RETRIES_MAX;
	s->counter = 0;
	return random_fill(s->master, sizeof(s->master));
}

int state_pin_set(struct state *s, const void *pin, size_t len)
{
	uint8_t hash[SHA256_LEN];

	if (sha256(pin, len, hash) < 0)
		return -1;
	memcpy(s->pin_hash, hash, PIN_HASH_LEN);
	s->pin_set = true;
	s->retries = PIN_RETRIES_MAX;
	return state_save(s);
}

void state_close(struct state *s)
{
	free(s->short_creds);
	free(s->path);
}

/*
 * HMAC-SHA256(master, label 00 rp-hash n id). All of a credential follows
 * from its id, so the state stays small and a test can redo the sum.
 */
static int cred_derive(const struct state *s, const char *label,
		       const uint8_t *rp_hash, uint8_t n, const uint8_t *id,
		       size_t id_len, uint8_t ret[static 32])
{
	uint8_t msg[64 + 32 + 1 + CRED_ID_MAX];
	size_t len = strlen(label) + 1;

	memcpy(msg, label, len);
	memcpy(msg + len, rp_hash, 32);
	len += 32;
	msg[len++] = n;
	memcpy(msg + len, id, id_len);
	return hmac_sha256(s->master, msg, len + id_len, ret);
}

#define TAG_LEN 16

int cred_create(struct state *s, const uint8_t rp_hash[static 32],
		uint8_t flags, size_t id_len, struct cred *ret)
{
	uint8_t tag[32];

	*ret = (struct cred){ .id_len = id_len, .flags = flags };
	memcpy(ret->rp_hash, rp_hash, 32);
	if (random_fill(ret->id, id_len) < 0)
		return -1;
	if (id_len < CRED_SELF_MIN)
		return state_add_short(s, ret) < 0 ? -1 : state_save(s);

	ret->id[0] = flags;
	if (cred_derive(s, "id-tag", rp_hash, 0, ret->id, id_len - TAG_LEN,
			tag) < 0)
		return -1;
	memcpy(ret->id + id_len - TAG_LEN, tag, TAG_LEN);
	return 0;
}

bool cred_open(const struct state *s, const uint8_t rp_hash[static 32],
	       struct bytes id, struct cred *ret)
{
	uint8_t tag[32];

	if (id.len < CRED_ID_MIN || id.len > CRED_ID_MAX)
		return false;
	for (size_t i = 0; i < s->n_short; i++) {
		const struct cred *c = &s->short_creds[i];

		if (c->id_len == id.len && !memcmp(c->id, id.data, id.len) &&
		    !memcmp(c->rp_hash, rp_hash, 32)) {
			*ret = *c;
			return true;
		}
	}
	if (id.len < CRED_SELF_MIN ||
	    cred_derive(s, "id-tag", rp_hash, 0, id.data, id.len - TAG_LEN,
			tag) < 0 ||
	    memcmp(id.data + id.len - TAG_LEN, tag, TAG_LEN) != 0)
		return false;
	*ret = (struct cred){ .id_len = id.len, .flags = id.data[0] };
	memcpy(ret->id, id.data, id.len);
	memcpy(ret->rp_hash, rp_hash, 32);
	return true;
}

EVP_PKEY *cred_key(const struct state *s, const struct cred *cred)
{
	EVP_PKEY *key = NULL;
	uint8_t d[32];

	/* One scalar in 2^32 is not below the group's order: take the next. */
	for (uint8_t n = 0; !key && n < 4; n++) {
		if (cred_derive(s, "private-key", cred->rp_hash, n, cred->id,
				cred->id_len, d) < 0)
			return NULL;
		key = p256_from_scalar(d);
	}
	return key;
}

int cred_random(const struct state *s, const struct cred *cred, bool uv,
		uint8_t ret[static 32])
{
	return cred_derive(s, uv ? "cred-random-uv" : "cred-random",
			   cred->rp_hash, 0, cred->id, cred->id_len, ret);
}
