# SPDX-License-Identifier: BSD-2-Clause
"""The packages as "cmake --workflow --preset package" left them: what is in them, what
lintian and the bill of materials say, and the same bytes from another directory."""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

SOURCE = os.environ["SOURCE"]
PACKED = os.path.join(SOURCE, "build/package")
PROGRAMS = ("bin/touchvault", "libexec/touchvault/touchvault-token")
FILES = {*PROGRAMS, "lib/udev/rules.d/70-touchvault.rules",
         "lib/systemd/user/touchvault-reminders@.service", "lib/systemd/user/touchvault-reminders@.timer",
         "share/bash-completion/completions/touchvault",
         "share/doc/touchvault/71-touchvault-lock.rules", "share/doc/touchvault/FORMAT.md",
         "share/doc/touchvault/README.md", "share/doc/touchvault/tests/vm/session.svg",
         "share/doc/touchvault/changelog.gz",
         "share/doc/touchvault/copyright", "share/doc/touchvault/touchvault.spdx.json",
         "share/fish/vendor_completions.d/touchvault.fish", "share/lintian/overrides/touchvault",
         "share/man/man1/touchvault.1.gz", "share/man/man7/touchvault-driver.7.gz", "share/man/man7/touchvault-hosts.7.gz",
         "share/man/man7/touchvault-tokens.7.gz", "share/man/man8/touchvault-token.8.gz",
         "share/zsh/site-functions/_touchvault"}
# What SPDX 2.3 requires of each (schemas/spdx-schema.json of spdx-spec).
REQUIRED = {"document": {"SPDXID", "creationInfo", "dataLicense", "name", "spdxVersion", "documentNamespace"},
            "creationInfo": {"created", "creators"},
            "packages": {"SPDXID", "downloadLocation", "name"},
            "files": {"SPDXID", "checksums", "fileName"},
            "relationships": {"spdxElementId", "relatedSpdxElement", "relationshipType"}}


def said(*command, **kwargs):
    result = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if result.returncode != 0:
        raise AssertionError(f"{command}: status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout


def loaded_later():
    """The libraries that the source loads at run time, by path."""
    names = set()
    for path in glob.glob(SOURCE + "/*/*.c"):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if "dlopen(" in text:
            names.add(re.search(r'#define LIBRARY "(.+)"', text)[1])
    listed = dict(re.findall(r"^\t(\S+) \(.*?\) => (.+)$", said("/sbin/ldconfig", "-p"), re.M))
    return [listed[name] for name in names]


def debian_packages(*programs):
    """Those of the libraries that the loader brings in for them."""
    paths = set(re.findall(r"=> (/\S+)", said("ldd", *programs))) | {p for p in programs if ".so" in p}
    found = set()
    for path in paths:
        owner = subprocess.run(["dpkg-query", "-S", path, os.path.realpath(path), "/usr" + path],
                               capture_output=True, text=True).stdout
        found.add(owner.split(":")[0])
    return found


def only(pattern, directory=PACKED):
    found = glob.glob(os.path.join(directory, pattern))
    if len(found) != 1:
        raise AssertionError(f"{pattern}: {found}")
    return found[0]


class Pack(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="touchvault-pack.")
        self.addCleanup(shutil.rmtree, self.dir)
        self.deb, self.tar = only("*.deb"), only("*.tar.gz")

    def unpacked(self):
        """The directory that has bin/."""
        subprocess.run(["dpkg-deb", "-x", self.deb, self.dir + "/deb"], check=True)
        return self.dir + "/deb/usr"

    def check_members(self, archive, strip):
        names = set()
        for member in archive:
            self.assertEqual((member.uid, member.gid, member.uname, member.gname), (0, 0, "root", "root"))
            name = "/".join(member.name.split("/")[strip:])
            if member.isdir():
                self.assertEqual(member.mode, 0o755, name)
                continue
            self.assertTrue(member.isfile(), name)
            self.assertEqual(member.mode, 0o755 if name in PROGRAMS else 0o644, name)
            names.add(name)
        self.assertEqual(names, FILES)

    def test_contents(self):
        for path, strip in ((self.tar, 1), (self.dir + "/data.tar", 2)):
            if strip == 2:
                with open(path, "wb") as f:
                    subprocess.run(["dpkg-deb", "--fsys-tarfile", self.deb], check=True, stdout=f)
            with tarfile.open(path) as archive:
                self.check_members(archive, strip)
        for path in glob.glob(self.unpacked() + "/share/**/*.gz", recursive=True):
            with open(path, "rb") as f:
                self.assertEqual(f.read(8)[4:], bytes(4), path + " tells when it was made")

    def test_readme(self):
        """What it shows is there; what is to be run in the source is said to be that. The .tar.gz
        unpacks as it says."""
        doc = self.unpacked() + "/share/doc/touchvault/"
        with open(doc + "README.md", encoding="utf-8") as f:
            text = f.read()
        shown = re.findall(r"!?\[[^]]*\]\(([^)]+)\)", text)
        self.assertEqual([path for path in shown if not os.path.exists(doc + path)], [])
        self.assertGreater(len(shown), 0)
        before, source, after = text.partition("\n## From the source\n")
        self.assertNotIn("sh tests/", before + after.partition("\n## ")[2])
        line = re.search(r"^    sudo (tar .*touchvault-.*) -C /usr/local$", text, re.M)[1]
        os.mkdir(self.dir + "/local")
        said(*line.split(), "-C", self.dir + "/local", cwd=PACKED)
        self.assertTrue(os.access(self.dir + "/local/bin/touchvault", os.X_OK))

    def test_five_commands(self):
        """From the package to the first secret, and not one more."""
        with open(SOURCE + "/README.md", encoding="utf-8") as f:
            text = f.read().partition("\n## First use\n")[2]
        block = re.search(r"(?m)(?:^    .+\n)+", text)[0].splitlines()
        self.assertEqual([" ".join(line.split()[:3]) for line in block],
                         ["sudo apt install", "touchvault token info", "touchvault init", "touchvault add ibkr/live",
                          "touchvault get ibkr/live"])

    def test_control(self):
        depends = said("dpkg-deb", "-f", self.deb, "Depends")
        for package in ("libc6", "libsodium23", "libcbor", "libjansson4", "libfido2-1", "libykpers-1-1",
                        "libyubikey0", "libssl3", "libseccomp2"):
            self.assertRegex(depends, rf"\b{package}\S* \(>= ")
        self.assertEqual(said("dpkg-deb", "-f", self.deb, "Version").strip(),
                         said("dpkg-parsechangelog", "-l", SOURCE + "/cli/package/changelog", "-S", "Version").strip())

    def test_lintian(self):
        """Not even a warning, but what the overrides give a reason for."""
        result = subprocess.run(["lintian", "--fail-on", "error,warning", self.deb], text=True,
                                capture_output=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result)

    @unittest.skipIf(os.geteuid() != 0, "takes root, for a mount")
    def test_units(self):
        """systemd has nothing to say against them, where the program is in one of its places."""
        prefix = self.unpacked()
        for kind in ("service", "timer"):
            result = subprocess.run(["unshare", "--mount", "sh", "-euc", 'mount --bind "$0" /usr/local/bin; exec "$@"',
                                     prefix + "/bin", "systemd-analyze", "--user", "--man=no", "verify",
                                     prefix + "/lib/systemd/user/touchvault-reminders@default." + kind],
                                    env={**os.environ, "XDG_RUNTIME_DIR": self.dir}, capture_output=True, text=True)
            self.assertEqual((result.returncode, re.findall(".*touchvault.*", result.stderr + result.stdout)), (0, []))

    def test_stripped(self):
        for program in PROGRAMS:
            sections = said("readelf", "-SW", os.path.join(self.unpacked(), program))
            self.assertIn(".note.gnu.build-id", sections)
            self.assertNotIn(".debug_info", sections)

    def bill(self):
        with open(self.unpacked() + "/share/doc/touchvault/touchvault.spdx.json", encoding="utf-8") as f:
            return json.load(f)

    def test_bill_is_spdx(self):
        bill = self.bill()
        elements = {bill["SPDXID"]}
        for name, required in REQUIRED.items():
            parts = {"document": [bill], "creationInfo": [bill["creationInfo"]]}.get(name) or bill[name]
            for part in parts:
                self.assertLessEqual(required, set(part), name)
            if name in ("packages", "files"):
                self.assertEqual(len({p["SPDXID"] for p in parts}), len(parts))
                elements |= {p["SPDXID"] for p in parts}
        self.assertEqual((bill["spdxVersion"], bill["dataLicense"]), ("SPDX-2.3", "CC0-1.0"))
        self.assertRegex(bill["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual({i["licenseId"] for i in bill["hasExtractedLicensingInfos"]},
                         set(re.findall(r"LicenseRef-[\w-]+", " ".join(p["licenseDeclared"] for p in bill["packages"]))))
        for element in elements:
            self.assertRegex(element, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for r in bill["relationships"]:
            self.assertLessEqual({r["spdxElementId"], r["relatedSpdxElement"]}, elements)

    def test_bill_is_true(self):
        """Digests are the files'; versions, this machine's; packages, what apt will bring."""
        bill, root = self.bill(), self.unpacked()
        self.assertEqual({f["fileName"][2:] for f in bill["files"]},
                         FILES - {"share/doc/touchvault/touchvault.spdx.json"})
        sums = []
        for listed in bill["files"]:
            with open(os.path.join(root, listed["fileName"]), "rb") as f:
                text = f.read()
            self.assertEqual({c["algorithm"]: c["checksumValue"] for c in listed["checksums"]},
                             {"SHA1": hashlib.sha1(text).hexdigest(),
                              "SHA256": hashlib.sha256(text).hexdigest()})
            sums.append(hashlib.sha1(text).hexdigest())
        own, *others = bill["packages"]
        self.assertEqual(own["packageVerificationCode"]["packageVerificationCodeValue"],
                         hashlib.sha1("".join(sorted(sums)).encode()).hexdigest())
        for package in others:
            self.assertEqual(said("dpkg-query", "-Wf", "${Version}", package["name"]), package["versionInfo"])
            self.assertNotEqual(package["licenseDeclared"], "NOASSERTION")
        later = loaded_later()
        self.assertEqual(len(later), 3, later)
        self.assertEqual({p["name"] for p in others},
                         debian_packages(*(os.path.join(root, p) for p in PROGRAMS), *later))
        self.assertEqual({r["spdxElementId"].replace("SPDXRef-Package-", "") for r in bill["relationships"]
                          if r["relationshipType"] == "OPTIONAL_DEPENDENCY_OF"},
                         {"libtss2-esys-3.0.2-0", "libqrencode4", "libsystemd0"})
        depends = re.findall(r"(?:^|, )([a-z0-9.+-]+)", said("dpkg-deb", "-f", self.deb, "Depends"))
        linked = {r["relatedSpdxElement"].replace("SPDXRef-Package-", "") for r in bill["relationships"]
                  if r["relationshipType"] == "DYNAMIC_LINK"}
        self.assertEqual(linked, set(depends))

    def test_same_bytes(self):
        """From another directory, later, by another user with another umask."""
        there = self.dir + "/a longer path/to it"
        shutil.copytree(SOURCE, there, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"),
                        copy_function=shutil.copyfile)  # not the files' times
        for name in ("postinst", "postrm"):
            os.chmod(there + "/udev/" + name, 0o755)
        created = said("date", "-d", self.bill()["creationInfo"]["created"], "+%s").strip()
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.dir, "TZ": "Asia/Tokyo",
                       "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": created}
        wrap = []
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "nobody:nogroup", self.dir], check=True)
            wrap = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        said(*wrap, "sh", "-c", "umask 077 && cmake --workflow --preset package", cwd=there, env=environment)
        for path in (self.deb, self.tar):
            other = os.path.join(there, "build/package", os.path.basename(path))
            self.assertEqual(subprocess.run(["cmp", path, other]).returncode, 0)


if __name__ == "__main__":
    unittest.main()
