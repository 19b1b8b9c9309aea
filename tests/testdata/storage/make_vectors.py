#!/usr/bin/env python3
"""A second implementation of what docs/FORMATS.md says about the state disk: writes vectors.json.

disk-v1/ holds what a Format left on a 48 MiB disk inside User-mode Linux (kernel 6.1, libcryptsetup
2.6.1): header.bin is its first 417,792 bytes, integrity.bin the 4,096 bytes at 16 MiB. The first
implementation must go on accepting both (S6).
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


def canonical(region):
    binary = bytearray(region[:4096])
    for offset, size in ((0, 6), (104, 64), (256, 8), (448, 64)):  # magic, salt, offset, checksum
        binary[offset:offset + size] = bytes(size)
    text = region[4096:16384].rstrip(b"\0")
    without_mac = re.sub(rb'"mac":"[0-9a-f]{64}"', b'"mac":""', text)
    return lp(b"kedge/1 luks header", bytes(binary), without_mac,
              hashlib.sha256(region[32768:]).digest())


def main():
    region = (HERE / "disk-v1" / "header.bin").read_bytes()
    keys = {label: hkdf(DEK, lp(b"kedge/1 kdf " + label.encode()))
            for label in ("header-mac", "keyslot", "state-marker")}
    binding = [CLUSTER.encode(), NODE.encode(), VOLUME.encode(), struct.pack(">I", GENERATION)]
    uuid = region[168:204]
    mac = hmac.new(keys["header-mac"],
                   lp(b"kedge/1 luks header mac", *binding, struct.pack(">Q", 0),
                      canonical(region)), hashlib.sha256).hexdigest()
    marker_mac = hmac.new(keys["state-marker"], lp(b"kedge/1 state marker", *binding, uuid),
                          hashlib.sha256).digest()
    vectors = {
        "dek": DEK.hex(), "cluster_id": CLUSTER, "node": NODE, "volume": VOLUME,
        "dek_generation": GENERATION, "disk_bytes": 48 << 20, "uuid": uuid.decode(),
        "header_mac_key": keys["header-mac"].hex(), "keyslot_key": keys["keyslot"].hex(),
        "marker_key": keys["state-marker"].hex(),
        "header_digest": hashlib.sha256(canonical(region)).hexdigest(), "header_mac": mac,
        "marker": lp(b"kedge/1 state marker", uuid, marker_mac).hex(),
    }
    assert mac in region[4096:16384].decode(), "the disk carries another MAC"
    (HERE / "vectors.json").write_text(json.dumps(vectors, indent=2) + "\n")


if __name__ == "__main__":
    main()
