#!/usr/bin/env python3
"""The house is enforced by a test: which room may include what (docs/ARCHITECTURE.md).

Usage: check_layering.py SOURCE_DIR. Prints each violation and exits 1 if there is one.
Tests, fuzz targets and testing/ folders may reach further: they are never linked into a release.
"""
import pathlib
import re
import sys

CORE_FLOOR = {"base", "crypto", "attestation/model", "attestation/parse", "attestation/verify",
              "attestation/channel", "storage/core", "keyservice/core", "bootstrapper/core"}

# Room -> rooms whose headers it may include, besides its own and those of the rooms it lists
# (transitively). Longest prefix wins.
MAY_USE = {
    "base": [],
    "base/host": ["base"],
    "crypto": ["base"],
    "attestation/model": ["crypto"],
    "attestation/parse": ["attestation/model"],
    "attestation/verify": ["attestation/parse", "crypto"],
    "attestation/channel": ["attestation/verify"],
    "attestation/collateral": ["attestation/verify", "base/host"],
    "attestation/tpm": ["attestation/parse", "base/host"],
    "attestation/issue": ["attestation/parse", "base/host"],
    "attestation/channel_grpc": ["attestation/channel", "proto"],
    "storage/core": ["crypto"],
    "storage/luks": ["storage/core", "base/host"],
    "storage/grow": ["storage/luks"],
    "proto": [],
    "proto/wire": ["proto", "attestation/verify", "keyservice/core"],
    "keyservice/core": ["attestation/verify"],
    "keyservice/store": ["keyservice/core", "base/host"],
    "keyservice/server": ["keyservice/core", "keyservice/store", "attestation/channel_grpc",
                          "proto/wire", "base/host"],
    "keyservice/client": ["keyservice/core", "attestation/channel_grpc", "proto/wire"],
    "bootstrapper/core": ["attestation/verify", "attestation/channel", "storage/core"],
    "bootstrapper/host": ["bootstrapper/core", "base/host", "proto/wire"],
    "bootstrapper/join": ["bootstrapper/core", "attestation/channel_grpc", "proto/wire"],
    "cli": ["keyservice/client", "attestation/collateral", "proto/wire", "base/host", "storage/core"],
}
# Programs only wire: their main.cc may include every room.
PROGRAMS = {"bootstrapper/main.cc", "keyservice/main.cc", "keyservice/server/main.cc",
            "cli/main.cc", "storage/grow/main.cc"}

# External headers that only the named rooms may see.
OWNERS = {
    r"openssl/": {"crypto", "attestation/channel_grpc"},
    r"(nettle/|gmp\.h)": {"crypto"},
    r"grpc(pp)?/": {"attestation/channel_grpc"},
    r"curl/": {"attestation/collateral"},
    r"tss2/": {"attestation/tpm"},
    r"cbor\.h": {"attestation/parse"},
    r"libcryptsetup\.h": {"storage/luks"},
    r"systemd/": {"base/host"},
    r"google/protobuf/": {"proto/wire"},
    r"proto/(attestation_policy|seed_share|tpm_policy)": {"proto/wire"},
    r"proto/kedge": {"attestation/channel_grpc", "proto/wire", "keyservice/server",
                     "keyservice/client", "bootstrapper/join"},
}
# The core floor does no I/O and reads no clock.
CORE_FORBIDDEN_INCLUDE = re.compile(
    r"<(fstream|iostream|filesystem|cstdio|stdio\.h|fcntl\.h|unistd\.h|thread|chrono|sys/(socket|stat|"
    r"types|ioctl)\.h)>")
CORE_FORBIDDEN_CALL = re.compile(
    r"\b(absl::Now|system_clock::now|steady_clock::now|clock_gettime|getenv|printf)\s*\(|std::c(out|err)\b")
INCLUDE = re.compile(r'^\s*#include\s+(["<])([^">]+)[">]')


def room_of(path):
    best = None
    for room in MAY_USE:
        if (path == room or path.startswith(room + "/")) and (best is None or len(room) > len(best)):
            best = room
    return best


def reachable(room):
    seen, todo = set(), [room]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(MAY_USE[current])
    return seen


def is_test(path):
    return bool(re.search(r"(_test|_fuzz)\.cc$|(^|/)testing/|status_matchers\.h$", path))


def check_file(root, path):
    relative = str(path.relative_to(root))
    room = room_of(relative)
    if room is None or is_test(relative):
        return []
    problems = []
    program = relative in PROGRAMS
    allowed = reachable(room)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{relative}:{number}"
        match = INCLUDE.match(line)
        if match:
            kind, target = match.groups()
            target_room = room_of(target) if kind == '"' else None
            if "testing/" in target or target.endswith("status_matchers.h"):
                problems.append(f"{where}: test double {target} in release code")
            if target_room and not program and target_room not in allowed:
                problems.append(f"{where}: room {room} may not use {target_room} ({target})")
            for pattern, owners in OWNERS.items():
                if re.match(pattern, target) and room not in owners and not program:
                    problems.append(f"{where}: only {', '.join(sorted(owners))} may see {target}")
        if room in CORE_FLOOR and not line.lstrip().startswith("//"):
            if CORE_FORBIDDEN_INCLUDE.search(line) or CORE_FORBIDDEN_CALL.search(line):
                problems.append(f"{where}: the core floor does no I/O and reads no clock: {line.strip()}")
    return problems


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    files = [p for top in {r.split("/")[0] for r in MAY_USE}
             for p in sorted((root / top).rglob("*")) if p.suffix in (".h", ".cc")]
    if len(files) < 10:
        print(f"only {len(files)} files found under {root}: wrong folder?")
        return 2
    problems = [problem for path in files for problem in check_file(root, path)]
    print("\n".join(problems) if problems else f"{len(files)} files keep to the house")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
