# SPDX-License-Identifier: BSD-2-Clause
"""A token in software as a HID device of the real kernel's, by /dev/uhid. It has bus
USB, and no USB device above it (linux/uhid.h)."""
import os
import select
import struct
import threading

CREATE2, DESTROY, OUTPUT, INPUT2 = 11, 1, 6, 12
BUS_USB = 3
EVENT_LEN = 8192
DATA_MAX = 4096


class UhidToken:
    """Plugged in until close(): what is written to the HID device goes to the
    pseudo-terminal of a VToken, and back."""

    def __init__(self, vtoken, descriptor, vendor=0x1050, product=0x0402, name="Virtual FIDO"):
        self.wire = os.open(vtoken.path, os.O_RDWR | os.O_NOCTTY)
        self.uhid = os.open("/dev/uhid", os.O_RDWR)
        self.stop_read, self.stop = os.pipe()
        os.write(self.uhid, struct.pack("<I128s64s64sHHIIII", CREATE2, name.encode(), b"", b"",
                                        len(descriptor), BUS_USB, vendor, product, 0, 0)
                 + descriptor.ljust(DATA_MAX, b"\0"))
        self.thread = threading.Thread(target=self._forward, daemon=True)
        self.thread.start()

    def _forward(self):
        while True:
            ready = select.select([self.uhid, self.wire, self.stop_read], [], [])[0]
            if self.stop_read in ready:
                return
            if self.uhid in ready:
                event = os.read(self.uhid, EVENT_LEN)
                if struct.unpack_from("<I", event)[0] == OUTPUT:
                    size = struct.unpack_from("<H", event, 4 + DATA_MAX)[0]
                    os.write(self.wire, event[4:4 + size])
            if self.wire in ready:
                report = os.read(self.wire, 64)
                os.write(self.uhid, struct.pack("<IH", INPUT2, len(report)) +
                         report.ljust(DATA_MAX, b"\0"))

    def is_there(self):
        return self.uhid >= 0

    def close(self):
        if self.uhid < 0:
            return
        os.write(self.stop, b"x")
        self.thread.join()
        os.write(self.uhid, struct.pack("<I", DESTROY))
        for fd in (self.uhid, self.wire, self.stop, self.stop_read):
            os.close(fd)
        self.uhid = -1
