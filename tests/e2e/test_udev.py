# SPDX-License-Identifier: BSD-2-Clause
"""Who may open the tokens, and why not: on machines that are made up. What real
udev and logind make of the rules is for a real kernel."""
import re

from harness import *
from machine import KEYBOARD_DESCRIPTOR, Machine

RULES = "/etc/udev/rules.d/70-touchvault.rules"
NODE = "/dev/hidraw0"


class UdevCase(Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        self.machine = Machine(self.dir)
        # Not this machine's.
        self.packaged = os.path.join(self.dir, "packaged")
        os.mkdir(self.packaged)
        self.machine.is_of["over"]["/usr/lib/udev/rules.d"] = self.packaged
        self.rules = self.ok(self.home.run("udev", "show")).out.decode()

    def udev(self, *args):
        return self.home.run(*args, wrap=self.machine.wrap())

    def installed(self, text=None):
        self.machine.files[RULES] = self.rules if text is None else text

    def applied(self, *more):
        self.installed()
        self.machine.record("E:ID_TOUCHVAULT=fido", "G:uaccess", "Q:uaccess", *more)

    def away(self):
        """alice came over ssh: she has no seat."""
        self.machine.files["/run/systemd/seats/seat0"] = "SESSIONS=3\nUIDS=1000\n"


class Check(UdevCase):
    def mends(self, cause, command, status=12):
        """Standard error and standard output both say why, and the one command."""
        result = self.udev("udev", "check")
        self.clean(result)
        self.assertEqual(result.status, status, result)
        errors = result.err.decode().splitlines()
        self.assertEqual(len(errors), 1, result)
        for word in (cause, command):
            self.assertIn(word, errors[0], result)
            if status == 12:
                self.assertIn(word, result.out.decode(), result)
        command = command.partition('"')[2].partition('"')[0] or command
        j = json.loads(self.udev("--json", "udev", "check").out)
        for token in j["tokens"]:
            self.assertFalse(token["opens"])
            self.assertIn(command, token["mend"])
        return j

    def test_fine(self):
        self.applied()
        self.machine.hidraw(0, **self.machine.to_user(1000))
        result = self.ok(self.udev("udev", "check"))
        for words in (RULES + ", as they should be", NODE, "Yubico YubiKey OTP+FIDO+CCID (FIDO)",
                      "touchvault's rules were applied", "you can open it, by an ACL entry for you"):
            self.assertIn(words, result.out.decode())
        j = json.loads(self.ok(self.udev("--json", "udev", "check")).out)
        self.assertEqual(j, {"rules": {"state": "installed", "path": RULES}, "container": False, "wsl": False, "tokens": [
            {"device": NODE, "kind": "fido2", "product": "Yubico YubiKey OTP+FIDO+CCID", "opens": True,
             "by": "acl", "rules_applied": True, "uaccess": True, "cause": "ok", "why": None,
             "mend": None, "permission": {"owner": "root", "group": "root", "mode": "0660",
                                          "acl": [{"user": "alice", "perm": "rw-"}], "rules": []}}]})

    def lines_of(self, sets):
        """"FILE:LINE" to what it sets, by the JSON; and the text says the same."""
        j = json.loads(self.udev("--json", "udev", "check").out)["tokens"][0]["permission"]["rules"]
        self.assertEqual(len(j), len(sets), j)
        text = self.udev("udev", "check").out.decode()
        for r in j:
            self.assertRegex(text, rf"(?m)^  {r['file']}:{r['line']} {'perhaps ' if r['perhaps'] else ''}(gives|takes|sets) ")
        self.assertEqual({f"{os.path.basename(r['file'])}:{r['line']}": (r["sets"], r["perhaps"]) for r in j}, sets)

    def test_by_which_rules(self):
        """Of those that udev takes, the lines that are about this device."""
        def rules(name, *lines, there="/etc/udev/rules.d/"):
            self.machine.files[there + name] = "\n".join((*lines, ""))
        with open(self.packaged + "/70-uaccess.rules", "w", encoding="utf-8") as f:
            f.write('# TAG+="uaccess"\nACTION=="remove", GOTO="end"\nENV{MAJOR}=="", GOTO="end"\n'
                    'SUBSYSTEM=="sound", TAG+="uaccess"\nENV{ID_SECURITY_TOKEN}=="?*", \\\n TAG+="uaccess"\nLABEL="end"\n')
        for name in ("80-hidden.rules", "81-masked.rules", "82-no-rules"):
            with open(os.path.join(self.packaged, name), "w", encoding="utf-8") as f:
                f.write('SUBSYSTEM=="hidraw", MODE="0666"\n')
        rules("80-hidden.rules", 'SUBSYSTEM=="usb", MODE="0666"', 'SUBSYSTEM=="hidraw", TAG+="uaccess"')
        rules("81-masked.rules", there="/run/udev/rules.d/")
        self.machine.files["/run/udev/rules.d/81-masked.rules"] = ""
        rules("10-vendor.rules", 'KERNEL=="hidraw[0-9]*", ATTR{dev}=="1:3", GROUP="wheel", MODE="0600"',
              'KERNEL=="hidraw*", ATTR{dev}=="1:4", GROUP="wheel"', 'ATTRS{nothing}!="x", MODE="0666"',
              'SUBSYSTEMS=="hidraw", OWNER="nobody"')
        self.machine.files["/sys/class/hidraw/hidraw0/dev"] = "1:3\n"
        self.machine.record("E:ID_SECURITY_TOKEN=1", "G:uaccess", "Q:uaccess", "V:1")
        self.lines_of({"10-vendor.rules:1": (["group", "mode"], False), "70-uaccess.rules:5": (["seat"], False), "80-hidden.rules:2": (["seat"], False)})
        # A later one outdoes it, unless only udev can tell whether it applies.
        rules("90-late.rules", 'PROGRAM=="/bin/false", MODE="0640"', 'SUBSYSTEM=="hidraw", GROUP="users"')
        self.lines_of({"10-vendor.rules:1": (["mode"], False), "70-uaccess.rules:5": (["seat"], False), "80-hidden.rules:2": (["seat"], False),
                       "90-late.rules:1": (["mode"], True), "90-late.rules:2": (["group"], False)})
        rules("90-late.rules", 'SUBSYSTEM=="hidraw", TAG-="uaccess", MODE:="0600"', 'SUBSYSTEM=="hidraw", MODE="0666"')
        self.lines_of({"10-vendor.rules:1": (["group"], False), "90-late.rules:1": (["not-seat", "mode"], False)})
        os.unlink(os.path.join(self.packaged, "70-uaccess.rules"))
        del self.machine.files["/etc/udev/rules.d/80-hidden.rules"], self.machine.files["/run/udev/rules.d/81-masked.rules"]
        for name in ("80-hidden.rules", "81-masked.rules"):
            os.unlink(os.path.join(self.packaged, name))
        del self.machine.files["/etc/udev/rules.d/90-late.rules"], self.machine.files["/etc/udev/rules.d/10-vendor.rules"]
        self.lines_of({})

    def test_by_our_own_rules(self):
        """Those of touchvault, with its jumps; the group is udev's to find out."""
        self.applied("E:ID_FIDO_TOKEN=1", "E:ID_SECURITY_TOKEN=1", "V:1")
        text = self.rules.splitlines()
        grant, group = (next(i for i, line in enumerate(text, 1) if word in line)
                        for word in ('TAG+="uaccess"', 'GROUP="'))
        self.lines_of({f"70-touchvault.rules:{grant}": (["seat", "mode"], False),
                       f"70-touchvault.rules:{group}": (["group"], True)})
        self.machine.record("E:ID_SECURITY_TOKEN=1", "V:1")
        self.lines_of({})

    def test_permissions_in_text(self):
        self.machine.hidraw(0, mode=0o660, gid=46, acl=[[1, 6, 0], [2, 6, 1001], [4, 4, 0], [8, 4, 46], [0x10, 6, 0], [0x20, 0, 0]])
        self.assertIn("owner root, group plugdev, mode 0660; ACL: user 1001 rw-, group plugdev r--\n",
                      self.udev("udev", "check").out.decode())

    def test_by_what(self):
        for node, more, by in (({"uid": 1000}, {}, "owner"), ({"gid": 46, "mode": 0o660},
                               {"groups": [46]}, "group"), ({"mode": 0o666}, {}, "everyone")):
            with self.subTest(by):
                self.machine.hidraw(0, **node)
                self.machine.is_of.update(more)
                j = json.loads(self.ok(self.udev("--json", "udev", "check")).out)
                self.assertEqual((j["tokens"][0]["opens"], j["tokens"][0]["by"]), (True, by))

    def test_which_devices(self):
        """By usage page; a YubiKey by its number; nothing else."""
        self.machine.hidraw(1, descriptor=KEYBOARD_DESCRIPTOR, mode=0o666)
        self.machine.hidraw(10, name="Unheard of \x1b[31m", mode=0o666)
        self.machine.hidraw(2, mode=0o666)
        self.machine.hidraw(0, mode=0o666)
        self.machine.usb("1-1", "1050", "0407", 4, "YubiKey 5", mode=0o666)
        self.machine.usb("1-2", "1050", "0402", 5, mode=0o666)  # has FIDO only
        self.machine.usb("1-3", "1050", "0010", 6, mode=0o666)
        self.machine.usb("usb1", "1d6b", "0002", 1, mode=0o666)
        j = json.loads(self.ok(self.udev("--json", "udev", "check")).out)
        self.assertEqual([(t["device"], t["kind"], t["product"]) for t in j["tokens"]], [
            (NODE, "fido2", "Yubico YubiKey OTP+FIDO+CCID"),
            ("/dev/hidraw2", "fido2", "Yubico YubiKey OTP+FIDO+CCID"),
            ("/dev/hidraw10", "fido2", "Unheard of ?[31m"),
            ("/dev/bus/usb/001/004", "ykotp", "YubiKey 5"),
            ("/dev/bus/usb/001/006", "ykotp", "YubiKey")])

    def test_rules_missing(self):
        j = self.mends("are not installed", f"sudo {TOUCHVAULT} udev install")
        self.assertEqual(j["rules"], {"state": "absent", "path": None})

    def test_rules_of_another_version(self):
        self.installed(self.rules + "# edited\n")
        self.mends("not this version's", "udev install")

    def test_rules_masked(self):
        """By an empty file in whichever directory comes first."""
        for mask in ("/run/udev/rules.d/70-touchvault.rules", RULES):
            self.machine.files[mask] = ""
            self.mends("masked", f"sudo rm {mask} && sudo {TOUCHVAULT} udev install")

    def test_rules_not_applied(self):
        self.installed()
        self.mends("weren't applied", "udev install")

    def test_background(self):
        self.applied()
        self.machine.files["/run/systemd/seats/seat0"] = "ACTIVE_UID=1001\nSESSIONS=4 3\n"
        self.machine.files["/run/systemd/sessions/4"] = "UID=1001\nSTATE=active\n"
        self.machine.files["/run/systemd/sessions/3"] = "UID=1000\nSTATE=online\n"
        self.mends("another session is in front", "loginctl activate")
        # What logind leaves behind at logout.
        self.machine.files["/run/systemd/sessions/3"] = "UID=1000\nSTATE=closing\n"
        self.mends("aren't logged in", "usermod")
        del self.machine.files["/run/systemd/sessions/3"]
        self.mends("aren't logged in", "usermod")

    def test_other_seat(self):
        self.applied("E:ID_SEAT=seat1")
        self.mends("seat", "sudo usermod -aG plugdev alice")

    def test_away(self):
        self.applied()
        self.away()
        self.mends("over ssh", '"sudo usermod -aG plugdev alice" and log in again')
        self.machine.files["/etc/group"] = "plugdev:x:46:bob,alice\n"
        self.mends("since after you logged in", "newgrp plugdev")
        self.machine.files["/etc/group"] = "root:x:0:\n"
        self.mends("no group plugdev", "sudo groupadd --system plugdev && sudo usermod -aG plugdev")

    def test_tag_of_the_past(self):
        """It was tagged once, and isn't any more."""
        self.machine.files["/run/systemd/seats/seat0"] = "ACTIVE_UID=1001\nSESSIONS=3\n"
        self.machine.files["/run/systemd/sessions/3"] = "UID=1000\nSTATE=online\n"
        self.machine.record("G:uaccess", "Q:uaccess", "V:1")
        self.mends("another session is in front", "loginctl activate")
        self.machine.record("G:uaccess", "Q:uaccess2", "V:1")
        self.mends("are not installed", "udev install")
        self.machine.record("G:uaccess")
        self.mends("another session is in front", "loginctl activate")

    def test_away_with_the_distributions_rules_only(self):
        self.away()
        self.machine.record("E:ID_FIDO_TOKEN=1", "G:uaccess")
        self.mends("are not installed", "udev install")

    def test_no_udev(self):
        del self.machine.files["/run/udev/control"]
        self.mends("udev isn't running", "sudo service udev start")
        self.machine.files["/run/systemd/system/README"] = ""
        self.mends("udev isn't running", "sudo systemctl start systemd-udevd")

    def test_no_node(self):
        del self.machine.nodes[NODE]
        self.mends("no node", "sudo udevadm trigger --action=add")

    def test_container(self):
        """By each mark. It is told of what the host is to do, and of no udev in here."""
        for mark in ("/run/.containerenv", "/run/host/container-manager", "/run/systemd/container",
                     "/run/secrets/kubernetes.io/serviceaccount/token"):
            with self.subTest(mark):
                self.machine.files[mark] = "x\n"
                self.assertTrue(self.mends("container was given its node", "touchvault udev check")["container"])
                del self.machine.files[mark]
        self.machine.files["/run/.containerenv"] = ""
        del self.machine.files["/run/udev/control"]
        self.assertIn(b"\ncontainer   this is one", self.udev("udev", "check").out)
        self.mends("container was given its node", "touchvault udev check")
        del self.machine.nodes[NODE]
        self.mends("this container wasn't given", "--device=" + NODE)

    def in_wsl(self):
        release = os.path.join(self.dir, "osrelease")
        with open(release, "w", encoding="utf-8") as f:
            f.write("5.15.167.4-microsoft-standard-WSL2\n")
        self.machine.is_of["over"]["/proc/sys/kernel/osrelease"] = release

    def test_wsl(self):
        """Told with a token, too; with systemd it is a machine like others."""
        self.in_wsl()
        self.machine.files["/run/systemd/container"] = "wsl\n"
        j = self.mends("are not installed", "udev install")
        self.assertEqual((j["wsl"], j["container"]), (True, False))
        self.assertIn(b"\nWSL         this is one", self.udev("udev", "check").out)
        del self.machine.files["/run/udev/control"]
        self.mends("runs without systemd", "printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf")
        self.machine.files["/run/systemd/system/README"] = ""
        self.mends("udev isn't running", "sudo systemctl start systemd-udevd")
        for path in [p for p in self.machine.files if p.startswith("/sys/")]:
            del self.machine.files[path]
        self.mends("hasn't passed a token on", "usbipd attach", 10)

    def test_node_of_what_is_gone(self):
        self.machine.hidraw(0, mode=0o666, device=(250, 77))  # which no driver has
        self.mends("no node", "sudo udevadm trigger")

    def test_none(self):
        for path in [p for p in self.machine.files if p.startswith("/sys/")]:
            del self.machine.files[path]
        self.mends("no token is plugged in", "touchvault udev check", 10)
        self.machine.files["/run/systemd/container"] = "lxc\n"
        self.mends("this container sees no token", "--device=", 10)

    def test_a_command_that_lacks_permission_names_the_check(self):
        os.chown(self.home.dir, 1000, 1000)
        result = self.udev("--device", NODE, "init")
        self.refused(result, 12, "udev check")


class Install(UdevCase):
    def setUp(self):
        super().setUp()
        self.machine.as_root()
        self.log = os.path.join(self.dir, "udevadm.log")
        fake = os.path.join(self.dir, "udevadm")
        with open(fake, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho \"$@\" >>{self.log}\n[ ! -e {self.dir}/fail ]\n")
        os.chmod(fake, 0o755)
        self.machine.is_of["over"]["/usr/bin/udevadm"] = fake
        # The directory outlives the machine.
        self.etc = os.path.join(self.dir, "rules.d")
        os.mkdir(self.etc)
        os.chmod(self.etc, 0o755)
        self.machine.is_of["over"]["/etc/udev/rules.d"] = self.etc
        self.path = os.path.join(self.etc, "70-touchvault.rules")
        self.lock = os.path.join(self.etc, "71-touchvault-lock.rules")

    def calls(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read().splitlines()

    def put(self, text, path=None):
        with open(path or self.path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_install_and_remove(self):
        self.assertIn(b"and in force", self.ok(self.udev("udev", "install")).err)
        with open(self.path, encoding="utf-8") as f:
            self.assertEqual(f.read(), self.rules)
        st = os.stat(self.path)
        self.assertEqual((st.st_mode & 0o7777, st.st_uid), (0o644, 0))
        self.assertEqual(os.listdir(self.etc), ["70-touchvault.rules"])
        self.assertEqual([c.split()[0] for c in self.calls()], ["control", "trigger", "trigger"])
        # Again: nothing is written, and udev applies them once more.
        result = self.ok(self.udev("udev", "install"))
        self.assertIn(b"already", result.err)
        self.assertEqual((os.stat(self.path).st_ino, len(self.calls())), (st.st_ino, 6))
        self.put("others\n", os.path.join(self.etc, "70-others.rules"))
        result = self.ok(self.udev("udev", "remove"))
        self.assertIn(b"plug tokens in anew", result.err)
        self.assertEqual(os.listdir(self.etc), ["70-others.rules"])
        # To apply what is left would close no token that was opened.
        self.assertEqual(self.calls()[6:], ["control --reload"])
        result = self.ok(self.udev("--json", "udev", "remove"))
        self.assertEqual(json.loads(result.out), {"changed": False})
        self.assertEqual(len(self.calls()), 7)

    def test_lock_screen(self):
        self.ok(self.udev("udev", "install", "--lock-screen"))
        with open(self.lock, encoding="utf-8") as f:
            self.assertIn("loginctl", f.read())
        self.ok(self.udev("udev", "remove"))
        self.assertEqual(os.listdir(self.etc), [])

    def test_whose_screens_are_locked(self):
        """By a loginctl that knows two seats; what udev does to the text is done here."""
        text = self.ok(self.home.run("udev", "show", "--lock-screen")).out.decode()
        script = re.search(r"""RUN\+="/bin/sh -c '(.*)'"$""", text, re.M)[1]
        fake = os.path.join(self.dir, "loginctl")
        with open(fake, "w", encoding="utf-8") as f:
            f.write(f"""#!/bin/sh
case "$*" in
"show-seat -p ActiveSession --value seat0") echo 3 ;;
"show-seat -p ActiveSession --value seat1") echo 7 ;;
"show-seat -p ActiveSession --value "*) echo ;;
"show-seat -p Sessions --value seat0") echo 3 4 c1 6 ;;
"show-seat -p Sessions --value seat1") echo 7 ;;
"show-session -p User --value "[36]) echo 1000 ;;
"show-session -p User --value 4") echo 1001 ;;
"show-session -p User --value 7") echo 1002 ;;
"show-session"*) exit 1 ;; # c1 has ended meanwhile
"lock-session "*) echo "$2" ;;
*) echo "$@" is not asked ;;
esac
""")
        os.chmod(fake, 0o755)
        self.machine.is_of["over"]["/usr/bin/loginctl"] = fake
        for seat, locked in (("", "3 6"), ("seat1", "7"), ("seat9", "")):
            line = script.replace("$env{ID_SEAT}", seat).replace("$$", "$")
            result = subprocess.run([*self.machine.wrap(), "/bin/sh", "-c", line], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stdout.split(), result.stderr), (0, locked.split(), ""))

    def test_older_ones_are_replaced(self):
        self.put(self.rules.replace("plugdev", "staff"))
        self.put("left by a crash", os.path.join(self.etc, ".touchvault.tmp"))
        self.ok(self.udev("udev", "install"))
        with open(self.path, encoding="utf-8") as f:
            self.assertEqual(f.read(), self.rules)
        self.assertEqual(os.listdir(self.etc), ["70-touchvault.rules"])

    def test_the_packages_are_left_alone(self):
        """In force already: a copy in /etc would hide its next version."""
        self.put(self.rules, os.path.join(self.packaged, "70-touchvault.rules"))
        self.ok(self.udev("udev", "install"))
        self.assertEqual(os.listdir(self.etc), [])
        self.assertEqual(len(self.calls()), 3)
        self.put(self.rules)
        result = self.ok(self.udev("udev", "remove"))
        self.assertIn(b"stays", result.err)
        self.assertNotIn(b"anew", result.err)
        self.assertEqual(os.listdir(self.packaged), ["70-touchvault.rules"])

    def test_not_root(self):
        self.machine.is_of.update(uid=1000, gid=1000)
        for verb in ("install", "remove"):
            self.refused(self.udev("udev", verb), 1, f"sudo {TOUCHVAULT} udev {verb}")
        self.refused(self.udev("udev", "install", "--lock-screen"), 1, "udev install --lock-screen")
        self.assertEqual(os.listdir(self.etc), [])

    def test_what_is_not_ours_stays(self):
        self.put("")  # a mask
        for verb in ("install", "remove"):
            self.refused(self.udev("udev", verb), 4, "isn't touchvault's", "move it away")
        os.unlink(self.path)
        os.symlink("/dev/null", self.path)
        self.refused(self.udev("udev", "install"), 4, "isn't touchvault's")
        self.assertTrue(os.path.islink(self.path))
        self.assertFalse(os.path.exists(self.log))

    def test_what_an_administrator_wrote_in_our_name_stays(self):
        """By its beginning it is known, not by a word in it. Then nothing is done at all."""
        header = "".join(self.rules.splitlines(True)[:2])
        for text in ('# for touchvault\nKERNEL=="hidraw*", GROUP="wheel"\n', header[:-1], "# mine\n" + header):
            self.put(text)
            for verb in ("install", "remove"):
                self.refused(self.udev("udev", verb), 4, f"{RULES}: it isn't touchvault's")
            with open(self.path, encoding="utf-8") as f:
                self.assertEqual(f.read(), text)
        os.unlink(self.path)
        self.put("# touchvault's lock file, by hand\n", self.lock)
        self.refused(self.udev("udev", "install", "--lock-screen"), 4, "71-touchvault-lock.rules: it isn't")
        self.assertEqual(os.listdir(self.etc), ["71-touchvault-lock.rules"])
        self.put(self.rules)
        self.refused(self.udev("udev", "remove"), 4, "71-touchvault-lock.rules: it isn't")
        self.assertEqual(sorted(os.listdir(self.etc)), ["70-touchvault.rules", "71-touchvault-lock.rules"])
        self.assertFalse(os.path.exists(self.log))

    def test_purge(self):
        """The package's script takes what install wrote away, and nothing else."""
        def postrm(*args):
            subprocess.run([*self.machine.wrap(), "/bin/sh", os.path.join(os.path.dirname(__file__), "../../udev/postrm"),
                            *args], check=True)
        self.ok(self.udev("udev", "install", "--lock-screen"))
        self.put("others\n", os.path.join(self.etc, "70-others.rules"))
        postrm("remove")
        self.assertEqual(len(os.listdir(self.etc)), 3)
        postrm("upgrade", "1")
        self.assertEqual(len(self.calls()), 4)
        postrm("purge")
        self.assertEqual(os.listdir(self.etc), ["70-others.rules"])
        self.assertEqual(self.calls()[3:], ["control --reload"] * 2)
        for text in ("", "# mine\n# touchvault, by hand\n"):
            self.put(text)
            self.put(text, self.lock)
            postrm("purge")
            self.assertEqual(len(os.listdir(self.etc)), 3)
        os.unlink(self.path)
        os.symlink(os.path.join(self.dir, "elsewhere"), self.path)
        self.put(self.rules, os.path.join(self.dir, "elsewhere"))
        postrm("purge")
        self.assertTrue(os.path.islink(self.path))
        del self.machine.is_of["over"]["/etc/udev/rules.d"], self.machine.files["/etc/udev/rules.d/README"]
        postrm("purge")

    def test_directory(self):
        os.chmod(self.etc, 0o777)
        self.refused(self.udev("udev", "install"), 34, "chmod go-w")
        os.chmod(self.etc, 0o755)
        del self.machine.is_of["over"]["/etc/udev/rules.d"]
        del self.machine.files["/etc/udev/rules.d/README"]
        self.refused(self.udev("udev", "install"), 3, "there is no directory /etc/udev/rules.d")

    def test_udev_refuses(self):
        self.put("", os.path.join(self.dir, "fail"))
        self.refused(self.udev("udev", "install"), 1, "in place", "udevadm control --reload")
        self.assertTrue(os.path.exists(self.path))

    def test_udev_does_not_run(self):
        del self.machine.files["/run/udev/control"]
        for word in (b"are in /etc/udev/rules.d, and not in force", b"were there already, and not in force"):
            result = self.ok(self.udev("udev", "install"))
            self.assertIn(word, result.err)
            self.assertIn(b"no udev runs here", result.err)
        self.ok(self.udev("udev", "remove"))
        self.assertFalse(os.path.exists(self.log))

    def test_usage(self):
        for args in (("udev",), ("udev", "chekc"), ("udev", "check", "x")):
            self.refused(self.udev(*args), 2, "usage")


if __name__ == "__main__":
    unittest.main()
