# SPDX-License-Identifier: BSD-2-Clause
"""What can't be logged is not done: each command that opens an entry, starts a program or changes the
vault, with each write and sync of the audit log failing in turn. No secret is given out, and no
program started, that the log doesn't have; the vault is as it was, or says that it is not."""
from faults import *

import unittest

import test_kill_recovery as recovery
from test_enospc import of_the_log, replaces

ERRORS = ("EIO", "ENOSPC")
NEW = b"CANARY-NEW"
ANSWER = "recvfrom"


def logs(call):
    """Nothing else is written or synced by these."""
    return call.name in ("pwrite64", "fdatasync")


def starts(call):
    return call.name in ("vfork", "fork", "clone", "clone3", "execve")


class Unlogged(FaultCase):
    def setUp(self):
        super().setUp()
        self.ran = os.path.join(self.dir, "ran")
        self.drivers = os.path.join(self.home.dir, "drivers")
        os.mkdir(self.drivers, 0o700)
        self.driver = os.path.join(self.drivers, "edited")
        self.script(self.driver, f'cat >/dev/null; [ "$1" != create ] || echo \'{{"k": "{NEW.decode()}"}}\'')
        self.program = os.path.join(self.home.dir, "program")
        self.script(self.program, "exit 0")
        self.save()

    def script(self, path, text):
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\necho ran >>{self.ran}\n{text}\n")
        os.chmod(path, 0o700)

    def prepare(self, *args, stdin=b""):
        self.ok(self.home.run(*self.device, *args, stdin=stdin))
        self.save()

    def runs(self):
        """How many programs have run, which is forgotten then."""
        try:
            with open(self.ran) as f:
                return len(f.readlines())
        except FileNotFoundError:
            return 0
        finally:
            if os.path.exists(self.ran):
                os.unlink(self.ran)

    def each(self, *args, stdin=b"", started=0):
        """started: how many programs a clean run starts."""
        change = Change(args[0], args, stdin, None)
        before = digest(self.home.vault)
        calls = self.calls_of(change)
        self.assertEqual(self.runs(), started)
        answer = max(i for i, c in enumerate(calls) if c.name == ANSWER)
        path = calls[answer + 1:]
        self.assertGreater(len([c for c in path if logs(c)]), 3)
        self.synced_before(path)
        begun, replaced = 0, False
        for call in path:
            begun += starts(call)
            replaced = replaced or replaces(call)
            for error in ERRORS if logs(call) else ():
                with self.subTest(call=str(call), error=error):
                    self.one(change, call, error, begun, replaced)
                    self.assertEqual(digest(self.home.vault) == before, not replaced)
                self.restore()
        self.assertEqual(begun, started)

    def synced_before(self, path):
        """What is written is on the disk before a program starts, anything is printed, or the vault is
        another one. The last that is written may be the state."""
        written = []
        for call in path:
            if logs(call):
                written.append(call.name)
            if starts(call) or replaces(call) or call.text.startswith("write(1,"):
                self.assertIn("fdatasync", written[-2:], call)

    def one(self, change, call, error, begun, replaced):
        result = self.change(change, wrap=self.strace("-e", f"inject={call.name}:error={error}:when={call.nth}"))
        with open(self.trace_file, errors="replace") as f:
            self.assertEqual(f.read().count("(INJECTED)"), 1)
        self.refused(result, 125 if change.name == "run" else 1 if replaced and not of_the_log(result) else 35)
        if not replaced:
            self.assertTrue(of_the_log(result), result)
        elif not of_the_log(result):
            self.assertRegex(result.err, rb"touchvault: /\S+/audit/\S+: the change is stored")
        for secret in (NEW, KEPT, BEFORE["edited"]):
            self.assertNotIn(secret, result.err)
        self.assertEqual(self.runs(), begun)


class Secrets(Unlogged):
    def test_get(self):
        self.each("get", "kept")

    def test_run(self):
        self.each("run", "--env-all", "edited", "--", self.program, started=1)

    def test_edit_reads_what_it_keeps(self):
        self.each("edit", "edited", "--field", "more=-", stdin=b"x")


class Rotations(Unlogged):
    def test_by_a_driver(self):
        self.each("rotate", "edited", "--driver", self.driver, started=2)

    def test_the_last_step_of_a_driver(self):
        self.ok(self.home.run(*self.device, "rotate", "edited", "--driver", self.driver))
        self.prepare("schedule", "edited", "--grace", "0d")
        self.runs()
        self.each("rotate", "edited", "--driver", self.driver, started=1)

    def test_what_the_broker_has_by_then_is_said(self):
        """The driver has made a key, and the log fails before the vault has it."""
        change = Change("rotate", ["rotate", "edited", "--driver", self.driver], b"", None)
        before, calls = digest(self.home.vault), self.calls_of(change)
        answer = max(i for i, c in enumerate(calls) if c.name == ANSWER)
        started = next(i for i, c in enumerate(calls) if i > answer and starts(c))
        call = next(c for c in calls[started:] if c.name == "fdatasync")
        result = self.change(change, wrap=self.strace("-e", f"inject=fdatasync:error=EIO:when={call.nth}"))
        self.refused(result, 35)
        self.assertIn(b'edited: at the broker the driver had done its "create" already', result.err)
        self.assertIn(b"the vault gives out and changes nothing that isn't logged", result.err)
        self.assertNotIn(NEW, result.err)
        self.assertEqual(digest(self.home.vault), before)
        self.ok(self.change(change))

    def test_all_that_is_due(self):
        self.prepare("schedule", "edited", "--now", "a test")
        self.each("rotate", "--due", "--driver-dir", self.drivers, started=3)

    def test_with_a_command_that_verifies(self):
        self.prepare("rotate", "edited", "--stage", "--field", "k=-", stdin=NEW)
        self.each("rotate", "edited", "--verify", self.program, started=1)

    def test_by_hand(self):
        self.each("rotate", "edited", "--stage", "--field", "k=-", stdin=NEW)
        self.prepare("rotate", "edited", "--stage", "--field", "k=-", stdin=NEW)
        self.each("rotate", "edited", "--promote")


class TokensAndHosts(Unlogged):
    def setUp(self):
        super().setUp()
        self.spare = self.token("spare")
        self.prepare("token", "add", "spare", "--new-device", self.spare.path)

    def test_tokens(self):
        for args in (["test", "first"], ["rename", "spare", "other"], ["remove", "spare"]):
            with self.subTest(args):
                self.each("token", *args)

    def test_hosts(self):
        other = Home(os.path.join(self.dir, "other"))
        made = json.loads(self.ok(other.run("host", "request", "--name", "laptop", "--json")).out)
        approve = ["host", "approve", "--fingerprint", made["fingerprint"]]
        self.each(*approve, stdin=made["request"].encode())
        self.prepare(*approve, stdin=made["request"].encode())
        for args in (["label", "laptop", "x"], ["revoke", "laptop"]):
            with self.subTest(args):
                self.each("host", *args)


class Sheets(recovery.Recovering):
    def each(self, home, run, check):
        """check is told whether the vault was replaced before."""
        before = digest(home.vault)
        self.assertEqual(run(self.strace()), 0)
        calls, _ = trace_read(self.trace_file)
        self.restore()
        replaced, failed = False, 0
        for call in calls:
            replaced = replaced or replaces(call)
            for error in ERRORS if logs(call) else ():
                failed += 1
                with self.subTest(call=str(call), error=error):
                    status = run(self.strace("-e", f"inject={call.name}:error={error}:when={call.nth}"))
                    self.assertEqual(status, 1 if replaced else 35)
                    self.assertEqual(digest(home.vault) == before, not replaced)
                    check(replaced)
                self.restore()
        self.assertGreater(failed, 8)

    def test_create(self):
        def check(made):
            # No sheet is left that opens nothing, and none that does is taken away.
            self.assertEqual((self.has_sheet(), recovery.code_in(self.sheet) is not None), (made, made))
        self.each(self.home, self.create, check)

    def test_use(self):
        self.assertEqual(self.create(), 0)
        self.bring()
        self.save()
        code = recovery.code_in(self.sheet)

        def check(made):
            self.assertEqual(self.use(code), 4 if made else 0)
            self.opens_on_the_new_host()
        self.each(self.new, lambda wrap: self.use(code, wrap), check)


if __name__ == "__main__":
    unittest.main()
