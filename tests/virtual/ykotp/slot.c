/* SPDX-License-Identifier: BSD-2-Clause */
#include "slot.h"

#include <string.h>

/* struct config_st */
#define CONFIG_UID 16
#define CONFIG_KEY 22
#define CONFIG_ACCESS 38
#define CONFIG_EXT 45
#define CONFIG_TKT 46
#define CONFIG_CFG 47
#define CONFIG_RFU 48
#define CONFIG_LEN 52
#define CONFIG_KEY_LEN 16

#define EXT_SERIAL_API_VISIBLE 0x04
#define TKT_CHAL_RESP 0x40
#define CFG_CHAL_YUBICO 0x20
#define CFG_CHAL_HMAC 0x22
#define CFG_HMAC_LT64 0x04
#define CFG_CHAL_BTN_TRIG 0x08

uint16_t crc16(const uint8_t *bytes, size_t len)
{
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1);
	}
	return crc;
}

static bool slot_lets(const struct slot *s, const uint8_t access[static SLOT_ACCESS_LEN])
{
	static const uint8_t none[SLOT_ACCESS_LEN];

	return !s->ready || memcmp(s->access, none, sizeof(none)) == 0 ||
	       memcmp(s->access, access, sizeof(s->access)) == 0;
}

bool slot_program(struct slot *s, const uint8_t payload[static SLOT_PAYLOAD_LEN])
{
	static const uint8_t zeros[CONFIG_LEN];

	if (!slot_lets(s, payload + CONFIG_LEN))
		return false;
	if (memcmp(payload, zeros, CONFIG_LEN) == 0) {
		explicit_bzero(s, sizeof(*s));
		return true;
	}
	if (crc16(payload, CONFIG_LEN) != CRC16_RESIDUAL || payload[CONFIG_RFU] != 0 ||
	    payload[CONFIG_RFU + 1] != 0)
		return false;
	s->ready = true;
	/* An HMAC key is longer than the field, and goes on where others have
	 * their private identity. */
	memcpy(s->key, payload + CONFIG_KEY, CONFIG_KEY_LEN);
	memcpy(s->key + CONFIG_KEY_LEN, payload + CONFIG_UID, HMAC_KEY_LEN - CONFIG_KEY_LEN);
	memcpy(s->access, payload + CONFIG_ACCESS, SLOT_ACCESS_LEN);
	s->ext = payload[CONFIG_EXT];
	s->tkt = payload[CONFIG_TKT];
	s->cfg = payload[CONFIG_CFG];
	return true;
}

bool slot_is_hmac(const struct slot *s)
{
	return s->ready && (s->tkt & TKT_CHAL_RESP) && (s->cfg & CFG_CHAL_HMAC) == CFG_CHAL_HMAC;
}

/* One that types what it has to say does so when touched. */
bool slot_wants_touch(const struct slot *s)
{
	if (!s->ready)
		return false;
	if ((s->tkt & TKT_CHAL_RESP) && (s->cfg & CFG_CHAL_YUBICO))
		return s->cfg & CFG_CHAL_BTN_TRIG;
	return true;
}

bool slot_shows_serial(const struct slot *s)
{
	return s->ready && (s->ext & EXT_SERIAL_API_VISIBLE);
}

/* With HMAC_LT64 all that equals the last byte is taken for padding, also where
 * the challenge itself ends with it. */
size_t slot_message_len(const struct slot *s, const uint8_t challenge[static SLOT_PAYLOAD_LEN])
{
	size_t len = SLOT_PAYLOAD_LEN;

	if (!(s->cfg & CFG_HMAC_LT64))
		return len;
	while (len > 0 && challenge[len - 1] == challenge[SLOT_PAYLOAD_LEN - 1])
		len--;
	return len;
}
