# SPDX-License-Identifier: BSD-2-Clause
"""Deterministic CBOR (RFC 8949, section 4.2), the few types that FORMAT.md uses, and its names.
Whatever has a shorter or another encoding is refused."""
import re

from primitives import Refused

UINT, BYTES, TEXT, ARRAY, MAP = 0, 2, 3, 4, 5
COMPONENT = re.compile(r"[A-Za-z0-9._-]+\Z")


class Cbor:
    def __init__(self, p):
        self.p, self.at = p, 0

    def refuse(self, why):
        raise Refused("cbor", f"{why} at byte {self.at}")

    def take(self, n):
        if n > len(self.p) - self.at:
            self.refuse("truncated")
        self.at += n
        return self.p[self.at - n:self.at]

    def head(self, major):
        first = self.take(1)[0]
        if first >> 5 != major:
            self.refuse(f"type {first >> 5} for {major}")
        n = first & 31
        if n < 24:
            return n
        if n > 27:
            self.refuse("indefinite or reserved length")
        width = 1 << (n - 24)
        value = int.from_bytes(self.take(width), "big")
        if value < (24 if width == 1 else 1 << (width * 4)):
            self.refuse("not the shortest encoding")
        return value

    def uint(self):
        return self.head(UINT)

    def time(self):
        t = self.uint()
        if t >= 2**63:
            self.refuse("time")
        return t

    def bool(self):
        b = self.take(1)[0]
        if b not in (0xf4, 0xf5):
            self.refuse("not a truth value")
        return b == 0xf5

    def bytes(self, size=None):
        n = self.head(BYTES)
        if size is not None and n != size:
            self.refuse(f"{n} bytes for {size}")
        return self.take(n)

    def text(self, longest):
        n = self.head(TEXT)
        if n > longest:
            self.refuse("text too long")
        try:
            s = self.take(n).decode("utf-8")
        except UnicodeDecodeError:
            self.refuse("not UTF-8")
        if any(ord(ch) < 0x20 or 0x7f <= ord(ch) <= 0x9f for ch in s):
            self.refuse("control character")
        return s

    def items(self, major, least, most):
        n = self.head(major)
        if not least <= n <= most:
            self.refuse(f"{n} items")
        return n

    def array(self, least, most):
        return self.items(ARRAY, least, most)

    def map(self, least, most):
        return self.items(MAP, least, most)

    def end(self):
        if self.at != len(self.p):
            self.refuse("bytes left over")


def ascending(keys, c, what):
    if any(a >= b for a, b in zip(keys, keys[1:])):
        c.refuse(f"{what} not in order")


def map_order(text):
    """Section 4.2.1: bytewise by the key's encoding. All keys here are shorter than 256 bytes, so
    that is by length, then by bytes."""
    return len(text.encode()), text.encode()


def key(c):
    s = c.text(64)
    if not COMPONENT.match(s) or s[0] == "-":
        c.refuse("malformed name of a field or label")
    return s


def entry_name(c):
    s = c.text(128)
    parts = s.split("/")
    if s[:1] == "-" or not all(COMPONENT.match(q) and q not in (".", "..") for q in parts):
        c.refuse("malformed name of an entry")
    return s
