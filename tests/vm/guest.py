# SPDX-License-Identifier: BSD-2-Clause
"""Inside: a real kernel, udev and logind, alice logged in on tty1, and bob nowhere.

Classes run in the order of their names: the package is installed by the first, and
upgraded and removed by the last. Tests do, too, and each begins with no token
plugged in."""
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

    def test_1_rules(self):
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

    def test_2_who_is_not_at_the_seat(self):
        """bob, over ssh: by the group, once there is one and he is in it."""
        run("groupdel", "plugdev")
        self.plug()
        self.assertEqual(run("stat", "-c", "%G", self.check(self.bob)[0]["device"]), "root\n")
        found = self.check(self.bob)
        self.assertEqual([t["cause"] for t in found], ["no-group"])
        self.mend(found[0])
        self.assertEqual([t["by"] for t in self.check(self.bob)], ["group"])
        self.ok(self.bob.run("init"))

    def test_3_logout(self):
        self.plug()
        self.assertEqual([t["by"] for t in self.check(self.alice)], ["acl"])
        log_out()
        self.addCleanup(log_in)
        until("logind has taken it away", lambda: not self.check(self.alice)[0]["opens"])
        until("her session is over", lambda: self.check(self.alice)[0]["cause"] == "not-in-group")
        log_in()
        until("logind has given it back", lambda: self.check(self.alice)[0]["opens"])

    def test_4_plugged_in_and_out_while_waiting(self):
        token, device = self.plug()
        self.ok(self.alice.run("init"))
        self.ok(self.alice.run("add", "k", "--field", "a=-", stdin=b"value"))
        self.unplug(device)
        self.refused(self.alice.run("get", "k"), 10, "plug")
        terminal = self.alice.on_terminal("get", "k", pipe_stdout=True)
        terminal.expect("No token is plugged in")
        token, device = self.plug(token)
        terminal.expect("Touch")
        self.assertEqual(self.ok(terminal.finish()).out, b"value")
        self.unplug(device)
        token.close()
        token, device = self.plug(touch="never")
        terminal = self.alice.on_terminal("get", "k", pipe_stdout=True)
        terminal.expect("Touch")
        self.unplug(device)
        result = terminal.finish()
        self.assertEqual((result.status, result.out), (17, b""))
        self.assertIn(b"unplugged", result.tty)

    def test_5_yubikey(self):
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
        self.ok(self.alice.run("--vault", "slots", "--device", "yubikey", "init", "--no-passphrase"))
        self.ok(self.alice.run("--vault", "slots", "add", "k", "--field", "a=-", stdin=b"value"))
        self.assertEqual(self.ok(self.alice.run("--vault", "slots", "get", "k")).out, b"value")

    def test_6_without_fido_id(self):
        """Then the list tells which is FIDO, and its keyboard stays closed."""
        os.rename("/usr/lib/udev/fido_id", "/usr/lib/udev/fido_id.away")
        self.addCleanup(os.rename, "/usr/lib/udev/fido_id.away", "/usr/lib/udev/fido_id")
        self.plug_yubikey()
        fido = self.check(self.alice)[0]
        self.assertEqual((fido["opens"], fido["by"], fido["rules_applied"]), (True, "acl", True))
        modes = [os.stat("/dev/" + name).st_mode & 0o777 for name in os.listdir("/sys/class/hidraw")]
        self.assertEqual(sorted(modes), [0o600, 0o660])

    def test_7_locks_the_screen(self):
        """When it is unplugged, and not before."""
        os.rename("/usr/bin/loginctl", "/usr/bin/loginctl.real")
        self.addCleanup(os.rename, "/usr/bin/loginctl.real", "/usr/bin/loginctl")
        with open("/usr/bin/loginctl", "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\ncase $1 in lock-*) echo "$@" >>/run/locked ;; *) exec loginctl.real "$@" ;; esac\n')
        os.chmod("/usr/bin/loginctl", 0o755)
        run("/usr/bin/touchvault", "udev", "install", "--lock-screen")
        device = self.plug()[1]
        self.assertFalse(os.path.exists("/run/locked"))
        self.unplug(device)
        with open("/run/locked", encoding="utf-8") as f:
            self.assertRegex(f.read(), r"^lock-session \w+\n$")

    def test_8_the_distributions_rules(self):
        """Ours away, and theirs there: alice is let in, and bob is told."""
        run("/usr/bin/touchvault", "udev", "remove")
        self.assertEqual([name for name in os.listdir(RULES) if "touchvault" in name], [])
        mask(False)
        self.plug()
        found = self.check(self.alice)
        self.assertEqual([(t["opens"], t["rules_applied"], t["uaccess"]) for t in found],
                         [(True, False, True)])
        self.assertEqual([t["cause"] for t in self.check(self.bob)], ["rules-missing"])

    def test_9_the_packages_rules(self):
        """Where a package brought them, install writes nothing, and they do."""
        mask(True)
        os.rename(PACKAGED + ".later", PACKAGED)
        self.assertEqual(json.loads(run("/usr/bin/touchvault", "--json", "udev", "install")),
                         {"changed": False})
        self.plug()
        self.assertEqual([(t["by"], t["rules_applied"]) for t in self.check(self.alice)],
                         [("acl", True)])



if __name__ == "__main__":
    run("modprobe", "-a", "uhid", "vhci-hcd")
    log_in()
    unittest.main(verbosity=2)
