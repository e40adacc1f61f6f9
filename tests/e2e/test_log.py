# SPDX-License-Identifier: BSD-2-Clause
"""The audit log: what is in it, who can read which part, and what log verify
says when somebody was at its files."""
from harness import *

import glob
import re
import socket

# As a system log daemon listens: /dev/log of a /dev of its own.
DAEMON = """
mount --make-rprivate / && mkdir -p "$1/dev" && mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=755 none /dev
for f in null zero full random urandom tty ptmx; do : >/dev/$f; mount --bind "$1/dev/$f" /dev/$f; done
mkdir /dev/pts && mount --rbind "$1/dev/pts" /dev/pts
ln -s "$1/log" /dev/log
shift
exec "$@"
"""


class Log(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t)
        self.add(self.t, "ibkr/live", {"key": "CANARY-4711"})

    def run_(self, *args, home=None, **kwargs):
        return (home or self.home).run("--device", self.t.path, *args, **kwargs)

    def get(self):
        return self.ok(self.run_("get", "ibkr/live"))

    def log(self, *args, home=None):
        return json.loads(self.ok((home or self.home).run("log", "--json", *args)).out)

    def verify(self, status=0):
        result = self.run_("log", "verify", "--json")
        self.clean(result)
        self.assertEqual(result.status, status, result)
        return json.loads(result.out)

    def paths(self, home=None, pattern="*.log"):
        directory = os.path.join(os.path.dirname((home or self.home).state), "audit")
        return glob.glob(os.path.join(directory, pattern))

    def path(self, home=None):
        path, = self.paths(home)
        return path

    def lines(self):
        with open(self.path()) as f:
            return f.read().splitlines()

    def write(self, lines):
        with open(self.path(), "w") as f:
            f.write("".join(line + "\n" for line in lines))


class Events(Log):
    def events(self, since=0):
        return [(e["event"], e["command"], e["code"], e["token"], e["name"]) for e in self.log()[since:]]

    def test_what_each_command_leaves(self):
        self.assertEqual(self.events(), [
            ("begin", "init", "", "", ""), ("seal", "init", "", "", ""),
            ("create", "init", "", "first", ""), ("unlock", "add", "", "first", ""),
            ("change", "add", "", "first", "ibkr/live")])
        for args, event in ((["get", "ibkr/live"], "get"), (["run", "--env-all", "ibkr/live", "--", "true"], "run"),
                            (["edit", "ibkr/live", "--field", "more=-"], "read")):
            n = len(self.log())
            self.ok(self.run_(*args, stdin=b"x"))
            self.assertEqual(self.events(n)[:2], [("unlock", args[0], "", "first", ""),
                                                  (event, args[0], "", "first", "ibkr/live")])
        self.assertEqual(self.events()[-1], ("change", "edit", "", "first", "ibkr/live"))
        n = len(self.log())
        for args in (["list"], ["show", "ibkr/live"], ["status"], ["log"], ["token", "list"]):
            self.ok(self.run_(*args))
        self.assertEqual(len(self.log()), n)
        self.ok(self.run_("remove", "ibkr/live"))
        self.assertEqual(self.events()[-1], ("change", "remove", "", "first", "ibkr/live"))
        self.assertEqual(self.verify()["faults"], 0)

    def test_removing_a_token_is_a_revocation(self):
        spare = self.token("spare")
        self.ok(self.run_("token", "add", "spare", "--new-device", spare.path))
        self.assertEqual(self.events()[-1], ("change", "token-add", "", "first", "spare"))
        self.ok(self.run_("token", "remove", "spare"))
        self.assertEqual(self.events()[-1], ("revocation", "token-remove", "", "first", "spare"))

    def test_refusals(self):
        stranger = self.token("stranger")
        self.refused(self.home.run("--device", stranger.path, "get", "ibkr/live"), 11)
        self.assertEqual(self.events()[-1], ("refusal", "get", "wrong-token", "", ""))
        self.t.control("touch-policy refused")
        self.refused(self.run_("run", "--env-all", "ibkr/live", "--", "true"), 125)
        self.assertEqual(self.events()[-1], ("refusal", "run", "cancelled", "", ""))
        self.t.control("touch-policy at-once")
        with open(self.home.vault, "r+b") as f:
            f.seek(1000)
            f.write(b"?")
        self.refused(self.run_("list"), 30)
        self.assertEqual(self.events()[-1], ("refusal", "list", "damaged", "", ""))

    def test_a_request_that_is_refused(self):
        """Also before anybody is to touch: by what was sent, what was typed, and Ctrl-C."""
        made, other = (json.loads(self.ok(Home(os.path.join(self.dir, name)).run(
            "host", "request", "--name", name, "--json")).out) for name in ("laptop", "impostor"))
        line = made["request"]
        for text, fingerprint in ((line, other["fingerprint"]), (line[:-9], made["fingerprint"]),
                                  ("nonsense", made["fingerprint"])):
            n = len(self.log())
            self.refused(self.run_("host", "approve", "--fingerprint", fingerprint, stdin=text.encode()), 23)
            self.assertEqual(self.events(n), [("refusal", "host-approve", "bad-request", "", "")])
        for typed, status, code in ((other["fingerprint"] + "\n", 23, "bad-request"), ("\x03", 14, "cancelled")):
            n = len(self.log())
            t = self.home.on_terminal("--device", self.t.path, "host", "approve", pipe_stdin=line.encode())
            t.expect("fingerprint that the new host shows: ")
            t.type(typed)
            result = t.finish()
            self.assertEqual(result.status, status)
            # The error has a line of its own.
            self.assertRegex(result.shown, rb"\r\ntouchvault: [a-z]")
            self.assertEqual(self.events(n), [("refusal", "host-approve", code, "", "")])
        n = len(self.log())
        self.refused(self.run_("host", "approve", "--fingerprint", "ABCD", stdin=line.encode()), 2)
        self.assertEqual(len(self.log()), n)

    def test_a_code_that_is_not_typed(self):
        t = self.home.on_terminal("--device", self.t.path, "recovery", "create")
        t.expect("from the sheet: ")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertEqual(self.events()[-1], ("refusal", "recovery-create", "cancelled", "", ""))
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        t = other.on_terminal("--device", self.t.path, "recovery", "use", "--kind", "keyfile")
        t.expect("Group 1 of 8: ")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        last = self.log(home=other)[-1]
        self.assertEqual((last["event"], last["code"]), ("refusal", "cancelled"))

    def test_a_file_whose_header_is_not_read(self):
        n = len(self.log())
        os.chmod(self.home.vault, 0o666)
        self.refused(self.run_("list"), 34)
        os.chmod(self.home.vault, 0o600)
        self.assertEqual(len(self.log()), n)

    def test_a_mistake_is_no_refusal(self):
        n = len(self.log())
        self.refused(self.run_("get", "no/such"), 3)
        self.refused(self.run_("get", "ibkr/live", "no-field"), 3)
        self.assertEqual(len(self.log()), n)

    def test_rollback(self):
        os.replace(self.home.vault + ".prev", self.home.vault)
        self.refused(self.run_("list"), 32)
        self.assertEqual(self.events()[-1], ("refusal", "list", "rolled-back", "", ""))
        n = len(self.log())
        self.ok(self.run_("--accept-rollback", "log", "verify"))
        self.assertEqual(self.events(n), [("unlock", "log", "", "first", ""), ("rollback", "log", "", "first", "")])
        self.assertEqual(self.verify()["faults"], 0)
        self.assertEqual(self.events()[-1][0], "unlock")  # it is what the host has seen now

    def test_a_host_without_approval(self):
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        commands = (["list"], ["show", "ibkr/live"], ["status"], ["get", "ibkr/live"], ["remove", "ibkr/live"],
                    ["rename", "ibkr/live", "l"], ["add", "l", "--field", "k=-"], ["token", "list"], ["log", "verify"])
        for args in commands:
            self.refused(self.run_(*args, home=other, stdin=b"v"), 20)
        self.refused(self.run_("run", "--env-all", "ibkr/live", "--", "true", home=other), 125)
        found = [(e["event"], e["command"], e["code"], e["name"]) for e in self.log(home=other)]
        self.assertEqual(found, [("begin", "list", "", "")] + [
            ("refusal", "-".join(c) if c[0] == "token" else c[0], "host-not-approved", "") for c in commands] + [
            ("refusal", "run", "host-not-approved", "")])
        with open(self.path(other)) as f:
            self.assertNotIn("ibkr", f.read())

    def test_where_there_is_none(self):
        other = Home(os.path.join(self.dir, "other"))
        self.refused(other.run("log"), 3, "touchvault init")
        copy_vault(self.home.vault, other.vault)
        self.assertEqual(self.log(home=other), [])
        self.ok(other.run("host", "request"))  # a place for it, and none there
        self.assertEqual(self.log(home=other), [])
        self.refused(self.home.run("--vault", "no", "log"), 3, "default")
        with open(other.vault, "w") as f:
            f.write("no vault at all, and no log of one")
        self.refused(other.run("log"), 30)

    def test_show(self):
        self.get()
        text = self.ok(self.home.run("log", "--last", "1")).out.decode()
        self.assertRegex(text, r"^ +7  20\S+Z  get +ibkr/live  by first\n$")
        self.assertEqual([e["number"] for e in self.log("--last", "3")], [5, 6, 7])
        self.assertEqual(len(self.log("--last", "99")), 7)
        self.assertEqual(self.log("--since", "2999-01-01"), [])
        self.assertEqual(len(self.log("--since", "1970-01-01T00:00:00Z")), 7)
        self.assertEqual(len(self.log("--since", "1970-01-01T02:00+02:00")), 7)
        last = self.log()[-1]["time"]
        self.assertIn(7, [e["number"] for e in self.log("--since", last)])

    def test_what_is_no_line_is_said(self):
        lines = self.lines()
        self.write([*lines[:3], lines[3][:-1], "", "\x1b[31mred", "x" * 2000, *lines[4:]])
        result = self.ok(self.home.run("log"))
        self.assertEqual([line.split()[0] for line in result.out.decode().splitlines()], ["1", "2", "3", "5"])
        self.assertIn(b'left out what is not a line of a log, 4 times; "touchvault log verify" says where', result.err)
        self.assertEqual([e["number"] for e in json.loads(self.home.run("log", "--json").out)], [1, 2, 3, 5])
        with open(self.path(), "a") as f:
            f.write(lines[4][:50])  # of somebody who is about to
        self.assertIn(b"4 times", self.ok(self.home.run("log")).err)

    def test_a_clock_that_was_set_back_hides_nothing(self):
        """From now on is also what was written in 1999, by a clock that was wrong then."""
        since = self.log()[-1]["time"]
        env = dict(self.home.env)
        self.home.set_clock("1999-01-01 12:00:00")
        self.get()
        self.home.env = env
        self.get()
        self.assertEqual([e["number"] for e in self.log("--since", since)][-3:], [6, 8, 9])
        self.assertEqual([e["time"][:4] for e in self.log("--since", since)][-3:-2], ["1999"])
        self.assertEqual([e["number"] for e in self.log("--since", since, "--last", "3")], [6, 8, 9])
        self.assertEqual([e["number"] for e in self.log("--since", "2999-01-01")], [6])
        self.assertEqual(self.verify()["faults"], 0)

    def test_bad_command_lines(self):
        for args in (["--since", "yesterday"], ["--since", "2026-11-24x"], ["--since", "2026-02-30"], ["--last", "0"], ["--last", "-1"],
                     ["--last", "x"], ["prove"], ["verify", "--last", "1"], ["verify", "verify"]):
            self.refused(self.home.run("log", *args), 2)


class Secrecy(Log):
    def files(self):
        content = b""
        for path in self.paths(pattern="*"):
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600, path)
            with open(path, "rb") as f:
                content += f.read()
        return content

    def test_neither_secrets_nor_names_lie_about(self):
        self.get()
        for word in (b"CANARY", b"ibkr", b"first", b"live"):
            self.assertNotIn(word, self.files())

    def test_names_are_for_the_host_that_wrote_them(self):
        other = Home(os.path.join(self.dir, "other"))
        self.ok(self.run_("--vault", "own", "init", home=other))
        copy_vault(self.home.vault, other.vault)
        directory = os.path.join(os.path.dirname(other.state), "audit")
        shutil_copy(self.path(), directory)
        found = self.log(home=other)
        self.assertEqual({e["name"] for e in found}, {""})
        self.assertEqual([e["event"] for e in found if not e["unreadable"]], ["begin", "seal"])
        self.assertIn("ibkr/live", {e["name"] for e in self.log()})

    def test_lines_are_json(self):
        for line in self.lines():
            self.assertEqual(list(json.loads(line)), ["seq", "time", "event", "command", "code", "gen", "box", "mac"])


def shutil_copy(path, directory):
    subprocess.run(["cp", path, directory], check=True)


class Hosts(Log):
    def events(self, since=0):
        return [(e["event"], e["name"], e["unreadable"]) for e in self.log()[since:]]

    def test_changes_of_hosts(self):
        other = Home(os.path.join(self.dir, "other"))
        made = json.loads(self.ok(other.run("host", "request", "--name", "laptop", "--json")).out)
        approve = ["approve", "--fingerprint", made["fingerprint"]]
        for args, event, name in ((approve, "approval", "laptop"), (["label", "laptop", "x"], "change", "laptop"),
                                  (["rename", "laptop", "l"], "change", "laptop"), (["revoke", "l"], "revocation", "l")):
            n = len(self.log())
            self.ok(self.run_("host", *args, stdin=made["request"].encode()))
            self.assertEqual(self.events(n), [("unlock", "", False), (event, name, False)])
            self.assertEqual(self.log()[-1]["command"], "host-" + args[0])
        for args in (["host", "list"], ["host", "show"], ["host", "request"]):
            self.ok(self.run_(*args))
        self.assertEqual(len(self.log()), n + 2)
        self.assertEqual(self.verify()["faults"], 0)

    def own_name(self):
        host, = json.loads(self.ok(self.home.run("host", "list", "--json")).out)["hosts"]
        return host["name"]

    def test_a_new_key_of_the_host(self):
        """The log goes on and is proven; names from before say that they can't be read."""
        self.refused(self.home.run("--device", self.token("stranger").path, "get", "ibkr/live"), 11)
        before = self.log()
        self.ok(self.run_("host", "rekey"))
        found = self.log()
        self.assertEqual([e["event"] for e in found], [e["event"] for e in before] + ["unlock", "change"])
        for e in found[:-1]:
            self.assertEqual((e["token"], e["name"]), ("", ""))
            self.assertEqual(e["unreadable"], e["event"] not in ("begin", "seal", "refusal"), e)
        self.assertEqual(self.events()[-1], ("change", self.own_name(), False))
        text = self.ok(self.home.run("log")).out.decode().splitlines()
        self.assertRegex(text[4], r"Z  change +names not readable with this host's key  \(add\)$")
        self.get()
        self.assertEqual(self.events()[-1], ("get", "ibkr/live", False))
        report = self.verify()
        self.assertEqual((report["faults"], report["proven"]["from"]), (0, 2))
        # Once more, and a line from the time between is as those before.
        self.ok(self.run_("host", "rekey"))
        self.assertEqual([e["unreadable"] for e in self.log() if e["event"] == "get"], [True])
        self.assertEqual(self.verify()["faults"], 0)

    def test_while_another_vault_needs_the_old_key(self):
        self.ok(self.run_("--vault", "two", "init"))
        before = self.events()
        self.ok(self.run_("host", "rekey"))
        self.get()
        self.assertEqual(self.events(), before + [("unlock", "", False), ("change", self.own_name(), False),
                                                  ("unlock", "", False), ("get", "ibkr/live", False)])
        self.assertEqual([e["unreadable"] for e in self.log("--vault", "two")], [False] * 3)
        self.assertEqual(self.verify()["faults"], 0)
        self.ok(self.run_("--vault", "two", "host", "rekey"))
        self.assertEqual([e["unreadable"] for e in self.log()][-5:], [True] + [False] * 4)
        self.assertEqual(self.verify()["faults"], 0)

    def test_without_the_host_key(self):
        events = [e["event"] for e in self.log()]
        os.unlink(self.home.host_key)
        found = self.log()
        self.assertEqual([e["event"] for e in found], events)
        self.assertEqual([e["unreadable"] for e in found], [False, False, True, True, True])


class Verify(Log):
    def setUp(self):
        super().setUp()
        self.get()
        self.get()

    def found(self, fault, first, last):
        report = self.verify(35)
        self.assertEqual([(f["fault"], f["from"], f["to"]) for f in report["found"]], [(fault, first, last)])
        return report["found"][0]

    def test_untouched(self):
        report = self.verify()
        self.assertEqual((report["faults"], report["lines"], report["proven"]["from"]), (0, 10, 2))
        self.assertEqual(report["proven"]["lines"], 9)

    def test_a_line_is_missing(self):
        lines = self.lines()
        self.write(lines[:5] + lines[6:])
        self.assertEqual(self.found("missing", 6, 6)["line"], 6)
        result = self.run_("log", "verify")
        self.assertEqual(result.status, 35)
        self.assertIn(b"number 6 (before line 6 of the log): missing\n", result.out)
        self.assertIn(b"touchvault: the audit log is not as it was written;", result.err)

    def test_a_line_is_changed(self):
        lines = self.lines()
        for old, new in (('"get"', '"run"'), ('"time":1', '"time":2'), ('"gen":2', '"gen":1')):
            with self.subTest(new):
                self.assertIn(old, lines[6])
                self.write([*lines[:6], lines[6].replace(old, new, 1), *lines[7:]])
                self.assertEqual(self.found("changed", 7, 7)["line"], 7)
                lines = [*lines, *self.lines()[len(lines):]]

    def test_the_end_is_cut_off(self):
        self.write(self.lines()[:-2])
        self.found("missing", 8, 9)

    def test_a_line_is_made_up(self):
        lines = self.lines()
        self.write([*lines, lines[-1].replace('"seq":9', '"seq":10')])
        self.found("changed", 10, 10)

    def test_the_beginning_is_lost(self):
        """Some of it, all of it, or the file; what comes then is proven, and a new log as a whole."""
        lines = self.lines()
        path = self.path()
        key, state = path[:-3] + "key", None
        with open(key, "rb") as f:
            state = f.read()
        for kept, last in ((lines[5:], 5), (None, 9), ([], 9)):
            with self.subTest(last=last, kept=kept is not None):
                with open(key, "r+b") as f:
                    f.write(state)
                os.unlink(path) if kept is None else self.write(kept)
                # What is left without its seal, nothing proves any more.
                faults = [("missing", 1, last), ("no-seal", last + 1, 9)][:2 if kept else 1]
                for proven in (2, 3):
                    report = self.verify(35)
                    self.assertEqual([(f["fault"], f["from"], f["to"]) for f in report["found"]], faults)
                    self.assertEqual(report["proven"]["lines"], proven)
                self.assertEqual(report["proven"]["from"], 10)
                said = self.run_("log", "verify").out
                self.assertIn(b"numbers 1 to %d (before line 1 of the log): missing\n" % last, said)
                self.assertNotIn(b"1970", said)

    def test_no_seal_of_this_vault(self):
        """Lines with the right numbers and no seal: nothing proves them."""
        self.write([re.sub('"event":"(begin|seal)"', '"event":"unlock"', line) for line in self.lines()])
        report = self.verify(35)
        self.assertEqual([(f["fault"], f["from"], f["to"]) for f in report["found"]], [("no-seal", 1, 10)])
        self.assertEqual(report["proven"], {"lines": 0, "from": 0, "time": None})
        self.assertIn(b"Proven: none of them.", self.run_("log", "verify").out)

    def test_the_key_is_lost(self):
        os.unlink(self.path()[:-3] + "key")
        self.found("break", 10, 10)

    def lose_all(self, *more):
        for path in (self.path()[:-3] + "key", self.path(), *more):
            os.unlink(path)

    def test_all_is_lost(self):
        """What is new is proven; that it is not the first, too, now and later. The person can say that
        it is, but only when it begins."""
        self.lose_all()
        self.assertEqual(self.found("anew", 1, 1)["line"], 0)
        report = self.verify(35)
        self.assertEqual((report["first"]["number"], report["proven"]["from"], report["lines"]), (1, 2, 4))
        said = self.run_("--accept-rollback", "log", "verify")
        self.assertEqual(said.status, 35)
        self.assertIn(b"number 1: a new beginning on a host that had seen the vault before: ", said.out)
        self.lose_all()
        self.ok(self.run_("--accept-rollback", "log", "verify"))
        self.assertEqual(self.verify()["faults"], 0)

    def test_all_is_lost_and_the_state(self):
        """The vault itself tells whose generation it is."""
        self.lose_all(self.home.state)
        self.found("anew", 1, 1)

    def test_a_host_that_is_new(self):
        """Also where it was refused before: none of that is a log that was lost."""
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        self.refused(self.run_("list", home=other), 20)
        made = json.loads(self.ok(other.run("host", "request", "--name", "laptop", "--json")).out)
        self.ok(self.run_("host", "approve", "--fingerprint", made["fingerprint"], stdin=made["request"].encode()))
        copy_vault(self.home.vault, other.vault)
        self.ok(self.run_("log", "verify", home=other))
        self.assertEqual([e["event"] for e in self.log(home=other)], ["begin", "refusal", "seal", "unlock"])
        self.ok(self.run_("log", "verify", home=other))

    def test_another_token_proves_it_too(self):
        spare = self.token("spare")
        self.ok(self.run_("token", "add", "spare", "--new-device", spare.path))
        self.ok(self.home.run("--device", spare.path, "log", "verify"))

    def test_it_takes_a_touch(self):
        before = len(self.t.transactions())
        self.log()
        self.assertEqual(len(self.t.transactions()), before)
        self.t.control("touch-policy refused")
        self.refused(self.run_("log", "verify"), 14)


class NotWritten(Log):
    """What can't be logged is not given out."""

    def test_unusable_log(self):
        vault, path = digest(self.home.vault), self.path()
        for name in (path, path[:-3] + "key"):
            for break_it, mend in ((lambda: os.chmod(name, 0o644), lambda: os.chmod(name, 0o600)),
                                   (lambda: os.rename(name, name + "x"), lambda: os.rename(name + "x", name))):
                with self.subTest(name=name[-3:]):
                    break_it()
                    if not os.path.exists(name):
                        os.symlink(name + "x", name)
                    for args in (["get", "ibkr/live"], ["remove", "ibkr/live"]):
                        result = self.refused(self.run_(*args), 35, name + ":", "log")
                        self.assertNotIn(b"CANARY", result.out + result.err)
                    if os.path.islink(name):
                        os.unlink(name)
                    mend()
        self.assertEqual(digest(self.home.vault), vault)
        self.get()
        self.assertEqual(self.verify()["faults"], 0)

    def test_the_file_that_is_to_blame_is_named(self):
        """None is waited for, and none is followed."""
        path = self.path()
        key, lock, old = path[:-3] + "key", path + ".lock", path + ".1"
        fifo, link = lambda name: os.mkfifo(name, 0o600), lambda name: os.symlink("/dev/null", name)
        directory, large = lambda name: os.mkdir(name, 0o700), lambda name: self.put(name, 65 << 20)
        kept = os.path.join(self.dir, "kept")
        for make, names, why in ((fifo, (path, key, old), "Operation not permitted"),
                                 (link, (path, key, lock, old), "symbolic links"),
                                 (directory, (path, key, lock, old), "not permitted|directory"),
                                 (large, (path, old), "too large")):
            for name in names:
                with self.subTest(name=name[-5:], why=why):
                    if os.path.exists(name):
                        os.rename(name, kept)
                    make(name)
                    for args in (["log", "verify"], *([["get", "ibkr/live"]] if name != old else [])):
                        result = self.refused(self.run_(*args), 35, name + ": the audit log")
                        self.assertRegex(result.err.decode(), why)
                    os.rmdir(name) if os.path.isdir(name) else os.unlink(name)
                    if os.path.exists(kept):
                        os.rename(kept, name)
        os.chmod(os.path.dirname(path), 0o777)
        self.refused(self.run_("get", "ibkr/live"), 35, os.path.dirname(path) + ": the audit log", "not permitted")
        os.chmod(os.path.dirname(path), 0o700)
        self.get()
        self.assertEqual(self.verify()["faults"], 0)

    def put(self, name, size):
        with open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.truncate(size)

    def test_a_number_after_which_there_is_none(self):
        """Somebody has put it there, and taken the key away: no defect, and not the last of it."""
        lines = self.lines()
        self.write([*lines, re.sub('"seq":[0-9]+', f'"seq":{2**53 - 1}', lines[-1])])
        os.unlink(self.path()[:-3] + "key")
        self.refused(self.run_("get", "ibkr/live"), 35, self.path(), "too large")
        self.write(lines)
        self.get()

    def test_no_directory_for_it(self):
        directory = os.path.dirname(self.path())
        os.rename(directory, directory + ".x")
        open(directory, "w").close()
        before = len(self.t.transactions())
        result = self.run_("get", "ibkr/live", "--json")
        self.assertEqual((result.status, result.out), (35, b""), result)
        self.assertEqual(json.loads(result.err)["error"]["code"], "audit")
        # Nobody touched for nothing.
        self.assertEqual(len(self.t.transactions()), before)


class SystemLog(Log):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can put a socket at /dev/log")
        super().setUp()
        self.wrap = ["unshare", "--mount", "sh", "-euc", DAEMON, "sh", self.dir]
        self.daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.daemon.close)
        self.daemon.bind(os.path.join(self.dir, "log"))
        self.daemon.settimeout(30)

    def fill(self):
        """It is not read any more, and takes no more: how many lines it had room for."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            for n in range(100000):
                try:
                    s.sendto(b"x", os.path.join(self.dir, "log"))
                except BlockingIOError:
                    return n
        self.fail("a queue without an end")

    def test_a_daemon_that_is_stuck_is_not_waited_for(self):
        n = self.fill()
        self.assertEqual(self.ok(self.run_("get", "ibkr/live", wrap=self.wrap)).out, b"CANARY-4711")
        self.ok(self.run_("edit", "ibkr/live", "--label", "a=b", wrap=self.wrap))
        self.refused(self.home.run("--device", "/dev/null", "get", "ibkr/live", wrap=self.wrap), 11)
        self.assertEqual([e["event"] for e in self.log()[-5:]], ["unlock", "get", "unlock", "change", "refusal"])
        self.assertEqual({self.daemon.recv(99) for _ in range(n)}, {b"x"})
        # When it reads again, it is told again.
        self.ok(self.run_("get", "ibkr/live", wrap=self.wrap))
        self.assertIn(b"touchvault", self.daemon.recv(4096))

    def test_told_without_names(self):
        daemon, wrap = self.daemon, self.wrap
        self.ok(self.run_("get", "ibkr/live", wrap=wrap))
        said = [daemon.recv(4096).decode() for _ in range(2)]
        status = json.loads(self.ok(self.home.run("status", "--json")).out)
        for text, event, line in zip(said, ("unlock", "get"), self.lines()[-2:]):
            line = json.loads(line)
            # 10 is LOG_AUTHPRIV, 5 a notice.
            self.assertRegex(text, rf"^<85>[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d touchvault\[\d+\]: {event}: command get, "
                                   rf"vault {status['id']}, generation 2, line {line['seq']}, mac {line['mac'][:16]}$")
            self.assertFalse(re.search("ibkr|first|CANARY", text), text)
        os.chmod(self.path(), 0o644)
        self.refused(self.run_("get", "ibkr/live", wrap=wrap), 35)
        self.assertIn("NOT LOGGED", daemon.recv(4096).decode())


if __name__ == "__main__":
    unittest.main()
