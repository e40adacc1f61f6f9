# SPDX-License-Identifier: BSD-2-Clause
"""Is the YubiKey in software honest? Debian's ykinfo, ykpersonalize and ykchalresp,
unmodified, are the judge; what it answers is compared with Python's hmac."""
import fcntl
import hmac
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from virtualyk import VirtualYk  # noqa: E402

LIBRARY = os.environ["VIRTUALYK"]
CONFINED = os.environ["CONFINED"]
KEY = bytes(range(20))
OTHER_KEY = bytes(range(100, 120))
LT64 = "hmac-lt64"
TOUCH = "chal-btn-trig"
VISIBLE = "serial-api-visible"


def expected(message, key=KEY):
    return hmac.new(key, message, "sha1").hexdigest()


def without_padding(challenge):
    padded = challenge.ljust(64, b"\0")
    return padded.rstrip(padded[-1:])


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="virtualyk.")
        self.addCleanup(shutil.rmtree, self.dir)
        self.yk = self.plug_in()
        self.random = random.Random(self.id())

    def plug_in(self, name="yubikey", **options):
        return VirtualYk(LIBRARY, self.dir, name, **options)

    def program(self, slot, *options, key=KEY, yk=None, number=0):
        done = (yk or self.yk).program(slot, key, *options, number=number)
        self.assertEqual(done.returncode, 0, done.stderr)

    def info(self, *args):
        result = self.yk.tool("ykinfo", "-a", *args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return dict(line.split(": ") for line in result.stdout.splitlines())

    def ask(self, *args, **kwargs):
        return self.yk.tool("ykchalresp", *args, **kwargs)

    def answer(self, *args):
        result = self.ask(*args)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.strip()

    def fails(self, message, *args):
        result = self.ask(*(args or ("-2", "x")))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(message, result.stderr)

    def binary(self, *challenges, slot="-2"):
        """Answers to challenges of any bytes."""
        return [self.answer(slot, "-x", c.hex()) for c in challenges]


class Library(unittest.TestCase):
    def names(self, path, kind):
        listed = subprocess.run(["nm", "-D", kind, path], capture_output=True, text=True, check=True)
        return {line.split()[-1].split("@")[0] for line in listed.stdout.splitlines()}

    def test_serves_what_libykpers_calls_and_nothing_else(self):
        linked = subprocess.run(["ldd", "/usr/bin/ykinfo"], capture_output=True, text=True, check=True)
        ykpers = next(l.split()[2] for l in linked.stdout.splitlines() if "libykpers" in l)
        called = {n for n in self.names(ykpers, "--undefined-only") if n.startswith("libusb_")}
        self.assertGreater(len(called), 10)
        self.assertEqual(self.names(LIBRARY, "--defined-only"), called)

    def test_needs_only_the_c_library(self):
        linked = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True)
        needed = [line.split("[")[1].rstrip("]") for line in linked.stdout.splitlines()
                  if "NEEDED" in line]
        self.assertLessEqual(set(needed), {"libc.so.6", "ld-linux-x86-64.so.2"})


class Programming(Case):
    def test_a_new_key(self):
        self.assertEqual(self.info(), {
            "serial": "12345678", "serial_hex": "bc614e", "serial_modhex": "nrhbfu",
            "version": "5.4.3", "touch_level": "0", "programming_sequence": "0",
            "slot1_status": "0", "slot2_status": "0", "vendor_id": "1050", "product_id": "407"})

    def status(self):
        info = self.info()
        return tuple(int(info[n]) for n in (
            "slot1_status", "slot2_status", "touch_level", "programming_sequence"))

    def test_programmed_and_read_again(self):
        self.program(2, LT64, TOUCH, VISIBLE)
        self.assertEqual(self.status(), (0, 1, 0x02 | 0x08, 1))
        self.program(1, LT64, VISIBLE)
        self.assertEqual(self.status(), (1, 1, 0x03 | 0x08, 2))
        self.assertEqual(self.yk.tool("ykpersonalize", "-2", "-z", "-y").returncode, 0)
        self.assertEqual(self.status(), (1, 0, 0x01, 3))
        self.assertEqual(self.yk.tool("ykpersonalize", "-1", "-z", "-y").returncode, 0)
        self.assertEqual(self.status(), (0, 0, 0, 0))

    def test_sequence_wraps_to_one(self):
        self.program(2, LT64, VISIBLE)
        with open(self.yk.state, "rb+") as f:
            record = f.read()
            f.seek(0)
            f.write(record.replace(b"seq 001", b"seq 255"))
        self.program(2, LT64, VISIBLE)
        self.assertEqual(self.status()[3], 1)

    def test_another_key_another_answer(self):
        self.program(2, LT64)
        self.program(2, LT64, key=OTHER_KEY)
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello", OTHER_KEY))

    def test_a_slot_that_types_wants_a_touch(self):
        done = self.yk.tool("ykpersonalize", "-1", "-y", "-oserial-api-visible",
                            "-a" + KEY[:16].hex())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.status(), (1, 0, 0x01 | 0x04, 1))
        self.fails("timeout", "-1", "x")

    def test_serial_number_hidden(self):
        self.program(2, LT64)
        self.assertEqual(self.yk.tool("ykinfo", "-s").returncode, 1)
        self.program(1, LT64, VISIBLE)
        self.assertEqual(self.yk.tool("ykinfo", "-qs").stdout, "12345678\n")

    def test_access_code(self):
        code, wrong = "-c0102030405ff", "-c0102030405fe"
        change = ("ykpersonalize", "-2", "-z", "-y")
        self.program(2, LT64, VISIBLE, "access=0102030405ff")
        for attempt in ((), (wrong,)):
            done = self.yk.tool(*change, *attempt)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("write error", done.stderr)
        self.assertEqual(self.status(), (0, 1, 0x02, 1))
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))
        self.assertEqual(self.yk.tool(*change, code).returncode, 0)
        self.assertEqual(self.status(), (0, 0, 0, 0))
        self.assertEqual(self.yk.events().count("refused program slot 2"), 2)


class Responses(Case):
    def test_text_of_every_length(self):
        self.program(2, LT64)
        for n in range(64):
            text = "".join(self.random.choices(string.ascii_letters, k=n))
            with self.subTest(length=n):
                self.assertEqual(self.answer("-2", "-H", text), expected(text.encode()))
                self.assertEqual(self.yk.events()[-3], f"answer slot 2 message {n}")

    def test_random_keys_and_challenges(self):
        for _ in range(8):
            key = self.random.randbytes(20)
            self.program(2, LT64, key=key)
            message = self.random.randbytes(62) + b"\x01"
            self.assertEqual(self.binary(message), [expected(message, key)])

    def test_padding_is_stripped_from_challenges_that_end_with_it(self):
        self.program(2, LT64)
        known = {b"abc\0": b"abc", b"abc\0\0\0": b"abc", b"\0": b"", b"a\0b": b"a\0b",
                 b"x" * 60 + b"yyyy": b"x" * 60, b"x" * 63 + b"y": b"x" * 63,
                 b"y" * 64: b"", b"x" * 62 + b"\0": b"x" * 62}
        for challenge, message in known.items():
            with self.subTest(challenge):
                self.assertEqual(without_padding(challenge), message)
                self.assertEqual(self.binary(challenge), [expected(message)])

    def test_always_64_bytes(self):
        self.program(2)
        for challenge in (b"hello", b"\0", b"abc\0\0", b"x" * 63, b"x" * 64, bytes(range(64))):
            with self.subTest(challenge):
                self.assertEqual(self.binary(challenge), [expected(challenge.ljust(64, b"\0"))])

    def test_slots_are_two(self):
        self.program(1, LT64)
        self.program(2, LT64, key=OTHER_KEY)
        self.assertEqual(self.answer("-1", "hello"), expected(b"hello"))
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello", OTHER_KEY))

    def test_empty_slot_and_another_kind_of_challenge(self):
        self.program(1, LT64)
        self.fails("timeout", "-2", "hello")
        self.fails("timeout", "-1", "-Y", "000000")
        self.assertIn("ignored challenge: slot 2 has no HMAC key", self.yk.events())
        self.assertIn("ignored command 20", self.yk.events())

    def test_reports_are_counted(self):
        self.program(2, LT64)
        before = len(self.yk.lines())
        self.binary(bytes(range(1, 64)))
        sent = [line for line in self.yk.lines()[before:] if line.startswith("set ")]
        self.assertEqual(len(sent), 11)
        self.assertEqual([int(line[-2:], 16) for line in sent], [*range(0x80, 0x8a), 0x8f])

    def test_keyboard_is_given_back(self):
        self.program(2, LT64)
        self.answer("-2", "x")
        events = self.yk.events()
        self.assertEqual(events.count("detach key 1"), events.count("attach key 1"))
        self.assertEqual(events[-2:], ["attach key 1", "close key 1"])


class Touch(Case):
    def setUp(self):
        super().setUp()
        self.program(2, LT64, TOUCH)

    def start(self):
        path = "/usr/bin/ykchalresp"
        process = subprocess.Popen([path, "-2", "hello"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, **self.yk.environment(path)})
        self.addCleanup(process.communicate)
        deadline = time.monotonic() + 30
        while "wait slot 2" not in self.yk.events():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process

    def test_at_once(self):
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))
        events = self.yk.events()
        self.assertEqual(events[events.index("wait slot 2"):][:3],
                         ["wait slot 2", "touch slot 2", "answer slot 2 message 5"])

    def test_after_a_while(self):
        self.yk.control(touch="after:700")
        begin = time.monotonic()
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))
        self.assertGreaterEqual(time.monotonic() - begin, 0.7)

    def test_who_does_not_wait_is_told_and_it_stops_blinking(self):
        self.fails("operation would block", "-2", "-N", "hello")
        self.assertIn("cancel slot 2", self.yk.events())
        self.assertNotIn("touch slot 2", self.yk.events())

    def test_never_for_fifteen_seconds(self):
        self.yk.control(touch="never")
        begin = time.monotonic()
        self.fails("timeout")
        waited = time.monotonic() - begin
        self.assertGreaterEqual(waited, 15)
        self.assertLess(waited, 30)
        self.assertIn("timeout slot 2", self.yk.events())

    def test_another_timeout(self):
        self.yk.set_timeout(1)
        self.yk.control(touch="never")
        begin = time.monotonic()
        self.fails("timeout")
        self.assertLess(time.monotonic() - begin, 14)

    def test_seconds_left_count_down(self):
        self.yk.set_timeout(2)
        self.yk.control(touch="never")
        self.fails("timeout")
        left = [int(line[-2:], 16) for line in self.yk.lines() if line.startswith("get ")]
        left = [flags & 0x1f for flags in left if flags & 0x20]
        self.assertEqual(left[0], 2)
        self.assertEqual(left, sorted(left, reverse=True))
        self.assertIn(1, left)

    def test_touched_while_it_waits(self):
        self.yk.control(touch="never")
        process = self.start()
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        self.yk.control(touch="at-once")
        self.assertEqual(process.communicate(timeout=30)[0].strip(), expected(b"hello"))

    def test_a_killed_program_cancels_nothing(self):
        self.yk.control(touch="never")
        process = self.start()
        process.kill()
        process.communicate()
        self.assertNotIn("cancel slot 2", self.yk.events())
        self.yk.control(touch="at-once")
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))

    def test_claimed_by_another_program_while_it_waits(self):
        self.yk.control(touch="never")
        process = self.start()
        with open(self.yk.state, "rb+") as f:
            fcntl.lockf(f, fcntl.LOCK_EX, 256, 0)
            self.assertIn("Resource busy", process.communicate(timeout=30)[1])

    def test_unplugged_while_it_waits(self):
        self.yk.control(touch="never", fault="unplug-waiting")
        self.fails("No such device")
        self.assertEqual(self.yk.events()[-2:], ["unplug", "close key 1"])
        self.yk.control(touch="at-once", fault="none")
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.program(2, LT64)

    def test_each_has_its_message(self):
        known = {"absent": "no yubikey present", "permission": "Access denied",
                 "busy": "Resource busy", "io": "Input/output error", "garbage": "checksum mismatch",
                 "short": "checksum mismatch", "unplug-waiting": "No such device"}
        for fault, message in known.items():
            with self.subTest(fault):
                self.yk.control(fault=fault)
                self.fails(message)
        self.yk.control(fault="none")
        self.assertEqual(self.answer("-2", "hello"), expected(b"hello"))

    def test_unstable(self):
        self.yk.control(fault="unstable")
        self.assertNotEqual(self.answer("-2", "hello"), expected(b"hello"))

    def test_by_the_environment(self):
        for name, message in (("VIRTUALYK_FAULT", "Access denied"),
                              ("LD_VIRTUALYK_FAULT", "Access denied")):
            env = {"LD_PRELOAD": LIBRARY, "VIRTUALYK_STATE": self.yk.state, name: "permission"}
            result = subprocess.run(["/usr/bin/ykinfo", "-a"], env=env, capture_output=True, text=True)
            self.assertIn(message, result.stderr)

    def test_wrong_settings_are_told(self):
        for name, value in (("FAULT", "gone"), ("TOUCH", "after:"), ("TOUCH", "after:-1"),
                            ("TOUCH", "later"), ("KEYS", "5"), ("STATE", "/nonexistent/x"),
                            ("LOG", "/nonexistent/x"), ("CONTROL", "/nonexistent/x")):
            env = {"LD_PRELOAD": LIBRARY, "VIRTUALYK_STATE": self.yk.state, "VIRTUALYK_" + name: value}
            with self.subTest(name=name, value=value):
                result = subprocess.run(["/usr/bin/ykinfo", "-a"], env=env, capture_output=True,
                                        text=True)
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"VIRTUALYK_{name}={value} cannot be used", result.stderr)

    def test_a_spoilt_state_is_told(self):
        with open(self.yk.state, "rb+") as f:
            f.write(b"kez")
        result = self.yk.tool("ykinfo", "-a")
        self.assertEqual(result.returncode, 1)
        self.assertIn("VIRTUALYK_STATE", result.stderr)


class Several(Case):
    def test_two_keys(self):
        self.yk = self.plug_in("pair", keys=2)
        self.program(2, LT64, VISIBLE)
        self.program(2, LT64, VISIBLE, key=OTHER_KEY, number=1)
        self.assertEqual([self.info("-n" + n)["serial"] for n in "01"], ["12345678", "12345679"])
        self.assertEqual(self.answer("-2", "-n0", "hello"), expected(b"hello"))
        self.assertEqual(self.answer("-2", "-n1", "hello"), expected(b"hello", OTHER_KEY))
        self.fails("no yubikey present", "-2", "-n2", "hello")

    def test_none_without_a_state(self):
        result = subprocess.run(["/usr/bin/ykinfo", "-a"], env={"LD_PRELOAD": LIBRARY},
                                capture_output=True, text=True)
        self.assertIn("no yubikey present", result.stderr)


class Confined(Case):
    """No file can be opened, and few system calls made: as in the helper."""

    def setUp(self):
        super().setUp()
        self.program(2, LT64, TOUCH)
        self.challenge = bytes(range(1, 64)) + b"\0"

    def start(self):
        # The client passes the dynamic linker's variables on, and no other.
        env = self.yk.environment(CONFINED)
        env = {k if k.startswith("LD_") else "LD_" + k: v for k, v in env.items()}
        env["ASAN_OPTIONS"] = "detect_leaks=0"
        process = subprocess.Popen([CONFINED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=env)
        self.addCleanup(process.communicate)
        return process

    def test_answers(self):
        out, err = self.start().communicate(self.challenge, timeout=60)
        self.assertEqual(out.decode().strip(), expected(self.challenge[:63]), err)
        self.assertIn("touch slot 2", self.yk.events())

    def test_touched_while_it_waits(self):
        self.yk.control(touch="never")
        process = self.start()
        process.stdin.write(self.challenge)
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while "wait slot 2" not in self.yk.events():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.yk.control(touch="at-once")
        out, err = process.communicate(timeout=60)
        self.assertEqual(out.decode().strip(), expected(self.challenge[:63]), err)

    def test_fails(self):
        self.yk.control(fault="garbage")
        _, err = self.start().communicate(self.challenge, timeout=60)
        self.assertIn(b"checksum mismatch", err)


if __name__ == "__main__":
    unittest.main()
