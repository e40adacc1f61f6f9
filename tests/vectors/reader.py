#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A second reader of vault files, after vault/FORMAT.md.

It shares no code with touchvault: the derivations are hashlib's, the ciphers libsodium's, the
parsers its own. It refuses whatever the page doesn't allow, and prints what it read as JSON.

    reader.py --host-key FILE --response FILE [--passphrase FILE] [--slot N] [--state FILE]
              [--machine-id FILE] VAULT

--response names a file with the token's response in hex ("-": standard input).
"""
import argparse
import json
import re
import struct
import sys
from hashlib import blake2b

import strict
from primitives import (H, Refused, aead_open, argon2id, keypair, le64, public_of, require, same,
                        seal_open, signature_valid, sodium, unpad)

HEADER_LEN, TRAILER_LEN, HOST_SLOT_LEN = 112, 128, 136
NO_VAULT = bytes(16)


# --- the host's files ------------------------------------------------------------------------


def machine_binding(text):
    """text: of /etc/machine-id, or None."""
    if text is None:
        return bytes(32)
    return blake2b(b"touchvault host", digest_size=32, key=text.strip().encode()).digest()


def sealed(p):
    """What a TPM has sealed: all but the head of a file of kind 2."""
    path_len, = struct.unpack_from("<H", p, 96)
    at = 98 + path_len
    require(1 <= path_len <= 107 and len(p) >= at + 2, "host-key", "length of the path")
    blob_len, = struct.unpack_from("<H", p, at)
    require(1 <= blob_len <= 512 and len(p) == at + 2 + blob_len, "host-key", "length of the private part")
    path = p[98:at]
    require(path[:1] == b"/" and b"\0" not in path, "host-key", "path")
    return {"srk": p[:32], "machine": p[32:64], "unique": p[64:96], "path": path, "private": p[at + 2:]}


def host_key(p, binding, unseal=None):
    """unseal: what gets a seed from sealed() and the authorization; None: no TPM here."""
    require(len(p) >= 148 and p[:8] == b"TVHOST1\n", "host-key", "length or magic")
    require(blake2b(p[:-32], digest_size=32).digest() == p[-32:], "host-key", "sum")
    kind, flags, salt = p[8], p[9], p[12:44]
    require(kind in (1, 2) and flags & ~(1 if kind == 1 else 3) == 0 and p[10:12] == b"\0\0",
            "host-key", "kind or flags")
    binding = binding if flags & 1 else bytes(32)
    if kind == 1:
        require(len(p) == 148, "host-key", "length")
        seed = aead_open(H(NO_VAULT, "tv1 host file", salt, binding, 32), p[:44], p[44:116], "host key")
    else:
        parts, auth = sealed(p[44:-32]), H(NO_VAULT, "tv1 host tpm", salt, binding, 32)
        require(unseal is not None, "host-key", "sealed by a TPM, which this reader doesn't ask")
        seed = unseal(parts, auth[:-1] + bytes([auth[-1] | 1]))
    return key_of_seed(seed)


def key_of_seed(seed):
    def sub(label):
        return H(NO_VAULT, label, seed, b"", 32)

    hpk, hsk = keypair(sodium.crypto_box_seed_keypair, sub("tv1 host box"), 32)
    hvk, signing = keypair(sodium.crypto_sign_seed_keypair, sub("tv1 host sign"), 64)
    return {"hpk": hpk, "hsk": hsk, "hvk": hvk, "signing": signing, "state": sub("tv1 host state"),
            "seed": seed}


def host_state(p, key):
    """{vault_id: (gen, tag, {host_id: hvk}, [host_id that has left])}, {path: vault_id}"""
    require(p[:8] == b"TVSTAT1\n" and len(p) >= 40, "state", "magic")
    require(same(blake2b(p[:-32], digest_size=32, key=key).digest(), p[-32:]), "state", "MAC")
    c = strict.Cbor(p[8:-32])
    c.array(2, 2)
    vaults, paths = {}, {}
    for _ in range(c.array(0, 256)):
        c.array(5, 5)
        vault_id, gen, tag, pins = c.bytes(16), c.uint(), c.bytes(32), {}
        for _ in range(c.array(0, 64)):
            c.array(2, 2)
            host_id = c.bytes(16)
            pins[host_id] = c.bytes(32)
        left = [c.bytes(16) for _ in range(c.array(0, 256))]
        vaults[vault_id] = (gen, tag, pins, left)
    for _ in range(c.array(0, 256)):
        c.array(2, 2)
        path = c.bytes()
        paths[path] = c.bytes(16)
    c.end()
    return vaults, paths


# --- a host's request ------------------------------------------------------------------------

BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(p):
    bits = int.from_bytes(p, "big") << -len(p) * 8 % 5
    return "".join(BASE32[bits >> 5 * i & 31] for i in reversed(range((len(p) * 8 + 4) // 5)))


def fingerprint(hpk, hvk):
    text = base32(H(NO_VAULT, "tv1 fingerprint", b"", hpk + hvk, 16)[:10])
    return "-".join(text[i:i + 4] for i in range(0, 16, 4))


def host_request(line):
    prefix, version, text = line.split(":")
    require((prefix, version) == ("touchvault-host-request", "1"), "request", "prefix or version")
    require(set(text) <= set(BASE32), "request", "characters")
    n = len(text) * 5 // 8
    bits = sum(BASE32.index(c) << 5 * i for i, c in enumerate(reversed(text)))
    p = (bits >> -n * 8 % 5).to_bytes(n, "big")
    require(base32(p) == text and n >= 140, "request", "length or spare bits")
    hpk, hvk, kind, flags, created, length = struct.unpack("<32s32sBBQB", p[:75])
    name, signature = p[75:-64], p[-64:]
    require(kind in (1, 2) and flags & (~1 if kind == 1 else ~3) == 0 and created < 2**63, "request", "kind, flags or time")
    require(1 <= length == len(name) <= 64, "request", "name")
    require(signature_valid(signature, b"touchvault request v1" + p[:-64], hvk), "request", "signature")
    return {"hpk": hpk, "hvk": hvk, "kind": kind, "bound": flags & 1 != 0, "virtual_tpm": flags & 2 != 0, "created": created, "name": name.decode(),
            "fingerprint": fingerprint(hpk, hvk)}


# --- a recovery code -------------------------------------------------------------------------


def recovery_check(group, data):
    """Of the four characters of a group, from 1: digits of GF(32), modulo x^5 + x^2 + 1."""
    total = 0
    for c in data:
        total ^= BASE32.index(c)
        total = total << 1 ^ (0x25 if total & 16 else 0)
    return BASE32[total ^ group]


def recovery_code(p):
    text = base32(p)
    groups = [text[i:i + 4] for i in range(0, 32, 4)]
    return "-".join(g + recovery_check(i, g) for i, g in enumerate(groups, 1))


def recovery_key(code):
    """As host_key, of what is printed on a sheet."""
    groups = code.split("-")
    require(len(groups) == 8 and all(len(g) == 5 and set(g) <= set(BASE32) for g in groups), "recovery", "form")
    for i, g in enumerate(groups, 1):
        require(recovery_check(i, g[:4]) == g[4], "recovery", f"group {i}")
    bits = 0
    for c in "".join(g[:4] for g in groups):
        bits = bits << 5 | BASE32.index(c)
    return key_of_seed(H(NO_VAULT, "tv1 paper", bits.to_bytes(20, "big"), b"", 32))


# --- header, slots, index --------------------------------------------------------------------


def header(p):
    require(len(p) >= HEADER_LEN and p[:8] == b"TVAULT1\n", "header", "magic")
    (version, tokens, hosts, zero, gen, vault_id, salt, tokens_len, hosts_len, index_len, zero2,
     entries_len, signer) = struct.unpack("<HHHHQ16s32sIIIIQ16s", p[8:HEADER_LEN])
    require(version == 1, "header", "version")
    require(zero == 0 and zero2 == 0, "header", "reserved bytes")
    require(1 <= tokens <= 16 and 1 <= hosts <= 64, "header", "number of slots")
    require(1 <= gen < 2**53, "header", "generation")
    require(hosts_len == HOST_SLOT_LEN * hosts, "header", "host_slots_len")
    require(40 <= index_len <= 67108864 and entries_len <= 2**30, "header", "lengths")
    meta = HEADER_LEN + tokens_len + hosts_len + index_len
    require(len(p) == meta + TRAILER_LEN + entries_len, "header", "length of the file")
    at = HEADER_LEN + tokens_len
    return {"tokens": tokens, "gen": gen, "vault_id": vault_id, "salt": salt, "signer": signer,
            "meta": p[:meta], "token_slots": p[HEADER_LEN:at], "host_slots": p[at:at + hosts_len],
            "index": p[at + hosts_len:meta], "tag": p[meta:meta + 32],
            "signature": p[meta + 32:meta + 96], "sum": p[meta + 96:meta + 128],
            "records": p[meta + 128:]}


def token_slots(p, count):
    slots = []
    for _ in range(count):
        require(len(p) >= 44, "slot", "truncated")
        slot_id, kind, flags, n, ops, kib, pw_salt = struct.unpack("<16sBBHII16s", p[:44])
        require(kind in (1, 2) and flags & ~3 == 0, "slot", "kind or flags")
        require(1 <= n <= 1023 if kind == 1 else n == 0, "slot", "credential id")
        if flags & 2:
            require(1 <= ops <= 16 and 8 <= kib <= 1048576, "slot", "argon2id limits")
        else:
            require(ops == 0 and kib == 0 and pw_salt == bytes(16), "slot", "unused fields not zero")
        end = 44 + n
        require(len(p) >= end + 256, "slot", "truncated")
        slots.append({"id": slot_id, "kind": kind, "flags": flags, "ops": ops, "kib": kib,
                      "pw_salt": pw_salt, "credential": p[44:end], "ad": p[:end],
                      "commitment": p[end:end + 32], "wrapped": p[end + 32:end + 136],
                      "sealed_a": p[end + 136:end + 256]})
        p = p[end + 256:]
    require(p == b"", "slot", "bytes left over")
    return slots


def index_token(c):
    c.array(10, 10)
    return {"slot_id": c.bytes(16), "spk": c.bytes(32), "name": c.text(64), "product": c.text(128),
            "public_key": c.bytes(64), "aaguid": c.bytes(16), "serial": c.text(64),
            "without_touch": c.bool(), "created": c.time(), "tested": c.time()}


def index_host(c):
    c.array(13, 13)
    host = {"host_id": c.bytes(16), "hpk": c.bytes(32), "hvk": c.bytes(32), "name": c.text(64),
            "label": c.text(64), "kind": c.uint(), "bound": c.bool(), "virtual_tpm": c.bool(), "created": c.time(),
            "certifier": c.bytes(16),
            "cert_gen": c.uint(), "cert": c.bytes(64), "approver": c.bytes(16)}
    require(host["kind"] in (1, 2, 3) and (host["kind"] == 2 or not host["virtual_tpm"]), "index", "kind of host")
    require(host["kind"] != 3 or (host["name"], host["label"], host["bound"]) == ("", "", False), "index", "sheet")
    require((host["kind"] == 3) == (host["name"] == ""), "index", "name of a host")
    return host


PERIOD_MAX = {"d": 36500, "w": 5200, "mo": 1200, "y": 100}
STATES = [None, "staged", "verified", "promoted", "revoked"]


def period(c, may_be_unset):
    text = c.text(8)
    found = re.fullmatch(r"(0|[1-9][0-9]*)(d|w|mo|y)", text)
    require(text == "" and may_be_unset or text == "0d" or
            found and 0 < int(found[1]) <= PERIOD_MAX[found[2]], "index", "period")
    return text


def index_schedule(c, may_be_unset):
    c.array(4, 4)
    s = {k: period(c, may_be_unset) for k in ("every", "lead", "grace")}
    s["mode"] = c.uint()
    require(s["mode"] <= 3 and (s["mode"] > 0 or may_be_unset), "index", "mode")
    return s


def index_policy(c):
    c.array(2, 2)
    p = {"max_age": period(c, True), "overdue": c.uint()}
    require(p["max_age"] != "0d" and p["overdue"] <= 2, "index", "policy")
    return p


def index_rotation(c):
    n = c.array(2, 8)
    require(n in (2, 8), "index", "length of rotation")
    r = {"made": c.time(), "expires": c.time(), "state": None}
    if n == 8:
        state = c.uint()
        require(1 <= state <= 4, "index", "state")
        r |= {"state": STATES[state], "since": c.time(), "host": c.text(64), "works_from": c.time(),
              "other_made": c.time(), "other_expires": c.time()}
    return r


def index_event(c):
    c.array(4, 4)
    event = {"at": c.time(), "kind": c.uint(), "host": c.text(64), "why": c.text(128)}
    require(1 <= event["kind"] <= 8, "index", "kind of event")
    return event


def index_entry(c):
    c.array(14, 14)
    entry = {"entry_id": c.bytes(16), "name": strict.entry_name(c), "version": c.uint(),
             "record_len": c.uint(), "record_hash": c.bytes(32), "created": c.time(),
             "modified": c.time(), "fields": [strict.key(c) for _ in range(c.array(1, 64))]}
    strict.ascending([strict.map_order(f) for f in entry["fields"]], c, "fields")
    pairs = [(strict.key(c), c.text(1024)) for _ in range(c.map(0, 64))]
    strict.ascending([strict.map_order(k) for k, _ in pairs], c, "labels")
    require(entry["version"] >= 1, "index", "version")
    entry["labels"] = dict(pairs)
    entry["rotate"] = [c.text(128), c.time()]
    require((entry["rotate"][0] == "") == (entry["rotate"][1] == 0), "index", "rotate")
    entry["schedule"] = index_schedule(c, True)
    entry["rotation"] = index_rotation(c)
    entry["history"] = [index_event(c) for _ in range(c.array(0, 16))]
    return entry


def index(p):
    c = strict.Cbor(p)
    c.array(7, 7)
    x = {"committed": c.time(),
         "tokens": [index_token(c) for _ in range(c.array(1, 16))],
         "hosts": [index_host(c) for _ in range(c.array(1, 64))],
         "entries": [index_entry(c) for _ in range(c.array(0, 65535))],
         "schedule": index_schedule(c, False),
         "policy": index_policy(c),
         "ancestors": [c.bytes(16) for _ in range(c.array(0, 256))]}
    c.end()
    strict.ascending([e["name"].encode() for e in x["entries"]], c, "entries")
    require(all(e["kind"] != 3 for e in x["hosts"][:-1]), "index", "place of the sheet")
    return x


# --- the vault -------------------------------------------------------------------------------


def open_index(h, key):
    own = H(h["vault_id"], "tv1 host id", b"", key["hpk"] + key["hvk"], 16)
    slots = [h["host_slots"][i:i + HOST_SLOT_LEN] for i in range(0, len(h["host_slots"]), HOST_SLOT_LEN)]
    mine = [s for s in slots if s[:16] == own]
    require(len(mine) == 1, "approved", "this host has no slot")
    place = h["vault_id"] + le64(h["gen"])
    b = seal_open(mine[0][16:], key["hpk"], key["hsk"], place + own, "host slot")
    plain = aead_open(H(h["vault_id"], "tv1 index", b, le64(h["gen"]), 32), place, h["index"], "index")
    x = index(unpad(plain, 4096, "index"))
    require([s[:16] for s in slots] == [e["host_id"] for e in x["hosts"]], "index", "order of hosts")
    return b, x


def certified(h, e, hvk):
    message = b"touchvault host v1" + h["vault_id"] + e["host_id"] + le64(e["cert_gen"]) + e["hpk"] + e["hvk"]
    return signature_valid(e["cert"], message, hvk)


def check_hosts(h, x):
    by_id = {e["host_id"]: e for e in x["hosts"]}
    for what in ("host_id", "hpk", "hvk", "name"):
        require(len({e[what] for e in x["hosts"]}) == len(x["hosts"]), "index", f"{what} twice")
    for what in ("slot_id", "name"):
        require(len({e[what] for e in x["tokens"]}) == len(x["tokens"]), "index", f"{what} twice")
    require(len(x["ancestors"]) == min(h["gen"] - 1, 256), "index", "number of ancestors")
    for e in x["hosts"]:
        require(e["host_id"] == H(h["vault_id"], "tv1 host id", b"", e["hpk"] + e["hvk"], 16),
                "index", "host id is not of its keys")
        require(e["cert_gen"] <= h["gen"], "certificate", e["name"])
        by = by_id.get(e["certifier"])  # None: has left since; only who knew it can check
        require(by is None or certified(h, e, by["hvk"]), "certificate", e["name"])
    require(h["signer"] in by_id, "signature", "signer is not listed")
    return by_id[h["signer"]]


def trusted(h, x, mark):
    """Hosts that were listed in the marked generation, or certified since, through hosts of this
    file, by one that was."""
    gen, _, pins, _ = mark
    known = dict(pins)
    while True:
        new = {e["host_id"]: e["hvk"] for e in x["hosts"]
               if e["host_id"] not in known and gen < e["cert_gen"] <= h["gen"] and
               e["certifier"] in known and certified(h, e, known[e["certifier"]])}
        if not new:
            return {e["host_id"] for e in x["hosts"] if known.get(e["host_id"]) == e["hvk"]}
        known |= new


def check_mark(h, x, marks):
    mark = marks.get(h["vault_id"])
    if mark is None:
        return "unverified"
    require(h["gen"] >= mark[0], "rollback", f"generation {h['gen']}, seen {mark[0]}")
    require(h["gen"] > mark[0] or h["tag"] == mark[1], "fork", f"generation {h['gen']}")
    if h["gen"] == mark[0]:
        return "verified"
    back, known = h["gen"] - mark[0], trusted(h, x, mark)
    require(back <= 2**20, "signature", "no vault is changed so often")
    require(h["signer"] in known, "signature", "signer is not trusted")
    require(known == {e["host_id"] for e in x["hosts"]}, "fork", "a host that has left, or nobody knows")
    require(back > len(x["ancestors"]) or x["ancestors"][back - 1] == mark[1][:16], "fork", "it comes from another")
    return "verified"


def unwrap(h, slot, response, passphrase):
    pw = argon2id(passphrase, slot["pw_salt"], slot["ops"], slot["kib"]) if slot["flags"] & 2 else b""
    o = H(h["vault_id"], "tv1 slot kek", response, pw, 64)
    if not same(o[32:], slot["commitment"]):
        return None
    both = aead_open(o[:32], slot["ad"], slot["wrapped"], "token slot")
    return both[:32], both[32:]


def open_master(h, x, slots, b, token):
    which = range(len(slots)) if token.get("slot") is None else [token["slot"]]
    for i in which:
        found = unwrap(h, slots[i], token["response"], token.get("passphrase", b""))
        if found is not None:
            break
    else:
        raise Refused("commitment", "no token slot takes this response")
    ssk, v = found
    spk = public_of(ssk)
    require(spk == x["tokens"][i]["spk"], "index", "spk is not the slot's")
    place = h["vault_id"] + le64(h["gen"])
    a = seal_open(slots[i]["sealed_a"], spk, ssk, place + slots[i]["id"], "token slot")
    return H(h["vault_id"], "tv1 master", v, a + b + le64(h["gen"]), 32)


def open_entry(h, master, e, record):
    require(blake2b(record, digest_size=32).digest() == e["record_hash"], "record-hash", e["name"])
    place = e["entry_id"] + le64(e["version"])
    key = H(h["vault_id"], "tv1 entry", master, place, 32)
    plain = unpad(aead_open(key, h["vault_id"] + le64(h["gen"]) + place, record, e["name"]), 256, e["name"])
    require(len(plain) <= 262144, "entry", "too long")
    c = strict.Cbor(plain)
    c.array(3, 3)
    current, staged, previous = [[(strict.key(c), c.bytes()) for _ in range(c.map(0, 64))] for _ in range(3)]
    c.end()
    state = e["rotation"]["state"]
    require(bool(staged) == (state in ("staged", "verified")), "entry", f"{e['name']}: staged")
    require(bool(previous) == (state in ("promoted", "revoked")), "entry", f"{e['name']}: previous")
    for pairs in (current, staged or current, previous or current):
        require([k for k, _ in pairs] == e["fields"], "entry", f"{e['name']}: fields are not the index's")
    e["staged"], e["previous"] = dict(staged), dict(previous)
    return dict(current)


def open_entries(h, x, master):
    lengths = [e["record_len"] for e in x["entries"]]
    require(sum(lengths) == len(h["records"]), "index", "record lengths don't add up")
    at = 0
    for e in x["entries"]:
        e["values"] = open_entry(h, master, e, h["records"][at:at + e["record_len"]])
        at += e["record_len"]


def read(p, key, token, marks=None):
    """p: the vault file; key: of host_key(); token: {response, passphrase, slot}."""
    h = header(p)
    slots = token_slots(h["token_slots"], h["tokens"])
    digest = H(h["vault_id"], "tv1 digest", b"", h["meta"], 64)
    require(blake2b(digest + h["tag"] + h["signature"], digest_size=32).digest() == h["sum"],
            "sum", "damaged")
    b, x = open_index(h, key)
    require([s["id"] for s in slots] == [t["slot_id"] for t in x["tokens"]], "index", "order of tokens")
    signer = check_hosts(h, x)
    message = b"touchvault commit v1" + h["vault_id"] + digest + h["tag"]
    require(signature_valid(h["signature"], message, signer["hvk"]), "signature", signer["name"])
    trust = check_mark(h, x, marks or {})
    master = open_master(h, x, slots, b, token)
    tag_key = H(h["vault_id"], "tv1 file tag", master, b"", 32)
    require(same(H(h["vault_id"], "tv1 tag", tag_key, digest, 32), h["tag"]), "tag", "forged")
    open_entries(h, x, master)
    return {"vault_id": h["vault_id"], "generation": h["gen"], "trust": trust, "signer": signer["name"],
            "token_salt": H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32),
            "slots": [{k: s[k] for k in ("kind", "flags", "credential")} for s in slots], **x}


def load(path, mode="rb"):
    if path == "-":
        return sys.stdin.read() if mode == "r" else sys.stdin.buffer.read()
    with open(path, mode) as f:
        return f.read()


def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument("vault")
    a.add_argument("--host-key", required=True)
    a.add_argument("--response", required=True)
    a.add_argument("--passphrase")
    a.add_argument("--slot", type=int)
    a.add_argument("--state")
    a.add_argument("--machine-id", default="/etc/machine-id")
    a = a.parse_args()
    try:
        machine_id = load(a.machine_id, "r")
    except FileNotFoundError:
        machine_id = None
    token = {"response": bytes.fromhex(load(a.response, "r")), "slot": a.slot,
             "passphrase": load(a.passphrase) if a.passphrase else b""}
    try:
        key = host_key(load(a.host_key), machine_binding(machine_id))
        marks = host_state(load(a.state), key["state"])[0] if a.state else {}
        found = read(load(a.vault), key, token, marks)
    except Refused as e:
        sys.exit(f"reader.py: refused: {e}")
    json.dump(found, sys.stdout, default=bytes.hex, indent=1)
    print()


if __name__ == "__main__":
    main()
