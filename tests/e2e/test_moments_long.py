# SPDX-License-Identifier: BSD-2-Clause
"""Moments that take as long as a person, or a silent token, is waited for: all
are begun together, and then looked at."""
from moments import *

SILENT = {
    "drop-reply getInfo": "a reply that never comes",
    "drop-reply": "touched, and a reply that never comes",
    "wrong-channel": "touched, and a reply on another channel",
}


class Begun(Moments):
    """One that is under way, with a home and a token of its own. It ends with the
    module."""

    def __init__(self, begin, *args):
        super().__init__("run")
        self.setUp()
        unittest.addModuleCleanup(self.doCleanups)
        # More patient than touchvault is.
        self.t = self.enrolled(user_timeout=120000)
        self.what = begin(self, *args)

    def nobody_plugs_one_in(self):
        return self.get_found_on_terminal()

    def nobody_touches(self):
        self.t.control("touch-policy never")
        return self.get_on_terminal(self.t)

    def hears_nothing(self):
        self.t.control("fault endless-keepalive")
        return self.get_on_terminal(self.t)

    def says_nothing(self, fault):
        self.t.control("touch-policy after:300")
        self.t.control(f"fault {fault}")
        return self.running(self.t)

    def never_stops(self):
        return self.running("/dev/zero")

    def over(self):
        self.t.control("fault none")
        self.t.control("touch-policy at-once")
        self.again(self.t)


def setUpModule():
    global BEGUN
    BEGUN = {fault: Begun(Begun.says_nothing, fault) for fault in SILENT}
    BEGUN["zero"] = Begun(Begun.never_stops)
    BEGUN["deaf"] = Begun(Begun.hears_nothing)
    BEGUN["untouched"] = Begun(Begun.nobody_touches)
    if os.geteuid() == 0:
        BEGUN["unplugged"] = Begun(Begun.nobody_plugs_one_in)


class Silent(Moments):
    noun = "The token itself"

    def test_silent(self):
        for fault, title in SILENT.items():
            begun = BEGUN[fault]
            self.moment(title, self.finished(begun.what), 17, home=begun.home)
            begun.over()

    def test_deaf(self):
        begun = BEGUN["deaf"]
        self.moment("waits for a touch, and hears neither touch nor CANCEL", begun.what.finish(), 13,
                    home=begun.home)
        self.assertIn("event cancel", begun.t.frames())
        begun.t.control("replug")
        begun.over()


class Untouched(Moments):
    noun = "Touching it"

    def test_untouched(self):
        begun = BEGUN["untouched"]
        self.moment("no touch in 30 seconds", begun.what.finish(), 13, home=begun.home)
        self.assertIn("getAssertion -> 2d", begun.t.transactions()[-1])
        begun.over()


class Plug(Moments):
    noun = "Plugging it in"

    def test_what_never_stops(self):
        begun = BEGUN["zero"]
        self.moment("--device names what never stops sending", self.finished(begun.what), 17, home=begun.home)
        begun.over()

    @ROOT
    def test_unplugged(self):
        begun = BEGUN["unplugged"]
        self.moment("none plugged in, and nobody does in 60 seconds", begun.what.finish(), 10, home=begun.home)
        begun.over()


if __name__ == "__main__":
    unittest.main()
