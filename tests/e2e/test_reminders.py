# SPDX-License-Identifier: BSD-2-Clause
"""Reminders: who is told of what, how often, and what happens when something is in the way."""
import datetime
import re
import shutil
import stat
import zoneinfo

from desktop import Bus
from harness import *

START = "2027-01-31 09:30:00"
SOON, DUE, OVERDUE = "2027-04-20 10:00:00", "2027-05-01 10:00:00", "2027-05-04 10:00:00"


class Reminders(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.home.set_clock(START)
        self.new_vault(self.plugged)
        self.add(self.plugged, "ibkr/live", {"key": "SECRET-CANARY"})
        self.add(self.plugged, "kraken", {"key": "SECRET-CANARY"})
        self.touched("schedule", "kraken", "--every", "1y")
        self.hooks = os.path.join(self.home.dir, ".config/touchvault/hooks.d")
        self.notes = os.path.join(os.path.dirname(self.home.state), "reminders-default.json")
        self.bus = None

    def touched(self, *args):
        return self.ok(self.home.run("--device", self.plugged.path, *args))

    def at(self, clock):
        """It is then, and the vault was opened on that day."""
        self.home.set_clock(clock)
        self.touched("log", "verify")

    def desktop(self):
        self.bus = Bus(self.dir)
        self.addCleanup(self.bus.close)
        self.bus.show_notifications()
        self.home.env.update(self.bus.env)

    def hook(self, name, text, mode=0o755):
        os.makedirs(self.hooks, 0o700, exist_ok=True)
        path = os.path.join(self.hooks, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, mode)
        return path

    def listener(self, name="listen"):
        """A hook that keeps what it got; its messages come from got()."""
        self.log = os.path.join(self.dir, "heard")
        self.hook(name, f"cat >>{self.log}; echo >>{self.log}")

    def got(self):
        try:
            with open(self.log, encoding="utf-8") as f:
                text = f.read()
        except FileNotFoundError:
            return []
        if not text.endswith("\n"):
            return []  # it is being written
        os.unlink(self.log)
        return [json.loads(line) for line in text.splitlines()]

    def remind(self, *args, wrap=(), env=None):
        before = len(self.plugged.transactions())
        result = self.wrapped(wrap, "reminders", "run", *args, env=env)
        self.clean(result)
        self.assertEqual(len(self.plugged.transactions()), before)
        return result

    def wrapped(self, wrap, *args, env=None):
        """The clock's library is for touchvault alone, not for what starts it."""
        if wrap:
            wrap = [*wrap, "env", "LD_PRELOAD=" + self.home.env["LD_PRELOAD"]]
            env = {**(env or {}), "LD_PRELOAD": ""}
        return self.home.run(*args, wrap=wrap, env=env)

    def told(self, *args, **kwargs):
        """(name, level) of all that one run tells to the hook."""
        self.ok(self.remind(*args, **kwargs))
        return [(e["name"], e["level"]) for m in self.got() for e in m["reminders"]]

    def status(self):
        return json.loads(self.ok(self.home.run("reminders", "status", "--json")).out)

    def channels(self):
        return {c["channel"]: (c["arrived"], c["detail"]) for c in self.status()["last"]["channels"]}


class Telling(Reminders):
    def setUp(self):
        super().setUp()
        self.listener()

    def test_nothing_is_due(self):
        result = self.ok(self.remind())
        self.assertEqual((result.out, result.err, self.got()), (b"", b"", []))
        self.assertEqual(self.status()["last"]["channels"], [])

    def test_once_a_day_and_at_once_when_it_gets_worse(self):
        for clock, expected in (
                ("2027-04-17 09:29:00", []), ("2027-04-17 09:31:00", ["soon"]), ("2027-04-17 23:00:00", []),
                ("2027-04-18 00:01:00", ["soon"]), ("2027-04-30 23:00:00", ["soon"]), ("2027-05-01 09:00:00", ["soon"]),
                ("2027-05-01 09:31:00", ["due"]), ("2027-05-01 20:00:00", []), ("2027-05-03 09:00:00", ["due"]),
                ("2027-05-03 09:31:00", ["overdue"]), ("2027-05-03 12:00:00", []), ("2027-05-04 08:00:00", ["overdue"])):
            with self.subTest(clock):
                self.home.set_clock(clock)
                self.assertEqual(self.told(), [("ibkr/live", level) for level in expected])

    def test_the_day_is_the_persons(self):
        self.home.set_clock(OVERDUE)
        self.told()
        # It is 10:00 in UTC, and early on the next day there.
        self.assertEqual(self.told(env={"TZ": "Etc/GMT-14", "FAKETIME": "@2027-05-05 00:00:10"}),
                         [("ibkr/live", "overdue")])

    def test_a_day_of_23_hours_and_one_of_25(self):
        """Called every hour, as by cron, an entry is told once a day of where the person is."""
        self.touched("schedule", "kraken", "--now", "a test")
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        for noon, hours, days in ((datetime.datetime(2027, 3, 27, 12, tzinfo=berlin), 47, ("27", "28", "29")),
                                  (datetime.datetime(2027, 10, 30, 12, tzinfo=berlin), 49, ("30", "31", "01"))):
            told = []
            for t in range(int(noon.timestamp()), int(noon.timestamp()) + hours * 3600, 3600):
                if self.told(env={"TZ": "Europe/Berlin", "FAKETIME": f"@{t}", "FAKETIME_FMT": "%s"}):
                    told.append(datetime.datetime.fromtimestamp(t, berlin).strftime("%d %H:%M"))
            self.assertEqual(told, [f"{days[0]} 12:00", f"{days[1]} 00:00", f"{days[2]} 00:00"])

    def test_what_hooks_get(self):
        self.touched("schedule", "kraken", "--now", "seen in a repository")
        self.at(OVERDUE)
        result = self.ok(self.remind())
        message, = self.got()
        self.assertEqual({k: message[k] for k in ("test", "repeated", "level", "vault", "at", "problems")},
                         {"test": False, "repeated": False, "level": "overdue", "vault": self.home.vault,
                          "at": message["at"], "problems": []})
        self.assertEqual(message["host"], os.uname().nodename)
        self.assertRegex(message["at"], r"^2027-05-04T10:00:\d\dZ$")
        live, kraken = message["reminders"]
        self.assertEqual((live["name"], live["status"], live["level"], live["at"], live["days"], live["reason"]),
                         ("ibkr/live", "overdue", "overdue", "2027-05-01T09:30:00Z", -3, None))
        self.assertEqual((kraken["status"], kraken["reason"]), ("overdue", "seen in a repository"))
        # The journal gets no names.
        self.assertEqual(result.err, b"touchvault: reminded of 2 overdue, 0 due, 0 soon, and 0 in trouble; "
                                     b"1 of 2 channels took it\n")
        with open(self.notes, encoding="utf-8") as f:
            self.assertNotIn("CANARY", f.read())
        self.assertEqual(stat.S_IMODE(os.stat(self.notes).st_mode), 0o600)

    def test_a_rotation_begins_anew(self):
        self.home.set_clock(OVERDUE)
        self.assertEqual(self.told(), [("ibkr/live", "overdue")])
        self.ok(self.home.run("--device", self.plugged.path, "edit", "ibkr/live", "--from-json", stdin=b'{"key":"N"}'))
        self.assertEqual(self.told(), [])
        self.touched("schedule", "ibkr/live", "--now", "again")
        self.assertEqual(self.told(), [("ibkr/live", "due")])
        self.touched("rename", "ibkr/live", "live")
        self.assertEqual(self.told(), [])

    def test_a_rotation_left_half_way(self):
        self.ok(self.home.run("--device", self.plugged.path, "rotate", "kraken", "--stage", "--from-json", stdin=b'{"key":"N"}'))
        self.assertEqual(self.told(), [])
        self.home.set_clock("2027-02-02 09:31:00")
        self.assertEqual(self.told(), [("kraken", "due")])
        self.assertEqual(self.status()["last"]["due"], 1)

    def test_snoozed(self):
        self.home.set_clock(OVERDUE)
        self.ok(self.home.run("snooze", "ibkr/live", "3d"))
        self.assertEqual(self.told(), [])
        self.assertEqual(self.status()["snoozed"], [{"name": "ibkr/live", "until": self.status()["snoozed"][0]["until"]}])
        self.home.set_clock("2027-05-07 10:01:00")
        self.assertEqual(self.told(), [("ibkr/live", "overdue")])

    def test_clock_set_back(self):
        self.home.set_clock(OVERDUE)
        self.told()
        self.home.set_clock("2027-03-01 10:00:00")
        self.ok(self.remind())
        message, = self.got()
        self.assertEqual([e["level"] for e in message["reminders"]], ["overdue"])
        self.assertIn("the clock says 2027-03-01 10:00 UTC, but it was 2027-05-04 10:00 UTC", message["problems"][0])
        self.assertEqual(self.told(), [])
        self.home.set_clock("2027-03-02 10:00:00")
        self.assertEqual(self.told(), [("ibkr/live", "overdue")])

    def test_clock_that_was_wrong_before(self):
        """A day in the far future holds nothing up for ever."""
        self.home.set_clock("2040-01-01 10:00:00")
        self.told()
        self.at(SOON)
        self.ok(self.remind())
        self.assertIn("reminders run --accept-clock", self.got()[0]["problems"][0])
        # Neither by itself, nor by what is done every now and then.
        self.refused(self.wrapped(NO_CRON, "reminders", "install", env=NO_BUS), 3, "no cron")
        self.home.set_clock("2027-04-21 10:00:00")
        self.ok(self.remind())
        self.assertIn("2040-01-01", self.got()[0]["problems"][0])
        for args, day in ((["run"], "22"), (["install"], "24")):
            self.home.set_clock(f"2027-04-{day} 10:00:00")
            self.wrapped(NO_CRON, "reminders", *args, "--accept-clock", env=NO_BUS)
            self.got()
            self.home.set_clock(f"2027-04-{int(day) + 1} 10:00:00")
            self.ok(self.remind())
            message, = self.got()
            self.assertEqual(([e["level"] for e in message["reminders"]], message["problems"]), (["soon"], []))
            self.home.set_clock("2040-01-01 10:00:00")
            self.told()


NO_BUS = {"XDG_RUNTIME_DIR": "/nonexistent"}
# Where neither systemd nor cron is to be had, nor touched by a test.
NO_CRON = ["unshare", "--mount", "sh", "-euc",
           'if [ -e /usr/bin/crontab ]; then mount --bind /dev/null /usr/bin/crontab; fi; exec "$@"', "sh"]


class Desktop(Reminders):
    def test_urgency_and_text(self):
        self.desktop()
        self.touched("schedule", "kraken", "--expires", "2027-05-02")
        self.add(self.plugged, "soon", {"k": "v"})
        self.touched("schedule", "soon", "--expires", "2027-05-12", "--lead", "1d", "--every", "100d")
        self.home.set_clock("2027-05-03 12:00:00")
        self.touched("schedule", "soon", "--lead", "1w", "--every", "95d", "--expires", "never")
        self.ok(self.remind())
        self.assertEqual([(n["app"], n["urgency"], n["summary"], n["body"]) for n in self.bus.shown()], [
            ("touchvault", 2, "touchvault: 2 keys are overdue or expired", "ibkr/live (2 days ago), kraken (yesterday)"),
            ("touchvault", 0, "touchvault: 1 key is soon due for rotation", "soon (in 3 days)")])
        self.ok(self.remind())
        self.assertEqual(self.bus.shown(), [])
        self.assertEqual(self.channels(), {})

    def test_days_are_days_of_the_calendar(self):
        self.desktop()
        self.touched("schedule", "--all", "--every", "never", "--lead", "1w")
        self.touched("schedule", "kraken", "--expires", "2027-02-03")
        for clock, words in (("2027-02-01 23:59:00", "in 2 days"), ("2027-02-02 00:01:00", "tomorrow"), ("2027-02-03 12:00:00", "today"),
                             ("2027-02-04 00:00:00", "yesterday")):
            self.home.set_clock(clock)
            self.ok(self.remind())
            self.assertEqual([n["body"] for n in self.bus.shown()], [f"kraken ({words})"])

    def test_many_are_few_notifications(self):
        self.desktop()
        self.touched("schedule", "--all", "--every", "1d")
        for i in range(7):
            self.add(self.plugged, f"n{i}", {"k": "v"})
        self.touched("schedule", "--all", "--every", "1d")
        self.at(OVERDUE)
        self.ok(self.remind())
        shown, = self.bus.shown()
        self.assertIn("9 keys are", shown["summary"])
        self.assertTrue(shown["body"].endswith(" and 4 more"), shown)

    def test_refused_or_nobody_there(self):
        self.desktop()
        self.at(OVERDUE)
        with open(self.bus.log + ".refuse", "w"):
            pass
        self.refused(self.remind(), 1, "nobody could be reminded")
        self.assertEqual(self.channels(), {"desktop": (False, "no room on the screen")})
        os.unlink(self.bus.log + ".refuse")
        self.ok(self.remind())
        self.assertEqual(len(self.bus.shown()), 1)

    def test_no_bus(self):
        self.home.set_clock(OVERDUE)
        for env in ({}, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}):
            self.refused(self.remind(env={**NO_BUS, **env}), 1, "nobody could be reminded")
        self.listener()
        self.assertEqual(self.told(env=NO_BUS), [("ibkr/live", "overdue")])
        self.assertEqual(self.channels(), {"desktop": (False, "there is no session bus"), "hook listen": (True, None)})

    def test_an_address_that_is_no_socket_starts_no_program(self):
        mark, program = os.path.join(self.dir, "mark"), os.path.join(self.dir, "program")
        with open(program, "w") as f:
            f.write(f"#!/bin/sh\n: >{mark}\n")
        os.chmod(program, 0o755)
        for address in (f"unixexec:path={program}", f"unix:path=/nonexistent;unixexec:path={program}",
                        f";unixexec:path={program}", "tcp:host=127.0.0.1,port=1", f" unixexec:path={program}"):
            with self.subTest(address):
                result = self.home.run("reminders", "test", env={**NO_BUS, "DBUS_SESSION_BUS_ADDRESS": address})
                self.assertEqual(result.status, 1)
                self.assertIn(b"did not arrive: DBUS_SESSION_BUS_ADDRESS is not used", result.out)
                self.assertFalse(os.path.exists(mark))

    def test_the_test(self):
        result = self.home.run("reminders", "test", env=NO_BUS)
        self.assertEqual((result.status, result.out), (1, b"desktop             did not arrive: there is no session bus\n"))
        self.assertIn(b"arrived nowhere", result.err)
        self.desktop()
        self.listener()
        result = self.ok(self.home.run("reminders", "test"))
        self.assertEqual(result.out, b"desktop             arrived\nhook listen         arrived\n")
        shown, = self.bus.shown()
        self.assertTrue(shown["summary"].startswith("TEST: "), shown)
        message, = self.got()
        self.assertTrue(message["test"])
        self.hook("bad", "exit 3")
        result = self.home.run("reminders", "test", "--json")
        self.assertEqual(result.status, 1)
        self.assertEqual([c["arrived"] for c in json.loads(result.out)["channels"]], [True, False, True])
        self.assertFalse(os.path.exists(self.notes))


class Hooks(Reminders):
    def setUp(self):
        super().setUp()
        self.home.set_clock(OVERDUE)

    def test_one_that_fails_or_hangs_stops_no_other(self):
        self.hook("a-fails", "echo 'no route' >&2; exit 7")
        self.hook("b-hangs", "sleep 1000 & echo $! >%s; wait" % os.path.join(self.dir, "pid"))
        self.hook("c-deaf", "exec <&-; yes | head -c 200000; exit 0")
        self.hook("d-killed", "kill -9 $$")
        self.listener("e-listens")
        self.assertEqual(self.remind("--timeout", "2").status, 1)
        self.assertEqual(len(self.got()), 1)
        self.assertEqual(self.channels(), {
            "desktop": self.channels()["desktop"], "hook a-fails": (False, "ended with 7: no route"),
            "hook b-hangs": (False, "not done in 2 s, and ended"), "hook c-deaf": (True, None),
            "hook d-killed": (False, "ended with 137"), "hook e-listens": (True, None)})
        with open(os.path.join(self.dir, "pid"), encoding="ascii") as f:
            self.assertFalse(alive(int(f.read())))
        text = self.ok(self.home.run("reminders", "status")).out.decode()
        self.assertIn("hook b-hangs        did not arrive: not done in 2 s, and ended\n", text)

    def test_a_failure_is_kept_until_it_succeeds(self):
        self.hook("bad", "echo 'no route' >&2; exit 7")
        self.listener()
        self.assertEqual(self.remind().status, 1)
        self.assertEqual(self.ok(self.remind()).out, b"")
        shown = self.status()
        self.assertEqual(shown["last"]["channels"], [])
        failed = {f["channel"]: f for f in shown["failing"]}
        self.assertEqual(failed.keys(), {"desktop", "hook bad"})
        self.assertEqual(failed["hook bad"]["detail"], "ended with 7: no route")
        self.assertRegex(failed["hook bad"]["at"], "^2027-05-04T10:00:")
        text = self.ok(self.home.run("reminders", "status")).out.decode()
        self.assertRegex(text, r"failed      hook bad, 2027-05-04T10:00:\d\dZ: ended with 7: no route\n")
        self.hook("bad", "exit 0")
        self.home.set_clock("2027-05-05 10:00:00")
        self.ok(self.remind())
        self.assertEqual([f["channel"] for f in self.status()["failing"]], ["desktop"])

    def test_clean_surroundings(self):
        log = os.path.join(self.dir, "env")
        self.hook("look", f"env >{log}; ls /proc/self/fd >>{log}; umask >>{log}")
        self.ok(self.remind(env={"FIDO2_TOKEN": "x", "LANG": "C.UTF-8", "BASH_ENV": "/x", "PATH": "/x:/usr/bin"}))
        with open(log, encoding="utf-8") as f:
            lines = f.read().splitlines()
        names = {line.split("=")[0] for line in lines if "=" in line}
        self.assertLessEqual(names, {"PATH", "HOME", "LANG", "TZ", "PWD", "_", "OLDPWD", "SHLVL"})
        self.assertIn("PATH=/usr/local/bin:/usr/bin:/bin", lines)
        # Those of ls itself, and the directory that it reads.
        self.assertEqual([line for line in lines if line.isdigit() and len(line) < 3], ["0", "1", "2", "3"])

    def test_a_link_that_others_can_change_is_not_followed(self):
        mark = os.path.join(self.dir, "mark")
        self.hook("a", f"touch {mark}")
        kept = os.path.join(self.dir, "kept")
        os.rename(self.hooks, kept)
        os.symlink(kept, self.hooks)
        parent = os.path.dirname(self.hooks)
        os.chmod(parent, 0o777)
        self.refused(self.remind(), 1)
        self.assertIn("others can write the directory", self.channels()["hook a"][1])
        self.assertFalse(os.path.exists(mark))
        os.chmod(parent, 0o755)
        self.ok(self.remind())
        self.assertTrue(os.path.exists(mark))

    def test_unsafe_ones_are_not_run(self):
        mark = os.path.join(self.dir, "ran")
        path = self.hook("a", f"touch {mark}", 0o777)
        self.hook("b", f"touch {mark}", 0o644)
        self.hook(".hidden", f"touch {mark}")
        self.hook("backup~", f"touch {mark}")
        os.symlink(path, os.path.join(self.hooks, "link"))
        os.mkdir(os.path.join(self.hooks, "directory"))
        self.refused(self.remind(), 1)
        self.assertEqual({k: v[1] for k, v in self.channels().items() if k != "desktop"}, {
            "hook a": "not run: it isn't yours, or others can write it",
            "hook link": "not run: it can't be read, or is no regular file",
            "hook directory": "not run: it can't be read, or is no regular file"})
        os.chmod(path, 0o755)
        os.chmod(self.hooks, 0o777)
        self.refused(self.remind(), 1)
        self.assertIn("others can write the directory", self.channels()["hook a"][1])
        self.assertFalse(os.path.exists(mark))

    def test_what_is_not_executable_is_none(self):
        self.listener()
        self.hook("README", "false", 0o644)
        self.hook("old", "false", 0o600)
        self.assertEqual(self.told(), [("ibkr/live", "overdue")])
        self.assertEqual(self.channels().keys(), {"desktop", "hook listen"})
        shown = self.status()
        self.assertEqual((shown["hooks"], shown["not_executable"]), (["listen"], ["README", "old"]))
        self.assertIn(b"hooks       listen\nno hooks    README, old: not executable\n",
                      self.ok(self.home.run("reminders", "status")).out)
        # Nor is it one that a confined run would have to leave out.
        os.unlink(os.path.join(self.hooks, "listen"))
        self.home.set_clock("2027-05-05 10:00:00")
        self.remind("--no-hooks")
        self.assertEqual(self.channels().keys(), {"desktop"})

    def test_confined(self):
        self.refused(self.remind("--no-hooks"), 1, "nobody could be reminded")
        self.listener()
        self.refused(self.remind("--no-hooks"), 1)
        self.assertEqual(self.got(), [])
        self.assertIn("reminders install", self.channels()["hooks"][1])


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Trouble(Reminders):
    def setUp(self):
        super().setUp()
        self.listener()
        self.at(OVERDUE)

    def problems(self, status):
        result = self.remind()
        self.assertEqual(result.status, status, result)
        return [(m["level"], p) for m in self.got() for p in m["problems"]]

    def test_a_vault_that_is_gone_damaged_or_unsafe(self):
        self.told()
        saved = self.home.vault + ".saved"
        shutil.copy(self.home.vault, saved)
        for day, status, spoil in (
                (5, 3, lambda: os.unlink(self.home.vault)), (6, 30, lambda: os.truncate(self.home.vault, 50)),
                (7, 34, lambda: os.chmod(self.home.vault, 0o666))):
            with self.subTest(status):
                self.home.set_clock(f"2027-05-{day:02} 10:00:00")
                spoil()
                (level, text), = self.problems(status)
                self.assertEqual(level, "overdue")
                self.assertIn(self.home.vault, text)
                self.assertEqual(self.problems(status), [])
                shutil.copy(saved, self.home.vault)
                os.chmod(self.home.vault, 0o600)
                self.assertEqual(self.told(), [("ibkr/live", "overdue")])

    def test_not_verified(self):
        os.unlink(self.home.state)
        (level, text), = self.problems(0)
        self.assertIn("not verified on this host", text)

    def test_not_opened_for_long(self):
        """Told once in 30 days, and a touch ends it; other hosts may have gone on."""
        self.touched("schedule", "--all", "--every", "never")
        for day, told in (("06-03", None), ("06-04", 31), ("06-05", None), ("07-02", None), ("07-03", 60), ("07-04", None)):
            with self.subTest(day):
                self.home.set_clock(f"2027-{day} 10:00:01")
                problems = self.problems(0)
                self.assertEqual(len(problems), told is not None, problems)
                if told:
                    (level, text), = problems
                    self.assertEqual(level, "soon")
                    self.assertIn(f"last opened with a touch here {told} days ago, 2027-05-04, so changes of other hosts", text)
        self.at("2027-09-01 10:00:00")
        self.assertEqual(self.problems(0), [])

    def test_damaged_notes_begin_anew(self):
        self.told()
        with open(self.notes, encoding="utf-8") as f:
            good = f.read()
        for i, bad in enumerate(("", "{", "[]", good[:-5], good.replace('"told":{', '"told":{"x":{"level":9,"day":"y"},'),
                                 good.replace('"seen":', '"seen":-'), good.replace('"pending":false', '"pending":0'),
                                 re.sub(r'"channels":\[.*?\]', '"channels":[1]', good),
                                 re.sub(r'"problems":\[.*?\]', '"problems":[{}]', good),
                                 re.sub(r'"failing":\[.*?\]', '"failing":[{"channel":"x","at":1}]', good))):
            with self.subTest(bad=bad[:20], i=i):
                with open(self.notes, "w", encoding="utf-8") as f:
                    f.write(bad)
                self.ok(self.remind())
                message, = self.got()
                self.assertIn("was damaged: it begins anew", message["problems"][0])
                self.assertEqual(len(message["reminders"]), 1)
                self.assertEqual(self.told(), [])

    def test_a_disk_that_is_read_only_or_full(self):
        directory = os.path.dirname(self.notes)
        read_only = ["unshare", "--mount", "sh", "-euc",
                     'd=$1; shift; mount --bind "$d" "$d"; mount -o remount,ro,bind "$d"; exec "$@"', "sh", directory]
        full = ["unshare", "--mount", "sh", "-euc",
                'd=$1; shift; cp -a "$d" "$d.copy"; mount -t tmpfs -o size=64k,mode=700 none "$d"; cp -a "$d.copy/." "$d"; '
                'head -c 1000000 /dev/zero >"$d/filler" 2>/dev/null || true; "$@"; r=$?; exit $r', "sh", directory]
        for wrap in (read_only, full):
            with self.subTest(wrap=wrap[4][:40]):
                result = self.remind(wrap=wrap)
                self.assertEqual(result.status, 1, result)
                message, = self.got()
                self.assertEqual([e["name"] for e in message["reminders"]], ["ibkr/live"])
                self.assertIn("can't be noted on this host", message["problems"][-1])
        self.assertEqual(self.told(), [("ibkr/live", "overdue")])

    def test_killed_anywhere(self):
        """Never lost: the next run tells. Never twice without a word: it says that it may be."""
        trace = os.path.join(self.dir, "trace")
        saved = self.home.dir + ".saved"
        shutil.copytree(self.home.dir, saved, symlinks=True)
        kills, heard = 0, set()
        for call in ("renameat", "fsync", "unlinkat", "pidfd_open", "exit_group"):
            for nth in range(1, 8):
                result = self.remind(wrap=["strace", "-qq", "-o", trace, "-e", f"inject={call}:signal=KILL:when={nth}"])
                if result.status != -signal.SIGKILL:
                    break
                kills += 1
                with self.subTest(call=call, nth=nth):
                    # A hook that had been started may still be writing.
                    first = [(m["repeated"], len(m["reminders"])) for m in self.got()]
                    self.assertIn(self.remind().status, (0,))
                    second = [(m["repeated"], len(m["reminders"])) for m in self.got()]
                    heard.add((len(first), tuple(second)))
                    self.assertIn(len(first + second), (1, 2))
                    if first and second:
                        self.assertEqual(second, [(True, 1)])
                    self.assertEqual(self.told(), [])
                shutil.rmtree(self.home.dir)
                shutil.copytree(saved, self.home.dir, symlinks=True)
        self.assertGreater(kills, 6)
        self.assertGreater(len(heard), 1)

    def test_two_at_a_time(self):
        self.hook("slow", f"while [ ! -e {self.dir}/go ]; do sleep 0.05; done")
        first = subprocess.Popen(self.home.command("reminders", "run"), env=self.home.env, stderr=subprocess.DEVNULL)
        while not self.got():
            self.assertIsNone(first.poll())
        self.assertTrue(self.status()["pending"])
        second = subprocess.Popen(self.home.command("reminders", "run"), env=self.home.env, stderr=subprocess.DEVNULL)
        with open(os.path.join(self.dir, "go"), "w"):
            pass
        self.assertEqual((first.wait(60), second.wait(60)), (0, 0))
        self.assertEqual(self.got(), [])

    def test_another_vault_has_notes_of_its_own(self):
        copy = os.path.join(self.dir, "copy.tv")
        copy_vault(self.home.vault, copy)
        self.told()
        self.home.run("--vault", copy, "reminders", "run")
        self.assertEqual([m["vault"] for m in self.got()], [copy])

    def test_nonsense(self):
        for args in (["x"], ["run", "y"], ["run", "--timeout", "0"], ["run", "--timeout", "1s"], ["run", "--timeout", "601"],
                     []):
            self.refused(self.home.run("reminders", *args), 2)


if __name__ == "__main__":
    unittest.main()
