# SPDX-License-Identifier: BSD-2-Clause
"""A wire between a program and the token in software: what goes by is kept, and can be
played back to a program later."""
import os
import pty
import select
import struct
import threading
import tty

INIT, KEEPALIVE, CANCEL = 0x06, 0x3b, 0x11
TO_TOKEN, TO_HOST = 65, 64  # bytes of a report; one to the token has its number before it


class Message:
    def __init__(self, to_token, channel, command, length, data):
        self.to_token, self.channel, self.command, self.length = to_token, channel, command, length
        self.data = data

    def takes(self, report):
        """A report that goes on with it."""
        return report[:4] == self.channel and not report[4] & 0x80 and len(self.data) < self.length


def messages(reports):
    """(to_token, report) of CTAPHID, put together."""
    found = []
    for to_token, report in reports:
        if report[4] & 0x80:
            length, = struct.unpack(">H", report[5:7])
            found.append(Message(to_token, report[:4], report[4] & 0x7f, length, report[7:]))
        else:
            last = next(m for m in reversed(found) if m.to_token == to_token and m.takes(report))
            last.data += report[5:]
    for m in found:
        m.data = m.data[:m.length]
    return found


def reports_of(channel, command, data):
    head = channel + bytes([0x80 | command]) + struct.pack(">H", len(data)) + data[:57]
    rest = [data[i:i + 59] for i in range(57, len(data), 59)]
    return [r.ljust(TO_HOST, b"\0") for r in (head, *(channel + bytes([n]) + p for n, p in enumerate(rest)))]


class Port:
    """A device node at path, served by a thread until close()."""

    def __init__(self, path):
        self.path, self.reports = path, []
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.symlink(os.ttyname(self.slave), path)
        self.ended, self.end = os.pipe()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        waiting = {fd: b"" for fd in self.sources()}
        while True:
            ready = select.select([self.ended, *waiting], [], [])[0]
            if self.ended in ready:
                return
            for fd in ready:
                size = TO_TOKEN if fd == self.master else TO_HOST
                waiting[fd] += os.read(fd, 4096)
                while len(waiting[fd]) >= size:
                    report, waiting[fd] = waiting[fd][:size], waiting[fd][size:]
                    self.reports.append((fd == self.master, report[size - TO_HOST:]))
                    self.passed(fd == self.master, report)

    def messages(self):
        return messages(self.reports)

    def close(self):
        os.close(self.end)
        self.thread.join()
        os.unlink(self.path)
        for fd in (self.master, self.slave, self.ended):
            os.close(fd)


class Tap(Port):
    def __init__(self, path, token_path):
        self.token = os.open(token_path, os.O_RDWR | os.O_NOCTTY)
        super().__init__(path)

    def sources(self):
        return self.master, self.token

    def passed(self, to_token, report):
        os.write(self.token if to_token else self.master, report)

    def close(self):
        super().close()
        os.close(self.token)


class Replay(Port):
    """A token that has nothing but what was recorded: the first request of each kind gets what the
    first one got, and so on."""

    def __init__(self, path, recorded):
        self.pairs, self.served = [], []
        asked = None
        for m in recorded:
            if m.to_token and m.command != CANCEL:
                asked = m
            elif not m.to_token and m.command != KEEPALIVE:
                self.pairs.append((asked, m))
        super().__init__(path)

    def sources(self):
        return self.master,

    def passed(self, to_token, report):
        m = self.messages()[-1]
        if len(m.data) < m.length or m.command == CANCEL:
            return
        kind = lambda r: (r.command, b"" if r.command == INIT else r.data[:1])
        pair = next((p for p in self.pairs if kind(p[0]) == kind(m)), None)
        if pair is None:
            return
        self.pairs.remove(pair)
        self.served.append(kind(m))
        data = pair[1].data
        if m.command == INIT:
            data = m.data[:8] + data[8:]
        for r in reports_of(m.channel, pair[1].command, data):
            os.write(self.master, r)
