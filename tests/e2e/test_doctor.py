# SPDX-License-Identifier: BSD-2-Clause
"""What else can be wrong: each thing is made wrong, and right again."""
import re

from harness import *
from machine import Machine

DPKG = "Package: {}\nStatus: install ok {}\nVersion: {}\n\n"


LOG_IN = " and log in again"
IN_THIS_SHELL = " in this shell; for good, in what it reads at its start, as ~/.profile"
FOR_GOOD = ", which lasts until the next start; for good, take it out of /etc/fstab, too"


class Doctor(Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        os.chown(self.home.dir, 1000, 1000)
        self.machine = Machine(self.dir)
        self.over = self.machine.is_of["over"]
        self.put("/proc/swaps", "Filename Type Size Used Priority\n")
        self.put("/proc/sys/kernel/core_pattern", "core\n")
        self.put("/var/lib/dpkg/status", DPKG.format("libsodium23", "installed", "1.0.18-1+deb12u1"))

    def put(self, path, text):
        self.over[path] = os.path.join(self.dir, path.replace("/", "_"))
        with open(self.over[path], "w", encoding="utf-8") as f:
            f.write(text)

    def findings(self, *args, wrap=None):
        """Check to a list of (state, what, mend), and the exit status fits."""
        result = self.home.run("--json", *args, "doctor",
                               wrap=self.machine.wrap() if wrap is None else wrap)
        self.clean(result)
        found = {}
        for f in json.loads(result.out)["findings"]:
            self.assertEqual(f["mend"] is not None, f["state"] == "wrong", f)
            found.setdefault(f["check"], []).append((f["state"], f["what"], f["mend"], f["then"]))
        wrong = sum(f[0] == "wrong" for fs in found.values() for f in fs)
        self.assertEqual(result.status, 43 if wrong else 0, result)
        if wrong:
            self.assertEqual(json.loads(result.err)["error"]["code"], "to-mend")
        return found

    def wrong(self, check, what, mend, then=None, **kwargs):
        found = self.findings(**kwargs)[check]
        self.assertEqual([f[0] for f in found], ["wrong"], found)
        self.assertIn(what, found[0][1])
        self.assertEqual(mend, found[0][2])
        self.assertEqual(then, found[0][3])

    def test_nothing_wrong(self):
        found = self.findings()
        del found["clock"]  # of this machine
        self.assertEqual({check: [f[0] for f in fs] for check, fs in found.items()},
                         {"memlock": ["fine"], "vault": ["unknown"], "swap": ["fine"],
                          "cores": ["fine"], "tpm": ["fine"], "libraries": ["fine"]})

    def test_text(self):
        self.put("/proc/sys/kernel/core_pattern", "|/usr/lib/\x1bhandler %p\n")
        result = self.home.run("doctor", wrap=self.machine.wrap())
        self.clean(result)
        self.assertEqual(result.status, 43)
        self.assertRegex(result.out.decode(), r"cores +wrong +crashes are piped to /usr/lib/\?handler")
        self.assertIn('to mend it, run "echo kernel.core_pattern=core | sudo tee /etc/sysctl.d/99-touchvault.conf && '
                      'sudo sysctl -p /etc/sysctl.d/99-touchvault.conf"\n', result.out.decode())
        self.assertRegex(result.err.decode(), r"^touchvault: \d things? (is|are) wrong; [^\n]*\n$")

    def test_memlock(self):
        limits = self.machine.wrap() + ["/usr/bin/prlimit"]
        self.wrong("memlock", "memory", "ulimit -l 4096", IN_THIS_SHELL,
                   wrap=limits + ["--memlock=65536:8388608"])
        self.wrong("memlock", "memory", "echo 'alice - memlock 4096' | sudo tee "
                   "/etc/security/limits.d/touchvault.conf", LOG_IN, wrap=limits + ["--memlock=65536:65536"])

    def test_swap(self):
        """A partition, then on dm-crypt, then on LVM over dm-crypt and over a disk."""
        self.machine.nodes["/dev/sda2"] = {"device": (8, 2), "block": True}
        block = "/sys/dev/block/8:2"
        self.machine.files[block + "/size"] = "1\n"
        self.put("/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
        self.wrong("swap", "/dev/sda2 is swap space without encryption", "sudo swapoff /dev/sda2", FOR_GOOD)
        self.machine.files[block + "/dm/uuid"] = "LVM-x\n"
        self.wrong("swap", "/dev/sda2", "sudo swapoff /dev/sda2", FOR_GOOD)
        self.machine.files[block + "/slaves/dm-1/dm/uuid"] = "CRYPT-LUKS2-x\n"
        self.assertEqual(self.findings()["swap"][0][0], "fine")
        self.machine.files[block + "/slaves/sdb/size"] = "1\n"
        self.wrong("swap", "/dev/sda2", "sudo swapoff /dev/sda2", FOR_GOOD)
        self.machine.files[block + "/dm/uuid"] = "CRYPT-PLAIN-x\n"
        self.assertEqual(self.findings()["swap"][0][0], "fine")
        self.put("/proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 -2\n")
        self.assertEqual(self.findings()["swap"][0][0], "fine")

    def swap_file(self, path, source, kind="btrfs"):
        """On what has no device number of its own, which a tmpfs hasn't either."""
        self.machine.files[path] = ""
        escaped = path.replace(" ", "\\040")
        self.put("/proc/swaps", f"Filename Type Size Used Priority\n{escaped} file 1 0 -2\n")
        mount = os.path.dirname(path).replace(" ", "\\040")
        self.put("/proc/self/mountinfo", f"21 20 0:30 /@swap {mount} rw,noatime shared:1 - {kind} {source} rw\n"
                 f"22 20 0:31 / {mount}/below rw - btrfs /dev/sdz1 rw\n23 20 0:32 / {escaped[:-1]} rw - btrfs /dev/sdz1 rw\n"
                 "20 1 0:18 / / rw - tmpfs none rw\n")

    def test_swap_file(self):
        """On btrfs: what its devices are, all of them, and not what its number says."""
        self.machine.nodes["/dev/mapper/root"] = {"device": (253, 0), "block": True}
        self.swap_file("/swap space/a file", "/dev/mapper/root")
        state, what, *_ = self.findings()["swap"][0]
        self.assertEqual((state, what.split(":")[0]), ("unknown", "/swap space/a file"))
        self.machine.files["/sys/dev/block/253:0/size"] = "1\n"
        self.wrong("swap", "/swap space/a file is swap", "sudo swapoff '/swap space/a file'", FOR_GOOD)
        self.machine.files["/sys/dev/block/253:0/dm/uuid"] = "CRYPT-LUKS2-x\n"
        self.assertEqual(self.findings()["swap"][0][0], "fine")
        # What the kernel has as links to the devices.
        links = os.path.join(self.dir, "links")
        os.makedirs(links)
        os.symlink("../../devices/virtual/block/dm-0", os.path.join(links, "253:0"))
        self.machine.files["/sys/dev/block/x"] = ""
        self.over["/sys/dev/block"] = links
        self.machine.files["/sys/devices/virtual/block/dm-0/dm/uuid"] = "CRYPT-LUKS2-x\n"
        del self.machine.files["/sys/dev/block/253:0/size"], self.machine.files["/sys/dev/block/253:0/dm/uuid"]
        devices = "/sys/fs/btrfs/uuid/devices"
        self.machine.files[devices + "/dm-0/dm/uuid"] = "CRYPT-LUKS2-x\n"
        self.assertEqual(self.findings()["swap"][0][0], "fine")
        self.machine.files[devices + "/sdb1/size"] = "1\n"
        self.wrong("swap", "/swap space/a file is swap", "sudo swapoff '/swap space/a file'", FOR_GOOD)
        self.machine.files["/sys/fs/btrfs/another/devices/sdc1/size"] = "1\n"
        del self.machine.files[devices + "/sdb1/size"]
        self.assertEqual(self.findings()["swap"][0][0], "fine")
        self.swap_file("/swap space/a file", "tank/swap", "zfs")
        self.assertEqual(self.findings()["swap"][0][0], "unknown")

    def test_tpm(self):
        self.machine.nodes["/dev/tpmrm0"] = {"mode": 0o660, "gid": 109}
        self.wrong("tpm", "may not open", "sudo usermod -aG tss alice", LOG_IN)
        self.machine.is_of["groups"] = [109]
        self.assertEqual(self.findings()["tpm"][0][0], "fine")

    def test_libraries(self):
        mend = "sudo apt-get install --only-upgrade libsodium23"
        for version in ("1.0.18-1", "1.0.18-1+b2"):
            self.put("/var/lib/dpkg/status", DPKG.format("libsodium23-dev", "installed", "9") +
                     DPKG.format("libsodium23", "installed", version))
            self.wrong("libraries", f"libsodium23 {version} has CVE-2025-69277", mend)
        self.put("/var/lib/dpkg/status", DPKG.format("libsodium23", "config-files", "1.0.18-1"))
        self.assertEqual(self.findings()["libraries"][0][0], "unknown")

    def test_vault(self):
        os.chown(self.home.dir, 0, 0)
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "value"})
        self.wrong("tokens", "one token", "touchvault token add spare", wrap=())
        for path in (self.home.vault, self.home.vault + ".prev", self.home.host_key, self.home.state):
            os.chmod(path, 0o644)
            self.wrong("permissions", path, f"chmod go= {path}", wrap=())
            os.chmod(path, 0o600)
        audit = os.path.join(os.path.dirname(self.home.state), "audit")
        names = os.listdir(audit)
        self.assertLessEqual({"key", "log"}, {name.rpartition(".")[2] for name in names})
        for path in [os.path.join(audit, name) for name in names]:
            os.chmod(path, 0o644)
            self.wrong("permissions", path, f"chmod go= {path}", wrap=())
            os.chmod(path, 0o600)
        for path in (os.path.dirname(self.home.state), audit):
            os.chmod(path, 0o720)
            self.wrong("permissions", "put files into " + path, f"chmod go-w {path}", wrap=())
            os.chmod(path, 0o700)
        folder = os.path.dirname(self.home.vault)
        os.chmod(folder, 0o1777)
        found = self.findings(wrap=())  # and so the vault isn't opened
        self.assertEqual([f[2] for f in found["permissions"]], [f"chmod go-w {folder}"])
        os.chmod(folder, 0o755)
        self.assertEqual(self.findings(wrap=())["permissions"][0][0], "fine")
        other = self.token("other")
        self.ok(self.home.run("--device", token.path, "token", "add", "spare", "--new-device",
                              other.path))
        self.wrong("tokens", "spare", "touchvault token test spare", wrap=())
        self.ok(self.home.run("--device", other.path, "token", "test", "spare"))
        self.assertEqual(self.findings(wrap=())["tokens"][0][0], "fine")
        os.chmod(self.home.vault, 0o666)
        self.wrong("vault", "others can write", "make it yours with chown, and run \"chmod go=\" on it", wrap=())
        text = self.home.run("doctor").out
        self.assertRegex(text, rb"vault +wrong .*\n +to mend it: make it yours with chown")
        os.chmod(self.home.vault, 0o600)
        os.rename(self.home.host_key, self.home.host_key + "x")
        found = self.findings(wrap=())["vault"][0]
        self.assertIn("this host has no key", found[1])
        self.assertIn("touchvault host request", found[2])

    def test_of_the_vault_that_was_named(self):
        """What mends it can be run as it stands: with the vault, and in the shell's quotes."""
        os.chown(self.home.dir, 0, 0)
        path = os.path.join(self.dir, "it's mine.tv")
        token = self.token()
        self.ok(self.home.run("--vault", path, "--device", token.path, "init"))
        quoted = "'" + path.replace("'", "'\\''") + "'"
        found = self.findings("--vault", path, wrap=())
        self.assertEqual(found["tokens"][0][2], f"touchvault --vault {quoted} token add spare")
        os.chmod(path, 0o644)
        state, what, mend, _ = self.findings("--vault", path, wrap=())["permissions"][0]
        self.assertEqual(mend, "chmod go= " + quoted)
        subprocess.run(mend, shell=True, check=True)
        self.assertEqual(self.findings("--vault", path, wrap=())["permissions"][0][0], "fine")

    def test_a_damaged_record(self):
        """Which only its own get would find."""
        os.chown(self.home.dir, 0, 0)
        token = self.token()
        self.new_vault(token)
        self.add(token, "a", {"a": "value"})
        self.add(token, "b", {"a": "value"})
        self.assertEqual(self.findings(wrap=())["vault"][0][0], "fine")
        with open(self.home.vault, "r+b") as f:
            f.seek(-5, os.SEEK_END)
            last = f.read(1)[0]
            f.seek(-5, os.SEEK_END)
            f.write(bytes([last ^ 1]))
        touches = len(token.transactions())
        state, what, mend, _ = self.findings(wrap=())["vault"][0]
        self.assertEqual(state, "wrong")
        self.assertRegex(what, r"the entry [ab] can't be opened: damaged")
        name = re.search("entry (.)", what).group(1)
        self.refused(self.home.run("--device", token.path, "get", name), 30)
        self.assertIn(".prev", mend)
        self.assertEqual(len(token.transactions()), touches)

    def test_usage(self):
        self.refused(self.home.run("doctor", "x"), 2, "too many operands")


if __name__ == "__main__":
    unittest.main()
