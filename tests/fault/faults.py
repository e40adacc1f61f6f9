# SPDX-License-Identifier: BSD-2-Clause
"""What the fault tests share: a vault to break, and strace to break it with.

strace follows touchvault alone, so that a call's number is the same in every
run; the helper goes its own way."""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from harness import *  # noqa: E402,F401,F403
from harness import Case, Home, Result, VToken, TOUCHVAULT, VTOKEN, digest, json, subprocess, time  # noqa: E402

FULL = os.environ.get("TOUCHVAULT_FULL") == "1"

# What a vault holds before any fault. The bytes are such that a text that was
# cut, doubled or decoded by mistake doesn't compare equal.
KEPT = bytes(range(256)) * 3 + b"\n\0end"
BEFORE = {"kept": KEPT, "edited": b"old value", "gone": b"to be removed", "from": b"to be renamed"}


class Change:
    """A command that changes the vault, and what the vault holds after it."""

    def __init__(self, name, args, stdin, after):
        self.name, self.args, self.stdin, self.after = name, args, stdin, after


def without(*names):
    return {k: v for k, v in BEFORE.items() if k not in names}


CHANGES = {c.name: c for c in (
    Change("add", ["add", "new", "--field", "k=-"], b"new value", {**BEFORE, "new": b"new value"}),
    Change("edit", ["edit", "edited", "--field", "k=-"], b"a new one", {**BEFORE, "edited": b"a new one"}),
    Change("remove", ["remove", "gone"], b"", without("gone")),
    Change("rename", ["rename", "from", "to"], b"", {**without("from"), "to": BEFORE["from"]}),
)}


class Call:
    """One system call of a run: the nth of its name."""

    def __init__(self, name, nth, text):
        self.name, self.nth, self.text = name, nth, text

    def __repr__(self):
        return f"{self.name} no. {self.nth}: {self.text}"

    def creates(self):
        return self.name.startswith("open") and "O_CREAT" in self.text

    def changes_a_file(self):
        """Is what a disk holds another one after it?"""
        return self.creates() or self.name.startswith(("rename", "link", "unlink", "mkdir", "fsync", "fdatasync",
                                                       "ftruncate", "pwrite")) or (
            self.name == "write" and not self.text.startswith("write(2,"))


CALL = re.compile(r"^([a-z][a-z0-9_]*)\((.*)$")
# Of a file, a lock or a descriptor. What only touches memory leaves the disk
# as the call before it did.
NAMES = ("open", "write", "pwrite", "read", "pread", "fsync", "fdatasync", "rename", "link", "unlink",
         "ftruncate", "flock", "close", "newfstat", "fstat", "stat", "faccess", "access", "lseek", "mkdir",
         "exit_group")


def trace_read(path):
    """The calls of a trace in their order, and how it ends."""
    calls, count, end = [], {}, ""
    with open(path, errors="replace") as f:
        for line in f:
            found = CALL.match(line)
            if line.startswith("+++"):
                end = line.strip()
            elif found:
                name = found[1]
                count[name] = count.get(name, 0) + 1
                calls.append(Call(name, count[name], line.split(" = ")[0].strip()))
    return calls, end


def commit_path(calls):
    """Those after the token's answer."""
    start = max(i for i, c in enumerate(calls) if c.name == "recvfrom")
    return [c for c in calls[start + 1:] if c.name.startswith(NAMES)]


class FaultCase(Case):
    """A vault that holds BEFORE, and can be put back to that."""

    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.device = ("--device", self.plugged.path)
        self.new_vault(self.plugged)
        for name, value in BEFORE.items():
            self.ok(self.home.run(*self.device, "add", name, "--field", "k=-", stdin=value))
        self.saved = self.home.dir + ".saved"
        self.save()

    def save(self):
        shutil.rmtree(self.saved, True)
        shutil.copytree(self.home.dir, self.saved, symlinks=True)

    def restore(self):
        """To what it was, but for the second names of the same file."""
        shutil.rmtree(self.home.dir, True)
        shutil.copytree(self.saved, self.home.dir, symlinks=True)

    def strace(self, *options):
        self.trace_file = os.path.join(self.dir, "trace")
        return ["strace", "-qq", "-o", self.trace_file, *options]

    def change(self, change, wrap=(), **kwargs):
        return self.home.run(*self.device, *change.args, stdin=change.stdin, wrap=wrap, **kwargs)

    def calls_of(self, change):
        """All calls of a clean run. The vault is put back after it."""
        self.ok(self.change(change, wrap=self.strace()))
        calls, _ = trace_read(self.trace_file)
        self.restore()
        return calls

    def besides(self):
        """Every file beside the vault that may be one."""
        return [self.home.vault[:-len("default.tv")] + name for name in self.files()
                if name.startswith("default.tv.") and not name.endswith(".lock")]

    def names(self):
        listed = self.ok(self.home.run("list", "--json"))
        self.assertEqual(listed.err, b"")
        return [e["name"] for e in json.loads(listed.out)]

    def value(self, name):
        return self.ok(self.home.run(*self.device, "get", name, "k")).out

    def holds(self, *possible):
        """Which one of the possible contents the vault has, wholly."""
        names = self.names()
        fitting = [p for p in possible if sorted(p) == names]
        self.assertTrue(fitting, names)
        for name in names:
            if name == "kept" or any(p.get(name) != BEFORE.get(name) for p in possible):
                value = self.value(name)
                fitting = [p for p in fitting if p[name] == value]
                self.assertTrue(fitting, (name, value))
        return fitting[0]

    def still_takes_a_change(self, held):
        """An ordinary change, with nothing cleaned up by hand."""
        self.ok(self.home.run(*self.device, "add", "next", "--field", "k=-", stdin=b"next value"))
        self.assertEqual(self.names(), sorted([*held, "next"]))
        self.assertEqual(self.value("next"), b"next value")
        self.assertEqual(self.value("kept"), KEPT)

    def log_is_whole(self):
        """Nothing of the audit log is missing or changed."""
        self.ok(self.home.run(*self.device, "log", "verify"))

    def files(self):
        return sorted(os.listdir(os.path.dirname(self.home.vault)))

    def previous_opens(self):
        """What is kept as the previous generation is a whole one, too."""
        path = os.path.join(os.path.dirname(self.home.vault), "copy.tv")
        shutil.copy(self.home.vault + ".prev", path)
        self.ok(self.home.run("--vault", path, "--accept-rollback", "list"))
        os.unlink(path)

    def one_sentence(self, result, status):
        """The reason on standard error, said once, and nothing on standard output."""
        self.refused(result, status)
        said = [line for line in result.err.decode("ascii").splitlines() if not line.startswith("Touch ")]
        self.assertEqual(len(said), 1, result)
        self.assertRegex(said[0], r"^touchvault: .+; .+\.$")
        return result

    def twin(self, token, name="twin"):
        """The same token on a second port, for what two do at a time."""
        shutil.copy(token.state, os.path.join(self.dir, name + ".state"))
        return self.token(name)


__all__ = ["BEFORE", "CHANGES", "Call", "Case", "Change", "FULL", "FaultCase", "Home", "KEPT", "Result", "TOUCHVAULT",
           "VTOKEN", "VToken", "commit_path", "digest", "json", "os", "shutil", "subprocess", "time", "trace_read"]
