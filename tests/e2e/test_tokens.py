# SPDX-License-Identifier: BSD-2-Clause
"""Several tokens: any of them opens, a spare can be added, tested, refreshed and
removed, and nothing ever locks a person out."""
from harness import *

import re

ROOT = unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: plugging tokens in takes root")
OPEN = ["INIT", "CBOR getInfo"]
ASK = ["CBOR clientPIN.getKeyAgreement", "CBOR getAssertion"]


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.first = self.token("first")
        self.new_vault(self.first)
        self.add(self.first, "k", {"secret": "CANARY"})

    def tokens(self, token, *args, **kwargs):
        return self.home.run("--device", token.path, "token", *args, **kwargs)

    def add_token(self, name, by=None, **options):
        new = self.token(name.replace(" ", "-"), **options)
        self.ok(self.tokens(by or self.first, "add", name, "--new-device", new.path))
        return new

    def get(self, token):
        return self.home.run("--device", token.path, "get", "k")

    def untouched(self, result):
        self.assertNotIn(b"Touch the ", result.err + result.shown)

    def names(self, token=None):
        out = self.ok(self.tokens(token or self.first, "list", "--json")).out
        return [t["name"] for t in json.loads(out)["tokens"]]

    def entry(self):
        return json.loads(self.ok(self.home.run("show", "k", "--json")).out)


class Several(Tokens):
    def test_any_enrolled_token_opens(self):
        second = self.add_token("second")
        third = self.add_token("third", by=second)
        for token in (self.first, second, third):
            self.assertEqual(self.ok(self.get(token)).out, b"CANARY")
        self.refused(self.get(self.token("stranger")), 11)
        self.assertEqual(self.names(), ["first", "second", "third"])

    def test_changes_by_one_open_with_the_other(self):
        second = self.add_token("second")
        self.add(second, "l", {"a": "from the second"})
        self.assertEqual(self.ok(self.home.run("--device", self.first.path, "get", "l")).out,
                         b"from the second")

    def test_spare_needs_not_be_there(self):
        second = self.add_token("second")
        second.close()
        self.assertEqual(self.ok(self.get(self.first)).out, b"CANARY")

    def test_four_transactions_up_to_eight_enrolled(self):
        for i in range(7):
            self.add_token(f"spare{i}").close()
        before = len(self.first.transactions())
        self.ok(self.get(self.first))
        kinds = [t.split(" -> ")[0] for t in self.first.transactions()[before:]]
        self.assertEqual(kinds, OPEN + ASK)

    def test_mixed_with_and_without_pin_costs_one_more(self):
        guarded = self.token("guarded", pin="271828")
        t = self.home.on_terminal("--device", self.first.path, "token", "add", "guarded",
                                  "--new-device", guarded.path)
        t.expect("PIN")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        before = len(self.first.transactions())
        self.ok(self.get(self.first))
        self.assertEqual(len(self.first.transactions()) - before, 5)
        before = len(guarded.transactions())
        t = self.home.on_terminal("--device", guarded.path, "get", "k", pipe_stdout=True)
        t.expect("PIN")
        t.type("271828\n")
        result = t.finish()
        self.assertEqual((result.status, result.out), (0, b"CANARY"))
        self.assertEqual(len(guarded.transactions()) - before, 6)

    def test_mixed_with_another_model_costs_nothing_more(self):
        guarded = self.token("guarded", pin="271828", aaguid="00112233445566778899aabbccddeeff")
        t = self.home.on_terminal("--device", self.first.path, "token", "add", "guarded",
                                  "--new-device", guarded.path)
        t.expect("PIN")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        before = len(self.first.transactions())
        self.ok(self.get(self.first))
        self.assertEqual(len(self.first.transactions()) - before, 4)

    def test_a_token_that_takes_one_credential_at_a_time(self):
        small = self.add_token("small", max_creds_in_list=1)
        self.assertEqual(self.ok(self.get(small)).out, b"CANARY")

    def test_sixteen_are_enough(self):
        for i in range(15):
            self.add_token(f"spare{i}").close()
        new = self.token("one-more")
        before = digest(self.home.vault)
        self.untouched(self.refused(self.tokens(self.first, "add", "one more", "--new-device", new.path), 2, "16 tokens"))
        self.assertEqual(digest(self.home.vault), before)


class Adding(Tokens):
    def test_the_same_name_twice(self):
        touches = len(self.first.transactions())
        self.refused(self.tokens(self.first, "add", "first", "--new-device", "/dev/null"), 4)
        self.assertEqual(len(self.first.transactions()), touches)

    def test_the_command_that_is_named_works(self):
        for name in ("spare", "blue key", "it's $HOME", "-x"):
            with self.subTest(name):
                new = self.token(f"new{len(name)}")
                said = self.ok(self.tokens(self.first, "add", "--new-device", new.path, "--", name)).err.decode()
                command, = re.findall(r'test it with "touchvault (.*)"\n', said)
                self.ok(self.home.run(new.path, wrap=["sh", "-c", f'"$1" --device "$2" {command}', "sh"]))

    def test_by_a_stranger(self):
        stranger, other = self.token("stranger"), self.token("other")
        before = digest(self.home.vault)
        self.refused(self.tokens(stranger, "add", "second", "--new-device", other.path), 11)
        self.assertEqual(digest(self.home.vault), before)

    def test_asks_for_the_new_token_on_the_terminal(self):
        self.refused(self.tokens(self.first, "add", "second"), 2, "--new-device")
        t = self.home.on_terminal("--device", self.first.path, "token", "add", "second")
        t.expect("plug in the new one")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)

    def test_what_can_be_known_is_told_before_the_first_touch(self):
        """Of the token that is named, and of whoever is to be asked."""
        guarded = self.token("guarded", pin="271828", no_make_cred_uv_not_rqd=True)
        bare, second = self.token("bare"), self.add_token("second")
        for args, status, word in ((["x"], 2, "no terminal to ask for the new token"),
                                   (["x", "--new-device", self.dir + "/none"], 10, self.dir + "/none: there is no such"),
                                   (["x", "--new-device", "/dev/null"], 11, "/dev/null: the device is not a FIDO token"),
                                   (["x", "--new-device", self.token("u2f", u2f_only=True).path], 17, "U2F"),
                                   (["x", "--new-device", self.token("old", no_hmac_secret=True).path], 17, "hmac-secret"),
                                   (["x", "--new-device", second.path], 4, "enrolled already"),
                                   (["x", "--new-device", guarded.path], 15, "no terminal to ask for it"),
                                   (["x", "--new-device", guarded.path, "--pin", "never"], 15, "no terminal to ask for it"),
                                   (["x", "--new-device", bare.path, "--pin", "required"], 15, "no PIN yet"),
                                   (["x", "--new-device", self.token("never", no_pin_support=True).path, "--pin",
                                     "required"], 15, "can't have a PIN"),
                                   (["x", "--new-device", "yubikey"], 10, "")):
            with self.subTest(args):
                self.untouched(self.refused(self.tokens(self.first, "add", *args), status, word))
        self.first.control("pin-set 271828")
        self.untouched(self.refused(self.tokens(self.first, "refresh", "first", "--pin", "required"), 15,
                                    "no terminal to ask for it"))

    def asked(self, *plugged, name="second", **kwargs):
        """token add without --new-device, at its question."""
        t = Terminal(self.home, (), command=[*plugged_in(self.dir, *plugged, **kwargs), *self.home.command(
            "--device", self.first.path, "token", "add", name)])
        t.expect("plug in the new one")
        return t

    @ROOT
    def test_enter_before_it_is_plugged_in(self):
        new, there = self.token("new"), os.path.join(self.dir, "there")
        t = self.asked(new, late=there)
        t.type("\n")
        t.expect("No token is plugged in: plug in the new one (60 s, Ctrl-C cancels)")
        with open(there, "w"):
            pass
        t.expect("second\" is enrolled")
        self.assertEqual(t.finish().status, 0)
        self.assertEqual(self.names(), ["first", "second"])
        t = self.asked(name="third", late=there + "-never")
        t.type("\n")
        t.expect("No token is plugged in")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)

    @ROOT
    def test_another_one_is_plugged_in(self):
        """That the touch of the first one is kept, it asks again."""
        for plugged, said in (((self.first,), "the token is enrolled already"),
                              ((self.token("a"), self.token("b")), "several tokens are plugged in"),
                              ((self.token("old", no_hmac_secret=True),), "lacks the hmac-secret extension")):
            with self.subTest(said):
                t = self.asked(*plugged)
                for _ in range(2):
                    t.type("\n")
                    t.expect("That won't do: ")
                    t.expect(said)
                    t.expect("plug in the new one, and press Enter: ")
                t.type("\x03")
                result = t.finish()
                self.assertEqual((result.status, result.shown.count(b"Touch the ")), (14, 1))

    @ROOT
    def test_the_old_one_which_hides_behind_its_pin(self):
        home = Home(os.path.join(self.dir, "guarded-home"))
        guarded = self.token("guarded", pin="271828")
        t = home.on_terminal("--device", guarded.path, "init")
        t.expect("PIN of")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        t = Terminal(home, (), command=[*plugged_in(self.dir, guarded), *home.command("token", "add", "second")])
        for question in ("PIN of", "press Enter: ", "PIN of"):
            t.expect(question)
            t.type("\n" if "Enter" in question else "271828\n")
        t.expect("That won't do: the token is enrolled already")
        t.expect("press Enter: ")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)

    def test_a_spare_that_does_not_qualify(self):
        before = digest(self.home.vault)
        for name, options in {"none": {"gives_secret_without_up": True}, "bad": {"fault": "unstable-secret"},
                              "old": {"no_hmac_secret": True}}.items():
            token = self.token(name, **options)
            self.refused(self.tokens(self.first, "add", "second", "--new-device", token.path), 17)
        self.assertEqual(digest(self.home.vault), before)

    def test_on_an_unapproved_host(self):
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        self.refused(other.run("--device", self.first.path, "token", "add", "x", "--new-device",
                               self.first.path), 20)


class Removing(Tokens):
    def test_a_removed_token_opens_nothing(self):
        second = self.add_token("second")
        self.ok(self.tokens(self.first, "remove", "second"))
        self.refused(self.get(second), 11)
        self.assertEqual(self.ok(self.get(self.first)).out, b"CANARY")
        self.assertEqual(self.names(), ["first"])
        # Nor by the generation before, which is not kept.
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))

    def test_a_vault_that_is_damaged_then(self):
        """Advice names what is there: the generation before was deleted with the token's access."""
        self.add_token("second")
        for there in (True, False):
            if not there:
                self.ok(self.tokens(self.first, "remove", "second"))
            with open(self.home.vault, "rb") as f:
                whole = f.read()
            with open(self.home.vault, "r+b") as f:
                f.write(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
            result = self.refused(self.home.run("list"), 30, "backup", "--accept-rollback")
            self.assertEqual("copy the file ending in .prev" in result.err.decode(), there)
            with open(self.home.vault, "wb") as f:
                f.write(whole)

    def test_every_entry_is_to_be_rotated(self):
        self.add_token("second")
        self.assertIsNone(self.entry()["rotate_now"])
        self.ok(self.tokens(self.first, "remove", "second"))
        self.assertEqual(self.entry()["rotate_now"]["reason"], "token removed: second")
        self.assertIn(b"token removed: second", self.ok(self.home.run("show", "k")).out)
        # New values take the mark away, labels don't.
        self.ok(self.home.run("--device", self.first.path, "edit", "k", "--label", "a=b"))
        self.assertIsNotNone(self.entry()["rotate_now"])
        self.ok(self.home.run("--device", self.first.path, "edit", "k", "--field", "secret=-", stdin=b"new"))
        self.assertIsNone(self.entry()["rotate_now"])

    def test_the_last_one_stays(self):
        touches = len(self.first.transactions())
        self.refused(self.tokens(self.first, "remove", "first"), 2, "another")
        self.assertEqual(len(self.first.transactions()), touches)

    def test_the_first_by_the_second(self):
        second = self.add_token("second")
        self.ok(self.tokens(second, "remove", "first"))
        self.refused(self.get(self.first), 11)
        self.assertEqual(self.ok(self.get(second)).out, b"CANARY")


class Keeping(Tokens):
    def test_rename(self):
        self.ok(self.tokens(self.first, "rename", "first", "blue key"))
        self.assertEqual(self.names(), ["blue key"])
        self.refused(self.tokens(self.first, "rename", "none", "x"), 3)
        self.refused(self.tokens(self.first, "rename", "blue key", "a\x1bb"), 2)

    def test_test_keeps_the_date(self):
        second = self.add_token("second")
        listed = json.loads(self.ok(self.tokens(second, "list", "--json")).out)["tokens"]
        self.assertEqual([t["tested"] for t in listed], [None, None])
        self.ok(self.tokens(second, "test", "second"))
        listed = json.loads(self.ok(self.tokens(second, "list", "--json")).out)["tokens"]
        self.assertIsNone(listed[0]["tested"])
        self.assertIsNotNone(listed[1]["tested"])

    def test_refresh_makes_the_old_credential_useless(self):
        with open(self.home.vault, "rb") as f:
            old = f.read()
        self.ok(self.tokens(self.first, "refresh", "first"))
        with open(self.home.vault, "rb") as f:
            self.assertNotEqual(old[112:400], f.read()[112:400])
        self.assertEqual(self.ok(self.get(self.first)).out, b"CANARY")
        self.assertEqual(self.names(), ["first"])

    def test_refresh_takes_up_a_pin(self):
        second = self.add_token("second")
        self.first.close()
        first = VToken(VTOKEN, self.dir, "first", pin="271828", make_cred_uv_not_rqd=True)
        self.addCleanup(first.close)
        t = self.home.on_terminal("--device", first.path, "token", "refresh", "first", "--pin", "required")
        t.expect("PIN")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        self.refused(self.get(first), 15)
        self.assertEqual(self.ok(self.get(second)).out, b"CANARY")


class Listing(Tokens):
    def test_which_is_which(self):
        second = self.add_token("second")
        listed = json.loads(self.ok(self.tokens(second, "list", "--json")).out)
        self.assertEqual([t["device"] for t in listed["tokens"]], [None, second.path])
        self.assertEqual(listed["plugged_in"][0]["token"], "second")
        text = self.ok(self.tokens(second, "list")).out.decode()
        self.assertIn("grade B", text)
        self.assertIn(second.path, text)

    def test_no_touch(self):
        self.first.control("touch-policy never")
        self.assertNotIn(b"Touch", self.ok(self.tokens(self.first, "list")).err)

    def test_a_stranger_and_a_broken_one(self):
        text = self.ok(self.tokens(self.token("stranger"), "list")).out
        self.assertIn(b"not of this vault", text)
        text = self.ok(self.home.run("--device", "/dev/null", "token", "list")).out
        self.assertIn(b"not a FIDO token", text)

    def test_verbs(self):
        for args in (["nonsense"], ["list", "x"], ["add"], ["remove"], ["rename", "a"], ["test"], []):
            with self.subTest(args):
                self.refused(self.tokens(self.first, *args), 2)


if __name__ == "__main__":
    unittest.main()
