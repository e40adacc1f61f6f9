# SPDX-License-Identifier: BSD-2-Clause
"""The touch that doesn't come, or is taken back."""
from moments import *


class Touch(Moments):
    noun = "Touching it"


class Late(Touch):
    def test_late(self):
        t = self.enrolled(user_timeout=500)
        t.control("touch-policy never")
        self.moment("no touch before the token's patience ends", self.get(t), 13)
        t.control("touch-policy at-once")
        self.again(t)

    def test_declined(self):
        t = self.enrolled()
        t.control("touch-policy refused")
        self.moment("declined on the token", self.get(t), 14)
        t.control("touch-policy at-once")
        self.again(t)


class Cancelled(Touch):
    def waiting(self):
        self.t = self.enrolled()
        self.t.control("touch-policy never")
        terminal = self.get_on_terminal(self.t)
        for word in ("Touch", "30 s", "Ctrl-C"):
            terminal.expect(word)
        return terminal

    def over(self, title, terminal, how):
        """The token was told, and another program can have it at once."""
        self.moment(title, self.prompt_back(title, terminal, how), 14)
        self.assertIn("cmd=CANCEL", self.t.frames())
        self.assertIn("getAssertion -> 2d", self.t.transactions()[-1])
        self.t.control("touch-policy at-once")
        self.again(self.t)

    def test_ctrl_c(self):
        self.over("Ctrl-C instead of the touch", self.waiting(), lambda t: t.type("\x03"))

    def test_sigterm(self):
        self.over("SIGTERM instead of the touch", self.waiting(), lambda t: t.process.send_signal(signal.SIGTERM))

    def test_sighup(self):
        self.over("the terminal's window closed instead of the touch", self.waiting(),
                  lambda t: t.process.send_signal(signal.SIGHUP))


class Killed(Touch):
    def waiting(self):
        self.t = self.enrolled()
        self.t.control("touch-policy never")
        process = self.running(self.t, "remove", "k")
        self.assertTrue(process.stderr.readline().startswith(b"Touch the "))
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
            return process, int(f.read())

    def test_the_helper(self):
        process, helper = self.waiting()
        os.kill(helper, signal.SIGKILL)
        self.moment("touchvault-token is killed", self.finished(process), 17)
        self.t.control("touch-policy at-once")
        self.again(self.t)

    def test_the_program(self):
        """There is nobody left to say anything. The helper calms the token."""
        process, _ = self.waiting()
        process.kill()
        self.assertEqual(self.finished(process).out, b"")
        self.wait_for(lambda: "getAssertion -> 2d" in self.t.transactions()[-1])
        self.t.control("touch-policy at-once")
        self.again(self.t)


class Without(Touch):
    def test_a_token_that_needs_none(self):
        t = self.token(gives_secret_without_up=True)
        self.moment("init with a token that needs no touch", self.home.run("--device", t.path, "init"), 17)
        result = self.home.run("--device", t.path, "init", "--allow-no-touch")
        self.assertIn(b"D", self.ok(self.home.run("status")).out)
        self.moment("init --allow-no-touch with a token that needs no touch", result, 0, "a vault of grade D")
        self.add(t, "k", {"secret": SECRET})
        self.again(t)

    def test_an_answer_without_one(self):
        t = self.enrolled()
        t.control("fault no-up-flag")
        self.moment("an answer without a touch", self.get(t), 17)
        t.control("fault none")
        self.again(t)


if __name__ == "__main__":
    unittest.main()
