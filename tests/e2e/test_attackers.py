# SPDX-License-Identifier: BSD-2-Clause
"""What each attacker gets: the table of the manual (SECURITY) and of README.md as tests, a class
for each row, in its order. The docstring of a class is the row. What a row grants is tested
like what it denies, so that nobody promises more than is true."""
from attacks import *

import glob
import hashlib
import hmac
import re
import shutil
from malware import AT_LEAST, NOBODY, ROOT, Malware  # noqa: E402
from swtpm import SwTpm, have_swtpm  # noqa: E402
from usb_tap import Replay, Tap  # noqa: E402

PIN, WRONG = "271828", "314159"
LATER = b"CANARY-0815-LATER"
# A file that isn't right: damaged, tampered with, replaced or older, of another version; or,
# where the id in this host's own slot was changed, it has none.
NOT_TAKEN = {20, 30, 31, 32, 33}


class VaultFile(Row):
    """| the vault file, even to write | no secret, no forgery; can destroy; can roll back only where no host state exists |"""

    readme = ("the vault file, even to write", "no secret, no forgery", "destroy", "roll it back where no host state")
    manual = ("the vault file, even to write", "No secret and no name", "Can't forge", "Can destroy", "older one")

    def refuses(self, p, statuses, *args):
        self.put(p)
        result = self.on(self.home, *args)
        self.clean(result)
        self.assertIn(result.status, statuses, result)
        self.assertEqual(result.out, b"")
        self.assertIn(b"touchvault: ", result.err)
        return result

    def parts(self, p):
        """Header, token slots, host slots, index, tag, signature, records; the sum is for all to make."""
        h = reader.header(p)
        return [p[:112], *(h[k] for k in ("token_slots", "host_slots", "index", "tag", "signature", "records"))]

    def joined(self, parts):
        return mended(b"".join([*parts[:6], bytes(32), parts[6]]))

    def test_it_has_no_secret_and_no_name(self):
        """Tried: every key of the format made from every number in the file. Had: counts and sizes."""
        self.in_clear(self.home)
        h, truth = self.header(self.home), self.truth(self.home)
        slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
        known = {"nothing": bytes(32), "salt": h["salt"], "tag": h["tag"], "sum": h["sum"],
                 "commitment": slot["commitment"], "answered salt": H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32)}
        self.assertEqual(self.all_that_opens(h, known, truth), set())
        for name, k in known.items():
            self.assertIsNone(reader.unwrap(h, slot, k, b""), name)
        # The same search with this host's key finds something.
        self.assertTrue(self.all_that_opens(h, host_secrets(self.home)[1], truth))

    def test_sizes_tell_no_lengths(self):
        """Had: the number of slots, and sizes, padded: 1 byte and 200 look alike."""
        before = [len(part) for part in self.parts(self.file(self.home))]
        self.edit(b"x")
        short = [len(part) for part in self.parts(self.file(self.home))]
        self.edit(b"x" * 200)
        self.assertEqual([before, short], [[len(part) for part in self.parts(self.file(self.home))]] * 2)
        self.assertEqual((self.header(self.home)["tokens"], before[2]), (1, 136))

    def test_a_changed_bit_is_damage(self):
        """Tried: a bit in each byte of the header, and here and there. Nobody is asked for a touch."""
        p, asked = self.file(self.home), self.asked()
        end = len(p) - len(reader.header(p)["records"])
        for at in (*range(112), *range(112, end, 97), end - 129, end - 97, end - 33, end - 1):
            with self.subTest(at=at):
                self.refuses(p[:at] + bytes([p[at] ^ 1]) + p[at + 1:], {30, 33}, "get", NAME)
        self.assertEqual(self.asked(), asked)
        for at in (end, (end + len(p)) // 2, len(p) - 1):
            with self.subTest(at=at):
                self.refuses(p[:at] + bytes([p[at] ^ 1]) + p[at + 1:], {30, 31}, "get", NAME)
        self.put(p)
        self.gets(self.home, SECRET)

    def test_with_its_sum_made_anew_it_is_tampering(self):
        """Tried: the same bits, by who can compute a sum. No list shows anything of it."""
        p, asked = self.file(self.home), self.asked()
        h, seen = reader.header(p), set()
        for at in (*range(16, 23), *range(24, 72), *range(96, 112), *range(112, len(h["meta"]) + 96, 61)):
            with self.subTest(at=at):
                changed = mended(p[:at] + bytes([p[at] ^ 1]) + p[at + 1:])
                seen.add(self.refuses(changed, NOT_TAKEN, "list").status)
                self.refuses(changed, NOT_TAKEN, "--accept-rollback", "list")
        self.assertIn(31, seen)
        self.assertEqual(self.asked(), asked)
        self.put(mended(p))
        self.gets(self.home, SECRET)

    def test_cut_off_it_is_damage(self):
        p = self.file(self.home)
        for length in (0, 1, 8, 111, 112, 200, len(p) // 2, len(p) - 257, len(p) - 1):
            with self.subTest(length):
                self.refuses(p[:length], {30}, "list")
        self.refuses(p + b"\0", {30}, "list")

    def test_parts_of_two_generations_make_no_third(self):
        """Tried: all mixtures, each with its sum made anew. None is taken, on no word either."""
        old = self.file(self.home)
        self.edit(LATER)
        new = self.file(self.home)
        pairs = list(zip(self.parts(old), self.parts(new)))
        self.assertTrue(all(len(a) == len(b) and a != b for a, b in pairs))
        for which in itertools.product((0, 1), repeat=len(pairs)):
            if 0 < sum(which) < len(pairs):
                with self.subTest(which):
                    mixed = self.joined([pair[i] for pair, i in zip(pairs, which)])
                    self.refuses(mixed, {30, 31}, "--accept-rollback", "get", NAME)
        self.put(self.joined([pair[1] for pair in pairs]))
        self.gets(self.home, LATER)

    def test_entries_that_change_places(self):
        """Tried: one entry's record for another's, which is as long."""
        self.add(self.t, "other", {"secret": "x"})
        *parts, records = self.parts(self.file(self.home))
        half = len(records) // 2
        swapped = self.joined([*parts, records[half:] + records[:half]])
        self.refuses(swapped, {30, 31}, "get", NAME)
        self.refuses(swapped, {30, 31}, "get", "other")

    def test_another_slot_in_place_of_one(self):
        """Tried: slots of another vault with the same token, and none at all."""
        self.ok(self.on(self.home, "--vault", "two", "init"))
        with open(self.home.vault.replace("default", "two"), "rb") as f:
            two = f.read()
        parts, theirs = self.parts(self.file(self.home)), self.parts(two)
        for i in (1, 2, 3):
            with self.subTest(i):
                self.refuses(self.joined([*parts[:i], theirs[i], *parts[i + 1:]]), NOT_TAKEN, "list")
        self.refuses(two, {32}, "list")

    def test_rolled_back_where_state_exists_it_is_refused(self):
        old = self.file(self.home)
        self.edit(LATER)
        for args in (["list"], ["get", NAME], ["edit", NAME, "--label", "a=b"]):
            self.refuses(old, {32}, *args)
        # Only the person can say otherwise, and it is logged.
        self.gets(self.home, SECRET, "--accept-rollback")
        self.assertIn(b"rollback", self.ok(self.home.run("log")).out)

    def test_rolled_back_where_no_state_exists_it_is_taken(self):
        """Had: the old value is what this host gets, behind a note and a touch."""
        old = self.file(self.home)
        self.edit(LATER)
        self.put(old)
        os.unlink(self.home.state)
        self.assertIn(b"not verified yet: this host has no state", self.ok(self.home.run("list")).err)
        self.assertIn(b"not verified yet", self.gets(self.home, SECRET).err)

    def test_deleted_it_is_gone(self):
        """Had: no touch brings back what was in no backup. It is told as what it is."""
        os.unlink(self.home.vault)
        self.refused(self.on(self.home, "get", NAME), 3, "no vault at", self.home.vault)
        self.put(b"")
        self.refused(self.on(self.home, "get", NAME), 30)


class FileAndDisk(Row):
    """| file + host disk (keyfile) | names and schedule; no secret |"""

    readme = ("the file and this host's disk, or the recovery sheet", "names and labels; no secret")
    manual = ("the vault file and the host's disk", "Names, labels and dates", "No secret in either case",
              "make up names and dates", "until the next touch")

    def test_names_and_schedule_are_had(self):
        """Had: by the program on a copy, and without it, with no token there."""
        self.ok(self.on(self.home, "schedule", NAME, "--every", "7d", "--now", "CANARY-REASON"))
        self.t.control("unplug")
        thief = self.thief()
        for args in (["list"], ["show", NAME], ["due"]):
            self.assertIn(b"CANARY-NAME", self.ok(thief.run(*args)).out)
        self.assertIn(b"CANARY-REASON", self.ok(thief.run("show", NAME)).out)
        entry, = self.truth(thief)["entries"]
        self.assertEqual((entry["name"], entry["fields"], entry["schedule"]["every"], entry["rotate"][0]),
                         (NAME, ["secret"], "7d", "CANARY-REASON"))

    def test_no_secret_is_had(self):
        """Tried: every key from the host's key on every part, which opens the index."""
        h = self.header(self.home)
        known = {**host_secrets(self.home)[1], "nothing": bytes(32), "salt": h["salt"]}
        found = self.all_that_opens(h, known, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index"})
        self.t.control("unplug")
        self.refused(self.on(self.thief(), "get", NAME), 10)

    def test_no_secret_lies_anywhere_on_the_disk(self):
        """Tried: every file in the home, after each kind of use."""
        self.edit(LATER)
        self.gets(self.home, LATER)
        self.ok(self.on(self.home, "run", "--file", f"F={NAME}:secret", "--", "true"))
        files = [path for path in glob.glob(self.home.dir + "/**", recursive=True, include_hidden=True)
                 if os.path.isfile(path)]
        self.assertGreaterEqual(len(files), 6, files)
        for path in files:
            with open(path, "rb") as f:
                self.nothing_in(f.read())

    def test_a_forgery_fails_at_the_first_touch(self):
        """Tried: a whole generation, signed by the host's own key, with a guess for V. It lacks the
        tag. Had: names and dates in a list, which asks for no touch, can be made up."""
        key, _ = host_secrets(self.home)
        good = self.file(self.home)
        forged = next_generation(good, key, bytes(32), "secret", b"FORGED", "ibkr/MADE-UP-ONE")
        self.put(forged)
        for args in (["list"], ["due", "--within", "1y"]):
            self.assertIn(b"ibkr/MADE-UP-ONE", self.ok(self.home.run(*args)).out)
        self.refused(self.on(self.home, "get", "ibkr/MADE-UP-ONE"), 31)
        self.refused(self.on(self.home, "edit", "ibkr/MADE-UP-ONE", "--label", "a=b"), 31)
        self.put(good)
        self.gets(self.home, SECRET)

    def log(self, home, *args):
        return json.loads(self.ok(home.run("log", "--json", *args)).out)

    def test_the_log_tells_names_and_its_past_stays(self):
        """Had: who was opened, when. Tried: to take a line of yesterday out, and to prove the log
        without the token."""
        self.gets(self.home, SECRET)
        thief = self.thief()
        self.assertIn(NAME, {e["name"] for e in self.log(thief)})
        path, = glob.glob(os.path.join(os.path.dirname(self.home.state), "audit", "*.log"))
        with open(path) as f:
            lines = f.readlines()
        at = next(i for i, line in enumerate(lines) if '"get"' in line)
        for forged in (lines[:at] + lines[at + 1:], [*lines[:at], lines[at].replace('"get"', '"run"'), *lines[at + 1:]]):
            with open(path, "w") as f:
                f.writelines(forged)
            self.assertEqual(self.on(self.home, "log", "verify").status, 35)
        self.t.control("touch-policy refused")
        self.refused(self.on(self.home, "log", "verify"), 14)


class FileAndTpmDisk(Row):
    """| file + host disk (tpm2) | nothing: the host key opens in its TPM alone |"""

    readme = ("the file and this host's disk, or the recovery sheet", )
    manual = ("the vault file and the host's disk", "nothing, if a TPM seals it")

    def setUp(self):
        if not have_swtpm():
            self.skipTest("NOT TESTED: there is no swtpm, or no tpm2-tools")
        super().setUp()
        self.tpm, self.there = SwTpm(self.dir, "here"), SwTpm(self.dir, "there")
        self.addCleanup(self.tpm.stop)
        self.addCleanup(self.there.stop)
        self.sealed = Home(os.path.join(self.dir, "sealed"))
        self.ok(self.on(self.sealed, "init", "--tpm", self.tpm.path))
        self.add(self.t, NAME, {"secret": SECRET.decode()}, self.sealed)
        self.home = self.sealed

    def test_no_name_is_had_without_the_tpm(self):
        """Tried: by the program with the TPM gone, and every number of the key file as a key."""
        h, copy = self.header(self.home), self.thief()
        _, secrets = host_secrets(self.home, self.tpm.unseal)
        truth = reader.open_index(h, host_secrets(self.home, self.tpm.unseal)[0])[1]
        with open(copy.host_key, "rb") as f:
            p = f.read()
        known = {f"{at} of host.key": p[at:at + 32] for at in (12, 44, 76, 108)}
        self.assertEqual(self.all_that_opens(h, known, truth), set())
        for k in known.values():
            self.assertEqual(self.all_that_opens(h, {"k": reader.key_of_seed(k)["hsk"]}, truth), set())
        self.assertTrue(self.all_that_opens(h, secrets, truth))
        self.tpm.stop()
        for args in (["list"], ["due"], ["get", NAME]):
            self.no_name(self.refused(self.on(copy, *args), 22))

    def test_another_machines_tpm_opens_nothing(self):
        """Tried: the program with another TPM in that place, and Debian's tools on it."""
        copy = self.thief()
        with self.assertRaises((AssertionError, RuntimeError)):
            host_secrets(copy, self.there.unseal)
        self.assertTrue(host_secrets(copy, self.tpm.unseal))
        self.tpm.stop()
        os.symlink(self.there.path, self.tpm.path)
        for args in (["list"], ["get", NAME]):
            self.no_name(self.refused(self.on(copy, *args), 21, "not the TPM"))


class FileAndToken(Row):
    """| file + token, not an approved host | no secret |"""

    readme = ("the file and the token, on another machine", "no secret")
    manual = ("the vault file and the token, but no approved host", "No secret")

    def foreign(self):
        """A host key that some other vault knows, and this one doesn't."""
        other = Home(os.path.join(self.dir, "other"))
        self.ok(self.on(other, "--vault", "own", "init"))
        copy_vault(self.home.vault, other.vault)
        return other

    def nothing_for(self, home, status, **kwargs):
        asked = self.asked()
        for args in (["list"], ["due"], ["status"], ["get", NAME], ["--accept-rollback", "get", NAME],
                     ["log", "verify"], ["host", "approve"], ["recovery", "create"]):
            with self.subTest(args):
                result = self.on(home, *args, stdin=b"x", **kwargs)
                self.refused(result, status)
                self.assertNotIn(b"desk", result.err)
        self.assertEqual(self.asked(), asked, "somebody was asked to touch for nothing")

    def test_what_the_token_answers_opens_nothing(self):
        """Tried: the token's answer, by Debian's own tool, and all that follows from it (the slot's
        key, V, A), with the key of a foreign host, on every part."""
        other = self.foreign()
        h = self.header(other)
        key, secrets = host_secrets(other)
        with open(other.vault.replace("default", "own"), "rb") as f:
            own = reader.header(f.read())
        b, _ = reader.open_index(own, key)
        known = {**secrets, **self.by_token(h), "B of another vault": b, "nothing": bytes(32),
                 "salt": h["salt"], "tag": h["tag"]}
        self.assertEqual(self.all_that_opens(h, known, self.truth(self.home)), set())
        self.in_clear(other)
        # The same search with the key of the approved host finds everything.
        known.update(host_secrets(self.home)[1])
        found = self.all_that_opens(h, known, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index", "an entry"})

    def test_the_program_refuses_before_the_touch(self):
        """Tried: without a key, with the key of another vault, and with a request nobody approved."""
        bare, waiting = (Home(os.path.join(self.dir, name)) for name in ("bare", "waiting"))
        self.ok(waiting.run("host", "request", "--name", "waiting"))
        for home in (bare, waiting):
            copy_vault(self.home.vault, home.vault)
        for home in (bare, waiting, self.foreign()):
            self.nothing_for(home, 20)

    @ROOT
    def test_a_host_key_alone_is_bound_to_its_machine(self):
        """Tried: the approved host's key, on a machine with another id."""
        thief = self.thief()
        if not json.loads(self.ok(thief.run("host", "show", "--json")).out)["bound"]:
            self.skipTest("NOT TESTED: this machine has no machine-id, so no key is bound to it")
        self.nothing_for(thief, 21, wrap=another_machine(self.dir))

    def test_a_slot_of_its_own_helps_nothing(self):
        """Tried: a host slot written in the place of the approved one, and all sums and
        signatures made anew: the shipped program finds its slot, and is no further."""
        other = self.foreign()
        key, _ = host_secrets(other)
        h, p = self.header(other), bytearray(self.file(other))
        own = H(h["vault_id"], "tv1 host id", b"", key["hpk"] + key["hvk"], 16)
        at = reader.HEADER_LEN + len(h["token_slots"])
        p[at:at + 136] = own + seal(h["vault_id"] + le64(h["gen"]) + own + os.urandom(32), key["hpk"])
        p[96:112] = own
        self.put(mended(p, signing=key["signing"]), other)
        for args in (["list"], ["get", NAME], ["--accept-rollback", "get", NAME]):
            self.refused(self.on(other, *args), 31)


class FileHostKeyAndToken(Row):
    """| file + host key + token without PIN | touch-only slots: everything. UV slots: 8 PIN tries |"""

    readme = ("the file, the host key and a token without PIN", "everything", "With a PIN: 8 tries")
    manual = ("the vault file, the host's key and the token", "Everything", "without its PIN", "eight tries")

    def with_pin(self, **options):
        """A vault whose token was enrolled with its PIN, and who has all three on a copy."""
        self.t = self.token("guarded", pin=PIN, **options)
        self.home = Home(os.path.join(self.dir, "guarded-home"))
        for args in (["init", "--pin", "required", "--host-name", "desk"], ["add", NAME, "--field", "secret=-"]):
            result = self.typed(self.home, PIN, *args, stdin=SECRET)
            self.assertEqual(result.status, 0, result)
        return self.thief()

    def typed(self, home, pin, *args, stdin=None):
        t = home.on_terminal("--device", self.t.path, *args, pipe_stdin=stdin, pipe_stdout=True)
        t.expect("PIN of")
        t.type(pin + "\n")
        return t.finish()

    def test_touch_only_it_has_everything(self):
        """Had: every entry, every name, and the right to change, by the program on a copy."""
        self.add(self.t, "other", {"secret": "CANARY-2"})
        thief = self.thief()
        self.gets(thief, SECRET)
        self.assertEqual(self.ok(self.on(thief, "get", "other")).out, b"CANARY-2")
        self.edit(b"FORGED", thief)
        copy_vault(thief.vault, self.home.vault)
        self.gets(self.home, b"FORGED")

    def test_with_pin_it_has_nothing_by_a_touch(self):
        """Tried: a touch without the PIN, where nobody can type one."""
        thief = self.with_pin()
        self.no_name(self.refused(self.on(thief, "get", NAME), 15))
        self.assertEqual(self.typed(thief, PIN, "get", NAME).out, SECRET)

    def test_the_answer_without_pin_is_another_one(self):
        """Tried: the answer that a token gives without its PIN, where it gives one: hmac-secret has
        two secrets. It opens what the host's key opens by itself."""
        self.with_pin(no_cred_protect=True)
        h, (key, secrets) = self.header(self.home), host_secrets(self.home)
        slot, = reader.token_slots(h["token_slots"], h["tokens"])
        without_pin = self.answer()
        self.assertEqual(len(without_pin), 32)
        self.assertIsNone(reader.unwrap(h, slot, without_pin, b""))
        found = self.all_that_opens(h, {**secrets, "answer": without_pin}, self.truth(self.home))
        self.assertEqual({f.split(",")[0] for f in found}, {"a host slot", "the index"})
        with_pin = self.answer_with_pin()
        self.assertEqual(reader.read(self.file(self.home), key, {"response": with_pin})["entries"][0]["values"],
                         {"secret": SECRET})

    def answer_with_pin(self):
        t = Terminal(self.home, (), pipe_stdout=True, command=[
            "fido2-assert", "-G", "-h", "-v", "-i", os.path.join(self.dir, "assert.in"), self.t.path])
        t.expect("PIN")
        t.type(PIN + "\n")
        return base64.b64decode(t.finish().out.splitlines()[-1])

    def test_a_token_that_protects_it_gives_no_answer_without_pin(self):
        self.with_pin()
        with self.assertRaises(subprocess.CalledProcessError):
            self.answer()

    def test_eight_tries_and_it_blocks(self):
        """Tried: wrong PINs, with the token replugged when it wants that. Not one more than eight is
        taken, and then the right one is worth nothing: not to the owner, either."""
        thief = self.with_pin()
        left = []
        for i in range(8):
            blocks = i in (2, 5, 7)
            t = thief.on_terminal("--device", self.t.path, "get", NAME, pipe_stdout=True)
            t.expect("PIN of")
            t.type(WRONG + "\n")
            if not blocks:
                t.expect("Wrong PIN")
                t.expect("PIN of")
                t.type("\n")
            result = t.finish()
            self.assertEqual(result.status, 16 if blocks else 14)
            self.assertEqual(result.out, b"")
            left.append(int(self.t.control("retries")))
            if i % 3 == 2:
                self.t.control("replug")
        self.assertEqual((left, result.status), ([7, 6, 5, 4, 3, 2, 1, 0], 16))
        self.t.control("replug")
        for home in (thief, self.home):
            result = self.typed(home, PIN, "get", NAME)
            self.assertEqual((result.status, result.out), (16, b""), result)


@ROOT
class MalwareLocked(Malware):
    """| same-user malware, locked | names; no secret; can phish, wait, or trojan the binary |"""

    readme = ("malware as the same user, while locked", "names; no secret", "phish, wait, or replace the program")
    manual = ("a program running as the same user, without a touch", "Names, and no secret", "false prompt",
              "wait for the next touch", "put another program in the place of touchvault")

    def test_names_are_had(self):
        asked = self.asked()
        self.assertIn(NAME.encode(), self.ok(self.on(self.home, "list")).out)
        self.assertEqual(self.asked(), asked)

    def test_no_secret_without_a_touch(self):
        """Tried: each command that gives one out, while nobody touches."""
        self.t.control("set user-timeout 300")
        self.t.control("touch-policy never")
        self.refused(self.on(self.home, "get", NAME), 13)
        self.refused(self.on(self.home, "log", "verify"), 13)
        result = self.on(self.home, "run", "--env", f"X={NAME}:secret", "--", "env")
        self.assertEqual((result.status, result.out), (125, b""))
        known = host_secrets(self.home)[1]
        found = self.all_that_opens(self.header(self.home), known, self.truth(self.home))
        self.assertNotIn("an entry", {f.split(",")[0] for f in found})

    def test_a_process_at_work_is_closed_to_it(self):
        """Tried: on a program that waits for the touch, and on its helper: memory, environment, open
        files, and tracing. Any other process of the user is open to it."""
        process = self.begun_with_secret()
        helper, = self.children(process.pid)
        for pid, name in ((process.pid, "touchvault"), (helper, "touchvault-token")):
            with open(f"/proc/{pid}/comm") as f:
                self.assertEqual(f.read().strip(), name[:15])
            self.assertEqual(self.spied(pid)[0], [], name)
        other = subprocess.Popen([*self.user, "sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.becomes(other.pid, "sleep")
        self.assertLessEqual(AT_LEAST, set(self.spied(other.pid)[0]))
        self.t.control("touch now")
        self.ok(self.ended(process))

    def begun_with_secret(self):
        """A change that has read its secret, and waits for the touch."""
        self.t.control("touch-policy never")
        typed = os.path.join(self.home.dir, "typed")
        with open(typed, "wb") as f:
            f.write(LATER)
        os.chown(typed, NOBODY, NOBODY)
        return self.begun(self.home, "edit", NAME, "--field", f"secret=@{typed}", wrap=self.user,
                          env={"ALPACA_SECRET": "CANARY-IN-ENVIRONMENT"})

    def children(self, pid):
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(child) for child in f.read().split()]

    def becomes(self, pid, name):
        end = time.monotonic() + 60
        while True:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() == name:
                    return
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_lists_of_processes_have_no_secret(self):
        """Tried: the command lines, of program and helper, and what ps shows of the rest."""
        process = self.begun_with_secret()
        helper, = self.children(process.pid)
        for pid in (process.pid, helper):
            self.assertNotIn(LATER.decode(), self.spied(pid)[1])
        shown = subprocess.run([*self.user, "ps", "axeww"], check=True, capture_output=True).stdout
        self.assertIn(b"touchvault-token", shown)
        self.assertNotIn(LATER, shown)
        self.assertNotIn(b"CANARY-IN-ENVIRONMENT", shown)
        self.t.control("touch now")
        self.ok(self.ended(process))

    def crashed(self, process, pid):
        os.kill(pid, signal.SIGTRAP)  # which no sanitizer catches
        _, status = os.waitpid(process.pid, 0)
        process.returncode = 0
        self.assertEqual(os.WTERMSIG(status), signal.SIGTRAP)
        return os.WCOREDUMP(status)

    def test_no_core_is_had(self):
        """Tried: to make it crash, with cores allowed. Any other program leaves one."""
        self.user = ["prlimit", "--core=unlimited", *self.user]
        process = self.begun_with_secret()
        self.assertFalse(self.crashed(process, process.pid))
        other = subprocess.Popen([*self.user, "sleep", "60"], cwd=self.home.dir)
        self.becomes(other.pid, "sleep")
        if not self.crashed(other, other.pid):
            self.skipTest("NOT TESTED whether it would have been seen: no program leaves a core here")

    def test_a_program_in_its_place_has_what_the_person_gets(self):
        """Had: it shows the prompt, takes the touch, passes the secret on and keeps it. So the manual
        says."""
        kept = os.path.join(self.home.dir, "kept")
        trojan = self.written_by_user("bin/touchvault", f'#!/bin/sh\n"{TOUCHVAULT}" "$@" | tee "{kept}"\n')
        env = {**self.home.env, "PATH": os.path.dirname(trojan) + ":" + os.environ["PATH"]}
        result = subprocess.run([*self.user, "sh", "-c", 'touchvault --device "$1" get "$2"', "sh", self.t.path, NAME],
                                env=env, capture_output=True, start_new_session=True)
        self.assertIn(b"Touch the ", result.stderr)
        self.assertEqual(result.stdout, SECRET)
        with open(kept, "rb") as f:
            self.assertEqual(f.read(), SECRET)

    def test_the_helper_is_not_found_by_the_path(self):
        """Tried: a helper of its own, first in PATH and in the directory that the program starts in."""
        ran = os.path.join(self.home.dir, "ran")
        trojan = self.written_by_user("touchvault-token", f'#!/bin/sh\n: >"{ran}"\n')
        path = {"PATH": os.path.dirname(trojan) + ":" + os.environ["PATH"]}
        self.assertEqual(self.ok(self.on(self.home, "get", NAME, env=path, cwd=self.home.dir)).out, SECRET)
        self.assertFalse(os.path.exists(ran))


@ROOT
class MalwareAtATouch(Malware):
    """| same-user malware at the moment of a touch | **everything**: a touch proves a finger, not intent |"""

    readme = ("malware as the same user at the moment of a touch", "everything: a touch proves a finger, not intent")
    manual = ("a program running as the same user, at the moment of a touch", "Everything", "then and later",
              "not what the person meant")

    def test_who_waits_at_the_token_has_the_touch(self):
        """Had: it came first, and shows nothing. The person is told that the token is in use; a
        finger on the key that blinks gives the secret to the other one."""
        self.add(self.t, "harmless", {"a": "b"})
        self.t.control("touch-policy never")
        malware = self.begun(self.home, "get", NAME, wrap=self.user)
        before = self.touches()
        self.refused(self.on(self.home, "get", "harmless"), 17, "in use by another program")
        self.t.control("touch now")
        self.assertEqual(self.ok(self.ended(malware)).out, SECRET)
        self.assertEqual(self.touches(), before + 1)

    def test_a_touch_serves_one_request(self):
        """Tried: to get something of the person's touch while the person's own request waits."""
        self.t.control("touch-policy never")
        person = self.begun(self.home, "get", NAME, wrap=self.user)
        before = self.touches()
        self.refused(self.on(self.home, "get", NAME), 17, "in use by another program")
        self.t.control("touch now")
        self.assertEqual(self.ok(self.ended(person)).out, SECRET)
        malware = self.begun(self.home, "get", NAME, wrap=self.user)
        malware.terminate()
        result = self.ended(malware)
        self.assertEqual((result.status, result.out), (14, b""))
        self.assertEqual(self.touches(), before + 1)

    def test_only_the_program_says_what_a_touch_is_for(self):
        """Had: the prompt tells it, the token doesn't: it gets the same messages for both."""
        sent = []
        for args, purpose in ((["get", NAME], f"to get {NAME}".encode()),
                              (["rename", NAME, "gone"], f"to rename {NAME}".encode())):
            before = self.asked()
            self.assertIn(purpose, self.ok(self.on(self.home, *args)).err)
            sent.append(self.t.transactions()[before:])
        self.assertEqual(sent[0], sent[1])

    def test_everything_then_and_later(self):
        """Had: it asks the token itself, by Debian's own tool, and the touch gives it the answer; with
        that and the host's key it opens all entries, and what the vault has tomorrow."""
        self.add(self.t, "other", {"secret": "CANARY-2"})
        response = self.answer(self.user)
        self.edit(LATER)
        self.t.control("unplug")
        key, _ = host_secrets(self.home)
        found = reader.read(self.file(self.home), key, {"response": response})["entries"]
        self.assertEqual({e["name"]: e["values"]["secret"] for e in found}, {NAME: LATER, "other": b"CANARY-2"})


class RevokedHost(Row):
    """| a revoked host that once unlocked, with all it kept | no secret of later generations; its forgeries are refused by every host that has seen the revocation |"""

    readme = ("a host that was revoked, with all it kept", "no secret of later generations",
              "refused by hosts that saw the revocation")
    manual = ("a host that was approved once, with all that it kept", "No secret of any generation since it was revoked",
              "forgeries are refused by every host that has seen the revocation")

    def setUp(self):
        super().setUp()
        self.laptop, self.phone = self.approve("laptop"), self.approve("phone")
        copy_vault(self.phone.vault, self.laptop.vault)
        self.gets(self.laptop, SECRET)
        # A memory image of a session in which it was unlocked, and all its files.
        self.kept = vault_secrets(self.laptop, self.response)
        self.unaware = Home(os.path.join(self.dir, "unaware"))
        copy_vault(self.phone.vault, self.unaware.vault)
        shutil.copytree(os.path.dirname(self.phone.state), os.path.dirname(self.unaware.state))
        self.gets(self.unaware, SECRET)
        self.ok(self.on(self.home, "host", "revoke", "laptop"))
        copy_vault(self.home.vault, self.phone.vault)
        self.gets(self.phone, SECRET)

    def test_what_it_kept_opens_nothing_new(self):
        h, truth = self.header(self.home), self.truth(self.home)
        old, _ = self.header(self.laptop), self.kept
        self.assertGreater(h["gen"], old["gen"])
        self.assertTrue(self.all_that_opens(old, self.kept, self.truth(self.laptop)))
        # The token's half is not what keeps it out: V and the slot's key lead to the new A.
        known = {**self.kept, "new A": self.by_token(h)["A"], "nothing": bytes(32)}
        self.assertEqual(self.all_that_opens(h, known, truth), set())
        self.assertFalse(os.path.exists(self.home.vault + ".prev"))
        copy_vault(self.home.vault, self.laptop.vault)
        self.no_name(self.refused(self.on(self.laptop, "get", NAME), 20))

    def forge(self, home, signer=None, certify=None):
        """A generation of home's copy, made anew with the keys kept in memory: by
        another signer's name, or with a certificate of its own making."""
        secrets, (key, _) = vault_secrets(home, self.response), host_secrets(home)
        h, p = self.header(home), bytearray(self.file(home))
        x = reader.open_index(h, key)[1]
        place = h["vault_id"] + le64(h["gen"])
        own = next(e for e in x["hosts"] if e["hvk"] == key["hvk"])
        if certify is not None:
            plain = bytearray(aead_open(secrets["index key"], place, h["index"], "index"))
            at = plain.index(own["cert"])
            self.assertEqual(plain[at - 3], own["cert_gen"])
            plain[at - 3] = h["gen"]
            plain[at:at + 64] = sign(b"touchvault host v1" + h["vault_id"] + own["host_id"] + le64(h["gen"]) +
                                       own["hpk"] + own["hvk"], certify)
            p[len(h["meta"]) - len(h["index"]):len(h["meta"])] = aead_seal(secrets["index key"], place, bytes(plain))
        if signer is not None:
            p[96:112] = next(e["host_id"] for e in x["hosts"] if e["name"] == signer)
        return mended(p, secrets["file tag key"], key["signing"])

    def taken(self, home, p):
        before = self.file(home)
        self.put(p, home)
        result = self.on(home, "get", NAME)
        self.clean(result)
        if result.status != 0:
            self.put(before, home)
        return result.status

    def newer(self, home):
        for _ in range(3):
            self.ok(self.on(home, "edit", NAME, "--label", "a=b"))

    def test_its_forgeries_are_refused(self):
        self.newer(self.laptop)
        key, _ = host_secrets(self.laptop)
        for victim in (self.home, self.phone):
            for options in ({}, {"signer": "desk"}, {"signer": "phone"}, {"certify": key["signing"]}):
                with self.subTest(options):
                    self.assertEqual(self.taken(victim, self.forge(self.laptop, **options)), 31)

    def test_the_forger_is_good_enough(self):
        """By a host that is approved the same work is taken, so it is the signer alone
        that the others are refused for."""
        self.newer(self.phone)
        self.assertEqual(self.taken(self.home, self.forge(self.phone, signer="desk")), 31)
        self.assertEqual(self.taken(self.home, self.forge(self.phone)), 0)
        desk, _ = host_secrets(self.home)
        self.newer(self.phone)
        self.assertEqual(self.taken(self.home, self.forge(self.phone, certify=desk["signing"])), 0)

    def test_who_has_not_seen_the_revocation_is_deceived(self):
        """Had: the same host as the phone, which was away: the forgery is the newest that it knows."""
        self.newer(self.laptop)
        self.assertEqual(self.taken(self.phone, self.forge(self.laptop)), 31)
        self.assertEqual(self.taken(self.unaware, self.forge(self.laptop)), 0)


class CapturedAnchor(Row):
    """| malware that captured V at a touch on a host still approved | can forge without a touch until `rekey --anchor` |"""

    readme = ("malware that caught the token's answer at a touch, on a host still approved", "without a touch",
              "forgeries", "a new vault")
    manual = ("what such a program caught, on a host that is still approved", "forge changes without a touch",
              "This version has no command for that: make a new vault")

    def setUp(self):
        super().setUp()
        self.laptop = self.approve("laptop")
        copy_vault(self.laptop.vault, self.home.vault)
        self.v = self.by_token(self.header(self.laptop))["V"]

    def forged(self, value):
        key, _ = host_secrets(self.laptop)
        return next_generation(self.file(self.laptop), key, self.v, "secret", value)

    def test_it_forges_without_a_touch(self):
        """Had: a generation with what it likes in each entry, from V and the host's key alone, that
        every other host takes. A single bit of V is missing, and none does."""
        self.gets(self.home, SECRET)
        good, asked = self.file(self.home), self.asked()
        forged = self.forged(b"FORGED")
        self.v = bytes([self.v[0] ^ 1]) + self.v[1:]
        wrong = self.forged(b"FORGED")
        self.assertEqual(self.asked(), asked)
        self.put(wrong)
        self.refused(self.on(self.home, "get", NAME), 31)
        self.put(good)
        self.gets(self.home, SECRET)
        self.put(forged)
        self.assertEqual(self.ok(self.home.run("list")).err, b"")
        self.gets(self.home, b"FORGED")

    def test_no_command_here_ends_that(self):
        """Had: it forges on after the token has a new credential. There is no command for a new V."""
        self.ok(self.on(self.home, "token", "refresh", "first"))
        copy_vault(self.home.vault, self.laptop.vault)
        self.put(self.forged(b"FORGED"))
        self.gets(self.home, b"FORGED")
        self.refused(self.home.run("rekey", "--anchor"), 2)

    def test_but_a_new_credential_ends_its_reading(self):
        """Tried: with V, the slot's key and the host's key, what was written since."""
        key, _ = host_secrets(self.laptop)
        self.edit(LATER)
        found = reader.read(self.file(self.home), key, {"response": self.response})["entries"]
        self.assertEqual(found[0]["values"], {"secret": LATER})
        known = {**host_secrets(self.laptop)[1], **self.by_token(self.header(self.home))}
        self.ok(self.on(self.home, "token", "refresh", "first"))
        h, truth = self.header(self.home), self.truth(self.home)
        self.assertEqual({f.split(",")[0] for f in self.all_that_opens(h, known, truth)}, {"a host slot", "the index"})

    def test_revoking_that_host_ends_it(self):
        forged = self.forged(b"FORGED")
        self.put(forged)
        self.gets(self.home, b"FORGED")
        self.ok(self.on(self.home, "host", "revoke", "laptop"))
        self.gets(self.home, b"FORGED")
        good = self.file(self.home)
        for _ in range(3):
            self.put(self.forged(b"FORGED AGAIN"), self.laptop)
        self.put(self.file(self.laptop))
        self.refused(self.on(self.home, "get", NAME), 31)
        self.put(good)
        self.gets(self.home, b"FORGED")


class OldBackup(Row):
    """| an old backup after a revocation, and the other half | that backup, for ever: rotate at the broker |"""

    readme = ("an old backup and the other half", "that backup, for ever", "rotate at the broker")
    manual = ("an old backup of the vault, with its token and host's key", "for ever", "replace the keys at the broker")

    def test_of_a_host_that_was_revoked(self):
        """Had: what was in it, by that host's key and a touch, whatever became of the token's
        credential since. Tried: the same with the vault as it is now."""
        laptop = self.approve("laptop")
        backup = self.file(laptop)
        self.ok(self.on(self.home, "host", "revoke", "laptop"))
        self.edit(LATER)
        self.add(self.t, "new", {"secret": "CANARY-NEW"})
        self.ok(self.on(self.home, "token", "refresh", "first"))
        copy_vault(self.home.vault, laptop.vault)
        self.refused(self.on(laptop, "get", NAME), 20)
        for _ in range(2):
            self.put(backup, laptop)
            self.gets(laptop, SECRET)
            self.refused(self.on(laptop, "get", "new"), 3)
            os.unlink(laptop.state)  # another machine with nothing but that key

    def test_of_a_token_that_was_removed(self):
        """Had: the same with the token as the half that went."""
        spare = self.token("spare")
        self.ok(self.on(self.home, "token", "add", "spare", "--new-device", spare.path))
        backup = self.file(self.home)
        self.ok(self.on(self.home, "token", "remove", "spare"))
        self.edit(LATER)
        self.refused(self.home.run("--device", spare.path, "get", NAME), 11)
        thief = self.thief(self.home.state)
        self.put(backup, thief)
        self.assertEqual(self.ok(thief.run("--device", spare.path, "get", NAME)).out, SECRET)

    def test_the_person_is_told_to_rotate(self):
        self.approve("laptop")
        copy_vault(os.path.join(self.dir, "laptop", ".local/share/touchvault/default.tv"), self.home.vault)
        self.assertNotIn(b"ROTATE NOW", self.ok(self.home.run("list")).out)
        self.ok(self.on(self.home, "host", "revoke", "laptop"))
        self.assertIn(b"ROTATE NOW", self.ok(self.home.run("list")).out)
        shown = json.loads(self.ok(self.home.run("show", NAME, "--json")).out)
        self.assertEqual(shown["rotate_now"]["reason"], "host revoked: laptop")


class UsbSniffer(Row):
    """| a USB sniffer | FIDO2: nothing. YubiKey HMAC: that slot's key |"""

    readme = ("a USB sniffer", "nothing", "YubiKey's HMAC slot, its answer", "passphrase")
    manual = ("a tap on the token's USB cable", "Nothing of use", "HMAC slot of a YubiKey shows its answer", "passphrase")

    def tapped(self, *args, pin=None):
        """All messages of a command."""
        tap = Tap(os.path.join(self.dir, "tap"), self.t.path)
        try:
            if pin is None:
                result = self.ok(self.home.run("--device", tap.path, *args))
            else:
                t = self.home.on_terminal("--device", tap.path, *args, pipe_stdout=True)
                t.expect("PIN of")
                t.type(pin + "\n")
                result = t.finish()
            self.assertEqual(result.out, SECRET)
            return tap.messages()
        finally:
            tap.close()

    def test_of_fido2_it_has_neither_answer_nor_salt(self):
        """Tried: both in what goes by, and each 32 bytes of it as the answer. Had: which credential."""
        h = self.header(self.home)
        slot, = reader.token_slots(h["token_slots"], h["tokens"])
        salt = H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32)
        seen = b"".join(m.data for m in self.tapped("get", NAME))
        self.assertIn(slot["credential"], seen)
        for secret in (self.response, salt, h["salt"], self.by_token(h)["ssk"], self.by_token(h)["V"], SECRET):
            for i in range(0, len(secret) - 7, 8):
                self.assertNotIn(secret[i:i + 8], seen)
        tried = {seen[i:i + 32] for i in range(len(seen) - 31)}
        self.assertGreater(len(tried), 500)
        self.assertEqual([k for k in tried if reader.unwrap(h, slot, k, b"")], [])
        self.assertIsNotNone(reader.unwrap(h, slot, self.response, b""))

    def test_nor_the_pin(self):
        self.t = self.token("guarded", pin=PIN)
        self.home = Home(os.path.join(self.dir, "guarded-home"))
        for args in (["init", "--pin", "required"], ["add", NAME, "--field", "secret=-"]):
            t = self.home.on_terminal("--device", self.t.path, *args, pipe_stdin=SECRET)
            t.expect("PIN of")
            t.type(PIN + "\n")
            self.assertEqual(t.finish().status, 0)
        seen = b"".join(m.data for m in self.tapped("get", NAME, pin=PIN))
        hashed = hashlib.sha256(PIN.encode()).digest()[:16]
        for secret in (PIN.encode(), hashed, hashed[:8], hashed[8:]):
            self.assertNotIn(secret, seen)

    def test_played_back_it_opens_nothing(self):
        """Tried: a token that gives the recorded answers. It is asked, and not believed."""
        recorded = self.tapped("get", NAME)
        token = Replay(os.path.join(self.dir, "replay"), recorded)
        self.addCleanup(token.close)
        result = self.home.run("--device", token.path, "get", NAME)
        self.assertIn((0x10, b"\x02"), token.served)  # getAssertion
        self.refused(result, 17)

    def test_of_a_yubikey_it_has_the_answer_which_is_the_key(self):
        """Had: the answer, in clear and the same for ever; with file and host's key that is all."""
        answer = self.sniffed_answer(())
        found = self.read_by(answer)
        self.assertEqual(found["entries"][0]["values"], {"secret": SECRET})

    def test_behind_a_passphrase_the_answer_is_not_enough(self):
        """Tried: the answer without the passphrase. Had: what a guess is right with, off line."""
        answer = self.sniffed_answer(("correct horse",))
        for guess in (b"", b"wrong horse"):
            with self.assertRaises(Refused):
                self.read_by(answer, guess)
        self.assertEqual(self.read_by(answer, b"correct horse")["entries"][0]["values"], {"secret": SECRET})

    def test_while_a_slot_is_programmed_it_has_the_key_itself(self):
        """Had: the HMAC key, with which it answers any challenge."""
        self.yk = self.yubikey()
        self.ok(self.home.run("token", "program"))
        frame = bytearray(70)
        for report in self.reports("set"):
            if report[7] & 0x80 and report[7] & 0x1f < 10:
                at = 7 * (report[7] & 0x1f)
                frame[at:at + 7] = report[:7]
        key = frame[22:38] + frame[16:20]
        answer = self.yk.tool("ykchalresp", "-2", "-x", "00" * 31 + "01").stdout.strip()
        self.assertEqual(answer, hmac.new(key, bytes(31) + b"\1", "sha1").hexdigest())

    def reports(self, way):
        return [bytes.fromhex(line.split(" ", 1)[1].replace(" ", "")) for line in self.yk.lines()
                if line.startswith(way + " ")]

    def sniffed_answer(self, passphrase):
        self.home = Home(os.path.join(self.dir, "yubikey-home"))
        self.yk = self.yubikey(home=self.home)
        made = self.yk.program(2, bytes(range(20)), "hmac-lt64", "chal-btn-trig")
        self.assertEqual(made.returncode, 0, made.stderr)
        for args, prompts in ((["--device", "yubikey", "init", *([] if passphrase else ["--no-passphrase"])], 2),
                              (["add", NAME, "--field", "secret=-"], 1), (["get", NAME], 1)):
            t = self.home.on_terminal(*args, pipe_stdin=SECRET, pipe_stdout=True)
            for _ in range(prompts if passphrase else 0):
                t.expect("assphrase")
                t.expect(": ")
                t.type(passphrase[0] + "\n")
            result = t.finish()
            self.assertEqual(result.status, 0, result)
        self.assertEqual(result.out, SECRET)
        replies = []
        for report in self.reports("get"):
            if report[7] & 0x40:
                if report[7] & 0x3f == 0:
                    replies.append(b"")
                replies[-1] += report[:7]
        return [r for r in replies if len(r) > 20][-1][:20]

    def read_by(self, response, passphrase=b""):
        key, _ = host_secrets(self.home)
        return reader.read(self.file(self.home), key, {"response": response, "passphrase": passphrase})


ROWS = [VaultFile, FileAndDisk, FileAndToken, FileHostKeyAndToken, MalwareLocked, MalwareAtATouch, RevokedHost,
        CapturedAnchor, OldBackup, UsbSniffer]


class Table(unittest.TestCase):
    """The limits stand where people read them, all of them, in this order."""

    def read(self, name):
        with open(os.path.join(HERE, "..", "..", name), encoding="utf-8") as f:
            return f.read()

    def rows_are_in(self, rows, where, order):
        places = []
        for row in order:
            first, *words = getattr(row, where)
            text = next((text for title, text in rows if title == first), None)
            self.assertIsNotNone(text, f"{where} lacks: {row.__doc__}")
            for word in words:
                self.assertIn(word, text, f"{where}: {first}")
            places.append([title for title, _ in rows].index(first))
        self.assertEqual(places, sorted(places), "the order of the table")

    def test_readme_has_each_row(self):
        table = self.read("README.md").split("## What it doesn't do")[1]
        rows = [[cell.strip().replace("*", "") for cell in line.split("|")[1:3]]
                for line in table.splitlines() if line.startswith("| ")]
        self.rows_are_in(rows, "readme", ROWS)

    def test_the_manual_has_each_row(self):
        part = self.read("cli/man/touchvault.1").split(".Sh SECURITY\n")[1].split(".Sh SEE ALSO")[0]
        part = part.split(".El\n")[0]
        part = re.sub(r"^\.Nm\b ?", "touchvault ", part, flags=re.M)
        part = re.sub(r"^\.(Em|Pp|Xr|Cm) ?", "", part, flags=re.M)
        items = [item.split("\n", 1) for item in part.split("\n.It ")[1:]]
        rows = [(title, " ".join(text.split())) for title, text in items]
        self.rows_are_in(rows, "manual", ROWS)
        self.rows_are_in(rows, "manual", [FileAndTpmDisk])


if __name__ == "__main__":
    unittest.main()
