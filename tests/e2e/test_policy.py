# SPDX-License-Identifier: BSD-2-Clause
"""What bounds all schedules, and what becomes of reading an entry that is overdue."""
from harness import *

START, OVERDUE = "2027-01-31 09:30:00", "2027-05-04 09:30:00"
WARNING = b"touchvault: kraken is overdue: it was to be rotated by 2027-05-01; \"touchvault rotate kraken\" replaces it\n"


class Policy(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.home.set_clock(START)
        self.new_vault(self.plugged)
        self.add(self.plugged, "ibkr/live", {"key": "LIVE"})
        self.add(self.plugged, "kraken", {"key": "KEY"})

    def touched(self, *args, **kwargs):
        return self.home.run("--device", self.plugged.path, *args, **kwargs)

    def policy(self, *args):
        return json.loads(self.ok(self.touched("policy", "--json", *args)).out)

    def get(self, *args):
        return self.touched("get", "kraken", *args)

    def echo(self, *args):
        return self.touched("run", "--pristine", "--env", "K=kraken:key", "--env", "L=ibkr/live:key", *args, "--", "sh", "-c",
                            "echo $K $L")

    def test_as_it_is_at_first(self):
        self.assertEqual(self.policy(), {"max_age": None, "overdue": "warn", "longer": [], "default": {
            "every": "90d", "lead": "14d", "grace": "2d", "mode": "overlap"}})
        self.assertEqual(self.ok(self.home.run("policy", "--device", "/nonexistent")).out,
                         b"default      every 90d, lead 14d, grace 2d, overlap\n"
                         b"maximum age  none\noverdue      warn\n")

    def test_a_change_is_one_touch_and_one_commit(self):
        gen = json.loads(self.ok(self.home.run("status", "--json")).out)["generation"]
        result = self.ok(self.touched("policy", "--max-age", "1y", "--strict"))
        self.assertEqual(result.err.count(b"Touch the token"), 1)
        self.assertEqual(json.loads(self.ok(self.home.run("status", "--json")).out)["generation"], gen + 1)
        shown = self.policy("--overdue", "ignore")
        self.assertEqual((shown["max_age"], shown["overdue"]), ("1y", "ignore"))
        shown = self.policy("--max-age", "none")
        self.assertEqual((shown["max_age"], shown["overdue"]), (None, "ignore"))

    def test_defaults(self):
        gen = json.loads(self.ok(self.home.run("status", "--json")).out)["generation"]
        shown = self.policy("--every", "60d", "--lead", "1w", "--grace", "3d", "--mode", "delayed", "--max-age", "90d")
        self.assertEqual((shown["default"], shown["max_age"]),
                         ({"every": "60d", "lead": "1w", "grace": "3d", "mode": "delayed"}, "90d"))
        self.assertEqual(json.loads(self.ok(self.home.run("status", "--json")).out)["generation"], gen + 1)
        shown = self.policy("--grace", "0d")
        self.assertEqual((shown["default"], shown["max_age"]),
                         ({"every": "60d", "lead": "1w", "grace": "0d", "mode": "delayed"}, "90d"))
        of_entry, = json.loads(self.ok(self.home.run("schedule", "kraken", "--json")).out)["entries"]
        self.assertEqual(of_entry["schedule"], shown["default"])
        before = digest(self.home.vault)
        for args in (["--every", "91d"], ["--every", "never"], ["--every", "60d", "--max-age", "30d"]):
            self.refused(self.touched("policy", *args), 42)
        self.assertEqual(digest(self.home.vault), before)
        self.assertEqual(self.policy("--every", "never", "--max-age", "none")["default"]["every"], None)

    def test_no_schedule_may_be_longer(self):
        self.policy("--max-age", "90d")
        before = digest(self.home.vault)
        for every in ("91d", "never", "4mo", "1y"):
            for whose in ("kraken", "--all", "--default"):
                self.refused(self.touched("schedule", whose, "--every", every), 42, "within 90d")
        self.assertEqual(digest(self.home.vault), before)
        for every in ("90d", "3mo", "12w"):
            self.ok(self.touched("schedule", "kraken", "--every", every))

    def test_those_that_are_longer_are_told_and_cut_short(self):
        self.ok(self.touched("schedule", "kraken", "--every", "never"))
        self.ok(self.touched("schedule", "--default", "--every", "1y"))
        self.ok(self.touched("schedule", "ibkr/live", "--every", "30d"))
        self.assertEqual(self.policy("--max-age", "60d")["longer"], ["kraken"])
        self.ok(self.touched("schedule", "ibkr/live", "--every", "default"))
        self.assertIn(b"maximum age  60d; longer by their schedules: ibkr/live, kraken\n",
                      self.ok(self.home.run("policy")).out)
        shown = json.loads(self.ok(self.home.run("schedule", "--json")).out)["entries"]
        self.assertEqual({e["rotate_by"] for e in shown}, {"2027-04-01T09:30:00Z"})
        self.assertIn(b"kraken     every 60d (maximum), lead 14d (default)", self.ok(self.home.run("schedule")).out)
        self.home.set_clock("2027-04-02 00:00:00")
        self.assertEqual(self.home.run("due", "--check").status, 40)
        self.policy("--max-age", "none")
        self.assertEqual(self.home.run("due", "--check").status, 0)

    def test_a_grace_makes_no_key_older(self):
        self.ok(self.touched("schedule", "kraken", "--every", "30d", "--grace", "90d"))
        self.home.set_clock("2027-05-01 09:30:00")
        self.assertEqual(self.home.run("due", "--check").status, 41)
        self.home.set_clock("2027-04-01 09:30:00")
        self.policy("--max-age", "90d", "--strict")
        self.home.set_clock("2027-05-01 09:29:59")
        self.assertEqual(self.home.run("due", "--check").status, 41)
        self.ok(self.get())
        self.home.set_clock("2027-05-01 09:30:00")
        self.assertEqual(self.home.run("due", "--check").status, 40)
        self.refused(self.get(), 42, "kraken is overdue: it was to be rotated by 2027-03-02")

    def test_overdue_warns(self):
        self.home.set_clock("2027-05-03 09:29:59")
        self.assertNotIn(b"overdue", self.ok(self.get()).err)
        self.home.set_clock(OVERDUE)
        result = self.ok(self.get())
        self.assertEqual((result.out, result.err.count(WARNING)), (b"KEY", 1), result)
        self.assertIn(b'{"warning": {"message": "kraken is overdue'.replace(b": ", b":"),
                      self.get("--json").err.replace(b": ", b":"))
        result = self.ok(self.echo())
        self.assertEqual((result.out, result.err.count(WARNING)), (b"KEY LIVE\n", 1))
        self.ok(self.home.run("snooze", "kraken", "3d"))
        self.assertNotIn(b"overdue", self.ok(self.get()).err)
        self.policy("--overdue", "ignore")
        self.assertNotIn(b"overdue", self.ok(self.echo()).err)

    def test_strict_refuses_before_the_touch(self):
        self.policy("--strict")
        self.ok(self.get())
        self.home.set_clock(OVERDUE)
        self.ok(self.home.run("snooze", "kraken", "3d"))
        before = len(self.plugged.transactions())
        self.refused(self.get(), 42, "kraken is overdue", "touchvault rotate kraken")
        self.refused(self.echo(), 125, "rotate kraken")
        self.assertIn(b'"code":"policy"', self.echo("--json").err.replace(b" ", b""))
        self.assertEqual(len(self.plugged.transactions()), before)
        for result in (self.get("--overdue"), self.echo("--overdue")):
            self.assertIn(b"KEY", self.ok(result).out)
            self.assertIn(WARNING, result.err)
        self.ok(self.touched("schedule", "--all", "--expires", "2027-05-04"))
        self.refused(self.get(), 42, "expired on 2027-05-04")

    def test_strict_lets_it_be_rotated(self):
        self.policy("--strict")
        self.home.set_clock(OVERDUE)
        self.ok(self.touched("rotate", "kraken", "--stage", "--from-json", stdin=b'{"key":"NEW"}'))
        self.assertEqual(self.ok(self.get("--staged")).out, b"NEW")
        self.refused(self.get(), 42)
        self.ok(self.touched("rotate", "kraken", "--promote"))
        self.assertEqual(self.ok(self.get()).out, b"NEW")
        self.assertEqual(self.ok(self.get("--previous")).out, b"KEY")

    def test_status_counts_what_is_marked(self):
        """A key that is in time may have leaked all the same."""
        self.assertIn(b"2 of 2 keys in time\n", self.ok(self.home.run("status")).out)
        self.ok(self.touched("schedule", "kraken", "--now", "seen in a repository"))
        self.assertIn(b"2 of 2 keys in time, 1 marked to be rotated now\n", self.ok(self.home.run("status")).out)
        self.assertEqual(json.loads(self.ok(self.home.run("status", "--json")).out)["marked"], 1)

    def test_status_counts_keys_in_time(self):
        def status():
            shown = json.loads(self.ok(self.home.run("status", "--json")).out)
            return shown["in_time"], shown["entries"]
        self.ok(self.touched("schedule", "ibkr/live", "--every", "1y"))
        self.home.set_clock("2027-05-02 09:30:00")
        self.assertEqual(status(), (2, 2))
        self.home.set_clock(OVERDUE)
        self.assertEqual(status(), (1, 2))
        self.assertIn(b"rotation    1 of 2 keys in time\n", self.ok(self.home.run("status")).out)

    def test_another_host_sees_it(self):
        """It is the vault's, and is in a copy of the file."""
        self.policy("--max-age", "1y")
        copy = os.path.join(self.dir, "copy.tv")
        copy_vault(self.home.vault, copy)
        self.assertEqual(self.ok(self.home.run("--vault", copy, "policy")).out.splitlines()[1], b"maximum age  1y")

    def test_nonsense(self):
        before = digest(self.home.vault)
        for args in (["--max-age", "0d"], ["--max-age", "never"], ["--max-age", "90"], ["--overdue", "no"],
                     ["--overdue", "warn", "--strict"], ["x"],
                     ["--every", "default"], ["--every", "0d"], ["--lead", "2y"], ["--grace", "91d"], ["--grace", "default"],
                     ["--mode", "default"], ["--mode", "both"], ["--every", "soon", "--max-age", "90d"]):
            self.refused(self.touched("policy", *args), 2)
        self.assertEqual(digest(self.home.vault), before)


if __name__ == "__main__":
    unittest.main()
