# SPDX-License-Identifier: BSD-2-Clause
"""Who doesn't get a secret, and what is said then. In each case nothing is on
standard output and the vault is byte for byte as before."""
from harness import *


class Refusals(Case):
    def setUp(self):
        super().setUp()
        self.first = self.token("first")
        self.new_vault(self.first)
        self.add(self.first, "k", {"secret": "CANARY-4711"})
        self.before = digest(self.home.vault)

    def tearDown(self):
        self.assertEqual(digest(self.home.vault), self.before)

    def get(self, token, home=None):
        path = token if isinstance(token, str) else token.path
        return (home or self.home).run("--device", path, "get", "k")

    def test_another_token(self):
        self.refused(self.get(self.token("stranger")), 11, "token")

    def test_a_home_that_was_never_approved(self):
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        before = len(self.first.transactions())
        self.refused(self.get(self.first, other), 20, other.vault)
        for command in (["list"], ["show", "k"], ["status"], ["remove", "k"], ["rename", "k", "l"]):
            self.refused(other.run("--device", self.first.path, *command), 20)
        # Nobody was asked to touch for nothing.
        self.assertEqual(len(self.first.transactions()), before)
        self.assertEqual(digest(other.vault), self.before)

    def test_a_host_with_a_key_of_its_own(self):
        other = Home(os.path.join(self.dir, "other"))
        self.ok(other.run("--device", self.first.path, "--vault", "own", "init"))
        copy_vault(self.home.vault, other.vault)
        self.refused(self.get(self.first, other), 20)

    def test_a_host_key_of_another_machine(self):
        # What a copy looks like: the key says a machine that is not this one.
        with open(self.home.host_key, "r+b") as f:
            data = bytearray(f.read())
        other = Home(os.path.join(self.dir, "other"))
        copy_vault(self.home.vault, other.vault)
        os.makedirs(os.path.dirname(other.host_key), 0o700)
        with open(other.host_key, "wb") as f:
            f.write(data)
        os.chmod(other.host_key, 0o600)
        if not os.path.exists("/etc/machine-id"):
            self.skipTest("this machine has no machine-id, so no key is bound to it")
        fake = os.path.join(self.dir, "machine-id")
        with open(fake, "w") as f:
            f.write("0123456789abcdef0123456789abcdef\n")
        result = other.run("--device", self.first.path, "get", "k", wrap=[
            "unshare", "--mount", "--map-root-user", "sh", "-c",
            f'mount --bind {fake} /etc/machine-id && exec "$@"', "sh"])
        self.refused(result, 21, other.host_key)

    def test_no_touch(self):
        policies = {"never": 13, "refused": 14, "none": 17}
        self.first.close()
        for policy, status in policies.items():
            with self.subTest(policy):
                options = {"user_timeout": 500} if policy == "never" else {}
                with VToken(VTOKEN, self.dir, "first", touch=policy, **options) as token:
                    self.refused(self.get(token), status)

    def test_a_token_that_lies(self):
        for fault, status in {
                "short-secret": 17, "no-secret": 17, "bad-signature": 17, "other-key": 17,
                "no-up-flag": 17, "wrong-credential": 17, "garbage": 17, "error:0x21": 17,
                "busy": 17, "error:0x32": 16, "error:0x34": 16, "error:0x2e": 11,
                "unstable-secret": 11, "unplug-at:before": 17, "unplug-at:during": 17,
                "unplug-at:after": 17, "wrong-sequence": 17}.items():
            with self.subTest(fault):
                self.first.close()
                with VToken(VTOKEN, self.dir, "first", fault=fault) as token:
                    self.refused(self.get(token), status)

    def test_what_is_no_token(self):
        self.refused(self.get(os.path.join(self.dir, "missing")), 10)
        self.refused(self.get("/dev/null"), 11)
        self.refused(self.get(self.dir), 11)
        self.refused(self.get(self.home.vault), 11)
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        self.refused(self.get(fifo), 11)
        if not os.path.isdir("/sys/class/hidraw") or not os.listdir("/sys/class/hidraw"):
            self.refused(self.home.run("get", "k"), 10, "plug")

    def test_a_device_that_never_stops_sending(self):
        self.refused(self.get("/dev/zero"), 17)

    def test_the_helper_gets_neither_environment_nor_terminal(self):
        self.first.control("touch-policy after:3000")
        running = subprocess.Popen(self.home.command("--device", self.first.path, "get", "k"),
                                   env={**self.home.env, "ALPACA_SECRET": "CANARY"},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        running.stderr.readline()
        helper = subprocess.run(["pgrep", "-P", str(running.pid)], capture_output=True, text=True,
                                check=True).stdout.strip()
        if os.geteuid() != 0:
            self.skipTest("only root may look into a process that is not dumpable")
        with open(f"/proc/{helper}/environ", "rb") as f:
            self.assertEqual(f.read(), b"")
        fds = [os.readlink(f"/proc/{helper}/fd/{n}") for n in sorted(os.listdir(f"/proc/{helper}/fd"))]
        self.assertRegex(fds[0], "^socket:")
        self.assertEqual(fds[1:3], ["/dev/null", "/dev/null"])
        self.assertEqual(len(fds), 4, fds)  # and the token
        with open(f"/proc/{helper}/status") as f:
            status = f.read()
        self.assertRegex(status, r"NoNewPrivs:\s+1")
        self.assertRegex(status, r"Seccomp:\s+2")
        out, err = running.communicate(timeout=60)
        self.assertEqual((running.returncode, out), (0, b"CANARY-4711"), err)

    def test_no_permission_on_the_token(self):
        if os.geteuid() != 0:
            self.skipTest("only root can start a program as somebody else")
        # As an unprivileged user with the same files, whom the node doesn't allow.
        for root, dirs, files in os.walk(self.home.dir):
            for name in dirs + files:
                os.chown(os.path.join(root, name), 65534, 65534)
        os.chown(self.home.dir, 65534, 65534)
        os.chmod(self.dir, 0o711)
        os.chmod(os.path.realpath(self.first.path), 0o600)
        result = self.home.run("--device", self.first.path, "get", "k",
                               wrap=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        self.refused(result, 12, self.first.path)

    def test_the_token_is_in_use(self):
        import fcntl
        with open(self.first.path, "rb+", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.refused(self.get(self.first), 17, "in use")

    def test_a_signature_key_that_was_swapped(self):
        # A vault of its own, enrolled with the same token: its slots don't fit.
        self.ok(self.home.run("--device", self.first.path, "--vault", "two", "init"))
        two = self.home.vault.replace("default.tv", "two.tv")
        with open(self.home.vault, "rb") as f:
            mine = f.read()
        with open(two, "rb") as f:
            theirs = f.read()
        try:
            with open(self.home.vault, "wb") as f:
                f.write(theirs)
            self.refused(self.get(self.first), 32)
        finally:
            with open(self.home.vault, "wb") as f:
                f.write(mine)


class Pin(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token(pin="271828")
        self.answer(self.home.on_terminal("--device", self.t.path, "init"), "271828")
        self.answer(self.home.on_terminal("--device", self.t.path, "add", "k", "--from-json",
                                          pipe_stdin=b'{"secret":"CANARY"}'), "271828")

    def answer(self, terminal, pin, status=0):
        terminal.expect("PIN")
        terminal.type(pin + "\n")
        result = terminal.finish()
        self.clean(result)
        self.assertEqual(result.status, status, result)
        return result

    def get(self):
        return self.home.on_terminal("--device", self.t.path, "get", "k", pipe_stdout=True)

    def test_right_pin(self):
        self.assertEqual(self.answer(self.get(), "271828").out, b"CANARY")

    def test_wrong_pin_costs_one_try_and_says_how_many_are_left(self):
        result = self.answer(self.get(), "314159", 15)
        self.assertEqual(result.out, b"")
        self.assertIn(b"7", result.tty)
        self.assertNotIn(b"314159", result.tty)
        self.assertEqual(self.t.control("retries"), "7")

    def test_three_wrong_ones_block_until_replugged(self):
        self.answer(self.get(), "314159", 15)
        self.answer(self.get(), "314159", 15)
        self.answer(self.get(), "314159", 16)
        self.answer(self.get(), "271828", 16)
        self.t.control("replug")
        self.assertEqual(self.answer(self.get(), "271828").out, b"CANARY")

    def test_too_short_a_pin_costs_no_try(self):
        self.answer(self.get(), "123", 15)
        self.assertEqual(self.t.control("retries"), "8")

    def test_no_terminal_to_ask_on(self):
        self.refused(self.home.run("--device", self.t.path, "get", "k"), 15, "PIN")
        self.assertEqual(self.t.control("retries"), "8")

    def test_empty_answer_and_ctrl_c_cancel(self):
        for keys in ("\n", "\x03", "\x04"):
            with self.subTest(repr(keys)):
                t = self.get()
                t.expect("PIN")
                t.type(keys)
                result = t.finish()
                self.assertEqual(result.status, 14, result)
                self.assertEqual(result.out, b"")
        self.assertEqual(self.t.control("retries"), "8")

    def test_a_token_of_another_model_is_not_asked_for_a_pin(self):
        self.t.close()
        other = self.token("other", pin="141421", aaguid="00112233445566778899aabbccddeeff")
        self.refused(self.home.run("--device", other.path, "get", "k"), 11)
        self.assertEqual(other.control("retries"), "8")

    def test_without_the_verification_flag(self):
        self.t.control("fault no-uv-flag")
        self.answer(self.get(), "271828", 17)

    def test_pin_removed_since(self):
        # A token that was reset and has no PIN any more.
        self.t.close()
        bare = self.token("bare")
        self.refused(self.home.run("--device", bare.path, "get", "k"), 15)


class Cancel(Case):
    def waiting(self, how):
        token = self.token(touch="never")
        token.control("touch-policy at-once")
        self.new_vault(token)
        self.add(token, "k", {"secret": "CANARY"})
        token.control("touch-policy never")
        terminal = self.home.on_terminal("--device", token.path, "get", "k", pipe_stdout=True)
        terminal.expect("Touch")
        terminal.expect("30 s")
        terminal.expect("Ctrl-C")
        how(terminal)
        result = terminal.finish()
        self.clean(result)
        self.assertEqual(result.status, 14, result)
        self.assertEqual(result.out, b"")
        # CANCEL reached the token, and it can be used at once.
        self.assertIn("getAssertion -> 2d", token.transactions()[-1])
        token.control("touch-policy at-once")
        got = self.ok(self.home.run("--device", token.path, "get", "k"))
        self.assertEqual(got.out, b"CANARY")

    def test_ctrl_c(self):
        self.waiting(lambda t: t.type("\x03"))

    def test_sigterm(self):
        self.waiting(lambda t: t.process.send_signal(signal.SIGTERM))

    def test_sighup(self):
        self.waiting(lambda t: t.process.send_signal(signal.SIGHUP))

    def test_killed_program_leaves_a_calm_token(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"secret": "CANARY"})
        token.control("touch-policy never")
        terminal = self.home.on_terminal("--device", token.path, "get", "k", pipe_stdout=True)
        terminal.expect("Touch")
        terminal.process.kill()
        terminal.finish()
        end = time.monotonic() + 10
        while "getAssertion -> 2d" not in token.transactions()[-1]:
            self.assertLess(time.monotonic(), end, token.transactions())
            time.sleep(0.05)

    def test_notice_names_command_and_entry(self):
        token = self.token()
        self.new_vault(token)
        self.add(token, "k", {"secret": "CANARY"})
        terminal = self.home.on_terminal("--device", token.path, "get", "k", pipe_stdout=True)
        terminal.expect(token.path)
        terminal.expect("k")
        result = terminal.finish()
        self.assertEqual((result.status, result.out), (0, b"CANARY"))


if __name__ == "__main__":
    unittest.main()
