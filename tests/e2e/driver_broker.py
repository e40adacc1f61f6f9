#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The driver of broker.py, as touchvault-driver(7) has it. BROKER is its address."""
import json
import os
import sys
import urllib.error
import urllib.request

operation, entry = sys.argv[1:]
given = json.load(sys.stdin)
attempt = f"{entry} {os.environ['TOUCHVAULT_ATTEMPT']}"


def ask(fields, method, path="/", body=None):
    request = urllib.request.Request(os.environ["BROKER"] + path, method=method,
                                     data=json.dumps(body).encode() if body else None,
                                     headers={"Authorization": f"{fields['key']}:{fields['secret']}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        sys.exit(f"{method} {path} as {fields['key']}:{fields['secret']} failed: {e}")


current = given["current"]
if operation == "create":
    # What a try before this one made is nowhere but at the broker.
    for key in ask(current, "GET"):
        if key["name"] == attempt:
            ask(current, "DELETE", "/" + key["key"])
    new = ask(current, "POST", body={"name": attempt})
    print(json.dumps({"key": new["key"], "secret": new["secret"]}))
elif operation == "verify":
    ask(given["staged"], "GET")
elif operation == "revoke":
    if given["previous"]["key"] in [key["key"] for key in ask(current, "GET")]:
        ask(current, "DELETE", "/" + given["previous"]["key"])
else:
    sys.exit(f"{operation}: not known")
