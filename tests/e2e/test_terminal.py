# SPDX-License-Identifier: BSD-2-Clause
"""What a person sees and types."""
from harness import *


class Prompts(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t)

    def add(self, name="n"):
        return self.home.on_terminal("--device", self.t.path, "add", name)

    def test_fields_by_prompt_are_not_echoed(self):
        t = self.add()
        t.expect("Field name")
        self.assertTrue(t.echo_is_on())
        t.type("key\n")
        t.expect("Value")
        self.assertFalse(t.echo_is_on())
        t.type("CANARY value\n")
        t.expect("Field name")
        self.assertTrue(t.echo_is_on())
        t.type("\n")
        t.expect("Touch")
        result = t.finish()
        self.assertEqual(result.status, 0, result)
        self.assertNotIn(b"CANARY", result.tty)
        got = self.ok(self.home.run("--device", self.t.path, "get", "n", "key"))
        self.assertEqual(got.out, b"CANARY value")

    def test_prompts_are_on_the_terminal_even_if_output_is_piped(self):
        t = self.home.on_terminal("--device", self.t.path, "add", "n", pipe_stdout=True)
        t.expect("Field name")
        t.type("key\n")
        t.expect("Value")
        t.type("v\n")
        t.expect("Field name")
        t.type("\n")
        result = t.finish()
        self.assertEqual((result.status, result.out), (0, b""))

    @unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: only root can mount")
    def test_nobody_types_what_can_not_be_stored(self):
        self.ok(self.home.run("--device", self.t.path, "add", "k", "--field", "a=-", stdin=b"x"))
        read_only = ["unshare", "--mount", "sh", "-euc",
                     'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"', "sh",
                     os.path.dirname(self.home.vault)]
        for args in (["add", "n"], ["edit", "k"]):
            t = Terminal(self.home, (), command=[*read_only, *self.home.command("--device", self.t.path, *args)])
            result = t.finish()
            self.assertEqual(result.status, 1, result)
            self.assertIn(b"Read-only file system", result.shown)
            self.assertNotIn(b"Field name", result.shown)

    def test_ctrl_c_at_each_prompt(self):
        before = digest(self.home.vault)
        for steps in ([], ["key\n"], ["key\n", "CANARY\n"]):
            with self.subTest(steps):
                t = self.add()
                for step in steps:
                    t.expect("Value" if step.startswith("CANARY") else "Field name")
                    t.type(step)
                t.expect("Value" if len(steps) == 1 else "Field name")
                t.type("\x03")
                result = t.finish()
                self.clean(result)
                self.assertEqual(result.status, 14, result)
                self.assertEqual(digest(self.home.vault), before)

    def test_signals_at_a_prompt(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM,
                       signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU):
            with self.subTest(number):
                t = self.add()
                t.expect("Field name")
                t.type("key\n")
                t.expect("Value")
                t.process.send_signal(number)
                self.assertEqual(t.finish().status, 14)

    def test_nothing_typed(self):
        t = self.add()
        t.expect("Field name")
        t.type("\n")
        self.assertEqual(t.finish().status, 14)

    def pasted(self, name, value):
        t = self.add(name)
        t.expect("Field name")
        t.type("key\n")
        t.expect("Value")
        t.type(value)
        return t

    def test_a_value_of_several_lines_is_refused(self):
        """With and without an end of the last one: nothing of it is shown, or left for the shell."""
        for value in ("CANARY 1\nCANARY 2\n", "CANARY 1\nCANARY 2", "CANARY 1\n\nCANARY 2"):
            with self.subTest(value):
                t = self.pasted("n", value)
                t.expect("more than one line was pasted; use --field key=@FILE")
                result = t.finish()
                self.assertEqual(result.status, 2)
                self.assertNotIn(b"CANARY", result.shown)

    def test_empty_lines_after_a_value_count_for_nothing(self):
        t = self.pasted("n", "v\n\n \n")
        t.expect("Field name")
        t.type("other\n")
        t.expect("Value")
        t.type("w\n")
        t.expect("Field name")
        t.type("\n")
        self.assertEqual(t.finish().status, 0)
        self.assertIn(b"n  key, other", self.ok(self.home.run("list")).out)

    def test_bad_field_name_is_asked_again(self):
        t = self.add()
        for wrong in ("a b", "x" * 65, "x" * 4000):
            t.expect("Field name")
            t.type(wrong + "\n")
            t.expect("That is no field name")
        t.expect("Field name")
        t.type("ok\n")
        t.expect("Value")
        t.type("v\n")
        t.expect("Field name")
        t.type("ok\n")
        t.expect("Field name")
        t.type("\n")
        self.assertEqual(t.finish().status, 0)


class Notice(Case):
    def test_it_names_the_token(self):
        token = self.token()
        self.new_vault(token, None, "--token-name", "blue key")
        self.add(token, "k", {"a": "b"})
        result = self.ok(self.home.run("--device", token.path, "get", "k"))
        self.assertIn(b'"blue key"', result.err)
        self.assertIn(f'({token.path}), which should be "blue key", to get k (30 s, Ctrl-C cancels)'.encode(), result.err)

    def test_a_program_gets_it_as_json(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"a": "b"})
        result = self.ok(self.home.run("--device", token.path, "--json", "get", "k"))
        touch = json.loads(result.err)["touch"]
        self.assertEqual((touch["token"], touch["purpose"], touch["seconds"]), ("first", "get k", 30))


class Shown(Case):
    def test_columns(self):
        """Names, what is to be rotated, fields by the alphabet, labels: each begins where it does above."""
        first, second = self.token("first"), self.token("second")
        self.new_vault(first)
        self.add(first, "ibkr/live", {"signing_key": "1", "key": "2", "account": "3"})
        self.ok(self.home.run("--device", first.path, "edit", "ibkr/live", "--label", "zone=eu", "--label", "owner_of=me"))
        self.assertEqual(self.ok(self.home.run("list")).out,
                         b"ibkr/live  account, key, signing_key  owner_of=me, zone=eu\n")
        self.assertIn(b"fields    account, key, signing_key\nlabels    owner_of=me, zone=eu\n",
                      self.ok(self.home.run("show", "ibkr/live")).out)
        entry = json.loads(self.ok(self.home.run("show", "ibkr/live", "--json")).out)
        self.assertEqual(entry["fields"], ["account", "key", "signing_key"])
        self.ok(self.home.run("--device", first.path, "token", "add", "second", "--new-device", second.path))
        self.ok(self.home.run("--device", first.path, "token", "remove", "second"))
        self.add(first, "new", {"k": "v"})
        self.assertEqual(self.ok(self.home.run("list")).out,
                         b"ibkr/live  ROTATE NOW  account, key, signing_key  owner_of=me, zone=eu\n"
                         b"new                    k\n")
        self.assertEqual(self.ok(self.home.run("list", "new")).out, b"new  k\n")

    def wrapped(self, begin, *args):
        """From there on it is as wide as the terminal; where there is none, a paragraph is a line."""
        token = self.token()
        if args[0] != "init":
            self.new_vault(token)
        whole = self.ok(self.home.run("--device", token.path, *args)).out.decode()
        whole = whole[whole.index(begin):]
        self.assertGreater(max(map(len, whole.splitlines())), 120)
        for columns in (40, 80):
            vault = ("--vault", f"v{columns}") if args[0] == "init" else ()
            t = self.home.on_terminal("--device", token.path, *vault, *args, columns=columns)
            shown = self.ok(t.finish()).tty.decode().replace("\r", "")
            shown = shown[shown.index(begin):]
            # Its commands have the --vault that was given.
            self.assertEqual([word for word in shown.split() if word not in vault], whole.split())
            self.assertLessEqual(max(map(len, shown.splitlines())), columns)

    def test_status_is_as_wide_as_the_terminal(self):
        self.wrapped("This vault has one token", "status")

    def test_init_is_as_wide_as_the_terminal(self):
        self.wrapped("Reading a secret takes both", "init")


class Init(Case):
    def test_init_on_a_terminal(self):
        token = self.token()
        t = self.home.on_terminal("--device", token.path, "init")
        t.expect("1 of 3")
        t.expect("3 of 3")
        t.expect("second token")
        self.assertEqual(t.finish().status, 0)

    def test_interrupted_init_leaves_no_vault(self):
        token = self.token(touch="never")
        t = self.home.on_terminal("--device", token.path, "init")
        t.expect("1 of 3")
        t.type("\x03")
        self.assertEqual(t.finish().status, 14)
        self.assertIsNone(digest(self.home.vault))
        token.control("touch-policy at-once")
        self.new_vault(token)

    def tree(self):
        return sorted(os.path.join(path, name) for path, folders, files in os.walk(self.home.dir)
                      for name in folders + files)

    def test_an_init_that_came_to_nothing_leaves_nothing(self):
        """It takes away what it made, and that alone."""
        token = self.token(touch="refused")
        bad = os.path.join(self.dir, "no", "such", "dir.tv")
        for args, status in ((["init"], 14), (["init", "--pin", "required"], 15), (["--vault", bad, "init"], 3)):
            with self.subTest(args):
                self.refused(self.home.run("--device", token.path, *args), status)
                self.assertEqual(self.tree(), [])
        self.refused(self.home.run("--device", "/dev/null", "init"), 11)
        self.assertEqual(self.tree(), [])
        for kept in ([".local"], [".local", ".local/share"], [".local", ".local/share", ".local/share/touchvault",
                     ".local/state", ".local/state/touchvault", ".local/state/touchvault/audit"]):
            kept = [os.path.join(self.home.dir, name) for name in kept]
            for name in kept:
                os.makedirs(name, 0o700, exist_ok=True)
            self.refused(self.home.run("--device", token.path, "init"), 14)
            self.assertEqual(self.tree(), kept)
        token.control("touch-policy at-once")
        self.new_vault(token)
        before = self.tree()
        token.control("touch-policy refused")
        self.refused(self.home.run("--device", token.path, "--vault", "second", "init"), 14)
        self.assertEqual(self.tree(), before)

    def test_host_show_where_there_is_nothing_yet(self):
        self.refused(self.home.run("host", "show"), 20, "touchvault init", "touchvault host request")

    def test_a_new_vault_where_one_was_removed(self):
        token = self.token()
        self.new_vault(token)
        os.unlink(self.home.vault)
        self.new_vault(token)
        self.add(token, "a", {"k": "v"})
        # A vault that was lost by mistake: its last generation is still there.
        os.unlink(self.home.vault)
        self.refused(self.home.run("--device", token.path, "init"), 4, self.home.vault + ".prev")

    def test_host_files_are_checked_before_a_touch(self):
        token = self.token()
        self.new_vault(token)
        touches = len(token.transactions())
        second = ("--device", token.path, "--vault", "second", "init")
        for path in (self.home.host_key, self.home.state):
            with open(path, "rb") as f:
                data = f.read()
            with open(path, "wb") as f:
                f.write(data[:-1])
            self.refused(self.home.run(*second), 30, path)
            with open(path, "wb") as f:
                f.write(data)
        os.unlink(self.home.host_key)
        self.refused(self.home.run(*second), 30, self.home.state)
        self.assertEqual(len(token.transactions()), touches)

    def test_pin_modes(self):
        bare = self.token("bare")
        self.refused(self.home.run("--device", bare.path, "init", "--pin", "required"), 15)
        with_pin = self.token("with-pin", pin="271828", make_cred_uv_not_rqd=True)
        self.refused(self.home.run("--device", with_pin.path, "init"), 15)
        self.assertIsNone(digest(self.home.vault))
        self.ok(self.home.run("--device", with_pin.path, "init", "--pin", "never"))
        self.ok(self.home.run("--device", with_pin.path, "add", "a", "--field", "k=-", stdin=b"v"))

    def test_an_older_token_wants_its_pin_to_make_a_credential_only(self):
        token = self.token(pin="271828", no_make_cred_uv_not_rqd=True)
        t = self.home.on_terminal("--device", token.path, "init", "--pin", "never")
        t.expect("PIN")
        t.type("271828\n")
        self.assertEqual(t.finish().status, 0)
        self.ok(self.home.run("--device", token.path, "add", "a", "--field", "k=-", stdin=b"v"))

    def test_names(self):
        token = self.token()
        self.new_vault(token, None, "--token-name", "blue key", "--host-name", "trading box")
        status = self.ok(self.home.run("status")).out
        self.assertIn(b"blue key", status)
        self.assertIn(b"trading box", status)


if __name__ == "__main__":
    unittest.main()
