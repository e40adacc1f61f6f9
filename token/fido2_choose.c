/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several tokens of which none tells whether it is the right one: all of them
 * blink, and the one that is touched is meant.
 */
#include "token/fido2.h"

#include "token/device.h"

#define CHOOSE_POLL_MS 20

/* One of several that wait for the same finger. */
struct candidate {
	struct fido2 f;
	bool waits;
};

/* In the order of the devices, so that the notice is of the first that waits.
 * libfido2's touch is a makeCredential that makes none. */
static int choose_begin(struct candidate *c, const char *path, struct caller *caller,
    const struct message_touch *touch, bool told)
{
	int r = fido2_open(&c->f, path, caller);

	if (r < 0)
		return r;
	hid_begin(&c->f.hid, touch, false);
	c->f.hid.touch_told = told;
	if (fido_dev_get_touch_begin(c->f.dev) != FIDO_OK)
		return fido2_result(&c->f, FIDO_ERR_TX);
	c->waits = true;
	return 0;
}

/* 1 if it was touched, 0 if not yet, or why it never will be. */
static int choose_look(struct candidate *c)
{
	int touched = 0, r = fido_dev_get_touch_status(c->f.dev, &touched, CHOOSE_POLL_MS);

	if (c->f.hid.cause != TOKEN_OK)
		return c->f.hid.cause;
	if (r != FIDO_OK)
		return TOKEN_ERR_FAILED;
	return touched != 0;
}

/* The index of the one that is touched first. One that fails is out. */
static int choose_wait(struct candidate *c, size_t n, size_t *ret)
{
	int r = TOKEN_ERR_NOT_ENROLLED;
	bool any;

	do {
		any = false;
		for (size_t i = 0; i < n; i++) {
			if (!c[i].waits)
				continue;
			r = choose_look(&c[i]);
			c[i].waits = r == 0;
			any = any || r == 0;
			if (r == 1)
				*ret = i;
			if (r == 1 || r == TOKEN_ERR_CANCELLED || r == TOKEN_ERR_TIMEOUT)
				return r == 1 ? 0 : r;
		}
	} while (any);
	return r;
}

int fido2_choose(struct caller *caller, const char *const *paths, size_t n, size_t *ret)
{
	static struct candidate c[DEVICE_LIST_MAX]; /* large */
	const struct message_touch touch = {
		.device = { .path = "several are plugged in", .product = "token of this vault" },
		.touch = TOKEN_TOUCH_DERIVE,
		.step = 1,
		.steps = 2,
		.credential = -1,
	};
	bool told = false;
	int r = 0;

	for (size_t i = 0; i < n && r != TOKEN_ERR_CANCELLED; i++) {
		c[i] = (struct candidate){ .f.hid.fd = -1 };
		r = choose_begin(&c[i], paths[i], caller, &touch, told);
		told = told || c[i].waits;
	}
	if (r != TOKEN_ERR_CANCELLED)
		r = choose_wait(c, n, ret);
	for (size_t i = 0; i < n; i++) {
		if (c[i].waits)
			hid_abandon(&c[i].f.hid);
		(void)hid_end(&c[i].f.hid);
		fido2_close(&c[i].f);
	}
	return r;
}
