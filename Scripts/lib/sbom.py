#!/usr/bin/env python3
"""Writes what a package is made of as CycloneDX 1.5 JSON: Swift packages that are in the program, Swift's own libraries, and the Debian
packages that it takes libraries from. No clock and no random number: same package, same bytes.

usage: sbom.py VERSION PACKAGES SWIFT_VERSION <show-dependencies.json
PACKAGES: a file with a Debian package a line. Versions are those that are installed here."""
import json, subprocess, sys, uuid

version, packages, swift = sys.argv[1], sys.argv[2], sys.argv[3]
SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122's, for addresses


def swift_packages(package, found):
    for each in package["dependencies"]:
        place = each["url"].removeprefix("https://").removesuffix(".git")
        found[each["identity"]] = {
            "type": "library",
            "bom-ref": f"pkg:swift/{place}@{each['version']}",
            "name": each["identity"],
            "version": each["version"],
            "purl": f"pkg:swift/{place}@{each['version']}",
            "externalReferences": [{"type": "vcs", "url": each["url"]}],
        }
        swift_packages(each, found)
    return found


def debian(name):
    wanted = "${Version}\t${Architecture}"
    found = subprocess.run(["dpkg-query", "-W", f"-f={wanted}\n", name], check=True, capture_output=True, text=True)
    release, machine = found.stdout.splitlines()[0].split("\t")
    encoded = release.replace("+", "%2B").replace(":", "%3A").replace("~", "%7E")
    return {
        "type": "library",
        "bom-ref": f"pkg:deb/debian/{name}@{encoded}?arch={machine}",
        "name": name,
        "version": release,
        "purl": f"pkg:deb/debian/{name}@{encoded}?arch={machine}&distro=debian-12",
    }


components = [part for _, part in sorted(swift_packages(json.load(sys.stdin), {}).items())]
components.append(
    {"type": "library", "bom-ref": f"swift-runtime@{swift}", "name": "swift-runtime", "version": swift,
     "externalReferences": [{"type": "vcs", "url": "https://github.com/swiftlang/swift"}]})
components += [debian(line.strip()) for line in open(packages) if line.strip()]
program = {"type": "application", "bom-ref": f"pipeline@{version}", "name": "pipeline", "version": version}
document = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"component": program},
    "components": components,
    "dependencies": [{"ref": program["bom-ref"], "dependsOn": sorted(part["bom-ref"] for part in components)}]
    + [{"ref": part["bom-ref"]} for part in components],
}
document["serialNumber"] = f"urn:uuid:{uuid.uuid5(SPACE, json.dumps(document, sort_keys=True))}"
json.dump(document, sys.stdout, indent=2, sort_keys=True)
print()
