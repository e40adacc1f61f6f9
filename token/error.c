/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/token.h"

const char *token_strerror(int err)
{
	switch ((enum token_err)err) {
	case TOKEN_OK:
		return "success";
	case TOKEN_ERR_INTERNAL:
		return "internal error, or no memory that can be locked";
	case TOKEN_ERR_HELPER:
		return "the helper touchvault-token is missing, or not safe to run";
	case TOKEN_ERR_NONE:
		return "no token is plugged in";
	case TOKEN_ERR_SEVERAL:
		return "several tokens are plugged in, and none is known to be the right one";
	case TOKEN_ERR_NO_DEVICE:
		return "there is no such device";
	case TOKEN_ERR_NOT_A_TOKEN:
		return "the device is not a FIDO token";
	case TOKEN_ERR_PERMISSION:
		return "no permission to open the token's device node";
	case TOKEN_ERR_BUSY:
		return "the token is in use by another program";
	case TOKEN_ERR_NOT_ENROLLED:
		return "the token is none of this vault's, or was reset since it was enrolled";
	case TOKEN_ERR_TIMEOUT:
		return "the token was not touched in time";
	case TOKEN_ERR_CANCELLED:
		return "cancelled";
	case TOKEN_ERR_REFUSED:
		return "the token reports that the request was declined";
	case TOKEN_ERR_PIN_REQUIRED:
		return "the token needs its PIN, and there is no terminal to ask for it";
	case TOKEN_ERR_PIN_INVALID:
		return "wrong PIN";
	case TOKEN_ERR_PIN_AUTH_BLOCKED:
		return "too many wrong PINs in a row: the token takes no more until it is "
		       "replugged";
	case TOKEN_ERR_PIN_BLOCKED:
		return "the token's PIN is blocked";
	case TOKEN_ERR_PIN_NOT_SET:
		return "the token has no PIN yet";
	case TOKEN_ERR_UNPLUGGED:
		return "the token was unplugged";
	case TOKEN_ERR_FAILED:
		return "the token failed or doesn't keep to the protocol";
	case TOKEN_ERR_U2F_ONLY:
		return "the token is for U2F only and lacks FIDO2";
	case TOKEN_ERR_NO_HMAC_SECRET:
		return "the token lacks the hmac-secret extension";
	case TOKEN_ERR_NO_SECRET:
		return "the token reported success and gave no secret of 32 bytes";
	case TOKEN_ERR_BAD_SIGNATURE:
		return "the token's answer has a wrong signature";
	case TOKEN_ERR_NO_PRESENCE:
		return "the token answered without a touch";
	case TOKEN_ERR_NO_VERIFICATION:
		return "the token answered without checking PIN or fingerprint";
	case TOKEN_ERR_UNSTABLE:
		return "the token gives different secrets for the same question";
	case TOKEN_ERR_NO_TOUCH:
		return "the token gives its secret to any program without a touch";
	case TOKEN_ERR_ALWAYS_UV:
		return "the token insists on its PIN";
	case TOKEN_ERR_NO_PIN_SUPPORT:
		return "the token can't have a PIN";
	case TOKEN_ERR_ENROLLED:
		return "the token is enrolled already";
	case TOKEN_ERR_SLOT:
		return "the YubiKey's slot 2 holds no key for HMAC challenge-response";
	case TOKEN_ERR_SLOT_IN_USE:
		return "the YubiKey's slot 2 is in use";
	case TOKEN_ERR_SLOT_LOCKED:
		return "the YubiKey's slot 2 is protected by an access code";
	case TOKEN_ERR_PIN_SET:
		return "the token has a PIN already";
	case TOKEN_ERR_PIN_POLICY:
		return "the token doesn't take this PIN";
	case TOKEN_ERR_PIN_DIFFERS:
		return "the new PIN was not typed the same way twice";
	case TOKEN_ERR_UNSUPPORTED:
		return "this version has no support for that kind of token";
	case TOKEN_ERR_PIN_REMOVED:
		return "the token has no PIN, so it is not the one that was enrolled with it, "
		       "unless it was reset since";
	case TOKEN_ERR_PIN_DEMANDED:
		return "the token insists on its PIN now, which it was enrolled without";
	case TOKEN_ERR_UV_FAILED:
		return "the token didn't recognise the finger";
	case TOKEN_ERR_HELPER_ENDED:
		return "the helper touchvault-token ended early, or doesn't keep to its protocol";
	}
	return "unknown error";
}
