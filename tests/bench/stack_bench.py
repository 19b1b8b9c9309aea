#!/usr/bin/env python3
"""What encryption and authentication of a disk cost, stack by stack, in one run.

Usage: stack_bench.py DISK [--seconds N] [--mebibytes N] [--rounds N]; as root, where the kernel has device-mapper
and nothing else uses DISK, whose content is lost: scripts/bench stacks runs it inside User-mode
Linux. Needs dmsetup and fio. Prints one Markdown table: throughput of each stack (sequential, 1 MiB
blocks: MiB/s; random, 4 KiB blocks: operations a second; one at a time, past the cache) and, in
brackets, its share of the plain disk's. Each is the best of some rounds over all stacks: what else
the machine does only ever slows it down.
"""
import argparse
import json
import os
import subprocess
import sys

SECTOR = 512
OFFSET = 32768  # sectors before the integrity area, as on a state disk
XTS_HMAC = ("capi:authenc(hmac(sha256),xts(aes))-plain64", 96, 32)
GCM = ("capi:gcm(aes)-random", 32, 28)  # 16 bytes of tag, 12 of nonce
AEGIS = ("capi:aegis128-random", 16, 32)
# Name, cipher or None, mode of dm-integrity or None, sectors of its journal.
STACKS = [
    ("plain", None, None, 0),
    ("dm-crypt, aes-xts", ("aes-xts-plain64", 64, 0), None, 0),
    ("aes-xts + hmac-sha256, journal of 64 MiB", XTS_HMAC, "J", 131072),
    ("aes-xts + hmac-sha256, journal of 8 MiB", XTS_HMAC, "J", 16384),
    ("aes-xts + hmac-sha256, journal of 4 MiB", XTS_HMAC, "J", 8192),
    ("aes-xts + hmac-sha256, no journal", XTS_HMAC, "D", 0),
    ("aes-gcm-random, journal of 4 MiB", GCM, "J", 8192),
    ("aes-gcm-random, no journal", GCM, "D", 0),
    ("aegis128-random, journal of 4 MiB", AEGIS, "J", 8192),
    ("aes-xts + hmac-sha256, bitmap", XTS_HMAC, "B", 0),
]
WORKLOADS = [
    ("sequential read", "read", "1M", [], "read"),
    ("sequential write", "write", "1M", [], "write"),
    ("random read", "randread", "4k", [], "read"),
    ("random write", "randwrite", "4k", [], "write"),
    ("random write, each synced", "randwrite", "4k", ["--fsync=1"], "write"),
]


def dmsetup(*words):
    result = subprocess.run(["dmsetup", "--noudevsync", "--noudevrules", *words],
                            capture_output=True, text=True)
    if result.returncode:
        raise OSError(result.stderr.strip())
    subprocess.run(["dmsetup", "mknodes"], check=True)
    return result.stdout


def integrity_table(disk, sectors, tag, mode, journal):
    options = ["block_size:4096"] + ([f"journal_sectors:{journal}"] if journal else [])
    return f"0 {sectors} integrity {disk} {OFFSET} {tag} {mode} {len(options)} {' '.join(options)}"


def build(disk, size, cipher, mode, journal):
    """Maps the stack; returns the names of its devices, the lowest first."""
    lower, sectors, names = disk, size - OFFSET, []
    if mode:
        with open(disk, "r+b") as raw:  # no superblock: the kernel makes a new one
            raw.seek(OFFSET * SECTOR)
            raw.write(bytes(4096))
            raw.flush()
            os.fsync(raw.fileno())
        # Mapped over 8 sectors first: only then its size is known.
        dmsetup("create", "bench_dif", "--table",
                integrity_table(disk, 8, cipher[2], mode, journal))
        sectors = int(dmsetup("status", "bench_dif").split()[4])
        dmsetup("remove", "bench_dif")
        dmsetup("create", "bench_dif", "--table",
                integrity_table(disk, sectors, cipher[2], mode, journal))
        lower, names = "/dev/mapper/bench_dif", ["bench_dif"]
    start = 0 if mode else OFFSET
    if cipher:
        options = ["sector_size:4096"] + ([f"integrity:{cipher[2]}:aead"] if mode else [])
        table = (f"0 {sectors} crypt {cipher[0]} {os.urandom(cipher[1]).hex()} 0 {lower} {start} "
                 f"{len(options)} {' '.join(options)}")
    else:
        table = f"0 {sectors} linear {lower} {start}"
    dmsetup("create", "bench", "--table", table)
    return names + ["bench"]


def fio(seconds, mebibytes, kind, block, extra, side):
    out = subprocess.run(
        ["fio", "--name=bench", "--filename=/dev/mapper/bench", "--ioengine=psync", "--direct=1",
         f"--size={mebibytes}M", f"--rw={kind}", f"--bs={block}", "--time_based",
         f"--runtime={seconds}", "--randseed=1", "--output-format=json", *extra],
        capture_output=True, text=True, check=True, cwd="/run").stdout
    result = json.loads(out[out.index("{"):])["jobs"][0][side]
    return result["bw_bytes"] / 2**20 if block == "1M" else result["iops"]


def measure(disk, size, args, cipher, mode, journal):
    names = build(disk, size, cipher, mode, journal)
    try:
        # What was never written cannot be read.
        subprocess.run(["dd", "if=/dev/zero", "of=/dev/mapper/bench", "bs=1M", "oflag=direct",
                        "conv=fsync", f"count={args.mebibytes}"], check=True, capture_output=True)
        return [fio(args.seconds, args.mebibytes, *workload[1:]) for workload in WORKLOADS]
    finally:
        for name in reversed(names):
            dmsetup("remove", name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("disk")
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--mebibytes", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with open(args.disk, "rb") as disk:
        size = disk.seek(0, os.SEEK_END) // SECTOR
    print("| Stack | " + " | ".join(workload[0] for workload in WORKLOADS) + " |")
    print("|---" * (len(WORKLOADS) + 1) + "|", flush=True)
    best, refused = {}, {}
    for _ in range(args.rounds):
        for name, *stack in STACKS:
            if name in refused:
                continue
            try:
                values = measure(args.disk, size, args, *stack)
            except OSError as error:
                refused[name] = str(error)
                subprocess.run(["dmsetup", "remove", "bench_dif"], capture_output=True)
                continue
            best[name] = [max(pair) for pair in zip(values, best.get(name, values))]
    for name, *_ in STACKS:
        cells = ["refused by the kernel"] * len(WORKLOADS)
        if name in best:
            cells = [f"{value:,.0f} ({value / base:.2f})"
                     for value, base in zip(best[name], best[STACKS[0][0]])]
        print(f"| {name} | " + " | ".join(cells) + " |")
    for name, error in refused.items():
        print(f"{name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
