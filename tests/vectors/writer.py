# SPDX-License-Identifier: BSD-2-Clause
"""A writer of vaults made from FORMAT.md alone: what somebody can make who knows every key
of a vault, and holds to none of touchvault's rules."""
import os
import struct
import time

import reader
from primitives import H, aead_open, aead_seal, blake2b, le64, public_of, seal, seal_open, sign, unpad


class Text(bytes):
    """Bytes that go out as text, whether they are UTF-8 or not."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * width:
            return bytes([major << 5 | code]) + n.to_bytes(width, "big")
    raise ValueError(n)


def cbor(o):
    if isinstance(o, bool):
        return b"\xf5" if o else b"\xf4"
    if isinstance(o, int):
        return head(0, o)
    if isinstance(o, (str, Text)):
        text = o.encode() if isinstance(o, str) else bytes(o)
        return head(3, len(text)) + text
    if isinstance(o, bytes):
        return head(2, len(o)) + o
    if isinstance(o, list):
        return head(4, len(o)) + b"".join(map(cbor, o))
    pairs = sorted((cbor(k), cbor(v)) for k, v in o.items())
    return head(5, len(o)) + b"".join(k + v for k, v in pairs)


def pad(p, block):
    p += b"\x80"
    return p + bytes(-len(p) % block)


TOKEN = "slot_id spk name product public_key aaguid serial without_touch created tested".split()
HOST = "host_id hpk hvk name label kind bound virtual_tpm created certifier cert_gen cert approver".split()
SCHEDULE = "every lead grace mode".split()


def rotation(r):
    idle = [r["made"], r["expires"]]
    if r["state"] is None:
        return idle
    return idle + [reader.STATES.index(r["state"]), *(r[k] for k in "since host works_from other_made other_expires".split())]


def entry(e):
    return [e["entry_id"], e["name"], e["version"], e["record_len"], e["record_hash"], e["created"], e["modified"],
            e["fields"], e["labels"], *e["rotate"], [e["schedule"][k] for k in SCHEDULE], rotation(e["rotation"]),
            [[v["at"], v["kind"], v["host"], v["why"]] for v in e["history"]]]


def index(x):
    return cbor([x["committed"], [[t[k] for k in TOKEN] for t in x["tokens"]], [[t[k] for k in HOST] for t in x["hosts"]],
                 [entry(e) for e in x["entries"]], [x["schedule"][k] for k in SCHEDULE],
                 [x["policy"]["max_age"], x["policy"]["overdue"]], x["ancestors"]])


def new_key():
    return reader.key_of_seed(os.urandom(32))


class Vault:
    """A generation, opened by a host's key. With the first token's response, entries have what was
    in them; with V alone, or what is taken for it, the caller says what is to be: e["plain"]."""

    def __init__(self, p, key, response=None, v=None):
        self.h = h = reader.header(p)
        self.slots = reader.token_slots(h["token_slots"], h["tokens"])
        b, self.x = reader.open_index(h, key)
        self.id, self.gen, self.v = h["vault_id"], h["gen"], v
        if response is not None:
            self.read_entries(b, response)

    def read_entries(self, b, response):
        h, place = self.h, self.id + le64(self.gen)
        ssk, self.v = reader.unwrap(h, self.slots[0], response, b"")
        a = seal_open(self.slots[0]["sealed_a"], public_of(ssk), ssk, place + self.slots[0]["id"], "token slot")
        master, at = H(self.id, "tv1 master", self.v, a + b + le64(self.gen), 32), 0
        for e in self.x["entries"]:
            record, at = h["records"][at:at + e["record_len"]], at + e["record_len"]
            own = e["entry_id"] + le64(e["version"])
            e["plain"] = unpad(aead_open(H(self.id, "tv1 entry", master, own, 32), place + own, record, "record"), 256, "record")

    def host(self, name):
        return next(e for e in self.x["hosts"] if e["name"] == name)

    def id_of(self, key):
        return H(self.id, "tv1 host id", b"", key["hpk"] + key["hvk"], 16)

    def certify(self, e, by, gen):
        e |= {"certifier": self.id_of(by), "cert_gen": gen}
        e["cert"] = sign(b"touchvault host v1" + self.id + e["host_id"] + le64(gen) + e["hpk"] + e["hvk"], by["signing"])

    def new_host(self, key, name, by, gen, kind=1):
        e = {"host_id": self.id_of(key), "hpk": key["hpk"], "hvk": key["hvk"], "name": name, "label": "", "kind": kind,
             "bound": False, "virtual_tpm": False, "created": int(time.time()), "approver": self.id_of(by)}
        self.certify(e, by, gen)
        return e

    def follow(self, gen):
        """The ancestors that a generation made from this one has; those between are made up."""
        between = [os.urandom(16) for _ in range(min(gen - self.gen - 1, 256))]
        return (between + [self.h["tag"][:16]] + self.x["ancestors"])[:min(gen - 1, 256)]

    def write(self, gen, signer, ancestors=None):
        """The file of that generation, signed by the host key signer."""
        a, b, g = os.urandom(32), os.urandom(32), le64(gen)
        place, master, records = self.id + g, H(self.id, "tv1 master", self.v, a + b + g, 32), b""
        for e in self.x["entries"]:
            own = e["entry_id"] + le64(e["version"])
            record = aead_seal(H(self.id, "tv1 entry", master, own, 32), place + own, pad(e["plain"], 256))
            e |= {"record_len": len(record), "record_hash": blake2b(record, digest_size=32).digest()}
            records += record
        x = {**self.x, "ancestors": self.follow(gen) if ancestors is None else ancestors}
        tokens = b"".join(s["ad"] + s["commitment"] + s["wrapped"] + seal(place + s["id"] + a, t["spk"])
                          for s, t in zip(self.slots, x["tokens"]))
        hosts = b"".join(e["host_id"] + seal(place + e["host_id"] + b, e["hpk"]) for e in x["hosts"])
        sealed = aead_seal(H(self.id, "tv1 index", b, g, 32), place, pad(index(x), 4096))
        meta = struct.pack("<8sHHHHQ16s32sIIIIQ16s", b"TVAULT1\n", 1, len(self.slots), len(x["hosts"]), 0, gen, self.id,
                           self.h["salt"], len(tokens), len(hosts), len(sealed), 0, len(records), self.id_of(signer))
        meta += tokens + hosts + sealed
        digest = H(self.id, "tv1 digest", b"", meta, 64)
        tag = H(self.id, "tv1 tag", H(self.id, "tv1 file tag", master, b"", 32), digest, 32)
        signature = sign(b"touchvault commit v1" + self.id + digest + tag, signer["signing"])
        return meta + tag + signature + blake2b(digest + tag + signature, digest_size=32).digest() + records
