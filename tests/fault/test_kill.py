# SPDX-License-Identifier: BSD-2-Clause
"""Killed at every system call of a change: the vault is the old one or the new
one, it opens, and the next change needs nothing cleaned up.

By default `add` is killed at each call, and the others before and after each
call that changes a file; TOUCHVAULT_FULL=1 kills all of them everywhere."""
from faults import *

import re
import signal
import unittest


def points(path, everywhere):
    if everywhere:
        return path
    return [c for i, c in enumerate(path)
            if c.changes_a_file() or (i > 0 and path[i - 1].changes_a_file())]


class Killed(FaultCase):
    def kill(self, change, call):
        """Just before the call is made."""
        result = self.change(change, wrap=self.strace("-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
        self.assertEqual(result.status, -signal.SIGKILL, result)
        calls, end = trace_read(self.trace_file)
        self.assertIn("killed by SIGKILL", end)
        self.assertEqual((calls[-1].name, calls[-1].nth), (call.name, call.nth))
        return result

    def each(self, change, everywhere):
        path = commit_path(self.calls_of(change))
        self.assertGreater(len([c for c in path if c.changes_a_file()]), 10, path)
        outcomes = set()
        for call in points(path, everywhere):
            with self.subTest(killed_at=str(call)):
                result = self.kill(change, call)
                self.assertEqual(result.out, b"")
                held = self.holds(BEFORE, change.after)
                outcomes.add(held == BEFORE)
                self.previous_opens()
                self.still_takes_a_change(held)
                self.previous_opens()
                self.log_is_whole()
            self.restore()
        # Else the kills came too late or too early to prove anything.
        self.assertEqual(outcomes, {True, False})

    def order(self, path, *patterns):
        """That the calls are made in this order, whatever is in between."""
        rest = iter(path)
        for pattern in patterns:
            self.assertTrue(any(re.match(pattern, c.text) for c in rest), (pattern, path))

    def test_what_a_power_cut_needs(self):
        """A kill leaves what was written, but not flushed, to the kernel. So the
        order is looked at: a file is on disk before it gets its name, and has
        its name on disk before the state tells of it."""
        path = commit_path(self.calls_of(CHANGES["add"]))
        for name in ("default.tv", "state"):
            rename = rf'renameat\(\d+, "{name}.tmp", (\d+), "{name}"\)'
            directory = next(re.match(rename, c.text)[1] for c in path if re.match(rename, c.text))
            self.order(path, rf'openat\(\d+, "{name}.tmp", O_WRONLY', r"write\(", r"fsync\(",
                       rf'openat\(\d+, "{name}.tmp", O_RDONLY', r"pread64\(", rename,
                       rf"fsync\({directory}\)")
        self.order(path, r'linkat\(\d+, "default.tv", ', r'renameat\(\d+, "default.tv.tmp"', r"fsync\(",
                   r'openat\(\d+, "state.tmp"')

    def test_add(self):
        self.each(CHANGES["add"], True)

    def test_edit(self):
        self.each(CHANGES["edit"], FULL)

    def test_remove(self):
        self.each(CHANGES["remove"], FULL)

    def test_rename(self):
        self.each(CHANGES["rename"], FULL)

    def test_twice_at_the_same_call(self):
        """What the first kill left is in the way of the second run."""
        change = CHANGES["add"]
        for call in points(commit_path(self.calls_of(change)), FULL):
            with self.subTest(killed_at=str(call)):
                self.kill(change, call)
                if self.holds(BEFORE, change.after) == BEFORE:
                    self.kill(change, call)
                held = self.holds(BEFORE, change.after)
                self.still_takes_a_change(held)
            self.restore()

    def test_nothing_stays_lying_about(self):
        """Old generations under other names would outlive what was removed."""
        change = CHANGES["add"]
        expected = self.files()
        for call in points(commit_path(self.calls_of(change)), FULL):
            with self.subTest(killed_at=str(call)):
                self.kill(change, call)
                self.still_takes_a_change(self.holds(BEFORE, change.after))
                self.assertEqual(self.files(), expected)
            self.restore()


class KilledGet(FaultCase):
    """What was given out is in the log, and the log is whole."""

    GET = Change("get", ["get", "kept"], b"", BEFORE)

    def lines(self):
        return json.loads(self.ok(self.home.run("log", "--json")).out)

    def test_get(self):
        path = commit_path(self.calls_of(self.GET))
        printed, written = set(), set()
        for call in path:
            with self.subTest(killed_at=str(call)):
                before = len(self.lines())
                result = self.change(self.GET, wrap=self.strace(
                    "-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(result.status, -signal.SIGKILL, result)
                self.assertIn(result.out, (b"", KEPT))
                new = [e["event"] for e in self.lines()[before:]]
                self.assertIn(new, ([], ["unlock"], ["unlock", "get"]))
                if result.out:
                    self.assertEqual(new, ["unlock", "get"])
                printed.add(result.out)
                written.add(len(new))
                self.log_is_whole()
            self.restore()
        self.assertEqual((printed, written), ({b"", KEPT}, {0, 1, 2}))

    def test_synced_before_it_is_given_out(self):
        path = commit_path(self.calls_of(self.GET))
        texts = [c.text for c in path]
        last_line = max(i for i, t in enumerate(texts) if re.match(r'pwrite64\(\d+, "\{', t))
        fd = re.match(r"pwrite64\((\d+),", texts[last_line])[1]
        synced = texts.index(f"fdatasync({fd})", last_line)
        key = next(i for i, t in enumerate(texts) if i > synced and re.match(r'pwrite64\(\d+, "TVAUDK1', t))
        given_out = next(i for i, t in enumerate(texts) if t.startswith("write(1,"))
        # The record of the entry is only read, let alone decrypted, after that.
        record = next(i for i, t in enumerate(texts) if i > key and t.startswith("pread64("))
        self.assertEqual(sorted([last_line, synced, key, record, given_out]),
                         [last_line, synced, key, record, given_out])
        self.assertEqual(len([t for t in texts if t.startswith(("fsync", "fdatasync"))]), 1)


class KilledRotation(FaultCase):
    """Wherever a step is killed, --status tells which state it is, the entry gives what
    belongs to that, and the same step, or the next one, goes on."""

    OLD, NEW = BEFORE["edited"], b"new value"
    # Step, the state after it, and what is current, staged and previous then.
    STEPS = (
        (["--stage", "--field", "k=-"], "staged", (OLD, NEW, None)),
        (["--promote"], "promoted", (NEW, None, OLD)),
        (["--rollback"], "staged", (OLD, NEW, None)),
        (["--abort"], "active", (OLD, None, None)),
        (["--stage", "--field", "k=-"], "staged", (OLD, NEW, None)),
        (["--promote"], "promoted", (NEW, None, OLD)),
        (["--revoked"], "revoked", (NEW, None, OLD)),
        (["--retire"], "active", (NEW, None, None)),
    )

    def rotate(self, args, **kwargs):
        return self.home.run(*self.device, "rotate", "edited", *args, stdin=self.NEW, **kwargs)

    def state(self):
        return json.loads(self.ok(self.home.run("rotate", "edited", "--status", "--json")).out)["state"]

    def credentials(self):
        found = [self.home.run(*self.device, "get", "edited", "k", *which) for which in ([], ["--staged"], ["--previous"])]
        for result in found:
            self.clean(result)
            self.assertIn(result.status, (0, 3), result)
        return tuple(r.out if r.status == 0 else None for r in found)

    def test_every_step(self):
        state, held = "active", (self.OLD, None, None)
        for args, after, then in self.STEPS:
            change = Change("rotate", ["rotate", "edited", *args], self.NEW, {})
            outcomes = set()
            for call in points(commit_path(self.calls_of(change)), FULL):
                with self.subTest(step=args[0], killed_at=str(call)):
                    result = self.change(change, wrap=self.strace(
                        "-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                    self.assertEqual(result.status, -signal.SIGKILL, result)
                    found = self.state()
                    self.assertIn(found, (state, after))
                    self.assertEqual(self.credentials(), held if found == state else then)
                    outcomes.add(found)
                    if found == state:
                        self.ok(self.rotate(args))
                    self.assertEqual((self.state(), self.credentials()), (after, then))
                self.restore()
            self.assertEqual(outcomes, {state, after}, args)
            self.ok(self.rotate(args))
            self.save()
            state, held = after, then


class KilledInit(FaultCase):
    """There is either no vault, and init makes one, or a whole one."""

    INIT = Change("init", ["init"], b"", {})

    def setUp(self):
        Case.setUp(self)
        self.plugged = self.token()
        self.device = ("--device", self.plugged.path)
        self.saved = self.home.dir + ".saved"
        self.save()

    def path(self):
        calls = self.calls_of(self.INIT)
        made = [c for c in calls if c.name.startswith("mkdir")]
        return made + commit_path(calls)

    def finish(self):
        """What a person does next: ask for a list, and for a vault if there is none."""
        listed = self.home.run("list")
        self.clean(listed)
        self.assertIn(listed.status, (0, 3), listed)
        again = self.home.run(*self.device, "init")
        self.assertEqual(again.status, 0 if listed.status == 3 else 4, again)
        return listed.status

    def test_init(self):
        seen = set()
        for call in points(self.path(), FULL):
            with self.subTest(killed_at=str(call)):
                result = self.change(self.INIT, wrap=self.strace(
                    "-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(result.status, -signal.SIGKILL, result)
                seen.add(self.finish())
                self.ok(self.home.run(*self.device, "add", "kept", "--field", "k=-", stdin=KEPT))
                self.assertEqual(self.names(), ["kept"])
                self.assertEqual(self.value("kept"), KEPT)
                self.assertTrue(json.loads(self.ok(self.home.run("status", "--json")).out)["verified"])
                self.log_is_whole()
            self.restore()
        self.assertEqual(seen, {0, 3})


class Unplugged(FaultCase):
    """The token, or the helper that speaks with it, goes away in the middle."""

    def still_works(self):
        self.assertEqual(self.holds(BEFORE), BEFORE)
        self.still_takes_a_change(BEFORE)

    def test_token_is_pulled_out(self):
        before = digest(self.home.vault)
        for when in ("before", "during", "after"):
            for change in CHANGES.values():
                with self.subTest(unplugged=when, change=change.name):
                    self.plugged.control(f"fault unplug-at:{when}")
                    self.one_sentence(self.change(change), 17)
                    self.assertEqual(digest(self.home.vault), before)
                    self.plugged.control("fault none")
                    self.plugged.control("replug")
        self.still_works()


if __name__ == "__main__":
    unittest.main()
