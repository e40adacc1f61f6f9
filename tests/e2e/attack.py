# SPDX-License-Identifier: BSD-2-Clause
"""What attackers of a vault have in hand."""
import base64
import os
import subprocess

import reader
from primitives import H


def token_response(token, vault, directory):
    """The token's answer, by fido2-tools: whoever has the token gets it."""
    h = reader.header(vault)
    slot = reader.token_slots(h["token_slots"], h["tokens"])[0]
    lines = [base64.b64encode(os.urandom(32)), b"touchvault:", base64.b64encode(slot["credential"]),
             base64.b64encode(H(h["vault_id"], "tv1 hmac salt", b"", h["salt"], 32))]
    path = os.path.join(directory, "assert.in")
    with open(path, "wb") as f:
        f.write(b"\n".join(lines) + b"\n")
    out = subprocess.run(["setsid", "-w", "fido2-assert", "-G", "-h", "-i", path, token.path],
                         capture_output=True, check=True).stdout.splitlines()
    return base64.b64decode(out[-1])
