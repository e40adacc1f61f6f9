# SPDX-License-Identifier: BSD-2-Clause
"""Debian's fido2-assert derives the same secret as touchvault for the same
credential and salt. The proof needs no hook: the independent reader opens the
vault, every entry of it, with the response that fido2-assert printed."""
from harness import *

import base64

sys_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
import sys
sys.path.insert(0, sys_path)
import reader  # noqa: E402
from primitives import H, Refused  # noqa: E402


class Oracle(Case):
    def assertion_input(self, salt=None):
        with open(self.home.vault, "rb") as f:
            h = reader.header(f.read())
        slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
        if salt is None:
            salt = H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32)
        lines = [base64.b64encode(os.urandom(32)), b"touchvault:",
                 base64.b64encode(slot["credential"]), base64.b64encode(salt)]
        path = os.path.join(self.dir, "assert.in")
        with open(path, "wb") as f:
            f.write(b"\n".join(lines) + b"\n")
        return path, slot

    def opens(self, response):
        path = os.path.join(self.dir, "response")
        with open(path, "w") as f:
            f.write(response.hex())
        result = subprocess.run(["python3", "-B", os.path.join(sys_path, "reader.py"), "--host-key",
                                 self.home.host_key, "--response", path, "--state", self.home.state,
                                 self.home.vault], capture_output=True)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def check(self, response):
        self.assertEqual(len(response), 32)
        found = self.opens(response)
        values = {e["name"]: e["values"] for e in found["entries"]}
        self.assertEqual({n: {k: bytes.fromhex(v) for k, v in f.items()} for n, f in values.items()},
                         {"a": {"k": b"first"}, "b": {"k": b"second", "l": b"\0\xff"}})
        self.assertIsNone(self.opens(bytes([response[0] ^ 1]) + response[1:]))

    def fill(self, run):
        run("add", "a", b'{"k":"first"}')
        run("add", "b", b'{"k":"second","l":{"base64":"AP8="}}')

    def test_without_pin(self):
        token = self.token()
        self.new_vault(token)
        self.fill(lambda *a: self.ok(self.home.run("--device", token.path, *a[:-1], "--from-json",
                                                   stdin=a[-1])))
        path, slot = self.assertion_input()
        self.assertEqual(slot["flags"], 0)
        out = subprocess.run(["setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, token.path],
                             capture_output=True, check=True).stdout.splitlines()
        self.check(base64.b64decode(out[-1]))
        path, _ = self.assertion_input(bytes(32))
        out = subprocess.run(["setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, token.path],
                             capture_output=True, check=True).stdout.splitlines()
        self.assertIsNone(self.opens(base64.b64decode(out[-1])), "another salt opens the vault")

    def test_with_pin(self):
        token = self.token(pin="271828")

        def run(*args, stdin=None):
            t = self.home.on_terminal("--device", token.path, *args, pipe_stdin=stdin)
            t.expect("PIN")
            t.type("271828\n")
            self.assertEqual(t.finish().status, 0)
        run("init")
        self.fill(lambda *a: run(*a[:-1], "--from-json", stdin=a[-1]))
        path, slot = self.assertion_input()
        self.assertEqual(slot["flags"], 1)
        t = Terminal(self.home, (), pipe_stdout=True,
                     command=["fido2-assert", "-G", "-h", "-v", "-i", path, token.path])
        t.expect("PIN")
        t.type("271828\n")
        out = t.finish().out.splitlines()
        self.check(base64.b64decode(out[-1]))
        # hmac-secret is another one without user verification: no PIN, no entry.
        t = subprocess.run(["setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, token.path],
                           capture_output=True)
        if t.returncode == 0:
            self.assertIsNone(self.opens(base64.b64decode(t.stdout.splitlines()[-1])))


if __name__ == "__main__":
    unittest.main()
