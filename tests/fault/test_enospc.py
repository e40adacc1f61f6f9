# SPDX-License-Identifier: BSD-2-Clause
"""A disk that is full, broken or read-only: the change fails with one sentence,
and the vault is byte for byte as before, or the new one if it had replaced the
old one already. First by injected errors, then on real filesystems."""
from faults import *

import pwd
import stat
import unittest

# What a call of the commit path may answer on a disk in trouble.
ERRORS = {
    "openat": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "write": ("ENOSPC", "EDQUOT", "EIO"),
    "pwrite64": ("ENOSPC", "EDQUOT", "EIO"),
    "fsync": ("EIO", "ENOSPC", "EDQUOT"),
    "fdatasync": ("EIO", "ENOSPC", "EDQUOT"),
    "renameat": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "renameat2": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "linkat": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "unlinkat": ("EROFS", "EIO"),
    "mkdir": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "mkdirat": ("ENOSPC", "EDQUOT", "EROFS", "EIO"),
    "flock": ("ENOLCK", "EIO"),
}
READ_ERRORS = {"openat": ("EIO", "EMFILE"), "pread64": ("EIO",), "newfstatat": ("EIO",)}


def of_the_log(result):
    """A failure of the audit log has a status of its own, and a sentence."""
    return b": the audit log can't be read or written (" in result.err


def harmless(call, kept=False):
    """Why a failure of this call is no failure of the command; None if it is.
    kept: the previous generation has its name already."""
    if call.name == "unlinkat" and kept and ".pre~" in call.text:
        return "it removes what is hardly ever there, and the next change tries again"
    if call.name in ("write", "newfstatat", "lseek") and f"{call.name}(2," in call.text:
        return "it is the report on standard error, after the work"
    return None


def replaces(call):
    return call.name.startswith("renameat") and 'default.tv.tmp"' in call.text


class Injected(FaultCase):
    def faulty(self, change, call, error):
        return self.change(change, wrap=self.strace("-e", f"inject={call.name}:error={error}:when={call.nth}"))

    def one(self, change, call, error, replaced, fine):
        result = self.faulty(change, call, error)
        with open(self.trace_file, errors="replace") as f:
            self.assertEqual(f.read().count("(INJECTED)"), 1)
        if fine:
            self.ok(result)
            self.assertEqual(self.holds(change.after), change.after)
        else:
            # What is stored is stored, whether or not it could be logged.
            self.one_sentence(result, 35 if not replaced and of_the_log(result) else 1)
            if not replaced:
                self.assertEqual(digest(self.home.vault), self.before)
            self.holds(change.after if replaced else BEFORE)
        self.assertNotIn("default.tv.tmp", self.files())
        self.previous_opens()
        self.still_takes_a_change(change.after if replaced or fine else BEFORE)
        self.log_is_whole()

    def each(self, change, errors, wanted):
        path = commit_path(self.calls_of(change))
        self.before = digest(self.home.vault)
        replaced = kept = False
        for call in (c for c in path if wanted(c)):
            for error in errors.get(call.name, ()):
                with self.subTest(call=str(call), error=error):
                    self.one(change, call, error, replaced, harmless(call, kept))
                self.restore()
            kept = kept or call.name == "linkat"
            replaced = replaced or replaces(call)
        self.assertTrue(replaced, "the call that replaces the vault was not found")

    def test_add(self):
        self.each(CHANGES["add"], ERRORS, Call.changes_a_file)

    def test_other_changes(self):
        errors = ERRORS if FULL else {k: v[:1] for k, v in ERRORS.items()}
        for name in ("edit", "remove", "rename"):
            self.each(CHANGES[name], errors, Call.changes_a_file)

    def test_reading_fails_in_the_middle_of_a_change(self):
        def wanted(call):
            # An unreadable machine-id has a test of its own.
            # The system log looks for its time zone.
            return replaces(call) or not (call.changes_a_file() or "machine-id" in call.text or
                                          "localtime" in call.text or "st_mode=S_IFREG|0644" in call.text)
        self.each(CHANGES["add"], READ_ERRORS, wanted)

    def test_locks_are_not_to_be_had(self):
        self.each(CHANGES["add"], {"flock": ERRORS["flock"]}, lambda c: c.name == "flock" or replaces(c))

    def test_no_hard_links_on_this_filesystem(self):
        """Then there is no previous generation, rather than no change."""
        change = CHANGES["add"]
        calls = commit_path(self.calls_of(change))
        link = next(c for c in calls if c.name == "linkat")
        for error in ("EPERM", "EOPNOTSUPP"):
            self.ok(self.faulty(change, link, error))
            self.assertEqual(self.holds(change.after), change.after)
            self.restore()

    def test_machine_id_that_cannot_be_read_is_not_another_machine(self):
        """The reason is the file, and the advice must not be to restore it."""
        change = CHANGES["add"]
        before = digest(self.home.vault)
        for call in self.calls_of(change):
            if call.name == "openat" and "machine-id" in call.text:
                for error in ("EIO", "EMFILE"):
                    with self.subTest(call=str(call), error=error):
                        self.one_sentence(self.faulty(change, call, error), 1)
                    if digest(self.home.vault) != before:
                        self.restore()

    def test_data_that_was_not_written(self):
        """write says yes, and the disk has nothing: reading back finds it."""
        change = CHANGES["add"]
        writes = [c for c in commit_path(self.calls_of(change)) if c.name == "write" and c.changes_a_file()]
        before = digest(self.home.vault)
        for call, replaced in zip(writes, (False, True), strict=True):
            length = call.text.rsplit(",", 1)[1].strip(" )")
            for lie in (length, str(int(length) // 2)):
                with self.subTest(call=str(call), claims=lie):
                    result = self.change(change, wrap=self.strace(
                        "-e", f"inject=write:retval={lie}:when={call.nth}"))
                    self.assertNotEqual(result.status, 0, result)
                    self.assertEqual(result.out, b"")
                    self.assertEqual(digest(self.home.vault) == before, not replaced)
                    self.still_takes_a_change(self.holds(change.after if replaced else BEFORE))
                self.restore()


class InjectedGet(FaultCase):
    """A secret whose line can't be written, synced or moved on from stays inside."""

    GET = Change("get", ["get", "kept"], b"", BEFORE)

    def test_get(self):
        calls = [c for c in commit_path(self.calls_of(self.GET)) if c.changes_a_file()]
        log = [c for c in calls if c.name in ("openat", "pwrite64", "fdatasync")]
        # Lock, log and state are opened for the touch and for the entry.
        self.assertEqual([c.name for c in log], ["openat"] * 3 + ["pwrite64"] * 2 + ["openat"] * 3 +
                         ["pwrite64", "fdatasync", "pwrite64"])
        for call in log:
            for error in ERRORS[call.name]:
                with self.subTest(call=str(call), error=error):
                    result = self.change(self.GET, wrap=self.strace(
                        "-e", f"inject={call.name}:error={error}:when={call.nth}"))
                    self.one_sentence(result, 35)
                    self.assertTrue(of_the_log(result), result)
                    self.assertEqual(self.value("kept"), KEPT)
                    self.log_is_whole()
                self.restore()


class InjectedInit(FaultCase):
    INIT = Change("init", ["init"], b"", {})

    def setUp(self):
        Case.setUp(self)
        self.plugged = self.token()
        self.device = ("--device", self.plugged.path)
        self.saved = self.home.dir + ".saved"
        self.save()

    def test_init(self):
        calls = self.calls_of(self.INIT)
        path = [c for c in calls if c.name.startswith("mkdir")] + commit_path(calls)
        for call in (c for c in path if c.changes_a_file()):
            for error in ERRORS[call.name][:None if FULL else 2]:
                with self.subTest(call=str(call), error=error):
                    self.one(call, error)
                self.restore()

    def one(self, call, error):
        result = self.change(self.INIT, wrap=self.strace(
            "-e", f"inject={call.name}:error={error}:when={call.nth}"))
        if harmless(call):
            self.ok(result)
        elif call.name == "write" and call.text.startswith("write(1,"):
            self.assertEqual(result.status, 1, result)
        else:
            self.one_sentence(result, 35 if call.name == "mkdirat" else 1)
        again = self.home.run(*self.device, "init")
        self.assertIn(again.status, (0, 4), again)
        self.ok(self.home.run(*self.device, "add", "kept", "--field", "k=-", stdin=KEPT))
        self.assertEqual(self.value("kept"), KEPT)


class RealDisk(FaultCase):
    """A filesystem of its own under the home, by a real mount."""

    def setUp(self):
        super().setUp()
        self.mounted = []

    def mount(self, directory, size):
        """An empty one, with what was in the directory put into it."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", directory],
                              capture_output=True, text=True)
        if done.returncode != 0:
            message = f"NOT TESTED: a full disk, since nothing can be mounted here: {done.stderr.strip()}"
            print(message)
            self.skipTest(message)
        self.addCleanup(subprocess.run, ["umount", "-l", directory], check=False)
        saved = directory.replace(self.home.dir, self.saved, 1)
        shutil.copytree(saved, directory, dirs_exist_ok=True)

    def vault_dir(self):
        return os.path.dirname(self.home.vault)

    def state_dir(self):
        return os.path.dirname(self.home.state)

    def audit_dir(self):
        return os.path.join(self.state_dir(), "audit")

    def fill(self, directory, leave):
        """Until no more than leave bytes are free."""
        path = os.path.join(directory, "ballast")
        free = os.statvfs(directory)
        with open(path, "wb") as f:
            f.write(b"x" * max(0, free.f_bavail * free.f_bsize - leave))
        return path

    def test_vault_on_a_full_disk(self):
        self.mount(self.vault_dir(), "256k")
        before = digest(self.home.vault)
        for leave in (0, 4096):
            ballast = self.fill(self.vault_dir(), leave)
            for change in CHANGES.values():
                with self.subTest(change=change.name, free=leave):
                    self.one_sentence(self.change(change), 1)
                    self.assertEqual(digest(self.home.vault), before)
                    self.assertNotIn("default.tv.tmp", self.files())
            # What is there can be read all the same.
            self.assertEqual(self.holds(BEFORE), BEFORE)
            self.assertEqual(self.value("kept"), KEPT)
            os.unlink(ballast)
        self.ok(self.change(CHANGES["add"]))
        self.still_takes_a_change(self.holds(CHANGES["add"].after))

    def test_state_on_a_full_disk(self):
        """Where the log finds no room, or only the record of the new generation:
        nothing is given out that isn't logged, and nothing is changed unnoticed."""
        self.mount(self.state_dir(), "64k")
        log, = (n for n in os.listdir(self.audit_dir()) if n.endswith(".log"))
        size = os.path.getsize(os.path.join(self.audit_dir(), log))
        change = CHANGES["add"]
        statuses = []
        # The page that the log's last line is in has some room left.
        for page in range(-size % 4096, 0, -300):
            ballast = self.fill(self.state_dir(), 0)
            got = self.home.run(*self.device, "get", "kept", "k")
            statuses.append(got.status)
            if got.status != 0:
                self.one_sentence(got, 35)
            os.unlink(ballast)
        self.assertEqual(statuses[-1], 35)
        ballast = self.fill(self.state_dir(), 0)
        before = digest(self.home.vault)
        self.one_sentence(self.change(change), 35)
        self.assertEqual(digest(self.home.vault), before)
        os.unlink(ballast)
        self.log_is_whole()
        self.still_takes_a_change(self.holds(BEFORE))

    def test_read_only_disk(self):
        """What needs no touch goes on; what can't be logged is not given out."""
        self.mount(self.vault_dir(), "256k")
        self.mount(self.state_dir(), "64k")
        before = digest(self.home.vault)
        for directory in (self.vault_dir(), self.state_dir()):
            subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
        for change in CHANGES.values():
            with self.subTest(change=change.name):
                self.one_sentence(self.change(change), 1)
        self.assertEqual(digest(self.home.vault), before)
        self.assertEqual(sorted(BEFORE), self.names())
        touched = len(self.plugged.transactions())
        with self.subTest("get"):
            self.one_sentence(self.home.run(*self.device, "get", "kept", "k"), 35)
            self.ok(self.home.run("log"))
        # Nobody was asked to touch for nothing.
        self.assertEqual(len(self.plugged.transactions()), touched)
        for directory in (self.vault_dir(), self.state_dir()):
            subprocess.run(["mount", "-o", "remount,rw", directory], check=True)
        self.still_takes_a_change(BEFORE)


class Unprivileged(FaultCase):
    """Root writes where it likes, so this is somebody else."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.wrap = []
            return
        nobody = pwd.getpwnam("nobody")
        # The build may be where nobody else gets.
        programs = os.path.join(self.dir, "bin")
        os.mkdir(programs, 0o755)
        for name in ("touchvault", "touchvault-token"):
            shutil.copy(os.path.join(os.path.dirname(TOUCHVAULT), name), programs)
            os.chmod(os.path.join(programs, name), 0o755)
        self.home.command = lambda *args: [os.path.join(programs, "touchvault"), *args]
        for top, dirs, files in os.walk(self.dir):
            for name in [*dirs, *files]:
                if top != programs and not os.path.islink(os.path.join(top, name)):
                    os.chown(os.path.join(top, name), nobody.pw_uid, nobody.pw_gid)
        os.chmod(self.dir, 0o755)
        os.chown(os.path.realpath(self.plugged.path), nobody.pw_uid, nobody.pw_gid)
        self.wrap = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]

    def test_read_only_directory(self):
        change = CHANGES["add"]
        vault_dir = os.path.dirname(self.home.vault)
        before, touched = digest(self.home.vault), len(self.plugged.transactions())
        os.chmod(vault_dir, stat.S_IRUSR | stat.S_IXUSR)
        result = self.one_sentence(self.change(change, wrap=self.wrap), 1)
        self.assertIn(vault_dir, result.err.decode())
        # Nobody was asked to touch for nothing.
        self.assertEqual(len(self.plugged.transactions()), touched)
        self.assertEqual(digest(self.home.vault), before)
        got = self.ok(self.home.run(*self.device, "get", "kept", wrap=self.wrap))
        self.assertEqual(got.out, KEPT)
        os.chmod(vault_dir, stat.S_IRWXU)
        self.ok(self.change(change, wrap=self.wrap))


class FileSizeLimit(FaultCase):
    def test_limit_of_the_file_size(self):
        """The kernel sends SIGXFSZ, which must not take the sentence away."""
        before = digest(self.home.vault)
        for size in (0, 100, os.path.getsize(self.home.vault)):
            with self.subTest(size=size):
                result = self.change(CHANGES["add"], wrap=["prlimit", f"--fsize={size}", "--"])
                self.assertEqual(digest(self.home.vault), before)
                self.still_takes_a_change(self.holds(BEFORE))
                self.one_sentence(result, 35 if of_the_log(result) else 1)
            self.restore()


if __name__ == "__main__":
    unittest.main()
