# SPDX-License-Identifier: BSD-2-Clause
"""Reminders on a real machine: alice's own systemd calls them, while her vault is locked,
and no token is plugged in."""
from inside import *

TIMER = "/home/alice/.config/systemd/user/touchvault-reminders-default.timer"
HOOK = "#!/bin/sh\ncat >>/home/alice/reminded\n"


class Reminding(Lab):
    def setUp(self):
        super().setUp()
        shutil.rmtree("/home/alice")
        self.alice = self.of("alice", "/home/alice")
        self.alice.env["XDG_RUNTIME_DIR"] = "/run/user/1000"
        token, device = self.plug()
        self.ok(self.alice.run("init"))
        self.ok(self.alice.run("add", "kraken", "--field", "key=-", stdin=b"value"))
        self.ok(self.alice.run("schedule", "kraken", "--now", "seen in a repository"))
        self.unplug(device)
        os.makedirs("/home/alice/.config/touchvault/hooks.d", 0o700)
        with open("/home/alice/.config/touchvault/hooks.d/note", "w", encoding="utf-8") as f:
            f.write(HOOK)
        os.chmod(f.name, 0o700)
        run("chown", "-R", "alice:alice", "/home/alice/.config")

    def status(self):
        return json.loads(self.ok(self.alice.run("reminders", "status", "--json")).out)

    def test_the_timer_fires(self):
        self.assertIn(b"systemd", self.ok(self.alice.run("reminders", "install")).err)
        timer = self.status()["timer"]
        self.assertEqual((timer["kind"], timer["active"]), ("systemd", True))
        self.assertIsNone(self.status()["last"])
        # The day after tomorrow, what was missed is made up for; here, without the delay of half an hour at most.
        os.makedirs(TIMER + ".d")
        with open(TIMER + ".d/at-once.conf", "w", encoding="utf-8") as f:
            f.write("[Timer]\nRandomizedDelaySec=0\n")
        run("systemctl", "--user", "--machine=alice@.host", "daemon-reload")
        run("date", "-s", "+2 days")
        self.addCleanup(run, "date", "-s", "-2 days")
        until("she is reminded", lambda: self.status()["last"] is not None)
        with open("/home/alice/reminded", encoding="utf-8") as f:
            told = json.load(f)
        self.assertEqual([(e["name"], e["reason"]) for e in told["reminders"]], [("kraken", "seen in a repository")])
        self.ok(self.alice.run("reminders", "remove"))
        self.assertEqual(self.status()["timer"]["kind"], None)
