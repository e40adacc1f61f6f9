# SPDX-License-Identifier: BSD-2-Clause
"""The TPM and a user who is not root: in the group that Debian gives it to, and out of it. The
keys are on the disk that is there at the next boot, too."""
import grp
import stat

from inside import *

TPM = "/dev/tpmrm0"
MEND = "usermod -aG tss USER"
KEPT, STATE = "/home/alice", "/host/alice.state"


class HostKey(Lab):
    def setUp(self):
        super().setUp()
        there = os.stat(TPM)
        self.assertEqual((stat.S_IMODE(there.st_mode), grp.getgrgid(there.st_gid).gr_name), (0o660, "tss"))
        if os.path.exists(STATE):
            shutil.copy(STATE, self.dir + "/token.state")
        self.plugged_in = self.plug()[0]

    def kinds(self, home):
        return [h["kind"] for h in json.loads(self.ok(home.run("status", "--json")).out)["hosts"]]

    def test_1_out_of_the_group(self):
        """She is told what to do, and has a key in a file until she does it."""
        if os.path.exists(STATE):
            return
        self.refused(self.alice.run("init", "--kind", "tpm2"), 22, TPM, "no permission", MEND)
        self.assertEqual(self.plugged_in.transactions(), [], "touched for nothing")
        said = self.ok(self.alice.run("init")).out.decode()
        self.assertRegex(said, f"TPM +not used: no permission .*{MEND}")
        self.assertEqual(self.kinds(self.alice), ["keyfile"])

    def test_2_in_the_group(self):
        run(*MEND.replace("USER", "alice").split())
        home = self.of("alice", KEPT)
        if not os.path.exists(STATE):
            self.ok(home.run("init"))
            self.ok(home.run("add", "k", "--field", "a=-", stdin=b"value"))
            shutil.copy(self.plugged_in.state, STATE)
        self.assertEqual(self.kinds(home), ["tpm2"])
        self.assertEqual(self.ok(home.run("get", "k")).out, b"value")
