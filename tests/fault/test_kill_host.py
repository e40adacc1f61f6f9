# SPDX-License-Identifier: BSD-2-Clause
"""Killed at every system call of a change of the hosts: the vault opens, and the
command, repeated, does what it was to do."""
from faults import *

import re
import signal
import unittest

from test_kill import points


class KilledHost(FaultCase):
    def setUp(self):
        super().setUp()
        self.laptop = Home(os.path.join(self.dir, "laptop"))
        made = json.loads(self.ok(self.laptop.run("host", "request", "--name", "laptop", "--json")).out)
        self.approve = Change("approve", ["host", "approve", "--fingerprint", made["fingerprint"]],
                              made["request"].encode(), BEFORE)
        self.revoke = Change("revoke", ["host", "revoke", "laptop"], b"", BEFORE)
        self.rekey = Change("rekey", ["host", "rekey"], b"", BEFORE)

    def killed(self, change, check, first=None):
        """Kill, do what is to be done first, check, and put everything back."""
        self.save()
        path = commit_path(self.calls_of(change))
        self.assertGreater(len([c for c in path if c.changes_a_file()]), 10, path)
        for call in points(path, FULL):
            with self.subTest(killed_at=str(call)):
                result = self.change(change, wrap=self.strace(
                    "-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(result.status, -signal.SIGKILL, result)
                if first is not None:
                    first()
                self.assertEqual(self.holds(BEFORE), BEFORE)
                self.log_is_whole()
                check()
            self.restore()

    def hosts(self):
        listed = json.loads(self.ok(self.home.run("host", "list", "--json")).out)["hosts"]
        return [h["name"] for h in listed]

    def show(self):
        return json.loads(self.ok(self.home.run("host", "show", "--json")).out)

    def opens_on_the_laptop(self, path=None):
        os.makedirs(os.path.dirname(self.laptop.vault), 0o700, exist_ok=True)
        shutil.copy(path or self.home.vault, self.laptop.vault)
        result = self.laptop.run("list")
        self.assertIn(result.status, (0, 20), result)
        return result.status == 0

    def test_approve(self):
        seen = set()

        def check():
            seen.add(self.opens_on_the_laptop())
            again = self.change(self.approve)
            self.assertEqual(again.status, 4 if self.opens_on_the_laptop() and again.status else 0, again)
            self.assertTrue(self.opens_on_the_laptop())

        self.killed(self.approve, check)
        self.assertEqual(seen, {True, False})

    def test_revoke(self):
        """And once it is out, nothing that opens on the laptop is beside the vault."""
        self.ok(self.change(self.approve))
        # So that the generation before opens there, too.
        self.ok(self.home.run(*self.device, "host", "label", "laptop", "on the road"))
        self.assertTrue(self.opens_on_the_laptop(self.home.vault + ".prev"))
        seen = set()

        def check():
            was_in = self.opens_on_the_laptop()
            seen.add(was_in)
            if not was_in:
                self.assertEqual([p for p in self.besides() if self.opens_on_the_laptop(p)], [])
            again = self.change(self.revoke)
            self.assertEqual(again.status, 0 if was_in else 3, again)
            self.assertFalse(self.opens_on_the_laptop())

        self.killed(self.revoke, check)
        self.assertEqual(seen, {True, False})

    def test_the_generation_before_is_gone_before_the_new_one_is_in_place(self):
        """On the disk, too: else a power cut could bring it back."""
        self.ok(self.change(self.approve))
        self.save()
        texts = [c.text for c in commit_path(self.calls_of(self.revoke))]
        gone = next(i for i, t in enumerate(texts) if re.match(r'unlinkat\(\d+, "default.tv.prev"', t))
        place = next(i for i, t in enumerate(texts) if re.match(r'renameat\(\d+, "default.tv.tmp"', t))
        directory = re.match(r"unlinkat\((\d+),", texts[gone])[1]
        self.assertIn(f"fsync({directory})", texts[gone:place])
        self.assertIn(f"fsync({directory})", texts[place:])

    def test_token_remove(self):
        """Once it is out, nothing that it opens is beside the vault."""
        spare, copy = self.token("spare"), self.home.vault.replace("default", "copy")
        self.ok(self.home.run(*self.device, "token", "add", "spare", "--new-device", spare.path))
        self.ok(self.home.run(*self.device, "token", "rename", "spare", "other"))
        remove = Change("token remove", ["token", "remove", "other"], b"", BEFORE)
        seen = set()

        def opens(path):
            shutil.copy(path, copy)
            result = self.home.run("--vault", copy, "--device", spare.path, "--accept-rollback", "get", "kept", "k")
            os.unlink(copy)
            return result.status == 0

        self.assertTrue(opens(self.home.vault + ".prev"))

        def check():
            tokens = json.loads(self.ok(self.home.run("token", "list", "--json")).out)["tokens"]
            seen.add(len(tokens))
            if len(tokens) == 1:
                self.assertEqual([p for p in self.besides() if opens(p)], [])

        self.killed(remove, check)
        self.assertEqual(seen, {1, 2})

    def test_rekey(self):
        """Either key works, or both do, and the same command goes on from there."""
        seen = set()

        def check():
            seen.add(self.show()["rekeying"])
            old = self.first_key()
            self.ok(self.change(self.rekey))
            self.still_takes_a_change(BEFORE)
            self.assertFalse(self.show()["rekeying"])
            self.assertFalse(os.path.exists(self.home.host_key + ".new"))
            self.assertTrue(json.loads(self.ok(self.home.run("status", "--json")).out)["verified"])
            # The key from before the kill is out for good.
            with open(self.home.host_key, "wb") as f:
                f.write(old)
            self.refused(self.home.run("list"), 20)

        self.killed(self.rekey, check)
        self.assertEqual(seen, {True, False})

    def test_rekey_goes_on_at_once(self):
        """With nothing read in between, which would note what the kill kept from being noted."""
        def check():
            self.assertFalse(self.show()["rekeying"])
            self.assertTrue(json.loads(self.ok(self.home.run("status", "--json")).out)["verified"])

        self.killed(self.rekey, check, lambda: self.ok(self.change(self.rekey)))

    def first_key(self):
        with open(os.path.join(self.saved, os.path.relpath(self.home.host_key, self.home.dir)), "rb") as f:
            return f.read()

    def test_rekey_of_two_vaults(self):
        """The old key goes only when neither of them needs it."""
        self.ok(self.home.run(*self.device, "--vault", "two", "init"))
        self.ok(self.home.run(*self.device, "--vault", "two", "add", "k", "--field", "x=-", stdin=b"TWO"))
        self.ok(self.change(self.rekey))
        last = Change("rekey two", ["--vault", "two", "host", "rekey"], b"", BEFORE)

        def opens():
            for vault, name, value in (("default", "kept", KEPT), ("two", "k", b"TWO")):
                self.assertEqual(self.ok(self.home.run(*self.device, "--vault", vault, "get", name)).out, value)

        def check():
            opens()
            if self.show()["rekeying"]:
                self.ok(self.change(last))
            self.assertFalse(os.path.exists(self.home.host_key + ".new"))
            opens()

        self.killed(last, check)


if __name__ == "__main__":
    unittest.main()
