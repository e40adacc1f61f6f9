# SPDX-License-Identifier: BSD-2-Clause
"""Who calls for reminders every day: a systemd of a user's, which is started here for this,
and Debian's crontab."""
import re
import shlex
import shutil

from desktop import Bus
from harness import *

NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
# systemd runs as a user's only where it was booted, and wants cgroups of its own.
MANAGER = """
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user/$1
chown $1 /run/user/$1; chmod 700 /run/user/$1
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup/touchvault-test.$$
mkdir $group $group/user
chown -R $1 $group
echo $$ >$group/user/cgroup.procs
shift
"$@" & child=$!
echo started
read -r end || true
kill $child; wait $child || true
echo $$ >/sys/fs/cgroup/cgroup.procs
while find $group -name cgroup.procs -exec cat {} + | grep -q .; do sleep 0.1; done
find $group -depth -type d -exec rmdir {} +
"""


class Timed(Case):
    def setUp(self):
        super().setUp()
        self.plugged = self.token()
        self.new_vault(self.plugged)
        self.add(self.plugged, "kraken", {"key": "CANARY"})
        self.ok(self.home.run("--device", self.plugged.path, "schedule", "kraken", "--now", "a test"))
        self.wrap = []

    def show_notifications(self, bus):
        self.bus = bus
        self.addCleanup(bus.close)
        bus.show_notifications()
        self.home.env.update(bus.env)

    def reminders(self, *args, **kwargs):
        return self.home.run(*args[:-1], "reminders", args[-1], wrap=self.wrap, **kwargs)

    def status(self, *args):
        return json.loads(self.ok(self.reminders("--json", *args, "status")).out)

    def wait(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


@unittest.skipIf(os.geteuid() != 0, "takes root, for mounts")
class Systemd(Timed):
    def setUp(self):
        super().setUp()
        # Somewhere that nobody can go.
        os.chmod(self.dir, 0o755)
        self.bin = os.path.join(self.dir, "bin dir")
        os.mkdir(self.bin)
        for program in ("touchvault", "touchvault-token"):
            shutil.copy(os.path.join(os.path.dirname(TOUCHVAULT), program), self.bin)
        self.home.command = lambda *args: [os.path.join(self.bin, "touchvault"), *args]
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.home.dir], check=True)
        self.units = os.path.join(self.home.dir, ".config/systemd/user")
        self.files = [os.path.join(self.units, "touchvault-reminders-default." + kind) for kind in ("service", "timer")]
        self.start()
        self.show_notifications(Bus(self.home.dir, f"unix:path=/run/user/{NOBODY}/bus", self.wrap))
        self.bus.log = os.path.join(self.home.dir, "notifications")

    def start(self):
        self.log = os.path.join(self.dir, "systemd.log")
        self.home.env.update(XDG_RUNTIME_DIR=f"/run/user/{NOBODY}")
        with open(self.log, "wb") as log:
            self.manager = subprocess.Popen(
                ["unshare", "--mount", "sh", "-euc", MANAGER, "sh", str(NOBODY), *AS_NOBODY, "env",
                 "SYSTEMD_LOG_TARGET=console", "/lib/systemd/systemd", "--user"],
                env={**self.home.env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.stop)
        self.wrap = ["nsenter", "-t", str(self.manager.pid), "-m", *AS_NOBODY]
        self.assertEqual(self.manager.stdout.readline(), b"started\n")
        self.wait(lambda: self.manager.poll() is not None or self.call("GetDefaultTarget").returncode == 0)
        self.assertIsNone(self.manager.poll())

    def stop(self):
        self.manager.communicate(b"end\n", timeout=60)

    def call(self, method, *args):
        return subprocess.run([*self.wrap, "dbus-send", f"--bus=unix:path=/run/user/{NOBODY}/bus", "--print-reply", "--dest=org.freedesktop.systemd1",
                               "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager." + method,
                               *("string:" + a for a in args)], env=self.home.env, capture_output=True, check=False)

    def run_service(self):
        """One run, by systemd, to its end. What the program noted of it."""
        before = self.status()["last"]
        self.assertEqual(self.call("StartUnit", "touchvault-reminders-default.service", "replace").returncode, 0)
        self.wait(lambda: self.status()["last"] != before and not self.status()["pending"])
        return {c["channel"]: c["arrived"] for c in self.status()["last"]["channels"]}

    def hook(self, name, text):
        path = os.path.join(self.home.dir, ".config/touchvault/hooks.d", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.home.dir], check=True)

    def test_install_run_and_remove(self):
        result = self.ok(self.reminders("install"))
        self.assertIn(b"a timer of systemd calls", result.err)
        timer = self.status()["timer"]
        self.assertEqual((timer["kind"], timer["active"]), ("systemd", True))
        away = time.mktime(time.strptime(timer["next"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
        self.assertTrue(0 < away <= 86400 + 1800, timer)
        verified = subprocess.run([*self.wrap, "systemd-analyze", "--user", "--man=no", "verify", *self.files],
                                  env=self.home.env, capture_output=True, check=False)
        self.assertNotIn(b"touchvault", verified.stderr + verified.stdout)
        self.assertEqual(verified.returncode, 0, verified)

        self.assertEqual(self.run_service(), {"desktop": True})
        shown, = self.bus.shown()
        self.assertEqual(shown["body"], "kraken (today)")
        # Nothing is to be told any more, and the journal never had a name.
        self.assertEqual(self.run_service(), {})
        with open(self.log, encoding="utf-8") as f:
            self.assertNotIn("kraken", f.read())

        before = [digest(f) for f in self.files]
        self.ok(self.reminders("install"))
        self.assertEqual([digest(f) for f in self.files], before)

        other = os.path.join(self.units, "other.service")
        with open(other, "w") as f:
            f.write("[Service]\nExecStart=/bin/true\n")
        self.ok(self.reminders("remove"))
        self.assertEqual(self.status()["timer"], {"kind": None, "active": False, "next": None})
        left = [os.path.join(d, f) for d, _, files in os.walk(self.units) for f in files]
        self.assertEqual(left, [other])
        self.assertIn(b"nothing to remove", self.ok(self.reminders("remove")).err)

    def test_the_program_is_gone(self):
        """The timer stays, and its service is passed over; nothing fails."""
        self.ok(self.reminders("install"))
        program = os.path.join(self.bin, "touchvault")
        os.rename(program, program + ".away")
        self.assertEqual(self.call("StartUnit", "touchvault-reminders-default.service", "replace").returncode, 0)

        def shown():
            return subprocess.run([*self.wrap, "systemctl", "--user", "show", "-p", "ConditionTimestampMonotonic", "-p",
                                   "ConditionResult", "-p", "ActiveState", "-p", "Result", "touchvault-reminders-default.service"],
                                  env=self.home.env, capture_output=True, text=True, check=True).stdout.split()
        self.wait(lambda: "ConditionTimestampMonotonic=0" not in shown())
        self.assertEqual([line for line in shown() if "Timestamp" not in line],
                         ["Result=success", "ActiveState=inactive", "ConditionResult=no"])
        os.rename(program + ".away", program)
        self.assertEqual(self.run_service(), {"desktop": True})

    def test_the_packages_units(self):
        """Enabled by the name of a vault, with the program where the package puts it."""
        subprocess.run(["nsenter", "-t", str(self.manager.pid), "-m", "mount", "--bind", self.bin, "/usr/local/bin"],
                       check=True)
        os.makedirs(self.units)
        for kind in ("service", "timer"):
            shutil.copy(os.path.join(os.path.dirname(__file__), "../../cli/package/touchvault-reminders@." + kind), self.units)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.home.dir], check=True)
        subprocess.run([*self.wrap, "systemctl", "--user", "enable", "--now", "touchvault-reminders@default.timer"],
                       env=self.home.env, check=True, capture_output=True)
        listed = subprocess.run([*self.wrap, "systemctl", "--user", "list-timers", "--no-legend"],
                                env=self.home.env, check=True, capture_output=True, text=True).stdout
        self.assertIn("touchvault-reminders@default.service", listed)
        self.hook("net", "#!/bin/sh\n")
        self.assertEqual(self.call("StartUnit", "touchvault-reminders@default.service", "replace").returncode, 0)
        self.wait(lambda: self.status()["last"] is not None and not self.status()["pending"])
        # Confined, so it runs no hook, and says so.
        self.assertEqual({c["channel"]: c["arrived"] for c in self.status()["last"]["channels"]},
                         {"desktop": True, "hooks": False})

    def test_a_user_who_may_not_use_cron(self):
        forbid = 'mount -t tmpfs none /mnt; cp -a /etc/. /mnt; mount --bind /mnt /etc; getent passwd "$1" | cut -d: -f1 >/etc/cron.deny'
        subprocess.run(["nsenter", "-t", str(self.manager.pid), "-m", "sh", "-euc", forbid, "sh", str(NOBODY)], check=True)
        denied = subprocess.run([*self.wrap, "crontab", "-l"], capture_output=True, check=False)
        self.assertIn(b"not allowed", denied.stderr)
        self.ok(self.reminders("install"))
        self.assertTrue(self.status()["timer"]["active"])
        self.ok(self.reminders("remove"))
        self.assertIsNone(self.status()["timer"]["kind"])
        # Where cron is all that there is, it says so.
        no_systemd = {"XDG_RUNTIME_DIR": "/nonexistent", "DBUS_SESSION_BUS_ADDRESS": ""}
        self.refused(self.reminders("install", env=no_systemd), 1, "You (nobody) are not allowed to use this program")
        self.assertIsNone(json.loads(self.ok(self.reminders("--json", "status", env=no_systemd)).out)["timer"]["kind"])
        self.assertIn(b"nothing to remove", self.ok(self.reminders("remove", env=no_systemd)).err)

    def test_the_timer_comes_by_itself(self):
        drop_in = self.files[1] + ".d"
        os.makedirs(drop_in)
        with open(os.path.join(drop_in, "now.conf"), "w") as f:
            f.write("[Timer]\nOnActiveSec=1s\nRandomizedDelaySec=0\nAccuracySec=1us\n")
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.home.dir], check=True)
        self.ok(self.reminders("install"))
        self.wait(lambda: self.status()["last"] is not None)
        self.wait(lambda: not self.status()["pending"])
        self.assertEqual(len(self.bus.shown()), 1)

    def test_confined_without_hooks_and_not_with_them(self):
        # It says whether it is confined: there is no socket for the network then.
        self.hook("net", '#!/bin/sh\nexec /usr/bin/python3 -c "import socket; socket.socket(socket.AF_INET)"\n')
        os.rename(os.path.join(self.home.dir, ".config/touchvault/hooks.d/net"), os.path.join(self.home.dir, "net"))
        self.ok(self.reminders("install"))
        with open(self.files[0], encoding="utf-8") as f:
            self.assertIn("reminders run --no-hooks\n", f.read())
        os.rename(os.path.join(self.home.dir, "net"), os.path.join(self.home.dir, ".config/touchvault/hooks.d/net"))
        self.assertEqual(self.run_service(), {"desktop": True, "hooks": False})
        self.ok(self.reminders("install"))
        os.unlink(os.path.join(os.path.dirname(self.home.state), "reminders-default.json"))
        self.assertEqual(self.run_service(), {"desktop": True, "hook net": True})

    def test_a_path_with_everything_in_it(self):
        folder = os.path.join(self.home.dir, "50%h ${HOME} \"quoted\" 'it' back\\slash")
        os.mkdir(folder, 0o700)
        copy = os.path.join(folder, "a.tv")
        shutil.copy(self.home.vault, copy)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.home.dir], check=True)
        self.ok(self.reminders("--vault", copy, "install"))
        name, = [f for f in os.listdir(self.units) if f.startswith("touchvault-reminders-path-") and f.endswith(".service")]
        self.assertEqual(self.call("StartUnit", name, "replace").returncode, 0)
        self.wait(lambda: self.status("--vault", copy)["last"] is not None)
        self.wait(lambda: len(self.status("--vault", copy)["last"]["channels"]) == 1)
        self.assertEqual(self.status("--vault", copy)["vault"], copy)
        # Both are watched, each by its own.
        self.ok(self.reminders("install"))
        self.ok(self.reminders("--vault", copy, "remove"))
        self.assertTrue(self.status()["timer"]["active"])


@unittest.skipIf(os.geteuid() != 0, "takes root, for mounts")
class Cron(Timed):
    LINE = "5 4 * * * /usr/bin/true # mine, 50\\% of it"

    def setUp(self):
        super().setUp()
        self.spool = os.path.join(self.dir, "spool")
        os.mkdir(self.spool)
        self.show_notifications(Bus(self.dir))
        self.crontab = os.path.join(self.spool, "root")
        self.wrap = ["unshare", "--mount", "sh", "-euc", 'mount --bind "$1" /var/spool/cron/crontabs; shift; exec "$@"',
                     "sh", self.spool]

    def lines(self):
        result = subprocess.run([*self.wrap, "crontab", "-l"], capture_output=True, text=True, check=False)
        return result.stdout.splitlines()

    def fill(self):
        subprocess.run([*self.wrap, "crontab", "-"], input=self.LINE + "\n", text=True, check=True)

    def test_install_run_and_remove(self):
        self.fill()
        result = self.ok(self.reminders("install"))
        self.assertIn(b"cron calls", result.err)
        self.assertEqual(b"nobody seems to run cron" in result.err, not os.path.exists("/run/crond.pid"))
        self.assertEqual(self.status()["timer"], {"kind": "cron", "active": True, "next": None})
        mine, line = self.lines()
        self.assertEqual(mine, self.LINE)
        self.assertRegex(line, r"^\d+ \* \* \* \* HOME='" + re.escape(self.home.dir) + r"' '.*/touchvault' --vault 'default' reminders run # touchvault-reminders default$")
        before = digest(self.crontab)
        self.ok(self.reminders("install"))
        self.assertEqual(digest(self.crontab), before)
        self.run_line(line)
        self.assertEqual(len(self.bus.shown()), 1)
        self.ok(self.reminders("remove"))
        self.assertEqual(self.lines(), [self.LINE])
        self.assertIn(b"nothing to remove", self.ok(self.reminders("remove")).err)

    def run_line(self, line):
        """As cron does: what has no backslash before it is the end of the line."""
        command = line.split(" ", 5)[5].replace("\\%", "%")
        env = {k: self.home.env[k] for k in ("ASAN_OPTIONS", "DBUS_SESSION_BUS_ADDRESS")}
        subprocess.run(["/bin/sh", "-c", command], env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **env}, check=True)

    def test_no_crontab_yet_and_two_vaults(self):
        folder = os.path.join(self.home.dir, "50%h of 'it' ${HOME} \\")
        os.mkdir(folder, 0o700)
        copy = os.path.join(folder, "a.tv")
        shutil.copy(self.home.vault, copy)
        self.ok(self.reminders("install"))
        self.ok(self.reminders("--vault", copy, "install", env={"XDG_STATE_HOME": ""}))
        first, second = self.lines()
        words = shlex.split(second.replace("\\%", "%"))
        self.assertEqual(words[words.index("--vault") + 1], copy)
        self.run_line(second)
        self.assertEqual(self.status("--vault", copy)["last"]["due"], 1)
        self.ok(self.reminders("remove"))
        self.assertEqual(self.lines(), [second])

    def test_a_crontab_that_fails_is_left_alone(self):
        self.fill()
        fake = os.path.join(self.dir, "crontab")
        for text in ("echo 'cannot open your crontab' >&2; exit 1", "[ \"$1\" = -l ] || { echo full >&2; exit 1; }; echo x"):
            with open(fake, "w", encoding="utf-8") as f:
                f.write(f"#!/bin/sh\necho \"$@\" >>{self.dir}/asked\n{text}\n")
            os.chmod(fake, 0o755)
            before = digest(self.crontab)
            result = self.home.run("reminders", "install", wrap=[
                "unshare", "--mount", "sh", "-euc", 'mount --bind "$1" /usr/bin/crontab; shift; exec "$@"', "sh", fake])
            self.refused(result, 1, "/usr/bin/crontab failed")
            self.assertEqual(digest(self.crontab), before)
        with open(os.path.join(self.dir, "asked"), encoding="utf-8") as f:
            self.assertEqual(f.read().split(), ["-l", "-l", "-"])

    def test_directories_that_no_line_can_hold(self):
        self.fill()
        for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            for text in ("\n* * * * * touch /tmp/x", "\x7f", "\t"):
                at = os.path.join(self.dir, variable + text.split("/")[0])
                os.makedirs(at, 0o700, exist_ok=True)
                name = {"XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}.get(variable)
                if name and not os.path.exists(at + "/touchvault"):
                    shutil.copytree(os.path.join(self.home.dir, name, "touchvault"), at + "/touchvault")
                with self.subTest(variable=variable, text=text):
                    self.refused(self.reminders("install", env={variable: at}), 2, variable + " has control characters")
                    self.assertEqual(self.lines(), [self.LINE])

    def test_a_vault_that_is_not_there(self):
        self.refused(self.reminders("--vault", "no", "install"), 3)
        self.assertEqual(self.lines(), [])


if __name__ == "__main__":
    unittest.main()
