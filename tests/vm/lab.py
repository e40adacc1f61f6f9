# SPDX-License-Identifier: BSD-2-Clause
"""A Debian 12 with systemd, in qemu without KVM: what it takes is made once and kept.

The kernel's package is unpacked, not installed; the root is mmdebstrap's and is
mounted read-only, over 9p, under a tmpfs. A boot takes seconds, and leaves the root
as it was."""
import filecmp
import glob
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time

# Beside the tools of the tests, what the package to be installed depends on.
PACKAGES = """systemd systemd-sysv udev dbus libpam-systemd kmod acl util-linux login passwd procps
    python3 libfido2-1 fido2-tools libykpers-1-1 yubikey-personalization libsodium23 libcbor0.8
    libjansson4 libseccomp2 libssl3 libtss2-esys-3.0.2-0 dbus-user-session usbutils strace openssh-server openssh-client sudo apt-utils whiptail""".split()
MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]
NEEDS = ("qemu-system-x86_64", "mmdebstrap", "dpkg-deb", "apt-get", "busybox", "swtpm", "mke2fs")
TIME_LIMIT = 600

INIT = """#!/bin/busybox sh
set -e
busybox mkdir -p /proc /sys /dev /lower /upper /new
busybox mount -t proc none /proc
busybox mount -t devtmpfs none /dev
while read -r module; do busybox insmod "$module"; done </modules
o=trans=virtio,version=9p2000.L,msize=524288
busybox mount -t 9p -o "$o,ro,cache=loose" root /lower
busybox mount -t tmpfs none /upper
busybox mkdir /upper/upper /upper/work
busybox mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work none /new
busybox mkdir -p /new/host
busybox mount -t 9p -o "$o,cache=none" host /new/host
busybox umount /proc
exec busybox switch_root /new /lib/systemd/systemd
"""
# What the guest is asked to do, when it is up; then it is switched off.
SERVICE = """[Unit]
After=systemd-user-sessions.service getty@tty1.service systemd-logind.service
[Service]
Type=oneshot
StandardOutput=append:/host/said
StandardError=append:/host/said
WorkingDirectory=/host
ExecStart=/bin/sh -c '"$$@"; echo $$? >/host/status' sh /usr/bin/python3 -B /host/guest.py
ExecStopPost=/bin/systemctl --no-block poweroff -ff
"""
# The person at the seat.
GETTY = """[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin alice --noclear %I linux
"""


def missing():
    """What is not there; empty: the lab can be made."""
    wanting = [name for name in NEEDS if shutil.which(name) is None]
    return wanting if os.geteuid() == 0 else [*wanting, "root"]


def unpack_kernel(directory):
    depends = subprocess.run(["apt-cache", "depends", "--important", "linux-image-amd64"], check=True,
                             capture_output=True, text=True).stdout
    package = next(w for w in depends.split() if w.startswith("linux-image-") and w[12].isdigit())
    subprocess.run(["apt-get", "download", "-q", package], cwd=directory, check=True)
    subprocess.run(["dpkg-deb", "-x", *glob.glob(directory + "/linux-image-*.deb"),
                    directory + "/kernel"], check=True)
    # PVH boots what is inside, the sooner, but hides a TPM from the kernel.
    shutil.copy(glob.glob(directory + "/kernel/boot/vmlinuz-*")[0], directory + "/vmlinuz")
    with open(directory + "/vmlinuz", "rb") as f:
        image = f.read()
    with open(directory + "/vmlinux", "wb") as f:
        f.write(lzma.LZMADecompressor().decompress(image[image.index(b"\xfd7zXZ\0"):]))


def make_root(directory):
    root = directory + "/root"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(PACKAGES),
                    '--aptopt=Acquire::Languages "none"', "--dpkgopt=path-exclude=/usr/share/doc/*",
                    "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm", root], check=True)
    # From here on packages are unpacked whole.
    os.unlink(root + "/etc/dpkg/dpkg.cfg.d/99mmdebstrap")
    version = os.listdir(directory + "/kernel/lib/modules")[0]
    shutil.copytree(directory + "/kernel/lib/modules/" + version,
                    root + "/usr/lib/modules/" + version, symlinks=True)

    def there(*command):
        subprocess.run(["chroot", root, *command], check=True)

    there("depmod", version)
    for user in ("alice", "bob"):
        there("useradd", "-m", "-s", "/bin/sh", user)
    there("systemctl", "-q", "mask", "systemd-timesyncd", "apt-daily.timer", "fstrim.timer",
          "systemd-networkd", "e2scrub_all.timer", "dpkg-db-backup.timer", "systemd-firstboot")
    there("systemctl", "-q", "disable", "ssh")
    # It is alice's own machine, and nothing moves on its terminals.
    write(root + "/etc/sudoers.d/alice", "alice ALL=(ALL) NOPASSWD: ALL\n")
    write(root + "/etc/apt/apt.conf.d/99lab", 'Binary::apt { Dpkg::Progress-Fancy "false"; APT::Color "false"; };\n')
    write(root + "/etc/hostname", "desk\n")
    write(root + "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 desk\n")
    # The same at every boot.
    write(root + "/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    write(root + "/etc/systemd/system/lab.service", SERVICE)
    write(root + "/etc/systemd/system/getty@tty1.service.d/lab.conf", GETTY)
    os.symlink("../lab.service", mkdir(root + "/etc/systemd/system/multi-user.target.wants") + "/lab.service")


def mkdir(path):
    os.makedirs(path, exist_ok=True)
    return path


def write(path, text):
    mkdir(os.path.dirname(path))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, errors="replace", encoding="utf-8") as f:
        return f.read()


def modules_in_order(base):
    """MODULES and all that they need, each after what it needs."""
    needs, order = {}, []
    with open(base + "/modules.dep", encoding="utf-8") as f:
        for line in f:
            path, _, deps = line.strip().partition(":")
            needs[os.path.basename(path).split(".")[0].replace("_", "-")] = (path, deps.split())
    for name in MODULES:
        path, deps = needs[name.replace("_", "-")]
        order += [p for p in (*reversed(deps), path) if p not in order]
    return order


def make_initramfs(directory):
    base = glob.glob(directory + "/root/usr/lib/modules/*")[0]
    with tempfile.TemporaryDirectory() as tree:
        shutil.copy(shutil.which("busybox"), mkdir(tree + "/bin") + "/busybox")
        modules = modules_in_order(base)
        for path in modules:
            shutil.copy(os.path.join(base, path), mkdir(tree + "/m"))
        write(tree + "/modules", "".join(f"/m/{os.path.basename(p)}\n" for p in modules))
        write(tree + "/init", INIT)
        os.chmod(tree + "/init", 0o755)
        names = subprocess.run(["find", "."], cwd=tree, check=True, capture_output=True).stdout
        with open(directory + "/initramfs", "wb") as f:
            subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=tree, input=names, stdout=f,
                           stderr=subprocess.DEVNULL, check=True)


def prepare(directory):
    """Everything that a boot takes, in a directory that is kept as long as this file
    is what it was made by."""
    made_by = os.path.join(directory, "made-by")
    if os.path.exists(made_by) and filecmp.cmp(made_by, __file__, shallow=False):
        return
    shutil.rmtree(directory, True)
    mkdir(directory)
    unpack_kernel(directory)
    make_root(directory)
    make_initramfs(directory)
    for path in (directory + "/kernel", *glob.glob(directory + "/*.deb")):
        subprocess.run(["rm", "-r", path], check=True)
    shutil.copy(__file__, made_by)


def machine(directory, share, tpm, disk):
    """The command that is a machine. tpm: where swtpm keeps it; disk: a file."""
    kernel = "/vmlinuz" if tpm else "/vmlinux"
    # A newer processor takes longer, as what libraries and the kernel have for it is slow to emulate.
    command = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-cpu", "Nehalem", "-m", "1024",
               "-smp", "1", "-nodefaults", "-no-reboot", "-display", "none",
               "-serial", "file:" + share + "/console", "-kernel", directory + kernel,
               "-initrd", directory + "/initramfs", "-device", "virtio-rng-pci",
               "-append", "console=ttyS0 quiet panic=-1 systemd.show_status=no mitigations=off"]
    for tag, path, how in (("root", directory + "/root", ",readonly=on"), ("host", share, "")):
        command += ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none{how},"
                    "multidevs=remap"]
    if tpm:
        command += ["-chardev", "socket,id=tpm,path=" + tpm + "/control", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
                    "-device", "tpm-tis,tpmdev=tpm0"]
    if disk:
        command += ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device",
                    "virtio-blk-pci,drive=disk"]
    return command


def start_tpm(state):
    """It ends with the machine. Its state stays."""
    process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state, "--ctrl",
                                f"type=unixio,path={state}/control", "--terminate"], stdin=subprocess.DEVNULL)
    while not os.path.exists(state + "/control") and process.poll() is None:
        time.sleep(0.01)
    return process


def boot(directory, share, tpm=None, disk=None):
    """Boot, run /host/guest.py, and be off again: its exit status and what it said. Where
    the guest writes /host/cut, the power is cut: status 0."""
    for name in ("status", "said", "cut"):
        if os.path.exists(os.path.join(share, name)):
            os.unlink(os.path.join(share, name))
    tpm_process = start_tpm(tpm) if tpm else None
    end = time.monotonic() + TIME_LIMIT
    with subprocess.Popen(machine(directory, share, tpm, disk), stdin=subprocess.DEVNULL) as process:
        while process.poll() is None and time.monotonic() < end and not read(share + "/cut"):
            time.sleep(0.1)
        off = process.poll() is not None
        process.kill()
    if tpm_process:
        tpm_process.terminate()
        tpm_process.wait()
    if read(share + "/cut"):
        return 0, read(share + "/said")
    if not off:
        print("vm: it was not off in time", file=sys.stderr)
    status = read(share + "/status")
    # What the kernel says is of interest where the guest didn't come to its end.
    return int(status or 125), read(share + "/said") + ("" if status else read(share + "/console"))
