# SPDX-License-Identifier: BSD-2-Clause
"""What a host that is, or was, approved can write to the file, with all the keys it ever
had: none of it keeps it in, or brings it back, once others have seen it leave."""
from attacks import *


class Forgeries(Attacks):
    def setUp(self):
        super().setUp()
        self.laptop, self.phone = self.approve("laptop"), self.approve("phone")
        copy_vault(self.phone.vault, self.laptop.vault)
        self.ok(self.touched(self.laptop, "get", NAME))

    def touched(self, home, *args, **kwargs):
        return home.run("--device", self.t.path, *args, **kwargs)

    def put_on(self, home, p):
        self.put(p, home)

    def key(self, home):
        return host_secrets(home)[0]

    def opened(self, home):
        return writer.Vault(self.file(home), self.key(home), self.response)

    def sees(self, home, p):
        """How the host ends that finds p; nothing but what it takes stays."""
        before = self.file(home)
        self.put_on(home, p)
        result = self.touched(home, "get", NAME)
        self.clean(result)
        if result.status != 0:
            self.put_on(home, before)
        return result.status

    def see_it_leave(self, name):
        self.ok(self.touched(self.home, "host", "revoke", name))
        copy_vault(self.home.vault, self.phone.vault)
        self.ok(self.touched(self.phone, "get", NAME))

    def test_the_writer_is_good_enough(self):
        """What it writes by the rules is taken, so what is refused below is refused for what it says."""
        v = self.opened(self.laptop)
        for gen in (v.gen + 1, v.gen + 2, v.gen + 300):
            self.assertEqual(self.sees(self.home, v.write(gen, self.key(self.laptop))), 0, gen)
            v = self.opened(self.home)
        other = writer.new_key()
        v.x["hosts"].append(v.new_host(other, "other", self.key(self.laptop), v.gen + 1))
        self.assertEqual(self.sees(self.home, v.write(v.gen + 1, self.key(self.laptop))), 0)

    def test_a_certificate_of_a_generation_to_come(self):
        v, key = self.opened(self.laptop), self.key(self.laptop)
        v.certify(v.host("laptop"), key, v.gen + 2)
        self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 31)

    def test_a_certificate_that_others_would_make_anew(self):
        """Its own, which isn't genuine, so that desk signs it when it gets a new key."""
        key = self.key(self.laptop)
        v = self.opened(self.laptop)
        v.host("laptop")["cert"] = os.urandom(64)
        self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 0)
        self.ok(self.touched(self.home, "host", "rekey"))
        v = writer.Vault(self.file(self.home), key, self.response)
        kept = v
        self.see_it_leave("laptop")
        for gen in (kept.gen + 2, kept.gen + 300):
            for victim in (self.home, self.phone):
                self.assertEqual(self.sees(victim, kept.write(gen, key)), 31)

    def named(self, home, p, key, *options):
        """As sees, by who is talked into naming the one that signed."""
        before = self.file(home)
        self.put_on(home, p)
        result = self.touched(home, *options, "--accept-signer", reader.fingerprint(key["hpk"], key["hvk"]), "get", NAME)
        self.clean(result)
        self.put_on(home, before)
        return result

    def test_no_name_brings_back_who_has_left(self):
        """With a certificate as new as it likes, made by itself or by a stranger, and the name of another host."""
        key, stranger = self.key(self.laptop), writer.new_key()
        kept = self.opened(self.laptop)
        self.see_it_leave("laptop")
        gen = kept.gen + 2
        kept.host("laptop")["name"] = "late"
        for by in (key, stranger):
            kept.certify(kept.host("late"), by, gen)
            for victim in (self.home, self.phone):
                for options in ((), ("--accept-rollback",)):
                    result = self.named(victim, kept.write(gen, key), key, *options)
                    self.refused(result, 31, "has left the vault", "late")
        # Signed by the stranger, whom the person names, it is listed only.
        kept.x["hosts"].append(kept.new_host(stranger, "new", stranger, gen))
        for options in ((), ("--accept-rollback",)):
            self.refused(self.named(self.home, kept.write(gen, stranger), stranger, *options), 32, "leave")
        # Nobody vouches for the stranger, so what a person compares is all that there is.
        kept.x["hosts"] = [h for h in kept.x["hosts"] if h["name"] != "late"]
        desk_tag = writer.reader.header(self.file(self.home))["tag"]
        ancestors = [desk_tag[:16]] + kept.follow(gen)[1:]
        self.assertEqual(self.sees(self.home, kept.write(gen, stranger, ancestors)), 31)
        self.assertEqual(self.named(self.home, kept.write(gen, stranger, ancestors), stranger).status, 0)

    def test_who_has_left_is_remembered_across_generations(self):
        key, kept = self.key(self.laptop), self.opened(self.laptop)
        self.see_it_leave("laptop")
        for _ in range(3):
            self.ok(self.touched(self.home, "edit", NAME, "--label", "a=b"))
        gen = kept.gen + 300
        kept.certify(kept.host("laptop"), key, gen)
        self.refused(self.named(self.home, kept.write(gen, key), key), 31, "has left the vault")
        # Until somebody who is known lets it in again.
        made = json.loads(self.ok(self.laptop.run("host", "request", "--name", "laptop", "--json")).out)
        self.ok(self.touched(self.home, "host", "approve", "--fingerprint", made["fingerprint"],
                             stdin=made["request"].encode()))
        self.put_on(self.phone, self.file(self.home))
        self.ok(self.touched(self.phone, "get", NAME))

    def test_a_host_that_is_there_twice(self):
        key = self.key(self.laptop)
        for name, kind in (("laptop", 1), ("desk", 1), ("other", 1), ("", 3)):
            v = self.opened(self.laptop)
            v.x["hosts"].append(v.new_host(key, name, key, v.gen + 1, kind))
            self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 31, name)
            half = {**writer.new_key(), "hvk": key["hvk"]}
            v = self.opened(self.laptop)
            v.x["hosts"].append(v.new_host(half, "half", key, v.gen + 1))
            self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 31)

    def test_names_that_are_there_twice_or_not_at_all(self):
        key = self.key(self.laptop)
        for name in ("phone", "desk", ""):
            v = self.opened(self.laptop)
            v.x["hosts"].append(v.new_host(writer.new_key(), name, key, v.gen + 1))
            self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 31, name)

    def test_the_sheet_is_not_its_own(self):
        """In the sheet's place, but keeping the sheet's certificate: with keys of its own, or its host's."""
        v, key = self.opened(self.laptop), self.key(self.laptop)
        sheet = writer.new_key()
        v.x["hosts"].append(v.new_host(sheet, "", key, v.gen + 1, 3))
        self.assertEqual(self.sees(self.home, v.write(v.gen + 1, key)), 0)
        for own in (key, writer.new_key()):
            v = self.opened(self.home)
            v = writer.Vault(self.file(self.home), key, self.response)
            v.x["hosts"][-1] |= {"host_id": v.id_of(own), "hpk": own["hpk"], "hvk": own["hvk"]}
            self.assertIn(self.sees(self.home, v.write(v.gen + 1, key)), (31, 32))

    def test_the_last_generation_there_can_be(self):
        v, key = self.opened(self.laptop), self.key(self.laptop)
        self.assertEqual(self.sees(self.home, v.write(2**53, key)), 30)
        for gen in (2**53 - 1, v.gen + 2**20 + 1):
            self.assertEqual(self.sees(self.home, v.write(gen, key)), 31)
        self.assertEqual(self.sees(self.home, v.write(v.gen + 2**20, key)), 0)
        self.ok(self.touched(self.home, "host", "revoke", "laptop"))

    def test_a_copy_from_before_a_revocation_is_changed_and_comes_back(self):
        """By a host that hasn't seen it: no forgery, and yet it would bring the other back."""
        self.ok(self.touched(self.home, "host", "revoke", "phone"))
        after = self.file(self.home)
        for _ in range(2):
            self.ok(self.touched(self.laptop, "edit", NAME, "--label", "a=b"))
        result = self.sees(self.home, self.file(self.laptop))
        self.assertEqual(result, 32)
        self.put_on(self.home, self.file(self.laptop))
        self.refused(self.home.run("list"), 32, "revoke the host again")
        self.ok(self.touched(self.home, "--accept-rollback", "get", NAME))
        self.assertIn(b"phone", self.ok(self.home.run("host", "list")).out)
        # The other way there is no loss: the copy that has seen it goes to the laptop, but for what was changed there.
        self.put_on(self.laptop, after)
        self.assertEqual(self.touched(self.laptop, "get", NAME).status, 32)

    def test_copies_that_were_changed_apart(self):
        """However many times, and by whom: what one of them has lost isn't taken silently."""
        base = self.file(self.home)
        for n in (1, 3):
            self.ok(self.touched(self.home, "add", f"new/{n}", "--from-json", stdin=b'{"k":"v"}'))
            self.put_on(self.laptop, base)
            self.touched(self.laptop, "--accept-rollback", "get", NAME)
            for _ in range(n + 1):
                self.ok(self.touched(self.laptop, "edit", NAME, "--label", "a=b"))
            self.assertEqual(self.sees(self.home, self.file(self.laptop)), 32)
            base = self.file(self.home)
            copy_vault(self.home.vault, self.laptop.vault)
            self.touched(self.laptop, "--accept-rollback", "get", NAME)

    def test_the_forgery_goes_by_way_of_a_host_that_has_not_seen_it_leave(self):
        """phone is revoked; laptop, which hasn't seen that, takes its file, and changes it."""
        key, kept = self.key(self.phone), self.opened(self.phone)
        self.ok(self.touched(self.home, "host", "revoke", "phone"))
        desk_tag = writer.reader.header(self.file(self.home))["tag"]
        gen = kept.gen + 2
        # Its best: to say that it comes from what desk has seen.
        ancestors = [desk_tag[:16]] + kept.follow(gen)[1:]
        self.assertEqual(self.sees(self.home, kept.write(gen, key, ancestors)), 31)
        first = kept.write(gen, key)
        self.assertEqual(self.sees(self.laptop, first), 0)
        tag = writer.reader.header(first)["tag"]
        self.assertEqual(self.sees(self.laptop, kept.write(
            gen + 1, key, [tag[:16], desk_tag[:16]] + kept.follow(gen + 1)[2:])), 0)
        self.ok(self.touched(self.laptop, "edit", NAME, "--label", "a=b"))
        self.assertEqual(self.sees(self.home, self.file(self.laptop)), 32)

    def test_a_host_whose_certifier_has_left_is_vouched_for(self):
        """By the next one that changes anything, so that those can follow who have seen neither."""
        away = self.approve("away")
        self.ok(self.touched(self.home, "list"))
        copy_vault(self.home.vault, self.laptop.vault)
        self.ok(self.touched(self.laptop, "get", NAME))
        second = self.approve("second", self.laptop)
        third = self.approve("third", second)
        self.ok(self.touched(third, "host", "revoke", "second"))
        # What third's own certificate came through it can't certify itself: away knows nobody on that way.
        self.assertEqual(self.sees(away, self.file(third)), 31)
        copy_vault(third.vault, self.laptop.vault)
        self.ok(self.touched(self.laptop, "edit", NAME, "--label", "a=b"))
        self.assertEqual(self.sees(away, self.file(self.laptop)), 0)


if __name__ == "__main__":
    unittest.main()
