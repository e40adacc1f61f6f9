# SPDX-License-Identifier: BSD-2-Clause
"""The HMAC slot of a YubiKey as a token: enrolled, programmed, and all that can be
wrong with it. The key is one in software behind libusb's symbols."""
from harness import *

import hashlib
import hmac
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors"))
import reader  # noqa: E402
from primitives import H  # noqa: E402

KEY, OTHER = bytes(range(20)), bytes(range(50, 70))
USUAL = ("hmac-lt64", "chal-btn-trig", "serial-api-visible")
PASSPHRASE = "correct horse"


class YubiKeys(Case):
    def setUp(self):
        super().setUp()
        self.yk = self.yubikey()

    def program(self, *options, yk=None, key=KEY, number=0):
        result = (yk or self.yk).program(2, key, *options, number=number)
        self.assertEqual(result.returncode, 0, result.stderr)

    def vault(self, *options):
        self.program(*USUAL)
        self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase", *options))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))

    def vault_with_passphrase(self):
        self.program(*USUAL)
        t = self.home.on_terminal("--device", "yubikey", "init")
        for prompt in ("New passphrase", "again"):
            t.expect(prompt)
            t.type(PASSPHRASE + "\n")
        self.assertEqual(t.finish().status, 0)
        self.assertEqual(self.with_passphrase("add", "k", "--field", "a=-", stdin=b"CANARY").status, 0)

    def with_passphrase(self, *args, passphrase=PASSPHRASE, stdin=None, then=None):
        t = self.home.on_terminal(*args, pipe_stdin=stdin, pipe_stdout=True)
        t.expect("Passphrase of the token")
        t.type(passphrase + "\n")
        if then is not None:
            t.expect("Wrong passphrase")
            t.expect("Passphrase of the token")
            t.type(then + "\n")
        return t.finish()

    def get(self, *args):
        return self.home.run(*args, "get", "k")

    def opens(self):
        self.assertEqual(self.ok(self.get()).out, b"CANARY")

    def tokens(self):
        return json.loads(self.ok(self.home.run("token", "list", "--json")).out)

    def touches(self, yk=None):
        return (yk or self.yk).events().count("wait slot 2")


class Enrolled(YubiKeys):
    def test_touch_alone_is_grade_c(self):
        self.vault()
        self.opens()
        token = self.tokens()["tokens"][0]
        self.assertEqual((token["kind"], token["grade"], token["serial"], token["device"]),
                         ("ykotp", "C", "12345678", "yubikey:12345678"))

    def test_passphrase_is_the_default_and_grade_b(self):
        self.program(*USUAL)
        self.refused(self.home.run("--device", "yubikey", "init"), 2, "--no-passphrase")
        self.vault_with_passphrase()
        self.assertEqual(self.tokens()["tokens"][0]["grade"], "B")
        result = self.with_passphrase("get", "k")
        self.assertEqual((result.status, result.out), (0, b"CANARY"))
        wrong = self.with_passphrase("get", "k", passphrase=PASSPHRASE + "r", then="")
        self.assertEqual((wrong.status, wrong.out), (14, b""))
        self.assertIn(b"cancelled; nothing was changed or shown", wrong.tty)
        self.assertNotIn(PASSPHRASE.encode(), wrong.tty)

    def test_passphrases_that_differ_or_are_empty(self):
        self.program(*USUAL)
        for last, status in (("", 2), ("\x03", 14)):
            t = self.home.on_terminal("--device", "yubikey", "init")
            for prompt, typed in (("New passphrase", "one\n"), ("again: ", "two\n"), ("The two differ; ", last + "\n")):
                t.expect(prompt)
                if prompt.startswith("The two"):
                    t.expect("New passphrase")
                t.type(typed)
            self.assertEqual(t.finish().status, status)
        self.assertEqual(self.touches(), 0)
        self.assertFalse(os.path.exists(self.home.vault))

    def test_says_what_to_touch_and_how_long(self):
        self.vault()
        self.assertIn(b'Touch the YubiKey "first" (yubikey:12345678) to get k (15 s, Ctrl-C cancels)',
                      self.ok(self.get()).err)

    def test_ykchalresp_agrees(self):
        """What it prints for the salt's challenge opens the vault for the independent reader."""
        self.vault()
        with open(self.home.vault, "rb") as f:
            h = reader.header(f.read())
        salt = H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32)
        challenge = bytearray(hashlib.sha512(salt).digest()[:63])
        challenge[62] = challenge[62] or 1
        answer = self.yk.tool("ykchalresp", "-2", "-x", challenge.hex())
        self.assertEqual(answer.stdout.strip(), hmac.new(KEY, challenge, "sha1").hexdigest())
        path = os.path.join(self.dir, "response")
        with open(path, "w") as f:
            f.write(answer.stdout.strip())
        found = subprocess.run(["python3", "-B", reader.__file__, "--host-key", self.home.host_key,
                                "--response", path, "--state", self.home.state, self.home.vault],
                               capture_output=True, check=True)
        self.assertEqual(json.loads(found.stdout)["entries"][0]["values"]["a"], b"CANARY".hex())

    def test_challenges_that_end_in_equal_bytes(self):
        """A last byte of zero would be taken for padding."""
        library = os.environ["FIXED_RANDOM_LIBRARY"]
        wanted = {"zero": lambda d: d[62] == 0, "equal": lambda d: d[61] == d[62] != 0}
        for name, want in wanted.items():
            pattern = next(p for p in (bytes((a, b)) for a in range(256) for b in range(1, 256)) if want(
                hashlib.sha512(H(p * 8, "tv1 hmac salt", b"", p * 16, 32)).digest()))
            with self.subTest(name):
                self.home = Home(os.path.join(self.dir, name))
                self.home.env.update(self.yk.environment(TOUCHVAULT))
                self.program(*USUAL)
                fixed = {"LD_PRELOAD": self.home.env["LD_PRELOAD"] + ":" + library,
                         "FIXED_RANDOM": pattern.hex()}
                self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase", env=fixed))
                with open(self.home.vault, "rb") as f:
                    h = reader.header(f.read())
                self.assertEqual((h["vault_id"], h["salt"]), (pattern * 8, pattern * 16))
                self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
                self.opens()
                self.assertIn("answer slot 2 message 63", self.yk.events()[-4:])

    def test_refresh_and_test(self):
        self.vault()
        self.ok(self.home.run("token", "refresh", "first", "--no-passphrase"))
        self.ok(self.home.run("token", "test", "first"))
        self.opens()
        self.assertIsNotNone(self.tokens()["tokens"][0]["tested"])

    def test_serial_number_that_is_kept_secret(self):
        self.program("hmac-lt64", "chal-btn-trig")
        self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase"))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
        self.opens()
        listed = self.tokens()
        self.assertEqual(listed["tokens"][0]["serial"], "")
        self.assertTrue(listed["plugged_in"][0]["hides"])

    def test_fixed_length_mode(self):
        self.program("chal-btn-trig", "serial-api-visible")
        self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase"))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
        self.opens()

    def test_without_a_touch_is_refused_unless_forced(self):
        self.program("hmac-lt64", "serial-api-visible")
        self.refused(self.home.run("--device", "yubikey", "init", "--no-passphrase"), 17, "--allow-no-touch")
        self.assertFalse(os.path.exists(self.home.vault))
        self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase", "--allow-no-touch"))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
        self.opens()
        self.assertEqual(self.tokens()["tokens"][0]["grade"], "D")

    def test_pin_is_none_of_its_business(self):
        self.program(*USUAL)
        self.refused(self.home.run("--device", "yubikey", "init", "--no-passphrase", "--pin", "required"), 15)


    def test_is_offered_where_no_fido2_token_is(self):
        self.refused(self.home.run("init", "--no-passphrase", wrap=plugged_in(self.dir)), 10,
                     "(yubikey:12345678)", "token program")


class Several(YubiKeys):
    def setUp(self):
        super().setUp()
        self.yk = self.yubikey("pair", keys=2)
        self.program(*USUAL)
        self.program(*USUAL, key=OTHER, number=1)

    def test_which_one_must_be_said_to_enrol(self):
        self.refused(self.home.run("--device", "yubikey", "init", "--no-passphrase"), 11, "--device")
        self.refused(self.home.run("--device", "yubikey:1", "init", "--no-passphrase"), 10)
        self.assertEqual(self.touches(), 0)

    def test_the_right_one_is_asked(self):
        self.ok(self.home.run("--device", "yubikey:12345679", "init", "--no-passphrase"))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
        self.opens()
        self.refused(self.get("--device", "yubikey:12345678"), 11)
        self.ok(self.home.run("token", "add", "spare", "--no-passphrase", "--new-device",
                              "yubikey:12345678"))
        self.assertEqual(self.ok(self.get("--device", "yubikey:12345678")).out, b"CANARY")
        self.refused(self.home.run("token", "add", "x", "--no-passphrase", "--new-device",
                                   "yubikey:12345678"), 4)

    def test_a_stranger_is_never_asked(self):
        self.ok(self.home.run("--device", "yubikey:12345679", "init", "--no-passphrase"))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY"))
        stranger = self.yubikey("stranger")
        self.program(*USUAL, yk=stranger)
        self.refused(self.get(), 11)
        self.assertEqual(self.touches(stranger), 0)

    def test_beside_a_fido2_token(self):
        fido = self.token("fido")
        self.ok(self.home.run("--device", fido.path, "init"))
        self.add(fido, "k", {"a": "CANARY"})
        self.ok(self.home.run("--device", fido.path, "token", "add", "slot", "--no-passphrase",
                              "--new-device", "yubikey:12345678"))
        for device in (fido.path, "yubikey:12345678"):
            self.assertEqual(self.ok(self.get("--device", device)).out, b"CANARY")
        # Whoever is plugged in.
        both = plugged_in(self.dir, fido)
        before = len(fido.transactions())
        self.assertEqual(self.ok(self.home.run("get", "k", wrap=both)).out, b"CANARY")
        self.assertEqual(len(fido.transactions()), before)
        self.yk.control(fault="absent")
        self.assertEqual(self.ok(self.home.run("get", "k", wrap=both)).out, b"CANARY")
        self.assertGreater(len(fido.transactions()), before)
        self.refused(self.get(), 10)

    def test_listed_beside_a_fido2_token(self):
        fido = self.token("fido")
        self.ok(self.home.run("--device", "yubikey:12345679", "init", "--no-passphrase"))
        listed = json.loads(self.ok(self.home.run("token", "list", "--json",
                                                  wrap=plugged_in(self.dir, fido))).out)
        self.assertEqual({(p["kind"], p["device"], p["token"]) for p in listed["plugged_in"]},
                         {("fido2", "/dev/hidraw0", None), ("ykotp", "yubikey:12345678", None),
                          ("ykotp", "yubikey:12345679", "first")})


class Usb(YubiKeys):
    def test_keyboard_is_given_back(self):
        """On every path: what the kernel's driver doesn't have can't type."""
        self.vault()
        for fault in ("none", "garbage", "short", "busy"):
            self.yk.control(fault=fault)
            self.get()
        events = self.yk.events()
        self.assertEqual(events.count("detach key 1"), events.count("attach key 1"))

    def test_libusb_itself_starts_confined(self):
        """Without the library in software: nothing is plugged in, and that is said."""
        home = Home(os.path.join(self.dir, "plain"))
        for wrap in (plugged_in(self.dir, usb=True), ()):
            self.refused(home.run("token", "program", wrap=wrap), 10, "no token is plugged in")


class Program(YubiKeys):
    def slots(self):
        out = self.yk.tool("ykinfo", "-a").stdout
        return [line.split(": ")[1] for line in out.splitlines() if "_status" in line]

    def test_an_empty_slot(self):
        result = self.ok(self.home.run("token", "program"))
        self.assertIn(b"slot 2 empty", result.err)
        self.assertEqual(self.slots(), ["0", "1"])
        self.assertEqual(self.yk.tool("ykchalresp", "-2", "x").returncode, 0)
        self.assertEqual(self.touches(), 1)
        self.ok(self.home.run("--device", "yubikey", "init", "--no-passphrase"))
        self.assertEqual(self.tokens()["tokens"][0]["grade"], "C")

    def test_two_keys_are_two_secrets(self):
        self.ok(self.home.run("token", "program"))
        first = self.yk.tool("ykchalresp", "-2", "x").stdout
        other = self.yubikey("other")
        self.ok(self.home.run("token", "program"))
        self.assertNotEqual(first, other.tool("ykchalresp", "-2", "x").stdout)

    def test_nothing_is_overwritten_without_being_asked(self):
        self.program(*USUAL)
        answer = self.yk.tool("ykchalresp", "-2", "x").stdout
        self.refused(self.home.run("token", "program"), 4, "slot 2")
        for typed, status in (("y", 14), ("overwrite slot 1", 14), ("", 14), ("\x03", 14)):
            t = self.home.on_terminal("token", "program")
            t.expect("slot 2 programmed, used with a touch")
            t.expect('Type "overwrite slot 2"')
            t.type(typed if typed == "\x03" else typed + "\n")
            self.assertEqual(t.finish().status, status)
        self.assertEqual(self.yk.tool("ykchalresp", "-2", "x").stdout, answer)

    def test_a_confirmation_that_was_typed_ahead_is_none(self):
        self.program(*USUAL)
        answer = self.yk.tool("ykchalresp", "-2", "x").stdout
        t = self.home.typed_ahead("overwrite slot 2\n", "token", "program")
        t.expect("before it was asked for; nothing was written")
        self.assertEqual(t.finish().status, 2)
        self.assertEqual(self.yk.tool("ykchalresp", "-2", "x").stdout, answer)

    def test_overwritten_when_confirmed(self):
        self.program("hmac-lt64", "serial-api-visible")
        answer = self.yk.tool("ykchalresp", "-2", "x").stdout
        t = self.home.on_terminal("token", "program")
        t.expect("slot 2 programmed, used without a touch")
        t.expect('Type "overwrite slot 2"')
        t.type("overwrite slot 2\n")
        self.assertEqual(t.finish().status, 0)
        self.assertNotEqual(self.yk.tool("ykchalresp", "-2", "x").stdout, answer)
        self.assertIn("touch slot 2", self.yk.events())

    def test_access_code(self):
        self.assertEqual(self.yk.tool("ykpersonalize", "-2", "-ochal-resp", "-ochal-hmac", "-y",
                                      "-oaccess=010203040506", "-a" + KEY.hex()).returncode, 0)
        t = self.home.on_terminal("token", "program")
        t.expect('Type "overwrite slot 2"')
        t.type("overwrite slot 2\n")
        result = t.finish()
        self.assertEqual(result.status, 17)
        self.assertIn(b"access code", result.tty)

    def test_json(self):
        told = json.loads(self.ok(self.home.run("token", "program", "--json")).out)
        self.assertEqual((told["device"], told["serial"], told["firmware"]),
                         ("yubikey:12345678", 12345678, [5, 4, 3]))
        self.assertEqual(told["slots"][1], {"programmed": True, "touch": True})

    def test_none(self):
        self.yk.control(fault="absent")
        self.refused(self.home.run("token", "program"), 10)

    def test_of_a_number_that_is_not_there(self):
        self.refused(self.home.run("--device", "yubikey:99", "token", "program"), 10)
        self.assertEqual(self.slots(), ["0", "0"])

    def test_a_fido2_token_has_no_slots(self):
        token = self.token()
        self.refused(self.home.run("--device", token.path, "token", "program"), 2, "--device yubikey")

    def test_says_which_vault_is_lost_with_it(self):
        self.vault()
        t = self.home.on_terminal("token", "program")
        t.expect('is "first", its only token, and nothing will open that vault afterwards')
        t.expect('Type "overwrite slot 2"')
        t.type("no\n")
        self.assertEqual(t.finish().status, 14)
        self.opens()


if __name__ == "__main__":
    unittest.main()
