# SPDX-License-Identifier: BSD-2-Clause
"""Killed at every system call of making a recovery sheet, and of using it: a vault that has
a sheet has one that is on disk, and opens; else the command, repeated, does what it was to do."""
from faults import *

import re
import signal
import unittest

from test_kill import points

ASKED = re.compile(rb"Type group (\d) from the sheet: ")
GROUP = re.compile(rb"Group (\d) of 8: ")


def code_in(path):
    """{number: group}; None where the file isn't whole."""
    try:
        with open(path) as f:
            text = f.read()
    except FileNotFoundError:
        return None
    if not text.endswith("</svg>\n"):
        return None
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", text)
    return {i: texts[texts.index(str(i)) + 1] for i in range(1, 9)}


class Recovering(FaultCase):
    def setUp(self):
        super().setUp()
        self.sheet = os.path.join(self.home.dir, "sheet.svg")
        self.new = Home(os.path.join(self.home.dir, "new"))
        self.save()

    def on_terminal(self, home, args, pattern, answer, wrap=()):
        """Exit status, with each question answered. One that is killed leaves the terminal as it is."""
        t = home.on_terminal(command=[*wrap, *home.command(*self.device, *args)])
        answered = 0
        while t.process.poll() is None:
            t._read(0.05)
            asked = pattern.findall(t.shown)
            if len(asked) > answered:
                answered += 1
                t.type(answer(int(asked[-1])) + "\n")
        while t._read(0):
            pass
        os.close(t.slave)
        os.close(t.master)
        for mark in (b"AddressSanitizer", b"runtime error"):
            self.assertNotIn(mark, t.shown)
        return t.process.returncode

    def create(self, wrap=(), path=None):
        path = path or self.sheet
        # It may be gone again by the time that the question is seen.
        return self.on_terminal(self.home, ["recovery", "create", "--output", path], ASKED,
                                lambda i: (code_in(path) or {}).get(i, ""), wrap)

    def use(self, code, wrap=()):
        return self.on_terminal(self.new, ["recovery", "use", "--name", "new"], GROUP, lambda i: code[i], wrap)

    def has_sheet(self):
        return json.loads(self.ok(self.home.run("status", "--json")).out)["recovery_sheet"] is not None

    def bring(self):
        os.makedirs(os.path.dirname(self.new.vault), 0o700, exist_ok=True)
        shutil.copy(self.home.vault, self.new.vault)

    def opens_on_the_new_host(self):
        got = self.ok(self.new.run(*self.device, "get", "kept"))
        self.assertEqual(got.out, KEPT)


class KilledRecovery(Recovering):
    def killed(self, run, first, check, least):
        """first: a pattern of the call that the part of interest begins with."""
        self.assertEqual(run(self.strace()), 0)
        calls, _ = trace_read(self.trace_file)
        start = next(i for i, c in enumerate(calls) if re.search(first, c.text))
        path = [c for c in calls[start:] if c.name.startswith(("open", "write", "fsync", "rename", "link", "unlink",
                                                               "flock", "close", "read", "pread", "exit_group"))]
        self.restore()
        self.assertGreater(len([c for c in path if c.changes_a_file()]), least, path)
        for call in points(path, FULL):
            with self.subTest(killed_at=str(call)):
                status = run(self.strace("-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(status, -signal.SIGKILL)
                check()
            self.restore()

    def test_create(self):
        outcomes = set()

        def check():
            there = self.has_sheet()
            outcomes.add(there)
            self.assertEqual(self.holds(BEFORE), BEFORE)
            code = code_in(self.sheet)
            if not there:
                again = os.path.join(self.home.dir, "again.svg")
                self.assertEqual(self.create(path=again), 0)
                code = code_in(again)
            self.bring()
            self.assertEqual(self.use(code), 0)
            self.opens_on_the_new_host()
            self.still_takes_a_change(BEFORE)

        self.killed(lambda wrap: self.create(wrap), r'"[^"]*/sheet.svg", O_WRONLY', check, 12)
        self.assertEqual(outcomes, {True, False})

    def test_interrupted(self):
        """By Ctrl-C, or by a terminal that is closed, at any call from when the file is made: it is
        deleted again, unless the vault has the sheet by then."""
        self.assertEqual(self.create(self.strace()), 0)
        calls, _ = trace_read(self.trace_file)
        start = next(i for i, c in enumerate(calls) if re.search(r'"[^"]*/sheet.svg", O_WRONLY', c.text))
        # The report on standard error comes after all that.
        path = [c for c in calls[start:] if c.name in ("openat", "write", "fsync", "fdatasync", "renameat", "flock", "poll")
                and not c.text.startswith("write(2,")]
        self.restore()
        outcomes = set()
        for call in points(path, FULL):
            name = "HUP" if call.nth % 2 else "INT"
            with self.subTest(call=str(call), signal=name):
                status = self.create(self.strace("-e", f"inject={call.name}:signal={name}:when={call.nth}"))
                self.assertIn(status, (0, 14))
                self.assertEqual((os.path.exists(self.sheet), self.has_sheet()), (status == 0,) * 2)
                outcomes.add(status)
            self.restore()
        self.assertEqual(outcomes, {0, 14})

    def test_use(self):
        self.assertEqual(self.create(), 0)
        self.bring()
        self.save()
        code, outcomes = code_in(self.sheet), set()

        def check():
            again = self.use(code)
            self.assertIn(again, (0, 4))
            outcomes.add(again)
            self.opens_on_the_new_host()
            self.assertTrue(json.loads(self.ok(self.new.run("status", "--json")).out)["verified"])
            shutil.copy(self.new.vault, self.home.vault)
            self.assertEqual(self.holds(BEFORE), BEFORE)
            self.assertTrue(self.has_sheet())

        self.killed(lambda wrap: self.use(code, wrap), r"host\.key\.lock", check, 20)
        self.assertEqual(outcomes, {0, 4})

    def test_remove(self):
        """Once it is out, nothing that it opens is beside the vault."""
        self.assertEqual(self.create(), 0)
        self.ok(self.home.run(*self.device, "edit", "edited", "--label", "a=b"))
        code, remove, outcomes = code_in(self.sheet), Change("remove", ["recovery", "remove"], b"", BEFORE), set()
        self.save()

        def opens(path):
            shutil.rmtree(self.new.dir, True)
            os.makedirs(os.path.dirname(self.new.vault), 0o700)
            shutil.copy(path, self.new.vault)
            return self.use(code) == 0

        self.assertTrue(opens(self.home.vault + ".prev"))
        for call in points(commit_path(self.calls_of(remove)), FULL):
            with self.subTest(killed_at=str(call)):
                result = self.change(remove, wrap=self.strace("-e", f"inject={call.name}:signal=KILL:when={call.nth}"))
                self.assertEqual(result.status, -signal.SIGKILL, result)
                outcomes.add(self.has_sheet())
                if not self.has_sheet():
                    self.assertEqual([p for p in self.besides() if opens(p)], [])
            self.restore()
        self.assertEqual(outcomes, {True, False})

    def test_the_sheet_is_on_disk_before_the_vault_knows_of_it(self):
        self.assertEqual(self.create(self.strace()), 0)
        calls, _ = trace_read(self.trace_file)
        rest = iter(c.text for c in calls)
        for pattern in (r'openat\(AT_FDCWD, "[^"]*/sheet.svg", O_WRONLY\|O_CREAT\|O_EXCL', r"write\(", r"fsync\(",
                        r'openat\(AT_FDCWD, "[^"]*", O_RDONLY\|O_CLOEXEC\|O_DIRECTORY', r"fsync\(",
                        r'openat\(\d+, "default.tv.tmp", O_WRONLY'):
            self.assertTrue(any(re.match(pattern, text) for text in rest), pattern)


if __name__ == "__main__":
    unittest.main()
