# SPDX-License-Identifier: BSD-2-Clause
"""When entries are to be rotated: schedules, what is due, the calendar, the clock."""
import datetime
import glob
import re
import sys
import zoneinfo

from harness import *

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, for another python3, too
import icalendar  # noqa: E402

START = "2027-01-31 09:30:00"
UTC = datetime.timezone.utc


class Due(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.home.set_clock(START)
        self.new_vault(self.plugged)
        self.add(self.plugged, "ibkr/live", {"key": "KEY-CANARY", "secret": "SECRET-CANARY"})
        self.add(self.plugged, "kraken", {"key": "OTHER-CANARY"})

    def run_touched(self, *args, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, **kwargs)

    def schedule(self, *args):
        return self.ok(self.run_touched("schedule", *args))

    def due(self, *args):
        """Name to what due --json has of it, and the exit status; nobody touches for it."""
        before = len(self.plugged.transactions())
        result = self.home.run("due", "--json", *args)
        self.clean(result)
        self.assertEqual(len(self.plugged.transactions()), before)
        self.status = result.status
        return {e["name"]: e for e in json.loads(result.out)["entries"]}

    def statuses(self, *args):
        return {name: e["status"] for name, e in self.due(*args).items()}


class Schedules(Due):
    def test_a_year_of_one_entry(self):
        self.schedule("kraken", "--every", "never")
        for clock, status, check in (
                ("2027-04-17 09:29:59", None, 0), ("2027-04-17 09:30:00", "soon", 0),
                ("2027-05-01 09:29:59", "soon", 0), ("2027-05-01 09:30:00", "due", 41),
                ("2027-05-03 09:29:59", "due", 41), ("2027-05-03 09:30:00", "overdue", 40),
                ("2028-01-31 09:30:00", "overdue", 40), ("2040-01-01 00:00:00", "overdue", 40)):
            with self.subTest(clock):
                self.home.set_clock(clock)
                self.assertEqual(self.statuses("--check").get("ibkr/live"), status)
                self.assertEqual(self.status, check)

    def test_expiry(self):
        self.schedule("--all", "--every", "never")
        self.schedule("kraken", "--expires", "2027-03-01", "--lead", "1w")
        for clock, status, check in (
                ("2027-02-21 23:59:59", None, 0), ("2027-02-22 00:00:00", "expiring", 41),
                ("2027-02-28 23:59:59", "expiring", 41), ("2027-03-01 00:00:00", "expired", 40)):
            with self.subTest(clock):
                self.home.set_clock(clock)
                self.assertEqual(self.statuses("--check").get("kraken"), status)
                self.assertEqual(self.status, check)

    def test_a_reason_of_its_own(self):
        self.schedule("kraken", "--now", "seen in a repository")
        entry = self.due("--check")["kraken"]
        self.assertEqual((entry["status"], entry["reason"], self.status), ("due", "seen in a repository", 41))
        self.home.set_clock("2027-02-02 12:00:00")
        self.schedule("kraken", "--now", "token lost")
        entry = self.due()["kraken"]
        self.assertEqual((entry["status"], entry["reason"]), ("overdue", "seen in a repository"))
        self.assertIn(b"seen in a repository", self.ok(self.home.run("due")).out)
        self.schedule("kraken", "--now", "")
        self.assertEqual(self.due(), {})

    def test_an_edit_begins_its_time_anew_if_a_value_changes(self):
        self.home.set_clock("2027-05-10 00:00:00")
        self.schedule("kraken", "--now", "host revoked")
        for fields in ({"note": "one more"}, {"key": "OTHER-CANARY"}):
            self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=json.dumps(fields).encode()))
            self.assertEqual(self.statuses()["kraken"], "overdue")
        self.ok(self.run_touched("edit", "kraken", "--label", "place=here"))
        self.assertEqual(self.statuses()["kraken"], "overdue")
        self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=b'{"key":"NEW-CANARY"}'))
        self.assertNotIn("kraken", self.statuses())
        events = json.loads(self.ok(self.home.run("history", "kraken", "--json")).out)["events"]
        self.assertEqual([(e["event"], e["why"]) for e in events], [("edited", "host revoked")])

    def test_the_vaults_default_and_an_entrys_own(self):
        self.schedule("--default", "--every", "1y", "--lead", "1mo", "--grace", "1w", "--mode", "atomic")
        self.schedule("kraken", "--every", "2w", "--mode", "delayed")
        shown = json.loads(self.ok(self.home.run("schedule", "--json")).out)
        self.assertEqual(shown["default"], {"every": "1y", "lead": "1mo", "grace": "1w", "mode": "atomic"})
        own = {e["name"]: e for e in shown["entries"]}
        self.assertEqual(own["ibkr/live"]["schedule"], shown["default"])
        self.assertEqual(own["kraken"]["schedule"], {**shown["default"], "every": "2w", "mode": "delayed"})
        self.assertEqual(own["ibkr/live"]["rotate_by"], "2028-01-31T09:30:00Z")
        text = self.ok(self.home.run("schedule", "kraken")).out.decode()
        self.assertEqual(text.split(maxsplit=1),
                         ["kraken", "every 2w, lead 1mo (default), grace 1w (default), delayed\n"])
        self.schedule("kraken", "--every", "default", "--mode", "default")
        self.assertEqual(json.loads(self.ok(self.home.run("schedule", "kraken", "--json")).out)["entries"][0]
                         ["schedule"], shown["default"])

    def test_all(self):
        self.schedule("--all", "--every", "7d", "--now", "the host was stolen")
        self.assertEqual({e["reason"] for e in self.due().values()}, {"the host was stolen"})
        self.assertEqual(len(self.due()), 2)

    def test_reading_takes_no_touch_and_one_change_one(self):
        before = digest(self.home.vault)
        for args in (["schedule"], ["schedule", "kraken"], ["history", "kraken"], ["due"], ["due", "--ics"]):
            self.ok(self.home.run(*args, "--device", "/nonexistent"))
        self.assertEqual(digest(self.home.vault), before)
        gen = json.loads(self.ok(self.home.run("status", "--json")).out)["generation"]
        self.assertEqual(self.schedule("--all", "--every", "1y").err.count(b"Touch the token"), 1)
        self.assertEqual(json.loads(self.ok(self.home.run("status", "--json")).out)["generation"], gen + 1)

    def test_no_secret_in_any_of_it(self):
        self.schedule("--all", "--now", "x")
        for args in (["schedule"], ["history", "kraken"], ["due"], ["due", "--ics"], ["due", "--json"]):
            self.assertNotIn(b"CANARY", self.ok(self.home.run(*args)).out)

    def test_it_stays_when_renamed(self):
        self.schedule("kraken", "--every", "5w")
        self.ok(self.run_touched("rename", "kraken", "kraken/main"))
        shown = json.loads(self.ok(self.home.run("schedule", "kraken/main", "--json")).out)
        self.assertEqual(shown["entries"][0]["schedule"]["every"], "5w")


class Listing(Due):
    def test_the_worst_first(self):
        for name in ("d", "c", "b", "a", "e"):
            self.add(self.plugged, name, {"k": "v"})
        self.schedule("--all", "--every", "never")
        self.schedule("d", "--expires", "2027-02-01")
        self.schedule("c", "--every", "1d", "--grace", "0d")
        self.schedule("b", "--every", "2d", "--grace", "1w")
        self.schedule("a", "--every", "2d", "--grace", "1w")
        self.schedule("e", "--every", "10d")
        self.home.set_clock("2027-02-03 12:00:00")
        self.assertEqual(list(self.statuses().items()), [
            ("d", "expired"), ("c", "overdue"), ("a", "due"), ("b", "due"), ("e", "soon")])
        lines = self.ok(self.home.run("due")).out.decode().splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["d", "c", "a", "b", "e"])
        self.assertRegex(lines[0], r"^d +expired +2 days ago +2027-02-01$")
        self.assertRegex(lines[4], r"^e +soon +in 7 days +2027-02-10$")

    def test_days_are_days_of_the_calendar(self):
        """An hour before midnight, the date of tomorrow is tomorrow's."""
        self.schedule("--all", "--every", "never")
        self.schedule("kraken", "--expires", "2027-02-02T22:00Z")
        for clock, words, days in (("2027-01-31 23:00:00", "in 2 days", 2), ("2027-02-01 00:00:00", "tomorrow", 1), ("2027-02-01 23:00:00", "tomorrow", 1),
                                   ("2027-02-02 00:30:00", "today", 0), ("2027-02-02 23:30:00", "today", 0),
                                   ("2027-02-03 00:00:00", "yesterday", -1), ("2027-02-04 00:00:00", "2 days ago", -2)):
            with self.subTest(clock):
                self.home.set_clock(clock)
                self.assertRegex(self.ok(self.home.run("due")).out.decode(), f" {words} +2027-02-02\n$")
                self.assertEqual(self.due()["kraken"]["days"], days)

    def test_within(self):
        self.schedule("kraken", "--every", "30d", "--lead", "0d")
        self.assertEqual(self.due(), {})
        self.assertEqual(self.due("--within", "29d"), {})
        self.assertEqual(self.statuses("--within", "30d"), {"kraken": "fine"})
        self.assertEqual(set(self.due("--within", "4mo")), {"kraken", "ibkr/live"})
        self.home.set_clock("2028-01-01 00:00:00")
        self.assertEqual(set(self.due("--within", "0d")), {"kraken", "ibkr/live"})

    def test_within_looks_at_every_date(self):
        """What is worse may come later."""
        self.schedule("--all", "--every", "never")
        self.schedule("kraken", "--every", "20d", "--lead", "0d")
        self.schedule("kraken", "--expires", "2027-12-31", "--lead", "1y")
        entry = self.due("--within", "20d")["kraken"]
        self.assertEqual((entry["status"], entry["at"]), ("expiring", "2027-12-31T00:00:00Z"))
        self.assertEqual(self.due("--within", "19d"), {})
        self.due("--within", "20d", "--check")
        self.assertEqual(self.status, 41)
        self.due("--within", "19d", "--check")
        self.assertEqual(self.status, 0)
        self.assertIn(b"Rotate kraken", self.ok(self.home.run("due", "--ics", "--within", "20d")).out)
        self.assertNotIn(b"kraken", self.ok(self.home.run("due", "--ics", "--within", "19d")).out)
        # It expires before it is to be rotated.
        self.schedule("ibkr/live", "--every", "1y", "--lead", "1y", "--expires", "2027-02-10", "--grace", "90d")
        self.assertEqual(set(self.due("--within", "10d")), {"ibkr/live"})
        self.ok(self.run_touched("rotate", "ibkr/live", "--stage", "--from-json", "--expires", "2029-01-01", stdin=b'{"key":"NEW"}'))
        self.ok(self.run_touched("rotate", "ibkr/live", "--promote"))
        self.assertEqual(self.due("--within", "89d").keys(), {"kraken"})
        self.assertEqual(self.statuses("--within", "90d")["ibkr/live"], "soon")

    def test_nothing(self):
        result = self.ok(self.home.run("due", "--check"))
        self.assertEqual(result.out, b"")
        self.assertIn(b"nothing is due", result.err)

    def test_snooze(self):
        self.home.set_clock("2027-05-10 12:00:00")
        for name in ("kraken", "ibkr/live"):
            self.ok(self.home.run("snooze", name, "3d"))
        entry = self.due("--check")["kraken"]
        self.assertEqual((entry["status"], entry["snoozed_until"], self.status),
                         ("overdue", "2027-05-13T12:00:00Z", 0))
        self.ok(self.home.run("snooze", "kraken", "off"))
        self.due("--check")
        self.assertEqual(self.status, 40)
        self.home.set_clock("2027-05-13 12:00:00")
        self.assertIsNone(self.due()["ibkr/live"]["snoozed_until"])
        self.ok(self.home.run("snooze", "kraken", "2027-06-01"))
        self.schedule("kraken", "--expires", "2027-05-20")
        self.home.set_clock("2027-05-20 12:00:00")
        self.assertIsNone(self.due()["kraken"]["snoozed_until"])

    def snoozed(self, name):
        return self.due()[name]["snoozed_until"]

    def test_snooze_is_of_this_host_and_of_this_credential(self):
        self.home.set_clock("2027-05-10 12:00:00")
        before = digest(self.home.vault)
        self.ok(self.home.run("snooze", "kraken", "30d"))
        self.assertEqual(digest(self.home.vault), before)
        path, = glob.glob(os.path.join(os.path.dirname(self.home.state), "snoozed-*.json"))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertIsNotNone(self.snoozed("kraken"))
        # A new credential has a time of its own.
        self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=b'{"key":"NEW"}'))
        self.assertNotIn("kraken", self.due())
        self.home.set_clock("2027-09-10 12:00:00")
        self.assertIsNone(self.snoozed("kraken"))
        # A damaged file snoozes nothing, says so, and is made anew.
        self.ok(self.home.run("snooze", "kraken", "30d"))
        for content in (b"{", b"[]", b'{"00": 1}', bytes(9 * 1024 * 1024)):
            with open(path, "wb") as f:
                f.write(content)
            result = self.ok(self.home.run("due", "--json"))
            self.assertIn(b"it is damaged", result.err)
            self.ok(self.home.run("snooze", "kraken", "30d"))
            self.assertIsNotNone(self.snoozed("kraken"))
        os.chmod(path, 0o644)
        self.assertIn(b"can't be read", self.home.run("due").err)
        os.unlink(path)
        os.symlink("/dev/zero", path)
        self.assertIn(b"can't be read", self.home.run("due").err)

    def picture(self, columns):
        shown = self.home.on_terminal("due", "--within", "1y", columns=columns).finish().shown.decode()
        return [line.rstrip() for line in shown.splitlines()]

    def test_the_picture(self):
        self.schedule("kraken", "--every", "30d", "--expires", "2029-01-01")
        self.home.set_clock("2027-02-10 09:30:00")
        lines = self.picture(149)
        self.assertRegex(lines[0], r"^ +-30d +now +\+60d$")
        bars = {line.split()[0]: re.search(r"[-=|RXO]{60}$", line)[0] for line in lines[1:3]}
        # Now is after 20 of 60 columns; 20 days more are 13 columns and a third.
        self.assertEqual(bars["kraken"], "-" * 20 + "|" + "=" * 12 + "R" + "-" * 25 + "X")
        self.assertEqual(bars["ibkr/live"], "-" * 20 + "|" + "=" * 38 + "R")
        narrow = self.picture(60)
        self.assertEqual(len(narrow), 2)
        self.assertNotIn("|", "".join(narrow))


class HalfWay(Due):
    """A rotation that was begun and left."""

    def stage(self, *args):
        self.ok(self.run_touched("rotate", "kraken", "--stage", "--from-json", *args, stdin=b'{"key":"NEW"}'))

    def stands(self, clock):
        """How it stands, with its date and the exit status of --check."""
        self.home.set_clock(clock)
        entry = self.due("--check").get("kraken")
        return (entry and (entry["status"], entry["at"]), self.status)

    def test_staged_and_forgotten(self):
        self.stage()
        self.assertEqual(self.stands("2027-02-02 09:29:59"), (None, 0))
        unfinished = (("unfinished", "2027-02-02T09:30:00Z"), 41)
        self.assertEqual(self.stands("2027-02-02 09:30:00"), unfinished)
        self.assertRegex(self.ok(self.home.run("due")).out.decode(), r"^kraken +unfinished, staged +today +2027-02-02\n$")
        self.assertEqual(self.due()["kraken"]["finish_by"], "2027-02-02T09:30:00Z")
        self.ok(self.run_touched("rotate", "kraken", "--promote"))
        self.assertEqual(self.stands("2027-02-02 09:30:00"), (("in grace", "2027-02-04T09:30:00Z"), 0))
        # What was taken back is staged again, and may be forgotten again.
        self.ok(self.run_touched("rotate", "kraken", "--rollback"))
        self.assertEqual(self.stands("2027-02-04 09:29:59"), (None, 0))
        self.assertEqual(self.stands("2027-02-04 09:30:00")[0][0], "unfinished")
        self.ok(self.home.run("snooze", "kraken", "1d"))
        self.assertEqual(self.stands("2027-02-04 09:30:00")[1], 0)
        self.ok(self.run_touched("rotate", "kraken", "--abort"))
        self.assertEqual(self.stands("2027-02-05 09:30:00"), (None, 0))

    def test_atomic_at_once(self):
        """The old one is dead, so what uses it has stopped."""
        self.schedule("kraken", "--mode", "atomic")
        self.stage()
        self.assertEqual(self.stands(START), (("unfinished", "2027-01-31T09:30:00Z"), 41))

    def test_delayed_from_when_it_works(self):
        self.schedule("kraken", "--mode", "delayed")
        self.stage("--works-from", "2027-02-10")
        self.assertEqual(self.stands("2027-02-11 23:59:59"), (None, 0))
        self.assertEqual(self.stands("2027-02-12 00:00:00"), (("unfinished", "2027-02-12T00:00:00Z"), 41))

    def test_the_staged_one_ends(self):
        self.schedule("kraken", "--grace", "90d", "--lead", "1w", "--every", "never")
        self.stage("--expires", "2027-03-10")
        self.assertEqual(self.stands("2027-03-02 23:59:59"), (None, 0))
        self.assertEqual(self.stands("2027-03-03 00:00:00"), (("unfinished", "2027-03-10T00:00:00Z"), 41))
        self.assertEqual(self.stands("2027-04-01 00:00:00"), (("unfinished", "2027-03-10T00:00:00Z"), 41))

    def test_calendar_picture_and_what_is_within(self):
        self.stage()
        text = self.ok(self.home.run("due", "--ics")).out.decode()
        self.assertRegex(text, r"DTSTART;VALUE=DATE:20270202\r\nSUMMARY:Finish the rotation of kraken\r\n")
        self.assertEqual(self.statuses("--within", "2d"), {"kraken": "fine"})
        self.assertEqual(self.statuses("--within", "1d"), {})
        shown = self.home.on_terminal("due", "--within", "2d", columns=149).finish().shown.decode()
        self.assertRegex(shown, r"\|F-+")
        self.assertIn("F finish", shown)


class Calendar(Due):
    def calendar(self, *args):
        raw = self.ok(self.home.run("due", "--ics", *args)).out
        lines = raw.split(b"\r\n")
        self.assertEqual(lines.pop(), b"")
        self.assertNotIn(b"\n", b"".join(lines))
        self.assertLessEqual(max(map(len, lines)), 75)
        for line in lines:
            line.decode()  # nothing is torn apart
        calendar = icalendar.Calendar.from_ical(raw)
        self.assertEqual(str(calendar["version"]), "2.0")
        self.assertEqual(calendar.errors, [])
        events = calendar.walk("VEVENT")
        for event in events:
            self.assertEqual(event.errors, [])
            self.assertEqual(len(event.walk("VALARM")), 2)
            self.assertEqual({str(a["action"]) for a in event.walk("VALARM")}, {"DISPLAY"})
        return {str(e["summary"]): e for e in events}

    def test_all_dates(self):
        self.schedule("kraken", "--expires", "2027-12-31", "--lead", "1mo")
        events = self.calendar()
        self.assertEqual({s: e["dtstart"].dt for s, e in events.items()}, {
            "Rotate kraken": datetime.date(2027, 5, 1), "Expires: kraken": datetime.date(2027, 12, 31),
            "Rotate ibkr/live": datetime.date(2027, 5, 1)})
        triggers = [a["trigger"].dt for a in events["Rotate ibkr/live"].walk("VALARM")]
        self.assertEqual(triggers, [datetime.timedelta(days=-14), datetime.timedelta(hours=9)])
        self.assertEqual(events["Expires: kraken"].walk("VALARM")[0]["trigger"].dt, datetime.timedelta(days=-31))
        for event in events.values():
            self.assertLess(abs(event["dtstamp"].dt - datetime.datetime(2027, 1, 31, 9, 30, tzinfo=UTC)),
                            datetime.timedelta(hours=1))

    def test_uids_stay(self):
        before = self.calendar()
        self.assertEqual(len({str(e["uid"]) for e in before.values()}), 2)
        self.ok(self.run_touched("rename", "kraken", "main"))
        self.schedule("main", "--every", "1y")
        after = self.calendar()
        self.assertEqual(before["Rotate kraken"]["uid"], after["Rotate main"]["uid"])
        self.assertGreater(after["Rotate main"]["sequence"], before["Rotate kraken"]["sequence"])
        self.assertEqual(self.calendar().keys(), after.keys())
        self.assertEqual(self.home.run("due", "--ics").out, self.home.run("due", "--ics").out)

    def test_the_command_of_the_entry(self):
        self.schedule("kraken", "--expires", "2027-12-31")
        self.ok(self.run_touched("rotate", "ibkr/live", "--stage", "--from-json", stdin=b'{"key":"NEW"}'))
        said = {s: str(e["description"]) for s, e in self.calendar().items()}
        self.assertEqual(said, {
            "Rotate kraken": "touchvault rotate kraken", "Rotate ibkr/live": "touchvault rotate ibkr/live",
            "Expires: kraken": "The broker ends this key on that day: before, touchvault rotate kraken",
            "Finish the rotation of ibkr/live": "A new one is staged: touchvault rotate ibkr/live"})
        self.ok(self.run_touched("rotate", "ibkr/live", "--promote"))
        self.assertEqual(str(self.calendar()["Revoke the old key of ibkr/live"]["description"]),
                         "Revoke the old one at the broker, then touchvault rotate ibkr/live")

    def test_text_of_a_person(self):
        reason = "Zürich; a, b\\c: " + "ü" * 50
        self.schedule("kraken", "--now", reason)
        self.assertTrue(str(self.calendar()["Rotate kraken"]["description"]).endswith(reason))

    def test_within_and_nothing(self):
        self.assertEqual(self.calendar("--within", "1d"), {})
        self.assertEqual(len(self.calendar("--within", "1y")), 2)


class Clock(Due):
    """START is when the vault was last changed, if a test doesn't change it. NOW and BACK are on
    the right clock and on one that is a year behind."""
    NOW, BACK, FUTURE = "2027-05-10 12:00:00", "2026-05-10 12:00:00", "2050-01-01 12:00:00"
    SAID = b"the clock says 2026-05-10 12:00 UTC, but it was 2027-05-10 12:00 UTC when "

    def remind(self, *args):
        """Somebody is there who sees the time go by; nobody is told, as there is no desktop."""
        self.home.run("reminders", "run", *args, env={"XDG_RUNTIME_DIR": "/nonexistent"})

    def status_of_vault(self):
        return json.loads(self.ok(self.home.run("status", "--json")).out)

    def told_once(self, result, said=SAID):
        self.assertEqual(self.ok(result).err.count(b"touchvault: " + said), 1, result)
        return result

    def test_set_back_and_nothing_changed_since(self):
        self.home.set_clock(self.NOW)
        self.remind()
        self.home.set_clock(self.BACK)
        result = self.home.run("due", "--check")
        self.assertEqual(result.status, 40)
        self.assertIn(self.SAID + b"reminders last ran here", result.err)
        self.assertIn(b'"warning"', self.home.run("due", "--json").err)
        self.assertEqual(self.statuses(), {"kraken": "overdue", "ibkr/live": "overdue"})
        self.assertIn(b"0 of 2 keys in time", self.told_once(self.home.run("status")).out)
        self.assertIn(b"kraken is overdue", self.told_once(self.run_touched("get", "kraken")).err)
        self.assertIn(b"\nDTSTART;VALUE=DATE:20270501", self.told_once(self.home.run("due", "--ics")).out)

    def test_a_change_with_the_clock_set_back_undoes_nothing(self):
        self.home.set_clock(self.NOW)
        self.schedule("kraken", "--lead", "2w")
        self.home.set_clock(self.BACK)
        for args in (["edit", "kraken", "--label", "a=b"], ["policy", "--max-age", "1y"], ["token", "test", "first"],
                     ["rename", "kraken", "main"], ["host", "label", os.uname().nodename, "x"],
                     ["schedule", "--all", "--grace", "1d"]):
            with self.subTest(args):
                self.told_once(self.run_touched(*args), self.SAID + b"the vault was last changed")
                self.assertEqual(self.home.run("due", "--check").status, 40)
        self.assertEqual(self.statuses(), {"main": "overdue", "ibkr/live": "overdue"})
        self.assertRegex(self.status_of_vault()["committed"]["at"], "^2027-05-10T12:00:")

    def test_a_change_is_stored_with_the_time_that_is_held(self):
        self.home.set_clock(self.NOW)
        self.remind()
        self.home.set_clock(self.BACK)
        self.add(self.plugged, "new", {"k": "v"})
        self.ok(self.run_touched("edit", "ibkr/live", "--from-json", stdin=b'{"key":"NEW"}'))
        shown = {e["name"]: e for e in json.loads(self.ok(self.home.run("schedule", "--json")).out)["entries"]}
        for name in ("new", "ibkr/live"):
            self.assertRegex(shown[name]["made"], "^2027-05-10T12:00:")
        self.assertEqual(self.statuses(), {"kraken": "overdue"})
        self.told_once(self.home.run("snooze", "kraken", "2027-05-13"))
        self.assertEqual(self.due("--check")["kraken"]["snoozed_until"], "2027-05-13T00:00:00Z")
        self.assertEqual(self.status, 0)

    def test_what_is_done_with_the_clock_set_back_keeps_its_order(self):
        """A mark that comes after the new key isn't one of the old key."""
        self.home.set_clock(self.NOW)
        self.schedule("ibkr/live", "--every", "1y")
        self.home.set_clock(self.BACK)
        stage = ["rotate", "kraken", "--stage", "--from-json"]
        self.told_once(self.run_touched(*stage, stdin=b'{"key":"NEW"}'))
        self.told_once(self.run_touched("rotate", "kraken", "--promote"))
        self.assertEqual(self.statuses(), {"kraken": "in grace"})
        self.schedule("kraken", "--now", "seen in a repository")
        self.assertEqual(self.statuses("--check"), {"kraken": "due"})
        self.assertEqual(self.status, 41)
        self.ok(self.run_touched("rotate", "kraken", "--revoked", "--retire"))
        self.assertEqual(self.statuses(), {"kraken": "due"})
        events = json.loads(self.ok(self.home.run("history", "kraken", "--json")).out)["events"]
        self.assertEqual([(e["event"], e["why"]) for e in events],
                         [("staged", "overdue"), ("promoted", None), ("revoked", None), ("retired", None)])

    def test_told_once_however_often_the_vault_is_opened(self):
        self.home.set_clock(self.NOW)
        self.remind()
        self.home.set_clock(self.BACK)
        t = self.home.on_terminal("--device", self.plugged.path, "rotate", "kraken")
        t.expect("New value of key")
        t.type("NEW-CANARY\n")
        t.expect("When does the broker end it")
        t.type("\n")
        t.expect("Command, promote, abort or nothing: ")
        t.type("\n")
        result = t.finish()
        self.assertEqual((result.status, result.shown.count(self.SAID)), (0, 1), result)

    def test_changed_in_a_wrong_future(self):
        self.home.set_clock(self.FUTURE)
        self.remind()
        self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=b'{"key":"FUTURE"}'))
        self.ok(self.run_touched("token", "test", "first"))
        self.add(self.plugged, "new", {"k": "v"})
        self.ok(self.run_touched("rotate", "new", "--stage", "--from-json", "--expires", "2060-01-01", stdin=b'{"k":"w"}'))
        self.ok(self.run_touched("rotate", "new", "--promote"))
        self.home.set_clock(self.FUTURE.replace("12:00", "12:01"))
        self.schedule("new", "--now", "a test")
        self.ok(self.home.run("snooze", "ibkr/live", "3d"))
        self.home.set_clock(self.NOW)
        said = b"the clock says 2027-05-10 12:00 UTC, but it was 2050-01-01 12:01 UTC when the vault was last changed"
        for args in (["due"], ["status"], ["get", "kraken"], ["policy"]):
            result = self.told_once(self.run_touched(*args), said)
            self.assertIn(b"touchvault token test NAME --accept-clock", result.err)

        # To look at it changes nothing.
        before = digest(self.home.vault)
        self.assertEqual(self.statuses("--accept-clock"), {"ibkr/live": "overdue", "new": "due"})
        self.assertEqual(digest(self.home.vault), before)
        result = self.ok(self.run_touched("token", "test", "first", "--accept-clock"))
        self.assertNotIn(b"the clock says", result.err)
        result = self.ok(self.home.run("due"))
        self.assertNotIn(b"clock", result.err)
        self.assertEqual({k: v["snoozed_until"] for k, v in self.due().items()}, {"ibkr/live": None, "new": None})
        self.no_future("status", "schedule", "list", ["history", "kraken"], ["history", "new"], ["token", "list"],
                       ["host", "list"], expected={"2060-01-01T00:00:00Z"})
        shown = {e["name"]: e for e in json.loads(self.ok(self.home.run("schedule", "--json")).out)["entries"]}
        self.assertRegex(shown["kraken"]["rotate_by"], "^2027-08-08T12:00:")
        log = json.loads(self.ok(self.home.run("log", "--json")).out)
        self.assertEqual([e["event"] for e in log[-3:]], ["unlock", "clock", "change"])
        self.assertEqual(log[-2]["command"], "token-test")

        # All is as it was: the option makes no difference any more.
        self.ok(self.run_touched("token", "test", "first", "--accept-clock"))
        self.assertEqual(json.loads(self.ok(self.home.run("log", "--json", "--last", "2")).out)[0]["event"], "unlock")
        self.ok(self.run_touched("log", "verify"))

    def no_future(self, *commands, expected):
        found = set()
        for args in commands:
            text = self.ok(self.home.run(*([args] if isinstance(args, str) else args), "--json")).out.decode()
            found |= set(re.findall(r"20[3-9]\d-[\d-]+T[\d:]+Z", text))
        self.assertEqual(found, expected)

    def test_only_reminders_ran_in_a_wrong_future(self):
        self.home.set_clock(self.FUTURE)
        self.remind()
        self.home.set_clock(self.NOW)
        result = self.ok(self.home.run("due"))
        self.assertIn(b"2050-01-01 12:00 UTC when reminders last ran here", result.err)
        self.assertIn(b"touchvault reminders run --accept-clock", result.err)
        # A change is held against that, too; and one that takes the clock for right ends it.
        self.remind("--accept-clock")
        self.assertNotIn(b"clock", self.ok(self.home.run("due")).err)
        self.home.set_clock(self.FUTURE)
        self.remind()
        self.home.set_clock(self.NOW)
        self.ok(self.run_touched("token", "test", "first", "--accept-clock"))
        self.assertNotIn(b"clock", self.ok(self.home.run("due")).err)
        self.assertRegex(self.status_of_vault()["committed"]["at"], "^2027-05-10T12:00:")

    def test_an_hour_is_no_news(self):
        for clock, told in (("2027-01-31 08:32:00", 0), ("2027-01-31 08:28:00", 1)):
            self.home.set_clock(clock)
            self.assertEqual(self.ok(self.home.run("due")).err.count(b"the clock says"), told)

    def test_seconds_behind_the_last_change_keep_their_order(self):
        """As between two hosts: no news, but no change is earlier than the one before it."""
        self.home.set_clock("2027-01-31 09:20:00")
        self.add(self.plugged, "a", {"k": "v"})
        self.add(self.plugged, "b", {"k": "v"})
        a, b = (json.loads(self.ok(self.home.run("show", name, "--json")).out)["created"] for name in "ab")
        self.assertLess("2027-01-31T09:30:00Z", a)
        self.assertLess(a, b)

    def test_after_2038_and_at_the_end_of_time(self):
        self.schedule("kraken", "--every", "100y", "--expires", "9999-12-31T23:59:59Z")
        shown = json.loads(self.ok(self.home.run("schedule", "kraken", "--json")).out)["entries"][0]
        self.assertEqual((shown["rotate_by"], shown["expires"]), ("2127-01-31T09:30:00Z", "9999-12-31T23:59:59Z"))
        self.home.set_clock("2038-01-19 03:14:09")
        self.assertEqual(self.statuses(), {"ibkr/live": "overdue"})
        self.ok(self.home.run("due", "--ics"))

    def test_leap_day_and_end_of_month(self):
        self.home.set_clock("2028-02-29 12:00:00")
        self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=b'{"key":"leap"}'))
        for every, date in (("1y", "2029-02-28"), ("4y", "2032-02-29"), ("1mo", "2028-03-29")):
            self.schedule("kraken", "--every", every)
            shown = json.loads(self.ok(self.home.run("schedule", "kraken", "--json")).out)["entries"][0]
            self.assertEqual(shown["rotate_by"], date + "T12:00:00Z")

    def test_a_mark_is_due_whatever_the_clock_says(self):
        self.home.set_clock("2027-06-10 12:00:00")
        self.schedule("kraken", "--now", "seen in a repository")
        self.home.set_clock("2027-06-01 12:00:00")
        self.ok(self.run_touched("edit", "ibkr/live", "--label", "a=b"))
        entry = self.due("--check")["kraken"]
        self.assertIn(entry["status"], ("due", "overdue"))
        self.assertIn(self.status, (40, 41))

    def test_a_new_value_has_no_end_of_the_old_ones(self):
        self.schedule("kraken", "--expires", "2027-03-01")
        self.home.set_clock("2027-03-02 12:00:00")
        self.assertEqual(self.due()["kraken"]["status"], "expired")
        self.ok(self.run_touched("edit", "kraken", "--from-json", stdin=b'{"key":"NEW"}'))
        self.assertNotIn("kraken", self.due())

    def test_time_zones_change_nothing(self):
        """Far west it is the day before, far east the day after; summer time begins."""
        self.home.set_clock("2027-03-28 00:30:00")
        said = set()
        for zone in ("UTC", "America/New_York", "Pacific/Kiritimati", "Europe/Berlin"):
            # The fake clock's own date is read in the zone.
            there = datetime.datetime(2027, 3, 28, 0, 30, tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(zone))
            env = {"TZ": zone, "FAKETIME": there.strftime("@%Y-%m-%d %H:%M:%S")}
            said.add(self.ok(self.home.run("due", "--within", "1y", env=env)).out)
        self.assertEqual(len(said), 1, said)


class BadInput(Due):
    def test_nonsense(self):
        before = digest(self.home.vault)
        touches = len(self.plugged.transactions())
        for args in (["--every", "90"], ["--every", "-1d"], ["--every", "1e3d"], ["--every", ""],
                     ["--every", "101y"], ["--every", "soon"], ["--lead", "never"], ["--grace", "1h"],
                     ["--mode", "both"], ["--mode", ""], ["--expires", "2027-02-29"],
                     ["--expires", "31.12.2027"], ["--expires", "10000-01-01"], ["--expires", "2027-13-01"],
                     ["--expires", "tomorrow"], ["--expires", "2026-12-31"], ["--expires", "1970-01-01"],
                     ["--now", "x" * 129], ["--now", "a\nb"], ["--now", "\x1b[2J"], ["--every", "0d"], ["--every", "0mo"],
                     ["--lead", "2y"], ["--lead", "13mo"], ["--grace", "91d"], ["--grace", "100y"]):
            with self.subTest(args):
                self.refused(self.run_touched("schedule", "kraken", *args), 2)
        for args in (["--every", "1d"], ["--all", "--default", "--every", "1d"], ["kraken", "--all", "--every", "1d"],
                     ["--default", "--expires", "2028-01-01"], ["--default", "--every", "default"],
                     ["--default", "--now", "x"], ["kraken", "ibkr/live"]):
            with self.subTest(args):
                self.refused(self.run_touched("schedule", *args), 2)
        for args in (["kraken"], ["kraken", "x"], ["kraken", "0d"], ["kraken", "91d"], ["kraken", "2026-01-01"],
                     ["kraken", "2028-01-01"]):
            with self.subTest(args):
                self.refused(self.home.run("snooze", *args), 2)
        for args in (["--within", "x"], ["--within", "never"], ["--ics", "--json"], ["kraken"]):
            with self.subTest(args):
                self.assertEqual(self.run_touched("due", *args).status, 2)
        for args in (["schedule", "no"], ["history", "no"], ["snooze", "no", "1d"]):
            with self.subTest(args):
                self.refused(self.run_touched(*args), 3)
        self.assertEqual(digest(self.home.vault), before)
        self.assertEqual(len(self.plugged.transactions()), touches)

    def test_a_vault_that_is_not_verified_says_so(self):
        os.unlink(self.home.state)
        result = self.ok(self.home.run("due", "--json"))
        self.assertFalse(json.loads(result.out)["verified"])
        self.assertIn(b"not verified yet", result.err)

    def opened(self, command):
        """When a touch opened the vault, and whether that is long ago, which is said if so."""
        result = self.ok(self.home.run(command, "--json"))
        shown = json.loads(result.out)
        self.assertEqual(result.err.count(b"so changes of other hosts may be missing"), shown["stale"], result)
        return shown["opened"], shown["stale"]

    def test_a_vault_that_was_not_opened_lately_says_so(self):
        for command in ("due", "status"):
            self.home.set_clock("2027-03-02 23:59:00")
            self.assertEqual(self.opened(command), ("2027-01-31T09:30:00Z", False))
            self.home.set_clock("2027-03-04 09:30:00")
            self.assertEqual(self.opened(command), ("2027-01-31T09:30:00Z", True))
            self.assertIn(b"the vault was last opened with a touch here 32 days ago, 2027-01-31, so changes of other hosts",
                          self.home.run(command).err)
        # Not what is refused, nor what another process reads: a touch.
        self.refused(self.run_touched("--device", "/nonexistent", "get", "kraken"), 2)
        self.refused(self.home.run("--device", "/nonexistent", "get", "kraken"), 10)
        self.assertEqual(self.opened("due"), ("2027-01-31T09:30:00Z", True))
        self.ok(self.run_touched("get", "kraken"))
        self.assertEqual(self.opened("due"), ("2027-03-04T09:30:00Z", False))

    def test_a_log_that_has_no_touch(self):
        """It was moved away, or is full of refusals."""
        log, = glob.glob(os.path.join(os.path.dirname(self.home.state), "audit", "*.log"))
        for _ in range(100):
            self.refused(self.home.run("--device", "/nonexistent", "get", "kraken"), 10)
        self.assertGreater(os.stat(log).st_size, 16384)
        self.assertEqual(self.opened("due"), ("2027-01-31T09:30:00Z", False))
        os.rename(log, log + ".1")
        self.assertEqual(self.opened("due"), ("2027-01-31T09:30:00Z", False))
        os.unlink(log + ".1")
        self.assertEqual(self.opened("due"), (None, True))
        self.assertIn(b"the vault was not opened with a touch here, by this host's log", self.home.run("due").err)


if __name__ == "__main__":
    unittest.main()
