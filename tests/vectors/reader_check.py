#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""touchvault writes, reader.py reads: what comes out is what was put in, and every changed byte is
refused, by either reader, also when whoever changed it renews the checksum and the signature.

    reader_check.py VAULT_MAKE
"""
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from hashlib import blake2b

import audit
import reader

MAKE = sys.argv[1]
RESPONSE = os.urandom(32)
ENTRIES = {
    "ibkr/live": ({"key": bytes(range(256)), "secret": b"a\0b\n\xff", "empty": b""},
                  {"surface": "api", "place": "Z\u00fcrich", "none": ""}),
    "alpaca": ({"pem": os.urandom(200000)}, {}),
    "z": ({f"f{i}": os.urandom(i) for i in range(64)}, {f"l{i}": str(i) for i in range(64)}),
}
# Around the padding: the map of one field "k" has a head of 1 + 2 + 2 bytes (or 3) beside the value.
ENTRIES |= {f"pad/{n}": ({"k": os.urandom(n)}, {}) for n in (248, 249, 250, 251, 252, 506, 507)}
SECTIONS = ["header", "token slots", "host slots", "index", "tag", "signature", "sum", "records"]


def put(name, fields, labels):
    return ([f"field {k} {v.hex() or '-'}" for k, v in fields.items()] +
            [f"label {k} {v.encode().hex() or '-'}" for k, v in labels.items()] + [f"put {name}"])


def script():
    lines = ["response " + RESPONSE.hex()]
    lines += put("ibkr/live", {"old": b"value"}, {"old": "label"})
    for name, (fields, labels) in ENTRIES.items():
        lines += put("other" if name == "z" else name, fields, labels)
    lines += put("gone", {"x": b"y"}, {}) + ["remove gone", "rename other z"]
    return lines + [line for step in ROTATION for line in step]


def rotate(name, key, value, *verbs):
    return [[f"field {key} {value.hex()}", f"stage {name}"]] + [[f"{verb} {name}"] for verb in verbs]


# One entry in each state, one that went all the way round, and one that came back.
ROTATED = {"rot/staged": (), "rot/verified": ("verify",), "rot/promoted": ("verify", "promote"),
           "rot/revoked": ("promote", "revoke"), "rot/retired": ("promote", "revoke", "retire"),
           "rot/back": ("promote", "rollback"), "rot/aborted": ("abort",)}
ROTATION = [step for name, verbs in ROTATED.items()
            for step in [put(name, {"a": b"kept", "k": b"old"}, {})] + rotate(name, "k", b"new", *verbs)]
ROTATION += [["schedule rot/staged 3mo"], ["schedule - 1y"], ["policy 2y 1"]]
OLD, NEW = {"a": b"kept", "k": b"old"}, {"a": b"kept", "k": b"new"}
HELD = {"staged": (OLD, NEW, {}), "verified": (OLD, NEW, {}), "promoted": (NEW, {}, OLD),
        "revoked": (NEW, {}, OLD), "retired": (NEW, {}, {}), "back": (OLD, NEW, {}), "aborted": (OLD, {}, {})}


def vault_make(folder, mode, lines):
    return subprocess.run([MAKE, folder, mode], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)


def run_reader(folder, response=RESPONSE):
    return subprocess.run([sys.executable, reader.__file__, "--response", "-", "--state", f"{folder}/state",
                           "--host-key", f"{folder}/host.key", f"{folder}/a.tv"],
                          input=response.hex(), text=True, capture_output=True, check=False)


def check_rotation(entries, schedule):
    assert schedule == {"every": "1y", "lead": "14d", "grace": "2d", "mode": 1}, schedule
    for name, e in entries.items():
        kind = name.partition("/")[2]
        held = tuple({k: bytes.fromhex(v) for k, v in e[s].items()} for s in ("values", "staged", "previous"))
        assert held == HELD[kind], (name, held)
        state = {"back": "staged", "retired": None, "aborted": None}.get(kind, kind)
        assert e["rotation"]["state"] == state, (name, e["rotation"])
        assert len(e["history"]) == 1 + len(ROTATED[name]) == e["version"] - 1, (name, e["history"])
        assert {(h["host"], h["why"]) for h in e["history"]} == {("here", "as the script has it")}
        current, other = e["rotation"]["made"], e["rotation"].get("other_made", 0)
        assert (current > other) == (not held[1]), (name, e["rotation"])
        assert e["rotation"]["expires"] > 0 or kind in ("staged", "verified", "back", "aborted")
    staged = entries["rot/staged"]
    assert staged["schedule"] == {"every": "3mo", "lead": "", "grace": "", "mode": 3}, staged["schedule"]
    assert staged["rotation"]["other_expires"] > 0


def check_content(folder):
    r = run_reader(folder)
    assert r.returncode == 0, r.stderr
    got = json.loads(r.stdout)
    assert got["generation"] == 1 + 1 + len(ENTRIES) + 3 + len(ROTATION), got["generation"]
    assert got["policy"] == {"max_age": "2y", "overdue": 1}, got["policy"]
    assert got["trust"] == "verified" and got["signer"] == "here"
    assert [t["name"] for t in got["tokens"]] == ["first"]
    assert got["tokens"][0]["product"] == "Token of Z\u00fcrich"
    assert got["slots"] == [{"kind": 1, "flags": 1, "credential": "c100ff" + "00" * 45}], got["slots"]
    assert [e["name"] for e in got["entries"]] == sorted([*ENTRIES, *ROTATED])
    check_rotation({e["name"]: e for e in got["entries"] if e["name"] in ROTATED}, got["schedule"])
    for e in got["entries"]:
        if e["name"] in ROTATED:
            continue
        fields, labels = ENTRIES[e["name"]]
        assert {k: bytes.fromhex(v) for k, v in e["values"].items()} == fields, e["name"]
        assert e["labels"] == labels, e["name"]
        assert e["version"] == (2 if e["name"] == "ibkr/live" else 1), e["name"]
    r = run_reader(folder, os.urandom(32))
    assert r.returncode != 0 and "commitment" in r.stderr, r.stderr


class Forger:
    """Who may write the file, and has the key of an approved host; but not what the token keeps."""

    def __init__(self, p, key):
        self.p, self.key, h = p, key, reader.header(p)
        ends = [reader.HEADER_LEN]
        for n in (len(h["token_slots"]), len(h["host_slots"]), len(h["index"]), 32, 64, 32, len(h["records"])):
            ends.append(ends[-1] + n)
        self.bounds = dict(zip(SECTIONS, zip([0] + ends, ends)))
        self.meta_end = self.bounds["index"][1]

    def renew(self, p, sign):
        digest = reader.H(p[24:40], "tv1 digest", b"", p[:self.meta_end], 64)
        tag, signature = p[self.meta_end:self.meta_end + 32], p[self.meta_end + 32:self.meta_end + 96]
        if sign:
            message = b"touchvault commit v1" + p[24:40] + digest + tag
            out = ctypes.create_string_buffer(64)
            reader.sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)),
                                               self.key["signing"])
            signature = out.raw
        total = blake2b(digest + tag + signature, digest_size=32).digest()
        return p[:self.meta_end + 32] + signature + total + p[self.meta_end + 128:]

    def flipped(self, at, level):
        p = bytearray(self.p)
        p[at] ^= 1 << (at % 8)
        return bytes(p) if level == 0 else self.renew(bytes(p), level == 2)


def refusal(p, key):
    """Which check refuses p, without state; "" where none does."""
    try:
        reader.read(p, key, {"response": RESPONSE})
    except reader.Refused as e:
        return e.check
    return ""


def expected(section, level):
    """The checks that may be the one to refuse a flip there."""
    if section == "records":
        return {"record-hash"}
    structure = {"header", "slot"} if section in SECTIONS[:3] else set()
    if level == 0:
        return structure | {"sum"}
    if section == "tag":
        return {"signature"} if level == 1 else {"tag"}
    keyed = {"header": {"approved", "seal", "aead", "index", "key"}, "token slots": {"index"},
             "host slots": {"approved", "seal", "index"}, "index": {"aead"}, "signature": set()}[section]
    late = {"signature"} if level == 1 else {"commitment", "aead", "seal", "tag", "signature"}
    return structure | keyed | late


def check_flips(forger):
    """Every byte of what the tag covers, and some of the records, at three levels: as it is; with the
    checksum renewed; with the signature renewed as well. In the last, nothing but keys is left."""
    count, seen = 0, set()
    for section, (start, end) in forger.bounds.items():
        step = 997 if section == "records" else 1
        for at in range(start, end, step):
            for level in range(3):
                if (section, level) in (("sum", 1), ("sum", 2), ("signature", 2)):
                    continue # renewing makes it whole again
                check = refusal(forger.flipped(at, level), forger.key)
                assert check in expected(section, level), (section, at - start, level, check)
                seen.add(check)
                count += 1
    assert {"sum", "signature", "tag", "seal", "aead", "commitment", "record-hash"} <= seen, seen
    return count


def check_both(folder, forger):
    """touchvault refuses what reader.py refuses, and nothing else. Without state, so that not the mark does it."""
    state = pathlib.Path(folder, "state")
    count = 0
    for section, (start, end) in forger.bounds.items():
        for at in sorted({start, (start + end) // 2, end - 1}):
            for level in range(3):
                p = forger.flipped(at, level)
                pathlib.Path(folder, "a.tv").write_bytes(p)
                state.unlink(missing_ok=True)
                r = vault_make(folder, "open", ["response " + RESPONSE.hex()])
                refused = r.returncode == 1 and r.stderr.startswith("vault_make: ")
                where = (section, at - start, level, r.returncode, r.stderr)
                assert refused == bool(refusal(p, forger.key)) and r.returncode in (0, 1), where
                assert refused or r.returncode == 0, where
                count += 1
    return count


def check_host_files(folder, binding):
    """Every byte counts in the host's files, too."""
    p = reader.load(f"{folder}/host.key")
    key = reader.host_key(p, binding)
    state = reader.load(f"{folder}/state")
    vaults, paths = reader.host_state(state, key["state"])
    assert [os.path.basename(path) for path in paths] == [b"a.tv"] and list(paths.values()) == list(vaults)
    for whole, read in (p, lambda q: reader.host_key(q, binding)), (state, lambda q: reader.host_state(q, key["state"])):
        for at in range(len(whole)):
            q = bytearray(whole)
            q[at] ^= 1 << (at % 8)
            try:
                read(bytes(q))
            except reader.Refused:
                continue
            raise AssertionError(f"byte {at} of a host file may change")
    return key


def check_audit(folder, key, vault):
    """touchvault wrote the log that FORMAT.md describes: a line for each thing done, none of which may change."""
    h = reader.header(vault)
    slot, = reader.token_slots(h["token_slots"], h["tokens"])
    v = reader.unwrap(h, slot, RESPONSE, b"")[1]
    path = f"{folder}/audit/{h['vault_id'].hex()}"
    log, state = reader.load(path + ".log"), reader.load(path + ".key")
    lines = audit.prove(h["vault_id"], v, log, state)
    got = [(e["event"], *audit.names(h["vault_id"], key["seed"], e)) for e in lines]
    assert got[:3] == [("begin", "", ""), ("seal", "", ""), ("create", "first", "")], got
    commits = [g for g in got[3:] if g[0] != "read"]
    assert commits[0::2] == [("unlock", "first", "")] * (h["gen"] - 1), got
    assert {g[:2] for g in commits[1::2]} == {("change", "first")}, got
    assert set(ENTRIES) - {"z"} | {"other", "gone"} <= {g[2] for g in commits}, got
    assert [e["gen"] for e in lines if e["event"] == "change"] == list(range(2, h["gen"] + 1)), lines
    for whole, which in (log, 0), (state, 1):
        for at in range(len(whole)):
            changed = [log, state]
            changed[which] = whole[:at] + bytes([whole[at] ^ 1 << at % 7]) + whole[at + 1:]
            try:
                audit.prove(h["vault_id"], v, *changed)
            except (reader.Refused, ValueError):
                continue
            raise AssertionError(f"byte {at} of the audit {('log', 'state')[which]} may change")
    return len(lines)


def check_lengths(forger):
    for n in [*range(0, 700, 7), forger.meta_end, len(forger.p) - 1]:
        assert refusal(forger.p[:n], forger.key), n
    assert refusal(forger.p + b"\0", forger.key) == "header"


def main():
    with tempfile.TemporaryDirectory() as folder:
        r = vault_make(folder, "make", script())
        assert r.returncode == 0, r.stderr
        check_content(folder)
        try:
            binding = reader.machine_binding(reader.load("/etc/machine-id", "r"))
        except FileNotFoundError:
            binding = reader.machine_binding(None)
        key = check_host_files(folder, binding)
        logged = check_audit(folder, key, reader.load(f"{folder}/a.tv"))
        forger = Forger(reader.load(f"{folder}/a.tv"), key)
        assert refusal(forger.p, key) == ""
        assert refusal(forger.renew(forger.p, True), key) == ""
        check_lengths(forger)
        flips, both = check_flips(forger), check_both(folder, forger)
    print(f"{len(ENTRIES)} entries read; {flips} flips refused; touchvault agrees on {both}; "
          f"{logged} lines of the audit log proven")


if __name__ == "__main__":
    main()
