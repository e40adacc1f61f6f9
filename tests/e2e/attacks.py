# SPDX-License-Identifier: BSD-2-Clause
"""What an attacker can do who has read FORMAT.md. What is kept from him is kept by keys
and not by an `if`: so he is the second reader, which asks nobody, and the writer
below, with everything that he could have."""
from harness import *

import base64
import itertools
import shutil
import sys
from hashlib import blake2b

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vectors"), os.path.join(HERE, "..", "fault")]
import reader  # noqa: E402
from memory import host_secrets, vault_secrets  # noqa: E402
import writer  # noqa: E402
from primitives import (H, Refused, aead_open, aead_seal, le64, public_of, seal, seal_open,  # noqa: E402,F401
                        sign)

NAME, SECRET = "ibkr/CANARY-NAME", b"CANARY-4711-SECRET"


def mended(p, tag_key=None, signing=None):
    """A file that was changed, with a sum that is right again, which takes no key, and with
    tag and signature where there is a key for them."""
    h = reader.header(bytes(p))
    digest_ = H(h["vault_id"], "tv1 digest", b"", h["meta"], 64)
    tag = h["tag"] if tag_key is None else H(h["vault_id"], "tv1 tag", tag_key, digest_, 32)
    signature = h["signature"]
    if signing is not None:
        signature = sign(b"touchvault commit v1" + h["vault_id"] + digest_ + tag, signing)
    total = blake2b(digest_ + tag + signature, digest_size=32).digest()
    return h["meta"] + tag + signature + total + h["records"]


def next_generation(p, key, v, field, value, name=None):
    """A generation after p, written by who has a host's key and V, or what he takes for it. No touch
    tells him A, so he chooses both shares; then he knows all keys. In each entry is what he wants."""
    vault = writer.Vault(p, key, v=v)
    for e in vault.x["entries"]:
        e |= {"plain": writer.cbor([{field: value}, {}, {}]), "name": name or e["name"]}
    return vault.write(vault.gen + 1, key)


def opens(function, *args):
    try:
        return function(*args)
    except Refused:
        return None


class Attacks(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t, None, "--host-name", "desk")
        self.add(self.t, NAME, {"secret": SECRET.decode()})
        self.response = self.answer()

    def answer(self, wrap=()):
        """The token in hand: what Debian's own tool gets from it for the vault's salt."""
        h = self.header(self.home)
        slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
        lines = [base64.b64encode(os.urandom(32)), b"touchvault:", base64.b64encode(slot["credential"]),
                 base64.b64encode(H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32))]
        path = os.path.join(self.dir, "assert.in")
        with open(path, "wb") as f:
            f.write(b"\n".join(lines) + b"\n")
        out = subprocess.run([*wrap, "setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, self.t.path],
                             capture_output=True, check=True).stdout.splitlines()
        return base64.b64decode(out[-1])

    def file(self, home):
        with open(home.vault, "rb") as f:
            return f.read()

    def put(self, p, home=None):
        with open((home or self.home).vault, "wb") as f:
            f.write(p)

    def header(self, home):
        return reader.header(self.file(home))

    def approve(self, name, by=None):
        by, home = by or self.home, Home(os.path.join(self.dir, name))
        made = json.loads(self.ok(home.run("host", "request", "--name", name, "--json")).out)
        self.ok(by.run("--device", self.t.path, "host", "approve", "--fingerprint", made["fingerprint"],
                       stdin=made["request"].encode()))
        copy_vault(by.vault, home.vault)
        self.ok(home.run("--device", self.t.path, "get", NAME))
        return home

    def by_token(self, h):
        """What the token's answer alone opens: the slot's key, V and A."""
        slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
        ssk, v = reader.unwrap(h, slot, self.response, b"")
        place = h["vault_id"] + le64(h["gen"]) + slot["id"]
        return {"response": self.response, "ssk": ssk, "V": v,
                "A": seal_open(slot["sealed_a"], public_of(ssk), ssk, place, "token slot")}

    def all_that_opens(self, h, known, truth):
        """Every key of the format from every key that is known, on every part of the
        file. truth: where the entries are, which only the index tells; given for
        nothing. Returns the parts that opened."""
        keys = {n: k for n, k in known.items() if len(k) == 32}
        gen, place, found = le64(h["gen"]), h["vault_id"] + le64(h["gen"]), set()
        slots = [h["host_slots"][i:i + 136] for i in range(0, len(h["host_slots"]), 136)]
        for (n, k), slot in itertools.product(keys.items(), slots):
            b = opens(seal_open, slot[16:], public_of(k), k, place + slot[:16], "host slot")
            if b is not None:
                found.add(f"a host slot, by {n}")
                keys = {**keys, "B of the file": b}
        derived = dict(keys)
        for n, k in keys.items():
            derived[f"index key of {n}"] = H(h["vault_id"], "tv1 index", k, gen, 32)
        for (n, v), (m, a), (o, b) in itertools.product(keys.items(), repeat=3):
            derived[f"master of {n}, {m}, {o}"] = H(h["vault_id"], "tv1 master", v, a + b + gen, 32)
        for n, k in derived.items():
            if opens(aead_open, k, place, h["index"], "index") is not None:
                found.add(f"the index, by {n}")
            at = 0
            for e in truth["entries"]:
                record = h["records"][at:at + e["record_len"]]
                at += e["record_len"]
                ad = h["vault_id"] + gen + e["entry_id"] + le64(e["version"])
                entry_key = H(h["vault_id"], "tv1 entry", k, e["entry_id"] + le64(e["version"]), 32)
                for candidate in (k, entry_key):
                    if opens(aead_open, candidate, ad, record, "entry") is not None:
                        found.add(f"an entry, by {n}")
        return found

    def truth(self, home):
        key, _ = host_secrets(home)
        return reader.open_index(self.header(home), key)[1]

    def in_clear(self, home):
        """Nothing of it stands in the file as it is, or in hex or base64."""
        self.nothing_in(self.file(home))

    def nothing_in(self, p):
        for text in (NAME.encode(), b"CANARY", SECRET, b"desk", b"secret"):
            for form in (text, text.hex().encode(), base64.b64encode(text)[:-4]):
                self.assertNotIn(form, p) if len(form) > 3 else None


class Row(Attacks):
    """readme, manual: what those say to it: how the row begins, and words that it must have."""

    readme = manual = None

    def on(self, home, *args, **kwargs):
        return home.run("--device", self.t.path, *args, **kwargs)

    def edit(self, value, home=None):
        self.ok(self.on(home or self.home, "edit", NAME, "--field", "secret=-", stdin=value))

    def gets(self, home, value, *options):
        result = self.ok(self.on(home, *options, "get", NAME))
        self.assertEqual(result.out, value)
        return result

    def touches(self):
        """How often a finger was on the token."""
        return self.t.frames().count("event touched")

    def asked(self):
        return len(self.t.transactions())

    def thief(self, *left_out):
        """A copy of the home, on the same machine."""
        home = Home(os.path.join(self.dir, "thief"))
        copy_vault(self.home.vault, home.vault)
        shutil.copytree(os.path.dirname(self.home.state), os.path.dirname(home.state))
        for path in left_out:
            os.unlink(path.replace(self.home.dir, home.dir))
        return home

    def no_name(self, result):
        for stream in (result.out, result.err, result.tty):
            self.assertNotIn(b"CANARY", stream)
            self.assertNotIn(b"desk", stream)

    def begun(self, home, *args, wrap=(), env=None):
        """A program that waits for the touch, without a terminal."""
        process = subprocess.Popen([*wrap, *home.command("--device", self.t.path, *args)],
                                   env={**home.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   cwd=home.dir)
        for clean in (process.stdout.close, process.stderr.close, process.wait, process.kill):
            self.addCleanup(clean)
        self.assertIn(b"Touch the ", process.stderr.readline())
        return process

    def ended(self, process):
        out, err = process.communicate(timeout=60)
        return Result(process.returncode, out, err)
