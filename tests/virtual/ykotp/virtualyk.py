# SPDX-License-Identifier: BSD-2-Clause
"""Drive the YubiKey in software (README.md) from Python."""
import os
import subprocess

RECORD = 256


def sanitizer_of(program):
    """The sanitizer's library must come before ours in a program that has it."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return [line.split()[2] for line in listed.splitlines() if "libasan.so" in line]


class VirtualYk:
    """Keys that are plugged in for the programs started with environment().
    The directory keeps the state, so another VirtualYk with the same name is
    the same keys again."""

    def __init__(self, library, directory, name="yubikey", keys=1, touch="at-once", fault="none"):
        self.library = library
        self.keys = keys
        self.touch, self.fault = touch, fault
        self.state = os.path.join(directory, name + ".state")
        self.log = os.path.join(directory, name + ".log")
        self.control_file = os.path.join(directory, name + ".control")
        self.control()

    def control(self, touch=None, fault=None):
        """Change what the finger does, or what goes wrong, at once."""
        self.touch = touch or self.touch
        self.fault = fault or self.fault
        with open(self.control_file, "w") as f:
            f.write(f"touch {self.touch}\nfault {self.fault}\n")

    def environment(self, program):
        return {"LD_PRELOAD": ":".join([*sanitizer_of(program), self.library]),
                "VIRTUALYK_STATE": self.state, "VIRTUALYK_LOG": self.log,
                "VIRTUALYK_CONTROL": self.control_file, "VIRTUALYK_KEYS": str(self.keys)}

    def tool(self, name, *args, **kwargs):
        """One of Debian's programs, to its end."""
        path = "/usr/bin/" + name
        return subprocess.run([path, *args], env={**os.environ, **self.environment(path)},
                              capture_output=True, text=True, timeout=60, **kwargs)

    def program(self, slot, key, *options, number=0):
        """Give a slot an HMAC key of 20 bytes. Touch and serial number only
        where the options (hmac-lt64, chal-btn-trig, serial-api-visible) say so."""
        # What -ochal-hmac sets by default has to be switched off by name.
        asked = ["-o" + o for o in options]
        if not any(o.lstrip("-") == "hmac-lt64" for o in options):
            asked.append("-o-hmac-lt64")
        if not any(o.lstrip("-") == "serial-api-visible" for o in options):
            asked.append("-o-serial-api-visible")
        return self.tool("ykpersonalize", f"-N{number}", f"-{slot}", "-ochal-resp", "-ochal-hmac",
                         *asked, "-a" + key.hex(), "-y")

    def set_timeout(self, seconds):
        """How long the keys wait for a touch (as a real key's configuration says)."""
        with open(self.state, "rb+") as f:
            for offset in range(0, os.path.getsize(self.state), RECORD):
                f.seek(offset)
                line = f.readline()
                f.seek(offset + len(line) - 3)
                f.write(b"%02d" % seconds)

    def lines(self):
        """All that the log has, without the process numbers."""
        if not os.path.exists(self.log):
            return []
        with open(self.log) as f:
            return [line.rstrip("\n").split(" ", 1)[1] for line in f]

    def events(self):
        """What was done: all lines but the reports."""
        return [line for line in self.lines() if line[:4] not in ("get ", "set ")]
