# SPDX-License-Identifier: BSD-2-Clause
"""No token, the wrong one, one that goes away or that somebody else holds."""
from moments import *

import fcntl

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Plug(Moments):
    noun = "Plugging it in"

    def setUp(self):
        super().setUp()
        self.t = self.enrolled("first")

    def not_for_nobody(self):
        """The home is nobody's now; the token's node, which this returns, isn't."""
        for root, dirs, files in os.walk(self.home.dir):
            for name in dirs + files:
                os.chown(os.path.join(root, name), 65534, 65534)
        os.chown(self.home.dir, 65534, 65534)
        os.chmod(self.dir, 0o711)
        node = os.path.realpath(self.t.path)
        os.chmod(node, 0o600)
        return node


@ROOT
class NonePluggedIn(Plug):
    def test_without_a_terminal(self):
        self.moment("none plugged in, and no terminal to say so on", self.get_found(), 10)

    def test_ctrl_c(self):
        t = self.get_found_on_terminal()
        t.expect("No token is plugged in")
        t.type("\x03")
        self.moment("none plugged in, Ctrl-C", t.finish(), 14)
        self.again(self.t)

    def test_plugged_in_while_waiting(self):
        t = self.get_found_on_terminal(self.t, late=1)
        result = self.opened(t.finish())
        self.moment("none plugged in, then it is", result, 0, "goes on by itself")


    def test_permission_comes_later(self):
        """udev gives it when the node is there already."""
        node = self.not_for_nobody()
        t = Terminal(self.home, (), pipe_stdout=True, command=[
            *plugged_in(self.dir, self.t, late=1), *NOBODY, *self.home.command("get", "k")])
        t.expect("No token is plugged in")
        self.wait_for(lambda: os.path.exists(f"/proc/{t.process.pid}/root/dev/hidraw0"))
        time.sleep(1)
        os.chmod(node, 0o666)
        result = self.opened(t.finish())
        self.moment("none plugged in, then it is, and may be opened a moment later", result, 0, "goes on by itself")


class Unplugged(Plug):
    def test_unplugged(self):
        for when, title in {"before": "unplugged before the touch", "during": "unplugged during the touch",
                            "after": "unplugged after the touch"}.items():
            self.t.control(f"fault unplug-at:{when}")
            self.moment(title, self.get(self.t), 17)
            self.t.control("fault none")
            self.t.control("replug")
            self.again(self.t)

    @ROOT
    def test_plugged_in_again_elsewhere(self):
        self.opened(self.get_found(self.t))
        self.t.control("replug")
        result = self.opened(self.get_found(self.t, first=5))
        self.assertIn(b"/dev/hidraw5", result.err)
        self.moment("plugged in again under another path", result, 0, "found where it is now")

    def test_named_by_the_path_that_it_had(self):
        old = os.path.join(self.dir, "old")
        self.t.control("unplug")
        self.moment("plugged in again under another path, --device names the old one", self.get(old), 10)
        self.t.control("replug")
        self.again(self.t)


@ROOT
class WrongOne(Plug):
    def test_another_token(self):
        self.moment("a token of nobody's vault", self.get(self.token("stranger")), 11)

    def test_none_of_several(self):
        result = self.get_found(self.token("a"), self.token("b"))
        self.moment("several, and none of this vault", result, 11)
        self.opened(self.get_found(self.token("c"), self.t))

    def test_the_wrong_one_touched(self):
        right = self.token("right", pin="271828")
        t = self.home.on_terminal("--device", self.t.path, "token", "add", "right", "--new-device", right.path)
        self.assertEqual(self.type_pin(t, "271828").status, 0)
        self.stays(self.home)
        right.control("touch-policy never")
        wrong = self.token("wrong", pin="141421")
        result = self.type_pin(self.get_found_on_terminal(wrong, right), "141421")
        self.moment("several of one model with PINs, the wrong one touched", result, 11)
        # The other one was told to stop, and is ready.
        self.assertEqual(right.status()["waiting"], "0")
        right.control("touch-policy at-once")
        self.again(right, "271828")


class WhichOne(Plug):
    """Where it matters which one it is, that is said by its name."""

    def setUp(self):
        super().setUp()
        self.second = self.token("second")
        self.ok(self.home.run("--device", self.t.path, "token", "add", "second", "--new-device", self.second.path))
        self.stays(self.home)

    def token_command(self, token, *args):
        return self.home.run("--device", token.path, "token", *args)

    def test_another_than_the_one_named(self):
        self.moment("token test by another token", self.token_command(self.t, "test", "second"), 11)
        self.moment("token refresh by another token", self.token_command(self.t, "refresh", "second"), 11)
        self.moment("token remove by the touch of the one to be removed",
                    self.token_command(self.second, "remove", "second"), 11)
        self.again(self.second)

    def test_added_twice(self):
        result = self.token_command(self.t, "add", "third", "--new-device", self.second.path)
        self.moment("token add of one that is enrolled", result, 4)

    @ROOT
    def test_init_with_several(self):
        home = Home(os.path.join(self.dir, "new"))
        result = home.run("init", wrap=plugged_in(self.dir, self.t, self.second))
        self.moment("init with several plugged in", result, 11, home=home)
        self.assertIsNone(digest(home.vault))


class Node(Plug):
    def test_no_permission(self):
        if os.geteuid() != 0:
            self.skipTest("NOT TESTED: only root can start a program as somebody else")
        self.not_for_nobody()
        found = self.home.run("get", "k", wrap=plugged_in(self.dir, self.t) + NOBODY)
        self.moment("no permission on its device node", found, 12)
        self.moment("no permission on the device that --device names", self.get(self.t, wrap=NOBODY), 12)

    def test_what_is_no_token(self):
        self.moment("--device names nothing", self.get(os.path.join(self.dir, "missing")), 10)
        fifo = os.path.join(self.dir, "fifo")
        os.mkfifo(fifo)
        for what in ("/dev/null", self.dir, self.home.vault, fifo):
            self.refused(self.get(what), 11)
        self.moment("--device names what is no token", self.get("/dev/null"), 11)

    @ROOT
    def test_a_node_that_refuses(self):
        """The kernel's answer for a device that is about to go: EIO."""
        node = os.path.realpath(self.t.path)
        result = self.get(node, wrap=["strace", "-qq", "-f", "-o", "/dev/null", "-P", node, "-e",
                                      "inject=openat:error=EIO:when=2"])
        self.moment("its device node gives EIO when it is opened", result, 17)
        self.again(self.t)


class Busy(Plug):
    def opened_by_helper(self, process):
        helper = f"/proc/{process.pid}/task/{process.pid}/children"
        try:
            with open(helper) as f:
                fds = f"/proc/{f.read().strip()}/fd"
            return [os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds)]
        except OSError:
            return []

    def test_held_by_another_program(self):
        with open(self.t.path, "rb+", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.moment("held by another program", self.get(self.t), 17)
        self.again(self.t)

    def test_asked_by_a_program_that_holds_no_lock(self):
        """As browsers are: the token blinks for somebody else, and says so on a
        channel that is not ours."""
        self.t.control("touch-policy never")
        with open(self.t.path, "rb+", buffering=0) as f:
            f.write(b"\0" + b"\xff" * 4 + b"\x86\0\x08" + bytes(range(8)) + bytes(49))
            channel = f.read(64)[15:19]
            f.write(b"\0" + channel + b"\x90\0\x01\x0b" + bytes(56))
            self.wait_for(lambda: self.t.status()["waiting"] == "1")
            self.moment("blinks for a program that doesn't lock it", self.get(self.t), 17)
            f.write(b"\0" + channel + b"\x91\0\0" + bytes(57))
        self.t.control("touch-policy at-once")
        self.again(self.t)

    def test_speaks_with_another_program_too(self):
        self.t.control("fault chatter all")
        result = self.opened(self.get(self.t))
        self.moment("speaks with another program in between", result, 0, "works")

    def test_says_that_it_is_busy(self):
        self.t.control("fault busy INIT")
        self.moment("busy with another program's request", self.get(self.t), 17)
        self.t.control("fault none")
        self.again(self.t)

    def test_busy_in_the_middle(self):
        self.t.control("fault busy")
        self.moment("busy when it is to be touched", self.get(self.t), 17)
        self.t.control("fault none")
        self.again(self.t)

    @ROOT
    def test_let_go_within_a_second(self):
        with open(self.t.path, "rb+", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            process = self.running(self.t)
            self.wait_for(lambda: os.path.realpath(self.t.path) in self.opened_by_helper(process))
        result = self.opened(self.finished(process))
        self.moment("held by another program, which lets go within a second", result, 0, "goes on by itself")

    def test_ready_within_a_second(self):
        before = self.t.transactions().count("INIT")
        self.t.control("fault busy INIT")
        process = self.running(self.t)
        self.wait_for(lambda: self.t.transactions().count("INIT") > before + 1)
        self.t.control("fault none")
        result = self.opened(self.finished(process))
        self.moment("busy with another program's request, and ready within a second", result, 0,
                    "goes on by itself")


if __name__ == "__main__":
    unittest.main()
