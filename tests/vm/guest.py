# SPDX-License-Identifier: BSD-2-Clause
"""Inside: a real kernel, udev and logind, alice logged in on tty1, and bob nowhere.

Classes run in the order of their names: the package is installed by the first, and
upgraded and removed by the last. Tests do, too, and each begins with no token
plugged in."""
import select
import sys

sys.path.insert(0, "/host/tests/vm")
from inside import *  # noqa: E402
from first_use import FirstUse  # noqa: E402,F401
from reminding import Reminding  # noqa: E402,F401
from upgrade import Upgrade  # noqa: E402,F401


class Rules(Lab):
    @classmethod
    def setUpClass(cls):
        os.rename(PACKAGED, PACKAGED + ".later")

    def test_01_rules(self):
        """From no rule at all to the whole main job, as told by the check."""
        mask(True)
        self.plug()
        for home in (self.alice, self.bob):
            self.assertEqual([t["cause"] for t in self.check(home)], ["rules-missing"])
        self.refused(self.alice.run("init"), 12, "touchvault udev check")
        self.mend(self.check(self.alice)[0])
        found = self.check(self.alice)
        self.assertEqual([(t["opens"], t["by"], t["rules_applied"]) for t in found],
                         [(True, "acl", True)])
        self.assertNotIn("other::rw", run("getfacl", "-c", found[0]["device"]))
        self.assertIn("ID_SECURITY_TOKEN=1", run("udevadm", "info", found[0]["device"]))
        self.ok(self.alice.run("init"))
        self.ok(self.alice.run("add", "k", "--field", "a=-", stdin=b"value"))
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")
        link = "/dev/touchvault/" + os.listdir("/dev/touchvault")[0]
        self.assertEqual(self.ok(self.alice.run("--device", link, "get", "k")).out, b"value")

    def test_02_who_is_not_at_the_seat(self):
        """bob, over ssh: by the group, once there is one and he is in it."""
        run("groupdel", "plugdev")
        self.plug()
        self.assertEqual(run("stat", "-c", "%G", self.check(self.bob)[0]["device"]), "root\n")
        found = self.check(self.bob)
        self.assertEqual([t["cause"] for t in found], ["no-group"])
        self.mend(found[0])
        self.assertEqual([t["by"] for t in self.check(self.bob)], ["group"])
        self.ok(self.bob.run("init"))

    def test_03_logout(self):
        self.plug()
        self.assertEqual([t["by"] for t in self.check(self.alice)], ["acl"])
        log_out()
        self.addCleanup(log_in)
        until("logind has taken it away", lambda: not self.check(self.alice)[0]["opens"])
        until("her session is over", lambda: self.check(self.alice)[0]["cause"] == "not-in-group")
        log_in()
        until("logind has given it back", lambda: self.check(self.alice)[0]["opens"])

    def test_04_plugged_in_and_out_while_waiting(self):
        def by_uhid(token):
            return self.plug(token)[1]

        for plug in (by_uhid, self.plug_yubikey):
            with self.subTest(plug.__name__):
                token = self.token(plug.__name__)
                self.alice = self.of("alice", os.path.join(self.dir, "home-" + plug.__name__))
                self.waits(lambda: plug(token), lambda policy: token.control("touch-policy " + policy),
                           lambda: until("it waits for the touch", lambda: token.status()["waiting"] == "1"))
                token.close()

    def test_05_the_same_for_a_slot(self):
        token, yk = self.token(), virtual_yubikeys()[0]
        self.addCleanup(yk.control, "at-once")

        def is_waiting():
            events = [e for e in yk.events() if e.startswith(("wait", "cancel", "answer"))]
            return events[-1] == "wait slot 2"
        self.waits(lambda: self.plug_yubikey(token), yk.control,
                   lambda: until("it waits for the touch", is_waiting), ("--device", "yubikey"), ("--no-passphrase",))

    def waits(self, plug, touch, until_it_waits, device=(), how=()):
        """Until it is plugged in, and for a touch until it is unplugged. device: to enrol it."""
        token = plug()
        self.ok(self.alice.run(*device, "init", *how))
        self.ok(self.alice.run("add", "k", "--field", "a=-", stdin=b"value"))
        self.unplug(token)
        self.refused(self.alice.run("get", "k"), 10, "plug")
        terminal = self.alice.on_terminal("get", "k", pipe_stdout=True)
        terminal.expect("No token is plugged in")
        token = plug()
        terminal.expect("Touch")
        self.assertEqual(self.ok(terminal.finish()).out, b"value")
        touch("never")
        terminal = self.alice.on_terminal("get", "k", pipe_stdout=True)
        terminal.expect("Touch")
        until_it_waits()
        self.unplug(token)
        result = terminal.finish()
        self.assertEqual((result.status, result.out), (17, b""))
        self.assertIn(b"unplugged", result.tty)

    def test_06_two_at_once(self):
        """Each has its own links; the one that is the vault's is asked, and either, where both are."""
        tokens = [self.token("first"), self.token("second")]
        devices = [self.plug_yubikey(tokens[0], serial="0012345678")]
        self.ok(self.alice.run("init"))
        self.ok(self.alice.run("add", "k", "--field", "a=-", stdin=b"value"))
        devices.append(self.plug_yubikey(tokens[1], port=1))
        found = self.check(self.alice)
        self.assertEqual([(t["kind"], t["by"], t["rules_applied"]) for t in found],
                         [("fido2", "acl", True)] * 2 + [("ykotp", "acl", True)] * 2)
        self.assertEqual(len({t["device"] for t in found}), 4)
        links = {os.path.realpath("/dev/touchvault/" + link) for link in os.listdir("/dev/touchvault")}
        self.assertEqual(links, {t["device"] for t in found})
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")
        self.refused(self.alice.run("--vault", "other", "init"), 11, "several")
        second, = devices[1].nodes & {t["device"] for t in found}
        self.ok(self.alice.run("token", "add", "spare", "--new-device", second))
        self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")
        for token in tokens:
            token.control("touch-policy never")
        for out, left in ((1, 0), (0, 1)):
            self.unplug(devices[out])
            tokens[left].control("touch-policy at-once")
            self.assertEqual(self.ok(self.alice.run("get", "k")).out, b"value")
            tokens[left].control("touch-policy never")
            devices[out] = self.plug_yubikey(tokens[out], port=out)
        # Two slots: by their serial numbers.
        for number in (0, 1):
            vault = ("--vault", f"slot{number}")
            self.ok(self.alice.run(*vault, "--device", f"yubikey:{12345678 + number}", "init", "--no-passphrase"))
            self.ok(self.alice.run(*vault, "add", "k", "--field", "a=-", stdin=b"value"))
            self.assertEqual(self.ok(self.alice.run(*vault, "get", "k")).out, b"value")

    def test_07_yubikey(self):
        """A real USB device with both kinds of token, under our rules alone."""
        self.plug_yubikey(serial="0012345678")
        found = self.check(self.alice)
        self.assertEqual([(t["kind"], t["opens"], t["by"], t["rules_applied"]) for t in found],
                         [("fido2", True, "acl", True), ("ykotp", True, "acl", True)])
        self.assertEqual(found[1]["product"], "YubiKey OTP+FIDO")
        # The keyboard is a hidraw node, too, and nobody's.
        keyboard = ({"/dev/" + n for n in os.listdir("/sys/class/hidraw")} - {found[0]["device"]}).pop()
        self.assertEqual(os.stat(keyboard).st_mode & 0o7777, 0o600)
        self.assertNotIn("alice", run("getfacl", "-c", keyboard))
        links = os.listdir("/dev/touchvault")
        for name in ("fido-0012345678", "yubikey-0012345678"):
            self.assertIn(name, links)
        self.assertEqual(len(links), 4, links)  # and each by its port
        self.ok(self.alice.run("--device", "/dev/touchvault/fido-0012345678", "init"))
        self.both_kinds(self.alice)

    def test_08_without_fido_id(self):
        """Then the list tells which is FIDO, and its keyboard stays closed."""
        os.rename("/usr/lib/udev/fido_id", "/usr/lib/udev/fido_id.away")
        self.addCleanup(os.rename, "/usr/lib/udev/fido_id.away", "/usr/lib/udev/fido_id")
        self.plug_yubikey()
        fido = self.check(self.alice)[0]
        self.assertEqual((fido["opens"], fido["by"], fido["rules_applied"]), (True, "acl", True))
        modes = [os.stat("/dev/" + name).st_mode & 0o777 for name in os.listdir("/sys/class/hidraw")]
        self.assertEqual(sorted(modes), [0o600, 0o660])

    def test_09_locks_the_screen(self):
        """Of alice's session, when it is unplugged, and not before."""
        run("/usr/bin/touchvault", "udev", "install", "--lock-screen")
        monitor = subprocess.Popen(
            ["busctl", "monitor", "--json=short", "--match",
             "type=signal,interface=org.freedesktop.login1.Session,member=Lock"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(monitor.communicate)
        self.addCleanup(monitor.terminate)
        self.assertIn("Monitoring bus message stream", monitor.stderr.readline())
        device = self.plug_yubikey()
        before = time.time_ns() // 1000
        self.unplug(device)
        until("logind says so", lambda: select.select([monitor.stdout], [], [], 0.1)[0])
        signal = json.loads(monitor.stdout.readline())
        self.assertGreater(signal["timestamp-realtime"], before, signal)
        session = run("loginctl", "show-seat", "seat0", "--property=ActiveSession", "--value").strip()
        self.assertEqual(signal["path"], json.loads(run(
            "busctl", "--json=short", "call", "org.freedesktop.login1", "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager", "GetSession", "s", session))["data"][0])

    def test_10_the_distributions_rules(self):
        """Ours away, and theirs there: alice is let in, and bob is told."""
        run("/usr/bin/touchvault", "udev", "remove")
        self.assertEqual([name for name in os.listdir(RULES) if "touchvault" in name], [])
        mask(False)
        self.plug_yubikey()
        found = self.check(self.alice)
        self.assertEqual([(t["kind"], t["by"], t["rules_applied"]) for t in found],
                         [("fido2", "acl", False), ("ykotp", "acl", False)])
        self.assertTrue(found[0]["uaccess"])  # Debian's rule for the other takes its tag back as a driver binds to it.
        self.assertEqual([t["cause"] for t in self.check(self.bob)], ["rules-missing"] * 2)
        self.both_kinds(self.alice)

    def test_11_both(self):
        """Ours, as the package brings them, and theirs."""
        os.rename(PACKAGED + ".later", PACKAGED)
        run("udevadm", "control", "--reload")
        self.plug_yubikey()
        self.assertEqual([(t["kind"], t["by"], t["rules_applied"]) for t in self.check(self.alice)],
                         [("fido2", "acl", True), ("ykotp", "acl", True)])
        self.both_kinds(self.alice)

    def test_12_the_packages_rules(self):
        """Where a package brought them, install writes nothing, and they do."""
        mask(True)
        self.assertEqual(json.loads(run("/usr/bin/touchvault", "--json", "udev", "install")),
                         {"changed": False})
        self.plug()
        self.assertEqual([(t["by"], t["rules_applied"]) for t in self.check(self.alice)],
                         [("acl", True)])


if __name__ == "__main__":
    run("modprobe", "-a", "uhid", "vhci-hcd")
    log_in()
    unittest.main(verbosity=2)
