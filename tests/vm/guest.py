# SPDX-License-Identifier: BSD-2-Clause
"""Inside: a real kernel, udev and logind, alice logged in on tty1, and bob nowhere.

Tests run in the order of their names, and each begins with no token plugged in."""
import functools
import os
import re
import shutil
import sys

for folder in ("e2e", "virtual", "virtual/ykotp", "vm"):
    sys.path.insert(0, "/host/tests/" + folder)
os.environ.update(TOUCHVAULT="/usr/bin/touchvault", VTOKEN="/host/vtoken", HOME="/root",
                  PATH="/usr/sbin:/usr/bin:/sbin:/bin")
from harness import *  # noqa: E402
from harness import FIDO_DESCRIPTOR  # noqa: E402
from uhid import UhidToken  # noqa: E402
from vhci import Slots, VhciYubiKey  # noqa: E402
from virtualyk import VirtualYk  # noqa: E402

PACKAGED = "/usr/lib/udev/rules.d/70-touchvault.rules"
RULES = "/etc/udev/rules.d/"
DISTRIBUTIONS = ("60-fido-id.rules", "69-yubikey.rules", "70-uaccess.rules")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def until(what, condition):
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it never came about that " + what)
        time.sleep(0.05)


def in_front():
    """Whose session, as logind has it. What else the file has may be out of date."""
    with open("/run/systemd/seats/seat0", encoding="utf-8") as f:
        return re.findall(r"^ACTIVE_UID=(.+)$", f.read(), re.M)


def log_in():
    run("systemctl", "start", "getty@tty1")
    until("alice is at the seat", lambda: in_front() == ["1000"])


def log_out():
    run("systemctl", "stop", "getty@tty1")
    until("nobody is at the seat", lambda: in_front() == [])


def mask(masked):
    """Debian's own rules would let alice in, and ours prove nothing."""
    for name in DISTRIBUTIONS:
        if masked:
            os.symlink("/dev/null", RULES + name)
        else:
            os.unlink(RULES + name)
    run("udevadm", "control", "--reload")


@functools.cache
def slots():
    """An HMAC key in slot 2 that wants a touch. The library is loaded once."""
    yk = VirtualYk("/host/libvirtualyk.so", "/run")
    yk.program(2, bytes(range(20)), "hmac-lt64", "chal-btn-trig", "serial-api-visible")
    environment = yk.environment(TOUCHVAULT)
    del environment["LD_PRELOAD"]
    return Slots(yk.library, environment)


class Lab(Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.alice = self.of("alice")
        self.bob = self.of("bob")

    def of(self, name):
        home = Home(os.path.join(self.dir, name))
        shutil.chown(home.dir, name, name)
        home.wrap = ["setpriv", "--reuid", name, "--regid", name, "--init-groups"]
        home.command = lambda *args: [*home.wrap, TOUCHVAULT, *args]
        return home

    def plug(self, token=None, **options):
        token = token or self.token(**options)
        device = UhidToken(token, FIDO_DESCRIPTOR)
        self.addCleanup(self.unplug, device)
        until("the kernel has a node for it", lambda: os.listdir("/sys/class/hidraw"))
        run("udevadm", "settle")
        return token, device

    def plug_yubikey(self, **options):
        device = VhciYubiKey(self.token(), slots(), FIDO_DESCRIPTOR, **options)
        self.addCleanup(self.unplug, device)
        until("both interfaces are there", lambda: len(os.listdir("/sys/class/hidraw")) == 2)
        run("udevadm", "settle")
        return device

    def unplug(self, device):
        device.close()
        until("the device is gone", lambda: not os.listdir("/sys/class/hidraw"))
        run("udevadm", "settle")

    def check(self, home):
        result = home.run("--json", "udev", "check")
        self.clean(result)
        return json.loads(result.out)["tokens"]

    def mend(self, token):
        """Do as it says."""
        for command in token["mend"].split(" && "):
            self.assertTrue(command.startswith("sudo "), token)
            run(*command.split()[1:])

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
            f.write("#!/bin/sh\necho \"$@\" >>/run/locked\n")
        os.chmod("/usr/bin/loginctl", 0o755)
        run("/usr/bin/touchvault", "udev", "install", "--lock-screen")
        device = self.plug()[1]
        self.assertFalse(os.path.exists("/run/locked"))
        self.unplug(device)
        with open("/run/locked", encoding="utf-8") as f:
            self.assertEqual(f.read(), "lock-sessions\n")

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
    run("cp", "-a", "/host/installed/.", "/")
    os.rename(PACKAGED, PACKAGED + ".later")
    run("modprobe", "-a", "uhid", "vhci-hcd")
    log_in()
    unittest.main(verbosity=2)
