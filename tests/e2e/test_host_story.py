# SPDX-License-Identifier: BSD-2-Clause
"""The story of touchvault-hosts(7), with its commands: a trading box and a laptop."""
from harness import *

import re
import shutil


class Story(Case):
    def says(self, terminal, *lines):
        for line in lines:
            terminal.expect(line)

    def test_story(self):
        key = self.token("key")
        box, laptop = self.home, Home(os.path.join(self.dir, "laptop"))

        # The vault is made on the trading box, and holds a broker's key.
        self.ok(box.run("--device", key.path, "init", "--host-name", "box"))
        self.add(key, "ibkr/live", {"private_key": "-----BEGIN-----"})

        # Copied to the laptop, it opens for nobody, and says how to change that.
        copy_vault(box.vault, laptop.vault)
        self.refused(laptop.run("list"), 20, laptop.vault, "touchvault host request", "touchvault host approve")
        self.refused(laptop.run("--device", key.path, "get", "ibkr/live", "private_key"), 20)

        # laptop$ touchvault host request
        asked = self.ok(laptop.run("host", "request", "--name", "laptop"))
        self.assertEqual(asked.out.count(b"\n"), 1)
        shown = json.loads(self.ok(laptop.run("host", "show", "--json")).out)
        self.assertIn(shown["fingerprint"], asked.err.decode())
        self.refused(laptop.run("list"), 20)

        # box$ touchvault host approve --label "on the road"
        t = box.on_terminal("--device", key.path, "host", "approve", "--label", "on the road")
        t.expect("Paste the request")
        t.type(asked.out)
        self.says(t, 'a request of "laptop"', "Type the fingerprint that the new host shows: ")
        t.type(shown["fingerprint"].lower() + "\n")
        self.says(t, "Touch the token", f"to approve the host laptop ({shown['fingerprint']})", "laptop is approved; now copy the vault to it")
        self.assertEqual(t.finish().status, 0)
        self.assertRegex(self.ok(box.run("host", "list")).out.decode(),
                         r"box: .*there since init.*\(this host\)\nlaptop \(on the road\): .*approved .* by box, fingerprint ")

        # laptop$ scp box:... ; touchvault list; touchvault get
        copy_vault(box.vault, laptop.vault)
        listed = self.ok(laptop.run("list"))
        self.assertIn(b"ibkr/live  private_key", listed.out)
        self.assertIn(b"not verified yet", listed.err)
        self.assertIn(b"by box", listed.err)
        got = self.ok(laptop.run("--device", key.path, "get", "ibkr/live", "private_key"))
        self.assertEqual(got.out, b"-----BEGIN-----")
        self.assertEqual(self.ok(laptop.run("list")).err, b"")

        # A change on the laptop is one on the trading box, when it has the file.
        self.ok(laptop.run("--device", key.path, "add", "kraken/main", "--field", "key=-", stdin=b"K"))
        copy_vault(laptop.vault, box.vault)
        self.assertEqual(self.ok(box.run("--device", key.path, "get", "kraken/main")).out, b"K")

        # Both change a copy of their own: the second one is refused, not lost.
        self.ok(laptop.run("--device", key.path, "add", "a", "--field", "key=-", stdin=b"A"))
        self.ok(box.run("--device", key.path, "add", "b", "--field", "key=-", stdin=b"B"))
        copy_vault(box.vault, box.vault + ".kept")
        copy_vault(laptop.vault, box.vault)
        self.refused(box.run("list"), 32, "--accept-rollback")
        copy_vault(box.vault + ".kept", box.vault)

        # The laptop is lost.
        # box$ touchvault host revoke laptop
        revoked = self.ok(box.run("--device", key.path, "host", "revoke", "laptop"))
        self.assertIn(b"to revoke the host laptop", revoked.err)
        self.assertIn(b"every entry is marked to be rotated now", revoked.err)
        lines = self.ok(box.run("list")).out.decode().splitlines()
        self.assertEqual(len([line for line in lines if "  ROTATE NOW  " in line]), 3, lines)
        self.assertIn("host revoked: laptop", self.ok(box.run("show", "ibkr/live")).out.decode())

        # It is out, from that file on; the trading box goes on.
        copy_vault(box.vault, laptop.vault)
        self.refused(laptop.run("list"), 20)
        self.refused(laptop.run("--device", key.path, "get", "ibkr/live", "private_key"), 20)
        self.ok(box.run("--device", key.path, "edit", "ibkr/live", "--field", "private_key=-", stdin=b"NEW"))
        self.assertEqual(self.ok(box.run("--device", key.path, "get", "ibkr/live")).out, b"NEW")
        self.assertNotIn("host revoked", self.ok(box.run("show", "ibkr/live")).out.decode())

    def test_all_hosts_are_lost(self):
        key = self.token("key")
        box, laptop, new = self.home, Home(os.path.join(self.dir, "laptop")), Home(os.path.join(self.dir, "new"))
        backup, sheet = os.path.join(self.dir, "backup.tv"), os.path.join(self.dir, "sheet.pdf")
        self.ok(box.run("--device", key.path, "init", "--host-name", "box"))
        self.add(key, "ibkr/live", {"private_key": "-----BEGIN-----"})
        made = json.loads(self.ok(laptop.run("host", "request", "--name", "laptop", "--json")).out)
        self.ok(box.run("--device", key.path, "host", "approve", "--fingerprint", made["fingerprint"],
                        stdin=made["request"].encode()))

        # box$ touchvault recovery create --output sheet.pdf
        t = box.on_terminal("--device", key.path, "recovery", "create", "--output", sheet)
        self.says(t, "print it, then type two groups back")
        code = self.print_out(sheet)
        for _ in range(2):
            t.expect("Type group ")
            t.expect(" from the sheet: ")
            t.type(code[int(re.findall(rb"Type group (\d) from", t.shown)[-1])] + "\n")
        self.says(t, "Touch the token", "to add the recovery sheet", "the vault has the recovery sheet")
        self.assertEqual(t.finish().status, 0)
        os.unlink(sheet)
        self.assertIn(b"recovery    sheet since ", self.ok(box.run("status")).out)

        # A fire takes both machines. There are a backup of the file, a token, and the sheet.
        copy_vault(box.vault, backup)
        for home in (box, laptop):
            shutil.rmtree(home.dir)
        copy_vault(backup, new.vault)
        self.refused(new.run("--device", key.path, "get", "ibkr/live"), 20, "touchvault recovery use")

        # new$ touchvault recovery use
        t = new.on_terminal("--device", key.path, "recovery", "use", "--name", "new")
        self.says(t, "Type the code of the recovery sheet", "Group 1 of 8: ")
        t.type(code[2] + "\n")
        self.says(t, "Group 1 is not right", "Group 1 of 8: ")
        for i in range(1, 9):
            t.type(code[i] + "\n")
            if i < 8:
                t.expect(f"Group {i + 1} of 8: ")
        self.says(t, "not verified yet", "by box", "Touch the token", "to approve this host, new, by the recovery sheet",
                  "new is approved, by the recovery sheet")
        self.assertEqual(t.finish().status, 0)

        # In again, by a touch and this host alone.
        self.assertEqual(self.ok(new.run("--device", key.path, "get", "ibkr/live")).out, b"-----BEGIN-----")
        self.assertEqual(self.ok(new.run("list")).err, b"")

        # new$ touchvault host revoke box; host revoke laptop
        for name in ("box", "laptop"):
            self.ok(new.run("--device", key.path, "host", "revoke", name))
        self.assertIn(b"ROTATE NOW", self.ok(new.run("list")).out)
        self.assertRegex(self.ok(new.run("host", "list")).out.decode(),
                         r"\Anew: .*approved .*\(this host\)\nrecovery sheet: since .*\n\Z")

    def print_out(self, sheet):
        """{number: group}, as they stand on the paper."""
        text = subprocess.run(["pdftotext", "-raw", sheet, "-"], check=True, stdout=subprocess.PIPE).stdout.decode()
        return {int(n): g for n, g in re.findall(r"\b([1-8])\s([0-9A-Z]{5})\b", text)}

    def test_a_cloned_machine(self):
        key = self.token("key")
        box, clone = self.home, Home(os.path.join(self.dir, "clone"))
        self.new_vault(key)
        self.add(key, "k", {"secret": "S"})
        subprocess.run(["cp", "-a", os.path.join(box.dir, ".local"), clone.dir], check=True)

        # With the same machine id it is the same host, until the original has a new key.
        self.assertEqual(self.ok(clone.run("--device", key.path, "get", "k")).out, b"S")
        self.ok(box.run("--device", key.path, "host", "rekey"))
        copy_vault(box.vault, clone.vault)
        self.refused(clone.run("--device", key.path, "get", "k"), 20)
        self.assertEqual(self.ok(box.run("--device", key.path, "get", "k")).out, b"S")

        # With an id of its own it asks as any new host.
        there = another_machine(self.dir)
        if self.ok(box.run("host", "show", "--json")).out.count(b'"bound":true'):
            self.refused(clone.run("list", wrap=there), 21)
            self.refused(clone.run("host", "request", wrap=there), 21, "delete")
        os.unlink(clone.host_key)
        os.unlink(clone.state)
        made = json.loads(self.ok(clone.run("host", "request", "--name", "clone", "--json", wrap=there)).out)
        self.ok(box.run("--device", key.path, "host", "approve", "--fingerprint", made["fingerprint"],
                        stdin=made["request"].encode()))
        copy_vault(box.vault, clone.vault)
        self.assertEqual(self.ok(clone.run("--device", key.path, "get", "k", wrap=there)).out, b"S")


if __name__ == "__main__":
    unittest.main()
