# SPDX-License-Identifier: BSD-2-Clause
"""Under a vault in use, which the commit before made, the package is replaced by this one,
removed and purged. Nothing of a user's is touched, and nothing of the package's stays."""
from inside import *

OLD = "/host/older.deb"
BROKER = {"key": "public", "secret": "a longer one " * 40}


class Upgrade(Lab):
    def files(self):
        """All that alice has, and what is in it; the log is of what she does."""
        return {os.path.join(folder, name): digest(os.path.join(folder, name))
                for folder, _, names in os.walk(self.alice.dir) for name in names if not folder.endswith("/audit")}

    def test_all(self):
        run("dpkg", "-i", OLD)
        self.assertTrue(os.path.exists("/usr/share/doc/touchvault/only-in-the-old"))
        token, device = self.plug()
        self.make()
        token.control("touch-policy never")
        had = self.files()
        self.replaced_while_waiting(token)
        self.assertFalse(os.path.exists("/usr/share/doc/touchvault/only-in-the-old"))
        self.assertEqual(self.files(), had)
        token.control("touch-policy at-once")
        self.go_on()
        had = self.files()
        listed = [p for p in run("dpkg", "-L", "touchvault").split() if os.path.isfile(p)]
        self.assertGreater(len(listed), 5)
        self.removed(token, device, listed)
        self.assertEqual(self.files(), had)
        # The rules apply to what is plugged in already.
        run("dpkg", "-i", PACKAGE)
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")

    def make(self):
        self.ok(self.alice.run("init"))
        self.ok(self.alice.run("add", "k", "--field", "a=-", stdin=b"value"))
        self.ok(self.alice.run("add", "broker", "--from-json", stdin=json.dumps(BROKER).encode()))
        self.ok(self.alice.run("schedule", "broker", "--every", "30d"))
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")

    def go_on(self):
        """All that the old one wrote is read and believed, and written anew."""
        self.ok(self.alice.run("status"))
        self.ok(self.alice.run("log", "verify"))
        entries = json.loads(self.ok(self.alice.run("list", "--json")).out)
        self.assertEqual({e["name"]: set(e["fields"]) for e in entries}, {"k": {"a"}, "broker": set(BROKER)})
        self.ok(self.alice.run("add", "next", "--field", "a=-", stdin=b"another"))
        for field, value in BROKER.items():
            self.assertEqual(self.ok(self.alice.run("get", "broker", field)).out, value.encode())
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")
        self.ok(self.alice.run("log", "verify"))

    def replaced_while_waiting(self, token):
        """Whoever waits for a touch gets the secret, from the old program."""
        terminal = self.alice.on_terminal("get", "k", pipe_stdout=True)
        terminal.expect("Touch")
        run("dpkg", "-i", PACKAGE)
        self.touch(token)
        self.assertEqual(self.ok(terminal.finish()).out, b"value")

    def removed(self, token, device, listed):
        """With it goes the permission on what is plugged in from then on. What udev install
        wrote is configuration, and goes with the purge."""
        for how in ("--remove", "--purge"):
            run("dpkg", "-i", PACKAGE)
            run("touchvault", "udev", "install", "--lock-screen")
            run("dpkg", how, "touchvault")
            self.assertEqual([p for p in listed if os.path.exists(p)], [], how)
            self.assertEqual(os.path.exists(RULES + "71-touchvault-lock.rules"), how == "--remove")
            self.unplug(device)
            device = self.plug(token)[1]
            node = "/dev/" + os.listdir("/sys/class/hidraw")[0]
            self.assertNotIn("alice", run("getfacl", "-c", node), how)
            self.assertFalse(os.path.exists("/dev/touchvault"), how)
        self.assertEqual(run("find", "/etc", "/usr", "/var/lib/dpkg/info", "-name", "*touchvault*"), "")
