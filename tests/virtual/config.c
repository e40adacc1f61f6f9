#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { SET_TRUE, SET_FALSE, NUMBER, TEXT };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset;
	unsigned int size;	/* of a text */
	unsigned int min;
	unsigned int max;
} settings[] = {
#define ON(n, f)  { n, SET_TRUE, offsetof(struct config, f), 0, 0, 0 }
#define OFF(n, f) { n, SET_FALSE, offsetof(struct config, f), 0, 0, 0 }
#define NUM(n, f, lo, hi) { n, NUMBER, offsetof(struct config, f), 0, lo, hi }
#define STR(n, f) { n, TEXT, offsetof(struct config, f), \
		    sizeof(((struct config *)0)->f), 0, 0 }
	ON("hmac-secret", hmac_secret),
	OFF("no-hmac-secret", hmac_secret),
	ON("one-salt", one_salt),
	OFF("two-salts", one_salt),
	ON("pin-support", pin_support),
	OFF("no-pin-support", pin_support),
	ON("cred-protect", cred_protect),
	OFF("no-cred-protect", cred_protect),
	ON("always-uv", always_uv),
	OFF("no-always-uv", always_uv),
	ON("builtin-uv", builtin_uv),
	OFF("no-builtin-uv", builtin_uv),
	ON("u2f-only", u2f_only),
	OFF("no-u2f-only", u2f_only),
	ON("gives-secret-without-up", gives_secret_without_up),
	OFF("no-gives-secret-without-up", gives_secret_without_up),
	ON("make-cred-uv-not-rqd", make_cred_uv_not_rqd),
	OFF("no-make-cred-uv-not-rqd", make_cred_uv_not_rqd),
	NUM("cred-len", cred_len, CRED_ID_MIN, CRED_ID_MAX),
	NUM("max-creds-in-list", max_creds_in_list, 0, 1000),
	NUM("max-cred-id-len", max_cred_id_len, 0, 65535),
	NUM("max-msg", max_msg, 64, MSG_MAX),
	NUM("user-timeout", user_timeout_ms, 0, 3600000),
	NUM("reset-window", reset_window_ms, 0, 3600000),
	NUM("min-pin-len", min_pin_len, 4, 63),
	STR("product", product),
	STR("versions", versions),
};

static const char *const faults[] = {
	[FAULT_NONE] = "none",
	[FAULT_DROP_REPLY] = "drop-reply",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_WRONG_CHANNEL] = "wrong-channel",
	[FAULT_WRONG_SEQUENCE] = "wrong-sequence",
	[FAULT_SHORT_SECRET] = "short-secret",
	[FAULT_NO_SECRET] = "no-secret",
	[FAULT_BAD_SIGNATURE] = "bad-signature",
	[FAULT_OTHER_KEY] = "other-key",
	[FAULT_NO_UP_FLAG] = "no-up-flag",
	[FAULT_NO_UV_FLAG] = "no-uv-flag",
	[FAULT_ERROR] = "error",
	[FAULT_BUSY] = "busy",
	[FAULT_ENDLESS_KEEPALIVE] = "endless-keepalive",
	[FAULT_SLOW] = "slow",
	[FAULT_UNPLUG_AT] = "unplug-at",
	[FAULT_UNSTABLE_SECRET] = "unstable-secret",
	[FAULT_WRONG_CREDENTIAL] = "wrong-credential",
	[FAULT_CHATTER] = "chatter",
};

static const char *const touches[] = {
	[TOUCH_AT_ONCE] = "at-once",
	[TOUCH_AFTER] = "after",
	[TOUCH_NEVER] = "never",
	[TOUCH_REFUSED] = "refused",
	[TOUCH_NONE] = "none",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void config_default(struct config *c)
{
	*c = (struct config){
		.hmac_secret = true,
		.pin_support = true,
		.cred_protect = true,
		.pin_protocols = { 2, 1 },
		.cred_len = 64,
		.max_msg = MSG_MAX,
		.user_timeout_ms = 30000,
		.reset_window_ms = 10000,
		.min_pin_len = 4,
		.aaguid = { 0x76, 0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x00, 0x40,
			    0x80, 0x00, 0, 0, 0, 0, 0, 0x01 },
		.product = "Virtual FIDO2 Token",
		.versions = "FIDO_2_0,FIDO_2_1",
	};
}

static bool number_parse(const char *text, int base, unsigned long max,
			 unsigned int *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || v > max)
		return false;
	*ret = (unsigned int)v;
	return true;
}

const char *touch_name(enum touch_policy policy)
{
	return touches[policy];
}

const char *touch_parse(struct config *c, const char *text)
{
	size_t len = strcspn(text, ": ");
	const char *arg = text[len] ? text + len + 1 : NULL;

	for (size_t i = 0; i < COUNT(touches); i++) {
		unsigned int ms = 0;

		if (strlen(touches[i]) != len ||
		    strncmp(touches[i], text, len) != 0)
			continue;
		if ((i == TOUCH_AFTER) != (arg != NULL) ||
		    (arg && !number_parse(arg, 10, 3600000, &ms)))
			return "only 'after' takes milliseconds";
		c->touch = (enum touch_policy)i;
		c->touch_after_ms = ms;
		return NULL;
	}
	return "no such touch policy";
}

static bool fault_arg(enum fault fault, const char *text, unsigned int *ret)
{
	static const char *const when[] = { "before", "during", "after" };

	if (fault == FAULT_ERROR)
		return number_parse(text, 16, 0xfe, ret) && *ret;
	if (fault == FAULT_SLOW)
		return number_parse(text, 10, 60000, ret);
	for (unsigned int i = 0; i < COUNT(when); i++)
		if (strcmp(text, when[i]) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool fault_needs_arg(enum fault fault)
{
	return fault == FAULT_ERROR || fault == FAULT_SLOW ||
	       fault == FAULT_UNPLUG_AT;
}

/* The command a fault strikes, where the test names none. */
static const char *fault_default_target(enum fault fault)
{
	return fault == FAULT_SLOW ? "all" : "getAssertion";
}

const char *fault_parse(struct config *c, const char *text)
{
	char copy[96], *save, *name, *arg;
	enum fault fault = FAULT_NONE;
	unsigned int value = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	name = strtok_r(copy, ": ,", &save);
	arg = strtok_r(NULL, " ,", &save);
	if (!name)
		return "which fault?";
	while (strcmp(faults[fault], name) != 0)
		if (++fault == COUNT(faults))
			return "no such fault";
	if (fault_needs_arg(fault)) {
		if (!arg || !fault_arg(fault, arg, &value))
			return "bad argument for this fault";
		arg = strtok_r(NULL, " ,", &save);
	}
	if (strtok_r(NULL, " ,", &save))
		return "too many arguments";
	c->fault = fault;
	c->fault_arg = value;
	snprintf(c->fault_target, sizeof(c->fault_target), "%s",
		 arg ? arg : fault_default_target(fault));
	return NULL;
}

const char *fault_name(enum fault fault)
{
	return faults[fault];
}

bool fault_hits(const struct token *t, enum fault fault, const char *command)
{
	return t->cfg.fault == fault &&
	       (strcasecmp(t->cfg.fault_target, "all") == 0 ||
		strcasecmp(t->cfg.fault_target, command) == 0);
}

static const char *aaguid_parse(struct config *c, const char *text)
{
	uint8_t out[16];
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		char pair[3] = { p[0], p[1], '\0' };
		unsigned int byte;

		if (*p == '-')
			continue;
		if (n == sizeof(out) || !p[1] ||
		    !number_parse(pair, 16, 0xff, &byte))
			return "an AAGUID has 32 hexadecimal digits";
		out[n++] = (uint8_t)byte;
		p++;
	}
	if (n != sizeof(out))
		return "an AAGUID has 32 hexadecimal digits";
	memcpy(c->aaguid, out, sizeof(out));
	return NULL;
}

static const char *protocols_parse(struct config *c, const char *text)
{
	unsigned int first = text[0] == '2' ? 2 : 1;
	bool two = text[0] && text[1] == ',';

	if ((text[0] != '1' && text[0] != '2') ||
	    (two ? (text[2] != '1' && text[2] != '2') || text[3] : text[1]) ||
	    (two && text[2] == text[0]))
		return "PIN protocols are 1, 2, '1,2' or '2,1'";
	c->pin_protocols[0] = first;
	c->pin_protocols[1] = two ? 3 - first : 0;
	return NULL;
}

static const struct setting *setting_find(const char *name)
{
	for (size_t i = 0; i < COUNT(settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static bool setting_special(const char *name)
{
	return strcmp(name, "touch") == 0 || strcmp(name, "fault") == 0 ||
	       strcmp(name, "aaguid") == 0 || strcmp(name, "pin-protocols") == 0;
}

int config_is_flag(const char *name)
{
	const struct setting *s = setting_find(name);

	if (s)
		return s->kind == SET_TRUE || s->kind == SET_FALSE;
	return setting_special(name) ? 0 : -1;
}

static const char *setting_apply(struct config *c, const struct setting *s,
				 const char *value)
{
	char *field = (char *)c + s->offset;
	unsigned int number;
	bool on = s->kind == SET_TRUE;

	switch (s->kind) {
	case SET_TRUE:
	case SET_FALSE:
		memcpy(field, &on, sizeof(on));
		return NULL;
	case NUMBER:
		if (!number_parse(value, 10, s->max, &number) ||
		    number < s->min)
			return "number out of range";
		memcpy(field, &number, sizeof(number));
		return NULL;
	case TEXT:
		if (strlen(value) >= s->size)
			return "too long";
		strcpy(field, value);
		return NULL;
	}
	return NULL;
}

const char *config_set(struct config *c, const char *name, const char *value)
{
	const struct setting *s = setting_find(name);

	if (!s && !setting_special(name))
		return "no such setting";
	if ((s && (s->kind == SET_TRUE || s->kind == SET_FALSE)) ==
	    (value != NULL))
		return value ? "takes no value" : "wants a value";
	if (s)
		return setting_apply(c, s, value);
	if (strcmp(name, "touch") == 0)
		return touch_parse(c, value);
	if (strcmp(name, "fault") == 0)
		return fault_parse(c, value);
	if (strcmp(name, "aaguid") == 0)
		return aaguid_parse(c, value);
	return protocols_parse(c, value);
}
