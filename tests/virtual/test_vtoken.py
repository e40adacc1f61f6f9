# SPDX-License-Identifier: BSD-2-Clause
"""Is the virtual token honest about PIN, credProtect and being unplugged?
Debian's fido2-tools, unmodified, are the judge; check.sh has the rest."""
import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import *  # noqa: E402


class Judge(Case):
    def alone(self, *command):
        return subprocess.run(["setsid", "-w", *command], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)

    def typed(self, command, *answers):
        t = Terminal(self.home, (), command=command)
        for prompt, answer in answers:
            t.expect(prompt)
            t.type(answer + "\n")
        return t.finish()

    def info(self, token):
        result = self.alone("fido2-token", "-I", token.path)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def set_pin(self, token, pin):
        return self.typed(["fido2-token", "-S", token.path], ("new PIN", pin), ("again", pin)).status

    def write(self, name, *lines):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write("\n".join(lines) + "\n")
        return path

    def challenge(self):
        return base64.b64encode(os.urandom(32)).decode()

    def make(self, token, *options, pin=None):
        """A credential with hmac-secret; its id, in base64."""
        source = self.write("new", self.challenge(), "touchvault:", "user", "AAAA")
        output = os.path.join(self.dir, "cred")
        command = ["fido2-cred", "-M", "-h", *options, "-i", source, "-o", output, token.path]
        status = (self.typed(command, ("PIN", pin)).status if pin else self.alone(*command).returncode)
        self.assertEqual(status, 0)
        verified = self.alone("fido2-cred", "-V", "-h", *options, "-i", output)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        return verified.stdout.splitlines()[0]

    def ask(self, token, credential, *options, pin=None):
        source = self.write("ask", self.challenge(), "touchvault:", credential,
                            base64.b64encode(bytes(range(32))).decode())
        output = os.path.join(self.dir, "assertion")
        if os.path.exists(output):
            os.unlink(output)
        command = ["fido2-assert", "-G", "-h", *options, "-i", source, "-o", output, token.path]
        status = (self.typed(command, ("PIN", pin)).status if pin else self.alone(*command).returncode)
        if status != 0:
            return None
        with open(output) as f:
            return f.read().splitlines()[-1]

    def test_pin_protocol_two(self):
        self.pin_is_set_changed_and_counted(self.token(pin_protocols="2"))

    def test_pin_protocol_one(self):
        self.pin_is_set_changed_and_counted(self.token(pin_protocols="1"))

    def pin_is_set_changed_and_counted(self, token):
        self.assertIn("noclientPin", self.info(token))
        self.assertEqual(self.set_pin(token, "271828"), 0)
        self.assertIn("pin retries: 8", self.info(token))
        credential = self.make(token, "-v", pin="271828")
        self.assertIsNotNone(self.ask(token, credential, "-v", pin="271828"))
        self.assertIsNone(self.ask(token, credential, "-v", pin="314159"))
        self.assertIn("pin retries: 7", self.info(token))
        self.assertIsNotNone(self.ask(token, credential, "-v", pin="271828"))
        self.assertIn("pin retries: 8", self.info(token))
        changed = self.typed(["fido2-token", "-C", token.path], ("current PIN", "271828"),
                             ("new PIN", "141421"), ("again", "141421"))
        self.assertEqual(changed.status, 0)
        self.assertIsNone(self.ask(token, credential, "-v", pin="271828"))
        self.assertIsNotNone(self.ask(token, credential, "-v", pin="141421"))

    def test_too_short_a_pin_is_refused(self):
        token = self.token()
        self.assertNotEqual(self.set_pin(token, "123"), 0)
        self.assertIn("noclientPin", self.info(token))

    def test_another_secret_with_user_verification(self):
        token = self.token(pin="271828", make_cred_uv_not_rqd=True)
        credential = self.make(token)
        plain = self.ask(token, credential)
        verified = self.ask(token, credential, "-v", pin="271828")
        self.assertIsNotNone(plain)
        self.assertIsNotNone(verified)
        self.assertNotEqual(plain, verified)

    def test_cred_protect_3_hides_the_credential(self):
        token = self.token(pin="271828")
        credential = self.make(token, "-v", "-c", "3", pin="271828")
        self.assertIsNone(self.ask(token, credential))
        self.assertIsNotNone(self.ask(token, credential, "-v", pin="271828"))

    def test_it_is_the_same_token_after_replugging(self):
        token = self.token()
        credential = self.make(token)
        first = self.ask(token, credential)
        token.control("unplug")
        self.assertIsNone(self.ask(token, credential))
        token.control("replug")
        self.assertEqual(self.ask(token, credential), first)
        self.assertNotEqual(self.ask(self.token("other"), credential), first)

    def test_faults_are_seen(self):
        token = self.token()
        credential = self.make(token)
        for fault in ("garbage", "no-secret", "error:0x21", "busy", "unplug-at:during"):
            with self.subTest(fault):
                token.control("fault " + fault)
                self.assertIsNone(self.ask(token, credential))
                token.control("fault none")
                if fault.startswith("unplug"):
                    token.control("replug")
        self.assertIsNotNone(self.ask(token, credential))


if __name__ == "__main__":
    unittest.main()
