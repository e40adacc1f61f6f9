# SPDX-License-Identifier: BSD-2-Clause
"""The year of a key, as touchvault(1) tells it: reminded of, rotated by hand and taken back
once, rotated by a driver that fails twice, and ended by the broker."""
import re
import shutil

from broker import Broker
from harness import *

HERE = os.path.dirname(os.path.abspath(__file__))
MANUAL = os.path.join(HERE, "../../cli/man/touchvault.1")


def manual_example():
    """What the manual says that `touchvault history` prints."""
    with open(MANUAL, encoding="utf-8") as f:
        block = re.search(r"^\$ touchvault history sim/live\n(.*?)^\.Ed", f.read(), re.M | re.S)[1]
    return block.replace("\\-", "-").splitlines()


class Year(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.broker = Broker()
        self.addCleanup(self.broker.close)
        self.home.env["BROKER"] = self.broker.url
        self.driver = os.path.join(self.dir, "driver")
        shutil.copy(os.environ["PLAIN_START"], self.driver)
        shutil.copy(os.path.join(HERE, "driver_broker.py"), self.driver + ".run")
        hooks = os.path.join(self.home.dir, ".config/touchvault/hooks.d")
        os.makedirs(hooks, 0o700)
        self.heard = os.path.join(self.dir, "heard")
        with open(os.path.join(hooks, "hear"), "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\ncat >>{self.heard}\n")
        os.chmod(f.name, 0o700)
        self.home.env["XDG_RUNTIME_DIR"] = "/nonexistent"  # no desktop

    def at(self, clock):
        self.home.set_clock(clock)

    def touched(self, *args, **kwargs):
        return self.ok(self.home.run("--device", self.plugged.path, *args, **kwargs))

    def reminded(self):
        """What a hook hears on that day, of the entry."""
        self.ok(self.home.run("reminders", "run"))
        with open(self.heard, "a+", encoding="utf-8") as f:
            f.seek(0)
            text = f.read()
            f.truncate(0)
        return json.loads(text)["reminders"][0]["status"] if text else None

    def stage(self):
        self.touched("rotate", "sim/live", "--stage", "--from-json", stdin=json.dumps(self.broker.make("mine")).encode())

    def get(self):
        return json.loads(self.touched("get", "sim/live", "--json").out)

    def works(self):
        key = self.get()
        return self.broker.keys.get(key["key"], (None,))[0] == key["secret"]

    def by_driver(self):
        return self.home.run("--device", self.plugged.path, "rotate", "sim/live", "--driver", self.driver)

    def test_year(self):
        self.at("2027-01-31 09:30:00")
        self.ok(self.home.run("--device", self.plugged.path, "init", "--host-name", "desk"))
        self.add(self.plugged, "sim/live", self.broker.make("first"))
        self.assertIsNone(self.reminded())

        # Spring: it is told of, first softly, and then rotated by hand.
        for day, status in (("04-17", "soon"), ("05-01", "due"), ("05-03", "overdue")):
            self.at(f"2027-{day} 10:00:00")
            self.assertEqual(self.reminded(), status)
            self.assertIsNone(self.reminded())
        first = self.get()
        self.stage()
        self.at("2027-05-03 10:20:00")
        self.touched("rotate", "sim/live", "--promote")
        # The new one may not trade: back to the old one, until the broker has put that right.
        self.at("2027-05-03 11:05:00")
        self.touched("rotate", "sim/live", "--rollback", "--reason", "may not trade")
        self.assertEqual(self.get(), first)
        self.at("2027-05-04 09:00:00")
        self.touched("rotate", "sim/live", "--promote")
        self.assertNotEqual(self.get(), first)
        self.at("2027-05-06 09:00:00")
        self.assertEqual(self.reminded(), "to retire")
        del self.broker.keys[first["key"]]
        self.touched("rotate", "sim/live", "--revoked", "--retire")
        self.assertIsNone(self.reminded())

        # Summer: by a driver, which needs three tries, as the broker is down.
        self.at("2027-08-02 08:00:00")
        self.assertEqual(self.reminded(), "due")
        before = self.get()
        for moment in ("before", "after"):
            self.broker.fault = ("POST", moment)
            self.refused(self.by_driver(), 1, "the driver ended create with")
            self.assertEqual(self.get(), before)
        self.at("2027-08-02 09:00:00")
        self.ok(self.by_driver())
        self.assertTrue(self.works() and self.get() != before)
        self.at("2027-08-04 09:00:00")
        self.ok(self.by_driver())
        self.assertEqual(list(self.broker.keys), [self.get()["key"]])

        # Winter: the broker ends the key at the end of the year, and nobody is there.
        self.touched("schedule", "sim/live", "--every", "1y", "--expires", "2028-01-01")
        self.at("2027-12-20 09:00:00")
        self.assertEqual(self.reminded(), "expiring")
        self.at("2028-01-03 09:00:00")
        self.broker.keys.clear()
        self.assertEqual(self.reminded(), "expired")
        self.assertIn(b"sim/live expired on 2028-01-01", self.touched("get", "sim/live", "--json").err)
        self.assertFalse(self.works())
        self.stage()
        self.touched("rotate", "sim/live", "--promote")
        self.touched("rotate", "sim/live", "--revoked", "--retire")
        self.assertTrue(self.works())
        self.assertIsNone(self.reminded())
        self.assertEqual(json.loads(self.ok(self.home.run("status", "--json")).out)["in_time"], 1)

        history = self.ok(self.home.run("history", "sim/live")).out.decode().splitlines()
        self.assertEqual([line.rstrip() for line in history], manual_example(), "\n".join(history))


if __name__ == "__main__":
    unittest.main()
