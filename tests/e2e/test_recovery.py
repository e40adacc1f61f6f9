# SPDX-License-Identifier: BSD-2-Clause
"""The recovery sheet: in the place of all hosts, and never of the touch."""
from harness import *

import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vectors"), os.path.join(HERE, "..", "fault")]
import attacks  # noqa: E402
import reader  # noqa: E402
from memory import host_secrets, vault_secrets  # noqa: E402
from swtpm import SwTpm, have_swtpm  # noqa: E402

GROUP = "[0-9A-HJKMNP-TV-Z]{5}"
NUMBERED = re.compile(rf"\b([1-8]) ({GROUP})\b")
WHOLE = re.compile(rf"\b{GROUP}(?:-{GROUP}){{7}}\b")


def shown_code(text):
    """Of a sheet on a terminal, or in a file as text."""
    groups = {int(n): g for n, g in NUMBERED.findall(text)}
    assert sorted(groups) == list(range(1, 9)), text
    return [groups[i] for i in range(1, 9)]


def svg_code(path):
    """What a person reads off the drawing: each number has its group behind it."""
    with open(path) as f:
        texts = re.findall(r"<text [^>]*>([^<]*)</text>", f.read())
    return [texts[texts.index(str(i)) + 1] for i in range(1, 9)]


class Sheets(Case):
    """self.home is the approved host; others are homes of their own."""

    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t, None, "--host-name", "desk")
        self.add(self.t, "ibkr/live", {"secret": "CANARY-4711"})

    def terminal(self, home, *args, **kwargs):
        return home.on_terminal("--device", self.t.path, *args, **kwargs)

    def type_back(self, t, code):
        """The groups that it asks for."""
        for _ in range(2):
            t.expect("Type group ")
            t.expect(" from the sheet: ")
            asked = int(re.findall(rb"Type group (\d) from", t.shown)[-1])
            t.type(code[asked - 1].lower() + "\n")

    def create(self, *options, home=None):
        t = self.terminal(home or self.home, "recovery", "create", *options)
        t.expect("type two groups back")
        code = shown_code(t.shown.decode())
        self.type_back(t, code)
        t.expect("to replace the recovery sheet" if "--replace" in options else "to add the recovery sheet")
        self.created = self.ok(t.finish()).tty
        return code

    def write(self, name, *options):
        """(code, path) of a sheet in a file."""
        path = os.path.join(self.dir, name)
        t = self.terminal(self.home, "recovery", "create", "--output", path, *options)
        t.expect("type two groups back")
        code = svg_code(path) if name.endswith(".svg") else pdf_code(path)
        self.type_back(t, code)
        self.ok(t.finish())
        return code, path

    def other(self, name, vault=None):
        home = Home(os.path.join(self.dir, name))
        copy_vault(vault or self.home.vault, home.vault)
        return home

    def typing(self, home, code, *options):
        t = self.terminal(home, "recovery", "use", *options)
        for i, group in enumerate(code, 1):
            t.expect(f"Group {i} of 8: ")
            t.type(group + "\n")
        return t

    def use(self, home, code, *options):
        return self.typing(home, code, *options).finish()

    def status(self, home=None):
        return json.loads(self.ok((home or self.home).run("status", "--json")).out)

    def header(self, home):
        with open(home.vault, "rb") as f:
            return reader.header(f.read())

    def approve(self, home, name):
        made = json.loads(self.ok(home.run("host", "request", "--name", name, "--json")).out)
        self.ok(self.home.run("--device", self.t.path, "host", "approve", "--fingerprint", made["fingerprint"],
                              stdin=made["request"].encode()))
        copy_vault(self.home.vault, home.vault)

    def opens(self, home):
        got = self.ok(home.run("--device", self.t.path, "get", "ibkr/live"))
        self.assertEqual(got.out, b"CANARY-4711")

    def marked(self, home=None):
        return b"ROTATE NOW" in self.ok((home or self.home).run("list")).out


def pdf_code(path):
    text = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return shown_code(text.replace("\n", " "))


def scanned(path, directory):
    """What a reader of QR codes makes of the page."""
    image = os.path.join(directory, "page.png")
    if path.endswith(".svg"):
        subprocess.run(["rsvg-convert", "-d", "150", "-p", "150", "-o", image, path], check=True)
    else:
        subprocess.run(["pdftoppm", "-png", "-r", "150", "-singlefile", path, image[:-4]], check=True)
    found = subprocess.run(["zbarimg", "--raw", "-q", image], stdout=subprocess.PIPE, check=True)
    return found.stdout.decode().strip()


class Recovery(Sheets):
    def test_all_hosts_are_lost(self):
        code = self.create()
        new = self.other("new")
        self.refused(new.run("list"), 20, "recovery use")
        result = self.ok(self.use(new, code, "--name", "new"))
        self.assertIn(b"new is approved, by the recovery sheet", result.shown)
        self.assertIn(b"host revoke", result.shown)
        self.assertIn(b"recovery create --replace", result.shown)
        self.opens(new)
        status = self.status(new)
        self.assertTrue(status["verified"])
        self.assertEqual(status["committed"]["by"], "new")
        self.assertEqual([h["name"] for h in status["hosts"]], ["desk", "new"])
        listed = self.ok(new.run("host", "list")).out.decode()
        self.assertRegex(listed, r"new: .* approved .* by recovery sheet, fingerprint \S+ \(this host\)\nrecovery sheet: since .*, by desk\n")

        # What was lost is left out from there, and the sheet goes on.
        self.ok(new.run("--device", self.t.path, "host", "revoke", "desk"))
        copy_vault(new.vault, self.home.vault)
        self.refused(self.home.run("list"), 20)
        third = self.other("third", new.vault)
        self.ok(self.use(third, code, "--name", "third"))
        self.opens(third)

    def test_hosts_that_were_away_follow(self):
        """One that has seen the sheet, and one that has not, accept who came in by it."""
        laptop = self.other("laptop")
        made = json.loads(self.ok(laptop.run("host", "request", "--name", "laptop", "--json")).out)
        self.ok(self.home.run("--device", self.t.path, "host", "approve", "--fingerprint", made["fingerprint"],
                              stdin=made["request"].encode()))
        copy_vault(self.home.vault, laptop.vault)
        self.opens(laptop)
        code = self.create()
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        copy_vault(new.vault, laptop.vault)
        self.opens(laptop)
        self.ok(new.run("--device", self.t.path, "recovery", "remove"))
        for home in (self.home, laptop):
            copy_vault(new.vault, home.vault)
            self.opens(home)
            self.assertTrue(self.status(home)["verified"])

    def test_status_says_since_when(self):
        self.assertIn(b"recovery    no sheet\n", self.ok(self.home.run("status")).out)
        self.assertIsNone(self.status()["recovery_sheet"])
        self.create()
        text = self.ok(self.home.run("status")).out.decode()
        self.assertRegex(text, r"recovery    sheet since \d{4}-\d\d-\d\d \d\d:\d\d UTC, by desk\n")
        self.assertIn("1 host,", text)
        self.assertEqual(self.status()["recovery_sheet"]["by"], "desk")
        self.assertEqual(json.loads(self.ok(self.home.run("host", "list", "--json")).out)["recovery_sheet"],
                         self.status()["recovery_sheet"])
        self.assertEqual(len(self.status()["hosts"]), 1)

    def test_the_touch_is_not_replaced(self):
        code = self.create()
        before = digest(self.home.vault)
        new = self.other("new")
        self.t.control("touch-policy never")
        t = self.typing(new, code, "--name", "new")
        t.expect("to approve this host, new, by the recovery sheet")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.t.control("touch-policy at-once")
        self.assertEqual(digest(new.vault), before)
        self.refused(new.run("--device", self.t.path, "list"), 20)
        self.refused(new.run("--device", self.t.path, "get", "ibkr/live"), 20)
        # Nor does the token of another vault do.
        other = self.token("other")
        t = new.on_terminal("--device", other.path, "recovery", "use")
        for group in code:
            t.expect(" of 8: ")
            t.type(group + "\n")
        self.assertEqual(t.finish().status, 11)
        self.assertEqual(digest(new.vault), before)

    def test_a_wrong_group_is_found_when_it_is_typed(self):
        code = self.create()
        new = self.other("new")
        t = self.terminal(new, "recovery", "use", "--name", "new")
        for i, group in enumerate(code, 1):
            t.expect(f"Group {i} of 8: ")
            for wrong in (("0" if group[2] != "0" else "1").join((group[:2], group[3:])), group[:4], code[i % 8], "U" + group[1:],
                          group[0] + group[2] + group[1] + group[3:] if group[1] != group[2] else ""):
                if wrong:
                    t.type(wrong + "\n")
                    t.expect(f"Group {i} is not right")
                    t.expect(f"Group {i} of 8: ")
            t.type(group + "\n")
        result = self.ok(t.finish())
        self.opens(new)
        # What is typed is not shown.
        for group in code:
            self.assertNotIn(group.encode(), result.shown)

    def test_as_people_and_readers_type_it(self):
        code = self.create()
        for name, lines in (("lower", ["-".join(code).lower()]), ("blanks", [" ".join(code[:4]) + "  ", "".join(code[4:])]),
                            ("letters", [g.replace("0", "O").replace("1", "l") for g in code]),
                            ("spaced", [" ".join(g) for g in code])):
            with self.subTest(name):
                home = self.other(name)
                t = self.terminal(home, "recovery", "use", "--name", name)
                for line in lines:
                    t.expect(" of 8: ")
                    t.type(line + "\n")
                self.ok(t.finish())
                self.opens(home)

    def test_more_than_a_code_is_told_and_not_asked_for_again(self):
        code = self.create()
        for name, behind in (("group", "-00001"), ("part", "-0"), ("word", " trailing"), ("twice", "-" + "-".join(code))):
            with self.subTest(name):
                home = self.other(name)
                t = self.terminal(home, "recovery", "use", "--name", name)
                t.expect("Group 1 of 8: ")
                t.type("-".join(code) + behind + "\n")
                result = self.ok(t.finish())
                self.assertIn(b"The code has 8 groups; what was typed behind them counts for nothing", result.shown)
                self.assertNotIn(b"not right", result.shown)
                self.opens(home)

    def test_pasted_at_once(self):
        """All lines at the first prompt: none is lost, and none is shown."""
        code = self.create()
        new = self.other("new")
        t = self.terminal(new, "recovery", "use", "--name", "new")
        t.expect("Group 1 of 8: ")
        t.type("\n".join(code) + "\n")
        result = self.ok(t.finish())
        for i, group in enumerate(code, 1):
            self.assertIn(b"Group %d of 8: " % i, result.shown)
            self.assertNotIn(group.encode(), result.shown)
        self.opens(new)
        # Behind one that is wrong the rest counts for nothing.
        other = self.other("other")
        t = self.terminal(other, "recovery", "use", "--name", "other")
        t.expect("Group 1 of 8: ")
        t.type("\n".join([code[0], code[2], *code[2:]]) + "\n")
        t.expect("Group 2 is not right")
        for i, group in enumerate(code[1:], 2):
            t.expect(f"Group {i} of 8: ")
            self.assertFalse(t.echo_is_on())
            t.type(group + "\n")
        result = self.ok(t.finish())
        self.assertEqual(result.shown.count(b"is not right"), 1)

    def test_a_code_of_another_vault(self):
        self.create()
        self.ok(self.home.run("--device", self.t.path, "--vault", "two", "init", "--host-name", "desk"))
        two = self.create("--vault", "two")
        new = self.other("new")
        before = digest(new.vault)
        result = self.use(new, two)
        self.assertEqual(result.status, 24, result)
        self.assertIn(b"of another vault", result.tty)
        self.assertNotIn(b"Touch", result.tty)
        self.assertEqual(digest(new.vault), before)

    def test_the_log_has_it(self):
        """Under the host's own key, also while the sheet stands in for it."""
        code = self.create()
        new = self.other("new")
        wrong = reader.recovery_code(bytes(20)).split("-")
        self.assertEqual(self.use(new, wrong, "--name", "new").status, 24)
        self.ok(self.use(new, code, "--name", "new"))
        self.ok(new.run("--device", self.t.path, "recovery", "remove"))
        for home, commands, wanted in (
                (self.home, {"recovery-create"}, [("unlock", "", ""), ("approval", "recovery sheet", "")]),
                (new, {"recovery-use", "recovery-remove"},
                 [("refusal", "", "recovery-code"), ("unlock", "", ""), ("approval", "new", ""),
                  ("unlock", "", ""), ("revocation", "recovery sheet", "")])):
            log = [e for e in json.loads(self.ok(home.run("log", "--json")).out) if e["event"] != "seal"]
            self.assertEqual([(e["event"], e["name"], e["code"]) for e in log][-len(wanted):], wanted)
            self.assertFalse(any(e["unreadable"] for e in log))
            self.assertEqual({e["command"] for e in log[-len(wanted):]}, commands)
            self.ok(home.run("--device", self.t.path, "log", "verify"))

    @unittest.skipUnless(have_swtpm(), "NOT TESTED: there is no swtpm, or no tpm2-tools")
    def test_on_a_host_with_a_tpm(self):
        code, new, tpm = self.create(), self.other("new"), SwTpm(self.dir)
        self.addCleanup(tpm.stop)
        self.ok(self.use(new, code, "--name", "new", "--tpm", tpm.path))
        self.assertEqual([h["kind"] for h in self.status(new)["hosts"] if h["this_host"]], ["tpm2"])
        self.opens(new)
        other = self.other("other")
        self.refused(other.run("recovery", "use", "--kind", "paper"), 2, "--kind")
        result = self.use(other, code, "--name", "other", "--kind", "keyfile")
        self.ok(result)
        self.assertNotIn(b"TPM", result.tty)

    @unittest.skipUnless(have_swtpm(), "NOT TESTED: there is no swtpm, or no tpm2-tools")
    def test_the_only_host_has_its_tpm_cleared(self):
        tpm, self.home = SwTpm(self.dir), Home(os.path.join(self.dir, "sealed"))
        self.addCleanup(tpm.stop)
        self.ok(self.home.run("--device", self.t.path, "init", "--host-name", "desk", "--tpm", tpm.path))
        self.add(self.t, "ibkr/live", {"secret": "CANARY-4711"})
        code = self.create()
        tpm.tool("clear", "-c", "p")
        self.refused(self.home.run("--device", self.t.path, "get", "ibkr/live"), 21, self.home.host_key, "move it",
                     '"state" beside it', "touchvault recovery use")
        for path in (self.home.host_key, self.home.state):
            os.rename(path, path + ".away")
        self.ok(self.use(self.home, code, "--name", "desk again", "--tpm", tpm.path))
        self.opens(self.home)

    def test_remove(self):
        code = self.create()
        self.assertFalse(self.marked())
        old = self.other("old")
        result = self.ok(self.home.run("--device", self.t.path, "recovery", "remove"))
        self.assertIn(b"every entry is marked", result.err)
        self.assertTrue(self.marked())
        self.assertIn(b"recovery sheet removed", self.ok(self.home.run("show", "ibkr/live")).out)
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        self.assertIsNone(self.status()["recovery_sheet"])
        new = self.other("new")
        self.assertEqual(self.use(new, code).status, 24)
        self.refused(self.home.run("--device", self.t.path, "recovery", "remove"), 3, "recovery create")
        # A backup from before opens for ever, and is refused by who has seen the removal.
        self.ok(self.use(old, code, "--name", "old"))
        copy_vault(old.vault, self.home.vault)
        self.refused(self.home.run("list"), 32)

    def test_who_came_in_by_it_is_named_when_it_is_removed(self):
        code = self.create()
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        copy_vault(new.vault, self.home.vault)
        said = self.ok(self.home.run("--device", self.t.path, "recovery", "remove")).err
        self.assertRegex(said, rb"new was approved by recovery sheet and stays in; .*host revoke [0-9A-Z-]{19}\"")
        hosts = json.loads(self.ok(self.home.run("host", "list", "--json")).out)["hosts"]
        self.assertEqual([h["approved_by"] for h in hosts], ["desk", None])

    def test_one_sheet_at_a_time(self):
        first = self.create()
        self.refused(self.home.run("--device", self.t.path, "recovery", "create"), 2, "terminal")
        t = self.terminal(self.home, "recovery", "create")
        result = t.finish()
        self.assertEqual(result.status, 4, result)
        self.assertIn(b"--replace", result.tty)
        self.assertNotIn(b"the sheet from before", self.created)
        n = len(json.loads(self.ok(self.home.run("log", "--json")).out))
        second = self.create("--replace")
        self.assertEqual([(e["event"], e["name"]) for e in json.loads(self.ok(self.home.run("log", "--json")).out)[n:]],
                         [("unlock", ""), ("approval", "recovery sheet"), ("revocation", "recovery sheet")])
        self.ok(self.home.run("--device", self.t.path, "log", "verify"))
        self.assertIn(b"the sheet from before opens nothing any more", self.created)
        self.assertNotEqual(first, second)
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        self.assertFalse(self.marked())
        new = self.other("new")
        self.assertEqual(self.use(new, first).status, 24)
        self.ok(self.use(new, second, "--name", "new"))
        self.opens(new)

    def test_nothing_is_kept_unless_it_was_typed_back(self):
        before = digest(self.home.vault)
        for name in ("sheet.svg", "sheet.pdf"):
            path = os.path.join(self.dir, name)
            t = self.terminal(self.home, "recovery", "create", "--output", path)
            t.expect("type two groups back")
            self.assertTrue(os.path.exists(path))
            t.expect("from the sheet: ")
            t.type("00000\n")
            t.expect("That is not group")
            t.expect("from the sheet: ")
            t.type("\x03")
            result = t.finish()
            self.assertEqual(result.status, 14)
            self.assertIn(f"void: {path} is deleted again".encode(), result.shown.replace(b"\r\n", b""))
            self.assertNotIn(b"or shown", result.shown)
            self.assertFalse(os.path.exists(path))
        # The right group in the wrong place is none.
        t = self.terminal(self.home, "recovery", "create")
        t.expect("type two groups back")
        code = shown_code(t.shown.decode())
        t.expect("Type group ")
        t.expect(": ")
        asked = int(re.findall(rb"Type group (\d) from", t.shown)[-1])
        t.type(code[asked % 8] + "\n")
        t.expect("That is not group")
        t.expect("from the sheet: ")
        t.type("\x04")
        self.assertEqual(t.finish().status, 14)
        # A touch that doesn't come undoes it, too.
        self.t.control("touch-policy refused")
        path = os.path.join(self.dir, "again.svg")
        t = self.terminal(self.home, "recovery", "create", "--output", path)
        t.expect("type two groups back")
        self.type_back(t, svg_code(path))
        self.assertEqual(t.finish().status, 14)
        self.assertFalse(os.path.exists(path))
        self.assertEqual(digest(self.home.vault), before)

    def test_refusals(self):
        """All before anything is made or touched."""
        before = digest(self.home.vault)
        there = os.path.join(self.dir, "there.pdf")
        with open(there, "w") as f:
            f.write("mine")
        nowhere = os.path.join(self.dir, "nowhere", "sheet.pdf")
        for args, status, word in ((["create", "--output", "sheet.txt"], 2, ".pdf"),
                                   (["create", "--output", there], 4, "there already"),
                                   (["create", "--output", nowhere], 1, "can't be written"),
                                   (["create", "--json"], 2, "--output"), (["use"], 4, "approved already"),
                                   (["print"], 2, "usage"), (["use", "--name", ""], 2, "host name")):
            with self.subTest(args=args):
                result = self.terminal(self.home, "recovery", *args).finish()
                self.assertEqual(result.status, status, result)
                self.assertIn(word.encode(), result.tty)
        with open(there) as f:
            self.assertEqual(f.read(), "mine")
        os.symlink(nowhere, os.path.join(self.dir, "link.svg"))
        result = self.terminal(self.home, "recovery", "create", "--output", os.path.join(self.dir, "link.svg")).finish()
        self.assertEqual(result.status, 4, result)
        # To a pipe it is not printed, and without a terminal nothing is asked.
        result = self.terminal(self.home, "recovery", "create", pipe_stdout=True).finish()
        self.assertEqual((result.status, result.out), (2, b""), result)
        new = self.other("new")
        self.refused(new.run("recovery", "use"), 2, "terminal")
        self.refused(Home(os.path.join(self.dir, "empty")).run("recovery", "use"), 3)
        self.assertEqual(digest(self.home.vault), before)

    def test_a_name_that_is_taken(self):
        """It shows once the code has opened the vault, and the code isn't asked for again."""
        code, new = self.create(), self.other("new")
        new = self.other("new")
        before = digest(new.vault)
        t = self.typing(new, code, "--name", "desk")
        t.expect("A host desk is there already")
        t.expect("Another name for this one: ")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertEqual(digest(new.vault), before)
        t = self.typing(new, code, "--name", "desk")
        for name in ("desk", "", "a\tb"):
            t.expect("Another name for this one: ")
            t.type(name + "\n")
        t.expect("Another name for this one: ")
        t.type("new\n")
        result = self.ok(t.finish())
        self.assertIn(b"new is approved", result.tty)
        self.assertEqual([h["name"] for h in self.status(new)["hosts"]], ["desk", "new"])

    def leave(self, home, name, code, last=False):
        t = self.terminal(home, "host", "revoke", name)
        if last:
            t.expect("only host of the vault")
        for i, group in enumerate(code, 1):
            t.expect(f"Group {i} of 8: ")
            t.type(group + "\n")
        t.expect(f"to revoke this host, {name}")
        return t.finish()

    def test_the_own_host_leaves_by_the_sheet_alone(self):
        self.refused(self.home.run("--device", self.t.path, "host", "revoke", "desk"), 2, "only host")
        code = self.create()
        before = digest(self.home.vault)
        self.refused(self.home.run("--device", self.t.path, "host", "revoke", "desk"), 2,
                     "no terminal to type the code")
        self.assertEqual(digest(self.home.vault), before)
        result = self.leave(self.home, "desk", code, last=True)
        self.ok(result)
        self.assertIn(b"this host opens the vault no more", result.tty)
        self.refused(self.home.run("--device", self.t.path, "get", "ibkr/live"), 20)
        self.refused(self.home.run("--device", self.t.path, "list"), 20)
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        # The sheet is all that is left; it lets this host in again, by its old key, or another one.
        key, header = reader.recovery_key("-".join(code)), self.header(self.home)
        x = reader.open_index(header, key)[1]
        self.assertEqual([h["kind"] for h in x["hosts"]], [3])
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        self.assertIn(b"by recovery sheet", new.run("host", "list").out)
        self.assertTrue(self.marked(new))
        self.opens(new)
        # Its log begins here, though the key that opened the vault had signed it.
        self.ok(new.run("--device", self.t.path, "log", "verify"))
        self.ok(self.use(self.home, code, "--name", "desk"))
        self.opens(self.home)

    def test_others_accept_what_the_sheet_signed(self):
        code = self.create()
        second = Home(os.path.join(self.dir, "second"))
        self.approve(second, "second")
        self.opens(second)
        self.assertNotIn(b"only host", self.ok(self.leave(self.home, "desk", code)).shown)
        copy_vault(self.home.vault, second.vault)
        self.opens(second)
        self.assertEqual(self.status(second)["committed"]["by"], "recovery sheet")
        self.assertEqual([h["name"] for h in self.status(second)["hosts"]], ["second"])
        self.ok(second.run("--device", self.t.path, "recovery", "remove"))
        self.opens(second)

    def test_names_that_are_not_of_a_host(self):
        self.create()
        for name in ("recovery sheet", ""):
            self.refused(self.home.run("--device", self.t.path, "host", "revoke", name), 3)

    def test_a_host_that_made_it_is_revoked(self):
        code = self.create()
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        said = self.ok(new.run("--device", self.t.path, "host", "revoke", "desk")).err
        self.assertIn(b"the recovery sheet was made by desk and stays; to shut it out, too: \"touchvault recovery create --replace\"", said)
        self.assertIsNone(self.status(new)["recovery_sheet"]["by"])
        self.assertIn(b"by one that has left", self.ok(new.run("status")).out)
        self.ok(new.run("--device", self.t.path, "host", "rekey"))
        third = self.other("third", new.vault)
        self.ok(self.use(third, code, "--name", "third"))
        copy_vault(third.vault, new.vault)
        self.opens(new)

    def test_on_a_host_that_has_another_vault(self):
        """Its key and its state are there, and stay."""
        code = self.create()
        new = Home(os.path.join(self.dir, "new"))
        self.ok(new.run("--device", self.t.path, "--vault", "own", "init", "--host-name", "new"))
        key = digest(new.host_key)
        copy_vault(self.home.vault, new.vault)
        self.ok(self.use(new, code, "--name", "new"))
        self.opens(new)
        self.assertEqual(digest(new.host_key), key)
        self.assertTrue(json.loads(self.ok(new.run("--vault", "own", "status", "--json")).out)["verified"])
        self.assertEqual(len(json.loads(self.ok(new.run("host", "show", "--json")).out)["vaults"]), 2)

    def test_hosts_are_approved_before_the_sheet(self):
        """The order that the format asks for."""
        code = self.create()
        for name in ("b", "c"):
            home = self.other(name)
            made = json.loads(self.ok(home.run("host", "request", "--name", name, "--json")).out)
            self.ok(self.home.run("--device", self.t.path, "host", "approve", "--fingerprint", made["fingerprint"],
                                  stdin=made["request"].encode()))
        hosts = json.loads(self.ok(self.home.run("host", "list", "--json")).out)["hosts"]
        self.assertEqual([h["name"] for h in hosts], ["desk", "b", "c"])
        shown = json.loads(self.ok(home.run("host", "show", "--json")).out)
        self.assertEqual(hosts[2]["fingerprint"], shown["fingerprint"])
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        self.opens(new)

    def test_the_second_reader_opens_it_by_the_code(self):
        code = self.create()
        key = reader.recovery_key("-".join(code))
        with open(self.home.vault, "rb") as f:
            p = f.read()
        _, x = reader.open_index(reader.header(p), key)
        self.assertEqual([e["name"] for e in x["entries"]], ["ibkr/live"])
        self.assertEqual([h["kind"] for h in x["hosts"]], [1, 3])
        self.assertEqual(x["hosts"][1]["hvk"], key["hvk"])
        with self.assertRaises(reader.Refused):
            reader.recovery_key("-".join([code[1], code[0], *code[2:]]))


class Full(Sheets):
    """A sheet that lets nobody in, because all slots are taken, would be none."""

    def fill(self, hosts):
        for i in range(1, hosts):
            self.approve(Home(os.path.join(self.dir, f"h{i}")), f"h{i}")
        self.assertEqual(len(self.status()["hosts"]), hosts)

    def asked_for_nothing(self, result, touches):
        self.clean(result)
        self.assertEqual(result.status, 2, result)
        for words in (b"64 hosts at most, or 62 and a recovery sheet", b"revoke one"):
            self.assertIn(words, result.err + result.tty)
        self.assertNotIn(b"Touch", result.err + result.tty)
        self.assertEqual(len(self.t.transactions()), touches)

    def approves_no_more(self, home):
        touches = len(self.t.transactions())
        self.asked_for_nothing(home.run("--device", self.t.path, "host", "approve", stdin=b""), touches)

    def makes_no_sheet(self, home, *options):
        touches, path = len(self.t.transactions()), os.path.join(self.dir, "none.svg")
        result = self.terminal(home, "recovery", "create", "--output", path, *options).finish()
        self.asked_for_nothing(result, touches)
        self.assertFalse(os.path.exists(path))
        self.assertNotIn(b"group", result.shown)

    def test_sixty_two_and_a_sheet_which_lets_one_more_in(self):
        self.fill(62)
        self.create()
        self.approves_no_more(self.home)
        code = self.create("--replace")
        new, third = self.other("new"), self.other("third")
        self.ok(self.use(new, code, "--name", "new"))
        self.opens(new)
        self.assertEqual(len(self.header(new)["host_slots"]) // 136, 64)
        self.ok(new.run("--device", self.t.path, "edit", "ibkr/live", "--label", "a=b"))
        self.approves_no_more(new)
        self.makes_no_sheet(new, "--replace")
        # With none free it says so before the touch; with one revoked it lets one in again.
        copy_vault(new.vault, third.vault)
        touches = len(self.t.transactions())
        self.asked_for_nothing(self.use(third, code, "--name", "third"), touches)
        self.ok(new.run("--device", self.t.path, "host", "revoke", "h1"))
        self.approves_no_more(new)
        copy_vault(new.vault, third.vault)
        self.ok(self.use(third, code, "--name", "third"))
        self.opens(third)

    def test_sixty_three_and_no_sheet(self):
        self.fill(63)
        self.makes_no_sheet(self.home)
        self.approve(Home(os.path.join(self.dir, "last")), "last")
        self.makes_no_sheet(self.home)
        for name in ("h1", "last"):
            self.ok(self.home.run("--device", self.t.path, "host", "revoke", name))
        self.create()


class Attacks(attacks.Attacks):
    """By who has the sheet, and all that it leads to."""

    create, terminal, type_back = Sheets.create, Sheets.terminal, Sheets.type_back

    def sheet_keys(self, code):
        key = reader.recovery_key("-".join(code))
        return key, {"sheet box key": key["hsk"], "sheet signing key": key["signing"][:32], "nothing": bytes(32)}

    def test_without_the_token_it_has_names_only(self):
        _, known = self.sheet_keys(self.create())
        found = self.all_that_opens(self.header(self.home), known, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index"})

    def test_when_it_was_removed_it_has_nothing(self):
        _, known = self.sheet_keys(self.create())
        known.update(vault_secrets(self.home, self.response))
        for name in host_secrets(self.home)[1]:
            del known[name]
        self.ok(self.home.run("--device", self.t.path, "recovery", "remove"))
        h = self.header(self.home)
        known["new A"] = self.by_token(h)["A"]
        self.assertEqual(self.all_that_opens(h, known, self.truth(self.home)), set())

    def signed(self, p, secrets, by, signer):
        """The file p, as a host would commit it that knows every key of the vault."""
        return attacks.mended(p[:96] + signer["host_id"] + p[112:], secrets["file tag key"], by["signing"])

    def test_when_it_was_removed_it_signs_nothing(self):
        """With every key of the vault, and its own name in the header."""
        key, _ = self.sheet_keys(self.create())
        secrets, h, p = vault_secrets(self.home, self.response), self.header(self.home), self.file(self.home)
        desk, _ = host_secrets(self.home)
        x = reader.open_index(h, desk)[1]
        by_desk, by_sheet = (self.signed(p, secrets, by, x["hosts"][i]) for i, by in enumerate((desk, key)))
        as_sheet = self.signed(p, secrets, desk, x["hosts"][1])
        for f, options, status in ((by_desk, (), 0), (as_sheet, (), 31), (by_sheet, (), 32),
                                   (by_sheet, ("--accept-rollback",), 0)):
            self.put(f)
            result = self.home.run("--device", self.t.path, *options, "list")
            self.assertEqual(result.status, status, result)
        self.put(p)
        self.ok(self.home.run("--device", self.t.path, "recovery", "remove"))
        after = self.file(self.home)
        for f, status in ((by_desk, 0), (by_sheet, 31)):
            self.put(f)
            result = self.home.run("--device", self.t.path, "list")
            self.assertEqual(result.status, 32, result)
            result = self.home.run("--device", self.t.path, "--accept-rollback", "list")
            self.assertEqual(result.status, status, result)
            self.put(after)


class Pages(Sheets):
    """The sheet as a file."""

    def page(self, name):
        code, path = self.write(name)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(scanned(path, self.dir), "-".join(code))
        new = self.other("new")
        self.ok(self.use(new, code, "--name", "new"))
        self.opens(new)
        # A reader of QR codes that is a keyboard types it in one line.
        by_reader = self.other("by-reader")
        self.ok(self.use(by_reader, [scanned(path, self.dir)], "--name", "by-reader"))
        self.opens(by_reader)
        return path

    def says(self, text):
        for words in ("default.tv", self.status()["id"], "It stands for a computer, not for the token",
                      "touchvault recovery use", "touchvault host revoke", "never", "together with a token"):
            self.assertIn(words, text)

    def test_svg(self):
        path = self.page("sheet.svg")
        with open(path) as f:
            self.says(f.read())

    def test_pdf(self):
        path = self.page("sheet.pdf")
        info = subprocess.run(["pdfinfo", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        self.assertEqual(info.stderr, b"")
        self.assertRegex(info.stdout.decode(), r"Pages: +1\n[\s\S]*Page size: +595 x 842 pts \(A4\)")
        text = subprocess.run(["pdftotext", "-layout", path, "-"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.says(text)

    def test_names_that_are_not_plain(self):
        """They are text, and no markup of the page."""
        folder = os.path.join(self.dir, "v")
        os.mkdir(folder, 0o700)
        vault = os.path.join(folder, "Z\u00fcrich <b>(\\) & \u20ac.tv")
        self.ok(self.home.run("--device", self.t.path, "--vault", vault, "init"))
        _, path = self.write("sheet.pdf", "--vault", vault)
        text = subprocess.run(["pdftotext", "-layout", path, "-"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.assertIn("Z\u00fcrich <b>(\\) & ?.tv", text)
        _, path = self.write("sheet.svg", "--vault", vault, "--replace")
        subprocess.run(["rsvg-convert", "-o", os.path.join(self.dir, "page.png"), path], check=True)
        with open(path) as f:
            self.assertIn("Z\u00fcrich &#60;b&#62;(\\) &#38; \u20ac.tv", f.read())


if __name__ == "__main__":
    unittest.main()
