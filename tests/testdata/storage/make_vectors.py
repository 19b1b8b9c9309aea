#!/usr/bin/env python3
"""A second implementation of what docs/FORMATS.md says about the state disk: writes vectors.json.

disk-v1/ holds what a Format left on a 48 MiB disk inside User-mode Linux (kernel 6.1, libcryptsetup
2.6.1) when headers had format 1; disk-v2/ and disk-v3/ what a Format and two advances left, in formats
2 and 3: header.bin is the disk's first 417,792 bytes, integrity.bin the 4,096 bytes at 16 MiB,
extent.bin the opened device's first 4,096 bytes. The first implementation must go on accepting all of
it (S6).
"""
import hashlib
import hmac
import json
import pathlib
import re
import struct

HERE = pathlib.Path(__file__).resolve().parent
DEK = b"\x11" * 32
CLUSTER, NODE, VOLUME, GENERATION = "c" * 64, "node-1", "state", 1


def lp(*fields):
    return b"".join(struct.pack(">I", len(f)) + f for f in fields)


def hkdf(key, info):
    extracted = hmac.new(b"\0" * 32, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()


def canonical(region, sequence=None, identity=False):
    binary = bytearray(region[:4096])
    for offset, size in ((0, 6), (104, 64), (256, 8), (448, 64)):  # magic, salt, offset, checksum
        binary[offset:offset + size] = bytes(size)
    if sequence is not None:
        binary[16:24] = struct.pack(">Q", sequence)
    text = region[4096:16384].rstrip(b"\0")
    text = re.sub(rb'"mac":"[0-9a-f]{64}"', b'"mac":""', text)
    if identity and b'"version":3,' in text:
        text = re.sub(rb'"disk_counter":"[0-9]{20}"', b'"disk_counter":"' + b"0" * 20 + b'"', text)
    elif identity:
        text = re.sub(rb'"version":2,', b'"version":1,', text)
        text = re.sub(rb'"disk_counter":"[0-9]{20}"', b'"disk_counter":"0"', text)
    return lp(b"kedge/1 luks header", bytes(binary), text,
              hashlib.sha256(region[32768:]).digest())


def describe(disk):
    """The vectors of one golden disk."""
    region = (HERE / disk / "header.bin").read_bytes()
    keys = {label: hkdf(DEK, lp(b"kedge/1 kdf " + label.encode()))
            for label in ("header-mac", "keyslot", "state-marker", "state-extent")}
    binding = [CLUSTER.encode(), NODE.encode(), VOLUME.encode(), struct.pack(">I", GENERATION)]
    uuid = region[168:204]
    counter = int(re.search(rb'"disk_counter":"([0-9]+)"', region[4096:16384]).group(1))
    mac = hmac.new(keys["header-mac"],
                   lp(b"kedge/1 luks header mac", *binding, struct.pack(">Q", counter),
                      canonical(region)), hashlib.sha256).hexdigest()
    assert mac in region[4096:16384].decode(), "the disk carries another MAC"
    marker_mac = hmac.new(keys["state-marker"], lp(b"kedge/1 state marker", *binding, uuid),
                          hashlib.sha256).digest()
    digest = hashlib.sha256(canonical(region, sequence=4, identity=True)).digest()
    vectors = {
        "dek": DEK.hex(), "cluster_id": CLUSTER, "node": NODE, "volume": VOLUME,
        "dek_generation": GENERATION, "disk_bytes": 48 << 20, "uuid": uuid.decode(),
        "disk_counter": counter,
        "header_mac_key": keys["header-mac"].hex(), "keyslot_key": keys["keyslot"].hex(),
        "marker_key": keys["state-marker"].hex(),
        "header_digest": digest.hex(), "header_mac": mac,
        "marker": lp(b"kedge/1 state marker", uuid, marker_mac).hex(),
    }
    if (HERE / disk / "extent.bin").exists():
        block = (HERE / disk / "extent.bin").read_bytes()
        prepared = struct.unpack(">Q", block[84:92])[0]
        record = lp(b"kedge/1 state extent", struct.pack(">I", 1), digest,
                    struct.pack(">Q", counter), struct.pack(">Q", prepared))
        mac = hmac.new(keys["state-extent"], record, hashlib.sha256).digest()
        assert block == (record + lp(mac)).ljust(4096, b"\0"), "the disk carries another record"
        vectors["extent_key"] = keys["state-extent"].hex()
        vectors["extent_prepared"] = prepared
    return vectors


def main():
    vectors = {disk: describe(disk) for disk in ("disk-v1", "disk-v2", "disk-v3")}
    (HERE / "vectors.json").write_text(json.dumps(vectors, indent=2) + "\n")


if __name__ == "__main__":
    main()
