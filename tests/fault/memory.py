# SPDX-License-Identifier: BSD-2-Clause
"""What lies in the memory of a process, and whether it may."""
import os
import re
import sys
from hashlib import blake2b

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "vectors"))
import reader  # noqa: E402
from primitives import H, le64, public_of, seal_open  # noqa: E402

HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$")
PIECE = 16  # a secret counts as found if this many bytes of it in a row are


class Hit:
    """A piece of a secret in a mapping."""

    def __init__(self, secret, mapping, offset, locked):
        self.secret, self.mapping, self.offset, self.locked = secret, mapping, offset, locked

    def __repr__(self):
        return f"{self.secret} in {self.mapping} +{self.offset:#x}{' (locked)' if self.locked else ''}"


def mappings(pid):
    """(start, end, name, locked) of what can be read."""
    found = []
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            head = HEAD.match(line)
            if head:
                found.append([int(head[1], 16), int(head[2], 16), f"{head[4] or 'anonymous'} {head[3]}", False])
            elif line.startswith("VmFlags:") and "lo" in line.split():
                found[-1][3] = True
    return [m for m in found if " r" in m[2]]


def pieces(secret):
    """Parts of it that are looked for each by itself. The ends are left out of
    a key, because X25519 changes bits there."""
    last = len(secret) - PIECE
    return {secret[i:i + PIECE] for i in {min(8, last), last // 2, max(0, last - 8)}}


def search(pid, secrets):
    """Every hit of {name: bytes} in a process that stands still."""
    hits = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name, locked in mappings(pid):
            try:
                memory.seek(start)
                content = memory.read(end - start) or b""
                while len(content) < end - start:
                    more = memory.read(end - start - len(content))
                    if not more:
                        break
                    content += more
            except (OSError, OverflowError, ValueError):
                continue  # the kernel's own pages
            for secret, value in secrets.items():
                for piece in pieces(value) if len(value) > PIECE else {value}:
                    at = content.find(piece)
                    if at >= 0:
                        hits.append(Hit(secret, name, at, locked))
    return hits


def host_secrets(home, unseal=None):
    """Of the host key, by the second reader."""
    try:
        with open("/etc/machine-id") as f:
            binding = reader.machine_binding(f.read())
    except FileNotFoundError:
        binding = reader.machine_binding(None)
    with open(home.host_key, "rb") as f:
        key = reader.host_key(f.read(), binding, unseal)
    return key, {"host seed": key["seed"], "host box key": key["hsk"], "host signing key": key["signing"][:32],
                 "host state key": key["state"]}


def vault_secrets(home, response):
    """All keys that the response and this host's key lead to."""
    key, secrets = host_secrets(home)
    with open(home.vault, "rb") as f:
        h = reader.header(f.read())
    slots = reader.token_slots(h["token_slots"], h["tokens"])
    b, x = reader.open_index(h, key)
    ssk, v = reader.unwrap(h, slots[0], response, b"")
    kek = H(h["vault_id"], "tv1 slot kek", response, b"", 64)[:32]
    place = h["vault_id"] + le64(h["gen"]) + slots[0]["id"]
    a = seal_open(slots[0]["sealed_a"], public_of(ssk), ssk, place, "token slot")
    master = H(h["vault_id"], "tv1 master", v, a + b + le64(h["gen"]), 32)
    secrets.update({"response": response, "slot KEK": kek, "slot key": ssk, "V": v, "A": a, "B": b, "M": master,
                    "index key": H(h["vault_id"], "tv1 index", b, le64(h["gen"]), 32),
                    "file tag key": H(h["vault_id"], "tv1 file tag", master, b"", 32)})
    for e in x["entries"]:
        name = e["name"]
        secrets[f"entry key of {name}"] = H(h["vault_id"], "tv1 entry", master,
                                            e["entry_id"] + le64(e["version"]), 32)
    return secrets


def canary(name, length):
    """Text that is nowhere else, and no part of which is like another."""
    text, i = "", 0
    while len(text) < length:
        text += blake2b(f"CANARY {name} {i}".encode(), digest_size=32).hexdigest()
        i += 1
    return text[:length].encode()
