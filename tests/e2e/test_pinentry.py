# SPDX-License-Identifier: BSD-2-Clause
"""Where there is a display and no terminal, a PIN is asked for by pinentry: here by
one of the test's own in its place, and by Debian's."""
import shutil
import sys
import tty

from harness import *

PIN, NEW = "271828", "314159"
REAL = os.path.realpath("/usr/bin/pinentry")
DISPLAY = {"DISPLAY": ":9"}

BIND = """
mount --make-rprivate /
if [ "$1" = none ]; then mount -t tmpfs none /etc/alternatives; else mount --bind "$1" "$2"; fi
shift 2
exec "$@"
"""

# It says what its behaviour has for each command, and keeps what it was told.
FAKE = """#!%(python)s -SE
import json, os, signal, subprocess, sys, time
folder = %(folder)r
said = json.load(open(folder + "/behaviour"))
log = open(folder + "/log", "ab", 0)

def say(text):
    log.write(b"> " + repr(text).encode() + b"\\n")
    for part in text.split("|"):
        if part == "DIE":
            os._exit(0)
        elif part == "HANG":
            time.sleep(600)
        elif part == "DEAF":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif part == "CHILD":
            log.write(b"child %%d\\n" %% subprocess.Popen(["/bin/sleep", "600"]).pid)
        elif part == "CLOSE":
            os.close(0), os.close(1)
        else:
            os.write(1, part.encode("latin-1"))

fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
log.write(b"start %%d %%s %%s\\n" %% (os.getpid(), repr(fds).encode(), json.dumps(dict(os.environ)).encode()))
say(said.get("greeting", "OK Pleased to meet you\\n"))
for line in sys.stdin:
    log.write(b"< " + line.encode())
    word = line.split()[0]
    answers = said.get(word, "OK\\n")
    if isinstance(answers, list):
        answer = answers.pop(0)
        json.dump(said, open(folder + "/behaviour", "w"))
    else:
        answer = answers
    say(answer)
log.write(b"end\\n")
"""


class Pinentry(Case):
    def setUp(self):
        super().setUp()
        self.fake = os.path.join(self.dir, "pinentry")
        self.log = os.path.join(self.dir, "log")
        with open(self.fake, "w") as f:
            f.write(FAKE % {"python": sys.executable, "folder": self.dir})
        os.chmod(self.fake, 0o755)
        self.plugged = self.token(pin=PIN)

    def says(self, **behaviour):
        with open(os.path.join(self.dir, "behaviour"), "w") as f:
            json.dump(behaviour, f)
        if os.path.exists(self.log):
            os.unlink(self.log)

    def wrap(self, program=None):
        return ["unshare", "--mount", "sh", "-euc", BIND, "sh", program or self.fake, REAL]

    def run_with(self, *args, program=None, env=DISPLAY, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, env=env, wrap=self.wrap(program), **kwargs)

    def told(self):
        """Lines of the log that begin with the mark."""
        try:
            with open(self.log) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def commands(self):
        return [line[2:] for line in self.told() if line.startswith("< ")]

    def vault(self):
        self.says(GETPIN=f"D {PIN}\nOK\n")
        self.ok(self.run_with("init"))
        self.ok(self.run_with("add", "k", "--field", "a=-", stdin=b"CANARY"))

    def retries(self):
        return int(self.plugged.control("retries").split("=")[-1])


class Asked(Pinentry):
    def test_a_vault_opens(self):
        self.vault()
        self.says(GETPIN=f"D {PIN}\nOK\n")
        result = self.ok(self.run_with("get", "k"))
        self.assertEqual(result.out, b"CANARY")
        self.assertIn(b"Touch the ", result.err)
        self.assertEqual([c.strip() for c in self.commands()],
                         ["SETTITLE touchvault", f"SETDESC PIN of the token ({self.plugged.path}), to get k",
                          "SETPROMPT touchvault:", "GETPIN"])
        self.assertEqual(self.told()[-1], "end")

    def test_what_it_inherits(self):
        self.says(GETPIN=f"D {PIN}\nOK\n")
        env = {"DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-9", "LANG": "C.UTF-8", "API_SECRET": "CANARY",
               "GTK_MODULES": "CANARY", "PINENTRY_USER_DATA": "CANARY", "_assuan_connection_fd": "0"}
        with open(self.fake) as left_open:
            self.ok(self.run_with("init", env=env, pass_fds=[left_open.fileno()]))
        _, _, rest = self.told()[0].split(" ", 2)
        fds, inherited = rest.split("] ", 1)
        # Its own log and the directory that it lists are 3 and 4.
        self.assertEqual(fds, "[0, 1, 2, 3, 4")
        inherited = json.loads(inherited)
        inherited.pop("LC_CTYPE", None)  # Python's own doing
        self.assertEqual(inherited, {"HOME": self.home.dir, "DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-9",
                                     "LANG": "C.UTF-8"})

    def test_either_kind_of_display(self):
        self.says(GETPIN=f"D {PIN}\nOK\n")
        self.ok(self.run_with("init", env={"WAYLAND_DISPLAY": "wayland-9"}))

    def test_no_display(self):
        self.says(GETPIN=f"D {PIN}\nOK\n")
        for env in ({}, {"DISPLAY": "", "WAYLAND_DISPLAY": ""}, {"PINENTRY": self.fake}):
            self.refused(self.run_with("init", env=env), 15)
        self.assertEqual(self.told(), [])

    def test_not_installed(self):
        self.refused(self.run_with("init", program="none"), 15)

    def test_a_terminal_comes_first(self):
        self.says(GETPIN=f"D {PIN}\nOK\n")
        t = self.home.on_terminal(env=DISPLAY, command=[
            *self.wrap(), *self.home.command("--device", self.plugged.path, "init")])
        t.expect("PIN of")
        t.type(f"{PIN}\n")
        self.assertEqual(t.finish().status, 0)
        self.assertEqual(self.told(), [])

    def test_nothing_else_is_asked_for_in_a_window(self):
        self.vault()
        self.says(GETPIN=f"D {PIN}\nOK\n")
        self.refused(self.run_with("add", "typed"), 2, "terminal")
        self.assertEqual(self.told(), [])
        self.refused(self.run_with("token", "add", "second"), 2, "--new-device")
        self.assertEqual(self.told(), [])

    def test_set_and_change(self):
        self.plugged = self.token("new")
        self.says(GETPIN=f"D {PIN}\nOK\n")
        self.ok(self.run_with("token", "set-pin"))
        self.assertEqual([c for c in self.commands() if c.startswith("SETDESC")],
                         ["SETDESC New PIN of the token (at least 4 characters)",
                          "SETDESC New PIN of the token again"])
        answers = [f"D {PIN}\nOK\n", f"D {NEW}\nOK\n", f"D {NEW}\nOK\n"]
        self.says(GETPIN=answers)
        self.ok(self.run_with("token", "change-pin"))
        self.says(GETPIN=[f"D {NEW}\nOK\n", f"D {PIN}\nOK\n", f"D {NEW}\nOK\n"])
        self.refused(self.run_with("token", "change-pin"), 15, "same way twice")

    def test_bytes_and_lines(self):
        for i, (pin, answer) in enumerate((
                ("100%+ab", "D 100%25+%61b\nOK\n"), ("zażółć", "D za%C5%bc%c3%b3\nD %C5%82\nD %c4%87\nOK\n"),
                ("a" * 63, "# a remark\nS PIN_REPEATED\nD " + "a" * 63 + "\nOK done\n"),
                ("a b  c", "D a b\nD   c\nOK\n"))):
            with self.subTest(pin):
                self.plugged = self.token(f"token{i}", pin=pin)
                self.says(GETPIN=answer)
                self.home = Home(os.path.join(self.dir, f"home{i}"))
                self.ok(self.run_with("init"))

    def test_a_percent_sign_in_what_is_asked(self):
        self.vault()
        self.ok(self.run_with("token", "rename", "first", "100% mine"))
        self.says(GETPIN=f"D {PIN}\nOK\n")
        self.ok(self.run_with("token", "test", "100% mine"))
        self.assertIn(f'SETDESC PIN of the token ({self.plugged.path}), to test "100%25 mine"', self.commands())

    def test_a_wrong_one(self):
        self.says(GETPIN=f"D {NEW}\nOK\n")
        self.refused(self.run_with("init"), 15, "7 tries are left")


class Passphrase(Pinentry):
    """Of a YubiKey's slot."""

    def test_a_vault_is_made_and_opens(self):
        yk = self.yubikey()
        self.assertEqual(yk.program(2, bytes(20), "hmac-lt64", "chal-btn-trig", "serial-api-visible").returncode, 0)
        run = dict(env=DISPLAY, wrap=self.wrap())
        self.says(GETPIN="D correct horse\nOK\n")
        self.ok(self.home.run("--device", "yubikey", "init", **run))
        self.ok(self.home.run("add", "k", "--field", "a=-", stdin=b"CANARY", **run))
        self.says(GETPIN="D correct horse\nOK\n")
        self.assertEqual(self.ok(self.home.run("get", "k", **run)).out, b"CANARY")
        self.assertIn('SETDESC Passphrase of the token "first"', self.commands())
        self.assertNotIn("LD_PRELOAD", self.told()[0])
        self.says(GETPIN="D wrong horse\nOK\n")
        self.refused(self.home.run("get", "k", **run), 15, "wrong passphrase")
        self.says(GETPIN="ERR 83886179 Operation cancelled <Pinentry>\n")
        self.refused(self.home.run("get", "k", **run), 14)
        self.says(GETPIN="DIE")
        self.refused(self.home.run("get", "k", **run), 2, "terminal")


class Refused(Pinentry):
    def test_cancelled(self):
        for answer in ("ERR 83886179 Operation cancelled <Pinentry>\n", "ERR 83886278 closed\n", "OK\n"):
            with self.subTest(answer):
                self.says(GETPIN=answer)
                self.refused(self.run_with("init"), 14)
        self.assertEqual(self.retries(), 8)

    def test_as_if_there_were_none(self):
        for behaviour in (
                {"greeting": "DIE"}, {"greeting": "hello\n"}, {"greeting": "OKAY\n"}, {"greeting": "ERR 1 no\n"},
                {"greeting": "\n"}, {"greeting": "CLOSE|HANG"},
                {"SETTITLE": "DIE"}, {"SETDESC": "ERR 536871187 Unknown IPC command\n"},
                {"SETPROMPT": f"D {PIN}\nOK\n"},
                {"GETPIN": "DIE"}, {"GETPIN": "ERR 83918950 no tty\n"}, {"GETPIN": "ERR\n"},
                {"GETPIN": f"D {PIN}|DIE"}, {"GETPIN": f"D {PIN}\n|DIE"}, {"GETPIN": "INQUIRE X\n"},
                {"GETPIN": f"D{PIN}\nOK\n"}, {"GETPIN": "D 27%2\nOK\n"}, {"GETPIN": "D 27%zz1828\nOK\n"},
                {"GETPIN": "D 2718%00\nOK\n"}, {"GETPIN": "D 27\0828\nOK\n"}, {"GETPIN": "D\nOK\n"},
                {"GETPIN": "#" * 1001 + "\nOK\n"}, {"GETPIN": "x" * 70000}, {"GETPIN": "\xff\xfe\n"}):
            with self.subTest(behaviour=behaviour):
                self.says(**behaviour)
                self.refused(self.run_with("init"), 15, "terminal")
                self.assertNotEqual(self.told(), [])
        self.assertEqual(self.retries(), 8)

    def test_too_long(self):
        for answer in ("D " + "9" * 64 + "\nOK\n", ("D " + "9" * 900 + "\n") * 9 + "OK\n"):
            self.says(GETPIN=answer)
            self.refused(self.run_with("init"), 15, "wrong PIN")
        self.assertEqual(self.retries(), 8)

    def test_a_line_of_all_its_bytes(self):
        self.says(GETPIN="#" * 1000 + f"\nD {PIN}\nOK\n")
        self.ok(self.run_with("init"))


class Ended(Pinentry):
    def start(self, mark, **behaviour):
        """Up to where it has said or been told that."""
        self.says(**behaviour)
        process = subprocess.Popen(
            [*self.wrap(), *self.home.command("--device", self.plugged.path, "init")], stdin=subprocess.DEVNULL,
            env={**self.home.env, **DISPLAY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        end = time.monotonic() + 30
        while not any(mark in line for line in self.told()):
            self.assertLess(time.monotonic(), end, self.told())
            time.sleep(0.01)
        return process

    def pids(self):
        return [int(line.split()[1]) for line in self.told() if line.startswith(("start ", "child "))]

    def running(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rsplit(") ", 1)[1][0] != "Z"
        except FileNotFoundError:
            return False

    def ends(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.refused(Result(process.returncode, out, err), 14)
        self.assertEqual([pid for pid in self.pids() if self.running(pid)], [])

    def test_by_signals_while_it_hangs(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                self.ends(self.start("HANG", GETPIN="HANG"), number)
        self.ends(self.start("HANG", greeting="HANG"))
        self.assertEqual(self.retries(), 8)

    def test_with_what_it_started(self):
        self.ends(self.start("HANG", GETPIN="CHILD|HANG"))

    def test_one_that_is_deaf(self):
        self.ends(self.start("HANG", GETPIN="DEAF|HANG"))

    def test_one_that_goes_on_after_its_answer(self):
        self.says(GETPIN=f"D {PIN}\nOK\n|HANG")
        self.ok(self.run_with("init"))
        self.assertEqual([pid for pid in self.pids() if self.running(pid)], [])


class Debian(Pinentry):
    """The real one, on a terminal that its own option names."""

    def test_it_opens_a_vault(self):
        real, screen = os.path.join(self.dir, "real"), os.openpty()
        for fd in screen:
            self.addCleanup(os.close, fd)
        shutil.copy(REAL, real)
        with open(self.fake, "w") as f:
            f.write(f"#!/bin/sh\nexec {real} --ttyname {os.ttyname(screen[1])} --ttytype ansi\n")
        process = subprocess.Popen(
            [*self.wrap(), *self.home.command("--device", self.plugged.path, "init")], stdin=subprocess.DEVNULL,
            env={**self.home.env, **DISPLAY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        shown, end = b"", time.monotonic() + 30
        while b"to enrol it" not in shown:
            self.assertLess(time.monotonic(), end, shown)
            self.assertIsNone(process.poll(), process)
            shown += os.read(screen[0], 4096)
        os.write(screen[0], f"{PIN}\r".encode())
        out, err = process.communicate(timeout=60)
        self.ok(Result(process.returncode, out, err))
        self.assertNotIn(PIN.encode(), shown)

    def test_without_a_terminal_it_is_as_if_there_were_none(self):
        self.refused(self.home.run("--device", self.plugged.path, "init", env={"DISPLAY": ":9"}), 15)


if __name__ == "__main__":
    unittest.main()
