# SPDX-License-Identifier: BSD-2-Clause
"""PIN, fingerprint, and what was changed on the token since it was enrolled."""
from moments import *

PIN, WRONG = "271828", "314159"


class Pin(Moments):
    noun = "PIN"

    def setUp(self):
        super().setUp()
        self.t = self.enrolled(pin=PIN)

    def typed(self, *pins):
        """One after the other, as it asks again after a wrong one."""
        t = self.get_on_terminal(self.t)
        for pin in pins[:-1]:
            t.expect("PIN of the")
            self.assertFalse(t.echo_is_on())
            t.type(pin + "\n")
            t.expect("Wrong PIN")
        if pins[-1]:
            return self.type_pin(t, pins[-1])
        t.expect("PIN of the")
        t.type("\n")
        return t.finish()

    def refusals(self):
        """What the audit log has of them."""
        events = json.loads(self.ok(self.home.run("log", "--json")).out)
        return [e["code"] for e in events if e["event"] == "refusal"]

    def test_wrong(self):
        self.moment("wrong PIN, and Enter alone", self.typed(WRONG, ""), 14)
        self.assertEqual(self.t.control("retries"), "7")
        self.assertEqual(self.refusals(), ["pin", "cancelled"])
        self.moment("wrong PIN, then the right one", self.opened(self.typed(WRONG, PIN)), 0, "works")
        self.assertEqual(self.t.control("retries"), "8")
        self.assertEqual(self.refusals(), ["pin", "cancelled", "pin"])
        t = self.get_on_terminal(self.t)
        t.expect("PIN of the")
        t.type(WRONG + "\n")
        t.expect("Wrong PIN")
        t.expect("PIN of the")
        self.moment("wrong PIN, then Ctrl-C", self.prompt_back("Ctrl-C after a wrong PIN", t, lambda t: t.type("\x03")), 14)
        self.again(self.t, PIN)

    def test_wrong_and_unplugged(self):
        t = self.get_on_terminal(self.t)
        t.expect("PIN of the")
        t.type(WRONG + "\n")
        t.expect("Wrong PIN")
        t.expect("PIN of the")
        self.t.control("unplug")
        t.type(PIN + "\n")
        self.moment("wrong PIN, and unplugged before the next one", t.finish(), 17)
        self.t.control("replug")
        self.again(self.t, PIN)

    def test_blocked(self):
        self.moment("third wrong PIN in a row", self.typed(WRONG, WRONG, WRONG), 16)
        self.assertEqual(self.t.control("retries"), "5")
        # Not even the right one, and not silently retried.
        self.moment("right PIN, but not unplugged since", self.typed(PIN), 16)
        self.t.control("replug")
        self.again(self.t, PIN)

    def test_blocked_for_good(self):
        for left in ("5", "2"):
            self.typed(WRONG, WRONG, WRONG)
            self.assertEqual(self.t.control("retries"), left)
            self.t.control("replug")
        self.moment("eighth wrong PIN", self.typed(WRONG, WRONG), 16)
        self.t.control("replug")
        self.moment("right PIN on a token that is blocked for good", self.typed(PIN), 16)

    def test_too_short(self):
        self.moment("PIN of three digits, which costs no try", self.typed("123", ""), 14)
        self.assertEqual(self.t.control("retries"), "8")
        self.again(self.t, PIN)

    def test_nobody_to_ask(self):
        self.moment("PIN wanted, and no terminal to ask for it", self.get(self.t), 15)
        self.assertEqual(self.t.control("retries"), "8")

    def test_cancelled(self):
        for title, how in {"Ctrl-C at the PIN": lambda t: t.type("\x03"),
                           "Ctrl-D at the PIN": lambda t: t.type("\x04"),
                           "SIGTERM at the PIN": lambda t: t.process.send_signal(signal.SIGTERM),
                           "nothing typed as the PIN": lambda t: t.type("\n")}.items():
            t = self.get_on_terminal(self.t)
            t.expect("PIN of the")
            self.moment(title, self.prompt_back(title, t, how), 14)
        self.assertEqual(self.t.control("retries"), "8")
        self.again(self.t, PIN)

    def test_not_verified(self):
        self.t.control("fault no-uv-flag")
        self.moment("an answer that says the PIN was not checked", self.typed(PIN), 17)
        self.t.control("fault none")
        self.again(self.t, PIN)

    def test_unplugged_at_the_prompt(self):
        t = self.get_on_terminal(self.t)
        t.expect("PIN of the")
        self.t.control("unplug")
        t.type(PIN + "\n")
        self.moment("unplugged while the PIN is typed", t.finish(), 17)
        self.t.control("replug")
        self.again(self.t, PIN)

    def test_a_token_of_another_model_is_not_asked(self):
        self.t.close()
        other = self.token("other", pin="141421", aaguid="00112233445566778899aabbccddeeff")
        self.moment("a token of another model, which is asked no PIN", self.get(other), 11)
        self.assertEqual(other.control("retries"), "8")

    def reset(self, pin=None):
        """As fido2-token -R does; the state is the token's memory."""
        self.t.close()
        os.unlink(self.t.state)
        self.t = self.changed(self.t, **({"pin": pin} if pin else {}))

    def test_reset_since(self):
        self.reset()
        self.moment("PIN removed since it was enrolled (which a reset does)", self.get(self.t), 11)

    def test_reset_and_pin_set_again(self):
        self.reset(PIN)
        self.moment("reset since it was enrolled, and a PIN set again", self.typed(PIN), 11)


class Since(Moments):
    """Enrolled without a PIN."""

    noun = "PIN"

    def test_pin_set(self):
        t = self.enrolled()
        t.control(f"pin-set {PIN}")
        self.moment("PIN set since it was enrolled without", self.opened(self.get(t)), 0,
                    "works, and no PIN is asked for")

    def test_always_uv(self):
        t = self.enrolled()
        t.control(f"pin-set {PIN}")
        t.control("set always-uv")
        self.moment("alwaysUv switched on since it was enrolled without PIN", self.get(t), 15)
        self.assertEqual(t.control("retries"), "8")
        t.control("set no-always-uv")
        self.again(t)

    def test_reset(self):
        t = self.enrolled()
        t.close()
        os.unlink(t.state)
        self.moment("reset since it was enrolled without PIN", self.get(self.changed(t)), 11)

    def test_no_pin_yet(self):
        t = self.token()
        self.moment("init --pin required, and the token has none",
                    self.home.run("--device", t.path, "init", "--pin", "required"), 15)

    def test_no_pin_ever(self):
        t = self.token(no_pin_support=True)
        self.moment("init --pin required, and the token can have none",
                    self.home.run("--device", t.path, "init", "--pin", "required"), 15)

    def test_init_without_where_it_insists(self):
        t = self.token(pin=PIN, always_uv=True)
        self.moment("init --pin never, and alwaysUv is switched on",
                    self.home.run("--device", t.path, "init", "--pin", "never"), 15)

    def test_fingerprint(self):
        t = self.enrolled(builtin_uv=True)
        t.control("fault error:0x3f clientPIN.getPinUvAuthTokenUsingUvWithPermissions")
        self.moment("fingerprint not recognised, and no PIN set", self.get(t), 17)
        t.control("fault none")
        self.again(t)

    def test_fingerprint_then_pin(self):
        t = self.enrolled(builtin_uv=True)
        t.control(f"pin-set {PIN}")
        t.control("fault error:0x3f clientPIN.getPinUvAuthTokenUsingUvWithPermissions")
        result = self.opened(self.type_pin(self.get_on_terminal(t), PIN))
        self.moment("fingerprint not recognised, and a PIN set", result, 0, "asks for the PIN, and works")

    def test_protocols(self):
        for protocols in ("1", "2"):
            home = Home(os.path.join(self.dir, "home" + protocols))
            t = self.enrolled("token" + protocols, home, PIN, pin_protocols=protocols)
            result = self.opened(self.type_pin(self.get_on_terminal(t, home), PIN))
            self.moment(f"a token that knows PIN protocol {protocols} only", result, 0, "works", home)


if __name__ == "__main__":
    unittest.main()
