# SPDX-License-Identifier: BSD-2-Clause
"""The shipped program, unmodified, as a person or a script would start it.

Every test gets an empty home of its own. touchvault and vtoken come from the
environment (TOUCHVAULT, VTOKEN), which ctest sets."""
import fcntl
import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "virtual"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "virtual", "ykotp"))
from virtualyk import VirtualYk, sanitizer_of  # noqa: E402
from vtoken import VToken  # noqa: E402

TOUCHVAULT = os.environ["TOUCHVAULT"]
VTOKEN = os.environ["VTOKEN"]
FAKETIME = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
DEADLINE = 60  # seconds; far beyond anything that is not a hang

# The leak checker stops other threads by ptrace, which the programs forbid.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0:exitcode=99"
SANITIZER = (b"AddressSanitizer", b"runtime error:", b"LeakSanitizer")


class Result:
    """tty: what the terminal showed after what was expected; shown: all of it."""

    def __init__(self, status, out, err, tty=b"", shown=b""):
        self.status, self.out, self.err, self.tty, self.shown = status, out, err, tty, shown

    def __repr__(self):
        return f"status {self.status}\nout: {self.out!r}\nerr: {self.err!r}\ntty: {self.tty!r}"


class Home:
    """A user's home on one host."""

    def __init__(self, directory):
        self.dir = directory
        os.makedirs(directory, 0o700, exist_ok=True)
        self.env = {"HOME": directory, "PATH": os.environ["PATH"], "TERM": "dumb",
                    "ASAN_OPTIONS": os.environ["ASAN_OPTIONS"]}
        self.vault = os.path.join(directory, ".local/share/touchvault/default.tv")
        self.host_key = os.path.join(directory, ".local/state/touchvault/host.key")
        self.state = os.path.join(directory, ".local/state/touchvault/state")

    def command(self, *args):
        # This machine's own TPM is not for tests: where it has one, a new key would be sealed by it.
        makes_key = "init" in args or {"host", "request"} <= set(args)
        if makes_key and "help" not in args and not {"--kind", "--tpm"} & set(args):
            args += ("--kind", "keyfile")
        return [TOUCHVAULT, *args]

    def run(self, *args, stdin=b"", env=None, wrap=(), **kwargs):
        """Without a terminal, as a service runs it."""
        process = subprocess.Popen([*wrap, *self.command(*args)], env={**self.env, **(env or {})},
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True, **kwargs)
        try:
            out, err = process.communicate(stdin, timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(process.returncode, out, err)

    def on_terminal(self, *args, **kwargs):
        return Terminal(self, args, **kwargs)

    def typed_ahead(self, text, *args):
        """On a terminal that has the text before the program begins."""
        t = Terminal(self, (), command=["sh", "-c", 'read go && exec "$@"', "sh", *self.command(*args)])
        t.type("go\n" + text)
        return t

    def set_clock(self, utc):
        """What the clock says from now on, as "2027-01-31 09:30:00": it goes on from there."""
        preloaded = ":".join([*sanitizer_of(TOUCHVAULT), FAKETIME])
        self.env.update(LD_PRELOAD=preloaded, FAKETIME="@" + utc, TZ="UTC",
                        FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_NO_CACHE="1")


class Terminal:
    """A program on a terminal of its own. Standard input, output and error are
    the terminal unless a pipe is asked for."""

    def __init__(self, home, args, pipe_stdin=None, pipe_stdout=False, env=None, command=None,
                 columns=80):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self.said = self.shown = b""
        self.initial = termios.tcgetattr(slave)

        def adopt():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command or home.command(*args), env={**home.env, **(env or {})}, preexec_fn=adopt,
            stdin=subprocess.PIPE if pipe_stdin is not None else slave,
            stdout=subprocess.PIPE if pipe_stdout else slave, stderr=slave)
        self.slave = slave
        if pipe_stdin is not None:
            self.process.stdin.write(pipe_stdin)
            self.process.stdin.close()

    def _read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.said += data
        self.shown += data
        return bool(data)

    def expect(self, text):
        """Wait until the terminal shows text (after what was expected before)."""
        text = text.encode() if isinstance(text, str) else text
        end = time.monotonic() + DEADLINE
        while text not in self.said:
            if time.monotonic() > end or (self.process.poll() is not None and not self._read(0)):
                raise AssertionError(f"never saw {text!r} in {self.said!r}")
            self._read(0.1)
        self.said = self.said[self.said.index(text) + len(text):]

    def type(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def echo_is_on(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def finish(self):
        out = b""
        if self.process.stdout:
            out = self.process.stdout.read()
            self.process.stdout.close()
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
                raise AssertionError(f"hangs; the terminal shows {self.said!r}")
            self._read(0.02)
        while self._read(0):
            pass
        restored = termios.tcgetattr(self.slave) == self.initial
        os.close(self.slave)
        os.close(self.master)
        if not restored:
            raise AssertionError("the terminal's settings were not restored")
        return Result(self.process.returncode, out, b"", self.said, self.shown)


class Case(unittest.TestCase):
    """A test with a directory, a home and, on demand, tokens."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="touchvault-test.")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.home = Home(os.path.join(self.dir, "home"))

    def token(self, name="token", **options):
        token = VToken(VTOKEN, self.dir, name, **options)
        self.addCleanup(token.close)
        return token

    def yubikey(self, name="yubikey", home=None, **options):
        """What is on the USB bus of a home from now on."""
        yk = VirtualYk(os.environ["VIRTUALYK"], self.dir, name, **options)
        (home or self.home).env.update(yk.environment(TOUCHVAULT))
        return yk

    def ok(self, result):
        self.clean(result)
        self.assertEqual(result.status, 0, result)
        return result

    def clean(self, result):
        for mark in SANITIZER:
            self.assertNotIn(mark, result.err + result.tty, result)

    def refused(self, result, status, *words):
        """One clear sentence on standard error, nothing on standard output."""
        self.clean(result)
        self.assertEqual(result.status, status, result)
        self.assertEqual(result.out, b"", result)
        errors = [line for line in result.err.decode().splitlines()
                  if line.startswith("touchvault: ")]
        self.assertGreaterEqual(len(errors), 1, result)
        for word in words:
            self.assertIn(word, result.err.decode(), result)
        return result

    def new_vault(self, token, home=None, *options):
        return self.ok((home or self.home).run("--device", token.path, "init", *options))

    def approve(self, token, name):
        """A second host, approved as a person does it: its home, with a copy of the vault."""
        other = Home(os.path.join(self.dir, name))
        other.env.update({k: v for k, v in self.home.env.items() if k != "HOME"})
        made = json.loads(self.ok(other.run("host", "request", "--name", name, "--json")).out)
        self.ok(self.home.run("--device", token.path, "host", "approve", "--fingerprint", made["fingerprint"],
                              stdin=made["request"].encode()))
        copy_vault(self.home.vault, other.vault)
        return other

    def add(self, token, name, fields, home=None):
        text = json.dumps(fields).encode()
        return self.ok((home or self.home).run("--device", token.path, "add", name, "--from-json",
                                               stdin=text))


# As the kernel shows a FIDO device: usage page F1D0, usage 1, two reports of 64.
FIDO_DESCRIPTOR = bytes.fromhex("06d0f10901a1010920150026ff00750895408102092115"
                                "0026ff0075089540910 2c0".replace(" ", ""))
PLUG = """
mount --make-rprivate /
mkdir -p "$1/dev" && mount --rbind /dev "$1/dev" && mount -t tmpfs -o mode=755 none /dev
for f in null zero full random urandom tty ptmx; do
	: >/dev/$f; mount --bind "$1/dev/$f" /dev/$f
done
mkdir /dev/pts && mount --rbind "$1/dev/pts" /dev/pts
mount -t tmpfs none /sys/class && mkdir /sys/class/hidraw
plug() {
	i=$3
	for pts in $2; do
		: >/dev/hidraw$i; mount --bind "$pts" /dev/hidraw$i
		mkdir -p /sys/class/hidraw/hidraw$i/device
		cp "$1/descriptor" /sys/class/hidraw/hidraw$i/device/report_descriptor
		i=$((i + 1))
	done
}
late() {
	case $1 in
	/*) until [ -e "$1" ]; do sleep 0.05; done ;;
	*) sleep "$1" ;;
	esac
}
if [ "$3" = 0 ]; then plug "$1" "$2" "$4"; else (late "$3"; plug "$1" "$2" "$4") </dev/null >/dev/null 2>&1 & fi
shift 4
exec "$@"
"""


def plugged_in(directory, *tokens, late=0, first=0, usb=False):
    """What to start a program with so that it finds the tokens as /dev/hidraw0 (or
    what comes first) and so on, listed by the kernel; or finds them late, after some
    seconds, or when there is a file of that path. usb: there is a USB bus, with nothing on it. Takes root and a mount
    namespace."""
    with open(os.path.join(directory, "descriptor"), "wb") as f:
        f.write(FIDO_DESCRIPTOR)
    nodes = " ".join(os.path.realpath(t.path) for t in tokens)
    plug = "mkdir -p /dev/bus/usb/001\nshift 4\n".join(PLUG.split("shift 4\n")) if usb else PLUG
    return ["unshare", "--mount", "sh", "-euc", plug, "sh", directory, nodes, str(late), str(first)]


def another_machine(directory):
    """What to start a program with so that it runs on a machine with another id."""
    fake = os.path.join(directory, "machine-id")
    with open(fake, "w") as f:
        f.write("0123456789abcdef0123456789abcdef\n")
    return ["unshare", "--mount", "--map-root-user", "sh", "-c",
            f'mount --bind {fake} /etc/machine-id && exec "$@"', "sh"]


def digest(path):
    """What a test compares to say that a file is as it was; None: not there."""
    try:
        with open(path, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()
    except FileNotFoundError:
        return None


def copy_vault(source, destination):
    os.makedirs(os.path.dirname(destination), 0o700, exist_ok=True)
    shutil.copy(source, destination)


__all__ = ["Case", "Home", "Result", "Terminal", "VToken", "TOUCHVAULT", "VTOKEN", "another_machine",
           "copy_vault", "digest", "plugged_in", "json", "os", "signal", "subprocess", "time", "unittest"]
