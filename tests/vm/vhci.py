# SPDX-License-Identifier: BSD-2-Clause
"""A YubiKey in software as a USB device of the real kernel's, by vhci-hcd: a keyboard
with the HMAC slots behind its feature reports, and FIDO.

The kernel speaks USB/IP (Documentation/usb/usbip_protocol.rst) over a socketpair,
so there is no network. CTAP2 is a VToken's; the slots are libvirtualyk's, which is
called as libykpers would call libusb."""
import ctypes
import glob
import os
import select
import socket
import struct
import threading

VHCI = "/sys/devices/platform/vhci_hcd.0/"
FULL_SPEED = 2
CMD_SUBMIT, CMD_UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
HEADER_LEN = 48
EPIPE, ECONNRESET = 32, 104

VENDOR, PRODUCT = 0x1050, 0x0403
KEYBOARD, FIDO = 0, 1  # interfaces
FIDO_IN, FIDO_OUT = 2, 2
REPORT_LEN = 64
# Modifiers, a byte, six keys; and a vendor's feature report of eight bytes.
KEYBOARD_DESCRIPTOR = bytes.fromhex("05010906a101050719e029e7150025017501950881029501750881"
                                    "01950675081500256505071900296581000903"
                                    "150026ff0075089508b102c0")
STRINGS = {1: "Yubico", 2: "YubiKey OTP+FIDO"}
GET_DESCRIPTOR, SET_CONFIGURATION, SET_INTERFACE = 0x06, 0x09, 0x0b
HID_GET_REPORT, HID_SET_REPORT = 0x01, 0x09


class Slots:
    """One of libvirtualyk's keys, opened and claimed for good."""

    def __init__(self, library, environment, number):
        os.environ.update(environment)
        self.usb = ctypes.CDLL(library)
        devices, self.handle = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_void_p()
        self.usb.libusb_init(None)
        if self.usb.libusb_get_device_list(None, ctypes.byref(devices)) <= number or \
                self.usb.libusb_open(ctypes.c_void_p(devices[number]), ctypes.byref(self.handle)) or \
                self.usb.libusb_detach_kernel_driver(self.handle, 0) or \
                self.usb.libusb_claim_interface(self.handle, 0):
            raise RuntimeError(f"libvirtualyk has no key {number}")

    def report(self, request_type, request, data):
        """What the key answers to a feature report, None: stalled."""
        # As libykpers does for each: that is when the library looks what the finger does.
        self.usb.libusb_claim_interface(self.handle, 0)
        buffer = ctypes.create_string_buffer(data, 8)
        n = self.usb.libusb_control_transfer(self.handle, request_type, request, 0x0300, 0, buffer, 8, 0)
        return buffer.raw if n == 8 else None

    def power_on(self):
        """What it waited for when it was unplugged is forgotten: by the report that ends every wait."""
        self.report(0x21, HID_SET_REPORT, bytes(7) + b"\x8f")


def interface(number, protocol, report_descriptor, *endpoints):
    """Interface, HID and endpoint descriptors. endpoints: address, packet length."""
    subclass = 1 if protocol else 0
    text = struct.pack("<9B", 9, 4, number, 0, len(endpoints), 3, subclass, protocol, 0)
    text += struct.pack("<BBHBBBH", 9, 0x21, 0x0110, 0, 1, 0x22, len(report_descriptor))
    for address, length in endpoints:
        text += struct.pack("<BBBBHB", 7, 5, address, 3, length, 5)
    return text


class VhciYubiKey:
    """Plugged in until close(), at a port of vhci's."""

    def __init__(self, vtoken, slots, fido_descriptor, serial=None, port=0):
        self.reports = {KEYBOARD: KEYBOARD_DESCRIPTOR, FIDO: fido_descriptor}
        self.strings = STRINGS if serial is None else {**STRINGS, 3: serial}
        self.device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, VENDOR, PRODUCT,
                                  0x0543, 1, 2, 3 if serial else 0, 1)
        body = interface(KEYBOARD, 1, KEYBOARD_DESCRIPTOR, (0x81, 8)) + \
            interface(FIDO, 0, fido_descriptor, (0x80 | FIDO_IN, REPORT_LEN), (FIDO_OUT, REPORT_LEN))
        self.configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 2, 1, 0, 0x80, 15) + body
        self.slots, self.port = slots, port
        slots.power_on()
        self.wire = os.open(vtoken.path, os.O_RDWR | os.O_NOCTTY)
        self.waiting = []  # (sequence number, endpoint) of reads that wait for data
        self.arrived = []
        self.ours, theirs = socket.socketpair()
        with open(VHCI + "attach", "w", encoding="ascii") as f:
            f.write(f"{port} {theirs.fileno()} {port + 1} {FULL_SPEED}")
        theirs.close()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _read(self, n):
        data = b""
        while len(data) < n:
            more = self.ours.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _serve(self):
        try:
            while True:
                ready = select.select([self.ours, self.wire], [], [])[0]
                if self.ours in ready:
                    self._request()
                if self.wire in ready:
                    self.arrived.append(os.read(self.wire, REPORT_LEN))
                self._deliver()
        except (EOFError, OSError):
            pass

    def _deliver(self):
        for waits in [w for w in self.waiting if w[1] == FIDO_IN]:
            if self.arrived:
                self.waiting.remove(waits)
                self._return(waits[0], self.arrived.pop(0))

    def _return(self, seqnum, data=b"", length=None, error=0):
        self.ours.sendall(struct.pack(">5IiIIII8x", RET_SUBMIT, seqnum, 0, 0, 0, -error,
                                      len(data) if length is None else length, 0, 0, 0) + data)

    def _request(self):
        header = self._read(HEADER_LEN)
        command, seqnum, _, is_in, endpoint = struct.unpack_from(">5I", header)
        if command == CMD_UNLINK:
            unlinked = struct.unpack_from(">I", header, 20)[0]
            found = [w for w in self.waiting if w[0] == unlinked]
            self.waiting = [w for w in self.waiting if w[0] != unlinked]
            self.ours.sendall(struct.pack(">5Ii24x", RET_UNLINK, seqnum, 0, 0, 0,
                                          -ECONNRESET if found else 0))
            return
        length = struct.unpack_from(">i", header, 24)[0]
        data = b"" if is_in else self._read(length)
        if endpoint == 0:
            self._control(seqnum, header[40:48], data)
        elif is_in:
            self.waiting.append((seqnum, endpoint))
        else:
            os.write(self.wire, b"\0" + data)  # as hidraw is written to: the report's number first
            self._return(seqnum, length=len(data))

    def _control(self, seqnum, setup, data):
        request_type, request, value, index, length = struct.unpack("<BBHHH", setup)
        answer = self._answer(request_type, request, value, index, data)
        if answer is None:
            self._return(seqnum, error=EPIPE)
        elif request_type & 0x80:
            self._return(seqnum, answer[:length])
        else:
            self._return(seqnum, length=len(data))

    def _answer(self, request_type, request, value, index, data):
        if request == GET_DESCRIPTOR and request_type & 0x80:
            return self._descriptor(value >> 8, value & 0xff, index)
        if request_type & 0x60 == 0x20 and index == KEYBOARD and value == 0x0300:
            return self.slots.report(request_type, request, data)
        if request_type == 0x80 or request_type == 0x81:  # GET_STATUS and the like
            return b"\0\0"
        return None if request_type & 0x80 else b""

    def _descriptor(self, kind, number, index):
        if kind == 1:
            return self.device
        if kind == 2:
            return self.configuration
        if kind == 3 and number == 0:
            return struct.pack("<BBH", 4, 3, 0x0409)
        if kind == 3 and number in self.strings:
            text = self.strings[number].encode("utf-16-le")
            return struct.pack("<BB", 2 + len(text), 3) + text
        return self.reports.get(index) if kind == 0x22 else None

    def is_there(self):
        """For the kernel, which takes its time after close()."""
        return glob.glob(f"{VHCI}usb*/*-{self.port + 1}") != []

    def close(self):
        if self.wire < 0:
            return
        with open(VHCI + "detach", "w", encoding="ascii") as f:
            f.write(str(self.port))
        self.thread.join()
        self.ours.close()
        os.close(self.wire)
        self.wire = -1
