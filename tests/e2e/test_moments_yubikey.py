# SPDX-License-Identifier: BSD-2-Clause
"""The HMAC slot of a YubiKey, in its bad moments."""
from moments import *

KEY, OTHER = bytes(range(20)), bytes(range(50, 70))
USUAL = ("hmac-lt64", "chal-btn-trig", "serial-api-visible")
PASSPHRASE = "correct horse"
# Held by a program that keeps to touchvault's lock, and starts touchvault.
HOLD = """
import fcntl, os, subprocess, sys
fcntl.flock(os.open("/dev/bus/usb", os.O_RDONLY), fcntl.LOCK_EX)
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


class YubiKey(Moments):
    noun = "The HMAC slot of a YubiKey"

    def setUp(self):
        super().setUp()
        self.yk = self.yubikey()

    def program(self, *options, key=KEY):
        result = self.yk.program(2, key, *options)
        self.assertEqual(result.returncode, 0, result.stderr)

    def init(self, *options):
        return self.home.run("--device", "yubikey", "init", "--no-passphrase", *options)

    def vault(self, *options):
        self.program(*(options or USUAL))
        self.ok(self.init())
        self.ok(self.home.run("add", "k", "--field", "secret=-", stdin=SECRET.encode()))
        self.stays(self.home)

    def vault_with_passphrase(self):
        self.program(*USUAL)
        t = self.home.on_terminal("--device", "yubikey", "init")
        for prompt in ("New passphrase", "again"):
            t.expect(prompt)
            t.type(PASSPHRASE + "\n")
        self.assertEqual(t.finish().status, 0)
        self.assertEqual(self.with_passphrase(PASSPHRASE, "add", "k", "--field", "secret=-",
                                              stdin=SECRET.encode()).status, 0)
        self.stays(self.home)

    def with_passphrase(self, passphrase, *args, stdin=None, then=None):
        """then: typed when it asks again."""
        t = self.home.on_terminal(*(args or ("get", "k")), pipe_stdin=stdin, pipe_stdout=True)
        t.expect("Passphrase of the token")
        t.type(passphrase + "\n")
        if then is not None:
            t.expect("Wrong passphrase")
            t.expect("Passphrase of the token")
            self.assertFalse(t.echo_is_on())
            t.type(then + "\n")
        return t.finish()

    def get(self, *args):
        return self.home.run(*args, "get", "k")

    def over(self):
        self.yk.control(touch="at-once", fault="none")
        self.opened(self.get())


class Slot(YubiKey):
    def test_empty(self):
        self.moment("init with an empty slot", self.init(), 17)
        self.vault()
        self.assertEqual(self.yk.tool("ykpersonalize", "-2", "-z", "-y").returncode, 0)
        self.moment("the slot has been erased", self.get(), 17)

    def test_another_kind(self):
        self.vault()
        self.assertEqual(self.yk.tool("ykpersonalize", "-2", "-y", "-a" + "00" * 16).returncode, 0)
        self.moment("the slot has been made one that types passwords", self.get(), 17)

    def test_programmed_anew(self):
        self.vault()
        self.program(*USUAL, key=OTHER)
        self.moment("the slot has been programmed anew", self.get(), 11)
        self.program(*USUAL)
        self.over()

    def test_passphrase(self):
        self.vault_with_passphrase()
        self.moment("wrong passphrase, and Enter alone", self.with_passphrase(PASSPHRASE + "r", then=""), 14)
        before = len(self.yk.events())
        self.moment("wrong passphrase, then the right one",
                    self.opened(self.with_passphrase(PASSPHRASE + "r", then=PASSPHRASE)), 0, "works, by one touch")
        self.assertEqual(self.yk.events()[before:].count("wait slot 2"), 1)
        self.moment("nothing typed as the passphrase", self.with_passphrase(""), 14)
        before = len(self.yk.events())
        self.moment("passphrase wanted, and no terminal to ask for it", self.get(), 2)
        self.assertEqual(self.yk.events()[before:].count("wait slot 2"), 0)
        self.opened(self.with_passphrase(PASSPHRASE))
        self.program(*USUAL, key=OTHER)
        self.moment("the slot has been programmed anew, and the passphrase is right",
                    self.with_passphrase(PASSPHRASE, then=""), 14)

    def test_without_touch(self):
        self.program("hmac-lt64", "serial-api-visible")
        self.moment("init with a slot that answers without a touch", self.init(), 17)
        self.moment("the same with --allow-no-touch", self.init("--allow-no-touch"), 0, "graded D")

    def test_without_touch_since(self):
        self.vault()
        self.program("hmac-lt64", "serial-api-visible")
        self.moment("the slot wants no touch any more", self.get(), 17)
        self.program(*USUAL)
        self.over()

    def test_fixed_length(self):
        self.vault("chal-btn-trig", "serial-api-visible")
        self.moment("a slot in fixed-length mode", self.get(), 0, "works")

    def test_hidden_serial(self):
        self.vault("hmac-lt64", "chal-btn-trig")
        self.moment("a token that keeps its serial number to itself", self.get(), 0, "works")

    def test_access_code(self):
        self.assertEqual(self.yk.tool("ykpersonalize", "-2", "-ochal-resp", "-ochal-hmac", "-y",
                                      "-oaccess=010203040506", "-a" + KEY.hex()).returncode, 0)
        self.moment("token program, no terminal, and the slot is in use", self.home.run("token", "program"), 4)


class Usb(YubiKey):
    def test_faults(self):
        self.vault()
        moments = (("permission", "no permission on its USB node", 12),
                   ("busy", "in use by another program", 17),
                   ("io", "libusb refuses to transfer", 17),
                   ("garbage", "an answer with a wrong checksum", 17),
                   ("short", "an answer that ends too early", 17),
                   ("absent", "not plugged in", 10))
        for fault, title, status in moments:
            self.yk.control(fault=fault)
            self.moment(title, self.get(), status)
            self.over()

    def test_never_the_same(self):
        self.program(*USUAL)
        self.yk.control(fault="unstable")
        self.moment("init with answers that are never the same", self.init(), 17)

    def test_touch_too_late(self):
        self.vault()
        self.yk.set_timeout(1)
        self.yk.control(touch="never")
        self.moment("touched too late", self.get(), 13)
        self.over()

    def test_stranger(self):
        self.vault()
        known = self.home.env.copy()
        self.yk = self.yubikey("another", keys=2)
        self.moment("none of those plugged in is of this vault", self.get("--device", "yubikey:12345679"), 11)
        self.assertNotIn("wait slot 2", self.yk.events())
        self.home.env = known
        self.opened(self.get())

    def test_several(self):
        self.yk = self.yubikey("pair", keys=2)
        self.moment("init with several plugged in", self.init(), 11)

    @ROOT
    def test_lock(self):
        self.vault()
        wrap = [*plugged_in(self.dir, usb=True), "env", "-u", "LD_PRELOAD", "python3", "-c", HOLD, "env",
                "LD_PRELOAD=" + self.home.env["LD_PRELOAD"]]
        self.moment("in use by another touchvault",
                    self.home.run("get", "k", wrap=wrap, env={"LD_PRELOAD": ""}), 17)
        self.opened(self.home.run("get", "k", wrap=plugged_in(self.dir, usb=True)))


class Waiting(YubiKey):
    def waiting(self):
        self.vault()
        self.yk.control(touch="never")
        t = self.home.on_terminal("get", "k", pipe_stdout=True)
        for word in ("Touch the YubiKey", "15 s", "Ctrl-C"):
            t.expect(word)
        return t

    def test_unplugged(self):
        t = self.waiting()
        self.yk.control(fault="unplug-waiting")
        self.moment("pulled out while it waits", t.finish(), 17)
        self.over()

    def test_ctrl_c(self):
        t = self.waiting()
        self.moment("Ctrl-C instead of the touch",
                    self.prompt_back("YubiKey, Ctrl-C", t, lambda t: t.type("\x03")), 14)
        self.assertIn("cancel slot 2", self.yk.events()[-3:])
        self.over()

    def test_sigterm(self):
        t = self.waiting()
        self.moment("SIGTERM instead of the touch",
                    self.prompt_back("YubiKey, SIGTERM", t, lambda t: t.process.send_signal(signal.SIGTERM)), 14)
        self.assertIn("cancel slot 2", self.yk.events()[-3:])
        self.over()

    def test_touched_after_a_while(self):
        t = self.waiting()
        self.yk.control(touch="at-once")
        self.moment("touched after a while", t.finish(), 0, "works")


if __name__ == "__main__":
    unittest.main()
