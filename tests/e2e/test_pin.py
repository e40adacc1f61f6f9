# SPDX-License-Identifier: BSD-2-Clause
"""The PIN of a token: set, changed, told of. None of that needs a vault."""
from harness import *

OLD, NEW = "271828", "314159"
CHANGES = ("clientPIN.setPIN", "clientPIN.changePIN")


class Pins(Case):
    def on(self, token, *args, **kwargs):
        return self.home.run("--device", token.path, *args, **kwargs)

    def typed(self, token, args, *answers):
        """Each answer is (prompt, what is typed); nothing typed is shown."""
        t = self.home.on_terminal("--device", token.path, *args)
        for prompt, answer in answers:
            t.expect(prompt)
            t.expect(": ")
            self.assertFalse(t.echo_is_on())
            t.type(answer)
        result = t.finish()
        self.clean(result)
        for _, answer in answers:
            if len(answer) > 3:
                self.assertNotIn(answer.strip().encode() if isinstance(answer, str) else answer.strip(),
                                 result.tty)
        return result

    def set_pin(self, token, first=NEW, again=None):
        return self.typed(token, ["token", "set-pin"], ("New PIN", f"{first}\n"),
                          ("again", f"{first if again is None else again}\n"))

    def change_pin(self, token, old=OLD, new=NEW):
        return self.typed(token, ["token", "change-pin"], ("PIN of", f"{old}\n"),
                          ("New PIN", f"{new}\n"), ("again", f"{new}\n"))

    def wrong_pin(self, token, old, left):
        """One wrong one, and no other."""
        result = self.typed(token, ["token", "change-pin"], ("PIN of", f"{old}\n"), ("New PIN", f"{NEW}\n"),
                            ("again", f"{NEW}\n"), (f"Wrong PIN, {left} tries are left", "\n"))
        self.sentence(result, 14, "cancelled")

    def done(self, result):
        self.assertEqual(result.status, 0, result)
        return result

    def sentence(self, result, status, *words):
        """A refusal on the terminal."""
        self.assertEqual(result.status, status, result)
        for word in words:
            self.assertIn(word, result.tty.decode(), result)

    def judged(self, token):
        """What Debian's fido2-token says of it."""
        return subprocess.run(["setsid", "-w", "fido2-token", "-I", token.path], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout

    def sent(self, token):
        return [t for t in token.transactions() if any(c in t for c in CHANGES)]

    def opens(self, token, pin, home=None):
        """A vault that is made with the PIN opens with it."""
        for args in (["init", "--pin", "required"], ["add", "k", "--field", "a=-"], ["get", "k"]):
            t = (home or self.home).on_terminal(
                "--device", token.path, *args, pipe_stdin=b"CANARY", pipe_stdout=True)
            t.expect("PIN of")
            t.type(f"{pin}\n")
            result = self.done(t.finish())
        self.assertEqual(result.out, b"CANARY")


class Setting(Pins):
    def test_it_is_set_without_a_vault_or_a_touch(self):
        token = self.token(touch="never")
        self.assertIn("noclientPin", self.judged(token))
        self.assertIn(b"has a PIN now", self.done(self.set_pin(token)).tty)
        self.assertIn(", clientPin", self.judged(token))
        self.assertIn("pin retries: 8", self.judged(token))
        self.assertEqual(os.listdir(self.home.dir), [])
        token.control("touch-policy at-once")
        self.opens(token, NEW)

    def test_both_pin_protocols(self):
        for protocol in ("1", "2"):
            token = self.token(f"protocol{protocol}", pin_protocols=protocol)
            self.done(self.set_pin(token, OLD))
            self.done(self.change_pin(token))
            self.opens(token, NEW, Home(os.path.join(self.dir, f"home{protocol}")))

    def test_as_json(self):
        token = self.token()
        t = self.home.on_terminal("--device", token.path, "--json", "token", "set-pin", pipe_stdout=True)
        for prompt in ("New PIN", "again"):
            t.expect(prompt)
            t.type(f"{NEW}\n")
        self.assertEqual(json.loads(self.done(t.finish()).out),
                         {"device": token.path, "product": "", "pin": "set"})

    def test_it_has_one(self):
        token = self.token(pin=OLD)
        self.refused(self.on(token, "token", "set-pin"), 4, "touchvault token change-pin")
        self.assertEqual(self.sent(token), [])
        self.opens(token, OLD)

    def again(self, token, said, *answers, then=NEW):
        """What won't do is said, and asked for again: nothing that is typed next is shown."""
        result = self.typed(token, ["token", "set-pin"], *answers, (said, then + "\n"), ("again", then + "\n"))
        self.assertIn(b"has a PIN now", self.done(result).tty)
        self.assertEqual(len(self.sent(token)), 1)
        self.opens(token, then, Home(os.path.join(self.dir, "home" + os.path.basename(token.path))))

    def test_typed_differently(self):
        for i, again in enumerate(("314158", "31415", "3141599")):
            with self.subTest(again):
                self.again(self.token(f"t{i}"), "The two differ; ", ("New PIN", f"{NEW}\n"), ("again", f"{again}\n"))

    def test_too_short(self):
        for i, pin in enumerate(("1", "123", "żół")):
            with self.subTest(pin):
                self.again(self.token(f"t{i}"), "at least 4 characters and", ("at least 4", f"{pin}\n"))
        self.again(self.token("strict", min_pin_len=8), "at least 8 characters and", ("at least 8", "1234567\n"),
                   then="12345678")

    def test_too_long(self):
        token = self.token()
        self.again(token, "at most 63 bytes", ("New PIN", "9" * 64 + "\n"), then="8" * 63)
        self.again(self.token("other"), "The two differ", ("New PIN", NEW + "\n"), ("again", "9" * 64 + "\n"))

    def test_no_text(self):
        for i, pin in enumerate((b"\xff\xfe\xfd\xfc\xfb", b"abc\x1bdefg")):
            with self.subTest(pin):
                self.again(self.token(f"t{i}"), "A PIN is a text", ("New PIN", pin + b"\n"))

    def test_stopped_when_asked_again(self):
        token = self.token()
        for stop in ("\n", "\x03"):
            self.sentence(self.typed(token, ["token", "set-pin"], ("New PIN", "1\n"), ("at least 4", stop)), 14)
        self.assertEqual(self.sent(token), [])

    def test_bytes_are_sent_as_typed(self):
        composed, decomposed = "zażółć", "zaz\u0307o\u0301łc\u0301"
        token = self.token()
        self.done(self.set_pin(token, decomposed))
        self.wrong_pin(token, composed, 7)
        self.opens(token, decomposed)

    def test_nothing_typed(self):
        token = self.token()
        self.sentence(self.typed(token, ["token", "set-pin"], ("New PIN", "\n")), 14)
        self.assertEqual(self.sent(token), [])

    def test_the_token_refuses_it(self):
        token = self.token(fault="error:0x37 clientPIN.setPIN")
        self.sentence(self.set_pin(token), 15, "choose one")

    def test_no_pin_support(self):
        token = self.token(no_pin_support=True)
        for verb in ("set-pin", "change-pin"):
            self.refused(self.on(token, "token", verb), 15, "can't have a PIN")

    def test_no_hmac_secret(self):
        token = self.token(no_hmac_secret=True)
        self.done(self.set_pin(token))
        self.assertIn(", clientPin", self.judged(token))

    def test_no_terminal(self):
        token = self.token()
        self.refused(self.on(token, "token", "set-pin", stdin=f"{NEW}\n{NEW}\n".encode()), 15, "terminal")
        self.assertEqual(self.sent(token), [])

    def test_no_token(self):
        self.refused(self.home.run("--device", "/dev/null", "token", "set-pin"), 11)
        self.refused(self.home.run("--device", os.path.join(self.dir, "none"), "token", "set-pin"), 10)

    def test_several(self):
        a, b = self.token("a"), self.token("b")
        self.refused(self.home.run("token", "set-pin", wrap=plugged_in(self.dir, a, b)), 11, "--device")
        t = self.home.on_terminal(command=[*plugged_in(self.dir, b), *self.home.command("token", "set-pin")])
        for prompt in ("New PIN", "again"):
            t.expect(prompt)
            t.type(f"{NEW}\n")
        self.done(t.finish())
        self.assertIn("noclientPin", self.judged(a))
        self.assertIn(", clientPin", self.judged(b))

    def test_usage(self):
        for args in (["set-pin", "x"], ["change-pin", "x"], ["info", "x"], ["set-pin", NEW, NEW]):
            result = self.refused(self.home.run("token", *args), 2)
            self.assertNotIn(NEW.encode(), result.err)


class Interrupted(Pins):
    STEPS = {"set-pin": ["New PIN", "again"], "change-pin": ["PIN of", "New PIN", "again"]}

    def up_to(self, token, verb, step):
        """At the prompt of that step."""
        t = self.home.on_terminal("--device", token.path, "token", verb)
        for prompt in self.STEPS[verb][:step]:
            t.expect(prompt)
            t.expect(": ")
            t.type(f"{OLD if prompt == 'PIN of' else NEW}\n")
        t.expect(self.STEPS[verb][step])
        t.expect(": ")
        return t

    def every_prompt(self):
        """A token, a program that asks, and what it will ask for after that."""
        for verb, steps in self.STEPS.items():
            for step in range(len(steps)):
                token = VToken(VTOKEN, self.dir, f"{verb}{step}", **({} if len(steps) == 2 else {"pin": OLD}))
                with token:
                    yield token, self.up_to(token, verb, step), steps[step + 1:]
                    self.assertEqual(self.sent(token), [])
                os.unlink(token.state), os.unlink(token.log)

    def test_ctrl_c(self):
        for _, t, _ in self.every_prompt():
            t.type("\x03")
            self.sentence(t.finish(), 14, "cancelled")

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            for _, t, _ in self.every_prompt():
                t.process.send_signal(number)
                self.assertEqual(t.finish().status, 14)

    def test_end_of_input(self):
        for _, t, _ in self.every_prompt():
            t.type("\x04")
            self.sentence(t.finish(), 14)

    def test_unplugged(self):
        for token, t, following in self.every_prompt():
            token.control("unplug")
            t.type(f"{NEW}\n")
            for prompt in following:
                t.expect(prompt)
                t.expect(": ")
                t.type(f"{NEW}\n")
            self.sentence(t.finish(), 17, "unplugged")

    def test_no_try_is_lost(self):
        token = self.token(pin=OLD)
        t = self.up_to(token, "change-pin", 2)
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertIn("pin retries: 8", self.judged(token))

    def test_too_late(self):
        """When the token has the new PIN, the truth is told."""
        token = self.token(fault="slow:800 clientPIN.setPIN")
        t = self.up_to(token, "set-pin", 1)
        t.type(f"{NEW}\n")
        t.expect("\n")
        t.process.send_signal(signal.SIGINT)
        self.sentence(t.finish(), 0, "has a PIN now")
        token.control("fault none")
        self.opens(token, NEW)


class Changing(Pins):
    def test_a_vault_goes_on(self):
        token = self.token(pin=OLD)
        self.opens(token, OLD)
        self.assertIn(b"new PIN", self.done(self.change_pin(token)).tty)
        t = self.home.on_terminal("--device", token.path, "get", "k", pipe_stdout=True)
        for pin in (OLD, NEW):
            t.expect("PIN of")
            t.type(f"{pin}\n")
        self.assertEqual(self.done(t.finish()).out, b"CANARY")
        self.assertIn("pin retries: 8", self.judged(token))

    def test_it_has_none(self):
        token = self.token()
        self.refused(self.on(token, "token", "change-pin"), 15, "touchvault token set-pin")
        self.assertEqual(self.sent(token), [])

    def test_new_one_typed_differently(self):
        token = self.token(pin=OLD)
        result = self.typed(token, ["token", "change-pin"], ("PIN of", f"{OLD}\n"), ("New PIN", f"{NEW}\n"),
                            ("again", "314158\n"), ("The two differ; ", f"{NEW}\n"), ("again", f"{NEW}\n"))
        self.done(result)
        self.assertEqual(len(self.sent(token)), 1)
        self.opens(token, NEW)

    def test_a_wrong_one_is_asked_for_again(self):
        """And the new one, which isn't kept while the token is asked."""
        token = self.token(pin=OLD)
        new = ("New PIN", f"{NEW}\n"), ("again", f"{NEW}\n")
        result = self.typed(token, ["token", "change-pin"], ("PIN of", "999999\n"), *new,
                            ("Wrong PIN, 7 tries are left", f"{OLD}\n"), *new)
        self.assertIn(b"has a new PIN", self.done(result).tty)
        self.opens(token, NEW)

    def test_wrong_ones_until_it_blocks(self):
        token = self.token(pin=OLD)
        new = [("New PIN", f"{NEW}\n"), ("again", f"{NEW}\n")]

        def wrong(*left):
            again = [answer for n in left for answer in ((f"{n} tries are left", "999999\n"), *new)]
            return self.typed(token, ["token", "change-pin"], ("PIN of", "999999\n"), *new, *again)

        self.sentence(wrong(7, 6), 16, "replugged")
        self.sentence(self.change_pin(token, OLD), 16, "replugged")
        token.control("replug")
        self.sentence(wrong(4, 3), 16, "replugged")
        token.control("replug")
        result = self.typed(token, ["token", "change-pin"], ("PIN of", "999999\n"), *new,
                            ("1 try is left", "999999\n"), *new)
        self.sentence(result, 16, "blocked")
        token.control("replug")
        t = self.home.on_terminal("--device", token.path, "token", "change-pin")
        t.expect("blocked")
        self.assertEqual(t.finish().status, 16)
        info = json.loads(self.ok(self.on(token, "token", "info", "--json")).out)[0]
        self.assertEqual(info["pin_tries"], 0)
        self.assertIn(b"blocked", self.ok(self.on(token, "token", "info")).out)

    def test_tries_are_shown_before(self):
        token = self.token(pin=OLD)
        self.wrong_pin(token, "999999", 7)
        result = self.typed(token, ["token", "change-pin"], ("7 tries left", "\x03"))
        self.assertEqual(result.status, 14)


class Again(Pins):
    """A slip of the finger at the PIN costs nothing that was typed or touched before."""

    def answers(self, t, *answers):
        for prompt, answer in answers:
            t.expect(prompt)
            t.type(answer + "\n")
        return self.done(t.finish())

    def test_what_was_typed(self):
        token = self.token(pin=OLD)
        self.answers(self.home.on_terminal("--device", token.path, "init"), ("PIN of", "9999"), ("Wrong PIN", OLD))
        self.answers(self.home.on_terminal("--device", token.path, "add", "k"), ("Field name", "a"),
                     ("Value of a", "CANARY"), ("Field name", ""), ("PIN of", "9999"), ("7 tries are left", "999"),
                     ("Wrong PIN; type", OLD))
        t = self.home.on_terminal("--device", token.path, "get", "k", pipe_stdout=True)
        self.assertEqual(self.answers(t, ("PIN of", OLD)).out, b"CANARY")

    def test_the_touch_of_the_old_token(self):
        old, new = self.token("old"), self.token("new", pin=OLD)
        self.new_vault(old)
        t = self.home.on_terminal("--device", old.path, "token", "add", "spare", "--new-device", new.path)
        self.answers(t, ("to add another token", ""), ("PIN of", "9999"), ("7 tries are left", OLD))
        self.assertEqual(sum("getAssertion" in t for t in old.transactions()), 4)
        self.assertIn(b"spare", self.ok(self.home.run("status")).out)


class Slots(Pins):
    """What a PIN does to vaults that the token is enrolled in."""

    def test_a_slot_without_pin_opens_by_a_touch(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "CANARY"})
        self.done(self.set_pin(token))
        self.assertEqual(self.ok(self.on(token, "get", "k")).out, b"CANARY")
        t = self.home.on_terminal("--device", token.path, "token", "refresh", "first", "--pin", "required")
        t.expect("PIN of")
        t.type(f"{NEW}\n")
        self.done(t.finish())
        self.refused(self.on(token, "get", "k"), 15)

    def test_but_not_of_a_token_that_always_asks(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "CANARY"})
        self.done(self.set_pin(token))
        token.control("set always-uv")
        self.refused(self.on(token, "get", "k"), 15, "insists")

    def test_advice(self):
        token = self.token()
        self.refused(self.on(token, "init", "--pin", "required"), 15, "touchvault token set-pin")


class Info(Pins):
    def info(self, token):
        return json.loads(self.ok(self.on(token, "token", "info", "--json")).out)[0]

    def test_all_of_it(self):
        token = self.token(pin=OLD, touch="never", min_pin_len=6, max_creds_in_list=8,
                           make_cred_uv_not_rqd=True, aaguid="00112233445566778899aabbccddeeff")
        self.assertEqual(self.info(token), {
            "device": token.path, "product": "", "error": None,
            "aaguid": "00112233-4455-6677-8899-aabbccddeeff", "firmware": 0x50403,
            "versions": ["FIDO_2_0", "FIDO_2_1"], "extensions": ["credProtect", "hmac-secret"],
            "pin_supported": True, "pin_set": True, "pin_min": 6, "pin_tries": 8, "pin_outdated": False,
            "pin_protocols": [2, 1], "uv_builtin": False, "uv_always": False,
            "make_cred_uv_not_rqd": True, "max_credentials": 8})
        text = self.ok(self.on(token, "token", "info")).out.decode()
        for word in (token.path, "00112233-4455-6677-8899-aabbccddeeff", "0x50403", "FIDO_2_0 FIDO_2_1",
                     "credProtect hmac-secret", "set, at least 6 characters, 8 tries left", "2 1",
                     "can be one of its tokens"):
            self.assertIn(word, text)
        self.assertEqual(os.listdir(self.home.dir), [])
        self.assertIn("pin retries: 8", self.judged(token))

    def test_it_agrees_with_the_judge(self):
        token = self.token(builtin_uv=True)
        judged, info = self.judged(token), self.info(token)
        self.assertIn(f"aaguid: {info['aaguid'].replace('-', '')}", judged)
        self.assertIn(f"fwversion: {info['firmware']:#x}", judged)
        self.assertIn(f"version strings: {', '.join(info['versions'])}", judged)
        self.assertIn(f"extension strings: {', '.join(info['extensions'])}", judged)
        self.assertTrue(info["uv_builtin"])

    def test_whether_it_can_be_a_token(self):
        """init is of the same mind."""
        for name, options, error in (
                ("plain", {}, None),
                ("no-hmac", {"no_hmac_secret": True}, "hmac-secret"),
                ("always", {"always_uv": True}, "no PIN yet"),
                ("always-none", {"always_uv": True, "no_pin_support": True}, "can't have a PIN")):
            with self.subTest(name):
                token = self.token(name, **options)
                info = self.info(token)
                text = self.ok(self.on(token, "token", "info")).out.decode()
                if error is None:
                    self.assertIsNone(info["error"])
                    self.new_vault(token)
                    continue
                self.assertIn(error, info["error"])
                self.assertIn("can't be one of its tokens: " + info["error"], text)
                home = Home(os.path.join(self.dir, f"home-{name}"))
                result = home.run("--device", token.path, "init")
                self.assertIn(result.status, (15, 17))
                self.assertIn(error, result.err.decode())

    def test_a_named_one_that_cannot_be_asked(self):
        self.refused(self.home.run("--device", "/dev/null", "token", "info"), 11, "/dev/null")
        self.refused(self.home.run("--device", self.dir + "/none", "token", "info"), 10)
        self.refused(self.on(self.token(u2f_only=True), "token", "info"), 17, "U2F")
        self.refused(self.home.run("token", "info", env={"FIDO2_TOKEN": "/dev/null"}), 11)

    def test_every_one_that_is_plugged_in(self):
        a, b, old = self.token("a", pin=OLD), self.token("b"), self.token("old", u2f_only=True)
        wrap = plugged_in(self.dir, a, b, old)
        listed = json.loads(self.ok(self.home.run("token", "info", "--json", wrap=wrap)).out)
        self.assertEqual([(t["device"], t.get("pin_set")) for t in listed],
                         [("/dev/hidraw0", True), ("/dev/hidraw1", False), ("/dev/hidraw2", None)])
        self.assertIn("U2F", listed[2]["error"])
        blocks = self.ok(self.home.run("token", "info", wrap=wrap)).out.decode().split("\n\n")
        self.assertEqual(len(blocks), 3)
        self.refused(self.home.run("token", "info", wrap=plugged_in(self.dir)), 10)

    def test_a_yubikeys_slot(self):
        yk = self.yubikey()
        self.refused(self.home.run("--device", "yubikey", "token", "info"), 17, "slot 2")
        self.assertEqual(yk.program(2, bytes(20), "hmac-lt64", "chal-btn-trig", "serial-api-visible").returncode, 0)
        listed = json.loads(self.ok(self.home.run("--device", "yubikey", "token", "info", "--json")).out)
        self.assertEqual(listed, [{"device": "yubikey:12345678", "product": "YubiKey", "error": None}])
        self.assertIn(b"can be one of its tokens", self.ok(self.home.run("token", "info")).out)
        self.refused(self.home.run("--device", "yubikey", "token", "set-pin"), 15, "token refresh")

    def test_what_a_token_says_is_made_harmless(self):
        token = self.token(versions="FIDO_2_0,\x1b[2Jevil\n\x07,FIDO_2_1")
        info, text = self.info(token), self.ok(self.on(token, "token", "info")).out
        self.assertEqual(info["versions"], ["FIDO_2_0", "[2Jevil", "FIDO_2_1"])
        self.assertEqual(set(text) & (set(range(32)) - {10}), set())
        self.assertEqual(len(text.splitlines()), len(self.ok(self.on(self.token("plain"), "token", "info"))
                                                     .out.splitlines()))

    def test_cancelled(self):
        token = self.token(fault="drop-reply clientPIN.getRetries", pin=OLD)
        t = self.home.on_terminal("--device", token.path, "token", "info")
        while "getRetries" not in token.frames() and t.process.poll() is None:
            time.sleep(0.01)
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)


if __name__ == "__main__":
    unittest.main()
