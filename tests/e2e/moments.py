# SPDX-License-Identifier: BSD-2-Clause
"""Bad moments: what a token can do to a person, what the person reads then, and
that it is over when it is over. Moments.moment() holds what a test saw against
the table in tests/README.md (moments_table.py)."""
import re
import sys

import harness
from harness import *
from harness import DEADLINE
from moments_table import Notes, Row, told

SECRET = "CANARY-4711"
NOT_READ = re.compile(r"^(Touch the |PIN of the |Passphrase of the )")
NOTES = Notes(os.environ["MOMENTS"], os.path.basename(sys.argv[0])) if "MOMENTS" in os.environ else None
ROOT = unittest.skipUnless(os.geteuid() == 0, "NOT TESTED: plugging tokens in takes root")


class Moments(Case):
    """noun: the section of the table that the moments go to."""

    noun = None

    def enrolled(self, name="token", home=None, pin=None, **options):
        """A token that opens a vault with one secret in it."""
        home = home or self.home
        token = self.token(name, **options, **({"pin": pin} if pin else {}))
        for args, more in ((["init"], None), (["add", "k", "--from-json"], json.dumps({"secret": SECRET}))):
            args = ("--device", token.path, *args)
            if pin is None:
                self.ok(home.run(*args, stdin=(more or "").encode()))
            else:
                t = home.on_terminal(*args, pipe_stdin=more and more.encode())
                self.assertEqual(self.type_pin(t, pin).status, 0)
        self.stays(home)
        return token

    def stays(self, home):
        """From here on no moment may change the vault."""
        home.stays = digest(home.vault)

    def running(self, token, *args):
        """A command (`get`) without a terminal, to be looked at while it runs."""
        path = token if isinstance(token, str) else token.path
        args = self.home.command("--device", path, *(args or ("get", "k")))
        process = subprocess.Popen(args, env=self.home.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(process.kill)
        return process

    def finished(self, process):
        out, err = process.communicate(timeout=DEADLINE)
        return Result(process.returncode, out, err)

    def wait_for(self, what):
        end = time.monotonic() + DEADLINE
        while not what():
            self.assertLess(time.monotonic(), end, "it never happens")
            time.sleep(0.01)

    def changed(self, token, **options):
        """The same token, plugged in again with other settings or another state."""
        token.close()
        token = VToken(VTOKEN, self.dir, os.path.basename(token.path), **options)
        self.addCleanup(token.close)
        return token

    def prompt_back(self, title, terminal, how):
        """End it, and report how long that took: no test is the judge of it."""
        begin = time.monotonic()
        how(terminal)
        terminal.process.wait(DEADLINE)
        print(f"{title}: prompt back after {(time.monotonic() - begin) * 1000:.1f} ms", file=sys.stderr)
        return terminal.finish()

    def type_pin(self, terminal, pin):
        terminal.expect("PIN of the")
        self.assertFalse(terminal.echo_is_on())
        terminal.type(pin + "\n")
        result = terminal.finish()
        self.assertNotIn(pin.encode(), result.tty)
        return result

    def get(self, token, home=None, **kwargs):
        path = token if isinstance(token, str) else token.path
        return (home or self.home).run("--device", path, "get", "k", **kwargs)

    def get_on_terminal(self, token, home=None):
        return (home or self.home).on_terminal("--device", token.path, "get", "k", pipe_stdout=True)

    def get_found(self, *tokens, **kwargs):
        """Without --device, with these plugged in."""
        return self.home.run("get", "k", wrap=plugged_in(self.dir, *tokens, **kwargs))

    def get_found_on_terminal(self, *tokens, home=None, **kwargs):
        home = home or self.home
        return Terminal(home, (), pipe_stdout=True, command=[
            *plugged_in(self.dir, *tokens, **kwargs), *home.command("get", "k")])

    def opened(self, result):
        self.ok(result)
        self.assertEqual(result.out, SECRET.encode(), result)
        return result

    def again(self, token, pin=None, home=None):
        """The moment is over, and a person goes on."""
        if pin is None:
            return self.opened(self.get(token, home))
        return self.opened(self.type_pin(self.get_on_terminal(token, home), pin))

    def said(self, result, home):
        """What a person reads, but for prompts and the notice of a touch; paths,
        which are others in every run, by what they are."""
        text = (result.err + result.shown).decode("ascii").replace("^C", "")
        lines = [line.strip().removeprefix("touchvault: ") for line in text.splitlines()]
        text = " then: ".join(line for line in lines if line and not NOT_READ.match(line))
        device = re.escape(os.path.dirname(home.dir)) + r"/[^\s:;,)]*|/dev/(hidraw\d+|null|zero)\b"
        return re.sub(device, "DEVICE", text.replace(home.vault, "VAULT")).replace("|", r"\|")

    def moment(self, title, result, status, happens=None, home=None):
        """With status 0 happens says what. Otherwise: one sentence, nothing on
        standard output, and the vault as it was."""
        home = home or self.home
        self.clean(result)
        self.assertEqual(result.status, status, result)
        message = self.said(result, home)
        if status != 0 or hasattr(home, "stays"):
            self.assertEqual(digest(home.vault), getattr(home, "stays", None), "the vault was changed")
        if status == 0:
            message = f"*{happens}*" + (f"; {message}" if message else "")
        else:
            self.assertEqual(result.out, b"", result)
            self.assertEqual((result.err + result.shown).count(b"touchvault: "), 1, result)
            self.assertRegex(message, r"[\w)\"]; .*\w\W*\.$")
        row = Row(self.noun, title, message, status)
        if NOTES:
            NOTES.add(row)
        with self.subTest(moment=title):
            self.assertTrue(told(row), f"tests/README.md doesn't say {row.line()}")


__all__ = [*harness.__all__, "Moments", "ROOT", "SECRET", "sys"]
