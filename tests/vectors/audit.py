# SPDX-License-Identifier: BSD-2-Clause
"""A second reader of audit logs, after vault/FORMAT.md; see reader.py."""
import base64
import re
import struct
from hashlib import blake2b

from primitives import H, Refused, aead_open, le64, require, same, unpad

NUMBER, WORD = r"(0|[1-9][0-9]*)", r'"([a-z0-9-]{0,32})"'
LINE = re.compile(rf'(\{{"seq":{NUMBER},"time":{NUMBER},"event":{WORD},"command":{WORD},"code":{WORD},"gen":{NUMBER},'
                  r'"box":"([A-Za-z0-9+/=]{0,400})"),"mac":"([0-9a-f]{64})"\}')


def parse(text):
    match = LINE.fullmatch(text)
    require(match is not None, "audit line", text)
    covered, seq, time, event, command, code, gen, box, mac = match.groups()
    return {"text": text.encode(), "covered": covered.encode(), "seq": int(seq), "time": int(time), "event": event,
            "command": command, "code": code, "gen": int(gen), "box": base64.b64decode(box),
            "mac": bytes.fromhex(mac)}


def state(p):
    require(len(p) == 144 and p[:8] == b"TVAUDK1\n", "audit state", "length or magic")
    require(blake2b(p[:112], digest_size=32).digest() == p[112:], "audit state", "sum")
    seq, end, k, prev, anchor, flags, zero = struct.unpack("<QQ32s32s16sB7s", p[8:112])
    require(flags & ~3 == 0 and zero == bytes(7), "audit state", "flags")
    return {"seq": seq, "end": end, "k": k, "prev": prev, "anchor": anchor, "flags": flags}


def state_bytes(seq, end, k, prev, anchor, flags):
    p = b"TVAUDK1\n" + struct.pack("<QQ32s32s16sB7x", seq, end, k, prev, anchor, flags)
    return p + blake2b(p, digest_size=32).digest()


def names(vault_id, seed, line):
    if line["event"] in ("begin", "seal") or not line["box"]:
        return ["", ""]
    key = H(vault_id, "tv1 audit names", seed, b"", 32)
    plain = unpad(aead_open(key, le64(line["seq"]), line["box"], "audit names"), 64, "audit names")
    require(plain.endswith(b"\0") and plain.count(b"\0") == 2, "audit names", "form")
    return plain.decode().split("\0")[:2]


def prove(vault_id, v, p, state_bytes):
    """All lines, of a log of one file that lacks nothing; each as parse gives it."""
    require(p.endswith(b"\n"), "audit log", "the last line is torn")
    lines = [parse(line) for line in p.decode("ascii").split("\n")[:-1]]
    require(lines[0]["event"] == "begin" and lines[0]["seq"] == 1, "audit log", "how it begins")
    k, prev, opened = None, bytes(32), True
    for n, line in enumerate(lines, 1):
        require(line["seq"] == n, "audit log", f"line {n} has number {line['seq']}")
        if line["event"] == "seal":
            ad = le64(n) + line["code"].encode()
            box = aead_open(H(vault_id, "tv1 audit seal", v, b"", 32), ad, line["box"], "seal")
            require(line["code"] in ("", "seen")[:1 if k is None else 2], "audit log", "begins anew")
            require(k in (None, box), "audit log", f"the seal of line {n} is of another key")
            k = box
        if k is not None:
            mac = H(vault_id, "tv1 audit mac", k, prev + line["covered"], 32)
            require(same(mac, line["mac"]), "audit log", f"line {n}")
            k = H(vault_id, "tv1 audit next", k, b"", 32)
        opened = opened and line["event"] != "seal"
        prev = H(vault_id, "tv1 audit line", b"", prev + line["text"], 32) if opened else bytes(32)
    s = state(state_bytes)
    if (s["seq"], s["end"], s["k"], s["prev"]) != (len(lines) + 1, len(p), k, prev):
        raise Refused("audit state", "is not of the end of the log")
    require(s["anchor"] == H(vault_id, "tv1 audit anchor", v, b"", 16), "audit state", "anchor")
    return lines
