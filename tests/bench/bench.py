#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Time the shipped programs against floors and peers. README.md says how to read it.

Ends with a status other than 0 only where a run failed or an output was wrong."""
import argparse
import hmac
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import report
import touch
from stores import GPG_KEYS, Stores, entries, middle
from machine import Machine  # stores says where that is

PEERS = {"pass": "pass", "age": "age", "keepassxc-cli": "keepassxc-cli",
         "ykchalresp": "yubikey-personalization"}
SYNCS = re.compile(r"\b(?:fsync|fdatasync|syncfs|sync_file_range|sync)\(")


class Command:
    """One row. peer: what must be installed for it; expect: what it must print,
    None: always the same, whatever it is; aim: for the ratio of the first row to this one;
    cpu_aim: for this row's own CPU time, in ms."""

    def __init__(self, name, argv, peer=None, stdin=None, expect=None, env=None, aim=None, cpu_aim=None):
        self.name, self.peer, self.stdin, self.expect, self.aim = name, peer, stdin, expect, aim
        self.cpu_aim = cpu_aim
        self.argv, self.env, self.fsyncs = argv, env or {}, None

    def resolved(self):
        return [shutil.which(self.argv[0]) or self.argv[0], *self.argv[1:]]


def twice(name, argv, **kwargs):
    """The row that is judged, and the same again, which shows the noise."""
    again = [a.replace("bench/a", "bench/b") for a in argv]
    return [Command(name, argv, **kwargs), Command("  the same again", again, **kwargs)]


def get_group(s, n):
    name, value = middle(n)
    aims = {"floor": 1.5, "pass": 0.4} if n == 1000 else {}
    commands = twice("touchvault get", s.vault(n, "get", name), expect=value)
    commands.append(Command("floor: libfido2, libsodium",
                            [s.tool("bench_floor"), s.token.path, s.path(f"floor-{n}")],
                            expect=value, aim=aims.get("floor")))
    for key in GPG_KEYS:
        commands.append(Command(f"pass show ({key})", ["pass", "show", name], "pass",
                                expect=value + "\n", env=s.pass_env(n, key), aim=aims.get("pass")))
    commands.append(Command("gpg -d alone (cv25519)", [
        "gpg", "-q", "-d", s.path("pass-cv25519-" + str(n), name + ".gpg")], "pass",
        expect=value + "\n", env=s.pass_env(n, "cv25519")))
    commands.append(Command("age -d", ["age", "-d", "-i", s.path("age-identity"),
                                       s.path(f"age-{n}")], "age", expect=value))
    commands.append(Command("keepassxc-cli show", [
        "keepassxc-cli", "show", "-q", "--no-password", "-k", s.path(f"keepass-key-{n}"), "-s", "-a",
        "Password", s.path(f"keepass-{n}.kdbx"), name], "keepassxc-cli", expect=value + "\n"))
    return {"title": f"get, {n:,} entries", "commands": commands}


def tpm_group(s):
    """What a TPM adds: of a TPM in software, the libraries and the arithmetic."""
    name, value = middle(1)
    commands = twice("touchvault get, TPM", s.vault(1, "get", name), expect=value,
                     env=s.host_env("tpm2"))
    commands.append(Command("touchvault get, key file", s.vault(1, "get", name), expect=value,
                            env=s.host_env("keyfile")))
    return {"title": "get, the host key sealed by a TPM", "commands": commands}


def list_group(s, n):
    commands = twice("touchvault list", s.vault(n, "list"))
    commands.append(Command("trivial: libsodium, a line", [s.tool("bench_trivial")],
                            expect="trivial\n"))
    commands.append(Command("pass ls", ["pass", "ls"], "pass", env=s.pass_env(n, "cv25519"),
                            aim=0.1))
    return {"title": f"list, {n:,} entries", "commands": commands}


def due_group(s, n):
    """On a day when nothing is due, which is most of them; and a list of all dates."""
    commands = twice("touchvault due", s.vault(n, "due"), expect="")
    commands.append(Command("touchvault due --within 1y", s.vault(n, "due", "--within", "1y")))
    commands.append(Command("touchvault reminders run", s.vault(n, "reminders", "run"), expect="",
                            cpu_aim=20))
    commands.append(Command("touchvault list", s.vault(n, "list")))
    # The day has nothing that is to be told: a touch has opened the vault lately.
    return {"title": f"due, {n:,} entries", "commands": commands,
            "before": lambda: s.run(s.vault(n, "get", middle(n)[0]))}


def add_group(s, n):
    secret = s.write("new-secret", "0123456789abcdef" * 4)
    commands = twice("touchvault add", s.vault(n, "add", "bench/a{n}", "--field", "secret=-"),
                     stdin=secret, expect="")
    for key in GPG_KEYS:
        commands.append(Command(f"pass insert ({key})", ["pass", "insert", "-e", "bench/x{n}"],
                                "pass", stdin=secret, env=s.pass_env(n, key), expect=""))
    return {"title": f"add, to {n:,} entries", "commands": commands, "added_to": n}


def fill_log(s, n, verify, lines):
    s.fill_log(n, lines)
    found = json.loads(s.run(verify))
    if found["faults"] or min(found["lines"], found["proven"]["lines"]) < lines:
        raise SystemExit(f"bench.py: the log is not proven: {found}")


def log_group(s, n, lines):
    """The log grows by the touch of each round, so its output is looked at once, before."""
    verify = s.vault(n, "log", "verify", "--json")
    quietly = ["sh", "-c", 'exec "$@" >/dev/null', "sh"]
    commands = twice("touchvault log verify", quietly + verify, expect="")
    commands.append(Command("touchvault get", s.vault(n, "get", middle(n)[0]), expect=middle(n)[1]))
    return {"title": f"log verify, {lines:,} lines", "commands": commands,
            "before": lambda: fill_log(s, n, verify, lines)}


def version_group(s):
    commands = twice("touchvault version", [s.touchvault, "version"])
    commands.append(Command("trivial: libsodium, a line", [s.tool("bench_trivial")],
                            expect="trivial\n", aim=1.5))
    commands.append(Command("/bin/true", ["/bin/true"], expect="", aim=3))
    return {"title": "version", "commands": commands}


def udev_group(s):
    """On a machine that is made up, with two YubiKeys; as root."""
    machine = Machine(s.dir)
    machine.as_root()
    machine.files["/etc/udev/rules.d/70-touchvault.rules"] = s.run([s.touchvault, "udev", "show"]).decode()
    machine.record("E:ID_TOUCHVAULT=fido", "G:uaccess", "Q:uaccess")
    machine.hidraw(1)
    for number in (1, 2):
        machine.usb(f"1-{number}", "1050", "0407", number, "YubiKey OTP+FIDO+CCID")
    commands = twice("touchvault udev check", [s.touchvault, "udev", "check"], aim="100 ms")
    commands.append(Command("touchvault version", [s.touchvault, "version"]))
    return {"title": "udev check", "commands": commands, "wrap": machine.wrap()}


def yubikey_groups(s):
    """With the finger there, and 700 ms later: how soon is it noticed?"""
    yk, env, get = s.fill_yubikey()
    challenge = "5a" * 63
    answer = hmac.new(bytes(20), bytes.fromhex(challenge), "sha1").hexdigest() + "\n"
    for touch_policy, title in (("at-once", "touched at once"), ("after:700", "touched after 700 ms")):
        def policy(touch_policy=touch_policy):
            yk.control(touch=touch_policy)
        commands = twice("touchvault get", get, expect="secret", env=env)
        commands.append(Command("ykchalresp", ["ykchalresp", "-2", "-x", challenge], "ykchalresp",
                                expect=answer, env=yk.environment("/usr/bin/ykchalresp")))
        yield {"title": f"YubiKey's slot, {title}", "commands": commands, "before": policy}


def groups_of(s, sizes, log_lines):
    yield version_group(s)
    if os.geteuid() == 0:
        yield udev_group(s)
    else:
        print("udev check\n  *** NOT MEASURED: a machine with tokens takes root to make up. ***\n")
    yield from yubikey_groups(s)
    if s.tpm:
        yield tpm_group(s)
    for group in (get_group, list_group, due_group, add_group):
        for n in sizes:
            yield group(s, n)
    yield log_group(s, sizes[0], log_lines)


def write_plan(s, commands):
    lines = []
    for i, c in enumerate(commands):
        lines.append(f"command {c.name}")
        lines += [f"arg {a}" for a in c.resolved()]
        lines += [f"env {k}={v}" for k, v in c.env.items()]
        if c.stdin:
            lines.append(f"stdin {c.stdin}")
        if c.expect is not None:
            lines.append("expect " + s.write(f"expect-{i}", c.expect))
    return s.write("plan", "\n".join(lines) + "\n")


def count_syncs(s, command):
    """How often one run of it asks the kernel to make a file durable."""
    log, argv = s.path("strace"), [a.replace("{n}", "-strace") for a in command.resolved()]
    with open(command.stdin or os.devnull, "rb") as f:
        s.run(["strace", "-f", "-qq", "-o", log, "-e",
               "trace=fsync,fdatasync,sync,syncfs,sync_file_range", *argv], f.read(), command.env)
    with open(log) as f:
        return len(SYNCS.findall(f.read()))


def run_group(s, group, rounds, warm_up, have):
    missing = [c for c in group["commands"] if c.peer and not have[c.peer]]
    group["missing"] = [c.name for c in missing]
    group["commands"] = [c for c in group["commands"] if c not in missing]
    samples = s.path("samples")
    r = subprocess.run([*group.get("wrap", ()), s.tool("bench_run"), write_plan(s, group["commands"]), str(rounds),
                        str(warm_up), samples], env=s.env, check=False)
    if r.returncode != 0:
        return None
    for c in group["commands"] if "added_to" in group and have["strace"] else ():
        c.fsyncs = count_syncs(s, c)
    return report.group_figures(group, report.read_samples(samples))


def check_lists(s, n, have):
    """What the runner only compares with itself."""
    names = [name for name, _ in entries(n)]
    listed = [e["name"] for e in json.loads(s.run(s.vault(n, "--json", "list")))]
    plain = s.run(s.vault(n, "list")).decode()
    wrong = listed != names or not all(name in plain for name in names)
    if have["pass"]:
        tree = s.run(["pass", "ls"], env=s.pass_env(n, "cv25519")).decode()
        wrong = wrong or not all(name.split("/")[1] in tree for name in names)
    if wrong:
        raise SystemExit(f"bench.py: a list of {n} entries is not what was stored")


def check_added(s, n, rounds):
    """Every `add` of the rounds is there, with its secret."""
    names = {e["name"] for e in json.loads(s.run(s.vault(n, "--json", "list")))}
    missing = {f"bench/{x}{i}" for x in "ab" for i in range(rounds)} - names
    if missing or s.run(s.vault(n, "get", "bench/a0")) != b"0123456789abcdef" * 4:
        raise SystemExit(f"bench.py: what was added to {n} entries is not all there")


def transactions(s, argv):
    before = len(s.token.transactions())
    s.run(argv)
    return len(s.token.transactions()) - before


def version_of(argv):
    r = subprocess.run(argv, capture_output=True, text=True, check=False)
    return next((re.search(r"v?\d+\.\d[\w.]*", line).group() for line in r.stdout.splitlines()
                 if re.search(r"v?\d+\.\d[\w.]*", line)), "?")


def fsync_ms(directory):
    """What one fsync costs there; close to nothing means a disk that doesn't wait."""
    took = []
    with tempfile.TemporaryFile(dir=directory) as f:
        for _ in range(21):
            f.write(bytes(4096))
            f.flush()
            start = time.monotonic()
            os.fsync(f.fileno())
            took.append((time.monotonic() - start) * 1e3)
    return statistics.median(took)


def system_facts(build, directory, have):
    cache = open(os.path.join(build, "CMakeCache.txt")).read()
    build_type = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache, re.M)
    with open("/proc/cpuinfo") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())
    fs = subprocess.run(["df", "--output=fstype", directory], capture_output=True, text=True,
                        check=False).stdout.split()[-1]
    return {"kernel": platform.release(), "cpu": cpu.group(1) if cpu else platform.machine(),
            "cpus": os.cpu_count(), "load": os.getloadavg(), "directory": directory,
            "file_system": fs, "fsync_ms": fsync_ms(directory),
            "build_type": build_type.group(1) if build_type else "",
            "sanitizers": "-fsanitize" in cache, "time": int(time.time()),
            "peers": {p: version_of([p, "--version"]) if have[p] else None for p in PEERS}}


def facts_text(f):
    peers = ", ".join(f"{p} {v or '*** NOT INSTALLED ***'}" for p, v in f["peers"].items())
    text = (f"{f['cpu']}, {f['cpus']} CPUs, Linux {f['kernel']}, load {f['load'][0]:.2f}; "
            f"files on {f['file_system']}, an fsync there {f['fsync_ms']:.2f} ms\npeers: {peers}\n")
    if f["build_type"] != "Release" or f["sanitizers"]:
        text += "*** NOT A RELEASE BUILD: the times below mean nothing; outputs are checked. ***\n"
    return text


def benchmark(s, args, have):
    result = {"system": system_facts(s.build, s.dir, have), "rounds": args.rounds, "groups": []}
    print(facts_text(result["system"]), flush=True)
    if args.rounds < 40:
        print(f"*** {args.rounds} rounds say whether outputs are right, not how long it takes. ***\n")
    s.fill(args.sizes, have)
    n = args.sizes[0]
    result["transactions"] = {
        "touchvault get": transactions(s, s.vault(n, "get", middle(n)[0])),
        "floor": transactions(s, [s.tool("bench_floor"), s.token.path, s.path(f"floor-{n}")])}
    for n in args.sizes:
        check_lists(s, n, have)
    failed = []
    for group in groups_of(s, args.sizes, args.log_lines):
        if not re.search(args.only, group["title"]):
            continue
        group.pop("before", lambda: None)()
        figures = run_group(s, group, args.rounds, args.warm_up, have)
        if figures is None:
            failed.append(group["title"])
            print(f"{group['title']}\n  *** VOID: a run failed or printed something else. ***\n")
            continue
        result["groups"].append(figures)
        print(report.group_text(figures), flush=True)
        if "added_to" in group:
            check_added(s, group["added_to"], args.rounds + args.warm_up)
    if have["fido2-assert"] and re.search(args.only, touch.TITLE):
        result["touch"] = touch.measure(s, n, args.rounds)
        print(touch.text(result["touch"]), flush=True)
    print("Transactions with the token: " +
          ", ".join(f"{k} {v}" for k, v in result["transactions"].items()))
    print(report.NOTES, end="")
    for tool in (k for k, v in {**have, "swtpm": s.tpm}.items() if not v):
        print(f"*** NOT INSTALLED: {tool}. What needs it is missing above. ***")
    result["failed"] = failed
    return result


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default="build/release", help="build directory (%(default)s)")
    p.add_argument("--rounds", type=int, default=60, help="pairs for each ratio (%(default)s)")
    p.add_argument("--warm-up", type=int, default=3, help="rounds before those (%(default)s)")
    p.add_argument("--sizes", type=lambda t: [int(n) for n in t.split(",")],
                   default=[10, 1000, 10000], help="entries, as 10,1000,10000")
    p.add_argument("--log-lines", type=int, default=100000, help="of the audit log (%(default)s)")
    p.add_argument("--only", default="", metavar="REGEX", help="only groups whose title matches")
    p.add_argument("--dir", help="where the temporary directory goes; its disk is the one timed")
    p.add_argument("--json", metavar="FILE", help="all samples, too")
    p.add_argument("--quick", action="store_true", help="5 rounds: are the outputs right?")
    args = p.parse_args()
    args.build = os.path.abspath(args.build)
    if args.quick:
        args.rounds, args.warm_up, args.log_lines = 5, 1, 1000
    return args


def in_own_session():
    """Without a terminal, and not the leader of its session where the commands
    run: a leader without one would adopt the token's pseudo-terminal."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _: os.kill(pid, signal.SIGTERM))
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def main():
    args = arguments()
    in_own_session()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench.py: stopped"))
    have = {tool: shutil.which(tool) is not None for tool in (*PEERS, "strace", "fido2-assert")}
    with tempfile.TemporaryDirectory(prefix="tvbench.", dir=args.dir) as directory:
        s = Stores(args.build, directory)
        try:
            result = benchmark(s, args, have)
        finally:
            s.close()
    if args.json:
        with open(args.json, "w") as f:
            json.dump(result, f, indent=1)
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
