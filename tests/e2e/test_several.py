# SPDX-License-Identifier: BSD-2-Clause
"""Without --device: none, one or several tokens plugged in, as the kernel lists
them."""
from harness import *


@unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: plugging tokens in takes root")
class PluggedIn(Case):
    def setUp(self):
        super().setUp()
        self.first = self.token("first")
        self.new_vault(self.first)
        self.add(self.first, "k", {"secret": "CANARY"})

    def get(self, *tokens):
        return self.home.run("get", "k", wrap=plugged_in(self.dir, *tokens))

    def test_one(self):
        before = len(self.first.transactions())
        result = self.ok(self.get(self.first))
        self.assertEqual(result.out, b"CANARY")
        self.assertIn(b"/dev/hidraw0", result.err)
        self.assertEqual(len(self.first.transactions()) - before, 4)

    def test_the_right_one_of_several(self):
        strangers = [self.token(f"stranger{i}") for i in range(2)]
        result = self.ok(self.get(strangers[0], self.first, strangers[1]))
        self.assertEqual(result.out, b"CANARY")
        self.assertIn(b"/dev/hidraw1", result.err)
        # Opening and one probe, and nothing of a PIN or a touch.
        self.assertEqual([t.split(" -> ")[0] for t in strangers[0].transactions()],
                         ["INIT", "CBOR getInfo", "CBOR getAssertion"])
        self.assertNotIn("Touch the token (/dev/hidraw0)", result.err.decode())

    def test_an_absent_spare_is_no_error(self):
        spare = self.token("spare")
        self.ok(self.home.run("--device", self.first.path, "token", "add", "spare", "--new-device",
                              spare.path))
        for tokens in ((self.first,), (spare,), (self.first, spare), (spare, self.first)):
            self.assertEqual(self.ok(self.get(*tokens)).out, b"CANARY")

    def guarded(self, name):
        """A second token, with PIN, so that no probe shows its credential."""
        token = self.token(name, pin="271828")
        t = self.home.on_terminal("--device", self.first.path, "token", "add", name,
                                  "--new-device", token.path)
        t.expect("PIN")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        return token

    def on_terminal(self, *tokens):
        return Terminal(self.home, (), pipe_stdout=True, command=[
            *plugged_in(self.dir, *tokens), *self.home.command("get", "k")])

    def test_the_touch_chooses_where_nothing_can_be_told(self):
        right = self.guarded("right")
        wrong = self.token("wrong", pin="141421", touch="never")
        right.control("touch-policy after:300")
        t = self.on_terminal(wrong, right)
        t.expect("several are plugged in")
        t.expect("PIN")
        t.type("271828\n")
        result = t.finish()
        self.assertEqual((result.status, result.out), (0, b"CANARY"), result)
        # The other one was told to stop, and lost no try.
        self.assertIn("makeCredential -> 2d", wrong.transactions()[-1])
        self.assertEqual(wrong.control("retries"), "8")

    def test_one_that_hides_among_those_that_tell(self):
        right = self.guarded("right")
        stranger = self.token("stranger", aaguid="00112233445566778899aabbccddeeff")
        t = self.on_terminal(stranger, right)
        t.expect("PIN")
        t.type("271828\n")
        result = t.finish()
        self.assertEqual((result.status, result.out), (0, b"CANARY"), result)

    def test_ctrl_c_while_the_touch_is_to_choose(self):
        right = self.guarded("right")
        wrong = self.token("wrong", pin="141421", touch="never")
        right.control("touch-policy never")
        t = self.on_terminal(wrong, right)
        t.expect("several are plugged in")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertIn("makeCredential -> 2d", wrong.transactions()[-1])
        for token in (right, wrong):
            self.assertEqual(token.status()["waiting"], "0")

    def test_list_tells_which_is_which(self):
        stranger = self.token("stranger")
        listed = json.loads(self.ok(self.home.run(
            "token", "list", "--json", wrap=plugged_in(self.dir, stranger, self.first))).out)
        self.assertEqual([(t["device"], t["token"]) for t in listed["plugged_in"]],
                         [("/dev/hidraw0", None), ("/dev/hidraw1", "first")])
        self.assertEqual(listed["tokens"][0]["device"], "/dev/hidraw1")

    def test_list_without_any(self):
        listed = json.loads(self.ok(self.home.run("token", "list", "--json",
                                                  wrap=plugged_in(self.dir))).out)
        self.assertEqual(listed["plugged_in"], [])


if __name__ == "__main__":
    unittest.main()
