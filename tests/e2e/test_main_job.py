# SPDX-License-Identifier: BSD-2-Clause
"""Store a real credential, get it back with a touch, on an approved host."""
from harness import *

import base64

GET_WITHOUT_PIN = ["INIT", "CBOR getInfo", "CBOR clientPIN.getKeyAgreement", "CBOR getAssertion"]


def rsa_key():
    return subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout


def kinds(transactions):
    return [t.split(" -> ")[0] for t in transactions]


class MainJob(Case):
    def test_real_credential_comes_back_byte_for_byte(self):
        token = self.token()
        self.new_vault(token)
        values = {"signing_key": rsa_key(), "encryption_key": rsa_key(),
                  "consumer_key": b"TESTTRADE", "binary": bytes(range(256)) + b"\n\0\n"}
        args = []
        for name, value in values.items():
            path = os.path.join(self.dir, name)
            with open(path, "wb") as f:
                f.write(value)
            args += ["--field", f"{name}=@{path}"]
        self.ok(self.home.run("--device", token.path, "add", "ibkr/live", "--label",
                              "account=paper", *args))
        for name, value in values.items():
            got = self.ok(self.home.run("--device", token.path, "get", "ibkr/live", name))
            self.assertEqual(got.out, value)

    def test_standard_input_and_output_carry_any_bytes(self):
        token = self.token()
        self.new_vault(token)
        for i, value in enumerate([b"x", b"\0", b"a\nb\n", "schlüssel".encode(), b"\xff\xfe\0" * 999]):
            self.ok(self.home.run("--device", token.path, "add", f"e{i}", "--field", "k=-",
                                  stdin=value))
            self.assertEqual(self.ok(self.home.run("--device", token.path, "get", f"e{i}")).out, value)

    def test_json_round_trip(self):
        token = self.token()
        self.new_vault(token)
        first = {"text": "a\"b\\ü\n", "bytes": {"base64": base64.b64encode(b"\xff\0\n").decode()}}
        self.add(token, "a", first)
        out = self.ok(self.home.run("--device", token.path, "get", "a", "--json")).out
        self.assertEqual(json.loads(out), first)
        self.ok(self.home.run("--device", token.path, "add", "b", "--from-json", stdin=out))
        again = self.ok(self.home.run("--device", token.path, "get", "b", "--json")).out
        self.assertEqual(again, out)

    def test_dot_env_file(self):
        token = self.token()
        self.new_vault(token)
        path = os.path.join(self.dir, "env")
        with open(path, "w") as f:
            f.write("# broker\nexport APCA_API_KEY_ID=PK1\nAPCA_API_SECRET_KEY='s #1 '\n\n"
                    'MULTI="a\\nb"\nPLAIN=x y  # remark\n')
        self.ok(self.home.run("--device", token.path, "add", "alpaca", "--from-env", path))
        got = json.loads(self.ok(self.home.run("--device", token.path, "get", "alpaca", "--json")).out)
        self.assertEqual(got, {"APCA_API_KEY_ID": "PK1", "APCA_API_SECRET_KEY": "s #1 ",
                               "MULTI": "a\nb", "PLAIN": "x y"})

    def test_list_show_and_status_need_no_token(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "ibkr/live", {"consumer_key": "SECRETVALUE"})
        self.add(token, "kraken", {"key": "SECRETVALUE", "private": "SECRETVALUE"})
        token.close()
        listed = self.ok(self.home.run("list")).out.decode()
        self.assertIn("ibkr/live", listed)
        self.assertIn("kraken", listed)
        self.assertNotIn("kraken", self.ok(self.home.run("list", "ibkr*")).out.decode())
        self.assertEqual(self.ok(self.home.run("list", "nothing*")).out, b"")
        shown = self.ok(self.home.run("show", "kraken")).out.decode()
        self.assertIn("private", shown)
        names = [e["name"] for e in json.loads(self.ok(self.home.run("--json", "list")).out)]
        self.assertEqual(names, ["ibkr/live", "kraken"])
        status = self.ok(self.home.run("status")).out.decode()
        for text in (listed, shown, status):
            self.assertNotIn("SECRETVALUE", text)
        json.loads(self.ok(self.home.run("status", "--json")).out)
        json.loads(self.ok(self.home.run("show", "kraken", "--json")).out)

    def test_edit_rename_remove(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "1", "b": "2", "c": "3"})
        device = ("--device", token.path)
        self.ok(self.home.run(*device, "edit", "k", "--field", "b=-", "--unset", "c",
                              "--label", "x=y", stdin=b"new"))
        got = json.loads(self.ok(self.home.run(*device, "get", "k", "--json")).out)
        self.assertEqual(got, {"a": "1", "b": "new"})
        self.ok(self.home.run(*device, "rename", "k", "desk/k"))
        self.refused(self.home.run(*device, "get", "k", "a"), 3, "k")
        self.assertEqual(self.ok(self.home.run(*device, "get", "desk/k", "a")).out, b"1")
        self.assertIn(b"x", self.ok(self.home.run("show", "desk/k")).out)
        self.ok(self.home.run(*device, "remove", "desk/k"))
        self.refused(self.home.run(*device, "get", "desk/k", "a"), 3)
        self.assertEqual(self.ok(self.home.run("list")).out, b"")

    def test_environment_names_vault_and_device(self):
        token = self.token()
        env = {"TOUCHVAULT_VAULT": "desk", "FIDO2_TOKEN": token.path}
        self.ok(self.home.run("init", env=env))
        self.assertTrue(os.path.exists(self.home.vault.replace("default.tv", "desk.tv")))
        self.ok(self.home.run("add", "a", "--field", "k=-", stdin=b"v", env=env))
        self.assertEqual(self.ok(self.home.run("get", "a", env=env)).out, b"v")
        # The option wins over the environment.
        self.refused(self.home.run("--vault", "other", "get", "a", env=env), 3, "desk")

    def test_files_and_directories_are_the_owners_alone(self):
        token = self.token()
        self.new_vault(token)
        for path in (self.home.vault, self.home.host_key, self.home.state):
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600, path)
            self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700, path)

    def test_init_says_what_was_made_and_what_would_lose_it(self):
        token = self.token()
        said = self.new_vault(token).out.decode()
        for word in (self.home.vault, self.home.host_key, "lost", "second token", "host"):
            self.assertIn(word, said)


class Transactions(Case):
    def count_get(self, token, name):
        before = len(token.transactions())
        got = self.ok(self.home.run("--device", token.path, "get", name)).out
        return got, kinds(token.transactions()[before:])

    def test_get_costs_four_whatever_the_number_of_entries(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "one", {"k": "v1"})
        self.assertEqual(self.count_get(token, "one"), (b"v1", GET_WITHOUT_PIN))
        for i in range(40):
            self.add(token, f"more/{i}", {"k": "v"})
        self.assertEqual(self.count_get(token, "one"), (b"v1", GET_WITHOUT_PIN))

    def test_change_costs_four_and_reading_names_none(self):
        token = self.token()
        self.new_vault(token)
        before = len(token.transactions())
        self.add(token, "one", {"k": "v"})
        self.assertEqual(kinds(token.transactions()[before:]), GET_WITHOUT_PIN)
        before = len(token.transactions())
        for args in (["list"], ["show", "one"], ["status"]):
            self.ok(self.home.run("--device", token.path, *args))
        self.assertEqual(len(token.transactions()), before)

    def test_get_costs_five_with_pin(self):
        token = self.token(pin="271828")
        pin = self.home.on_terminal("--device", token.path, "init")
        pin.expect("PIN")
        pin.type("271828\n")
        self.assertEqual(pin.finish().status, 0)
        for command, more in ((["add", "one", "--from-json"], b'{"k":"v1"}'), (["get", "one"], None)):
            before = len(token.transactions())
            t = self.home.on_terminal("--device", token.path, *command, pipe_stdin=more,
                                      pipe_stdout=True)
            t.expect("PIN")
            self.assertFalse(t.echo_is_on())
            t.type("271828\n")
            result = t.finish()
            self.assertEqual(result.status, 0, result)
            self.assertNotIn(b"271828", result.tty)
            self.assertEqual(len(token.transactions()) - before, 5, token.transactions()[before:])
        self.assertEqual(result.out, b"v1")


if __name__ == "__main__":
    unittest.main()
