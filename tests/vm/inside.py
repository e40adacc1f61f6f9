# SPDX-License-Identifier: BSD-2-Clause
"""What the tests inside share: users, the seat, and tokens to plug in."""
import functools
import glob
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

PACKAGE, = glob.glob("/host/touchvault_*.deb")
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
def virtual_yubikeys():
    """Two, each with an HMAC key in slot 2 that wants a touch. The library is loaded once."""
    yk = VirtualYk("/host/libvirtualyk.so", "/run", keys=2)
    for number in range(yk.keys):
        done = yk.program(2, bytes(range(number, number + 20)), "hmac-lt64", "chal-btn-trig", "serial-api-visible",
                          number=number)
        if done.returncode != 0:
            raise RuntimeError(f"ykpersonalize: {done.stdout} {done.stderr}")
    environment = yk.environment(TOUCHVAULT)
    del environment["LD_PRELOAD"]
    return yk, [Slots(yk.library, environment, number) for number in range(yk.keys)]


def hidraw():
    return {"/dev/" + name for name in os.listdir("/sys/class/hidraw")}


class Lab(Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.alice = self.of("alice")
        self.bob = self.of("bob")

    def of(self, name, directory=None):
        home = Home(directory or os.path.join(self.dir, name))
        shutil.chown(home.dir, name, name)
        home.wrap = ["setpriv", "--reuid", name, "--regid", name, "--init-groups"]
        home.command = lambda *args: [*home.wrap, TOUCHVAULT, *args]
        return home

    def plug(self, token=None, **options):
        token = token or self.token(**options)
        return token, self.plugged(lambda: UhidToken(token, FIDO_DESCRIPTOR), 1)

    def plug_yubikey(self, token=None, port=0, **options):
        slots = virtual_yubikeys()[1][port]
        return self.plugged(lambda: VhciYubiKey(token or self.token(f"token{port}"), slots, FIDO_DESCRIPTOR,
                                                port=port, **options), 2)

    def plugged(self, plug, interfaces):
        before = hidraw()
        device = plug()
        device.nodes = set()
        self.addCleanup(self.unplug, device)
        until("the kernel has a node for each interface", lambda: len(hidraw() - before) == interfaces)
        run("udevadm", "settle")
        device.nodes = hidraw() - before
        return device

    def unplug(self, device):
        device.close()
        until("the device is gone", lambda: not device.nodes & hidraw() and not device.is_there())
        device.nodes = set()
        run("udevadm", "settle")

    def touch(self, token):
        until("it waits for a touch", lambda: token.status()["waiting"] == "1")
        token.control("touch now")

    def check(self, home):
        result = home.run("--json", "udev", "check")
        self.clean(result)
        return json.loads(result.out)["tokens"]

    def both_kinds(self, home, device="yubikey"):
        """The main job with a composite YubiKey, by FIDO2 and by the HMAC slot."""
        for vault, options in (("fido", ()), ("slot", ("--device", device))):
            without = ("--no-passphrase",) if options else ()
            self.ok(home.run("--vault", vault, *options, "init", *without))
            self.ok(home.run("--vault", vault, "add", "k", "--field", "a=-", stdin=b"value"))
            self.assertEqual(self.ok(home.run("--vault", vault, "get", "k")).out, b"value")

    def mend(self, token):
        """Do as it says."""
        for command in token["mend"].split(" && "):
            self.assertTrue(command.startswith("sudo "), token)
            run(*command.split()[1:])


__all__ = [name for name in dir() if not name.startswith("_")]
