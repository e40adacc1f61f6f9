# SPDX-License-Identifier: BSD-2-Clause
"""A host key that the machine's TPM seals. The TPM is Debian's swtpm; a second one is another
machine, and tpm2-tools are the second opinion on what was sealed."""
from harness import *

import re
import shutil
import socket
import threading
import time
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "vectors"))
import reader
from harness import sanitizer_of
from primitives import Refused
from swtpm import (CREATE, CREATE_PRIMARY, LOAD, READ_PUBLIC, START_SESSION, UNSEAL, SwTpm, Tap,
                   connect, have_swtpm)

TPM_SEAL = os.environ["TPM_SEAL"]
NOBODY = 65534
LIBRARY = "libtss2-esys.so.0"
RC_LOCKOUT, RC_RETRY, RC_SESSION_MEMORY = 0x921, 0x922, 0x903
# With an empty file in the place of the library, or another machine id.
HIDE = "mount --make-rprivate /; mount --bind \"$1\" \"$2\"; shift 2; exec \"$@\""


def library_path():
    listed = subprocess.run(["/sbin/ldconfig", "-p"], check=True, stdout=subprocess.PIPE, text=True)
    return os.path.realpath(re.search(rf"{LIBRARY} .*=> (\S+)", listed.stdout).group(1))


@unittest.skipUnless(have_swtpm(), "NOT TESTED: there is no swtpm, or no tpm2-tools")
class TpmCase(Case):
    def setUp(self):
        super().setUp()
        self.tpm = self.machine("here")
        self.t = self.token()

    def machine(self, name):
        tpm = SwTpm(self.dir, name)
        self.addCleanup(tpm.stop)
        return tpm

    def tap(self):
        tap = Tap(self.tpm, os.path.join(self.dir, "tap"))
        self.addCleanup(tap.close)
        return tap

    def init(self, *options, path=None, **kwargs):
        return self.home.run("--device", self.t.path, "init", "--tpm", path or self.tpm.path,
                             *options, **kwargs)

    def with_entry(self, path=None):
        self.ok(self.init(path=path))
        self.add(self.t, "k", {"key": "CANARY"})

    def get(self, **kwargs):
        return self.home.run("--device", self.t.path, "get", "k", **kwargs)

    def instead(self, file, content=b""):
        """What to start a program with so that file has that content."""
        other = os.path.join(self.dir, "instead")
        with open(other, "wb") as f:
            f.write(content)
        return ["unshare", "--mount", "sh", "-euc", HIDE, "sh", other, file]

    def persist(self, *attributes):
        """A storage key of the machine's owner, at the handle for it."""
        context = os.path.join(self.dir, "srk")
        self.tpm.storage_key(context, *attributes)
        self.tpm.tool("evictcontrol", "-C", "o", "-c", context, "0x81000001")


class MainJob(TpmCase):
    def test_store_and_get_on_a_host_whose_key_the_tpm_seals(self):
        made = json.loads(self.ok(self.init("--json")).out)["host"]
        self.assertEqual((made["kind"], made["virtual_tpm"], made["grade"], made["without_tpm"]),
                         ("tpm2", True, "B", None))
        self.add(self.t, "k", {"key": "CANARY"})
        for _ in range(6): # three slots, if anything were left in them
            self.assertEqual(self.ok(self.get()).out, b"CANARY")
        self.ok(self.home.run("--device", self.t.path, "rename", "k", "l"))
        self.ok(self.home.run("--device", self.t.path, "rename", "l", "k"))
        self.assertIn(b"k", self.ok(self.home.run("list")).out)
        status = self.ok(self.home.run("status")).out.decode()
        self.assertIn("tpm2, sealed by a virtual TPM, grade B", status)
        host = json.loads(self.ok(self.home.run("status", "--json")).out)["hosts"][0]
        self.assertEqual((host["kind"], host["virtual_tpm"], host["grade"]), ("tpm2", True, "B"))
        self.assertEqual(os.stat(self.home.host_key).st_mode & 0o777, 0o600)
        # A restart of the machine.
        self.tpm.stop()
        self.tpm.start()
        self.assertEqual(self.ok(self.get()).out, b"CANARY")
        self.assertEqual(self.tpm.left_in_it(), b"")

    def test_a_command_asks_the_tpm_once(self):
        tap = self.tap()
        self.with_entry(tap.path)
        for args in (("status",), ("get", "k"), ("rename", "k", "l"), ("log",), ("log", "--last", "2"),
                     ("log", "verify")):
            del tap.seen[:]
            self.ok(self.home.run("--device", self.t.path, *args))
            self.assertEqual(tap.codes().count(UNSEAL), 1, args)

    def test_the_audit_log_is_shown_without_the_tpm_but_for_names(self):
        self.with_entry()
        names = [e["name"] for e in json.loads(self.ok(self.home.run("log", "--json")).out)]
        self.assertEqual(names[-1], "k")
        self.tpm.stop()
        without = json.loads(self.ok(self.home.run("log", "--json")).out)
        self.assertEqual([e["name"] for e in without], [""] * len(names))
        self.assertEqual([e["unreadable"] for e in without], [False, False] + [True] * (len(names) - 2))
        self.refused(self.get(), 22)
        self.assertEqual(json.loads(self.ok(self.home.run("log", "--json")).out)[-1]["event"], "refusal")

    def test_one_key_serves_all_vaults_and_its_kind_is_fixed(self):
        self.with_entry()
        key = digest(self.home.host_key)
        second = ("--device", self.t.path, "--vault", "second", "init")
        self.refused(self.home.run(*second, "--kind", "keyfile"), 4, "another kind", "--kind")
        self.ok(self.home.run(*second, "--kind", "auto"))
        self.assertEqual(digest(self.home.host_key), key)

    def test_options(self):
        for options in (["--kind", "tpm"], ["--kind", "keyfile", "--tpm", "/x"], ["--tpm", "x"],
                        ["--tpm", "/" * 108], ["--kind", ""]):
            self.refused(self.home.run("--device", self.t.path, "init", *options), 2)
        self.assertEqual(self.t.transactions(), [])

    def test_the_identity_is_as_format_md_says(self):
        self.with_entry()
        for path in (None, "persistent"):
            if path:
                self.persist("noda")
            with open(self.home.host_key, "rb") as f:
                key = reader.host_key(f.read(), self.binding(), self.tpm.unseal)
            with open(self.home.state, "rb") as f:
                reader.host_state(f.read(), key["state"]) # its MAC is keyed from the seed
        with open(self.home.host_key, "rb") as f, self.assertRaises(Refused):
            reader.host_key(f.read(), self.binding())

    def binding(self):
        try:
            with open("/etc/machine-id") as f:
                return reader.machine_binding(f.read())
        except FileNotFoundError:
            return reader.machine_binding(None)


class Hosts(TpmCase):
    """A desk with its key in a file, and a laptop with a TPM."""

    def setUp(self):
        super().setUp()
        self.new_vault(self.t, None, "--host-name", "desk")
        self.add(self.t, "k", {"key": "CANARY"})
        self.laptop = Home(os.path.join(self.dir, "laptop"))

    def on(self, home, *args, **kwargs):
        return home.run("--device", self.t.path, *args, **kwargs)

    def request(self, *options, name="laptop", path=None):
        return json.loads(self.ok(self.laptop.run(
            "host", "request", "--json", "--name", name, "--tpm", path or self.tpm.path, *options)).out)

    def approve(self, made):
        self.ok(self.on(self.home, "host", "approve", "--fingerprint", made["fingerprint"],
                        stdin=made["request"].encode()))
        copy_vault(self.home.vault, self.laptop.vault)

    def approved(self, path=None):
        self.approve(self.request(path=path))

    def opens(self, home):
        self.assertEqual(self.ok(self.on(home, "get", "k")).out, b"CANARY")

    def show(self, home):
        return json.loads(self.ok(home.run("host", "show", "--json")).out)

    def is_tpms(self, host):
        self.assertEqual((host["kind"], host["virtual_tpm"], host["grade"]), ("tpm2", True, "B"))

    def is_files(self, host):
        self.assertEqual((host["kind"], host["virtual_tpm"]), ("keyfile", False))
        self.assertIn(host["grade"], "CD")

    def listed(self, home, name="laptop"):
        hosts = json.loads(self.ok(home.run("host", "list", "--json")).out)["hosts"]
        return next(h for h in hosts if h["name"] == name)

    def test_one_asks_is_approved_and_listed_with_its_grade(self):
        kept = "tpm2, sealed by a virtual TPM, grade B"
        asked = self.ok(self.laptop.run("host", "request", "--name", "laptop", "--tpm", self.tpm.path))
        self.assertIn(kept.encode(), asked.err)
        found = reader.host_request(asked.out.decode().strip())
        self.assertEqual((found["kind"], found["virtual_tpm"]), (2, True))
        made = self.request()
        self.assertEqual(made["fingerprint"], found["fingerprint"])
        self.is_tpms(made)
        t = self.home.on_terminal("--device", self.t.path, "host", "approve")
        t.expect("Paste the request")
        t.type(asked.out)
        t.expect(f'a request of "laptop": {kept}, made')
        t.expect("fingerprint that the new host shows: ")
        t.type(made["fingerprint"] + "\n")
        self.ok(t.finish())
        copy_vault(self.home.vault, self.laptop.vault)
        self.opens(self.laptop)
        for home in (self.home, self.laptop):
            self.is_tpms(self.listed(home))
            self.is_files(self.listed(home, "desk"))
            self.assertIn(f"laptop: {kept}, approved", self.ok(home.run("host", "list")).out.decode())
        self.is_tpms(self.show(self.laptop))
        self.assertIn(kept, self.ok(self.laptop.run("host", "show")).out.decode())
        self.is_files(self.show(self.home))
        self.assertEqual(self.tpm.left_in_it(), b"")

    def test_where_no_tpm_is_a_request_says_why(self):
        none = os.path.join(self.dir, "none")
        self.refused(self.laptop.run("host", "request", "--tpm", none), 22, none)
        self.assertFalse(os.path.exists(self.laptop.host_key))
        asked = self.ok(self.laptop.run("host", "request", "--kind", "auto", "--tpm", none))
        self.assertIn(b"not used: no TPM there", asked.err)
        self.assertRegex(asked.err, rb"keyfile, .*grade [CD]")
        self.is_files(self.request("--kind", "auto"))
        self.refused(self.laptop.run("host", "request", "--tpm", self.tpm.path), 4, "another kind", "host rekey")

    def test_options(self):
        for verb in ("request", "rekey"):
            for options in (["--kind", "tpm"], ["--kind", "keyfile", "--tpm", "/x"], ["--tpm", "x"]):
                self.refused(self.on(self.home, "host", verb, *options), 2)

    def test_a_new_key_is_sealed_by_the_same_tpm(self):
        tap = self.tap()
        self.approved(tap.path)
        old, before = digest(self.laptop.host_key), self.show(self.laptop)
        clone = Home(os.path.join(self.dir, "clone"))
        shutil.copytree(os.path.dirname(self.laptop.state), os.path.dirname(clone.state))
        del tap.seen[:]
        self.ok(self.on(self.laptop, "host", "rekey"))
        # The old one to open the vault, and the new one to see that it opens.
        self.assertEqual((tap.codes().count(CREATE), tap.codes().count(UNSEAL)), (1, 2))
        self.assertNotEqual(digest(self.laptop.host_key), old)
        self.assertFalse(os.path.exists(self.laptop.host_key + ".new"))
        after = self.show(self.laptop)
        self.is_tpms(after)
        self.assertNotEqual(after["fingerprint"], before["fingerprint"])
        self.is_tpms(self.listed(self.laptop))
        self.opens(self.laptop)
        copy_vault(self.laptop.vault, clone.vault)
        self.refused(self.on(clone, "get", "k"), 20)
        self.assertEqual(self.tpm.left_in_it(), b"")

    def test_a_new_key_of_another_kind(self):
        self.approved()
        self.ok(self.on(self.laptop, "host", "rekey", "--kind", "keyfile"))
        self.tpm.stop()
        self.is_files(self.show(self.laptop))
        self.is_files(self.listed(self.laptop))
        self.opens(self.laptop)
        touched = len(self.t.transactions())
        self.refused(self.on(self.laptop, "host", "rekey", "--tpm", self.tpm.path), 22, "no TPM there")
        self.assertEqual(len(self.t.transactions()), touched)
        self.assertFalse(os.path.exists(self.laptop.host_key + ".new"))
        self.tpm.start()
        self.ok(self.on(self.laptop, "host", "rekey", "--tpm", self.tpm.path))
        self.is_tpms(self.show(self.laptop))
        self.is_tpms(self.listed(self.laptop))
        self.opens(self.laptop)

    def test_other_vaults_follow_to_the_key_that_waits(self):
        self.ok(self.on(self.home, "--vault", "second", "init"))
        tap = self.tap()
        said = self.ok(self.on(self.home, "host", "rekey", "--tpm", tap.path)).err
        self.assertIn(b"--drop-old-key", said)
        second = ("--vault", "second", "host", "rekey")
        for args in (second, ("host", "rekey")):
            self.refused(self.on(self.home, *args, "--kind", "keyfile"), 4, "another kind")
        self.opens(self.home)
        self.ok(self.on(self.home, *second))
        self.is_tpms(self.show(self.home))
        self.opens(self.home)
        self.assertEqual(tap.codes().count(CREATE), 1)

    def test_a_copy_of_its_files_is_refused_on_another_machine(self):
        tap = self.tap()
        self.approved(tap.path)
        self.opens(self.laptop)
        thief = Home(os.path.join(self.dir, "thief"))
        copy_vault(self.laptop.vault, thief.vault)
        shutil.copytree(os.path.dirname(self.laptop.state), os.path.dirname(thief.state))
        tap.tpm = self.machine("there")
        for args in (["list"], ["get", "k"], ["host", "show"], ["host", "rekey"],
                     ["host", "request", "--kind", "auto"]):
            self.refused(self.on(thief, *args), 21, "not the TPM", "touchvault host request")
        self.assertEqual({START_SESSION, CREATE, LOAD, UNSEAL} & set(tap.codes()[-3:]), set())
        # As it says, it can be a host of its own.
        os.unlink(thief.host_key)
        os.unlink(thief.state)
        self.laptop = thief
        self.refused(self.on(thief, "get", "k"), 20)
        self.approve(self.request(name="other", path=tap.path))
        self.opens(thief)

    def test_one_whose_tpm_was_cleared_comes_back_as_a_new_one(self):
        self.approved()
        self.opens(self.laptop)
        self.tpm.tool("clear", "-c", "p")
        self.refused(self.on(self.laptop, "get", "k"), 21, "cleared", "host request", "host approve", "host revoke")
        os.unlink(self.laptop.host_key)
        os.unlink(self.laptop.state)
        self.approve(self.request(name="again"))
        self.ok(self.on(self.home, "host", "revoke", "laptop"))
        copy_vault(self.home.vault, self.laptop.vault)
        self.opens(self.laptop)


class StorageKey(TpmCase):
    def test_the_owners_key_is_used_and_can_go_again(self):
        self.persist("noda")
        tap = self.tap()
        self.with_entry(tap.path)
        primaries = [c for code, c, _ in tap.seen if code == CREATE_PRIMARY]
        self.assertTrue(primaries)
        for command in primaries:
            self.assertEqual(command[10:14], b"\x40\0\0\x0b") # the endorsement hierarchy only
        self.tpm.tool("evictcontrol", "-C", "o", "-c", "0x81000001")
        self.assertEqual(self.ok(self.get()).out, b"CANARY")

    def test_one_that_is_not_of_the_standard_is_passed_over(self):
        self.persist() # wrong passwords would lock it
        tap = self.tap()
        self.with_entry(tap.path)
        self.assertEqual(self.ok(self.get()).out, b"CANARY")
        for code, command, _ in tap.seen:
            if code == START_SESSION:
                self.assertNotEqual(command[10:14], b"\x81\0\0\1")

    def test_an_owner_with_a_password(self):
        self.tpm.tool("changeauth", "-c", "o", "secret")
        self.refused(self.init(), 22, "owner", "--kind keyfile")
        out = self.ok(self.init("--kind", "auto")).out.decode()
        self.assertIn("owner", out)
        self.assertIn("grade C", out)

    def test_a_bus_that_sends_another_public_part_gets_nothing(self):
        """The name is right, the point is the attacker's: a session would be salted to that."""
        self.persist("noda")
        tap = self.tap()
        self.with_entry(tap.path)
        del tap.seen[:]
        tap.changes[READ_PUBLIC] = lambda r: r[:40] + bytes([r[40] ^ 1]) + r[41:] if len(r) > 90 else r
        # The key in the owner hierarchy is the same one, and still true.
        self.assertEqual(self.ok(self.get()).out, b"CANARY")
        sessions = [c for code, c, _ in tap.seen if code == START_SESSION]
        self.assertTrue(sessions)
        for command in sessions:
            self.assertEqual(command[10], 0x80) # not the persistent key
        tap.answers[CREATE_PRIMARY] = 0x185
        del tap.seen[:]
        self.refused(self.get(), 22)
        self.assertEqual({START_SESSION, LOAD, UNSEAL} & set(tap.codes()), set())


class Refusals(TpmCase):
    def nothing_was_sent(self, tap):
        self.assertTrue(tap.seen)
        self.assertEqual({START_SESSION, CREATE, LOAD, UNSEAL} & set(tap.codes()), set())

    def test_another_machine(self):
        tap = self.tap()
        self.with_entry(tap.path)
        tap.tpm = self.machine("there")
        del tap.seen[:]
        said = self.refused(self.get(), 21, self.home.host_key + ": not the TPM", "machine of that TPM", "recovery use").err
        self.assertNotIn(tap.path.encode(), said)
        self.nothing_was_sent(tap)
        self.assertEqual(tap.tpm.left_in_it(), b"")
        tap.tpm = self.tpm
        self.assertEqual(self.ok(self.get()).out, b"CANARY")

    def test_cleared(self):
        tap = self.tap()
        self.with_entry(tap.path)
        self.tpm.tool("clear", "-c", "p")
        del tap.seen[:]
        said = self.refused(self.get(), 21, self.home.host_key + ": the TPM was cleared", "another approved host",
                            "recovery use").err
        self.assertNotIn(self.tpm.path.encode(), said)
        self.nothing_was_sent(tap)

    def test_another_machine_id(self):
        self.with_entry()
        wrap = self.instead("/etc/machine-id", b"0123456789abcdef0123456789abcdef\n")
        self.refused(self.get(wrap=wrap), 21, "another machine", "machine-id")
        self.assertEqual(self.tpm.left_in_it(), b"")

    def test_gone(self):
        self.with_entry()
        self.tpm.stop()
        self.refused(self.get(), 22, self.tpm.path, "no TPM there")
        self.refused(self.home.run("--vault", "b", "--device", self.t.path, "init"), 22, "no TPM")

    def test_where_no_tpm_is(self):
        dead = os.path.join(self.dir, "dead")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(dead)
        for path, why in (("/dev/null/x", "no TPM"), (self.dir, "no TPM"), (dead, "no TPM"),
                          (os.path.join(self.dir, "none"), "no TPM"), ("/dev/null", "or is none")):
            self.refused(self.init(path=path), 22, path, why)
            self.assertFalse(os.path.exists(self.home.host_key))
        self.assertEqual(self.t.transactions(), [])
        out = self.ok(self.init("--kind", "auto", path=dead)).out.decode()
        self.assertIn("not used: no TPM there", out)
        self.assertIn("keyfile, bound to its machine, grade C", out)

    def test_a_response_without_end(self):
        """It comes byte by byte; and who waits for it is killed, with all that it started."""
        path = os.path.join(self.dir, "slow")
        gone = threading.Event()

        def trickle(s):
            s.recv(4096)
            s.sendall(b"\x80\1\0\0\x0f\xa0\0\0\0\0")
            with s:
                try:
                    while True:
                        time.sleep(1)
                        s.sendall(b"\0")
                except OSError:
                    gone.set()

        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            s.listen(2)
            accept = lambda: threading.Thread(target=lambda: trickle(s.accept()[0]), daemon=True).start()
            accept()
            self.refused(self.init(path=path), 22, path, "busy")
            self.assertTrue(gone.wait(20))
            gone.clear()
            accept()
            process = subprocess.Popen(self.home.command("--device", self.t.path, "init", "--tpm", path),
                                       env=self.home.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1.5)
            process.kill()
            process.wait()
            self.assertTrue(gone.wait(5))  # and not at the deadline

    def test_not_permitted(self):
        if os.geteuid() != 0:
            self.skipTest("NOT TESTED: only root can run a program as somebody else")
        self.with_entry()
        os.chmod(self.dir, 0o755)
        subprocess.run(["chown", "-R", str(NOBODY), self.home.dir], check=True)
        wrap = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.refused(self.home.run("status", wrap=wrap), 22, "permission", "tss")
        os.chmod(self.tpm.path, 0o666)
        self.ok(self.home.run("status", wrap=wrap))

    def test_locked_out(self):
        self.with_entry()
        self.tpm.tool("dictionarylockout", "--setup-parameters", "--max-tries=1", "--recovery-time=9999",
                      "--lockout-recovery-time=9999")
        self.lock_out()
        # What is sealed here is not subject to that.
        self.assertEqual(self.ok(self.get()).out, b"CANARY")
        tap = self.tap()
        self.home = Home(os.path.join(self.dir, "second"))
        self.with_entry(tap.path)
        tap.answers[UNSEAL] = RC_LOCKOUT
        self.refused(self.get(), 22, "locked out", "tpm2_dictionarylockout")
        self.assertEqual(self.tpm.left_in_it(), b"")

    def lock_out(self):
        context = os.path.join(self.dir, "locked")
        self.tpm.tool("createprimary", "-C", "o", "-G", "ecc", "-p", "right", "-c", context,
                      "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign")
        said = b""
        for _ in range(3):
            said = self.tpm.tool("sign", "-c", context, "-p", "wrong", "-o", os.devnull, "/dev/null",
                                 check=False).stderr
        self.assertIn(b"DA lockout", said)

    def test_busy(self):
        tap = self.tap()
        self.with_entry(tap.path)
        for code in (RC_RETRY, RC_SESSION_MEMORY):
            tap.answers = {START_SESSION: code}
            self.refused(self.get(), 22, "busy", "repeat")
        self.assertEqual(self.tpm.left_in_it(), b"")
        # A new key isn't put into a file for that.
        home = Home(os.path.join(self.dir, "second"))
        self.refused(home.run("--device", self.t.path, "init", "--kind", "auto", "--tpm", tap.path), 22, "busy")
        self.assertFalse(os.path.exists(home.host_key))

    def test_held_by_somebody_who_doesnt_let_go(self):
        self.with_entry()
        with connect(self.tpm.path):
            self.refused(self.home.run("status"), 22, "busy")
        self.ok(self.home.run("status"))

    def test_nonsense_from_the_bus(self):
        tap = self.tap()
        self.with_entry(tap.path)
        for code in (CREATE_PRIMARY, START_SESSION, LOAD, UNSEAL):
            for change in (lambda r: r[:-1] + bytes([r[-1] ^ 1]), lambda r: b"\x80\1\0\0\0\x0a\0\0\0\0",
                           lambda r: b"\x80\1\xff\xff\xff\xff\0\0\0\0", lambda r: bytes(10)):
                tap.changes = {code: change}
                result = self.get()
                self.assertIn(result.status, (21, 22), (hex(code), result))
                self.refused(result, result.status)

    def test_a_file_that_was_changed(self):
        self.with_entry()
        with open(self.home.host_key, "rb") as f:
            whole = f.read()
        for at in (9, 12, 44, 76, 108, len(whole) - 60):
            p = bytearray(whole[:-32])
            p[at] ^= 1
            for content in (bytes(p) + whole[-32:], bytes(p) + reader.blake2b(p, digest_size=32).digest()):
                with open(self.home.host_key, "wb") as f:
                    f.write(content)
                result = self.get()
                # A machine's key of another name only changes the message for a TPM that isn't the one.
                if at == 76 and content[-32:] != whole[-32:]:
                    self.ok(result)
                else:
                    self.refused(result, 30 if content[-32:] == whole[-32:] else result.status)
                    self.assertIn(result.status, (21, 30), (at, result))
        self.assertEqual(self.tpm.left_in_it(), b"")


class Libraries(TpmCase):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("NOT TESTED: only root can hide a library")

    def test_without_them_a_file_keeps_the_key(self):
        wrap = self.instead(library_path())
        out = json.loads(self.ok(self.init("--kind", "auto", "--json", wrap=wrap)).out)["host"]
        self.assertEqual((out["kind"], out["grade"]), ("keyfile", "C"))
        self.assertIn("not installed", out["without_tpm"])
        self.add(self.t, "k", {"key": "CANARY"})
        self.assertEqual(self.ok(self.get(wrap=wrap)).out, b"CANARY")

    def test_without_them_a_tpm_is_refused_and_they_are_named(self):
        wrap = self.instead(library_path())
        self.refused(self.init(wrap=wrap), 22, "libtss2-esys")
        self.assertFalse(os.path.exists(self.home.host_key))
        self.assertEqual(self.t.transactions(), [])
        self.with_entry()
        self.refused(self.get(wrap=wrap), 22, "not installed", "libtss2-esys")
        self.assertEqual(self.ok(self.get()).out, b"CANARY")

    def traced(self, calls, *args):
        log = os.path.join(self.dir, "strace")
        self.ok(self.home.run(*args, wrap=["strace", "-f", "-qq", "-o", log, "-e", "trace=" + calls]))
        with open(log) as f:
            return f.read()

    def test_nothing_is_executed(self):
        self.with_entry()
        self.assertEqual(self.traced("execve,execveat", "status").count("exec"), 1)

    def test_only_hosts_with_a_tpm_load_them(self):
        self.ok(self.home.run("--device", self.t.path, "init", "--kind", "keyfile"))
        self.add(self.t, "k", {"key": "v"})
        for args in (("status",), ("--device", self.t.path, "get", "k")):
            self.assertNotIn("libtss2", self.traced("openat,open", *args))
        self.home = Home(os.path.join(self.dir, "second"))
        self.with_entry()
        self.assertIn("libtss2", self.traced("openat,open", "status"))

    def test_the_environment_says_nothing(self):
        self.with_entry()
        said = os.path.join(self.dir, "said")
        env = {"TSS2_LOG": "all+trace", "TSS2_LOGFILE": said, "TPM2TOOLS_TCTI": "swtpm:port=1",
               "TCTI": "none", "TSS2_TCTI": "none"}
        result = self.ok(self.home.run("status", env=env))
        self.assertEqual(result.err, b"")
        self.assertFalse(os.path.exists(said))


class Locked(TpmCase):
    """What goes through the libraries is in a process of its own, and may not be swapped out there either."""

    def trace(self, *options):
        path = os.path.join(self.dir, "trace")
        result = self.home.run("list", wrap=["strace", "-f", "-qq", "-o", path, "-e",
                                             "trace=mlockall,mlock2,connect,write", *options])
        with open(path) as f:
            return result, [line.split(" ", 1) for line in f.read().splitlines()]

    def test_heap_and_stack_are_locked_before_the_tpm_is_asked(self):
        self.with_entry()
        result, calls = self.trace()
        self.ok(result)
        asks = next(pid for pid, call in calls if self.tpm.path in call)
        own = [call.strip() for pid, call in calls if pid == asks]
        first = next(i for i, call in enumerate(own) if call.startswith("write("))
        locks = [call for call in own[:first] if call.startswith("mlock") and call.endswith("= 0")]
        if sanitizer_of(TOUCHVAULT):
            # Which has a heap of its own, and keeps mlockall to itself.
            self.assertEqual(len(locks), 1, own)
            return
        self.assertEqual(locks[0].split(" ")[0], "mlockall(MCL_FUTURE|MCL_ONFAULT)")
        self.assertEqual(len(locks), 3, own)

    def test_without_locked_memory_it_is_not_asked(self):
        if sanitizer_of(TOUCHVAULT):
            self.skipTest("NOT TESTED: the sanitizer keeps mlockall to itself")
        self.with_entry()
        result, calls = self.trace("-e", "inject=mlockall:error=ENOMEM")
        self.refused(result, 1, "memory for secrets can't be locked", "ulimit -l")
        asks = next(pid for pid, call in calls if self.tpm.path in call)
        self.assertEqual([call for pid, call in calls if pid == asks and call.startswith("write(")], [])


class Kills(TpmCase):
    def test_killed_at_any_point_init_leaves_nothing_half(self):
        for call in ("wait4", "openat", "renameat", "fsync", "mmap"):
            for when in (1, 2, 3, 5, 8):
                self.home = Home(os.path.join(self.dir, f"{call}-{when}"))
                wrap = ["strace", "-qq", "-o", os.devnull, "-e",
                        f"inject={call}:signal=KILL:when={when}"]
                self.init(wrap=wrap)
                if os.path.exists(self.home.vault):
                    self.ok(self.home.run("status"))
                else:
                    self.ok(self.init())
                self.ok(self.home.run("--device", self.t.path, "add", "k", "--field", "f=-", stdin=b"v"))
        self.assertEqual(self.tpm.left_in_it(), b"")


class Wire(TpmCase):
    def seal(self, tap, auth, secret):
        del tap.seen[:]
        r = subprocess.run([TPM_SEAL, tap.path, auth.hex(), secret.hex()], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((r.returncode, r.stdout.decode().strip()), (0, secret.hex()), r)
        return list(tap.seen)

    def test_neither_secret_nor_authorization_goes_over_it_in_clear(self):
        tap, auth, secret = self.tap(), os.urandom(31) + b"\1", os.urandom(32)
        runs = [self.seal(tap, auth, secret) for _ in range(2)]
        sensitive = []
        for seen in runs:
            codes = [code for code, _, _ in seen]
            self.assertEqual((codes.count(CREATE), codes.count(LOAD), codes.count(UNSEAL)), (1, 2, 2))
            wire = b"".join(c + r for _, c, r in seen)
            # What is public is seen, so what isn't there would be, too.
            public = next(r for code, _, r in seen if code == CREATE)
            self.assertIn(public[-60:], wire)
            for hidden in (auth, secret):
                for at in range(0, 32 - 8, 4):
                    self.assertNotIn(hidden[at:at + 8], wire)
            for code, command, _ in seen:
                if code in (CREATE, LOAD, UNSEAL):
                    self.session(code, command)
                if code == CREATE:
                    sensitive.append(self.parameters(command)[2:70])
        self.assertNotEqual(*sensitive)

    def authorization(self, command):
        """Handle and attributes of the one session."""
        handle, nonce_len = struct.unpack_from(">IH", command, 18)
        return handle, command[24 + nonce_len]

    def parameters(self, command):
        return command[18 + struct.unpack_from(">I", command, 14)[0]:]

    def session(self, code, command):
        handle, attributes = self.authorization(command)
        self.assertEqual(handle >> 24, 2, "an HMAC session")
        self.assertTrue(attributes & 0x40, "the TPM encrypts its first parameter")
        self.assertEqual(bool(attributes & 0x20), code != UNSEAL, "what goes in is encrypted")

    def test_a_tpm_without_its_key_learns_nothing(self):
        """Two answers of the same session differ, and the session is salted to the storage key."""
        tap = self.tap()
        seen = self.seal(tap, os.urandom(31) + b"\1", os.urandom(32))
        for code, command, _ in seen:
            if code == START_SESSION:
                self.assertNotEqual(command[10:14], b"\x40\0\0\7", "no key that it is salted to")
                nonce_len, = struct.unpack_from(">H", command, 18)
                self.assertGreater(struct.unpack_from(">H", command, 20 + nonce_len)[0], 60)


if __name__ == "__main__":
    unittest.main()
