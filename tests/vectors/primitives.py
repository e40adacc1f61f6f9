# SPDX-License-Identifier: BSD-2-Clause
"""The cryptography of FORMAT.md: H by hashlib, the rest by libsodium."""
import ctypes
import hmac
import os
import struct
import sys
from hashlib import blake2b

sodium = ctypes.CDLL("libsodium.so.23")
if sodium.sodium_init() < 0:
    sys.exit("libsodium doesn't start")


class Refused(Exception):
    """check: which one failed, in one word; the message says where."""

    def __init__(self, check, where):
        super().__init__(f"{check}: {where}")
        self.check = check


def require(ok, check, where):
    if not ok:
        raise Refused(check, where)


def H(salt, label, key, data, n):
    return blake2b(data, digest_size=n, key=key, salt=salt, person=label.encode()).digest()


def le64(n):
    return struct.pack("<Q", n)


def same(a, b):
    return hmac.compare_digest(a, b)


def aead_open(key, ad, box, where):
    require(len(box) >= 40, "aead", f"{where}: too short")
    nonce, text = box[:24], box[24:]
    out = ctypes.create_string_buffer(max(len(text) - 16, 1))
    n = ctypes.c_ulonglong()
    r = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, ctypes.byref(n), None, text, ctypes.c_ulonglong(len(text)),
        ad, ctypes.c_ulonglong(len(ad)), nonce, key)
    require(r == 0, "aead", where)
    return out.raw[:n.value]


def public_of(sk):
    out = ctypes.create_string_buffer(32)
    require(sodium.crypto_scalarmult_base(out, sk) == 0, "key", "X25519")
    return out.raw


def seal_open(sealed, pk, sk, head, where):
    """The 32 bytes behind head (vault_id, gen and id), which must be this place's."""
    out = ctypes.create_string_buffer(len(sealed) - 48)
    r = sodium.crypto_box_seal_open(out, sealed, ctypes.c_ulonglong(len(sealed)), pk, sk)
    require(r == 0, "seal", where)
    require(out.raw[:-32] == head, "seal", f"{where}: sealed for another place")
    return out.raw[-32:]


def signature_valid(signature, message, pk):
    return sodium.crypto_sign_verify_detached(
        signature, message, ctypes.c_ulonglong(len(message)), pk) == 0


def keypair(function, seed, sk_len):
    pk, sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(sk_len)
    require(function(pk, sk, seed) == 0, "key", "key pair from seed")
    return pk.raw, sk.raw


def argon2id(passphrase, salt, ops, kib):
    out = ctypes.create_string_buffer(32)
    r = sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), passphrase, ctypes.c_ulonglong(len(passphrase)),
                             salt, ctypes.c_ulonglong(ops), ctypes.c_size_t(kib * 1024), ctypes.c_int(2))
    require(r == 0, "key", "argon2id")
    return out.raw


def unpad(p, block, where):
    """sodium_pad: 0x80, then zeros up to a multiple of block; at least one byte."""
    body = p.rstrip(b"\0")
    require(len(p) % block == 0 and body[-1:] == b"\x80", "padding", where)
    require(len(p) - len(body) < block, "padding", f"{where}: more than a block")
    return body[:-1]


def seal(plain, pk):
    out = ctypes.create_string_buffer(len(plain) + 48)
    require(sodium.crypto_box_seal(out, plain, ctypes.c_ulonglong(len(plain)), pk) == 0, "seal", "public key")
    return out.raw


def sign(message, sk):
    out = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), sk)
    return out.raw


def aead_seal(key, ad, plain):
    nonce, out, n = os.urandom(24), ctypes.create_string_buffer(len(plain) + 16), ctypes.c_ulonglong()
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, ctypes.byref(n), plain, ctypes.c_ulonglong(len(plain)), ad, ctypes.c_ulonglong(len(ad)), None, nonce, key)
    return nonce + out.raw
