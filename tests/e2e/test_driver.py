# SPDX-License-Identifier: BSD-2-Clause
"""Rotation by drivers: one for a broker over HTTP, which fails at every step, and bad ones."""
import re
import shutil

from broker import Broker
from harness import *

DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "driver_broker.py")


class Driven(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.home.env["BROKER"] = self.broker.url
        self.new_vault(self.plugged)
        self.add_key("sim/live")

    def add_key(self, name):
        self.add(self.plugged, name, {**self.broker.make("by hand"), "account": "U123"})

    def touched(self, *args, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, **kwargs)

    def rotate(self, *args, driver=DRIVER, name="sim/live"):
        return self.touched("rotate", name, "--driver", driver, *args)

    def script(self, text, name="bad"):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o700)
        return path

    def get(self, *which, name="sim/live"):
        return json.loads(self.ok(self.touched("get", name, "--json", *which)).out)

    def state(self, name="sim/live"):
        return json.loads(self.ok(self.home.run("rotate", name, "--status", "--json")).out)["state"]

    def works(self, credential):
        return self.broker.keys.get(credential["key"], (None,))[0] == credential["secret"]

    def end_grace(self, name="sim/live"):
        self.ok(self.touched("schedule", name, "--grace", "0d"))


class Good(Driven):
    def test_all_the_way(self):
        old = self.get()
        result = self.ok(self.rotate("--expires", "2999-01-01"))
        self.assertEqual(result.err.count(b"Touch the token"), 1)
        new = self.get()
        self.assertNotEqual(new["key"], old["key"])
        self.assertEqual(new["account"], "U123")
        self.assertEqual(self.get("--previous"), old)
        self.assertTrue(self.works(new) and self.works(old))
        requests = len(self.broker.requests)
        self.ok(self.rotate())
        self.assertEqual((self.state(), len(self.broker.requests)), ("promoted", requests))
        self.end_grace()
        self.ok(self.rotate())
        self.assertEqual(self.state(), "active")
        self.assertEqual(list(self.broker.keys), [new["key"]])
        events = json.loads(self.ok(self.home.run("history", "sim/live", "--json")).out)["events"]
        self.assertEqual([(e["event"], e["why"]) for e in events], [
            ("staged", "fine, by a driver"), ("verified", "by a driver"), ("promoted", None),
            ("revoked", "by a driver"), ("retired", None)])

    def test_the_broker_fails_at_every_step(self):
        """Each request, before and after it is done: the vault always has a credential that
        works, the next try goes on, and no key is left at the broker in the end."""
        for method, expected in (("GET", "active"), ("POST", "active"), ("VERIFY", "staged"), ("DELETE", "promoted")):
            for moment in ("before", "after"):
                with self.subTest(method=method, moment=moment):
                    self.one_failure(method, moment, expected)

    def one_failure(self, method, moment, expected):
        self.ok(self.touched("schedule", "sim/live", "--grace", "1w"))
        if method == "VERIFY":
            self.ok(self.touched("rotate", "sim/live", "--stage", "--from-json",
                                 stdin=json.dumps(self.broker.make("by hand")).encode()))
            method = "GET"
        elif method == "DELETE":
            self.ok(self.rotate())
            self.end_grace()
        self.broker.fault = (method, moment)
        result = self.refused(self.rotate(), 1)
        self.assertNotIn(self.get()["secret"].encode(), result.err)
        self.assertIn(b"***:***", result.err)
        self.assertEqual(self.state(), expected)
        self.assertTrue(self.works(self.get()))
        self.ok(self.rotate())
        self.end_grace()
        self.ok(self.rotate())
        if self.state() == "promoted":
            self.ok(self.rotate())
        self.assertEqual(self.state(), "active")
        self.assertEqual(list(self.broker.keys), [self.get()["key"]])

    def test_killed_after_the_broker_made_the_key(self):
        """Nobody has it then: the next try takes it away."""
        trace = os.path.join(self.dir, "trace")
        command = ["rotate", "sim/live", "--driver", DRIVER]
        result = self.touched(*command, wrap=["strace", "-qq", "-o", trace, "-e", "inject=renameat:signal=KILL:when=1"])
        self.assertEqual(result.status, -signal.SIGKILL)
        self.assertEqual((self.state(), len(self.broker.keys)), ("active", 2))
        self.ok(self.rotate())
        self.end_grace()
        self.ok(self.rotate())
        self.assertEqual(list(self.broker.keys), [self.get()["key"]])

    def test_two_at_a_time(self):
        """They would take each other's key for one that was lost: the second is sent away, without a touch."""
        ready, go = os.path.join(self.dir, "ready"), os.path.join(self.dir, "go")
        os.mkfifo(ready)
        os.mkfifo(go)
        driver = self.script(f'test $1 != create || {{ echo >{ready}; read -r line <{go}; }}; exec {DRIVER} "$@"')
        first = subprocess.Popen(self.home.command("--device", self.plugged.path, "rotate", "sim/live", "--driver", driver),
                                 env=self.home.env, stderr=subprocess.DEVNULL)
        with open(ready, encoding="ascii") as f:
            f.read()
        drivers = os.path.join(self.dir, "drivers")
        os.mkdir(drivers)
        for args in (["sim/live", "--driver", DRIVER], ["--due", "--driver-dir", drivers]):
            result = self.refused(self.touched("rotate", *args), 1, "under way on this host")
            self.assertNotIn(b"Touch", result.err)
        self.ok(self.touched("rotate", "sim/live", "--status"))
        with open(go, "w", encoding="ascii") as f:
            f.write("\n")
        self.assertEqual(first.wait(60), 0)
        self.assertEqual(len(self.broker.keys), 2)
        self.ok(self.rotate())

    def test_atomic(self):
        self.ok(self.touched("schedule", "sim/live", "--mode", "atomic"))
        old = self.get()
        self.ok(self.rotate())
        self.assertEqual(self.state(), "active")
        self.assertNotEqual(self.get()["key"], old["key"])

    def test_a_long_reason_is_cut_between_characters(self):
        """It was accepted for the mark, so it is no reason to fail after the key was made."""
        for reason in ("\u00e9" * 64, "x" + "\u20ac" * 41, "x" * 128, "\U0001f511" * 29 + "x" * 8):
            self.ok(self.touched("schedule", "sim/live", "--now", reason))
            self.ok(self.rotate())
            events = json.loads(self.ok(self.home.run("history", "sim/live", "--json")).out)["events"]
            why = [e["why"] for e in events if e["event"] == "staged"][-1]
            self.assertTrue((reason + ", by a driver").startswith(why), why)
            self.assertGreater(len(why.encode()), 124)
            if self.state() == "promoted":
                self.end_grace()
                self.ok(self.rotate())

    def test_no_secret_in_arguments_and_environment(self):
        secret = self.get()["secret"]
        self.home.env["TOUCHVAULT_ATTEMPT"] = "of-another"  # as where a driver runs touchvault
        spy = self.script('{ tr "\\0" "\\n" </proc/$$/environ; tr "\\0" "\\n" </proc/$$/cmdline; } >"$0.seen"; exit 1')
        self.refused(self.rotate(driver=spy), 1)
        with open(spy + ".seen", encoding="utf-8") as f:
            seen = f.read()
        self.assertEqual(len(re.findall("^TOUCHVAULT_ATTEMPT=", seen, re.M)), 1)
        self.assertRegex(seen, r"(?m)^TOUCHVAULT_ATTEMPT=[0-9a-f]{16}-1-[0-9A-Z]{4}-[0-9A-Z]{4}$")
        self.assertIn("create\nsim/live", seen)
        self.assertNotIn(secret, seen)


class Clocked(Driven):
    """The clock's library is for touchvault alone, so drivers are started without."""

    def setUp(self):
        super().setUp()
        drivers = os.path.join(self.dir, "drivers")
        os.mkdir(drivers)
        self.driver = os.path.join(drivers, "sim")
        shutil.copy(os.environ["PLAIN_START"], self.driver)
        shutil.copy(DRIVER, self.driver + ".run")
        self.home.set_clock("2099-01-01 09:00:00")
        self.ways = (lambda: self.rotate(driver=self.driver),
                     lambda: self.touched("rotate", "--due", "--driver-dir", drivers))


class Dates(Clocked):
    """What the broker says of the new key, which no person types."""

    def answers(self, answer):
        """The driver makes no key, and gives this as the new one."""
        os.unlink(self.driver + ".run")
        self.script(f"test $1 != create || echo '{json.dumps(answer)}'", "drivers/sim.run")

    def status(self):
        return json.loads(self.ok(self.home.run("rotate", "sim/live", "--status", "--json")).out)

    def test_one_that_works_later(self):
        self.ok(self.touched("schedule", "sim/live", "--mode", "delayed", "--now", "test"))
        self.answers({"key": "NEW", "--works-from": "2099-01-05T12:00Z", "--expires": "2099-09-01T02:00+02:00"})
        old = self.get()
        result = self.ok(self.rotate(driver=self.driver))
        self.assertIn(b"the new one works from 2099-01-05 12:00 UTC on; repeat then", result.err)
        status = self.status()
        self.assertEqual((status["state"], status["works_from"], status["other_expires"], status["expires"]),
                         ("staged", "2099-01-05T12:00:00Z", "2099-09-01T00:00:00Z", None))
        self.home.set_clock("2099-01-05 11:00:00")
        for rotate in self.ways:
            result = self.ok(rotate())
            self.assertIn(b"the new one works from 2099-01-05 12:00 UTC on; repeat then", result.err)
            self.assertNotIn(b"Touch", result.err)
        self.assertEqual(self.get(), old)
        self.home.set_clock("2099-01-05 12:00:00")
        self.ok(self.ways[1]())
        self.assertEqual(self.get()["key"], "NEW")
        self.assertEqual(self.status()["expires"], "2099-09-01T00:00:00Z")

    def test_the_broker_knows_better(self):
        self.answers({"key": "NEW", "--expires": "2099-09-01"})
        self.ok(self.rotate("--expires", "2099-12-31", driver=self.driver))
        self.assertEqual(self.status()["expires"], "2099-09-01T00:00:00Z")

    def test_one_that_works_already(self):
        self.answers({"key": "NEW", "--works-from": "2098-12-31"})
        self.ok(self.rotate(driver=self.driver))
        self.assertEqual(self.status()["state"], "promoted")

    def test_what_can_not_be_meant(self):
        before = digest(self.home.vault)
        for dates, word in (({"--expires": "2098-12-31"}, "over already"),
                            ({"--expires": "2099-02-01", "--works-from": "2099-02-01"}, "before it works"),
                            ({"--expires": "2099-02-30"}, "no date"), ({"--expires": "1970-01-01"}, "no date"),
                            ({"--expires": 4072118400}, "no date"), ({"--expires": None}, "no date"),
                            ({"--expires": ""}, "no date"), ({"--expires": "2099-02-01 "}, "no date"),
                            ({"--expires": "2099-02-01\0"}, "no date"), ({"--works-from": {"base64": "MjA5OQ=="}}, "no date"),
                            ({"--works-until": "2099-02-01"}, "not well-formed"), ({"expires": "2099-02-01"}, "doesn't have"),
                            ({"key": "", "--expires": "2099-02-01"}, "empty")):
            with self.subTest(dates):
                self.answers({"key": "NEW", **dates})
                self.refused(self.rotate(driver=self.driver), 1, word)
        self.answers({"--expires": "2099-02-01"})
        self.refused(self.rotate(driver=self.driver), 1, "has no field")
        self.assertEqual(digest(self.home.vault), before)
        # No field can be called so, and a person has an option.
        self.refused(self.touched("add", "x", "--from-json", stdin=b'{"k": "v", "--expires": "2099-02-01"}'), 2, "not well-formed")

    def test_a_field_of_that_name(self):
        self.add(self.plugged, "dated", {"expires": "soon"})
        self.answers({"expires": "later", "--expires": "2099-09-01"})
        self.ok(self.rotate(driver=self.driver, name="dated"))
        self.assertEqual(self.get(name="dated"), {"expires": "later"})


class GoesOn(Clocked):
    """Whatever it begins with, a run that ends with 0 leaves nothing that is due."""

    def mark(self, clock, *args):
        self.home.set_clock(clock)
        self.ok(self.touched("schedule", "sim/live", "--now", "seen in a repository", *args))

    def is_done(self, result):
        """All of it with one touch; the only key at the broker is the vault's."""
        self.assertEqual(self.ok(result).err.count(b"Touch the token"), 1)
        self.assertEqual(self.home.run("due", "--check").status, 0)
        self.assertEqual(self.state(), "active")
        self.assertEqual(list(self.broker.keys), [self.get()["key"]])

    def stage(self, name="sim/live"):
        self.ok(self.touched("rotate", name, "--stage", "--from-json",
                             stdin=json.dumps(self.broker.make("by hand")).encode()))

    def test_due_while_the_old_one_is_in_grace(self):
        for day, rotate in enumerate(self.ways, 1):
            self.home.set_clock(f"2099-0{day}-02 09:00:00")
            self.ok(self.rotate(driver=self.driver))
            self.assertEqual(self.state(), "promoted")
            leaked = self.get()["key"]
            self.mark(f"2099-0{day}-03 09:00:00")
            self.assertEqual(self.home.run("due", "--check").status, 41)
            self.is_done(rotate())
            self.assertNotIn(leaked, self.broker.keys)

    def test_overdue_when_the_old_one_is_to_retire(self):
        for day, rotate in enumerate(self.ways, 1):
            self.home.set_clock(f"2099-0{day}-02 09:00:00")
            self.ok(self.rotate(driver=self.driver))
            leaked = self.get()["key"]
            self.mark(f"2099-0{day}-03 09:00:00", "--grace", "1d")
            self.home.set_clock(f"2099-0{day}-05 09:00:00")
            self.assertEqual(self.home.run("due", "--check").status, 40)
            self.is_done(rotate())
            self.assertNotIn(leaked, self.broker.keys)

    def test_one_that_leaked_before_it_was_promoted(self):
        self.stage()
        staged = self.get("--staged")["key"]
        self.mark("2099-01-02 09:00:00")
        self.is_done(self.rotate(driver=self.driver))
        self.assertNotIn(staged, self.broker.keys)

    def test_atomic(self):
        self.ok(self.touched("schedule", "sim/live", "--mode", "atomic"))
        self.mark("2099-01-02 09:00:00")
        self.assertEqual(self.ok(self.rotate(driver=self.driver)).err.count(b"Touch the token"), 1)
        self.assertEqual((self.state(), self.broker.requests.count("POST")), ("active", 1))

    def test_a_new_one_that_does_not_last(self):
        """It makes no second one, keeps the old one, and doesn't say that all is well."""
        result = self.refused(self.rotate("--expires", "2099-01-04", driver=self.driver), 41,
                              "the new one is expiring already, 2099-01-04")
        self.assertEqual(result.err.count(b"Touch the token"), 1)
        self.assertEqual((self.state(), self.broker.requests.count("POST")), ("promoted", 1))
        self.is_done_but_for_the_grace(self.rotate(driver=self.driver))

    def is_done_but_for_the_grace(self, result):
        self.ok(result)
        self.assertEqual(self.home.run("due", "--check").status, 0)
        self.assertEqual((self.state(), len(self.broker.keys)), ("promoted", 2))

    def test_nothing_to_do_today_takes_no_touch(self):
        self.ok(self.rotate(driver=self.driver))
        for rotate in self.ways:
            self.assertNotIn(b"Touch", self.ok(rotate()).err)
        self.assertIn(b"the old one is kept until 2099-01-03 09:00 UTC; repeat then", self.ways[0]().err)
        self.assertIn(b"nothing is to be done today", self.ways[1]().err)

    def test_begun_by_hand_and_without_a_driver(self):
        """What isn't due needs none."""
        self.add_key("other")
        self.stage("other")
        self.assertNotIn(b"other", self.ok(self.ways[1]()).err)


class Bad(Driven):
    def unchanged(self, driver, *words, status=1, options=()):
        before, holds = digest(self.home.vault), self.get()
        result = self.refused(self.rotate(*options, driver=driver), status, *words)
        self.assertEqual(digest(self.home.vault), before)
        self.assertEqual(self.get(), holds)
        for value in (holds["key"], holds["secret"]):
            self.assertNotIn(value.encode(), result.err)
        return result

    def test_what_it_prints(self):
        current = json.dumps(self.get())
        for text, word in (("exit 0", "no new credential"), ("echo garbage", "this is not JSON"),
                           ("echo '{\"key\": \"NEW'", "this is not JSON"), ("echo '[]'", "not a JSON object"),
                           ("echo '{}'", "no field"), ("echo '{\"key\": 1}'", "must be a string"),
                           ("echo '{\"kye\": \"NEW\"}'", "doesn't have"), ("echo '{\"key\": \"\"}'", "empty"),
                           (f"echo '{current}'", "has now"), ("cat", "must be a string"),
                           ("echo '{\"key\": \"A\", \"key\": \"B\"}'", "twice"),
                           ("head -c 10000000 /dev/zero", "more than 256 KiB"),
                           ("yes", "more than 256 KiB")):
            with self.subTest(text[:40]):
                self.unchanged(self.script(text), word, status=4 if word == "has now" else 1)

    def test_how_it_ends(self):
        for text, word in (("exit 3", "ended create with 3"), ("kill -9 $$", "ended create with 137"),
                           ("kill -SEGV $$", "with 139"), ("echo '{\"key\":\"N\"}'; exit 1", "with 1")):
            with self.subTest(text):
                self.unchanged(self.script(text), word)

    def test_it_hangs_and_so_does_what_it_started(self):
        pid = os.path.join(self.dir, "pid")
        driver = self.script(f"sleep 1000 & echo $! >{pid}; trap '' TERM INT; while :; do sleep 1000; done")
        self.unchanged(driver, "not done with create in 1 s", options=["--timeout", "1"])
        with open(pid, encoding="ascii") as f:
            number = int(f.read())
        self.assertRaises(ProcessLookupError, self.await_end, number)

    def await_end(self, pid):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                if f.read().split()[2] == "Z":
                    raise ProcessLookupError

    def test_it_leaves_something_running_with_its_pipes(self):
        self.unchanged(self.script("sleep 1000 & exit 7"), "with 7")

    def test_it_has_no_terminal(self):
        """It can't read what is typed, change how the terminal works, or stop because it may not."""
        driver = self.script("stty -echo </dev/tty; read -r line </dev/tty; echo got $line >&2; exit 1")
        t = self.home.on_terminal("--device", self.plugged.path, "rotate", "sim/live", "--driver", driver)
        result = t.finish()
        self.assertEqual(result.status, 1)
        self.assertIn(b"cannot open /dev/tty", result.shown)

    def test_whoever_started_us_waits_for_nobody(self):
        """With SIGCHLD ignored the kernel keeps no status; a driver that failed didn't succeed."""
        result = self.touched("rotate", "sim/live", "--driver", self.script("exit 9"),
                              preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.refused(result, 1, "ended create with 9")

    def test_what_it_inherits(self):
        """Three descriptors, the user's umask, and no signal that is ignored or blocked."""
        driver = self.script("umask >&2; exec python3 -c 'import os, sys; print(sorted(map(int, os.listdir(\"/proc/self/fd\"))),"
                             " *[l for l in open(\"/proc/self/status\") if l.startswith((\"SigBlk\", \"SigIgn\"))],"
                             " file=sys.stderr); sys.exit(1)'")
        with open("/dev/null", "rb") as f:
            os.dup2(f.fileno(), 57)
        self.addCleanup(os.close, 57)
        result = self.touched("rotate", "sim/live", "--driver", driver, umask=0o027, pass_fds=[57],
                              wrap=["sh", "-c", "trap '' PIPE HUP USR1; exec \"$@\"", "sh"])
        self.assertEqual(result.status, 1)
        said = [line.removeprefix("touchvault: driver: ") for line in result.err.decode().splitlines() if ": driver: " in line]
        self.assertEqual(said[:2], ["0027", "[0, 1, 2, 3] SigBlk:?" + "0" * 16])
        # Python ignores these two by itself, and glibc its own 32 and 33.
        self.assertEqual(int(said[2].split("?")[1], 16) & 0x7fffffff, 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)

    def test_it_reads_nothing(self):
        self.add(self.plugged, "large", {"k": "x" * 100000})
        self.refused(self.rotate(driver=self.script("exit 5"), name="large"), 1, "with 5")

    def test_what_it_says_with_nuls_between_is_masked(self):
        driver = self.script("""python3 -c 'import json, sys
secret = json.load(sys.stdin)["current"]["secret"]
sys.stderr.buffer.write(b"wide " + secret.encode("utf-16-le") + b" and " + b"\\0".join(bytes([c]) for c in secret.encode()))'; exit 1""")
        result = self.refused(self.touched("rotate", "sim/live", "--driver", driver), 1)
        self.assertIn(b"driver: wide *** and ***", result.err)

    def test_what_it_says_is_masked(self):
        driver = self.script("IFS= read -r line; echo \"got $line\" >&2; echo 'made NEW-SECRET-1, x@y!z' >&2;"
                             " printf '\\033[2J\\007 plain words stay\\n' >&2;"
                             " echo '{\"secret\": \"NEW-SECRET-1\", \"key\": \"x@y!z\"'; exit 1")
        result = self.unchanged(driver, "with 1")
        for word in (b"NEW-SECRET", b"x@y!z", b"\033", b"U123"):
            self.assertNotIn(word, result.err)
        self.assertIn(b"plain words stay", result.err)
        self.assertIn(b"made ***, ***", result.err)

    def no_touch_for(self, driver, status, *words):
        before = len(self.plugged.transactions())
        result = self.refused(self.rotate(driver=driver), status, *words)
        self.assertNotIn(b"driver: ", result.err)
        self.assertEqual(len(self.plugged.transactions()), before)

    def test_others_can_change_it(self):
        """It would get the credentials: nobody is asked for them."""
        driver = self.script("cat >&2; exit 1")
        directory = os.path.dirname(driver)
        for path, mode, back in ((driver, 0o777, 0o700), (driver, 0o720, 0o700), (directory, 0o777, 0o700),
                                 (directory, 0o1777, 0o700)):
            os.chmod(path, mode)
            self.no_touch_for(driver, 34, path)
            os.chmod(path, back)
        link = os.path.join(self.dir, "link")
        os.symlink(driver, link)
        self.assertEqual(self.rotate(driver=link).status, 1)
        os.chmod(driver, 0o711)
        os.chown(driver, 65534, 65534)
        for path in (driver, link):
            self.no_touch_for(path, 34)

    def test_others_can_turn_a_link(self):
        """What a link leads to may be safe, and still be another one tomorrow."""
        safe = os.path.dirname(self.script("cat >&2; exit 1", "sim"))
        shared = os.path.join(self.dir, "shared")
        os.mkdir(shared)
        os.symlink("../sim", os.path.join(shared, "file"))
        os.symlink(safe, os.path.join(shared, "directory"))
        os.symlink("shared/file", os.path.join(safe, "through"))
        for path in ("shared/file", "shared/directory/sim", "through", "./shared/../through", "shared/directory/through"):
            self.assertIn(b"driver: ", self.rotate(driver=os.path.join(safe, path)).err)
        for mode in (0o777, 0o1777):
            os.chmod(shared, mode)
            for path in ("shared/file", "shared/directory/sim", "through", "shared/directory/through"):
                self.no_touch_for(os.path.join(safe, path), 34, shared)
        # A directory that only its owner can replace is none of theirs.
        os.mkdir(os.path.join(shared, "own"))
        shutil.copy(os.path.join(safe, "sim"), os.path.join(shared, "own"))
        self.assertIn(b"driver: ", self.rotate(driver=os.path.join(shared, "own/sim")).err)
        os.chown(shared, 65534, 65534)
        self.no_touch_for(os.path.join(shared, "own/sim"), 34, shared)

    def test_from_where_it_is_started(self):
        driver = self.script("echo ran $0 >&2; exit 1", "here")
        result = self.touched("rotate", "sim/live", "--driver", "../here", cwd=self.home.dir)
        self.assertIn(f"ran {driver}".encode(), result.err)
        self.refused(self.touched("rotate", "sim/live", "--driver", "here", cwd=self.home.dir), 3)

    def test_links_without_end(self):
        for name, target in (("one", "two"), ("two", "one"), ("grows", "grows/x"), ("nowhere", "gone")):
            os.symlink(target, os.path.join(self.dir, name))
            self.no_touch_for(os.path.join(self.dir, name), 3, "can't be executed")
        self.no_touch_for("/" + "x" * 300, 3, "File name too long")
        self.no_touch_for("/x" * 3000, 3, "File name too long")

    def test_a_directory_that_is_not_there(self):
        for path in (self.dir + "/nowhere", "/etc/passwd"):
            self.refused(self.touched("rotate", "--due", "--driver-dir", path), 3, "no such directory")

    def test_one_secret_in_another(self):
        """Whichever is found first, none of the longer one is left."""
        driver = self.script("echo 'sent sk_live_NEWSECRETPART, and sk_live_NEW' >&2;"
                             " echo '{\"acct\": \"live\", \"secret\": \"sk_live_NEWSECRETPART\"}'; exit 1")
        result = self.unchanged(driver, "with 1")
        self.assertNotIn(b"NEWSECRETPART", result.err)
        self.assertIn(b"sent ***, and sk_***_NEW", result.err)

    def test_in_every_form_that_it_was_given(self):
        lines = "-----BEGIN-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\"E\n-----END-----\n"
        self.add(self.plugged, "pem", {"key": lines, "id": "1"})
        self.ok(self.home.run("--device", self.plugged.path, "add", "raw", "--field", "key=-",
                              stdin=b"\0\1\2RAW-SECRET-BYTES"))
        for script in ("cat >&2; exit 1", "jq -r .current.key >&2; exit 1", "sed 's/.*MII/MII/' >&2; exit 1",
                       "jq -r .current.key | sed -n 2p >&2; exit 1", "jq -r .current.key.base64 >&2; exit 1"):
            for name in ("pem", "raw"):
                result = self.rotate(driver=self.script(script), name=name)
                self.assertEqual(result.status, 1, result)
                for part in (b"MIIEvQ", b"kqhkiG", b"AQ\"E", b"AAECUkFX", b"RAW-SECRET"):
                    self.assertNotIn(part, result.err, script)

    FORMS = """
import base64, json, sys, urllib.parse as u
v = %r
b = v.encode()
for name, form in (("plain", v), ("json", json.dumps(v, ensure_ascii=False)[1:-1]), ("ascii", json.dumps(v)[1:-1]),
                   ("upper", json.dumps(v)[1:-1].replace("00e9", "00E9")), ("php", json.dumps(v).replace("/", "\\\\/")[1:-1]),
                   ("repr", repr(v)[1:-1]), ("url", u.quote(v)), ("all", u.quote(v, safe="")), ("form", u.quote_plus(v)),
                   ("lower", u.quote(v, safe="").replace("%%C3%%A9", "%%c3%%a9")), ("hex", b.hex()), ("HEX", b.hex().upper()),
                   ("base64", base64.b64encode(b).decode().rstrip("=")),
                   ("urlsafe", base64.urlsafe_b64encode(b).decode().rstrip("=")),
                   ("wrapped", "\\n".join(base64.encodebytes(b).decode().rstrip("=\\n")[i:i + 9] for i in range(0, 99, 9)).strip())):
    print(name, form, file=sys.stderr)
for before in ("", "k", "ke", "key"):
    for after in ("", "x", "xy", "xyz"):
        print("basic", base64.b64encode((before + ":" + v + after).encode()).decode(), file=sys.stderr)
"""

    def test_in_other_forms(self):
        """JSON, URLs, hexadecimal and base64, of the current one and of the new one: as a whole."""
        for n, value in enumerate(('pa"ss\\wo', "p\u00e9\u00e8\u20ac\U0001f511x", "a+b/c= d%e~f?g", "two\nlines", "0123456789abcdef", "abcd", "???>>>~~~")):
            with self.subTest(value):
                name = f"form{n}"
                self.add(self.plugged, name, {"key": value, "id": "1"})
                script = self.script("cat >/dev/null; python3 - <<'EOF' >&2\n" + self.FORMS % value + "EOF\nexit 1")
                # And as one that was made just now, of an entry that never had it.
                self.add(self.plugged, name + "new", {"key": "other-one", "id": "1"})
                fresh = self.script("cat >/dev/null; python3 - <<'EOF' >&2\n" + self.FORMS % value + "EOF\ncat <<'EOF'\n"
                                    + json.dumps({"key": value}) + "\nEOF\nexit 1", "fresh")
                for driver, entry in ((script, name), (fresh, name + "new")):
                    result = self.refused(self.rotate(driver=driver, name=entry), 1, "with 1")
                    said = [line.removeprefix("touchvault: driver: ") for line in result.err.decode().splitlines() if ": driver: " in line]
                    whole = [line for line in said if not line.startswith("basic")]
                    self.assertEqual(len(whole), 15, whole)
                    for line in whole:
                        self.assertRegex(line, r"^\w+ \*\*\*$")
                    basics = [line.split(" ")[1] for line in said if line.startswith("basic")]
                    self.assertEqual(len(basics), 16)
                    for line in basics:
                        self.assertRegex(line, r"^[\w+/=-]{0,7}\*\*\*[\w+/=-]{0,7}$")

    def test_another_form_that_is_cut_off(self):
        for form in ("NEW%2FSECRET%2FTHAT", "NEW\\/SECRET\\/THAT", "4e45572f5345435245542f54484154", "TkVXL1NFQ1JFVC9USEFU"):
            for shown in range(2, len(form), 5):
                driver = self.script("head -c %d /dev/zero | tr '\\0' '#' >&2; printf '%%s' '%s' >&2;"
                                     " echo '{\"secret\": \"NEW/SECRET/THAT\", \"key\": \"abcd\"}'; exit 1" % (16384 - shown, form))
                result = self.unchanged(driver, "with 1")
                self.assertRegex(result.err, rb"#\*\*\*\n", (form, shown))

    def test_a_new_one_that_came_in_escapes(self):
        driver = self.script("echo 'made NEW-SECRET-1 there' >&2;"
                             " echo '{\"secret\": \"NEW\\u002dSECRET\\u002d1\", \"key\": \"abcd\"}'; exit 1")
        result = self.unchanged(driver, "with 1")
        self.assertIn(b"made *** there", result.err)

    def test_cut_off_at_the_limit(self):
        """What is shown ends in the middle of a secret."""
        for shown in (1, 20, 28):
            driver = self.script("head -c %d /dev/zero | tr '\\0' '#' >&2; printf NEW-SECRET-THAT-IS-CUT-OFF-HERE >&2;"
                                 " echo '{\"secret\": \"NEW-SECRET-THAT-IS-CUT-OFF-HERE\", \"key\": \"abcd\"}'; exit 1"
                                 % (16384 - shown))
            result = self.unchanged(driver, "with 1")
            self.assertNotIn(b"NEW", result.err)
            self.assertRegex(result.err, rb"#\*\*\*\n")

    def test_not_there(self):
        for path in ("/nonexistent", self.dir, "/etc/passwd", "/dev/null", "/"):
            self.no_touch_for(path, 3, path)
        self.assertEqual(self.state(), "active")

    def test_no_interpreter(self):
        """Its path is right, whatever the system says."""
        driver = self.script("exit 0")
        for first in ("#!/nonexistent", "exit 0"):
            with open(driver, "w", encoding="ascii") as f:
                f.write(first + "\n")
            self.unchanged(driver, "the first line of a script")

    def test_command_line(self):
        for args in (["sim/live", "--driver", DRIVER, "--promote"], ["sim/live", "--driver", DRIVER, "--status"], [],
                     ["--due"], ["--driver-dir", "/tmp"], ["sim/live", "--due", "--driver-dir", "/tmp"],
                     ["sim/live", "--timeout", "5"], ["sim/live", "--driver", DRIVER, "--timeout", "0"],
                     ["sim/live", "--driver", DRIVER, "--timeout", "1h"],
                     ["sim/live", "--driver", DRIVER, "--timeout", "3601"],
                     ["sim/live", "--driver", DRIVER, "--expires", "2020-01-01"], ["--driver", DRIVER]):
            with self.subTest(args):
                self.refused(self.touched("rotate", *args), 2)

    def test_cancelled(self):
        before = digest(self.home.vault)
        ready = os.path.join(self.dir, "ready")
        os.mkfifo(ready)
        driver = self.script(f"echo >{ready}; sleep 1000")
        t = self.home.on_terminal("--device", self.plugged.path, "rotate", "sim/live", "--driver", driver)
        with open(ready, encoding="ascii") as f:
            f.read()
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertEqual(digest(self.home.vault), before)


class TwoHosts(Driven):
    """Each with a home, a host key and a copy of the vault of its own."""

    def setUp(self):
        super().setUp()
        self.desk, self.laptop = self.home, self.approve(self.plugged, "laptop")
        self.driver = self.script(f'test "$1" != "$STOP_AT" || exit 9; exec {DRIVER} "$@"', "stops")

    def on(self, home, copied_from=None):
        """What follows is done there, with the vault of the other one if that is said."""
        self.home = home
        if copied_from is not None:
            copy_vault(copied_from.vault, home.vault)

    def stopped_at(self, operation):
        self.refused(self.touched("rotate", "sim/live", "--driver", self.driver, env={"STOP_AT": operation}), 1,
                     f"ended {operation} with 9")

    def test_begun_on_one_and_gone_on_with_on_the_other(self):
        self.stopped_at("verify")
        self.assertEqual(self.state(), "staged")
        self.on(self.laptop, self.desk)
        self.assertIn(f"by {os.uname().nodename}", self.ok(self.home.run("rotate", "sim/live", "--status")).out.decode())
        self.ok(self.rotate())
        self.assertEqual(self.state(), "promoted")
        self.end_grace()
        self.stopped_at("revoke")
        self.on(self.desk, self.laptop)
        self.assertIn("by laptop", self.ok(self.home.run("rotate", "sim/live", "--status")).out.decode())
        self.ok(self.rotate())
        self.assertEqual(self.state(), "active")
        self.on(self.laptop, self.desk)
        self.assertEqual(list(self.broker.keys), [self.get()["key"]])

    def test_both_apart(self):
        """Neither takes the key of the other for one that was lost: that is in use there."""
        for home in (self.desk, self.laptop):
            self.on(home)
            self.ok(self.rotate())
        for home in (self.desk, self.laptop):
            self.on(home)
            self.assertTrue(self.works(self.get()))
        # One copy it must be in the end: here the desk's.
        copy_vault(self.laptop.vault, self.laptop.vault + ".kept")
        for home, source in ((self.desk, self.laptop), (self.laptop, self.desk)):
            kept = digest(home.vault), home.vault + ".own"
            copy_vault(home.vault, kept[1])
            self.on(home, source)
            for args in (["list"], ["rotate", "sim/live", "--status"], ["rotate", "sim/live", "--driver", DRIVER]):
                self.refused(self.touched(*args), 32, "changed apart", "--accept-rollback")
            copy_vault(kept[1], home.vault)
        self.on(self.laptop, self.desk)
        self.ok(self.touched("--accept-rollback", "get", "sim/live", "--json"))
        self.assertTrue(self.works(self.get()))
        self.end_grace()
        self.ok(self.rotate())
        self.on(self.desk, self.laptop)
        self.assertEqual(self.state(), "active")
        self.assertTrue(self.works(self.get()))

    def test_lost_on_one_and_made_on_the_other(self):
        """What the one lost is left to look for at the broker; the vault has one that works."""
        killed = self.touched("rotate", "sim/live", "--driver", self.script(f'{DRIVER} "$@"; kill -9 $PPID', "kills"))
        self.assertEqual(killed.status, -signal.SIGKILL)
        self.assertEqual(len(self.broker.keys), 2)
        self.on(self.laptop, self.desk)
        self.ok(self.rotate())
        self.end_grace()
        self.ok(self.rotate())
        self.assertTrue(self.works(self.get()))
        self.assertEqual(len(self.broker.keys), 2)


class AllDue(Driven):
    def setUp(self):
        super().setUp()
        self.drivers = os.path.join(self.dir, "drivers")
        os.mkdir(self.drivers)
        os.symlink(DRIVER, os.path.join(self.drivers, "sim"))

    def all_due(self):
        return self.touched("rotate", "--due", "--driver-dir", self.drivers)

    def test_one_touch_for_all(self):
        for name in ("sim/a", "sim/b", "other", "fine", "none"):
            self.add_key(name)
        self.ok(self.touched("edit", "other", "--label", "driver=sim"))
        for name in ("sim/a", "sim/b", "other", "none"):
            self.ok(self.touched("schedule", name, "--now", "host revoked"))
        before = {n: self.get(name=n)["key"] for n in ("sim/a", "sim/b", "other", "fine", "none", "sim/live")}
        # One has no driver, and stays due.
        result = self.refused(self.all_due(), 41, "none is due, but has no driver")
        self.assertEqual(result.err.count(b"Touch the token"), 1)
        changed = {n for n, key in before.items() if self.get(name=n)["key"] != key}
        self.assertEqual(changed, {"sim/a", "sim/b", "other"})
        # What leaked has no grace: the same run has revoked and wiped it.
        self.assertEqual({self.state(n) for n in changed}, {"active"})
        self.assertFalse(any(before[n] in self.broker.keys for n in changed))

    def test_one_that_fails_stops_no_other(self):
        self.add_key("zim")
        shutil.copy(self.script("exit 9"), os.path.join(self.drivers, "bad"))
        self.add(self.plugged, "bad", {"k": "v"})
        self.ok(self.touched("edit", "zim", "--label", "driver=sim"))
        self.ok(self.touched("schedule", "--all", "--now", "test"))
        before = self.get(name="zim")["key"]
        self.refused(self.all_due(), 1, "ended create with 9")
        self.assertNotEqual(self.get(name="zim")["key"], before)

    def test_nothing_is_due(self):
        result = self.ok(self.all_due())
        self.assertNotIn(b"Touch", result.err)

    def test_a_driver_that_will_not_do_stops_no_other(self):
        """It is told before the touch, and nobody touches for it alone."""
        def gone(path):
            os.unlink(path)

        self.ok(self.touched("schedule", "sim/live", "--now", "test"))
        self.add_key("zim")
        bad = os.path.join(self.drivers, "zim")
        self.ok(self.touched("schedule", "zim", "--now", "test"))
        for make, status in ((os.mkdir, 3), (lambda p: open(p, "w").close(), 3), (lambda p: os.symlink("gone", p), 3),
                             (lambda p: (shutil.copy(DRIVER, p), os.chmod(p, 0o777)), 34)):
            if os.path.lexists(bad):
                (shutil.rmtree if os.path.isdir(bad) else gone)(bad)
            make(bad)
            self.ok(self.touched("schedule", "sim/live", "--now", "test"))
            before = self.get()["key"]
            result = self.refused(self.all_due(), status, bad)
            self.assertLess(result.err.index(bad.encode()), result.err.index(b"Touch the token"))
            self.assertNotEqual(self.get()["key"], before)
            result = self.refused(self.all_due(), status, bad)
            self.assertNotIn(b"Touch", result.err)

    def test_others_can_change_the_directory(self):
        self.ok(self.touched("schedule", "sim/live", "--now", "test"))
        link = os.path.join(self.dir, "link")
        os.symlink("drivers", link)
        for path, mode in ((self.drivers, 0o777), (self.drivers, 0o1777), (self.dir, 0o777)):
            os.chmod(path, mode)
            for name in (self.drivers, link):
                result = self.refused(self.touched("rotate", "--due", "--driver-dir", name), 34, path)
                self.assertNotIn(b"Touch", result.err)
            os.chmod(path, 0o755)
        self.ok(self.touched("rotate", "--due", "--driver-dir", link))

    def test_no_way_out_of_the_directory(self):
        for label in ("../sim", "/bin/true", ".hidden", "sub/sim"):
            self.ok(self.touched("edit", "sim/live", "--label", "driver=" + label))
            self.ok(self.touched("schedule", "sim/live", "--now", "test"))
            self.assertNotIn(b"Touch", self.refused(self.all_due(), 41, "has no driver").err)


if __name__ == "__main__":
    unittest.main()
