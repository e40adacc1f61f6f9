# SPDX-License-Identifier: BSD-2-Clause
"""A credential is replaced: every step by itself, the way back, by hand on a terminal,
and what happens when two do it, or one at the wrong time."""
import shutil

from harness import *
from harness import DEADLINE

START = "2027-01-31 09:30:00"
OLD = {"key": "OLD-KEY", "secret": "OLD-SECRET", "account": "U123"}
NEW = {"key": "NEW-KEY", "secret": "NEW-SECRET"}
STAGED = {**OLD, **NEW}


class Rotation(Case):
    NAME = "ibkr/live"
    CLOCK = START  # None: the real one, as the fake one is in the way of commands that are run

    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        if self.CLOCK:
            self.home.set_clock(self.CLOCK)
        self.new_vault(self.plugged)
        self.add(self.plugged, self.NAME, OLD)

    def touched(self, *args, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, **kwargs)

    def rotate(self, *args, fields=None, **kwargs):
        if fields is not None:
            args = (*args, "--from-json")
            kwargs["stdin"] = json.dumps(fields).encode()
        return self.touched("rotate", self.NAME, *args, **kwargs)

    def step(self, *args, **kwargs):
        """One touch, one generation more for each commit."""
        return self.ok(self.rotate(*args, **kwargs))

    def status(self, name=None):
        return json.loads(self.ok(self.home.run("rotate", name or self.NAME, "--status", "--json")).out)

    def state(self):
        return self.status()["state"]

    def get(self, *which):
        result = self.touched("get", self.NAME, "--json", *which)
        self.clean(result)
        return json.loads(result.out) if result.status == 0 else result.status

    def holds(self, current, staged=3, previous=3):
        self.assertEqual((self.get(), self.get("--staged"), self.get("--previous")), (current, staged, previous))

    def events(self):
        events = json.loads(self.ok(self.home.run("history", self.NAME, "--json")).out)["events"]
        return [(e["event"], e["why"]) for e in events]

    def generation(self):
        return json.loads(self.ok(self.home.run("status", "--json")).out)["generation"]


class Steps(Rotation):
    def test_all_the_way(self):
        self.assertEqual(self.state(), "active")
        self.step("--stage", "--reason", "spring", fields=NEW)
        self.assertEqual(self.state(), "staged")
        self.holds(OLD, STAGED)
        self.home.set_clock("2027-02-01 09:30:00")
        self.step("--promote")
        self.assertEqual(self.state(), "promoted")
        self.holds(STAGED, 3, OLD)
        self.home.set_clock("2027-02-02 00:00:00")
        self.step("--revoked")
        self.assertEqual(self.state(), "revoked")
        self.holds(STAGED, 3, OLD)
        self.step("--retire")
        self.assertEqual(self.state(), "active")
        self.holds(STAGED)
        self.assertEqual(self.events(), [("staged", "spring"), ("promoted", None), ("revoked", None),
                                         ("retired", None)])
        # Its time began when it was made, not when it was promoted.
        shown = json.loads(self.ok(self.home.run("schedule", self.NAME, "--json")).out)["entries"][0]
        self.assertEqual(shown["made"], "2027-01-31T09:30:00Z")
        text = self.ok(self.home.run("history", self.NAME)).out.decode().splitlines()
        self.assertRegex(text[1], r"^2027-01-31 09:30 UTC +staged +on \S+: spring$")

    def test_each_step_is_one_touch_and_one_commit(self):
        for args in (["--stage"], ["--promote"], ["--rollback"], ["--promote"], ["--revoked"], ["--retire"],
                     ["--stage"], ["--stage", "--replace"], ["--abort"]):
            with self.subTest(args):
                before = self.generation()
                fields = {"key": f"K{before}"} if "--stage" in args else None
                result = self.step(*args, fields=fields)
                self.assertEqual(result.err.count(b"Touch the token"), 1, result)
                self.assertEqual(self.generation(), before + 1)

    def test_rollback_and_back_again(self):
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.home.set_clock("2027-02-01 09:30:00")
        self.step("--rollback")
        self.assertEqual(self.state(), "staged")
        self.holds(OLD, STAGED)
        self.step("--promote")
        self.holds(STAGED, 3, OLD)
        self.assertEqual([e for e, _ in self.events()], ["staged", "promoted", "rolled back", "promoted"])

    def test_modified_is_when_the_secret_in_use_changed(self):
        """And labels; made stays with the secret that it is of."""
        for day, args, fields, modified, made in (
                (1, ["--stage"], NEW, "2027-01-31", "2027-01-31"), (2, ["--promote"], None, "2027-02-02", "2027-02-01"),
                (3, ["--rollback"], None, "2027-02-03", "2027-01-31"), (4, ["--abort"], None, "2027-02-03", "2027-01-31"),
                (5, None, None, "2027-02-05", "2027-01-31")):
            with self.subTest(day=day):
                self.home.set_clock(f"2027-02-0{day} 09:30:00")
                if args:
                    self.step(*args, fields=fields)
                else:
                    self.ok(self.touched("edit", self.NAME, "--label", "a=b"))
                shown = json.loads(self.ok(self.home.run("show", self.NAME, "--json")).out)
                self.assertEqual((shown["created"][:10], shown["modified"][:10], self.status()["made"][:10]),
                                 ("2027-01-31", modified, made))

    def test_abort(self):
        self.step("--stage", fields=NEW)
        self.step("--abort")
        self.assertEqual(self.state(), "active")
        self.holds(OLD)

    def test_replace_what_is_staged(self):
        self.step("--stage", fields={"key": "TYPO"})
        self.refused(self.rotate("--stage", fields=NEW), 4, "--replace")
        self.holds(OLD, {**OLD, "key": "TYPO"})
        self.step("--stage", "--replace", fields=NEW)
        self.holds(OLD, STAGED)

    def test_revoked_and_retire_in_one_go(self):
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.refused(self.rotate("--retire"), 2, "--revoked --retire")
        self.assertEqual(self.step("--revoked", "--retire").err.count(b"Touch the token"), 1)
        self.assertEqual(self.state(), "active")
        self.holds(STAGED)

    def test_what_was_retired_is_in_no_later_generation(self):
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.step("--revoked", "--retire")
        self.ok(self.touched("edit", self.NAME, "--label", "a=b"))
        copy = os.path.join(self.dir, "copy.tv")
        copy_vault(self.home.vault + ".prev", copy)
        result = self.touched("--vault", copy, "--accept-rollback", "get", self.NAME, "key", "--previous")
        self.refused(result, 3)

    def test_edit_while_it_is_under_way(self):
        self.step("--stage", fields=NEW)
        before = digest(self.home.vault)
        for args in (["--from-json"], ["--unset", "key"]):
            self.refused(self.touched("edit", self.NAME, *args, stdin=b'{"key":"x"}'), 2, "under way")
        self.assertEqual(digest(self.home.vault), before)
        self.ok(self.touched("edit", self.NAME, "--label", "a=b"))
        self.holds(OLD, STAGED)

    def test_other_changes_keep_it(self):
        self.step("--stage", fields=NEW)
        self.add(self.plugged, "other", {"k": "v"})
        self.ok(self.touched("rename", self.NAME, "moved"))
        self.NAME = "moved"
        self.holds(OLD, STAGED)
        self.step("--promote")
        self.ok(self.touched("remove", "other"))
        self.holds(STAGED, 3, OLD)

    def test_history_keeps_the_last_sixteen(self):
        for i in range(9):
            self.step("--stage", "--reason", f"round {i}", fields={"key": f"K{i}"})
            self.step("--abort")
        events = self.events()
        self.assertEqual(len(events), 16)
        self.assertEqual((events[0], events[-1]), (("staged", "round 1"), ("aborted", None)))


class Due(Rotation):
    def standing(self):
        found = json.loads(self.ok(self.home.run("due", "--json")).out)["entries"]
        return (found[0]["status"], found[0]["at"]) if found else None

    def test_the_old_one_is_told_of(self):
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.assertEqual(self.standing(), ("in grace", "2027-02-02T09:30:00Z"))
        self.home.set_clock("2027-02-02 09:30:00")
        self.assertEqual(self.standing(), ("to retire", "2027-02-02T09:30:00Z"))
        self.assertEqual(self.home.run("due", "--check").status, 41)
        self.step("--revoked", "--retire")
        self.assertIsNone(self.standing())

    def test_a_reason_holds_until_the_old_one_is_revoked(self):
        self.ok(self.touched("schedule", self.NAME, "--now", "seen in a repository"))
        self.home.set_clock("2027-01-31 12:00:00")
        self.step("--stage", fields=NEW)
        self.assertEqual(self.standing()[0], "due")
        self.step("--promote")
        self.assertEqual(self.standing()[0], "to retire")
        self.step("--rollback")
        self.assertEqual(self.standing()[0], "due")
        self.step("--promote")
        self.step("--revoked")
        self.assertIsNone(json.loads(self.ok(self.home.run("show", self.NAME, "--json")).out)["rotate_now"])
        self.assertEqual(self.events()[0], ("staged", "seen in a repository"))

    def test_why_is_how_it_stood(self):
        self.home.set_clock("2027-05-10 00:00:00")
        self.step("--stage", fields=NEW)
        self.assertEqual(self.events(), [("staged", "overdue")])

    def test_an_edit_says_what_goes_with_the_old_value(self):
        self.ok(self.touched("schedule", self.NAME, "--now", "seen in a repository", "--expires", "2027-06-01"))
        edit = ["edit", self.NAME, "--field", "account=-"]
        for said in (self.ok(self.touched(*edit, stdin=b"U123")).err,
                     self.ok(self.touched("edit", self.NAME, "--label", "a=b")).err,
                     self.ok(self.touched("edit", self.NAME, "--field", "more=-", stdin=b"1")).err):
            self.assertNotIn(b"longer", said)
            self.assertNotIn(b"counts as", said)
        self.assertEqual(self.status()["reason"], "seen in a repository")
        before = self.ok(self.home.run("history", self.NAME)).out
        self.refused(self.touched(*edit, stdin=b""), 2)
        self.assertEqual(self.ok(self.home.run("history", self.NAME)).out, before)
        said = self.ok(self.touched(*edit, stdin=b"U124")).err.decode()
        for words in ("ibkr/live: no longer marked to be rotated now (it was: seen in a repository)", "--now REASON",
                      "ibkr/live: no longer expires on 2027-06-01 00:00 UTC", "--expires DATE",
                      "ibkr/live: counts as a new credential from now on"):
            self.assertIn(words, said)
        self.assertEqual((self.status()["reason"], self.status()["expires"]), (None, None))
        # Neither was there: only what is left to say.
        said = self.ok(self.touched(*edit, "--json", stdin=b"U125")).err
        warnings = [json.loads(line)["warning"]["message"] for line in said.splitlines() if line.startswith(b'{"warning"')]
        self.assertEqual(warnings, ["ibkr/live: counts as a new credential from now on"])

    def test_expiry_goes_with_the_credential(self):
        self.ok(self.touched("schedule", self.NAME, "--expires", "2027-03-01"))
        self.step("--stage", "--expires", "2027-09-01", fields=NEW)
        self.assertEqual(self.status()["expires"], "2027-03-01T00:00:00Z")
        self.step("--promote")
        self.assertEqual(self.status()["expires"], "2027-09-01T00:00:00Z")
        self.step("--rollback")
        self.assertEqual(self.status()["expires"], "2027-03-01T00:00:00Z")
        self.step("--promote")
        self.home.set_clock("2027-03-01 00:00:00")
        self.ok(self.touched("schedule", self.NAME, "--grace", "90d"))
        self.refused(self.rotate("--rollback"), 2, "expired")


class Expired(Rotation):
    """The other one ends before it is in use, or while it is kept: what comes next knows."""

    def next(self):
        return self.status()["next"]

    def no_touch(self, *args, **kwargs):
        before = len(self.plugged.transactions()), digest(self.home.vault)
        result = self.refused(self.rotate(*args, **kwargs), 2, "expired on 2027-03-01 00:00 UTC")
        self.assertEqual((len(self.plugged.transactions()), digest(self.home.vault)), before)
        return result.err

    def test_the_new_one(self):
        self.step("--stage", "--expires", "2027-03-01", fields=NEW)
        self.assertIn("--promote it, or --abort", self.next())
        self.home.set_clock("2027-03-01 00:00:00")
        ran = os.path.join(self.dir, "ran")
        for args in (["--verify", "touch " + ran], ["--promote"], ["--driver", "/bin/true"]):
            self.assertIn(b"put another in its place with --stage --replace, or --abort", self.no_touch(*args))
        self.assertFalse(os.path.exists(ran))
        self.assertEqual(self.next(), "the new one expired on 2027-03-01 00:00 UTC: put another in its place with "
                                      "--stage --replace, or --abort")
        self.ok(self.touched("schedule", self.NAME, "--mode", "atomic"))
        self.assertNotIn("--abort", self.next())
        self.assertNotIn(b"--abort", self.no_touch("--promote"))
        self.step("--stage", "--replace", "--expires", "2027-09-01", fields={"key": "LASTS"})
        self.assertEqual(self.next(), "--verify the new one, or --promote it")
        self.step("--promote")
        self.assertEqual(self.get()["key"], "LASTS")

    def test_the_old_one(self):
        self.ok(self.touched("schedule", self.NAME, "--expires", "2027-03-01", "--grace", "90d"))
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.assertIn("or --rollback", self.next())
        self.home.set_clock("2027-03-01 00:00:00")
        self.assertIn(b"keep the one in use", self.no_touch("--rollback"))
        self.assertNotIn("--rollback", self.next())
        self.step("--revoked", "--retire")

    def test_by_hand(self):
        self.step("--stage", "--expires", "2027-03-01", fields=NEW)
        self.home.set_clock("2027-03-01 00:00:00")
        for answer, state in (("", "staged"), ("x", "staged"), ("replace", "staged")):
            t = self.home.on_terminal("--device", self.plugged.path, "rotate", self.NAME)
            t.expect("2. The new key expired on 2027-03-01 00:00 UTC.")
            t.expect("nothing to stop here: ")
            t.type(answer + "\n")
            if answer == "replace":
                for name in ("key", "secret", "account"):
                    t.expect(f"New value of {name}")
                    t.type(f"LASTS-{name}\n")
                t.expect("When does the broker end it")
                t.type("\n")
                t.expect("Touch the token")
                t.expect("Command, promote, abort or nothing: ")
                t.type("\n")
            self.ok(t.finish())
            self.assertEqual(self.state(), state)
        self.assertEqual(self.get("--staged")["key"], "LASTS-key")
        self.step("--stage", "--replace", "--expires", "2027-04-01", fields=NEW)
        self.home.set_clock("2027-04-01 00:00:00")
        t = self.home.on_terminal("--device", self.plugged.path, "rotate", self.NAME)
        t.expect("nothing to stop here: ")
        t.type("abort\n")
        self.ok(t.finish())
        self.holds(OLD)


class Modes(Rotation):
    def mode(self, mode):
        self.ok(self.touched("schedule", self.NAME, "--mode", mode))

    def test_atomic(self):
        self.mode("atomic")
        self.step("--stage", fields=NEW)
        self.refused(self.rotate("--abort"), 2, "only one that works")
        self.step("--promote")
        self.assertEqual(self.state(), "revoked")
        self.refused(self.rotate("--rollback"), 2, "revoked")
        self.step("--retire")
        self.holds(STAGED)

    def test_atomic_slip(self):
        self.mode("atomic")
        self.step("--stage", fields=NEW)
        self.mode("overlap")
        self.step("--abort")
        self.holds(OLD)

    def test_delayed(self):
        self.mode("delayed")
        self.step("--stage", "--works-from", "2027-02-03T12:00Z", fields=NEW)
        for args in (["--promote"], ["--verify", "true"]):
            self.refused(self.rotate(*args), 2, "2027-02-03 12:00 UTC")
        self.home.set_clock("2027-02-03 12:00:00")
        self.step("--promote")
        self.holds(STAGED, 3, OLD)

    def test_grace(self):
        self.step("--stage", fields=NEW)
        self.step("--promote")
        self.home.set_clock("2027-02-02 09:30:00")
        self.refused(self.rotate("--rollback"), 2, "grace", "2027-02-02 09:30 UTC")
        self.ok(self.touched("schedule", self.NAME, "--grace", "1w"))
        self.step("--rollback")
        self.holds(OLD, STAGED)


class Verify(Rotation):
    CLOCK = None

    def verify(self, command, **kwargs):
        return self.rotate("--verify", command, **kwargs)

    def test_an_empty_command_proves_nothing(self):
        self.ok(self.rotate("--stage", fields={"key": "NEW"}))
        for command in ("", "   ", "\t\n"):
            self.refused(self.rotate("--verify", command), 2, "this one is empty")
        self.refused(self.rotate("--promote", "--reason", "a\nb"), 2, "printable")
        self.assertEqual(json.loads(self.ok(self.home.run("rotate", self.NAME, "--status", "--json")).out)["state"], "staged")

    def test_it_works(self):
        self.step("--stage", fields=NEW)
        seen = os.path.join(self.dir, "seen")
        before = self.generation()
        result = self.ok(self.verify(f'echo said; printf %s "$key,$secret,$account" >{seen}'))
        with open(seen, encoding="ascii") as f:
            self.assertEqual(f.read(), "NEW-KEY,NEW-SECRET,U123")
        self.assertEqual(result.out, b"")
        self.assertIn(b"said", result.err)
        self.assertEqual(result.err.count(b"Touch the token"), 1)
        self.assertEqual(self.generation(), before + 2)
        self.holds(STAGED, 3, OLD)
        self.assertEqual([e for e, _ in self.events()], ["staged", "verified", "promoted"])

    def test_it_fails(self):
        self.step("--stage", fields=NEW)
        before = digest(self.home.vault)
        for command, said in (("exit 3", "ended with 3"), ("kill -9 $$", "ended with 137"),
                              ("/nonexistent", "ended with 127")):
            with self.subTest(command):
                self.refused(self.verify(command), 1, said, "still staged")
                self.assertEqual(digest(self.home.vault), before)

    def test_names_that_are_no_variables(self):
        self.NAME = "odd"
        self.add(self.plugged, "odd", {"api-key.1": "old", "2nd": "two"})
        self.step("--stage", fields={"api-key.1": "new"})
        self.ok(self.verify('test "$api_key_1 $_nd" = "new two"'))

    def test_names_that_would_steer_it(self):
        self.NAME = "odd"
        self.add(self.plugged, "odd", {"LD-PRELOAD": "/nix.so", "PATH": "/nix"})
        self.step("--stage", fields={"LD-PRELOAD": "/nix2.so"})
        result = self.ok(self.verify('ls / >/dev/null && test "$_LD_PRELOAD $_PATH" = "/nix2.so /nix"'))
        self.assertNotIn(b"preload", result.err.lower())

    def test_what_no_variable_can_hold(self):
        """Names are known before the touch, values are not; the advice is one that works."""
        self.NAME = "twins"
        self.add(self.plugged, "twins", {"a-b": "1", "a.b": "2"})
        self.step("--stage", fields={"a-b": "3"})
        touches = len(self.plugged.transactions())
        self.refused(self.verify("true"), 2, "the variable a_b is set twice")
        self.assertEqual(len(self.plugged.transactions()), touches)
        self.NAME = "bytes"
        self.add(self.plugged, "bytes", {"raw": "1"})
        self.step("--stage", fields={"raw": {"base64": "AAEC"}})
        self.refused(self.verify("true"), 2, 'use --file of "touchvault run"')
        self.ok(self.touched("run", "--staged", "--file", "RAW=bytes:raw", "--", "sh", "-c", 'test "$(wc -c <"$RAW")" = 3'))

    def test_nothing_of_ours_is_left_in_it(self):
        """Its signals, its umask, its descriptors."""
        self.step("--stage", fields=NEW)
        self.ok(self.verify('test "$(umask)" = 0022 && test "$(ls /proc/self/fd | wc -l)" -le 4 &&'
                            ' test $((0x$(sed -n "s/^SigIgn:.//p" /proc/self/status) & 0x1000)) = 0', umask=0o022))

    def test_killed_between_the_two_commits(self):
        """What a kill there leaves: a promotion makes it whole."""
        self.step("--stage", fields=NEW)
        trace = os.path.join(self.dir, "trace")
        self.ok(self.verify("true", wrap=["strace", "-qq", "-o", trace]))
        with open(trace, encoding="utf-8", errors="replace") as f:
            lines = [line for line in f if line.startswith("renameat(")]
        vaults = [i for i, line in enumerate(lines) if '"default.tv.tmp"' in line]
        self.assertEqual(len(vaults), 2)
        self.step("--rollback")
        result = self.verify("true", wrap=["strace", "-qq", "-o", trace, "-e",
                                           f"inject=renameat:signal=KILL:when={vaults[1] + 1}"])
        self.assertEqual(result.status, -signal.SIGKILL)
        self.assertEqual(self.state(), "verified")
        self.step("--promote")
        self.holds(STAGED, 3, OLD)


class VerifyOnATerminal(Rotation):
    """The command is a job of the terminal, which is as it was when it has ended."""
    CLOCK = None

    def setUp(self):
        super().setUp()
        self.step("--stage", fields=NEW)
        self.pid = os.path.join(self.dir, "pid")

    def verify(self, command):
        return self.home.on_terminal("--device", self.plugged.path, "rotate", self.NAME, "--verify", command)

    def is_gone(self):
        """What the command started and left; a zombie is one that nobody waits for here."""
        with open(self.pid, encoding="ascii") as f:
            path = f"/proc/{int(f.read())}/stat"
        end = time.monotonic() + DEADLINE
        while os.path.exists(path) and self.state_of(path) != "Z":
            self.assertLess(time.monotonic(), end, "it still runs")

    def state_of(self, path):
        try:
            with open(path, encoding="ascii") as f:
                return f.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"

    def test_it_can_ask(self):
        t = self.verify('printf "sure? " >/dev/tty; read -r answer </dev/tty; test "$answer" = yes')
        t.expect("sure? ")
        t.type("yes\n")
        self.ok(t.finish())
        self.assertEqual(self.state(), "promoted")

    def test_what_it_makes_of_the_terminal(self):
        result = self.verify("stty -echo raw </dev/tty; kill -9 $$").finish()  # looks at the settings
        self.assertEqual(result.status, 1)
        self.assertIn(b"ended with 137", result.shown)

    def test_it_leaves_something_running(self):
        """That has the secrets in its environment."""
        for run in (lambda c: self.verify(c).finish(), lambda c: self.rotate("--verify", c)):
            self.assertEqual(run(f"sleep 1000 & echo $! >{self.pid}; false").status, 1)
            self.is_gone()

    def test_cancelled(self):
        """By Ctrl-C, which the command gets, and by what is sent to us alone."""
        before = digest(self.home.vault)
        command = f"sleep 1000 & echo $! >{self.pid}; echo started; wait; sleep 1000; true"
        for cancel in (lambda t: t.type("\x03"), lambda t: t.process.send_signal(signal.SIGTERM),
                       lambda t: t.process.send_signal(signal.SIGHUP)):
            t = self.verify(command)
            t.expect("started")
            cancel(t)
            result = t.finish()
            self.assertEqual(result.status, 14, result)
            self.assertIn(b"cancelled; the command was ended", result.shown)
            self.is_gone()
        self.assertEqual(digest(self.home.vault), before)
        # One that won't have it decides for itself: it is still what is tried.
        t = self.verify("trap '' INT; echo started; read -r line </dev/tty; true")
        t.expect("started")
        t.type("\x03")
        t.type("go on\n")
        self.ok(t.finish())
        self.assertEqual(self.state(), "promoted")

    def test_ignored_signals_stay_ignored(self):
        """As under nohup."""
        t = Terminal(self.home, (), command=["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *self.home.command(
            "--device", self.plugged.path, "rotate", self.NAME, "--verify", "echo started; read -r line </dev/tty; true")])
        t.expect("started")
        t.process.send_signal(signal.SIGHUP)
        t.type("go on\n")
        self.ok(t.finish())

    def test_stopped_and_gone_on_with(self):
        t = self.verify('echo started; read -r line </dev/tty; test "$line" = on')
        t.expect("started")
        t.type("\x1a")
        end = time.monotonic() + DEADLINE
        while self.state_of(f"/proc/{t.process.pid}/stat") != "T":
            self.assertLess(time.monotonic(), end, "it isn't stopped")
        t.process.send_signal(signal.SIGCONT)
        t.type("on\n")
        self.ok(t.finish())
        self.assertEqual(self.state(), "promoted")


class Reading(Rotation):
    CLOCK = None

    def test_run(self):
        self.step("--stage", fields=NEW)
        run = ["run", "--env-all", self.NAME]
        show = ["--", "sh", "-c", "printf %s $key"]
        self.assertEqual(self.ok(self.touched(*run, *show)).out, b"OLD-KEY")
        self.assertEqual(self.ok(self.touched(*run, "--staged", *show)).out, b"NEW-KEY")
        self.step("--promote")
        self.assertEqual(self.ok(self.touched(*run, *show)).out, b"NEW-KEY")
        result = self.ok(self.touched("run", "--previous", "--env", f"key={self.NAME}:key", *show))
        self.assertEqual(result.out, b"OLD-KEY")
        self.assertIn(b"the previous ibkr/live", result.err)
        self.refused(self.touched(*run, "--staged", *show), 125, "no staged")
        self.refused(self.touched(*run, "--staged", "--previous", *show), 125, "choose one")

    def test_get(self):
        self.refused(self.touched("get", self.NAME, "key", "--staged"), 3, "no staged")
        self.refused(self.touched("get", self.NAME, "key", "--previous"), 3, "no previous")
        self.step("--stage", fields=NEW)
        result = self.ok(self.touched("get", self.NAME, "key", "--staged"))
        self.assertEqual(result.out, b"NEW-KEY")
        self.assertIn(b"to get the staged ibkr/live", result.err)

    def test_status_takes_no_touch_and_says_what_is_next(self):
        for args, said in (((), b"--stage it"), (("--stage",), b"--verify"), (("--promote",), b"--revoked --retire"),
                           (("--revoked",), b"--retire"), (("--retire",), b"--stage it")):
            if args:
                self.step(*args, fields=NEW if args == ("--stage",) else None)
            before = len(self.plugged.transactions())
            result = self.ok(self.home.run("rotate", self.NAME, "--status"))
            self.assertIn(said, result.out)
            self.assertNotIn(b"NEW-", result.out)
            self.assertEqual(len(self.plugged.transactions()), before)


class ByHand(Rotation):
    CLOCK = None

    def terminal(self):
        return self.home.on_terminal("--device", self.plugged.path, "rotate", self.NAME)

    def values(self, t, **values):
        for name in sorted(OLD, key=lambda n: (len(n), n)):
            t.expect(f"New value of {name}")
            self.assertFalse(t.echo_is_on())
            t.type(values.get(name, "") + "\n")

    def test_all_of_it(self):
        t = self.terminal()
        t.expect("1. Make a new key")
        self.values(t, **NEW)
        t.expect("When does the broker end it")
        # A slip is told at once, and costs no touch.
        for slip, said in (("next year", "That is no date"), ("1970-01-01", "That is no date"),
                           ("2027-02-30", "That is no date"), ("2020-01-01", "is over already")):
            t.type(slip + "\n")
            t.expect(said)
            t.expect("When does the broker end it")
        t.type("2999-01-31\n")
        t.expect("Touch the token")
        t.expect("2. Try the new key")
        t.expect("nothing: ")
        t.type('test "$key" = NEW-KEY\n')
        t.expect("Touch the token")
        t.expect("3. The new key of ibkr/live is in use")
        t.expect("stop here: ")
        t.type("revoked\n")
        t.expect("Touch the token")
        result = self.ok(t.finish())
        self.assertNotIn(b"NEW-", result.shown.replace(b'test "$key" = NEW-KEY', b""))
        self.holds(STAGED)
        self.assertEqual(self.status()["expires"], "2999-01-31T00:00:00Z")
        self.assertEqual([e for e, _ in self.events()], ["staged", "verified", "promoted", "revoked", "retired"])

    def test_words_that_are_no_command(self):
        """What the prompt itself says, and words of another step; none costs a touch."""
        self.ok(self.rotate("--stage", fields={"key": "NEW-KEY"}))
        before = len(self.plugged.transactions()), digest(self.home.vault)
        for answer, status, said in (("", 0, b"goes on from here"), ("nothing", 0, b"goes on from here"),
                                     ("revoked", 3, b"the command revoked can't be executed"),
                                     ("none-of-that-name", 3, b"can't be executed")):
            t = self.terminal()
            t.expect("nothing: ")
            t.type(answer + "\n")
            result = t.finish()
            self.assertEqual(result.status, status, (answer, t.shown))
            self.assertIn(said, result.err + t.shown)
        self.assertEqual((len(self.plugged.transactions()), digest(self.home.vault)), before)

    def test_a_new_one_that_would_end_before_it_works(self):
        self.ok(self.touched("schedule", self.NAME, "--mode", "delayed"))
        touches = len(self.plugged.transactions())
        t = self.terminal()
        self.values(t, **NEW)
        for ends, works, said in (("2999-01-31", "2999-01-31", "would end it before it works"),
                                  ("2999-01-31", "3000-01-01", "would end it before it works")):
            t.expect("When does the broker end it")
            t.type(ends + "\n")
            t.expect("From when does it work")
            t.type(works + "\n")
            t.expect(said)
        t.expect("When does the broker end it")
        t.type("\n")
        t.expect("From when does it work")
        self.assertEqual(len(self.plugged.transactions()), touches)
        t.type("3000-01-01\n")
        t.expect("Touch the token")
        t.expect("2. The new key works from 3000-01-01")
        self.ok(t.finish())
        self.assertEqual((self.status()["works_from"], self.status()["other_expires"]), ("3000-01-01T00:00:00Z", None))

    def test_it_goes_on_where_it_was_left(self):
        t = self.terminal()
        self.values(t, **NEW)
        t.expect("When does")
        t.type("\n")
        t.expect("nothing: ")
        t.type("\n")
        t.expect("goes on from here")
        self.ok(t.finish())
        self.assertEqual(self.state(), "staged")
        t = self.terminal()
        t.expect("nothing: ")
        t.type(" \n")
        t.expect("goes on from here")
        self.ok(t.finish())
        self.assertEqual(self.state(), "staged")
        t = self.terminal()
        t.expect("nothing: ")
        t.type("promote\n")
        t.expect("stop here: ")
        t.type("rollback\n")
        self.ok(t.finish())
        self.holds(OLD, STAGED)
        t = self.terminal()
        t.expect("nothing: ")
        t.type("false\n")
        result = t.finish()
        self.assertEqual(result.status, 1)
        self.assertIn(b"still staged", result.shown)
        t = self.terminal()
        t.expect("nothing: ")
        t.type("abort\n")
        self.ok(t.finish())
        self.holds(OLD)

    def test_cancelled_anywhere_nothing_is_half_done(self):
        for upto in range(4):
            with self.subTest(upto):
                before = digest(self.home.vault)
                t = self.terminal()
                for name in sorted(OLD, key=lambda n: (len(n), n))[:upto]:
                    t.expect(f"New value of {name}")
                    t.type("x\n")
                t.expect("When does" if upto == 3 else "New value of")
                t.type("\x03")
                self.assertEqual(t.finish().status, 14)
                self.assertEqual(digest(self.home.vault), before)

    def test_an_answer_that_was_typed_ahead_is_none(self):
        self.step("--stage", fields=NEW)
        t = self.home.typed_ahead("promote\n", "--device", self.plugged.path, "rotate", self.NAME)
        t.expect("before it was asked for")
        self.assertEqual(t.finish().status, 2)
        self.assertEqual(self.state(), "staged")

    def test_without_a_terminal(self):
        self.refused(self.rotate(), 2, "--status")


class BadInput(Rotation):
    def test_wrong_steps_are_told_before_a_touch(self):
        touches = len(self.plugged.transactions())
        for args, status in ((["--promote"], 3), (["--verify", "true"], 3), (["--rollback"], 3), (["--revoked"], 3),
                             (["--retire"], 3), (["--abort"], 3), (["--stage", "--replace"], 3),
                             (["--stage", "--promote"], 2), (["--retire", "--promote"], 2),
                             (["--status", "--stage"], 2), (["--replace"], 2), (["--expires", "2028-01-01"], 2),
                             (["--reason", "x"], 2), (["--stage", "--reason", "x" * 129], 2),
                             (["--promote", "--field", "key=-"], 2), (["--stage", "--expires", "2027-02-30"], 2),
                             (["--stage", "--expires", "2026-12-31"], 2), (["--stage", "--works-from", "soon"], 2),
                             (["--stage", "--expires", "2027-03-01", "--works-from", "2027-04-01"], 2)):
            with self.subTest(args):
                self.refused(self.rotate(*args), status)
        self.refused(self.rotate("--stage", fields={"kye": "x"}), 3, "no field kye")
        self.refused(self.rotate("--stage", fields={}), 2)
        self.refused(self.touched("rotate", "no", "--status"), 3)
        self.refused(self.touched("rotate", "no//such", "--status"), 2)
        self.assertEqual(len(self.plugged.transactions()), touches)

    def test_a_name_that_the_entry_lacks_is_told_at_once(self):
        """Before anything is read, or typed for it."""
        result = self.rotate("--stage", "--field", "kye=@/nowhere")
        self.refused(result, 3, "no field kye")
        t = self.home.on_terminal("--device", self.plugged.path, "rotate", self.NAME, "--stage")
        for prompt, typed in (("Field name", "kye"), ("has no field kye; it has ", ""), ("Field name", "key"),
                              ("Value of key", "NEW-KEY"), ("Field name", "")):
            t.expect(prompt)
            if not prompt.startswith("has"):
                t.type(typed + "\n")
        self.assertEqual(t.finish().status, 0)
        self.assertEqual(self.state(), "staged")

    def test_the_old_values_are_no_new_ones(self):
        before = digest(self.home.vault)
        self.refused(self.rotate("--stage", fields=OLD), 4, "the values that ibkr/live has now")
        self.refused(self.rotate("--stage", fields={"key": "OLD-KEY"}), 4)
        self.assertEqual(digest(self.home.vault), before)

    def test_too_large_for_two(self):
        self.NAME = "large"
        self.add(self.plugged, "large", {"k": "x" * 200000})
        before = digest(self.home.vault)
        self.refused(self.rotate("--stage", fields={"k": "y" * 200000}), 2)
        self.assertEqual(digest(self.home.vault), before)

    def test_clock_set_back(self):
        self.step("--stage", fields=NEW)
        self.home.set_clock("2026-01-31 09:30:00")
        result = self.step("--promote")
        self.assertIn(b"the clock says 2026-01-31", result.err)
        self.assertEqual(self.status()["since"][:10], "2027-01-31")


class TwoHosts(Rotation):
    """Two approved hosts, each with a home of its own; a person carries the vault file."""

    def setUp(self):
        super().setUp()
        self.desk, self.laptop = self.home, self.approve(self.plugged, "laptop")

    def carry(self, home):
        """To that host, where what follows is done."""
        copy_vault(self.home.vault, home.vault)
        self.home = home

    def test_a_rotation_begun_on_another_host(self):
        desk = os.uname().nodename
        hosts = []
        for home, step, fields, state in ((self.desk, "--stage", NEW, "staged"), (self.laptop, "--promote", None, "promoted"),
                                          (self.desk, "--rollback", None, "staged"), (self.desk, "--promote", None, "promoted"),
                                          (self.laptop, "--revoked", None, "revoked"), (self.desk, "--retire", None, "active")):
            if home is not self.home:
                said = self.ok(self.home.run("rotate", self.NAME, "--status")).out
                self.carry(home)
                # The one that wasn't there knows as much, without a touch, and who did it.
                self.assertEqual(self.ok(self.home.run("rotate", self.NAME, "--status")).out, said)
                self.assertIn(f"by {hosts[-1]}\n".encode(), said)
            self.step(step, fields=fields)
            self.assertEqual(self.state(), state)
            hosts.append(desk if home is self.desk else "laptop")
        self.carry(self.laptop)
        self.holds(STAGED)
        events = json.loads(self.ok(self.home.run("history", self.NAME, "--json")).out)["events"]
        self.assertEqual([e["host"] for e in events], hosts)

    def test_both_change_their_copies_apart(self):
        """The second is refused, wherever it comes from, and nothing of it is taken silently."""
        self.step("--stage", fields=NEW)
        self.carry(self.laptop)
        self.step("--abort")
        self.step("--stage", fields={"key": "LAPTOP"})
        self.home = self.desk
        self.step("--promote")
        copies = {home: os.path.join(self.dir, name) for home, name in ((self.desk, "desk.tv"), (self.laptop, "laptop.tv"))}
        for home, copy in copies.items():
            copy_vault(home.vault, copy)
        for here, there in ((self.desk, self.laptop), (self.laptop, self.desk)):
            self.home = here
            copy_vault(copies[there], here.vault)
            before, touches = digest(here.vault), len(self.plugged.transactions())
            for args in (["--status"], ["--promote"], ["--rollback"], ["--abort"], ["--revoked", "--retire"]):
                self.refused(self.rotate(*args), 32, "--accept-rollback")
            self.refused(self.rotate("--stage", fields=NEW), 32)
            self.refused(self.touched("get", self.NAME, "key"), 32)
            self.refused(self.home.run("due", "--check"), 32)
            self.assertEqual((digest(here.vault), len(self.plugged.transactions())), (before, touches))
            copy_vault(copies[here], here.vault)
        # A person decides for the desk's, once: the laptop goes on with it.
        self.home = self.desk
        self.carry(self.laptop)
        self.ok(self.touched("--accept-rollback", "rotate", self.NAME, "--rollback"))
        self.holds(OLD, STAGED)
        self.carry(self.desk)
        self.step("--promote")
        self.holds(STAGED, 3, OLD)

    def test_one_that_has_not_seen_the_last_steps(self):
        """An old copy tells what it knows; the newer one takes its place without a word."""
        self.step("--stage", fields=NEW)
        self.carry(self.laptop)
        self.assertEqual(self.get("--staged"), STAGED)
        self.home = self.desk
        self.step("--promote")
        self.step("--revoked", "--retire")
        self.home = self.laptop
        self.assertEqual(self.state(), "staged")
        self.home = self.desk
        self.carry(self.laptop)
        self.assertEqual(self.state(), "active")
        self.refused(self.rotate("--promote"), 3, "no staged credential")


class Two(Rotation):
    """Two that rotate the same entry in one file: the second finds what the first has done."""

    def meanwhile(self, *args, stdin, then):
        """Start a step, do what then does with another token, touch: what it ends with."""
        twin = self.twin()
        self.plugged.control("touch-policy never")
        process = subprocess.Popen(self.home.command("--device", self.plugged.path, "rotate", self.NAME, *args),
                                   env=self.home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        process.stdin.write(stdin)
        process.stdin.close()
        said = b""
        while b"Touch" not in said:
            said += os.read(process.stderr.fileno(), 4096)
        then(lambda *a, **k: self.ok(self.home.run("--device", twin.path, "rotate", self.NAME, *a, **k)))
        self.plugged.control("touch-policy at-once")
        said += process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        self.assertIn(b"changed meanwhile", said)
        self.assertEqual(process.wait(60), 4, said)

    def test_both_stage(self):
        self.meanwhile("--stage", "--field", "key=-", stdin=b"FIRST",
                       then=lambda rotate: rotate("--stage", "--field", "key=-", stdin=b"SECOND"))
        self.assertEqual(self.get("--staged")["key"], "SECOND")

    def test_what_is_promoted_is_what_was_seen(self):
        """The state is the same again, but not the credential."""
        self.step("--stage", fields=NEW)
        self.meanwhile("--promote", stdin=b"", then=lambda rotate: rotate(
            "--stage", "--replace", "--field", "key=-", stdin=b"OTHER"))
        self.holds(OLD, {**OLD, "key": "OTHER"})

    def twin(self):
        shutil.copy(self.plugged.state, os.path.join(self.dir, "twin.state"))
        return self.token("twin")


if __name__ == "__main__":
    unittest.main()
