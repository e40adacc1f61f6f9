# SPDX-License-Identifier: BSD-2-Clause
"""Where secrets lie while touchvault and its helper are at work: in locked
memory and nowhere else, and nowhere at all when the work is done.

The processes are looked at from outside, while they wait for a touch, for a
reader, or for strace."""
from faults import *
from memory import canary, host_secrets, mappings, reader, search, vault_secrets
from swtpm import SwTpm, have_swtpm

import base64
import fcntl
import hashlib
import hmac
import re
import signal
import sys
import termios
import unittest

PIN, NEW_PIN = "Canary-PIN-4711", "Another-PIN-0815"
PINENTRY = """#!/bin/sh
echo OK
while read -r line; do
	[ "$line" = GETPIN ] && printf "# a remark, so that what follows is moved\\nD PIN\\n"
	echo OK
done
"""
SMALL, LARGE = canary("small", 64), canary("large", 120000)
TYPED = canary("typed", 48)
PIPE = 65536  # bytes that a pipe holds
DELAY = 60  # seconds that strace would hold a call up; the process is ended before
NUMBERS = {"x86_64": {"execve": 59, "exit_group": 231, "linkat": 265},
           "aarch64": {"execve": 221, "exit_group": 94, "linkat": 37}}.get(os.uname().machine)
RESPONSE = re.compile(r'recvfrom\(\d+, "\\x01\\x86\\x00\\x20((?:\\x[0-9a-f]{2}){32})"')


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except FileNotFoundError:
        return []


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def state_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(") ", 1)[1][0]


def waiting_in(pipe):
    """Bytes that have been written and not read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def find(pid, name):
    """The process of that name among pid and what descends from it; None."""
    if name_of(pid) == name[:15]:
        return pid
    return next((p for c in children(pid) if (p := find(c, name))), None)


def no_memory(pid):
    """It has ended, whether or not that has been looked at."""
    if pid is None:
        return True
    with open(f"/proc/{pid}/maps") as f:
        return f.read() == ""


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("never came to the point where its memory is looked at")
        time.sleep(0.01)


def call_of(pid):
    """The number of the system call in which it stands, and its first argument."""
    try:
        with open(f"/proc/{pid}/syscall") as f:
            words = f.read().split()
    except (FileNotFoundError, ProcessLookupError):
        words = []
    return (int(words[0]), int(words[1], 16)) if len(words) > 1 else (None, None)


def sleeping(pid):
    """It waits for somebody, and not just for a moment."""
    return all(state_of(pid) == "S" and not time.sleep(0.02) for _ in range(3))


def let_go(process, pid):
    """End a process that strace holds up, and strace."""
    for p in (process.pid, pid):
        try:
            os.kill(p, signal.SIGKILL)
        except ProcessLookupError:
            pass


def sanitized():
    with open(TOUCHVAULT, "rb") as f:
        return b"__asan_init" in f.read()


@unittest.skipUnless(os.geteuid() == 0 and NUMBERS, "NOT TESTED: memory, which only root can look at")
@unittest.skipIf(sanitized(), "NOT TESTED here: a sanitizer keeps copies of its own; the release is tested")
class MemoryCase(FaultCase):
    def setUp(self):
        Case.setUp(self)
        self.plugged = self.token(**self.options)
        self.device = ("--device", self.plugged.path)

    options = {}

    def start(self, args, stdin=b"", wrap=(), stdout=subprocess.PIPE):
        process = subprocess.Popen([*wrap, *self.home.command(*self.device, *args)], env=self.home.env,
                                   stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE,
                                   start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                self.addCleanup(pipe.close)
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def end(self, process):
        out, err = process.communicate(timeout=60)
        return self.ok(Result(process.returncode, out, err))

    def response_in(self, trace):
        with open(trace) as f:
            found = RESPONSE.findall(f.read())
        return bytes.fromhex(found[-1].replace("\\x", ""))

    def hits(self, pid, secrets):
        """With the process still there: else nothing has been proved. One that waits
        may wake up for a moment, as the helper does at each keepalive."""
        before = state_of(pid)
        hits = search(pid, secrets)
        self.assertIn(state_of(pid), "t" if before == "t" else "SR")
        return hits

    def nothing_unlocked(self, pid, secrets):
        hits = self.hits(pid, secrets)
        self.assertEqual([h for h in hits if not h.locked], [], name_of(pid))
        return {h.secret for h in hits}

    def nothing_at_all(self, pid, secrets):
        self.assertEqual(self.hits(pid, secrets), [], name_of(pid))


class Memory(MemoryCase):
    """Of a vault whose token has no PIN."""

    def setUp(self):
        super().setUp()
        self.new_vault(self.plugged)
        for name, value in (("small", SMALL), ("large", LARGE)):
            self.ok(self.home.run(*self.device, "add", name, "--field", "k=-", stdin=value))
        # The response is the same at every touch, so one that is seen is enough.
        self.ok(self.home.run(*self.device, "get", "small", wrap=self.strace(
            "-e", "trace=recvfrom", "-xx", "-s", "64")))
        self.response = self.response_in(self.trace_file)

    def secrets(self, **more):
        return {**vault_secrets(self.home, self.response), **more}

    def held(self, call, args, stdin=b"", nth=1):
        """A process that stands just before the call."""
        process = self.start(args, stdin, self.strace(
            "-e", f"inject={call}:delay_enter={DELAY * 1000000}:when={nth}"), subprocess.DEVNULL)
        pid = until(lambda: find(process.pid, "touchvault"))
        until(lambda: state_of(pid) == "t" and call_of(pid)[0] == NUMBERS[call])
        self.addCleanup(let_go, process, pid)
        return process, pid

    def at_its_end(self, args, stdin=b"", status=0):
        """A process that has done all its work but exit."""
        process, pid = self.held("exit_group", args, stdin)
        self.assertEqual(call_of(pid)[1], status)
        return process, pid

    def test_the_search_finds_what_there_is(self):
        """A search that finds nothing would prove nothing."""
        process = subprocess.Popen(["sh", "-c", 'read -r x; echo ready; read -r y'], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        process.stdin.write(SMALL + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        until(lambda: sleeping(process.pid))
        self.assertIn("small", {h.secret for h in self.hits(process.pid, {"small": SMALL}) if not h.locked})
        process.communicate()

    def test_get_while_nobody_reads(self):
        """More than a pipe holds keeps it alive with the entry decrypted."""
        for args, output in ((["large"], LARGE), (["large", "--json"], b'{"k": "' + LARGE + b'"}\n')):
            with self.subTest(args=args):
                process = self.start(["get", *args])
                pid = until(lambda: find(process.pid, "touchvault"))
                until(lambda: waiting_in(process.stdout) >= PIPE and sleeping(pid))
                until(lambda: no_memory(find(pid, "touchvault-token")))
                found = self.nothing_unlocked(pid, self.secrets(large=LARGE, small=SMALL))
                self.assertIn("large", found)
                self.assertEqual(found & {"small", "response", "slot KEK"}, set())
                self.assertEqual(self.end(process).out, output)

    def test_get_json_of_all_kinds(self):
        """Text, bytes that become base64, and escapes, in one entry and of many lengths."""
        values = {f"text{n}": canary(f"text{n}", n) for n in (20, 33, 64, 100, 1000, 5000)}
        values.update((f"bytes{n}", b"\xff" + canary(f"bytes{n}", n)) for n in (20, 64, 1000))
        values["lines"] = canary("lines", 64) + b"\n\"\\"
        encoded = {name: v.decode() if name[0] != "b" else {"base64": base64.b64encode(v).decode()}
                   for name, v in values.items()}
        self.add(self.plugged, "many", encoded)
        secrets = {**values, **{f"{n} in base64": e["base64"].encode() for n, e in encoded.items()
                                if isinstance(e, dict)}}
        process, pid = self.at_its_end(["get", "many", "--json"])
        self.nothing_at_all(pid, self.secrets(**secrets))
        let_go(process, pid)
        process, pid = self.at_its_end(["add", "again", "--from-json"], json.dumps(encoded).encode())
        self.nothing_at_all(pid, self.secrets(**secrets))
        let_go(process, pid)

    def test_get_at_its_end(self):
        for args in (["get", "small"], ["get", "small", "--json"], ["--json", "get", "large"]):
            with self.subTest(args=args):
                process, pid = self.at_its_end(args)
                self.nothing_at_all(pid, self.secrets(small=SMALL, large=LARGE))
                let_go(process, pid)

    def sources(self):
        """Every way in, with the same value."""
        path = os.path.join(self.dir, "value")
        with open(path, "wb") as f:
            f.write(TYPED)
        yield "field", ["--field", "k=-"], TYPED
        yield "file", ["--field", f"k=@{path}"], b""
        yield "json", ["--from-json"], json.dumps({"k": TYPED.decode()}).encode()
        yield "env", ["--from-env", "-"], b"k=\"" + TYPED + b"\"\n"

    def test_add_while_it_waits_for_the_touch(self):
        self.plugged.control("touch-policy never")
        for name, args, stdin in self.sources():
            with self.subTest(source=name):
                process = self.start(["add", name, *args], stdin)
                self.assertIn(b"Touch the ", process.stderr.readline())
                pid = until(lambda: find(process.pid, "touchvault"))
                helper = until(lambda: find(pid, "touchvault-token"))
                until(lambda: sleeping(pid) and sleeping(helper))
                self.assertIn("typed", self.nothing_unlocked(pid, self.secrets(typed=TYPED)))
                self.nothing_at_all(helper, self.secrets(typed=TYPED))
                self.plugged.control("touch now")
                self.end(process)

    def test_add_in_the_middle_of_its_commit(self):
        """When the new generation is on disk, and not in its place."""
        process, pid = self.held("linkat", ["add", "new", "--field", "k=-"], TYPED)
        secrets = self.secrets(typed=TYPED, small=SMALL, large=LARGE)
        vault = self.home.vault
        self.home.vault += ".tmp"
        secrets.update((f"next {name}", value) for name, value in self.secrets().items())
        self.home.vault = vault
        self.assertIn("typed", self.nothing_unlocked(pid, secrets))
        let_go(process, pid)

    def test_changes_at_their_end(self):
        changes = [(["add", name, *args], stdin) for name, args, stdin in self.sources()]
        changes += [(["edit", "small", "--field", "k=-"], TYPED), (["rename", "large", "moved"], b""),
                    (["remove", "moved"], b"")]
        for args, stdin in changes:
            with self.subTest(args=args):
                before = self.secrets(typed=TYPED, small=SMALL, large=LARGE)
                process, pid = self.at_its_end(args, stdin)
                self.nothing_at_all(pid, before)
                self.nothing_at_all(pid, self.secrets())
                let_go(process, pid)

    def test_run_before_the_command_takes_over(self):
        """Only what the command is to have is left, in locked memory."""
        args = ["run", "--env", "V=small:k", "--", "/bin/true"]
        process, pid = self.held("execve", args)
        self.assertEqual(self.nothing_unlocked(pid, self.secrets(small=SMALL, large=LARGE)), {"small"})
        let_go(process, pid)

    def test_init_at_its_end(self):
        process, pid = self.at_its_end(["--vault", "other", "init"])
        self.nothing_at_all(pid, host_secrets(self.home)[1])
        let_go(process, pid)

    def test_list_at_its_end(self):
        process, pid = self.at_its_end(["list"])
        self.nothing_at_all(pid, self.secrets(small=SMALL))
        let_go(process, pid)

    def test_refused_at_its_end(self):
        """An error ends the work on another path."""
        self.plugged.control("touch-policy refused")
        process, pid = self.at_its_end(["add", "new", "--field", "k=-"], TYPED, 14)
        self.nothing_at_all(pid, self.secrets(typed=TYPED))
        let_go(process, pid)


class MemoryOfPin(MemoryCase):
    """Of a vault whose token has one, typed on a terminal."""

    options = {"pin": PIN}

    def on_terminal(self, *args, wrap=(), **kwargs):
        return self.home.on_terminal(*args, command=[*wrap, *self.home.command(*self.device, *args)], **kwargs)

    def give_pin(self, terminal):
        terminal.expect("PIN of the ")
        terminal.expect(": ")
        terminal.type(PIN + "\n")
        return terminal

    def waits_for_touch(self, terminal):
        """touchvault and its helper."""
        terminal.expect("Touch the ")
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        helper = until(lambda: find(pid, "touchvault-token"))
        until(lambda: sleeping(pid) and sleeping(helper))
        return pid, helper

    def done(self, terminal):
        result = terminal.finish()
        self.assertEqual(result.status, 0, result)
        return result

    def setUp(self):
        super().setUp()
        self.done(self.give_pin(self.on_terminal("init")))
        self.done(self.give_pin(self.on_terminal("add", "small", "--field", "k=-", pipe_stdin=SMALL)))

    def test_while_it_waits_for_the_touch(self):
        """The PIN has been handed to the helper, which locks all of its memory."""
        self.plugged.control("touch-policy never")
        terminal = self.give_pin(self.on_terminal("get", "small", pipe_stdout=True))
        pid, helper = self.waits_for_touch(terminal)
        self.nothing_at_all(pid, {"PIN": PIN.encode()})
        self.nothing_unlocked(helper, {"PIN": PIN.encode()})
        self.nothing_unlocked(pid, host_secrets(self.home)[1])
        self.plugged.control("touch now")
        self.assertEqual(self.done(terminal).out, SMALL)

    def test_by_pinentry(self):
        """What pinentry sends is read to where it may lie."""
        self.plugged.control("touch-policy never")
        fake = os.path.join(self.dir, "pinentry")
        with open(fake, "w") as f:
            f.write(PINENTRY.replace("D PIN", f"D {PIN}"))
        os.chmod(fake, 0o755)
        wrap = ["unshare", "--mount", "sh", "-euc",
                'mount --make-rprivate /; mount --bind "$1" /usr/bin/pinentry; shift; exec "$@"', "sh", fake]
        self.home.env["DISPLAY"] = ":9"
        process = self.start(["get", "small"], wrap=wrap)
        self.assertIn(b"Touch the ", process.stderr.readline())
        helper = until(lambda: find(process.pid, "touchvault-token"))
        until(lambda: sleeping(process.pid) and sleeping(helper))
        self.assertEqual(name_of(process.pid), "touchvault")
        self.nothing_at_all(process.pid, {"PIN": PIN.encode()})
        self.nothing_unlocked(helper, {"PIN": PIN.encode()})
        self.plugged.control("touch now")
        self.assertEqual(self.end(process).out, SMALL)

    def test_when_it_is_changed(self):
        """Both, in the helper, which waits for a token that is slow; and at the end."""
        self.plugged.control("fault slow:3000 clientPIN.changePIN")
        terminal = self.on_terminal("token", "change-pin", wrap=self.strace(
            "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1"))
        for prompt, pin in (("PIN of", PIN), ("New PIN", NEW_PIN), ("again", NEW_PIN)):
            terminal.expect(prompt)
            terminal.expect(": ")
            terminal.type(pin + "\n")
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        helper = until(lambda: find(pid, "touchvault-token"))
        until(lambda: "changePIN" in self.plugged.frames())
        pins = {"PIN": PIN.encode(), "new PIN": NEW_PIN.encode()}
        self.nothing_at_all(pid, pins)
        self.assertEqual(self.nothing_unlocked(helper, pins), set(pins))
        until(lambda: state_of(pid) == "t" and call_of(pid) == (NUMBERS["exit_group"], 0))
        self.nothing_at_all(pid, pins)
        let_go(terminal.process, pid)
        terminal.finish()

    def test_a_typed_value(self):
        self.plugged.control("touch-policy never")
        terminal = self.on_terminal("add", "typed")
        terminal.expect("Field name")
        terminal.type("k\n")
        terminal.expect("Value")
        terminal.expect(": ")
        terminal.type(TYPED.decode() + "\n")
        terminal.expect("Field name")
        terminal.expect(": ")
        terminal.type("\n")
        self.give_pin(terminal)
        pid, helper = self.waits_for_touch(terminal)
        self.assertIn("typed", self.nothing_unlocked(pid, {"typed": TYPED}))
        self.nothing_at_all(pid, {"PIN": PIN.encode()})
        self.nothing_at_all(helper, {"typed": TYPED})
        self.plugged.control("touch now")
        result = self.done(terminal)
        self.assertNotIn(TYPED, result.tty)

    def test_at_its_end(self):
        terminal = self.give_pin(self.on_terminal("get", "small", pipe_stdout=True, wrap=self.strace(
            "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1")))
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        until(lambda: state_of(pid) == "t" and call_of(pid) == (NUMBERS["exit_group"], 0))
        self.nothing_at_all(pid, {"PIN": PIN.encode(), "small": SMALL, **host_secrets(self.home)[1]})
        let_go(terminal.process, pid)
        self.assertEqual(terminal.finish().out, SMALL)


class MemoryOfYubiKey(MemoryCase):
    """Of a vault whose token is a YubiKey's slot with a passphrase."""

    PASSPHRASE = "canary-passphrase-0815"
    KEY = canary("key", 20)

    def setUp(self):
        Case.setUp(self)
        self.yk = self.yubikey()
        self.yk.program(2, self.KEY, "hmac-lt64", "chal-btn-trig", "serial-api-visible")
        self.device = ("--device", "yubikey")
        self.on_terminal("New passphrase", "again", args=["init"])
        self.on_terminal("Passphrase", args=["add", "small", "--field", "k=-"], pipe_stdin=SMALL)

    def on_terminal(self, *prompts, args, wrap=(), **kwargs):
        t = self.home.on_terminal(command=[*wrap, *self.home.command(*self.device, *args)], **kwargs)
        for prompt in prompts:
            t.expect(prompt)
            t.expect(": ")
            t.type(self.PASSPHRASE + "\n")
        if wrap:
            return t
        result = t.finish()
        self.assertEqual(result.status, 0, result)
        return result

    def secrets(self):
        with open(self.home.vault, "rb") as f:
            h = reader.header(f.read())
        salt = reader.H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32)
        challenge = bytearray(hashlib.sha512(salt).digest()[:63])
        challenge[62] = challenge[62] or 1
        return {"passphrase": self.PASSPHRASE.encode(), "small": SMALL,
                "response": hmac.new(self.KEY, challenge, "sha1").digest(), **host_secrets(self.home)[1]}

    def test_get_at_its_end(self):
        t = self.on_terminal("Passphrase", args=["get", "small"], pipe_stdout=True, wrap=self.strace(
            "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1"))
        pid = until(lambda: find(t.process.pid, "touchvault"))
        until(lambda: state_of(pid) == "t" and call_of(pid) == (NUMBERS["exit_group"], 0))
        self.nothing_at_all(pid, self.secrets())
        let_go(t.process, pid)
        self.assertEqual(t.finish().out, SMALL)

    def test_while_it_waits_for_the_passphrase(self):
        """The response is held until then, in locked memory."""
        t = self.home.on_terminal(*self.device, "get", "small", pipe_stdout=True)
        t.expect("Passphrase")
        pid = until(lambda: find(t.process.pid, "touchvault"))
        until(lambda: sleeping(pid))
        self.assertIn("response", self.nothing_unlocked(pid, self.secrets()))
        t.type(self.PASSPHRASE + "\n")
        self.assertEqual(t.finish().out, SMALL)


@unittest.skipUnless(have_swtpm(), "NOT TESTED: there is no swtpm, or no tpm2-tools")
class TpmMemory(MemoryCase):
    """Of a host whose key a TPM seals: what the TPM's libraries knew is gone with them."""

    def setUp(self):
        super().setUp()
        self.tpm = SwTpm(self.dir)
        self.addCleanup(self.tpm.stop)
        self.ok(self.home.run(*self.device, "init", "--tpm", self.tpm.path))
        self.add(self.plugged, "small", {"k": SMALL.decode()})

    def test_get_while_it_waits_for_the_touch_and_at_its_end(self):
        secrets = host_secrets(self.home, self.tpm.unseal)[1]
        self.plugged.control("touch-policy never")
        process = self.start(["get", "small"], wrap=self.strace(
            "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1"))
        self.assertIn(b"Touch the ", process.stderr.readline())
        pid = until(lambda: find(process.pid, "touchvault"))
        helper = until(lambda: find(pid, "touchvault-token"))
        until(lambda: sleeping(pid) and sleeping(helper))
        self.assertEqual(self.nothing_unlocked(pid, secrets), set(secrets))
        self.nothing_at_all(helper, secrets)
        self.plugged.control("touch now")
        until(lambda: state_of(pid) == "t" and call_of(pid)[0] == NUMBERS["exit_group"])
        self.nothing_at_all(pid, secrets)
        let_go(process, pid)


class MemoryOfRecovery(MemoryCase):
    """Of a code that is printed, and typed. libqrencode has it in a process that is gone."""

    def setUp(self):
        super().setUp()
        self.new_vault(self.plugged)
        self.sheet = os.path.join(self.dir, "sheet.svg")

    def secrets(self, code):
        """The code in every form; of its key, all that is not public."""
        text = "-".join(code)
        key = reader.recovery_key(text)
        plain = "".join(g[:4] for g in code)
        bits = sum(reader.BASE32.index(c) << 5 * i for i, c in enumerate(reversed(plain)))
        seed = reader.H(reader.NO_VAULT, "tv1 paper", bits.to_bytes(20, "big"), b"", 32)
        return {"code": text.encode(), "code as typed": "".join(code).encode(), "code without checks": plain.encode(),
                "bytes": bits.to_bytes(20, "big"), "sheet seed": seed, "sheet box key": key["hsk"],
                "sheet signing key": key["signing"][:32]}

    def groups(self, code):
        """Five letters may be somewhere by chance, two times five are not."""
        return {f"group {i}": group.encode() for i, group in enumerate(code, 1)}

    def code(self, terminal):
        if os.path.exists(self.sheet):
            with open(self.sheet) as f:
                texts = re.findall(r"<text [^>]*>([^<]*)</text>", f.read())
            return [texts[texts.index(str(i)) + 1] for i in range(1, 9)]
        groups = dict(re.findall(rb"\b([1-8]) ([0-9A-Z]{5})\b", terminal.shown))
        return [groups[b"%d" % i].decode() for i in range(1, 9)]

    def on_terminal(self, *args, home=None):
        """To be held before it exits."""
        return self.home.on_terminal(env=(home or self.home).env, command=[*self.strace(
            "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1"), *self.home.command(*self.device, *args)])

    def asks(self, terminal):
        terminal.expect("Type group ")
        terminal.expect(" from the sheet: ")
        return int(re.findall(rb"Type group (\d) from", terminal.shown)[-1])

    def at_its_end(self, terminal, code, status=0):
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        until(lambda: state_of(pid) == "t" and call_of(pid) == (NUMBERS["exit_group"], status))
        self.nothing_at_all(pid, self.secrets(code))
        self.assertLess(len({h.secret for h in self.hits(pid, self.groups(code))}), 2)
        return pid

    def create(self, *options):
        """At each point where somebody may look, and at the end."""
        terminal = self.on_terminal("recovery", "create", *options)
        asked = self.asks(terminal)
        code = self.code(terminal)
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        until(lambda: sleeping(pid))
        self.assertEqual(children(pid), [])
        self.assertIn("code", self.nothing_unlocked(pid, self.secrets(code)))
        terminal.type(code[asked - 1] + "\n")
        terminal.type(code[self.asks(terminal) - 1] + "\n")
        self.at_its_end(terminal, code)
        let_go(terminal.process, pid)
        terminal.finish()
        return code

    def test_create_on_the_terminal(self):
        self.create()

    def test_create_in_a_file(self):
        self.create("--output", self.sheet)

    def test_create_cancelled(self):
        terminal = self.on_terminal("recovery", "create", "--output", self.sheet)
        self.asks(terminal)
        code = self.code(terminal)
        terminal.type(code[0][:4] + "\x03")
        let_go(terminal.process, self.at_its_end(terminal, code, 14))
        terminal.finish()

    def test_the_process_that_draws(self):
        """All that it has of the code is locked; it is looked at before it exits."""
        terminal = self.home.on_terminal(command=[*self.strace(
            "-f", "-e", f"inject=exit_group:delay_enter={DELAY * 1000000}:when=1"),
            *self.home.command(*self.device, "recovery", "create", "--output", self.sheet)])
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        drawer = until(lambda: children(pid) and children(pid)[0])
        until(lambda: state_of(drawer) == "t" and call_of(drawer) == (NUMBERS["exit_group"], 0))
        code = self.code_held(pid)
        self.assertFalse(os.path.exists(self.sheet))
        self.assertIn("code", self.nothing_unlocked(drawer, self.secrets(code)))
        for p in (drawer, pid):
            let_go(terminal.process, p)
        terminal.process.wait()

    def code_held(self, pid):
        """Before it is written anywhere."""
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end, _, locked in mappings(pid):
                memory.seek(start)
                found = re.search(rb"(?:[0-9A-Z]{5}-){7}[0-9A-Z]{5}", memory.read(end - start)) if locked else None
                if found:
                    return found[0].decode().split("-")
        raise AssertionError("there is no code")

    def test_use(self):
        code = self.create("--output", self.sheet)
        new = Home(os.path.join(self.dir, "new"))
        os.makedirs(os.path.dirname(new.vault), 0o700)
        shutil.copy(self.home.vault, new.vault)
        self.plugged.control("touch-policy never")
        terminal = self.on_terminal("recovery", "use", "--name", "new", home=new)
        for i, group in enumerate(code, 1):
            terminal.expect(f"Group {i} of 8: ")
            terminal.type(group + "\n")
        terminal.expect("Touch the ")
        pid = until(lambda: find(terminal.process.pid, "touchvault"))
        helper = until(lambda: find(pid, "touchvault-token"))
        until(lambda: sleeping(pid) and sleeping(helper))
        self.assertEqual({h for h in self.nothing_unlocked(pid, self.secrets(code)) if h.startswith("code")}, set())
        self.nothing_at_all(helper, self.secrets(code))
        self.plugged.control("touch now")
        self.at_its_end(terminal, code)
        let_go(terminal.process, pid)
        self.assertNotIn(code[0].encode(), terminal.finish().shown)


if __name__ == "__main__":
    unittest.main()
