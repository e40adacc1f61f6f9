# SPDX-License-Identifier: BSD-2-Clause
"""One boot: what is installed is taken in, and guest.py run."""
import os
import shutil
import subprocess
import sys
import tempfile

import lab

SKIPPED = 77
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def share_for(directory):
    """What the guest sees as /host."""
    for folder in ("e2e", "virtual", "vm"):
        shutil.copytree(os.path.join(TESTS, folder), os.path.join(directory, "tests", folder),
                        ignore=shutil.ignore_patterns("*.c", "*.h", "__pycache__"))
    shutil.copy(os.path.join(directory, "tests/vm/guest.py"), directory)
    shutil.copy(os.environ["VTOKEN"], os.path.join(directory, "vtoken"))
    shutil.copy(os.environ["VIRTUALYK"], os.path.join(directory, "libvirtualyk.so"))
    subprocess.run(["cmake", "--install", os.environ["BUILD"], "--prefix", "/usr"], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": directory + "/installed"})


def main():
    missing = lab.missing()
    if missing:
        print("SKIPPED: the tests on a real kernel need " + ", ".join(missing), file=sys.stderr)
        sys.exit(SKIPPED)
    lab.prepare(os.environ["LAB"])
    with tempfile.TemporaryDirectory(prefix="touchvault-vm.") as share:
        share_for(share)
        status, said = lab.boot(os.environ["LAB"], share)
    print(said)
    # Exit status 0 of a run in which nothing ran would be a defect.
    sys.exit(status or (0 if "\nOK" in said else 1))


main()
