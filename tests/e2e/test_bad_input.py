# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one clear sentence, its exit status, and the vault byte for byte
as before."""
from harness import *

import fcntl
import re
import shutil


class BadInput(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t)
        self.add(self.t, "k", {"secret": "CANARY-4711"})
        self.before = digest(self.home.vault)
        self.touches = len(self.t.transactions())

    def run_it(self, *args, **kwargs):
        return self.home.run("--device", self.t.path, *args, **kwargs)

    def refuse(self, status, *args, words=(), touched=False, notes=0, **kwargs):
        result = self.refused(self.run_it(*args, **kwargs), status, *words)
        self.assertEqual(digest(self.home.vault), self.before)
        errors = [line for line in result.err.decode().splitlines() if line.startswith("touchvault: ")]
        self.assertEqual(len(errors), 1 + notes, result)
        self.assertNotIn(b"CANARY", result.err)
        if not touched:
            self.assertEqual(len(self.t.transactions()), self.touches, "a touch for nothing")
        return result


class Usage(BadInput):
    def test_the_vault_that_was_named_is_named_again(self):
        """In each command that is advised and is about a vault; not where it came from the environment."""
        result = self.run_it("--vault", "my-2", "get", "a")
        self.refused(result, 3, '"touchvault --vault my-2 init"')
        for name in ("$HOME 'x'.tv", "$HOME.tv", "a;b.tv", "plain.tv"):
            path = os.path.join(self.dir, name)
            said = self.run_it("--vault", path, "list").err.decode()
            named = re.search('"touchvault --vault (.+) init"', said)[1]
            self.assertEqual(subprocess.run(["sh", "-c", "printf %s " + named], capture_output=True, text=True).stdout, path)
        env = {**self.home.env, "TOUCHVAULT_VAULT": "my-2"}
        self.refused(self.home.run("list", env=env), 3, '"touchvault init"')
        self.ok(self.home.run("--vault", "my-2", "--device", self.token().path, "init"))
        self.assertIn('"touchvault --vault my-2 token add NAME"', self.ok(self.home.run("--vault", "my-2", "status")).out.decode())
        j = json.loads(self.ok(self.home.run("--vault", "my-2", "--json", "status")).out)
        self.assertIn('"touchvault --vault my-2 token add NAME"', j["advice"][0])
        os.rename(self.home.host_key, self.home.host_key + "x")
        # The other host may have it elsewhere, and a request is for all vaults.
        self.refused(self.home.run("--vault", "my-2", "list"), 20, '"touchvault host request"', '"touchvault host approve"',
                     '"touchvault --vault my-2 recovery use"')

    def test_usage(self):
        for args in ([], ["nonsense"], ["get"], ["get", "k", "secret", "more"], ["--nonsense"],
                     ["get", "--nonsense", "k"], ["--vault"], ["--vault", "a", "--vault", "b", "list"],
                     ["get", "k", "--show", "--show"], ["rename", "k"], ["init", "--pin", "maybe"],
                     ["list", "a", "b"], ["--vault", "", "list"], ["--vault", "a b", "list"],
                     ["run", "--", "true"], ["run", "--env", "A=k:secret", "--"],
                     ["run", "--env", "A=k", "--", "true"]):
            with self.subTest(args):
                self.refuse(125 if args[:1] == ["run"] else 2, *args)

    def test_what_another_verb_takes(self):
        """Each option of a command with each verb: those that aren't for it, by the program's own help."""
        seen = 0
        for c in self.help("help")["commands"]:
            for verb in c["verbs"]:
                operands = ["x"] * len(verb["operands"].replace("[FILE]", "").split())
                for option in c["options"]:
                    if option["name"] in verb["options"].split():
                        continue
                    seen += 1
                    args = [c["name"], verb["name"], *operands, "--" + option["name"]]
                    with self.subTest(args):
                        self.refuse(2, *args, *(["x"] if option["value"] else []),
                                    words=[f'--{option["name"]} is not for "{c["name"]} {verb["name"]}"'])
                for more in (["x"] * (len(verb["operands"].split()) + 1), operands[1:] if operands else None):
                    if more is not None:
                        self.refuse(2, c["name"], verb["name"], *more, words=["usage"])
            if c["verbs"]:
                self.refuse(2, c["name"], "CANARY", words=["verb", c["verbs"][0]["name"]])
        self.assertGreater(seen, 80)

    def help(self, *args):
        return json.loads(self.ok(self.home.run("--json", *args)).out)

    def test_help_lists_verbs(self):
        text = self.ok(self.home.run("help", "host")).out.decode()
        self.assertRegex(text, r"\nverbs:\n  show {23}this host, .*\n  request {20}\S.*\n  approve \[FILE\]  +\S")
        self.assertRegex(text, r"\n  --drop-old-key +rekey: ")
        self.assertRegex(text, r"\n  --name NAME +request, approve: ")
        self.assertNotIn("verbs:", self.ok(self.home.run("help", "get")).out.decode())

    def test_help_tells_of_each_verb(self):
        for c in self.help("help")["commands"]:
            text = self.ok(self.home.run("help", c["name"])).out.decode()
            for verb in c["verbs"]:
                self.assertTrue(verb["summary"])
                self.assertRegex(text, rf"\n  {verb['name']} .*  {verb['summary']}\n")

    def test_help_is_as_wide_as_the_terminal(self):
        """No line is longer, no word is broken, and nothing is lost."""
        for command in ((), *((c["name"],) for c in self.help("help")["commands"])):
            whole = self.ok(self.home.run("help", *command)).out.decode()
            for columns in (60, 80, 200):
                with self.subTest(command=command, columns=columns):
                    t = self.home.on_terminal("help", *command, columns=columns)
                    shown = self.ok(t.finish()).tty.decode().replace("\r", "")
                    self.assertEqual(shown.split(), whole.split())
                    self.assertLessEqual(max(map(len, shown.splitlines())), columns)

    def test_a_secret_in_an_argument_is_refused_and_not_repeated(self):
        for args in (["add", "n", "--field", "key=CANARY-4711"], ["add", "n", "--field", "CANARY-4711"],
                     ["edit", "k", "--field", "secret=CANARY-4711"], ["add", "n", "CANARY-4711"],
                     ["add", "n", "--label", "CANARY-4711"], ["--CANARY-4711"], ["add", "--CANARY=4711"],
                     ["run", "--env", "A=CANARY-4711", "--", "true"], ["CANARY-4711"],
                     ["get", "k", "--field=CANARY-4711"]):
            with self.subTest(args):
                self.refuse(125 if args[0] == "run" else 2, *args)

    def test_an_operand_that_was_meant_otherwise(self):
        path = os.path.join(self.dir, "CANARY.json")
        for args, words in ((["add", "n", "--from-json", path], ["--from-json reads standard input",
                                                                 '"touchvault add NAME --from-json <FILE"']),
                            (["edit", "k", path, "--from-json"], ['"touchvault edit NAME --from-json <FILE"']),
                            (["rotate", "k", "--stage", "--from-json", path],
                             ['"touchvault rotate NAME --stage --from-json <FILE"']),
                            (["add", "n", f"key=@{path}"], ["takes --field"]),
                            (["edit", "k", "key=CANARY"], ["takes --field", "never on the command line"]),
                            (["rotate", "k", "key=-", "--stage"], ["takes --field"]),
                            (["list", "a=b", "c=d"], ["too many operands"])):
            with self.subTest(args):
                self.refuse(2, *args, words=words)

    def test_names(self):
        for name in ("", "a" * 129, "..", "a/../b", "a/./b", "/a", "a/", "a//b", "-a", "a b", "a\nb",
                     "a\x1b[31m", "ä", "a:b", "a\x7f"):
            with self.subTest(repr(name)):
                self.refuse(2, "get", "--", name)
                self.refuse(2, "add", "--from-json", "--", name, stdin=b'{"a":"b"}')
                self.refuse(2, "rename", "--", "k", name)
        for field in ("", "a" * 65, "a/b", "-a", "a b", "ä", "a\tb"):
            with self.subTest(repr(field)):
                self.refuse(2, "get", "--", "k", field)
                self.refuse(2, "add", "n", "--from-json", stdin=json.dumps({field: "x"}).encode())

    def test_what_is_not_there(self):
        self.refuse(3, "get", "none", words=["none"])
        self.refuse(3, "get", "k", "none", words=["none", "secret"])
        self.refuse(3, "show", "none")
        self.refuse(3, "edit", "none", "--field", "a=-", stdin=b"x")
        self.refuse(3, "edit", "k", "--unset", "none")
        self.refuse(3, "edit", "k", "--unset-label", "none")
        self.refuse(3, "remove", "none")
        self.refuse(3, "rename", "none", "other")
        there, none = os.path.join(self.dir, "there"), os.path.join(self.dir, "CANARY")
        with open(there, "w") as f:
            f.write("x")
        self.refuse(3, "add", "n", "--field", f"a=@{there}", "--field", f"b=@{none}", words=["--field b names"])
        self.refuse(125, "run", "--env", "A=k:none", "--", "true")
        self.refuse(125, "run", "--env-all", "none", "--", "true")

    def test_what_is_there_already(self):
        self.refuse(4, "add", "k", "--field", "a=-", stdin=b"x", words=["edit"])
        self.add(self.t, "l", {"a": "b"})
        self.before, self.touches = digest(self.home.vault), len(self.t.transactions())
        self.refuse(4, "rename", "k", "l")
        self.refuse(4, "init")

    def test_last_field_and_contradictions(self):
        self.refuse(2, "edit", "k", "--unset", "secret", words=["remove"])
        self.refuse(2, "edit", "k", "--unset", "secret", "--field", "secret=-", stdin=b"x")
        self.refuse(2, "edit", "k")
        self.refuse(2, "get", "k", "--label", "a=b")

    def test_several_fields_and_none_named(self):
        self.add(self.t, "two", {"a": "1", "b": "2"})
        self.before, self.touches = digest(self.home.vault), len(self.t.transactions())
        self.refuse(2, "get", "two", words=["a", "b"])


class Sources(BadInput):
    def env_file(self, data):
        path = os.path.join(self.dir, "broken.env")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_json_that_is_nothing(self):
        self.refuse(2, "add", "n", "--from-json", words=["standard input is empty"])

    def test_json(self):
        for text in (b"", b"[]", b"3", b'"x"', b"null", b"{}", b'{"a":1}', b'{"a":null}', b'{"a":["x"]}',
                     b'{"a":{"b":"c"}}', b'{"a":{"base64":"!"}}', b'{"a":{"base64":"YQ"}}',
                     b'{"a":{"base64":"YQ==","x":"y"}}', b'{"a":"CANARY"', b'{"a":"b"} x',
                     b'{"a":"\xff"}', b'{"a":"b","a":"c"}', b'{"a":""}', b"\xff\xfe{}"):
            with self.subTest(text):
                self.refuse(2, "add", "n", "--from-json", stdin=text)

    def test_json_says_where_and_not_what(self):
        result = self.refuse(2, "add", "n", "--from-json", stdin=b'{\n"a":"CANARY",\n"b":CANARY}')
        self.assertIn(b"line 3", result.err)

    def test_env_file(self):
        for line, data in {1: b"=x\n", 2: b"A=1\nCANARY\n", 3: b"A=1\n\nB C=2\n", 4: b"\n\n\nA='CANARY\n",
                           5: b"A=1\nB=2\nC=3\nD=4\nE=\"x\" CANARY\n", 6: b"\n" * 5 + b"A=\0CANARY\n"}.items():
            with self.subTest(data):
                self.refuse(2, "add", "n", "--from-env", self.env_file(data), words=[f"line {line}"])
        self.refuse(2, "add", "n", "--from-env", self.env_file(b"A=1\nA=2\n"), words=["line 2", "A"])
        self.refuse(2, "add", "n", "--from-env", self.env_file(b"# nothing\n"))
        self.refuse(2, "add", "n", "--from-env", self.env_file(b"A=\n"), words=["value"], notes=1)

    def test_two_readers_of_standard_input(self):
        self.refuse(2, "add", "n", "--field", "a=-", "--field", "b=-", stdin=b"x")
        self.refuse(2, "add", "n", "--from-json", "--field", "b=-", stdin=b"{}")
        self.refuse(2, "add", "n", "--from-json", "--from-env", "-", stdin=b"{}")

    def test_the_same_field_twice(self):
        path = self.env_file(b"A=1\n")
        self.refuse(2, "add", "n", "--field", "A=-", "--from-env", path, stdin=b"x", words=["A"])
        self.refuse(2, "add", "n", "--field", "A=-", "--label", "x=1", "--label", "x=2", stdin=b"x")

    def test_empty_and_too_large(self):
        self.refuse(2, "add", "n", "--field", "a=-", stdin=b"", words=["empty"])
        self.refuse(2, "add", "n", "--field", "a=-", stdin=b"x" * (256 * 1024 + 1), words=["256 KiB"])
        self.refuse(2, "add", "n", "--field", "a=@/dev/zero", words=["256 KiB"])
        self.refuse(1, "add", "n", "--field", "a=@" + self.dir, words=["directory"])
        many = json.dumps({f"f{i}": "x" for i in range(65)}).encode()
        self.refuse(2, "add", "n", "--from-json", stdin=many, words=["64"])

    def test_largest_entry_fits(self):
        value = os.urandom(256 * 1024 - 100)
        self.ok(self.run_it("add", "big", "--field", "a=-", stdin=value))
        self.assertEqual(self.ok(self.run_it("get", "big")).out, value)
        out = self.ok(self.run_it("get", "big", "--json")).out
        self.ok(self.run_it("add", "big2", "--from-json", stdin=out))
        self.assertEqual(self.ok(self.run_it("get", "big2")).out, value)

    def test_labels(self):
        for label in ("", "=x", "a", "a b=c", "a=\x1b[0m", "a=" + "x" * 1025, "a" * 65 + "=x", "-a=b"):
            with self.subTest(label):
                self.refuse(2, "add", "n", "--field", "a=-", "--label", label, stdin=b"x")

    def test_standard_input_closed(self):
        for args in (["add", "n", "--from-json"], ["add", "n", "--field", "a=-"]):
            with self.subTest(args):
                result = self.run_it(*args, wrap=["sh", "-c", 'exec "$@" <&-', "sh"])
                self.refused(result, 2)
                self.assertEqual(digest(self.home.vault), self.before)

    def test_standard_output_closed_is_told_before_a_touch(self):
        """By each command that prints after one."""
        closed = ["sh", "-c", 'exec "$@" >&-', "sh"]
        for args, stdin in ((["add", "n", "--from-json"], b'{"a":"b"}'), (["edit", "k", "--label", "a=b"], b""),
                            (["rename", "k", "l"], b""), (["remove", "k"], b""), (["schedule", "k", "--every", "1w"], b""),
                            (["policy", "--max-age", "1y"], b""), (["rotate", "k", "--stage", "--from-json"],
                                                                   b'{"secret":"other"}'),
                            (["token", "rename", "first", "other"], b""), (["token", "test", "first"], b""),
                            (["log", "verify"], b"")):
            for json_too in ((), ("--json",)) if args[0] == "log" else (("--json",),):
                with self.subTest(args=args, json=json_too):
                    result = self.run_it(*json_too, *args, stdin=stdin, wrap=closed)
                    self.assertEqual(result.status, 1, result)
                    self.assertIn(b"standard output could not be written", result.err)
                    self.assertNotRegex(result.err, b'Touch the |"touch":')
                    self.assertEqual(digest(self.home.vault), self.before)
        home = Home(os.path.join(self.dir, "new"))
        self.refused(home.run("--device", self.t.path, "init", wrap=closed), 1, "standard output")
        self.assertEqual(os.listdir(home.dir), [])

    def test_standard_output_closed_or_full(self):
        for redirect in (">&-", ">/dev/full"):
            with self.subTest(redirect):
                result = self.run_it("get", "k", wrap=["sh", "-c", f'exec "$@" {redirect}', "sh"])
                self.refused(result, 1)
                for args in (["list"], ["show", "k"], ["status"], ["version"], ["help"]):
                    self.refused(self.run_it(*args, wrap=["sh", "-c", f'exec "$@" {redirect}', "sh"]), 1)
        self.assertEqual(digest(self.home.vault), self.before)

    def test_no_terminal_to_ask_on(self):
        self.refuse(2, "add", "n", words=["--field"])

    def test_terminal_as_standard_output(self):
        t = self.home.on_terminal("--device", self.t.path, "get", "k")
        result = t.finish()
        self.assertEqual(result.status, 2)
        self.assertNotIn(b"CANARY", result.tty)
        self.assertEqual(len(self.t.transactions()), self.touches)
        t = self.home.on_terminal("--device", self.t.path, "get", "k", "--show")
        result = t.finish()
        self.assertEqual(result.status, 0)
        self.assertIn(b"CANARY-4711\r\n", result.tty)


class Files(BadInput):
    def replace(self, make):
        """Put something else in the vault's place, for one list and one get."""
        keep = self.home.vault + ".keep"
        os.rename(self.home.vault, keep)
        try:
            make(self.home.vault)
            yield
        finally:
            if os.path.isdir(self.home.vault):
                os.rmdir(self.home.vault)
            elif os.path.lexists(self.home.vault):
                os.unlink(self.home.vault)
            os.rename(keep, self.home.vault)

    def instead(self, status, make, *words):
        for _ in self.replace(make):
            for args in (["list"], ["get", "k"], ["add", "n", "--from-json"]):
                result = self.refused(self.run_it(*args, stdin=b'{"a":"b"}'), status, *words)
                self.assertEqual(len(self.t.transactions()), self.touches)
        return result

    @staticmethod
    def write(data, mode=0o600):
        def make(path):
            with open(path, "wb") as f:
                f.write(data)
            os.chmod(path, mode)
        return make

    def vault_bytes(self):
        with open(self.home.vault, "rb") as f:
            return f.read()

    def test_no_vault(self):
        empty = Home(os.path.join(self.dir, "empty"))
        self.refused(empty.run("list"), 3, "init")
        self.refused(self.run_it("--vault", "none", "list"), 3, "default")
        self.refused(self.run_it("--vault", os.path.join(self.dir, "none.tv"), "list"), 3)

    def test_default_is_missing_and_others_are_there(self):
        os.rename(self.home.vault, self.home.vault.replace("default.tv", "desk.tv"))
        self.refused(self.run_it("list"), 3, "desk")
        os.rename(self.home.vault.replace("default.tv", "desk.tv"), self.home.vault)

    def test_no_file(self):
        self.instead(30, lambda p: os.mkdir(p, 0o700), self.home.vault)
        self.instead(30, lambda p: os.mkfifo(p, 0o600), self.home.vault)
        self.instead(30, lambda p: os.symlink(self.home.vault + ".keep", p), self.home.vault)

    def test_empty_truncated_and_other_files(self):
        data = self.vault_bytes()
        self.instead(30, self.write(b""))
        for length in (1, 7, 8, 111, 112, 500, len(data) - 1):
            with self.subTest(length):
                self.instead(30, self.write(data[:length]))
        self.instead(30, self.write(data + b"x"))
        self.instead(30, self.write(b"\x7fELF" + b"\0" * 1000))
        self.instead(30, self.write(b"-----BEGIN PGP MESSAGE-----\n" * 50))

    def test_a_gibibyte(self):
        def sparse(path):
            with open(path, "wb") as f:
                f.truncate(1 << 30)
            os.chmod(path, 0o600)

        def grown(path):
            with open(path, "wb") as f:
                f.write(data)
                f.truncate(1 << 30)
            os.chmod(path, 0o600)
        data = self.vault_bytes()
        self.instead(30, sparse)
        self.instead(30, grown)

    def test_version(self):
        data = bytearray(self.vault_bytes())
        data[8] = 2
        self.instead(33, self.write(bytes(data)))

    def test_damage_anywhere(self):
        data = self.vault_bytes()
        for at in range(0, len(data), max(1, len(data) // 60)):
            with self.subTest(at):
                changed = bytearray(data)
                changed[at] ^= 0x10
                for _ in self.replace(self.write(bytes(changed))):
                    result = self.run_it("get", "k")
                    self.clean(result)
                    self.assertIn(result.status, (20, 30, 31, 32, 33), result)
                    self.assertEqual(result.out, b"")

    def test_unsafe_permissions(self):
        data = self.vault_bytes()
        for mode in (0o620, 0o602, 0o666):
            with self.subTest(oct(mode)):
                self.instead(34, self.write(data, mode), self.home.vault)
        directory = os.path.dirname(self.home.vault)
        os.chmod(directory, 0o777)
        self.refuse(34, "list", words=[directory])
        self.refuse(34, "get", "k")
        os.chmod(directory, 0o700)
        os.chmod(self.home.host_key, 0o644)
        self.refuse(34, "list", words=[self.home.host_key])
        os.chmod(self.home.host_key, 0o600)
        os.chmod(self.home.dir, 0o777)
        self.refuse(34, "list", words=[self.home.dir])
        os.chmod(self.home.dir, 0o700)
        self.ok(self.run_it("list"))

    def test_damaged_host_files(self):
        for path, status in ((self.home.host_key, 30), (self.home.state, 30)):
            with open(path, "rb") as f:
                data = f.read()
            for changed in (b"", data[:-1], data[:20] + bytes([data[20] ^ 1]) + data[21:], data + b"x"):
                with self.subTest((path, len(changed))):
                    with open(path, "wb") as f:
                        f.write(changed)
                    self.refuse(status, "list", words=[path])
                    self.refuse(status, "get", "k")
            with open(path, "wb") as f:
                f.write(data)
        self.ok(self.run_it("get", "k"))

    def test_rolled_back_and_forked(self):
        old = self.vault_bytes()
        self.add(self.t, "later", {"a": "b"})
        new = self.vault_bytes()
        self.write(old)(self.home.vault)
        self.before, self.touches = digest(self.home.vault), len(self.t.transactions())
        self.refuse(32, "get", "k", words=["--accept-rollback"])
        self.refuse(32, "list")
        self.assertIn(b"another generation", self.ok(self.run_it("--accept-rollback", "list")).err)
        self.assertFalse(json.loads(self.ok(self.run_it("--accept-rollback", "--json", "status")).out)["verified"])
        got = self.ok(self.run_it("--accept-rollback", "get", "k"))
        self.assertEqual(got.out, b"CANARY-4711")
        # Another generation of the same number, by the same host.
        self.add(self.t, "other", {"a": "b"})
        self.write(new)(self.home.vault)
        self.before, self.touches = digest(self.home.vault), len(self.t.transactions())
        self.refuse(32, "get", "k")

    def test_lost_state_says_so(self):
        os.unlink(self.home.state)
        listed = self.ok(self.run_it("list"))
        self.assertIn(b"not verified", listed.err)
        self.ok(self.run_it("get", "k"))
        self.assertNotIn(b"not verified", self.ok(self.run_it("list")).err)

    def test_json_tells_it_too(self):
        os.unlink(self.home.state)
        listed = self.ok(self.run_it("--json", "list"))
        self.assertIn("not verified", json.loads(listed.err)["warning"]["message"])

    def test_a_lock_held_by_another_process(self):
        with open(self.home.vault + ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuse(1, "add", "n", "--from-json", stdin=b'{"a":"b"}', touched=True)
            self.ok(self.run_it("get", "k"))

    def test_a_directory_that_cannot_be_written(self):
        if os.geteuid() != 0:
            self.skipTest("only root can start a program as somebody else")
        for root, dirs, files in os.walk(self.home.dir):
            for name in dirs + files:
                os.chown(os.path.join(root, name), 65534, 65534)
        os.chown(self.home.dir, 65534, 65534)
        os.chmod(self.dir, 0o711)
        os.chown(os.path.realpath(self.t.path), 65534, 65534)
        os.chmod(os.path.dirname(self.home.vault), 0o500)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        self.refuse(1, "add", "n", "--from-json", stdin=b'{"a":"b"}', wrap=nobody)
        self.refuse(1, "remove", "k", wrap=nobody)
        self.assertEqual(self.ok(self.run_it("get", "k", wrap=nobody)).out, b"CANARY-4711")

    def test_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        small = os.path.join(self.dir, "small")
        os.mkdir(small, 0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "none", small],
                                 stderr=subprocess.DEVNULL).returncode == 0
        if not mounted:
            self.skipTest("no disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        vault = os.path.join(small, "v.tv")
        self.ok(self.run_it("--vault", vault, "init"))
        self.ok(self.run_it("--vault", vault, "add", "a", "--field", "x=-", stdin=b"value"))
        before = digest(vault)
        self.refused(self.run_it("--vault", vault, "add", "b", "--field", "x=-", stdin=b"y" * 120000), 1,
                     "space")
        self.assertEqual(digest(vault), before)
        self.assertEqual(self.ok(self.run_it("--vault", vault, "get", "a")).out, b"value")
        self.assertEqual(sorted(n for n in os.listdir(small) if "tmp" in n), [])
        self.ok(self.run_it("--vault", vault, "add", "c", "--field", "x=-", stdin=b"small"))


class Json(BadInput):
    def test_errors_are_one_json_line(self):
        for status, args in ((3, ["get", "none"]), (2, ["nonsense"]), (2, ["get"]), (4, ["init"]),
                             (125, ["run", "--env", "A=none:x", "--", "true"])):
            with self.subTest(args):
                result = self.run_it("--json", *args)
                self.assertEqual(result.status, status, result)
                self.assertEqual(result.out, b"")
                error = json.loads(result.err)["error"]
                self.assertEqual(error["status"], status)
                self.assertRegex(error["code"], "^[a-z0-9-]+$")
                self.assertTrue(error["message"])

    def test_commands_print_json(self):
        for args in (["status"], ["list"], ["show", "k"], ["version"], ["help"], ["get", "k"],
                     ["rename", "k", "l"], ["edit", "l", "--label", "a=b"], ["remove", "l"]):
            with self.subTest(args):
                json.loads(self.ok(self.run_it("--json", *args)).out)


if __name__ == "__main__":
    unittest.main()
