# SPDX-License-Identifier: BSD-2-Clause
"""What `cmake --install` puts in place works from there, and only from there."""
import harness
from harness import *

BUILD = os.environ["BUILD"]


class Install(Case):
    def setUp(self):
        super().setUp()
        self.prefix = os.path.join(self.dir, "usr")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], check=True,
                       stdout=subprocess.DEVNULL)
        self.helper = os.path.join(self.prefix, "libexec/touchvault/touchvault-token")
        self.before, harness.TOUCHVAULT = harness.TOUCHVAULT, os.path.join(self.prefix, "bin/touchvault")
        self.addCleanup(setattr, harness, "TOUCHVAULT", self.before)

    def test_main_job(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "value"})
        self.assertEqual(self.ok(self.home.run("--device", token.path, "get", "k")).out, b"value")

    def test_files(self):
        for path in ("share/man/man1/touchvault.1", "share/bash-completion/completions/touchvault",
                     "share/zsh/site-functions/_touchvault", "lib/udev/rules.d/70-touchvault.rules",
                     "share/doc/touchvault/71-touchvault-lock.rules",
                     "share/fish/vendor_completions.d/touchvault.fish"):
            self.assertTrue(os.path.exists(os.path.join(self.prefix, path)), path)

    def test_helper_missing_or_unsafe(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "value"})
        get = ("--device", token.path, "get", "k")
        os.chmod(self.helper, 0o777)
        self.refused(self.home.run(*get), 17, "touchvault-token")
        os.chmod(self.helper, 0o755)
        os.unlink(self.helper)
        self.refused(self.home.run(*get), 17, "touchvault-token")
        # Never by PATH.
        other = os.path.join(self.dir, "bin")
        os.mkdir(other)
        with open(os.path.join(other, "touchvault-token"), "w") as f:
            f.write("#!/bin/sh\ntouch " + os.path.join(self.dir, "ran") + "\n")
        os.chmod(f.name, 0o755)
        self.refused(self.home.run(*get, env={"PATH": other + ":" + self.home.env["PATH"]}), 17)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "ran")))
        self.ok(self.home.run("list"))

    def test_the_helper_is_not_for_people(self):
        result = subprocess.run([self.helper], capture_output=True, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"run touchvault", result.stderr)

    def test_the_program_links_no_device_library(self):
        needed = subprocess.run(["readelf", "-d", harness.TOUCHVAULT], capture_output=True,
                                check=True).stdout
        for library in (b"libfido2", b"libcrypto", b"libudev", b"libusb", b"libseccomp"):
            self.assertNotIn(library, needed)

    def test_hardening(self):
        for program in (harness.TOUCHVAULT, self.helper):
            headers = subprocess.run(["readelf", "-lhdW", program], capture_output=True, check=True,
                                     text=True).stdout
            self.assertIn("DYN (Position-Independent Executable", headers, program)
            self.assertIn("GNU_RELRO", headers)
            self.assertRegex(headers, r"BIND_NOW|Flags: .*NOW")
            self.assertRegex(headers, r"GNU_STACK.* RW ")


if __name__ == "__main__":
    unittest.main()
