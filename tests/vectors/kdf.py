#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""H of the security design against Python's hashlib, which shares no code with it."""
import hashlib
import os
import subprocess
import sys

LABELS = ["tv1 master", "tv1 index", "tv1 entry", "tv1 file tag", "tv1 hmac salt", "tv1 slot kek"]
count = 0
for label in LABELS:
    for key_len in (0, 16, 20, 32, 64):
        for in_len in (0, 1, 8, 24, 72, 200):
            for out_len in (16, 32, 64):
                vault_id, key, data = os.urandom(16), os.urandom(key_len), os.urandom(in_len)
                want = hashlib.blake2b(data, digest_size=out_len, key=key, salt=vault_id,
                                       person=label.encode()).hexdigest()
                got = subprocess.run([sys.argv[1], vault_id.hex(), label, key.hex() or "-",
                                      data.hex() or "-", str(out_len)],
                                     capture_output=True, text=True).stdout.strip()
                if got != want:
                    sys.exit(f"{label} key {key.hex()} in {data.hex()}: {got}, hashlib says {want}")
                count += 1
print(f"{count} derivations equal hashlib's")
