# SPDX-License-Identifier: BSD-2-Clause
"""Two at a time: writers wait for each other, readers see one generation or the
next, and what happens to the file behind a change's back is noticed."""
from faults import *

import fcntl
import unittest

WAIT = 10  # seconds that a change waits for the lock


class Running:
    """A touchvault that is at work."""

    def __init__(self, home, args, stdin=b"", wrap=()):
        self.started = time.monotonic()
        self.process = subprocess.Popen([*wrap, *home.command(*args)], env=home.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self.said = b""
        self.process.stdin.write(stdin)
        self.process.stdin.close()
        self.process.stdin = None

    def wait_for_touch(self):
        """Until it asks for the touch: it has read all that it reads before."""
        self.said = self.process.stderr.readline()
        assert self.said.startswith(b"Touch the "), self.said

    def result(self):
        out, err = self.process.communicate(timeout=60)
        self.seconds = time.monotonic() - self.started
        return Result(self.process.returncode, out, self.said + err)


def hold(path):
    """The lock, until the file is closed."""
    f = open(path, "a+b")
    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return f


class Writers(FaultCase):
    def start_add(self, token, name, home=None):
        return Running(home or self.home, ["--device", token.path, "add", name, "--field", "k=-"],
                       name.encode())

    def test_all_succeed(self):
        tokens = [self.twin(self.plugged, f"twin{i}") for i in range(4)]
        for token in tokens:
            token.control("touch-policy after:200")
        expected = dict(BEFORE)
        for turn in range(3):
            names = [f"turn{turn}/by{i}" for i in range(len(tokens))]
            for running in [self.start_add(t, n) for t, n in zip(tokens, names)]:
                self.ok(running.result())
            expected.update((n, n.encode()) for n in names)
            self.assertEqual(self.names(), sorted(expected))
        for name, value in expected.items():
            self.assertEqual(self.value(name), value)

    def test_the_same_name(self):
        """One gets it, the other is told so, and its value is nowhere."""
        tokens = [self.twin(self.plugged, f"twin{i}") for i in range(2)]
        for token in tokens:
            token.control("touch-policy after:300")
        both = [Running(self.home, ["--device", t.path, "add", "one", "--field", "k=-"], t.path.encode())
                for t in tokens]
        results = [r.result() for r in both]
        self.assertEqual(sorted(r.status for r in results), [0, 4], results)
        winner = [r.status for r in results].index(0)
        self.one_sentence(results[1 - winner], 4)
        self.assertEqual(self.value("one"), tokens[winner].path.encode())

    def test_one_token_serves_one_after_the_other(self):
        self.plugged.control("touch-policy after:700")
        first = self.start_add(self.plugged, "first")
        first.wait_for_touch()
        second = self.start_add(self.plugged, "second")
        self.ok(first.result())
        self.ok(second.result())
        self.assertEqual(self.names(), sorted([*BEFORE, "first", "second"]))


class Loggers(FaultCase):
    """All that happens at once is in the audit log, each line once."""

    def events(self, home):
        return json.loads(self.ok(home.run("log", "--json")).out)

    def test_reading(self):
        tokens = [self.twin(self.plugged, f"twin{i}") for i in range(4)]
        before = len(self.events(self.home))
        for _ in range(3):
            for running in [Running(self.home, ["--device", t.path, "get", "kept"]) for t in tokens]:
                self.assertEqual(self.ok(running.result()).out, KEPT)
        found = self.events(self.home)
        self.assertEqual([e["number"] for e in found], list(range(1, before + 24 + 1)))
        self.assertEqual(sorted(e["event"] for e in found[before:]), ["get"] * 12 + ["unlock"] * 12)
        self.log_is_whole()

    def test_refusals(self):
        """Many, with nothing to wait for, and the first of which makes the log."""
        other = Home(os.path.join(self.dir, "other"))
        os.makedirs(os.path.dirname(other.vault), 0o700)
        shutil.copy(self.home.vault, other.vault)
        for running in [Running(other, ["list"]) for _ in range(20)]:
            self.refused(running.result(), 20)
        found = self.events(other)
        self.assertEqual([e["number"] for e in found], list(range(1, 22)))
        self.assertEqual([e["event"] for e in found], ["begin"] + ["refusal"] * 20)


class Locked(FaultCase):
    """The lock in the hands of somebody else."""

    def another(self, name):
        """A home with a vault, and a port of the token of its own."""
        home = Home(os.path.join(self.dir, name))
        self.new_vault(self.plugged, home)
        token = self.twin(self.plugged, name + "-token")
        token.control("touch-policy after:300")
        return home, token

    def add(self, home, token):
        return Running(home, ["--device", token.path, "add", "new", "--field", "k=-"], b"v")

    def test_held_for_longer_than_anybody_waits(self):
        homes = {name: self.another(name) for name in ("at-once", "after-the-touch", "state")}
        before = {name: digest(home.vault) for name, (home, _) in homes.items()}
        locks = [hold(homes["at-once"][0].vault + ".lock"), hold(homes["state"][0].state + ".lock")]
        running = {name: self.add(*pair) for name, pair in homes.items()}
        running["after-the-touch"].wait_for_touch()
        locks.append(hold(homes["after-the-touch"][0].vault + ".lock"))
        for name, r in running.items():
            with self.subTest(lock=name):
                self.one_sentence(r.result(), 1)
                self.assertGreater(r.seconds, WAIT - 1)
                self.assertLess(r.seconds, WAIT + 5)
                self.assertEqual(digest(homes[name][0].vault), before[name])
        self.assertFalse([t for t in homes["at-once"][1].transactions() if "getAssertion" in t],
                         "somebody touched for nothing")
        for lock in locks:
            lock.close()
        for home, token in homes.values():
            self.ok(self.add(home, token).result())

    def test_held_for_a_while(self):
        home, token = self.another("patient")
        lock = hold(home.vault + ".lock")
        running = self.add(home, token)
        time.sleep(2)
        lock.close()
        self.ok(running.result())
        self.assertGreater(running.seconds, 2)
        self.assertLess(running.seconds, 5)
        self.assertEqual(self.ok(home.run("--device", token.path, "get", "new")).out, b"v")

    def test_reading_waits_for_no_lock_of_the_vault(self):
        with hold(self.home.vault + ".lock"):
            begun = time.monotonic()
            self.assertEqual(self.names(), sorted(BEFORE))
            self.assertEqual(self.value("kept"), KEPT)
            self.assertLess(time.monotonic() - begun, 5)


class BehindItsBack(FaultCase):
    """The file is replaced between the touch and the commit."""

    def setUp(self):
        super().setUp()
        self.second = self.twin(self.plugged)
        self.second.control("touch-policy after:400")

    def meanwhile(self, args, action):
        running = Running(self.home, ["--device", self.second.path, *args], b"v")
        running.wait_for_touch()
        action()
        return running.result()

    def add_meanwhile(self, action):
        return self.meanwhile(["add", "new", "--field", "k=-"], action)

    def test_another_change(self):
        def action():
            self.ok(self.change(CHANGES["remove"]))
        self.ok(self.add_meanwhile(action))
        self.assertEqual(self.names(), sorted([*CHANGES["remove"].after, "new"]))
        self.assertEqual(self.value("new"), b"v")
        self.assertEqual(self.value("kept"), KEPT)

    def test_the_entry_that_is_changed(self):
        def action():
            self.ok(self.home.run(*self.device, "remove", "edited"))
        self.one_sentence(self.meanwhile(["edit", "edited", "--field", "k=-"], action), 4)
        self.assertEqual(self.names(), sorted(n for n in BEFORE if n != "edited"))

    def put(self, source):
        """As an atomic save does, with a file that is not the one opened."""
        shutil.copy(source, self.home.vault + ".x")
        os.rename(self.home.vault + ".x", self.home.vault)

    def check_refused(self, action, status):
        """With the file left as whoever put it there left it."""
        found = []

        def act():
            action()
            found.append(digest(self.home.vault))
        self.one_sentence(self.add_meanwhile(act), status)
        self.assertEqual(digest(self.home.vault), found[0])
        self.restore()
        self.still_takes_a_change(self.holds(BEFORE))

    def test_an_older_generation(self):
        self.check_refused(lambda: self.put(self.home.vault + ".prev"), 32)

    def test_another_vault(self):
        self.ok(self.home.run(*self.device, "--vault", "another", "init"))
        self.save()
        self.check_refused(lambda: self.put(self.home.vault.replace("default", "another")), 32)

    def test_the_other_branch_of_a_fork(self):
        """The same generation number, made elsewhere by the same host."""
        elsewhere = self.home.dir + ".elsewhere"
        shutil.copytree(self.home.dir, elsewhere)
        home, here = self.home, self.home.dir
        self.ok(home.run(*self.device, "add", "left", "--field", "k=-", stdin=b"1"))
        shutil.move(here, here + ".left")
        shutil.move(elsewhere, here)
        self.ok(home.run(*self.device, "add", "right", "--field", "k=-", stdin=b"2"))
        right = os.path.join(self.dir, "right.tv")
        shutil.copy(home.vault, right)
        shutil.rmtree(here)
        shutil.move(here + ".left", here)
        found = []

        def act():
            self.put(right)
            found.append(digest(home.vault))
        self.one_sentence(self.add_meanwhile(act), 32)
        self.assertEqual(digest(home.vault), found[0])

    def test_no_file(self):
        self.check_refused(lambda: os.unlink(self.home.vault), 3)

    def test_half_a_file(self):
        self.check_refused(lambda: os.truncate(self.home.vault, 2000), 30)

    def test_a_link(self):
        def action():
            os.rename(self.home.vault, self.home.vault + ".x")
            os.symlink("default.tv.x", self.home.vault)
        self.check_refused(action, 30)

    def test_a_file_that_others_can_write(self):
        self.check_refused(lambda: os.chmod(self.home.vault, 0o660), 34)


class Readers(FaultCase):
    """A generation is replaced while somebody reads the one before. That is
    what happens every day, so no word of a rollback."""

    def slowly(self, args, call):
        """The command, held up for a moment just before the call."""
        self.ok(self.home.run(*self.device, *args, wrap=self.strace()))
        calls, _ = trace_read(self.trace_file)
        found = next(c for c in calls if call(c))
        running = Running(self.home, ["--device", self.second.path, *args],
                          wrap=self.strace("-e", f"inject={found.name}:delay_enter=800000:when={found.nth}"))
        time.sleep(0.4)
        self.ok(self.change(CHANGES["add"]))
        return self.ok(running.result())

    def setUp(self):
        super().setUp()
        self.second = self.twin(self.plugged)

    def test_between_the_file_and_the_state(self):
        def reads_state(call):
            return call.name == "openat" and '"state"' in call.text
        for args in (["list", "--json"], ["get", "kept", "k"]):
            with self.subTest(command=args[0]):
                out = self.slowly(args, reads_state).out
                if args[0] == "get":
                    self.assertEqual(out, KEPT)
            self.restore()

    def test_between_the_header_and_the_rest(self):
        out = self.slowly(["list", "--json"], lambda c: c.name == "pread64" and '"TVAULT1' in c.text).out
        self.assertIn(sorted(e["name"] for e in json.loads(out)),
                      (sorted(BEFORE), sorted(CHANGES["add"].after)))

    def test_get_that_waits_for_its_touch(self):
        self.second.control("touch-policy after:400")
        running = Running(self.home, ["--device", self.second.path, "get", "gone", "k"])
        running.wait_for_touch()
        self.ok(self.change(CHANGES["remove"]))
        self.assertEqual(self.ok(running.result()).out, BEFORE["gone"])
        # And what it noted doesn't take the newer generation for a fork.
        self.still_takes_a_change(self.holds(CHANGES["remove"].after))

    def test_many_readers_and_a_writer(self):
        script = 'for i in $(seq 40); do printf x | "$@" add "n$i" --field k=- || exit 1; done'
        writer = Running(self.home, ["--device", self.second.path], wrap=["sh", "-c", script, "sh"])
        statuses, seen = set(), 0
        while writer.process.poll() is None:
            listed = self.home.run("list", "--json")
            statuses.add(listed.status)
            if listed.status == 0:
                count = len(json.loads(listed.out))
                self.assertGreaterEqual(count, seen)
                seen = count
        self.ok(writer.result())
        self.assertEqual(statuses, {0})
        self.assertEqual(len(self.names()), len(BEFORE) + 40)


if __name__ == "__main__":
    unittest.main()
