#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A machine's TPM in software: Debian's swtpm at a UNIX socket, a tap on the way to it, and
tpm2-tools as a second opinion.

    swtpm.py SOCKET     standard input and output to a TPM: what tpm2-tools start to reach it
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

CREATE_PRIMARY, CREATE, LOAD, UNSEAL = 0x131, 0x153, 0x157, 0x15E
READ_PUBLIC, START_SESSION = 0x173, 0x176
LEAVES = ("createprimary", "load", "sign", "unseal") # a resource manager would clear up behind these


def connect(path, seconds=20):
    end = time.monotonic() + seconds
    while True:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def frame(read):
    """One command or response; b"" where there are no more."""
    p = b""
    while len(p) < 10 or len(p) < struct.unpack(">I", p[2:6])[0]:
        more = read((10 if len(p) < 10 else struct.unpack(">I", p[2:6])[0]) - len(p))
        if not more:
            return b""
        p += more
    return p


class SwTpm:
    """One machine's TPM, on from start() until stop(); name tells the machine."""

    def __init__(self, directory, name="machine"):
        self.state = os.path.join(directory, name + ".swtpm")
        self.path = os.path.join(directory, name + ".tpm")
        self.process = None
        os.mkdir(self.state)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.state, "--server",
             f"type=unixio,path={self.path},mode=0600", "--flags", "not-need-init,startup-clear",
             "--seccomp", "action=none"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        connect(self.path).close()

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None
        if os.path.exists(self.path):
            os.unlink(self.path)

    def tool(self, name, *args, check=True):
        """tpm2_NAME of tpm2-tools."""
        me = os.path.abspath(__file__)
        env = {**os.environ, "TPM2TOOLS_TCTI": f"cmd:{sys.executable} -B {me} {self.path}"}
        r = subprocess.run(["tpm2_" + name, *args], env=env, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and r.returncode != 0:
            raise RuntimeError(f"tpm2_{name}: {r.stderr.decode()}")
        if name in LEAVES:
            self.tool("flushcontext", "-t")
        return r

    def storage_key(self, path, *attributes):
        """The standard one, with these attributes besides; its context goes to path."""
        self.tool("createprimary", "-C", "o", "-G", "ecc256:null:aes128cfb", "-g", "sha256", "-c", path,
                  "-a", "|".join(("fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt",
                                  *attributes)))

    def unseal(self, parts, auth):
        """The seed of a host key file, from what FORMAT.md says: for reader.host_key."""
        with tempfile.TemporaryDirectory() as d:
            srk, public, private, sealed = (os.path.join(d, n) for n in ("srk", "pub", "priv", "sealed"))
            self.storage_key(srk, "noda")
            name = self.tool("readpublic", "-c", srk).stdout.decode()
            if "000b" + parts["srk"].hex() not in name:
                raise AssertionError(f"the storage key is {name}")
            area = struct.pack(">HHIHH", 8, 11, 0x452, 0, 0x10) + b"\0\x20" + parts["unique"]
            for path, blob in ((public, area), (private, parts["private"])):
                with open(path, "wb") as f:
                    f.write(struct.pack(">H", len(blob)) + blob)
            self.tool("load", "-C", srk, "-u", public, "-r", private, "-c", sealed)
            return self.tool("unseal", "-c", sealed, "-p", "hex:" + auth.hex()).stdout

    def left_in_it(self):
        """What was not flushed."""
        return (self.tool("getcap", "handles-transient").stdout +
                self.tool("getcap", "handles-loaded-session").stdout)


class Tap:
    """Sits on the bus: keeps what goes by, and changes it on demand. answers: command to the
    response code that is given in the TPM's place; changes: command to a function of the
    response."""

    def __init__(self, tpm, path):
        self.tpm, self.path, self.seen, self.answers, self.changes = tpm, path, [], {}, {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            with client, connect(self.tpm.path) as tpm:
                self.relay(client, tpm)

    def relay(self, client, tpm):
        while command := frame(client.recv):
            code = struct.unpack(">I", command[6:10])[0]
            if code in self.answers:
                response = struct.pack(">HII", 0x8001, 10, self.answers[code])
            else:
                tpm.sendall(command)
                response = frame(tpm.recv)
                response = self.changes.get(code, bytes)(response)
            self.seen.append((code, command, response))
            client.sendall(response)

    def codes(self):
        return [code for code, _, _ in self.seen]

    def close(self):
        # A close alone doesn't wake who waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def have_swtpm():
    return all(shutil.which(p) for p in ("swtpm", "tpm2_unseal"))


def bridge(path):
    with connect(path) as tpm:
        while command := frame(lambda n: os.read(0, n)):
            tpm.sendall(command)
            os.write(1, frame(tpm.recv))


if __name__ == "__main__":
    bridge(sys.argv[1])
