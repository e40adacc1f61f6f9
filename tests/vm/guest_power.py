# SPDX-License-Identifier: BSD-2-Clause
"""Inside, twice, with a disk at /home and a TPM that keeps the host key.

The first time many vaults are being changed, each stopped behind another system call,
when the power is cut. What is on the disk then is the old vault or the new one, and
the TPM, which was switched off, too, opens it after the boot. What a user who isn't root
gets from the TPM is tried before that."""
import sys

for folder in ("vm", "fault"):
    sys.path.insert(0, "/host/tests/" + folder)
from inside import *  # noqa: E402
from faults import BEFORE, CHANGES, FaultCase, commit_path  # noqa: E402
from host_key import HostKey  # noqa: E402,F401

BASE, DONE = "/home/base", "/home/done"
STOPPED, TOKEN, CUT = "/host/stopped.json", "/host/token.state", "/host/cut"
CHANGE = CHANGES["add"]


class Power(FaultCase):
    def setUp(self):
        Case.setUp(self)

    def use(self, directory):
        """From now on the home is this one, with the same token at a port of its own."""
        self.home = Home(directory)
        self.home.command = lambda *args: [TOUCHVAULT, *args]
        name = os.path.basename(directory)
        if os.path.exists(TOKEN):
            shutil.copy(TOKEN, os.path.join(self.dir, name + ".state"))
        self.plugged = self.token(name)
        self.device = ("--device", self.plugged.path)

    def copy_of_base(self, directory):
        run("cp", "-a", BASE, directory)
        os.sync()
        self.use(directory)

    def stop_behind(self, call, directory):
        """The change has come so far, and goes no further."""
        self.copy_of_base(directory)
        trace = os.path.join(self.dir, os.path.basename(directory) + ".trace")
        with open(self.dir + "/value", "wb+") as value, open(trace, "wb"):
            value.write(CHANGE.stdin)
            value.seek(0)
            process = subprocess.Popen(["strace", "-qq", "-o", trace, "-e",
                                        f"inject={call.name}:signal=STOP:when={call.nth}",
                                        *self.home.command(*self.device, *CHANGE.args)],
                                       stdin=value, stderr=subprocess.DEVNULL, env=self.home.env,
                                       start_new_session=True)
        self.addCleanup(process.kill)

        def stopped():
            self.assertIsNone(process.poll(), f"{call} never came")
            with open(trace, encoding="utf-8", errors="replace") as f:
                return "--- stopped by SIGSTOP ---" in f.read()
        until(f"it is stopped behind {call}", stopped)

    def begin(self):
        self.use(BASE)
        self.ok(self.home.run(*self.device, "init", "--kind", "tpm2"))
        for name, value in BEFORE.items():
            self.ok(self.home.run(*self.device, "add", name, "--field", "k=-", stdin=value))
        shutil.copy(self.plugged.state, TOKEN)
        self.saved = BASE + ".saved"
        self.save()
        calls = [c for c in commit_path(self.calls_of(CHANGE)) if c.changes_a_file()]
        self.assertGreater(len(calls), 10)
        stopped = {}
        for i, call in enumerate(calls):
            stopped[f"/home/{i}"] = str(call)
            self.stop_behind(call, f"/home/{i}")
        # What was said to be done must not need luck.
        self.copy_of_base(DONE)
        self.ok(self.change(CHANGE))
        with open(STOPPED, "w", encoding="utf-8") as f:
            json.dump(stopped, f)
        # The disk gets what the file system must have there, and nothing else: names
        # may be on it before the content that was not asked to be.
        fd = os.open("/home/journal", os.O_WRONLY | os.O_CREAT)
        os.fsync(fd)
        print(f"stopped at {len(stopped)} places, and the power is cut", flush=True)
        with open(CUT, "w", encoding="ascii") as f:
            f.write("now\n")
        signal.pause()

    def go_on(self):
        with open(STOPPED, encoding="utf-8") as f:
            stopped = json.load(f)
        outcomes = set()
        for directory, call in [*stopped.items(), (DONE, None)]:
            with self.subTest(stopped_behind=call or "its end"):
                self.use(directory)
                held = self.holds(BEFORE, CHANGE.after)
                outcomes.add(held == BEFORE)
                if call is None:
                    self.assertEqual(held, CHANGE.after)
                self.previous_opens()
                self.ok(self.home.run(*self.device, "add", "next", "--field", "k=-", stdin=b"value"))
        # Else the cuts came too late or too early to prove anything.
        self.assertEqual(outcomes, {True, False})
        hosts = json.loads(self.ok(self.home.run("status", "--json")).out)["hosts"]
        self.assertEqual([h["kind"] for h in hosts], ["tpm2"])

    def test_power_cut(self):
        if os.path.exists(STOPPED):
            self.go_on()
        else:
            self.begin()


if __name__ == "__main__":
    run("modprobe", "-a", "virtio_blk", "tpm_tis", "uhid")
    log_in()
    # Without what ext4 does for programs that forget to fsync before a rename.
    run("mount", "-o", "noauto_da_alloc", "/dev/vda", "/home")
    run("dpkg", "-i", PACKAGE)
    unittest.main(verbosity=2)
