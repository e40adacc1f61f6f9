# SPDX-License-Identifier: BSD-2-Clause
"""What is kept from a host that isn't approved, or is no more, is kept by keys and
not by an `if`: here the attacker is the second reader, which asks nobody, with
everything that he could have."""
from harness import *

import base64
import ctypes
import itertools
import sys
from hashlib import blake2b

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vectors"), os.path.join(HERE, "..", "fault")]
import reader  # noqa: E402
from memory import host_secrets, vault_secrets  # noqa: E402
from primitives import H, Refused, aead_open, le64, public_of, seal_open, sodium  # noqa: E402

NAME, SECRET = "ibkr/CANARY-NAME", b"CANARY-4711-SECRET"


def sealed(plain, pk):
    out = ctypes.create_string_buffer(len(plain) + 48)
    assert sodium.crypto_box_seal(out, plain, ctypes.c_ulonglong(len(plain)), pk) == 0
    return out.raw


def signed(message, sk):
    out = ctypes.create_string_buffer(64)
    sodium.crypto_sign_detached(out, None, message, ctypes.c_ulonglong(len(message)), sk)
    return out.raw


def aead_seal(key, ad, plain):
    nonce, out, n = os.urandom(24), ctypes.create_string_buffer(len(plain) + 16), ctypes.c_ulonglong()
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, ctypes.byref(n), plain, ctypes.c_ulonglong(len(plain)), ad, ctypes.c_ulonglong(len(ad)), None, nonce, key)
    return nonce + out.raw


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

    def answer(self):
        """The token in hand: what Debian's own tool gets from it for the vault's salt."""
        h = self.header(self.home)
        slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
        lines = [base64.b64encode(os.urandom(32)), b"touchvault:", base64.b64encode(slot["credential"]),
                 base64.b64encode(H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32))]
        path = os.path.join(self.dir, "assert.in")
        with open(path, "wb") as f:
            f.write(b"\n".join(lines) + b"\n")
        out = subprocess.run(["setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, self.t.path],
                             capture_output=True, check=True).stdout.splitlines()
        return base64.b64decode(out[-1])

    def file(self, home):
        with open(home.vault, "rb") as f:
            return f.read()

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
        p = self.file(home)
        for text in (NAME.encode(), b"CANARY", SECRET, b"desk", b"secret"):
            for form in (text, text.hex().encode(), base64.b64encode(text)[:-4]):
                self.assertNotIn(form, p) if len(form) > 3 else None


class NotApproved(Attacks):
    def foreign(self):
        """A host key that some other vault knows, and this one doesn't."""
        other = Home(os.path.join(self.dir, "other"))
        self.ok(other.run("--device", self.t.path, "--vault", "own", "init"))
        copy_vault(self.home.vault, other.vault)
        return other

    def test_token_vault_and_foreign_host_key_open_nothing(self):
        other = self.foreign()
        h = self.header(other)
        key, secrets = host_secrets(other)
        with open(other.vault.replace("default", "own"), "rb") as f:
            own = reader.header(f.read())
        b, _ = reader.open_index(own, key)
        known = {**secrets, **self.by_token(h), "B of another vault": b, "nothing": bytes(32),
                 "salt": h["salt"], "tag": h["tag"]}
        self.assertEqual(self.all_that_opens(h, known, self.truth(self.home)), set())
        self.in_clear(other)
        # The same search with the key of the approved host finds everything.
        known.update(host_secrets(self.home)[1])
        found = self.all_that_opens(h, known, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index", "an entry"})

    def test_approved_host_without_the_token_has_names_only(self):
        h = self.header(self.home)
        known = {**host_secrets(self.home)[1], "nothing": bytes(32), "salt": h["salt"]}
        found = self.all_that_opens(h, known, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index"})

    def test_a_slot_of_its_own_helps_nothing(self):
        """Written into the file in the place of the approved one, and all sums and
        signatures made anew: the shipped program finds its slot, and is no further."""
        other = self.foreign()
        key, _ = host_secrets(other)
        h, p = self.header(other), bytearray(self.file(other))
        own = H(h["vault_id"], "tv1 host id", b"", key["hpk"] + key["hvk"], 16)
        at = reader.HEADER_LEN + len(h["token_slots"])
        p[at:at + 136] = own + sealed(h["vault_id"] + le64(h["gen"]) + own + os.urandom(32), key["hpk"])
        p[96:112] = own
        digest_ = H(h["vault_id"], "tv1 digest", b"", bytes(p[:len(h["meta"])]), 64)
        signature = signed(b"touchvault commit v1" + h["vault_id"] + digest_ + h["tag"], key["signing"])
        end = len(h["meta"])
        p[end + 32:end + 96] = signature
        p[end + 96:end + 128] = blake2b(digest_ + h["tag"] + signature, digest_size=32).digest()
        with open(other.vault, "wb") as f:
            f.write(p)
        for args in (["list"], ["get", NAME], ["--accept-rollback", "get", NAME]):
            self.refused(other.run("--device", self.t.path, *args), 31)


class Revoked(Attacks):
    def setUp(self):
        super().setUp()
        self.laptop, self.phone = self.approve("laptop"), self.approve("phone")
        copy_vault(self.phone.vault, self.laptop.vault)
        self.ok(self.laptop.run("--device", self.t.path, "get", NAME))
        # A memory image of a session in which it was unlocked, and all its files.
        self.kept = vault_secrets(self.laptop, self.response)
        self.ok(self.home.run("--device", self.t.path, "host", "revoke", "laptop"))
        copy_vault(self.home.vault, self.phone.vault)
        self.ok(self.phone.run("--device", self.t.path, "get", NAME))

    def test_what_it_kept_opens_nothing_new(self):
        h, truth = self.header(self.home), self.truth(self.home)
        old, _ = self.header(self.laptop), self.kept
        self.assertGreater(h["gen"], old["gen"])
        self.assertTrue(self.all_that_opens(old, self.kept, self.truth(self.laptop)))
        # The token's half is not what keeps it out: V and the slot's key lead to the new A.
        known = {**self.kept, "new A": self.by_token(h)["A"], "nothing": bytes(32)}
        self.assertEqual(self.all_that_opens(h, known, truth), set())
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))

    def forge(self, home, signer=None, certify=None):
        """A generation of home's copy, made anew with the keys kept in memory: by
        another signer's name, or with a certificate of its own making."""
        secrets, (key, _) = vault_secrets(home, self.response), host_secrets(home)
        h, p = self.header(home), bytearray(self.file(home))
        x = reader.open_index(h, key)[1]
        place = h["vault_id"] + le64(h["gen"])
        own = next(e for e in x["hosts"] if e["hvk"] == key["hvk"])
        if certify is not None:
            plain = bytearray(aead_open(secrets["index key"], place, h["index"], "index"))
            at = plain.index(own["cert"])
            self.assertEqual(plain[at - 3], own["cert_gen"])
            plain[at - 3] = h["gen"]
            plain[at:at + 64] = signed(b"touchvault host v1" + h["vault_id"] + own["host_id"] + le64(h["gen"]) +
                                       own["hpk"] + own["hvk"], certify)
            p[len(h["meta"]) - len(h["index"]):len(h["meta"])] = aead_seal(secrets["index key"], place, bytes(plain))
        if signer is not None:
            p[96:112] = next(e["host_id"] for e in x["hosts"] if e["name"] == signer)
        digest_ = H(h["vault_id"], "tv1 digest", b"", bytes(p[:len(h["meta"])]), 64)
        tag = H(h["vault_id"], "tv1 tag", secrets["file tag key"], digest_, 32)
        signature = signed(b"touchvault commit v1" + h["vault_id"] + digest_ + tag, key["signing"])
        total = blake2b(digest_ + tag + signature, digest_size=32).digest()
        p[len(h["meta"]):len(h["meta"]) + 128] = tag + signature + total
        return bytes(p)

    def taken(self, home, p):
        with open(home.vault, "rb") as f:
            before = f.read()
        with open(home.vault, "wb") as f:
            f.write(p)
        result = home.run("--device", self.t.path, "get", NAME)
        self.clean(result)
        if result.status != 0:
            with open(home.vault, "wb") as f:
                f.write(before)
        return result.status

    def newer(self, home):
        for _ in range(3):
            self.ok(home.run("--device", self.t.path, "edit", NAME, "--label", "a=b"))

    def test_its_forgeries(self):
        self.newer(self.laptop)
        key, _ = host_secrets(self.laptop)
        for victim in (self.home, self.phone):
            for options in ({}, {"signer": "desk"}, {"signer": "phone"}, {"certify": key["signing"]}):
                with self.subTest(options):
                    self.assertEqual(self.taken(victim, self.forge(self.laptop, **options)), 31)

    def test_the_forger_is_good_enough(self):
        """By a host that is approved the same work is taken, so it is the signer alone
        that the others are refused for."""
        self.newer(self.phone)
        self.assertEqual(self.taken(self.home, self.forge(self.phone, signer="desk")), 31)
        self.assertEqual(self.taken(self.home, self.forge(self.phone)), 0)
        desk, _ = host_secrets(self.home)
        self.newer(self.phone)
        self.assertEqual(self.taken(self.home, self.forge(self.phone, certify=desk["signing"])), 0)


if __name__ == "__main__":
    unittest.main()
