# SPDX-License-Identifier: BSD-2-Clause
"""What somebody can do to the audit log who can write its files, without a touch: the manual's
list (AUDIT LOG) as tests, a class for each item. What is kept from him is tried by hand, with the
second reader of the format. What he has is tested, too, so that nobody promises more than is true."""
from harness import *

import glob
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "vectors")]
import audit  # noqa: E402
from primitives import H  # noqa: E402

NAME = "ibkr/live"
OLD_FILES = 7


class Item(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t, None, "--host-name", "desk")
        self.add(self.t, NAME, {"secret": "CANARY"})
        for _ in range(3):
            self.use()
        self.paths_of(self.home)

    def paths_of(self, home):
        self.dir_ = os.path.join(os.path.dirname(home.state), "audit")
        self.path, = glob.glob(os.path.join(self.dir_, "*.log"))
        self.key = self.path[:-3] + "key"
        self.vault_id = bytes.fromhex(os.path.basename(self.path)[:-4])

    def use(self):
        self.ok(self.home.run("--device", self.t.path, "get", NAME))

    def lines(self):
        with open(self.path) as f:
            return f.read().splitlines()

    def put(self, lines, number=0):
        path = self.path + (f".{number}" if number else "")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write("".join(line + "\n" for line in lines))

    def state(self):
        with open(self.key, "rb") as f:
            return f.read()

    def put_state(self, p):
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(p)

    def verify(self):
        result = self.home.run("--device", self.t.path, "log", "verify", "--json")
        self.assertIn(result.status, (0, 35), result)
        report = json.loads(result.out)
        self.assertEqual(result.status == 35, report["faults"] > 0, result)
        return report

    def seen(self, *faults):
        """What log verify says of it: all of that, and maybe more."""
        report = self.verify()
        found = [(f["fault"], f["from"], f["to"]) for f in report["found"]]
        self.assertTrue(found)
        for fault in faults:
            self.assertIn(fault, found)
        return report

    def tries(self, *cases):
        """Each on the files as they are now: a name, what is done, what is found."""
        kept = self.dir_ + ".kept"
        shutil.copytree(self.dir_, kept)
        for name, do, *faults in cases:
            with self.subTest(name):
                do()
                self.seen(*faults)
            shutil.rmtree(self.dir_)
            shutil.copytree(kept, self.dir_)
        shutil.rmtree(kept)
        self.assertEqual(self.verify()["faults"], 0)


def changed(line, **fields):
    for name, value in fields.items():
        line = re.sub(rf'"{name}":("[^"]*"|\d+)', f'"{name}":{json.dumps(value)}', line)
    return line


class Files(Item):
    """its files, even to write"""

    def test_no_line_of_yesterday_is_touched_unseen(self):
        """Tried: each line out, changed, twice, and after the next one."""
        lines = self.lines()
        self.assertEqual([json.loads(line)["event"] for line in lines[:3]], ["begin", "seal", "create"])
        cases = []
        for i, line in enumerate(lines):
            before, after = lines[:i], lines[i + 1:]
            cases += [
                (f"{i + 1} out", before + after, ("missing", i + 1, i + 1)),
                (f"{i + 1} changed", [*before, changed(line, time=1), *after]),
                (f"{i + 1} renamed", [*before, changed(line, event="refused"), *after]),
                (f"{i + 1} twice", [*before, line, line, *after])]
            if after:
                cases.append((f"{i + 1} later", [*before, after[0], line, *after[1:]]))
        self.tries(*((name, lambda put=put: self.put(put), *faults) for name, put, *faults in cases))

    def test_none_is_invented_unseen(self):
        """Tried: lines of every kind at every place, and what is none."""
        lines = self.lines()
        cases = []
        for i in range(len(lines) + 1):
            made = [changed(lines[-1], seq=i + 1, event=event) for event in ("get", "refusal", "begin", "seal")]
            cases += [[*lines[:i], line, *lines[i:]] for line in (*made, "", "\0", "{}", "x" * 1000000)]
        self.tries(*((put[-1], lambda put=put: self.put(put)) for put in cases))

    def test_the_end_is_not_cut_off_unseen(self):
        """Tried: so many lines, part of one, all, and with a state that is older or none."""
        lines, state = self.lines(), self.state()
        n = len(lines)
        self.use()
        m = len(self.lines())
        self.tries(*((f"cut to {k}", lambda k=k: self.put(self.lines()[:k]), ("missing", k + 1, m))
                     for k in range(2, m)),
                   ("nothing is left", lambda: self.put([]), ("missing", 1, m)),
                   ("the file is gone", lambda: os.unlink(self.path), ("missing", 1, m)),
                   ("part of a line", lambda: os.truncate(self.path, os.path.getsize(self.path) - 20), ("missing", m, m)),
                   ("no state", lambda: (self.put(lines), os.unlink(self.key)), ("break", n + 1, n + 1)),
                   ("no state of ours", lambda: (self.put(lines), self.put_state(b"x" * 144)), ("break", n + 1, n + 1)))
        # An older one alone takes nothing away: what it leaves behind is taken up again.
        self.put_state(state)
        self.assertEqual(self.verify()["faults"], 0)

    def test_the_beginning_is_not_dropped_unseen(self):
        """Tried: under another name, as what rotation has left. It would have left seven long ones."""
        lines = self.lines()
        n = len(lines)
        rest = [changed(line, event="run", command="run") for line in lines[5:]]
        zeros = [changed(line, event="unlock", box="", mac="0" * 64) for line in lines[3:]]
        refusals = [changed(line, event="refusal", box="", mac="0" * 64) for line in lines[3:]]

        def hide(what, others=()):
            self.put([])
            for i in range(1, OLD_FILES):
                self.put(others, i)
            self.put(what, OLD_FILES)

        def many(bytes_):
            return [changed(refusals[0], seq=100 + i) for i in range(bytes_ // len(refusals[0]) + 1)]

        self.tries(
            ("in the middle", lambda: hide(rest), ("missing", 1, 5), ("no-seal", 6, n)),
            ("the last one", lambda: hide(lines[-1:]), ("missing", 1, n - 1), ("no-seal", n, n)),
            ("invented ones", lambda: hide(zeros), ("missing", 1, 3), ("no-seal", 4, n)),
            ("invented refusals", lambda: hide(refusals), ("missing", 1, 3), ("no-seal", 4, n)),
            ("the rest as it is", lambda: self.put(lines[5:], OLD_FILES), ("missing", 1, 5)),
            ("with its seal", lambda: hide(lines[1:]), ("missing", 1, 1)),
            ("long ones", lambda: hide(many(4194304), ["x" * 4194304])),
            ("one that is long", lambda: hide([*refusals, *many(4194304)]), ("missing", 1, 3)))

    def test_all_of_it_is_not_deleted_unseen(self):
        """Tried: with what stands there then; with a log of his own, whose first lines say nothing of
        that; without the host's state, which would say so."""
        def delete(*more):
            for path in (self.path, self.key, *more):
                os.unlink(path)

        def forge(*events):
            forged = Forged(self.vault_id)
            for event in events:
                forged.add(event)
            self.put(forged.lines)
            self.put_state(forged.state())

        self.tries(("all of it", delete, ("anew", 1, 1)),
                   ("and a refusal", lambda: (delete(), self.refused(self.home.run("--device", "/dev/null", "get", NAME), 11)),
                    ("anew", 1, 1)),
                   ("and a beginning", lambda: forge("begin"), ("anew", 1, 1)),
                   ("and refusals", lambda: forge("begin", "refusal", "refusal"), ("anew", 1, 1)),
                   ("and no beginning", lambda: forge("refusal"), ("no-seal", 1, 1)),
                   ("and the state", lambda: delete(self.home.state), ("anew", 1, 1)))

    def laptop(self):
        """A host that has changed nothing: the vault is the other's."""
        laptop = Home(os.path.join(self.dir, "laptop"))
        made = json.loads(self.ok(laptop.run("host", "request", "--name", "laptop", "--json")).out)
        self.ok(self.home.run("--device", self.t.path, "host", "approve", "--fingerprint", made["fingerprint"],
                              stdin=made["request"].encode()))
        copy_vault(self.home.vault, laptop.vault)
        self.home = laptop
        self.use()
        self.paths_of(laptop)

    def test_nor_on_a_host_that_changed_nothing(self):
        self.laptop()
        self.tries(("all of it", lambda: (os.unlink(self.path), os.unlink(self.key)), ("anew", 1, 1)))

    def test_with_the_state_of_a_host_that_changed_nothing_it_is(self):
        """Had: then nothing tells, but that this host has no state for the vault, once."""
        self.laptop()
        for path in (self.path, self.key, self.home.state):
            os.unlink(path)
        self.assertIn(b"not verified yet: this host has no state", self.home.run("list").err)
        self.assertEqual(self.verify()["faults"], 0)
        self.assertNotIn(b"not verified yet", self.home.run("list").err)

    def test_nothing_but_refusals_stands_before_the_first_seal(self):
        """Had: refusals that nobody was refused, before this host's first touch, don't count as
        proven. Tried: all else."""
        self.laptop()
        for event, faults in (("refusal", 0), ("get", 3), ("seal", 3)):
            with self.subTest(event):
                shutil.rmtree(self.dir_)
                os.unlink(self.home.state)
                forged = Forged(self.vault_id)
                forged.add("begin")
                for _ in range(3):
                    forged.add(event)
                os.mkdir(self.dir_, 0o700)
                self.put(forged.lines)
                self.put_state(forged.state())
                report = self.verify()
                self.assertEqual(report["proven"]["from"], 5)
                self.assertEqual([(f["fault"], f["from"]) for f in report["found"]],
                                 [("changed", 2), ("changed", 3), ("changed", 4)][:faults])


class Forged:
    """A log that somebody makes up with a key of his own, or goes on with, with one that he has."""

    def __init__(self, vault_id, seq=1, k=bytes(32), opened=True):
        self.vault_id, self.seq, self.k, self.prev, self.opened, self.lines = vault_id, seq, k, bytes(32), opened, []

    def add(self, event, command="get", code=""):
        text = (f'{{"seq":{self.seq},"time":1764000000,"event":"{event}","command":"{command}","code":"{code}",'
                f'"gen":2,"box":""')
        mac = H(self.vault_id, "tv1 audit mac", self.k, self.prev + text.encode(), 32)
        line = f'{text},"mac":"{mac.hex()}"}}'
        self.lines.append(line)
        self.opened = self.opened and event != "seal"
        self.k = H(self.vault_id, "tv1 audit next", self.k, b"", 32)
        self.prev = H(self.vault_id, "tv1 audit line", b"", self.prev + line.encode(), 32) if self.opened else bytes(32)
        self.seq += 1

    def state(self, anchor=bytes(16), end=None):
        end = sum(len(line) + 1 for line in self.lines) if end is None else end
        return audit.state_bytes(self.seq, end, self.k, self.prev, anchor, 1 if self.opened else 0)


class Key(Item):
    """the key of the next line, too, as who takes over the host"""

    def test_it_takes_nothing_back_that_a_seal_says(self):
        """Tried: the mark of a log that begins anew, out of the seal; and the seal of then."""
        old = self.lines()
        os.unlink(self.path)
        os.unlink(self.key)
        self.verify()
        s, lines = audit.state(self.state()), self.lines()
        self.assertIn('"code":"seen"', lines[1])
        unmarked = [lines[0], changed(lines[1], code=""), *lines[2:]]
        for put in (unmarked, [lines[0], old[1], *lines[2:]], [old[0], old[1], *lines[2:]]):
            self.put(put)
            self.put_state(audit.state_bytes(s["seq"], sum(len(line) + 1 for line in put), s["k"], s["prev"], s["anchor"], 0))
            self.seen()

    def test_it_writes_nothing_of_yesterday(self):
        """Tried: lines with right macs by today's key at old numbers, and a state that says that
        today is then."""
        lines, s = self.lines(), audit.state(self.state())
        n = len(lines)
        cases = []
        for at in (2, 3, 6, n):
            forged = Forged(self.vault_id, at, s["k"], False)
            while forged.seq <= n:
                forged.add("get")
            put = lines[:at - 1] + forged.lines
            state = forged.state(s["anchor"], sum(len(line) + 1 for line in put))
            back = Forged(self.vault_id, at, s["k"], False).state(s["anchor"], 0)
            fault = ("changed", at, at)
            cases += [(f"{at} and all after", put, self.state(), fault), (f"{at} and the state", put, state, fault),
                      (f"the state of {at}", lines[:at - 1], back, fault)]
        self.tries(*((name, lambda put=put, state=state: (self.put(put), self.put_state(state)), fault)
                     for name, put, state, fault in cases))

    def test_it_begins_no_chain_of_its_own_unseen(self):
        """Tried: from number 1 on without a begin line; from where he has cut; with the old seal."""
        lines, s = self.lines(), audit.state(self.state())
        n = len(lines)

        def state(seq, opened, k=s["k"]):
            self.put_state(Forged(self.vault_id, seq, k, opened).state())

        self.tries(
            ("a seal is the first", lambda: (self.put([]), state(1, False)), ("break", 1, 1)),
            ("as if it went on", lambda: (self.put([]), state(n + 1, False)), ("missing", 1, n)),
            ("a begin line where he has cut", lambda: (self.put(lines[:5] + [changed(lines[0], seq=6)]), state(7, True)),
             ("break", 6, 6)),
            ("the seal of then", lambda: (self.put(lines[:2]), state(3, False)), ("changed", 3, 3)),
            ("the seal of then, elsewhere", lambda: (self.put([changed(lines[1], seq=n)]), state(n + 1, False)),
             ("missing", 1, n - 1), ("no-seal", n, n)))

    def test_it_writes_what_it_likes_from_now_on(self):
        """Had: a line of today that is proven, though nobody touched."""
        lines, s = self.lines(), audit.state(self.state())
        forged = Forged(self.vault_id, s["seq"], s["k"], False)
        forged.add("get")
        self.put(lines + forged.lines)
        self.put_state(forged.state(s["anchor"], sum(len(line) + 1 for line in lines + forged.lines)))
        report = self.verify()
        self.assertEqual(report["faults"], 0)
        self.assertEqual(report["proven"]["lines"], report["lines"] - 1)

    def test_what_it_has_kept_from_before_it_puts_back(self):
        """Had: the log of then, with the key of then, goes on as if nothing had been since."""
        kept = self.dir_ + ".then"
        shutil.copytree(self.dir_, kept)
        self.use()
        shutil.rmtree(self.dir_)
        shutil.copytree(kept, self.dir_)
        self.assertEqual(self.verify()["faults"], 0)


class Manual(unittest.TestCase):
    def test_it_says_so(self):
        with open(os.path.join(HERE, "..", "..", "cli", "man", "touchvault.1"), encoding="utf-8") as f:
            part = f.read().split(".Sh AUDIT LOG\n")[1].split(".Sh ")[0]
        items = re.findall(r"^\.It (.*)$", part, re.M)
        self.assertEqual(items, [c.__doc__ for c in (Files, Key)])


if __name__ == "__main__":
    unittest.main()
