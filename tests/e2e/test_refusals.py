# SPDX-License-Identifier: BSD-2-Clause
"""Who doesn't get a secret, and what is said then. In each case nothing is on
standard output and the vault is byte for byte as before."""
from harness import *


class Refusals(Case):
    def setUp(self):
        super().setUp()
        self.first = self.token("first")
        self.new_vault(self.first)
        self.add(self.first, "k", {"secret": "CANARY-4711"})
        self.before = digest(self.home.vault)

    def tearDown(self):
        self.assertEqual(digest(self.home.vault), self.before)

    def get(self, token, home=None):
        return (home or self.home).run("--device", token.path, "get", "k")

    def test_a_home_that_was_never_approved(self):
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        before = len(self.first.transactions())
        self.refused(self.get(self.first, other), 20, other.vault)
        for command in (["list"], ["show", "k"], ["status"], ["remove", "k"], ["rename", "k", "l"]):
            self.refused(other.run("--device", self.first.path, *command), 20)
        # Nobody was asked to touch for nothing.
        self.assertEqual(len(self.first.transactions()), before)
        self.assertEqual(digest(other.vault), self.before)

    def test_a_host_with_a_key_of_its_own(self):
        other = Home(os.path.join(self.dir, "other"))
        self.ok(other.run("--device", self.first.path, "--vault", "own", "init"))
        copy_vault(self.home.vault, other.vault)
        self.refused(self.get(self.first, other), 20)

    def test_a_host_key_of_another_machine(self):
        # What a copy looks like: the key says a machine that is not this one.
        with open(self.home.host_key, "r+b") as f:
            data = bytearray(f.read())
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        os.makedirs(os.path.dirname(other.host_key), 0o700)
        with open(other.host_key, "wb") as f:
            f.write(data)
        os.chmod(other.host_key, 0o600)
        if not os.path.exists("/etc/machine-id"):
            self.skipTest("this machine has no machine-id, so no key is bound to it")
        fake = os.path.join(self.dir, "machine-id")
        with open(fake, "w") as f:
            f.write("0123456789abcdef0123456789abcdef\n")
        result = other.run("--device", self.first.path, "get", "k", wrap=[
            "unshare", "--mount", "--map-root-user", "sh", "-c",
            f'mount --bind {fake} /etc/machine-id && exec "$@"', "sh"])
        self.refused(result, 21, other.host_key)

    def test_the_helper_gets_neither_environment_nor_terminal(self):
        self.first.control("touch-policy after:3000")
        running = subprocess.Popen(self.home.command("--device", self.first.path, "get", "k"),
                                   env={**self.home.env, "ALPACA_SECRET": "CANARY"},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        running.stderr.readline()
        helper = subprocess.run(["pgrep", "-P", str(running.pid)], capture_output=True, text=True,
                                check=True).stdout.strip()
        if os.geteuid() != 0:
            self.skipTest("only root may look into a process that is not dumpable")
        with open(f"/proc/{helper}/environ", "rb") as f:
            self.assertEqual(f.read(), b"")
        fds = [os.readlink(f"/proc/{helper}/fd/{n}") for n in sorted(os.listdir(f"/proc/{helper}/fd"))]
        self.assertRegex(fds[0], "^socket:")
        self.assertEqual(fds[1:3], ["/dev/null", "/dev/null"])
        self.assertEqual(len(fds), 4, fds)  # and the token
        with open(f"/proc/{helper}/status") as f:
            status = f.read()
        self.assertRegex(status, r"NoNewPrivs:\s+1")
        self.assertRegex(status, r"Seccomp:\s+2")
        out, err = running.communicate(timeout=60)
        self.assertEqual((running.returncode, out), (0, b"CANARY-4711"), err)

    def test_a_signature_key_that_was_swapped(self):
        # A vault of its own, enrolled with the same token: its slots don't fit.
        self.ok(self.home.run("--device", self.first.path, "--vault", "two", "init"))
        two = self.home.vault.replace("default.tv", "two.tv")
        with open(self.home.vault, "rb") as f:
            mine = f.read()
        with open(two, "rb") as f:
            theirs = f.read()
        try:
            with open(self.home.vault, "wb") as f:
                f.write(theirs)
            self.refused(self.get(self.first), 32)
        finally:
            with open(self.home.vault, "wb") as f:
                f.write(mine)


if __name__ == "__main__":
    unittest.main()
