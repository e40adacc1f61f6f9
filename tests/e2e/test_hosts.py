# SPDX-License-Identifier: BSD-2-Clause
"""Several hosts: a request is confirmed by its fingerprint and a touch; a host
that was left out is out, and its forgeries are refused."""
from harness import *

import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vectors"), os.path.join(HERE, "..", "fault")]
import reader  # noqa: E402
from memory import host_secrets  # noqa: E402

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Hosts(Case):
    """self.home is the approved one; others are homes of their own."""

    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t, None, "--host-name", "desk")
        self.add(self.t, "ibkr/live", {"secret": "CANARY-4711"})

    def other(self, name):
        return Home(os.path.join(self.dir, name))

    def run_on(self, home, *args, **kwargs):
        return home.run("--device", self.t.path, *args, **kwargs)

    def request(self, home, name="laptop"):
        """(line, fingerprint)"""
        made = json.loads(self.ok(home.run("host", "request", "--name", name, "--json")).out)
        return made["request"], made["fingerprint"]

    def approve(self, home, name="laptop", by=None, *options):
        line, fingerprint = self.request(home, name)
        self.ok(self.run_on(by or self.home, "host", "approve", "--fingerprint", fingerprint, *options,
                            stdin=line.encode()))
        copy_vault((by or self.home).vault, home.vault)
        return home

    def sync(self, source, *homes):
        for home in homes:
            copy_vault(source.vault, home.vault)

    def hosts(self, home=None):
        listed = json.loads(self.ok((home or self.home).run("host", "list", "--json")).out)["hosts"]
        return {h["name"]: h for h in listed}

    def get(self, home):
        return self.run_on(home, "get", "ibkr/live")

    def opens(self, *homes):
        for home in homes:
            self.assertEqual(self.ok(self.get(home)).out, b"CANARY-4711")

    def edit(self, home, value="CANARY-4711"):
        self.ok(self.run_on(home, "edit", "ibkr/live", "--field", "secret=-", stdin=value.encode()))


class Requests(Hosts):
    def test_only_the_line_is_on_standard_output(self):
        laptop = self.other("laptop")
        made = self.ok(laptop.run("host", "request"))
        self.assertRegex(made.out, rb"^touchvault-host-request:1:[0-9A-Z]+\n$")
        shown = json.loads(self.ok(laptop.run("host", "show", "--json")).out)
        self.assertRegex(shown["fingerprint"], f"^([{CROCKFORD}]{{4}}-){{3}}[{CROCKFORD}]{{4}}$")
        self.assertIn(shown["fingerprint"].encode(), made.err)
        self.assertIn(b"host approve", made.err)
        self.assertEqual(os.stat(laptop.host_key).st_mode & 0o777, 0o600)

    def test_the_key_stays(self):
        laptop = self.other("laptop")
        first = self.request(laptop)
        key = digest(laptop.host_key)
        self.assertEqual(self.request(laptop, "another")[1], first[1])
        self.assertEqual(digest(laptop.host_key), key)

    def test_as_the_second_reader_reads_it(self):
        laptop = self.other("laptop")
        for name in ("l", "Z\u00fcrich", "x" * 64):
            line, fingerprint = self.request(laptop, name)
            found = reader.host_request(line)
            self.assertEqual((found["name"], found["fingerprint"]), (name, fingerprint))
            key, _ = host_secrets(laptop)
            self.assertEqual((found["hpk"], found["hvk"]), (key["hpk"], key["hvk"]))

    def approve_text(self, text, *args, **kwargs):
        return self.run_on(self.home, "host", "approve", *args, stdin=text.encode(), **kwargs)

    def test_from_a_file_a_pipe_and_pasted(self):
        for name, how in (("a", "file"), ("b", "pipe"), ("c", "dash"), ("d", "paste"), ("e", "broken")):
            with self.subTest(how):
                line, fingerprint = self.request(self.other(name), name)
                path = os.path.join(self.dir, "request")
                with open(path, "w") as f:
                    f.write(line + "\n")
                if how == "file":
                    self.ok(self.approve_text("", path, "--fingerprint", fingerprint))
                elif how in ("pipe", "dash"):
                    self.ok(self.approve_text(line, *(["-"] if how == "dash" else []), "--fingerprint", fingerprint))
                else:
                    t = self.home.on_terminal("--device", self.t.path, "host", "approve")
                    t.expect("Paste the request")
                    t.type("\n".join([line] if how == "paste" else [line[:76], line[76:150], line[150:]]) + "\n")
                    t.expect(f'"{name}"')
                    t.expect("fingerprint")
                    t.type(fingerprint + "\n")
                    t.expect("Touch")
                    self.assertEqual(t.finish().status, 0)
                self.assertIn(name, self.hosts())

    def test_pasted_what_is_none(self):
        """Told with the line that is none, and nothing of it left for the shell."""
        line, _ = self.request(self.other("laptop"))
        for text in ("touchscreen\n", line[:30] + line[30:].lower() + "\n", line[:60] + " " + line[60:] + "\n", "> " + line + "\nrm x\n", line[:70] + "\nsecond line\n\n"):
            with self.subTest(text[:40]):
                t = self.home.on_terminal("--device", self.t.path, "host", "approve")
                t.expect("(an empty line ends it):")
                t.type(text)
                result = t.finish()
                self.assertEqual(result.status, 23, result)
                self.assertIn(b"no host's request", result.shown)

    def test_what_was_sent_is_told_without_a_terminal(self):
        line, fingerprint = self.request(self.other("laptop"), "l\u00e4ptop")
        result = self.ok(self.approve_text(line, "--fingerprint", fingerprint))
        self.assertRegex(result.err.decode(), "a request of \"l\u00e4ptop\": keyfile, .*grade C, made 20")

    def test_wrapped_by_mail(self):
        line, fingerprint = self.request(self.other("laptop"))
        text = "\r\n \t" + "\r\n".join(line[i:i + 70] for i in range(0, len(line), 70)) + " \r\n\r\n"
        self.ok(self.approve_text(text, "--fingerprint", fingerprint))

    def test_typed_as_people_type(self):
        line, fingerprint = self.request(self.other("laptop"))
        typed = fingerprint.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        t = self.home.on_terminal("--device", self.t.path, "host", "approve", pipe_stdin=line.encode())
        t.expect("fingerprint")
        self.assertNotIn(fingerprint.encode(), t.shown)
        t.type(typed + "\n")
        t.expect("Touch")
        self.assertNotIn(fingerprint.encode(), t.shown.partition(b"Touch")[0])
        t.expect(f"to approve the host laptop ({fingerprint})")
        self.assertEqual(t.finish().status, 0)

    def test_the_enter_that_was_announced_and_slips_of_the_finger(self):
        """Nothing of it costs the request: it is asked again."""
        line, fingerprint = self.request(self.other("laptop"))
        wrapped = "\n".join((line[:76], line[76:150], line[150:]))
        path = os.path.join(self.dir, "request")
        with open(path, "w") as f:
            f.write(line + "\n")
        before = digest(self.home.vault)
        for pasted in (f"{line}\n\n", f"{wrapped}\n\n", f"\n \n{wrapped}\n\n\n", None):
            with self.subTest(pasted and pasted[:40]):
                t = self.home.on_terminal("--device", self.t.path, "host", "approve", *([] if pasted else [path]))
                if pasted:
                    t.expect("(an empty line ends it):")
                    t.type(pasted)
                for typed in ("", " ", fingerprint[:-1], fingerprint + "0"):
                    t.expect("new host shows: ")
                    t.type(typed + "\n")
                    if typed.strip():
                        t.expect("That is no fingerprint; type the four groups")
                t.expect("new host shows: ")
                t.type("\x03")
                self.assertEqual(t.finish().status, 14)
        _, wrong = self.request(self.other("impostor"))
        t = self.home.on_terminal("--device", self.t.path, "host", "approve", path)
        t.expect("new host shows: ")
        t.type(wrong + "\n")
        t.expect("another fingerprint")
        self.assertEqual(t.finish().status, 23)
        self.assertEqual(digest(self.home.vault), before)
        t = self.home.on_terminal("--device", self.t.path, "host", "approve", path)
        for typed in ("ABCD", fingerprint):
            t.expect("new host shows: ")
            t.type(typed + "\n")
        self.assertEqual(t.finish().status, 0)
        self.assertIn("laptop", self.hosts())

    def test_a_fingerprint_that_came_with_the_request_is_refused(self):
        """Whatever its line lacks, whatever is between, and with a request from a file."""
        line, fingerprint = self.request(self.other("laptop"))
        before, touches = digest(self.home.vault), len(self.t.transactions())
        path = os.path.join(self.dir, "request")
        with open(path, "w") as f:
            f.write(line + "\n")
        wrapped = "\n".join((line[:76], line[76:150], line[150:]))
        for pasted in (f"{line}\n{fingerprint}\n", f"{wrapped}\n{fingerprint}\n", f"{line}\n\n \n{fingerprint}\n",
                       f"{line}\n{fingerprint}", f"{line}\n{fingerprint}\n{fingerprint}\n"):
            with self.subTest(pasted[-60:]):
                t = self.home.on_terminal("--device", self.t.path, "host", "approve")
                t.expect("(an empty line ends it):")
                t.type(pasted)
                t.expect("more than a request, or it was typed ahead; nothing was approved")
                self.assertEqual(t.finish().status, 2)
        t = self.home.typed_ahead(fingerprint + "\n", "--device", self.t.path, "host", "approve", path)
        t.expect("typed ahead")
        self.assertEqual(t.finish().status, 2)
        self.assertEqual((digest(self.home.vault), len(self.t.transactions())), (before, touches))

    def test_nothing_of_what_was_too_much_is_left_for_the_shell(self):
        line, fingerprint = self.request(self.other("laptop"))
        t = Terminal(self.home, (), command=["sh", "-c", '"$@"; read -r rest; echo "rest=$rest"', "sh", *self.home.command(
            "--device", self.t.path, "host", "approve")])
        t.expect("(an empty line ends it):")
        t.type(f"{line}\ntouchvault: this host's key: keyfile\n{fingerprint}")
        t.expect("typed ahead")
        t.type("mine\n")
        t.expect("rest=mine")
        t.finish()

    def test_another_fingerprint(self):
        before = digest(self.home.vault)
        touches = len(self.t.transactions())
        line, right = self.request(self.other("laptop"))
        _, wrong = self.request(self.other("impostor"))
        result = self.approve_text(line, "--fingerprint", wrong)
        self.refused(result, 23, "fingerprint")
        self.assertNotIn(right.encode(), result.err)
        for typed in ("", "ABCD", right[:-1], right + "0", right[:-1] + "U", "*" * 200):
            self.refused(self.approve_text(line, "--fingerprint", typed), 2, "fingerprint")
        self.refused(self.approve_text(line), 2, "--fingerprint")
        self.assertEqual((digest(self.home.vault), len(self.t.transactions())), (before, touches))

    def test_every_changed_character(self):
        line, fingerprint = self.request(self.other("laptop"))
        before = digest(self.home.vault)
        for at in sorted({*range(0, len(line), 23), len(line) - 1}):
            other = CROCKFORD[(CROCKFORD.index(line[at]) + 1) % 32] if line[at] in CROCKFORD else "x"
            with self.subTest(at):
                result = self.approve_text(line[:at] + other + line[at + 1:], "--fingerprint", fingerprint)
                self.assertIn(result.status, (23, 33), result)
                self.refused(result, result.status)
        for text in ("", "\n", line[:-1], line + "A", line + line, line[1:], line[:60] + " " + line[60:],
                     line.lower(), "> " + line, "x" * 10000, line + "\0"):
            with self.subTest(text[:30]):
                self.refused(self.approve_text(text, "--fingerprint", fingerprint), 23)
        self.refused(self.approve_text(line.replace(":1:", ":2:"), "--fingerprint", fingerprint), 33)
        self.refused(self.approve_text("", os.path.join(self.dir, "missing")), 3)
        self.assertEqual(digest(self.home.vault), before)

    def test_the_same_twice(self):
        laptop = self.approve(self.other("laptop"))
        before = digest(self.home.vault)
        line, fingerprint = self.request(laptop, "again")
        self.refused(self.approve_text(line, "--fingerprint", fingerprint), 4, "laptop")
        line, fingerprint = self.request(self.home, "itself")
        self.refused(self.approve_text(line, "--fingerprint", fingerprint), 4, "desk")
        self.assertEqual(digest(self.home.vault), before)

    def test_the_same_at_the_same_time(self):
        line, fingerprint = self.request(self.other("laptop"))
        t = self.home.on_terminal("--device", self.t.path, "host", "approve", pipe_stdin=line.encode())
        t.expect("fingerprint")
        self.ok(self.approve_text(line, "--fingerprint", fingerprint))
        before = digest(self.home.vault)
        t.type(fingerprint + "\n")
        result = t.finish()
        self.assertEqual(result.status, 4, result)
        self.assertEqual((digest(self.home.vault), sorted(self.hosts())), (before, ["desk", "laptop"]))

    def test_a_name_that_is_taken(self):
        line, fingerprint = self.request(self.other("laptop"), "desk")
        self.refused(self.approve_text(line, "--fingerprint", fingerprint), 4, "--name")
        self.ok(self.approve_text(line, "--fingerprint", fingerprint, "--name", "desk two"))
        self.assertEqual(sorted(self.hosts()), ["desk", "desk two"])

    def test_names_and_labels_that_are_none(self):
        line, fingerprint = self.request(self.other("laptop"))
        for option in (("--name", ""), ("--name", "a\x1bb"), ("--name", "x" * 65), ("--label", "\n"),
                       ("--label", "x" * 65)):
            self.refused(self.approve_text(line, "--fingerprint", fingerprint, *option), 2)
        self.refused(self.other("x").run("host", "request", "--name", "a\nb"), 2)

    def test_takes_a_touch(self):
        line, fingerprint = self.request(self.other("laptop"))
        before = digest(self.home.vault)
        self.t.control("touch-policy refused")
        self.refused(self.approve_text(line, "--fingerprint", fingerprint), 14)
        self.refused(self.home.run("--device", self.token("stranger").path, "host", "approve", "--fingerprint",
                                   fingerprint, stdin=line.encode()), 11)
        self.assertEqual(digest(self.home.vault), before)

    def test_state_without_a_key(self):
        os.unlink(self.home.host_key)
        self.refused(self.home.run("host", "request"), 30, self.home.state)


class Approved(Hosts):
    def test_opens_after_the_first_touch_and_can_change(self):
        laptop = self.approve(self.other("laptop"), "laptop", None, "--label", "travels")
        listed = self.ok(laptop.run("list"))
        self.assertIn(b"not verified yet", listed.err)
        self.assertIn(b"by desk", listed.err)
        self.opens(laptop)
        self.assertNotIn(b"not verified", self.ok(laptop.run("list")).err)
        self.edit(laptop, "by the laptop")
        self.sync(laptop, self.home)
        self.assertEqual(self.ok(self.get(self.home)).out, b"by the laptop")

    def test_list_show_and_status(self):
        laptop = self.approve(self.other("laptop"), "laptop", None, "--label", "travels")
        hosts = self.hosts(laptop)
        self.assertEqual([(h["label"], h["this_host"], h["approved_by"]) for h in hosts.values()],
                         [("", False, "desk"), ("travels", True, "desk")])
        text = self.ok(laptop.run("host", "list")).out.decode()
        self.assertRegex(text, r"desk: keyfile, .*grade [CD], there since init, 20")
        self.assertRegex(text, r"laptop \(travels\): .* by desk, fingerprint [0-9A-Z-]{19} \(this host\)")
        shown = json.loads(self.ok(laptop.run("host", "show", "--json")).out)
        self.assertEqual([(v["vault"], v["name"], v["label"], v["error"]) for v in shown["vaults"]],
                         [(laptop.vault, "laptop", "travels", None)])
        self.assertEqual(shown["fingerprint"], hosts["laptop"]["fingerprint"])
        self.assertIn("approved as laptop (travels)", self.ok(laptop.run("host", "show")).out.decode())
        self.assertEqual(len(json.loads(self.ok(laptop.run("status", "--json")).out)["hosts"]), 2)
        self.refused(self.other("bare").run("host", "show"), 20, "host request")

    def test_chain_of_approvals(self):
        """A host that was away is led to the newest by certificates."""
        b = self.approve(self.other("b"), "b")
        self.opens(b)
        c = self.approve(self.other("c"), "c", b)
        d = self.approve(self.other("d"), "d", c)
        self.edit(d)
        self.sync(d, self.home, b)
        self.opens(self.home, b, d)
        self.assertTrue(json.loads(self.ok(self.home.run("status", "--json")).out)["verified"])

    def test_rename_and_label(self):
        self.approve(self.other("laptop"))
        for args in (["rename", "laptop", "book"], ["label", "book", "trading"], ["rename", "desk", "box"]):
            self.ok(self.run_on(self.home, "host", *args))
        self.assertEqual({n: h["label"] for n, h in self.hosts().items()}, {"box": "", "book": "trading"})
        self.assertIn(b"book has no label any more", self.ok(self.run_on(self.home, "host", "label", "book", "")).err)
        self.assertEqual(self.hosts()["book"]["label"], "")
        before = digest(self.home.vault)
        self.refused(self.run_on(self.home, "host", "rename", "none", "x"), 3)
        self.refused(self.run_on(self.home, "host", "rename", "book", "box"), 4)
        self.refused(self.run_on(self.home, "host", "rename", "book", ""), 2)
        self.refused(self.run_on(self.home, "host", "label", "book", "a\tb"), 2)
        self.refused(self.run_on(self.home, "host", "label", "none", "a"), 3)
        self.assertEqual(digest(self.home.vault), before)

    def test_sixty_four_are_enough(self):
        for i in range(63):
            line, fingerprint = self.request(self.other(f"h{i}"), f"h{i}")
            self.ok(self.run_on(self.home, "host", "approve", "--fingerprint", fingerprint, stdin=line.encode()))
        self.assertEqual(len(self.hosts()), 64)
        line, fingerprint = self.request(self.other("more"), "more")
        before, touches = digest(self.home.vault), len(self.t.transactions())
        self.refused(self.run_on(self.home, "host", "approve", "--fingerprint", fingerprint, stdin=line.encode()), 2,
                     "64 hosts at most", "revoke one")
        # Nobody pastes or types for nothing either.
        t = self.home.on_terminal("--device", self.t.path, "host", "approve")
        self.assertEqual(t.finish().status, 2)
        self.assertNotIn(b"Paste", t.shown)
        self.assertEqual((digest(self.home.vault), len(self.t.transactions())), (before, touches))
        self.ok(self.run_on(self.home, "host", "revoke", "h0"))
        self.ok(self.run_on(self.home, "host", "approve", "--fingerprint", fingerprint, stdin=line.encode()))

    def test_verbs(self):
        for args in (["nonsense"], ["list", "x"], ["show", "x"], ["request", "x"], ["approve", "a", "b"],
                     ["revoke"], ["rename", "a"], ["label", "a"], ["rekey", "x"], []):
            with self.subTest(args):
                self.refused(self.run_on(self.home, "host", *args), 2)


class Shown(Hosts):
    def test_a_vault_that_can_not_be_read(self):
        """It says what the system says of its directory."""
        if os.geteuid() != 0:
            self.skipTest("NOT TESTED: only root can become somebody else")
        os.chmod(self.dir, 0o755)
        for path, _, files in os.walk(self.home.dir):
            for name in [path, *(os.path.join(path, f) for f in files)]:
                os.chown(name, 1000, 1000)
        os.chown(os.path.dirname(self.home.vault), 0, 0)
        nobody = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
        shown = json.loads(self.ok(self.home.run("host", "show", "--json", wrap=nobody)).out)
        self.assertEqual([v["error"] for v in shown["vaults"]], ["Permission denied"])


class Refused(Hosts):
    # Each command and verb of the program stands in one of these, so that a new one is thought of here.
    COMMANDS = {
        "add": ["k", "--field", "a=-"], "due": [], "edit": ["ibkr/live", "--label", "a=b"], "get": ["ibkr/live"],
        "history": ["ibkr/live"], "host approve": [], "host label": ["desk", "x"], "host list": [], "host rekey": [],
        "host rename": ["desk", "x"], "host revoke": ["desk"], "list": [], "log": ["verify"], "policy": [],
        "recovery create": [], "recovery remove": [], "reminders install": [], "reminders run": [],
        "reminders status": [], "remove": ["ibkr/live"], "rename": ["ibkr/live", "k"], "rotate": ["ibkr/live"],
        "run": ["--env", "A=ibkr/live:secret", "--", "env"], "schedule": ["ibkr/live", "--every", "7d"],
        "show": ["ibkr/live"], "snooze": ["ibkr/live", "1d"], "status": [], "token add": ["t"], "token list": [],
        "token refresh": ["first"], "token remove": ["first"], "token rename": ["first", "x"],
        "token test": ["first"], "doctor": []}
    FREE = {"init", "help", "version", "host request", "host show", "recovery use", "reminders remove",
            "reminders test", "token change-pin", "token info", "token program", "token set-pin", "udev check",
            "udev install", "udev remove", "udev show"}
    MORE = (["due", "--check"], ["due", "--ics"], ["policy", "--max-age", "9d"], ["schedule"], ["rotate", "--due", "--driver-dir", "."],
            ["schedule", "ibkr/live", "--now", "x"], ["snooze", "ibkr/live", "off"], ["rotate", "ibkr/live", "--stage", "--field", "secret=-"])
    # Of the command's own; what it says of the vault is the same.
    ENDS = {"run": 125, "doctor": 43}
    SHOWS = ("doctor", "reminders status")

    def each(self, home, status, wrap=()):
        """Each command, as it is refused and logged for that."""
        table = json.loads(self.ok(self.home.run("help", "--json")).out)["commands"]
        names = {" ".join((c["name"], *v)) for c in table for v in [[v["name"]] for v in c["verbs"]] or [[]]}
        self.assertEqual(names, self.FREE | set(self.COMMANDS))
        self.assertEqual(self.FREE & set(self.COMMANDS), set())
        before, touches = digest(home.vault), len(self.t.transactions())
        for args in (*([*name.split(), *rest] for name, rest in self.COMMANDS.items()), *self.MORE):
            with self.subTest(args):
                result = self.is_refused(home, status, args, wrap)
                if args[0] not in self.ENDS:
                    yield result
        # Nobody was asked to touch for nothing.
        self.assertEqual((digest(home.vault), len(self.t.transactions())), (before, touches))

    def is_refused(self, home, status, args, wrap):
        command = " ".join(args[:2] if " ".join(args[:2]) in self.COMMANDS else args[:1])
        code = {20: "host-not-approved", 21: "foreign-host-key"}[status]
        before = self.log(home, wrap)
        result = self.run_on(home, *args, stdin=b"x", wrap=wrap)
        shown = result.out if command in self.SHOWS else b""
        self.refused(Result(result.status, result.out[len(shown):], result.err), self.ENDS.get(command, status))
        self.assertNotIn(b"ibkr", shown + result.err.replace(b"remove ibkr", b""))
        line, = self.log(home, wrap)[len(before) or 1:]  # behind "begin"
        self.assertEqual([line[k] for k in ("event", "command", "code", "name")],
                         ["refusal", command.replace(" ", "-"), code, ""])
        if command == "run":
            result = self.run_on(home, "--json", *args, wrap=wrap)
            self.assertEqual(json.loads(result.err)["error"]["code"], code)
        return result

    def log(self, home, wrap):
        return json.loads(self.ok(home.run("log", "--json", wrap=wrap)).out)

    def test_without_a_key(self):
        laptop = self.other("laptop")
        copy_vault(self.home.vault, laptop.vault)
        for result in self.each(laptop, 20):
            self.assertIn(laptop.vault.encode(), result.err)
            self.assertIn(b"host request", result.err)

    def test_asked_but_not_approved(self):
        laptop = self.other("laptop")
        self.request(laptop)
        copy_vault(self.home.vault, laptop.vault)
        for result in self.each(laptop, 20):
            self.assertIn(laptop.vault.encode(), result.err)
            self.assertIn(b"host approve", result.err)

    def test_a_copied_host_key(self):
        thief = self.other("thief")
        copy_vault(self.home.vault, thief.vault)
        shutil.copytree(os.path.dirname(self.home.state), os.path.dirname(thief.state))
        if not json.loads(self.ok(thief.run("host", "show", "--json")).out)["bound"]:
            self.skipTest("NOT TESTED: this machine has no machine-id, so no key is bound to it")
        for result in self.each(thief, 21, another_machine(self.dir)):
            self.assertIn(thief.host_key.encode(), result.err)
        n = len(self.log(thief, ()))
        for args in (["host", "request"], ["host", "show"], ["recovery", "use"]):
            self.refused(thief.run(*args, wrap=another_machine(self.dir)), 21, "delete")
        self.assertEqual([(e["event"], e["command"], e["code"]) for e in self.log(thief, ())[n:]],
                         [("refusal", command, "foreign-host-key") for command in ("host-request", "host-show", "recovery-use")])
        # What it says helps: another host, which is none of the vault.
        os.unlink(thief.host_key)
        os.unlink(thief.state)
        self.ok(thief.run("host", "request", wrap=another_machine(self.dir)))
        self.refused(self.run_on(thief, "list", wrap=another_machine(self.dir)), 20)


class Revoked(Hosts):
    def test_it_is_out_and_all_is_marked(self):
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        self.assertTrue(os.path.exists(self.home.vault + ".prev"))
        self.ok(self.run_on(self.home, "host", "revoke", "laptop"))
        self.assertEqual(sorted(self.hosts()), ["desk"])
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        shown = json.loads(self.ok(self.home.run("show", "ibkr/live", "--json")).out)
        self.assertEqual(shown["rotate_now"]["reason"], "host revoked: laptop")
        self.assertIn(b"ROTATE NOW", self.ok(self.home.run("list")).out)
        self.sync(self.home, laptop)
        self.refused(self.get(laptop), 20)
        self.opens(self.home)
        self.edit(self.home)
        self.assertIn(b"ROTATE NOW", self.ok(self.home.run("list")).out)
        self.edit(self.home, "another value")
        self.assertIsNone(json.loads(self.ok(self.home.run("show", "ibkr/live", "--json")).out)["rotate_now"])

    def test_status_20_says_which_it_is(self):
        """Never approved, approved in a newer copy, and revoked; all end alike."""
        before = self.home.vault + ".before"
        shutil.copy(self.home.vault, before)
        laptop = self.other("laptop")
        copy_vault(before, laptop.vault)
        self.request(laptop)
        said = self.refused(self.get(laptop), 20, "this host is not approved", "newer vault file").err
        self.assertNotIn(b"no longer", said)
        self.approve(laptop)
        self.opens(laptop)
        newest = digest(laptop.vault)
        shutil.copy(before, laptop.vault)
        self.refused(self.get(laptop), 20, "no longer approved, or this is a copy from before", "copy the newest")
        self.sync(self.home, laptop)
        self.assertEqual(digest(laptop.vault), newest)
        self.ok(self.run_on(self.home, "host", "revoke", "laptop"))
        self.sync(self.home, laptop)
        self.refused(self.get(laptop), 20, "no longer approved", "if this host was revoked", "recovery use")
        result = self.run_on(laptop, "--json", "list")
        self.assertEqual(json.loads(result.err)["error"]["code"], "host-not-approved")

    def test_by_its_fingerprint(self):
        """A name that can't be typed is no way to stay."""
        self.approve(self.other("laptop"), "lap\u202etop")
        listed = self.ok(self.home.run("host", "list")).out.decode()
        fingerprint = re.search(r"lap\?top: .* fingerprint ((?:\w{4}-){3}\w{4})$", listed, re.M)[1]
        self.refused(self.run_on(self.home, "host", "revoke", "lap?top"), 3)
        self.refused(self.run_on(self.home, "host", "revoke", fingerprint[:-1]), 3)
        # A host that calls itself by it isn't taken for it.
        self.approve(self.other("other"), fingerprint)
        self.ok(self.run_on(self.home, "host", "label", fingerprint.lower().replace("-", " "), "that one"))
        self.assertEqual({n: h["label"] for n, h in self.hosts().items()}, {"desk": "", "lap?top": "that one", fingerprint: ""})
        self.ok(self.run_on(self.home, "host", "revoke", fingerprint))
        self.assertEqual(sorted(self.hosts()), sorted(["desk", fingerprint]))
        self.ok(self.run_on(self.home, "host", "revoke", self.hosts()[fingerprint]["fingerprint"]))
        self.assertEqual(sorted(self.hosts()), ["desk"])

    def test_the_one_that_was_asked_for_and_no_other(self):
        """While the touch is awaited, another process gives the name to another host."""
        self.approve(self.other("laptop"))
        self.t.control("touch-policy never")
        t = self.home.on_terminal("--device", self.t.path, "host", "revoke", "laptop")
        t.expect("Touch the ")
        os.makedirs(os.path.join(self.dir, "copy"))
        shutil.copy(self.t.state, os.path.join(self.dir, "copy", "token.state"))
        copy = VToken(VTOKEN, os.path.join(self.dir, "copy"), "token")
        self.addCleanup(copy.close)
        self.ok(self.home.run("--device", copy.path, "host", "rename", "laptop", "other"))
        line, fingerprint = self.request(self.other("second"), "laptop")
        self.ok(self.home.run("--device", copy.path, "host", "approve", "--fingerprint", fingerprint,
                              stdin=line.encode()))
        self.t.control("touch now")
        result = t.finish()
        self.assertEqual(result.status, 4, result)
        self.assertEqual(sorted(self.hosts()), ["desk", "laptop", "other"])

    def test_who_cannot_be_revoked(self):
        before, touches = digest(self.home.vault), len(self.t.transactions())
        self.refused(self.run_on(self.home, "host", "revoke", "desk"), 2, self.home.vault + ": the only host")
        self.refused(self.run_on(self.home, "host", "revoke", "none"), 3)
        # It is about the vault, whatever was missing before.
        os.unlink(self.home.state)
        self.refused(self.run_on(self.home, "host", "revoke", "desk"), 2, self.home.vault + ": the only host")
        self.assertEqual((digest(self.home.vault), len(self.t.transactions())), (before, touches))
        self.approve(self.other("laptop"))
        before, touches = digest(self.home.vault), len(self.t.transactions())
        self.refused(self.run_on(self.home, "host", "revoke", "desk"), 2, "itself")
        self.assertEqual((digest(self.home.vault), len(self.t.transactions())), (before, touches))

    def test_takes_a_touch(self):
        self.approve(self.other("laptop"))
        before = digest(self.home.vault)
        self.t.control("touch-policy refused")
        self.refused(self.run_on(self.home, "host", "revoke", "laptop"), 14)
        self.assertEqual(digest(self.home.vault), before)

    def test_its_forgeries(self):
        """With its key, its copy of the vault and even the token in hand it makes
        newer generations; a host that has seen the revocation takes none of them."""
        laptop = self.approve(self.other("laptop"))
        phone = self.approve(self.other("phone"), "phone")
        self.sync(phone, self.home, laptop)
        self.opens(self.home, laptop, phone)
        self.ok(self.run_on(self.home, "host", "revoke", "laptop"))
        self.sync(self.home, phone)
        self.opens(phone)
        good = digest(self.home.vault)
        for _ in range(3):
            self.edit(laptop, "FORGED")
        accomplice = self.approve(self.other("accomplice"), "accomplice", laptop)
        self.edit(accomplice, "FORGED")
        self.ok(self.run_on(laptop, "host", "revoke", "desk"))
        shutil.copy(self.home.vault, self.home.vault + ".good")
        for forger in (laptop, accomplice):
            for victim in (self.home, phone):
                self.sync(forger, victim)
                for args in (["list"], ["get", "ibkr/live"], ["--accept-rollback", "get", "ibkr/live"]):
                    result = self.run_on(victim, *args)
                    status = 20 if (forger, victim) == (laptop, self.home) else 31
                    self.refused(result, status)
                # Nor if somebody is talked into naming it: it was seen to leave, and lists who was.
                for options in ([], ["--accept-rollback"]):
                    result = self.accepting(victim, self.shown(forger), *options, "get", "ibkr/live")
                    status = 32 if forger is accomplice else 20 if victim is self.home else 31
                    self.refused(result, status, *(["has left the vault", '"laptop"'] if status == 31 else []))
                shutil.copy(self.home.vault + ".good", victim.vault)
        self.assertEqual(digest(self.home.vault), good)
        self.opens(self.home, phone)

    def test_a_host_that_has_not_seen_it_follows(self):
        """What the revoked one had approved is certified anew by who revoked it."""
        away = self.approve(self.other("away"), "away")
        self.opens(away)
        middle = self.approve(self.other("middle"), "middle", away)
        self.sync(middle, self.home)
        self.opens(self.home, middle)
        late = self.approve(self.other("late"), "late", middle)
        self.sync(late, self.home, away)
        self.opens(self.home)
        self.ok(self.run_on(self.home, "host", "revoke", "middle"))
        # Who let it in is another matter, and is none of the vault any more.
        self.assertIsNone(self.hosts()["late"]["approved_by"])
        self.sync(self.home, late)
        self.edit(late)
        # away knows desk and middle, and neither late nor of the revocation.
        self.sync(late, away)
        self.opens(away)

    def stays(self, name, by):
        """What is said of a host that the one to be revoked brought in."""
        return f'{name} was approved by {by} and stays in; to revoke it, too: "touchvault host revoke ' \
               f'{self.hosts()[name]["fingerprint"]}"'

    def test_what_it_let_in_is_named_before_the_touch_and_stays_its_own(self):
        """Nobody else becomes who approved it, whoever vouches for it since; each can be revoked as it says."""
        self.approve(self.other("phone"), "phone")
        laptop = self.approve(self.other("laptop"), "laptop")
        rogue = self.approve(self.other("rogue"), "rogue", laptop)
        second = self.approve(self.other("second"), "sec\u202eond", rogue)
        self.sync(second, self.home)
        self.opens(self.home, second)
        self.ok(self.run_on(self.home, "host", "rename", "rogue", "rogue one"))
        said = [self.stays("rogue one", "laptop"), self.stays("sec?ond", "rogue one")]
        self.t.control("touch-policy never")
        t = self.home.on_terminal("--device", self.t.path, "host", "revoke", "laptop", columns=400)
        for line in said:
            t.expect("touchvault: " + line)
        t.expect("Touch the ")
        self.assertNotIn(b"phone", t.shown)
        self.assertNotIn(b"desk", t.shown)
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.t.control("touch-policy at-once")
        warned = self.ok(self.run_on(self.home, "--json", "host", "revoke", "laptop")).err.decode().splitlines()
        self.assertEqual([json.loads(line)["warning"]["message"] for line in warned if "warning" in line], said)
        # From then on each has been approved by one that left, or that stays.
        for _ in range(2):
            self.assertEqual({n: h["approved_by"] for n, h in self.hosts().items()},
                             {"desk": "desk", "phone": "desk", "rogue one": None, "sec?ond": "rogue one"})
            listed = self.ok(self.home.run("host", "list")).out.decode()
            self.assertRegex(listed, r"rogue one: .* approved \S+ \S+ UTC by one that has left, fingerprint ")
            self.edit(self.home)
        self.sync(self.home, rogue)
        self.opens(rogue)
        warned = self.ok(self.run_on(self.home, "host", "revoke", re.search(r"revoke (\S+)\"", said[0])[1])).err
        self.assertIn(said[1].encode(), warned)
        self.ok(self.run_on(self.home, "host", "revoke", re.search(r"revoke (\S+)\"", said[1])[1]))
        self.assertEqual(sorted(self.hosts()), ["desk", "phone"])
        for home in (rogue, second):
            self.sync(self.home, home)
            self.refused(self.get(home), 20)

    def test_who_revokes_is_not_named(self):
        """Nor who came in by it alone, though it came in by the one that is revoked."""
        new = self.approve(self.other("new"), "new")
        self.opens(new)
        late = self.approve(self.other("late"), "late", new)
        self.assertNotIn(b"stays in", self.ok(self.run_on(new, "host", "revoke", "desk")).err)
        self.assertEqual({n: h["approved_by"] for n, h in self.hosts(new).items()}, {"new": None, "late": "new"})
        self.sync(new, late)
        self.opens(late)

    def test_the_first_host_is_replaced(self):
        """Who was approved by it keeps that certificate, for those who knew it."""
        away = self.approve(self.other("away"), "away")
        self.opens(away)
        new = self.approve(self.other("new"), "new")
        self.ok(self.run_on(new, "host", "revoke", "desk"))
        self.assertEqual(sorted(self.hosts(new)), ["away", "new"])
        self.edit(new)
        self.sync(new, away, self.home)
        self.opens(away)
        self.refused(self.get(self.home), 20)

    def strangers(self):
        """Of two that were away while one was approved, by whom another was, which revoked it."""
        away = self.approve(self.other("away"), "away")
        self.opens(away)
        shutil.copy(away.vault, away.vault + ".own")
        middle = self.approve(self.other("middle"), "middle")
        self.opens(middle)
        late = self.approve(self.other("late"), "late", middle)
        self.sync(late, self.home)
        self.opens(self.home, late)
        self.ok(self.run_on(late, "host", "revoke", "middle"))
        self.sync(late, away, self.home)
        return away, late

    def accepting(self, home, fingerprint, *args):
        return self.run_on(home, "--accept-signer", fingerprint, *args)

    def shown(self, home):
        return json.loads(self.ok(home.run("host", "show", "--json")).out)["fingerprint"]

    def test_a_host_that_knows_none_of_the_signers_takes_whom_a_person_names(self):
        """By the fingerprint which that one shows, with a touch, once and for all."""
        away, late = self.strangers()
        fingerprint, before = self.shown(late), digest(away.state)
        for args in (["list"], ["get", "ibkr/live"], ["--accept-rollback", "get", "ibkr/live"]):
            self.refused(self.run_on(away, *args), 31, f'calls itself "late" and has the fingerprint {fingerprint}',
                         "host show", "--accept-signer")
        touches = len(self.t.transactions())
        self.refused(self.accepting(away, self.shown(self.home), "get", "ibkr/live"), 31, "another host",
                     f'calls itself "late" and has the fingerprint {fingerprint}')
        for typed in ("", "late", fingerprint[:-1], fingerprint + "0"):
            self.refused(self.accepting(away, typed, "get", "ibkr/live"), 2, "fingerprint")
        self.assertEqual(len(self.t.transactions()), touches)
        listed = self.ok(self.accepting(away, fingerprint, "list"))
        self.assertIn(b"not verified yet: nobody that this host knows vouches for who signed it", listed.err)
        self.assertIn(b"by late", listed.err)
        self.t.control("touch-policy refused")
        self.refused(self.accepting(away, fingerprint, "get", "ibkr/live"), 14)
        self.t.control("touch-policy at-once")
        self.assertEqual(digest(away.state), before)
        self.refused(self.get(away), 31)
        got = self.ok(self.accepting(away, fingerprint.lower().replace("-", " "), "get", "ibkr/live"))
        self.assertEqual(got.out, b"CANARY-4711")
        log = json.loads(self.ok(away.run("log", "--json")).out)[-3:]
        self.assertEqual([(e["event"], e["name"]) for e in log],
                         [("unlock", ""), ("signer", "late"), ("get", "ibkr/live")])
        self.ok(self.run_on(away, "log", "verify"))
        # From then on it is known, and what it changes is taken.
        self.edit(late)
        self.sync(late, away)
        self.opens(away)
        self.assertEqual(self.ok(away.run("list")).err, b"")
        self.assertNotIn("signer", [e["event"] for e in json.loads(self.ok(away.run("log", "--json")).out)][-2:])

    def test_another_history_is_another_matter(self):
        away, late = self.strangers()
        shutil.copy(away.vault + ".own", away.vault)
        self.edit(away)
        self.sync(late, away)
        fingerprint = self.shown(late)
        self.refused(self.get(away), 31)
        self.refused(self.run_on(away, "--accept-rollback", "get", "ibkr/live"), 31)
        self.refused(self.accepting(away, fingerprint, "get", "ibkr/live"), 32)
        self.ok(self.accepting(away, fingerprint, "--accept-rollback", "get", "ibkr/live"))
        self.opens(away)
        log = [e["event"] for e in json.loads(self.ok(away.run("log", "--json")).out)]
        self.assertEqual(log[-5:-2], ["rollback", "signer", "get"])

    def test_without_a_state_only_who_is_named_is_taken(self):
        laptop = self.approve(self.other("laptop"))
        self.refused(self.accepting(laptop, self.shown(laptop), "get", "ibkr/live"), 31, "another host", '"desk"')
        self.ok(self.accepting(laptop, self.shown(self.home), "get", "ibkr/live"))
        # Who is known need not be named.
        self.ok(self.accepting(laptop, self.shown(laptop), "get", "ibkr/live"))

    def test_a_host_that_knows_none_of_the_signers(self):
        """It refuses, until one that it knows has signed again."""
        away, _ = self.strangers()
        self.refused(self.get(away), 31)
        self.edit(self.home)
        self.sync(self.home, away)
        self.opens(away)
        self.assertEqual(self.ok(away.run("list")).err, b"")

    def test_old_generations_do_not_come_back(self):
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        self.ok(self.run_on(self.home, "host", "revoke", "laptop"))
        self.sync(laptop, self.home)
        self.refused(self.get(self.home), 32)

    def test_approved_again(self):
        laptop = self.approve(self.other("laptop"))
        self.ok(self.run_on(self.home, "host", "revoke", "laptop"))
        self.approve(laptop)
        self.opens(laptop, self.home)


class Rekeyed(Hosts):
    def key_copy(self, home, name):
        """Who has a copy of that host's files from before."""
        copy = self.other(name)
        copy_vault(home.vault, copy.vault)
        shutil.copytree(os.path.dirname(home.state), os.path.dirname(copy.state))
        return copy

    def test_the_copy_is_out(self):
        clone = self.key_copy(self.home, "clone")
        self.opens(clone)
        before = json.loads(self.ok(self.home.run("host", "show", "--json")).out)["fingerprint"]
        self.ok(self.run_on(self.home, "host", "rekey"))
        shown = json.loads(self.ok(self.home.run("host", "show", "--json")).out)
        self.assertNotEqual(shown["fingerprint"], before)
        self.assertFalse(shown["rekeying"])
        self.assertFalse(os.path.exists(self.home.host_key + ".new"))
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        self.opens(self.home)
        self.sync(self.home, clone)
        self.refused(self.get(clone), 20)
        self.edit(self.home)
        self.assertTrue(json.loads(self.ok(self.home.run("status", "--json")).out)["verified"])
        # And once more.
        self.ok(self.run_on(self.home, "host", "rekey"))
        self.opens(self.home)

    def test_while_a_touch_is_awaited(self):
        """By another process; that isn't taken for damage, whose way out forgets what was seen."""
        self.t.control("touch-policy never")
        t = self.home.on_terminal("--device", self.t.path, "get", "ibkr/live", "secret", "--show")
        t.expect("Touch the ")
        os.makedirs(os.path.join(self.dir, "copy"))
        shutil.copy(self.t.state, os.path.join(self.dir, "copy", "token.state"))
        copy = VToken(VTOKEN, os.path.join(self.dir, "copy"), "token")
        self.addCleanup(copy.close)
        self.ok(self.home.run("--device", copy.path, "host", "rekey"))
        self.t.control("touch now")
        result = t.finish()
        self.assertEqual(result.status, 4, result)
        self.assertIn(b"changed meanwhile", result.err + t.shown)
        self.t.control("touch-policy at-once")
        self.opens(self.home)

    def test_its_forgeries(self):
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        clone = self.key_copy(self.home, "clone")
        self.ok(self.run_on(self.home, "host", "rekey"))
        self.sync(self.home, laptop)
        self.opens(laptop)
        for _ in range(3):
            self.edit(clone, "FORGED")
        self.sync(clone, laptop)
        self.refused(self.get(laptop), 31)

    def test_others_follow(self):
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        self.ok(self.run_on(self.home, "host", "rekey"))
        self.assertEqual({n: h["approved_by"] for n, h in self.hosts().items()}, {"desk": "desk", "laptop": "desk"})
        self.assertIn(b"desk: keyfile", self.ok(self.home.run("host", "list")).out)
        self.assertIn(b"there since init", self.ok(self.home.run("host", "list")).out)
        self.approve(self.other("phone"), "phone")
        self.sync(self.home, laptop)
        self.opens(laptop)
        self.assertNotIn(b"not verified", self.ok(laptop.run("list")).err)

    def test_takes_a_touch(self):
        before = digest(self.home.vault)
        self.t.control("touch-policy refused")
        self.refused(self.run_on(self.home, "host", "rekey"), 14)
        self.assertEqual(digest(self.home.vault), before)
        self.assertFalse(os.path.exists(self.home.host_key + ".new"))

    def test_several_vaults(self):
        """Both keys stay until each vault has the new one."""
        self.ok(self.run_on(self.home, "--vault", "two", "init"))
        self.ok(self.run_on(self.home, "--vault", "two", "add", "k", "--field", "x=-", stdin=b"TWO"))
        said = self.ok(self.run_on(self.home, "host", "rekey")).err
        self.assertIn(b"two.tv", said)
        self.assertTrue(json.loads(self.ok(self.home.run("host", "show", "--json")).out)["rekeying"])
        self.opens(self.home)
        self.assertEqual(self.ok(self.run_on(self.home, "--vault", "two", "get", "k")).out, b"TWO")
        self.edit(self.home)
        touches = len(self.t.transactions())
        said = self.ok(self.run_on(self.home, "host", "rekey")).err
        self.assertIn(b"two.tv", said)
        self.assertIn(b"has its new key in this vault already", said)
        self.assertNotIn(b"audit logs", said)
        self.assertEqual(len(self.t.transactions()), touches)
        self.assertNotIn(b"needs", self.ok(self.run_on(self.home, "--vault", "two", "host", "rekey")).err)
        self.assertFalse(json.loads(self.ok(self.home.run("host", "show", "--json")).out)["rekeying"])
        self.opens(self.home)
        self.assertEqual(self.ok(self.run_on(self.home, "--vault", "two", "get", "k")).out, b"TWO")

    def test_a_vault_that_the_state_has_forgotten(self):
        """It is not lost with the old key, if it lies beside the one that the command is about."""
        for name in ("two", "three"):
            self.ok(self.run_on(self.home, "--vault", name, "init"))
        two = self.home.vault.replace("default", "two")
        os.unlink(self.home.vault.replace("default", "three"))
        shutil.copy(self.home.vault, self.home.vault.replace("default", "copy"))
        with open(self.home.vault.replace("default", "text"), "w") as f:
            f.write("no vault")
        os.unlink(self.home.state)
        said = self.ok(self.run_on(self.home, "host", "rekey")).err.decode()
        self.assertIn(f"the old key is kept, because {two} may need it", said)
        self.opens(self.home)
        self.ok(self.run_on(self.home, "--vault", "two", "host", "rekey"))
        self.assertFalse(os.path.exists(self.home.host_key + ".new"))
        self.ok(self.home.run("--vault", "two", "list"))
        self.opens(self.home)

    def test_a_vault_that_is_gone(self):
        self.ok(self.run_on(self.home, "--vault", "two", "init"))
        os.unlink(self.home.vault.replace("default", "two"))
        self.assertIn(b"--drop-old-key", self.ok(self.run_on(self.home, "host", "rekey")).err)
        said = self.ok(self.run_on(self.home, "host", "rekey", "--drop-old-key")).err.decode()
        self.assertIn("this host opens " + self.home.vault.replace("default", "two") + " no more", said)
        self.assertIn("names in older lines of its audit logs can't be read any more", said)
        self.assertFalse(os.path.exists(self.home.host_key + ".new"))
        self.opens(self.home)


    def test_what_is_given_up_is_named_before_the_touch(self):
        for name in ("two", "three"):
            self.ok(self.run_on(self.home, "--vault", name, "init"))
        lost = ", ".join(self.home.vault.replace("default", name) for name in ("two", "three"))
        before = digest(self.home.vault)
        self.t.control("touch-policy never")
        t = self.home.on_terminal("--device", self.t.path, "host", "rekey", "--drop-old-key")
        t.expect("the old key is dropped: this host opens " + lost + " no more")
        t.expect("Touch")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertEqual(digest(self.home.vault), before)
        self.t.control("touch-policy at-once")
        self.assertIn("it opens " + lost + " no more", self.ok(
            self.run_on(self.home, "host", "rekey", "--drop-old-key")).err.decode())
        self.refused(self.home.run("--vault", "two", "list"), 20)


class State(Hosts):
    """What a host has seen (SECURITY.md, section 3): kept by its key, made anew by a
    touch only."""

    def test_lost_it_is_made_anew_by_a_touch_only(self):
        os.unlink(self.home.state)
        for args in (["list"], ["show", "ibkr/live"], ["status"], ["host", "list"], ["host", "show"]):
            self.ok(self.home.run(*args))
            self.assertFalse(os.path.exists(self.home.state), args)
        self.assertIn(b"not verified yet", self.ok(self.home.run("list")).err)
        self.t.control("touch-policy refused")
        self.refused(self.get(self.home), 14)
        self.assertFalse(os.path.exists(self.home.state))
        self.t.control("touch-policy at-once")
        self.opens(self.home)
        self.assertEqual(self.ok(self.home.run("list")).err, b"")

    def damage(self, p=b"?"):
        """Returns what is to be kept."""
        with open(self.home.state, "r+b") as f:
            f.seek(20)
            f.write(p)
        return digest(self.home.state)

    def events(self):
        return [e["event"] for e in json.loads(self.ok(self.home.run("log", "--json")).out)]

    def test_damaged_it_is_told_and_made_anew_by_a_touch_only(self):
        old = self.home.vault + ".old"
        shutil.copy(self.home.vault, old)
        self.edit(self.home, "newer")
        damaged, touches = self.damage(), len(self.t.transactions())
        for args in (["list"], ["get", "ibkr/live"], ["status"], ["host", "show"], ["host", "request"],
                     ["host", "rekey"], ["init", "--vault", "two"]):
            self.refused(self.run_on(self.home, *args), 30, self.home.state, "--accept-rollback", "state.damaged")
        # Those that take no touch may show the vault, and leave the state as it is.
        said = self.ok(self.home.run("--accept-rollback", "list")).err
        self.assertIn(b"not verified yet: this host's state is damaged", said)
        for args in (["host", "show"], ["host", "request"]):
            self.refused(self.home.run("--accept-rollback", *args), 30)
        self.assertEqual((digest(self.home.state), len(self.t.transactions())), (damaged, touches))
        self.t.control("touch-policy refused")
        self.refused(self.run_on(self.home, "--accept-rollback", "get", "ibkr/live"), 14)
        self.t.control("touch-policy at-once")
        self.assertEqual(digest(self.home.state), damaged)
        self.assertFalse(os.path.exists(self.home.state + ".damaged"))
        said = self.ok(self.run_on(self.home, "--accept-rollback", "get", "ibkr/live")).err
        self.assertIn(b'makes a new state; the damaged one is kept as "state.damaged"', said)
        self.assertEqual(digest(self.home.state + ".damaged"), damaged)
        self.assertEqual(self.events()[-3:], ["unlock", "rollback", "get"])
        self.assertEqual(self.ok(self.get(self.home)).err.count(b"\n"), 1)
        # It knows this vault again.
        shutil.copy(old, self.home.vault)
        self.refused(self.home.run("list"), 32)

    def test_damaged_again_the_newest_is_kept(self):
        for p in (b"?", b"!"):
            damaged = self.damage(p)
            self.ok(self.run_on(self.home, "--accept-rollback", "edit", "ibkr/live", "--label", "a=b"))
            self.assertEqual(digest(self.home.state + ".damaged"), damaged)
            self.ok(self.home.run("list"))

    def test_damaged_it_is_made_anew_by_init_too(self):
        """The touches are asked for; else a host whose vaults are gone had no way on."""
        os.unlink(self.home.vault)
        damaged = self.damage()
        self.ok(self.run_on(self.home, "--accept-rollback", "--vault", "two", "init"))
        self.assertEqual(digest(self.home.state + ".damaged"), damaged)
        self.assertIn("rollback", [e["event"] for e in json.loads(self.ok(
            self.home.run("--vault", "two", "log", "--json")).out)])
        self.assertEqual(self.ok(self.home.run("--vault", "two", "list")).out, b"")

    def test_cut_off_or_overgrown_it_is_damaged_too(self):
        for size in (0, 39, 5 * 1024 * 1024):
            with self.subTest(size):
                os.truncate(self.home.state, size)
                self.refused(self.home.run("list"), 30, self.home.state)
                self.ok(self.run_on(self.home, "--accept-rollback", "get", "ibkr/live"))
                self.ok(self.home.run("list"))

    def test_a_damaged_key_is_none_to_go_on_with(self):
        with open(self.home.host_key, "r+b") as f:
            f.seek(20)
            f.write(b"?")
        self.refused(self.home.run("list"), 30, self.home.host_key, "backup", "move it", "host request",
                     "recovery use")
        os.unlink(self.home.host_key)
        os.unlink(self.home.state)
        self.request(self.home)
        self.refused(self.home.run("list"), 20)

    def test_that_of_another_host(self):
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        shutil.copy(laptop.state, self.home.state)
        self.refused(self.home.run("list"), 30, self.home.state)
        self.ok(self.run_on(self.home, "--accept-rollback", "get", "ibkr/live"))
        self.ok(self.home.run("list"))

    def test_another_vault_in_its_place(self):
        """Though it is approved there, too."""
        self.ok(self.run_on(self.home, "--vault", "two", "init"))
        two = self.home.vault.replace("default", "two")
        shutil.copy(self.home.vault, self.home.vault + ".kept")
        shutil.copy(two, self.home.vault)
        self.refused(self.home.run("list"), 32, "another vault")
        self.assertEqual(self.ok(self.home.run("--accept-rollback", "list")).out, b"")
        self.refused(self.home.run("list"), 32)
        self.ok(self.run_on(self.home, "--accept-rollback", "add", "k", "--field", "a=-", stdin=b"x"))
        self.ok(self.home.run("list"))
        shutil.copy(self.home.vault + ".kept", self.home.vault)
        self.refused(self.home.run("list"), 32, "another vault")

    def test_forked_by_another_host(self):
        """The same generation twice, by two hosts that are both approved."""
        laptop = self.approve(self.other("laptop"))
        self.opens(laptop)
        self.edit(laptop)
        self.edit(self.home)
        self.sync(laptop, self.home)
        self.refused(self.home.run("list"), 32)
        self.ok(self.run_on(self.home, "--accept-rollback", "get", "ibkr/live"))
        self.ok(self.home.run("list"))


if __name__ == "__main__":
    unittest.main()
