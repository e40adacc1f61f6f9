# SPDX-License-Identifier: BSD-2-Clause
"""Drive the token in software (README.md) from Python."""
import os
import socket
import subprocess


class VToken:
    """One token that is plugged in until close(). Its directory keeps the
    state, so another VToken with the same name is the same token again."""

    def __init__(self, program, directory, name="token", **options):
        self.state = os.path.join(directory, name + ".state")
        self.log = os.path.join(directory, name + ".log")
        self.path = os.path.join(directory, name)
        self.socket_path = os.path.join(directory, name + ".ctl")
        options.setdefault("touch", "at-once")
        command = [program, "--with-parent", "--state", self.state, "--log", self.log,
                   "--link", self.path, "--control", self.socket_path]
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            command += [flag] if value is True else [flag, str(value)]
        # A session of its own: no terminal, so none is adopted.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.close()
            raise RuntimeError("the virtual token did not start")

    def control(self, line):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.connect(self.socket_path)
            s.sendall(line.encode() + b"\n")
            answer = s.makefile().readline().strip()
        if not answer.startswith("ok"):
            raise RuntimeError(f"{line}: {answer}")
        return answer[3:]

    def status(self):
        return dict(p.split("=", 1) for p in self.control("status").split(" ") if "=" in p)

    def transactions(self):
        """Every finished transaction so far: "CBOR getAssertion -> 00"."""
        with open(self.log) as f:
            return [line[4:].strip() for line in f if line.startswith("txn ")]

    def frames(self):
        with open(self.log) as f:
            return f.read()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
