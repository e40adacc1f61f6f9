# SPDX-License-Identifier: BSD-2-Clause
"""What a person waits for: from the touch to the first byte, and from Ctrl-C to
the prompt."""
import base64
import os
import signal
import socket
import statistics
import subprocess
import time

from report import paired
from stores import middle

TITLE = "after the touch"
SETTLE = 0.03  # seconds: whatever a program does before the touch is done by then


class Waits:
    def __init__(self, name, argv, stdin=None):
        self.name, self.argv, self.stdin, self.wall = name, argv, stdin, []


def assert_input(s, n):
    """What `fido2-assert -G -h` reads: any challenge, and the credential and salt
    of the floor, which are on the same token."""
    def text(name):
        with open(s.path(f"floor-{n}", name), "rb") as f:
            return base64.b64encode(f.read()).decode()
    challenge = base64.b64encode(bytes(32)).decode()
    return s.write("assert", f"{challenge}\ntouchvault:\n{text('credential')}\n{text('salt')}\n")


def commands(s, n):
    get = s.vault(n, "get", middle(n)[0])
    return [Waits("touchvault get", get), Waits("  the same again", get),
            Waits("fido2-assert -G -h", ["fido2-assert", "-G", "-h", s.token.path], assert_input(s, n))]


def start(s, c):
    """It is running, and has done all that it can without the touch."""
    with open(c.stdin or os.devnull, "rb") as f:
        p = subprocess.Popen(c.argv, env=s.env, stdin=f, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while s.token.status()["waiting"] != "1":
        if p.poll() is not None:
            raise SystemExit(f"bench.py: {c.name}: ended with {p.returncode} before the touch")
    time.sleep(SETTLE)
    return p


def finish(c, p, status=0):
    p.stdout.close()
    if p.wait() != status:
        raise SystemExit(f"bench.py: {c.name}: status {p.returncode}")


def touch_once(s, c):
    """Milliseconds from the touch to the first byte."""
    p = start(s, c)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.connect(s.token.socket_path)
        begin = time.monotonic_ns()
        control.sendall(b"touch now\n")
        first = os.read(p.stdout.fileno(), 1)
        wall = (time.monotonic_ns() - begin) / 1e6
    if not first:
        raise SystemExit(f"bench.py: {c.name}: printed nothing")
    while os.read(p.stdout.fileno(), 65536):
        pass
    finish(c, p)
    return wall


def cancel_once(s, c):
    p = start(s, c)
    begin = time.monotonic_ns()
    p.send_signal(signal.SIGINT)
    finish(c, p, 14)
    return (time.monotonic_ns() - begin) / 1e6


def over(a, b):
    return {"wall": statistics.median(paired(a.wall, b.wall)), "min": min(a.wall) / min(b.wall)}


def measure(s, n, rounds):
    rows = commands(s, n)
    s.token.control("touch-policy never")
    for i in range(rounds + 1):
        for j in range(len(rows)):
            c = rows[(i + j) % len(rows)]
            wall = touch_once(s, c)
            if i > 0:  # the first warms up
                c.wall.append(wall)
    cancel = [cancel_once(s, rows[0]) for _ in range(max(5, rounds // 4))]
    s.token.control("touch-policy at-once")
    return {"title": TITLE, "rows": [{"name": c.name, "wall_ms": c.wall} for c in rows],
            "a_a": over(rows[0], rows[1]), "ratio": over(rows[0], rows[2]), "cancel_ms": cancel}


def text(figures):
    ratio, a_a = figures["ratio"], figures["a_a"]
    lines = [f"{TITLE}, to the first byte{'':13}{'median':>9}{'min':>9} ms"]
    lines += [f"  {row['name']:40}{statistics.median(row['wall_ms']):9.2f}{min(row['wall_ms']):9.2f}"
              for row in figures["rows"]]
    lines.append(f"  touchvault over fido2-assert: {ratio['wall']:.3f}, of the minima {ratio['min']:.3f}; aim <= 1"
                 f" (same against same: {a_a['wall']:.3f}, {a_a['min']:.3f})")
    lines.append(f"  Ctrl-C instead of the touch, to the end: median {statistics.median(figures['cancel_ms']):.2f}, "
                 f"at most {max(figures['cancel_ms']):.2f} ms; aim <= 200")
    return "\n".join(lines) + "\n"
