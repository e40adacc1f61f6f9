#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A bill of materials in SPDX 2.3 of what is about to be packed: every file with its
digests, and every Debian package that the programs load, as this machine has it.

    SOURCE_DATE_EPOCH=SECONDS sbom.py VERSION ROOT OUTPUT

OUTPUT is relative to the prefix under ROOT, the directory that has bin/."""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import uuid
from urllib.parse import quote

# By source package, as its copyright file has it for the library. What isn't here
# is refused: somebody has to look.
LICENCES = {"glibc": "LGPL-2.1-or-later", "json-c": "MIT", "jansson": "MIT",
            "libcap2": "BSD-3-Clause OR GPL-2.0-only", "libcbor": "MIT", "libfido2": "BSD-2-Clause AND ISC",
            "libgcrypt20": "LGPL-2.1-or-later", "libgpg-error": "LGPL-2.1-or-later",
            "libseccomp": "LGPL-2.1-only", "libsodium": "ISC", "libusb-1.0": "LGPL-2.1-or-later",
            "libyubikey": "BSD-2-Clause", "libzstd": "BSD-3-Clause OR GPL-2.0-only", "lz4": "BSD-2-Clause",
            "openssl": "Apache-2.0", "qrencode": "LGPL-2.1-or-later", "systemd": "LGPL-2.1-or-later",
            "tpm2-tss": "BSD-2-Clause", "xz-utils": "LicenseRef-public-domain",
            "yubikey-personalization": "BSD-2-Clause", "zlib": "Zlib"}
# What SPDX has no name for.
OTHER_LICENCES = [{"licenseId": "LicenseRef-public-domain", "name": "public domain",
                   "extractedText": "liblzma is in the public domain."}]
PROGRAMS = ("bin/touchvault", "libexec/touchvault/touchvault-token")
# By dlopen: for a TPM, a QR code, a bus.
LOADED_LATER = {"bin/touchvault": ["libtss2-esys.so.0", "libqrencode.so.4", "libsystemd.so.0"]}


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", said("readelf", "-dW", path))


def libraries(path):
    """Name to path, of all that the loader brings in for a program or library."""
    return dict(re.findall(r"(\S+) => (/\S+)", said("ldd", path)))


def find_later(name):
    for line in said("/sbin/ldconfig", "-p").splitlines():
        if line.strip().startswith(name + " "):
            return line.split(" => ")[1]
    return None


def debian_package(path):
    # The loader's path may be by the link /lib, which dpkg knows nothing of.
    places = {path, os.path.realpath(path)}
    places |= {p[4:] if p.startswith("/usr/") else "/usr" + p for p in places}
    for place in sorted(places):
        found = subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    sys.exit(f"sbom: {path} is of no Debian package")


def describe(package):
    name, version, source, arch = said(
        "dpkg-query", "-Wf", "${binary:Package}|${Version}|${source:Package}|${Architecture}",
        package).split("|")
    name = name.split(":")[0]
    if source not in LICENCES:
        sys.exit(f"sbom: what licence has {source}, the source of {name}? Add it to LICENCES")
    return {"SPDXID": spdx_id("Package", name), "name": name, "versionInfo": version,
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": LICENCES[source], "copyrightText": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{name}@{quote(version)}?arch={arch}"}]}


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def digest(path, algorithm):
    with open(path, "rb") as f:
        return hashlib.new(algorithm, f.read()).hexdigest()


def file_of(prefix, path):
    name = os.path.relpath(path, prefix)
    return {"SPDXID": spdx_id("File", name), "fileName": "./" + name,
            "checksums": [{"algorithm": a, "checksumValue": digest(path, a)} for a in ("SHA1", "SHA256")],
            "licenseConcluded": "BSD-2-Clause", "copyrightText": "2026 The touchvault authors"}


def relate(one, how, other):
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def links(prefix):
    """Packages by name, and what is linked to what."""
    packages, relations = {}, []

    def package_at(path):
        package = debian_package(path)
        packages.setdefault(package, describe(package))
        return packages[package]["SPDXID"]

    def follow(owner, path, how):
        where = libraries(path)
        for name in needed(path):
            if name not in where:
                continue  # the loader itself, which is libc's
            other = package_at(where[name])
            relation = relate(owner, how, other)
            if other != owner and relation not in relations:
                relations.append(relation)
                follow(other, where[name], "DEPENDS_ON")

    for program in PROGRAMS:
        owner = spdx_id("File", program)
        follow(owner, os.path.join(prefix, program), "DYNAMIC_LINK")
        for name in LOADED_LATER.get(program, []):
            path = find_later(name)
            if path is None:
                sys.exit(f"sbom: {name} isn't installed, so its version isn't known")
            other = package_at(path)
            relations.append(relate(other, "OPTIONAL_DEPENDENCY_OF", owner))
            follow(other, path, "DEPENDS_ON")
    return packages, relations


def main():
    version, root, output = sys.argv[1:]
    prefix = os.path.dirname(os.path.dirname(glob.glob(root + "/**/bin/touchvault", recursive=True)[0]))
    files = [file_of(prefix, os.path.join(folder, name))
             for folder, _, names in os.walk(prefix) for name in names]
    files = sorted((f for f in files if f["fileName"] != "./" + output), key=lambda f: f["fileName"])
    packages, relations = links(prefix)
    # SPDX 2.3, 7.9.
    code = hashlib.sha1("".join(sorted(f["checksums"][0]["checksumValue"] for f in files)).encode())
    own = {"SPDXID": "SPDXRef-Package-touchvault", "name": "touchvault", "versionInfo": version,
           "downloadLocation": "NOASSERTION", "filesAnalyzed": True,
           "packageVerificationCode": {"packageVerificationCodeValue": code.hexdigest(),
                                       "packageVerificationCodeExcludedFiles": ["./" + output]},
           "licenseConcluded": "BSD-2-Clause", "licenseDeclared": "BSD-2-Clause",
           "licenseInfoFromFiles": ["BSD-2-Clause"], "copyrightText": "2026 The touchvault authors",
           "hasFiles": [f["SPDXID"] for f in files]}
    libraries_used = sorted(packages.values(), key=lambda p: p["name"])
    used = [own, *libraries_used]
    # The same content has the same name, and no other has.
    name = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([used, relations]))
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"touchvault-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/touchvault-{version}-{name}",
        "creationInfo": {"created": date, "creators": ["Organization: The touchvault authors",
                                                       "Tool: touchvault-sbom.py"]},
        "packages": used, "files": files, "hasExtractedLicensingInfos": OTHER_LICENCES,
        "relationships": [relate("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"]), *relations]}
    with open(os.path.join(prefix, output), "w", encoding="utf-8") as f:
        json.dump(document, f, indent=1)
        f.write("\n")


main()
