# SPDX-License-Identifier: BSD-2-Clause
"""The same entries in touchvault and in its peers, in one temporary directory."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
from xml.sax.saxutils import escape

for folder in ("e2e", "virtual", os.path.join("virtual", "ykotp")):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
from virtualyk import VirtualYk  # noqa: E402
from swtpm import SwTpm, have_swtpm  # noqa: E402
from vtoken import VToken  # noqa: E402

# gpg's own choice on Debian 12, and the quickest key that it makes.
GPG_KEYS = {"rsa3072": ("default", "default"), "cv25519": ("future-default", "default")}


def entries(n):
    """n names with their secrets, sorted, in folders of up to 100."""
    return [(f"broker-{i // 100:03}/key-{i:05}", hashlib.sha256(b"%d" % i).hexdigest())
            for i in range(n)]


def middle(n):
    return entries(n)[n // 2]


class Stores:
    def __init__(self, build, directory):
        self.dir, self.build = directory, build
        self.touchvault = os.path.join(build, "bin/touchvault")
        # The leak checker needs ptrace, which a hardened process refuses.
        self.env = {"HOME": os.path.join(directory, "home"), "PATH": os.environ["PATH"],
                    "LC_ALL": "C.UTF-8", "TERM": "dumb", "ASAN_OPTIONS": "detect_leaks=0"}
        os.mkdir(self.env["HOME"], 0o700)
        self.token = VToken(os.path.join(build, "tests/virtual/vtoken"), directory)
        self.tpm = SwTpm(directory) if have_swtpm() else None

    def close(self):
        self.token.close()
        if self.tpm:
            self.tpm.stop()
        for key in GPG_KEYS:
            if os.path.isdir(self.path("gpg-" + key)):
                subprocess.run(["gpgconf", "--homedir", self.path("gpg-" + key), "--kill", "all"],
                               env=self.env, check=False)

    def path(self, *names):
        return os.path.join(self.dir, *map(str, names))

    def tool(self, name):
        return os.path.join(self.build, "tests/bench", name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def run(self, argv, stdin=b"", env=None):
        """What it prints; a failure ends the benchmark."""
        r = subprocess.run(argv, env={**self.env, **(env or {})}, input=stdin, capture_output=True)
        if r.returncode != 0:
            raise SystemExit(f"bench.py: {' '.join(argv)}: status {r.returncode}: "
                             f"{r.stderr.decode(errors='replace').strip()}")
        return r.stdout

    # touchvault

    def vault(self, n, *args):
        return [self.touchvault, "--vault", f"n{n}", "--device", self.token.path, *args]

    def fill_vault(self, n):
        self.run(self.vault(n, "init", "--kind", "keyfile"))
        home, floor = self.env["HOME"], self.path(f"floor-{n}")
        os.mkdir(floor)
        lines = "".join(f"{name}\t{value}\n" for name, value in entries(n))
        self.run([self.tool("bench_fill"), f"{home}/.local/share/touchvault/n{n}.tv",
                  f"{home}/.local/state/touchvault/host.key",
                  f"{home}/.local/state/touchvault/state", self.token.path, floor],
                 lines.encode())

    def fill_yubikey(self):
        """A vault with one entry that a YubiKey's slot opens. What preloads the key
        in software, and the command."""
        yk = VirtualYk(os.path.join(self.build, "tests/virtual/ykotp/libvirtualyk.so"), self.dir)
        yk.program(2, bytes(20), "hmac-lt64", "chal-btn-trig", "serial-api-visible")
        env = yk.environment(self.touchvault)
        vault = [self.touchvault, "--vault", "yubikey", "--device", "yubikey"]
        self.run([*vault, "init", "--no-passphrase", "--kind", "keyfile"], env=env)
        self.run([*vault, "add", "k", "--field", "a=-"], b"secret", env)
        return yk, env, [*vault, "get", "k"]

    # touchvault on a host whose key a TPM seals, and on one whose key is in a file

    def host_env(self, kind):
        return {"XDG_DATA_HOME": self.path(kind), "XDG_STATE_HOME": self.path(kind)}

    def fill_hosts(self):
        name, value = middle(1)
        for kind, options in (("tpm2", ["--tpm", self.tpm.path]), ("keyfile", ["--kind", "keyfile"])):
            os.mkdir(self.path(kind), 0o700)
            self.run(self.vault(1, "init", *options), env=self.host_env(kind))
            self.run(self.vault(1, "add", name, "--field", "secret=-"), value.encode(),
                     self.host_env(kind))

    def fill_log(self, n, lines):
        status = json.loads(self.run(self.vault(n, "--json", "status")))
        self.run([self.tool("bench_log"), f"{self.env['HOME']}/.local/state/touchvault/state",
                  status["id"], str(lines)])

    # pass

    def make_gpg(self, key):
        home = self.path("gpg-" + key)
        os.mkdir(home, 0o700)
        self.run(["gpg", "--homedir", home, "--batch", "--passphrase", "", "--quick-generate-key",
                  "bench", *GPG_KEYS[key], "never"])

    def pass_env(self, n, key):
        return {"GNUPGHOME": self.path("gpg-" + key),
                "PASSWORD_STORE_DIR": self.path(f"pass-{key}-{n}")}

    def fill_pass(self, n, key):
        """One secret encrypted, and copies of it under all the other names:
        how long `pass` takes depends on their number, not on what is in them."""
        env = self.pass_env(n, key)
        store = env["PASSWORD_STORE_DIR"]
        os.mkdir(store, 0o700)
        self.run(["pass", "init", "bench"], env=env)
        name, value = middle(n)
        self.run(["pass", "insert", "-e", name], value.encode() + b"\n", env)
        for other, _ in entries(n):
            os.makedirs(os.path.dirname(f"{store}/{other}"), 0o700, exist_ok=True)
            if other != name:
                shutil.copy(f"{store}/{name}.gpg", f"{store}/{other}.gpg")
        os.mkdir(f"{store}/bench", 0o700)

    # age

    def fill_age(self, sizes):
        identity = self.path("age-identity")
        self.run(["age-keygen", "-o", identity])
        recipient = self.run(["age-keygen", "-y", identity]).decode().strip()
        for n in sizes:
            self.run(["age", "-r", recipient, "-o", self.path(f"age-{n}")], middle(n)[1].encode())

    # KeePassXC

    def fill_keepassxc(self, n):
        groups = {}
        for name, value in entries(n):
            group, title = name.split("/")
            groups.setdefault(group, []).append(
                "<Entry><String><Key>Title</Key><Value>%s</Value></String><String><Key>Password</Key>"
                "<Value>%s</Value></String></Entry>" % (escape(title), escape(value)))
        body = "".join(f"<Group><Name>{g}</Name>{''.join(e)}</Group>" for g, e in groups.items())
        xml = self.write(f"keepass-{n}.xml", '<?xml version="1.0" encoding="UTF-8"?><KeePassFile>'
                         "<Meta><Generator>bench</Generator></Meta><Root><Group><Name>Root</Name>"
                         f"{body}</Group></Root></KeePassFile>")
        key = self.write(f"keepass-key-{n}", os.urandom(32))
        self.run(["keepassxc-cli", "import", "-q", "--set-key-file", key, xml,
                  self.path(f"keepass-{n}.kdbx")])

    def fill(self, sizes, have):
        for n in sizes:
            self.fill_vault(n)
        if self.tpm:
            self.fill_hosts()
        for key in GPG_KEYS if have["pass"] else ():
            self.make_gpg(key)
            for n in sizes:
                self.fill_pass(n, key)
        if have["age"]:
            self.fill_age(sizes)
        for n in sizes if have["keepassxc-cli"] else ():
            self.fill_keepassxc(n)
