# SPDX-License-Identifier: BSD-2-Clause
"""From the package to the first secret, as README.md tells it, and on to the second token: alice
is new, at the seat, and has an empty home. What her terminal shows is the transcript, and what
she does beside it is noted in it when she does it."""
from inside import *
from session import COLUMNS

README = "/host/README.md"
SECRET = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n"
FIRST_ROW = SECRET.encode().splitlines()[0] + b"\r\n"


def five_commands():
    """README.md's, to the letter, but for remarks."""
    with open(README, encoding="utf-8") as f:
        blocks = re.findall(r"(?:^    .+\n)+", f.read(), re.M)
    block = next(b for b in blocks if "apt install ./touchvault_" in b)
    lines = [re.sub(r" +#.*", "", line.strip()) for line in block.splitlines()]
    if len(lines) != 5:
        raise AssertionError(f"README.md: not five commands from the package to the first secret: {lines}")
    return lines


class Shell(Terminal):
    """Somebody's, on a terminal. Its prompt has the status before it, if that isn't 0."""

    def __init__(self, home, name):
        self.prompt = name + "$ "
        super().__init__(home, (), command=[*home.wrap, "sh", "-c", "cd; exec sh -i"], columns=COLUMNS,
                         env={"PS1": "${?#0}" + self.prompt, "TERM": "linux"})
        self.expect(self.prompt)

    def note(self, what):
        """After all that is seen so far; what waits for it, as a prompt does, has it in its row."""
        seen = self.shown.decode()
        what = f"({what})"
        if seen.endswith(self.prompt):
            seen = seen.removesuffix(self.prompt) + what + "\n" + self.prompt
        else:
            seen += what + ("\n" if seen.endswith("\n") else "")
        self.shown = seen.encode()

    def transcript(self):
        """Row by row, where a part may be written over another one."""
        rows = []
        for line in self.shown.decode().split("\n"):
            row = ""
            for part in line.split("\r"):
                row = part + row[len(part):]
            rows.append(row.rstrip())
        return "\n".join(rows).rstrip().removesuffix(self.prompt.rstrip())


class FirstUse(Lab):
    transcript = ""

    def setUp(self):
        super().setUp()
        shutil.rmtree("/home/alice")
        self.alice = self.of("alice", "/home/alice")

    def note(self, text):
        FirstUse.transcript += text.rstrip("\n") + "\n"

    def type(self, line, token=None, touches=0):
        """A line, to its end, with so many touches, each when it is asked for."""
        self.shell.type(line + "\n")
        self.touched(token, touches)
        self.ends()

    def touched(self, token, touches):
        for _ in range(touches):
            self.shell.expect("Touch the ")
            self.shell.expect("cancels)\r\n")
            until("it waits for a touch", lambda: token.status()["waiting"] == "1")
            self.shell.note("she touches it")
            token.control("touch now")

    def ends(self):
        self.shell.expect(self.shell.prompt)
        self.assertTrue(self.shell.shown.endswith(b"\n" + self.shell.prompt.encode()), self.shell.shown)

    def test_1_five_commands(self):
        mask(True)
        self.assertFalse(os.path.exists(TOUCHVAULT))
        install, info, init, add, get = five_commands()
        run("install", "-o", "alice", "-g", "alice", PACKAGE, "/home/alice")
        with open("/home/alice/" + re.search(r"=@(\S+)", add)[1], "w", encoding="ascii") as f:
            f.write(SECRET)
        self.shell = Shell(self.alice, "alice")
        self.addCleanup(lambda: self.note(self.shell.transcript()))
        self.type(install)
        self.assertEqual(run("dpkg-query", "-Wf", "${db:Status-Abbrev}", "touchvault"), "ii ")
        token = self.token("first", touch="never")
        device = self.plug_yubikey(token)
        self.shell.note("she plugs in her YubiKey")
        self.type(info)
        self.type(init, token, 3)
        self.type(add, token, 1)
        before = len(self.shell.shown)
        self.type(get, token, 1)
        self.assertIn(FIRST_ROW, self.shell.shown[before:])
        self.lists(token)
        second, device = self.spare(token, device)
        self.waits_for(second, device, get)
        self.shell.type("\x04")
        self.shell.finish()
        second.control("touch-policy at-once")
        self.assertEqual(self.ok(self.alice.run("get", "ibkr/live", "signing_key")).out, SECRET.encode())

    def lists(self, token):
        before = len(token.transactions())
        self.type("touchvault list")
        self.assertEqual(len(token.transactions()), before, "list asked for a touch")

    def spare(self, token, device):
        """The second token, in the one socket that she has."""
        line = "touchvault token add spare"
        with open(README, encoding="utf-8") as f:
            self.assertIn("\n    " + line, f.read())
        self.shell.type(line + "\n")
        self.touched(token, 1)
        self.shell.expect("Unplug this token, plug in the new one, and press Enter: ")
        self.unplug(device)
        second = self.token("second", touch="never")
        device = self.plug_yubikey(second)
        self.shell.note("she does")
        self.shell.type("\n")
        self.touched(second, 3)
        self.ends()
        return second, device

    def waits_for(self, second, device, line):
        self.unplug(device)
        self.shell.note("she unplugs it")
        before = len(self.shell.shown)
        self.shell.type(line + "\n")
        self.shell.expect("No token is plugged in")
        self.shell.expect("cancels)\r\n")
        self.plug_yubikey(second)
        self.shell.note("she plugs the spare one in")
        self.touched(second, 1)
        self.ends()
        self.assertIn(FIRST_ROW, self.shell.shown[before:])

    def test_2_ssh(self):
        """bob has no seat: he is told, does it, and logs in again."""
        self.plug()
        run("systemctl", "start", "ssh")
        run("sh", "-euc", "ssh-keygen -q -t ed25519 -N '' -f /root/key; install -d -m 700 -o bob -g bob "
            "/home/bob/.ssh; install -m 600 -o bob -g bob /root/key.pub /home/bob/.ssh/authorized_keys")
        self.addCleanup(run, "systemctl", "stop", "ssh")

        def by_ssh(line, status):
            result = subprocess.run(
                ["ssh", "-i", "/root/key", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                 "bob@127.0.0.1", line + " 2>&1"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            self.note(f"bob, by ssh$ {line}\n{result.stdout}")
            self.assertEqual(result.returncode, status, result)
            return result.stdout

        session = by_ssh("loginctl show-session $XDG_SESSION_ID -p Seat -p Remote", 0)
        self.assertEqual(sorted(session.split()), ["Remote=yes", "Seat="])
        self.assertIn("touchvault udev check", by_ssh("touchvault init", 12))
        said = by_ssh("touchvault udev check", 12)
        mend = re.search(r'to mend it, run "(.+)" and log in again', said)[1]
        self.note(f"root# {mend}")
        self.mend({"mend": mend})
        by_ssh("touchvault init", 0)

    @classmethod
    def tearDownClass(cls):
        mask(False)
        print("transcript:\n" + cls.transcript + "end of the transcript", flush=True)
