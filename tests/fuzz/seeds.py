#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make the seeds of the fuzz targets, from a vault that touchvault has written and reader.py has
opened, and from the table of token/message.h. Random parts differ from run to run.

    seeds.py VAULT_MAKE
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vectors"))
import reader  # noqa: E402

RESPONSE = bytes(range(32))
SCRIPT = f"""response {RESPONSE.hex()}
field key 00ff0a
field secret-2 {bytes(range(200)).hex()}
label surface 617069
label place 5ac3bc72696368
put ibkr/live
field empty -
put alpaca
field k {"41" * 300}
put a.b_c-d/1
field key 6e6577
stage ibkr/live
schedule ibkr/live 3mo
policy 1y 1
field empty 6e6577
stage alpaca
promote alpaca
"""
CREDENTIAL, SALT, KEY, AAGUID = bytes(range(48)), bytes(32), bytes(64), bytes(16)


def write(target, name, data):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def text(s):
    return bytes([len(s)]) + s


def messages():
    path, product = text(b"/dev/hidraw3"), text(b"Security Key")
    none, serial = struct.pack("<IB", 0, 0), struct.pack("<IB", 12345678, 1)
    credential = b"\1\1" + struct.pack("<H", 48) + CREDENTIAL + KEY + AAGUID + none
    short = b"\1\0" + struct.pack("<H", 1) + b"x" + KEY + AAGUID + none
    yubikey = b"\2\0" + struct.pack("<H", 0) + KEY + AAGUID + serial
    bodies = {
        "enrol": (1, path + b"\0\0" + SALT + b"\0"), "enrol-any": (1, text(b"") + b"\2\1" + SALT + b"\0"),
        "derive": (2, path + SALT + b"\2" + credential + short),
        "derive-yubikey": (2, text(b"yubikey:12345678") + SALT + b"\2" + yubikey + credential),
        "derive-16": (2, text(b"") + SALT + b"\x10" + short * 16),
        "enrol-other": (1, text(b"") + b"\0\0" + SALT + b"\1" + credential),
        "list": (5, text(b"") + b"\2" + credential + short),
        "program": (6, text(b"yubikey") + b"\2"),
        "programmed": (0x88, text(b"yubikey:12345678") + text(b"YubiKey") + struct.pack("<I", 12345678) +
                       b"\5\4\3\0\0\1\1"),
        "listed": (0x87, b"\2\1" + path + product + b"\0" + AAGUID + b"\1\1\0\0\1\0" +
                   b"\2" + path + text(b"") + b"\7" + AAGUID + b"\0\0\0\0\0\2"),
        "pin": (3, text(b"123456")), "cancel": (4, b""),
        "touch": (0x81, path + product + b"\2\3\1\x1e\0"), "touch-done": (0x82, b""),
        "pin-request": (0x83, path + product + b"\0\x08\4"),
        "pin-request-new": (0x83, path + text(b"") + b"\1\0\x3f"),
        "set-pin": (7, text(b"") + b"\0"), "change-pin": (7, path + b"\1"),
        "pin-set": (0x89, path + product), "info": (8, path),
        "informed": (0x8a, path + product + b"\0\1" + AAGUID + b"\3\4\5\0" + text(b"FIDO_2_0 FIDO_2_1") +
                     text(b"credProtect hmac-secret") + b"\1\1\0\6\x09\0\1\0\2\2\1\x08\0"),
        "informed-denied": (0x8a, path + text(b"") + b"\7\0"), "failed": (0x84, b"\x0e\x08"),
        "enrolled": (0x85, b"\1\1" + struct.pack("<H", 48) + CREDENTIAL + KEY + AAGUID + none + path +
                     product + text(bytes(32))),
        "enrolled-yubikey": (0x85, b"\2\0" + struct.pack("<H", 0) + KEY + AAGUID + serial +
                             text(b"yubikey:12345678") + text(b"YubiKey") + text(bytes(20))),
        "derived": (0x86, b"\1" + text(bytes(32))),
    }
    for name, (kind, body) in bodies.items():
        write("token_message", name, bytes([1, kind]) + body)


def plain_index(h, key):
    b, x = reader.open_index(h, key)
    place = h["vault_id"] + reader.le64(h["gen"])
    box = reader.H(h["vault_id"], "tv1 index", b, reader.le64(h["gen"]), 32)
    return b, x, reader.unpad(reader.aead_open(box, place, h["index"], "index"), 4096, "index")


def plain_entries(h, x, master):
    at = 0
    for e in x["entries"]:
        place = e["entry_id"] + reader.le64(e["version"])
        key = reader.H(h["vault_id"], "tv1 entry", master, place, 32)
        record = h["records"][at:at + e["record_len"]]
        at += e["record_len"]
        plain = reader.aead_open(key, h["vault_id"] + reader.le64(h["gen"]) + place, record, e["name"])
        yield e["name"].replace("/", "-"), reader.unpad(plain, 256, e["name"])


def slots(h):
    token = bytearray(h["token_slots"])
    write("vault_slot", "token-and-host", bytes(token) + h["host_slots"])
    token[17] = 3 # verification and passphrase
    token[20:28] = struct.pack("<II", 3, 65536)
    write("vault_slot", "passphrase", bytes(token))
    n = struct.unpack_from("<H", token, 18)[0]
    yubikey = token[:16] + b"\2\0\0\0" + bytes(24) + token[44 + n:]
    write("vault_slot", "yubikey-twice", bytes(yubikey) * 2)


def audit(path):
    for line in reader.load(path + ".log").splitlines():
        write("audit_line", json.loads(line)["event"], line)
    write("audit_state", "state", reader.load(path + ".key")[:-32])


def generation(folder, name):
    p = reader.load(f"{folder}/{name}")
    file = reader.load(f"{folder}/host.key")
    try:
        binding = reader.machine_binding(reader.load("/etc/machine-id", "r"))
    except FileNotFoundError:
        binding = reader.machine_binding(None)
    key = reader.host_key(file, binding)
    h = reader.header(p)
    write("vault_header", f"generation-{h['gen']}", p[:reader.HEADER_LEN])
    slots(h)
    b, x, plain = plain_index(h, key)
    write("vault_index", f"entries-{len(x['entries'])}", plain)
    master = reader.open_master(h, x, reader.token_slots(h["token_slots"], h["tokens"]), b,
                                {"response": RESPONSE})
    for entry, fields in plain_entries(h, x, master):
        write("vault_entry", entry, fields)
    audit(f"{folder}/audit/{h['vault_id'].hex()}")
    write("host_state", f"generation-{h['gen']}", reader.load(f"{folder}/state")[:-32])
    # Magic, kind, flags, salt and nonce of the file; the seed is the target's own. No sum: it adds that.
    write("host_key", "bound", file[:68] + bytes(range(32)) + bytes(16))
    write("host_key", "not-bound", file[:9] + b"\0" + file[10:68] + bytes(range(32)) + bytes(16))
    write("host_key", "file", file)
    sealed = file[12:44] + bytes(range(96))
    write("host_key", "tpm2", b"TVHOST1\n\2\1\0\0" + sealed + b"\x0b\0/dev/tpmrm0" + b"\x9e\0" + bytes(158))
    write("host_key", "tpm2-virtual", b"TVHOST1\n\2\2\0\0" + sealed + b"\1\0/" + b"\1\0x")
    write("host_key", "tpm2-largest", b"TVHOST1\n\2\3\0\0" + sealed + b"\x6b\0" + b"/" * 107 + b"\0\2" + bytes(512))


def requests():
    """The bytes behind the keys, which the target signs; and a line as it is."""
    for n, flags in ((1, 0), (15, 1), (64, 1), (65, 0)):
        write("host_request", f"name-{n}", struct.pack("<BBQB", 1, flags, 1700000000, n) + b"h" * n)
    write("host_request", "no-name", struct.pack("<BBQB", 1, 1, 1700000000, 0))
    write("host_request", "kind", struct.pack("<BBQB", 9, 1, 1700000000, 1) + b"h")
    write("host_request", "flags", struct.pack("<BBQB", 1, 4, 1700000000, 1) + b"h")
    write("host_request", "tpm2", struct.pack("<BBQB", 2, 1, 1700000000, 1) + b"h")
    write("host_request", "tpm2-virtual", struct.pack("<BBQB", 2, 3, 1700000000, 1) + b"h")
    write("host_request", "keyfile-virtual", struct.pack("<BBQB", 1, 2, 1700000000, 1) + b"h")
    write("host_request", "time", struct.pack("<BBQB", 1, 1, 1 << 63, 1) + b"h")
    write("host_request", "control", struct.pack("<BBQB", 1, 1, 1700000000, 3) + b"a\x1bb")
    write("host_request", "line", b" touchvault-host-request:1:" + b"0" * 100 + b"\r\n " + b"Z" * 80 + b"\n")
    write("host_request", "version", b"touchvault-host-request:2:00")


def recovery_codes():
    """What is typed; the target completes the code that its bytes alone make."""
    code = reader.recovery_code(bytes(range(20)))
    for name, typed in (("whole", code), ("typed", code.lower().replace("-", " \n").replace("0", "o")),
                        ("plain", code.replace("-", "")), ("wrong", code[:12] + "0" + code[13:]),
                        ("swapped", code[6:12] + code[:6] + code[12:]), ("more", code + code[:5]),
                        ("part", code[:20]), ("no-letter", "0U000")):
        write("recovery_code", name, typed.encode())


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    return bytes([major << 5 | 24, n]) if n < 256 else struct.pack(">BH", major << 5 | 25, n)


def string(major, b):
    return head(major, len(b)) + b


def name(i, length=64):
    return string(3, b"%0*d" % (length, i))


def limits():
    """As much as is allowed, and one more, and far more: copies to arrays of a fixed size."""
    for n in (64, 65):
        fields = head(5, n) + b"".join(name(i) + b"\x41v" for i in range(n))
        write("vault_entry", f"fields-{n}", head(4, 3) + fields + b"\xa0\xa0")
        write("vault_entry", f"sets-{n}", head(4, 3) + fields * 3)
    for n in (64, 65, 5000):
        write("vault_entry", f"name-{n}", head(4, 3) + head(5, 1) + name(0, n) + b"\x41v\xa0\xa0")
    start, no_cert = head(4, 7) + b"\0", b"\x50" + bytes(16) + b"\1\x58\x40" + bytes(64) + b"\x50" + bytes(16)
    token = head(4, 10) + b"\x50" + bytes(16) + b"\x58\x20" + bytes(32) + b"\x60\x60\x58\x40" + KEY
    token += b"\x50" + AAGUID + b"\x60\xf4\0\0"
    schedule, unset = head(4, 4) + b"\x6390d\x6314d\x622d\1" + head(4, 2) + b"\x60\0", head(4, 4) + b"\x60\x60\x60\0"
    host = head(4, 13) + b"\x50" + bytes(16) + 2 * (b"\x58\x20" + bytes(32)) + b"\x61h\x60\1\xf5\xf4\0" + no_cert
    for n in (16, 17):
        write("vault_index", f"tokens-{n}", start + head(4, n) + token * n + head(4, 1) + host + head(4, 0) +
              schedule + b"\x80")
    for n in (256, 257):
        write("vault_index", f"ancestors-{n}", start + head(4, 1) + token + head(4, 1) + host + head(4, 0) + schedule +
              head(4, n) + (b"\x50" + bytes(16)) * n)
    for n in (64, 65):
        entry = head(4, 14) + b"\x50" + bytes(16) + name(0, 128) + b"\1\0\x58\x20" + bytes(32) + b"\0\0"
        entry += head(4, n) + b"".join(name(i, 4) for i in range(n))
        entry += head(5, n) + b"".join(name(i, 4) + b"\x61v" for i in range(n))
        idle = b"\x60\0" + unset + head(4, 2) + bytes(2)
        before = start + head(4, 1) + token + head(4, 1) + host + head(4, 1)
        write("vault_index", f"fields-{n}", before + entry + idle + b"\x80" + schedule + b"\x80")
        few = entry[:entry.index(head(4, n) + b"\x64")] + b"\x81\x61f\xa0"
        history = (head(4, 4) + b"\0\1\x60\x60") * (n // 4)
        write("vault_index", f"history-{n // 4 + n % 4}", before + few + idle + head(4, n // 4 + n % 4) + history +
              (head(4, 4) + b"\0\1\x60\x60") * (n % 4) + schedule + b"\x80")
        pin = head(4, 2) + b"\x50" + bytes(16) + b"\x58\x20" + bytes(32)
        vault = head(4, 5) + b"\x50" + bytes(16) + b"\1\x58\x20" + bytes(32) + head(4, n) + pin * n + b"\x80"
        write("host_state", f"pins-{n}", b"TVSTAT1\n" + head(4, 2) + head(4, 1) + vault + head(4, 0))
    for n in (256, 257):
        vault = head(4, 5) + b"\x50" + bytes(16) + b"\1\x58\x20" + bytes(32) + b"\x80" + head(4, n) + (b"\x50" + bytes(16)) * n
        write("host_state", f"left-{n}", b"TVSTAT1\n" + head(4, 2) + head(4, 1) + vault + head(4, 0))
        path = head(4, 2) + b"\x42/x\x50" + bytes(16)
        write("host_state", f"paths-{n}", b"TVSTAT1\n" + head(4, 2) + head(4, 0) + head(4, n) + path * n)


def audit_limits():
    """Numbers and words as long as is allowed, and one more; a state before its first line."""
    for n in (2**53 - 1, 2**53):
        for w in (32, 33):
            write("audit_line", f"limits-{n:x}-{w}", (
                f'{{"seq":{n},"time":{n},"event":"{"e" * w}","command":"{"c" * w}","code":"","gen":{n},'
                f'"box":"{"A" * (w + 368)}","mac":"{"0f" * 32}"}}').encode())
    write("audit_state", "due", b"TVAUDK1\n" + struct.pack("<QQ", 1, 0) + bytes(80) + b"\3" + bytes(7))


def main():
    messages()
    requests()
    audit_limits()
    recovery_codes()
    limits()
    lines = SCRIPT.splitlines(keepends=True)
    for upto in (1, len(lines)):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.argv[1], folder, "make"], input="".join(lines[:upto]), text=True, check=True)
            generation(folder, "a.tv")
    # No vault yet; then one with all heads long.
    write("host_state", "empty", b"TVSTAT1\n\x82\x80\x80")
    write("host_state", "paths", b"TVSTAT1\n\x82\x80\x82" + 2 * (b"\x82\x58\x18" + b"/x" * 12 + b"\x50" + bytes(16)))


if __name__ == "__main__":
    main()
