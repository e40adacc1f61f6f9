# SPDX-License-Identifier: BSD-2-Clause
"""Killed anywhere in a rotation by a driver: before, during and after each of its
operations, and at the calls of each commit. The vault always gives a key that works, the next
run goes on, and in the end the broker has one key, which is the vault's."""
from faults import *

import signal
import unittest

from broker import Broker

DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e", "driver_broker.py")
# KILL says when: the driver ends whoever started it. It has read all that it gets before.
KILLER = f"""#!/bin/sh
given=$(cat)
die() {{ kill -9 "$PPID"; }}
[ "$KILL" != "$1 before" ] || {{ die; exit; }}
[ "$KILL" != "$1 during" ] || die
out=$(printf %s "$given" | {DRIVER} "$@") || exit
[ "$KILL" != "$1 during" ] || : >"$0.done"
[ "$KILL" != "$1 after" ] || die
[ "$KILL" != "$1 half" ] || {{ printf %.20s "$out"; die; exit; }}
printf %s "$out"
"""


class KilledDriver(FaultCase):
    STATES = ("active", "staged", "verified", "promoted", "revoked")

    def setUp(self):
        super().setUp()
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.home.env["BROKER"] = self.broker.url
        self.add(self.plugged, "sim", {**self.broker.make("by hand"), "account": "U123"})
        # No grace: one run goes through all of it.
        self.ok(self.home.run(*self.device, "schedule", "sim", "--grace", "0d"))
        self.driver = os.path.join(self.dir, "killer")
        with open(self.driver, "w", encoding="ascii") as f:
            f.write(KILLER)
        os.chmod(self.driver, 0o700)

    def rotate(self, kill="", **kwargs):
        return self.home.run(*self.device, "rotate", "sim", "--driver", self.driver, env={"KILL": kill}, **kwargs)

    def state(self):
        return json.loads(self.ok(self.home.run("rotate", "sim", "--status", "--json")).out)["state"]

    def held(self):
        return json.loads(self.ok(self.home.run(*self.device, "get", "sim", "--json")).out)

    def works(self, credential):
        return self.broker.keys.get(credential["key"], (None,))[0] == credential["secret"]

    def goes_on(self):
        """What was found after the kill, which is left by one more run."""
        found = self.state()
        self.assertTrue(self.works(self.held()), "what the vault gives doesn't work")
        self.ok(self.rotate())
        self.assertEqual(self.state(), "active")
        self.assertEqual(list(self.broker.keys), [self.held()["key"]])
        self.log_is_whole()
        return found

    def test_at_each_operation(self):
        for operation, before, after in (("create", "active", "active"), ("verify", "staged", "staged"),
                                         ("revoke", "promoted", "promoted")):
            for moment in ("before", "during", "after", *(["half"] if operation == "create" else [])):
                with self.subTest(operation=operation, killed=moment):
                    requests = len(self.broker.requests)
                    result = self.rotate(f"{operation} {moment}")
                    self.assertEqual(result.status, -signal.SIGKILL, result)
                    if moment == "during":
                        self.await_orphan()
                    self.assertEqual(self.goes_on(), before if moment == "before" else after)
                    self.assertGreater(len(self.broker.requests), requests)

    def await_orphan(self):
        """The driver that is left alone does what it was about to do."""
        end = time.monotonic() + 60
        while not os.path.exists(self.driver + ".done"):
            self.assertLess(time.monotonic(), end)
        os.unlink(self.driver + ".done")

    def test_at_each_commit(self):
        self.ok(self.rotate(wrap=self.strace()))
        calls, _ = trace_read(self.trace_file)
        path = [c for c in commit_path(calls) if c.changes_a_file()]
        path = [c for c in path if FULL or c.name.startswith(("rename", "link"))]
        self.assertGreaterEqual(len(path), 15, path)
        found = set()
        for call in path:
            with self.subTest(killed_at=str(call)):
                result = self.rotate(wrap=self.strace("-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(result.status, -signal.SIGKILL, result)
                found.add(self.goes_on())
        self.assertEqual(found, set(self.STATES))


if __name__ == "__main__":
    unittest.main()
