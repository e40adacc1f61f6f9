/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/ykotp.h"

#include <unistd.h>
#include <ykdef.h>
#include <ykpers.h>
#include <ykstatus.h>

#define PROGRAM_KEY_LEN 20

static void program_configp(YKP_CONFIG **config)
{
	static const char none[PROGRAM_KEY_LEN];

	if (*config != NULL)
		(void)ykp_HMAC_key_from_raw(*config, none);
	(void)ykp_free_config(*config);
}

static void program_statusp(YK_STATUS **status)
{
	ykds_free(*status);
}

/* HMAC-SHA1 challenge-response of less than 64 bytes, with a touch; and the
 * serial number is told, which is how the token is found among several. */
static bool program_configure(
    YKP_CONFIG *config, YK_STATUS *status, const uint8_t key[static PROGRAM_KEY_LEN])
{
	ykp_configure_version(config, status);
	return ykp_configure_command(config, SLOT_CONFIG2) &&
	       ykp_set_tktflag_CHAL_RESP(config, true) && ykp_set_cfgflag_CHAL_HMAC(config, true) &&
	       ykp_set_cfgflag_HMAC_LT64(config, true) &&
	       ykp_set_cfgflag_CHAL_BTN_TRIG(config, true) &&
	       ykp_set_extflag_SERIAL_API_VISIBLE(config, true) &&
	       ykp_HMAC_key_from_raw(config, (const char *)key) == 0;
}

int ykotp_program(struct ykotp *y, bool overwrite)
{
	_cleanup_(program_configp) YKP_CONFIG *config = ykp_alloc();
	_cleanup_(program_statusp) YK_STATUS *status = ykds_alloc();
	uint8_t key[PROGRAM_KEY_LEN];
	bool written;

	if (config == NULL || status == NULL || getentropy(key, sizeof(key)) < 0)
		return TOKEN_ERR_INTERNAL;
	if (y->slots.programmed[YKOTP_SLOT - 1] && !overwrite)
		return TOKEN_ERR_SLOT_IN_USE;
	if (!yk_get_status(y->key, status))
		return ykotp_error();
	written = program_configure(config, status, key);
	explicit_bzero(key, sizeof(key));
	if (!written)
		return TOKEN_ERR_SLOT; /* its firmware can't */
	if (!yk_write_command(y->key, ykp_core_config(config), SLOT_CONFIG2, NULL))
		return yk_errno == YK_EWRITEERR ? TOKEN_ERR_SLOT_LOCKED : ykotp_error();
	return ykotp_read_status(y);
}
