# SPDX-License-Identifier: BSD-2-Clause
"""A helper that somebody else has taken over: it speaks with a device, so it may have
been. It gets what the request needs and no more, and Ctrl-C always works."""
from harness import *

import shutil
import sys

PREFACE = f"""#!{sys.executable} -SE
import os, socket, struct, sys, time
s = socket.socket(fileno=os.dup(0))
def text(t): return bytes([len(t)]) + t
def say(kind, body=b""): s.send(bytes([1, kind]) + body)
def hear(): return s.recv(65536)
DEVICE = text(b"/dev/hidraw0") + text(b"Evil")
TOUCH = DEVICE + bytes([2, 1, 1, 30, 0])
PIN, NEW_PIN = DEVICE + bytes([0, 0, 4]), DEVICE + bytes([1, 0, 4])
request = hear()
"""
ENROLLED = """
say(0x85, bytes([{kind}, {uv}]) + struct.pack("<H", {id_len}) + bytes({id_len}) + bytes(64 + 16 + 4) +
    bytes([{without_touch}]) + DEVICE + text(bytes({length})))
"""


class Hostile(Case):
    def setUp(self):
        super().setUp()
        self.first = self.token("first")
        self.new_vault(self.first)
        self.add(self.first, "k", {"a": "CANARY"})
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin, 0o755)
        self.program = shutil.copy(TOUCHVAULT, self.bin)

    def helper(self, body):
        path = os.path.join(self.bin, "touchvault-token")
        with open(path, "w") as f:
            f.write(PREFACE + body)
        os.chmod(path, 0o755)

    def start(self, *args):
        return Terminal(self.home, (), pipe_stdout=True, command=[self.program, *args])

    def refused_as_broken(self, *args):
        result = self.start(*(args or ("get", "k"))).finish()
        self.assertEqual((result.status, result.out), (17, b""), result)
        self.assertIn(b"doesn't keep to its protocol", result.tty)
        return result

    def test_the_protocol_is_the_one_it_breaks(self):
        """Else all of this proves nothing."""
        self.helper('say(0x84, bytes([10, 0]))\n')
        self.assertEqual(self.start("get", "k").finish().status, 13)

    def test_no_pin_for_a_vault_without(self):
        self.helper("say(0x83, PIN)\nhear()\ntime.sleep(60)\n")
        self.assertNotIn(b"PIN of", self.refused_as_broken().tty)

    def test_no_second_pin(self):
        self.helper("while True:\n    say(0x83, PIN)\n    hear()\n")
        t = self.start("--vault", "other", "init")
        t.expect("PIN of the")
        t.type("123456\n")
        result = t.finish()
        self.assertEqual(result.status, 17)
        self.assertNotIn(b"PIN of", result.tty)

    def test_a_wrong_pin_that_nobody_typed(self):
        """It is asked again for one that somebody typed, and for no other."""
        self.helper('say(0x84, bytes([14, 8]))\n')
        result = self.start("get", "k").finish()
        self.assertEqual(result.status, 15)
        self.assertIn(b"wrong PIN, 7 tries are left", result.tty)

    def test_no_new_pin_for_a_get(self):
        self.helper("say(0x83, NEW_PIN)\nhear()\ntime.sleep(60)\n")
        self.assertNotIn(b"New PIN", self.refused_as_broken().tty)

    def test_endless_touches_end(self):
        self.helper("while True:\n    say(0x81, TOUCH)\n")
        self.refused_as_broken()

    def test_ctrl_c_ends_what_does_not_listen(self):
        self.helper("import signal\nfor i in (1, 2, 15): signal.signal(i, signal.SIG_IGN)\n"
                    "say(0x81, TOUCH)\n"
                    "while True:\n    time.sleep(0.3)\n    say(0x82)\n")
        t = self.start("get", "k")
        t.expect("Touch the")
        with open(f"/proc/{t.process.pid}/task/{t.process.pid}/children") as f:
            helper, = f.read().split()
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertFalse(os.path.exists(f"/proc/{helper}"), "it lives on")

    def test_nonsense(self):
        for body in ('s.send(b"")', 's.send(b"x")', 's.send(bytes(100000))', "say(0x7f)", "say(2)",
                     "say(0x86, bytes([0]) + text(bytes(20)))", "say(0x86, bytes([9]) + text(bytes(32)))"):
            with self.subTest(body):
                self.helper(body + "\n")
                self.refused_as_broken()

    def test_enrolled_is_what_was_asked_for(self):
        asked = {"kind": 1, "uv": 0, "id_len": 16, "without_touch": 0, "length": 32}
        for wrong, options in (({"kind": 2, "id_len": 0, "length": 20}, ()), ({"without_touch": 1}, ()),
                               ({}, ("--pin", "required")), ({"length": 20}, ())):
            with self.subTest(wrong=wrong, options=options):
                self.helper(ENROLLED.format(**{**asked, **wrong}))
                self.refused_as_broken("--vault", "other", "init", *options)
                self.assertFalse(os.path.exists(os.path.join(os.path.dirname(self.home.vault), "other.tv")))

    def test_has_no_terminal(self):
        out = os.path.join(self.dir, "out")
        self.helper(f"""
try:
    os.open("/dev/tty", os.O_RDWR)
    r = "opened"
except OSError as e:
    r = e.strerror
open({out!r}, "w").write(r)
""")
        self.refused_as_broken()
        with open(out) as f:
            self.assertEqual(f.read(), "No such device or address")


if __name__ == "__main__":
    unittest.main()
