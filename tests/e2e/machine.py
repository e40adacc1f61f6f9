# SPDX-License-Identifier: BSD-2-Clause
"""A machine to look at: this one's programs, and /dev, /run, /sys and /etc made up.

    machine.py DESCRIPTION COMMAND...     in a mount namespace of its own, as root

DESCRIPTION is a file of JSON: "files" (path to text), "nodes" (path to what is
made there), "uid", "gid" and "groups" of who runs the command."""
import json
import os
import struct
import subprocess
import sys

ROOT = "/mnt"
MADE_UP = ("dev", "run", "etc", "sys", "mnt")
FIDO_DESCRIPTOR = "06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0"
KEYBOARD_DESCRIPTOR = "05010906a101050719e029e71500250175019508810295017508810195057501c0"
EVERYBODY = 0xffffffff


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def acl(entries):
    """[[tag, permissions, id], ...] as the kernel has it."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def build(description):
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "none", ROOT)
    for name in os.listdir("/"):
        path, there = os.path.join(ROOT, name), os.path.join("/", name)
        if os.path.islink(there):
            os.symlink(os.readlink(there), path)
        elif os.path.isdir(there):
            os.mkdir(path)
            if name not in MADE_UP:
                mount("--rbind", there, path)
    for name in ("null", "zero", "urandom", "tty"):
        path = os.path.join(ROOT, "dev", name)
        os.mknod(path, 0o020666, os.stat("/dev/" + name).st_rdev)
        os.chmod(path, 0o666)
    for path, text in description["files"].items():
        os.makedirs(os.path.dirname(ROOT + path), exist_ok=True)
        with open(ROOT + path, "wb") as f:
            f.write(bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode())
    for path, node in description["nodes"].items():
        os.makedirs(os.path.dirname(ROOT + path), exist_ok=True)
        os.mknod(ROOT + path, 0o060600 if node.get("block") else 0o020600, os.makedev(*node.get("device", (1, 3))))
        os.chown(ROOT + path, node.get("uid", 0), node.get("gid", 0))
        os.chmod(ROOT + path, node.get("mode", 0o600))
        if "acl" in node:
            os.setxattr(ROOT + path, "system.posix_acl_access", acl(node["acl"]))
    for path, target in description.get("over", {}).items():
        # The process that looks is this one, by and by.
        mount("--bind", target, ROOT + path.replace("/proc/self/", f"/proc/{os.getpid()}/"))


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        description = json.load(f)
    build(description)
    os.chroot(ROOT)
    os.chdir("/")
    os.setgroups(description.get("groups", []))
    os.setgid(description["gid"])
    os.setuid(description["uid"])
    os.execv(sys.argv[2], sys.argv[2:])


class Machine:
    """One token at /dev/hidraw0, udev running, alice (1000) in front of seat0. A
    test changes what it is about."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "machine.json")
        self.is_of = {"files": {}, "nodes": {}, "over": {}, "uid": 1000, "gid": 1000, "groups": []}
        self.files, self.nodes = self.is_of["files"], self.is_of["nodes"]
        self.files.update({
            "/etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n",
            "/etc/group": "root:x:0:\nplugdev:x:46:\n",
            "/etc/nsswitch.conf": "passwd: files\ngroup: files\n",
            "/run/udev/control": "",
            "/etc/udev/rules.d/README": "",
            "/run/systemd/seats/seat0": "ACTIVE=3\nACTIVE_UID=1000\nSESSIONS=3\n",
        })
        self.hidraw(0)

    def hidraw(self, i, descriptor=FIDO_DESCRIPTOR, name="Yubico YubiKey OTP+FIDO+CCID", **node):
        device = f"/sys/class/hidraw/hidraw{i}/device"
        self.files[device + "/report_descriptor"] = "hex:" + descriptor
        self.files[device + "/uevent"] = f"DRIVER=hid-generic\nHID_NAME={name}\n"
        self.files[f"/sys/class/hidraw/hidraw{i}/uevent"] = f"MAJOR=1\nMINOR=3\nDEVNAME=hidraw{i}\n"
        self.nodes[f"/dev/hidraw{i}"] = node

    def usb(self, name, vendor, product, devnum, text=None, **node):
        device = f"/sys/bus/usb/devices/{name}"
        self.files.update({device + "/idVendor": vendor + "\n", device + "/idProduct": product + "\n",
                           device + "/uevent": "MAJOR=1\nMINOR=3\nDEVTYPE=usb_device\n",
                           device + "/busnum": "1\n", device + f"/devnum": f"{devnum}\n"})
        if text:
            self.files[device + "/product"] = text + "\n"
        self.nodes[f"/dev/bus/usb/001/{devnum:03}"] = node

    def record(self, *lines, device=(1, 3)):
        """What udev knows of the device behind a node."""
        self.files["/run/udev/data/c%d:%d" % tuple(device)] = "\n".join((*lines, ""))

    def to_user(self, uid, mode=0o660):
        """What the uaccess builtin makes of a node."""
        return {"mode": mode, "acl": [[1, 6, EVERYBODY], [2, 6, uid], [4, 6, EVERYBODY],
                                      [0x10, 6, EVERYBODY], [0x20, 0, EVERYBODY]]}

    def as_root(self):
        self.is_of.update(uid=0, gid=0)

    def wrap(self):
        with open(self.path, "w", encoding="utf-8") as f:
            json.dump(self.is_of, f)
        return ["unshare", "--mount", sys.executable, "-B", os.path.abspath(__file__), self.path]


if __name__ == "__main__":
    main()
