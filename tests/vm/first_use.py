# SPDX-License-Identifier: BSD-2-Clause
"""From the package to the first secret, as README.md tells it: alice is new, at the seat,
and has an empty home. The lines that she types are README.md's own."""
import re

from inside import *

README = "/usr/share/doc/touchvault/README.md"
TOOK = ("token info", "init", "add ibkr/live ", "list", "get ibkr/live ")
SECRET = b"-----BEGIN PRIVATE KEY-----\nMC4CAQ\0\xff\n-----END PRIVATE KEY-----\n"


def readme_commands():
    """Those of TOOK, in README.md's words, without remarks and what they are piped to."""
    with open(README, encoding="utf-8") as f:
        lines = re.findall(r"^    touchvault (.+?)(?: +#.*| \|.*)?$", f.read(), re.M)
    found = []
    for beginning in TOOK:
        fitting = [line for line in lines if line.startswith(beginning)]
        if len(fitting) != 1:
            raise AssertionError(f"README.md: touchvault {beginning}: {fitting}")
        found.append(fitting[0])
    return found


class FirstUse(Lab):
    transcript = ""

    def setUp(self):
        super().setUp()
        shutil.rmtree("/home/alice")
        self.alice = self.of("alice", "/home/alice")

    def note(self, text):
        FirstUse.transcript += text.rstrip("\n") + "\n"

    def show(self, who, line, terminal, piped=b""):
        """Let it end; into the transcript, with what went into the pipe."""
        result = terminal.finish()
        said = result.shown.decode().replace("\r\n", "\n") + piped.decode(errors="replace")
        self.note(f"{who}$ {line}\n{said}")
        return result

    def type(self, line, home=None, who="alice", **options):
        home = home or self.alice
        return home.on_terminal(command=[*home.wrap, "sh", "-c", "cd; exec " + line], **options)

    def run_line(self, line, **options):
        return self.ok(self.show("alice", line, self.type(line, **options)))

    def test_1_install(self):
        mask(True)
        self.assertFalse(os.path.exists(TOUCHVAULT))
        line = "apt install ./touchvault.deb"
        run("cp", PACKAGE, "/root")
        self.note(f"root# {line}\n" + "".join(
            said + "\n" for said in run("sh", "-c", "cd /root && exec apt-get install -y -q ./touchvault.deb")
            .splitlines() if said.startswith(("Unpacking", "Setting up"))))
        self.assertEqual(run("dpkg-query", "-Wf", "${db:Status-Abbrev}", "touchvault"), "ii ")

    def test_2_five_commands(self):
        info, init, add, listing, get = readme_commands()
        source = re.search(r"=@(\S+)", add)[1]
        with open("/home/alice/" + source, "wb") as f:
            f.write(SECRET)
        self.note("(alice plugs a token in)")
        token, device = self.plug()
        for line in (info, init, add):
            self.run_line("touchvault " + line)
        touches = len(token.transactions())
        self.assertIn(b"ibkr/live", self.run_line("touchvault " + listing).shown)
        self.assertEqual(len(token.transactions()), touches, "list asked for a touch")
        token.control("touch-policy never")
        line = "touchvault " + get
        terminal = self.type(line, pipe_stdout=True)
        terminal.expect("Touch")
        self.touch(token)
        result = self.ok(terminal.finish())
        self.assertEqual(result.out, SECRET)
        self.note(f"alice$ {line} | cat -v\n{result.shown.decode()}".replace("\r\n", "\n"))
        self.note(subprocess.run(["cat", "-v"], input=result.out, capture_output=True).stdout.decode())
        token.control("touch-policy at-once")
        self.spare_and_waiting(token, device, line)

    def spare_and_waiting(self, token, device, get):
        line = "touchvault token add spare"
        with open(README, encoding="utf-8") as f:
            self.assertIn("\n    " + line, f.read())
        terminal = self.type(line)
        terminal.expect("Unplug this token, plug in the new one, and press Enter: ")
        self.unplug(device)
        second, device = self.plug(self.token("second"))
        terminal.type("\n")
        self.ok(self.show("alice", line, terminal))
        self.note("(she unplugs that, too)")
        self.unplug(device)
        terminal = self.type(get, pipe_stdout=True)
        terminal.expect("No token is plugged in")
        self.plug(second)
        result = self.ok(terminal.finish())
        self.assertEqual(result.out, SECRET)
        self.note(f"alice$ {get} | wc -c\n{result.shown.decode()}".replace("\r\n", "\n"))
        self.note(f"(the spare one is plugged in)\n{len(result.out)}")

    def test_3_ssh(self):
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
