# SPDX-License-Identifier: BSD-2-Clause
"""Boot the lab with the package, and let what is for the guest run.

    test_vm.py seat|power"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import lab
import previous
import session

SKIPPED = 77
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def older(package, directory):
    """What is upgraded from: the package of the commit before, with a file that is gone since
    and a lower version, which this one may not have."""
    try:
        before, package = previous.package(os.path.join(TESTS, ".."), os.environ["PREVIOUS"])
        print(f"upgraded from {before}")
    except previous.NoPrevious as why:
        print(f"NOT TESTED: an upgrade from the commit before; from this one instead: {why}")
    subprocess.run(["dpkg-deb", "-R", package, directory + "/older"], check=True)
    with open(directory + "/older/DEBIAN/control", encoding="utf-8") as f:
        control = re.sub(r"^(Version: ).*$", r"\g<1>0~older", f.read(), flags=re.M)
    lab.write(directory + "/older/DEBIAN/control", control)
    lab.write(directory + "/older/usr/share/doc/touchvault/only-in-the-old", "")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", directory + "/older", directory + "/older.deb"],
                   check=True, stdout=subprocess.DEVNULL)


def share_for(directory, guest):
    """What the guest sees as /host; the package that is in it."""
    for folder in ("e2e", "fault", "virtual", "vm"):
        shutil.copytree(os.path.join(TESTS, folder), os.path.join(directory, "tests", folder),
                        ignore=shutil.ignore_patterns("*.c", "*.h", "__pycache__"))
    shutil.copy(os.path.join(directory, "tests/vm", guest), directory + "/guest.py")
    shutil.copy(os.environ["VTOKEN"], os.path.join(directory, "vtoken"))
    shutil.copy(os.environ["VIRTUALYK"], os.path.join(directory, "libvirtualyk.so"))
    package, = glob.glob(os.environ["PACKED"] + "/touchvault_*.deb")
    shutil.copy(package, directory)
    shutil.copy(os.path.join(TESTS, "../README.md"), directory)
    return package


def seat(share):
    older(share_for(share, "guest.py"), share)
    return lab.boot(os.environ["LAB"], share)


def power(share):
    """Two boots of one machine, with its TPM and its disk; the first ends abruptly."""
    share_for(share, "guest_power.py")
    disk = share + ".disk"
    os.mkdir(share + "/tpm")
    try:
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", disk, "128M"], check=True)
        status, said = lab.boot(os.environ["LAB"], share, tpm=share + "/tpm", disk=disk)
        if status == 0:
            print(said)
            status, said = lab.boot(os.environ["LAB"], share, tpm=share + "/tpm", disk=disk)
    finally:
        os.unlink(disk)
    return status, said


def main():
    missing = lab.missing()
    if missing:
        required = os.environ.get("TOUCHVAULT_VM") == "required"
        print("FAILED" if required else "SKIPPED", "the tests on a real kernel need " + ", ".join(missing),
              sep=": ", file=sys.stderr)
        sys.exit(1 if required else SKIPPED)
    lab.prepare(os.environ["LAB"])
    with tempfile.TemporaryDirectory(prefix="touchvault-vm.") as share:
        status, said = {"seat": seat, "power": power}[sys.argv[1]](share)
    print(said)
    # Exit status 0 of a run in which nothing ran would be a defect.
    status = status or (0 if "\nOK" in said else 1)
    if status == 0 and sys.argv[1] == "seat":
        untrue = session.difference(said)
        if untrue is not None:
            sys.exit(f"{untrue}; to draw it anew: ctest -R vm/seat -V | tests/vm/session.py >tests/vm/session.svg")
    sys.exit(status)


main()
