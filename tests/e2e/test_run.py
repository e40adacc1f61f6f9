# SPDX-License-Identifier: BSD-2-Clause
"""`run`: one touch, and a program with just those secrets."""
from harness import *


class Run(Case):
    def setUp(self):
        super().setUp()
        self.t = self.token()
        self.new_vault(self.t)
        self.add(self.t, "kraken", {"KEY": "CANARY-k", "SECRET": "CANARY-s"})
        self.add(self.t, "ibkr/live", {"pem": "-----BEGIN\nCANARY-p\n", "zero": {"base64": "AENBTkFSWQA="}})

    def go(self, *args, **kwargs):
        return self.home.run("--device", self.t.path, "run", *args, **kwargs)

    def test_variables(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--env", "B=ibkr/live:pem", "--", "sh", "-c",
                                 'printf "%s|%s" "$A" "$B"'))
        self.assertEqual(result.out, b"CANARY-k|-----BEGIN\nCANARY-p\n")

    def test_one_touch_for_all(self):
        before = len(self.t.transactions())
        self.ok(self.go("--env", "A=kraken:KEY", "--env-all", "kraken", "--file", "F=ibkr/live:zero",
                        "--", "true"))
        self.assertEqual(len(self.t.transactions()) - before, 4)

    def test_env_all(self):
        result = self.ok(self.go("--env-all", "kraken", "--", "sh", "-c", 'printf "$KEY $SECRET"'))
        self.assertEqual(result.out, b"CANARY-k CANARY-s")
        self.add(self.t, "dash", {"a-b": "x"})
        self.refused(self.go("--env-all", "dash", "--", "true"), 125, "a-b")

    def test_names_that_would_steer_the_program(self):
        for name in ("PATH", "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "GLIBC_TUNABLES"):
            with self.subTest(name):
                self.ok(self.home.run("--device", self.t.path, "add", "steers/" + name.lower(),
                                      "--field", name + "=-", stdin=b"/nix"))
                touches = len(self.t.transactions())
                self.refused(self.go("--env-all", "steers/" + name.lower(), "--", "true"), 125,
                             f"--env {name}=steers/{name.lower()}:{name}")
                self.assertEqual(len(self.t.transactions()), touches)
        self.assertEqual(self.ok(self.go("--env", "PATH=steers/path:PATH", "--", "/bin/sh", "-c", "echo $PATH")).out,
                         b"/nix\n")

    def test_the_command_has_no_child_that_it_did_not_start(self):
        script = 'read x </proc/$$/task/$$/children; echo "[$x]"'
        self.assertEqual(self.ok(self.go("--env", "A=kraken:KEY", "--", "sh", "-c", script)).out, b"[]\n")

    def test_memory_file(self):
        script = ('cat "$F"; cat "$F"; echo "$F"; stat -Lc "%a %F" "$F"; '
                  'printf x 2>/dev/null >>"$F" && echo written; [ -e "$F" ] && echo there')
        result = self.ok(self.go("--file", "F=ibkr/live:zero", "--", "sh", "-c", script))
        lines = result.out.split(b"\n")
        self.assertTrue(result.out.startswith(b"\0CANARY\0\0CANARY\0/proc/"), result)
        self.assertIn(b"400 regular file", lines)
        self.assertNotIn(b"written", lines)
        self.assertIn(b"there", lines)

    def test_memory_file_is_for_the_childs_children_too(self):
        program = "import os,subprocess;subprocess.run(['cat',os.environ['F']],check=True)"
        result = self.ok(self.go("--file", "F=kraken:KEY", "--", "python3", "-c", program))
        self.assertEqual(result.out, b"CANARY-k")

    def test_memory_file_is_sealed(self):
        program = ("import fcntl,os;f=os.open(os.environ['F'],os.O_RDONLY);"
                   "print(fcntl.fcntl(f,1034))")
        result = self.ok(self.go("--file", "F=ibkr/live:pem", "--", "python3", "-c", program))
        self.assertEqual(int(result.out) & 15, 15)

    def test_key_file_serves_openssl(self):
        key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout
        self.ok(self.home.run("--device", self.t.path, "add", "rsa", "--field", "pem=-", stdin=key))
        result = self.ok(self.go("--file", "F=rsa:pem", "--", "sh", "-c", 'openssl rsa -in "$F" -check -noout'))
        self.assertIn(b"RSA key ok", result.out + result.err)

    def test_pristine(self):
        env = {"LEAK": "x"}
        result = self.ok(self.go("--pristine", "--env", "A=kraken:KEY", "--", "env", env=env))
        self.assertEqual(result.out, b"A=CANARY-k\n")
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "env", env=env))
        self.assertIn(b"LEAK=x\n", result.out)

    def test_a_variable_that_is_there_is_replaced(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "env", env={"A": "old"}))
        self.assertEqual([l for l in result.out.split(b"\n") if l.startswith(b"A=")], [b"A=CANARY-k"])

    def test_status_is_the_childs(self):
        for status in (0, 1, 3, 20, 124):
            self.assertEqual(self.go("--env", "A=kraken:KEY", "--", "sh", "-c", f"exit {status}").status, status)
        self.assertEqual(self.go("--env", "A=kraken:KEY", "--", "sh", "-c", "kill -TERM $$").status, -signal.SIGTERM)

    def test_what_cannot_be_started(self):
        self.refused(self.go("--env", "A=kraken:KEY", "--", "/does/not/exist"), 127)
        self.refused(self.go("--env", "A=kraken:KEY", "--", "does-not-exist"), 127)
        self.refused(self.go("--env", "A=kraken:KEY", "--", self.dir), 126)

    def test_own_failures_are_125(self):
        other = self.token("other")
        self.refused(self.home.run("--device", other.path, "run", "--env", "A=kraken:KEY", "--", "true"), 125)
        self.refused(self.go("--env", "A=ibkr/live:zero", "--", "true"), 125, "--file")
        self.refused(self.go("--env", "A=kraken:KEY", "--file", "A=kraken:KEY", "--", "true"), 125, "A")
        self.refused(self.go("--env", "1A=kraken:KEY", "--", "true"), 125)
        self.refused(self.go("--env", "A=kraken:KEY"), 125)

    def test_no_descriptor_leaks(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "ls", "-l", "/proc/self/fd"))
        open_fds = [l.split()[-3:] for l in result.out.decode().splitlines() if "->" in l]
        self.assertEqual(sorted(fd[0] for fd in open_fds if not fd[2].startswith("/proc/")), ["0", "1", "2"])

    def test_no_secret_in_arguments_or_in_the_programs_environment(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "sh", "-c", 'tr "\\0" "\\n" </proc/self/cmdline'))
        self.assertNotIn(b"CANARY", result.out)

    def test_the_child_is_as_it_would_be(self):
        script = "umask; grep -E '^(SigIgn|SigBlk)' /proc/self/status"
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "sh", "-c", script,
                                 wrap=["sh", "-c", 'umask 027; exec "$@"', "sh"]))
        plain = subprocess.run(["sh", "-c", "umask 027; " + script], capture_output=True,
                               start_new_session=True, restore_signals=True).stdout
        self.assertEqual(result.out, plain)

    def test_options_end_at_the_command(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--", "echo", "--env", "--json"))
        self.assertEqual(result.out, b"--env --json\n")
        result = self.ok(self.go("--env", "A=kraken:KEY", "echo", "--pristine"))
        self.assertEqual(result.out, b"--pristine\n")

    def test_the_notice_names_command_and_entries(self):
        result = self.ok(self.go("--env", "A=kraken:KEY", "--env", "B=ibkr/live:pem", "--", "/bin/true"))
        self.assertIn(b"run true with kraken, ibkr/live", result.err)

    def test_a_pipe_that_closes_ends_the_child(self):
        result = subprocess.run(["sh", "-c", '"$@" | head -n 1', "sh", *self.home.command(
            "--device", self.t.path, "run", "--env", "A=kraken:KEY", "--", "yes")], env=self.home.env,
            capture_output=True, timeout=60, start_new_session=True)
        self.assertEqual(result.stdout, b"y\n")
        self.assertNotIn(b"Broken pipe", result.stderr)


if __name__ == "__main__":
    unittest.main()
